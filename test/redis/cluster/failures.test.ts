import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import type { SteeredProcess } from '../../support/steered-process.ts';
import { until } from '../flight/until.ts';
import {
  allBegun,
  crowd,
  differentAnswers,
  keysIn,
  LOST,
  piecesIn,
  runsOf,
  startProcesses,
  type Got,
} from './crowd.ts';

const EACH = 200;

/** The lease of a leader that is gone ends within ten seconds, and all of it takes its time on a slow machine. */
const timeout = 60_000;

/** Answers that everybody has begun to read when they are held, and answers that nobody has. */
const BEGUN = ['half', 'stream'];
const NOT_BEGUN = ['whole', 'head'];
const ALL = [...BEGUN, ...NOT_BEGUN];

let redis: RedisServer;
let processes: SteeredProcess[];

beforeEach(async () => {
  redis = await startRedis();
  processes = await startProcesses(redis);
});

afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await redis.stop();
});

/** Who asked the leader's process, and who asked elsewhere. */
interface Flight {
  readonly here: readonly Got[];
  readonly elsewhere: readonly Got[];
}

/** The first process leads and is held half way; then all the others ask. */
async function inFlight(path: string): Promise<Flight> {
  const [leader, ...others] = processes as [SteeredProcess, ...SteeredProcess[]];
  const first = crowd(leader, path, path, 1);
  await leader.told('held', path);
  const here = [...first, ...crowd(leader, path, path, EACH - 1)];
  const elsewhere = others.flatMap((process) => crowd(process, path, path, EACH));
  await Promise.all(processes.map((process) => process.told('arrived', path, EACH)));
  if (BEGUN.includes(path)) await allBegun([...here, ...elsewhere]);
  expect(await runsOf(processes, path)).toBe(1);
  return { here, elsewhere };
}

async function inFlightEach(paths: readonly string[]): Promise<Flight[]> {
  const flights: Flight[] = [];
  await oneByOne(paths.length, async (index) => flights.push(await inFlight(paths[index] ?? '')));
  return flights;
}

/** The different answers of each crowd. */
function answersOf(crowds: readonly (readonly Got[])[]): Promise<string[][]> {
  return Promise.all(crowds.map((each) => differentAnswers(each)));
}

const here = (flights: readonly Flight[]): Promise<string[][]> => answersOf(flights.map((flight) => flight.here));
const elsewhere = (flights: readonly Flight[]): Promise<string[][]> =>
  answersOf(flights.map((flight) => flight.elsewhere));

/** How many pieces each of the different answers has: 40 if it is whole. */
const pieces = (answers: string[][]): number[][] => answers.map((different) => different.map(piecesIn));

const runs = (paths: readonly string[]): Promise<number[]> => Promise.all(paths.map((path) => runsOf(processes, path)));

function letGo(paths: readonly string[]): void {
  for (const path of paths) for (const process of processes) process.go(path);
}

describe('three processes that are asked 200 times each', () => {
  it('answer all but those who had begun to read when the leader is killed half way', { timeout }, async () => {
    const begun = await inFlightEach(BEGUN);
    const notBegun = await inFlightEach(NOT_BEGUN);
    expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });
    const [leader, ...others] = processes as [SteeredProcess, ...SteeredProcess[]];
    await leader.kill();
    letGo(ALL);

    expect(await here([...begun, ...notBegun])).toEqual(ALL.map(() => [LOST]));
    expect(await elsewhere(begun)).toEqual([[LOST], [LOST]]);
    expect(pieces(await elsewhere(notBegun))).toEqual([[40], [40]]);
    expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });

    // Whoever asks again gets an answer too, and none is made a third time.
    const again = ALL.map((path) => others.flatMap((process) => crowd(process, path, path, EACH)));
    expect(pieces(await answersOf(again))).toEqual(ALL.map(() => [40]));
    expect(await runs(ALL)).toEqual([2, 2, 2, 2]);
    expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });
    expect(await Promise.all(others.map((process) => process.close()))).toEqual([0, 0]);
  });

  it('make one answer each when Redis is killed half way, and one for all when it is back', { timeout }, async () => {
    const begun = await inFlightEach(BEGUN);
    const notBegun = await inFlightEach(NOT_BEGUN);
    await redis.kill();
    letGo(ALL);

    expect(pieces(await here([...begun, ...notBegun]))).toEqual(ALL.map(() => [40]));
    expect(await elsewhere(begun)).toEqual([[LOST], [LOST]]);
    expect(pieces(await elsewhere(notBegun))).toEqual([
      [40, 40],
      [40, 40],
    ]);
    expect(await runs(ALL)).toEqual([1, 1, 3, 3]);

    letGo(['without Redis']);
    const all = processes.flatMap((process) => crowd(process, 'whole', 'without Redis', EACH));
    expect(pieces(await answersOf([all]))).toEqual([[40, 40, 40]]);
    expect(await runs(['without Redis'])).toEqual([3]);

    await redis.start();
    let attempt = 0;
    await until(async () => {
      attempt += 1;
      return (await runsForAll(`back ${attempt}`)) === 1;
    });
    expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });
    expect(await Promise.all(processes.map((process) => process.close()))).toEqual([0, 0, 0]);
  });
});

/** How often handlers run for something that all processes are asked at once. */
async function runsForAll(about: string): Promise<number> {
  letGo([about]);
  await differentAnswers(processes.flatMap((process) => crowd(process, 'whole', about, 3)));
  return runsOf(processes, about);
}
