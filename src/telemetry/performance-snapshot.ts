import type { Coding } from '../entry/entry.ts';
import type { TierName } from '../tiers/tier.ts';
import type { EvictionEvent, OperationEvent } from './events.ts';
import type { TierGauge } from './gauges.ts';
import { hitRatio, noResults, type ResultCounts } from './hits.ts';
import type { LogHistogram } from './log-histogram.ts';
import type { Attempts, BodySizes, Measurements } from './measurements.ts';
import type { Result } from './outcome.ts';
import type { Saved } from './savings.ts';

/** Durations in milliseconds. Count, total, mean and maximum are exact, percentiles within 3 %. All 0 where the count is 0. */
export interface Times {
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly maxMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** `hits`: operations that found a fresh or stale entry; `errors`: operations that failed or timed out. */
export interface OperationTimes extends Times {
  readonly hits: number;
  readonly errors: number;
}

/** Bodies before and after compression, bytes. `ratio`: stored ÷ raw, so 0.25 is a quarter of the size; null where nothing was stored. */
export interface Sizes {
  readonly count: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly bytesSaved: number;
  readonly ratio: number | null;
}

/**
 * What one process saw in the monitor's window, as JSON. Where things are listed by a label, a label that did not occur in the
 * window is absent. A ratio with nothing to divide by is null.
 */
export interface PerformanceSnapshot {
  /** `seconds`: length of the window; `from`, `to`: ISO 8601, `from` is later than `to - seconds` while the monitor is young. */
  readonly window: { readonly seconds: number; readonly from: string; readonly to: string };
  /** Time to make keys; lengths of the keyed texts in UTF-16 units. */
  readonly keyGeneration: Times & { readonly meanTextLength: number; readonly maxTextLength: number };
  readonly operations: Readonly<
    Partial<Record<TierName, Partial<Record<OperationEvent['operation'], OperationTimes>>>>
  >;
  /** The sizes are those of compressed bodies; `byCoding` also has the bodies kept as they were (`identity`). */
  readonly compression: Sizes & {
    readonly byCoding: Partial<Record<Coding, Sizes>>;
    readonly compress: Partial<Record<Coding, Times>>;
    readonly decompress: Partial<Record<Coding, Times>>;
  };
  /** From the request's arrival to the last byte of its answer. `hitRatio` = (hit + stale + coalesced) / (everything but bypass). */
  readonly requests: {
    readonly count: number;
    readonly hitRatio: number | null;
    readonly byResult: Partial<Record<Result, Times>>;
    /** How often each reason occurred. */
    readonly bypassReasons: Readonly<Record<string, number>>;
    readonly notStoredReasons: Readonly<Record<string, number>>;
  };
  readonly evictions: Readonly<Partial<Record<TierName, Partial<Record<EvictionEvent['reason'], number>>>>>;
  /** Runs of the handler; `active` is the number running now. */
  readonly fills: Times & { readonly active: number; readonly errors: number };
  readonly savings: Saved;
  /** Now, not over the window. */
  readonly memory: {
    readonly tiers: readonly TierGauge[];
    readonly process: { readonly rssBytes: number; readonly heapUsedBytes: number; readonly arrayBuffersBytes: number };
  };
}

/** What the snapshot says about now, beside what the window saw. */
export interface Present {
  readonly window: PerformanceSnapshot['window'];
  readonly activeFills: number;
  readonly tiers: readonly TierGauge[];
}

export function performanceSnapshot(seen: Measurements, present: Present): PerformanceSnapshot {
  return {
    window: present.window,
    keyGeneration: keyGenerationOf(seen),
    operations: seen.operations.show((tier) => tier.show(operationTimesOf)),
    compression: compressionOf(seen),
    requests: requestsOf(seen),
    evictions: seen.evictions.show((tier) => tier.show((count) => count.value)),
    fills: { ...timesOf(seen.fills.times), active: present.activeFills, errors: seen.fills.errors },
    savings: seen.savings.total(),
    memory: { tiers: present.tiers, process: processMemory() },
  };
}

function timesOf(histogram: LogHistogram): Times {
  return {
    count: histogram.count,
    totalMs: histogram.sum,
    meanMs: histogram.mean(),
    maxMs: histogram.max,
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
  };
}

function operationTimesOf(attempts: Attempts): OperationTimes {
  return { ...timesOf(attempts.times), hits: attempts.hits, errors: attempts.errors };
}

function keyGenerationOf({ keys }: Measurements): PerformanceSnapshot['keyGeneration'] {
  const times = timesOf(keys.times);
  const meanTextLength = times.count === 0 ? 0 : keys.textLength / times.count;
  return { ...times, meanTextLength, maxTextLength: keys.maxTextLength };
}

function sizesOf({ count, rawBytes, storedBytes }: Pick<BodySizes, 'count' | 'rawBytes' | 'storedBytes'>): Sizes {
  const ratio = rawBytes === 0 ? null : storedBytes / rawBytes;
  return { count, rawBytes, storedBytes, bytesSaved: rawBytes - storedBytes, ratio };
}

function compressionOf(seen: Measurements): PerformanceSnapshot['compression'] {
  const byCoding: Partial<Record<Coding, Sizes>> = seen.bodies.show(sizesOf);
  const compressed = { count: 0, rawBytes: 0, storedBytes: 0 };
  for (const [coding, sizes] of Object.entries(byCoding)) {
    if (coding === 'identity') continue;
    compressed.count += sizes.count;
    compressed.rawBytes += sizes.rawBytes;
    compressed.storedBytes += sizes.storedBytes;
  }
  const codecs = seen.codecs.show((byLabel) => byLabel.show(timesOf));
  return {
    ...sizesOf(compressed),
    byCoding,
    compress: codecs['compress'] ?? {},
    decompress: codecs['decompress'] ?? {},
  };
}

export function requestsOf(seen: Measurements): PerformanceSnapshot['requests'] {
  const byResult: Partial<Record<Result, Times>> = seen.requests.show(timesOf);
  const counts: ResultCounts = noResults();
  let count = 0;
  for (const result of Object.keys(counts) as Result[]) {
    counts[result] = byResult[result]?.count ?? 0;
    count += counts[result];
  }
  return {
    count,
    hitRatio: hitRatio(counts),
    byResult,
    bypassReasons: seen.bypasses.show((reason) => reason.value),
    notStoredReasons: seen.notStored.show((reason) => reason.value),
  };
}

function processMemory(): PerformanceSnapshot['memory']['process'] {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rssBytes: rss, heapUsedBytes: heapUsed, arrayBuffersBytes: arrayBuffers };
}
