import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { TEXT_TIERS } from '../../../src/entry/entry.ts';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import { MemoryTier, type MemoryTierOptions } from '../../../src/tiers/memory-tier.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const CAPACITY = { type: 'eviction', tier: 'memory', reason: 'capacity' };
const EXPIRED = { type: 'eviction', tier: 'memory', reason: 'expired' };

let clock: ManualClock;
let events: CacheEvent[];

beforeEach(() => {
  clock = manualClock();
  events = [];
});

function tierWith(options: Partial<MemoryTierOptions> = {}): MemoryTier {
  return new MemoryTier({
    maxBytes: 1 << 20,
    maxEntries: 100,
    maxEntryBytes: 100_000,
    textTiers: TEXT_TIERS,
    clock,
    observe: (event) => events.push(event),
    ...options,
  });
}

function put(tier: MemoryTier, name: string, bytes = 0): boolean {
  return tier.set(sampleKey(name), sampleEntry({ name, body: Buffer.alloc(bytes) }));
}

function has(tier: MemoryTier, name: string): boolean {
  return tier.get(sampleKey(name)) !== undefined;
}

describe('what does not fit', () => {
  it('pushes out the entry that was used the longest time ago', () => {
    const tier = tierWith({ maxEntries: 2 });
    put(tier, 'a');
    put(tier, 'b');
    has(tier, 'a');
    put(tier, 'c');
    expect(['a', 'b', 'c'].map((name) => has(tier, name))).toEqual([true, false, true]);
    expect(events).toEqual([CAPACITY]);
  });

  it('pushes out as many as its bytes need', () => {
    const tier = tierWith({ maxBytes: 40_000 });
    for (const name of ['a', 'b', 'c']) put(tier, name, 10_000);
    expect(events).toEqual([]);
    put(tier, 'd', 25_000);
    expect(['a', 'b', 'c', 'd'].map((name) => has(tier, name))).toEqual([false, false, true, true]);
    expect(events).toEqual([CAPACITY, CAPACITY]);
  });

  it('is refused where it is larger than one entry may be, and pushes nothing out', () => {
    const tier = tierWith({ maxEntryBytes: 1_000 });
    put(tier, 'a');
    expect(put(tier, 'b', 1_001)).toBe(false);
    expect(put(tier, 'c', 1_000)).toBe(true);
    expect(has(tier, 'a')).toBe(true);
    expect(events).toEqual([]);
  });

  it('is refused where its headers alone are larger than the tier', () => {
    const tier = tierWith({ maxBytes: 10_000 });
    put(tier, 'a');
    const headers = Array.from({ length: 100 }, (_, index) => [`X-${index}`, 'value'] as const);
    expect(tier.set(sampleKey('b'), sampleEntry({ name: 'b', headers }))).toBe(false);
    expect(has(tier, 'a')).toBe(true);
    expect(tier.set(sampleKey('a'), sampleEntry({ name: 'a', headers }))).toBe(false);
    expect(has(tier, 'a')).toBe(false);
    expect(events).toEqual([]);
  });

  it('takes the older entry of its key with it', () => {
    const tier = tierWith({ maxEntryBytes: 1_000 });
    put(tier, 'a');
    put(tier, 'a', 1_001);
    expect(has(tier, 'a')).toBe(false);
    expect(events).toEqual([]);
  });
});

describe('the size classes', () => {
  it('that are not kept are refused', () => {
    const tier = tierWith({ textTiers: ['small', 'large'] });
    const kept = TEXT_TIERS.map((textTier) => tier.set(sampleKey(), sampleEntry({ textTier })));
    expect(kept).toEqual([true, false, true, false]);
  });
});

describe('an expired entry', () => {
  it('is dropped and counted once, when it is asked for', () => {
    const tier = tierWith();
    put(tier, 'a');
    clock.advance(120_000);
    expect(tier.stats().entries).toBe(1);
    expect(has(tier, 'a')).toBe(false);
    expect(has(tier, 'a')).toBe(false);
    expect(tier.stats()).toMatchObject({ entries: 0, bytes: 0 });
    expect(events).toEqual([EXPIRED]);
  });
});

describe('no eviction', () => {
  it('is an entry that is replaced, deleted or cleared', () => {
    const tier = tierWith();
    put(tier, 'a');
    put(tier, 'a');
    tier.delete(sampleKey('a'));
    put(tier, 'b');
    tier.clear();
    expect(has(tier, 'b')).toBe(false);
    expect(tier.stats().entries).toBe(0);
    expect(events).toEqual([]);
  });
});

describe('memory', () => {
  it('is not held beyond the body: a part of a pool is copied, a buffer of its own is not', () => {
    const tier = tierWith();
    const pooled = Buffer.from('part of a pool');
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.length);
    tier.set(sampleKey('a'), sampleEntry({ name: 'a', body: pooled }));
    expect(tier.get(sampleKey('a'))?.body.buffer.byteLength).toBe(pooled.length);
    expect(tier.get(sampleKey('a'))?.body.toString()).toBe('part of a pool');

    const own = sampleEntry({ name: 'b', body: Buffer.allocUnsafeSlow(10) });
    tier.set(sampleKey('b'), own);
    expect(tier.get(sampleKey('b'))).toBe(own);
  });

  it('is counted with headers, labels and what surrounds them', () => {
    const bytesOf = (fields: Parameters<typeof sampleEntry>[0]): number => {
      const tier = tierWith();
      tier.set(sampleKey(), sampleEntry(fields));
      return tier.stats().bytes;
    };
    const bare = bytesOf({ body: Buffer.alloc(0), headers: [], labels: {} });
    expect(bare).toBeGreaterThan(500);
    expect(bytesOf({ body: Buffer.alloc(1_000), headers: [], labels: {} })).toBe(bare + 1_000);
    expect(bytesOf({ body: Buffer.alloc(0), headers: [['A', 'b'.repeat(500)]], labels: {} })).toBeGreaterThan(
      bare + 500,
    );
    expect(bytesOf({ body: Buffer.alloc(0), headers: [], labels: { tags: ['t'.repeat(500), 'u'] } })).toBeGreaterThan(
      bare + 500,
    );
  });

  it('is told with its bounds', () => {
    const tier = tierWith({ maxBytes: 5_000_000, maxEntries: 7 });
    expect(tier.stats()).toEqual({ entries: 0, bytes: 0, maxBytes: 5_000_000, maxEntries: 7 });
    put(tier, 'a', 100);
    expect(tier.stats()).toMatchObject({ entries: 1 });
  });

  it('needs no timer', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const tier = tierWith();
    put(tier, 'a');
    has(tier, 'a');
    expect(timers()).toBe(before);
  });
});

describe('whatever happens', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const step = fc.oneof(
    fc.record({ do: fc.constant('put' as const), name, bytes: fc.nat(6_000) }),
    fc.record({ do: fc.constant('get' as const), name }),
    fc.record({ do: fc.constant('delete' as const), name }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(70_000) }),
  );

  it('bounds hold and every entry that was put leaves exactly once: replaced, deleted, evicted or still there', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        clock = manualClock();
        events = [];
        const tier = tierWith({ maxBytes: 12_000, maxEntries: 4, maxEntryBytes: 5_000 });
        let came = 0;
        let left = 0;
        for (const each of steps) {
          if (each.do === 'wait') clock.advance(each.ms);
          if (each.do === 'get') has(tier, each.name);
          if (each.do === 'delete' && tier.delete(sampleKey(each.name))) left += 1;
          if (each.do === 'put') {
            const evicted = events.length;
            const before = tier.stats().entries;
            const now = clock.now();
            const body = Buffer.alloc(each.bytes);
            const entry = sampleEntry({ name: each.name, body, staleAt: now + 60_000, expiresAt: now + 60_000 });
            const kept = tier.set(sampleKey(each.name), entry);
            came += kept ? 1 : 0;
            // What is gone without an event was replaced, or was older than what was refused.
            left += before + (kept ? 1 : 0) - (events.length - evicted) - tier.stats().entries;
          }
          const { entries, bytes } = tier.stats();
          expect(entries).toBeLessThanOrEqual(4);
          expect(bytes).toBeLessThanOrEqual(12_000);
          expect(came).toBe(entries + left + events.length);
        }
      }),
    );
  });
});
