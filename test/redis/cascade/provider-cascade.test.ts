import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { gate } from '../../support/gate.ts';
import { startMonitor } from '../../support/redis-monitor.ts';
import { startProxy } from '../../support/redis-proxy.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { answers, fails, scripted, waits } from '../../support/scripted-provider.ts';
import { openCache } from '../invalidation/open-cache.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => redis.cli('flushall'));

afterAll(() => redis.stop());

const names = ['one', 'two', 'three', 'four'];

it('looks for the answers of all providers in one round trip, of a whole batch too', async () => {
  const proxy = await startProxy(redis);
  const { cache } = openCache({ redis: proxy.url, memory: false });
  const cascade = new ProviderCascade({ cache, providers: names.map((name) => scripted(name, answers)) });
  await cache.set({ text: 'b', provider: 'three', model: 'three-model' }, { answer: 'b' });
  const monitor = await startMonitor(redis);
  proxy.hold('replies');
  const batch = cascade.completeBatch([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  // No reply has come yet, so that all that is asked was asked at once.
  const asked = async (): Promise<number> =>
    (await monitor.commands()).filter(([name = '']) => name.toLowerCase() === 'get').length;
  await expect.poll(asked).toBe(12);
  proxy.release();
  expect(await batch).toMatchObject([
    { provider: 'one', cached: false },
    { provider: 'three', cached: true, fallback: true, response: { tier: 'redis' } },
    { provider: 'one', cached: false },
  ]);
});

it('asks Redis nothing where memory has the answer of the first provider', async () => {
  const { cache } = openCache({ redis: redis.url });
  const cascade = new ProviderCascade({ cache, providers: names.map((name) => scripted(name, answers)) });
  await cascade.complete({ text: 'a' });
  const monitor = await startMonitor(redis);
  const hit = await cascade.complete({ text: 'a' });
  expect(hit).toMatchObject({ provider: 'one', cached: true, response: { tier: 'memory' } });
  const commands = await monitor.commands();
  expect(commands.filter(([name = '']) => name.toLowerCase() === 'get')).toEqual([]);
});

it('serves what another process stored, under the provider and model that answered', async () => {
  const [here, there] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
  const failing = scripted('one', fails(401));
  const providers = [failing, scripted('two', answers)];
  const made = await new ProviderCascade({ cache: here.cache, providers }).complete({ text: 'a' });
  expect(made).toMatchObject({ provider: 'two', cached: false });
  const found = await new ProviderCascade({ cache: there.cache, providers }).complete({ text: 'a' });
  expect(found).toMatchObject({ provider: 'two', model: 'two-model', cached: true, fallback: true });
  expect(found.response).toMatchObject({ tier: 'redis', fillMs: expect.any(Number) });
  expect(failing.call.asked).toHaveLength(1);
});

it('stores no answer whose making began before another process invalidated it', async () => {
  const [here, there] = [openCache({ redis: redis.url }), openCache({ redis: redis.url })];
  const opened = gate();
  const called = gate();
  const first = scripted('one', (request, signal) => {
    called.open();
    return waits(opened.opened)(request, signal);
  });
  const cascade = new ProviderCascade({ cache: here.cache, providers: [first] });
  const request = { text: 'a', collection: 'articles' };
  const made = cascade.complete(request);
  await called.opened;
  await there.cache.invalidate({ collection: 'articles' });
  opened.open();
  await made;
  expect(await cascade.complete(request)).toMatchObject({ cached: false });
  expect(first.call.asked).toHaveLength(2);
});

it('answers with Redis away', async () => {
  const server = await startRedis();
  const { cache } = openCache({ redis: server.url, memory: false, redisTimeoutMs: 200 });
  const first = scripted('one', answers);
  const cascade = new ProviderCascade({ cache, providers: [first] });
  await cascade.complete({ text: 'a' });
  await server.kill();
  expect(await cascade.complete({ text: 'a' })).toMatchObject({ provider: 'one', cached: false, notStored: 'no-tier' });
  const items = await cascade.completeBatch([{ text: 'a' }, { text: 'b' }]);
  expect(items.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  expect(first.call.asked).toHaveLength(4);
  await server.stop();
});
