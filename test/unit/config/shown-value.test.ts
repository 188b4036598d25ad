import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownSetting, shownValue } from '../../../src/config/shown-value.ts';

describe('shownValue', () => {
  it.each([
    ['text', '"text"'],
    ['two\nlines', '"two\\nlines"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [5, '5'],
    [-0, '0'],
    [Number.NaN, 'NaN'],
    [5n, '5'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'a symbol'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [{ password: 'secret' }, 'an object'],
    [{ small: 5, large: 6 }, '{"small":5,"large":6}'],
    [() => 1, 'a function'],
    [async () => 1, 'an async function'],
  ])('shows %o as %s', (value, shown) => {
    expect(shownValue(value)).toBe(shown);
  });

  it('keeps mail addresses and other texts with an @', () => {
    expect(shownValue('ops@example.org')).toBe('"ops@example.org"');
  });

  it('never shows the credentials of a URL, whatever characters they have', () => {
    const scheme = fc.constantFrom('redis://', 'rediss://', 'http://', 'REDIS://', '');
    const password = fc.string({ minLength: 3, maxLength: 40 }).map((text) => `secret${text}`);
    fc.assert(
      fc.property(scheme, password, (start, word) => {
        expect(shownValue(`${start}user:${word}@host:6379/0`)).toBe(`"${start}***@host:6379/0"`);
      }),
    );
  });
});

describe('shownSetting', () => {
  it('shows nothing of a variable whose name speaks of a secret', () => {
    expect(shownSetting('AI_CACHE_ENCRYPTION_KEY', 'abc')).toBe('not shown here');
    expect(shownSetting('AI_CACHE_REDIS_PASSWORD', 'abc')).toBe('not shown here');
    expect(shownSetting('AI_CACHE_COLOUR', 'blue')).toBe('"blue"');
  });
});
