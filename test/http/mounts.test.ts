import type { Express, RequestHandler } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { aiCache } from '../../src/middleware.ts';
import { ask, askInTurn } from '../support/ask.ts';
import { serve } from '../support/cached-site.ts';
import { countedHandler } from '../support/counted-handler.ts';
import { expressVersions } from '../support/express.ts';

function newCache(): AIResponseCache {
  const cache = new AIResponseCache({ telemetry: false });
  onTestFinished(() => cache.close());
  return cache;
}

describe.each(expressVersions)('mounts on $name', ({ express }) => {
  const answer = () => countedHandler((req, res, run) => res.json({ run, baseUrl: req.baseUrl, url: req.url }));

  async function portOf(setUp: (app: Express) => unknown): Promise<number> {
    const app = express();
    app.use(express.json());
    setUp(app);
    return (await serve(app)).port;
  }

  const texts = async (port: number, ...paths: string[]): Promise<string[]> =>
    (
      await askInTurn(
        port,
        paths.map((path) => ({ path })),
      )
    ).map(({ text }) => text);

  it('of one cache on two routes keep their answers apart, and count together', async () => {
    const cache = newCache();
    const [one, two] = [answer(), answer()];
    const port = await portOf((app) => {
      app.get('/one', aiCache({ cache }), one.handler);
      app.get('/two', aiCache({ cache, ttlSeconds: 60 }), two.handler);
    });
    await texts(port, '/one', '/two', '/one', '/two');
    expect([one.runs, two.runs]).toEqual([1, 1]);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 2 });
    const { cacheStatus } = await ask(port, { path: '/two' });
    expect(cacheStatus).toMatch(/ttl=(59|60);/);
  });

  it('of two caches share nothing', async () => {
    const [one, two] = [answer(), answer()];
    const port = await portOf((app) => {
      app.get('/a', aiCache({ name: 'one', telemetry: false }), one.handler);
      app.get('/b', aiCache({ name: 'two', telemetry: false }), two.handler);
    });
    const answers = await askInTurn(
      port,
      ['/a', '/b', '/a', '/b'].map((path) => ({ path })),
    );
    expect(answers.map(({ cacheStatus }) => cacheStatus?.split(';', 2).join(';'))).toEqual([
      'one; fwd=miss',
      'two; fwd=miss',
      'one; hit',
      'two; hit',
    ]);
  });

  it('twice on the way of one request act once, and nobody waits for himself', async () => {
    const cache = newCache();
    const handler = answer();
    const port = await portOf((app) => {
      app.use(aiCache({ cache }));
      app.get('/a', aiCache({ cache }), aiCache({ cache, ttlSeconds: 5 }), handler.handler);
    });
    const [first, second] = await askInTurn(port, [{ path: '/a' }, { path: '/a' }]);
    expect([first?.cacheStatus, second?.cacheStatus]).toEqual([
      'ai-cache; fwd=miss; stored',
      expect.stringMatching(/^ai-cache; hit/),
    ]);
    expect(handler.runs).toBe(1);
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, bypassed: 0 });
  });

  it('behind a mount that could not read the body act where that one went past', async () => {
    const cache = newCache();
    const handler = answer();
    const app = express();
    app.use(aiCache({ cache }), express.json(), aiCache({ cache }), handler.handler);
    const { port } = await serve(app);
    const [first, second] = await askInTurn(port, [{ json: { text: 'a' } }, { json: { text: 'a' } }]);
    expect(first?.cacheStatus).toBe('ai-cache; fwd=miss; stored, ai-cache; fwd=bypass; detail=unkeyable');
    expect(second?.cacheStatus).toMatch(/^ai-cache; hit; [^,]+, ai-cache; fwd=bypass; detail=unkeyable$/);
    expect(handler.runs).toBe(1);
  });

  it('in nested routers tell their paths apart', async () => {
    const cache = newCache();
    const handler = answer();
    const port = await portOf((app) => {
      const inner = express.Router().get('/answer', aiCache({ cache }), handler.handler);
      app.use('/v1', express.Router().use('/en', inner));
      app.use('/v2', inner);
    });
    const got = await texts(port, '/v1/en/answer', '/v2/answer', '/v1/en/answer', '/v2/answer');
    expect(got).toEqual([
      '{"run":1,"baseUrl":"/v1/en","url":"/answer"}',
      '{"run":2,"baseUrl":"/v2","url":"/answer"}',
      '{"run":1,"baseUrl":"/v1/en","url":"/answer"}',
      '{"run":2,"baseUrl":"/v2","url":"/answer"}',
    ]);
    expect(handler.runs).toBe(2);
  });

  it('in front of a sub-app and inside it cache the same way', async () => {
    const cache = newCache();
    const [outside, inside] = [answer(), answer()];
    const port = await portOf((app) => {
      app.use('/outside', aiCache({ cache }), express().use(outside.handler));
      app.use('/inside', express().use(aiCache({ cache }), inside.handler));
    });
    await texts(port, '/outside/a', '/outside/b', '/outside/a', '/inside/a', '/inside/b', '/inside/a');
    expect([outside.runs, inside.runs]).toEqual([2, 2]);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 4 });
  });

  it('by app.use at a path, app.all and router.route work alike', async () => {
    const cache = newCache();
    const handler = answer();
    const port = await portOf((app) => {
      app.use('/use', aiCache({ cache }), handler.handler);
      app.all('/all', aiCache({ cache }), handler.handler);
      app.route('/route').get(aiCache({ cache }), handler.handler);
    });
    await texts(port, '/use', '/use', '/all', '/all', '/route', '/route', '/use/', '/use/');
    expect(handler.runs).toBe(4);
  });

  it('for two hosts of one app keep their answers apart', async () => {
    const handler = answer();
    const port = await portOf((app) => app.use(aiCache({ telemetry: false }), handler.handler));
    const hosts = ['a.test', 'b.test', 'a.test', 'A.TEST'].map((host) => ({ headers: { host } }));
    await askInTurn(port, hosts);
    expect(handler.runs).toBe(2);
  });

  it('behind a middleware that rewrites the URL cache what was asked for and what it became', async () => {
    const handler = answer();
    const rewrite: RequestHandler = (req, _res, next) => {
      if (req.url.startsWith('/old')) req.url = req.url.replace('/old', '/new');
      next();
    };
    const port = await portOf((app) => app.use(rewrite, aiCache({ telemetry: false }), handler.handler));
    const got = await texts(port, '/old/a', '/new/a', '/old/b', '/old/a');
    expect(got.map((text) => JSON.parse(text) as { run: number; url: string })).toMatchObject([
      { run: 1, url: '/new/a' },
      { run: 2, url: '/new/a' },
      { run: 3, url: '/new/b' },
      { run: 1, url: '/new/a' },
    ]);
    expect(handler.runs).toBe(3);
  });

  it('followed by a handler that calls next() record what the last one sends', async () => {
    const last = answer();
    const first = countedHandler((_req, res) => res.set('X-First', 'yes').locals);
    const port = await portOf((app) => {
      app.use(aiCache({ telemetry: false }));
      app.use((req, res, next) => (first.handler(req, res, next), next()), last.handler);
    });
    const [, hit] = await askInTurn(port, [{}, {}]);
    expect(hit?.headers['x-first']).toBe('yes');
    expect([first.runs, last.runs]).toEqual([1, 1]);
  });

  it('followed by no handler let Express answer 404, which is not stored', async () => {
    const port = await portOf((app) => app.use(aiCache({ telemetry: false })));
    const [first, second] = await askInTurn(port, [{ path: '/none' }, { path: '/none' }]);
    expect([first?.status, first?.cacheStatus]).toEqual([404, 'ai-cache; fwd=miss; detail=status']);
    expect(second?.cacheStatus).toBe('ai-cache; fwd=miss; detail=status');
  });
});
