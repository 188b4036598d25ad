import { MAX_CHUNKS, type Entry } from '../entry/entry.ts';

/** Where one write ended and when it came, so that a stream can be replayed as it was sent. */
export type RecordedChunks = NonNullable<Entry['chunks']>;

/** The chunks of a body as far as they are kept: beyond `maxBytes`, or too many, all of them are dropped. */
export class KeptChunks {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #timesMs: number[] = [];
  #bytes = 0;
  #isTooLarge = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `timeMs`: from the head, in whole milliseconds at the most. */
  add(chunk: Buffer, timeMs: number): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes || this.#chunks.length >= MAX_CHUNKS) this.#isTooLarge = true;
    if (this.#isTooLarge) {
      this.#chunks = [];
      this.#timesMs = [];
      return;
    }
    this.#chunks.push(chunk);
    this.#timesMs.push(Math.round(timeMs));
  }

  /** Of all chunks, kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  body(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
  }

  places(): RecordedChunks {
    return { lengths: this.#chunks.map((chunk) => chunk.length), timesMs: this.#timesMs };
  }
}
