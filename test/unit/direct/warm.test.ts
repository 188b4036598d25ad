import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import type { AICacheError } from '../../../src/errors.ts';
import type { WarmOptions, WarmProgress } from '../../../src/index.ts';
import { manualClock } from '../../support/manual-clock.ts';

function newCache(options: AIResponseCacheOptions = {}) {
  const clock = manualClock();
  const errors: AICacheError[] = [];
  const onError = (error: AICacheError): void => void errors.push(error);
  const cache = new AIResponseCache({ telemetry: false, ttl: { jitter: 0 }, onError, ...options }, clock);
  onTestFinished(() => cache.close());
  return { cache, clock, errors };
}

const itemsOf = (...texts: string[]) => texts.map((text) => ({ request: { text }, response: `answer to ${text}` }));

async function* oneByOne<T>(items: readonly T[]): AsyncGenerator<T> {
  await Promise.resolve();
  yield* items;
}

describe('warming with given answers', () => {
  it('stores those of which no fresh entry is there and leaves the others alone', async () => {
    const { cache } = newCache();
    await cache.set({ text: 'b' }, 'an older answer');
    expect(await cache.warm(itemsOf('a', 'b', 'c'))).toEqual({ stored: 2, skipped: 1, failed: 0, failures: [] });
    const found = await cache.getMany([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
    expect(found.map((response) => response?.text())).toEqual(['answer to a', 'an older answer', 'answer to c']);
  });

  it('makes stale and expired entries anew', async () => {
    const { cache, clock } = newCache({ staleWhileRevalidateSeconds: 100 });
    await cache.set({ text: 'a' }, 'old', { ttlSeconds: 10 });
    clock.advance(11_000);
    expect(await cache.warm(itemsOf('a'))).toMatchObject({ stored: 1, skipped: 0 });
    expect((await cache.get({ text: 'a' }))?.text()).toBe('answer to a');
  });

  it('keeps the lifetime and the tags of an item', async () => {
    const { cache, clock } = newCache();
    await cache.warm([{ request: { text: 'a' }, response: 'a', ttlSeconds: 60, tags: ['t'] }, ...itemsOf('b')]);
    expect((await cache.get({ text: 'a' }))?.staleAt).toEqual(new Date(clock.now() + 60_000));
    expect(await cache.invalidate({ tag: 't' })).toEqual({ removed: 1 });
  });

  it('counts no request', async () => {
    const { cache } = newCache();
    await cache.warm(itemsOf('a', 'b'));
    await cache.warm(itemsOf('a', 'b'));
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, byModel: [] });
  });

  it('lets a bad item fail alone, and says why', async () => {
    const { cache } = newCache();
    const result = await cache.warm([
      ...itemsOf('a'),
      null as never,
      { request: { text: 7 } as never, response: 'a' },
      { request: { text: 'b' }, response: { status: 404, body: 'a' } },
      { request: { text: 'c' }, response: 'c', ttlSeconds: -1 },
      { request: { text: 'd' }, response: 'd', tags: 7 as never },
      ...itemsOf('e'),
    ]);
    expect(result).toMatchObject({ stored: 2, skipped: 0, failed: 5 });
    expect(result.failures.map(({ index, reason, error }) => [index, reason, error?.code])).toEqual([
      [1, 'invalid', 'INVALID_REQUEST'],
      [2, 'invalid', 'INVALID_REQUEST'],
      [3, 'status', undefined],
      [4, 'invalid', 'INVALID_RESPONSE'],
      [5, 'invalid', 'INVALID_REQUEST'],
    ]);
    expect((await cache.get({ text: 'e' }))?.text()).toBe('answer to e');
  });

  it('says why of the first hundred failures alone', async () => {
    const { cache } = newCache();
    const bad = Array.from({ length: 250 }, () => ({ request: { text: 7 } as never, response: 'a' }));
    const { failed, failures } = await cache.warm(bad);
    expect([failed, failures.length, failures.at(-1)?.index]).toEqual([250, 100, 99]);
  });

  it('stores the first of equal requests and skips the others', async () => {
    const { cache } = newCache();
    const twice = [...itemsOf('a'), { request: { text: 'a' }, response: 'another answer' }];
    expect(await cache.warm(twice)).toMatchObject({ stored: 1, skipped: 1 });
    expect((await cache.get({ text: 'a' }))?.text()).toBe('answer to a');
  });

  it.each([1, 2, 1_000])('tells its progress after each item, %i at a time', async (concurrency) => {
    const { cache } = newCache();
    const told: WarmProgress[] = [];
    await cache.warm(itemsOf('a', 'b', 'c'), { concurrency, onProgress: (progress) => told.push(progress) });
    expect(told).toEqual([1, 2, 3].map((done) => ({ done, total: 3 })));
  });

  it.each([
    ['a generator', () => new Set(itemsOf('a', 'b')).values()],
    ['an async generator', () => oneByOne(itemsOf('a', 'b'))],
  ])('takes %s, of which it knows no total', async (_what, items) => {
    const { cache } = newCache();
    const told: WarmProgress[] = [];
    const result = await cache.warm(items(), { onProgress: (progress) => told.push(progress) });
    expect([result.stored, told]).toEqual([2, [{ done: 1 }, { done: 2 }]]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('goes on where onProgress %s, and tells it once', async (_what, onProgress) => {
    const { cache, errors } = newCache();
    expect(await cache.warm(itemsOf('a', 'b', 'c'), { onProgress })).toMatchObject({ stored: 3, failed: 0 });
    expect(errors.map(({ code, option, cause }) => [code, option, (cause as Error).message])).toEqual([
      ['USER_FUNCTION_FAILED', 'onProgress', 'mine'],
    ]);
  });

  it.each<[unknown, WarmOptions | undefined, string, string]>([
    ['text', undefined, 'INVALID_REQUEST', 'items'],
    [{ request: { text: 'a' }, response: 'a' }, undefined, 'INVALID_REQUEST', 'items'],
    [undefined, undefined, 'INVALID_REQUEST', 'items'],
    [[], { concurrency: 0 }, 'INVALID_OPTION', 'concurrency'],
    [[], { concurrency: 1_001 }, 'INVALID_OPTION', 'concurrency'],
    [[], { concurrency: 1.5 }, 'INVALID_OPTION', 'concurrency'],
    [[], { onProgress: 7 as never }, 'INVALID_OPTION', 'onProgress'],
    [[], 'x' as never, 'INVALID_OPTION', 'options'],
    [[], { onprogress: () => undefined } as never, 'UNKNOWN_OPTION', 'onprogress'],
  ])('of %j with %j rejects', async (items, options, code, option) => {
    const { cache } = newCache();
    await expect(cache.warm(items as never, options)).rejects.toMatchObject({ code, option });
  });

  it('rejects with what its iterator throws', async () => {
    const { cache } = newCache();
    const broken = (async function* source() {
      yield* oneByOne(itemsOf('a'));
      throw new Error('no more rows');
    })();
    await expect(cache.warm(broken)).rejects.toThrow('no more rows');
  });

  it('lets others have their turn in between, as setMany does', async () => {
    const { cache } = newCache();
    const items = itemsOf(...Array.from({ length: 150 }, (_, index) => `${index}`));
    const seen: string[] = [];
    setImmediate(() => seen.push('another'));
    await cache.setMany(items);
    seen.push('set');
    setImmediate(() => seen.push('another'));
    await cache.warm(items);
    seen.push('warmed');
    expect(seen).toEqual(['another', 'set', 'another', 'warmed']);
  });

  it('ends when the cache is closed', async () => {
    const { cache } = newCache();
    const work = cache.warm(itemsOf('a', 'b', 'c'), { concurrency: 1, onProgress: () => cache.close() });
    await expect(work).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(cache.warm([])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('many at once', () => {
  it.each([undefined, null, 7, {}, 'text', new Set([{ request: { text: 'a' }, response: 'a' }])])(
    'are an array, not %o',
    async (given) => {
      const { cache } = newCache();
      const [items, requests] = [cache.setMany(given as never), cache.getMany(given as never)];
      await expect(items).rejects.toMatchObject({ code: 'INVALID_REQUEST', option: 'items' });
      await expect(requests).rejects.toMatchObject({ code: 'INVALID_REQUEST', option: 'requests' });
    },
  );
});
