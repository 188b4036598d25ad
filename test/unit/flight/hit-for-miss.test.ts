import { describe, expect, it } from 'vitest';
import { HitForMiss } from '../../../src/flight/hit-for-miss.ts';
import { manualClock } from '../../support/manual-clock.ts';

describe('marks of hit-for-miss', () => {
  it('hold for their seconds, each key apart', () => {
    const clock = manualClock();
    const marks = new HitForMiss(clock, 30);
    marks.mark('a');
    clock.advance(29_999);
    marks.mark('b');
    expect(['a', 'b', 'c'].map((digest) => marks.has(digest))).toEqual([true, true, false]);
    clock.advance(1);
    expect(['a', 'b'].map((digest) => marks.has(digest))).toEqual([false, true]);
  });

  it('begin anew with each such answer', () => {
    const clock = manualClock();
    const marks = new HitForMiss(clock, 30);
    marks.mark('a');
    clock.advance(20_000);
    marks.mark('a');
    clock.advance(20_000);
    expect(marks.has('a')).toBe(true);
  });

  it('end with the first answer that is stored', () => {
    const marks = new HitForMiss(manualClock(), 30);
    marks.mark('a');
    marks.clear('a');
    marks.clear('never marked');
    expect(marks.has('a')).toBe(false);
  });

  it('are never set with 0 seconds', () => {
    const marks = new HitForMiss(manualClock(), 0);
    marks.mark('a');
    expect(marks.has('a')).toBe(false);
  });

  it('are at most 10 000: the oldest goes', () => {
    const marks = new HitForMiss(manualClock(), 30);
    for (let index = 0; index <= 10_000; index += 1) marks.mark(String(index));
    expect(['0', '1', '10000'].map((digest) => marks.has(digest))).toEqual([false, true, true]);
  });
});
