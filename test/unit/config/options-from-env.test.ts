import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environmentVariables, optionsFromEnv } from '../../../src/config/env.ts';
import { parseCacheOptions } from '../../../src/config/parse.ts';
import { AICacheError } from '../../../src/errors.ts';
import { errorOf } from './error-of.ts';

/** The variable that was refused; none: a cache takes the options. */
function refusedVariable(env: Record<string, string>): string | undefined {
  try {
    const options = optionsFromEnv(env);
    parseCacheOptions({ redis: 'redis://localhost', ...options });
    return undefined;
  } catch (error) {
    if (error instanceof AICacheError && error.code === 'INVALID_ENV') return error.option;
    throw error;
  }
}

describe('optionsFromEnv', () => {
  it('returns nothing where nothing is set, and reads no other names', () => {
    expect(optionsFromEnv({})).toEqual({});
    expect(
      optionsFromEnv({ REDIS_URL: 'redis://localhost', PATH: '/bin', AI_CACHED: '1', XAI_CACHE_MODE: 'x' }),
    ).toEqual({});
  });

  it('reads the process environment by default', () => {
    process.env['AI_CACHE_NAMESPACE'] = 'from-the-process';
    try {
      expect(optionsFromEnv()).toEqual({ namespace: 'from-the-process' });
    } finally {
      delete process.env['AI_CACHE_NAMESPACE'];
    }
  });

  it('sets each option from its variable', () => {
    const options = optionsFromEnv({
      AI_CACHE_NAME: 'edge',
      AI_CACHE_NAMESPACE: 'shop:ai',
      AI_CACHE_VERSION: '3',
      AI_CACHE_ENABLED: 'false',
      AI_CACHE_MODE: 'shadow',
      AI_CACHE_REDIS_URL: 'redis://:pw@redis.example:6379/1',
      AI_CACHE_REDIS_TIMEOUT_MS: '50',
      AI_CACHE_MEMORY_MAX_BYTES: '1000',
      AI_CACHE_MEMORY_MAX_ENTRIES: '10',
      AI_CACHE_MEMORY_MAX_ENTRY_BYTES: '100',
      AI_CACHE_MEMORY_WHEN_DISCONNECTED: 'off',
      AI_CACHE_MAX_ENTRY_BYTES: '5000',
      AI_CACHE_TEXT_SIZE_TIERS: '600,6000,60000',
      AI_CACHE_MEMORY_TEXT_TIERS: 'small, medium',
      AI_CACHE_TEXT_HASH_THRESHOLD: '64',
      AI_CACHE_HASH_ALGORITHM: 'sha512',
      AI_CACHE_COMPRESSION_THRESHOLD: '0',
      AI_CACHE_COMPRESSION_ALGORITHM: 'zstd',
      AI_CACHE_COMPRESSION_LEVEL: '19',
      AI_CACHE_TTL_DEFAULT_SECONDS: '0.5',
      AI_CACHE_TTL_OPERATIONS: 'qa=1800, key points = 60',
      AI_CACHE_TTL_CONTENT_TYPES: '{"static":3600}',
      AI_CACHE_TTL_COST_TIERS: 'low=0.5,llama-*=low',
      AI_CACHE_TTL_MODELS: 'gpt-4o=60',
      AI_CACHE_TTL_HEURISTIC: '0.1',
      AI_CACHE_TTL_JITTER: '0',
      AI_CACHE_TTL_MAX_SECONDS: '60',
      AI_CACHE_PRICES: '{"llama-*":{"inputUsdPerMillion":0.1,"outputUsdPerMillion":0.2}}',
      AI_CACHE_STALE_WHILE_REVALIDATE_SECONDS: '30',
      AI_CACHE_STALE_IF_ERROR_SECONDS: '600',
      AI_CACHE_REVALIDATE_SECONDS: '60',
      AI_CACHE_HIT_FOR_MISS_SECONDS: '0',
      AI_CACHE_MAX_FILL_MS: '5000',
      AI_CACHE_COALESCE_WAIT_MS: '1000',
      AI_CACHE_COALESCE_ACROSS: 'cluster',
      AI_CACHE_TELEMETRY: 'false',
      AI_CACHE_CACHE_STATUS: 'key',
    });
    expect(options).toEqual({
      name: 'edge',
      namespace: 'shop:ai',
      version: 3,
      enabled: false,
      mode: 'shadow',
      redis: 'redis://:pw@redis.example:6379/1',
      redisTimeoutMs: 50,
      memory: { maxBytes: 1000, maxEntries: 10, maxEntryBytes: 100, whenDisconnected: 'off' },
      maxEntryBytes: 5000,
      textSizeTiers: { small: 600, medium: 6000, large: 60000 },
      memoryTextTiers: ['small', 'medium'],
      textHashThreshold: 64,
      hashAlgorithm: 'sha512',
      compression: { thresholdBytes: 0, algorithm: 'zstd', level: 19 },
      ttl: {
        defaultSeconds: 0.5,
        operations: { qa: 1800, 'key points': 60 },
        contentTypes: { static: 3600 },
        costTiers: { low: 0.5, 'llama-*': 'low' },
        models: { 'gpt-4o': 60 },
        heuristic: 0.1,
        jitter: 0,
        maxSeconds: 60,
      },
      prices: { 'llama-*': { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.2 } },
      staleWhileRevalidateSeconds: 30,
      staleIfErrorSeconds: 600,
      revalidateSeconds: 60,
      hitForMissSeconds: 0,
      maxFillMs: 5000,
      coalesce: { waitMs: 1000, across: 'cluster' },
      telemetry: false,
      cacheStatus: 'key',
    });
    expect(parseCacheOptions(options)).toMatchObject({
      namespace: 'shop:ai',
      compression: { algorithm: 'zstd', level: 19 },
    });
  });

  it('takes text size tiers as JSON too, also in part', () => {
    expect(optionsFromEnv({ AI_CACHE_TEXT_SIZE_TIERS: '{"small": 100, "large": 90000}' })).toEqual({
      textSizeTiers: { small: 100, large: 90_000 },
    });
  });

  it.each(['memory', 'compression', 'coalesce', 'telemetry'])(
    'turns %s off with false, and true changes nothing',
    (group) => {
      const name = `AI_CACHE_${group.toUpperCase()}`;
      expect(optionsFromEnv({ [name]: 'false' })).toEqual({ [group]: false });
      expect(optionsFromEnv({ [name]: 'False' })).toEqual({ [group]: false });
      expect(optionsFromEnv({ [name]: 'true' })).toEqual({});
    },
  );

  it('lets false win over the variables of the group, which are checked all the same', () => {
    const off = { AI_CACHE_COMPRESSION: 'false' };
    expect(optionsFromEnv({ AI_CACHE_COMPRESSION_LEVEL: '5', ...off })).toEqual({ compression: false });
    expect(errorOf(() => optionsFromEnv({ AI_CACHE_COMPRESSION_LEVEL: 'high', ...off }))).toMatchObject({
      code: 'INVALID_ENV',
      option: 'AI_CACHE_COMPRESSION_LEVEL',
    });
  });

  it('may turn memory off without knowing of the Redis client that the code adds', () => {
    const options = optionsFromEnv({ AI_CACHE_MEMORY: 'false' });
    expect(parseCacheOptions({ ...options, redis: 'redis://localhost' }).memory).toBe(false);
    expect(errorOf(() => parseCacheOptions(options)).message).toContain('no tier');
  });

  it('counts an empty value as not set and drops white space round a value', () => {
    expect(optionsFromEnv({ AI_CACHE_REDIS_URL: '', AI_CACHE_MODE: '  ', AI_CACHE_MEMORY: '' })).toEqual({});
    expect(optionsFromEnv({ AI_CACHE_REDIS_URL: 'redis://localhost\n', AI_CACHE_VERSION: ' 2 ' })).toEqual({
      redis: 'redis://localhost',
      version: 2,
    });
  });

  it.each([
    ['AI_CACHE_REDIS_URL', 'localhost:6379', 'redis://'],
    ['AI_CACHE_NAMESPACE', 'two words', 'letters'],
    ['AI_CACHE_VERSION', '1.5', 'a whole number from 0'],
    ['AI_CACHE_ENABLED', 'yes', 'true or false'],
    ['AI_CACHE_MODE', 'dark', 'serve or shadow'],
    ['AI_CACHE_MEMORY', 'off', 'true or false'],
    ['AI_CACHE_MEMORY_MAX_BYTES', '64MB', 'a whole number of bytes from 1'],
    ['AI_CACHE_MEMORY_MAX_BYTES', '1e6', 'a whole number of bytes from 1'],
    ['AI_CACHE_MEMORY_MAX_ENTRIES', '0x10', 'a whole number from 1'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '500,5000', '500,5000,50000'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '1,2,3,4', '500,5000,50000'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '3,2,1', '500,5000,50000'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '{"small":', '500,5000,50000'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '{"tiny":5}', '500,5000,50000'],
    ['AI_CACHE_TEXT_SIZE_TIERS', '{"small":"5"}', '500,5000,50000'],
    ['AI_CACHE_MEMORY_TEXT_TIERS', 'small,tiny', 'small, medium, large and xlarge'],
    ['AI_CACHE_HASH_ALGORITHM', 'md5', 'different texts with equal digests'],
    ['AI_CACHE_COMPRESSION_LEVEL', '12', 'brotli 0 to 11'],
    ['AI_CACHE_COALESCE_WAIT_MS', 'Infinity', 'milliseconds'],
    ['AI_CACHE_COALESCE_ACROSS', 'world', 'process or cluster'],
    ['AI_CACHE_CACHE_STATUS', 'full', 'true, false or key'],
  ])('refuses %s=%s and says what is allowed', (name, value, allowed) => {
    const error = errorOf(() => optionsFromEnv({ [name]: value }));
    expect(error).toMatchObject({ code: 'INVALID_ENV', option: name });
    expect(error.message).toContain(`The environment variable ${name} is ${JSON.stringify(value)}.`);
    expect(error.help).toContain(allowed);
  });

  it.each([
    ['AI_CACHE_REDIS', 'AI_CACHE_REDIS_URL'],
    ['AI_CACHE_NAMESPAC', 'AI_CACHE_NAMESPACE'],
    ['AI_CACHE_COMPRESSION_THRESHOLD_BYTES', 'AI_CACHE_COMPRESSION_THRESHOLD'],
    ['AI_CACHE_MEMORY_MAXBYTES', 'AI_CACHE_MEMORY_MAX_BYTES'],
    ['AI_CACHE_TTL_DEFAULT', 'AI_CACHE_TTL_DEFAULT_SECONDS'],
    ['AI_CACHE_TEXT_SIZE_TIERS_SMALL', 'AI_CACHE_TEXT_SIZE_TIERS'],
  ])('refuses the unknown %s and names %s', (name, nearest) => {
    for (const value of ['1', '']) {
      const error = errorOf(() => optionsFromEnv({ [name]: value }));
      expect(error).toMatchObject({ code: 'UNKNOWN_ENV', option: name });
      expect(error.message).toContain(`${name}, which is ${JSON.stringify(value)}`);
      expect(error.help).toContain(`Did you mean ${nearest}?`);
    }
  });

  it('shows no secret', () => {
    const messages = [
      { AI_CACHE_REDIS_URL: 'http://user:secret-word@redis.example' },
      { AI_CACHE_REDIS: 'redis://user:secret-word@redis.example' },
      { AI_CACHE_REDIS_PASSWORD: 'secret-word' },
      { AI_CACHE_ENCRYPTION_KEY: 'secret-word' },
    ].map((env) => errorOf(() => optionsFromEnv(env)).message);
    for (const message of messages) expect(message).not.toContain('secret-word');
  });

  it.each([
    ['AI_CACHE_SERVICE_HOST', '10.0.0.11'],
    ['AI_CACHE_SERVICE_PORT', '6379'],
    ['AI_CACHE_SERVICE_PORT_HTTP', '80'],
    ['AI_CACHE_PORT', 'tcp://10.0.0.11:6379'],
    ['AI_CACHE_PORT_6379_TCP', 'tcp://10.0.0.11:6379'],
    ['AI_CACHE_PORT_6379_TCP_ADDR', '10.0.0.11'],
    ['AI_CACHE_PORT_6379_TCP_PORT', '6379'],
    ['AI_CACHE_PORT_53_UDP_PROTO', 'udp'],
    ['AI_CACHE_REDIS_SERVICE_HOST', '10.0.0.12'],
    ['AI_CACHE_REDIS_SERVICE_PORT_REDIS', '6379'],
    ['AI_CACHE_REDIS_PORT', 'tcp://10.0.0.12:6379'],
    ['AI_CACHE_REDIS_PORT_6379_TCP_PROTO', 'tcp'],
    ['AI_CACHE_NAME', '/web/ai_cache'],
    ['AI_CACHE_REDIS_NAME', '/web/ai_cache_redis'],
    ['AI_CACHE_ENV_REDIS_VERSION', '7.0'],
    ['AI_CACHE_REDIS_ENV_GOSU_VERSION', '1.17'],
  ])('leaves %s=%s alone, which Kubernetes or a container link injects', (name, value) => {
    expect(optionsFromEnv({ [name]: value })).toEqual({});
  });

  it('either returns options that a cache takes or throws an error that names the variable', () => {
    const names = environmentVariables().map(({ name }) => name);
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'true',
        'false',
        '1',
        '0',
        '10',
        '2.5',
        '-1',
        'sha256',
        'gzip',
        'zstd',
        'small',
        '1,2,3',
        'redis://h',
        'a=1',
        'low=1,critical=2',
        '{"a":{}}',
      ),
    );
    const environment = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 });
    fc.assert(
      fc.property(environment, (env) => {
        const refused = refusedVariable(env);
        expect([undefined, ...Object.keys(env)]).toContain(refused);
      }),
    );
  });
});

describe('environmentVariables', () => {
  it('lists a variable for every option that text can set', () => {
    expect(environmentVariables().map(({ name }) => name)).toEqual([
      'AI_CACHE_NAME',
      'AI_CACHE_NAMESPACE',
      'AI_CACHE_VERSION',
      'AI_CACHE_ENABLED',
      'AI_CACHE_MODE',
      'AI_CACHE_REDIS_URL',
      'AI_CACHE_REDIS_TIMEOUT_MS',
      'AI_CACHE_MEMORY',
      'AI_CACHE_MEMORY_MAX_BYTES',
      'AI_CACHE_MEMORY_MAX_ENTRIES',
      'AI_CACHE_MEMORY_MAX_ENTRY_BYTES',
      'AI_CACHE_MEMORY_WHEN_DISCONNECTED',
      'AI_CACHE_MAX_ENTRY_BYTES',
      'AI_CACHE_TEXT_SIZE_TIERS',
      'AI_CACHE_MEMORY_TEXT_TIERS',
      'AI_CACHE_TEXT_HASH_THRESHOLD',
      'AI_CACHE_HASH_ALGORITHM',
      'AI_CACHE_COMPRESSION',
      'AI_CACHE_COMPRESSION_THRESHOLD',
      'AI_CACHE_COMPRESSION_ALGORITHM',
      'AI_CACHE_COMPRESSION_LEVEL',
      'AI_CACHE_TTL_DEFAULT_SECONDS',
      'AI_CACHE_TTL_OPERATIONS',
      'AI_CACHE_TTL_CONTENT_TYPES',
      'AI_CACHE_TTL_COST_TIERS',
      'AI_CACHE_TTL_MODELS',
      'AI_CACHE_TTL_HEURISTIC',
      'AI_CACHE_TTL_JITTER',
      'AI_CACHE_TTL_MAX_SECONDS',
      'AI_CACHE_PRICES',
      'AI_CACHE_STALE_WHILE_REVALIDATE_SECONDS',
      'AI_CACHE_STALE_IF_ERROR_SECONDS',
      'AI_CACHE_REVALIDATE_SECONDS',
      'AI_CACHE_HIT_FOR_MISS_SECONDS',
      'AI_CACHE_MAX_FILL_MS',
      'AI_CACHE_COALESCE',
      'AI_CACHE_COALESCE_WAIT_MS',
      'AI_CACHE_COALESCE_ACROSS',
      'AI_CACHE_TELEMETRY',
      'AI_CACHE_CACHE_STATUS',
    ]);
  });

  it('knows the option, what is allowed and the default', () => {
    expect(environmentVariables().find(({ name }) => name === 'AI_CACHE_COMPRESSION_THRESHOLD')).toEqual({
      name: 'AI_CACHE_COMPRESSION_THRESHOLD',
      option: 'compression.thresholdBytes',
      allowed: 'a whole number of bytes from 0',
      default: 1024,
    });
  });
});
