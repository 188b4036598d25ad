import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Entry, EntryLabels } from '../../../src/entry/entry.ts';
import type { LogItem } from '../../../src/tiers/invalidation-item.ts';
import { InvalidationLog } from '../../../src/tiers/invalidation-log.ts';
import { covers, tagDigest, traitsOf, type Selector } from '../../../src/tiers/invalidation-selector.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const EPOCH = 'e1';

const LABELS: EntryLabels = {
  provider: 'openai',
  model: 'gpt',
  operation: 'summarize',
  collection: 'docs',
  tags: ['a', 'b'],
};

let log: InvalidationLog;

beforeEach(() => {
  log = new InvalidationLog(EPOCH);
});

/** An entry whose making began when the log stood at this place. */
function entryAt(sequence: number, fields: Partial<Entry> = {}): Entry {
  return sampleEntry({ labels: LABELS, position: { epoch: EPOCH, sequence }, ...fields });
}

function invalidated(selector: Selector, sequence = log.sequence + 1): LogItem {
  return { sequence, action: 'invalidate', selector };
}

describe('an entry', () => {
  it('is used while nothing is logged behind its place', () => {
    log.add(invalidated({ collection: ['docs'] }));
    const entry = entryAt(1);
    expect(log.judge(entry)).toBe(entry);
  });

  it.each<[Selector]>([
    [{ provider: ['openai'] }],
    [{ model: ['gpt'] }],
    [{ operation: ['summarize'] }],
    [{ collection: ['docs'] }],
    [{ collection: ['news', 'docs'] }],
    [{ tag: [tagDigest('a')] }],
    [{ tag: [tagDigest('x'), tagDigest('b')] }],
    [{ key: [sampleKey().digest] }],
    [{ provider: ['openai'], model: ['gpt'], operation: ['summarize'], collection: ['docs'], tag: [tagDigest('a')] }],
    [{}],
  ])('is not used when %j is invalidated', (selector) => {
    log.add(invalidated(selector));
    expect(log.judge(entryAt(0))).toBeUndefined();
    expect(log.judge(entryAt(1))).toBeDefined();
  });

  it.each<[Selector]>([
    [{ provider: ['openai'], model: ['another'] }],
    [{ provider: ['gpt'] }],
    [{ collection: ['doc'] }],
    [{ collection: ['docs*'] }],
    [{ tag: ['a'] }],
    [{ tag: [tagDigest('c')] }],
    [{ tag: [tagDigest('a')], collection: ['news'] }],
    [{ key: [sampleKey('another').digest] }],
  ])('is used when %j is invalidated', (selector) => {
    log.add(invalidated(selector));
    expect(log.judge(entryAt(0))).toBeDefined();
  });

  it('without labels is reached by its key and by a selector of everything alone', () => {
    const entry = entryAt(0, { labels: {} });
    log.add(invalidated({ provider: ['openai'] }));
    log.add(invalidated({ tag: [tagDigest('a')] }));
    expect(log.judge(entry)).toBeDefined();
    log.add(invalidated({ key: [entry.digest] }));
    expect(log.judge(entry)).toBeUndefined();
  });

  it('of another life of the log, or of none, is not used', () => {
    const { position: _position, ...entry } = entryAt(0);
    expect(log.judge(entry)).toBeUndefined();
    expect(log.judge({ ...entry, position: { epoch: 'e0', sequence: 5 } })).toBeUndefined();
    expect(log.judge({ ...entry, position: { epoch: '', sequence: 0 } })).toBeUndefined();
  });

  it('stays unused whatever is logged afterwards', () => {
    log.add(invalidated({ collection: ['docs'] }));
    log.add({ sequence: 2, action: 'expire', selector: { collection: ['docs'] }, at: 1 });
    log.add(invalidated({ collection: ['news'] }));
    expect(log.judge(entryAt(0))).toBeUndefined();
    expect(log.judge(entryAt(1))?.staleAt).toBe(1);
  });
});

describe('an expired entry', () => {
  const fresh = entryAt(0, { staleAt: 1_000, expiresAt: 1_600, revalidateUntil: 1_500, errorUntil: 1_600 });

  it('is stale since then, with the windows it had', () => {
    log.add({ sequence: 1, action: 'expire', selector: { collection: ['docs'] }, at: 300 });
    expect(log.judge(fresh)).toEqual({
      ...fresh,
      staleAt: 300,
      expiresAt: 900,
      revalidateUntil: 800,
      errorUntil: 900,
    });
    expect(fresh.staleAt).toBe(1_000);
  });

  it('has expired since the first time it was, and is never made younger', () => {
    for (const [place, at] of [500, 300, 2_000].entries()) {
      log.add({ sequence: place + 1, action: 'expire', selector: { collection: ['docs'] }, at });
    }
    expect(log.judge(fresh)?.staleAt).toBe(300);
    expect(log.judge({ ...fresh, position: { epoch: EPOCH, sequence: 2 } })?.staleAt).toBe(1_000);
  });

  it('is judged as it was before a place in the log', () => {
    log.add({ sequence: 1, action: 'expire', selector: { collection: ['docs'] }, at: 300 });
    log.add(invalidated({ collection: ['docs'] }));
    expect(log.judge(fresh, 1)?.staleAt).toBe(1_000);
    expect(log.judge(fresh, 2)?.staleAt).toBe(300);
    expect(log.judge(fresh)).toBeUndefined();
  });
});

describe('the log', () => {
  it('holds an invalidation once, at its last place', () => {
    for (let time = 0; time < 5; time += 1) log.add(invalidated({ collection: ['docs', 'news'] }));
    log.add(invalidated({ collection: ['news', 'docs', 'news'] }));
    expect([log.size, log.sequence]).toEqual([1, 6]);
    expect(log.judge(entryAt(5))).toBeUndefined();
    expect(log.judge(entryAt(6))).toBeDefined();
  });

  it('is not changed by an item that comes late', () => {
    log.add(invalidated({ collection: ['docs'] }, 7));
    log.add(invalidated({ collection: ['docs'] }, 3));
    expect(log.sequence).toBe(7);
    expect(log.judge(entryAt(6))).toBeUndefined();
  });

  it('holds every expiry, since the times of the earlier ones count too', () => {
    for (const at of [1, 2, 3]) log.add({ sequence: log.sequence + 1, action: 'expire', selector: {}, at });
    expect(log.size).toBe(3);
  });

  it('forgets its oldest items beyond a number, and then knows nothing of entries from before them', () => {
    for (let place = 1; place <= 20; place += 1) log.add(invalidated({ collection: [`c${place}`] }));
    log.keep(5);
    expect([log.size, log.floor, log.sequence]).toEqual([5, 15, 20]);
    expect(log.judge(entryAt(14))).toBeUndefined();
    expect(log.judge(entryAt(15))).toBeDefined();
    expect(log.judge(entryAt(15, { labels: { collection: 'c16' } }))).toBeUndefined();
    log.keep(5);
    expect(log.floor).toBe(15);
  });

  it('never lowers its floor', () => {
    log.raiseFloor(9);
    log.raiseFloor(3);
    expect([log.floor, log.sequence]).toEqual([9, 9]);
  });
});

describe('what is still being made', () => {
  const about = (labels: EntryLabels): number => log.lastAbout({ digest: sampleKey().digest, labels });

  it('is concerned by the last item that fits it', () => {
    expect(about(LABELS)).toBe(0);
    log.add(invalidated({ collection: ['docs'] }));
    log.add(invalidated({ collection: ['news'] }));
    log.add(invalidated({ provider: ['openai'], model: ['another'] }));
    expect([about(LABELS), about({ collection: 'news' }), about({})]).toEqual([1, 2, 0]);
  });

  it('is concerned by any tag, which it may still be given', () => {
    log.add(invalidated({ tag: [tagDigest('anything')], collection: ['news'] }));
    expect(about({})).toBe(1);
  });

  it('is concerned by what was forgotten, so that it never counts as newer than it is', () => {
    log.add(invalidated({ collection: ['docs'] }));
    log.raiseFloor(4);
    expect(about(LABELS)).toBe(4);
  });
});

const value = fc.constantFrom('a', 'b', 'c');
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 2 });
const selector: fc.Arbitrary<Selector> = fc.record(
  {
    tag: values.map((tags) => tags.map(tagDigest)),
    collection: values,
    operation: values,
    model: values,
    provider: values,
  },
  { requiredKeys: [] },
);
const labels: fc.Arbitrary<EntryLabels> = fc.record(
  { provider: value, model: value, operation: value, collection: value, tags: fc.uniqueArray(value, { maxLength: 2 }) },
  { requiredKeys: [] },
);

it('judges as the plain list of all items does', () => {
  const item = fc.record({
    action: fc.constantFrom('invalidate', 'expire'),
    selector,
    at: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), labels, fc.nat({ max: 12 }), (items, ofEntry, begunAt) => {
      const list: LogItem[] = items.map(({ action, selector: about, at }, index) => {
        const common = { sequence: index + 1, selector: about };
        return action === 'expire' ? { ...common, action, at } : { ...common, action: 'invalidate' };
      });
      const known = new InvalidationLog(EPOCH);
      for (const one of list) known.add(one);
      const entry = entryAt(begunAt, { labels: ofEntry, staleAt: 60, expiresAt: 60 });
      const later = list.filter(
        ({ sequence, selector: about }) => sequence > begunAt && covers(about, traitsOf(entry)),
      );
      const staleAt = Math.min(60, ...later.map((one) => (one.action === 'expire' ? one.at : 60)));
      const isGone = later.some(({ action }) => action === 'invalidate');
      expect(known.judge(entry)?.staleAt).toBe(isGone ? undefined : staleAt);
      expect(known.lastAbout(entry)).toBeGreaterThanOrEqual(Math.max(0, ...later.map(({ sequence }) => sequence)));
    }),
    { numRuns: 2_000 },
  );
});
