import { systemClock, type Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { ClusterStats } from './direct/cluster-stats.ts';
import type { AICacheError } from './errors.ts';
import { ClusterFlights } from './flight/cluster-flights.ts';
import type { Observe } from './telemetry/events.ts';
import type { Recorder } from './telemetry/recorder.ts';
import { OTHER_SERIES } from './telemetry/series-totals.ts';
import { GuardedTier } from './tiers/guarded-tier.ts';
import { SharedInvalidation } from './tiers/invalidation-shared.ts';
import type { MemoryTier } from './tiers/memory-tier.ts';
import { createClient } from './tiers/redis-client.ts';
import { RedisConnection } from './tiers/redis-connection.ts';
import { RedisStatistics } from './tiers/redis-statistics.ts';
import { RedisTier } from './tiers/redis-tier.ts';

export interface RedisParts {
  readonly connection: RedisConnection;
  readonly tier: GuardedTier;
  readonly stats: ClusterStats;
}

const LEASE_MS = 10_000;

/** Pairs of provider and model that the statistics of all processes tell apart. */
const MAX_SERIES = 1_000;

/** What the invalidation log holds at the most, in Redis and in each process. */
export const MAX_INVALIDATIONS = 10_000;

export function createConnection(config: Config, onError: (error: AICacheError) => void): RedisConnection | undefined {
  const { redis, redisTimeoutMs } = config;
  return redis === undefined ? undefined : new RedisConnection({ redis, timeoutMs: redisTimeoutMs, onError });
}

export function createShared(
  { redis, redisTimeoutMs, namespace, memory: memoryConfig }: Config,
  connection: RedisConnection,
  memory: MemoryTier | undefined,
  clock: Clock,
  observe: Observe,
  onError: (error: AICacheError) => void,
): SharedInvalidation | undefined {
  if (redis === undefined) return undefined;
  return new SharedInvalidation({
    redis,
    timeoutMs: redisTimeoutMs,
    connection,
    namespace,
    maxItems: MAX_INVALIDATIONS,
    memory,
    whenDisconnected: memoryConfig === false ? 'off' : memoryConfig.whenDisconnected,
    clock,
    observe,
    onError,
    monotonic: systemClock.monotonic,
  });
}

export function createRedis(
  config: Config,
  connection: RedisConnection,
  shared: SharedInvalidation | undefined,
  { tally }: Recorder,
  clock: Clock,
  onError: (error: AICacheError) => void,
): RedisParts {
  const { redisTimeoutMs, namespace, version, maxEntryBytes } = config;
  const tier = new RedisTier({ connection, namespace, version, maxEntryBytes, log: shared?.log, clock });
  const statistics = new RedisStatistics({
    connection,
    namespace,
    timeoutMs: redisTimeoutMs,
    maxSeries: MAX_SERIES,
    otherSeries: OTHER_SERIES,
  });
  return {
    connection,
    tier: new GuardedTier({ tier, connection, timeoutMs: redisTimeoutMs, clock, onError }),
    stats: new ClusterStats({ statistics, series: () => tally.series(), connection, onError }),
  };
}

export function createCluster(
  config: Config,
  connection: RedisConnection,
  clock: Clock,
  onError: (error: AICacheError) => void,
): ClusterFlights | undefined {
  const { redis, redisTimeoutMs, namespace, version, maxEntryBytes, coalesce } = config;
  if (coalesce === false || coalesce.across !== 'cluster' || redis === undefined) return undefined;
  return new ClusterFlights({
    client: () => connection.client(),
    blockingClient: () => createClient(redis),
    timeoutMs: redisTimeoutMs,
    namespace,
    version,
    leaseMs: LEASE_MS,
    waitMs: coalesce.waitMs,
    maxBytes: maxEntryBytes,
    clock,
    onError,
  });
}
