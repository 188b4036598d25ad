import type { Cluster, Redis } from 'ioredis';
import type { z } from 'zod';
import type { AIResponseCache } from '../ai-response-cache.ts';
import { cacheWithOption, clusterWithoutRedis, invalidOption, noTier, notACache, unknownOption } from '../errors.ts';
import { hasMethod, withoutUnixScheme } from './checks.ts';
import type { CompressionConfig, Config, CostTier, MemoryConfig, TelemetryConfig, TtlConfig } from './config.ts';
import { COMPRESSION_LEVELS } from './group-schemas.ts';
import { nearestName } from './nearest-name.ts';
import { optionError } from './option-errors.ts';
import type { AICacheOptions, AIResponseCacheOptions } from './options.ts';
import type { RouteConfig } from './route-config.ts';
import type { AIRouteOptions } from './route-options.ts';
import { routeOptions } from './route-schema.ts';
import { cacheOptions } from './schema.ts';
import { shownValue } from './shown-value.ts';
import { COST_TIER_MULTIPLIERS, isCostTier } from './ttl-schema.ts';

type Parsed = z.output<typeof cacheOptions>;

/** What one mount works with: a shared cache, or the options, not checked yet, of a cache of its own. */
export type MountParts = { readonly route: RouteConfig } & (
  | { readonly cache: AIResponseCache; readonly cacheOptions?: undefined }
  | { readonly cacheOptions: AIResponseCacheOptions; readonly cache?: undefined }
);

const MOUNT_OPTIONS = [...Object.keys(routeOptions.shape), ...Object.keys(cacheOptions.shape), 'cache'];

/** Checks the options of a cache and fills in the defaults. Copies what it freezes: what the caller passed stays as it is. */
export function parseCacheOptions(options: AIResponseCacheOptions = {}): Config {
  const parsed = parseWith(cacheOptions, options);
  if (parsed.redis === undefined) checkWithoutRedis(parsed);
  const { enabled } = parsed;
  return Object.freeze({
    ...parsed,
    enabled: typeof enabled === 'function' ? enabled : () => enabled,
    redis: redisOf(parsed.redis),
    memory: memoryOf(parsed.memory),
    textSizeTiers: Object.freeze(parsed.textSizeTiers),
    memoryTextTiers: Object.freeze([...parsed.memoryTextTiers]),
    compression: compressionOf(parsed.compression),
    ttl: ttlOf(parsed.ttl),
    prices: pricesOf(parsed.prices),
    coalesce: Object.freeze(parsed.coalesce),
    telemetry: telemetryOf(parsed.telemetry),
    onError: parsed.onError ?? (() => undefined),
  });
}

function checkWithoutRedis({ memory, coalesce }: Parsed): void {
  if (memory === false) throw noTier();
  if (coalesce !== false && coalesce.across === 'cluster') throw clusterWithoutRedis();
}

/** Checks the options of one mount. */
export function parseRouteOptions(options: AIRouteOptions = {}): RouteConfig {
  const parsed = parseWith(routeOptions, options);
  const varyHeaders = new Set(parsed.varyHeaders.map((name) => name.toLowerCase()));
  return Object.freeze({
    ...withoutUndefined(parsed),
    varyHeaders: Object.freeze([...varyHeaders]),
    ignoreBodyFields: Object.freeze([...parsed.ignoreBodyFields]),
  });
}

/** Splits what `aiCache()` was given: the options of the mount, checked, and its cache or the options of one. */
export function parseMountOptions(options: AICacheOptions = {}): MountParts {
  const whole: unknown = options;
  if (typeof whole !== 'object' || whole === null || isCache(whole)) {
    throw invalidOption('', shownValue(whole), 'an object of options; a shared cache goes in as { cache }');
  }
  const { cache, ...others } = options;
  const entries = Object.entries(others);
  const ofCache = entries.filter(([name]) => isCacheOption(name));
  // Some options stand in both: said of a mount they are the mount's.
  const ofRoute = entries.filter(([name]) => !isCacheOption(name) || isRouteOption(name));
  const unknown = ofRoute.find(([name]) => !isRouteOption(name));
  if (unknown !== undefined) throw unknownOption(unknown[0], nearestName(unknown[0], MOUNT_OPTIONS));

  const route = parseRouteOptions(Object.fromEntries(ofRoute));
  if (cache === undefined) return { route, cacheOptions: Object.fromEntries(ofCache) };

  if (!isCache(cache)) throw notACache('cache', shownValue(cache));
  const doubled = ofCache.find(([name, value]) => value !== undefined && !isRouteOption(name));
  if (doubled !== undefined) throw cacheWithOption(doubled[0]);
  return { route, cache };
}

function isCacheOption(name: string): boolean {
  return Object.hasOwn(cacheOptions.shape, name);
}

function isRouteOption(name: string): boolean {
  return Object.hasOwn(routeOptions.shape, name);
}

function parseWith<S extends z.ZodObject>(schema: S, options: unknown): z.output<S> {
  const result = schema.safeParse(options);
  if (!result.success) throw optionError(result.error, options, schema);
  return result.data;
}

/** By what it can do: the class itself is above this folder. */
function isCache(value: unknown): value is AIResponseCache {
  return ['get', 'set', 'stats', 'info'].every((method) => hasMethod(value, method));
}

function redisOf(redis: Parsed['redis']): Config['redis'] {
  if (typeof redis === 'string') return withoutUnixScheme(redis);
  return redis as Redis | Cluster | undefined;
}

function memoryOf(memory: Parsed['memory']): false | MemoryConfig {
  if (memory === false) return false;
  return Object.freeze({ ...memory, maxEntryBytes: Math.min(memory.maxEntryBytes, memory.maxBytes) });
}

function compressionOf(compression: Parsed['compression']): false | CompressionConfig {
  if (compression === false) return false;
  const { thresholdBytes, algorithm, level = COMPRESSION_LEVELS[algorithm].usual } = compression;
  return Object.freeze({ thresholdBytes, algorithm: algorithm === 'brotli' ? 'br' : algorithm, level });
}

function ttlOf(ttl: Parsed['ttl']): TtlConfig {
  const { defaultSeconds, maxSeconds, heuristic, jitter } = ttl;
  return Object.freeze({
    defaultSeconds: Math.min(defaultSeconds, maxSeconds),
    operations: Object.freeze(ttl.operations),
    contentTypes: Object.freeze(ttl.contentTypes),
    costTiers: costTiersOf(ttl.costTiers),
    models: Object.freeze(ttl.models),
    heuristic,
    jitter,
    maxSeconds,
  });
}

/** One table of the options holds both: a number stands under the name of a tier, a tier under that of a model. */
function costTiersOf(table: Parsed['ttl']['costTiers']): TtlConfig['costTiers'] {
  const ofTiers = Object.entries(table).filter(([name]) => isCostTier(name));
  const ofModels = Object.entries(table).filter(([name]) => !isCostTier(name));
  return Object.freeze({
    multipliers: Object.freeze({
      ...COST_TIER_MULTIPLIERS,
      ...(Object.fromEntries(ofTiers) as Record<CostTier, number>),
    }),
    models: Object.freeze(Object.fromEntries(ofModels) as Record<string, CostTier>),
  });
}

function pricesOf(prices: Parsed['prices']): Config['prices'] {
  for (const price of Object.values(prices)) Object.freeze(price);
  return Object.freeze(prices);
}

function telemetryOf(telemetry: Parsed['telemetry']): false | TelemetryConfig {
  return telemetry === false ? false : Object.freeze(withoutUndefined(telemetry));
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
