import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEntry } from '../../../src/entry/codec.ts';
import { ClusterFollowing, type Turn } from '../../../src/flight/cluster-following.ts';
import { encodeFrame, type Frame } from '../../../src/flight/redis-frames.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';

const { digest } = sampleKey();
const HEAD: Frame = { kind: 'head', head: { status: 200, headers: [] } };
const [ONE, TWO] = ['one', 'two'].map((chunk): Frame => ({ kind: 'chunks', chunks: [Buffer.from(chunk)] })) as [
  Frame,
  Frame,
];

let ends: number;
let turns: Turn[];
let following: ClusterFollowing;

beforeEach(() => {
  ends = 0;
  turns = [];
  following = new ClusterFollowing(digest, 1_000, () => (ends += 1));
  following.join((turn) => turns.push(turn));
});

/** Frames in their places, the first one at `from`. */
function framed(frames: readonly Frame[], from = 0): Buffer[] {
  return frames.map((frame, index) => encodeFrame(digest, from + index, frame));
}

function chunksOf(turn: Turn | undefined): (string | undefined)[] {
  if (turn?.kind !== 'live') return [];
  return Array.from({ length: turn.stream.length }, (_, index) => turn.stream.at(index)?.toString());
}

describe('a flight that is followed', () => {
  it('takes each frame once, however often it comes', () => {
    following.take([encodeFrame(digest, 0, { kind: 'announce' }), ...framed([HEAD, ONE])]);
    following.take([encodeFrame(digest, 0, { kind: 'announce' }), ...framed([HEAD, ONE, TWO])]);
    following.take(framed([HEAD, ONE]));
    expect(turns).toHaveLength(1);
    expect(chunksOf(turns[0])).toEqual(['one', 'two']);
    expect(ends).toBe(0);
  });

  it.each([
    ['a first frame', framed([ONE], 1)],
    ['a frame in the middle', [...framed([HEAD]), ...framed([TWO], 2)]],
    ['the last frame', [...framed([HEAD]), ...framed([{ kind: 'stored' }], 2)]],
  ])('of which %s is missing is told as unknown', (_what, frames) => {
    following.take(frames);
    expect(turns).toEqual([{ kind: 'unknown' }]);
    expect(ends).toBe(1);
  });

  it('that breaks off in the frames that came at once is not begun', () => {
    following.take(framed([HEAD, ONE, { kind: 'cut' }, { kind: 'retry' }]));
    expect(turns).toEqual([{ kind: 'retry' }]);
  });

  it('that is complete in the frames that came at once is given whole', () => {
    following.take(framed([HEAD, ONE, { kind: 'complete' }, { kind: 'stored' }]));
    expect(turns).toMatchObject([{ kind: 'live', stream: { state: 'complete' } }]);
    expect(ends).toBe(1);
  });

  it('tells who comes after it has begun the same, but not one who comes when it has broken off', async () => {
    following.take(framed([HEAD, ONE]));
    const late: Turn[] = [];
    following.join((turn) => late.push(turn));
    await Promise.resolve();
    following.take(framed([{ kind: 'cut' }], 2));
    following.join((turn) => late.push(turn));
    await Promise.resolve();
    expect(late.map(({ kind }) => kind)).toEqual(['live', 'unknown']);
  });

  it('says nothing to who left before it could', async () => {
    following.take(framed([HEAD, ONE]));
    const late: Turn[] = [];
    following.join((turn) => late.push(turn))();
    await Promise.resolve();
    expect(late).toEqual([]);
  });

  it('ends once, with the first end', () => {
    following.end({ kind: 'gone' });
    following.end({ kind: 'unknown' });
    following.take(framed([{ kind: 'stored' }]));
    expect(turns).toEqual([{ kind: 'gone' }]);
    expect(ends).toBe(1);
  });

  it('shares an entry in parts, and one that is no entry is unknown', () => {
    const entry = sampleEntry();
    const bytes = encodeEntry(entry);
    const parts: Frame[] = [bytes.subarray(0, 100), bytes.subarray(100)].map((part) => ({ kind: 'part', bytes: part }));
    following.take(framed([...parts, { kind: 'shared' }]));
    expect(turns).toEqual([{ kind: 'answer', entry }]);

    const broken = new ClusterFollowing(digest, 1_000, () => undefined);
    broken.join((turn) => turns.push(turn));
    broken.take(framed([...parts.slice(0, 1), { kind: 'shared' }]));
    expect(turns[1]).toEqual({ kind: 'unknown' });
  });

  it('holds no more parts than an entry may have', () => {
    const part: Frame = { kind: 'part', bytes: Buffer.alloc(1_500_000) };
    following.take(framed([part]));
    expect(turns).toEqual([]);
    following.take(framed([part], 1));
    expect(turns).toEqual([{ kind: 'unknown' }]);
  });

  it('whose frames a later release wrote is unknown, without a fault of the connection', () => {
    const later = encodeFrame(digest, 0, { kind: 'stored' });
    later.writeUInt8(9, 4);
    following.take([later]);
    expect(turns).toEqual([{ kind: 'unknown' }]);
  });

  it("that gets another key's frame is unknown, and says that the connection is at fault", () => {
    const foreign = encodeFrame(sampleKey('other').digest, 0, { kind: 'stored' });
    expect(() => following.take([foreign])).toThrow(expect.objectContaining({ code: 'REDIS_REPLY_MISMATCH' }));
    expect(turns).toEqual([{ kind: 'unknown' }]);
  });
});
