import type { Request } from 'express';
import { createParts, type CacheParts } from './cache-parts.ts';
import { closeParts } from './close-parts.ts';
import { cacheInfoOf } from './cache-info.ts';
import { requestFor } from './exchange/request-for.ts';
import type { CachedResponse } from './direct/cached-response.ts';
import { directClear, directExpire, directInvalidate } from './direct/invalidate.ts';
import { directGetMany, directSetMany, type SetItem, type SetItemResult } from './direct/many.ts';
import type { EntrySelector } from './direct/selector.ts';
import { statsAcross, type StatsOptions } from './direct/stats-across.ts';
import { warm } from './direct/warm.ts';
import type { WarmResult } from './direct/warm-count.ts';
import type { WarmItems, WarmOptions, WarmRunOptions } from './direct/warm-options.ts';
import type { WarmRequest } from './exchange/warm-request.ts';
import { systemClock, type Clock } from './clock.ts';
import type { AIResponseCacheOptions } from './config/options.ts';
import { parseCacheOptions } from './config/parse.ts';
import {
  directFill,
  directGet,
  directSet,
  type FillResponse,
  type SetOptions,
  type SetResult,
} from './direct/direct.ts';
import { cacheClosed } from './errors.ts';
import type { GivenResponse } from './direct/given-response.ts';
import type { AIRequest } from './request/ai-request.ts';
import type { TtlExplanation } from './policy/ttl.ts';
import { checkRequest } from './request/check-request.ts';
import type { CacheInfo } from './stats/inspectable.ts';
import type { CachePerformanceMonitor } from './telemetry/performance-monitor.ts';
import type { Stats, StatsFilter } from './telemetry/stats.ts';

let readParts: (cache: AIResponseCache) => CacheParts;

/**
 * A cache of AI answers: its tiers, its statistics, its lifetime. Nothing connects before the first use.
 *
 * @throws AICacheError INVALID_OPTION or UNKNOWN_OPTION, naming the option, its value and what is allowed.
 */
export class AIResponseCache {
  readonly #parts: CacheParts;
  #closing: Promise<void> | undefined;

  /** `clock` is for tests: it sets ages and lifetimes. */
  constructor(options: AIResponseCacheOptions = {}, clock: Clock = systemClock) {
    this.#parts = createParts(parseCacheOptions(options), clock);
  }

  static {
    readParts = (cache) => cache.#parts;
  }

  /**
   * The request as the middleware sees it: the one it built, where `req` has come through it, else one with default route options.
   *
   * @throws AICacheError UNKEYABLE where the middleware would go past the cache.
   */
  requestFor(req: Request): AIRequest {
    return requestFor(this.#parts, req);
  }

  /**
   * The stored answer of a request; undefined on a miss, and when Redis is away. Stale answers only with `allowStale`.
   *
   * @throws AICacheError INVALID_REQUEST or UNKEYABLE, naming the field.
   */
  async get(
    request: AIRequest,
    { allowStale = false }: { allowStale?: boolean } = {},
  ): Promise<CachedResponse | undefined> {
    this.#checkOpen();
    return directGet(this.#parts, request, allowStale);
  }

  /**
   * Stores an answer. Resolves to `{ stored: false, reason }` for one that may not be stored, and when no tier took it.
   *
   * @throws AICacheError INVALID_REQUEST, UNKEYABLE or INVALID_RESPONSE, naming the field.
   */
  async set(request: AIRequest, response: GivenResponse, options: SetOptions = {}): Promise<SetResult> {
    this.#checkOpen();
    return directSet(this.#parts, request, response, options);
  }

  /**
   * The stored answer, or what `fillResponse` makes: it runs once for all equal requests of this process that ask at the same time.
   * Rejects with what it rejects with; nothing is stored then.
   */
  async getOrFill(request: AIRequest, fillResponse: FillResponse): Promise<CachedResponse> {
    this.#checkOpen();
    return directFill(this.#parts, request, fillResponse);
  }

  /**
   * How long the answer to this request lives by the policy, and why: `ttlSeconds` = `base` × `multiplier` × `confidence`, capped,
   * before jitter. A lifetime that the handler, `aiCacheContext(req).ttl()`, `set` or the route gives is stronger. The first
   * question about a model that no table names loads the prices, which takes some 30 ms.
   *
   * @throws AICacheError INVALID_REQUEST, naming the field.
   */
  explain(request: AIRequest): TtlExplanation {
    checkRequest(request);
    return this.#parts.explain(request);
  }

  /**
   * The stored answers of several requests, in their order: what memory does not have is asked of Redis in few pipelines. One that
   * cannot be keyed has none, and is reported to `onError`.
   */
  async getMany(
    requests: readonly AIRequest[],
    { allowStale = false }: { allowStale?: boolean } = {},
  ): Promise<(CachedResponse | undefined)[]> {
    this.#checkOpen();
    return directGetMany(this.#parts, requests, allowStale);
  }

  /**
   * Stores several answers; resolves to what became of each, in their order. A bad one fails alone: `{ stored: false, reason:
   * 'invalid', error }`.
   */
  async setMany(items: readonly SetItem[]): Promise<SetItemResult[]> {
    this.#checkOpen();
    return directSetMany(this.#parts, items);
  }

  /**
   * Stores the answers of which no fresh entry is there; fresh ones are left alone. With `server` the items are requests, which run
   * through the app in this process. A bad item fails alone: `failures` says why.
   *
   * @throws AICacheError INVALID_REQUEST for items that cannot be iterated, INVALID_OPTION, UNKNOWN_OPTION; what the iterator throws.
   */
  warm(items: WarmItems<SetItem>, options?: WarmOptions): Promise<WarmResult>;
  warm(items: WarmItems<WarmRequest>, options: WarmRunOptions): Promise<WarmResult>;
  async warm(items: WarmItems<never>, options: WarmOptions | WarmRunOptions = {}): Promise<WarmResult> {
    this.#checkOpen();
    return warm(this.#parts, items, options);
  }

  /**
   * Removes the entries that fit all fields of the selector, in every process and both tiers. When it resolves, no process serves any
   * of them again, nor an answer that began to be made before: this call was true. `removed`: keys it deleted in Redis, of all
   * versions; without Redis, entries of memory. Costs what the smallest index of the fields holds, not what the cache holds.
   *
   * @throws AICacheError INVALID_SELECTOR naming the field; INVALID_REQUEST or UNKEYABLE for a request in `key`; REDIS_FAILED,
   * REDIS_MISSING or REDIS_REPLY_MISMATCH where it cannot be true: call it again then.
   * @example
   * const { removed } = await cache.invalidate({ collection: 'articles', model: ['gpt-4o', 'gpt-4.1'] });
   */
  async invalidate(selector: EntrySelector): Promise<{ removed: number }> {
    this.#checkOpen();
    return directInvalidate(this.#parts, selector);
  }

  /**
   * Marks the entries that fit the selector as stale, as `invalidate` removes them: those with a stale window are served while they are
   * made anew, or where that fails; all others are misses. `expired`: fresh entries that fit.
   *
   * @throws As `invalidate` does.
   */
  async expire(selector: EntrySelector): Promise<{ expired: number }> {
    this.#checkOpen();
    return directExpire(this.#parts, selector);
  }

  /** Removes all entries of this namespace, of every version, and nothing else; otherwise as `invalidate`. */
  async clear(): Promise<{ removed: number }> {
    this.#checkOpen();
    return directClear(this.#parts);
  }

  /**
   * Requests and savings: of this process since the cache was made, or by a promise with `across: 'cluster'` of all processes that
   * share the Redis and the namespace, of all versions, since they first wrote there. Provider and model choose.
   *
   * @throws AICacheError INVALID_OPTION; rejects with REDIS_FAILED, REDIS_TIMEOUT or REDIS_MISSING.
   */
  stats(options?: StatsFilter & { readonly across?: 'process' }): Stats;
  stats(options: StatsFilter & { readonly across: 'cluster' }): Promise<Stats>;
  stats(options?: StatsOptions): Stats | Promise<Stats>;
  stats(options: StatsOptions = {}): Stats | Promise<Stats> {
    return statsAcross(this.#parts, options);
  }

  /** Tiers, sizes, and what Redis says of itself. Never rejects, never connects. */
  info(): Promise<CacheInfo> {
    return cacheInfoOf(this.#parts);
  }

  /** The rolling window of this process. */
  get monitor(): CachePerformanceMonitor {
    return this.#parts.recorder.monitor;
  }

  /** Connects to Redis now rather than at the first request. Rejects with AICacheError REDIS_FAILED or REDIS_MISSING; does nothing without Redis. */
  async connect(): Promise<void> {
    this.#checkOpen();
    await this.#parts.redis?.connection.connect();
    await this.#parts.invalidation.connect();
  }

  /** Ends the connection to Redis and frees the memory tier. Requests that come later go to the handler. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= closeParts(this.#parts);
    return this.#closing;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw cacheClosed();
  }
}

/** The parts of a cache, for the middleware alone. */
export function partsOf(cache: AIResponseCache): CacheParts {
  return readParts(cache);
}
