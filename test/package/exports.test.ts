import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as main from 'express-ai-cache';
import * as cascade from 'express-ai-cache/cascade';
import * as stats from 'express-ai-cache/stats';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');

describe('the export map', () => {
  const { './package.json': own, ...entries } = packageJson.exports;

  test('has the package itself, its stats, its cascade and its package.json', () => {
    expect(Object.keys(entries)).toEqual(['.', './stats', './cascade']);
    expect(own).toBe('./package.json');
  });

  test.each(Object.entries(entries))('%s leads to a source file and to what the build makes of it', (_name, entry) => {
    const source = entry['@express-ai-cache/source'];
    expect(existsSync(join(root, source))).toBe(true);
    expect(entry.default).toBe(source.replace('./src/', './dist/').replace(/\.ts$/, '.js'));
    expect(entry.types).toBe(entry.default.replace(/\.js$/, '.d.ts'));
  });

  test('does not open files that it does not name', async () => {
    const inner = 'express-ai-cache/src/errors.ts';
    await expect(import(inner)).rejects.toThrow('src/errors.ts');
  });
});

describe('what the package exports', () => {
  test('express-ai-cache has the middleware, the cache, the key generator, the monitor and the errors', () => {
    expect(main).toMatchObject({
      aiCache: expect.any(Function),
      aiCacheContext: expect.any(Function),
      AIResponseCache: expect.any(Function),
      CacheKeyGenerator: expect.any(Function),
      CachePerformanceMonitor: expect.any(Function),
      optionsFromEnv: expect.any(Function),
      AICacheError: expect.any(Function),
    });
  });

  test('express-ai-cache/stats has the router and the webhook', () => {
    expect(stats.statsRouter).toBeTypeOf('function');
    expect(stats.collectionWebhook).toBeTypeOf('function');
  });

  test('express-ai-cache/cascade has the cascade, its error and the translations', () => {
    expect(cascade).toMatchObject({
      ProviderCascade: expect.any(Function),
      CascadeError: expect.any(Function),
      CachedTranslationService: expect.any(Function),
      readTranslation: expect.any(Function),
    });
  });
});
