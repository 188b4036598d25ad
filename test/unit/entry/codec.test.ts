import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from '../../../src/entry/codec.ts';
import { CODINGS, MAX_CHUNKS, OUTER_CHANGES, TEXT_TIERS, type Entry } from '../../../src/entry/entry.ts';
import { sampleEntry } from '../../support/sample-entry.ts';

const BODY = Buffer.from('body');
const SAMPLE = sampleEntry({ body: BODY });

/** A head as JSON has it, with some members changed. */
function headWith(changes: Record<string, unknown>): Record<string, unknown> {
  const { body: _body, ...head } = SAMPLE;
  return { ...head, ...changes };
}

/** A frame whose lengths and checksum are right, whatever its head says. */
function forged(head: unknown, { body = BODY, version = 1, flags = 0 } = {}): Buffer {
  const headBytes = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head));
  const prelude = Buffer.from([0x41, 0x49, 0x43, 0x45, version, flags, 0, 0, 0, 0, 0, 0, 0, 0]);
  prelude.writeUInt32BE(headBytes.length, 6);
  prelude.writeUInt32BE(body.length, 10);
  const checked = Buffer.concat([prelude, headBytes, body]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(checked));
  return Buffer.concat([checked, checksum]);
}

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800'));
const fieldValue = fc.string({ unit: fc.constantFrom('\t', ' ', 'a', '~', '"', '\u0080', 'ÿ') });
const fieldName = fc.constantFrom('Content-Type', 'ETag', 'X-A', 'x-a', "!#$%&'*+-.^_`|~0Az", '__proto__');
const time = fc.oneof(fc.nat(), fc.double({ min: 0, max: 8.64e15, noNaN: true, noDefaultInfinity: true }));

function optional<T>(arbitrary: fc.Arbitrary<T>, name: string): fc.Arbitrary<Record<string, T>> {
  return fc.oneof(
    fc.constant({}),
    arbitrary.map((value) => ({ [name]: value })),
  );
}

function together(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> {
  return fc.tuple(...parts).map((objects) => Object.assign({}, ...objects) as object);
}

const labels = together(
  ...['provider', 'model', 'operation', 'collection', 'target'].map((name) => optional(anyText, name)),
  optional(fc.array(anyText), 'tags'),
);

const fields: fc.Arbitrary<object> = together(
  fc
    .record({
      digest: anyText,
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.array(fc.tuple(fieldName, fieldValue)),
      coding: fc.constantFrom(...CODINGS),
      body: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      otherBytes: fc.nat(),
      cachedAt: time,
      times: fc.tuple(time, time),
      labels,
      textLength: fc.nat(),
      textTier: fc.constantFrom(...TEXT_TIERS),
    })
    .map(({ otherBytes, times: [one, other], ...entry }) => ({
      ...entry,
      identityBytes: entry.coding === 'identity' ? entry.body.length : otherBytes,
      staleAt: Math.min(one, other),
      expiresAt: Math.max(one, other),
    })),
  optional(fieldValue, 'statusMessage'),
  optional(time, 'checkUntil'),
  optional(fc.constant(true), 'neverStale'),
  optional(fieldValue, 'ownEtag'),
  optional(fc.record({ id: anyText, names: fc.array(anyText) }), 'variants'),
  optional(fc.array(fc.tuple(fieldName, fc.constantFrom(...OUTER_CHANGES))), 'outerChanges'),
  optional(
    fc.record(
      { inputTokens: fc.nat(), outputTokens: fc.nat(), cacheReadTokens: fc.nat(), cacheWriteTokens: fc.nat() },
      { requiredKeys: ['inputTokens', 'outputTokens'] },
    ),
    'usage',
  ),
  optional(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), 'costUsd'),
  optional(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), 'fillMs'),
  optional(time, 'revalidateUntil'),
  optional(time, 'errorUntil'),
  optional(fc.constant(true), 'codedByHandler'),
);

/** Some of them came in pieces, which together are as long as the body was when it was sent. */
const entries = fc
  .tuple(
    fields as fc.Arbitrary<Entry>,
    fc.option(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 })),
  )
  .map(([entry, cuts]): Entry => {
    if (cuts === null) return entry;
    const sentBytes = entry.codedByHandler ? entry.body.length : entry.identityBytes;
    const ends = [...cuts.map((cut) => Math.floor(cut * sentBytes)).toSorted((a, b) => a - b), sentBytes];
    const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0));
    return { ...entry, chunks: { lengths, timesMs: lengths.map((_length, index) => index * 7) } };
  });

describe('a frame', () => {
  it('gives back every field of any entry', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(decodeEntry(encodeEntry(entry), entry.digest)).toEqual({ entry });
      }),
    );
  });

  it('keeps its layout, so that other releases can read it', () => {
    const entry = sampleEntry({ digest: 'd1', headers: [['ETag', '"1"']], labels: {}, body: Buffer.from([0, 255]) });
    const head =
      '{"digest":"d1","labels":{},"cachedAt":1767225600000,"staleAt":1767225660000,"expiresAt":1767225720000,' +
      '"status":200,"headers":[["ETag","\\"1\\""]],"coding":"identity","identityBytes":2,"textLength":12,"textTier":"small"}';
    const expected = `41494345 01 00 000000d9 00000002 ${Buffer.from(head).toString('hex')} 00ff 20b2801e`;
    expect(encodeEntry(entry).toString('hex')).toBe(expected.replaceAll(' ', ''));
  });

  it('leaves the body where it is: the entry holds a view, not a copy', () => {
    const bytes = encodeEntry(SAMPLE);
    const decoded = decodeEntry(bytes, SAMPLE.digest);
    bytes.fill('x');
    expect('entry' in decoded && decoded.entry.body.toString()).toBe('xxxx');
  });

  it('is read wherever it begins in a larger buffer', () => {
    const bytes = Buffer.concat([Buffer.from('$123\r\n'), encodeEntry(SAMPLE), Buffer.from('\r\n')]);
    expect(decodeEntry(bytes.subarray(6, -2), SAMPLE.digest)).toEqual({ entry: SAMPLE });
  });

  it('of another version or with an unknown flag is unknown, whatever else is in it', () => {
    const next = forged(headWith({}), { version: 2 });
    expect(decodeEntry(next, SAMPLE.digest)).toEqual({ reject: 'unknown-version' });
    expect(decodeEntry(next.subarray(0, 20), SAMPLE.digest)).toEqual({ reject: 'unknown-version' });
    expect(decodeEntry(forged(headWith({}), { flags: 2 }), SAMPLE.digest)).toEqual({ reject: 'unknown-version' });
  });

  it('of a rule has a flag that an older release does not know, and neither is read without the other', () => {
    const rule = { ...SAMPLE, variants: { id: 'r1', names: ['x-a'] } };
    const bytes = encodeEntry(rule);
    expect([bytes.readUInt8(5), encodeEntry(SAMPLE).readUInt8(5)]).toEqual([1, 0]);
    expect(decodeEntry(bytes, SAMPLE.digest)).toEqual({ entry: rule });
    expect(decodeEntry(forged(headWith({}), { flags: 1 }), SAMPLE.digest)).toEqual({ reject: 'corrupt' });
    expect(decodeEntry(forged(headWith({ variants: rule.variants })), SAMPLE.digest)).toEqual({ reject: 'corrupt' });
  });

  it('of another key is rejected as such', () => {
    expect(decodeEntry(encodeEntry(SAMPLE), 'another')).toEqual({ reject: 'digest-mismatch' });
  });

  it('with members that only a later release knows is read without them', () => {
    const later = headWith({ sealed: { key: 1 }, labels: { provider: 'p', region: 'eu' } });
    const expected = { ...SAMPLE, labels: { provider: 'p' } };
    expect(decodeEntry(forged(later), SAMPLE.digest)).toEqual({ entry: expected });
  });
});

describe('damaged bytes', () => {
  it('are rejected at every truncation', () => {
    const bytes = encodeEntry(SAMPLE);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeEntry(bytes.subarray(0, length), SAMPLE.digest)).toEqual({ reject: 'corrupt' });
    }
  });

  it('are rejected with anything behind the frame', () => {
    expect(decodeEntry(Buffer.concat([encodeEntry(SAMPLE), Buffer.alloc(1)]), SAMPLE.digest)).toEqual({
      reject: 'corrupt',
    });
  });

  it('are rejected at every flip of a single bit', () => {
    const bytes = encodeEntry(SAMPLE);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeEntry(flipped, SAMPLE.digest)).toHaveProperty('reject');
    }
  });

  it('of any kind are rejected and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeEntry(Buffer.from(bytes), SAMPLE.digest)).toHaveProperty('reject');
        const tail = Buffer.concat([Buffer.from('AICE\x01\x00', 'latin1'), bytes]);
        expect(decodeEntry(tail, SAMPLE.digest)).toHaveProperty('reject');
      }),
    );
  });

  it('that claim a head of gigabytes are rejected without reading it', () => {
    const bytes = encodeEntry(SAMPLE);
    bytes.writeUInt32BE(0xffff_ffff, 6);
    expect(decodeEntry(bytes, SAMPLE.digest)).toEqual({ reject: 'corrupt' });
    const large = forged(`${' '.repeat(2 * 1024 * 1024)}${JSON.stringify(headWith({}))}`);
    expect(decodeEntry(large, SAMPLE.digest)).toEqual({ reject: 'corrupt' });
  });

  it('are not what the longest stream is that is stored, slow and in as many pieces as may be', () => {
    const chunks = {
      lengths: Array.from({ length: MAX_CHUNKS }, () => 4096),
      timesMs: Array.from({ length: MAX_CHUNKS }, (_, index) => 600_000 + index),
    };
    const entry = sampleEntry({ chunks, coding: 'br', identityBytes: MAX_CHUNKS * 4096, body: BODY });
    expect(decodeEntry(encodeEntry(entry), entry.digest)).toEqual({ entry });
    const more = { lengths: [...chunks.lengths, 1], timesMs: [...chunks.timesMs, 1] };
    const longer = { ...entry, chunks: more, identityBytes: entry.identityBytes + 1 };
    expect(decodeEntry(encodeEntry(longer), entry.digest)).toEqual({ reject: 'corrupt' });
  });
});

describe('a head that somebody else wrote', () => {
  it('as it should be makes an entry', () => {
    expect(decodeEntry(forged(headWith({})), SAMPLE.digest)).toEqual({ entry: SAMPLE });
  });

  it('of any JSON never throws and never makes anything but an entry', () => {
    const members = fc.dictionary(fc.constantFrom(...Object.keys(SAMPLE), '__proto__'), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), members.map(headWith)), (head) => {
        const decoded = decodeEntry(forged(head), SAMPLE.digest);
        if (!('entry' in decoded)) return;
        expect(decodeEntry(encodeEntry(decoded.entry), SAMPLE.digest)).toEqual(decoded);
        expect(Object.getPrototypeOf(decoded.entry)).toBe(Object.prototype);
      }),
    );
  });

  it.each([
    ['no JSON', '{"digest":'],
    ['null', null],
    ['an array', [headWith({})]],
    ['no digest', headWith({ digest: undefined })],
    ['an informational status', headWith({ status: 101 })],
    ['a status of four digits', headWith({ status: 2000 })],
    ['a status that is no number', headWith({ status: '200' })],
    ['a status with a fraction', headWith({ status: 200.5 })],
    ['a reason phrase with a line end', headWith({ statusMessage: 'OK\r\nSet-Cookie: a=b' })],
    ['a reason phrase that is no text', headWith({ statusMessage: 1 })],
    ['headers that are an object', headWith({ headers: { a: 'b' } })],
    ['a header of one part', headWith({ headers: [['A']] })],
    ['a header of three parts', headWith({ headers: [['A', 'b', 'c']] })],
    ['a header that is a text of two characters', headWith({ headers: ['ab'] })],
    ['a header value with a line feed', headWith({ headers: [['A', 'b\nC: d']] })],
    ['a header value with a carriage return', headWith({ headers: [['A', 'b\r']] })],
    ['a header value with NUL', headWith({ headers: [['A', '\0']] })],
    ['a header value beyond one byte', headWith({ headers: [['A', '\u010a']] })],
    ['a header value that is no text', headWith({ headers: [['A', ['b']]] })],
    ['a header name with a line end', headWith({ headers: [['A\r\nB', 'c']] })],
    ['a header name with a colon', headWith({ headers: [['A:', 'b']] })],
    ['an empty header name', headWith({ headers: [['', 'b']] })],
    ['Content-Length', headWith({ headers: [['Content-Length', '5']] })],
    ['Transfer-Encoding', headWith({ headers: [['transfer-encoding', 'chunked']] })],
    ['Content-Encoding', headWith({ headers: [['CONTENT-ENCODING', 'gzip']] })],
    ['Connection', headWith({ headers: [['Connection', 'keep-alive']] })],
    ['changed headers that are an object', headWith({ outerChanges: { a: 'removed' } })],
    ['an unknown change of a header', headWith({ outerChanges: [['a', 'doubled']] })],
    ['a change of Content-Length', headWith({ outerChanges: [['content-length', 'removed']] })],
    ['an unknown coding', headWith({ coding: 'compress' })],
    ['a coding from the prototype', headWith({ coding: 'constructor' })],
    ['a length in identity coding that lies', headWith({ identityBytes: 5 })],
    ['a negative length', headWith({ coding: 'br', identityBytes: -1 })],
    ['a time before 1970', headWith({ cachedAt: -1 })],
    ['a time that is a text', headWith({ staleAt: '2026' })],
    ['no expiry', headWith({ expiresAt: null })],
    ['an expiry no Date can hold', headWith({ expiresAt: 8.65e15 })],
    ['an expiry before it is stale', headWith({ staleAt: 2, expiresAt: 1 })],
    ['labels that are an array', headWith({ labels: [] })],
    ['a label that is no text', headWith({ labels: { model: 5 } })],
    ['tags that are a text', headWith({ labels: { tags: 'a' } })],
    ['a tag that is no text', headWith({ labels: { tags: [null] } })],
    ['a text length that is no number', headWith({ textLength: 'long' })],
    ['an unknown text tier', headWith({ textTier: 'huge' })],
    ['usage of one number', headWith({ usage: { inputTokens: 1 } })],
    ['usage that is null', headWith({ usage: null })],
    ['a negative duration', headWith({ fillMs: -1 })],
    ['money that is none', headWith({ costUsd: '0.1' })],
    ['a negative cost', headWith({ costUsd: -1 })],
    ['chunks that are a list', headWith({ chunks: [4] })],
    ['chunks without times', headWith({ chunks: { lengths: [4] } })],
    ['chunks with one time too few', headWith({ chunks: { lengths: [2, 2], timesMs: [0] } })],
    ['chunks shorter than the body', headWith({ chunks: { lengths: [2, 1], timesMs: [0, 0] } })],
    ['chunks longer than the body', headWith({ chunks: { lengths: [5], timesMs: [0] } })],
    ['a chunk of negative length', headWith({ chunks: { lengths: [5, -1], timesMs: [0, 0] } })],
    ['a chunk at a negative time', headWith({ chunks: { lengths: [4], timesMs: [-1] } })],
    ['a stale window that no Date can hold', headWith({ revalidateUntil: 8.65e15 })],
    ['a stale window that is a text', headWith({ errorUntil: '2026' })],
    ['a coding that the handler did not choose', headWith({ codedByHandler: false })],
  ])('with %s is corrupt', (_what, head) => {
    expect(decodeEntry(forged(head), SAMPLE.digest)).toEqual({ reject: 'corrupt' });
  });

  it('cannot give an entry members through a prototype', () => {
    const head = JSON.stringify(headWith({})).replace('{', '{"__proto__":{"fillMs":1},"constructor":2,');
    const decoded = decodeEntry(forged(head), SAMPLE.digest);
    expect(decoded).toEqual({ entry: SAMPLE });
    expect('entry' in decoded && decoded.entry.fillMs).toBeUndefined();
  });
});
