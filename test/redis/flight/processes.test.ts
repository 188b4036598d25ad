import { Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleKey } from '../../support/sample-entry.ts';
import { FlightProcess } from './flight-process.ts';
import { heldLeases, type FlightSettings } from './open-flights.ts';
import { until } from './until.ts';

const NOTHING = { fills: 0, followers: 0, followings: 0, watches: 0 };
const CROWD = 67;

let server: RedisServer;
let processes: FlightProcess[] = [];

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

beforeEach(() => server.cli('FLUSHALL'));

afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
});

async function start(settings?: FlightSettings): Promise<FlightProcess[]> {
  processes = Array.from({ length: 3 }, () => new FlightProcess(server.url, settings));
  await Promise.all(processes.map(({ ready }) => ready));
  return processes;
}

/** All of them enter, each often, at once. Returns the one that leads and the others. */
async function enterAll(digest: string): Promise<{ leader: FlightProcess; others: FlightProcess[] }> {
  const before = processes.map(({ leads }) => leads.length);
  const roles = await Promise.all(processes.map((process) => process.crowd(digest, CROWD)));
  expect(roles.reduce((sum, role) => sum + role.leader, 0)).toBe(1);
  expect(roles.map(({ alone }) => alone)).toEqual([0, 0, 0]);
  const leader = processes.find((_, index) => roles[index]?.leader === 1) as FlightProcess;
  await until(() => leader.leads.length > (before[processes.indexOf(leader)] ?? 0));
  return { leader, others: processes.filter((process) => process !== leader) };
}

/** How often everything came out in which way, over some processes. */
async function tally(some: readonly FlightProcess[]): Promise<Record<string, number>> {
  const outcomes = (await Promise.all(some.map((process) => process.outcomes()))).flat();
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function liveOutcome(chunks: readonly string[], state = 'complete'): string {
  return `live ${state} ${createHash('sha256').update(JSON.stringify(chunks)).digest('hex')}`;
}

function chunksOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `data: ${'x'.repeat(index % 97)} ${index}\n\n`);
}

interface Shared {
  /** What every follower gets, and how many there are. */
  readonly outcome: string;
  readonly followers: number;
}

async function shareStored(leader: FlightProcess): Promise<Shared> {
  await leader.call({ do: 'stored' });
  return { outcome: 'stored', followers: 3 * CROWD - 1 };
}

async function shareAnswer(leader: FlightProcess, round: number): Promise<Shared> {
  await leader.call({ do: 'share', name: `round ${round}`, body: `the ${round}th` });
  return { outcome: `answer the ${round}th`, followers: 3 * CROWD - 1 };
}

/** More join while it runs. */
async function shareLive(leader: FlightProcess, round: number): Promise<Shared> {
  const { digest } = sampleKey(`round ${round}`);
  const chunks = chunksOf(300);
  await leader.call({ do: 'live' });
  await leader.call({ do: 'push', chunks: chunks.slice(0, 100) });
  await Promise.all(processes.map((process) => process.crowd(digest, 3)));
  await leader.call({ do: 'push', chunks: chunks.slice(100, 200) });
  await Promise.all(processes.map((process) => process.crowd(digest, 3)));
  await leader.call({ do: 'push', chunks: chunks.slice(200) });
  await leader.call({ do: 'complete' });
  await leader.call({ do: 'stored' });
  return { outcome: liveOutcome(chunks), followers: 3 * CROWD + 18 - 1 };
}

async function expectNothingLeft(): Promise<void> {
  const isQuiet = async (process: FlightProcess): Promise<boolean> =>
    JSON.stringify(await process.call({ do: 'counts' })) === JSON.stringify(NOTHING);
  await Promise.all(processes.map((process) => until(() => isQuiet(process))));
  expect(await heldLeases(server)).toEqual([]);
}

/** Looks all the time for a key that would stay for ever. Returns a function that stops and tells what was found. */
function watchExpiries(): () => Promise<string[]> {
  const script =
    "local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('PTTL', key) == -1 then table.insert(found, key) end end return found";
  const client = new Redis(server.path);
  const found: string[] = [];
  let stopped = false;
  const look = async (): Promise<void> => {
    found.push(...((await client.eval(script, 0)) as string[]));
    await new Promise((resolve) => setTimeout(resolve, 2));
    return stopped ? undefined : look();
  };
  const looking = look();
  return async () => {
    stopped = true;
    await looking;
    client.disconnect();
    return found;
  };
}

describe('three processes', () => {
  it('run one fill a key, 20 times out of 20, and share it in every way', { timeout: 120_000 }, async () => {
    await start();
    const stopWatching = watchExpiries();
    await oneByOne(20, async (round) => {
      const { digest } = sampleKey(`round ${round}`);
      const { leader } = await enterAll(digest);
      const share = [shareStored, shareAnswer, shareLive][round % 3] as typeof shareLive;
      const { outcome, followers } = await share(leader, round);
      expect(await tally(processes)).toEqual({ led: 1, [outcome]: followers });
    });
    expect(await stopWatching()).toEqual([]);
    await expectNothingLeft();
  });

  it('have one new leader within the lease when theirs is killed before it had an answer', async () => {
    await start({ leaseMs: 2_500 });
    const { digest } = sampleKey('killed');
    const { leader, others } = await enterAll(digest);
    await leader.kill();
    await until(() => others.some(({ leads }) => leads.length > 0));
    const next = others.find(({ leads }) => leads.length > 0);
    expect(next?.leads).toEqual([1]);
    await next?.call({ do: 'stored' });
    expect(await tally(others)).toEqual({ led: 1, stored: 2 * CROWD - 1 });
    expect(others.flatMap(({ leads }) => leads)).toHaveLength(1);
    processes = others;
    await expectNothingLeft();
  });

  it('cut what they have begun to send when their leader is killed half way', async () => {
    await start({ leaseMs: 2_500 });
    const { digest } = sampleKey('half way');
    const { leader, others } = await enterAll(digest);
    const chunks = chunksOf(50);
    await leader.call({ do: 'live' });
    await leader.call({ do: 'push', chunks });
    const followers = 2 * CROWD;
    await until(async () => {
      const counts = (await Promise.all(others.map((process) => process.call({ do: 'counts' })))) as (typeof NOTHING)[];
      return counts.every((count) => count.followers === 0);
    });
    // All of them have the live stream by now; whether all of its chunks is up to the moment of the kill.
    await leader.kill();
    const outcomes = (await Promise.all(others.map((process) => process.outcomes()))).flat();
    expect(outcomes).toHaveLength(followers);
    expect(outcomes.every((outcome) => outcome.startsWith('live cut '))).toBe(true);
    processes = others;
    await expectNothingLeft();
  });

  it('go on with a new leader while theirs stands still, and it knows when it wakes up', async () => {
    await start({ leaseMs: 2_500 });
    const { digest } = sampleKey('stopped');
    const { leader, others } = await enterAll(digest);
    leader.signal('SIGSTOP');
    await until(() => others.some(({ leads }) => leads.length > 0));
    const isOurs = leader.call({ do: 'isOurs' });
    leader.signal('SIGCONT');
    expect(await isOurs).toBe(false);
    await leader.lost;
    await leader.call({ do: 'stored' });
    const next = others.find(({ leads }) => leads.length > 0);
    expect(await next?.call({ do: 'isOurs' })).toBe(true);
    await next?.call({ do: 'stored' });
    // Those who waited in the process that stood still are told as all others are.
    expect(await tally(processes)).toEqual({ led: 2, stored: 3 * CROWD - 2 });
    await expectNothingLeft();
  });

  it('have one new leader after a failure, and after the second nobody else tries', async () => {
    await start();
    const { digest } = sampleKey('failing');
    const { leader } = await enterAll(digest);
    await leader.call({ do: 'fail' });
    await until(() => processes.flatMap(({ leads }) => leads).length === 2);
    const next = processes.find(({ leads }) => leads.includes(1));
    // Some of the others follow it by now; those who ask only when it has failed are told what came of it.
    await next?.call({ do: 'fail' });
    expect(await tally(processes)).toEqual({ led: 2, failed: 3 * CROWD - 2 });
    await expectNothingLeft();
  });
});
