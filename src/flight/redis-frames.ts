/**
 * What a leader tells the followers in other processes: the entries of a flight's stream in Redis, one frame each, in the
 * field `FRAME_FIELD`. All numbers big-endian.
 *
 *     0   4  magic 'AICF'
 *     4   1  version of this layout
 *     5   1  kind: the index in KINDS
 *     6   4  sequence: 0, 1, 2, … within the stream; an announcement has none and holds 0
 *    10   1  length of the digest, bytes
 *    11   4  length of the payload, bytes
 *    15      digest of the key, ASCII
 *            payload
 *            4  CRC-32 of everything before it
 */
import { crc32 } from 'node:zlib';
import type { LiveHead } from './live-stream.ts';
import { headFrom, headText } from './redis-frame-head.ts';

export const FRAME_FIELD = 'f';

const MAGIC = 0x41_49_43_46;
const VERSION = 1;
const DIGEST_AT = 15;
const CRC_BYTES = 4;
const LENGTH_BYTES = 4;

/** How the fill ended: the last frame of every stream that has followers and whose leader lived. */
const END_MARKS = ['stored', 'shared', 'released', 'retry', 'failed'] as const;

/** How a live answer ended; an end mark comes after it. */
const LIVE_MARKS = ['complete', 'cut'] as const;

/** Never reordered: the place of a kind is its number on the wire. */
const KINDS = ['announce', 'head', 'chunks', 'part', ...LIVE_MARKS, ...END_MARKS] as const;

/**
 * `stored`: the answer lies in Redis. `shared`: it is what the parts before it make. `released`: it is not to be shared.
 * `retry`: the leader gave up and another is to lead. `failed`: two leaders failed and there is no answer to share.
 */
export type EndMark = (typeof END_MARKS)[number];

export type Frame =
  /** A follower in another process is there. */
  | { readonly kind: 'announce' }
  | { readonly kind: 'head'; readonly head: LiveHead }
  /** Chunks as the handler wrote them, none of them empty. */
  | { readonly kind: 'chunks'; readonly chunks: readonly Buffer[] }
  /** A piece of an encoded entry. */
  | { readonly kind: 'part'; readonly bytes: Buffer }
  | { readonly kind: (typeof LIVE_MARKS)[number] | EndMark };

export type DecodedFrame =
  | { readonly sequence: number; readonly frame: Frame }
  | { readonly reject: 'unknown-version' | 'corrupt' | 'digest-mismatch' };

/** Throws a RangeError for a digest of more than 255 characters, which no hash has. */
export function encodeFrame(digest: string, sequence: number, frame: Frame): Buffer {
  const payload = payloadOf(frame);
  const payloadAt = DIGEST_AT + digest.length;
  const end = payloadAt + payload.length;
  const bytes = Buffer.allocUnsafe(end + CRC_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt8(VERSION, 4);
  bytes.writeUInt8(KINDS.indexOf(frame.kind), 5);
  bytes.writeUInt32BE(sequence, 6);
  bytes.writeUInt8(digest.length, 10);
  bytes.writeUInt32BE(payload.length, 11);
  bytes.write(digest, DIGEST_AT, 'latin1');
  payload.copy(bytes, payloadAt);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

/** The frame in `bytes`, or why there is none: never throws, whatever the bytes. What it holds are views on `bytes`. */
export function decodeFrame(bytes: Buffer, expectedDigest: string): DecodedFrame {
  if (bytes.length < DIGEST_AT + CRC_BYTES || bytes.readUInt32BE(0) !== MAGIC) return { reject: 'corrupt' };
  if (bytes.readUInt8(4) !== VERSION) return { reject: 'unknown-version' };
  const payloadAt = DIGEST_AT + bytes.readUInt8(10);
  const end = payloadAt + bytes.readUInt32BE(11);
  if (end + CRC_BYTES !== bytes.length) return { reject: 'corrupt' };
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return { reject: 'corrupt' };
  if (bytes.toString('latin1', DIGEST_AT, payloadAt) !== expectedDigest) return { reject: 'digest-mismatch' };
  const kind = KINDS[bytes.readUInt8(5)];
  const frame = kind === undefined ? undefined : frameOf(kind, bytes.subarray(payloadAt, end));
  return frame === undefined ? { reject: 'corrupt' } : { sequence: bytes.readUInt32BE(6), frame };
}

function payloadOf(frame: Frame): Buffer {
  switch (frame.kind) {
    case 'head':
      return Buffer.from(headText(frame.head));
    case 'chunks':
      return joined(frame.chunks);
    case 'part':
      return frame.bytes;
    default:
      return Buffer.alloc(0);
  }
}

function frameOf(kind: Frame['kind'], payload: Buffer): Frame | undefined {
  if (kind === 'head') {
    const head = headFrom(payload.toString('utf8'));
    return head && { kind, head };
  }
  if (kind === 'chunks') {
    const chunks = parted(payload);
    return chunks && { kind, chunks };
  }
  if (kind === 'part') return { kind, bytes: payload };
  return payload.length === 0 ? { kind } : undefined;
}

/** Each chunk with its length before it. */
function joined(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat(
    chunks.flatMap((chunk) => {
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32BE(chunk.length);
      return [length, chunk];
    }),
  );
}

function parted(payload: Buffer): Buffer[] | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  while (at < payload.length) {
    if (at + LENGTH_BYTES > payload.length) return undefined;
    const start = at + LENGTH_BYTES;
    at = start + payload.readUInt32BE(start - LENGTH_BYTES);
    if (at === start || at > payload.length) return undefined;
    chunks.push(payload.subarray(start, at));
  }
  return chunks.length === 0 ? undefined : chunks;
}
