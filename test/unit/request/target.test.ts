import type { Express, Request } from 'express';
import { describe, expect, it } from 'vitest';
import { rewrittenFrom, targetOf } from '../../../src/request/target.ts';
import { expressVersions } from '../../support/express.ts';
import { ask, readBy } from './asked.ts';
import type { Ask } from './asked.ts';

const trustProxy = (app: Express): unknown => app.set('trust proxy', true);

const parseOwn = (app: Express): unknown => app.set('query parser', (text: string) => ({ text }));
const rewrite = (app: Express): unknown =>
  app.use((req, _res, next) => {
    req.url = '/inner';
    next();
  });

describe.each(expressVersions)('the target under $name', ({ express }) => {
  const target = (sent: Ask, setUp?: (app: Express) => unknown): Promise<string> =>
    readBy(express, targetOf, { ...sent, headers: { host: 'api.test', ...sent.headers } }, setUp);

  it('is method, scheme, authority with its port, path and query', async () => {
    const sent = { method: 'POST', path: '/a/b?x=1', headers: { host: 'API.Test:8080' } };
    expect(await target(sent)).toBe('POST http://api.test:8080/a/b?x=1');
    expect(await target({ headers: { host: '[::1]:80' } })).toBe('GET http://[::1]:80/');
  });

  it('takes what a proxy says only from a proxy that is trusted', async () => {
    const sent = { headers: { 'x-forwarded-host': 'Outer.test:444 , inner.test', 'x-forwarded-proto': 'https' } };
    expect(await target(sent)).toBe('GET http://api.test/');
    expect(await target(sent, trustProxy)).toBe('GET https://outer.test:444/');
    expect(await target(sent, (app) => app.set('trust proxy', '10.0.0.1'))).toBe('GET http://api.test/');
    expect(await target({}, trustProxy)).toBe('GET http://api.test/');
  });

  it('never takes a slash in the authority or the scheme for the beginning of the path', async () => {
    const targets = [
      await target({ headers: { host: 'a/b' }, path: '/c' }),
      await target({ headers: { host: 'a' }, path: '/b/c' }),
      await target({ headers: { 'x-forwarded-proto': 'http://a', host: 'b' }, path: '/c' }, trustProxy),
      await target({ headers: { host: 'a:/' }, path: '/b/c' }),
      await target({ headers: { host: 'a b' } }),
      await target({ headers: { host: 'a%20b' } }),
    ];
    expect(targets[0]).toBe('GET http://a%2Fb/c');
    expect(new Set(targets).size).toBe(targets.length);
  });

  it('sorts the query by name and keeps the order of repeats', async () => {
    expect(await target({ path: '/?b=2&a=9&b=1&a=1' })).toBe('GET http://api.test/?a=9&a=1&b=2&b=1');
    expect(await target({ path: '/?b&a=' })).toBe('GET http://api.test/?a=&b');
  });

  it('keeps the order of a query in which order has a meaning', async () => {
    for (const path of ['/?b[]=1&a=1', '/?b%5B%5D=1&a=1', '/?b.c=1&a=1', '/?b=1&&a=1', '/?b=1&a=1#f?d&c']) {
      // oxlint-disable-next-line no-await-in-loop -- one server after the other
      expect(await target({ path })).toBe(`GET http://api.test${path}`);
    }
    expect(await target({ path: '/?b=1&a=1' }, parseOwn)).toBe('GET http://api.test/?b=1&a=1');
    const many = `/?${Array.from({ length: 1001 }, (_, index) => `p${1001 - index}`).join('&')}`;
    expect(await target({ path: many })).toBe(`GET http://api.test${many}`);
  });

  it('tells paths apart that only look alike', async () => {
    const paths = ['/a', '/a/', '/A', '/a?', '/%61', '//a', '/a?x', '/a?x='];
    const targets = await Promise.all(paths.map((path) => target({ path })));
    expect(new Set(targets).size).toBe(paths.length);
  });

  it('is the whole path below a mount, and the URL is not taken for rewritten', async () => {
    const seen: (string | undefined)[] = [];
    const note = (req: Request): number => seen.push(targetOf(req), rewrittenFrom(req));
    const app = express();
    const router = express.Router();
    router.use((req, res) => {
      note(req);
      res.end();
    });
    app.use('/api/v1', router);
    for (const path of ['/api/v1/ask?b=1&a=1', '/api/v1', '/api/v1/', '/api/v1?b=1&a=1']) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await ask(app, { path, headers: { host: 'h' } });
    }
    expect(seen).toEqual([
      'GET http://h/api/v1/ask?a=1&b=1',
      undefined,
      'GET http://h/api/v1',
      undefined,
      'GET http://h/api/v1/',
      undefined,
      'GET http://h/api/v1?a=1&b=1',
      undefined,
    ]);
  });

  it('is the URL as rewritten, beside the one it was rewritten from', async () => {
    const both = await readBy(
      express,
      (req) => [targetOf(req), rewrittenFrom(req)],
      { path: '/outer?x=1', headers: { host: 'h' } },
      rewrite,
    );
    expect(both).toEqual(['GET http://h/inner', '/outer?x=1']);
  });

  it('is rewritten where a URL has been moved under a mount', async () => {
    const seen: (string | undefined)[] = [];
    const app = express();
    app.use((req, _res, next) => {
      req.url = '/a/b';
      next();
    });
    app.use('/a', (req, res) => {
      seen.push(targetOf(req), rewrittenFrom(req));
      res.end();
    });
    await ask(app, { path: '/ab', headers: { host: 'h' } });
    expect(seen).toEqual(['GET http://h/a/b', '/ab']);
  });
});
