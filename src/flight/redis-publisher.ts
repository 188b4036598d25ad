import type { LiveStream } from './live-stream.ts';
import type { RedisCommands } from './redis-commands.ts';
import { encodeFrame, FRAME_FIELD, type Frame } from './redis-frames.ts';
import type { Hold } from './redis-lease.ts';

export interface RedisPublisherOptions {
  readonly commands: RedisCommands;
  readonly hold: Hold;
  /** Expiry of the stream, renewed by every write, milliseconds. */
  readonly streamMs: number;
  /** What the stream may hold; beyond it its oldest frames go. */
  readonly maxBytes: number;
}

/** A batch is written when it is so large or the one before it so long ago. */
const BATCH_BYTES = 16 * 1024;
const BATCH_MS = 20;

const PART_BYTES = 256 * 1024;

/** Bounds a stream of very small frames. */
const MAX_FRAMES = 65_536;

/** Writes the frames of one flight into its stream, which a follower has made: it makes none. */
export class RedisPublisher {
  readonly #options: RedisPublisherOptions;
  /** Payload bytes of the frames the stream holds. */
  readonly #sizes: number[] = [];
  #heldBytes = 0;
  #sequence = 0;
  #stopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #lastWriteAt = -Infinity;

  constructor(options: RedisPublisherOptions) {
    this.#options = options;
  }

  /** Place of the next frame. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Publishes a live answer from its first byte until it ends. The second call does nothing. */
  publish(stream: LiveStream): void {
    this.#running ??= this.#publish(stream);
  }

  /** Publishes the pieces of an encoded entry. Resolves to false where Redis did not take them all. */
  async share(bytes: Buffer): Promise<boolean> {
    for (let at = 0; at < bytes.length; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that a slow Redis is not buried
      if (!(await this.#write({ kind: 'part', bytes: part }, part.length))) return false;
    }
    return true;
  }

  /** Resolves when the answer is written to its end; one that has no end yet is cut. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
  }

  async #publish(stream: LiveStream): Promise<void> {
    // Nobody can join it any more, and who comes while it runs must not wait for it.
    if (!stream.isWhole) return void (await this.#write({ kind: 'released' }, 0));
    const stopListening = stream.onChange(() => this.#wake());
    const isWritten = (await this.#write({ kind: 'head', head: stream.head }, 0)) && (await this.#writeChunks(stream));
    stopListening();
    // Whatever is missing, a follower that has begun to send must not take it for the end.
    if (!isWritten) await this.#write({ kind: 'cut' }, 0);
  }

  async #writeChunks(stream: LiveStream): Promise<boolean> {
    let next = 0;
    for (;;) {
      // oxlint-disable no-await-in-loop -- the batches of one stream, one after the other
      await this.#due(stream, next);
      const chunks = batchFrom(stream, next);
      if (chunks === undefined) return false;
      if (chunks.length > 0) {
        const size = sizeOf(chunks);
        if (!(await this.#write({ kind: 'chunks', chunks }, size))) return false;
        next += chunks.length;
      } else if (stream.state !== 'open') {
        return this.#write({ kind: stream.state }, 0);
      } else if (this.#stopped) {
        return false;
      }
      // oxlint-enable no-await-in-loop
    }
  }

  /** Resolves when the next batch is to be written: it is large enough, it has waited long enough, or no more will come. */
  #due(stream: LiveStream, next: number): Promise<void> {
    return new Promise((resolve) => {
      let counted = next;
      let bytes = 0;
      let timer: NodeJS.Timeout | undefined;
      const check = (): void => {
        for (; counted < stream.length; counted += 1) bytes += stream.at(counted)?.length ?? BATCH_BYTES;
        const waitMs = this.#lastWriteAt + BATCH_MS - performance.now();
        if (this.#stopped || stream.state !== 'open' || bytes >= BATCH_BYTES || (bytes > 0 && waitMs <= 0)) {
          clearTimeout(timer);
          this.#wake = () => undefined;
          resolve();
        } else if (bytes > 0) {
          clearTimeout(timer);
          timer = setTimeout(check, Math.ceil(waitMs)).unref();
        }
      };
      this.#wake = check;
      check();
    });
  }

  async #write(frame: Frame, size: number): Promise<boolean> {
    const { commands, hold, streamMs, maxBytes } = this.#options;
    const bytes = encodeFrame(hold.digest, this.#sequence, frame);
    this.#sequence += 1;
    this.#sizes.push(size);
    this.#heldBytes += size;
    while (this.#heldBytes > maxBytes || this.#sizes.length > MAX_FRAMES) this.#heldBytes -= this.#sizes.shift() ?? 0;
    // The announcement, which has done its work, is what goes first.
    const maxLength = this.#sizes.length;
    this.#lastWriteAt = performance.now();
    const id = await commands.run(async (client) => {
      const added = client.xadd(hold.streamKey, 'NOMKSTREAM', 'MAXLEN', '=', maxLength, '*', FRAME_FIELD, bytes);
      const [written] = await Promise.all([added, client.pexpire(hold.streamKey, streamMs)]);
      return written;
    });
    return typeof id === 'string';
  }
}

/** The next chunks up to a batch's size, at least one if there is one; undefined where they are gone. */
function batchFrom(stream: LiveStream, next: number): Buffer[] | undefined {
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (next + chunks.length < stream.length && bytes < BATCH_BYTES) {
    const chunk = stream.at(next + chunks.length);
    if (chunk === undefined) return undefined;
    chunks.push(chunk);
    bytes += chunk.length;
  }
  return chunks;
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
}
