import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeEntry } from '../../../src/entry/codec.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import { openStore, redisKey, type OpenStore } from './open-store.ts';

const KEY = sampleKey();
const ENTRY = sampleEntry();

let server: RedisServer;
/** A client that looks at what lies in Redis, as it lies there. */
let raw: Redis;
let clock: ManualClock;
let open: OpenStore;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.path);
});

afterAll(async () => {
  await raw.quit();
  await server.stop();
});

beforeEach(async () => {
  await raw.flushall();
  clock = manualClock();
  open = openStore({ redis: server.url, clock });
});

afterEach(() => open.connection.close());

/** Error replies go back to their caller: only a guard makes a miss of them. */
async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('what lies in Redis', () => {
  it('is one value a key, under namespace and version, the frame and nothing else', async () => {
    await open.tier.set(KEY, ENTRY);
    expect(await raw.keys('*')).toEqual([`test:e:1:${KEY.text}`]);
    expect(await raw.getBuffer(redisKey(KEY))).toEqual(encodeEntry(ENTRY));
  });

  it('goes by itself when the entry expires, to the millisecond', async () => {
    const from = Date.now();
    await open.tier.set(KEY, sampleEntry({ expiresAt: clock.now() + 1_500_123 }));
    const to = Date.now();
    const expiresAt = await raw.pexpiretime(redisKey(KEY));
    expect(expiresAt).toBeGreaterThanOrEqual(from + 1_500_123);
    expect(expiresAt).toBeLessThanOrEqual(to + 1_500_123);
    expect(await raw.pttl(redisKey(KEY))).toBeGreaterThan(0);
  });

  it('gets a new time with a new entry', async () => {
    await open.tier.set(KEY, sampleEntry({ expiresAt: clock.now() + 5_000_000 }));
    await open.tier.set(KEY, ENTRY);
    expect(await raw.pttl(redisKey(KEY))).toBeLessThanOrEqual(120_000);
  });

  it('is not written where less than a millisecond is left', async () => {
    expect(await open.tier.set(KEY, sampleEntry({ staleAt: 0, expiresAt: clock.now() + 0.5 }))).toBe(false);
    expect(await raw.dbsize()).toBe(0);
  });

  it('is of one version alone: another neither sees nor touches it', async () => {
    const next = openStore({ redis: server.url, version: 2, clock });
    await open.tier.set(KEY, ENTRY);
    expect(await next.tier.get(KEY)).toBeUndefined();
    await next.tier.delete(KEY);
    expect(await open.tier.get(KEY)).toEqual(ENTRY);
    await next.connection.close();
  });
});

describe('a value that is no entry of ours', () => {
  it.each([
    ['the entry of another release', Buffer.concat([Buffer.from('AICE\x02'), encodeEntry(ENTRY).subarray(5)])],
    ['a damaged entry', Buffer.concat([encodeEntry(ENTRY).subarray(0, -1), Buffer.from([0])])],
    ['half an entry', encodeEntry(ENTRY).subarray(0, 40)],
    ['a text', Buffer.from('OK')],
    ['nothing at all', Buffer.alloc(0)],
  ])('is a miss and stays: %s', async (_what, value) => {
    await raw.set(redisKey(KEY), value);
    expect(await open.tier.get(KEY)).toBeUndefined();
    expect(await raw.getBuffer(redisKey(KEY))).toEqual(value);
    expect(open.connection.state()).toBe('ready');
  });

  it('is replaced by the next entry', async () => {
    await raw.set(redisKey(KEY), 'something');
    await open.tier.set(KEY, ENTRY);
    expect(await open.tier.get(KEY)).toEqual(ENTRY);
  });

  it('of another type is an error of this one call', async () => {
    await raw.lpush(redisKey(KEY), 'a');
    expect(await errorOf(open.tier.get(KEY))).toMatchObject({ name: 'ReplyError' });
    expect(await open.store.lookup(KEY)).toBeUndefined();
    expect(open.errors.map(({ message }) => message)).toEqual([expect.stringContaining('WRONGTYPE')]);
    expect(open.guard.circuit()).toBe('closed');
    expect(await open.tier.set(KEY, ENTRY)).toBe(true);
    expect(await open.tier.get(KEY)).toEqual(ENTRY);
  });

  it('is not returned where it is larger than any entry', async () => {
    const small = openStore({ redis: server.url, maxEntryBytes: 1_000, clock });
    const entry = sampleEntry({ body: Buffer.alloc(100_000) });
    expect(await small.tier.set(KEY, entry)).toBe(false);
    await open.tier.set(KEY, entry);
    expect(await open.tier.get(KEY)).toBeDefined();
    expect(await small.tier.get(KEY)).toBeUndefined();
    await small.connection.close();
  });
});

describe('the entry of another key', () => {
  beforeEach(async () => {
    await raw.set(redisKey(KEY), encodeEntry(sampleEntry({ name: 'another' })));
  });

  it('is never returned; the connection that said so is dropped, and a new one works', async () => {
    const client = await open.connection.connect();
    const id = await client.call('CLIENT', 'ID');
    const again = open.readyAgain();
    expect(await errorOf(open.tier.get(KEY))).toMatchObject({ code: 'REDIS_REPLY_MISMATCH' });
    expect(open.connection.state()).toBe('reconnecting');
    await again;
    const name = sampleKey('a third');
    expect(await open.tier.set(name, sampleEntry({ name: 'a third' }))).toBe(true);
    expect(await client.call('CLIENT', 'ID')).not.toBe(id);
  });

  it('is a miss to the store, and reported', async () => {
    expect(await open.store.lookup(KEY)).toBeUndefined();
    expect(open.errors.map(({ code }) => code)).toEqual(['REDIS_REPLY_MISMATCH']);
    expect(open.events.at(-1)).toMatchObject({ tier: 'redis', hit: false, errorType: 'REDIS_REPLY_MISMATCH' });
  });
});
