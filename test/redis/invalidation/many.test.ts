import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AICacheError } from '../../../src/errors.ts';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, openCache } from './open-cache.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const REQUESTS = Array.from({ length: 250 }, (_, index) => docs(`question ${index}`));

describe('many at once', () => {
  it('are stored and read in their order, from Redis and then from memory', async () => {
    const [one, two] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
    await two.cache.connect();
    const results = await one.cache.setMany(REQUESTS.map((request) => ({ request, response: request.text })));
    expect(results).toEqual(REQUESTS.map(() => ({ stored: true })));
    const asked = [docs('none'), ...REQUESTS.toReversed(), docs('none')];
    const expected = asked.map(({ text }) => (text === 'none' ? undefined : text));
    const texts = async (): Promise<unknown[]> => (await two.cache.getMany(asked)).map((found) => found?.text());
    expect(await texts()).toEqual(expected);
    const tiers = async (): Promise<unknown> =>
      new Set((await two.cache.getMany(REQUESTS)).map((found) => found?.tier));
    await expect.poll(tiers).toEqual(new Set(['memory']));
    expect(await texts()).toEqual(expected);
    expect(two.cache.stats()).toMatchObject({ errors: 0 });
  });

  it('ask for the head of the log once for up to 500 keys', async () => {
    const { cache } = openCache({ redis: redis.url, memory: false });
    await cache.setMany(REQUESTS.map((request) => ({ request, response: 'a' })));
    const monitor = await startMonitor(redis);
    expect(await cache.getMany(REQUESTS)).not.toContain(undefined);
    const names = (await monitor.commands()).map(([name = '']) => name.toLowerCase());
    const counts = {
      get: names.filter((name) => name === 'get').length,
      heads: names.filter((name) => name === 'zrange').length,
    };
    expect(counts).toEqual({ get: 250, heads: 1 });
  });

  it('a bad one fails alone', async () => {
    const { cache, errors } = openCache({ redis: redis.url });
    const results = await cache.setMany([
      { request: docs('a'), response: 'a' },
      { request: docs('b', { options: { n: 2 ** 60 } }), response: 'b' },
      { request: docs('c'), response: { headers: { a: '\n' }, body: 'c' } },
      { request: docs('d'), response: 'd', ttlSeconds: -1 },
      { request: docs('e'), response: { status: 404, body: 'e' } },
      { request: { text: 7 } as never, response: 'f' },
      null as never,
      { request: docs('g'), response: 'g', ttlSeconds: 60, tags: ['t'] },
    ]);
    expect(results.map((result) => (result.stored ? 'stored' : result.reason))).toEqual([
      'stored',
      'invalid',
      'invalid',
      'invalid',
      'status',
      'invalid',
      'invalid',
      'stored',
    ]);
    expect(results.flatMap((result) => ('error' in result ? [result.error.code] : []))).toEqual([
      'UNKEYABLE',
      'INVALID_RESPONSE',
      'INVALID_RESPONSE',
      'INVALID_REQUEST',
      'INVALID_REQUEST',
    ]);
    const found = await cache.getMany([docs('a'), { text: 7 } as never, docs('g')]);
    expect(found.map((response) => response?.text())).toEqual(['a', undefined, 'g']);
    const told = errors.filter(({ code }) => code !== 'UNKNOWN_MODEL');
    expect(told.map((error) => [error instanceof AICacheError, error.code])).toEqual([[true, 'INVALID_REQUEST']]);
    expect(await cache.invalidate({ tag: 't' })).toEqual({ removed: 1 });
  });

  it('none is none', async () => {
    const { cache } = openCache({ redis: redis.url });
    expect([await cache.getMany([]), await cache.setMany([])]).toEqual([[], []]);
  });

  it('is misses, and memory alone, while Redis is away', async () => {
    await redis.kill();
    const { cache } = openCache({ redis: redis.url, redisTimeoutMs: 500 });
    expect(await cache.getMany(REQUESTS.slice(0, 3))).toEqual([undefined, undefined, undefined]);
    expect(await cache.setMany([{ request: docs('a'), response: 'a' }])).toEqual([{ stored: true }]);
    expect((await cache.getMany([docs('a'), docs('b')])).map((found) => found?.text())).toEqual(['a', undefined]);
    await redis.start();
  });

  it('keeps another key of another type to itself', async () => {
    const { cache } = openCache({ redis: redis.url, memory: false });
    await cache.setMany([docs('a'), docs('b')].map((request) => ({ request, response: request.text })));
    const [first = ''] = (await redis.cli('keys', '*:e:*')).split('\n');
    await redis.cli('del', first);
    await redis.cli('lpush', first, 'x');
    expect((await cache.getMany([docs('a'), docs('b')])).filter((found) => found !== undefined)).toHaveLength(1);
  });
});
