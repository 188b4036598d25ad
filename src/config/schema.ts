import { z } from 'zod';
import type { AICacheError } from '../errors.ts';
import { isRedisAddress, redisTemplate, synchronous } from './checks.ts';
import { asFlag, asList, asNumber, asSwitch, asText, asTextSizeTiers } from './env-form.ts';
import { coalesce, compression, memory, telemetry, textSizeTiers } from './group-schemas.ts';
import { bytes, MIB, milliseconds, notNegative, positive, timer, window, windowSeconds } from './numbers.ts';
import { optionDocs } from './option-docs.ts';
import type { AIResponseCacheOptions } from './options.ts';
import { prices, ttl } from './ttl-schema.ts';

const TEXT_TIERS = ['small', 'medium', 'large', 'xlarge'] as const;
const HASH_ALGORITHMS = ['sha256', 'sha384', 'sha512', 'sha512-256', 'sha3-256', 'sha3-512'] as const;

/** The options of a cache: shape, defaults and words. */
export const cacheOptions = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][\w.:/-]{0,63}$/i)
    .default('ai-cache')
    .register(optionDocs, {
      allowed: 'a letter, then letters, digits, "_", ".", ":", "/" or "-", at most 64 characters',
      meaning: 'The name in `Cache-Status` and in `cache.name` of spans and metrics.',
      env: asText,
    }),
  namespace: z
    .string()
    .max(128)
    .regex(/^[\w.-]+(:[\w.-]+)*$/)
    .default('ai_cache')
    .register(optionDocs, {
      allowed: 'letters, digits, "_", "." and "-", in parts joined by ":", 1 to 128 characters',
      meaning: 'What every Redis key begins with.',
      env: asText,
    }),
  version: notNegative().default(1).register(optionDocs, {
    allowed: 'a whole number from 0',
    meaning: 'Raise it to abandon every older entry.',
    env: asNumber,
  }),
  enabled: z.union([z.boolean(), synchronous<() => boolean>()]).default(true).register(optionDocs, {
    allowed: 'true, false, or a function that returns one of them and is not async',
    meaning: '`false`: every request bypasses the cache. A function is asked at every request.',
    env: asFlag,
  }),
  mode: z.enum(['serve', 'shadow']).default('serve').register(optionDocs, {
    allowed: 'serve or shadow',
    meaning: '`shadow` always runs the handler and counts the hits there would have been.',
    env: asText,
  }),
  redis: z
    .union([z.string().refine(isRedisAddress), redisTemplate()])
    .optional()
    .register(optionDocs, {
      allowed:
        'redis://, rediss:// or unix:// with an absolute path, the absolute path of a socket, or an ioredis Redis or Cluster',
      meaning: 'Where Redis is; a client is a template that is duplicated and left alone. None: memory alone.',
      env: {
        ...asText,
        name: 'AI_CACHE_REDIS_URL',
        allowed: 'redis://, rediss:// or unix:// with an absolute path, or the absolute path of a socket',
      },
    }),
  redisTimeoutMs: timer()
    .default(200)
    .register(optionDocs, { ...milliseconds, meaning: 'What all waits for Redis may add to one request.' }),
  memory: z
    .union([z.literal(false), memory])
    .prefault({})
    .register(optionDocs, {
      allowed: 'false, or an object of its options',
      meaning: '`false`: no memory tier; then `redis` is needed.',
      env: asSwitch,
    }),
  maxEntryBytes: positive()
    .default(8 * MIB)
    .register(optionDocs, { ...bytes, meaning: 'A longer response body is not recorded.' }),
  textSizeTiers: textSizeTiers.prefault({}).register(optionDocs, {
    allowed: 'whole numbers of characters from 1 for small, medium and large, each above the one before',
    meaning: 'Where the size classes of texts end, characters.',
    env: asTextSizeTiers,
  }),
  memoryTextTiers: z
    .array(z.enum(TEXT_TIERS))
    .min(1)
    .default(['small', 'medium', 'large'])
    .register(optionDocs, {
      allowed: 'at least one of small, medium, large and xlarge (memory: false turns the memory tier off)',
      meaning: 'Size classes of texts that the memory tier keeps.',
      env: { ...asList, allowed: 'at least one of small, medium, large and xlarge, with commas between them' },
    }),
  textHashThreshold: notNegative().default(0).register(optionDocs, {
    allowed: 'a whole number of characters from 0',
    meaning: 'Texts up to this length appear in Redis keys, escaped; 0: none does.',
    env: asNumber,
  }),
  hashAlgorithm: z
    .enum(HASH_ALGORITHMS)
    .default('sha256')
    .register(optionDocs, {
      allowed: `${HASH_ALGORITHMS.join(', ')} (MD5 and SHA-1 are refused: different texts with equal digests are known)`,
      meaning: 'The digest that keys are made of.',
      env: asText,
    }),
  compression: z
    .union([z.literal(false), compression])
    .prefault({})
    .register(optionDocs, {
      allowed: 'false, or an object of its options',
      meaning: '`false`: bodies are stored as they are.',
      env: asSwitch,
    }),
  ttl: ttl.prefault({}),
  prices,
  staleWhileRevalidateSeconds: window()
    .default(0)
    .register(optionDocs, {
      ...windowSeconds,
      meaning: 'How long a stale answer is served while it is made anew in the background (RFC 5861).',
    }),
  staleIfErrorSeconds: window()
    .default(0)
    .register(optionDocs, {
      ...windowSeconds,
      meaning: 'How long a stale answer is served in place of 429, 500, 502, 503 and 504 (RFC 5861).',
    }),
  revalidateSeconds: window()
    .default(3_600)
    .register(optionDocs, {
      ...windowSeconds,
      meaning:
        'How long past its lifetime an answer with an ETag or Last-Modified of the handler is kept, for the handler to be asked whether it still holds.',
    }),
  hitForMissSeconds: window()
    .default(30)
    .register(optionDocs, {
      ...windowSeconds,
      meaning: 'How long requests do not wait for each other after an answer that declared itself uncacheable.',
    }),
  maxFillMs: timer()
    .default(600_000)
    .register(optionDocs, {
      ...milliseconds,
      meaning: 'How long a handler may go on for an answer whose client has gone.',
    }),
  coalesce: z
    .union([z.literal(false), coalesce])
    .prefault({})
    .register(optionDocs, {
      allowed: 'false, or an object of its options',
      meaning: '`false`: equal requests at the same time all run the handler.',
      env: asSwitch,
    }),
  telemetry: z
    .union([z.literal(false), telemetry])
    .prefault({})
    .register(optionDocs, {
      allowed: 'false, or an object of its options',
      meaning: '`false`: no spans and no OpenTelemetry metrics.',
      env: asSwitch,
    }),
  cacheStatus: z
    .union([z.boolean(), z.literal('key')])
    .default(true)
    .register(optionDocs, {
      allowed: 'true, false or key',
      meaning: "Send `Cache-Status`; `key`: with a prefix of the key's digest.",
      env: { ...asFlag, allowed: 'true, false or key' },
    }),
  onError: synchronous<(error: AICacheError) => void>().optional().register(optionDocs, {
    allowed: 'a function that is not async: nobody would wait for it',
    meaning: 'Told of every error that the cache answered by going on without itself.',
  }),
}) satisfies z.ZodType<unknown, AIResponseCacheOptions>;
