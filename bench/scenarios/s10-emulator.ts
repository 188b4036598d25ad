/** How long an app's users wait with and without the cache: the quickstart's app over the provider's emulator. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AIResponseCache } from 'express-ai-cache';
import { createApp } from '../../examples/quickstart/app.ts';
import { startProvider } from '../../examples/quickstart/provider.ts';
import { startRedis } from '../../test/support/redis-server.ts';
import type { Bench, Table } from '../bench.ts';
import { Client } from '../measure/ask.ts';
import { spreadOf } from '../measure/statistics.ts';
import { prose } from '../prose.ts';

const PROMPTS = { quick: 2, full: 30 };

export async function emulated(bench: Bench): Promise<Table> {
  bench.say('  an app over the emulator');
  const provider = await startProvider({});
  const redis = await startRedis();
  const { openai, model } = provider;
  const caches = { memory: new AIResponseCache(), redis: new AIResponseCache({ redis: redis.path, memory: false }) };
  const rows: Array<[string, readonly number[]]> = [];
  try {
    for (const [where, cache] of Object.entries(caches)) {
      const server = createServer(createApp({ cache, openai, model })).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const count = bench.isQuick ? PROMPTS.quick : PROMPTS.full;
      const before = provider.calls();
      rows.push([`uncached, to be stored in ${where}`, await waits(port, count)]);
      const made = provider.calls() - before;
      rows.push([`the same again, from ${where}`, await waits(port, count)]);
      if (provider.calls() - before !== made) bench.fail(`S10: a repeated prompt was not answered from ${where}`);
      server.close();
    }
  } finally {
    for (const cache of Object.values(caches)) await cache.close();
    await redis.stop();
    await provider.stop();
  }
  return {
    id: 's10-emulator',
    title: 'S10 the wait for an answer, cached and uncached',
    about:
      'The app of `examples/quickstart` summarizes texts of 2 KB, one after the other; its provider is emulated and takes as long as a small model.',
    columns: ['', 'median, ms', 'fastest, ms', 'slowest, ms'],
    rows: rows.map(([name, times]) => {
      const { median, min, max } = spreadOf(times);
      return [name, ...[median, min, max].map((ms) => ms.toFixed(1))];
    }),
    leftOut: [],
    data: Object.fromEntries(rows),
  };
}

/** Milliseconds until the whole answer is there, for each prompt. */
async function waits(port: number, count: number): Promise<number[]> {
  const client = new Client(1);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = JSON.stringify({ text: prose(2_048, index + 1), options: { maxWords: 40 } });
    const headers = { 'content-type': 'application/json' };
    const startedAt = performance.now();
    const { status } = await client.ask(port, { method: 'POST', path: '/api/summarize', headers, body });
    times.push(performance.now() - startedAt);
    if (status !== 200) throw new Error(`The app answered with ${status}.`);
  }
  client.close();
  return times;
}
