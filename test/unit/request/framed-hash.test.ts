import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramedHash, PAUSE_LENGTH, SLICE_LENGTH } from '../../../src/request/framed-hash.ts';

type Frame = readonly [tag: string, text: string];

const digestOf = (frames: readonly Frame[]): string => {
  const hash = new FramedHash('sha256');
  for (const [tag, text] of frames) hash.add(tag, text);
  return hash.digest();
};

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const frame = fc.tuple(
  fc.constantFrom('a', 'b', 'c'),
  fc.string({ unit: fc.constantFrom('a', 'b', '1', '2', ':', '!', '\ud800', '\udc00', 'é'), maxLength: 5 }),
);

describe('the framed hash', () => {
  it('hashes tag, length and text as UTF-8', () => {
    expect(digestOf([['t', 'é'], ['q', '']])).toBe(sha256('t1:éq0:')); // prettier-ignore
  });

  it('gives equal digests to equal frames alone', () => {
    const frames = fc.array(frame, { maxLength: 4 });
    fc.assert(
      fc.property(frames, frames, (a, b) => {
        expect(digestOf(a) === digestOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2000 },
    );
  });

  it('never takes text that moved from one frame to the next for the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.nat(), fc.nat(), (text, i, j) => {
        const [first, second] = [i % (text.length + 1), j % (text.length + 1)];
        fc.pre(first !== second);
        const split = (at: number): Frame[] => [['t', text.slice(0, at)], ['t', text.slice(at)]]; // prettier-ignore
        expect(digestOf(split(first))).not.toBe(digestOf(split(second)));
      }),
    );
  });

  it('tells lone surrogates apart, from each other and from their UTF-8', () => {
    const texts = ['\ud800', '\ud801', '\udc00', '\ufffd', 'a\ud800', '\ud800a', '\ud800\ud800'];
    expect(new Set(texts.map((text) => digestOf([['t', text]]))).size).toBe(texts.length);
  });

  it('hashes a long text in slices to the digest of the whole, wherever a surrogate pair lies', () => {
    for (const start of [SLICE_LENGTH - 2, SLICE_LENGTH - 1, SLICE_LENGTH]) {
      const text = `${'x'.repeat(start)}${'😀'.repeat(3)}${'é'.repeat(SLICE_LENGTH * 2)}`;
      expect(digestOf([['a', 'b'], ['t', text], ['z', '']])).toBe(sha256(`a1:bt${text.length}:${text}z0:`)); // prettier-ignore
    }
  });

  it('hashes a long text with a lone surrogate as UTF-16 under a mark', () => {
    const text = `${'x'.repeat(SLICE_LENGTH + 10)}\ud800`;
    const bytes = Buffer.concat([Buffer.from(`t!${text.length}:`), Buffer.from(text, 'utf16le')]);
    expect(digestOf([['t', text]])).toBe(sha256(bytes));
  });

  it.each([
    ['well formed', 'é🎈a'],
    ['with a lone surrogate', 'a\ud800'],
  ])('gives a long text that is %s the same digest in slices as at once', (_title, unit) => {
    const text = unit.repeat((2.5 * PAUSE_LENGTH) / unit.length);
    const inSlices = new FramedHash('sha256').add('a', 'before');
    expect([...inSlices.addSlices('t', text)]).toHaveLength(2);
    const after = inSlices.add('z', 'after').digest();
    expect(after).toBe(digestOf([['a', 'before'], ['t', text], ['z', 'after']])); // prettier-ignore
  });
});
