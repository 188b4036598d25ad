/** What Node takes as a chunk; anything else it refuses. */
export function isChunk(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** The bytes of `write(chunk[, encoding][, callback])`: our own copy, since the caller may use its buffer again. */
export function bytesOf([chunk, encoding]: readonly unknown[]): Buffer | undefined {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}
