import compression from 'compression';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CachedSite, SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, sendEvents } from '../streams/event-stream.ts';
import { staleSite, type Handler } from './stale-site.ts';

const WHOLE = EVENTS.join('');
const STALE = 'ai-cache; hit; ttl=-2; detail=stale-if-error';
const ROUTE: SiteOptions = { route: { staleIfErrorSeconds: 60 } };

const errorPage: ErrorRequestHandler = (error, _req, res, next) =>
  res.headersSent ? next(error) : res.status(500).send('failed');

const behind: SiteOptions['behind'] = (app) => app.set('env', 'test').use(errorPage);

/** How a handler can fail before its client has got anything. */
const failures: readonly [how: string, fail: Handler][] = [
  ['answers 503', (_req, res) => res.set('X-Error', 'b').status(503).json({ error: 'no' })],
  ['answers 503 in pieces', (_req, res) => (res.status(503).write('a'), res.write('b'), res.end('c'))],
  ['answers 503 by writeHead', (_req, res) => res.writeHead(503, 'Oh no', { 'X-Error': 'b' }).end('x')],
  [
    'answers 503 with a flushed head',
    (_req, res) => (res.status(503).flushHeaders(), setImmediate(() => res.end('x'))),
  ],
  ['answers 429 without a body', (_req, res) => res.status(429).set('Retry-After', '7').end()],
  [
    'throws',
    () => {
      throw new Error('No model.');
    },
  ],
  ['ends twice', (_req, res) => (res.status(500).end('x'), res.end('y'))],
  [
    'goes on writing later',
    (_req, res) => {
      res.status(500).write('a');
      setTimeout(() => (res.write('b'), setTimeout(() => res.end('c'), 1)), 1);
    },
  ],
];

/** A good first answer, and failures from then on. */
const then =
  (good: (req: Request, res: Response) => unknown, fail: Handler): Handler =>
  (req, res, run) =>
    run === 1 ? good(req, res) : fail(req, res, run);

/** A coded body is decoded before it is kept. */
async function isHit(site: CachedSite): Promise<void> {
  await expect.poll(async () => (await site.ask()).cacheStatus).toMatch(/hit/);
}

describe.each(expressVersions)('a stale answer in place of an error on $name', ({ express }) => {
  it.each(failures)('is a stream again, chunk by chunk, where the handler %s', async (_how, fail) => {
    const handler = then((_req, res) => sendEvents(res.set('X-Kept', 'a'), EVENTS), fail);
    const { site, clock, gates } = await staleSite(express, handler, { ...ROUTE, behind });
    for (const each of gates) each.open();
    const first = await (await wireClient(site.port)).ended();
    clock.advance(12_000);
    const client = await wireClient(site.port);
    const stale = await client.ended();
    expect([stale.status, stale.chunks, stale.end, stale.cacheStatus]).toEqual([200, first.chunks, 'whole', STALE]);
    expect(stale.headers).toMatchObject({ 'x-kept': 'a', age: '12', 'content-type': first.headers['content-type'] });
    for (const name of ['x-error', 'retry-after', 'content-length']) expect(stale.headers).not.toHaveProperty(name);
    await expect.poll(() => site.cache.stats()).toMatchObject({ misses: 1, stale: 1, errors: 0 });
    // The connection is as good as before, and the entry is still there.
    client.socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n\r\n`);
    await expect.poll(() => client.answers().map(({ text }) => text)).toEqual([WHOLE, WHOLE]);
    expect(site.runs).toBe(3);
  });

  it.each(failures)('is one document again where the handler %s', async (_how, fail) => {
    const { site, clock, gates } = await staleSite(
      express,
      then((_req, res) => res.json({ good: true }), fail),
      {
        ...ROUTE,
        behind,
      },
    );
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(12_000);
    const stale = await (await wireClient(site.port)).ended();
    expect([stale.status, stale.text, stale.cacheStatus]).toEqual([200, '{"good":true}', STALE]);
    expect(stale.headers['content-length']).toBe('13');
    expect(stale.headers).not.toHaveProperty('transfer-encoding');
    expect(site.runs).toBe(2);
  });

  it('is whole for a client that does not read at first, though the handler has ended long ago', async () => {
    const large = 'x'.repeat(64 * 1024);
    const handler = then(
      (_req, res) => {
        for (let index = 0; index < 256; index += 1) res.write(large);
        res.end();
      },
      (_req, res) => res.sendStatus(503),
    );
    const { site, clock, over, gates } = await staleSite(express, handler, {
      ...ROUTE,
      cache: { maxEntryBytes: 32 << 20, memory: { maxEntryBytes: 32 << 20 } },
    });
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(12_000);
    const client = await wireClient(site.port, { headers: { Connection: 'close' } }, { isReading: false });
    await expect.poll(() => site.runs).toBe(2);
    const closed = new Promise((resolve) => client.socket.once('close', resolve));
    client.socket.resume();
    await closed;
    await over.reached(2);
    const { end, body, cacheStatus } = await client.ended();
    expect([end, body.length, cacheStatus]).toEqual(['whole', 256 * large.length, STALE]);
    expect(site.runs).toBe(2);
  });

  it('keeps its pace where the route says so', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const [one = '', ...rest] = EVENTS;
    const { site, clock, gates } = await staleSite(
      express,
      (_req, res, run) => {
        if (run > 1) return res.sendStatus(503);
        res.type('text/event-stream').write(one);
        clock.advance(500);
        return res.end(rest.join(''));
      },
      { route: { ...ROUTE.route, replay: { pace: 'recorded' } } },
    );
    gates[1].open();
    await site.ask();
    clock.advance(12_000);
    const client = await wireClient(site.port);
    expect((await client.has(one)).text).toBe(one);
    vi.advanceTimersByTime(500);
    expect(await client.ended()).toMatchObject({ text: WHOLE, end: 'whole' });
    expect([vi.getTimerCount(), site.runs]).toEqual([0, 2]);
  });

  it.each<[where: string, options: SiteOptions]>([
    ['in front of the cache', { outer: [compression({ threshold: 0 })] }],
    ['behind the cache', { inner: [compression({ threshold: 0 })] }],
  ])('is decodable with a compression middleware %s', async (_where, options) => {
    const handler = then(
      (_req, res) => sendEvents(res, EVENTS),
      (_req, res) => res.status(503).type('txt').send('x'.repeat(5000)),
    );
    const { site, clock, gates } = await staleSite(express, handler, { ...ROUTE, ...options });
    gates[1].open();
    const headers = { 'Accept-Encoding': 'gzip' };
    const first = await site.ask({ headers });
    await isHit(site);
    clock.advance(12_000);
    const stale = await site.ask({ headers });
    expect([first, stale].map(({ headers: { 'content-encoding': coding } }) => coding)).toEqual(['gzip', 'gzip']);
    expect([first, stale].map(({ body }) => gunzipSync(body).toString())).toEqual([WHOLE, WHOLE]);
    expect([stale.status, stale.cacheStatus]).toEqual([200, STALE]);
    expect(site.runs).toBe(2);
  });

  it('in a coding of the handler’s own goes to each client as it takes it', async () => {
    const coded = Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64');
    const handler = then(
      (_req, res) => res.type('txt').set('Content-Encoding', 'gzip').end(coded),
      (_req, res) => res.sendStatus(502),
    );
    const { site, clock, gates } = await staleSite(express, handler, ROUTE);
    for (const each of gates) each.open();
    const taken = await site.ask({ headers: { 'accept-encoding': 'gzip' } });
    const text = gunzipSync(taken.body).toString();
    await isHit(site);
    clock.advance(12_000);
    const [gzip, identity] = [await site.ask({ headers: { 'accept-encoding': 'gzip' } }), await site.ask()];
    expect([gzip.body, gzip.headers['content-encoding']]).toEqual([coded, 'gzip']);
    expect([identity.text, identity.headers['content-encoding']]).toEqual([text, undefined]);
    expect(site.runs).toBe(3);
  });

  it('goes to all who waited, where two handlers broke off without an answer', async () => {
    const { site, clock, came, ran, gates } = await staleSite(
      express,
      then(
        (_req, res) => sendEvents(res, EVENTS),
        (req) => req.socket.destroy(),
      ),
      ROUTE,
    );
    await site.ask();
    clock.advance(12_000);
    const asked = Array.from({ length: 6 }, () => wireClient(site.port));
    const clients = await Promise.all(asked);
    await came.reached(7);
    gates[1].open();
    await ran.reached(3);
    gates[2].open();
    const ends = await Promise.allSettled(clients.map((client) => client.ended()));
    const answers = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual(
      Array.from({ length: 4 }, () => [WHOLE, STALE]),
    );
    expect(site.runs).toBe(3);
    expect(site.cache.stats()).toMatchObject({ stale: 4 });
  });

  it('does not cover an answer whose head has gone out', async () => {
    const { site, clock, gates } = await staleSite(
      express,
      then(
        (_req, res) => sendEvents(res, EVENTS),
        (_req, res) => res.type('text/event-stream').write('data: half', () => res.destroy()),
      ),
      ROUTE,
    );
    gates[1].open();
    await site.ask();
    clock.advance(12_000);
    expect(await (await wireClient(site.port)).ended()).toMatchObject({ end: 'cut', text: 'data: half' });
    expect(site.runs).toBe(2);
  });

  it.each<[who: string, options: SiteOptions, headers: Record<string, string>, status: number]>([
    ['the cache says so', { cache: { staleIfErrorSeconds: 60 } }, {}, 200],
    ['the handler says so', {}, { 'Cache-Control': 'max-age=10, stale-if-error=60' }, 200],
    [
      'the handler says more than the route',
      { route: { staleIfErrorSeconds: 1 } },
      { 'Cache-Control': 'max-age=10, stale-if-error=60' },
      200,
    ],
    ['the handler forbids it', ROUTE, { 'Cache-Control': 'max-age=10, stale-if-error=0' }, 503],
    ['it must be revalidated', ROUTE, { 'Cache-Control': 'max-age=10, must-revalidate' }, 503],
    ['nobody says so', {}, {}, 503],
    ['only a shorter window is given', { cache: { staleIfErrorSeconds: 2 } }, {}, 503],
  ])('is sent, or not, as it is said: %s', async (_who, options, headers, status) => {
    const handler = then(
      (_req, res) => res.set(headers).json({}),
      (_req, res) => res.sendStatus(503),
    );
    const { site, clock, gates } = await staleSite(express, handler, options);
    gates[1].open();
    await site.ask();
    clock.advance(12_000);
    expect((await site.ask()).status).toBe(status);
    expect(site.runs).toBe(2);
  });
});
