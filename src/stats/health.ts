import type { CacheInfo, RedisTierInfo } from './inspectable.ts';

/** `degraded`: Redis is configured and cannot be used now; requests are still answered, without it. */
export interface Health {
  readonly status: 'ok' | 'degraded';
  readonly redis: false | Pick<RedisTierInfo, 'state' | 'breaker'>;
}

export function healthOf({ tiers: { redis } }: Pick<CacheInfo, 'tiers'>): Health {
  if (redis === false) return { status: 'ok', redis };
  const { state, breaker } = redis;
  const isUsable = (state === 'ready' || state === 'idle') && breaker === 'closed';
  return { status: isUsable ? 'ok' : 'degraded', redis: { state, breaker } };
}
