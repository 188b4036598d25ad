import { afterAll, beforeAll, expect, it } from 'vitest';
import express from 'express';
import { cachedSite } from '../../support/cached-site.ts';
import { gate } from '../../support/gate.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { openCache } from './open-cache.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

it.each(['process', 'cluster'] as const)(
  'who asks after an invalidation joins no fill of before: coalescing across the %s',
  async (across) => {
    const namespace = `flights:${across}`;
    const cache = { redis: redis.url, redisTimeoutMs: 10_000, namespace, coalesce: { across } };
    const route = { collection: 'docs' };
    const held = [gate(), gate()];
    let runs = 0;
    const arrived = [gate(), gate()];
    const answer = async (_req: unknown, res: express.Response): Promise<void> => {
      const run = runs;
      runs += 1;
      arrived[run]?.open();
      await held[run]?.opened;
      res.json({ run });
    };
    const first = await cachedSite(express, answer, { cache, route });
    const other = across === 'process' ? first : await cachedSite(express, answer, { cache, route });
    const sent = { json: { text: 'What is a cache?' }, headers: { host: 'answers.test' } };
    const before = first.ask(sent);
    await arrived[0]?.opened;
    await openCache({ redis: redis.url, namespace }).cache.invalidate(route);
    const after = other.ask(sent);
    await arrived[1]?.opened;
    held[1]?.open();
    expect((await after).text).toBe('{"run":1}');
    held[0]?.open();
    expect((await before).text).toBe('{"run":0}');
    for (const site of [first, other, first]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await site.ask(sent)).text).toBe('{"run":1}');
    }
    expect(runs).toBe(2);
  },
);

it('a refresh that skips the lookup is stored, also as the first request of a process', async () => {
  const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
    cache: { redis: redis.url, redisTimeoutMs: 10_000, namespace: 'refreshed' },
    route: { refresh: (req) => req.path === '/anew' },
  });
  await site.ask({ path: '/anew' });
  await expect.poll(() => redis.cli('keys', 'refreshed:e:*')).not.toBe('');
});
