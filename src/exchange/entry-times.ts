import type { CacheParts } from '../cache-parts.ts';
import type { RouteConfig } from '../config/route-config.ts';
import type { Entry, HeaderField } from '../entry/entry.ts';
import { forbidsStale, lifetimeOf, staleWindowsOf } from '../policy/lifetime.ts';
import { statedBy } from '../policy/stated.ts';
import type { AIRequest } from '../request/ai-request.ts';
import type { CacheKey } from '../tiers/tier.ts';

/** Whose answer it is. */
export interface Asked {
  readonly parts: CacheParts;
  readonly request: AIRequest;
  readonly key: CacheKey;
}

/** What others than the handler say of lifetimes. */
export interface Lifetimes {
  readonly contextSeconds?: number | undefined;
  readonly route?: Pick<RouteConfig, 'ttlSeconds' | 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds'>;
  /** Its validators are the handler's own, and a request for it can be conditional. */
  readonly isCheckable?: boolean;
}

/** From when to when an entry may be used, and for what. */
export type EntryTimes = Pick<
  Entry,
  'cachedAt' | 'staleAt' | 'expiresAt' | 'revalidateUntil' | 'errorUntil' | 'checkUntil' | 'neverStale'
>;

/** The times of an answer that comes now. One that must be checked every time is stale from the beginning. */
export function entryTimes(
  { parts, request, key }: Asked,
  { status, headers }: { readonly status: number; readonly headers: readonly HeaderField[] },
  { contextSeconds, route = {}, isCheckable = false }: Lifetimes,
): EntryTimes {
  const { config, clock } = parts;
  const now = clock.now();
  const { directives, ageSeconds } = statedBy(headers, now);
  const { ttlSeconds, source } = lifetimeOf({
    status,
    headers,
    now,
    contextSeconds,
    routeSeconds: route.ttlSeconds,
    explain: () => parts.explain(request),
    digest: key.digest,
    ttl: config.ttl,
  });
  const windows = staleWindowsOf(headers, route, config);
  const cachedAt = now - ageSeconds * 1000;
  // What the answer says of itself counts from when it was made; what others say, from now on.
  const isOwn = source === 'handler' || source === 'heuristic';
  const staleAt = directives.has('no-cache') ? cachedAt : (isOwn ? cachedAt : now) + ttlSeconds * 1000;
  const checkSeconds = isCheckable ? config.revalidateSeconds : 0;
  const window = Math.max(windows.revalidateSeconds, windows.errorSeconds, checkSeconds);
  const until = (seconds: number): number => Math.max(staleAt, now) + seconds * 1000;
  return {
    cachedAt,
    staleAt,
    expiresAt: window > 0 ? until(window) : staleAt,
    ...(windows.revalidateSeconds > 0 ? { revalidateUntil: staleAt + windows.revalidateSeconds * 1000 } : {}),
    ...(windows.errorSeconds > 0 ? { errorUntil: staleAt + windows.errorSeconds * 1000 } : {}),
    ...(checkSeconds > 0 ? { checkUntil: until(checkSeconds) } : {}),
    ...(forbidsStale(headers) ? { neverStale: true } : {}),
  };
}
