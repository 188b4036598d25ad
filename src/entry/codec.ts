/**
 * Entries as bytes: what lies in Redis. All numbers big-endian.
 *
 *     0   4  magic 'AICE'
 *     4   1  version of this layout
 *     5   1  flags: 1 the rule of a key with variants, no answer
 *     6   4  length of the head, bytes
 *    10   4  length of the body, bytes
 *    14      head: JSON in UTF-8 (entry-head.ts)
 *            body, in the coding the head names
 *            4  CRC-32 of everything before it
 *
 * What is new and may be ignored becomes a member of the head. What an older reader must not ignore becomes a flag or a new
 * version: both make it a miss there, neither an error nor a delete, so that two releases can share one Redis. A new version has keys
 * of its own, see `generationOf`: else two releases would overwrite each other's entries all the time.
 */
import { crc32 } from 'node:zlib';
import type { Entry } from './entry.ts';
import { entryFrom, gistFrom, headOf, type Gist } from './entry-head.ts';

export type { Gist } from './entry-head.ts';

const MAGIC = 0x41_49_43_45;
const VERSION: number = 1;
const RULE_FLAG = 1;
const HEAD_AT = 14;
const CRC_BYTES = 4;

/** A longer head is not an entry's: headers and labels take a few kilobytes, the places of a stream's chunks the most. */
const MAX_HEAD_BYTES = 2 * 1024 * 1024;

/** What a frame may need beside its body, bytes. */
export const MAX_FRAME_OVERHEAD_BYTES = HEAD_AT + MAX_HEAD_BYTES + CRC_BYTES;

/** So many bytes from the start of a frame hold the gist of most entries. */
export const GIST_BYTES = 1_024;

export type Decoded =
  | { readonly entry: Entry }
  | { readonly reject: 'unknown-version' | 'corrupt' | 'digest-mismatch' };

/** What a key says of versions: the one that users count up, and that of this layout where it is not the first. */
export function generationOf(version: number): string {
  return VERSION === 1 ? String(version) : `${version}.${VERSION}`;
}

/** The frame of an entry. */
export function encodeEntry(entry: Entry): Buffer {
  const head = headOf(entry);
  const headBytes = Buffer.byteLength(head);
  const bodyAt = HEAD_AT + headBytes;
  const end = bodyAt + entry.body.length;
  const bytes = Buffer.allocUnsafe(end + CRC_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt8(VERSION, 4);
  bytes.writeUInt8(flagsOf(entry), 5);
  bytes.writeUInt32BE(headBytes, 6);
  bytes.writeUInt32BE(entry.body.length, 10);
  bytes.write(head, HEAD_AT, 'utf8');
  entry.body.copy(bytes, bodyAt);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

/** An older reader would take a rule for an answer without a body: the flag makes it a miss there. */
function flagsOf(entry: Entry): number {
  return entry.variants === undefined ? 0 : RULE_FLAG;
}

/**
 * The entry in `bytes`, or why there is none: never throws, whatever the bytes.
 *
 * The body is a view on `bytes`, not a copy: most entries are sent once and dropped, and the memory tier, which alone keeps
 * them, copies a body that would pin a larger buffer.
 */
export function decodeEntry(bytes: Buffer, expectedDigest: string): Decoded {
  if (bytes.length < HEAD_AT + CRC_BYTES || bytes.readUInt32BE(0) !== MAGIC) return { reject: 'corrupt' };
  if (bytes.readUInt8(4) !== VERSION || bytes.readUInt8(5) > RULE_FLAG) return { reject: 'unknown-version' };
  const headBytes = bytes.readUInt32BE(6);
  const bodyAt = HEAD_AT + headBytes;
  const end = bodyAt + bytes.readUInt32BE(10);
  if (headBytes > MAX_HEAD_BYTES || end + CRC_BYTES !== bytes.length) return { reject: 'corrupt' };
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) return { reject: 'corrupt' };
  const entry = entryFrom(bytes.toString('utf8', HEAD_AT, bodyAt), bytes.subarray(bodyAt, end));
  if (entry === undefined || flagsOf(entry) !== bytes.readUInt8(5)) return { reject: 'corrupt' };
  return entry.digest === expectedDigest ? { entry } : { reject: 'digest-mismatch' };
}

/**
 * The gist in the first bytes of a frame, with no other check than that it can be read; `needs`: so many bytes from the start hold
 * it if anything does. Undefined for what is no frame of this layout. Never throws.
 */
export function gistIn(bytes: Buffer): Gist | { readonly needs: number } | undefined {
  if (bytes.length < HEAD_AT || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  if (bytes.readUInt8(4) !== VERSION || bytes.readUInt8(5) > RULE_FLAG) return undefined;
  const end = HEAD_AT + bytes.readUInt32BE(6);
  if (end > HEAD_AT + MAX_HEAD_BYTES) return undefined;
  const gist = gistFrom(bytes.toString('utf8', HEAD_AT, end));
  if (gist !== 'cut') return gist;
  return bytes.length < end ? { needs: end } : undefined;
}
