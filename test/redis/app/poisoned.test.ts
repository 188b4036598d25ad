import express from 'express';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from '../../../src/entry/codec.ts';
import type { Entry } from '../../../src/entry/entry.ts';
import { cachedSite } from '../../support/cached-site.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { untilKeys } from './until-keys.ts';

let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.path);
});

beforeEach(() => client.flushall());

afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

/** Puts something else in the place of the one entry there is. */
async function poison(change: (entry: Entry, bytes: Buffer) => Buffer): Promise<void> {
  const [key = ''] = await client.keys('*:e:*');
  const bytes = (await client.getBuffer(key)) ?? Buffer.alloc(0);
  const decoded = decodeEntry(bytes, key.split(':').at(-1) ?? '');
  if (!('entry' in decoded)) throw new Error(`the entry is ${decoded.reject}`);
  await client.set(key, change(decoded.entry, bytes));
}

const entryWith = (fields: Partial<Entry>) => (entry: Entry) => encodeEntry({ ...entry, ...fields });
const headers = (...fields: Entry['headers']) => entryWith({ headers: fields });

describe('an entry that somebody else has written into Redis', () => {
  it.each<[what: string, change: (entry: Entry, bytes: Buffer) => Buffer]>([
    ['with CRLF in a field', headers(['X-A', 'b\r\nSet-Cookie: stolen=1'])],
    ['with LF in a field', headers(['X-A', 'b\nSet-Cookie: stolen=1'])],
    ['with NUL in a field', headers(['X-A', 'b\0'])],
    ['with CRLF in a name', headers(['X-A: b\r\nSet-Cookie', 'stolen=1'])],
    ['with CRLF in the reason phrase', entryWith({ statusMessage: 'OK\r\nSet-Cookie: stolen=1' })],
    ['with a Transfer-Encoding', headers(['Transfer-Encoding', 'chunked'])],
    ['with a Content-Length', headers(['content-length', '1'])],
    ['with a status that is none', entryWith({ status: 42 })],
    ['with a status that has no body', entryWith({ status: 101 })],
    ['with a coding that is none', entryWith({ coding: 'rot13' as never })],
    ['with bytes that are not in its coding', entryWith({ coding: 'br', identityBytes: 5_000 })],
    ['that lies about its length', entryWith({ coding: 'br', identityBytes: 1 })],
    ['that is cut short', (_entry, bytes) => bytes.subarray(0, -1)],
    [
      'that has one bit flipped',
      (_entry, bytes) => Buffer.from(bytes.map((byte, index) => (index === bytes.length - 9 ? byte ^ 1 : byte))),
    ],
    ['that is empty', () => Buffer.alloc(0)],
    ['that is text', () => Buffer.from('{"status":200,"body":"stolen"}')],
    [
      'of a later version of the format',
      (_entry, bytes) => Buffer.concat([bytes.subarray(0, 4), Buffer.from([99]), bytes.subarray(5)]),
    ],
    ['of another key', entryWith({ digest: 'f'.repeat(64) })],
  ])('%s is a miss: the handler answers', async (_what, change) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      cache: { redis: redis.url, memory: false },
    });
    await site.ask();
    await untilKeys(redis, 1);
    await poison(change);
    const answer = await site.ask();
    expect([answer.status, answer.text, answer.cacheStatus]).toEqual([200, '{"run":2}', 'ai-cache; fwd=miss; stored']);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(site.runs).toBe(2);
  });

  it('of another type of Redis is a miss, and told to onError', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      cache: { redis: redis.url, memory: false },
    });
    await site.ask();
    await untilKeys(redis, 1);
    const [key = ''] = await client.keys('*:e:*');
    await client.del(key);
    await client.lpush(key, 'x');
    expect((await site.ask()).text).toBe('{"run":2}');
    expect(site.errors.map(({ code }) => code)).toContain('REDIS_FAILED');
    expect(site.runs).toBe(2);
  });

  it('with names that JavaScript knows changes no prototype and is sent as what it is', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { cache: { redis: redis.url, memory: false } });
    await site.ask();
    await untilKeys(redis, 1);
    await poison(headers(['__proto__', 'a'], ['constructor', 'b'], ['Content-Type', 'text/plain']));
    const hit = await site.ask();
    expect(hit.rawHeaders).toEqual(expect.arrayContaining(['__proto__', 'a', 'constructor', 'b']));
    expect(({} as { a?: unknown }).a).toBeUndefined();
    expect(site.runs).toBe(1);
  });
});
