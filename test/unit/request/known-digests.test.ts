import fc from 'fast-check';
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf, KnownDigests } from '../../../src/request/known-digests.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url');

describe('known digests', () => {
  it('are those of equal bytes alone, whatever was kept before', () => {
    const body = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 20 }), (bodies) => {
        const digests = new KnownDigests({ maxBytes: 1_000_000 });
        for (const letters of bodies) {
          // Alike in length and at the end, so that all look for each other.
          const bytes = Buffer.from(`${letters.join('').padEnd(4, '.')}${'z'.repeat(2_000)}`);
          const known = digests.get(bytes);
          expect([undefined, sha256(bytes)]).toContain(known);
          digests.keep(bytes, digestOf(bytes));
          expect(digests.get(Buffer.from(bytes))).toBe(sha256(bytes));
        }
      }),
    );
  });

  it('keep their own copy of the bytes', () => {
    const digests = new KnownDigests({ maxBytes: 1_000_000 });
    const bytes = Buffer.from('abc');
    digests.keep(bytes, digestOf(bytes));
    bytes.write('x');
    expect(digests.get(bytes)).toBeUndefined();
    expect(digests.get(Buffer.from('abc'))).toBe(sha256(Buffer.from('abc')));
  });

  it('forget what was used the longest ago, within their bytes', () => {
    const digests = new KnownDigests({ maxBytes: 64_000 });
    const bodies = Array.from({ length: 100 }, () => randomBytes(2_000));
    for (const bytes of bodies) digests.keep(bytes, digestOf(bytes));
    const kept = bodies.filter((bytes) => digests.get(bytes) !== undefined).length;
    expect(kept).toBeGreaterThan(20);
    expect(kept).toBeLessThanOrEqual(32);
    expect(digests.get(bodies[99] as Buffer)).toBeDefined();
  });

  it('leave a body alone that would take the room of many', () => {
    const digests = new KnownDigests({ maxBytes: 64_000 });
    const bytes = randomBytes(8_000);
    digests.keep(bytes, digestOf(bytes));
    expect(digests.get(bytes)).toBeUndefined();
  });
});
