import { tracingChannel, type ChannelListener } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterFill, ClusterFlights } from '../../../src/flight/cluster-flights.ts';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { gate } from '../../support/gate.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import { closeCleanly, follow, lead, openFlights, type FlightSettings, type OpenFlights } from './open-flights.ts';
import { until } from './until.ts';

const { digest } = sampleKey();
const LEASE = `test:l:1:{${digest}}`;
const NOTHING = { fills: 0, followers: 0, followings: 0, watches: 0 };

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

async function streams(): Promise<string[]> {
  return (await server.cli('KEYS', 'test:s:*')).split('\n').filter((key) => key !== '');
}

describe('one key', () => {
  it('has one leader and is free again when it has stored', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const follower = await follow(second, digest);
    await fill.stored();
    expect(await follower.landing).toEqual({ kind: 'stored' });
    await (await lead(second, digest)).stored();
  });

  it('has one leader however many enter at once', async () => {
    const processes = [open(), open(), open()];
    const enters = Array.from({ length: 40 }, () => processes.map(({ flights }) => flights.enter(digest)));
    const parts = await Promise.all(enters.flat());
    const leaders = parts.flatMap((part) => (part.role === 'leader' ? [part.fill] : []));
    const followers = parts.flatMap((part) => (part.role === 'follower' ? [part.landing] : []));
    expect([leaders.length, followers.length]).toEqual([1, 119]);
    await leaders[0]?.stored();
    expect(new Set((await Promise.all(followers)).map(({ kind }) => kind))).toEqual(new Set(['stored']));
  });

  it('is another one in another version of the cache, and so is another digest', async () => {
    const fills = [
      await lead(open(), digest),
      await lead(open({ version: 2 }), digest),
      await lead(open(), sampleKey('other').digest),
    ];
    await Promise.all(fills.map((fill) => fill.stored()));
  });

  it('has a lease that is renewed while the fill runs', async () => {
    const fill = await lead(open(), digest);
    await server.cli('PEXPIRE', LEASE, '5000');
    expect(await fill.isOurs()).toBe(true);
    expect(Number(await server.cli('PTTL', LEASE))).toBeGreaterThan(5_000);
    await fill.stored();
    expect(await fill.isOurs()).toBe(false);
    expect(fill.lost.aborted).toBe(false);
  });

  it.each(['stored', 'release', 'share', 'fail', 'handOver'] as const)(
    'gets nothing written beside its lease by %s() while nobody follows',
    async (end) => {
      const entry = sampleEntry();
      const first = open();
      const fill = await lead(first, digest);
      await (end === 'share' ? fill.share(entry) : end === 'fail' ? fill.fail(entry) : fill[end]());
      expect(await server.cli('KEYS', '*')).toBe('');
      expect(await server.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_(xadd|xread)/);
      expect(first.blocking).toEqual([]);
    },
  );
});

describe('of many who come and go', () => {
  const ends = ['stored', 'share', 'release', 'fail', 'handOver'] as const;

  it('never two lead at once, and nobody waits for ever', { timeout: 60_000 }, async () => {
    const processes = [open(), open(), open()];
    let leading = 0;
    let led = 0;
    const errors: unknown[] = [];

    const run = async (fill: ClusterFill): Promise<void> => {
      leading += 1;
      led += 1;
      if (leading > 1) errors.push(`${leading} lead at once`);
      if (!(await fill.isOurs())) errors.push('a leader without its lease');
      leading -= 1;
      const end = ends[led % ends.length] ?? 'stored';
      await (end === 'share' || end === 'fail' ? fill[end](sampleEntry()) : fill[end]());
    };

    const request = async (flights: ClusterFlights): Promise<void> => {
      const part = await flights.enter(digest);
      if (part.role === 'leader') return run(part.fill);
      if (part.role === 'alone') return void errors.push('alone');
      const landed = await part.landing;
      return landed.kind === 'lead' ? run(landed.fill) : undefined;
    };

    await Promise.all(
      processes.flatMap(({ flights }) => Array.from({ length: 5 }, () => oneByOne(20, () => request(flights)))),
    );
    expect(errors).toEqual([]);
    expect(led).toBeGreaterThan(20);
  });
});

describe('an answer', () => {
  it('that is not stored reaches the followers', async () => {
    const entry = sampleEntry();
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const followers = await Promise.all([follow(second, digest), follow(second, digest), follow(first, digest)]);
    await fill.share(entry);
    const landings = await Promise.all(followers.map(({ landing }) => landing));
    expect(landings).toEqual(followers.map(() => ({ kind: 'answer', entry })));
  });

  it('of many parts reaches the followers whole', async () => {
    const body = Buffer.alloc(900_000, 'a part of it, ');
    const entry = sampleEntry({ body });
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.share(entry);
    const landed = await landing;
    expect(landed.kind === 'answer' && landed.entry.body.equals(body)).toBe(true);
  });

  it('that is too large is not shared, and the followers run alone', async () => {
    const [first, second] = [open({ maxBytes: 1_000 }), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.share(sampleEntry({ body: Buffer.alloc(1_001) }));
    expect(await landing).toEqual({ kind: 'alone' });
    expect(await server.cli('XLEN', (await streams())[0] ?? '')).toBe('2');
  });

  it('that is not to be shared lets the followers run alone', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.release();
    expect(await landing).toEqual({ kind: 'alone' });
  });

  it('leaves a stream that lasts a few seconds more, for who was slow to read it', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    const [stream = ''] = await streams();
    expect(Number(await server.cli('PTTL', stream))).toBeGreaterThan(10_000);
    await fill.stored();
    await landing;
    const left = Number(await server.cli('PTTL', stream));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_000);
  });
});

describe('an end', () => {
  it('is the last one', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await Promise.all([fill.stored(), fill.release(), fill.share(sampleEntry())]);
    await fill.fail(undefined);
    expect(await landing).toEqual({ kind: 'stored' });
    expect(await server.cli('XLEN', (await streams())[0] ?? '')).toBe('2');
  });
});

describe('a failure', () => {
  const error = sampleEntry({ status: 500, body: Buffer.from('no') });

  it('makes one follower of the cluster the leader, and after the second the rest get the error', async () => {
    const processes = [open(), open(), open()];
    const fill = await lead(processes[0] as OpenFlights, digest);
    const entered = processes.flatMap((process) => [follow(process, digest), follow(process, digest)]);
    const followers = await Promise.all(entered);
    const landings = followers.map(({ landing }) => landing);
    await fill.fail(error);
    const second = await Promise.race(landings);
    if (second.kind !== 'lead') throw new Error(`landed ${second.kind}`);
    expect(second.fill.failures).toBe(1);
    // The others follow the new leader before it fails.
    await until(async () => (await streams()).length === 2);
    await until(() => processes.every(({ flights }) => flights.counts.followings <= 1));
    await second.fill.fail(error);
    const kinds = (await Promise.all(landings)).map(({ kind }) => kind).toSorted();
    expect(kinds).toEqual(['answer', 'answer', 'answer', 'answer', 'answer', 'lead']);
  });

  it('twice without an answer tells the rest that there is none', async () => {
    const [first, second, third] = [open(), open(), open()];
    const fill = await lead(first, digest);
    const landings = [(await follow(second, digest)).landing, (await follow(third, digest)).landing];
    await fill.fail(undefined);
    const landed = await Promise.race(landings);
    if (landed.kind !== 'lead') throw new Error(`landed ${landed.kind}`);
    await until(async () => (await streams()).length === 2);
    await landed.fill.fail(undefined);
    expect((await Promise.all(landings)).map(({ kind }) => kind).toSorted()).toEqual(['failed', 'lead']);
  });

  it('with an error too large to share tells the rest that there is none', async () => {
    const [first, second] = [open({ maxBytes: 1_000 }), open()];
    await (await lead(first, digest)).fail(undefined, true);
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.fail(sampleEntry({ status: 500, body: Buffer.alloc(1_001) }));
    expect(await landing).toEqual({ kind: 'failed' });
  });

  it('is counted for a newcomer that leads before those who waited', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const follower = await follow(second, digest);
    const landed = follower.landing;
    await fill.fail(error);
    const newcomer = await first.flights.enter(digest);
    const leaders = newcomer.role === 'leader' ? [newcomer.fill] : [];
    if (newcomer.role === 'follower') {
      const landing = await landed;
      if (landing.kind === 'lead') leaders.push(landing.fill);
      newcomer.leave();
    }
    expect(leaders.map(({ failures }) => failures)).toEqual([1]);
    follower.leave();
    await leaders[0]?.stored();
  });

  it('that nobody waited for is not counted', async () => {
    const first = open();
    await (await lead(first, digest)).fail(error);
    const fill = await lead(first, digest);
    expect(fill.failures).toBe(0);
    await fill.stored();
  });

  it('that somebody in the same process waited for is counted', async () => {
    const first = open();
    await (await lead(first, digest)).fail(error, true);
    const fill = await lead(open(), digest);
    expect(fill.failures).toBe(1);
    await fill.stored();
  });

  it('is not counted where a leader hands over', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.handOver();
    const landed = await landing;
    if (landed.kind !== 'lead') throw new Error(`landed ${landed.kind}`);
    expect(landed.fill.failures).toBe(0);
    await landed.fill.stored();
  });
});

describe('a lost lease', () => {
  it('is told at the next renewal, and the late leader takes nothing from the new one', async () => {
    const [first, second] = [open({ leaseMs: 300 }), open()];
    const fill = await lead(first, digest);
    const lost = new Promise((resolve) => fill.lost.addEventListener('abort', resolve));
    await server.cli('DEL', LEASE);
    const late = await lead(second, digest);
    await lost;
    expect(await fill.isOurs()).toBe(false);
    await fill.stored();
    expect(await late.isOurs()).toBe(true);
    await late.stored();
  });

  it('is told to who asks before the renewal', async () => {
    const fill = await lead(open(), digest);
    await server.cli('SET', LEASE, '0:somebody-else', 'PX', '10000');
    expect(await fill.isOurs()).toBe(false);
    expect(fill.lost.aborted).toBe(true);
    await server.cli('DEL', LEASE);
  });

  it('is none when the lease was given back while it was to be renewed', async () => {
    let held = gate();
    let steps = 0;
    held.open();
    const before = (): Promise<void> => {
      steps += 1;
      return held.opened;
    };
    const first = open({ leaseMs: 3_000, before });
    const fill = await lead(first, digest);
    held = gate();
    steps = 0;
    const ended = fill.stored();
    await until(() => steps === 2);
    held.open();
    await ended;
    // Answered after the renewal, which was sent before it.
    await (await first.connection.client()).ping();
    expect(fill.lost.aborted).toBe(false);
  });

  it('sends those who follow to the new leader', async () => {
    const long = { leaseMs: 60_000 };
    const [first, second, third] = [open(long), open(long), open(long)];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await server.cli('DEL', LEASE);
    const late = await lead(third, digest);
    expect(await fill.isOurs()).toBe(false);
    await until(async () => (await streams()).length === 2);
    await late.stored();
    expect(await landing).toEqual({ kind: 'stored' });
  });

  it('is noticed by those who follow where the leader says nothing more', async () => {
    const follower = open();
    // A leader that died at once: a lease and nobody behind it.
    await server.cli('SET', LEASE, '0:the-dead', 'PX', '200');
    const { landing } = await follow(follower, digest);
    const landed = await landing;
    if (landed.kind !== 'lead') throw new Error(`landed ${landed.kind}`);
    expect(landed.fill.failures).toBe(1);
    await landed.fill.stored();
  });
});

describe('a follower', () => {
  it('that leaves before there is a connection to wait on leaves no wait behind', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const leaving = await follow(second, digest);
    leaving.leave();
    await until(() => second.blocking[0]?.status === 'ready');
    const { landing } = await follow(second, digest);
    await fill.stored();
    await landing;
    expect(second.flights.counts).toEqual(NOTHING);
  });

  it('waits no longer than waitMs', async () => {
    const [first, second] = [open(), open({ waitMs: 50 })];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    expect(await landing).toEqual({ kind: 'alone' });
    expect(second.flights.counts).toEqual(NOTHING);
    await fill.stored();
  });

  it('is announced once for each flight, however many there are', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const followers = await Promise.all(Array.from({ length: 20 }, (_, at) => follow(at % 2 ? first : second, digest)));
    expect(await server.cli('XLEN', (await streams())[0] ?? '')).toBe('1');
    await fill.stored();
    await Promise.all(followers.map(({ landing }) => landing));
  });

  it('that leaves takes nothing with it, and the last one ends the watch', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const followers = await Promise.all(Array.from({ length: 100 }, () => follow(second, digest)));
    expect(second.flights.counts).toEqual({ fills: 0, followers: 100, followings: 1, watches: 1 });
    for (const follower of followers.slice(0, 50)) follower.leave();
    expect(second.flights.counts).toEqual({ fills: 0, followers: 50, followings: 1, watches: 1 });
    await fill.stored();
    const kinds = await Promise.all(followers.map(async ({ landing }) => (await landing).kind));
    expect(kinds).toEqual([...Array(50).fill('alone'), ...Array(50).fill('stored')]);
    expect(second.flights.counts).toEqual(NOTHING);

    const again = await lead(first, digest);
    const leaving = await Promise.all([follow(second, digest), follow(second, digest)]);
    for (const follower of leaving) follower.leave();
    expect(second.flights.counts).toEqual(NOTHING);
    await again.stored();
  });

  it('that left while it became the leader gives the lease back', async () => {
    let held = gate();
    held.open();
    const [first, second] = [open(), open({ before: () => held.opened })];
    const fill = await lead(first, digest);
    const follower = await follow(second, digest);
    held = gate();
    await fill.fail(undefined);
    await until(() => second.flights.counts.followings === 0);
    follower.leave();
    expect(await follower.landing).toEqual({ kind: 'alone' });
    expect(await server.cli('GET', LEASE)).toBe('1:');
    held.open();
    await until(async () => (await server.cli('EXISTS', LEASE)) === '0');
  });

  it('that left while the next leader was found follows nobody', async () => {
    let held = gate();
    held.open();
    const [first, second, third] = [open(), open({ before: () => held.opened }), open()];
    const fill = await lead(first, digest);
    const follower = await follow(second, digest);
    held = gate();
    await fill.handOver();
    await until(() => second.flights.counts.followings === 0);
    const next = await lead(third, digest);
    follower.leave();
    expect(await streams()).toHaveLength(1);
    held.open();
    await until(async () => (await streams()).length === 2);
    await until(() => JSON.stringify(second.flights.counts) === JSON.stringify(NOTHING));
    await next.stored();
  });

  it('whose commands get no reply goes on alone, though its connection that waits is there', async () => {
    let held = gate();
    held.open();
    const process = open({ timeoutMs: 100, before: () => held.opened });
    await server.cli('SET', LEASE, '0:somebody', 'PX', '400');
    const part = await process.flights.enter(digest);
    held = gate();
    const landing = part.role === 'follower' ? await part.landing : part;
    expect(landing).toMatchObject({ kind: 'alone' });
    held.open();
    expect(process.errors.splice(0).map(({ code }) => code)).toEqual(['REDIS_TIMEOUT']);
    await until(async () => (await server.cli('EXISTS', LEASE)) === '0');
  });

  it('makes no second connection, however many flights it follows', async () => {
    const [first, second] = [open(), open()];
    const digests = Array.from({ length: 40 }, (_, index) => sampleKey(String(index)).digest);
    const fills = await Promise.all(digests.map((key) => lead(first, key)));
    const followers = await Promise.all(digests.map((key) => follow(second, key)));
    await Promise.all(fills.map((fill) => fill.stored()));
    const landings = await Promise.all(followers.map(({ landing }) => landing));
    expect(landings).toEqual(followers.map(() => ({ kind: 'stored' })));
    expect(second.blocking).toHaveLength(1);
  });
});

describe('what ioredis publishes of its commands', () => {
  it('holds nothing of an answer', async () => {
    const CANARY = 'canary-in-the-answer';
    const channel = tracingChannel<'ioredis:command', { command: string; args: unknown[] }>('ioredis:command');
    const seen: { command: string; args: unknown[] }[] = [];
    const listener = { start: (message: { command: string; args: unknown[] }) => void seen.push(message) };
    channel.start.subscribe(listener.start as ChannelListener);
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const live = new LiveStream({ status: 200, headers: [['X-Canary', CANARY]] }, 1_000);
    fill.live(live);
    const { landing, leave } = await follow(second, digest);
    live.push(Buffer.from(CANARY));
    expect((await landing).kind).toBe('live');
    live.end('cut');
    leave();
    const { landing: late } = await follow(first, digest);
    await fill.share(sampleEntry({ body: Buffer.from(CANARY) }));
    expect((await late).kind).toBe('answer');
    channel.start.unsubscribe(listener.start as ChannelListener);
    expect(new Set(seen.map(({ command }) => command))).toContain('evalsha');
    expect(JSON.stringify(seen)).not.toContain(CANARY);
  });
});

describe('an ended fill', () => {
  it('renews nothing any more', async () => {
    const steps = [0, 0];
    const counting = (index: number) => async (): Promise<void> => {
      steps[index] = (steps[index] ?? 0) + 1;
    };
    const [ended, other] = [0, 1].map((index) => open({ leaseMs: 600, before: counting(index) })) as [
      OpenFlights,
      OpenFlights,
    ];
    await (await lead(ended, digest)).stored();
    const stepsOfIt = steps[0];
    const fill = await lead(other, sampleKey('other').digest);
    await until(() => (steps[1] ?? 0) > 3);
    expect(steps[0]).toBe(stepsOfIt);
    await fill.stored();
  });
});

describe('closing', () => {
  it.each([
    [1, 'takes the lease'],
    [2, 'announces itself'],
  ])('in step %i of a request, which %s, leaves nothing behind', async (step) => {
    const held = gate();
    let steps = 0;
    const before = (): Promise<void> => {
      steps += 1;
      return steps === step ? held.opened : Promise.resolve();
    };
    const second = open({ before });
    const fill = step === 2 ? await lead(open(), digest) : undefined;
    const entering = second.flights.enter(digest);
    await until(() => steps === step);
    const closed = second.flights.close();
    held.open();
    expect(await entering).toEqual({ role: 'alone' });
    await closed;
    expect(second.flights.counts).toEqual(NOTHING);
    await fill?.stored();
  });

  it('hands over what this process leads and lets its followers go on alone', async () => {
    const [first, second] = [open(), open()];
    const other = sampleKey('other').digest;
    const led = await lead(first, digest);
    const theirs = await lead(second, other);
    const follower = await follow(second, digest);
    const leaving = await follow(first, other);
    await first.flights.close();
    expect(await leaving.landing).toEqual({ kind: 'alone' });
    const landed = await follower.landing;
    expect(landed).toMatchObject({ kind: 'lead', fill: { failures: 0 } });
    await led.stored();
    expect(await first.flights.enter(digest)).toEqual({ role: 'alone' });
    if (landed.kind === 'lead') await landed.fill.stored();
    await theirs.stored();
  });
});
