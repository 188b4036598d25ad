import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CHUNKS } from '../../../src/entry/entry.ts';
import { KeptChunks } from '../../../src/response/kept-chunks.ts';

describe('kept chunks', () => {
  it('are the body and the places of all that was added', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ minLength: 1 }), fc.nat())), (added) => {
        const kept = new KeptChunks(1e6);
        for (const [bytes, timeMs] of added) kept.add(Buffer.from(bytes), timeMs);
        const whole = Buffer.concat(added.map(([bytes]) => bytes));
        expect(kept.body().equals(whole)).toBe(true);
        expect([kept.bytes, kept.isTooLarge]).toEqual([whole.length, false]);
        expect(kept.places()).toEqual({
          lengths: added.map(([bytes]) => bytes.length),
          timesMs: added.map(([, timeMs]) => timeMs),
        });
      }),
    );
  });

  it('are timed in whole milliseconds', () => {
    const kept = new KeptChunks(10);
    kept.add(Buffer.from('a'), 1.5);
    kept.add(Buffer.from('b'), 2.4);
    expect(kept.places().timesMs).toEqual([2, 2]);
  });

  it('are all dropped beyond maxBytes, and stay so', () => {
    const kept = new KeptChunks(3);
    kept.add(Buffer.from('abc'), 0);
    expect([kept.isTooLarge, kept.body().toString()]).toEqual([false, 'abc']);
    kept.add(Buffer.from('d'), 0);
    kept.add(Buffer.from('e'), 0);
    expect([kept.isTooLarge, kept.bytes, kept.body().length, kept.places()]).toEqual([
      true,
      5,
      0,
      { lengths: [], timesMs: [] },
    ]);
  });

  it('are as many as an entry may have, and one more is too many', () => {
    const kept = new KeptChunks(1e9);
    const chunk = Buffer.from('x');
    for (let index = 0; index < MAX_CHUNKS; index += 1) kept.add(chunk, index);
    expect([kept.isTooLarge, kept.body().length]).toEqual([false, MAX_CHUNKS]);
    kept.add(chunk, MAX_CHUNKS);
    expect([kept.isTooLarge, kept.body().length]).toEqual([true, 0]);
  });
});
