/**
 * Invalidates one collection of many entries in a redis-server of its own, under steady traffic, and says how long it took, what
 * commands Redis was given, and what other requests to Redis waited meanwhile.
 *
 *     npm run bench:invalidate [-- entries members]      default 200 000 and 20 000
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AIResponseCache } from 'express-ai-cache';
import type { AIRequest } from 'express-ai-cache';
import { Redis } from 'ioredis';
import { startRedis } from '../test/support/redis-server.ts';

const [entries = 200_000, members = 20_000] = process.argv.slice(2).map(Number);
const AT_ONCE = 1_000;
const ANSWER = { answer: 'A cache keeps the answers to questions that are asked again. '.repeat(8) };

const redis = await startRedis();
const cache = new AIResponseCache({ redis: redis.url, memory: false, redisTimeoutMs: 10_000, telemetry: false });
const other = new AIResponseCache({ redis: redis.url, redisTimeoutMs: 10_000, telemetry: false });
await Promise.all([cache.connect(), other.connect()]);

function requestAt(place: number): AIRequest {
  const collection = place < members ? 'wanted' : `other ${place % 50}`;
  return { provider: 'openai', model: `gpt-4o`, operation: 'summarize', collection, text: `text ${place}` };
}

for (let first = 0; first < entries; first += AT_ONCE) {
  const places = Array.from({ length: Math.min(AT_ONCE, entries - first) }, (_, index) => first + index);
  const results = await cache.setMany(places.map((place) => ({ request: requestAt(place), response: ANSWER })));
  const bad = results.find(({ stored }) => !stored);
  if (bad !== undefined) throw new Error(`An entry was not stored: ${JSON.stringify(bad)}`);
}

/** Reads entries outside the collection, one every millisecond or two, and notes how long each took. */
async function traffic(until: AbortSignal): Promise<number[]> {
  const tookMs: number[] = [];
  while (!until.aborted) {
    const request = requestAt(members + Math.floor(Math.random() * (entries - members)));
    const startedAt = performance.now();
    const found = await cache.get(request);
    tookMs.push(performance.now() - startedAt);
    if (found === undefined) throw new Error('An entry of another collection is gone.');
    await sleep(1);
  }
  return tookMs;
}

async function measured<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number[] }> {
  const over = new AbortController();
  const reading = traffic(over.signal);
  const result = await work();
  over.abort();
  return { result, tookMs: await reading };
}

const client = new Redis(redis.path);
const monitor = await client.monitor();
const commands = new Map<string, { count: number; mostKeys: number }>();
let isWatched = false;
monitor.on('monitor', (_time: string, [name = '', ...args]: string[]) => {
  if (!isWatched) return;
  const seen = commands.get(name.toLowerCase()) ?? { count: 0, mostKeys: 0 };
  commands.set(name.toLowerCase(), { count: seen.count + 1, mostKeys: Math.max(seen.mostKeys, args.length) });
});

const before = await measured(() => sleep(2_000));
isWatched = true;
const startedAt = performance.now();
const during = await measured(() => other.invalidate({ collection: 'wanted' }));
const seconds = (performance.now() - startedAt) / 1000;
await sleep(100);
isWatched = false;
const left = await cache.getMany(Array.from({ length: members }, (_, place) => requestAt(place)));

console.log(`${entries} entries, ${members} in the collection`);
console.log(
  `removed ${during.result.removed} in ${seconds.toFixed(2)} s; still readable: ${left.filter(Boolean).length}`,
);
console.log(`a read of Redis, ms: before ${percentiles(before.tookMs)}; meanwhile ${percentiles(during.tookMs)}`);
console.log('commands, with the most arguments one had:');
for (const [name, { count, mostKeys }] of [...commands].toSorted(([, a], [, b]) => b.count - a.count)) {
  console.log(`  ${name.padEnd(8)} ${String(count).padStart(7)}  ${mostKeys}`);
}

monitor.disconnect();
client.disconnect();
await Promise.all([cache.close(), other.close()]);
await redis.stop();

function percentiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${values.length} reads)`;
}
