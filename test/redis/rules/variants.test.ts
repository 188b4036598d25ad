import type { Request, Response } from 'express';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { arrivals } from '../../support/arrivals.ts';
import type { Sent } from '../../support/ask.ts';
import { cachedSite, type CachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { untilKeys } from '../app/until-keys.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const withPlan = (plan: string): Sent => ({ headers: { host: 'answers.test', 'x-plan': plan } });
const [a, b] = [withPlan('a'), withPlan('b')] as const;
const plain = { path: '/plain', headers: { host: 'answers.test' } };

function varying(req: Request, res: Response): void {
  if (req.path !== '/plain') res.vary('X-Plan');
  res.set('Cache-Control', 'max-age=1000').end(`${req.method} ${req.get('x-plan')}`);
}

describe.each(expressVersions)('two caches with one Redis on $name', ({ express }) => {
  const site = (memory: boolean, route: AIRouteOptions = {}): Promise<CachedSite> =>
    cachedSite(express, varying, { cache: { redis: redis.url, ...(memory ? {} : { memory: false }) }, route });

  it('share the variants of a key', async () => {
    const [one, two] = [await site(true), await site(true)];
    await one.askInTurn(a, b);
    // Two variants, and the rule that tells them apart.
    await untilKeys(redis, 3);
    const answers = await two.askInTurn(a, b, a);
    expect(answers.map(({ text }) => text)).toEqual(['GET a', 'GET b', 'GET a']);
    expect(answers.map(({ cacheStatus }) => /detail=(\w+)/.exec(cacheStatus ?? '')?.[1])).toEqual([
      'redis',
      'redis',
      'memory',
    ]);
    expect([one.runs, two.runs]).toEqual([2, 0]);
  });

  it('keep variants, and what must be checked every time, also where one run of a handler is for all processes', async () => {
    const across = { redis: redis.url, coalesce: { across: 'cluster' as const } };
    const one = await cachedSite(
      express,
      (req, res, run) => {
        if (req.headers['if-none-match'] === '"v1"') res.status(304).end();
        else if (req.path === '/checked') res.set({ ETag: '"v1"', 'Cache-Control': 'no-cache' }).end(`run ${run}`);
        else varying(req, res);
      },
      { cache: across },
    );
    const checked = { path: '/checked', headers: plain.headers };
    const answers = await one.askInTurn(a, b, a, b, checked, checked);
    expect(answers.map(({ text }) => text)).toEqual(['GET a', 'GET b', 'GET a', 'GET b', 'run 3', 'run 3']);
    expect(answers[5]?.cacheStatus).toMatch(/^ai-cache; fwd=stale; fwd-status=304/);
    expect(one.runs).toBe(4);
  });

  it('ask Redis once for a hit whose headers are all in the key, and twice for one of a variant', async () => {
    const one = await site(false);
    await one.askInTurn(a, plain);
    await untilKeys(redis, 3);
    const monitor = await startMonitor(redis);
    const reads = async (): Promise<number> =>
      (await monitor.commands()).filter(([name = '']) => name.toLowerCase() === 'get').length;
    await one.ask(plain);
    expect(await reads()).toBe(1);
    await one.ask(a);
    expect(await reads()).toBe(3);
    expect(one.runs).toBe(2);
  });

  it('lose what a PUT at either of them has changed, and nothing else', async () => {
    const [one, two] = [await site(true), await site(true)];
    await one.askInTurn(a, b, plain);
    await untilKeys(redis, 4);
    await two.askInTurn(a, b, plain);
    await two.ask({ method: 'PUT', headers: { host: 'answers.test' } });
    await expect.poll(async () => (await one.ask(a)).cacheStatus).not.toMatch(/hit/);
    expect((await one.ask(b)).cacheStatus).not.toMatch(/hit/);
    expect((await one.ask(plain)).cacheStatus).toMatch(/hit/);
    expect([one.runs, two.runs]).toEqual([5, 1]);
  });

  it('write nothing to the log of invalidations for a PUT where nothing is stored', async () => {
    const one = await site(true);
    await one.ask(plain);
    await untilKeys(redis, 1);
    const monitor = await startMonitor(redis);
    await one.ask({ method: 'PUT', path: '/elsewhere', headers: { host: 'answers.test' } });
    await expect
      .poll(async () => (await monitor.commands()).map(([name = '']) => name.toLowerCase()))
      .toContain('exists');
    expect((await monitor.commands()).map(([name = '']) => name.toLowerCase())).not.toContain('publish');
    expect((await one.ask(plain)).cacheStatus).toMatch(/hit/);
    expect(one.runs).toBe(2);
  });

  it('a direct call never takes the rule of a key for an answer', async () => {
    const requests: Request[] = [];
    const one = await cachedSite(express, (req, res) => (requests.push(req), varying(req, res)), {
      cache: { redis: redis.url, memory: false },
    });
    await one.ask(a);
    await untilKeys(redis, 2);
    const request = one.cache.requestFor(requests[0] as Request);
    const other = new AIResponseCache({ redis: redis.url, telemetry: false });
    expect(await other.get(request)).toBeUndefined();
    expect(await other.get(request, { allowStale: true })).toBeUndefined();
    expect(await other.getMany([request])).toEqual([undefined]);
    await other.close();
  });

  it('keep out of reach what one began before the other invalidated its key', async () => {
    const [came, mayAnswer] = [arrivals(), gate()];
    let [asked, version]: [Request | undefined, string] = [undefined, 'old'];
    const handler = async (req: Request, res: Response): Promise<void> => {
      const made = version;
      asked ??= req;
      if (req.headers['x-slow'] !== undefined) {
        came.note();
        await mayAnswer.opened;
      }
      res.set({ 'Cache-Control': 'max-age=1000', Vary: 'X-Plan' }).end(`${made} for ${req.get('x-plan')}`);
    };
    const cache = { redis: redis.url };
    const [one, two] = [await cachedSite(express, handler, { cache }), await cachedSite(express, handler, { cache })];
    await one.ask(a);
    await untilKeys(redis, 2);
    const slow = one.ask({ headers: { ...b.headers, 'x-slow': '1' } });
    await came.reached(1);
    version = 'new';
    // The rule and the variant that lay there.
    const key = one.cache.requestFor(asked as unknown as Request);
    expect(await two.cache.invalidate({ key })).toEqual({ removed: 2 });
    await untilKeys(redis, 0);
    await two.ask(a);
    await untilKeys(redis, 2);
    mayAnswer.open();
    expect((await slow).text).toBe('old for b');
    const answers = [...(await one.askInTurn(a, b)), ...(await two.askInTurn(a, b))];
    expect(answers.map(({ text }) => text)).toEqual(['new for a', 'new for b', 'new for a', 'new for b']);
    expect(one.runs + two.runs).toBe(4);
  });
});
