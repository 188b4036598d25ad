import { decodeEntry, MAX_FRAME_OVERHEAD_BYTES } from '../entry/codec.ts';
import type { Entry } from '../entry/entry.ts';
import { clusterFlightMismatch } from '../errors.ts';
import { LiveStream } from './live-stream.ts';
import { decodeFrame, type Frame } from './redis-frames.ts';

/** What a flight in another process came to, for one who follows it. */
export type Turn =
  /** There is an answer, whole or still being made. */
  | { readonly kind: 'live'; readonly stream: LiveStream }
  | { readonly kind: 'stored' }
  | { readonly kind: 'answer'; readonly entry: Entry }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed' }
  /** Another is to lead. */
  | { readonly kind: 'retry' }
  /** The leader is gone without a word. */
  | { readonly kind: 'gone' }
  /** It cannot be told what became of it: Redis is away, or frames are missing. */
  | { readonly kind: 'unknown' };

/** The answer that the frames of one flight make. Frames may come twice; one that is missing, unreadable or another key's ends it. */
export class ClusterFollowing {
  readonly #digest: string;
  readonly #maxBytes: number;
  readonly #onEnd: () => void;
  readonly #listeners = new Set<(turn: Turn) => void>();
  #next = 0;
  #live: LiveStream | undefined;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #turn: Turn | undefined;
  #ended = false;

  /** `onEnd`: no more frames are wanted; called once. */
  constructor(digest: string, maxBytes: number, onEnd: () => void) {
    this.#digest = digest;
    this.#maxBytes = maxBytes;
    this.#onEnd = onEnd;
  }

  /** Calls `listener` once, with what the flight came to. Returns a function that leaves; when the last one leaves it ends. */
  join(listener: (turn: Turn) => void): () => void {
    this.#listeners.add(listener);
    const turn = this.#turn;
    if (turn !== undefined) queueMicrotask(() => this.#listeners.has(listener) && listener(this.#turnNow(turn)));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.end({ kind: 'unknown' });
    };
  }

  /** Throws REDIS_REPLY_MISMATCH for another key's frame: the connection it came over is not to be trusted (DESIGN D7). */
  take(frames: readonly Buffer[]): void {
    for (const bytes of frames) {
      if (this.#ended) return;
      const decoded = decodeFrame(bytes, this.#digest);
      if ('reject' in decoded) {
        this.end({ kind: 'unknown' });
        if (decoded.reject === 'digest-mismatch') throw clusterFlightMismatch();
        return;
      }
      const { sequence, frame } = decoded;
      if (frame.kind === 'announce' || sequence < this.#next) continue;
      if (sequence > this.#next) return this.end({ kind: 'unknown' });
      this.#next += 1;
      this.#takeFrame(frame);
    }
    // Only after all that came at once: what is already known to be cut is not begun.
    this.#offerLive();
  }

  /** No more will come: what followers have begun to send is cut, the others are told why. The first end counts. */
  end(turn: Turn): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#offerLive();
    this.#live?.end('cut');
    this.#tell(turn);
    this.#parts = [];
    this.#onEnd();
  }

  #takeFrame(frame: Exclude<Frame, { kind: 'announce' }>): void {
    switch (frame.kind) {
      case 'head':
        this.#live ??= new LiveStream(frame.head, this.#maxBytes);
        return;
      case 'chunks':
        for (const chunk of frame.chunks) this.#live?.push(chunk);
        return;
      case 'complete':
      case 'cut':
        this.#live?.end(frame.kind);
        return;
      case 'part':
        this.#parts.push(frame.bytes);
        this.#partBytes += frame.bytes.length;
        if (this.#partBytes > this.#maxBytes + MAX_FRAME_OVERHEAD_BYTES) this.end({ kind: 'unknown' });
        return;
      case 'shared':
        this.end(this.#shared());
        return;
      default:
        this.end({ kind: frame.kind });
    }
  }

  #shared(): Turn {
    const decoded = decodeEntry(Buffer.concat(this.#parts), this.#digest);
    return 'entry' in decoded ? { kind: 'answer', entry: decoded.entry } : { kind: 'unknown' };
  }

  /** A stream is offered once it has something to send, so that a leader lost before that costs nobody the connection. */
  #offerLive(): void {
    const stream = this.#live;
    if (stream === undefined || stream.state === 'cut') return;
    const isWorthIt = this.#ended ? stream.state === 'complete' : stream.length > 0 || stream.state === 'complete';
    if (isWorthIt) this.#tell(this.#turnNow({ kind: 'live', stream }));
  }

  /** Who cannot start at the first byte cannot join. */
  #turnNow(turn: Turn): Turn {
    return turn.kind === 'live' && (!turn.stream.isWhole || turn.stream.state === 'cut') ? { kind: 'unknown' } : turn;
  }

  #tell(turn: Turn): void {
    if (this.#turn !== undefined) return;
    this.#turn = turn;
    for (const listener of this.#listeners) listener(turn);
  }
}
