import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIRequest } from '../../../src/index.ts';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { errorOf, openCache } from '../invalidation/open-cache.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const prices = { 'gpt-*': { inputUsdPerMillion: 1, outputUsdPerMillion: 2 } };

const request = (text: string, more: Partial<AIRequest> = {}): AIRequest => ({
  provider: 'openai',
  model: 'gpt-x',
  text,
  ...more,
});

const answer = {
  object: 'chat.completion',
  choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } }],
  usage: { prompt_tokens: 1_000, completion_tokens: 500 },
};

/** Hits and misses in all processes, as `cache` sees them. */
async function countsOf(cache: AIResponseCache): Promise<[hits: number, misses: number]> {
  const { hits, misses } = await cache.stats({ across: 'cluster' });
  return [hits, misses];
}

/** Only intervals are the test's, so that it need not wait for them. */
function holdIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
}

const statisticsCommands = (commands: readonly string[][]): string[] =>
  commands.filter((args) => args.some((arg) => arg.includes(':stats'))).map(([name = '']) => name.toLowerCase());

describe('statistics of all processes', () => {
  it('are the sums of what each has counted, savings among them', async () => {
    const [one, two] = [
      openCache({ redis: redis.url, prices }),
      openCache({ redis: redis.url, prices, memory: false }),
    ];
    await one.cache.set(request('a'), answer);
    await one.cache.getMany([request('a'), request('a'), request('b'), request('c', { model: 'gpt-y' })]);
    await two.cache.getMany([request('a'), request('d')]);
    const saved = { usd: 0.002, inputTokens: 1_000, outputTokens: 500, unknown: 0 };
    expect(two.cache.stats()).toMatchObject({ hits: 1, misses: 1, saved });
    await one.cache.stats({ across: 'cluster' });
    const all = await two.cache.stats({ across: 'cluster' });
    expect(all).toMatchObject({
      hits: 3,
      misses: 3,
      stale: 0,
      coalesced: 0,
      bypassed: 0,
      errors: 0,
      hitRatio: 0.5,
      saved: { usd: expect.closeTo(0.006) as number, inputTokens: 3_000, outputTokens: 1_500, unknown: 0 },
      byModel: [
        { provider: 'openai', model: 'gpt-x', hits: 3, misses: 2 },
        { provider: 'openai', model: 'gpt-y', hits: 0, misses: 1 },
      ],
    });
    const none = await two.cache.stats({ across: 'cluster', provider: 'anthropic' });
    expect([none.hits, none.byModel]).toEqual([0, []]);
    expect(await two.cache.stats({ across: 'cluster', model: 'gpt-y' })).toMatchObject({ hits: 0, misses: 1 });
  });

  it('are those of one namespace, of all its versions', async () => {
    const open = (namespace: string, version: number) => openCache({ redis: redis.url, namespace, version }).cache;
    const [one, two, other] = [open('a', 1), open('a', 2), open('b', 1)];
    await Promise.all([one, two, other].map((cache) => cache.get(request('a'))));
    await Promise.all([one, two, other].map((cache) => cache.stats({ across: 'cluster' })));
    expect([await countsOf(one), await countsOf(other)]).toEqual([
      [0, 2],
      [0, 1],
    ]);
  });

  it('outlive a process that closes its cache, to the last request', async () => {
    const [one, two] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
    await one.cache.getMany(Array.from({ length: 50 }, (_, index) => request(String(index))));
    await one.cache.close();
    expect(await countsOf(two.cache)).toEqual([0, 50]);
    expect([one.errors, two.errors].flat().filter(({ code }) => code !== 'UNKNOWN_MODEL')).toEqual([]);
  });

  it('stay when the cache is cleared', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.set(request('a'), 'a');
    await cache.get(request('a'));
    expect(await cache.clear()).toEqual({ removed: 1 });
    expect(await countsOf(cache)).toEqual([1, 0]);
  });

  it('are written every few seconds in one command, and not by requests', async () => {
    holdIntervals();
    const [one, two] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
    await Promise.all([one, two].map(({ cache }) => cache.connect()));
    const monitor = await startMonitor(redis);
    for (let left = 20; left > 0; left -= 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await one.cache.get(request('a', { model: `gpt-${left}` }));
    }
    expect(statisticsCommands(await monitor.commands())).toEqual([]);
    vi.advanceTimersByTime(5_000);
    await expect.poll(async () => statisticsCommands(await monitor.commands())).toContain('zadd');
    const seen = statisticsCommands(await monitor.commands());
    expect(seen.filter((name) => name === 'eval')).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(statisticsCommands(await monitor.commands())).toEqual(seen);
    expect(await countsOf(two.cache)).toEqual([0, 20]);
    const names = new Set((await monitor.commands()).map(([name = '']) => name.toLowerCase()));
    for (const name of ['keys', 'scan', 'hscan', 'flushall', 'flushdb']) expect(names).not.toContain(name);
  });

  it('are written now and then by a process that counts nothing, so that it is known to run', async () => {
    holdIntervals();
    const { cache } = openCache({ redis: redis.url });
    await cache.get(request('a'));
    await cache.stats({ across: 'cluster' });
    const monitor = await startMonitor(redis);
    vi.advanceTimersByTime(595_000);
    expect(statisticsCommands(await monitor.commands())).toEqual([]);
    vi.advanceTimersByTime(5_000);
    await expect.poll(async () => statisticsCommands(await monitor.commands())).toContain('zadd');
  });

  it('lose nothing and count nothing twice where a write times out and lands all the same', async () => {
    const proxy = await startProxy(redis);
    const { cache, errors } = openCache({ redis: proxy.url, redisTimeoutMs: 300 });
    const other = openCache({ redis: redis.url });
    await cache.get(request('a'));
    await expect.poll(() => countsOf(cache), { timeout: 10_000 }).toEqual([0, 1]);
    proxy.hold('replies');
    const error = await errorOf(cache.stats({ across: 'cluster' }));
    expect([error.code, error.status]).toEqual(['REDIS_TIMEOUT', 503]);
    proxy.release();
    await cache.get(request('b'));
    proxy.hold('commands');
    await errorOf(cache.stats({ across: 'cluster' }));
    proxy.release();
    await cache.get(request('c'));
    await expect
      .poll(() => cache.stats({ across: 'cluster' }).catch(() => undefined), { timeout: 10_000 })
      .toBeDefined();
    expect([await countsOf(other.cache), cache.stats().misses]).toEqual([[0, 3], 3]);
    expect(errors.filter(({ code }) => code === 'INTERNAL')).toEqual([]);
  });

  it('have all of it when Redis was away, though it has lost what was written', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.getMany([request('a'), request('b', { model: 'gpt-y' })]);
    expect(await countsOf(cache)).toEqual([0, 2]);
    await redis.kill();
    await expect.poll(async () => (await cache.info()).tiers.redis).toMatchObject({ state: 'reconnecting' });
    await expect(cache.stats({ across: 'cluster' })).rejects.toMatchObject({ code: 'REDIS_FAILED', status: 503 });
    await cache.getMany([request('c'), request('d')]);
    expect(cache.stats()).toMatchObject({ misses: 4 });
    await redis.start();
    const later = (): Promise<unknown> => countsOf(cache).catch(() => undefined);
    await expect.poll(later, { timeout: 10_000 }).toEqual([0, 4]);
  });

  it('are whole again when Redis is back, though nothing more is counted', async () => {
    holdIntervals();
    const [idle, other] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
    await idle.cache.get(request('a'));
    expect(await countsOf(other.cache)).toEqual([0, 0]);
    await vi.advanceTimersByTimeAsync(5_000);
    await expect.poll(() => countsOf(other.cache)).toEqual([0, 1]);
    await redis.kill();
    await redis.start();
    await expect.poll(async () => (await idle.cache.info()).tiers.redis).toMatchObject({ state: 'ready' });
    await vi.advanceTimersByTimeAsync(5_000);
    await expect.poll(() => countsOf(other.cache).catch(() => undefined)).toEqual([0, 1]);
  });

  it('are told to be incomplete where Redis is away when the cache is closed, within a second or so', async () => {
    const { cache, errors } = openCache({ redis: redis.url });
    await cache.get(request('a'));
    await redis.kill();
    await expect.poll(async () => (await cache.info()).tiers.redis).toMatchObject({ state: 'reconnecting' });
    await cache.close();
    expect(errors.at(-1)?.message).toContain('The last statistics of this process could not be written');
    await redis.start();
  });

  it('do not hold up the end of a process where Redis hangs', async () => {
    const { cache, errors } = openCache({ redis: redis.url, redisTimeoutMs: 2_000 });
    await cache.get(request('a'));
    redis.pause();
    try {
      await cache.close();
      expect(errors.map(({ message }) => message).join()).toContain('could not be written');
    } finally {
      redis.resume();
    }
  });

  it('need Redis', async () => {
    const { cache } = openCache({});
    const error = await errorOf(cache.stats({ across: 'cluster' }));
    expect([error.code, error.option, error.status]).toEqual(['INVALID_OPTION', 'across', 400]);
    expect(cache.stats({ across: 'process' })).toEqual(cache.stats());
    expect(() => cache.stats({ across: 'world' as never })).toThrow(/"across" of stats\(\) is "world"/);
  });

  it('are not to be had of a cache that was closed', async () => {
    const { cache } = openCache({ redis: redis.url });
    await cache.close();
    await expect(cache.stats({ across: 'cluster' })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('make no connection for a process that has counted nothing', async () => {
    const { cache } = openCache({ redis: redis.url });
    const monitor = await startMonitor(redis);
    await cache.close();
    expect(await monitor.commands()).toEqual([]);
  });
});
