import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startMonitor, type RedisMonitor } from '../../support/redis-monitor.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { docs, openCache } from './open-cache.ts';

const ASKED = docs('What is a cache?');

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

/** The commands that came while no reply went back: those of one round trip. Commands that scripts ran are left out. */
async function sentAtOnce(monitor: RedisMonitor, last: string): Promise<string[]> {
  let names: string[] = [];
  await expect
    .poll(async () => {
      names = (await monitor.commands()).map(([name = '']) => name.toLowerCase());
      return names;
    })
    .toContain(last);
  return names;
}

it('a read takes one: the entry and the head of the log', async () => {
  const proxy = await startProxy(redis);
  const { cache, read } = openCache({ redis: proxy.url, memory: false });
  await cache.set(ASKED, 'answer');
  const monitor = await startMonitor(redis);
  proxy.hold('replies');
  const reading = read(ASKED);
  expect(await sentAtOnce(monitor, 'zrange')).toEqual(['get', 'zrange']);
  proxy.release();
  expect(await reading).toBe('answer from redis');
  expect(await monitor.commands()).toHaveLength(2);
});

it('a write takes one: the entry and its indexes', async () => {
  const proxy = await startProxy(redis);
  const { cache, read } = openCache({ redis: proxy.url, memory: false });
  await cache.connect();
  const monitor = await startMonitor(redis);
  proxy.hold('replies');
  const writing = cache.set(ASKED, 'answer');
  expect((await sentAtOnce(monitor, 'eval')).slice(0, 2)).toEqual(['set', 'eval']);
  proxy.release();
  expect(await writing).toEqual({ stored: true });
  expect(await read(ASKED)).toBe('answer from redis');
});

it('a process that has just started learns the log with its first read', async () => {
  const first = openCache({ redis: redis.url });
  for (let index = 0; index < 30; index += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await first.cache.invalidate({ tag: `t${index}` });
  }
  await first.cache.set(ASKED, 'answer', { tags: ['t7'] });
  const second = openCache({ redis: redis.url });
  expect(await second.read(ASKED)).toBe('answer from redis');
  await expect.poll(() => second.read(ASKED)).toBe('answer from memory');
  await second.cache.invalidate({ tag: 't7' });
  expect([await first.read(ASKED), await second.read(ASKED)]).toEqual([undefined, undefined]);
});

it('a process that knows an old place reads on from there, however much was logged since', async () => {
  const reader = openCache({ redis: redis.url, memory: false });
  expect(await reader.read(ASKED)).toBeUndefined();
  const writer = openCache({ redis: redis.url });
  await writer.cache.set(ASKED, 'kept', { tags: ['kept'] });
  for (const count of [3, 1_500]) {
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(
      Array.from({ length: count }, (_, index) => writer.cache.invalidate({ tag: `${count} ${index}` })),
    );
    // oxlint-disable-next-line no-await-in-loop
    expect(await reader.read(ASKED)).toBe('kept from redis');
  }
  await writer.cache.expire({ tag: 'kept' });
  expect(await reader.read(ASKED)).toBeUndefined();
});
