import type { AIResponseCache } from '../ai-response-cache.ts';
import type { CompressionConfig, Config } from '../config/config.ts';
import type { TextTier } from '../entry/entry.ts';
import type { RecentError } from '../telemetry/recent-errors.ts';

/** What the stats router asks of a cache that it only shows; an `AIResponseCache` is one. */
export interface InspectableCache {
  stats(options?: StatsOptions): Stats | Promise<Stats>;
  info(): Promise<CacheInfo>;
  readonly monitor: Pick<AIResponseCache['monitor'], 'snapshot' | 'history'>;
}

/** What it asks of one that it also changes; an `AIResponseCache` is one. */
export interface ManageableCache extends InspectableCache {
  invalidate: AIResponseCache['invalidate'];
  clear: AIResponseCache['clear'];
  warm: AIResponseCache['warm'];
}

export type StatsOptions = NonNullable<Parameters<AIResponseCache['stats']>[0]>;
export type Stats = Awaited<ReturnType<AIResponseCache['stats']>>;
export type PerformanceSnapshot = ReturnType<AIResponseCache['monitor']['snapshot']>;
export type PerformanceHistory = ReturnType<AIResponseCache['monitor']['history']>;
export type InvalidationSelector = Parameters<AIResponseCache['invalidate']>[0];
export type WarmItem = Parameters<AIResponseCache['setMany']>[0][number];

/** How a cache is built and how its tiers are, as JSON. Never holds a URL, a key, a text or a tenant. */
export interface CacheInfo {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly mode: Config['mode'];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly package: { readonly name: string; readonly version: string };
  /** Characters, see the option. */
  readonly textSizeTiers: Config['textSizeTiers'];
  readonly tiers: { readonly memory: false | MemoryTierInfo; readonly redis: false | RedisTierInfo };
  readonly compression: false | CompressionConfig;
  /** Handlers running now to make an entry. */
  readonly fillsActive: number;
  /** The latest first, 20 kinds at the most. */
  readonly recentErrors: readonly RecentError[];
}

export interface MemoryTierInfo {
  readonly entries: number;
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly maxEntries: number;
  readonly textTiers: readonly TextTier[];
}

/** `idle`: nothing was asked of it yet. The last four are Redis' own words (`INFO`) and absent while it cannot be asked. */
export interface RedisTierInfo {
  readonly state: 'idle' | 'connecting' | 'ready' | 'reconnecting' | 'closed';
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly serverVersion?: string;
  readonly usedMemoryBytes?: number;
  /** 0: no limit. */
  readonly maxMemoryBytes?: number;
  readonly maxMemoryPolicy?: string;
}
