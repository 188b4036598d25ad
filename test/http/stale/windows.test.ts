import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import type { SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, sendEvents } from '../streams/event-stream.ts';
import { isKept, staleSite, type Handler } from './stale-site.ts';

const numbered: Handler = (_req, res, run) => res.json({ run });

const withHeader =
  (value: string): Handler =>
  (_req, res, run) =>
    res.set('Cache-Control', value).json({ run });

const ROUTE: SiteOptions = { route: { staleWhileRevalidateSeconds: 60 } };

/** Who can say that an answer is served stale for 60 s while it is made anew. */
const sayers: readonly [who: string, options: SiteOptions, handler: Handler][] = [
  ['the route', ROUTE, numbered],
  ['the cache', { cache: { staleWhileRevalidateSeconds: 60 } }, numbered],
  ['the route, more than the cache', { ...ROUTE, cache: { staleWhileRevalidateSeconds: 0 } }, numbered],
  ['the handler', {}, withHeader('max-age=10, stale-while-revalidate=60')],
  [
    'the handler, more than the route',
    { route: { staleWhileRevalidateSeconds: 0 } },
    withHeader('max-age=10, stale-while-revalidate=60'),
  ],
];

describe.each(expressVersions)('a stale answer on $name', ({ express }) => {
  it.each(sayers)('goes out at once while it is made anew, where %s says so', async (_who, options, handler) => {
    const { site, clock, ran, gates } = await staleSite(express, handler, options);
    await site.ask();
    clock.advance(12_000);
    const stale = await site.ask();
    expect([stale.text, stale.headers.age, stale.cacheStatus]).toEqual([
      '{"run":1}',
      '12',
      'ai-cache; hit; ttl=-2; detail=memory',
    ]);
    // The new one is being made, and nobody waits for it.
    await ran.reached(2);
    expect((await site.ask()).text).toBe('{"run":1}');
    gates[1].open();
    await isKept(site, '{"run":2}');
    expect((await site.ask()).cacheStatus).toBe('ai-cache; hit; ttl=10; detail=memory');
    expect(site.runs).toBe(2);
  });

  it('counts as stale, and its refresh as no request, but as a fill', async () => {
    const { site, clock, over, gates } = await staleSite(express, numbered, ROUTE);
    await site.ask();
    clock.advance(10_000);
    gates[1].open();
    await site.ask();
    await over.reached(2);
    await expect.poll(() => site.cache.monitor.snapshot().fills).toMatchObject({ count: 2, active: 0, errors: 0 });
    expect(site.cache.stats()).toMatchObject({ misses: 1, hits: 0, stale: 1, coalesced: 0, bypassed: 0 });
    expect(site.cache.stats().hitRatio).toBe(0.5);
    expect(site.runs).toBe(2);
  });

  it.each<[what: string, ms: number, options: SiteOptions, handler: Handler]>([
    ['beyond the window', 70_000, ROUTE, numbered],
    ['without a window', 10_000, {}, numbered],
    ['that the handler allows no window', 10_000, ROUTE, withHeader('max-age=10, stale-while-revalidate=0')],
    ['that must be revalidated', 10_000, ROUTE, withHeader('max-age=10, must-revalidate')],
    [
      'that proxies must revalidate',
      10_000,
      ROUTE,
      withHeader('max-age=10, stale-while-revalidate=60, proxy-revalidate'),
    ],
  ])('%s is waited for as on a miss', async (_what, ms, options, handler) => {
    const { site, clock, gates } = await staleSite(express, handler, options);
    await site.ask();
    clock.advance(ms);
    gates[1].open();
    const answer = await site.ask();
    expect([answer.text, answer.cacheStatus]).toEqual(['{"run":2}', 'ai-cache; fwd=miss; stored']);
    expect(site.runs).toBe(2);
  });

  it('that is asked for beyond its window joins the refresh that runs', async () => {
    const { site, clock, came, ran, gates } = await staleSite(express, numbered, ROUTE);
    await site.ask();
    clock.advance(10_000);
    await site.ask();
    await ran.reached(2);
    clock.advance(60_000);
    const waiting = [site.ask(), site.ask()];
    await came.reached(4);
    gates[1].open();
    expect((await Promise.all(waiting)).map(({ text }) => text)).toEqual(['{"run":2}', '{"run":2}']);
    expect(site.runs).toBe(2);
    expect(site.cache.stats()).toMatchObject({ misses: 1, stale: 1, coalesced: 2 });
  });

  it('of one request is no business of another one', async () => {
    const { site, clock, ran, gates } = await staleSite(
      express,
      (req, res, run) => res.json({ path: req.path, run }),
      ROUTE,
    );
    for (const each of gates) each.open();
    await site.askInTurn({ path: '/a' }, { path: '/b' });
    clock.advance(10_000);
    const stale = await Promise.all([site.ask({ path: '/a' }), site.ask({ path: '/b' })]);
    expect(stale.map(({ text }) => text)).toEqual(['{"path":"/a","run":1}', '{"path":"/b","run":2}']);
    await ran.reached(4);
    expect(site.runs).toBe(4);
  });

  it('goes out as 304 to one who has it, and is made anew all the same', async () => {
    const { site, clock, gates } = await staleSite(
      express,
      (_req, res, run) => res.set('ETag', `"v${run}"`).json({ run }),
      ROUTE,
    );
    await site.ask();
    clock.advance(10_000);
    gates[1].open();
    const headers = { 'if-none-match': '"v1"' };
    expect(await site.ask({ headers })).toMatchObject({
      status: 304,
      cacheStatus: 'ai-cache; hit; ttl=0; detail=memory',
    });
    await isKept(site, '{"run":2}');
    expect((await site.ask({ headers })).status).toBe(200);
    expect(site.runs).toBe(2);
  });

  it('that is a stream goes out chunk by chunk while it is made anew', async () => {
    const streamed = (res: Response, run: number): void => sendEvents(res, [`data: ${run}\n\n`, ...EVENTS]);
    const { site, clock, gates } = await staleSite(express, (_req, res, run) => streamed(res, run), ROUTE);
    const first = await (await wireClient(site.port)).ended();
    clock.advance(10_000);
    const stale = await (await wireClient(site.port)).ended();
    expect([stale.chunks, stale.cacheStatus]).toEqual([first.chunks, 'ai-cache; hit; ttl=0; detail=memory']);
    gates[1].open();
    await isKept(site, `data: 2\n\n${EVENTS.join('')}`);
    expect(site.runs).toBe(2);
  });

  it('is made anew with coalesce: false, too', async () => {
    const { site, clock, ran, gates } = await staleSite(express, numbered, { ...ROUTE, cache: { coalesce: false } });
    await site.ask();
    clock.advance(10_000);
    await site.askInTurn({}, {}, {});
    await ran.reached(2);
    gates[1].open();
    await isKept(site, '{"run":2}');
    expect(site.runs).toBe(2);
  });
});
