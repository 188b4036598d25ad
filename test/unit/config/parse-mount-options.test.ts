import { describe, expect, it } from 'vitest';
import type { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { parseMountOptions } from '../../../src/config/parse.ts';
import { errorOf } from './error-of.ts';

describe('parseMountOptions', () => {
  const cache = { get: () => {}, set: () => {}, stats: () => {}, info: () => {} } as unknown as AIResponseCache;

  it('splits the options of the mount from those of its own cache', () => {
    const parts = parseMountOptions({ namespace: 'docs', ttl: { maxSeconds: 5 }, operation: 'summarize' });
    expect(parts.cacheOptions).toEqual({ namespace: 'docs', ttl: { maxSeconds: 5 } });
    expect(parts.route.operation).toBe('summarize');
    expect(parts.cache).toBeUndefined();
  });

  it('takes a shared cache with options of the mount', () => {
    const parts = parseMountOptions({ cache, operation: 'summarize', redis: undefined });
    expect(parts.cache).toBe(cache);
    expect(parts.cacheOptions).toBeUndefined();
    expect(parts.route.operation).toBe('summarize');
  });

  it('refuses a shared cache together with options of a cache, and names the option', () => {
    const error = errorOf(() =>
      parseMountOptions({ cache, operation: 'summarize', redis: 'redis://localhost' } as never),
    );
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'redis' });
    expect(error.message).toContain('"cache"');
  });

  it.each([{}, 'cache', Object.assign(() => {}, { cache })])('refuses a cache that is none: %j', (value) => {
    expect(errorOf(() => parseMountOptions({ cache: value } as never))).toMatchObject({
      code: 'INVALID_OPTION',
      option: 'cache',
    });
  });

  it('says that a cache goes in as { cache } where it was passed by itself', () => {
    expect(errorOf(() => parseMountOptions(cache as never)).message).toContain('{ cache }');
  });

  it.each([null, 'x', 5])('refuses %j in place of options', (options) => {
    expect(errorOf(() => parseMountOptions(options as never)).code).toBe('INVALID_OPTION');
  });

  it('finds the nearest name among the options of mounts, of caches and "cache"', () => {
    expect(errorOf(() => parseMountOptions({ providr: 1 } as never)).message).toContain('"provider"');
    expect(errorOf(() => parseMountOptions({ namespaces: 1 } as never)).message).toContain('"namespace"');
    expect(errorOf(() => parseMountOptions({ cach: 1 } as never)).message).toContain('"cache"');
  });
});
