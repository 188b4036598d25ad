import { createServer as createHttpsServer } from 'node:https';
import { describe, expect, it } from 'vitest';
import type { WarmRequest } from '../../../src/index.ts';
import { cachedSite, type CachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { arrivals } from '../../support/arrivals.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { selfSigned } from '../../support/self-signed.ts';

const urlOf = ({ port }: CachedSite, path: string): string => `http://127.0.0.1:${port}${path}`;

/** As the tests' client asks. */
const post = (site: CachedSite, body: WarmRequest['body'], path = '/'): WarmRequest => ({
  url: urlOf(site, path),
  body: body ?? null,
});

describe.each(expressVersions)('warming through the app on $name', ({ express }) => {
  it('stores what the handler answers, so that the first client gets a hit', async () => {
    const site = await cachedSite(express, (req, res, run) => res.json({ run, echo: req.body as unknown }));
    const { server, cache } = site;
    const result = await cache.warm([post(site, { text: 'a' }), post(site, { text: 'b' }, '/b?x=1')], { server });
    expect(result).toEqual({ stored: 2, skipped: 0, failed: 0, failures: [] });
    const answers = await site.askInTurn({ json: { text: 'a' } }, { path: '/b?x=1', json: { text: 'b' } });
    expect(answers.map(({ cacheStatus }) => cacheStatus?.split(';')[1])).toEqual([' hit', ' hit']);
    expect(answers.map(({ text }) => (JSON.parse(text) as { echo: unknown }).echo)).toEqual([
      { text: 'a' },
      { text: 'b' },
    ]);
    expect(site.runs).toBe(2);
  });

  it('leaves alone what is fresh, and asks no handler for it', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.ask({ path: '/a' });
    const items = ['/a', '/b'].map((path) => ({ url: urlOf(site, path) }));
    expect(await site.cache.warm(items, { server: site.server })).toMatchObject({ stored: 1, skipped: 1, failed: 0 });
    expect((await site.ask({ path: '/a' })).text).toBe('{"run":1}');
    expect(site.runs).toBe(2);
  });

  it('makes anew what is stale, and waits for it', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      clock,
      route: { ttlSeconds: 10, staleWhileRevalidateSeconds: 100 },
    });
    await site.ask();
    clock.advance(11_000);
    expect(await site.cache.warm([{ url: urlOf(site, '/') }], { server: site.server })).toMatchObject({ stored: 1 });
    expect((await site.ask()).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('counts as failed what is not stored, with the reason and the status', async () => {
    const site = await cachedSite(express, (req, res) => {
      if (req.path === '/404') return res.sendStatus(404);
      if (req.path === '/500') return res.sendStatus(500);
      if (req.path === '/private') return res.set('Cache-Control', 'private').send('mine');
      if (req.path === '/throws') throw new Error('No model.');
      if (req.path === '/gone') return res.destroy();
      return res.send('good');
    });
    site.app.set('env', 'test');
    const paths = ['/404', '/500', '/private', '/throws', '/gone', '/good'];
    const items = [
      ...paths.map((path) => ({ url: urlOf(site, path) })),
      { url: urlOf(site, '/put'), method: 'PUT', body: { a: 1 } },
    ];
    const { stored, skipped, failed, failures } = await site.cache.warm(items, { server: site.server });
    expect([stored, skipped, failed]).toEqual([1, 0, 6]);
    expect(failures.map(({ index, reason, status }) => [index, reason, status])).toEqual([
      [0, 'status', 404],
      [1, 'error', 500],
      [2, 'private', 200],
      [3, 'error', 500],
      [4, 'unfinished', undefined],
      [6, 'method', 200],
    ]);
    expect(site.runs).toBe(7);
  });

  it('says so where no middleware of this cache answers', async () => {
    const outer = [
      (req: { path: string }, res: { sendStatus(status: number): void }, next: () => void) =>
        req.path === '/login' ? res.sendStatus(401) : next(),
    ];
    const site = await cachedSite(express, (_req, res) => res.send('a'), { outer: outer as never });
    const result = await site.cache.warm([{ url: urlOf(site, '/login') }], { server: site.server });
    expect(result.failures).toEqual([{ index: 0, reason: 'not-cached', status: 401 }]);
    expect(site.runs).toBe(0);
  });

  it.each<[unknown, string]>([
    [null, 'item'],
    [{}, 'url'],
    [{ url: '/path' }, 'url'],
    [{ url: 'ftp://host/' }, 'url'],
    [{ url: 'http://host/', method: 'FETCH' }, 'method'],
    [{ url: 'http://host/', headers: { 'a b': 'c' } }, 'headers.a b'],
    [{ url: 'http://host/', headers: { a: 'b\r\nHost: evil' } }, 'headers.a'],
    [{ url: 'http://host/', headers: { a: 7 } }, 'headers.a'],
    [{ url: 'http://host/', headers: [] }, 'headers'],
    [{ url: 'http://host/', body: () => 1 }, 'body'],
    [{ url: 'http://host/', body: 1n }, 'body'],
  ])('lets the bad item %o fail alone, naming %s', async (item, option) => {
    const site = await cachedSite(express, (_req, res) => res.send('a'));
    const items = [item as WarmRequest, { url: urlOf(site, '/good') }];
    const { stored, failures } = await site.cache.warm(items, { server: site.server });
    expect([stored, failures]).toMatchObject([
      1,
      [{ index: 0, reason: 'invalid', error: { code: 'INVALID_REQUEST', option } }],
    ]);
    expect(site.runs).toBe(1);
  });

  it('runs so many at a time, four unless told otherwise', async () => {
    const opened = gate();
    const arrived = arrivals();
    let now = 0;
    let most = 0;
    const site = await cachedSite(express, async (_req, res) => {
      now += 1;
      most = Math.max(most, now);
      arrived.note();
      await opened.opened;
      now -= 1;
      res.send('a');
    });
    const items = (from: number) =>
      Array.from({ length: 10 }, (_, index) => ({ url: urlOf(site, `/${from + index}`) }));
    const work = site.cache.warm(items(0), { server: site.server });
    await arrived.reached(4);
    opened.open();
    expect([await work, most]).toMatchObject([{ stored: 10 }, 4]);
    most = 0;
    expect(await site.cache.warm(items(10), { server: site.server, concurrency: 1 })).toMatchObject({ stored: 10 });
    expect([most, site.runs]).toEqual([1, 20]);
  });

  it('asks the handler once where a client asks at the same time', async () => {
    const opened = gate();
    const asked = arrivals();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        await opened.opened;
        res.json({ run });
      },
      { route: { skip: asked.note } },
    );
    const client = site.ask({ path: '/a' });
    await asked.reached(1);
    const work = site.cache.warm([{ url: urlOf(site, '/a') }], { server: site.server });
    await asked.reached(2);
    opened.open();
    expect([await work, (await client).text, site.runs]).toMatchObject([{ skipped: 1, failed: 0 }, '{"run":1}', 1]);
  });

  it('needs no server that listens, and keeps to the scheme and the host of the URL', async () => {
    const seen: unknown[] = [];
    const site = await cachedSite(express, (req, res) => {
      seen.push([req.protocol, req.get('host'), req.secure, req.ip, req.httpVersion]);
      res.send('a');
    });
    await site.close();
    const items = [{ url: 'https://api.example.com/a' }, { url: 'http://api.example.com:8080/a' }];
    expect(await site.cache.warm(items, { server: site.server })).toMatchObject({ stored: 2 });
    expect(seen).toEqual([
      ['https', 'api.example.com', true, '127.0.0.1', '1.1'],
      ['http', 'api.example.com:8080', false, '127.0.0.1', '1.1'],
    ]);
  });

  it('goes through a server of HTTPS too', async () => {
    const site = await cachedSite(express, (req, res) => res.send(req.protocol));
    const server = createHttpsServer(selfSigned, site.app);
    expect(await site.cache.warm([{ url: 'https://127.0.0.1/a' }], { server })).toMatchObject({ stored: 1 });
    expect(site.runs).toBe(1);
  });

  it('sends what a client would send: its headers, its body as text or bytes', async () => {
    const site = await cachedSite(express, (req, res) =>
      res.json([req.headers['x-a'], req.get('content-type'), req.body]),
    );
    const url = urlOf(site, '/');
    const items: WarmRequest[] = [
      { url, headers: { 'X-A': ['1', '2'] }, body: '{"text":"a"}' },
      { url, body: Buffer.from('{"text":"b"}') },
      { url, headers: { 'Content-Type': 'application/vnd.api+json' }, body: { text: 'c' } },
      { url, body: 'no JSON' },
    ];
    const { stored, failures } = await site.cache.warm(items, { server: site.server });
    expect([stored, failures]).toMatchObject([
      2,
      [
        { index: 2, reason: 'unkeyable' },
        { index: 3, reason: 'not-cached', status: 400 },
      ],
    ]);
    const [first, second] = await site.askInTurn(
      { json: { text: 'a' }, headers: { 'x-a': '3' } },
      { json: { text: 'b' } },
    );
    expect(first?.text).toBe('["1, 2","application/json",{"text":"a"}]');
    expect(second?.cacheStatus).toContain('hit');
  });

  it('stores a stream as it was made', async () => {
    const site = await cachedSite(express, (_req, res) => {
      res.type('text/event-stream').write('data: a\n\n');
      res.end('data: [DONE]\n\n');
    });
    expect(await site.cache.warm([{ url: urlOf(site, '/') }], { server: site.server })).toMatchObject({ stored: 1 });
    const { text, cacheStatus } = await site.ask();
    expect([text, cacheStatus?.includes('hit'), site.runs]).toEqual(['data: a\n\ndata: [DONE]\n\n', true, 1]);
  });

  it('counts its requests as any other', async () => {
    const site = await cachedSite(express, (_req, res) => res.send('a'));
    const items = [{ url: urlOf(site, '/') }];
    await site.cache.warm(items, { server: site.server });
    await site.cache.warm(items, { server: site.server });
    expect(site.cache.stats()).toMatchObject({ hits: 1, misses: 1 });
  });

  it('ends when the cache is closed, though a handler hangs', async () => {
    const arrived = arrivals();
    const site = await cachedSite(express, () => arrived.note());
    let isGivenBack = false;
    function* rows() {
      try {
        yield* [{ url: urlOf(site, '/a') }, { url: urlOf(site, '/b') }, { url: urlOf(site, '/c') }];
      } finally {
        isGivenBack = true;
      }
    }
    const work = site.cache.warm(rows(), { server: site.server, concurrency: 1 });
    await arrived.reached(1);
    await Promise.all([site.cache.close(), expect(work).rejects.toMatchObject({ code: 'CLOSED' })]);
    expect([site.runs, isGivenBack]).toEqual([1, true]);
  });

  it.each([undefined, null, {}, 'http://localhost', express()])('wants a server, not %o', async (server) => {
    const site = await cachedSite(express, (_req, res) => res.send('a'));
    const work = site.cache.warm([{ url: urlOf(site, '/') }], { server: server as never });
    await expect(work).rejects.toMatchObject({ code: 'INVALID_OPTION', option: 'server' });
    expect(site.runs).toBe(0);
  });
});
