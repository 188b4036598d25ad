import type { TtlConfig } from '../config/config.ts';
import type { HeaderFields } from '../entry/header-fields.ts';
import { secondsOf } from './cache-control.ts';
import { isHeuristic } from './statuses.ts';
import { directivesOf, statedBy, unmodifiedSeconds, type Stated } from './stated.ts';
import { jittered, type TtlExplanation } from './ttl.ts';

/** Who set a lifetime, strongest first (DESIGN D16); the last four are `ttl.models` and the policy's bases. */
export type LifetimeSource = 'handler' | 'context' | 'route' | 'heuristic' | TtlExplanation['source'];

export interface Lifetime {
  readonly ttlSeconds: number;
  readonly source: LifetimeSource;
}

export interface LifetimeInputs {
  readonly status: number;
  readonly headers: HeaderFields;
  /** When the answer came, milliseconds since the epoch. */
  readonly now: number;
  /** From `aiCacheContext(req).ttl()` or `set`. */
  readonly contextSeconds?: number | undefined;
  readonly routeSeconds?: number | undefined;
  /** Asked where nobody has said. */
  readonly explain: () => TtlExplanation;
  /** Of the key: jitter follows from it. */
  readonly digest: string;
  readonly ttl: Pick<TtlConfig, 'jitter' | 'maxSeconds' | 'heuristic'>;
}

/** How long does this answer stay fresh, from when it was made? The handler's own words beat every policy (RFC 9111 §4.2.1). */
export function lifetimeOf(inputs: LifetimeInputs): Lifetime {
  const { jitter, maxSeconds } = inputs.ttl;
  const { ttlSeconds, source } = said(inputs) ?? policyLifetime(inputs.explain(), jitter, inputs.digest);
  return { ttlSeconds: Math.min(ttlSeconds, maxSeconds), source };
}

/** What somebody said is exact; undefined where the policy has to say it. */
export function said(inputs: Omit<LifetimeInputs, 'explain' | 'digest'>): Lifetime | undefined {
  const { headers, now, contextSeconds, routeSeconds } = inputs;
  const stated = statedBy(headers, now);
  if (stated.lifetimeSeconds !== undefined) return { ttlSeconds: stated.lifetimeSeconds, source: 'handler' };
  if (contextSeconds !== undefined) return { ttlSeconds: contextSeconds, source: 'context' };
  if (routeSeconds !== undefined) return { ttlSeconds: routeSeconds, source: 'route' };
  const heuristic = heuristicSeconds(inputs, stated);
  return heuristic === undefined ? undefined : { ttlSeconds: heuristic, source: 'heuristic' };
}

/** A share of the time for which it has not been modified (RFC 9111 §4.2.2), where the option asks for it. */
function heuristicSeconds(
  { status, headers, now, ttl }: Omit<LifetimeInputs, 'explain' | 'digest'>,
  { directives }: Stated,
): number | undefined {
  if (ttl.heuristic === 0 || !(isHeuristic(status) || directives.has('public'))) return undefined;
  const unmodified = unmodifiedSeconds(headers, now);
  return unmodified === undefined ? undefined : unmodified * ttl.heuristic;
}

function policyLifetime({ ttlSeconds, source }: TtlExplanation, jitter: number, digest: string): Lifetime {
  return { ttlSeconds: source === 'model' ? ttlSeconds : jittered(ttlSeconds, jitter, digest), source };
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

/** Words that forbid to serve an answer stale, whatever anybody allows (RFC 9111 §5.2.2.2, §5.2.2.4, §5.2.2.8). */
const NEVER_STALE = ['must-revalidate', 'proxy-revalidate', 'no-cache'] as const;

export function forbidsStale(headers: HeaderFields): boolean {
  const directives = directivesOf(headers);
  return NEVER_STALE.some((name) => directives.has(name)) || directives.has('s-maxage');
}

/** The handler's own words beat the route's, those the cache's. */
export function staleWindowsOf(headers: HeaderFields, route: StaleOptions, cache: StaleOptions): StaleWindows {
  const directives = directivesOf(headers);
  if (NEVER_STALE.some((name) => directives.has(name))) return { revalidateSeconds: 0, errorSeconds: 0 };
  const own = {
    revalidate: secondsOf(directives, 'stale-while-revalidate'),
    error: secondsOf(directives, 'stale-if-error'),
  };
  // s-maxage means proxy-revalidate (RFC 9111 §5.2.2.10); a handler that names a window beside it means the window.
  if (directives.has('s-maxage')) return { revalidateSeconds: own.revalidate ?? 0, errorSeconds: own.error ?? 0 };
  const { staleWhileRevalidateSeconds: revalidate, staleIfErrorSeconds: error } = cache;
  return {
    revalidateSeconds: own.revalidate ?? route.staleWhileRevalidateSeconds ?? revalidate ?? 0,
    errorSeconds: own.error ?? route.staleIfErrorSeconds ?? error ?? 0,
  };
}
