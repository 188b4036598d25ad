import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, errorOf, openCache } from './open-cache.ts';

const ASKED = docs('What is a cache?');
const OTHER = docs('What is a miss?');
const LOG = 'ai_cache:{ai_cache}:log';

let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(() => redis.stop());

const refused = { code: 'REDIS_FAILED', status: 503 };

describe('without Redis being reachable', () => {
  it('invalidate, expire and clear reject: they never pretend', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(ASKED, 'old');
    await redis.kill();
    expect(await errorOf(cache.invalidate({ collection: 'docs' }))).toMatchObject(refused);
    expect(await errorOf(cache.expire({ key: ASKED }))).toMatchObject(refused);
    expect(await errorOf(cache.clear())).toMatchObject({
      ...refused,
      message: expect.stringContaining('Redis failed to clear entries: ') as string,
    });
    await redis.start();
    await expect.poll(() => cache.clear().catch(() => undefined), { timeout: 10_000 }).toEqual({ removed: 0 });
  });

  it('they reject where it hangs, too, and hold when they are called again', async () => {
    const { cache, read } = openCache({ redis: redis.url, redisTimeoutMs: 200 });
    await cache.connect();
    await cache.set(ASKED, 'old');
    redis.pause();
    expect(await errorOf(cache.invalidate({ collection: 'docs' }))).toMatchObject(refused);
    redis.resume();
    const again = async (): Promise<unknown> => cache.invalidate({ collection: 'docs' }).catch(() => undefined);
    await expect.poll(again, { timeout: 10_000 }).toBeDefined();
    expect(await read(ASKED)).toBeUndefined();
  });

  it('they reject where it was never there', async () => {
    await redis.kill();
    const { cache } = openCache({ redis: redis.url });
    expect(await errorOf(cache.clear())).toMatchObject(refused);
  });

  it('memory serves what was made since then, and nothing from before', async () => {
    const { cache, read } = openCache({ redis: redis.url });
    await cache.connect();
    await cache.set(ASKED, 'before');
    await redis.kill();
    await expect.poll(async () => (await cache.info()).tiers.redis).toMatchObject({ state: 'reconnecting' });
    await cache.set(OTHER, 'since');
    expect(await read(OTHER)).toBe('since from memory');
    // Until the lease is over it may be served: nobody can have invalidated it without waiting for that.
    await expect.poll(() => read(ASKED), { timeout: 10_000 }).toBeUndefined();
    expect(await read(OTHER)).toBe('since from memory');
    await redis.start();
    // Nothing is known of what happened meanwhile: this Redis has another log.
    await expect
      .poll(
        () =>
          cache.connect().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    await expect.poll(() => read(OTHER), { timeout: 10_000 }).toBeUndefined();
  });

  it('memory serves nothing with whenDisconnected: off', async () => {
    const { cache, read } = openCache({ redis: redis.url, memory: { whenDisconnected: 'off' } });
    await cache.connect();
    await redis.kill();
    await expect.poll(async () => (await cache.info()).tiers.redis).toMatchObject({ state: 'reconnecting' });
    await cache.set(ASKED, 'since');
    await expect.poll(() => read(ASKED), { timeout: 10_000 }).toBeUndefined();
  });

  it('a process that was never connected serves what it made, and no more once Redis is there', async () => {
    await redis.kill();
    const { cache, read } = openCache({ redis: redis.url });
    await cache.set(ASKED, 'made alone');
    expect(await read(ASKED)).toBe('made alone from memory');
    await redis.start();
    await expect.poll(() => read(ASKED), { timeout: 10_000 }).toBeUndefined();
  });
});

describe('a log that Redis has lost', () => {
  it('takes everything from before with it, in memory too', async () => {
    const [one, two] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
    await Promise.all([one.cache.connect(), two.cache.connect()]);
    await one.cache.set(ASKED, 'old');
    await expect.poll(() => two.read(ASKED)).toBe('old from memory');
    await redis.cli('del', LOG);
    await one.cache.invalidate({ collection: 'news' });
    expect([await one.read(ASKED), await two.read(ASKED)]).toEqual([undefined, undefined]);
    await two.cache.set(ASKED, 'new');
    expect(await one.read(ASKED)).toBe('new from redis');
  });

  it('is found out where an older one came back, as after a failover', async () => {
    const raw = new Redis(redis.path);
    const { cache, read } = openCache({ redis: redis.url });
    await cache.connect();
    await cache.set(ASKED, 'old');
    const older = await raw.dumpBuffer(LOG);
    const entry = await redis.cli('keys', '*:e:*');
    const bytes = await raw.getBuffer(entry);
    await cache.invalidate({ collection: 'docs' });
    // What was deleted comes back with it.
    await raw.restore(LOG, 0, older, 'REPLACE');
    await raw.set(entry, bytes as Buffer);
    expect(await read(ASKED)).toBeUndefined();
    expect(await openCache({ redis: redis.url, memory: false }).read(ASKED)).toBeUndefined();
    await raw.quit();
  });
});

describe('a Redis that restarts from an older snapshot', () => {
  it('is found out by a process that knows better, though nobody asks that one anything', async () => {
    const idle = openCache({ redis: redis.url });
    await idle.cache.set(ASKED, 'old');
    await redis.cli('save');
    await idle.cache.invalidate({ collection: 'docs' });
    await redis.kill();
    await redis.start();
    expect(await redis.cli('keys', '*:e:*')).not.toBe('');
    const started = openCache({ redis: redis.url });
    await expect.poll(() => started.read(ASKED), { timeout: 10_000 }).toBeUndefined();
  });
});

describe('a Redis that restarts at once, and knows only those who held a lease long ago', () => {
  it('makes an invalidation wait until nobody can hold one', async () => {
    const proxy = await startProxy(redis);
    const holder = openCache({ redis: proxy.url, memory: { whenDisconnected: 'off' } });
    const other = openCache({ redis: redis.url });
    await Promise.all([holder.cache.connect(), other.cache.connect()]);
    await holder.cache.set(ASKED, 'old');
    await expect.poll(() => holder.read(ASKED)).toBe('old from memory');
    await expect.poll(() => other.read(ASKED)).toBe('old from memory');
    // From here on the holder hears nothing.
    proxy.hold('both');
    const members = `${LOG.slice(0, -3)}members`;
    await redis.cli('zremrangebyscore', members, '0', '+inf');
    await redis.cli('zincrby', members, '10000', '!');
    await redis.cli('save');
    await redis.kill();
    await redis.start();
    const again = async (): Promise<unknown> => other.cache.invalidate({ collection: 'docs' }).catch(() => undefined);
    await expect.poll(again, { timeout: 10_000 }).toBeDefined();
    const reading = holder.read(ASKED);
    proxy.release();
    expect(await reading).toBeUndefined();
  });
});

describe('a Redis without memory left', () => {
  it('can be cleared, which frees some', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(ASKED, 'old');
    await redis.cli('config', 'set', 'maxmemory', '1');
    expect(await cache.set(OTHER, 'more')).toEqual({ stored: true });
    expect(await cache.clear()).toEqual({ removed: 1 });
    await redis.cli('config', 'set', 'maxmemory', '0');
  });
});

describe('a Redis that forbids channels', () => {
  it('makes invalidations slow, not untrue, and the reason is told once', async () => {
    await redis.cli('acl', 'setuser', 'app', 'on', '>pw', '~*', '+@all', 'resetchannels');
    const url = new Redis({ path: redis.path, username: 'app', password: 'pw', lazyConnect: true });
    const [one, two] = [openCache({ redis: url }), openCache({ redis: url })];
    await Promise.all([one.cache.connect(), two.cache.connect()]);
    await one.cache.set(ASKED, 'old');
    await expect.poll(() => two.read(ASKED)).toBe('old from memory');
    expect(await errorOf(one.cache.invalidate({ collection: 'docs' }))).toMatchObject(refused);
    expect(one.errors.map(({ code, message }) => [code, message.includes('channel')])).toEqual([
      ['REDIS_FAILED', true],
    ]);
    url.disconnect();
  });
});

describe('a Redis that has lost everything, as by a restart', () => {
  it('does not know who holds a lease: an invalidation waits until nobody can', async () => {
    const proxy = await startProxy(redis);
    const holder = openCache({ redis: proxy.url, memory: { whenDisconnected: 'off' } });
    const other = openCache({ redis: redis.url });
    await Promise.all([holder.cache.connect(), other.cache.connect()]);
    await holder.cache.set(ASKED, 'old');
    await expect.poll(() => holder.read(ASKED)).toBe('old from memory');
    // From here on the holder hears nothing.
    proxy.hold('both');
    await redis.cli('flushall');
    await other.cache.invalidate({ collection: 'docs' });
    const reading = holder.read(ASKED);
    proxy.release();
    expect(await reading).toBeUndefined();
  });

  it('is waited for once: later invalidations ask those who have come since', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.invalidate({ tag: 'first' });
    const members = `${LOG.slice(0, -3)}members`;
    const [mark, born] = (await redis.cli('zrange', members, '-inf', '(0', 'byscore', 'withscores')).split('\n');
    await cache.invalidate({ tag: 'second' });
    expect([mark, await redis.cli('zscore', members, '!')]).toEqual(['!', born]);
  });
});
