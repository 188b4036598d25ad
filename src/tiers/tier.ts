import type { Entry } from '../entry/entry.ts';

/** Where an entry lives. */
export type TierName = 'memory' | 'redis';

/** A key as tiers use it, made by `CacheKeyGenerator`. */
export interface CacheKey {
  /** `<provider>:<model>:<collection>:<digest>[:<text>]`, parts percent-encoded. */
  readonly text: string;
  /** Hex digest over everything that is keyed: the identity. */
  readonly digest: string;
}

/**
 * A place that keeps entries. Tiers do not catch: `guarded-tier` alone turns an error into a miss.
 * Freshness is the reader's business: a tier may return a stale entry, never another key's.
 */
export interface Tier {
  readonly name: TierName;
  get(key: CacheKey): Entry | undefined | Promise<Entry | undefined>;
  /** Keeps the entry until `entry.expiresAt` at most. Resolves to false where the tier does not keep such an entry. */
  set(key: CacheKey, entry: Entry): boolean | Promise<boolean>;
  delete(key: CacheKey): boolean | Promise<boolean>;
  /** The entries of several keys, in their order. Absent: they are asked for one by one. */
  getMany?(keys: readonly CacheKey[]): Promise<(Entry | undefined)[]>;
  /** Learns what must be known before an answer is made for this tier. Absent: nothing. */
  prepare?(): Promise<boolean>;
}
