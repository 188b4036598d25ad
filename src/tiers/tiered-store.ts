import type { Clock } from '../clock.ts';
import type { Entry } from '../entry/entry.ts';
import { freshnessOf, useOf, type Freshness } from '../entry/freshness.ts';
import type { Observe, OperationEvent } from '../telemetry/events.ts';
import type { Budget } from './budget.ts';
import type { Guarded, GuardedTier } from './guarded-tier.ts';
import type { MemoryTier } from './memory-tier.ts';
import type { CacheKey, TierName } from './tier.ts';

/** An entry that may still be served. */
export interface Found {
  readonly entry: Entry;
  /** Where it was found. */
  readonly tier: TierName;
  readonly freshness: Exclude<Freshness, 'expired'>;
}

export interface PutResult {
  readonly stored: boolean;
  /** The tiers that took it. */
  readonly tiers: readonly TierName[];
}

export interface TieredStoreOptions {
  readonly memory?: MemoryTier | undefined;
  readonly redis?: GuardedTier | undefined;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** The memory tier before the Redis tier. Nothing here rejects: what Redis cannot do is a miss. */
export class TieredStore {
  readonly #options: TieredStoreOptions;

  constructor(options: TieredStoreOptions) {
    this.#options = options;
  }

  /** What memory has, at once. */
  peek(key: CacheKey): Found | undefined {
    const { memory } = this.#options;
    if (memory === undefined) return undefined;
    const startedAt = this.#options.clock.monotonic();
    const found = this.#found(memory.get(key), 'memory');
    this.#observe('memory', 'get', startedAt, { hit: found !== undefined });
    return found;
  }

  /**
   * What memory has, at once, else by a promise what Redis has, which is then promoted into memory.
   * `budget`: what this request may still wait for Redis; by default the guard's timeout.
   */
  lookup(key: CacheKey, budget?: Budget): Found | undefined | Promise<Found | undefined> {
    const { redis } = this.#options;
    const here = this.peek(key);
    if (redis === undefined || here?.freshness === 'fresh') return here;
    // Stale but good enough while it is made anew: whoever makes it anew looks in Redis first.
    if (here !== undefined && useOf(here.entry, this.#options.clock.now()) === 'while-revalidate') return here;
    return this.#lookupRedis(redis, key, budget).then((there) => there ?? here);
  }

  /** A fresh entry of any tier; a stale one in memory hides none in Redis. */
  async lookupFresh(key: CacheKey, budget?: Budget): Promise<Found | undefined> {
    const { redis } = this.#options;
    const here = this.peek(key);
    if (here?.freshness === 'fresh') return here;
    const there = redis && (await this.#lookupRedis(redis, key, budget));
    return there?.freshness === 'fresh' ? there : undefined;
  }

  /** Puts an entry into memory alone, at once. False where the memory tier does not keep it. */
  keep(key: CacheKey, entry: Entry): boolean {
    const { memory } = this.#options;
    if (memory === undefined) return false;
    const startedAt = this.#options.clock.monotonic();
    const kept = memory.set(key, entry);
    this.#observe('memory', 'put', startedAt);
    return kept;
  }

  /** Keeps the body of an entry that memory gave in identity coding too, so that the next client of its kind does not wait for it. */
  keepIdentity(key: CacheKey, entry: Entry, identity: Buffer): void {
    this.#options.memory?.keepIdentity(key, entry, identity);
  }

  /** Writes an entry to every tier that keeps such an entry: memory before this returns, then Redis. */
  async put(key: CacheKey, entry: Entry): Promise<PutResult> {
    const { redis, clock } = this.#options;
    const tiers: TierName[] = this.keep(key, entry) ? ['memory'] : [];
    if (redis !== undefined) {
      const startedAt = clock.monotonic();
      const written = await redis.set(key, entry);
      this.#observeGuarded('put', startedAt, written);
      if (written.value) tiers.push('redis');
    }
    return { stored: tiers.length > 0, tiers };
  }

  /** Whether any tier had it. Fails open as all else here: an invalidation that must be true is not made with this. */
  async remove(key: CacheKey): Promise<boolean> {
    const { memory, redis, clock } = this.#options;
    let removed = false;
    if (memory !== undefined) {
      const startedAt = clock.monotonic();
      removed = memory.delete(key);
      this.#observe('memory', 'remove', startedAt, { hit: removed });
    }
    if (redis !== undefined) {
      const startedAt = clock.monotonic();
      const deleted = await redis.delete(key);
      this.#observeGuarded('remove', startedAt, deleted, { hit: deleted.value });
      removed ||= deleted.value;
    }
    return removed;
  }

  async #lookupRedis(redis: GuardedTier, key: CacheKey, budget: Budget | undefined): Promise<Found | undefined> {
    const startedAt = this.#options.clock.monotonic();
    const got = await redis.get(key, budget);
    const found = this.#found(got.value, 'redis');
    this.#observeGuarded('get', startedAt, got, { hit: found !== undefined });
    if (found !== undefined) this.#promote(key, found.entry);
    return found;
  }

  #promote(key: CacheKey, entry: Entry): void {
    const { memory } = this.#options;
    // While Redis was asked a fill may have put a newer answer.
    const there = memory?.get(key);
    if (there === undefined || there.cachedAt < entry.cachedAt) memory?.set(key, entry);
  }

  #found(entry: Entry | undefined, tier: TierName): Found | undefined {
    if (entry === undefined) return undefined;
    const freshness = freshnessOf(entry, this.#options.clock.now());
    return freshness === 'expired' ? undefined : { entry, tier, freshness };
  }

  /** An operation that the guard did not let through did not happen. */
  #observeGuarded<T>(
    operation: OperationEvent['operation'],
    startedAt: number,
    guarded: Guarded<T>,
    facts: { hit?: boolean } = {},
  ): void {
    if (!guarded.asked) return;
    const { errorType } = guarded;
    this.#observe('redis', operation, startedAt, { ...facts, ...(errorType === undefined ? {} : { errorType }) });
  }

  #observe(
    tier: TierName,
    operation: OperationEvent['operation'],
    startedAt: number,
    facts: { hit?: boolean; errorType?: string } = {},
  ): void {
    const durationMs = this.#options.clock.monotonic() - startedAt;
    this.#options.observe({ type: 'operation', tier, operation, durationMs, ...facts });
  }
}
