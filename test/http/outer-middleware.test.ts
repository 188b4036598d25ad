import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { askRaw } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';
import { wireOf } from './wire.ts';

/** Sets headers on every response, numbered by the request. */
function numbered(set: (count: number) => Readonly<Record<string, string | string[]>>): RequestHandler {
  let count = 0;
  return (_req, res, next) => {
    count += 1;
    for (const [name, value] of Object.entries(set(count))) res.setHeader(name, value);
    next();
  };
}

/** What the package cors does for `origin: true` with credentials. */
const cors: RequestHandler = (req, res, next) => {
  res.setHeader('Access-Control-Allow-Origin', req.headers.origin ?? '*');
  res.setHeader('Access-Control-Allow-Credentials', 'true');
  res.vary('Origin');
  next();
};

describe.each(expressVersions)('headers of middleware before the cache on $name', ({ express }) => {
  it('are of this request on a hit too', async () => {
    const outer = numbered((count) => ({
      'X-Request-Id': `r${count}`,
      'Content-Security-Policy': `script-src 'nonce-${count}'`,
      'RateLimit-Remaining': String(100 - count),
    }));
    const site = await cachedSite(express, (_req, res) => res.set('X-Answer', 'yes').json({}), { outer: [outer] });
    const answers = await site.askInTurn({}, {}, {});
    for (const [index, { headers }] of answers.entries()) {
      expect(headers).toMatchObject({
        'x-request-id': `r${index + 1}`,
        'content-security-policy': `script-src 'nonce-${index + 1}'`,
        'ratelimit-remaining': String(99 - index),
        'x-answer': 'yes',
      });
    }
    expect(site.runs).toBe(1);
  });

  it('are not recorded: a mount without that middleware does not send them', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      outer: [(req, res, next) => (req.headers['x-plain'] === undefined && res.set('X-Request-Id', 'r1'), next())],
    });
    await site.ask();
    const hit = await site.ask({ headers: { 'x-plain': '1' } });
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(hit.headers['x-request-id']).toBeUndefined();
    expect(site.runs).toBe(1);
  });

  it('allow the origin that asks, not the one that asked first', async () => {
    const site = await cachedSite(express, (_req, res) => res.vary('Accept').json({}), { outer: [cors] });
    const first = await site.ask({ headers: { origin: 'https://a.test' } });
    const hit = await site.ask({ headers: { origin: 'https://b.test' } });
    expect(first.headers).toMatchObject({ 'access-control-allow-origin': 'https://a.test', vary: 'Origin, Accept' });
    expect(hit.headers).toMatchObject({ 'access-control-allow-origin': 'https://b.test', vary: 'Origin, Accept' });
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it.each([['X-Plan'], ['X-Plan, X-Other']])('name what the answer varies on, where it says %s too', async (names) => {
    const outer: RequestHandler = (_req, res, next) => (res.vary('X-Plan'), next());
    const site = await cachedSite(express, (req, res) => res.vary(names).end(`for ${req.get('x-plan')}`), {
      outer: [outer],
    });
    const [a, b] = [{ headers: { 'x-plan': 'a' } }, { headers: { 'x-plan': 'b' } }];
    expect((await site.askInTurn(a, b, a)).map(({ text }) => text)).toEqual(['for a', 'for b', 'for a']);
    expect(site.runs).toBe(2);
  });

  it('set behind the cache make the answer that of one origin: each has its own', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { inner: [cors] });
    const [a, b] = [{ headers: { origin: 'https://a.test' } }, { headers: { origin: 'https://b.test' } }];
    const answers = await site.askInTurn(a, b, a, b);
    expect(answers.map(({ headers }) => headers['access-control-allow-origin'])).toEqual([
      'https://a.test',
      'https://b.test',
      'https://a.test',
      'https://b.test',
    ]);
    expect(answers[1]?.cacheStatus).toBe('ai-cache; fwd=vary-miss; stored');
    expect(site.runs).toBe(2);
  });

  it('with a session cookie neither prevent storing nor are replayed', async () => {
    const outer = numbered((count) => ({ 'Set-Cookie': [`sid=${count}; HttpOnly`] }));
    const site = await cachedSite(express, (_req, res) => res.json({}), { outer: [outer] });
    const [first, hit] = [await site.ask(), await site.ask()];
    expect([first.headers['set-cookie'], hit.headers['set-cookie']]).toEqual([
      ['sid=1; HttpOnly'],
      ['sid=2; HttpOnly'],
    ]);
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it('set when the head is written, as sessions do, are neither recorded nor replayed', async () => {
    let count = 0;
    const lateCookie: RequestHandler = (_req, res, next) => {
      const writeHead = res.writeHead;
      res.writeHead = (...args: unknown[]) => {
        count += 1;
        res.setHeader('Set-Cookie', `sid=${count}`);
        return Reflect.apply(writeHead, res, args) as typeof res;
      };
      next();
    };
    const site = await cachedSite(express, (_req, res) => res.json({}), { outer: [lateCookie] });
    const [first, hit] = [await site.ask(), await site.ask()];
    expect([first.headers['set-cookie'], hit.headers['set-cookie']]).toEqual([['sid=1'], ['sid=2']]);
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });

  it.each<[how: string, add: RequestHandler]>([
    ['cookie()', (_req, res) => void res.cookie('user', '1').json({})],
    ['append()', (_req, res) => void res.append('Set-Cookie', 'user=1').json({})],
    ['appendHeader()', (_req, res) => void res.appendHeader('Set-Cookie', 'user=1').json({})],
    ['setHeader()', (_req, res) => void (res.setHeader('Set-Cookie', 'user=1'), res.json({}))],
    ['writeHead()', (_req, res) => void res.writeHead(200, { 'Set-Cookie': 'user=1' }).end('{}')],
  ])('with a cookie do not hide that of the handler, added by %s', async (_how, add) => {
    const outer = numbered(() => ({ 'Set-Cookie': ['sid=1'] }));
    const site = await cachedSite(express, (req, res) => add(req, res, () => undefined), { outer: [outer] });
    expect((await site.ask()).headers['set-cookie']).toContainEqual(expect.stringMatching(/^user=1/));
    expect((await site.ask()).cacheStatus).toBe('ai-cache; fwd=miss; detail=set-cookie');
    expect(site.runs).toBe(2);
  });

  it('that the handler added to, replaced or took off are added to, replaced and taken off on a hit', async () => {
    let count = 0;
    const outer: RequestHandler = (req, res, next) => {
      count += 1;
      if (req.headers['x-plain'] === undefined) {
        res.set({ Link: [`</${count}>`], 'X-Frame-Options': 'DENY', 'X-Powered-By': `app ${count}` });
      }
      next();
    };
    const site = await cachedSite(
      express,
      (_req, res) => {
        res.removeHeader('X-Powered-By');
        res.appendHeader('Link', '</b>').set('X-Frame-Options', 'SAMEORIGIN').json({});
      },
      { outer: [outer] },
    );
    const answers = await site.askInTurn({}, {}, { headers: { 'x-plain': '1' } });
    expect(answers.map(({ headers }) => headers.link)).toEqual(['</1>, </b>', '</2>, </b>', '</b>']);
    expect(answers.map(({ headers }) => headers['x-frame-options'])).toEqual(Array(3).fill('SAMEORIGIN'));
    expect(answers.map(({ headers }) => headers['x-powered-by'])).toEqual(Array(3).fill(undefined));
    expect(site.runs).toBe(1);
  });

  it('that the handler said again are of this request, for it said nothing new', async () => {
    const outer = numbered((count) => ({ 'X-Request-Id': `r${count}` }));
    const site = await cachedSite(express, (_req, res) => res.set('X-Request-Id', res.get('X-Request-Id')).json({}), {
      outer: [outer],
    });
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(['r1', 'r2']);
    expect(site.runs).toBe(1);
  });

  it('that describe the body yield to those of the entry', async () => {
    const outer = numbered(() => ({ 'Content-Type': 'text/html', ETag: '"outer"' }));
    const site = await cachedSite(express, (_req, res) => res.set('ETag', '"inner"').type('json').send('{}'), {
      outer: [outer],
    });
    const [first, hit] = [await site.ask(), await site.ask()];
    expect([hit.headers['content-type'], hit.headers.etag]).toEqual([first.headers['content-type'], '"inner"']);
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(site.runs).toBe(1);
  });

  it('with lists of Vary are merged without repetition', async () => {
    const site = await cachedSite(
      express,
      (_req, res) => res.vary('accept').vary('Origin').vary('Accept-Language').json({}),
      {
        outer: [cors],
      },
    );
    const [first, hit] = [await site.ask(), await site.ask()];
    expect([first.headers.vary, hit.headers.vary]).toEqual([
      'Origin, accept, Accept-Language',
      'Origin, accept, Accept-Language',
    ]);
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('bytes that pass middleware before the cache on $name', ({ express }) => {
  it('are recorded once, where its end() calls write()', async () => {
    const splitting: RequestHandler = (_req, res, next) => {
      const { end } = res;
      res.end = ((chunk?: unknown) => {
        if (chunk !== undefined) res.write(chunk);
        return Reflect.apply(end, res, []);
      }) as typeof res.end;
      next();
    };
    const site = await cachedSite(express, (_req, res) => (res.write('one '), res.end('two')), { outer: [splitting] });
    const answers = await site.askInTurn({}, {}, {});
    expect(answers.map(({ text }) => text)).toEqual(['one two', 'one two', 'one two']);
    expect(site.runs).toBe(1);
  });

  it('are recorded as the handler sent them, not as that middleware changes them, for it does so again', async () => {
    const shouting: RequestHandler = (_req, res, next) => {
      const { end } = res;
      res.end = ((chunk?: unknown) => Reflect.apply(end, res, [String(chunk).toUpperCase()])) as typeof res.end;
      next();
    };
    const seen: string[] = [];
    const site = await cachedSite(express, (_req, res) => res.end('quiet'), {
      outer: [shouting],
      route: { shouldStore: ({ body }) => seen.push(body.toString()) > 0 },
    });
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text }) => text)).toEqual(['QUIET', 'QUIET']);
    expect(seen).toEqual(['quiet']);
    expect(site.runs).toBe(1);
  });
});

describe.each(expressVersions)('headers of one connection or moment on $name', ({ express }) => {
  it('are not replayed', async () => {
    const site = await cachedSite(express, (_req, res) => {
      res.set({
        Connection: 'close, X-Hop',
        'X-Hop': '1',
        'Keep-Alive': 'timeout=1',
        'Proxy-Authenticate': 'Basic',
        Upgrade: 'h2c',
      });
      res.set({ Date: 'Thu, 01 Jan 1970 00:00:00 GMT', Age: '700', 'X-Stays': '1' }).json({});
    });
    const first = await site.ask();
    const hit = await site.ask();
    expect(first.headers).toMatchObject({
      'x-hop': '1',
      'keep-alive': 'timeout=1',
      date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    });
    expect(hit.headers).toMatchObject({ 'x-stays': '1' });
    for (const name of ['x-hop', 'keep-alive', 'proxy-authenticate', 'upgrade'])
      expect(hit.headers).not.toHaveProperty(name);
    // When it was made, and how old it was when it came, is what an answer says of itself.
    expect(hit.headers.date).toBe(first.headers.date);
    expect(Number(hit.headers.age)).toBeGreaterThan(700);
    expect(site.runs).toBe(1);
  });

  it('are those of the connection that asks', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { clock: manualClock() });
    const head = (bytes: Buffer): readonly string[] => wireOf(bytes).head;
    const kept = await site.ask({ headers: { connection: 'keep-alive' } });
    expect(kept.headers.connection).toBe('keep-alive');
    expect(head(await askRaw(site.port))).toContain('Connection: close');
    expect(head(await askRaw(site.port))).not.toContain('Connection: keep-alive');
    expect(site.runs).toBe(1);
  });
});
