import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/entry/entry.ts';
import { MemoryTier } from '../../../src/tiers/memory-tier.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const key = sampleKey();
const decoded = Buffer.alloc(5_000, 'x');

function tierOf(limits: { maxBytes?: number; maxEntryBytes?: number } = {}): MemoryTier {
  const clock = manualClock();
  const textTiers = ['small'] as const;
  return new MemoryTier({
    maxBytes: 100_000,
    maxEntries: 10,
    maxEntryBytes: 10_000,
    textTiers,
    clock,
    observe: () => undefined,
    ...limits,
  });
}

function kept(tier: MemoryTier): Entry {
  tier.set(key, sampleEntry({ coding: 'br', identityBytes: decoded.length }));
  return tier.get(key) as Entry;
}

describe('another form of an entry', () => {
  it('takes its place, and counts instead of it', () => {
    const tier = tierOf();
    const entry = kept(tier);
    tier.replace(key, entry, sampleEntry({ body: Buffer.from('tiny') }));
    const alone = tierOf();
    alone.set(key, sampleEntry({ body: Buffer.from('tiny') }));
    expect(tier.get(key)?.body.toString()).toBe('tiny');
    expect(tier.stats().bytes).toBe(alone.stats().bytes);
  });

  it('is dropped where a newer entry has come meanwhile, or it has gone', () => {
    const tier = tierOf();
    const entry = kept(tier);
    tier.set(key, sampleEntry({ body: Buffer.from('newer') }));
    tier.replace(key, entry, sampleEntry({ body: Buffer.from('tiny') }));
    expect(tier.get(key)?.body.toString()).toBe('newer');
    tier.clear();
    tier.replace(key, entry, sampleEntry({ body: Buffer.from('tiny') }));
    expect(tier.get(key)).toBeUndefined();
  });
});

describe('a body kept in identity coding too', () => {
  it('is there for the next, and counts', () => {
    const tier = tierOf();
    const entry = kept(tier);
    const before = tier.stats().bytes;
    tier.replace(key, entry, { ...entry, identity: decoded });
    expect(tier.get(key)?.identity?.equals(decoded)).toBe(true);
    expect(tier.stats().bytes).toBe(before + decoded.length);
  });

  it('is dropped where a newer entry has come meanwhile', () => {
    const tier = tierOf();
    const entry = kept(tier);
    tier.set(key, sampleEntry({ body: Buffer.from('newer') }));
    tier.replace(key, entry, { ...entry, identity: decoded });
    expect(tier.get(key)?.body.toString()).toBe('newer');
  });

  it('is dropped where the entry has gone meanwhile', () => {
    const tier = tierOf();
    const entry = kept(tier);
    tier.clear();
    tier.replace(key, entry, { ...entry, identity: decoded });
    expect(tier.get(key)).toBeUndefined();
  });

  it.each([{ maxEntryBytes: 4_999 }, { maxBytes: 5_000 }])(
    'is dropped where it is too large for %j, and the entry stays',
    (limits) => {
      const tier = tierOf(limits);
      const entry = kept(tier);
      tier.replace(key, entry, { ...entry, identity: decoded });
      expect(tier.get(key)).toMatchObject({ coding: 'br' });
      expect(tier.get(key)).not.toHaveProperty('identity');
    },
  );
});
