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
});
