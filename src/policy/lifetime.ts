import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import type { TtlConfig } from '../config/config.ts';
import { parseCacheControl, secondsOf } from './cache-control.ts';
import { jittered, type TtlExplanation } from './ttl.ts';

/** Who set a lifetime, strongest first (DESIGN D16); the last four are `ttl.models` and the policy's bases. */
export type LifetimeSource = 'handler' | 'context' | 'route' | TtlExplanation['source'];

export interface Lifetime {
  readonly ttlSeconds: number;
  readonly source: LifetimeSource;
}

export interface LifetimeInputs {
  readonly headers: HeaderFields;
  /** From `aiCacheContext(req).ttl()` or `set`. */
  readonly contextSeconds?: number | undefined;
  readonly routeSeconds?: number | undefined;
  /** Asked where nobody has said. */
  readonly explain: () => TtlExplanation;
  /** Of the key: jitter follows from it. */
  readonly digest: string;
  readonly ttl: Pick<TtlConfig, 'jitter' | 'maxSeconds'>;
}

/** How long does this answer stay fresh? The handler's own s-maxage or max-age beats every policy (RFC 9111 §4.2.1). */
export function lifetimeOf(inputs: LifetimeInputs): Lifetime {
  const { jitter, maxSeconds } = inputs.ttl;
  const { ttlSeconds, source } = said(inputs) ?? policyLifetime(inputs.explain(), jitter, inputs.digest);
  return { ttlSeconds: Math.min(ttlSeconds, maxSeconds), source };
}

/** What somebody said is exact. */
function said({ headers, contextSeconds, routeSeconds }: LifetimeInputs): Lifetime | undefined {
  const directives = parseCacheControl(fieldOf(headers, 'cache-control') ?? '');
  const explicit = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  if (explicit !== undefined) return { ttlSeconds: explicit, source: 'handler' };
  if (contextSeconds !== undefined) return { ttlSeconds: contextSeconds, source: 'context' };
  return routeSeconds === undefined ? undefined : { ttlSeconds: routeSeconds, source: 'route' };
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
