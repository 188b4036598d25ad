import type { ErrorRequestHandler, Express } from 'express';
import { describe, expect, it } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

const page: ErrorRequestHandler = (error: Error, _req, res, _next) => {
  res.status(503).json({ failed: error.message });
};
const withPage = (app: Express): unknown => app.set('env', 'test').use(page);
const withoutPage = (app: Express): unknown => app.set('env', 'test');

describe.each(expressVersions)('an error of the handler on $name', ({ express }) => {
  it.each([
    [
      'thrown',
      () => {
        throw new Error('no');
      },
    ],
    ['passed on', (req: Express['request']) => req.next?.(new Error('no'))],
    ['passed on later', (req: Express['request']) => setImmediate(() => req.next?.(new Error('no')))],
  ])('that is %s reaches the error middleware, and its page is not stored', async (_how, fail) => {
    const site = await cachedSite(express, (req, res, run) => (run === 1 ? fail(req) : res.json({ run })), {
      behind: withPage,
    });
    const [first, second, third] = await site.askInTurn({}, {}, {});
    expect(first).toMatchObject({
      status: 503,
      text: '{"failed":"no"}',
      cacheStatus: 'ai-cache; fwd=miss; detail=error',
    });
    expect([second?.text, third?.text]).toEqual(['{"run":2}', '{"run":2}']);
    expect(site.runs).toBe(2);
    expect(site.errors).toEqual([]);
    expect(site.cache.stats()).toMatchObject({ errors: 1, misses: 1, hits: 1 });
  });

  it('reaches the final handler of Express where there is no error middleware', async () => {
    const site = await cachedSite(
      express,
      () => {
        throw Object.assign(new Error('no'), { status: 418 });
      },
      { behind: withoutPage },
    );
    const { status, cacheStatus, text } = await site.ask();
    expect([status, cacheStatus]).toEqual([418, 'ai-cache; fwd=miss; detail=status']);
    expect(text).toContain('Error: no');
    expect(site.runs).toBe(1);
  });

  it('in the middle of its answer cuts the connection and stores nothing', async () => {
    const site = await cachedSite(
      express,
      (_req, res, run) => {
        res.write('half');
        if (run === 1) throw new Error('no');
        res.end(' and half');
      },
      { behind: withoutPage },
    );
    await expect(site.ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await site.ask()).text).toBe('half and half');
    expect((await site.ask()).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(2);
  });

  it('that the error middleware turns into a good answer is stored as such', async () => {
    const recover: ErrorRequestHandler = (_error, _req, res, _next) => void res.json({ recovered: true });
    const site = await cachedSite(
      express,
      () => {
        throw new Error('no');
      },
      { behind: (app) => app.use(recover) },
    );
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text }) => text)).toEqual(['{"recovered":true}', '{"recovered":true}']);
    expect(site.runs).toBe(1);
  });

  it('is not one of the cache: onError hears nothing of it', async () => {
    const site = await cachedSite(
      express,
      () => {
        throw new Error('no');
      },
      { behind: withPage },
    );
    await site.ask();
    expect(site.errors).toEqual([]);
  });
});

it.each(expressVersions.filter(({ major }) => major === 5))(
  'a rejection of the handler on $name reaches the error middleware',
  async ({ express }) => {
    const site = await cachedSite(express, () => Promise.reject(new Error('no')), { behind: withPage });
    expect(await site.ask()).toMatchObject({ status: 503, text: '{"failed":"no"}' });
    expect(site.runs).toBe(1);
  },
);

describe.each(expressVersions)('an error of middleware on $name', ({ express }) => {
  it('between the cache and the handler is handled as the handler’s own', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      inner: [(req, _res, next) => next(req.path === '/bad' ? new Error('inner') : undefined)],
      behind: withPage,
    });
    const [bad, good] = await site.askInTurn({ path: '/bad' }, { path: '/good' });
    expect([bad?.status, bad?.cacheStatus]).toEqual([503, 'ai-cache; fwd=miss; detail=error']);
    expect([good?.status, site.runs]).toEqual([200, 1]);
  });

  it('before the cache never reaches it', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      outer: [(_req, _res, next) => next(new Error('outer'))],
      behind: withPage,
    });
    const { status, cacheStatus } = await site.ask();
    expect([status, cacheStatus, site.runs]).toEqual([503, undefined, 0]);
  });

  it('that reads a body which is no JSON is answered without the cache', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { behind: withPage });
    const { status, cacheStatus } = await site.ask({
      method: 'POST',
      body: '{"text":',
      headers: { 'content-type': 'application/json' },
    });
    expect([status, cacheStatus, site.runs]).toEqual([503, undefined, 0]);
  });
});
