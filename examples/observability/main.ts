/**
 * `npm run example:observability`: starts the app with traces and metrics, keeps sending it traffic, and shows what Prometheus says
 * of it where the machine has one. With `-- --exit` it sends three rounds, asks Prometheus, and ends with 0 if all is as it should be,
 * else with 1.
 *
 * Environment, all of it optional: `PORT` (default: a free one), `REDIS_URL` (default: memory alone),
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (default: nothing is pushed). With `compose.yaml` beside this file:
 *
 *     docker compose -f examples/observability/compose.yaml up -d
 *     REDIS_URL=redis://127.0.0.1:6379 OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 npm run example:observability
 */
import { metrics, otlpEndpoint, stopTelemetry } from './telemetry.ts';
import { AIResponseCache } from 'express-ai-cache';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import OpenAI from 'openai';
import { createApp } from './app.ts';
import { startEmulator } from './emulator.ts';
import { hasPrometheus, startPrometheus } from './prometheus.ts';
import type { Prometheus } from './prometheus.ts';
import { askPrometheus } from './questions.ts';
import { sendTraffic } from './traffic.ts';
import type { Seen } from './traffic.ts';

interface Running {
  readonly origin: string;
  readonly cache: AIResponseCache;
  readonly prometheus: Prometheus | undefined;
  stop(): Promise<void>;
}

const ROUNDS = 3;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const running = await start(process.env);
  console.log(await invitation(running));
  if (values.exit) process.exitCode = (await demonstrate(running)) ? 0 : 1;
  else await keepBusy(running.origin);
  await running.stop();
}

async function start(env: NodeJS.ProcessEnv): Promise<Running> {
  const port = portFrom(env.PORT);
  const emulator = await startEmulator();
  const cache = new AIResponseCache({
    redis: env.REDIS_URL || undefined,
    // Every run begins with nothing stored, also in a Redis that has seen others, and leaves nothing there for long.
    namespace: `observability:${randomUUID()}`,
    ttl: { defaultSeconds: 600 },
    // Small, so that entries leave it while one looks.
    memory: { maxEntries: 5 },
    onError: (error) => console.error(error.message),
  });
  await cache.connect().catch(() => undefined);
  const openai = new OpenAI({ apiKey: 'none', baseURL: emulator.baseURL, maxRetries: 0 });
  const server = createServer(createApp({ cache, openai, metrics })).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const prometheus = hasPrometheus() ? await startPrometheus([host]) : undefined;
  const stop = async (): Promise<void> => {
    await prometheus?.stop();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await closed;
    // The last metrics are sent while the cache can still be asked what it holds.
    await stopTelemetry();
    await Promise.all([cache.close(), emulator.stop()]);
  };
  return { origin: `http://${host}`, cache, prometheus, stop };
}

async function invitation({ origin, cache, prometheus }: Running): Promise<string> {
  const { redis } = (await cache.info()).tiers;
  const lines = [
    ['App', `POST ${origin}/api/ask and /api/chat, GET ${origin}/api/news`],
    ['Tiers', redis === false ? 'memory; Redis too with REDIS_URL' : `memory, Redis (${redis.state})`],
    ['Dashboard', `${origin}/ai-cache/`],
    ['Metrics', `${origin}/metrics`],
    ['Prometheus', prometheus?.url ?? 'not on this machine (Debian and Ubuntu: apt-get install prometheus)'],
    ['OTLP', otlpEndpoint ?? 'pushed nowhere; with OTEL_EXPORTER_OTLP_ENDPOINT to a collector'],
  ];
  return lines.map(([name = '', what = '']) => `${name.padEnd(12)}${what}`).join('\n');
}

/** Sends some rounds and tells what came of them. Resolves to whether all is as it should be. */
async function demonstrate({ origin, prometheus }: Running): Promise<boolean> {
  const rounds: Seen[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that Prometheus sees the counters grow
    rounds.push(await sendTraffic(origin, round));
  }
  const results = Object.keys(rounds[0] ?? {}) as (keyof Seen)[];
  const totals = results.map((result) => [result, rounds.reduce((sum, seen) => sum + seen[result], 0)] as const);
  console.log(`\nAnswered    ${totals.map(([result, count]) => `${count} ${result}`).join(', ')}`);
  const unseen = totals.filter(([, count]) => count === 0).map(([result]) => `no request was answered as: ${result}`);
  const faults = [...unseen, ...(prometheus === undefined ? [] : await askPrometheus(prometheus, console.log))];
  console.log(faults.length === 0 ? '\nEverything came out as it should.' : '\nNot everything came out as it should:');
  for (const fault of faults) console.log(`- ${fault}`);
  return faults.length === 0;
}

/** Sends round after round until Ctrl-C. */
async function keepBusy(origin: string): Promise<void> {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  console.log('\nTraffic goes on until Ctrl-C.');
  for (let round = 0; !stopped.signal.aborted; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await sendTraffic(origin, round);
  }
  console.log('\nEnding.');
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
