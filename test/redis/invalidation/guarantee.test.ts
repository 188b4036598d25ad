import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { gate } from '../../support/gate.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, openCache, type OpenCache } from './open-cache.ts';

const ASKED = docs('What is a cache?');
const DOCS = { collection: 'docs' };

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

/** Two caches that have the answer `old` in memory, connected so that each hears of the other. */
async function twoThatHaveIt(first = redis.url, second = redis.url): Promise<[OpenCache, OpenCache]> {
  const caches: [OpenCache, OpenCache] = [openCache({ redis: first }), openCache({ redis: second })];
  await Promise.all(caches.map(({ cache }) => cache.connect()));
  await caches[0].cache.set(ASKED, 'old');
  await Promise.all(caches.map((one) => untilInMemory(one)));
  return caches;
}

async function untilInMemory({ read }: OpenCache): Promise<void> {
  await expect.poll(() => read(ASKED), { timeout: 10_000 }).toBe('old from memory');
}

describe('an invalidation that has returned', () => {
  it('is true in both tiers of both processes', async () => {
    const [one, two] = await twoThatHaveIt();
    expect(await one.cache.invalidate(DOCS)).toEqual({ removed: 1 });
    expect([await one.read(ASKED), await two.read(ASKED)]).toEqual([undefined, undefined]);
    expect(await redis.cli('keys', '*:e:*')).toBe('');
    await two.cache.set(ASKED, 'new');
    expect([await one.read(ASKED), await two.read(ASKED)]).toEqual(['new from redis', 'new from memory']);
  });

  it('waits for a process that hears nothing, until that serves its memory no more', async () => {
    const proxy = await startProxy(redis);
    const [one, deaf] = await twoThatHaveIt(redis.url, proxy.url);
    proxy.hold('both');
    const invalidating = one.cache.invalidate(DOCS);
    // Until then what it serves may still be old.
    expect(await deaf.read(ASKED)).toBe('old from memory');
    await invalidating;
    const reading = deaf.read(ASKED);
    proxy.release();
    expect(await reading).toBeUndefined();
    expect(await deaf.read(ASKED)).toBeUndefined();
  });

  it('is true where the connections that hear of it are cut', async () => {
    const [one, two] = await twoThatHaveIt();
    await redis.cli('client', 'kill', 'type', 'pubsub');
    await one.cache.invalidate(DOCS);
    expect([await one.read(ASKED), await two.read(ASKED)]).toEqual([undefined, undefined]);
    // They come back by themselves.
    await expect
      .poll(() => redis.cli('pubsub', 'numsub', 'ai_cache:{ai_cache}:news'), { timeout: 10_000 })
      .toMatch(/2$/);
  });

  it('is true for a process without memory, which hears nothing at all', async () => {
    const [one] = await twoThatHaveIt();
    const reader = openCache({ redis: redis.url, memory: false });
    expect(await reader.read(ASKED)).toBe('old from redis');
    await one.cache.expire(DOCS);
    expect(await reader.read(ASKED)).toBeUndefined();
  });

  it('is true for one whose clock is behind that of the process which expires', async () => {
    const ahead = { ...systemClock, now: () => Date.now() + 60_000 };
    const [reader, writer] = [openCache({ redis: redis.url }), openCache({ redis: redis.url }, ahead)];
    await reader.cache.set(ASKED, 'old');
    await untilInMemory(reader);
    expect(await writer.cache.expire(DOCS)).toEqual({ expired: 1 });
    expect(await reader.read(ASKED)).toBeUndefined();
  });

  it('does not wait for a process that was closed', async () => {
    const [one, two] = await twoThatHaveIt();
    await two.cache.close();
    expect(await redis.cli('zcount', 'ai_cache:{ai_cache}:members', '0', '+inf')).toBe('1');
    expect(await one.cache.invalidate(DOCS)).toEqual({ removed: 1 });
  });
});

describe('an answer that was begun before', () => {
  it('is given to who asked for it, and to nobody after the invalidation', async () => {
    const { cache, read } = openCache({ redis: redis.url });
    const made = gate();
    const first = cache.getOrFill(ASKED, async () => {
      await made.opened;
      return 'old';
    });
    await expect.poll(() => cache.monitor.snapshot().fills.active).toBe(1);
    await cache.invalidate(DOCS);
    const second = cache.getOrFill(ASKED, () => 'new');
    expect((await second).text()).toBe('new');
    made.open();
    expect((await first).text()).toBe('old');
    expect(await read(ASKED)).toBe('new from memory');
    expect(await openCache({ redis: redis.url }).read(ASKED)).toBe('new from redis');
  });

  it('is not stored either where nothing newer is', async () => {
    const { cache, read } = openCache({ redis: redis.url });
    const made = gate();
    const filling = cache.getOrFill(ASKED, () => made.opened.then(() => 'old'));
    await expect.poll(() => cache.monitor.snapshot().fills.active).toBe(1);
    await openCache({ redis: redis.url }).cache.invalidate({ key: ASKED });
    made.open();
    await filling;
    expect(await read(ASKED)).toBeUndefined();
    expect(await redis.cli('keys', '*:e:*')).toBe('');
  });

  it('is shared with those who asked in time, and with those whom it does not concern', async () => {
    const { cache } = openCache({ redis: redis.url });
    const made = gate();
    let runs = 0;
    const ask = (): Promise<string> =>
      cache
        .getOrFill(ASKED, async () => {
          runs += 1;
          await made.opened;
          return `answer ${runs}`;
        })
        .then((response) => response.text());
    const early = [ask(), ask()];
    await expect.poll(() => runs).toBe(1);
    await cache.invalidate({ collection: 'news' });
    const late = ask();
    await expect.poll(() => cache.monitor.snapshot().operations.redis?.get?.count).toBe(3);
    made.open();
    expect(await Promise.all([...early, late])).toEqual(['answer 1', 'answer 1', 'answer 1']);
  });

  it('does not come back when it is promoted late', async () => {
    const writer = openCache({ redis: redis.url });
    await writer.cache.set(ASKED, 'old');
    const proxy = await startProxy(redis);
    const reader = openCache({ redis: proxy.url });
    await reader.cache.connect();
    proxy.hold('replies');
    const reading = reader.read(ASKED);
    await proxy.held();
    await writer.cache.invalidate(DOCS);
    proxy.release();
    // It asked before.
    expect(['old from redis', undefined]).toContain(await reading);
    expect(await reader.read(ASKED)).toBeUndefined();
  });

  it('does not come back with a write that lands when nobody waits for it any more', async () => {
    const proxy = await startProxy(redis);
    const slow = openCache({ redis: proxy.url, redisTimeoutMs: 50 });
    await expect
      .poll(() =>
        slow.cache.connect().then(
          () => 'connected',
          () => 'away',
        ),
      )
      .toBe('connected');
    const others = [openCache({ redis: redis.url }), openCache({ redis: redis.url, memory: false })];
    await others[0]?.cache.connect();
    proxy.hold('commands');
    await slow.cache.set(ASKED, 'old');
    await others[0]?.cache.invalidate(DOCS);
    proxy.release();
    await expect.poll(() => redis.cli('keys', '*:e:*'), { timeout: 10_000 }).not.toBe('');
    for (const { read } of [...others, slow]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await read(ASKED)).toBeUndefined();
    }
  });
});
