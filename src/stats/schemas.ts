/** The bodies of the management API. What a client sends is checked with these, and openapi.json is made from all of them. */
import { z } from 'zod';
import type { CacheInfo, PerformanceHistory, PerformanceSnapshot, Stats } from './inspectable.ts';
import type { Health } from './health.ts';

const count = z.int().min(0);
const amount = z.number().min(0);
const ratio = z.number().min(0).max(1).nullable();

const saved = z.strictObject({
  usd: amount.describe('What the model calls that were spared had cost, USD.'),
  inputTokens: count,
  outputTokens: count,
  seconds: amount,
  unknown: count.describe('Answers that spared a call of which nobody knows the price.'),
});

const totals = {
  hits: count,
  misses: count,
  stale: count,
  coalesced: count,
  bypassed: count,
  errors: count,
  hitRatio: ratio,
  saved,
};

export const statsSchema: z.ZodType<Stats> = z.strictObject({
  ...totals,
  byModel: z.array(z.strictObject({ provider: z.string(), model: z.string(), ...totals })),
});

const times = { count, totalMs: amount, meanMs: amount, maxMs: amount, p50Ms: amount, p95Ms: amount, p99Ms: amount };
/** By a label that occurred. */
const by = <T extends z.ZodType>(schema: T) => z.record(z.string(), schema);
const sizes = { count, rawBytes: count, storedBytes: count, bytesSaved: z.int(), ratio: amount.nullable() };

export const performanceSchema: z.ZodType<PerformanceSnapshot> = z.strictObject({
  window: z.strictObject({ seconds: amount, from: z.string(), to: z.string() }),
  keyGeneration: z.strictObject({ ...times, meanTextLength: amount, maxTextLength: count }),
  operations: by(by(z.strictObject({ ...times, hits: count, errors: count }))),
  compression: z.strictObject({
    ...sizes,
    byCoding: by(z.strictObject(sizes)),
    compress: by(z.strictObject(times)),
    decompress: by(z.strictObject(times)),
  }),
  requests: z.strictObject({
    count,
    hitRatio: ratio,
    byResult: by(z.strictObject(times)),
    bypassReasons: by(count),
    notStoredReasons: by(count),
  }),
  evictions: by(by(count)),
  fills: z.strictObject({ ...times, active: count, errors: count }),
  savings: saved,
  memory: z.strictObject({
    tiers: z.array(
      z.strictObject({
        tier: z.enum(['memory', 'redis']),
        entries: count.exactOptional(),
        usedBytes: count.exactOptional(),
        limitBytes: count.exactOptional(),
        circuit: z.enum(['closed', 'open', 'half-open']).exactOptional(),
      }),
    ),
    process: z.strictObject({ rssBytes: count, heapUsedBytes: count, arrayBuffersBytes: count }),
  }),
});

export const historySchema: z.ZodType<PerformanceHistory> = z.strictObject({
  windowSeconds: amount,
  slotSeconds: amount,
  slots: z
    .array(
      z.strictObject({
        from: z.string(),
        requests: z.strictObject({ count, hitRatio: ratio, byResult: by(z.strictObject(times)) }),
        fills: z.strictObject({ count, errors: count }),
        savings: saved,
      }),
    )
    .describe('Oldest first, without gaps; the last one still runs.'),
});

const redisState = {
  state: z.enum(['idle', 'connecting', 'ready', 'reconnecting', 'closed']),
  breaker: z.enum(['closed', 'open', 'half-open']),
};

/** What the caller may do, as `authorize` says. */
export interface AllowedChanges {
  readonly invalidate: boolean;
  readonly clear: boolean;
  readonly warm: boolean;
}

export const infoSchema: z.ZodType<CacheInfo & { readonly actions: AllowedChanges }> = z.strictObject({
  name: z.string(),
  namespace: z.string(),
  version: count,
  enabled: z.boolean(),
  mode: z.enum(['serve', 'shadow']),
  startedAt: z.string(),
  uptimeSeconds: amount,
  package: z.strictObject({ name: z.string(), version: z.string() }),
  textSizeTiers: z.strictObject({ small: count, medium: count, large: count }),
  tiers: z.strictObject({
    memory: z.literal(false).or(
      z.strictObject({
        entries: count,
        usedBytes: count,
        limitBytes: count,
        maxEntries: count,
        textTiers: z.array(z.enum(['small', 'medium', 'large', 'xlarge'])),
      }),
    ),
    redis: z.literal(false).or(
      z.strictObject({
        ...redisState,
        serverVersion: z.string().exactOptional(),
        usedMemoryBytes: count.exactOptional(),
        maxMemoryBytes: count.exactOptional(),
        maxMemoryPolicy: z.string().exactOptional(),
      }),
    ),
  }),
  compression: z.literal(false).or(
    z.strictObject({
      thresholdBytes: count,
      algorithm: z.enum(['br', 'gzip', 'deflate', 'zstd']),
      level: z.int(),
    }),
  ),
  fillsActive: count,
  recentErrors: z
    .array(
      z.strictObject({
        source: z.enum(['cache', 'handler']),
        code: z.string(),
        message: z.string().exactOptional(),
        count,
        lastAt: z.string(),
      }),
    )
    .describe('The latest first.'),
  actions: z
    .strictObject({ invalidate: z.boolean(), clear: z.boolean(), warm: z.boolean() })
    .describe('What the caller may change.'),
});

export const healthSchema: z.ZodType<Health> = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  redis: z.literal(false).or(z.strictObject(redisState)),
});

export const removedSchema = z.strictObject({
  removed: count.describe('Keys deleted in Redis, of all versions; without Redis, entries of memory.'),
});

export const warmResultSchema = z.strictObject({
  stored: count,
  skipped: count.describe('A fresh entry was there.'),
  failed: count,
  failures: z
    .array(
      z.strictObject({
        index: count.describe('The place among the items, from 0.'),
        reason: z.string(),
        detail: z.string().optional(),
      }),
    )
    .describe('Why, for the first of those that failed.'),
});

export const problemSchema = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  parameter: z.string().optional().describe('The query parameter or the field of the body at fault.'),
});
