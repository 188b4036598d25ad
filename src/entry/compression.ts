import compressible from 'compressible';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Coding } from './entry.ts';

/** The coding a body is compressed to; `br` is brotli. */
export type CompressionAlgorithm = Exclude<Coding, 'identity'>;

export interface CompressOptions {
  /** A shorter body is left alone, bytes. */
  readonly thresholdBytes: number;
  readonly algorithm: CompressionAlgorithm;
  /** br: quality, 0–11; gzip and deflate: zlib's level, 0–9; zstd: 1–22. */
  readonly level: number;
  /** Media type of the body; what is compressed already by its nature is left alone. Absent: tried. */
  readonly contentType?: string | undefined;
}

export interface Compressed {
  readonly coding: Coding;
  readonly body: Buffer;
}

/** Up to these sizes the work takes about 0.1 ms (gzip at level 6: 0.3) and is done in line; beyond, on a thread of the pool. */
const COMPRESS_INLINE_BYTES = 16 * 1024;
const DECOMPRESS_INLINE_BYTES = 64 * 1024;

/** A coding is kept where it takes away a tenth at least: less is not worth decompressing for clients without the coding. */
const KEPT_RATIO = 0.9;

type ZlibOptions = zlib.ZlibOptions & zlib.BrotliOptions & zlib.ZstdOptions;

interface Codec {
  readonly inLine: (bytes: Buffer, options: ZlibOptions) => Buffer;
  readonly pooled: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;
}

const { constants } = zlib;

const COMPRESSORS: Readonly<
  Record<CompressionAlgorithm, Codec & { readonly options: (level: number, bytes: number) => ZlibOptions }>
> = {
  br: {
    inLine: zlib.brotliCompressSync,
    pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.brotliCompress),
    options: (level, bytes) => ({
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: bytes },
    }),
  },
  gzip: {
    inLine: zlib.gzipSync,
    pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.gzip),
    options: (level) => ({ level }),
  },
  // The coding `deflate` is the zlib format, not raw deflate (RFC 9110 §8.4.1.2).
  deflate: {
    inLine: zlib.deflateSync,
    pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.deflate),
    options: (level) => ({ level }),
  },
  zstd: {
    inLine: zlib.zstdCompressSync,
    pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.zstdCompress),
    options: (level) => ({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
  },
};

const DECOMPRESSORS: Readonly<Record<CompressionAlgorithm, Codec>> = {
  br: { inLine: zlib.brotliDecompressSync, pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.brotliDecompress) },
  gzip: { inLine: zlib.gunzipSync, pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.gunzip) },
  deflate: { inLine: zlib.inflateSync, pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.inflate) },
  zstd: { inLine: zlib.zstdDecompressSync, pooled: promisify<Buffer, ZlibOptions, Buffer>(zlib.zstdDecompress) },
};

/**
 * The body compressed, or as it is where compression does not pay: below the threshold, of a media type that is compressed by
 * nature, or less than a tenth smaller. At once up to 16 KiB, by a promise beyond.
 */
export function compress(body: Buffer, options: CompressOptions): Compressed | Promise<Compressed> {
  if (!isTried(body, options)) return { coding: 'identity', body };
  const coding = options.algorithm;
  const { inLine, pooled, options: optionsFor } = COMPRESSORS[coding];
  const settings = optionsFor(options.level, body.length);
  const kept = (bytes: Buffer): Compressed =>
    bytes.length <= body.length * KEPT_RATIO ? { coding, body: bytes } : { coding: 'identity', body };
  return body.length <= COMPRESS_INLINE_BYTES ? kept(inLine(body, settings)) : pooled(body, settings).then(kept);
}

/**
 * The body in identity coding. At once where neither side can exceed 64 KiB, by a promise else: pass the entry's
 * `identityBytes` for `maxOutputBytes` and small bodies stay in line.
 *
 * Throws or rejects on damaged bytes and on more than `maxOutputBytes` (`ERR_BUFFER_TOO_LARGE`), having made no more than that.
 */
export function decompress(body: Buffer, coding: Coding, maxOutputBytes: number): Buffer | Promise<Buffer> {
  if (coding === 'identity') return bounded(body, maxOutputBytes);
  const { inLine, pooled } = DECOMPRESSORS[coding];
  // zlib's bound is at least 1, so an empty body is bounded once more below.
  const settings = { maxOutputLength: Math.max(1, maxOutputBytes) };
  if (Math.max(body.length, maxOutputBytes) <= DECOMPRESS_INLINE_BYTES)
    return bounded(inLine(body, settings), maxOutputBytes);
  return pooled(body, settings).then((bytes) => bounded(bytes, maxOutputBytes));
}

function bounded(bytes: Buffer, maxOutputBytes: number): Buffer {
  if (bytes.length <= maxOutputBytes) return bytes;
  throw Object.assign(new RangeError(`A stored body has more than ${maxOutputBytes} bytes.`), {
    code: 'ERR_BUFFER_TOO_LARGE',
  });
}

/** Is there anything to try for `compress`, which it does at once? */
export function isCompressedInLine(body: Buffer, options: CompressOptions): boolean {
  return body.length <= COMPRESS_INLINE_BYTES && isTried(body, options);
}

function isTried(body: Buffer, { thresholdBytes, contentType }: CompressOptions): boolean {
  return body.length >= thresholdBytes && isWorthTrying(contentType);
}

/** Types nobody has judged are tried; of those the pictures, sounds, films and fonts are compressed by their formats. */
function isWorthTrying(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  return compressible(contentType) ?? !/^\s*(?:image|audio|video|font)\//i.test(contentType);
}
