import { describe, expect, it } from 'vitest';
import { encodeEntry, GIST_BYTES, gistIn } from '../../../src/entry/codec.ts';
import { sampleEntry } from '../../support/sample-entry.ts';

const POSITION = { epoch: 'e1', sequence: 7 };

describe('the gist of an entry', () => {
  it('is in the first bytes of its frame', () => {
    const entry = sampleEntry({ position: POSITION, body: Buffer.alloc(100_000), identityBytes: 100_000 });
    const { digest, labels, staleAt, expiresAt } = entry;
    expect(gistIn(encodeEntry(entry).subarray(0, GIST_BYTES))).toEqual({
      digest,
      labels,
      staleAt,
      expiresAt,
      position: POSITION,
    });
  });

  it('says how many bytes hold it where labels are long', () => {
    const tags = Array.from({ length: 200 }, (_, index) => `tag ${index} "é😀\\`);
    const bytes = encodeEntry(sampleEntry({ labels: { tags } }));
    const gist = gistIn(bytes.subarray(0, GIST_BYTES));
    expect(gist).toEqual({ needs: bytes.readUInt32BE(6) + 14 });
    expect(gistIn(bytes.subarray(0, (gist as { needs: number }).needs))).toMatchObject({ labels: { tags } });
  });

  it('is not misled by labels and headers that look like its end', () => {
    const labels = { collection: '","status":"', tags: [',"status":', '\\",\\"status\\":'] };
    const headers = [['X-A', ',"status":']] as const;
    expect(gistIn(encodeEntry(sampleEntry({ labels, headers })).subarray(0, GIST_BYTES))).toMatchObject({ labels });
  });

  it('ends in the middle of a character without harm', () => {
    const bytes = encodeEntry(sampleEntry({ labels: { collection: 'é'.repeat(2_000) } }));
    for (const length of [GIST_BYTES, GIST_BYTES + 1]) {
      expect(gistIn(bytes.subarray(0, length))).toEqual({ needs: bytes.readUInt32BE(6) + 14 });
    }
  });

  it('is none where there is no entry of this layout', () => {
    const bytes = encodeEntry(sampleEntry());
    const other = Buffer.from(bytes);
    other.writeUInt8(9, 4);
    const flagged = Buffer.from(bytes);
    flagged.writeUInt8(2, 5);
    const endless = Buffer.from(bytes);
    endless.writeUInt32BE(0xff_ff_ff_ff, 6);
    const broken = Buffer.from(bytes);
    broken.write('x', 14);
    for (const none of [Buffer.alloc(0), Buffer.from('text'), other, flagged, endless, broken]) {
      expect(gistIn(none)).toBeUndefined();
    }
  });

  it('has no position where the entry has none, and a position is read as it was written', () => {
    expect(gistIn(encodeEntry(sampleEntry()))).not.toHaveProperty('position');
    const noted = sampleEntry({ position: { ...POSITION, notedAt: 12.5 } });
    expect(gistIn(encodeEntry(noted))).toMatchObject({ position: POSITION });
  });
});
