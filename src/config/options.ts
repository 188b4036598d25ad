import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { AIResponseCache } from '../ai-response-cache.ts';
import type { TextTier } from '../entry/entry.ts';
import type { AICacheError } from '../errors.ts';
import type { CostTier, HashAlgorithm } from './config.ts';
import type { AIRouteOptions } from './route-options.ts';

/** What is used of an ioredis `Redis` or `Cluster` (5.11.1 or newer): it is duplicated, never used itself and never closed. */
export interface RedisTemplate {
  readonly status: string;
  duplicate(...args: never[]): unknown;
}

/**
 * The options of a cache. Every option may be left out; `undefined` counts as left out.
 *
 * A bad value throws an `AICacheError` with the code `INVALID_OPTION`, a name that does not exist one with `UNKNOWN_OPTION`;
 * `option` of the error holds the path, such as `memory.maxBytes`.
 */
export interface AIResponseCacheOptions {
  /**
   * How this cache calls itself in `Cache-Status` (RFC 9211 §2) and in the `cache.name` attribute. A letter, then letters,
   * digits, `_`, `.`, `:`, `/` or `-`, at most 64 characters. Default `'ai-cache'`.
   */
  name?: string | undefined;
  /**
   * What every Redis key of this cache begins with. Letters, digits, `_`, `.` and `-`, in parts joined by `:`, at most 128
   * characters. Never empty, no white space, no glob characters, and no braces: on a Redis Cluster they would be a hash tag and
   * put every entry into one slot. Default `'ai_cache'`.
   */
  namespace?: string | undefined;
  /** A whole number from 0; raise it to abandon every older entry. Default 1. */
  version?: number | undefined;
  /** `false`, or a function that returns it at the time of a request: every request bypasses as `disabled`. Default `true`. */
  enabled?: boolean | (() => boolean) | undefined;
  /** `'shadow'` always runs the handler and counts the hits and savings there would have been. Default `'serve'`. */
  mode?: 'serve' | 'shadow' | undefined;
  /**
   * Where Redis is: `redis://`, `rediss://` (TLS), `unix:///absolute/path` or the absolute path of a socket; or an ioredis client,
   * which serves as a template. Default: no Redis, the memory tier alone.
   */
  redis?: string | RedisTemplate | undefined;
  /** What all waits for Redis may add to one request, milliseconds. Default 200. */
  redisTimeoutMs?: number | undefined;
  /** The memory tier, or `false` for none; then `redis` is needed. */
  memory?: false | MemoryOptions | undefined;
  /** A longer response body (identity coding, bytes) is not recorded. Default 8 MiB. */
  maxEntryBytes?: number | undefined;
  /**
   * Where the size classes of a request's text end, characters (UTF-16 units): `small` is shorter than `small`, and so on; from
   * `large` on it is `xlarge`. Ascending. Default 500, 5 000, 50 000.
   */
  textSizeTiers?: { small?: number | undefined; medium?: number | undefined; large?: number | undefined } | undefined;
  /** Size classes the memory tier keeps, at least one. Default small, medium, large. */
  memoryTextTiers?: readonly TextTier[] | undefined;
  /**
   * A text of at most this many characters appears in its Redis key, escaped, where operators of Redis can read it. Default 0: no
   * text ever does.
   */
  textHashThreshold?: number | undefined;
  /** Default `'sha256'`. MD5 and SHA-1 are refused: different texts with equal digests are known. */
  hashAlgorithm?: HashAlgorithm | undefined;
  /** Compression of stored bodies, or `false` for none. */
  compression?: false | CompressionOptions | undefined;
  /** How long an answer stays fresh where neither the handler nor the route says so. */
  ttl?: TtlOptions | undefined;
  /**
   * What models cost, USD per million tokens, by name or by the beginning of a name with `*` behind it (`'llama-*'`; an exact
   * name is stronger, then the longest beginning). Default: the prices in `@pydantic/genai-prices`, which a price given here
   * replaces. A model of your own that costs nothing by the token has two zeros; one without any price is reported once with
   * the code `UNKNOWN_MODEL`, and what its answers save is counted as unknown.
   */
  prices?: Readonly<Record<string, PriceOptions>> | undefined;
  /**
   * How long a stale answer is served while it is made anew in the background, seconds (RFC 5861 §3). Default 0: not at all. The
   * handler's own `stale-while-revalidate` and the option of the route are stronger.
   */
  staleWhileRevalidateSeconds?: number | undefined;
  /** How long a stale answer is served in place of 429, 500, 502, 503 or 504, seconds (RFC 5861 §4). Default 0: not at all. */
  staleIfErrorSeconds?: number | undefined;
  /**
   * How long past its lifetime an answer is kept that the handler has given an ETag or Last-Modified of its own, seconds. A request
   * for it goes to the handler with If-None-Match and If-Modified-Since, and a 304 makes it fresh again (RFC 9111 §4.3). Default 3 600.
   */
  revalidateSeconds?: number | undefined;
  /** How long requests do not wait for each other after an answer that declared itself uncacheable, seconds. Default 30. */
  hitForMissSeconds?: number | undefined;
  /** How long a handler may go on for an answer whose client has gone, milliseconds. Default 600 000, ten minutes. */
  maxFillMs?: number | undefined;
  /** Requests with equal keys wait for the one that runs the handler; `false`: each runs it. */
  coalesce?: false | CoalesceOptions | undefined;
  /** `false`: no spans and no OpenTelemetry metrics; the performance monitor still counts. */
  telemetry?: false | TelemetryOptions | undefined;
  /** Send `Cache-Status` (RFC 9211). `'key'`: with the `key` parameter, a prefix of the key's digest. Default `true`. */
  cacheStatus?: boolean | 'key' | undefined;
  /**
   * Told of every error that the cache answered by going on without itself. Not `async`: nobody waits for it. Default: nobody is
   * told, telemetry counts them.
   */
  onError?: ((error: AICacheError) => void) | undefined;
}

export interface MemoryOptions {
  /** Bytes of all entries together; the least recently used leave first. Default 64 MiB. */
  maxBytes?: number | undefined;
  /** Default 10 000. */
  maxEntries?: number | undefined;
  /** A larger entry is not kept in memory, bytes; `maxBytes` caps it. Default 1 MiB. */
  maxEntryBytes?: number | undefined;
  /**
   * What memory gives while Redis, where there is one, cannot be asked and so nothing can be heard of invalidations:
   * `'serve-new'` what was made since then, for a minute at the most, `'off'` nothing. Default `'serve-new'`.
   */
  whenDisconnected?: 'serve-new' | 'off' | undefined;
}

export interface CompressionOptions {
  /** A shorter body is stored as it is, bytes. Default 1 024. */
  thresholdBytes?: number | undefined;
  /** Default `'brotli'` (RFC 7932). */
  algorithm?: 'brotli' | 'gzip' | 'deflate' | 'zstd' | undefined;
  /** brotli 0–11 (default 1), gzip and deflate 0–9 (default 6), zstd 1–22 (default 3). */
  level?: number | undefined;
}

/**
 * The policy of lifetimes: base × cost tier × confidence, jittered. Stronger than the policy are, in this order: the handler's
 * `Cache-Control`, `aiCacheContext(req).ttl()` and `ttlSeconds` of `set`, `ttlSeconds` of the route, `models`.
 * `cache.explain(request)` says what came of it.
 */
export interface TtlOptions {
  /**
   * Base where neither the operation nor the content type says otherwise, seconds. Default 86 400, a day. 0: none, so that only what
   * the handler, the route or `aiCacheContext(req).ttl()` gives a lifetime is stored.
   */
  defaultSeconds?: number | undefined;
  /**
   * Lifetime of an answer with `Last-Modified` for which nobody has named one, as a share of the time for which it had not been
   * modified, 0 to 1 (RFC 9111 §4.2.2 suggests 0.1). Default 0: the policy's.
   */
  heuristic?: number | undefined;
  /** Base by operation, seconds, stronger than the content type's. Default none; `EXAMPLE_OPERATION_SECONDS` is a set to begin with. */
  operations?: Readonly<Record<string, number>> | undefined;
  /** Base by content type, seconds. Default critical 43 200, standard 86 400, static 604 800, temporary 21 600. */
  contentTypes?:
    | {
        critical?: number | undefined;
        standard?: number | undefined;
        static?: number | undefined;
        temporary?: number | undefined;
      }
    | undefined;
  /**
   * Under the name of a tier: what it multiplies lifetimes by (default very_high 2, high 1.5, medium 1, low 0.8). Under the name
   * of a model, or the beginning of one with `*` behind it: its tier. Models that are not named here get theirs from a table of
   * known families, else by their price, else medium.
   */
  costTiers?: Readonly<Record<string, number | CostTier>> | undefined;
  /** Exact lifetimes by model, seconds, or by the beginning of its name with `*` behind it: no tier, no confidence, no jitter. */
  models?: Readonly<Record<string, number>> | undefined;
  /**
   * The share by which a lifetime of the policy is longer or shorter, 0 to 0.5, so that entries made together do not expire
   * together. It follows from the key, so that it is the same in every process. Default 0.1; 0: exact.
   */
  jitter?: number | undefined;
  /** Caps every lifetime, seconds. Default 2 592 000, thirty days. */
  maxSeconds?: number | undefined;
}

/** USD per million tokens. */
export interface PriceOptions {
  inputUsdPerMillion: number;
  outputUsdPerMillion: number;
}

export interface CoalesceOptions {
  /** How long a request waits for another's answer before it runs the handler itself, milliseconds. Default 60 000. */
  waitMs?: number | undefined;
  /** `'cluster'`: also across all processes that share a Redis and a namespace; needs `redis`. Default `'process'`. */
  across?: 'process' | 'cluster' | undefined;
}

export interface TelemetryOptions {
  /** Default: the global one of `@opentelemetry/api`, looked up when it is used. */
  tracerProvider?: TracerProvider | undefined;
  /** Default: the global one of `@opentelemetry/api`, looked up when it is used. */
  meterProvider?: MeterProvider | undefined;
}

/**
 * What `aiCache()` takes: the options of one mount, and either a `cache` that several mounts share or the options of a cache of
 * its own. Both at once throws `INVALID_OPTION`.
 */
export type AICacheOptions =
  | (AIRouteOptions & { cache: AIResponseCache } & {
      [Name in Exclude<keyof AIResponseCacheOptions, keyof AIRouteOptions>]?: undefined;
    })
  | (AIRouteOptions & AIResponseCacheOptions & { cache?: undefined });
