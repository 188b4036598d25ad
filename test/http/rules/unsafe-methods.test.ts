import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { rulesSite } from './rules-site.ts';

/** A GET is answered with the number of its run; another method as its headers ask for. */
function resource(req: Request, res: Response, run: number): void {
  if (req.method === 'GET') {
    res.set({ 'Cache-Control': 'max-age=100', Vary: 'X-Plan' }).end(`run ${run}`);
    return;
  }
  for (const name of ['location', 'content-location']) {
    const value = req.get(`x-${name}`);
    if (value !== undefined) res.set(name, value);
  }
  res.status(Number(req.get('x-status') ?? 200)).end();
}

const GETS = { methods: ['GET'] } as const;

describe.each(expressVersions)('on $name', ({ express }) => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'LOCK'])(
    'a %s that succeeds invalidates every stored answer to a GET of its URL, and of no other',
    async (method) => {
      const site = await rulesSite(express, resource, GETS);
      const variants = [{ 'x-plan': 'a' }, { 'x-plan': 'b' }, { accept: 'text/html' }, { authorization: 'Bearer a' }];
      const asked = variants.map((headers) => ({ path: '/a?y=2&x=1', headers }));
      await site.askInTurn(...asked, { path: '/b' });
      await site.ask({ method, path: '/a?x=1&y=2' });
      const answers = await site.askInTurn(...asked, { path: '/b' });
      expect(answers.map(({ text }) => text)).toEqual(['run 7', 'run 8', 'run 9', 'run 10', 'run 5']);
      expect(site.runs).toBe(10);
    },
  );

  it.each([400, 404, 500, 503])('one that is answered %i invalidates nothing', async (status) => {
    const site = await rulesSite(express, resource, GETS);
    const [, , again] = await site.askInTurn({}, { method: 'PUT', headers: { 'x-status': String(status) } }, {});
    expect([again?.text, site.runs]).toEqual(['run 1', 2]);
  });

  it.each(['OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH', 'HEAD'])('a %s invalidates nothing', async (method) => {
    const site = await rulesSite(express, resource, GETS);
    const [, , again] = await site.askInTurn({}, { method }, {});
    expect(again?.text).toBe('run 1');
  });

  it.each([
    ['a path in Location', 'x-location', '/other?b=1&a=2', true],
    ['a relative path in Location', 'x-location', 'other?a=2&b=1', true],
    ['an absolute URL in Content-Location', 'x-content-location', 'http://HOST/other?a=2&b=1', true],
    ['a URL of another origin', 'x-location', 'http://elsewhere.test/other?a=2&b=1', false],
    ['a URL of another scheme', 'x-location', 'https://HOST/other?a=2&b=1', false],
    ['what is no URL', 'x-location', 'http://[', false],
  ])('a POST that names %s invalidates it: %s %s %s', async (_what, name, value, isGone) => {
    const site = await rulesSite(express, resource, GETS);
    const other = { path: '/other?a=2&b=1' };
    const headers = { [name]: value.replace('HOST', `127.0.0.1:${site.port}`), 'x-status': '201' };
    const [, , again] = await site.askInTurn(other, { method: 'POST', path: '/items', headers }, other);
    expect(again?.text).toBe(isGone ? 'run 3' : 'run 1');
  });

  it('a POST on a route that caches it by its body invalidates nothing, a PUT there does', async () => {
    const site = await rulesSite(express, resource);
    const post = { json: { text: 'a question' } };
    expect((await site.askInTurn({}, post, {})).map(({ text }) => text)).toEqual(['run 1', '', 'run 1']);
    await site.ask({ method: 'PUT' });
    expect((await site.ask()).text).toBe('run 4');
    expect(site.runs).toBe(4);
  });

  it('a POST that goes past the cache on a route that caches POST invalidates nothing', async () => {
    const site = await rulesSite(express, resource, { skip: (req) => req.method === 'POST' });
    const [, skipped, again] = await site.askInTurn({}, { json: { text: 'a question' } }, {});
    expect([skipped?.cacheStatus, again?.text]).toEqual(['ai-cache; fwd=bypass; detail=skip', 'run 1']);
    expect(site.runs).toBe(2);
  });

  it('a POST that is not cached keeps its own answers apart from what a GET has stored', async () => {
    const site = await rulesSite(express, resource, GETS);
    const [first, second] = await site.askInTurn({ json: { a: 1 } }, { json: { a: 1 } });
    expect([first?.cacheStatus, second?.cacheStatus, site.runs]).toEqual([
      'ai-cache; fwd=method',
      'ai-cache; fwd=method',
      2,
    ]);
  });
});
