import { Redis } from 'ioredis';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type * as Package from '../../../src/index.ts';
import { AIResponseCache, type AICacheError, type AIRequest } from '../../../src/index.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

/** The next release as it may be: its entries have another layout, which this one cannot read. */
const root = new URL('../../../', import.meta.url).pathname;
let directory: string;
let next: typeof Package;
let redis: RedisServer;
let raw: Redis;

beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.path);
  // In the package's folder, where its dependencies are found.
  await mkdir(join(root, '.cache'), { recursive: true });
  directory = await mkdtemp(join(root, '.cache', 'next-release-'));
  await cp(join(root, 'src'), join(directory, 'src'), { recursive: true });
  const codec = join(directory, 'src/entry/codec.ts');
  const source = await readFile(codec, 'utf8');
  const changed = source.replace('const VERSION: number = 1;', 'const VERSION: number = 2;');
  if (changed === source) throw new Error('codec.ts has no such version.');
  await writeFile(codec, changed);
  next = (await import(pathToFileURL(join(directory, 'src/index.ts')).href)) as typeof Package;
});

beforeEach(() => raw.flushall());

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
  raw.disconnect();
  await redis.stop();
});

function both(): { older: AIResponseCache; newer: AIResponseCache; errors: AICacheError[] } {
  const errors: AICacheError[] = [];
  const onError = (error: AICacheError): unknown => error.code !== 'UNKNOWN_MODEL' && errors.push(error);
  const options = { redis: redis.url, redisTimeoutMs: 10_000, telemetry: false, memory: false, onError } as const;
  const [older, newer] = [new AIResponseCache(options), new next.AIResponseCache(options)];
  onTestFinished(async () => {
    await Promise.all([older.close(), newer.close()]);
  });
  return { older, newer, errors };
}

const articles = (text: string): AIRequest => ({ provider: 'openai', model: 'gpt', collection: 'articles', text });
const others = (text: string): AIRequest => ({ ...articles(text), collection: 'others' });

const keys = async (): Promise<string[]> => (await raw.keys('ai_cache:e:*')).toSorted();
const textOf = async (cache: AIResponseCache, request: AIRequest) => (await cache.get(request))?.text();

describe('two releases whose entries have different layouts', () => {
  it('share one Redis, each with entries of its own, without an error', async () => {
    const { older, newer, errors } = both();
    expect(await older.set(articles('a'), 'of the older')).toEqual({ stored: true });
    expect(await textOf(newer, articles('a'))).toBeUndefined();
    expect(await newer.set(articles('a'), 'of the newer')).toEqual({ stored: true });
    expect([await textOf(older, articles('a')), await textOf(newer, articles('a'))]).toEqual([
      'of the older',
      'of the newer',
    ]);
    expect(new Set((await keys()).map((key) => key.split(':')[2]))).toEqual(new Set(['1', '1.2']));
    expect(errors).toEqual([]);
  });

  it('clear the entries of both', async () => {
    const { older, newer } = both();
    const fill = () => Promise.all([older, newer].map((cache) => cache.set(articles('a'), 'a')));
    await fill();
    expect(await older.clear()).toEqual({ removed: 2 });
    await fill();
    expect(await newer.clear()).toEqual({ removed: 2 });
    expect(await keys()).toEqual([]);
  });

  it.each(['older', 'newer'] as const)('are told what the %s one has invalidated', async (who) => {
    const { older, newer, errors } = both();
    const all = [older, newer];
    await Promise.all(all.flatMap((cache) => [cache.set(articles('a'), 'a'), cache.set(others('b'), 'b')]));
    // It counts and deletes what it can read; the other release goes by the log.
    expect(await { older, newer }[who].invalidate({ collection: 'articles' })).toEqual({ removed: 1 });
    for (const cache of all) {
      // oxlint-disable-next-line no-await-in-loop -- two of them
      expect([await textOf(cache, articles('a')), await textOf(cache, others('b'))]).toEqual([undefined, 'b']);
    }
    expect(errors).toEqual([]);
  });

  it('leave alone what lies under their own key and they cannot read', async () => {
    const { older, errors } = both();
    await older.set(articles('a'), 'a');
    const [key = ''] = await keys();
    const bytes = (await raw.getBuffer(key)) ?? Buffer.alloc(0);
    bytes.writeUInt8(9, 4);
    await raw.set(key, bytes, 'KEEPTTL');
    expect(await textOf(older, articles('a'))).toBeUndefined();
    expect(await older.getMany([articles('a')])).toEqual([undefined]);
    expect([await raw.getBuffer(key), errors]).toEqual([bytes, []]);
  });

  it('add up their statistics', async () => {
    const { older, newer } = both();
    await older.set(articles('a'), 'a');
    await Promise.all([older.get(articles('a')), newer.get(articles('a'))]);
    await older.stats({ across: 'cluster' });
    expect(await newer.stats({ across: 'cluster' })).toMatchObject({ hits: 1, misses: 1 });
  });
});

describe('a version', () => {
  it('has entries of its own, and invalidation reaches those of all', async () => {
    const errors: AICacheError[] = [];
    const [one, two] = [1, 2].map(
      (version) =>
        new AIResponseCache({
          redis: redis.url,
          redisTimeoutMs: 10_000,
          telemetry: false,
          version,
          onError: (error) => void errors.push(error),
        }),
    ) as [AIResponseCache, AIResponseCache];
    onTestFinished(async () => {
      await Promise.all([one.close(), two.close()]);
    });
    await one.set(articles('a'), 'one');
    expect(await textOf(two, articles('a'))).toBeUndefined();
    await two.set(articles('a'), 'two');
    await two.set(others('b'), 'two');
    expect([await textOf(one, articles('a')), await textOf(two, articles('a'))]).toEqual(['one', 'two']);
    expect(await two.invalidate({ collection: 'articles' })).toEqual({ removed: 2 });
    expect([await textOf(one, articles('a')), await textOf(two, others('b'))]).toEqual([undefined, 'two']);
    await one.set(articles('a'), 'one');
    expect(await one.clear()).toEqual({ removed: 2 });
    expect(await keys()).toEqual([]);
    expect(errors.filter(({ code }) => code !== 'UNKNOWN_MODEL')).toEqual([]);
  });
});
