import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compress, decompress, type CompressionAlgorithm } from '../../../src/entry/compression.ts';

const ALGORITHMS = ['br', 'gzip', 'deflate', 'zstd'] as const;
const LEVELS = { br: [0, 1, 11], gzip: [0, 1, 9], deflate: [0, 6, 9], zstd: [1, 3, 22] } as const;
/** What a handler may have made of an empty body. */
const EMPTY = { br: brotliCompressSync(''), gzip: gzipSync(''), deflate: deflateSync(''), zstd: zstdCompressSync('') };
const OPTIONS = { thresholdBytes: 1_024, algorithm: 'br', level: 1 } as const;

/** Text that compresses well, of exactly this many bytes. */
function textOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'It was the best of times, it was the worst of times. ');
}

function optionsFor(algorithm: CompressionAlgorithm, level: number = LEVELS[algorithm][1]) {
  return { thresholdBytes: 0, algorithm, level };
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it.each([1_024, 16 * 1024, 16 * 1024 + 1, 300_000])('gives back a text of %i bytes', async (bytes) => {
    const body = textOf(bytes);
    const compressed = await compress(body, optionsFor(algorithm));
    expect(compressed.coding).toBe(algorithm);
    expect(compressed.body.length).toBeLessThan(bytes / 10);
    expect((await decompress(compressed.body, compressed.coding, bytes)).equals(body)).toBe(true);
  });

  it.each(LEVELS[algorithm])('works at level %i', async (level) => {
    const body = textOf(5_000);
    const compressed = await compress(body, optionsFor(algorithm, level));
    expect((await decompress(compressed.body, compressed.coding, 5_000)).equals(body)).toBe(true);
  });

  it('is done at once up to 16 KiB and by a promise beyond', async () => {
    expect(compress(textOf(16 * 1024), optionsFor(algorithm))).not.toBeInstanceOf(Promise);
    const later = compress(textOf(16 * 1024 + 1), optionsFor(algorithm));
    expect(later).toBeInstanceOf(Promise);
    await later;
  });

  it('is undone at once up to 64 KiB and by a promise beyond', async () => {
    const small = await compress(textOf(64 * 1024), optionsFor(algorithm));
    expect(decompress(small.body, small.coding, 64 * 1024)).not.toBeInstanceOf(Promise);
    const later = decompress(small.body, small.coding, 64 * 1024 + 1);
    expect(later).toBeInstanceOf(Promise);
    await later;
  });

  it.each([10_000, 1_000_000])('never makes more than it may of a bomb, %i bytes', async (most) => {
    const bomb = await compress(textOf(10_000_000), optionsFor(algorithm));
    // zlib's own refusal: it stops there and does not make the rest first.
    await expect(async () => decompress(bomb.body, bomb.coding, most)).rejects.toMatchObject({
      code: 'ERR_BUFFER_TOO_LARGE',
      message: `Cannot create a Buffer larger than ${most} bytes`,
    });
  });

  it('gives back nothing from nothing, within a bound of nothing', async () => {
    expect(await decompress(EMPTY[algorithm], algorithm, 0)).toHaveLength(0);
  });

  it('may fill its bound exactly, and not by one byte more', async () => {
    const { body, coding } = await compress(textOf(2_000), optionsFor(algorithm));
    expect(await decompress(body, coding, 2_000)).toHaveLength(2_000);
    await expect(async () => decompress(body, coding, 1_999)).rejects.toThrow();
    await expect(async () => decompress(body, coding, 0)).rejects.toThrow();
  });

  it('refuses a body that was cut anywhere', async () => {
    const { body, coding } = await compress(textOf(2_000), optionsFor(algorithm));
    for (let length = 0; length < body.length; length += 1) {
      expect(() => decompress(body.subarray(0, length), coding, 2_000)).toThrow();
    }
    await expect(async () => decompress(body.subarray(0, -1), coding, 100_000)).rejects.toThrow();
  });

  it('refuses what was never compressed', async () => {
    await expect(async () => decompress(textOf(2_000), algorithm, 2_000)).rejects.toThrow();
    await expect(async () => decompress(textOf(2_000), algorithm, 100_000)).rejects.toThrow();
  });

  it('gives back any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), fc.nat(40), async (bytes, times) => {
        const body = Buffer.concat(Array.from({ length: times }, () => bytes));
        const compressed = await compress(body, optionsFor(algorithm));
        expect(compressed.body.length).toBeLessThanOrEqual(body.length);
        expect((await decompress(compressed.body, compressed.coding, body.length)).equals(body)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a body is left as it is', () => {
  it('below the threshold', () => {
    const body = textOf(1_023);
    expect(compress(body, OPTIONS)).toEqual({ coding: 'identity', body });
    expect(compress(textOf(1_024), OPTIONS)).toMatchObject({ coding: 'br' });
  });

  it('where compression saves less than a tenth', async () => {
    const random = randomBytes(100_000);
    const almost = Buffer.concat([random.subarray(0, 9_300), Buffer.alloc(700)]);
    const enough = Buffer.concat([random.subarray(0, 8_500), Buffer.alloc(1_500)]);
    expect(compress(almost, OPTIONS)).toEqual({ coding: 'identity', body: almost });
    expect(compress(enough, OPTIONS)).toMatchObject({ coding: 'br' });
    expect(await compress(random, OPTIONS)).toEqual({ coding: 'identity', body: random });
  });

  it.each([
    'image/png',
    'image/jpeg',
    'image/webp',
    'audio/mpeg',
    'video/mp4',
    'video/x-unheard-of',
    'application/zip',
    'application/gzip',
    'font/woff2',
    'IMAGE/PNG; a=b',
  ])('where %s is compressed by its nature', (contentType) => {
    expect(compress(textOf(5_000), { ...OPTIONS, contentType })).toMatchObject({ coding: 'identity' });
  });
});

describe('a body is compressed', () => {
  it.each([
    undefined,
    'application/json; charset=utf-8',
    'text/event-stream',
    'image/svg+xml',
    'application/x-unheard-of',
    'application/problem+json',
  ])('where its media type is %s', (contentType) => {
    expect(compress(textOf(5_000), { ...OPTIONS, contentType })).toMatchObject({ coding: 'br' });
  });
});

describe('identity', () => {
  it('is its own decompression, within the bound', () => {
    const body = textOf(100);
    expect(decompress(body, 'identity', 100)).toBe(body);
    expect(() => decompress(body, 'identity', 99)).toThrow(RangeError);
  });
});
