/**
 * What `setMany` and `getMany` spare beside as many calls of `set` and `get`, one after the other or all at once: time for so many
 * entries of 1 KB with a real Redis, on a unix socket and a millisecond away, contenders in turn within every round, ratios within
 * the round.
 *
 *     npm run bench:batch [-- rounds entries]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { AIResponseCache, type AIRequest } from 'express-ai-cache';
import { startRedis } from '../test/support/redis-server.ts';

type Contender = (cache: AIResponseCache, requests: readonly AIRequest[]) => Promise<unknown>;

const [rounds = 5, entries = 1_000] = process.argv.slice(2).map(Number);
const response = { answer: 'lorem ipsum dolor sit amet '.repeat(38) };

const setters: Record<string, Contender> = {
  'set, one by one': async (cache, requests) => {
    for (const request of requests) await cache.set(request, response);
  },
  'set, all at once': (cache, requests) => Promise.all(requests.map((request) => cache.set(request, response))),
  setMany: (cache, requests) => cache.setMany(requests.map((request) => ({ request, response }))),
};
const getters: Record<string, Contender> = {
  'get, one by one': async (cache, requests) => {
    for (const request of requests) await cache.get(request);
  },
  'get, all at once': (cache, requests) => Promise.all(requests.map((request) => cache.get(request))),
  getMany: (cache, requests) => cache.getMany(requests),
};

const redis = await startRedis();
const slow = `${redis.path}.slow`;
const proxy = fork(new URL('slow-redis.ts', import.meta.url), [slow, redis.path]);
await once(proxy, 'message');
await compare('on a unix socket', redis.url);
await compare('a millisecond away', slow);
proxy.disconnect();
await redis.stop();

async function compare(where: string, url: string): Promise<void> {
  // A memory tier would answer the reads.
  const cache = new AIResponseCache({ redis: url, memory: false, telemetry: false, redisTimeoutMs: 10_000 });
  await cache.connect();
  const names = [...Object.keys(setters), ...Object.keys(getters)];
  const millis = new Map<string, number[]>(names.map((name) => [name, []]));
  // The first round warms up.
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, work] of [...Object.entries(setters), ...Object.entries(getters)]) {
      const requests = requestsOf(`${where}, round ${round}, ${name in setters ? name : 'setMany'}`);
      const startedAt = performance.now();
      await work(cache, requests);
      if (round >= 0) millis.get(name)?.push(performance.now() - startedAt);
    }
  }
  const { hits, misses } = cache.stats();
  await cache.close();
  console.log(`Redis ${where}: ${entries} entries, ${rounds} rounds; ${hits} hits, ${misses} misses`);
  console.log('contender           ms (median, min–max)        times as fast as one by one (median, min–max)');
  for (const [name, each] of millis) {
    const base = millis.get(name in setters ? 'set, one by one' : 'get, one by one') ?? [];
    const ratios = each.map((value, round) => (base[round] ?? NaN) / value);
    console.log(`${name.padEnd(19)} ${spread(each, 1).padEnd(27)} ${spread(ratios, 2)}`);
  }
}

function requestsOf(what: string): AIRequest[] {
  return Array.from({ length: entries }, (_, index) => ({
    provider: 'openai',
    model: 'gpt-4o-mini',
    operation: 'summarize',
    collection: 'articles',
    text: `${what}, question ${index}`,
  }));
}

function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(digits);
  return `${at(0.5)} (${at(0)}–${at(1)})`;
}
