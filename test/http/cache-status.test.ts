import { describe, expect, it } from 'vitest';
import { aiCache } from '../../src/middleware.ts';
import { cachedSite, HIT, STORED } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';

const UPSTREAM = 'upstream; hit; ttl=7';

describe.each(expressVersions)('Cache-Status on $name', ({ express }) => {
  it('stands behind that of an upstream, whichever way the handler sets it', async () => {
    const site = await cachedSite(
      express,
      (req, res) => {
        if (req.path === '/head') res.writeHead(200, { 'Cache-Status': UPSTREAM }).end('x');
        else if (req.path === '/list') res.setHeader('Cache-Status', ['origin; hit', UPSTREAM]).end('x');
        else res.setHeader('cache-status', UPSTREAM).end('x');
      },
      { clock: manualClock() },
    );
    expect((await site.ask({ path: '/set' })).cacheStatus).toBe(`${UPSTREAM}, ${STORED}`);
    expect((await site.ask({ path: '/head' })).cacheStatus).toBe(`${UPSTREAM}, ai-cache; fwd=miss`);
    expect((await site.ask({ path: '/list' })).cacheStatus).toBe(`origin; hit, ${UPSTREAM}, ${STORED}`);
    expect((await site.ask({ path: '/set' })).cacheStatus).toBe(`${UPSTREAM}, ${HIT}`);
    expect((await site.ask({ path: '/set', method: 'PUT' })).cacheStatus).toBe(`${UPSTREAM}, ai-cache; fwd=method`);
    expect(site.runs).toBe(4);
  });

  it('stands behind that of a cache in front of the middleware', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      outer: [(_req, res, next) => (res.set('Cache-Status', 'outer; fwd=miss'), next())],
      clock: manualClock(),
    });
    expect((await site.ask()).cacheStatus).toBe(`outer; fwd=miss, ${STORED}`);
    expect((await site.ask()).cacheStatus).toBe(`outer; fwd=miss, ${HIT}`);
    expect(site.runs).toBe(1);
  });

  it('is not sent where the option says so; Age is', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { cache: { cacheStatus: false } });
    const answers = [
      await site.ask(),
      await site.ask(),
      await site.ask({ method: 'PUT' }),
      await site.ask({ method: 'HEAD' }),
    ];
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([undefined, undefined, undefined, undefined]);
    expect(answers[1]?.headers.age).toBe('0');
    expect(site.runs).toBe(3);
  });

  it('shows a prefix of the key where the option says so, the same for miss and hit', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      cache: { cacheStatus: 'key' },
      clock: manualClock(),
    });
    const [miss, hit] = [await site.ask({ json: { text: 'a' } }), await site.ask({ json: { text: 'a' } })];
    const other = await site.ask({ json: { text: 'b' } });
    const key = /; key="([0-9a-f]{16})"$/.exec(miss.cacheStatus ?? '')?.[1];
    expect(miss.cacheStatus).toBe(`${STORED}; key="${key}"`);
    expect(hit.cacheStatus).toBe(`${HIT}; key="${key}"`);
    expect(other.cacheStatus).not.toContain(key);
    expect(site.runs).toBe(2);
  });

  it('does not show text that the key shows', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      cache: { cacheStatus: 'key', textHashThreshold: 100 },
    });
    const { cacheStatus } = await site.ask({ json: { text: 'secret' } });
    expect(cacheStatus).not.toContain('secret');
  });

  it('carries the name of the cache, as a string where it is no token', async () => {
    const named = await cachedSite(express, (_req, res) => res.json({}), { cache: { name: 'answers/v2' } });
    expect((await named.ask()).cacheStatus).toBe('answers/v2; fwd=miss; stored');
  });

  it('of two caches in a row names both, the inner one first', async () => {
    const outer = await cachedSite(express, (_req, res) => res.json({}), {
      cache: { name: 'outer' },
      inner: [aiCache({ name: 'inner', telemetry: false })],
      clock: manualClock(),
    });
    expect((await outer.ask()).cacheStatus).toBe('inner; fwd=miss; stored, outer; fwd=miss; stored');
    expect((await outer.ask()).cacheStatus).toBe('inner; fwd=miss; stored, outer; hit; ttl=86400; detail=memory');
    expect(outer.runs).toBe(1);
  });
});
