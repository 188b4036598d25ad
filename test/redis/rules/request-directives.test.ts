import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

describe.each(expressVersions)('a request that wants no stored answer, on $name,', ({ name, express }) => {
  it.each(['no-cache', 'max-age=0'])('by %s gets a new one also where one fill serves the cluster', async (words) => {
    const site = await cachedSite(
      express,
      (_req, res, run) => void res.set('Cache-Control', 'max-age=100').end(`run ${run}`),
      {
        cache: { redis: redis.url, coalesce: { across: 'cluster' } },
        route: { requestDirectives: 'all' },
      },
    );
    const path = `/${words}/${name.at(-1)}`;
    await site.ask({ path });
    const anew = await site.ask({ path, headers: { 'cache-control': words } });
    expect([anew.text, anew.cacheStatus, site.runs]).toEqual(['run 2', 'ai-cache; fwd=request; stored', 2]);
  });

  it('gets a new one also while the one before is still being stored', async () => {
    const proxy = await startProxy(redis);
    const site = await cachedSite(
      express,
      (_req, res, run) => {
        if (run === 1) proxy.hold('replies');
        res.set('Cache-Control', 'max-age=100').end(`run ${run}`);
      },
      { cache: { redis: proxy.url }, route: { requestDirectives: 'all' } },
    );
    const path = `/storing/${name.at(-1)}`;
    await site.ask({ path });
    await proxy.held();
    const asked = site.ask({ path, headers: { 'cache-control': 'no-cache' } });
    await expect.poll(() => site.runs).toBe(2);
    proxy.release();
    expect([(await asked).text, site.runs]).toEqual(['run 2', 2]);
  });

  it('gets a new one also while another process still stores the one before', async () => {
    const proxy = await startProxy(redis);
    const answer = (_req: Request, res: Response): void =>
      void res.set('Cache-Control', 'max-age=100').end(`run ${(runs += 1)}`);
    let runs = 0;
    const route = { requestDirectives: 'all' } as const;
    const cluster = { coalesce: { across: 'cluster' } } as const;
    const storing = await cachedSite(express, (req, res) => (proxy.hold('replies'), answer(req, res)), {
      cache: { redis: proxy.url, ...cluster },
      route,
    });
    const asking = await cachedSite(express, answer, { cache: { redis: redis.url, ...cluster }, route });
    const path = `/elsewhere/${name.at(-1)}`;
    const headers = { host: 'app.test' };
    await storing.ask({ path, headers });
    await proxy.held();
    const asked = asking.ask({ path, headers: { ...headers, 'cache-control': 'no-cache' } });
    // It waits for the process that has the lease.
    await expect.poll(() => redis.cli('INFO', 'clients')).toMatch(/blocked_clients:[1-9]/);
    proxy.release();
    expect([(await asked).text, storing.runs, asking.runs]).toEqual(['run 2', 1, 1]);
  });
});
