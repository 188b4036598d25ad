import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/entry/entry.ts';
import { MemoryTier } from '../../src/tiers/memory-tier.ts';
import { RedisConnection } from '../../src/tiers/redis-connection.ts';
import { RedisTier } from '../../src/tiers/redis-tier.ts';
import type { Tier } from '../../src/tiers/tier.ts';
import { manualClock, type ManualClock } from '../support/manual-clock.ts';
import { startRedis } from '../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../support/sample-entry.ts';

const MAX_ENTRY_BYTES = 8 << 20;

interface Opened {
  readonly tier: Tier;
  close(): Promise<void>;
}

/** What every tier is to the rest of the cache, whatever it is made of. */
const TIERS: Record<string, (clock: ManualClock) => Promise<Opened>> = {
  memory: async (clock) => {
    const tier = new MemoryTier({
      maxBytes: 64 << 20,
      maxEntries: 100,
      maxEntryBytes: MAX_ENTRY_BYTES,
      textTiers: ['small', 'medium', 'large', 'xlarge'],
      clock,
      observe: () => undefined,
    });
    return { tier, close: async () => undefined };
  },
  redis: async (clock) => {
    const server = await startRedis();
    const connection = new RedisConnection({ redis: server.url, timeoutMs: 10_000, onError: () => undefined });
    const tier = new RedisTier({
      connection,
      namespace: 'contract',
      version: 1,
      maxEntryBytes: MAX_ENTRY_BYTES,
      clock,
    });
    const close = async (): Promise<void> => {
      await connection.close();
      await server.stop();
    };
    return { tier, close };
  },
};

describe.each(Object.entries(TIERS))('the %s tier', (name, open) => {
  const key = sampleKey();
  let clock: ManualClock;
  let opened: Opened;
  let tier: Tier;

  beforeEach(async () => {
    clock = manualClock();
    opened = await open(clock);
    tier = opened.tier;
  });

  afterEach(() => opened.close());

  async function returned(entry: Entry): Promise<Entry | undefined> {
    expect(await tier.set(key, entry)).toBe(true);
    return tier.get(key);
  }

  it('says what it is', () => {
    expect(tier.name).toBe(name);
  });

  it('has nothing under a key that was never set', async () => {
    expect(await tier.get(key)).toBeUndefined();
  });

  it('returns an entry as it was set', async () => {
    expect(await returned(sampleEntry())).toEqual(sampleEntry());
  });

  it('returns an entry as often as it is asked for', async () => {
    await tier.set(key, sampleEntry());
    expect(await tier.get(key)).toEqual(sampleEntry());
    expect(await tier.get(key)).toEqual(sampleEntry());
  });

  it('returns the entry that was set last', async () => {
    await tier.set(key, sampleEntry({ body: Buffer.from('older') }));
    expect(await returned(sampleEntry({ body: Buffer.from('newer') }))).toEqual(
      sampleEntry({ body: Buffer.from('newer') }),
    );
  });

  it('returns all fields an entry can have', async () => {
    const entry = sampleEntry({
      status: 203,
      statusMessage: 'Good Enough',
      coding: 'zstd',
      identityBytes: 1_000,
      labels: { provider: 'p', model: 'm:1', operation: 'summarize', collection: 'docs/é', tags: ['a', '', '✓'] },
      textLength: 70_000,
      textTier: 'xlarge',
      usage: { inputTokens: 10, outputTokens: 0 },
      fillMs: 1234.5,
    });
    expect(await returned(entry)).toEqual(entry);
  });

  it('returns headers in their order, with repeated names and the case they had', async () => {
    const headers = [
      ['Link', '</a>; rel=next'],
      ['X-Request', ''],
      ['link', '</b>; rel=prev'],
      ['Link', '</a>; rel=next'],
      ['X-Latin', 'caf\u00e9\t'],
    ] as const;
    expect(await returned(sampleEntry({ headers }))).toEqual(sampleEntry({ headers }));
  });

  it('returns every byte of a binary body', async () => {
    const body = Buffer.from(Array.from({ length: 512 }, (_, index) => index & 255));
    expect((await returned(sampleEntry({ body })))?.body.equals(body)).toBe(true);
  });

  it('returns a body of no bytes', async () => {
    expect((await returned(sampleEntry({ body: Buffer.alloc(0) })))?.body).toHaveLength(0);
  });

  it('returns a body of megabytes', async () => {
    const body = randomBytes(MAX_ENTRY_BYTES);
    expect((await returned(sampleEntry({ body })))?.body.equals(body)).toBe(true);
  });

  it('does not keep a body beyond its limit', async () => {
    expect(await tier.set(key, sampleEntry({ body: Buffer.alloc(MAX_ENTRY_BYTES + 1) }))).toBe(false);
    expect(await tier.get(key)).toBeUndefined();
  });

  it('never returns the entry of another key', async () => {
    await tier.set(key, sampleEntry());
    expect(await tier.get(sampleKey('another'))).toBeUndefined();
  });

  it('does not keep an entry that was made for another key', async () => {
    expect(await tier.set(key, sampleEntry({ name: 'another' }))).toBe(false);
    expect(await tier.get(key)).toBeUndefined();
  });

  it('keeps the entries of different keys apart', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `key ${index}`);
    await Promise.all(
      names.map(async (each) => tier.set(sampleKey(each), sampleEntry({ name: each, body: Buffer.from(each) }))),
    );
    const bodies = await Promise.all(names.map(async (each) => (await tier.get(sampleKey(each)))?.body.toString()));
    expect(bodies).toEqual(names);
  });

  it('returns a stale entry until the moment it expires', async () => {
    await tier.set(key, sampleEntry());
    clock.advance(119_999);
    expect(await tier.get(key)).toEqual(sampleEntry());
    clock.advance(1);
    expect(await tier.get(key)).toBeUndefined();
  });

  it('does not keep an entry that has expired', async () => {
    clock.advance(120_000);
    expect(await tier.set(key, sampleEntry())).toBe(false);
    expect(await tier.get(key)).toBeUndefined();
  });

  it('has an entry no more after its deletion, and says whether there was one', async () => {
    await tier.set(key, sampleEntry());
    expect(await tier.delete(key)).toBe(true);
    expect(await tier.get(key)).toBeUndefined();
    expect(await tier.delete(key)).toBe(false);
  });

  it('deletes no other entry', async () => {
    await tier.set(key, sampleEntry());
    await tier.delete(sampleKey('another'));
    expect(await tier.get(key)).toEqual(sampleEntry());
  });
});
