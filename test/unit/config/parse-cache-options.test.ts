import { expect, describe, it } from 'vitest';
import { Redis } from 'ioredis';
import { parseCacheOptions } from '../../../src/config/parse.ts';
import { AICacheError } from '../../../src/errors.ts';
import { errorOf } from './error-of.ts';

const refusal = (options: unknown): AICacheError => errorOf(() => parseCacheOptions(options as never));

function frozenAllTheWay(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenAllTheWay);
}

describe('parseCacheOptions', () => {
  it('gives every option its documented default', () => {
    const { enabled, onError, ...config } = parseCacheOptions();
    expect(config).toEqual({
      name: 'ai-cache',
      namespace: 'ai_cache',
      version: 1,
      mode: 'serve',
      redis: undefined,
      redisTimeoutMs: 200,
      memory: {
        maxBytes: 64 * 1024 * 1024,
        maxEntries: 10_000,
        maxEntryBytes: 1024 * 1024,
        whenDisconnected: 'serve-new',
      },
      maxEntryBytes: 8 * 1024 * 1024,
      textSizeTiers: { small: 500, medium: 5_000, large: 50_000 },
      memoryTextTiers: ['small', 'medium', 'large'],
      textHashThreshold: 0,
      hashAlgorithm: 'sha256',
      compression: { thresholdBytes: 1_024, algorithm: 'br', level: 1 },
      ttl: {
        defaultSeconds: 86_400,
        operations: {},
        contentTypes: { critical: 43_200, standard: 86_400, static: 604_800, temporary: 21_600 },
        costTiers: { multipliers: { very_high: 2, high: 1.5, medium: 1, low: 0.8 }, models: {} },
        models: {},
        heuristic: 0,
        jitter: 0.1,
        maxSeconds: 2_592_000,
      },
      prices: {},
      staleWhileRevalidateSeconds: 0,
      staleIfErrorSeconds: 0,
      revalidateSeconds: 3_600,
      hitForMissSeconds: 30,
      maxFillMs: 600_000,
      coalesce: { waitMs: 60_000, across: 'process' },
      telemetry: {},
      cacheStatus: true,
    });
    expect(enabled()).toBe(true);
    expect(onError(new AICacheError('CLOSED', '', { help: '' }))).toBeUndefined();
  });

  it('freezes what it returns, all the way down', () => {
    expect(frozenAllTheWay(parseCacheOptions())).toBe(true);
    expect(frozenAllTheWay(parseCacheOptions({ textSizeTiers: { small: 5 }, memoryTextTiers: ['xlarge'] }))).toBe(true);
    const tables = {
      operations: { qa: 60 },
      contentTypes: { static: 60 },
      costTiers: { low: 1, m: 'low' },
      models: { m: 1 },
    } as const;
    const prices = { m: { inputUsdPerMillion: 1, outputUsdPerMillion: 2 } };
    expect(frozenAllTheWay(parseCacheOptions({ ttl: tables, prices }))).toBe(true);
    expect([tables.costTiers, prices, prices.m].some((passed) => Object.isFrozen(passed))).toBe(false);
  });

  it('neither freezes nor changes nor copies what the caller passed', () => {
    const tracerProvider = { getTracer: () => ({}) as never };
    const redis = new Redis({ lazyConnect: true });
    const options = {
      redis,
      memory: { maxBytes: 10_000 },
      memoryTextTiers: ['small' as const],
      telemetry: { tracerProvider },
    };
    const before = structuredClone({ memory: options.memory, memoryTextTiers: options.memoryTextTiers });

    const config = parseCacheOptions(options);

    expect(config.redis).toBe(redis);
    expect(config.telemetry).toEqual({ tracerProvider });
    expect(config.telemetry && config.telemetry.tracerProvider).toBe(tracerProvider);
    for (const passed of [options, redis, options.memory, options.memoryTextTiers, options.telemetry, tracerProvider]) {
      expect(Object.isFrozen(passed)).toBe(false);
    }
    expect({ memory: options.memory, memoryTextTiers: options.memoryTextTiers }).toEqual(before);
  });

  it('does not change its own defaults through what it returned', () => {
    const first = parseCacheOptions();
    expect(parseCacheOptions().memoryTextTiers).not.toBe(first.memoryTextTiers);
    expect(parseCacheOptions()).not.toBe(first);
  });

  it('counts undefined as left out', () => {
    expect(
      parseCacheOptions({ redis: undefined, memory: undefined, ttl: { maxSeconds: undefined } }).ttl.maxSeconds,
    ).toBe(2_592_000);
  });

  it('fills up groups that are given in part', () => {
    expect(parseCacheOptions({ memory: { maxEntries: 5 } }).memory).toEqual({
      maxBytes: 64 * 1024 * 1024,
      maxEntries: 5,
      maxEntryBytes: 1024 * 1024,
      whenDisconnected: 'serve-new',
    });
  });

  it('takes multipliers of tiers and tiers of models from one table', () => {
    expect(parseCacheOptions({ ttl: { costTiers: { low: 0.5, 'llama-*': 'low' } } }).ttl.costTiers).toEqual({
      multipliers: { very_high: 2, high: 1.5, medium: 1, low: 0.5 },
      models: { 'llama-*': 'low' },
    });
  });

  it('turns groups off with false', () => {
    const off = { memory: false, compression: false, coalesce: false, telemetry: false } as const;
    expect(parseCacheOptions({ ...off, redis: 'redis://localhost' })).toMatchObject(off);
  });

  it('asks a function given as enabled at every call', () => {
    let isOn = true;
    const { enabled } = parseCacheOptions({ enabled: () => isOn });
    expect(enabled()).toBe(true);
    isOn = false;
    expect(enabled()).toBe(false);
    expect(parseCacheOptions({ enabled: false }).enabled()).toBe(false);
  });

  it('lets a default yield to the smaller limit beside it', () => {
    expect(parseCacheOptions({ memory: { maxBytes: 2_000 } }).memory).toMatchObject({ maxEntryBytes: 2_000 });
    expect(parseCacheOptions({ ttl: { maxSeconds: 60 } }).ttl).toMatchObject({ defaultSeconds: 60, maxSeconds: 60 });
  });

  it.each([
    ['brotli', 'br', 1, 0, 11],
    ['gzip', 'gzip', 6, 0, 9],
    ['deflate', 'deflate', 6, 0, 9],
    ['zstd', 'zstd', 3, 1, 22],
  ] as const)(
    'knows the coding, the default and the range of levels of %s',
    (algorithm, coding, usual, least, most) => {
      const compress = (level?: number) => parseCacheOptions({ compression: { algorithm, level } }).compression;
      expect(compress()).toMatchObject({ algorithm: coding, level: usual });
      expect(compress(least)).toMatchObject({ level: least });
      expect(compress(most)).toMatchObject({ level: most });
      for (const level of [least - 1, most + 1, 1.5]) {
        expect(refusal({ compression: { algorithm, level } })).toMatchObject({
          code: 'INVALID_OPTION',
          option: 'compression.level',
        });
      }
    },
  );

  describe('redis', () => {
    it.each([
      ['redis://localhost', 'redis://localhost'],
      ['rediss://user:pass@redis.example:6380/2', 'rediss://user:pass@redis.example:6380/2'],
      ['redis://[::1]:6379', 'redis://[::1]:6379'],
      ['/run/redis.sock', '/run/redis.sock'],
      ['unix:///run/redis.sock', '/run/redis.sock'],
      ['unix:///run/redis.sock?db=2', '/run/redis.sock?db=2'],
    ])('takes %s', (given, expected) => {
      expect(parseCacheOptions({ redis: given }).redis).toBe(expected);
    });

    it.each([
      '',
      'localhost:6379',
      'http://localhost:6379',
      'redis://',
      'redis:///0',
      'unix://run/redis.sock',
      '//localhost',
      6379,
      {},
      { host: 'localhost', password: 'secret-word' },
      { duplicate: () => ({}), isOpen: true },
    ])('refuses %j', (redis) => {
      const error = refusal({ redis });
      expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'redis' });
      expect(error.message).not.toContain('secret-word');
    });

    it.each([
      'http://user:secret-word@redis.example',
      'redis:/user:secret-word@redis.example',
      'user:secret-word@redis.example:6379',
      ':secret-word@redis.example',
      'redis://:secret-word',
      'redis://:secret-word/?#@',
      'http://:p@ss/secret-word@redis.example',
      'localhost:6379?password=secret-word&db=1',
    ])('does not show the password of %s', (redis) => {
      expect(refusal({ redis }).message).not.toContain('secret-word');
    });

    it('still shows where a refused URL points to', () => {
      expect(refusal({ redis: 'http://user:secret-word@redis.example:6379/0' }).message).toContain(
        '"http://***@redis.example:6379/0"',
      );
    });
  });

  it('needs a tier: memory or redis', () => {
    const error = refusal({ memory: false });
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'memory' });
    expect(error.message).toContain('no tier');
  });

  it('coalesces across processes only with redis, and names both where that is missing', () => {
    const coalesce = { across: 'cluster' as const };
    const error = refusal({ coalesce });
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'coalesce.across' });
    expect(error.message).toBe(
      'Option "coalesce.across" is "cluster" and there is no "redis". ' +
        'Say with "redis" where Redis is, or leave "coalesce.across" out.',
    );
    expect(parseCacheOptions({ coalesce, redis: 'redis://localhost' }).coalesce).toEqual({
      waitMs: 60_000,
      ...coalesce,
    });
    expect(parseCacheOptions({ coalesce: { across: 'process' } }).redis).toBeUndefined();
  });

  it.each([
    ['name', ''],
    ['name', 'two words'],
    ['name', '/begins-with-a-slash'],
    ['namespace', ''],
    ['namespace', 'two words'],
    ['namespace', 'a*'],
    ['namespace', '{tag}'],
    ['namespace', 'a[b]'],
    ['namespace', 'ends:'],
    ['namespace', 'x'.repeat(129)],
    ['version', -1],
    ['version', 1.5],
    ['enabled', 'yes'],
    ['enabled', async () => true],
    ['mode', 'dark'],
    ['redisTimeoutMs', 0],
    ['redisTimeoutMs', 2 ** 31],
    ['memory', true],
    ['memory', []],
    ['memory.maxBytes', 0],
    ['memory.maxBytes', Number.NaN],
    ['memory.maxEntries', '10'],
    ['memory.maxEntryBytes', 2 ** 53],
    ['maxEntryBytes', Infinity],
    ['textSizeTiers.small', 0],
    ['textSizeTiers', { small: 5_000 }],
    ['textSizeTiers', { small: 10, medium: 10 }],
    ['textSizeTiers', { small: 10, medium: 30, large: 20 }],
    ['memoryTextTiers', []],
    ['memoryTextTiers[0]', ['tiny']],
    ['textHashThreshold', -1],
    ['hashAlgorithm', 'md5'],
    ['compression', true],
    ['compression.thresholdBytes', -1],
    ['compression.algorithm', 'br'],
    ['ttl', 60],
    ['ttl.defaultSeconds', -1],
    ['ttl.heuristic', 1.5],
    ['ttl.maxSeconds', 1e12],
    ['ttl.operations', ['qa']],
    ['ttl.operations.qa', 0],
    ['ttl.contentTypes.static', '1d'],
    ['ttl.costTiers', { high: 'low' }],
    ['ttl.costTiers', { 'gpt-4o': 2 }],
    ['ttl.costTiers.high', 0],
    ['ttl.costTiers.gpt-4o', 'cheap'],
    ['ttl.models.gpt-4o', -1],
    ['ttl.jitter', 1],
    ['prices.gpt-4o', 5],
    ['prices.gpt-4o.inputUsdPerMillion', -1],
    ['coalesce', true],
    ['coalesce.waitMs', 0],
    ['coalesce.across', 'world'],
    ['staleWhileRevalidateSeconds', -1],
    ['staleIfErrorSeconds', Infinity],
    ['revalidateSeconds', -1],
    ['hitForMissSeconds', '30'],
    ['maxFillMs', 0],
    ['telemetry', true],
    ['telemetry.tracerProvider', {}],
    ['telemetry.meterProvider', { getTracer: () => ({}) }],
    ['cacheStatus', 'yes'],
    ['onError', 'log'],
    ['onError', async () => undefined],
  ])('refuses a bad value of %s and names it: %j', (option, value) => {
    const path = option.replace(/\[\d+\]$/, '').split('.');
    const error = refusal(path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option });
    expect(error.message).toContain(`Option "${option}" is `);
    expect(error.message).toContain('Allowed: ');
  });

  it('shows the value, shortened, and what is allowed', () => {
    expect(refusal({ memory: { maxEntries: -5 } }).message).toBe(
      'Option "memory.maxEntries" is -5. Allowed: a whole number from 1.',
    );
    expect(refusal({ namespace: '*'.repeat(500) }).message.length).toBeLessThan(250);
    expect(refusal({ mode: 'a\nb' }).message).toContain('"a\\nb"');
    expect(refusal({ textSizeTiers: { small: 5_000 } }).message).toContain('{"small":5000}');
  });

  it('says why MD5 and SHA-1 are refused', () => {
    for (const hashAlgorithm of ['md5', 'sha1']) {
      expect(refusal({ hashAlgorithm }).message).toContain('different texts with equal digests are known');
    }
  });

  it.each([
    ['namspace', { namspace: 'x' }, 'namespace'],
    ['memory.maxByte', { memory: { maxByte: 5 } }, 'memory.maxBytes'],
    ['textSizeTiers.smal', { textSizeTiers: { smal: 5 } }, 'textSizeTiers.small'],
    ['tll', { tll: {} }, 'ttl'],
    ['redisTimeout', { redisTimeout: 5, memory: { maxBytes: 'x' } }, 'redisTimeoutMs'],
    ['encryption', { encryption: { keys: [] } }, expect.any(String)],
    ['ttl.contentTypes.statc', { ttl: { contentTypes: { statc: 5 } } }, 'ttl.contentTypes.static'],
    [
      'prices.m.output',
      { prices: { m: { inputUsdPerMillion: 1, outputUsdPerMillion: 1, output: 1 } } },
      expect.any(String),
    ],
  ])('refuses the unknown option %s and names the nearest', (option, options, nearest: string) => {
    const error = refusal(options);
    expect(error).toMatchObject({ code: 'UNKNOWN_OPTION', option });
    const asked = /Did you mean "(.+)"\?/.exec(error.message)?.[1];
    expect(asked).toEqual(nearest);
  });

  it.each([null, 'redis://u:secret-word@localhost', 5, [], () => ({})])('refuses %j in place of options', (options) => {
    const error = refusal(options);
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).not.toContain('secret-word');
  });
});
