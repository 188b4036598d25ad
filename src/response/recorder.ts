import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { HeaderField } from '../entry/entry.ts';
import { beforeHead, type Undo } from './head-hook.ts';

/** The head as the handler made it; what outer middleware had set before is not in it. */
export interface RecordedHead {
  readonly status: number;
  /** Reason phrase, where the handler chose one. */
  readonly statusMessage?: string;
  readonly headers: readonly HeaderField[];
  /** The handler flushed the head before it had a body: it streams. */
  readonly flushed: boolean;
}

/** Everything one handler sent. */
export interface Recording {
  /** Absent where the connection ended before a head was written. */
  readonly head?: RecordedHead;
  /** The body in one piece; absent where it was not whole or was larger than `maxBytes`. */
  readonly body?: Buffer;
  readonly bytes: number;
  /** The handler called `end`. */
  readonly ended: boolean;
  readonly tooLarge: boolean;
}

export interface RecorderOptions {
  /** Beyond this many bytes the recording is dropped; the response goes on. */
  readonly maxBytes: number;
  /** Right before the head is sent; `body` where the whole of it is known by then. May change status and headers; returns how to take that back. */
  readonly onHead: (head: RecordedHead, body: Buffer | undefined) => Undo | undefined;
  /** Once: when the handler has called `end`, or when `cut` was called before it did. */
  readonly onEnd: (recording: Recording) => void;
}

/**
 * Records what the handler writes to `res` and lets it through untouched, back-pressure included.
 * Returns a function that ends the recording as cut short if it has not ended yet.
 */
export function recordResponse(res: ServerResponse, options: RecorderOptions): () => void {
  return new Recorder(res, options).cut;
}

type Write = (...args: unknown[]) => unknown;

class Recorder {
  readonly #res: ServerResponse;
  readonly #options: RecorderOptions;
  readonly #outer: Readonly<Record<string, OutgoingHttpHeader | undefined>>;
  readonly #undo: (() => void)[] = [];
  #head: RecordedHead | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #tooLarge = false;
  #flushed = false;
  #done = false;
  /** The body, while `end` runs with all of it in hand. */
  #whole: Buffer | undefined;
  /** Inside a call of ours: what outer wrappers call on `res` then is the same bytes again. */
  #inside = false;

  constructor(res: ServerResponse, options: RecorderOptions) {
    this.#res = res;
    this.#options = options;
    this.#outer = headersOf(res);
    this.#undo.push(beforeHead(res, () => this.#onHead()));
    this.#patch('write', (original, args) => this.#write(original, args));
    this.#patch('end', (original, args) => this.#end(original, args));
    this.#patch('flushHeaders', (original, args) => {
      this.#flushed ||= !res.headersSent;
      return original(...args);
    });
  }

  readonly cut = (): void => this.#finish(false);

  #patch(name: 'write' | 'end' | 'flushHeaders', behaviour: (original: Write, args: unknown[]) => unknown): void {
    const res = this.#res as unknown as Record<string, Write>;
    const own = Object.hasOwn(res, name);
    const before = res[name] as Write;
    const original: Write = (...args) => Reflect.apply(before, res, args);
    const patched: Write = (...args) => {
      if (this.#inside || this.#done) return original(...args);
      this.#inside = true;
      try {
        return behaviour(original, args);
      } finally {
        this.#inside = false;
      }
    };
    res[name] = patched;
    this.#undo.push(() => {
      if (res[name] !== patched) return;
      if (own) res[name] = before;
      else delete res[name];
    });
  }

  #onHead(): Undo | undefined {
    const { statusCode, statusMessage } = this.#res;
    this.#head = {
      status: statusCode,
      ...(statusMessage ? { statusMessage } : {}),
      headers: headersBeside(this.#res, this.#outer),
      flushed: this.#flushed,
    };
    return this.#options.onHead(this.#head, this.#whole);
  }

  #write(original: Write, args: unknown[]): unknown {
    const open = !this.#res.writableEnded;
    const accepted = original(...args);
    if (open) this.#keep(bytesOf(args));
    return accepted;
  }

  #end(original: Write, args: unknown[]): unknown {
    if (this.#res.writableEnded) return original(...args);
    const last = bytesOf(args);
    if (!this.#res.headersSent && this.#bytes === 0) this.#whole = last ?? Buffer.alloc(0);
    try {
      const result = original(...args);
      // Node writes no head to a client that has gone; the answer is whole all the same.
      if (this.#head === undefined) this.#onHead();
      this.#keep(last);
      this.#finish(true);
      return result;
    } finally {
      // An `end` that threw is followed by another answer.
      this.#whole = undefined;
    }
  }

  #keep(chunk: Buffer | undefined): void {
    if (chunk === undefined || chunk.length === 0) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBytes) this.#tooLarge = true;
    if (this.#tooLarge) this.#chunks = [];
    else this.#chunks.push(chunk);
  }

  #finish(ended: boolean): void {
    if (this.#done) return;
    this.#done = true;
    for (const undo of this.#undo) undo();
    const whole = ended && !this.#tooLarge;
    const body = whole
      ? this.#chunks.length === 1
        ? (this.#chunks[0] as Buffer)
        : Buffer.concat(this.#chunks)
      : undefined;
    this.#chunks = [];
    this.#options.onEnd({
      ...(this.#head ? { head: this.#head } : {}),
      ...(body ? { body } : {}),
      bytes: this.#bytes,
      ended,
      tooLarge: this.#tooLarge,
    });
  }
}

/** The bytes of `write(chunk[, encoding][, callback])`: our own copy, since the caller may use its buffer again. */
function bytesOf([chunk, encoding]: readonly unknown[]): Buffer | undefined {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}

/** The headers set so far. Lists are copied: `appendHeader` adds to them in place. */
function headersOf(res: ServerResponse): Record<string, OutgoingHttpHeader | undefined> {
  const headers = res.getHeaders();
  for (const [name, value] of Object.entries(headers)) if (Array.isArray(value)) headers[name] = [...value];
  return headers;
}

/** What is set on `res` beside what was there before the handler ran; of `Vary` only the fields that were added. */
function headersBeside(
  res: ServerResponse,
  outer: Readonly<Record<string, OutgoingHttpHeader | undefined>>,
): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const name of rawHeaderNames(res)) {
    const lowerCase = name.toLowerCase();
    const value = res.getHeader(lowerCase);
    const before = outer[lowerCase];
    if (value === undefined || sameValue(value, before)) continue;
    if (lowerCase === 'vary') fields.push(...addedToVary(name, value, before));
    else for (const one of Array.isArray(value) ? value : [value]) fields.push([name, String(one)]);
  }
  return fields;
}

/** The names in the case the handler used; Node has this on every outgoing message, its types on requests alone. */
function rawHeaderNames(res: ServerResponse): string[] {
  return (res as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames();
}

function sameValue(value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): boolean {
  return before !== undefined && String(value) === String(before);
}

function addedToVary(name: string, value: OutgoingHttpHeader, before: OutgoingHttpHeader | undefined): HeaderField[] {
  const known = new Set(varyFields(before).map((field) => field.toLowerCase()));
  const added = varyFields(value).filter((field) => !known.has(field.toLowerCase()));
  return added.length === 0 ? [] : [[name, added.join(', ')]];
}

function varyFields(value: OutgoingHttpHeader | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((field) => field.trim())
    .filter((field) => field !== '');
}
