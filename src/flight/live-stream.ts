import type { HeaderField } from '../entry/entry.ts';

/** The head of an answer that is still being made. */
export interface LiveHead {
  readonly status: number;
  readonly statusMessage?: string;
  /** As an entry keeps them. */
  readonly headers: readonly HeaderField[];
}

/** `open`: more may come; `complete`: the handler ended it; `cut`: it broke off, and so must every copy of it. */
export type LiveState = 'open' | 'complete' | 'cut';

/**
 * An answer in the making, chunk by chunk, for those who join it. Chunks are shared, never copied; a reader keeps its own
 * place and pulls at its own pace, so that none slows another.
 */
export class LiveStream {
  readonly head: LiveHead;
  readonly #maxBytes: number;
  readonly #listeners = new Set<() => void>();
  #chunks: Buffer[] = [];
  /** Index of the first chunk still held. */
  #first = 0;
  #heldBytes = 0;
  #state: LiveState = 'open';

  /** Beyond `maxBytes` the oldest chunks go: a reader that has not read them yet is lost, and nobody new can join. */
  constructor(head: LiveHead, maxBytes: number) {
    this.head = head;
    this.#maxBytes = maxBytes;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Can a reader still start at the first byte? */
  get isWhole(): boolean {
    return this.#first === 0;
  }

  /** Index behind the last chunk. */
  get length(): number {
    return this.#first + this.#chunks.length;
  }

  /** The chunk of this index; undefined where it has not come yet or is gone (`index < length` tells which). */
  at(index: number): Buffer | undefined {
    return this.#chunks[index - this.#first];
  }

  push(chunk: Buffer): void {
    if (this.#state !== 'open' || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    while (this.#heldBytes > this.#maxBytes) {
      this.#heldBytes -= this.#chunks.shift()?.length ?? 0;
      this.#first += 1;
    }
    this.#tell();
  }

  end(state: Exclude<LiveState, 'open'>): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#tell();
  }

  /** Calls `listener` after each push and at the end. Returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
