import type { Express } from 'express';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Authorize, statsRouter } from '../../../src/stats/index.ts';
import { ask, type Answer, type Sent } from '../../support/ask.ts';
import { serve } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { inspectableCache } from './inspectable-cache.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

describe.each(expressVersions)('the files of the dashboard on $name', ({ express }) => {
  let build: typeof statsRouter;

  beforeEach(async () => {
    vi.resetModules();
    vi.doMock('express', () => ({ default: express, Router: express.Router }));
    build = (await import('../../../src/stats/index.ts')).statsRouter;
    return () => vi.doUnmock('express');
  });

  /** Mounts the router at `/cache`. */
  async function mounted(
    authorize: Authorize | 'none' = 'none',
    outer: (app: Express) => void = () => {},
  ): Promise<(path: string, sent?: Sent) => Promise<Answer>> {
    const app = express();
    outer(app);
    app.use('/cache', build(inspectableCache(), { authorize }));
    app.use((_req, res) => {
      res.status(299).send('next');
    });
    const { port } = await serve(app);
    return (path, sent = {}) => ask(port, { path, ...sent });
  }

  it('are one page and all that it names', async () => {
    const get = await mounted();
    const page = await get('/cache/');
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    const named = [...page.text.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(named).toEqual(expect.arrayContaining(['assets/main.js', 'assets/uplot.js', 'assets/uplot.css']));
    const answers = await Promise.all(named.map((path) => get(`/cache/${path}`)));
    expect(answers.map(({ status }) => status)).toEqual(named.map(() => 200));
    const types = new Set(answers.map(({ headers }) => headers['content-type']));
    expect(types).toEqual(new Set(['text/javascript; charset=utf-8', 'text/css; charset=utf-8']));
  });

  it('import only each other', async () => {
    const get = await mounted();
    const seen = new Set(['main.js']);
    for (const name of seen) {
      // One after the other: what a module imports is known when it is there.
      // eslint-disable-next-line no-await-in-loop
      const { status, text } = await get(`/cache/assets/${name}`);
      expect({ name, status }).toEqual({ name, status: 200 });
      const imports = [...text.matchAll(/^\s*(?:import|export|\}).*? from '([^']+)'/gm)].map(([, path]) => path ?? '');
      for (const path of imports) {
        expect(path).toMatch(/^\.\/[\w-]+\.js$/);
        seen.add(path.slice(2));
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('have a policy that lets nothing in from elsewhere, nothing inline and nobody frame them', async () => {
    const get = await mounted('none', (app) => {
      app.use((_req, res, next) => {
        res.setHeader('Content-Security-Policy', "script-src 'unsafe-inline'");
        next();
      });
    });
    const answers = await Promise.all(['/cache/', '/cache/assets/main.js'].map((path) => get(path)));
    for (const { headers } of answers) {
      expect(headers['content-security-policy']?.toString().split('; ')).toEqual([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cache-control': 'private, no-cache',
      });
    }
  });

  it('are not sent again to a browser that has them', async () => {
    const get = await mounted();
    const first = await get('/cache/assets/main.js');
    const headers = { 'if-none-match': first.headers.etag ?? '' };
    const second = await get('/cache/assets/main.js', { headers });
    expect(second).toMatchObject({ status: 304, text: '' });
    const other = await get('/cache/assets/chart.js', { headers });
    expect(other.status).toBe(200);
  });

  it('have no body for HEAD, and are 405 for other methods', async () => {
    const get = await mounted();
    const [whole, head] = [await get('/cache/'), await get('/cache/', { method: 'HEAD' })];
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': String(whole.body.length) } });
    for (const path of ['/cache/', '/cache', '/cache/assets/main.js']) {
      // eslint-disable-next-line no-await-in-loop
      const answer = await get(path, { method: 'POST' });
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } });
    }
  });

  it.each([
    'nothing.js',
    'tsconfig.json',
    'main.ts',
    '..%2Frouter.js',
    '..%2F..%2Fpackage.json',
    '%2e%2e',
    '__proto__',
  ])('are no others than those: there is no assets/%s', async (name) => {
    const get = await mounted();
    expect(await get(`/cache/assets/${name}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['/cache', './cache/'],
    ['/cache?a=b/c', './cache/?a=b/c'],
  ])(
    'are reached without a slash at the end by a redirect that no prefix disturbs: %s → %s',
    async (path, location) => {
      const get = await mounted();
      expect(await get(path)).toMatchObject({ status: 307, headers: { location, 'cache-control': 'no-store' } });
    },
  );

  it('leave to an app at whose root they are what is not theirs', async () => {
    const app = express();
    app.use(build(inspectableCache(), { authorize: 'none' }));
    app.use((_req, res) => {
      res.status(299).send('next');
    });
    const { port } = await serve(app);
    expect(await ask(port)).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(await ask(port, { method: 'POST' })).toMatchObject({ status: 299 });
    expect(await ask(port, { path: '/assets/of-the-app.js' })).toMatchObject({ status: 299 });
  });

  it('are for those who may read, each of them', async () => {
    const asked: string[] = [];
    const get = await mounted((req, action) => {
      asked.push(`${action} ${req.path}`);
      return false;
    });
    const page = await get('/cache/', { headers: BROWSER });
    expect(page).toMatchObject({ status: 403, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).toContain('You may not see this.');
    const program = await get('/cache/');
    expect(program).toMatchObject({
      status: 403,
      headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    });
    expect(await get('/cache/assets/main.js')).toMatchObject({ status: 403 });
    expect(asked).toEqual(['read /', 'read /', 'read /assets/main.js']);
  });
});
