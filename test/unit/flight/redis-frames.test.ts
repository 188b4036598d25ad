import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OUTER_CHANGES } from '../../../src/entry/entry.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../../src/flight/redis-frames.ts';

const DIGEST = 'a1'.repeat(32);

const digest = fc.stringMatching(/^[0-9a-f]{64}$|^[0-9a-f]{96}$|^[0-9a-f]{128}$/);
const sequence = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((array) => Buffer.from(array));
const fieldValue = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/);
const fieldName = fc.stringMatching(/^X-[\w!#$%&'*+.^`|~-]{1,20}$/);
const head = fc.record(
  {
    status: fc.integer({ min: 200, max: 599 }),
    statusMessage: fieldValue,
    headers: fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 5 }),
    contentLength: fc.nat(),
    outerChanges: fc.array(fc.tuple(fieldName, fc.constantFrom(...OUTER_CHANGES)), { maxLength: 5 }),
  },
  { requiredKeys: ['status', 'headers'] },
);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('head' as const), head }),
  fc.record({ kind: fc.constant('chunks' as const), chunks: fc.array(bytes, { minLength: 1, maxLength: 8 }) }),
  fc.record({ kind: fc.constant('part' as const), bytes }),
  fc.record({
    kind: fc.constantFrom('announce', 'complete', 'cut', 'stored', 'shared', 'released', 'retry', 'failed'),
  }),
);

/** Bytes that are whole again after somebody changed them. */
function resealed(changed: Buffer): Buffer {
  changed.writeUInt32BE(crc32(changed.subarray(0, -4)), changed.length - 4);
  return changed;
}

/** A frame with this payload, whatever it is. */
function framed(kind: Frame['kind'], payload: Buffer): Buffer {
  const encoded = encodeFrame(DIGEST, 0, { kind: 'part', bytes: payload });
  encoded.writeUInt8(encodeFrame(DIGEST, 0, sampleOf(kind)).readUInt8(5), 5);
  return resealed(encoded);
}

function sampleOf(kind: Frame['kind']): Frame {
  if (kind === 'head') return { kind, head: { status: 200, headers: [] } };
  if (kind === 'chunks') return { kind, chunks: [Buffer.from('a')] };
  if (kind === 'part') return { kind, bytes: Buffer.from('a') };
  return { kind };
}

function headFramed(members: object): Buffer {
  return framed('head', Buffer.from(JSON.stringify({ status: 200, headers: [], ...members })));
}

describe('a frame', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(digest, sequence, frame, (key, place, sent) => {
        expect(decodeFrame(encodeFrame(key, place, sent), key)).toEqual({ sequence: place, frame: sent });
      }),
    );
  });

  it('is no frame when it is cut short anywhere', () => {
    fc.assert(
      fc.property(digest, sequence, frame, fc.nat(), (key, place, sent, at) => {
        const encoded = encodeFrame(key, place, sent);
        expect(decodeFrame(encoded.subarray(0, at % encoded.length), key)).toHaveProperty('reject');
      }),
    );
  });

  it('is no frame when one byte is another', () => {
    fc.assert(
      fc.property(digest, sequence, frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (key, place, sent, at, by) => {
        const encoded = encodeFrame(key, place, sent);
        const index = at % encoded.length;
        encoded.writeUInt8(encoded.readUInt8(index) ^ by, index);
        expect(decodeFrame(encoded, key)).toHaveProperty('reject');
      }),
    );
  });

  it('is no frame when more follows', () => {
    const encoded = Buffer.concat([encodeFrame(DIGEST, 3, { kind: 'stored' }), Buffer.from([0])]);
    expect(decodeFrame(encoded, DIGEST)).toEqual({ reject: 'corrupt' });
  });

  it('is rejected for any other key', () => {
    fc.assert(
      fc.property(digest, digest, sequence, frame, (key, other, place, sent) => {
        fc.pre(key !== other);
        expect(decodeFrame(encodeFrame(key, place, sent), other)).toEqual({ reject: 'digest-mismatch' });
      }),
    );
  });

  it('is rejected, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
        expect(decodeFrame(Buffer.from(array), DIGEST)).toHaveProperty('reject');
      }),
    );
  });

  it('of a later version is told from a broken one', () => {
    const later = encodeFrame(DIGEST, 0, { kind: 'stored' });
    later.writeUInt8(2, 4);
    expect(decodeFrame(resealed(later), DIGEST)).toEqual({ reject: 'unknown-version' });
  });

  it('of an unknown kind is corrupt', () => {
    const unknown = encodeFrame(DIGEST, 0, { kind: 'stored' });
    unknown.writeUInt8(200, 5);
    expect(decodeFrame(resealed(unknown), DIGEST)).toEqual({ reject: 'corrupt' });
  });

  it('that is a mark has no payload', () => {
    expect(decodeFrame(framed('stored', Buffer.from('x')), DIGEST)).toEqual({ reject: 'corrupt' });
  });
});

describe('the chunks of a frame', () => {
  it.each([
    ['no chunk', Buffer.alloc(0)],
    ['an empty chunk', Buffer.from([0, 0, 0, 0])],
    ['half a length', Buffer.from([0, 0])],
    ['a chunk longer than the frame', Buffer.from([0, 0, 0, 9, 65])],
  ])('are corrupt with %s', (_what, payload) => {
    expect(decodeFrame(framed('chunks', payload), DIGEST)).toEqual({ reject: 'corrupt' });
  });
});

describe('the head of a frame', () => {
  it.each([
    ['is no JSON', framed('head', Buffer.from('{'))],
    ['is no object', framed('head', Buffer.from('null'))],
    ['has a status that is none', headFramed({ status: 99 })],
    ['has a status that is not final', headFramed({ status: 101 })],
    ['has no headers', headFramed({ headers: undefined })],
    ['has a header of three parts', headFramed({ headers: [['A', 'b', 'c']] })],
    ['has a name with a space', headFramed({ headers: [['A b', 'c']] })],
    ['has a value with a line break', headFramed({ headers: [['A', 'b\r\nSet-Cookie: c=d']] })],
    ['frames the message', headFramed({ headers: [['transfer-encoding', 'chunked']] })],
    ['announces a length that is none', headFramed({ contentLength: -1 })],
    ['announces a length that is a text', headFramed({ contentLength: '5' })],
    ['changes a header as no handler does', headFramed({ outerChanges: [['x-a', 'doubled']] })],
    ['takes off what frames the message', headFramed({ outerChanges: [['connection', 'removed']] })],
    ['has a reason with a line break', headFramed({ statusMessage: 'OK\r\n' })],
  ])('is corrupt when it %s', (_what, encoded) => {
    expect(decodeFrame(encoded, DIGEST)).toEqual({ reject: 'corrupt' });
  });

  it('may have members that a later release adds', () => {
    const decoded = decodeFrame(headFramed({ trailers: [] }), DIGEST);
    expect(decoded).toEqual({ sequence: 0, frame: { kind: 'head', head: { status: 200, headers: [] } } });
  });
});
