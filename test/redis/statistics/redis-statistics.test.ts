import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisStatistics } from '../../../src/tiers/redis-statistics.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const SEED = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.path);
});

beforeEach(() => client.flushall());

afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

/** What one process has: its part of the statistics. */
function open(maxSeries = 1_000): RedisStatistics {
  const connection = { client: () => Promise.resolve(client), reconnect: () => undefined };
  return new RedisStatistics({ connection, namespace: 'ns', timeoutMs: 10_000, maxSeries, otherSeries: 'other' });
}

const totals = (entries: Record<string, readonly number[]>) => new Map(Object.entries(entries));

async function read(statistics: RedisStatistics = open()): Promise<Record<string, readonly number[]>> {
  return Object.fromEntries(await statistics.read());
}

/** All processes have been silent for so long. */
async function fallSilent(ms = 2 * HOUR_MS): Promise<void> {
  const writers = await client.zrange('ns:{ns}:stats:writers', '0', '-1');
  await Promise.all(writers.map((id) => client.zincrby('ns:{ns}:stats:writers', -ms, id)));
}

const live = (): Promise<number> => client.zcard('ns:{ns}:stats:writers');

describe('statistics in Redis', () => {
  it('are none before anybody has written', async () => {
    expect(await read()).toEqual({});
  });

  it('add up what the processes have written last', async () => {
    const [one, two] = [open(), open()];
    await one.write(totals({ a: [1, 2], b: [1, 0.1] }), true);
    await one.write(totals({ a: [3, 2] }), false);
    await two.write(totals({ a: [10, 0], c: [5] }), true);
    expect(await read()).toEqual({ a: [13, 2], b: [1, 0.1], c: [5] });
  });

  it('keep what a process has written when it ends, and take nothing of it any more', async () => {
    const one = open();
    await one.write(totals({ a: [3, 0.1] }), true);
    await one.close();
    await one.close();
    await one.write(totals({ a: [9, 9] }), true);
    expect([await read(), await live()]).toEqual([{ a: [3, 0.1] }, 0]);
    const [id = ''] = await client.keys('ns:{ns}:stats:w:*');
    expect(Math.ceil((await client.pttl(id)) / HOUR_MS)).toBe(1);
  });

  it('go when nobody has written to them for ninety days, and not before', async () => {
    const one = open();
    await one.write(totals({ a: [1] }), true);
    await one.close();
    const two = open();
    await two.write(totals({ a: [1] }), true);
    const keys = ['ns:{ns}:stats', 'ns:{ns}:stats:writers'];
    const leftDays = async () => Promise.all(keys.map(async (key) => Math.ceil((await client.pttl(key)) / DAY_MS)));
    expect(await leftDays()).toEqual([90, 90]);
    await Promise.all(keys.map((key) => client.pexpire(key, DAY_MS)));
    await two.write(totals({}), false);
    expect(await leftDays()).toEqual([90, 90]);
    await client.pexpire(keys[0] ?? '', DAY_MS);
    await two.close();
    expect((await leftDays())[0]).toBe(90);
  });

  it('are as exact as the numbers', async () => {
    const some = [0.1, 0.2, 1e-7, 123_456_789.123_456_78, 2 ** 53 - 1];
    const [one, two] = [open(), open()];
    await one.write(totals({ a: some }), true);
    await one.close();
    await two.write(totals({ a: some.toReversed() }), true);
    await two.close();
    expect(await read()).toEqual({ a: some.map((number, at) => number + (some.at(-1 - at) as number)) });
  });

  it('fold a process that has been silent for an hour, and no other', async () => {
    const [one, two, three] = [open(), open(), open()];
    await one.write(totals({ a: [1] }), true);
    await fallSilent();
    await two.write(totals({ a: [10] }), true);
    expect([await live(), await read()]).toEqual([1, { a: [11] }]);
    await fallSilent(HOUR_MS / 2);
    await three.write(totals({ a: [100] }), true);
    expect([await live(), await read()]).toEqual([2, { a: [111] }]);
  });

  it('take a process that is heard again out of the totals, so that it counts once', async () => {
    const [one, two] = [open(), open()];
    await one.write(totals({ a: [1], b: [0.5] }), true);
    await fallSilent();
    await two.write(totals({ a: [10] }), true);
    await one.write(totals({ a: [2] }), false);
    expect([await live(), await read()]).toEqual([2, { a: [12], b: [0.5] }]);
    const hashes = await client.keys('ns:{ns}:stats:w:*');
    // Neither goes before statistics do that nobody writes to any more.
    const leftMs = await Promise.all(hashes.map((key) => client.pttl(key)));
    expect(leftMs.filter((ms) => ms > 80 * DAY_MS)).toHaveLength(2);
    await one.close();
    expect(await read()).toEqual({ a: [12], b: [0.5] });
  });

  it('end a process that was folded without counting it twice', async () => {
    const [one, two] = [open(), open()];
    await one.write(totals({ a: [1] }), true);
    await fallSilent();
    await two.write(totals({ a: [10] }), true);
    await one.close();
    expect(await read()).toEqual({ a: [11] });
  });

  it('ask for everything where Redis has lost what was written', async () => {
    const one = open();
    await one.write(totals({ a: [1], b: [2] }), true);
    await client.flushall();
    expect(await one.write(totals({ a: [3] }), false)).toBe('whole');
    expect(await read()).toEqual({});
    expect(await one.write(totals({ a: [3], b: [2] }), true)).toBe('written');
    expect(await read()).toEqual({ a: [3], b: [2] });
  });

  it('ask for everything where an older state of Redis came back, as after a restart', async () => {
    const [one, two] = [open(), open()];
    await one.write(totals({ a: [1], b: [2] }), true);
    const [id = ''] = await client.keys('ns:{ns}:stats:w:*');
    const older = await client.dumpBuffer(id);
    await one.write(totals({ a: [5] }), false);
    await two.write(totals({ a: [10] }), true);
    await client.restore(id, 0, older, 'REPLACE');
    expect(await one.write(totals({ b: [3] }), false)).toBe('whole');
    expect(await one.write(totals({ a: [5], b: [3] }), true)).toBe('written');
    expect(await two.write(totals({ a: [11] }), false)).toBe('written');
    expect(await read()).toEqual({ a: [16], b: [3] });
  });

  it('do not go back to what a late write says', async () => {
    const one = open();
    await one.write(totals({ a: [1] }), true);
    const [id = ''] = await client.keys('ns:{ns}:stats:w:*');
    await client.hset(id, '#seq', 7);
    expect(await one.write(totals({ a: [2] }), false)).toBe('written');
    expect(await read()).toEqual({ a: [1] });
  });

  it('hold so many series at the most, and add the others up in one', async () => {
    const [one, two] = [open(2), open(2)];
    await one.write(totals({ a: [1], b: [2] }), true);
    await one.close();
    await two.write(totals({ b: [10], c: [20], d: [30] }), true);
    expect(await read(open(2))).toEqual({ a: [1], b: [12], other: [50] });
    await two.close();
    expect(await read(open(2))).toEqual({ a: [1], b: [12], other: [50] });
    expect(await client.hlen('ns:{ns}:stats')).toBe(3);
  });

  it('add up series of a release that counts more', async () => {
    const [one, two, three] = [open(), open(), open()];
    await one.write(totals({ a: [1, 2, 3] }), true);
    await two.write(totals({ a: [10, 20] }), true);
    await three.write(totals({ a: [100, 200] }), true);
    expect(await read()).toEqual({ a: [111, 222, 3] });
    await Promise.all([one.close(), two.close(), three.close()]);
    expect(await read()).toEqual({ a: [111, 222, 3] });
  });

  it('reject, and drop the connection, where a reply is not theirs', async () => {
    let dropped = 0;
    const other = { eval: () => Promise.resolve(['PONG']), zrange: () => Promise.resolve('PONG') };
    const connection = { client: () => Promise.resolve(other as never), reconnect: () => void (dropped += 1) };
    const options = { connection, namespace: 'ns', timeoutMs: 10_000, maxSeries: 10, otherSeries: 'other' };
    const statistics = new RedisStatistics(options);
    await expect(statistics.write(totals({}), true)).rejects.toMatchObject({ code: 'REDIS_REPLY_MISMATCH' });
    await expect(statistics.read()).rejects.toMatchObject({ code: 'REDIS_REPLY_MISMATCH' });
    expect(dropped).toBe(2);
  });

  it('say what they are, not what they hold, where Redis refuses', async () => {
    await client.set('ns:{ns}:stats:writers', 'of somebody else');
    const error = await open()
      .write(totals({ 'a secret name': [1] }), true)
      .catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'REDIS_FAILED', status: 503 });
    expect(String(error)).toContain('WRONGTYPE');
    expect(String(error)).not.toContain('secret');
  });
});

type Step =
  | {
      readonly what: 'count';
      readonly who: number;
      readonly by: number;
      readonly arrives: 'once' | 'twice' | 'unheard';
    }
  | { readonly what: 'silence' | 'close' | 'crash'; readonly who: number };

const who = fc.nat({ max: 2 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('count' as const),
      who,
      by: fc.integer({ min: 1, max: 9 }),
      arrives: fc.constantFrom('once', 'twice', 'unheard'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('silence', 'close', 'crash'), who }) },
);

it('whatever processes do, what they have written counts once', { timeout: 60_000 }, async () => {
  process.stdout.write(`redis-statistics.test.ts: FC_SEED=${SEED}\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await client.flushall();
      const processes = [0, 1, 2].map(() => ({ statistics: open(), sum: 0, isKnown: false }));
      let expected = 0;
      for (const { who: place, ...doing } of steps) {
        const one = processes[place] as (typeof processes)[number];
        /* oxlint-disable no-await-in-loop -- one step after the other */
        if (doing.what === 'count') {
          one.sum += doing.by;
          expected += doing.by;
          const sent = totals({ a: [one.sum] });
          await one.statistics.write(sent, !one.isKnown);
          // Sent again, as after a time-out, whether or not the first has arrived.
          if (doing.arrives === 'twice') await one.statistics.write(sent, !one.isKnown);
          one.isKnown = doing.arrives !== 'unheard';
        } else if (doing.what === 'silence') {
          await fallSilent();
        } else {
          if (doing.what === 'close') await one.statistics.close();
          processes[place] = { statistics: open(), sum: 0, isKnown: false };
        }
        const { a: [counted = 0] = [] } = await read();
        expect(counted).toBe(expected);
        /* oxlint-enable no-await-in-loop */
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});
