import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, openCache } from '../invalidation/open-cache.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const REQUESTS = Array.from({ length: 1_000 }, (_, index) => docs(`question ${index}`));
const ITEMS = REQUESTS.map((request) => ({ request, response: request.text }));

const entriesIn = async (): Promise<number> => (await redis.cli('keys', '*:e:*')).split('\n').filter(Boolean).length;

describe('a thousand at once', () => {
  it('are stored, read and warmed', async () => {
    const { cache } = openCache({ redis: redis.url });
    const reader = openCache({ redis: redis.url, memory: false });
    expect(await cache.setMany(ITEMS)).toEqual(ITEMS.map(() => ({ stored: true })));
    expect(await entriesIn()).toBe(1_000);
    const found = await reader.cache.getMany(REQUESTS);
    expect(found.map((response) => [response?.text(), response?.tier])).toEqual(
      REQUESTS.map(({ text }) => [text, 'redis']),
    );
    expect(reader.cache.stats()).toMatchObject({ hits: 1_000, misses: 0 });
    const more = [...ITEMS, { request: docs('another'), response: 'another' }];
    expect(await reader.cache.warm(more)).toMatchObject({ stored: 1, skipped: 1_000, failed: 0 });
  });

  it('keep to the bounds of the memory tier', async () => {
    const { cache } = openCache({ redis: redis.url, memory: { maxBytes: 100_000, maxEntries: 50 } });
    await cache.setMany(ITEMS);
    await cache.getMany(REQUESTS);
    const { memory } = (await cache.info()).tiers;
    expect(memory && memory.entries).toBeLessThanOrEqual(50);
    expect(memory && memory.usedBytes).toBeLessThanOrEqual(100_000);
    expect((await cache.getMany(REQUESTS)).filter((response) => response === undefined)).toEqual([]);
  });

  it('go out without waiting for each other: a hundred writes are in Redis before it has answered the first', async () => {
    const proxy = await startProxy(redis);
    const { cache } = openCache({ redis: proxy.url, memory: false });
    await cache.set(docs('first'), 'first');
    const monitor = await startMonitor(redis);
    proxy.hold('replies');
    const work = cache.setMany(ITEMS);
    const sets = async (): Promise<number> =>
      (await monitor.commands()).filter(([name = '']) => name.toLowerCase() === 'set').length;
    await expect.poll(sets, { timeout: 10_000 }).toBe(100);
    proxy.release();
    expect((await work).every(({ stored }) => stored)).toBe(true);
    expect(await sets()).toBe(1_000);
  });

  it('are asked for by one pipeline for each 500', async () => {
    const { cache } = openCache({ redis: redis.url, memory: false });
    await cache.setMany(ITEMS);
    const proxy = await startProxy(redis);
    const reader = openCache({ redis: proxy.url, memory: false });
    await reader.cache.connect();
    const monitor = await startMonitor(redis);
    proxy.hold('replies');
    const work = reader.cache.getMany(REQUESTS);
    const gets = async (): Promise<number> =>
      (await monitor.commands()).filter(([name = '']) => name.toLowerCase() === 'get').length;
    await expect.poll(gets, { timeout: 10_000 }).toBe(500);
    proxy.release();
    expect((await work).map((response) => response?.text())).toEqual(REQUESTS.map(({ text }) => text));
  });
});

describe('a Redis that does not answer', () => {
  it('is waited for once by getMany, and told to onError', async () => {
    const proxy = await startProxy(redis);
    const { cache, errors } = openCache({ redis: proxy.url, memory: false, redisTimeoutMs: 500 });
    await cache.connect();
    const monitor = await startMonitor(redis);
    proxy.hold('replies');
    expect(await cache.getMany(REQUESTS)).toEqual(REQUESTS.map(() => undefined));
    const names = (await monitor.commands()).map(([name = '']) => name.toLowerCase());
    expect(names.filter((name) => name === 'get')).toHaveLength(500);
    expect(errors.map(({ code }) => code)).toContain('REDIS_TIMEOUT');
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1_000, errors: 0 });
  });

  it('leaves getMany what memory has', async () => {
    const proxy = await startProxy(redis);
    const { cache } = openCache({ redis: proxy.url, redisTimeoutMs: 2_000 });
    await cache.connect();
    await cache.setMany(ITEMS.slice(0, 10));
    await expect.poll(async () => (await cache.get(docs('question 0')))?.tier).toBe('memory');
    proxy.hold('both');
    const found = await cache.getMany(REQUESTS.slice(0, 300));
    expect(found.map((response) => response?.text())).toEqual(
      REQUESTS.slice(0, 300).map(({ text }, index) => (index < 10 ? text : undefined)),
    );
  });

  it('makes setMany say that no tier has taken the answers, or that memory has', async () => {
    await redis.kill();
    const alone = openCache({ redis: redis.url, memory: false, redisTimeoutMs: 500 });
    expect(await alone.cache.setMany(ITEMS)).toEqual(ITEMS.map(() => ({ stored: false, reason: 'no-tier' })));
    expect(alone.errors.map(({ code }) => code)).toContain('REDIS_FAILED');
    expect(await alone.cache.warm(ITEMS.slice(0, 3))).toMatchObject({ stored: 0, failed: 3 });
    const { cache } = openCache({ redis: redis.url, redisTimeoutMs: 500 });
    expect(await cache.setMany(ITEMS.slice(0, 3))).toEqual([1, 2, 3].map(() => ({ stored: true })));
    await redis.start();
  });
});
