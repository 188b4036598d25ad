import { fieldOf } from '../entry/header-fields.ts';
import type { Undo } from './head-hook.ts';
import type { RecordedChunks } from './kept-chunks.ts';
import type { Outlet } from './outlet.ts';
import type { RecordedHead } from './recorded-head.ts';

/** Everything one handler sent. */
export interface Recording {
  /** Absent where the connection ended before a head was written. */
  readonly head?: RecordedHead;
  /** The body in one piece; absent where it was not whole or was larger than `maxBytes`. */
  readonly body?: Buffer;
  /** How the body came, where it did not come all at once. */
  readonly chunks?: RecordedChunks;
  /** Of the body, kept or not. */
  readonly bytes: number;
  /** The handler called `end`. */
  readonly ended: boolean;
  readonly tooLarge: boolean;
  /** Fields came behind the body, which no entry keeps. */
  readonly hasTrailers: boolean;
}

/** What becomes of a head: it goes out, or the client gets something else from `divert` and the handler is recorded alone. */
export interface HeadDecision {
  /** The head was refused by Node and nothing was sent: another one follows. */
  readonly undo?: Undo;
  /** The head was taken. */
  readonly sent?: () => void;
  readonly divert?: (outlet: Outlet) => void;
}

export interface RecorderOptions {
  /** Beyond this many bytes the recording is dropped; the response goes on. */
  readonly maxBytes: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Right before the head is sent; `body` where the whole of it is known by then. May change status and headers. */
  readonly onHead: (head: RecordedHead, body: Buffer | undefined) => HeadDecision;
  /** After each chunk of a body that does not come all at once. */
  readonly onChunk: (chunk: Buffer) => void;
  /** Once: when the handler has called `end`, or when `cut` was called before it did. */
  readonly onEnd: (recording: Recording) => void;
}

/** Fewer bytes than the head announced: its own client sees the connection break, and so must those who joined. */
export function isShort({ head, bytes }: Recording): boolean {
  const length = fieldOf(head?.headers ?? [], 'content-length');
  return length !== undefined && Number(length) !== bytes;
}
