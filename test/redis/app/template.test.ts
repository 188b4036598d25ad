import express from 'express';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { untilKeys } from './until-keys.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

function listenersOf(client: Redis): [string | symbol, number][] {
  return client.eventNames().map((name) => [name, client.listenerCount(name)]);
}

describe('an ioredis client given as redis', () => {
  it('that is connected stays as it is: its prefix, its listeners, its connection, also after close()', async () => {
    const client = new Redis(redis.path, { keyPrefix: 'app:' });
    onTestFinished(() => client.disconnect());
    await client.set('mine', '1');
    const before = [{ ...client.options }, listenersOf(client)];
    const site = await cachedSite(express, (_req, res) => res.json({}), { cache: { redis: client, memory: false } });
    await site.ask();
    await untilKeys(redis, 1);
    expect((await site.ask()).cacheStatus).toMatch(/detail=redis$/);
    const keys = (await redis.cli('keys', '*')).split('\n');
    expect(keys.filter((key) => !key.startsWith('ai_cache:'))).toEqual(['app:mine']);
    await site.cache.close();
    expect([{ ...client.options }, listenersOf(client)]).toEqual(before);
    expect([client.status, await client.get('mine')]).toEqual(['ready', '1']);
    expect(site.runs).toBe(1);
  });

  it('that has not connected is not connected by the cache', async () => {
    const client = new Redis(redis.path, { lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const site = await cachedSite(express, (_req, res) => res.json({}), { cache: { redis: client } });
    await site.ask();
    expect((await site.cache.info()).tiers.redis).toMatchObject({ state: 'ready' });
    expect(client.status).toBe('wait');
  });

  it('that the app ends takes nothing away from the cache', async () => {
    const client = new Redis(redis.path);
    const site = await cachedSite(express, (_req, res) => res.json({ by: 'template' }), {
      cache: { redis: client, memory: false, namespace: 'own' },
    });
    await site.ask();
    await expect.poll(async () => (await redis.cli('keys', 'own:e:*')) === '', { timeout: 10_000 }).toBe(false);
    await client.quit();
    expect((await site.ask()).cacheStatus).toMatch(/detail=redis$/);
    expect(site.errors).toEqual([]);
  });
});
