import express from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Sent } from '../../support/ask.ts';
import { cachedSite } from '../../support/cached-site.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { entriesIn, untilKeys } from './until-keys.ts';

const CANARY = 'canarius';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

/** The word in everything that a key could be made of by mistake. */
const secret: Sent = {
  path: `/ask?q=${CANARY}`,
  json: {
    text: CANARY,
    question: CANARY,
    options: { tone: CANARY, [CANARY]: 1 },
    messages: [{ role: 'user', content: CANARY }],
  },
  headers: { authorization: `Bearer ${CANARY}`, cookie: `sid=${CANARY}`, 'x-api-key': CANARY },
};

describe('what the cache writes into Redis', () => {
  it('is named by namespace, version, labels and a digest: never by a text, a token, a tenant or a URL', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({ answer: 42 }), {
      cache: { redis: redis.url, namespace: 'app:cache', version: 3 },
      route: { provider: 'openai', model: 'gpt/5', collection: 'docs and more' },
    });
    const scoped = await cachedSite(express, (_req, res) => res.json({ answer: 42 }), {
      cache: { redis: redis.url },
      route: { scope: () => CANARY },
    });
    await Promise.all([site.ask(secret), scoped.ask(secret)]);
    await untilKeys(redis, 2);
    const keys = await entriesIn(redis);
    expect(keys).toEqual([
      expect.stringMatching(/^ai_cache:e:1:unknown:::[0-9a-f]{64}$/),
      expect.stringMatching(/^app:cache:e:3:openai:gpt%2f5:docs%20and%20more:[0-9a-f]{64}$/i),
    ]);
    expect(await redis.cli('keys', '*')).not.toContain(CANARY);
  });

  it('holds the answer, and of the request its labels alone', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({ answer: 42 }), {
      cache: { redis: redis.url, compression: false },
    });
    await site.ask(secret);
    await untilKeys(redis, 1);
    const [key = ''] = await entriesIn(redis);
    const value = await redis.cli('--no-raw', 'get', key);
    expect(value).toContain('answer');
    expect(value).not.toContain(CANARY);
  });

  it('shows a short text in its key only where textHashThreshold asks for it', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      cache: { redis: redis.url, textHashThreshold: 20 },
    });
    await site.askInTurn({ json: { text: 'a short text' } }, { json: { text: 'a text that is longer than that' } });
    await untilKeys(redis, 2);
    const [longer, short] = (await entriesIn(redis)).toSorted((a, b) => a.length - b.length);
    expect(longer).toMatch(/^ai_cache:e:1:unknown:::[0-9a-f]{64}$/);
    expect(short).toMatch(/^ai_cache:e:1:unknown:::[0-9a-f]{64}:a%20short%20text$/);
  });

  it('expires, every key, when the answer does', async () => {
    const site = await cachedSite(
      express,
      (req, res) => {
        if (req.path === '/handler') res.set('Cache-Control', 'max-age=300');
        res.json({});
      },
      { cache: { redis: redis.url }, route: { ttlSeconds: 90 } },
    );
    await site.askInTurn({ path: '/route' }, { path: '/handler' }, { json: { text: 'a' } });
    await untilKeys(redis, 3);
    const ttls = await Promise.all((await entriesIn(redis)).map(async (key) => Number(await redis.cli('pttl', key))));
    const [route, json, handler] = ttls.toSorted((a, b) => a - b);
    for (const ttl of [route, json]) expect([ttl && ttl > 60_000, ttl && ttl <= 90_000]).toEqual([true, true]);
    expect([handler && handler > 200_000, handler && handler <= 300_000]).toEqual([true, true]);
  });

  it('is nothing where the answer may not be stored', async () => {
    const site = await cachedSite(
      express,
      (req, res) => (req.path === '/ok' ? res.json({}) : res.set('Cache-Control', 'no-store').json({})),
      {
        cache: { redis: redis.url },
      },
    );
    await site.askInTurn({ path: '/private' }, { path: '/private' }, { path: '/ok' });
    await untilKeys(redis, 1);
    expect(site.runs).toBe(3);
  });
});
