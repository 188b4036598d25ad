import type { ServerResponse } from 'node:http';
import { bytesOf, isChunk, ownBytesOf } from './chunk-bytes.ts';
import { beforeHead, type Undo } from './head-hook.ts';
import { KeptChunks } from './kept-chunks.ts';
import { outletBelow, type Outlet } from './outlet.ts';
import { patchMethod, type Original } from './patch-method.ts';
import {
  addsToVary,
  headBeside,
  outerHeaders,
  restoreHeaders,
  type OuterHeaders,
  type RecordedHead,
} from './recorded-head.ts';
import type { RecorderOptions } from './recording.ts';

type Patched = 'writeHead' | 'write' | 'end' | 'flushHeaders';

/** Records what the handler writes to `res` and lets it through untouched, back-pressure included. */
export class Recorder {
  readonly #res: ServerResponse;
  readonly #options: RecorderOptions;
  readonly #outer: OuterHeaders;
  readonly #kept: KeptChunks;
  readonly #originals: Record<Patched, Original>;
  readonly #undo: (() => void)[] = [];
  #head: RecordedHead | undefined;
  #headAt = 0;
  /** To be told that the head was taken. */
  #onSent: (() => void) | undefined;
  #isDone = false;
  /** The client gets nothing of this any more: it has gone, or was answered otherwise. */
  #isMuted = false;
  /** It was answered otherwise: nothing of the handler's may get through. */
  #isDiverted = false;
  /** Headers that the handler has set, lower-case names. */
  readonly #setNames = new Set<string>();
  #hasTrailers = false;
  /** The body, while `end` runs with all of it in hand. */
  #whole: Buffer | undefined;
  /** Inside a call of ours: what outer wrappers call on `res` then is the same bytes again. */
  #isInside = false;

  constructor(res: ServerResponse, options: RecorderOptions) {
    this.#res = res;
    this.#options = options;
    this.#outer = outerHeaders(res);
    this.#kept = new KeptChunks(options.maxBytes);
    this.#undo.push(beforeHead(res, () => (this.#head === undefined ? this.#decide() : undefined)));
    this.#noting('setHeader', (name, value) => this.#noteSet(String(name).toLowerCase(), value));
    this.#noting('addTrailers', () => (this.#hasTrailers = true));
    this.#originals = {
      writeHead: this.#patch('writeHead', (original, args) => this.#writeHead(original, args)),
      write: this.#patch('write', (original, args) => this.#write(original, args)),
      end: this.#patch('end', (original, args) => this.#end(original, args)),
      flushHeaders: this.#patch('flushHeaders', (original, args) => this.#sending(() => original(...args))),
    };
  }

  /** Ends the recording as cut short, if it has not ended yet. */
  readonly cut = (): void => this.#finish(false);

  /** More came than is kept. */
  get isTooLarge(): boolean {
    return this.#kept.isTooLarge;
  }

  /** The client has gone: from now on the handler's writes go nowhere but into the recording, and are always accepted. */
  readonly mute = (): void => {
    this.#isMuted = true;
  };

  #noteSet(lowerCaseName: string, value: unknown): void {
    // What is added to a Vary of outer middleware is no word about what that one names.
    if (lowerCaseName !== 'vary' || !addsToVary(this.#res, value)) this.#setNames.add(lowerCaseName);
  }

  #noting(name: 'setHeader' | 'addTrailers', note: (first: unknown, second: unknown) => unknown): void {
    const { undo } = patchMethod(this.#res, name, (original, args) => {
      note(args[0], args[1]);
      return original(...args);
    });
    this.#undo.push(undo);
  }

  #patch(name: Patched, behaviour: (original: Original, args: unknown[]) => unknown): Original {
    const { original, undo } = patchMethod(this.#res, name, (unpatched, args) =>
      // What a handler adds behind its end must not get into the answer that its client got instead.
      this.#isInside || (this.#isDone && !this.#isDiverted)
        ? unpatched(...args)
        : this.#inside(() => behaviour(unpatched, args)),
    );
    this.#undo.push(undo);
    return original;
  }

  #inside<T>(call: () => T): T {
    const wasInside = this.#isInside;
    this.#isInside = true;
    try {
      return call();
    } finally {
      this.#isInside = wasInside;
    }
  }

  #decide(): Undo {
    this.#headAt = this.#options.now();
    this.#head = headBeside(this.#res, this.#outer, this.#setNames);
    const { undo, sent, divert } = this.#options.onHead(this.#head, this.#whole);
    this.#onSent = sent;
    if (divert !== undefined) this.#divert(divert);
    return () => {
      this.#head = undefined;
      this.#onSent = undefined;
      undo?.();
    };
  }

  #divert(divert: (outlet: Outlet) => void): void {
    restoreHeaders(this.#res, this.#outer);
    this.#res.statusMessage = '';
    this.#isMuted = true;
    this.#isDiverted = true;
    divert(outletBelow(this.#res, this.#originals, (call) => this.#inside(call)));
  }

  #writeHead(original: Original, args: unknown[]): unknown {
    if (this.#isDiverted) return this.#res;
    const result = original(...args);
    this.#tellSent();
    return result;
  }

  /** Runs a call that sends the head if nothing has; a head that Node refuses is taken back, since another answer follows. */
  #sending(call: () => unknown): unknown {
    const undo = this.#head === undefined && !this.#res.headersSent ? this.#decide() : undefined;
    let result: unknown;
    try {
      if (!this.#isDiverted) result = call();
    } catch (error) {
      if (!this.#res.headersSent) undo?.();
      throw error;
    }
    this.#tellSent();
    return result;
  }

  #tellSent(): void {
    const onSent = this.#onSent;
    this.#onSent = undefined;
    onSent?.();
  }

  #write(original: Original, args: unknown[]): unknown {
    if (this.#isPast() || !isChunk(args[0])) return original(...args);
    const accepted = this.#isDone || this.#sending(() => original(...this.#passedOn(args)));
    this.#keep(bytesOf(args));
    return this.#isMuted ? accept(args) : accepted;
  }

  #end(original: Original, args: unknown[]): unknown {
    const isBare = args.length === 0 || args[0] === undefined || args[0] === null || typeof args[0] === 'function';
    if (this.#isPast() || !(isBare || isChunk(args[0]))) return original(...args);
    const isWhole = this.#head === undefined && this.#kept.bytes === 0;
    const last = isWhole ? ownBytesOf(args) : bytesOf(args);
    if (isWhole) this.#whole = last ?? Buffer.alloc(0);
    try {
      const result = this.#isDone || this.#sending(() => original(...this.#passedOn(args)));
      this.#keep(last);
      if (this.#isMuted) accept(args);
      this.#finish(true);
      return this.#isMuted ? this.#res : result;
    } finally {
      // An `end` that threw is followed by another answer.
      this.#whole = undefined;
    }
  }

  /** The handler's answer has ended, which Node tells it. */
  #isPast(): boolean {
    return this.#res.writableEnded && !this.#isDiverted;
  }

  /** Without its client Node takes what is written, drops it, and calls nobody back: that is done here. */
  #passedOn(args: unknown[]): unknown[] {
    return this.#isMuted ? args.filter((argument) => typeof argument !== 'function') : args;
  }

  #keep(chunk: Buffer | undefined): void {
    if (chunk === undefined || chunk.length === 0 || this.#isDone) return;
    this.#kept.add(chunk, this.#options.now() - this.#headAt);
    if (this.#whole === undefined) this.#options.onChunk(chunk);
  }

  #finish(ended: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (!this.#isDiverted) for (const undo of this.#undo.toReversed()) undo();
    const isWhole = ended && !this.#kept.isTooLarge;
    this.#options.onEnd({
      ...(this.#head === undefined ? {} : { head: this.#head }),
      ...(isWhole ? { body: this.#kept.body() } : {}),
      ...(isWhole && this.#whole === undefined ? { chunks: this.#kept.places() } : {}),
      bytes: this.#kept.bytes,
      ended,
      tooLarge: this.#kept.isTooLarge,
      hasTrailers: this.#hasTrailers,
    });
  }
}

/** What a stream does that takes everything at once. */
function accept(args: readonly unknown[]): true {
  const callback = args.find((argument) => typeof argument === 'function') as (() => void) | undefined;
  if (callback !== undefined) process.nextTick(callback);
  return true;
}
