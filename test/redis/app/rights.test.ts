import { readFileSync } from 'node:fs';
import express from 'express';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { cachedSite, STORED } from '../../support/cached-site.ts';
import { startRedis } from '../../support/redis-server.ts';
import { docs } from '../invalidation/open-cache.ts';

const PAGE = readFileSync(new URL('../../../docs/guide/redis.md', import.meta.url), 'utf8');

it('a Redis user with the rights that the guide names can do all that the cache does', async () => {
  const [, rights = ''] = /`(~ai_cache:\* [^`]+)`/.exec(PAGE) ?? [];
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  await redis.cli('acl', 'setuser', 'app', 'on', '>pw', ...rights.split(' '));
  const user = new Redis({ path: redis.path, username: 'app', password: 'pw', lazyConnect: true });
  const site = await cachedSite(express, (_req, res, run) => res.json(run), {
    cache: { redis: user, coalesce: { across: 'cluster' } },
    route: { scope: 'shared' },
  });
  await site.cache.connect();
  expect((await site.ask({ json: { text: 'a' } })).cacheStatus).toBe(STORED);
  expect((await site.ask({ json: { text: 'a' } })).cacheStatus).toContain('hit');
  expect(site.runs).toBe(1);
  await site.cache.setMany([{ request: docs('a', { tags: ['t'] }), response: 'a' }]);
  expect((await site.cache.getMany([docs('a')]))[0]?.text()).toBe('a');
  expect(await site.cache.expire({ tag: 't' })).toEqual({ expired: 1 });
  expect(await site.cache.clear()).toEqual({ removed: 2 });
  expect(await site.cache.stats({ across: 'cluster' })).toMatchObject({ hits: 2, misses: 1 });
  expect((await site.cache.info()).tiers.redis).toMatchObject({
    serverVersion: expect.stringMatching(/^\d/) as string,
  });
  expect(site.errors.filter(({ code }) => code !== 'UNKNOWN_MODEL')).toEqual([]);
  expect(await redis.cli('acl', 'log')).toBe('');
});
