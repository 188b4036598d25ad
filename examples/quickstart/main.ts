/**
 * `npm start`: starts the app with a provider and an OpenTelemetry SDK, asks it a few things, shows what came of it and stays up.
 * `npm start -- --exit` ends then, with 0 if everything came out as it should, else with 1.
 *
 * Environment, all of it optional: `PORT` (default: a free one), `REDIS_URL` (default: memory alone), `OPENAI_API_KEY` with
 * `OPENAI_BASE_URL` and perhaps `OPENAI_MODEL` (default: an emulator).
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { faultsIn } from './checks.ts';
import { drive } from './drive.ts';
import { readFigures } from './figures.ts';
import { startInstance } from './instance.ts';
import type { Instance } from './instance.ts';
import { startProvider } from './provider.ts';
import type { Provider } from './provider.ts';
import { facts, summary, tableHead, tableRow } from './report.ts';
import { startTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

interface Running {
  readonly app: Instance;
  /** Where there is a Redis: what one instance was told, the other knows. */
  readonly second: Instance | undefined;
  readonly provider: Provider;
  readonly telemetry: Telemetry;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const running = await start(process.env);
  const faults = await show(running);
  if (values.exit) {
    process.exitCode = faults.length === 0 ? 0 : 1;
  } else {
    console.log(invitation(running.app.origin));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    console.log('\nEnding.');
  }
  await stop(running);
}

async function start(env: NodeJS.ProcessEnv): Promise<Running> {
  const port = portFrom(env.PORT);
  const telemetry = startTelemetry();
  const provider = await startProvider(env);
  const redis = env.REDIS_URL || undefined;
  // Every run begins with nothing stored, also in a Redis that has seen others, and leaves nothing there for long.
  const cacheOptions = { redis, namespace: `quickstart:${randomUUID()}`, ttl: { defaultSeconds: 600 } };
  const app = await startInstance({ provider, telemetry, port, cacheOptions });
  const second = redis === undefined ? undefined : await startInstance({ provider, telemetry, port: 0, cacheOptions });
  return { app, second, provider, telemetry };
}

/** Prints everything; resolves to what did not come out as it should. */
async function show({ app, second, provider, telemetry }: Running): Promise<string[]> {
  const { redis } = (await app.cache.info()).tiers;
  console.log(
    facts([
      ['App', `POST ${app.origin}/api/summarize and /api/chat`],
      ['Provider', provider.title],
      ['Tiers', redis === false ? 'memory; Redis too with REDIS_URL' : `memory, Redis (${redis.state})`],
    ]),
  );
  console.log(`\n${tableHead()}`);
  const { rows, removed } = await drive({
    origin: app.origin,
    secondOrigin: second?.origin,
    calls: provider.calls,
    // Where there are two instances, the one tells the other.
    invalidateArticles: async () => (await (second ?? app).cache.invalidate({ collection: 'articles' })).removed,
    onRow: (row) => console.log(tableRow(row)),
  });
  const sent = rows.reduce((sum, { answers }) => sum + answers.length, 0);
  const figures = { ...(await readFigures(app.origin, telemetry, sent)), removed };
  console.log(`\n${summary(rows, figures)}\n`);
  const faults = faultsIn(rows, figures, provider);
  console.log(faults.length === 0 ? 'Everything came out as it should.' : 'Not everything came out as it should:');
  for (const fault of faults) console.log(`- ${fault}`);
  return faults;
}

function invitation(origin: string): string {
  const json = `-H 'Content-Type: application/json'`;
  const urls = facts([
    ['Dashboard', `${origin}/ai-cache/`],
    ['Statistics', `${origin}/ai-cache/stats`],
    ['Performance', `${origin}/ai-cache/performance`],
    ['State', `${origin}/ai-cache/info`],
    ['Prometheus', `${origin}/metrics`],
  ]);
  return `
${urls}

Ask yourself, and ask again:

  curl -i ${origin}/api/summarize ${json} \\
    -d '{"text":"Ask me twice."}'
  curl -iN ${origin}/api/chat ${json} \\
    -d '{"message":"Count from 1 to 30."}'

Ctrl-C ends this.`;
}

async function stop({ app, second, provider, telemetry }: Running): Promise<void> {
  await Promise.all([app.stop(), second?.stop()]);
  await Promise.all([provider.stop(), telemetry.stop()]);
}

function portFrom(text: string | undefined): number {
  const port = Number(text || 0);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`PORT is "${text}". Allowed: a whole number from 0 to 65535.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
