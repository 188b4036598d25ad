import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { directivesOf, statedBy, unmodifiedSeconds } from '../../../src/policy/stated.ts';

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

describe('what an answer says of its freshness', () => {
  it.each<[headers: readonly HeaderField[], lifetime: number | undefined, age: number]>([
    [[], undefined, 0],
    [[['Cache-Control', 'max-age=10, s-maxage=20']], 20, 0],
    [[['Expires', at(30)]], 30, 0],
    [
      [
        ['Expires', at(30)],
        ['Date', at(-10)],
      ],
      40,
      10,
    ],
    [
      [
        ['Expires', at(30)],
        ['Date', 'x'],
      ],
      30,
      0,
    ],
    [
      [
        ['Expires', at(30)],
        ['Expires', at(30)],
      ],
      0,
      0,
    ],
    [[['Expires', '']], 0, 0],
    [
      [
        ['Cache-Control', 'public'],
        ['Expires', at(30)],
      ],
      30,
      0,
    ],
    [[['Age', '5']], undefined, 5],
    [
      [
        ['Age', '5'],
        ['Date', at(-9)],
      ],
      undefined,
      9,
    ],
    [
      [
        ['Age', '5'],
        ['Date', at(9)],
      ],
      undefined,
      5,
    ],
    [[['Age', '-5']], undefined, 0],
    [
      [
        ['Age', 'x'],
        ['Age', '5'],
      ],
      undefined,
      0,
    ],
    [[['Age', '99999999999999']], undefined, 2 ** 31],
    [
      [
        ['CDN-Cache-Control', 'max-age=7'],
        ['Cache-Control', 'max-age=10'],
        ['Expires', at(30)],
      ],
      7,
      0,
    ],
    [
      [
        ['CDN-Cache-Control', ''],
        ['Cache-Control', 'max-age=10'],
      ],
      10,
      0,
    ],
    [
      [
        ['CDN-Cache-Control', 'max-age=7.5'],
        ['Cache-Control', 'max-age=10'],
      ],
      10,
      0,
    ],
    [[['CDN-Cache-Control', 'max-age=7; x=1, y=z']], 7, 0],
    [[['CDN-Cache-Control', 'max-age=-7']], 0, 0],
  ])('%j is a lifetime of %s s and an age of %i s', (headers, lifetimeSeconds, ageSeconds) => {
    expect(statedBy(headers, NOW)).toMatchObject({ lifetimeSeconds, ageSeconds });
  });

  it('is no no-cache on an event stream, by Cache-Control', () => {
    const stream: HeaderField = ['Content-Type', 'text/event-stream; charset=utf-8'];
    expect([...directivesOf([stream, ['Cache-Control', 'no-cache, no-transform']]).keys()]).toEqual(['no-transform']);
    expect([...directivesOf([['Cache-Control', 'no-cache']]).keys()]).toEqual(['no-cache']);
  });

  it('has the time since it was modified up to when it was sent', () => {
    expect(unmodifiedSeconds([['Last-Modified', at(-100)]], NOW)).toBe(100);
    expect(
      unmodifiedSeconds(
        [
          ['Last-Modified', at(-100)],
          ['Date', at(-40)],
        ],
        NOW,
      ),
    ).toBe(60);
    expect(unmodifiedSeconds([['Last-Modified', at(100)]], NOW)).toBe(0);
    expect(unmodifiedSeconds([['Last-Modified', 'x']], NOW)).toBeUndefined();
  });

  it('can be anything: it never throws, and says numbers from 0', () => {
    const name = fc.constantFrom('cache-control', 'CDN-Cache-Control', 'Expires', 'Age', 'Date', 'Last-Modified');
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('max-age=1', 'max-age=(1 2)', 'max-age=:YQ==:', 'a=?1', '"', at(1)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        const { lifetimeSeconds = 0, ageSeconds } = statedBy(headers, NOW);
        expect(lifetimeSeconds).toBeGreaterThanOrEqual(0);
        expect(ageSeconds).toBeGreaterThanOrEqual(0);
        expect(unmodifiedSeconds(headers, NOW) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
