import type { IncomingMessage } from 'node:http';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { MIB } from './config/numbers.ts';
import type { KeyedExchange } from './exchange/exchange.ts';
import type { Answer } from './exchange/followers.ts';
import { Refreshes } from './exchange/refresh.ts';
import { WarmRuns } from './exchange/warm-runs.ts';
import type { ClusterFlights } from './flight/cluster-flights.ts';
import { HitForMiss } from './flight/hit-for-miss.ts';
import { SingleFlight } from './flight/single-flight.ts';
import { noteOn, type Note } from './note.ts';
import { costTierOf } from './policy/cost-tier.ts';
import { Prices } from './policy/prices.ts';
import { explainTtl, type TtlExplanation, type TtlSubject } from './policy/ttl.ts';
import {
  createCluster,
  createConnection,
  createRedis,
  createShared,
  MAX_INVALIDATIONS,
  type RedisParts,
} from './redis-parts.ts';
import { reporterOf } from './reporter.ts';
import type { AIRequest } from './request/ai-request.ts';
import { Aliases } from './request/alias.ts';
import { CacheKeyGenerator } from './request/key-generator.ts';
import { KnownDigests } from './request/known-digests.ts';
import { cacheStatusOf, type CacheStatus } from './response/cache-status.ts';
import type { Observe } from './telemetry/events.ts';
import type { TierGauge } from './telemetry/gauges.ts';
import { createRecorder, type Recorder } from './telemetry/recorder.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { NO_INVALIDATION, type Invalidation } from './tiers/invalidation.ts';
import { LocalInvalidation } from './tiers/invalidation-local.ts';
import { MemoryTier } from './tiers/memory-tier.ts';
import { TargetCounts } from './tiers/target-counts.ts';
import { TieredStore } from './tiers/tiered-store.ts';

/** Everything a cache is made of; the middleware and AIResponseCache work with the same parts. */
export interface CacheParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly keys: CacheKeyGenerator;
  readonly store: TieredStore;
  readonly memory: MemoryTier | undefined;
  readonly redis: RedisParts | undefined;
  readonly invalidation: Invalidation;
  /** Absent with `coalesce: false`. */
  readonly flights: SingleFlight<Answer> | undefined;
  readonly recorder: Recorder;
  readonly observe: Observe;
  readonly tracing: Tracing;
  /** Absent with `cacheStatus: false`. */
  readonly cacheStatus: ((status: CacheStatus) => string) | undefined;
  /** Requests whose handler runs now. */
  readonly filling: WeakSet<AIRequest>;
  /** Of which targets answers are being made now. */
  readonly fillingTargets: TargetCounts;
  /** What the middleware made of a request. */
  readonly requests: Note<IncomingMessage, KeyedExchange>;
  /** Keys of requests by the bytes they came in. */
  readonly aliases: Aliases;
  /** Of bodies that came again. */
  readonly digests: KnownDigests;
  /** Absent but with `coalesce: { across: 'cluster' }`. */
  readonly cluster: ClusterFlights | undefined;
  readonly hitForMiss: HitForMiss;
  readonly prices: Prices;
  /** What the policy says of the lifetime of the answer to a request. */
  readonly explain: (subject: TtlSubject) => TtlExplanation;
  readonly refreshes: Refreshes;
  readonly warmRuns: WarmRuns;
  /** Since when, milliseconds since the epoch; aborted by `close`. */
  readonly startedAt: number;
  readonly closing: AbortController;
  /** Gives an error to `onError`; never throws. */
  readonly report: (error: unknown) => void;
}

const MAX_FOLLOWERS = 10_000;
const MAX_FLIGHTS = 10_000;
/** Of the tables by which requests are known again, where memory keeps no more entries, or none. */
const MIN_KNOWN = 10_000;
const MIN_KNOWN_BYTES = 8 * MIB;
/** Each of them takes no more than this share of what memory may. */
const KNOWN_SHARE = 1 / 16;

export function createParts(config: Config, clock: Clock): CacheParts {
  const report = reporterOf(config.onError, (error) => {
    recorder.errors.add(error);
    recorder.channels.error(error);
  });
  const recorder = createRecorder({
    name: config.name,
    telemetry: config.telemetry,
    cacheStatusKey: config.cacheStatus === 'key',
    gauges: () => gaugesOf(memory, redis),
    clock,
    onError: report,
  });
  const { observe, tracing } = recorder;
  const memory = createMemory(config, clock, observe);
  const connection = createConnection(config, report);
  const shared = connection && createShared(config, connection, memory, clock, observe, report);
  const invalidation = shared ?? createLocal(memory, clock);
  const redis = connection && createRedis(config, connection, shared, recorder, clock, report);
  const prices = new Prices({ given: config.prices, clock, report });
  return Object.freeze({
    config,
    clock,
    keys: new CacheKeyGenerator(config),
    store: new TieredStore({ memory, redis: redis?.tier, invalidation, clock, observe }),
    memory,
    redis,
    invalidation,
    flights: createFlights(config),
    recorder,
    observe,
    tracing,
    cacheStatus: config.cacheStatus === false ? undefined : cacheStatusOf(config.name),
    filling: new WeakSet(),
    fillingTargets: new TargetCounts(),
    requests: noteOn<IncomingMessage, KeyedExchange>(),
    digests: new KnownDigests(knownBounds(config)),
    aliases: new Aliases(knownBounds(config)),
    cluster: redis && createCluster(config, redis.connection, clock, report),
    hitForMiss: new HitForMiss(clock, config.hitForMissSeconds),
    prices,
    explain: explainerOf(config, prices),
    refreshes: new Refreshes(clock),
    warmRuns: new WarmRuns(),
    startedAt: clock.now(),
    closing: new AbortController(),
    report,
  });
}

function createFlights({ coalesce }: Config): SingleFlight<Answer> | undefined {
  if (coalesce === false) return undefined;
  return new SingleFlight({ waitMs: coalesce.waitMs, maxFollowers: MAX_FOLLOWERS, maxFlights: MAX_FLIGHTS });
}

function createMemory(config: Config, clock: Clock, observe: Observe): MemoryTier | undefined {
  if (config.memory === false) return undefined;
  return new MemoryTier({ ...config.memory, textTiers: config.memoryTextTiers, clock, observe });
}

/** Options without Redis have a memory tier. */
function createLocal(memory: MemoryTier | undefined, clock: Clock): Invalidation {
  return memory === undefined ? NO_INVALIDATION : new LocalInvalidation({ memory, maxItems: MAX_INVALIDATIONS, clock });
}

function knownBounds({ memory }: Config): { readonly maxEntries: number; readonly maxBytes: number } {
  if (memory === false) return { maxEntries: MIN_KNOWN, maxBytes: MIN_KNOWN_BYTES };
  return {
    maxEntries: Math.max(MIN_KNOWN, memory.maxEntries),
    maxBytes: Math.max(MIN_KNOWN_BYTES, memory.maxBytes * KNOWN_SHARE),
  };
}

function explainerOf({ ttl }: Config, prices: Prices): CacheParts['explain'] {
  const { models } = ttl.costTiers;
  const sources = { models, usdPerMillion: prices.usdPerMillion.bind(prices) };
  return (subject) => explainTtl(subject, ttl, (asked) => costTierOf(asked, sources));
}

function gaugesOf(memory: MemoryTier | undefined, redis: RedisParts | undefined): readonly TierGauge[] {
  const gauges: TierGauge[] = [];
  if (memory !== undefined) {
    const { entries, bytes, maxBytes } = memory.stats();
    gauges.push({ tier: 'memory', entries, usedBytes: bytes, limitBytes: maxBytes });
  }
  if (redis !== undefined) gauges.push({ tier: 'redis', circuit: redis.tier.circuit() });
  return gauges;
}
