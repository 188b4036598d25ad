/** What Node takes as a chunk; anything else it refuses. */
export function isChunk(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** The bytes of `write(chunk[, encoding][, callback])`: our own copy, since the caller may use its buffer again. */
export function bytesOf([chunk, encoding]: readonly unknown[]): Buffer | undefined {
  if (typeof chunk === 'string') return Buffer.from(chunk, encodingOf(encoding));
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}

/**
 * The same where it is the whole body: not in Node's pool, of which a body that is kept would keep a piece alive, so that it had to be
 * copied once more.
 */
export function ownBytesOf([chunk, encoding]: readonly unknown[]): Buffer | undefined {
  if (typeof chunk === 'string') {
    const coding = encodingOf(encoding);
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(chunk, coding));
    const written = bytes.write(chunk, coding);
    // Of malformed base64 and hex the length is only estimated.
    return written === bytes.length ? bytes : bytes.subarray(0, written);
  }
  if (!(chunk instanceof Uint8Array)) return undefined;
  const bytes = Buffer.allocUnsafeSlow(chunk.length);
  bytes.set(chunk);
  return bytes;
}

/** In its place there may be the callback. */
function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
}
