import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { outletOf, type Outlet } from './outlet.ts';

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

/** The chunks of a whole body, at once or at the times they came. */
export function storedChunks(
  body: Buffer,
  { lengths, timesMs }: { readonly lengths: readonly number[]; readonly timesMs: readonly number[] },
  pace: 'instant' | 'recorded',
): ChunkSource {
  // Read in order and once, so that no list of slices is made for each replay.
  let start = 0;
  const at = (index: number): Buffer => {
    const end = start + (lengths[index] ?? 0);
    const chunk = body.subarray(start, end);
    start = end;
    return chunk;
  };
  const dueMs = (index: number): number => timesMs[index] ?? 0;
  return { state: 'complete', length: lengths.length, at, ...(pace === 'recorded' ? { dueMs } : {}) };
}

/**
 * Sends the chunks, one write each, at the pace of the client: while it takes no more, nothing is written. A stream that was cut
 * and a client that fell behind what is still held lose their connection: a false end would look like a whole answer.
 */
export function sendStream(res: ServerResponse, source: ChunkSource, outlet: Outlet = outletOf(res)): void {
  new Sender(res, source, outlet).start();
}

class Sender {
  readonly #res: ServerResponse;
  readonly #source: ChunkSource;
  readonly #outlet: Outlet;
  readonly #startedAt = performance.now();
  #next = 0;
  /** For the client to take more, or for the next chunk's time. */
  #isWaiting = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(res: ServerResponse, source: ChunkSource, outlet: Outlet) {
    this.#res = res;
    this.#source = source;
    this.#outlet = outlet;
  }

  start(): void {
    if (this.#res.destroyed) return;
    this.#res.once('close', () => this.#stop());
    this.#stopListening = this.#source.onChange?.(() => this.#pump());
    // The client learns at once that its answer is on the way; a chunk that is due takes the head along in one write.
    if (this.#source.length === 0 || !this.#isDue()) this.#outlet.flushHeaders();
    this.#pump();
  }

  /** Not corked: Node joins the chunks that are written to a corked response. */
  #pump(): void {
    if (this.#isWaiting || this.#isOver) return;
    while (this.#next < this.#source.length && this.#isDue()) {
      const chunk = this.#source.at(this.#next);
      if (chunk === undefined) return this.#drop();
      this.#next += 1;
      if (!this.#outlet.write(chunk)) return this.#wait();
    }
    if (!this.#isWaiting && this.#next === this.#source.length && this.#source.state !== 'open') this.#finish();
    else this.#flush();
  }

  /** What middleware in front, such as compression, holds back to fill its buffer is due now. */
  #flush(): void {
    const { flush } = this.#res as { flush?: unknown };
    if (typeof flush === 'function') Reflect.apply(flush, this.#res, []);
  }

  #isDue(): boolean {
    if (this.#source.dueMs === undefined) return true;
    const remainingMs = this.#source.dueMs(this.#next) - (performance.now() - this.#startedAt);
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
    if (this.#source.state === 'cut') return this.#drop();
    this.#stop();
    this.#outlet.end();
  }

  #drop(): void {
    this.#stop();
    const { socket } = this.#res;
    const isFramed = this.#res.chunkedEncoding || this.#res.hasHeader('content-length');
    // Without framing (HTTP/1.0) the end of the connection is the end of the answer: only a reset says that it is none.
    if (socket !== null && !isFramed) reset(socket);
    this.#res.destroy();
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stopListening?.();
  }
}

function reset(socket: Partial<Socket>): void {
  try {
    socket.resetAndDestroy?.();
  } catch {
    // A pipe has no reset, and TLS needs none: it tells an end from a break.
  }
}
