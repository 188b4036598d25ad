import { MAX_CHUNKS, type HeaderField, type OuterChanges } from '../entry/entry.ts';

/** The head of an answer that is still being made. */
export interface LiveHead {
  readonly status: number;
  readonly statusMessage?: string;
  /** As an entry keeps them. */
  readonly headers: readonly HeaderField[];
  readonly outerChanges?: OuterChanges;
  /** Of the body, where the handler announced it. */
  readonly contentLength?: number;
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
  readonly #onUnread: (() => void) | undefined;
  readonly #listeners = new Set<() => void>();
  /** Behind those that are gone. */
  #chunks: (Buffer | undefined)[] = [];
  /** Index of the first element of `#chunks`, and how many at its beginning are gone. */
  #first = 0;
  #gone = 0;
  #heldBytes = 0;
  #state: LiveState = 'open';

  /**
   * Beyond `maxBytes`, or too many of them, the oldest chunks go: a reader that has not read them yet is lost, and nobody new can
   * join. `onUnread` is called when the last reader has left.
   */
  constructor(head: LiveHead, maxBytes: number, onUnread?: () => void) {
    this.head = head;
    this.#maxBytes = maxBytes;
    this.#onUnread = onUnread;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Can a reader still start at the first byte? */
  get isWhole(): boolean {
    return this.#first + this.#gone === 0;
  }

  /** How many read it now. */
  get readers(): number {
    return this.#listeners.size;
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
    this.#forget();
    this.#tell();
  }

  end(state: Exclude<LiveState, 'open'>): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#tell();
  }

  /** Resolves when it has ended. */
  async over(): Promise<void> {
    if (this.#state !== 'open') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.onChange(() => {
      if (this.#state !== 'open') resolve();
    });
    await promise;
    stop();
  }

  /** Calls `listener` after each push and at the end. Returns a function that stops it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onUnread?.();
    };
  }

  #forget(): void {
    while (this.#gone < this.#chunks.length && this.#isTooMuch()) {
      this.#heldBytes -= this.#chunks[this.#gone]?.length ?? 0;
      this.#chunks[this.#gone] = undefined;
      this.#gone += 1;
    }
    // Not at each chunk: it moves all others.
    if (this.#gone * 2 <= this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#gone);
    this.#first += this.#gone;
    this.#gone = 0;
  }

  #isTooMuch(): boolean {
    if (this.#heldBytes > this.#maxBytes || this.#chunks.length - this.#gone > MAX_CHUNKS) return true;
    // What nobody reads and nobody can join any more is held for nobody.
    return !this.isWhole && this.#listeners.size === 0;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
