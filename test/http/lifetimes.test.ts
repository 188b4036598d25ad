import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { cachedSite, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';

/** What sets the lifetime, and to how many seconds. */
const lifetimes: readonly [
  what: string,
  seconds: number,
  options: SiteOptions,
  prepare?: (res: Response) => unknown,
][] = [
  ['nothing says otherwise', 86_400, {}],
  ['the cache has ttl.defaultSeconds', 90, { cache: { ttl: { defaultSeconds: 90 } } }],
  ['the route has ttlSeconds', 60, { cache: { ttl: { defaultSeconds: 90 } }, route: { ttlSeconds: 60 } }],
  ['the handler calls ttl()', 45, { route: { ttlSeconds: 60 } }, (res) => aiCacheContext(res.req)?.ttl(45)],
  [
    'the handler has max-age',
    30,
    { route: { ttlSeconds: 60 } },
    (res) => res.set('Cache-Control', 'public, max-age=30'),
  ],
  ['the handler has s-maxage beside max-age', 20, {}, (res) => res.set('Cache-Control', 'max-age=30, s-maxage=20')],
  [
    'the handler has max-age and calls ttl()',
    30,
    {},
    (res) => {
      aiCacheContext(res.req)?.ttl(45);
      res.set('Cache-Control', 'max-age=30');
    },
  ],
  [
    'ttl.maxSeconds is below what the handler has',
    10,
    { cache: { ttl: { maxSeconds: 10 } } },
    (res) => res.set('Cache-Control', 'max-age=30'),
  ],
];

describe.each(expressVersions)('an entry on $name', ({ express }) => {
  it.each(lifetimes)('where %s lives %i s', async (_what, seconds, options, prepare) => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => {
        prepare?.(res);
        res.json({ run });
      },
      { ...options, clock },
    );
    await site.ask({ json: { text: 'a' } });
    clock.advance(seconds * 1000 - 1);
    const last = await site.ask({ json: { text: 'a' } });
    clock.advance(1);
    const after = await site.ask({ json: { text: 'a' } });
    expect([last.text, last.headers.age, last.cacheStatus]).toEqual([
      '{"run":1}',
      String(seconds - 1),
      'ai-cache; hit; ttl=0; detail=memory',
    ]);
    expect([after.text, after.headers.age]).toEqual(['{"run":2}', undefined]);
    expect(site.runs).toBe(2);
  });

  it('tells its age in whole seconds and what is left of its lifetime', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res) => res.json({}), { clock, route: { ttlSeconds: 100 } });
    const first = await site.ask({ json: {} });
    const after = async (ms: number): Promise<unknown> => {
      clock.advance(ms);
      const { headers, cacheStatus } = await site.ask({ json: {} });
      return [headers.age, cacheStatus];
    };
    const ages = [await after(0), await after(999), await after(1), await after(59_500)];
    expect(first.headers.age).toBeUndefined();
    expect(ages).toEqual([
      ['0', 'ai-cache; hit; ttl=100; detail=memory'],
      ['0', 'ai-cache; hit; ttl=99; detail=memory'],
      ['1', 'ai-cache; hit; ttl=99; detail=memory'],
      ['60', 'ai-cache; hit; ttl=39; detail=memory'],
    ]);
    expect(site.runs).toBe(1);
  });

  it('that expired is replaced by the next answer, with an age of its own', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { clock, route: { ttlSeconds: 10 } });
    await site.ask();
    clock.advance(10_000);
    await site.ask();
    clock.advance(3_000);
    const hit = await site.ask();
    expect([hit.text, hit.headers.age]).toEqual(['{"run":2}', '3']);
    expect(site.runs).toBe(2);
  });
});
