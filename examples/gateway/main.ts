/**
 * `npm run example:gateway`: starts the gateway, asks it something with each official client, shows what came of it and stays up.
 * With `-- --exit` it ends then, with 0 if everything came out as it should, else with 1.
 *
 * Environment, all of it optional: `PORT` (default: a free one), `REDIS_URL` (default: memory alone), and for a real provider
 * `OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`, `MISTRAL_BASE_URL` or `DEEPSEEK_BASE_URL`, an address or `official` (default: an
 * emulator). The demonstration asks a real one only with a key: `OPENAI_API_KEY` and so on. The gateway itself has none.
 */
import { AIResponseCache } from 'express-ai-cache';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createGateway } from './app.ts';
import { asksOf } from './asks.ts';
import { demonstrate, faultsIn, tableHead, tableRow } from './demonstration.ts';
import { startEmulator } from './emulator.ts';
import type { Emulator } from './emulator.ts';
import { providersFrom } from './providers.ts';
import type { Provider } from './providers.ts';

interface Running {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly cache: AIResponseCache;
  readonly emulator: Emulator;
  readonly providers: readonly Provider[];
  stop(): Promise<void>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const running = await start(process.env);
  for (const { name, url, isEmulated } of running.providers)
    console.log(`${running.origin}/${name}  →  ${isEmulated ? 'an emulator' : url}`);
  const faults = await show(running, process.env);
  if (values.exit) {
    process.exitCode = faults.length === 0 ? 0 : 1;
  } else {
    console.log(invitation(running.origin));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    console.log('\nEnding.');
  }
  await running.stop();
}

async function start(env: NodeJS.ProcessEnv): Promise<Running> {
  const port = portFrom(env.PORT);
  const emulator = await startEmulator();
  const providers = providersFrom(env, emulator.url);
  const cache = new AIResponseCache({
    redis: env.REDIS_URL || undefined,
    // Every run begins with nothing stored, also in a Redis that has seen others, and leaves nothing there for long.
    namespace: `gateway:${randomUUID()}`,
    ttl: { defaultSeconds: 600 },
    onError: (error) => console.error(error.message),
  });
  // With Redis away the gateway starts all the same, and goes on with memory alone; onError has said so.
  await cache.connect().catch(() => undefined);
  const server = createServer(createGateway({ cache, providers })).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await closed;
    await Promise.all([cache.close(), emulator.stop()]);
  };
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, cache, emulator, providers, stop };
}

/** Prints everything; resolves to what did not come out as it should. */
async function show({ origin, cache, emulator, providers }: Running, env: NodeJS.ProcessEnv): Promise<string[]> {
  const keyOf = (provider: string): string => env[`${provider.toUpperCase()}_API_KEY`] || 'none';
  const faults: string[] = [];
  console.log(`\n${tableHead()}`);
  for (const ask of asksOf(origin, keyOf)) {
    const isEmulated = providers.some(({ name, isEmulated: is }) => name === ask.provider && is);
    if (!isEmulated && keyOf(ask.provider) === 'none') continue;
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the calls of each can be told apart
    const row = await demonstrate(ask, isEmulated ? () => emulator.calls() : undefined);
    console.log(tableRow(row));
    faults.push(...faultsIn(row));
  }
  const { hits, coalesced, misses, saved } = cache.stats();
  console.log(`\n${hits} from the cache, ${coalesced} coalesced, ${misses} missed; saved ${saved.usd.toFixed(6)} USD.`);
  console.log(faults.length === 0 ? 'Everything came out as it should.' : 'Not everything came out as it should:');
  for (const fault of faults) console.log(`- ${fault}`);
  return faults;
}

function invitation(origin: string): string {
  return `
Use your own program: set its base URL, and ask twice.

  OPENAI_BASE_URL=${origin}/openai/v1
  ANTHROPIC_BASE_URL=${origin}/anthropic

Ctrl-C ends this.`;
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
