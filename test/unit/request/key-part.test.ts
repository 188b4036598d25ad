import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PART_LENGTH, boundedKeyPart, escapeKeyPart, unescapeKeyPart } from '../../../src/request/key-part.ts';

/** Any sequence of UTF-16 units, lone surrogates among them. */
const units = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0xd800, max: 0xdfff }),
    fc.integer({ min: 0x20, max: 0x7e }),
  ),
);
const anyString = units.map((codes) => String.fromCharCode(...codes));

describe('a part of a key', () => {
  it('reads as it is where it is plain, and percent-encoded otherwise', () => {
    expect(escapeKeyPart('gpt-4o_mini.2024~1')).toBe('gpt-4o_mini.2024~1');
    expect(escapeKeyPart("a:b*c[d]{e}%f g?h\\i'j(k)!\n")).toBe(
      'a%3Ab%2Ac%5Bd%5D%7Be%7D%25f%20g%3Fh%5Ci%27j%28k%29%21%0A',
    );
    expect(escapeKeyPart('é😀')).toBe('%C3%A9%F0%9F%98%80');
  });

  it('comes back from its escaped form, whatever it is', () => {
    fc.assert(
      fc.property(anyString, (value) => {
        expect(unescapeKeyPart(escapeKeyPart(value))).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('never has a raw character outside the unreserved ones and the percent sign', () => {
    fc.assert(
      fc.property(anyString, (value) => {
        expect(escapeKeyPart(value)).toMatch(/^[A-Za-z0-9._~%-]+$/);
      }),
    );
  });

  it('writes a lone surrogate so that it stays the one it is', () => {
    expect(escapeKeyPart('\ud800')).toBe('%uD800');
    expect(escapeKeyPart('a\udc00😀:')).toBe('a%uDC00%F0%9F%98%80%3A');
    expect(escapeKeyPart('%uD800')).toBe('%25uD800');
  });

  it('writes the empty string as a mark', () => {
    expect(escapeKeyPart('')).toBe('%-');
    expect(escapeKeyPart('%-')).toBe('%25-');
  });

  it('is undefined where the escaped form is malformed', () => {
    for (const part of ['', '%', '%zz', '%C3', '%u0041', '%~00']) expect(unescapeKeyPart(part)).toBeUndefined();
  });

  it('is replaced by a digest where it is too long for a key', () => {
    const long = 'x'.repeat(MAX_PART_LENGTH + 1);
    expect(boundedKeyPart('x'.repeat(MAX_PART_LENGTH))).toBe('x'.repeat(MAX_PART_LENGTH));
    expect(boundedKeyPart(long)).toMatch(/^%~[0-9a-f]{64}$/);
    expect(boundedKeyPart('é'.repeat(40))).toMatch(/^%~[0-9a-f]{64}$/);
    expect(boundedKeyPart(long)).not.toBe(boundedKeyPart(`${long}x`));
    expect(boundedKeyPart(boundedKeyPart(long))).not.toBe(boundedKeyPart(long));
    expect(boundedKeyPart('m'.repeat(100_000)).length).toBeLessThanOrEqual(MAX_PART_LENGTH);
    expect(unescapeKeyPart(boundedKeyPart(long))).toBeUndefined();
  });
});
