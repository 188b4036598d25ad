import type { ServerResponse } from 'node:http';

/** Where chunks come from: all there at once, or still in the making. */
export interface ChunkSource {
  /** `open`: more may come; `complete`: that was all; `cut`: it broke off. */
  readonly state: 'open' | 'complete' | 'cut';
  readonly length: number;
  /** Undefined where the chunk is gone. */
  at(index: number): Buffer | undefined;
  /** Milliseconds from the head at which this chunk may go out; absent: at once. */
  dueMs?(index: number): number;
  /** Called when there may be more. */
  onChange?(listener: () => void): () => void;
}

/**
 * Sends the chunks, one write each, at the pace of the client: while it takes no more, nothing is written. A stream that was cut
 * and a client that fell behind what is still held lose their connection: a false end would look like a whole answer.
 */
export function sendStream(res: ServerResponse, source: ChunkSource): void {
  new Sender(res, source).start();
}

class Sender {
  readonly #res: ServerResponse;
  readonly #source: ChunkSource;
  readonly #startedAt = performance.now();
  #next = 0;
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(res: ServerResponse, source: ChunkSource) {
    this.#res = res;
    this.#source = source;
  }

  start(): void {
    if (this.#res.destroyed) return;
    this.#res.once('close', () => this.#stop());
    this.#stopListening = this.#source.onChange?.(() => this.#pump());
    // The client learns at once that its answer is on the way.
    this.#res.flushHeaders();
    this.#pump();
  }

  #pump(): void {
    if (this.#isWaiting) return;
    this.#res.cork();
    while (this.#next < this.#source.length && this.#isDue()) {
      const chunk = this.#source.at(this.#next);
      if (chunk === undefined) return this.#drop();
      this.#next += 1;
      if (!this.#res.write(chunk)) {
        this.#wait();
        break;
      }
    }
    this.#res.uncork();
    if (!this.#isWaiting && this.#next === this.#source.length) this.#finish();
  }

  #isDue(): boolean {
    const dueMs = this.#source.dueMs?.(this.#next) ?? 0;
    const remainingMs = dueMs - (performance.now() - this.#startedAt);
    if (remainingMs <= 0) return true;
    this.#isWaiting = true;
    this.#timer = setTimeout(() => this.#resume(), remainingMs);
    return false;
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#res.once('drain', () => this.#resume());
  }

  #resume(): void {
    this.#isWaiting = false;
    this.#pump();
  }

  #finish(): void {
    if (this.#source.state === 'open') return;
    this.#stop();
    if (this.#source.state === 'complete') this.#res.end();
    else this.#drop();
  }

  #drop(): void {
    this.#stop();
    this.#res.destroy();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#isWaiting = true;
    this.#stopListening?.();
  }
}
