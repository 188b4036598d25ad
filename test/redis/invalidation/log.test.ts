import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { RedisConnection } from '../../../src/tiers/redis-connection.ts';
import { RedisLog } from '../../../src/tiers/invalidation-redis-log.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry } from '../../support/sample-entry.ts';

let redis: RedisServer;
let raw: Redis;

beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.path);
});

beforeEach(() => raw.flushall());

afterAll(async () => {
  raw.disconnect();
  await redis.stop();
});

const KEY = 'ns:{ns}:log';

function openLog(maxItems = 20): RedisLog {
  const connection = new RedisConnection({ redis: redis.url, timeoutMs: 10_000, onError: () => undefined });
  onTestFinished(() => connection.close());
  return new RedisLog({
    connection,
    namespace: 'ns',
    maxItems,
    clock: systemClock,
    monotonic: () => performance.now(),
    onNews: () => undefined,
  });
}

function invalidate(log: RedisLog, collection: string): Promise<{ sequence: number }> {
  return log.append({ action: 'invalidate', selector: { collection: [collection] } }, 'nowhere/1');
}

function usable(log: RedisLog, collection: string, sequence: number): boolean {
  const { epoch } = log.position();
  return log.judge(sampleEntry({ labels: { collection }, position: { epoch, sequence } })) !== undefined;
}

it('is one sorted set: a floor, items, and the end', async () => {
  const log = openLog();
  await log.open();
  await invalidate(log, 'docs');
  await invalidate(log, 'news');
  await invalidate(log, 'docs');
  const { epoch } = log.position();
  expect(await raw.zrange(KEY, '0', '-1', 'WITHSCORES')).toEqual([
    '!',
    '0',
    '{"action":"invalidate","collection":["news"]}',
    '2',
    '{"action":"invalidate","collection":["docs"]}',
    '3',
    `~${epoch}`,
    '3',
  ]);
  expect(log.position()).toMatchObject({ epoch, sequence: 3 });
});

it('lives for thirty days from the last time that it was opened or written to', async () => {
  const log = openLog();
  await log.open();
  const monthMs = 30 * 86_400_000;
  expect(await raw.pttl(KEY)).toBeGreaterThan(monthMs - 60_000);
  for (const use of [() => log.open(), () => invalidate(log, 'docs')]) {
    // oxlint-disable-next-line no-await-in-loop
    await raw.pexpire(KEY, 5_000);
    // oxlint-disable-next-line no-await-in-loop
    await use();
    // oxlint-disable-next-line no-await-in-loop
    expect(await raw.pttl(KEY)).toBeGreaterThan(monthMs - 60_000);
  }
});

it('forgets its oldest items beyond their number, in Redis and wherever it is read', async () => {
  const [writer, reader] = [openLog(), openLog()];
  await reader.open();
  for (let index = 1; index <= 45; index += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await invalidate(writer, `c${index}`);
  }
  const size = (await raw.zcard(KEY)) - 2;
  expect([size >= 15, size <= 20]).toEqual([true, true]);
  const floor = Number(await raw.zscore(KEY, '!'));
  expect(floor).toBe(45 - size);
  await reader.open();
  for (const log of [writer, reader, openLog()]) {
    // oxlint-disable-next-line no-await-in-loop
    await log.open();
    expect([usable(log, 'other', floor - 1), usable(log, 'other', floor)]).toEqual([false, true]);
    expect([usable(log, 'c45', 44), usable(log, 'c45', 45)]).toEqual([false, true]);
  }
});

it('takes in what it hears in its order, and asks where something is missing', async () => {
  const [writer, reader] = [openLog(), openLog()];
  await Promise.all([writer.open(), reader.open()]);
  const { epoch } = reader.position();
  const item = (name: string): string => `{"action":"invalidate","collection":["${name}"]}`;
  await invalidate(writer, 'a');
  expect(await reader.receive({ epoch, sequence: 1 }, 0, item('a'))).toBe(true);
  await invalidate(writer, 'b');
  await invalidate(writer, 'c');
  expect(await reader.receive({ epoch, sequence: 3 }, 0, item('c'))).toBe(true);
  expect([usable(reader, 'b', 1), usable(reader, 'b', 2)]).toEqual([false, true]);
  // Late, or twice.
  expect(await reader.receive({ epoch, sequence: 2 }, 0, item('b'))).toBe(true);
  expect(reader.position().sequence).toBe(3);
});

it('does not believe news of a log that is not there', async () => {
  const reader = openLog();
  await reader.open();
  expect(await reader.receive({ epoch: 'another', sequence: 1 }, 0, '{"action":"invalidate"}')).toBe(false);
  expect(await reader.receive({ epoch: reader.position().epoch, sequence: 9 }, 0, '{"action":"forget"}')).toBe(false);
});

it('is opened once by many at the same time, and read while others write', async () => {
  const logs = Array.from({ length: 5 }, () => openLog(10_000));
  await Promise.all(logs.map((log) => log.open()));
  expect(new Set(logs.map((log) => log.position().epoch)).size).toBe(1);
  await Promise.all(
    logs.flatMap((log, member) => Array.from({ length: 100 }, (_, index) => invalidate(log, `${member} ${index}`))),
  );
  await Promise.all(logs.map((log) => log.open()));
  expect(logs.map((log) => log.position().sequence)).toEqual([500, 500, 500, 500, 500]);
  for (const log of logs) {
    expect(logs.map((_, member) => usable(log, `${member} 99`, 0))).toEqual([false, false, false, false, false]);
  }
});

it('is not taken from another key of this name', async () => {
  await raw.set(KEY, 'mine');
  await expect(openLog().open()).rejects.toThrow('WRONGTYPE');
  await raw.del(KEY);
  await raw.zadd(KEY, '1', 'mine');
  await expect(openLog().open()).rejects.toMatchObject({ code: 'REDIS_REPLY_MISMATCH' });
});
