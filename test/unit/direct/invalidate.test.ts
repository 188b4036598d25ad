import { beforeEach, describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { gate } from '../../support/gate.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let cache: AIResponseCache;

beforeEach(() => {
  clock = manualClock();
  cache = new AIResponseCache({ telemetry: false, ttl: { defaultSeconds: 100 } }, clock);
});

function ask(text: string, more: Partial<AIRequest> = {}): AIRequest {
  return { text, provider: 'openai', model: 'gpt', collection: 'docs', ...more };
}

async function textOf(request: AIRequest, allowStale = false): Promise<string | undefined> {
  const found = await cache.get(request, { allowStale });
  return found && `${found.state} ${found.text()}`;
}

describe('without Redis', () => {
  it('invalidate removes what fits from memory, and says how many that were', async () => {
    await cache.setMany([
      { request: ask('a'), response: '1' },
      { request: ask('b'), response: '2', tags: ['t'] },
      { request: ask('c', { collection: 'news' }), response: '3', tags: ['t'] },
      { request: { text: 'd' }, response: '4' },
    ]);
    expect(await cache.invalidate({ tag: 't', collection: 'docs' })).toEqual({ removed: 1 });
    expect([await textOf(ask('a')), await textOf(ask('b'))]).toEqual(['fresh 1', undefined]);
    expect(await cache.invalidate({ provider: 'openai' })).toEqual({ removed: 2 });
    expect(await cache.invalidate({ provider: 'openai' })).toEqual({ removed: 0 });
    expect(await textOf({ text: 'd' })).toBe('fresh 4');
    expect(await cache.invalidate({ key: { text: 'd' } })).toEqual({ removed: 1 });
    expect((await cache.info()).tiers.memory).toMatchObject({ entries: 0 });
  });

  it('clear removes all', async () => {
    await cache.setMany([ask('a'), { text: 'b' }].map((request) => ({ request, response: 'x' })));
    expect(await cache.clear()).toEqual({ removed: 2 });
    expect([await textOf(ask('a')), await textOf({ text: 'b' })]).toEqual([undefined, undefined]);
    expect(await cache.clear()).toEqual({ removed: 0 });
  });

  it('counts nothing that has expired by itself', async () => {
    await cache.set(ask('a'), 'a');
    clock.advance(100_000);
    await cache.set(ask('b'), 'b');
    expect(await cache.invalidate({ collection: 'docs' })).toEqual({ removed: 1 });
  });

  it('expire makes misses of what has no window', async () => {
    await cache.set(ask('a'), 'a');
    expect(await cache.expire({ collection: 'docs' })).toEqual({ expired: 1 });
    expect(await textOf(ask('a'), true)).toBeUndefined();
    expect(await cache.expire({ collection: 'docs' })).toEqual({ expired: 0 });
    await cache.set(ask('a'), 'b');
    expect(await textOf(ask('a'))).toBe('fresh b');
  });

  it('expire lets windows begin', async () => {
    cache = new AIResponseCache({ telemetry: false, staleIfErrorSeconds: 50 }, clock);
    await cache.set(ask('a'), 'a');
    clock.advance(10_000);
    expect(await cache.expire({ key: ask('a') })).toEqual({ expired: 1 });
    expect([await textOf(ask('a')), await textOf(ask('a'), true)]).toEqual([undefined, 'stale a']);
    clock.advance(49_999);
    expect(await textOf(ask('a'), true)).toBe('stale a');
    clock.advance(1);
    expect(await textOf(ask('a'), true)).toBeUndefined();
  });

  it('an answer that is being made when it is invalidated is not stored', async () => {
    const [begun, made] = [gate(), gate()];
    const filling = cache.getOrFill(ask('a'), async () => {
      begun.open();
      await made.opened;
      return 'old';
    });
    await begun.opened;
    expect(await cache.invalidate({ model: 'gpt' })).toEqual({ removed: 0 });
    const second = cache.getOrFill(ask('a'), () => 'new');
    expect((await second).text()).toBe('new');
    made.open();
    expect((await filling).text()).toBe('old');
    expect(await textOf(ask('a'))).toBe('fresh new');
  });

  it('an answer that was given before and is written after it is not stored', async () => {
    const items = Array.from({ length: 250 }, (_, index) => ({ request: ask(`${index}`), response: 'old' }));
    const setting = cache.setMany(items);
    await cache.invalidate({ collection: 'docs' });
    expect(new Set((await setting).map(({ stored }) => stored))).toEqual(new Set([false]));
    const warming = cache.warm(items);
    await cache.invalidate({ collection: 'docs' });
    expect(await warming).toMatchObject({ stored: 0, failed: 250 });
    expect((await cache.getMany(items.map(({ request }) => request))).filter(Boolean)).toEqual([]);
  });

  it('an answer that warming asked for after it is stored', async () => {
    async function* rows() {
      yield { request: ask('a'), response: 'old' };
      // Who knows when this row was read?
      await cache.invalidate({ collection: 'docs' });
      yield { request: ask('b'), response: 'old' };
      yield { request: ask('c'), response: 'new' };
    }
    expect(await cache.warm(rows())).toMatchObject({ stored: 1, failures: [{ index: 0 }, { index: 1 }] });
    expect(await textOf(ask('c'))).toBe('fresh new');
  });

  it('evictions tell that it was invalidated, operations how long it took', async () => {
    await cache.setMany([ask('a'), ask('b')].map((request) => ({ request, response: 'x' })));
    await cache.invalidate({ collection: 'docs' });
    await cache.clear();
    const { evictions, operations } = cache.monitor.snapshot();
    expect(evictions.memory).toEqual({ invalidated: 2 });
    expect([operations.memory?.remove?.count, operations.memory?.flush?.count]).toEqual([1, 1]);
  });

  it('forgets the oldest of ten thousand different selectors, and what was stored before it', async () => {
    await cache.set(ask('a'), 'a');
    for (let index = 0; index < 11_001; index += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await cache.invalidate({ tag: `t${index}` });
    }
    expect(await textOf(ask('a'))).toBeUndefined();
    await cache.set(ask('a'), 'b');
    for (let index = 0; index < 30_000; index += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await cache.invalidate({ tag: `t${index % 100}` });
    }
    expect(await textOf(ask('a'))).toBe('fresh b');
  });
});

it('a cache that was closed invalidates nothing any more', async () => {
  await cache.close();
  await expect(cache.invalidate({ tag: 'a' })).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.expire({ tag: 'a' })).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.clear()).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.getMany([])).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.setMany([])).rejects.toMatchObject({ code: 'CLOSED' });
});
