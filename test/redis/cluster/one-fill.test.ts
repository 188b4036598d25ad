import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SteeredProcess } from '../../support/steered-process.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { crowd, differentAnswers, keysIn, piecesIn, runsOf, startProcesses } from './crowd.ts';

const ROUNDS = 20;
const EACH = 200;

/** 12 000 requests from one process take their time. */
const LIMIT_MS = 120_000;

let redis: RedisServer;
let processes: SteeredProcess[];

beforeAll(async () => {
  redis = await startRedis();
  processes = await startProcesses(redis);
});

afterAll(() => redis.stop());

describe(`three processes that are asked ${EACH} times each at once for what none of them has`, () => {
  it.each(['whole', 'stream'])('run one handler for all, every time: %s', { timeout: LIMIT_MS }, async (path) => {
    await oneByOne(ROUNDS, async (round) => {
      const about = `${path} ${round}`;
      const all = processes.flatMap((process) => crowd(process, path, about, EACH));
      await Promise.all(processes.map((process) => process.told('arrived', about, EACH)));
      expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });
      for (const process of processes) process.go(about);
      expect((await differentAnswers(all)).map(piecesIn)).toEqual([40]);
      expect(await runsOf(processes, about)).toBe(1);
      expect(await keysIn(redis)).toMatchObject({ withoutExpiry: [] });
    });
  });

  it('end by themselves when they are closed, and leave nothing in Redis but answers that expire', async () => {
    expect(await Promise.all(processes.map((process) => process.close()))).toEqual([0, 0, 0]);
    expect(processes.map((process) => process.count('error', 'INTERNAL'))).toEqual([0, 0, 0]);
    const { withoutExpiry, longestMs } = await keysIn(redis);
    expect(withoutExpiry).toEqual([]);
    // How a flight ended stays for those who are slow to read it, for five seconds.
    expect(longestMs).toBeLessThanOrEqual(5_000);
  });
});
