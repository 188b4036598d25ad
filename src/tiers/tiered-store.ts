import type { Clock } from '../clock.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { freshnessOf, useOf, type Freshness } from '../entry/freshness.ts';
import type { Observe } from '../telemetry/events.ts';
import type { Budget } from './budget.ts';
import type { Guarded, GuardedTier } from './guarded-tier.ts';
import { NO_INVALIDATION, type Invalidation } from './invalidation.ts';
import type { MemoryTier } from './memory-tier.ts';
import { OperationReport } from './operation-report.ts';
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
  /** Default: nothing is ever invalidated. */
  readonly invalidation?: Invalidation | undefined;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** Keys of one pipeline, whose replies must all come within one deadline. */
const KEYS_AT_ONCE = 500;

/** The memory tier before the Redis tier. Nothing here rejects: what Redis cannot do is a miss. */
export class TieredStore {
  readonly #options: TieredStoreOptions;
  readonly #invalidation: Invalidation;
  readonly #report: OperationReport;

  constructor(options: TieredStoreOptions) {
    this.#options = options;
    this.#invalidation = options.invalidation ?? NO_INVALIDATION;
    this.#report = new OperationReport(options);
  }

  /** Where the invalidation log stands, to be noted before an answer is made; by a promise where it must be asked for first. */
  noted(budget?: Budget): LogPosition | Promise<LogPosition> {
    const { redis } = this.#options;
    if (redis === undefined || !this.#invalidation.isUnknown()) return this.#invalidation.position();
    return redis.prepare(budget).then((prepared) => {
      if (isAway(prepared)) this.#invalidation.away();
      return this.#invalidation.position();
    });
  }

  /** What memory has, at once; nothing where another process may have invalidated it unheard. */
  peek(key: CacheKey): Found | undefined {
    return this.#invalidation.isCoherent()
      ? this.#inMemory(key, (entry) => this.#invalidation.judge(entry))
      : undefined;
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
    return this.#lookupRedis(redis, key, budget).then((there) => there ?? (here && this.#still(here)));
  }

  /** A fresh answer of any tier; a stale one in memory hides none in Redis. */
  async lookupFresh(key: CacheKey, budget?: Budget): Promise<Found | undefined> {
    const { redis } = this.#options;
    const here = this.peek(key);
    if (here?.freshness === 'fresh' && here.entry.variants === undefined) return here;
    const there = redis && (await this.#lookupRedis(redis, key, budget));
    return there?.freshness === 'fresh' && there.entry.variants === undefined ? there : undefined;
  }

  /**
   * The same for several keys, in their order: what memory does not have is asked for in few pipelines. Where one of them fails
   * the others are not tried: a call waits for a Redis that hangs once.
   */
  async lookupMany(keys: readonly CacheKey[]): Promise<(Found | undefined)[]> {
    const { redis } = this.#options;
    const found = keys.map((key) => this.peek(key));
    const missing = [...keys.keys()].filter((place) => found[place]?.freshness !== 'fresh');
    if (redis === undefined) return found;
    let isThere = true;
    for (let first = 0; first < missing.length; first += KEYS_AT_ONCE) {
      const places = missing.slice(first, first + KEYS_AT_ONCE);
      const asked = places.map((place) => keys[place] as CacheKey);
      // oxlint-disable-next-line no-await-in-loop -- each has a deadline, which all at once would not keep
      const some: (Found | undefined)[] | undefined = isThere ? await this.#lookupSome(redis, asked) : undefined;
      isThere = some !== undefined;
      for (const [index, place] of places.entries()) {
        const here = found[place];
        const there = some === undefined ? this.#standIn(keys[place] as CacheKey) : some[index];
        found[place] = there ?? (here && this.#still(here));
      }
    }
    return found;
  }

  /** Puts an entry into memory alone, at once. False where the memory tier does not keep it. */
  keep(key: CacheKey, entry: Entry): boolean {
    const { memory } = this.#options;
    // What is there instead may be newer.
    if (memory === undefined || !this.#invalidation.mayKeep(entry)) return false;
    const startedAt = this.#report.start();
    const kept = memory.set(key, entry);
    this.#report.done('memory', 'put', startedAt);
    return kept;
  }

  /** Keeps another form of an entry that memory gave in its place. */
  replace(key: CacheKey, entry: Entry, by: Entry): void {
    this.#options.memory?.replace(key, entry, by);
  }

  /** Writes an entry to every tier that keeps such an entry: memory before this returns, then Redis. */
  async put(key: CacheKey, entry: Entry): Promise<PutResult> {
    const { redis } = this.#options;
    const tiers: TierName[] = this.keep(key, entry) ? ['memory'] : [];
    if (redis !== undefined) {
      const startedAt = this.#report.start();
      const written = await redis.set(key, entry);
      this.#report.guarded('put', startedAt, written);
      if (written.value) tiers.push('redis');
    }
    return { stored: tiers.length > 0, tiers };
  }

  /** While Redis was asked it may have been invalidated. */
  #still({ entry, tier }: Found): Found | undefined {
    return this.#found(this.#invalidation.judge(entry), tier);
  }

  async #lookupRedis(redis: GuardedTier, key: CacheKey, budget: Budget | undefined): Promise<Found | undefined> {
    // Out of patience says nothing of Redis.
    if (budget !== undefined && budget.remainingMs() <= 0) return undefined;
    const startedAt = this.#report.start();
    const got = await redis.get(key, budget);
    const found = this.#found(got.value, 'redis');
    this.#report.guarded('get', startedAt, got, { hit: found !== undefined });
    return isAway(got) ? this.#standIn(key) : this.#promoted(key, found);
  }

  /** Undefined where Redis could not be asked. */
  async #lookupSome(redis: GuardedTier, keys: readonly CacheKey[]): Promise<(Found | undefined)[] | undefined> {
    const startedAt = this.#report.start();
    const got = await redis.getMany(keys);
    const found = keys.map((key, place) => {
      const there = this.#found(got.value[place], 'redis');
      this.#report.guarded('get', startedAt, got, { hit: there !== undefined });
      return this.#promoted(key, there);
    });
    return isAway(got) ? undefined : found;
  }

  #promoted(key: CacheKey, found: Found | undefined): Found | undefined {
    if (found !== undefined) this.#promote(key, found.entry);
    return found;
  }

  #promote(key: CacheKey, entry: Entry): void {
    const { memory } = this.#options;
    // While Redis was asked a fill may have put a newer answer.
    const there = memory?.get(key);
    const isNewer = there !== undefined && there.cachedAt >= entry.cachedAt && this.#invalidation.mayKeep(there);
    if (!isNewer) memory?.set(key, entry);
  }

  /** What memory has while Redis cannot be asked. */
  #standIn(key: CacheKey): Found | undefined {
    const { memory } = this.#options;
    this.#invalidation.away();
    const entry = memory?.get(key);
    const standing = entry && this.#invalidation.standIn(entry);
    return standing && this.#inMemory(key, () => standing);
  }

  #inMemory(key: CacheKey, judge: (entry: Entry) => Entry | undefined): Found | undefined {
    const { memory } = this.#options;
    if (memory === undefined) return undefined;
    const startedAt = this.#report.start();
    const entry = memory.get(key);
    const found = this.#found(entry && judge(entry), 'memory');
    this.#report.done('memory', 'get', startedAt, { hit: found !== undefined });
    return found;
  }

  #found(entry: Entry | undefined, tier: TierName): Found | undefined {
    if (entry === undefined) return undefined;
    const freshness = freshnessOf(entry, this.#options.clock.now());
    return freshness === 'expired' ? undefined : { entry, tier, freshness };
  }
}

/** Redis was left alone or did not answer: that nothing was found says nothing. */
function isAway({ asked, errorType }: Guarded<unknown>): boolean {
  return !asked || errorType !== undefined;
}
