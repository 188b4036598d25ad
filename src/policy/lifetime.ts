import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import { parseCacheControl, secondsOf } from './cache-control.ts';

/** Who set a lifetime, strongest first (DESIGN D16). */
export type LifetimeSource = 'handler' | 'context' | 'route' | 'default';

export interface Lifetime {
  readonly ttlSeconds: number;
  readonly source: LifetimeSource;
}

export interface LifetimeInputs {
  readonly headers: HeaderFields;
  /** From `aiCacheContext(req).ttl()` or `set`. */
  readonly contextSeconds?: number | undefined;
  readonly routeSeconds?: number | undefined;
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

/** How long does this answer stay fresh? The handler's own s-maxage or max-age beats every policy (RFC 9111 §4.2.1). */
export function lifetimeOf(inputs: LifetimeInputs): Lifetime {
  const directives = parseCacheControl(fieldOf(inputs.headers, 'cache-control') ?? '');
  const explicit = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  const candidates: [LifetimeSource, number | undefined][] = [
    ['handler', explicit],
    ['context', inputs.contextSeconds],
    ['route', inputs.routeSeconds],
    ['default', inputs.defaultSeconds],
  ];
  const [source, seconds] = candidates.find(([, value]) => value !== undefined) as [LifetimeSource, number];
  return { ttlSeconds: Math.min(seconds, inputs.maxSeconds), source };
}

/** How long a stale answer may still be served, seconds: while it is made anew, and where that fails (RFC 5861). */
export interface StaleWindows {
  readonly revalidateSeconds: number;
  readonly errorSeconds: number;
}

interface StaleOptions {
  readonly staleWhileRevalidateSeconds?: number;
  readonly staleIfErrorSeconds?: number;
}

/** The handler's own words beat the route's, those the cache's. must-revalidate forbids both (RFC 9111 §5.2.2.2). */
export function staleWindowsOf(headers: HeaderFields, route: StaleOptions, cache: StaleOptions): StaleWindows {
  const directives = parseCacheControl(fieldOf(headers, 'cache-control') ?? '');
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate'))
    return { revalidateSeconds: 0, errorSeconds: 0 };
  const { staleWhileRevalidateSeconds: revalidate, staleIfErrorSeconds: error } = cache;
  return {
    revalidateSeconds:
      secondsOf(directives, 'stale-while-revalidate') ?? route.staleWhileRevalidateSeconds ?? revalidate ?? 0,
    errorSeconds: secondsOf(directives, 'stale-if-error') ?? route.staleIfErrorSeconds ?? error ?? 0,
  };
}
