import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { variesOn } from '../../../src/policy/vary.ts';

const covers = (name: string): boolean => name === 'accept';

describe('what an answer depends on beside its key', () => {
  it.each<[headers: readonly HeaderField[], names: readonly string[] | undefined]>([
    [[], []],
    [[['Vary', 'Accept, accept-encoding']], []],
    [
      [
        ['Vary', 'X-B'],
        ['vary', ' x-a ,, X-b'],
      ],
      ['x-a', 'x-b'],
    ],
    [[['Vary', '*']], undefined],
    [[['Vary', 'X-A, *']], undefined],
    [[['Access-Control-Allow-Origin', '*']], []],
    [[['Access-Control-Allow-Origin', 'https://a.test']], ['origin']],
    [
      [
        ['Access-Control-Allow-Origin', 'https://a.test'],
        ['Vary', 'Origin'],
      ],
      ['origin'],
    ],
    [
      [['Vary', Array.from({ length: 16 }, (_, index) => `x-${index + 10}`).join(',')]],
      Array.from({ length: 16 }, (_, index) => `x-${index + 10}`),
    ],
    [[['Vary', Array.from({ length: 17 }, (_, index) => `x-${index}`).join(',')]], undefined],
  ])('by %j is %j', (headers, names) => {
    expect(variesOn(headers, covers)).toEqual(names);
  });

  it('is read from every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(variesOn([['Vary', text]], covers) ?? []).not.toContain('');
      }),
    );
  });
});
