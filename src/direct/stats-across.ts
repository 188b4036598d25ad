import type { CacheParts } from '../cache-parts.ts';
import { shownValue } from '../config/shown-value.ts';
import { cacheClosed, invalidStatsAcross, statsAcrossWithoutRedis } from '../errors.ts';
import type { Stats, StatsFilter } from '../telemetry/stats.ts';

export interface StatsOptions extends StatsFilter {
  /** Whose requests: of this process, which is the default, or of all that share the Redis and the namespace. */
  readonly across?: 'process' | 'cluster';
}

/** Throws INVALID_OPTION for another `across`; rejects where there is no Redis to ask. */
export function statsAcross(
  { recorder, redis, closing }: CacheParts,
  { across = 'process', ...filter }: StatsOptions,
): Stats | Promise<Stats> {
  if (across === 'process') return recorder.tally.stats(filter);
  if (across !== 'cluster') throw invalidStatsAcross(shownValue(across));
  if (redis === undefined) return Promise.reject(statsAcrossWithoutRedis());
  return closing.signal.aborted ? Promise.reject(cacheClosed()) : redis.stats.stats(filter);
}
