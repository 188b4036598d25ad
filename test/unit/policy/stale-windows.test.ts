import { describe, expect, it } from 'vitest';
import { staleWindowsOf, type StaleWindows } from '../../../src/policy/lifetime.ts';

const none = { revalidateSeconds: 0, errorSeconds: 0 };
const cache = { staleWhileRevalidateSeconds: 1, staleIfErrorSeconds: 2 };
const route = { staleWhileRevalidateSeconds: 3, staleIfErrorSeconds: 4 };

describe('staleWindowsOf', () => {
  it.each<[what: string, cacheControl: string, ofRoute: object, ofCache: object, windows: StaleWindows]>([
    ['nobody', '', {}, {}, none],
    ['the cache', '', {}, cache, { revalidateSeconds: 1, errorSeconds: 2 }],
    ['the route before the cache', '', route, cache, { revalidateSeconds: 3, errorSeconds: 4 }],
    ['the route, of one of them', '', { staleIfErrorSeconds: 4 }, cache, { revalidateSeconds: 1, errorSeconds: 4 }],
    ['the route, which wants none', '', { staleWhileRevalidateSeconds: 0, staleIfErrorSeconds: 0 }, cache, none],
    [
      'the handler before all',
      'max-age=5, stale-while-revalidate=6, stale-if-error=7',
      route,
      cache,
      { revalidateSeconds: 6, errorSeconds: 7 },
    ],
    ['the handler, of one of them', 'stale-if-error=7', route, cache, { revalidateSeconds: 3, errorSeconds: 7 }],
    ['the handler, which wants none', 'stale-while-revalidate=0, stale-if-error=0', route, cache, none],
    [
      'the handler, in what is no number',
      'stale-while-revalidate=soon',
      route,
      {},
      { revalidateSeconds: 0, errorSeconds: 4 },
    ],
    ['must-revalidate', 'max-age=5, must-revalidate, stale-if-error=7', route, cache, none],
    ['proxy-revalidate', 'max-age=5, Proxy-Revalidate', route, cache, none],
    ['no-cache', 'no-cache, stale-if-error=7', route, cache, none],
    ['s-maxage, which means it', 's-maxage=5', route, cache, none],
    [
      's-maxage beside a window of its own',
      's-maxage=5, stale-while-revalidate=6',
      route,
      cache,
      { revalidateSeconds: 6, errorSeconds: 0 },
    ],
    ['no-transform, which says nothing of it', 'no-transform', route, {}, { revalidateSeconds: 3, errorSeconds: 4 }],
  ])('asks %s', (_what, cacheControl, ofRoute, ofCache, windows) => {
    const headers = cacheControl === '' ? [] : [['Cache-Control', cacheControl] as const];
    expect(staleWindowsOf(headers, ofRoute, ofCache)).toEqual(windows);
  });
});
