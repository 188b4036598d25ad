import { createHash, hash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { atOnce, type Sliced } from '../in-turns.ts';

/** Longer texts are hashed in slices of this many UTF-16 units, so that no UTF-8 copy of the whole is made. */
export const SLICE_LENGTH = 65_536;

/** So many take 1 to 2 ms. */
export const PAUSE_LENGTH = 16 * SLICE_LENGTH;

/**
 * A digest over named texts that nothing but the same names and texts, in the same order, can give.
 *
 * Each text goes in as `<tag><length>:<text>`, the length in UTF-16 units: `a:b` and `c` never read as `a` and `b:c`. A text that
 * is well formed goes in as UTF-8; one with a lone surrogate as UTF-16 under a mark, because its UTF-8 would not tell which one.
 */
export class FramedHash {
  readonly #algorithm: string;
  /** Frames not yet handed to the hash: one long text costs less than many short ones. */
  #pending = '';
  #hash: Hash | undefined;

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
  }

  /** @param tag One letter; a tag that is left out says that the text is absent, which is not empty. */
  add(tag: string, text: string): this {
    if (text.length <= SLICE_LENGTH && text.isWellFormed()) this.#pending += `${tag}${text.length}:${text}`;
    else atOnce(this.addSlices(tag, text));
    return this;
  }

  /** The same, with a pause after each {@link PAUSE_LENGTH} UTF-16 units. */
  *addSlices(tag: string, text: string): Sliced<void> {
    const isWellFormed = text.isWellFormed();
    this.#hash ??= createHash(this.#algorithm);
    this.#hash.update(`${this.#pending}${tag}${isWellFormed ? '' : '!'}${text.length}:`);
    this.#pending = '';
    let pauseAt = PAUSE_LENGTH;
    for (let start = 0; start < text.length;) {
      let end = Math.min(start + SLICE_LENGTH, text.length);
      if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
      this.#hash.update(text.slice(start, end), isWellFormed ? 'utf8' : 'utf16le');
      start = end;
      if (start < pauseAt || start === text.length) continue;
      pauseAt = start + PAUSE_LENGTH;
      yield;
    }
  }

  /** The digest in hex; nothing can be added afterwards. */
  digest(): string {
    if (this.#hash === undefined) return hash(this.#algorithm, this.#pending, 'hex');
    return this.#hash.update(this.#pending).digest('hex');
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
