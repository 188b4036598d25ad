import { beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/entry/entry.ts';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import { budgetOf } from '../../../src/tiers/budget.ts';
import { GuardedTier } from '../../../src/tiers/guarded-tier.ts';
import { MemoryTier } from '../../../src/tiers/memory-tier.ts';
import type { Tier } from '../../../src/tiers/tier.ts';
import { TieredStore } from '../../../src/tiers/tiered-store.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const KEY = sampleKey();
const ENTRY = sampleEntry();

let clock: ManualClock;
let events: CacheEvent[];
let memory: MemoryTier;
/** What lies in the second tier, by digest. */
let shelf: Map<string, Entry>;
/** Runs before the second tier does anything, and takes 5 ms. */
let before: () => Promise<void>;
let redis: GuardedTier;

beforeEach(() => {
  clock = manualClock();
  events = [];
  memory = new MemoryTier({
    maxBytes: 1 << 20,
    maxEntries: 10,
    maxEntryBytes: 1_000,
    textTiers: ['small'],
    clock,
    observe: () => undefined,
  });
  shelf = new Map();
  before = async () => undefined;
  const reached = async (): Promise<void> => {
    clock.advance(5);
    await before();
  };
  const tier: Tier = {
    name: 'redis',
    get: async ({ digest }) => reached().then(() => shelf.get(digest)),
    set: async ({ digest }, entry) => reached().then(() => shelf.set(digest, entry) !== undefined),
    delete: async ({ digest }) => reached().then(() => shelf.delete(digest)),
  };
  redis = new GuardedTier({ tier, timeoutMs: 200, clock, onError: () => undefined });
});

function storeOf(tiers: { memory?: MemoryTier; redis?: GuardedTier } = { memory, redis }): TieredStore {
  return new TieredStore({ ...tiers, clock, observe: (event) => events.push(event) });
}

async function broken(): Promise<void> {
  throw new Error('broken');
}

describe('a lookup', () => {
  it('finds what memory has at once, without a promise and without asking Redis', () => {
    before = broken;
    memory.set(KEY, ENTRY);
    expect(storeOf().lookup(KEY)).toEqual({ entry: ENTRY, tier: 'memory', freshness: 'fresh' });
    expect(events).toEqual([{ type: 'operation', tier: 'memory', operation: 'get', durationMs: 0, hit: true }]);
  });

  it('finds what Redis has and promotes it', async () => {
    shelf.set(KEY.digest, ENTRY);
    const store = storeOf();
    expect(await store.lookup(KEY)).toEqual({ entry: ENTRY, tier: 'redis', freshness: 'fresh' });
    expect(store.peek(KEY)).toEqual({ entry: ENTRY, tier: 'memory', freshness: 'fresh' });
    expect(events.slice(0, 2)).toEqual([
      { type: 'operation', tier: 'memory', operation: 'get', durationMs: 0, hit: false },
      { type: 'operation', tier: 'redis', operation: 'get', durationMs: 5, hit: true },
    ]);
  });

  it('promotes nothing that memory does not keep', async () => {
    shelf.set(KEY.digest, sampleEntry({ textTier: 'large' }));
    const store = storeOf();
    expect(await store.lookup(KEY)).toMatchObject({ tier: 'redis' });
    expect(store.peek(KEY)).toBeUndefined();
  });

  it('does not promote over a newer answer that came while Redis was asked', async () => {
    shelf.set(KEY.digest, ENTRY);
    const newer = sampleEntry({ cachedAt: ENTRY.cachedAt + 1, body: Buffer.from('newer') });
    before = async () => void memory.set(KEY, newer);
    const store = storeOf();
    await store.lookup(KEY);
    expect(store.peek(KEY)?.entry.body.toString()).toBe('newer');
  });

  it('says what is stale and never finds what has expired', async () => {
    shelf.set(KEY.digest, ENTRY);
    const store = storeOf();
    clock.advance(60_000 - 5);
    expect(await store.lookup(KEY)).toMatchObject({ tier: 'redis', freshness: 'stale' });
    expect(store.peek(KEY)).toMatchObject({ tier: 'memory', freshness: 'stale' });
    clock.advance(60_000);
    expect(store.peek(KEY)).toBeUndefined();
    expect(await store.lookup(KEY)).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ tier: 'redis', hit: false });
  });

  it('finds nothing where no tier has it', async () => {
    expect(await storeOf().lookup(KEY)).toBeUndefined();
    expect(events).toMatchObject([
      { tier: 'memory', hit: false },
      { tier: 'redis', hit: false },
    ]);
  });

  it('is a miss with the error told where Redis fails', async () => {
    before = broken;
    expect(await storeOf().lookup(KEY)).toBeUndefined();
    expect(events.at(-1)).toEqual({
      type: 'operation',
      tier: 'redis',
      operation: 'get',
      durationMs: 5,
      hit: false,
      errorType: 'REDIS_FAILED',
    });
  });

  it('spends the budget of its request, and asks Redis no more when that is gone', async () => {
    const budget = budgetOf(5);
    const store = storeOf();
    await store.lookup(KEY, budget);
    expect(budget.remainingMs()).toBe(0);
    events.length = 0;
    await store.lookup(KEY, budget);
    expect(events).toMatchObject([{ tier: 'memory' }]);
  });

  it('works with either tier alone, and with none', async () => {
    memory.set(KEY, ENTRY);
    shelf.set(KEY.digest, ENTRY);
    expect(storeOf({ memory }).lookup(KEY)).toMatchObject({ tier: 'memory' });
    expect(storeOf({ memory }).lookup(sampleKey('another'))).toBeUndefined();
    expect(storeOf({ redis }).peek(KEY)).toBeUndefined();
    expect(await storeOf({ redis }).lookup(KEY)).toMatchObject({ tier: 'redis' });
    expect(storeOf({}).lookup(KEY)).toBeUndefined();
  });
});

describe('a put', () => {
  it('is in memory before it returns, then in Redis', async () => {
    const store = storeOf();
    const written = store.put(KEY, ENTRY);
    expect(store.peek(KEY)?.tier).toBe('memory');
    expect(shelf.size).toBe(0);
    expect(await written).toEqual({ stored: true, tiers: ['memory', 'redis'] });
    expect(shelf.get(KEY.digest)).toBe(ENTRY);
    expect(events).toEqual([
      { type: 'operation', tier: 'memory', operation: 'put', durationMs: 0 },
      { type: 'operation', tier: 'memory', operation: 'get', durationMs: expect.any(Number) as number, hit: true },
      { type: 'operation', tier: 'redis', operation: 'put', durationMs: 5 },
    ]);
  });

  it('names the tiers that took it', async () => {
    expect(await storeOf().put(KEY, sampleEntry({ textTier: 'large' }))).toEqual({ stored: true, tiers: ['redis'] });
    before = broken;
    expect(await storeOf().put(KEY, ENTRY)).toEqual({ stored: true, tiers: ['memory'] });
    expect(await storeOf().put(KEY, sampleEntry({ textTier: 'large' }))).toEqual({ stored: false, tiers: [] });
    expect(await storeOf({ memory }).put(KEY, ENTRY)).toEqual({ stored: true, tiers: ['memory'] });
  });

  it('tells what failed', async () => {
    before = broken;
    await storeOf().put(KEY, ENTRY);
    expect(events.at(-1)).toMatchObject({ tier: 'redis', operation: 'put', errorType: 'REDIS_FAILED' });
  });
});

describe('keeping', () => {
  it('is in memory alone', () => {
    const store = storeOf();
    expect(store.keep(KEY, ENTRY)).toBe(true);
    expect(store.peek(KEY)?.entry).toBe(memory.get(KEY));
    expect(shelf.size).toBe(0);
    expect(store.keep(KEY, sampleEntry({ textTier: 'large' }))).toBe(false);
    expect(storeOf({ redis }).keep(KEY, ENTRY)).toBe(false);
  });
});

describe('a circuit that is open', () => {
  it('makes no operation: none was made', async () => {
    const store = storeOf();
    before = broken;
    await oneByOne(5, async () => store.lookup(KEY));
    expect(redis.circuit()).toBe('open');
    events.length = 0;
    await store.lookup(KEY);
    await store.put(KEY, ENTRY);
    expect(events.filter((event) => 'tier' in event && event.tier === 'redis')).toEqual([]);
  });
});

describe('the rule of a key with variants', () => {
  it('is found as what it is, and never as a fresh answer', async () => {
    const store = new TieredStore({ memory, redis, clock, observe: () => undefined });
    const rule = sampleEntry({ variants: { id: 'r', names: ['x-a'] } });
    shelf.set(KEY.digest, rule);
    expect(await store.lookupFresh(KEY)).toBeUndefined();
    expect((await store.lookup(KEY))?.entry.variants).toEqual(rule.variants);
    expect(await store.lookupFresh(KEY)).toBeUndefined();
  });
});
