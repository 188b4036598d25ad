import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, ownBytesOf } from '../../../src/response/chunk-bytes.ts';

const encodings = ['utf8', 'latin1', 'ascii', 'utf16le', 'hex', 'base64', 'base64url'] as const;

describe('own bytes', () => {
  it('are those that Buffer.from makes of any text in any encoding, malformed or not', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.string({ unit: fc.constantFrom('0', 'a', 'F', 'g', '=') }),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(...encodings, undefined), (text, encoding) => {
        expect(ownBytesOf([text, encoding])).toEqual(bytesOf([text, encoding]));
      }),
    );
  });

  it('are a copy, which the caller does not change with its own', () => {
    const given = new Uint8Array([1, 2, 3]);
    const own = ownBytesOf([given]);
    given.fill(9);
    expect(own).toEqual(Buffer.from([1, 2, 3]));
    expect(ownBytesOf([undefined])).toBeUndefined();
  });
});
