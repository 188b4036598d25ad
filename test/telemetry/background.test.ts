import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { cachedSite, type CachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

/** What tracing follows: the asynchronous work of a request. */
const request = new AsyncLocalStorage<true>();

interface Sent {
  readonly command: string;
  readonly isOfRequest: boolean;
}

/** The commands that ioredis sends from now on. */
function listenToCommands(): Sent[] {
  const sent: Sent[] = [];
  const hear = (message: unknown): unknown =>
    sent.push({ command: (message as { command: string }).command, isOfRequest: request.getStore() === true });
  diagnostics.subscribe('tracing:ioredis:command:start', hear);
  onTestFinished(() => void diagnostics.unsubscribe('tracing:ioredis:command:start', hear));
  return sent;
}

const commandsOf = (sent: readonly Sent[], isOfRequest: boolean): Set<string> =>
  new Set(sent.filter((one) => one.isOfRequest === isOfRequest).map(({ command }) => command));

describe.each(expressVersions)('what the cache asks of Redis for all requests on $name', ({ express }) => {
  const startSite = (answer: () => unknown, options: Parameters<typeof cachedSite>[2] = {}): Promise<CachedSite> =>
    cachedSite(express, async (_req, res) => res.json(await answer()), {
      ...options,
      cache: { redis: redis.url, ...options.cache },
      outer: [(_req, _res, next) => request.run(true, next)],
    });

  it('is no work of the request that opens the connection and begins the lease', async () => {
    const sent = listenToCommands();
    const site = await startSite(() => 'answer');
    await site.ask({ json: { text: 'a' } });
    // The lease is renewed without anybody who asks.
    await expect
      .poll(() => sent.filter(({ command }) => command === 'eval').length, { timeout: 10_000 })
      .toBeGreaterThan(2);
    expect(commandsOf(sent, true)).toEqual(new Set(['get', 'zrange', 'set', 'eval']));
    const writes = sent.filter(({ command, isOfRequest }) => command === 'eval' && isOfRequest);
    expect(writes).toHaveLength(1);
    expect(commandsOf(sent, false)).toContain('info');
    expect(site.runs).toBe(1);
  });

  it('is no work of the request whose lookup opens the connection', async () => {
    const sent = listenToCommands();
    const site = await startSite(() => 'answer', { cache: { memory: false } });
    await site.ask({ json: { text: 'a' } });
    expect(commandsOf(sent, true)).toContain('get');
    expect(commandsOf(sent, true)).not.toContain('info');
    expect(commandsOf(sent, false)).toContain('info');
    expect(site.runs).toBe(1);
  });

  it('is no work of the request that first waits for another process', async () => {
    const sent = listenToCommands();
    const made = gate();
    const across = { cache: { coalesce: { across: 'cluster' } } } as const;
    const [leader, follower] = await Promise.all([
      startSite(() => made.opened.then(() => 'answer'), across),
      startSite(() => 'another', across),
    ]);
    const asked = { json: { text: 'a' }, headers: { host: 'shared' } };
    const first = leader.ask(asked);
    await expect.poll(() => leader.runs).toBe(1);
    const second = follower.ask(asked);
    await expect.poll(() => sent.some(({ command }) => command === 'xread'), { timeout: 10_000 }).toBe(true);
    made.open();
    expect((await Promise.all([first, second])).map(({ text }) => text)).toEqual(['"answer"', '"answer"']);
    for (const command of ['xread', 'info', 'client']) expect(commandsOf(sent, true)).not.toContain(command);
    expect([leader.runs, follower.runs]).toEqual([1, 0]);
  });

  it('is no work of the request that causes a refresh', async () => {
    const clock = manualClock();
    const site = await startSite(() => 'answer', {
      clock,
      route: { ttlSeconds: 10, staleWhileRevalidateSeconds: 100 },
    });
    await site.ask({ json: { text: 'a' } });
    clock.advance(20_000);
    const sent = listenToCommands();
    expect((await site.ask({ json: { text: 'a' } })).cacheStatus).toContain('; ttl=-10; ');
    await expect.poll(() => site.runs).toBe(2);
    expect(commandsOf(sent.slice(0, 2), false)).toEqual(new Set(['get', 'zrange']));
    expect(commandsOf(sent, true)).not.toContain('get');
  });
});
