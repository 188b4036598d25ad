import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { encodeFrame, FRAME_FIELD } from '../../../src/flight/redis-frames.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import {
  closeCleanly,
  collect,
  follow,
  keysWithoutExpiry,
  lead,
  openFlights,
  type FlightSettings,
  type OpenFlights,
} from './open-flights.ts';
import { until } from './until.ts';

const { digest } = sampleKey();
const HEAD = { status: 200, headers: [['Content-Type', 'text/event-stream']] } as const;
const MAX_BYTES = 1 << 20;

let server: RedisServer;
let opened: OpenFlights[];

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

beforeEach(async () => {
  opened = [];
  await server.cli('FLUSHALL');
  await server.cli('CONFIG', 'RESETSTAT');
});

afterEach(() => closeCleanly(server, opened));

function open(settings?: FlightSettings): OpenFlights {
  const flights = openFlights(server.url, settings);
  opened.push(flights);
  return flights;
}

/** A live answer that a leader has begun to publish. */
async function leadLive(leader: OpenFlights, maxBytes = MAX_BYTES) {
  const fill = await lead(leader, digest);
  const live = new LiveStream(HEAD, maxBytes);
  fill.live(live);
  return { fill, live, push: (...chunks: string[]) => chunks.forEach((chunk) => live.push(Buffer.from(chunk))) };
}

/** Follows and must get a live stream; reads all of it. */
async function join(process: OpenFlights) {
  const { landing, leave } = await follow(process, digest);
  const landed = await landing;
  if (landed.kind !== 'live') throw new Error(`landed ${landed.kind}`);
  return { stream: landed.stream, head: landed.stream.head, whole: collect(landed.stream), leave };
}

async function streamKey(): Promise<string> {
  return server.cli('KEYS', 'test:s:*');
}

function chunksOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `data: ${index}\n\n`);
}

describe('a live answer', () => {
  it('is not published while nobody follows', async () => {
    const { fill, live, push } = await leadLive(open());
    push(...chunksOf(100));
    live.end('complete');
    await fill.stored();
    expect(await server.cli('KEYS', '*')).toBe('');
    expect(await server.cli('INFO', 'commandstats')).not.toContain('cmdstat_xadd');
  });

  it('comes to a follower chunk by chunk from the first byte on, and goes on', async () => {
    const [first, second] = [open(), open()];
    const { fill, live, push } = await leadLive(first);
    push('one', 'two');
    const joined = await join(second);
    expect(joined.head).toEqual(HEAD);
    expect(joined.stream.state).toBe('open');
    expect([joined.stream.at(0), joined.stream.at(1)].map(String)).toEqual(['one', 'two']);
    push('three');
    await until(() => joined.stream.length === 3);
    push('four', 'five');
    live.end('complete');
    await fill.stored();
    const { state, chunks } = await joined.whole;
    expect([state, chunks]).toEqual(['complete', ['one', 'two', 'three', 'four', 'five']]);
  });

  it('comes to all who join at any time, in this process and in others', async () => {
    const [first, second, third] = [open(), open(), open()];
    const { fill, live, push } = await leadLive(first);
    const chunks = chunksOf(60);
    const joined: { whole: ReturnType<typeof collect> }[] = [];
    push(...chunks.slice(0, 20));
    joined.push(await join(second), await join(second), await join(first));
    push(...chunks.slice(20, 40));
    joined.push(await join(third), await join(second));
    push(...chunks.slice(40));
    live.end('complete');
    // The answer is whole, but the fill goes on until it is stored.
    joined.push(await join(third), await join(first));
    await fill.stored();
    const wholes = await Promise.all(joined.map(({ whole }) => whole));
    for (const whole of wholes) expect(whole).toMatchObject({ state: 'complete', chunks });
    expect(second.blocking).toHaveLength(1);
  });

  it('is written in batches and bounded in Redis by bytes', async () => {
    const [first, second] = [open({ maxBytes: 64 * 1024 }), open()];
    const { fill, live, push } = await leadLive(first);
    push(...chunksOf(2_000));
    const joined = await join(second);
    const written = Number(await server.cli('XLEN', await streamKey()));
    expect(written).toBeLessThanOrEqual(2 + Math.ceil((2_000 * 'data: 1999\n\n'.length) / (16 * 1024)));
    for (let megabyte = 0; megabyte < 16; megabyte += 1) push('x'.repeat(32 * 1024));
    await until(() => joined.stream.length === 2_016);
    expect(Number(await server.cli('MEMORY', 'USAGE', await streamKey()))).toBeLessThan(160 * 1024);
    live.end('complete');
    await fill.stored();
    expect((await joined.whole).body).toHaveLength(chunksOf(2_000).join('').length + 16 * 32 * 1024);
  });

  it('that had no chunk but is complete is whole', async () => {
    const [first, second] = [open(), open()];
    const { fill, live } = await leadLive(first);
    const joining = join(second);
    await until(async () => (await streamKey()) !== '');
    live.end('complete');
    expect(await (await joining).whole).toMatchObject({ state: 'complete', chunks: [] });
    await fill.stored();
  });

  it('that breaks off before its first chunk costs nobody the connection', async () => {
    const [first, second] = [open(), open()];
    const { fill, live } = await leadLive(first);
    const { landing } = await follow(second, digest);
    live.end('cut');
    await fill.fail(undefined);
    const landed = await landing;
    expect(landed).toMatchObject({ kind: 'lead', fill: { failures: 1 } });
    if (landed.kind === 'lead') await landed.fill.stored();
  });

  it('that breaks off later is cut for everybody who has some of it', async () => {
    const [first, second] = [open(), open()];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const joined = await join(second);
    live.end('cut');
    await fill.fail(undefined);
    expect(await joined.whole).toMatchObject({ state: 'cut', chunks: ['one'] });
  });

  it('whose fill ends before it is cut', async () => {
    const [first, second] = [open(), open()];
    const { fill, push } = await leadLive(first);
    push('one');
    const joined = await join(second);
    // Answered after the write: nothing is under way that would notice the end by itself.
    await (await first.connection.client()).ping();
    await new Promise((resolve) => setImmediate(resolve));
    await fill.release();
    expect(await joined.whole).toMatchObject({ state: 'cut', chunks: ['one'] });
  });

  it('that has lost its beginning is joined by nobody', async () => {
    const [first, second] = [open(), open()];
    const { fill, live, push } = await leadLive(first, 10);
    push('a chunk ', 'of which ', 'much is gone');
    const { landing } = await follow(second, digest);
    expect(await landing).toEqual({ kind: 'alone' });
    live.end('complete');
    await fill.stored();
  });

  it('that outgrows its bounds is joined by nobody any more, while who reads it goes on', async () => {
    const [first, second, third] = [open({ maxBytes: 40_000 }), open(), open()];
    const { fill, live, push } = await leadLive(first, 40_000);
    push('a'.repeat(20_000));
    const early = await join(second);
    push('b'.repeat(20_000));
    await until(() => early.stream.length === 2);
    push('c'.repeat(20_000));
    await until(() => early.stream.length === 3);
    const { landing } = await follow(third, digest);
    expect(await landing).toEqual({ kind: 'alone' });
    live.end('complete');
    await fill.stored();
    expect(await early.whole).toMatchObject({ state: 'complete', chunks: { length: 3 } });
  });

  it('of which a follower holds more than it may is joined by nobody there any more', async () => {
    const [first, second] = [open(), open({ maxBytes: 10 })];
    const { fill, live, push } = await leadLive(first);
    push('a chunk');
    const early = await join(second);
    push('another');
    await until(() => !early.stream.isWhole);
    const { landing } = await follow(second, digest);
    expect(await landing).toEqual({ kind: 'alone' });
    live.end('complete');
    await fill.stored();
    expect((await early.whole).state).toBe('complete');
  });

  it('is fed no longer when the last who reads it has left', async () => {
    const [first, second] = [open(), open()];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const [one, two] = [await join(second), await join(second)];
    one.leave();
    push('two');
    await until(() => two.stream.length === 2);
    two.leave();
    expect(second.flights.counts).toEqual({ fills: 0, followers: 0, followings: 0, watches: 0 });
    expect(await two.whole).toMatchObject({ state: 'cut', chunks: ['one', 'two'] });
    live.end('complete');
    await fill.stored();
  });

  it('keeps its stream, however long it says nothing', async () => {
    const [first, second] = [open({ leaseMs: 3_000 }), open({ leaseMs: 3_000 })];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const joined = await join(second);
    const key = await streamKey();
    await server.cli('PEXPIRE', key, '2500');
    await until(async () => Number(await server.cli('PTTL', key)) > 3_000);
    // It is the same stream still, not one that a follower has announced itself in anew.
    expect(await server.cli('XLEN', key)).toBe('2');
    live.end('complete');
    await fill.stored();
    await joined.whole;
  });

  it('has the expiry of its stream renewed by each write', async () => {
    const [first, second] = [open({ leaseMs: 600_000 }), open()];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const joined = await join(second);
    const key = await streamKey();
    await server.cli('PEXPIRE', key, '60000');
    push('two');
    await until(async () => Number(await server.cli('PTTL', key)) > 60_000);
    live.end('complete');
    await fill.stored();
    await joined.whole;
  });

  it('of which chunks were gone before they could be published is cut while the fill goes on', async () => {
    const [first, second] = [open(), open()];
    const { fill, live, push } = await leadLive(first, 20);
    push('one');
    const joined = await join(second);
    push('two, three, four', 'five, six, seven', 'eight');
    expect(await joined.whole).toMatchObject({ state: 'cut' });
    live.end('complete');
    await fill.stored();
  });

  it('is published by the next renewal where the leader cannot wait for followers', async () => {
    const leader = open({ leaseMs: 3_000, canWait: false });
    const { fill, live, push } = await leadLive(leader);
    push('one');
    const joined = await join(open());
    expect(joined.stream.at(0)?.toString()).toBe('one');
    live.end('complete');
    await fill.stored();
    expect(leader.errors.splice(0).map(({ code }) => code)).toEqual(['REDIS_FAILED']);
  });

  it('is followed by what the fill made of it, for who is told of the end alone', async () => {
    const entry = sampleEntry();
    const [first, second] = [open(), open()];
    const { fill, live } = await leadLive(first);
    const { landing } = await follow(second, digest);
    live.end('cut');
    await fill.share(entry);
    expect(await landing).toEqual({ kind: 'answer', entry });
  });
});

describe('a gap', () => {
  it('cuts who has begun to send, and who has sent nothing runs alone', async () => {
    const [first, second, third] = [open(), open(), open()];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const early = await join(second);
    const key = await streamKey();
    // The frame with the second chunk is gone before anybody reads it: as one step, so that no reader comes between.
    const third1 = encodeFrame(digest, 3, { kind: 'chunks', chunks: [Buffer.from('three')] });
    const client = await first.connection.client();
    await client.eval(
      `redis.call('XADD', KEYS[1], '*', '${FRAME_FIELD}', ARGV[1]) redis.call('XTRIM', KEYS[1], 'MAXLEN', 1)`,
      1,
      key,
      third1,
    );
    const { landing } = await follow(third, digest);
    expect(await early.whole).toMatchObject({ state: 'cut', chunks: ['one'] });
    expect(await landing).toEqual({ kind: 'alone' });
    live.end('complete');
    await fill.stored();
  });

  it('in a stream that vanished is none that anybody waits at', async () => {
    const [first, second] = [open({ leaseMs: 600 }), open({ leaseMs: 600 })];
    const { fill, live, push } = await leadLive(first);
    push('one');
    const joined = await join(second);
    await server.cli('DEL', await streamKey());
    push('two');
    live.end('complete');
    await fill.stored();
    expect(await joined.whole).toMatchObject({ state: 'cut', chunks: ['one'] });
  });
});

describe('a frame that is not for this key', () => {
  it('is not used, is reported, and the connection goes with all that came over it', async () => {
    const [first, second] = [open(), open()];
    const other = sampleKey('other').digest;
    const fills = [await lead(first, digest), await lead(first, other)];
    const followers = [await follow(second, digest), await follow(second, other)];
    const key = (await server.cli('KEYS', `test:s:1:{${digest}}:*`)).trim();
    const client = await first.connection.client();
    await client.xadd(key, '*', FRAME_FIELD, encodeFrame(other, 0, { kind: 'stored' }));
    for (const { kind } of await Promise.all(followers.map(({ landing }) => landing))) expect(kind).toBe('alone');
    expect(second.errors.splice(0).map(({ code }) => code)).toEqual(['REDIS_REPLY_MISMATCH']);
    await until(() => second.blocking.every(({ status }) => status === 'end'));
    await Promise.all(fills.map((fill) => fill.stored()));
  });

  it('and is broken lets the followers run alone', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await server.cli('XADD', await streamKey(), '*', FRAME_FIELD, 'no frame');
    expect(await landing).toEqual({ kind: 'alone' });
    await fill.stored();
    expect(await keysWithoutExpiry(server)).toEqual([]);
  });
});
