import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import {
  collect,
  follow,
  heldLeases,
  lead,
  openFlights,
  type FlightSettings,
  type OpenFlights,
} from './open-flights.ts';
import { until } from './until.ts';

const { digest } = sampleKey();
const NOTHING = { fills: 0, followers: 0, followings: 0, watches: 0 };

let server: RedisServer;
let opened: OpenFlights[];

beforeEach(async () => {
  opened = [];
  server = await startRedis();
});

afterEach(async () => {
  await Promise.all(opened.map(({ close }) => close()));
  await server.stop();
});

function open(settings?: FlightSettings): OpenFlights {
  const flights = openFlights(server.url, settings);
  opened.push(flights);
  return flights;
}

function codesOf({ errors }: OpenFlights): string[] {
  return errors.map(({ code }) => code);
}

function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => (signal.aborted ? resolve(true) : signal.addEventListener('abort', resolve)));
}

/** Enters until Redis takes part again. */
async function leadAgain({ flights }: OpenFlights): Promise<void> {
  await until(async () => {
    const part = await flights.enter('again');
    if (part.role === 'leader') await part.fill.stored();
    return part.role === 'leader';
  });
}

describe('with Redis away from the start', () => {
  it('everybody runs alone, and it is told once', async () => {
    await server.kill();
    const process = open();
    const parts = await Promise.all(Array.from({ length: 50 }, () => process.flights.enter(digest)));
    expect(parts).toEqual(parts.map(() => ({ role: 'alone' })));
    expect(process.flights.counts).toEqual(NOTHING);
    expect(codesOf(process)).toEqual(['REDIS_FAILED']);
    await server.start();
    await leadAgain(process);
  });

  it('and standing still, everybody runs alone after one deadline, and nobody waits for the next one', async () => {
    let steps = 0;
    const count = async (): Promise<void> => void (steps += 1);
    const process = open({ timeoutMs: 300, leaseMs: 60_000, before: count });
    await leadAgain(process);
    server.pause();
    const parts = await Promise.all(Array.from({ length: 50 }, () => process.flights.enter(digest)));
    const stepsBefore = steps;
    expect(parts).toEqual(parts.map(() => ({ role: 'alone' })));
    expect(await process.flights.enter(digest)).toEqual({ role: 'alone' });
    expect(steps).toBe(stepsBefore);
    expect(codesOf(process)).toEqual(['REDIS_TIMEOUT']);
    server.resume();
    await leadAgain(process);
    // What was asked for and given up is not kept: no lease that nobody renews.
    await until(async () => (await heldLeases(server)).length === 0);
  });

  it('what could not be sent in time is not sent later', async () => {
    const connected = gate();
    const process = open({ timeoutMs: 50, before: () => connected.opened });
    await process.connection.connect();
    expect(await process.flights.enter(digest)).toEqual({ role: 'alone' });
    connected.open();
    await (await process.connection.client()).ping();
    expect(await server.cli('INFO', 'commandstats')).not.toContain('cmdstat_set:');
  });
});

describe('with Redis killed in the middle', () => {
  it('followers go on alone and the leader ends without it', async () => {
    const [first, second] = [open({ leaseMs: 300 }), open()];
    const fill = await lead(first, digest);
    const landings = [(await follow(second, digest)).landing, (await follow(second, digest)).landing];
    await server.kill();
    expect(await Promise.all(landings)).toEqual([{ kind: 'alone' }, { kind: 'alone' }]);
    expect(second.flights.counts).toEqual(NOTHING);
    await abortOf(fill.lost);
    expect(await fill.isOurs()).toBe(false);
    await fill.share(sampleEntry());
    expect(first.flights.counts).toEqual(NOTHING);
    expect(codesOf(first)).toEqual(['REDIS_FAILED']);
    await server.start();
    await leadAgain(first);
    await leadAgain(second);
  });

  it('a lease that must still hold is taken to be held', async () => {
    const fill = await lead(open(), digest);
    await server.kill();
    expect(await fill.isOurs()).toBe(true);
    await fill.stored();
  });

  it('live answers are cut, and the leader goes on for itself', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const live = new LiveStream({ status: 200, headers: [] }, 1 << 20);
    fill.live(live);
    live.push(Buffer.from('one'));
    const landed = await (await follow(second, digest)).landing;
    if (landed.kind !== 'live') throw new Error(`landed ${landed.kind}`);
    await server.kill();
    expect(await collect(landed.stream)).toMatchObject({ state: 'cut', chunks: ['one'] });
    live.push(Buffer.from('two'));
    live.end('complete');
    await fill.stored();
    expect([first.flights.counts, second.flights.counts]).toEqual([NOTHING, NOTHING]);
    expect(live.length).toBe(2);
  });

  it('flights are joined again as soon as it is back, over a new connection', async () => {
    const [first, second] = [open(), open()];
    await follow(second, await led(first));
    await server.kill();
    await until(() => second.flights.counts.followers === 0);
    await server.start();
    await leadAgain(first);
    await leadAgain(second);
    await until(async () => {
      const fill = await lead(first, 'joined again');
      const { landing } = await follow(second, 'joined again');
      await fill.stored();
      return (await landing).kind === 'stored';
    });
    expect(second.blocking.length).toBeGreaterThan(1);
  });
});

async function led(process: OpenFlights): Promise<string> {
  await lead(process, digest);
  return digest;
}

describe('with Redis standing still in the middle', () => {
  it('followers go on alone and the leader ends without it', async () => {
    const [first, second] = [open({ timeoutMs: 300 }), open({ timeoutMs: 300 })];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    server.pause();
    expect(await landing).toEqual({ kind: 'alone' });
    await fill.stored();
    expect([first.flights.counts, second.flights.counts]).toEqual([NOTHING, NOTHING]);
    expect([...codesOf(first), ...codesOf(second)]).toEqual(['REDIS_TIMEOUT', 'REDIS_FAILED']);
    server.resume();
    await leadAgain(first);
    await leadAgain(second);
  });

  it('closing takes no longer than its deadlines', async () => {
    const [first, second] = [open({ timeoutMs: 300 }), open({ timeoutMs: 300 })];
    await lead(first, digest);
    const { landing } = await follow(second, digest);
    server.pause();
    await Promise.all([first.flights.close(), second.flights.close()]);
    expect(await landing).toEqual({ kind: 'alone' });
    expect([first.flights.counts, second.flights.counts]).toEqual([NOTHING, NOTHING]);
    server.resume();
  });
});

describe('the connection that waits', () => {
  it('may be lost alone: its followers run alone, and the next ones wait again', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    const waiting = async (): Promise<string | undefined> =>
      /^id=(\d+).* cmd=xread /m.exec(await server.cli('CLIENT', 'LIST'))?.[1];
    await until(async () => (await waiting()) !== undefined);
    await server.cli('CLIENT', 'KILL', 'ID', (await waiting()) ?? '');
    expect(await landing).toEqual({ kind: 'alone' });
    expect(codesOf(second)).toEqual(['REDIS_FAILED']);
    await until(async () => {
      const next = await follow(second, digest);
      // Nothing is connected for a second; then it waits.
      const landed = await Promise.race([next.landing, until(() => second.blocking.at(-1)?.status === 'ready')]);
      next.leave();
      return landed === true;
    });
    await fill.stored();
  });

  it('that cannot be made lets followers run alone, and is tried again after a second', async () => {
    const clock = manualClock();
    const [first, second] = [open(), open({ canWait: false, clock })];
    const fill = await lead(first, digest);
    const run = async (): Promise<unknown> => (await follow(second, digest)).landing;
    expect(await Promise.all([run(), run()])).toEqual([{ kind: 'alone' }, { kind: 'alone' }]);
    expect(await run()).toEqual({ kind: 'alone' });
    expect(second.blockingAsked()).toBe(1);
    clock.advance(1_000);
    expect(await run()).toEqual({ kind: 'alone' });
    expect(second.blockingAsked()).toBe(2);
    expect(second.errors.map(({ message }) => message)).toEqual([expect.stringContaining('ENOENT')]);
    await fill.stored();
  });

  it('that was lost while nobody waited is made anew for the next one', async () => {
    const [first, second] = [open(), open()];
    const rounds = async (): Promise<unknown> => {
      const fill = await lead(first, digest);
      const { landing } = await follow(second, digest);
      await until(() => second.blocking.at(-1)?.status === 'ready');
      await fill.stored();
      return landing;
    };
    expect(await rounds()).toEqual({ kind: 'stored' });
    const clientId = await (second.blocking[0] as Redis).client('ID');
    await server.cli('CLIENT', 'KILL', 'ID', String(clientId));
    await until(() => second.blocking[0]?.status === 'end');
    expect(await rounds()).toEqual({ kind: 'stored' });
    expect(second.blocking).toHaveLength(2);
    expect(second.errors).toEqual([]);
  });

  it('needs no right to unblock', async () => {
    await server.cli('ACL', 'SETUSER', 'default', '-client|unblock');
    const [first, second] = [open(), open()];
    const digests = Array.from({ length: 10 }, (_, index) => sampleKey(String(index)).digest);
    const fills = await Promise.all(digests.map((key) => lead(first, key)));
    const landings: Promise<{ kind: string }>[] = [];
    // Each comes while the read for those before it is under way.
    await oneByOne(digests.length, async (index) => {
      landings.push((await follow(second, digests[index] ?? '')).landing);
    });
    await Promise.all(fills.map((fill) => fill.stored()));
    expect(await Promise.all(landings)).toEqual(landings.map(() => ({ kind: 'stored' })));
    expect(second.errors).toEqual([]);
  });

  it('gives a process no errors where Redis refuses scripts, only flights of its own', async () => {
    await server.cli('ACL', 'SETUSER', 'default', '-evalsha', '-eval');
    const process = open();
    expect(await process.flights.enter(digest)).toEqual({ role: 'alone' });
    expect(process.errors.map(({ message }) => message)).toEqual([expect.stringContaining('NOPERM')]);
  });
});

describe('with no memory left in Redis', () => {
  it('nothing new is led, but who leads still ends, and those who follow are told', async () => {
    const [first, second] = [open(), open()];
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    expect(await second.flights.enter('another')).toEqual({ role: 'alone' });
    await fill.stored();
    expect(await landing).toEqual({ kind: 'stored' });
    expect(await heldLeases(server)).toEqual([]);
    expect([...codesOf(first), ...codesOf(second)]).toEqual(['REDIS_FAILED']);
  });
});
