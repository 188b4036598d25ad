import { request } from 'node:http';
import type { ErrorRequestHandler, Express, NextFunction, Request, Response } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AICacheError } from '../../../src/errors.ts';
import type { ManageableCache, StatsAction, StatsRouterOptions, statsRouter } from '../../../src/stats/index.ts';
import { expressVersions } from '../../support/express.ts';
import { listen, type Listening } from '../../support/http.ts';
import { info, inspectableCache } from './inspectable-cache.ts';

const PATHS = ['/stats', '/performance', '/performance/history', '/info', '/health', '/openapi.json'];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Every path of the router, in order. */
function askAll(mount: string, init: RequestInit = {}): Promise<Answer[]> {
  return Promise.all(PATHS.map((path) => ask(mount + path, init)));
}

function isAnn(req: Request): boolean {
  return req.get('x-user') === 'ann';
}

function fail(): never {
  throw new Error('canary');
}

describe.each(expressVersions)('statsRouter on $name', ({ express }) => {
  let build: typeof statsRouter;
  let open: Listening[];

  beforeEach(async () => {
    open = [];
    // The router that the app's own Express makes, as in an app that has one Express.
    vi.resetModules();
    vi.doMock('express', () => ({ default: express, Router: express.Router }));
    build = (await import('../../../src/stats/index.ts')).statsRouter;
  });

  afterEach(async () => {
    vi.doUnmock('express');
    await Promise.all(open.map((server) => server.close()));
  });

  async function serve(app: Express): Promise<string> {
    const server = await listen(app);
    open.push(server);
    return server.url;
  }

  /** Mounts it at `/cache`; returns the URL of the mount. */
  async function mounted(
    options: StatsRouterOptions = { authorize: 'none' },
    cache: ManageableCache = inspectableCache(),
  ): Promise<string> {
    const app = express();
    app.use('/cache', build(cache, options));
    return `${await serve(app)}/cache`;
  }

  describe('the answers', () => {
    it('are JSON that nobody stores and no browser guesses about', async () => {
      const url = await mounted();
      for (const { status, headers, text } of await askAll(url)) {
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('etag')).toBeNull();
        expect(JSON.parse(text)).toBeTypeOf('object');
      }
    });

    it('show requests and savings in all and by model at /stats', async () => {
      const cache = inspectableCache();
      const url = await mounted(undefined, cache);
      const stats = await (await fetch(`${url}/stats`)).json();
      expect(stats).toEqual(cache.stats());
      expect(stats).toMatchObject({ hits: 2, misses: 2, hitRatio: 0.5 });
    });

    it.each([
      ['?provider=openai', { provider: 'openai' }, 2],
      ['?model=large', { model: 'large' }, 0],
      ['?model=gpt-5&provider=openai', { provider: 'openai', model: 'gpt-5' }, 2],
      ['?provider=nobody', { provider: 'nobody' }, 0],
      ['?across=process&provider=openai', { provider: 'openai' }, 2],
    ])('are of the chosen provider and model at /stats%s', async (query, filter, hits) => {
      const cache = inspectableCache();
      const stats = await (await fetch(`${await mounted(undefined, cache)}/stats${query}`)).json();
      expect(stats).toEqual(cache.stats(filter));
      expect(stats).toMatchObject({ hits });
    });

    it("show the monitor's snapshot at /performance", async () => {
      const snapshot = await (await fetch(`${await mounted()}/performance`)).json();
      expect(snapshot).toMatchObject({ window: { seconds: 3600 }, requests: { count: 4, hitRatio: 0.5 } });
    });

    it('show its window as a series over time at /performance/history', async () => {
      const history = await (await fetch(`${await mounted()}/performance/history`)).json();
      expect(history).toMatchObject({ windowSeconds: 3600, slotSeconds: 60, slots: [{ requests: { count: 4 } }] });
    });

    it('show how the cache is built at /info', async () => {
      const actions = { invalidate: true, clear: true, warm: true };
      expect(await (await fetch(`${await mounted()}/info`)).json()).toEqual({ ...info, actions });
    });

    it.each([
      ['nothing', [], { invalidate: false, clear: false, warm: false }],
      ['to invalidate', ['invalidate'], { invalidate: true, clear: false, warm: false }],
      ['everything', ['invalidate', 'clear', 'warm'], { invalidate: true, clear: true, warm: true }],
    ])('say at /info that the caller may change %s', async (_, allowed, actions) => {
      const authorize = async (_req: Request, action: StatsAction): Promise<boolean> => {
        if (action === 'warm' && !allowed.includes('warm')) return fail();
        return action === 'read' || allowed.includes(action);
      };
      const { text } = await ask(`${await mounted({ authorize })}/info`);
      expect(JSON.parse(text)).toMatchObject({ actions });
    });

    it('have no body for HEAD', async () => {
      const response = await fetch(`${await mounted()}/info`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(Number(response.headers.get('content-length'))).toBe((await ask(response.url)).text.length);
      expect(await response.text()).toBe('');
    });

    it('are complete whatever condition the request has', async () => {
      const headers = { 'If-None-Match': '*', 'If-Modified-Since': new Date().toUTCString() };
      const response = await fetch(`${await mounted()}/info`, { headers });
      expect(response.status).toBe(200);
    });
  });

  describe('/health', () => {
    it.each([
      ['there is no Redis', false, 'ok'],
      ['Redis was not asked yet', { state: 'idle', breaker: 'closed' }, 'ok'],
      ['Redis is ready', { state: 'ready', breaker: 'closed' }, 'ok'],
      ['Redis connects', { state: 'connecting', breaker: 'closed' }, 'degraded'],
      ['Redis is away', { state: 'reconnecting', breaker: 'closed' }, 'degraded'],
      ['the connection is closed', { state: 'closed', breaker: 'closed' }, 'degraded'],
      ['the breaker is open', { state: 'ready', breaker: 'open' }, 'degraded'],
      ['the breaker probes', { state: 'ready', breaker: 'half-open' }, 'degraded'],
    ] as const)('is 200 where %s: %j → %s', async (_, redis, status) => {
      const response = await fetch(`${await mounted(undefined, inspectableCache(redis))}/health`);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status, redis });
    });

    it('shows of Redis only how it is', async () => {
      const redis = { state: 'ready', breaker: 'closed', serverVersion: '7.0', usedMemoryBytes: 5 } as const;
      const response = await fetch(`${await mounted(undefined, inspectableCache(redis))}/health`);
      expect(await response.json()).toEqual({ status: 'ok', redis: { state: 'ready', breaker: 'closed' } });
    });
  });

  describe('authorize', () => {
    it('is asked with the request and the action', async () => {
      const asked: [string, StatsAction][] = [];
      const url = await mounted({
        authorize: (req, action) => {
          asked.push([req.path, action]);
          return true;
        },
      });
      await askAll(url);
      expect(asked.toSorted((a, b) => (a.join() < b.join() ? -1 : 1))).toEqual([
        ['/health', 'health'],
        ['/info', 'clear'],
        ['/info', 'invalidate'],
        ['/info', 'read'],
        ['/info', 'warm'],
        ['/openapi.json', 'read'],
        ['/performance', 'read'],
        ['/performance/history', 'read'],
        ['/stats', 'read'],
      ]);
    });

    it.each([
      ['at once', isAnn],
      ['by a promise', async (req: Request) => isAnn(req)],
    ])('lets in who gets true %s', async (_, authorize) => {
      const url = await mounted({ authorize });
      expect((await ask(`${url}/stats`, { headers: { 'x-user': 'ann' } })).status).toBe(200);
      expect((await ask(`${url}/stats`, { headers: { 'x-user': 'bob' } })).status).toBe(403);
    });

    it.each([
      ['returns false', () => false],
      ['returns nothing', () => undefined],
      ['returns 1', () => 1],
      ['returns "true"', () => 'true'],
      ['returns an object', () => ({})],
      ['resolves to something else', async () => 'yes'],
      ['throws', fail],
      ['rejects', () => Promise.reject(new Error('canary'))],
    ])('that %s gives 403 as a problem and reads nothing', async (_, authorize) => {
      const read = vi.fn<() => never>(fail);
      const url = await mounted(
        { authorize: authorize as never },
        { ...inspectableCache(), stats: read, info: read, monitor: { snapshot: read, history: read } },
      );
      for (const { status, headers, text } of await askAll(url)) {
        expect(status).toBe(403);
        expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(JSON.parse(text)).toEqual({
          type: 'about:blank',
          title: 'Forbidden',
          status: 403,
          detail: 'You may not see this.',
        });
      }
      expect(read).not.toHaveBeenCalled();
    });

    it('tells those who may not look nothing about their query', async () => {
      const url = await mounted({ authorize: () => false });
      expect((await fetch(`${url}/stats?nonsense=1`)).status).toBe(403);
    });

    it.each([undefined, null, {}, { authorize: undefined }, { authorize: true }, { authorize: 'all' }])(
      'must be given: %j is refused, and the error names the fix',
      (options) => {
        const attempt = catching(() => build(inspectableCache(), options as never));
        expect(attempt).toMatchObject({ code: 'AUTHORIZE_REQUIRED', option: 'authorize' });
        expect(attempt?.help).toContain("'none'");
      },
    );
  });

  it('refuses options it does not know', () => {
    const attempt = catching(() => build(inspectableCache(), { authorize: 'none', readonly: true } as never));
    expect(attempt).toMatchObject({ code: 'UNKNOWN_OPTION', option: 'readonly', help: 'Did you mean "readOnly"?' });
  });

  it.each([undefined, {}, () => {}])('refuses a cache that is none: %j', (cache) => {
    const attempt = catching(() => build(cache as never, { authorize: 'none' }));
    expect(attempt).toMatchObject({ code: 'INVALID_OPTION', option: 'cache' });
  });

  describe('a request that cannot be answered', () => {
    it.each([
      ['/stats?providr=openai', 'providr', 'Known here: provider, model, across.'],
      ['/stats?provider=', 'provider', 'Allowed: 1 to 256.'],
      [`/stats?model=${'x'.repeat(257)}`, 'model', '257 characters long'],
      ['/stats?across=all', 'across', 'is "all". Allowed: process, cluster.'],
      ['/stats?across=cluster&across=process', 'across', 'more than once'],
      ['/stats?provider=a&provider=b', 'provider', 'more than once'],
      ['/stats?provider[]=a', 'provider[]', 'There is no query parameter'],
      ['/stats?__proto__=a', '__proto__', 'There is no query parameter'],
      ['/performance?window=60', 'window', 'There are none here.'],
      ['/info?provider=openai', 'provider', 'There are none here.'],
      ['/health?verbose', 'verbose', 'There are none here.'],
    ])('is a problem that names the parameter: %s', async (path, parameter, words) => {
      const response = await fetch((await mounted()) + path);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        parameter,
        detail: expect.stringContaining(words) as string,
      });
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])('is 405 with Allow for %s', async (method) => {
      const authorize = vi.fn<() => boolean>(() => true);
      const url = await mounted({ authorize });
      for (const { status, headers } of await askAll(url, { method })) {
        expect(status).toBe(405);
        expect(headers.get('allow')).toBe('GET, HEAD, OPTIONS');
        expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      }
      expect(authorize).not.toHaveBeenCalled();
    });

    it('is 500 without a word of the reason where the cache fails, and no error handler is asked', async () => {
      const app = express();
      const handled = vi.fn<ErrorRequestHandler>((_error, _req, res, _next) => void res.end());
      app.use(
        build(
          {
            ...inspectableCache(),
            stats: fail,
            monitor: { snapshot: fail, history: fail },
            info: () => Promise.reject(new Error('canary')),
          },
          { authorize: 'none' },
        ),
      );
      app.use((error: unknown, req: Request, res: Response, next: NextFunction) => handled(error, req, res, next));
      const url = await serve(app);
      for (const { status, text } of await askAll(url)) {
        expect(status).toBe(500);
        expect(JSON.parse(text)).toMatchObject({ status: 500, title: 'Internal Server Error' });
        expect(text).not.toContain('canary');
      }
      expect(handled).not.toHaveBeenCalled();
    });
  });

  it.each(['/cache/assets', '/cache/assets/', '/cache/other', '/cache/stats/more', '/cache/stats%2F'])(
    'has a problem for what is not there: %s',
    async (path) => {
      const app = express();
      app.use('/cache', build(inspectableCache(), { authorize: () => false }));
      const url = await serve(app);
      const answers = await Promise.all(['GET', 'DELETE', 'OPTIONS'].map((method) => ask(url + path, { method })));
      for (const { status, headers, text } of answers) {
        expect(status).toBe(404);
        expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(JSON.parse(text)).toMatchObject({ title: 'Not Found', status: 404 });
      }
    },
  );

  it('leaves paths that are not its own to the next handler where it is mounted at the root', async () => {
    const app = express();
    app.use(build(inspectableCache(), { authorize: () => false }));
    app.use((_req, res) => {
      res.status(299).send('next');
    });
    const url = await serve(app);
    const others = ['/other', '/stats/more', '/assets/nothing.js'];
    const answers = await Promise.all(others.map((path) => ask(url + path)));
    expect(answers.map(({ status }) => status)).toEqual(others.map(() => 299));
  });

  it('says for OPTIONS what may be asked, and nothing to other origins', async () => {
    const authorize = vi.fn<() => boolean>(() => true);
    const preflight = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'DELETE' };
    const url = await mounted({ authorize });
    const paths = { '/stats': 'GET, HEAD, OPTIONS', '/clear': 'DELETE, OPTIONS', '/warm': 'POST, OPTIONS' };
    await Promise.all(
      Object.entries(paths).map(async ([path, allow]) => {
        const { status, headers } = await ask(url + path, { method: 'OPTIONS', headers: preflight });
        expect([status, headers.get('allow'), headers.get('cache-control')]).toEqual([204, allow, 'no-store']);
        expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }),
    );
    expect(authorize).not.toHaveBeenCalled();
  });

  it('works at the root, and twice in one app', async () => {
    const app = express();
    app.use('/second', build(inspectableCache(), { authorize: 'none' }));
    app.use(build(inspectableCache(), { authorize: 'none' }));
    const url = await serve(app);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
    expect((await fetch(`${url}/second/stats`)).status).toBe(200);
  });

  it("does not depend on the app's settings for JSON and queries", async () => {
    const app = express();
    app.set('query parser', false);
    app.set('json spaces', 4);
    app.set('etag', 'strong');
    app.use(build(inspectableCache(), { authorize: 'none' }));
    const response = await fetch(`${await serve(app)}/stats?provider=openai`);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ hits: 2, misses: 1 });
    expect(body).not.toContain('\n');
    expect(response.headers.get('etag')).toBeNull();
  });

  it('stays quiet where somebody else has answered while authorize was asked', async () => {
    const url = await mounted({
      authorize: (req) => {
        req.res?.status(202).end('elsewhere');
        return true;
      },
    });
    const response = await fetch(`${url}/stats`);
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('elsewhere');
  });

  it('survives a client that leaves while authorize is asked', async () => {
    const asked = Promise.withResolvers<Request>();
    const answer = Promise.withResolvers<boolean>();
    const url = await mounted({
      authorize: (req) => {
        asked.resolve(req);
        return answer.promise;
      },
    });
    const leaving = request(`${url}/stats`);
    leaving.on('error', () => {});
    leaving.end();
    const req = await asked.promise;
    const left = new Promise((resolve) => req.res?.once('close', resolve));
    leaving.destroy();
    await left;
    answer.resolve(true);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

function catching(call: () => unknown): AICacheError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error as AICacheError;
  }
}
