import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCacheControl, secondsOf } from '../../../src/policy/cache-control.ts';

describe('parseCacheControl', () => {
  it.each<[value: string, directives: Record<string, string>]>([
    ['', {}],
    ['no-store', { 'no-store': '' }],
    ['No-Store, MAX-AGE=60', { 'no-store': '', 'max-age': '60' }],
    ['public,max-age=60,s-maxage=30', { public: '', 'max-age': '60', 's-maxage': '30' }],
    ['  max-age = 60 ,  private ', { 'max-age': '60', private: '' }],
    ['max-age="60"', { 'max-age': '60' }],
    ['private="x-a, x-b", max-age=5', { private: 'x-a, x-b', 'max-age': '5' }],
    ['extension="no-store, \\"private\\""', { extension: 'no-store, "private"' }],
    ['max-age=60, max-age=5', { 'max-age': '60' }],
    ['no-store;max-age=5', { 'no-store': '', 'max-age': '5' }],
    [',,,', {}],
    ['max-age=', { 'max-age': '' }],
  ])('reads %j', (value, directives) => {
    expect(Object.fromEntries(parseCacheControl(value))).toEqual(directives);
  });

  it('finds no-store wherever it stands among other directives', () => {
    const directive = fc.constantFrom('public', 'max-age=5', 'private="a, b"', 'x="\\"no-store"', 'immutable');
    fc.assert(
      fc.property(fc.array(directive), fc.array(directive), (before, after) => {
        expect(parseCacheControl([...before, 'no-store', ...after].join(', ')).has('no-store')).toBe(true);
        expect(parseCacheControl([...before, ...after].join(', ')).has('no-store')).toBe(false);
      }),
    );
  });

  it('ends on every text, in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseCacheControl(text)).toBeInstanceOf(Map);
      }),
    );
    expect(parseCacheControl(`a=${'"\\'.repeat(50_000)}`).get('a')).toBeDefined();
  });
});

describe('secondsOf', () => {
  it.each([
    ['max-age=60', 60],
    ['max-age=0', 0],
    ['max-age=99999999999999', 2 ** 31],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ['max-age=soon', 0],
    ['max-age', 0],
    ['public', undefined],
  ])('of %j is %s', (value, seconds) => {
    expect(secondsOf(parseCacheControl(value), 'max-age')).toBe(seconds);
  });
});
