import { describe, expect, it } from 'vitest';
import { atOnce, inTurns, type Sliced } from '../../src/in-turns.ts';

/** Says which slices were done, and what came in between. */
function* slices(count: number, order: string[]): Sliced<number> {
  for (let slice = 1; slice <= count; slice += 1) {
    if (slice > 1) yield;
    order.push(`slice ${slice}`);
  }
  return count;
}

describe('work in slices', () => {
  it('lets what else the process has to do have a turn between two of them', async () => {
    const order: string[] = [];
    const work = inTurns(slices(3, order));
    setImmediate(() => order.push('another'));
    expect(await work).toBe(3);
    expect(order).toEqual(['slice 1', 'slice 2', 'another', 'slice 3']);
  });

  it('is done at once where it is one slice', () => {
    expect(inTurns(slices(1, []))).toBe(1);
  });

  it('can be done at once', () => {
    const order: string[] = [];
    expect(atOnce(slices(3, order))).toBe(3);
    expect(order).toEqual(['slice 1', 'slice 2', 'slice 3']);
  });

  it('fails with the slice that failed', async () => {
    function* failing(late: boolean): Sliced<void> {
      if (late) yield;
      throw new Error('a slice failed');
    }
    expect(() => inTurns(failing(false))).toThrow('a slice failed');
    await expect(inTurns(failing(true))).rejects.toThrow('a slice failed');
  });
});
