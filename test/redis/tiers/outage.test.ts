import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../../src/tiers/redis-client.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import { openStore, type OpenStore, type OpenStoreOptions } from './open-store.ts';

const KEY = sampleKey();

const CLIENTS: Record<string, (server: RedisServer) => string | RedisClient> = {
  'an address': (server) => server.url,
  'a template of ioredis 6': (server) => new Redis({ path: server.path, lazyConnect: true }),
  'a template of ioredis 5': (server) => new Redis5({ path: server.path, lazyConnect: true }) as unknown as Redis,
};

/** An entry that lives by the system's clock. */
function entryOf(name?: string, body = Buffer.from('the answer')) {
  const now = Date.now();
  const times = { cachedAt: now, staleAt: now + 600_000, expiresAt: now + 600_000 };
  return sampleEntry({ body, ...times, ...(name === undefined ? {} : { name }) });
}

describe.each(Object.entries(CLIENTS))('with %s', (_what, clientFor) => {
  let server: RedisServer;
  let unhandled: unknown[];
  const stores: OpenStore[] = [];

  const note = (error: unknown): unknown => unhandled.push(error);

  beforeEach(async () => {
    unhandled = [];
    process.on('unhandledRejection', note);
    server = await startRedis();
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map(({ connection }) => connection.close()));
    await server.stop();
    process.off('unhandledRejection', note);
    if (unhandled.length > 0) throw new AggregateError(unhandled, 'Rejections that nobody handled.');
  });

  function open(options: Partial<OpenStoreOptions> = {}): OpenStore {
    const store = openStore({ redis: clientFor(server), ...options });
    stores.push(store);
    return store;
  }

  async function bodyIn({ store, memory }: OpenStore, name?: string): Promise<string | undefined> {
    memory.clear();
    return (await store.lookup(sampleKey(name)))?.entry.body.toString();
  }

  it('two processes share their entries, and each promotes what it finds', async () => {
    const [one, other] = [open(), open()];
    expect(await one.store.put(KEY, entryOf())).toEqual({ stored: true, tiers: ['memory', 'redis'] });
    expect(await other.store.lookup(KEY)).toMatchObject({ tier: 'redis', freshness: 'fresh' });
    expect(other.store.peek(KEY)).toMatchObject({ tier: 'memory' });
    await other.tier.delete(KEY);
    expect(await bodyIn(one)).toBeUndefined();
  });

  describe('a Redis that is killed', () => {
    it('fails no request, not those in flight either', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      opened.memory.clear();
      const inFlight = Array.from({ length: 50 }, async (_, index) =>
        index % 2 === 0 ? opened.store.lookup(KEY) : opened.store.put(sampleKey(`${index}`), entryOf(`${index}`)),
      );
      await server.kill();
      await Promise.all(inFlight);
      expect(await bodyIn(opened)).toBeUndefined();
      expect(await opened.store.put(KEY, entryOf())).toEqual({ stored: true, tiers: ['memory'] });
      expect(opened.store.lookup(KEY)).toMatchObject({ tier: 'memory' });
      const again = opened.readyAgain();
      await server.start();
      await again;
      expect(opened.errors.map(({ message }) => message)).toEqual([expect.stringContaining('was lost')]);
    });

    it('is left alone after five failures, and told of once', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      await server.kill();
      await oneByOne(10, async () => expect(await bodyIn(opened)).toBeUndefined());
      expect(opened.guard.circuit()).toBe('open');
      const again = opened.readyAgain();
      await server.start();
      await again;
      expect(opened.errors.map(({ code }) => code)).toEqual(['REDIS_FAILED']);
    });

    it('gives hits again as soon as it is back', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      await server.kill();
      await oneByOne(6, () => bodyIn(opened));
      const again = opened.readyAgain();
      await server.start();
      await again;
      expect(opened.guard.circuit()).toBe('closed');
      expect(await bodyIn(opened)).toBeUndefined();
      expect(await opened.store.put(KEY, entryOf())).toEqual({ stored: true, tiers: ['memory', 'redis'] });
      expect(await bodyIn(opened)).toBe('the answer');
    });

    it('may be gone before the first use', async () => {
      await server.kill();
      const opened = open();
      expect(await bodyIn(opened)).toBeUndefined();
      const again = opened.readyAgain();
      await server.start();
      await again;
      await opened.store.put(KEY, entryOf());
      expect(await bodyIn(opened)).toBe('the answer');
    });
  });

  describe('a Redis that hangs', () => {
    it('costs requests their deadline until three in a row have passed it, then none anything', async () => {
      const opened = open({ timeoutMs: 500 });
      await opened.connection.connect();
      await opened.store.put(KEY, entryOf());
      server.pause();
      // These resolve while it still hangs: nothing but the deadline can have done that.
      expect(await Promise.all([1, 2, 3].map(async () => bodyIn(opened)))).toEqual([undefined, undefined, undefined]);
      expect(opened.guard.circuit()).toBe('open');
      expect(opened.connection.state()).toBe('reconnecting');
      expect(await bodyIn(opened)).toBeUndefined();
      expect(await opened.guard.get(KEY)).toEqual({ value: undefined, asked: false });
      expect(opened.errors.map(({ code }) => code)).toEqual(['REDIS_TIMEOUT']);
    });

    it('gives hits again as soon as it goes on', async () => {
      const opened = open({ timeoutMs: 500 });
      await opened.connection.connect();
      await opened.store.put(KEY, entryOf());
      server.pause();
      await Promise.all(Array.from({ length: 10 }, async () => bodyIn(opened)));
      expect(opened.guard.circuit()).toBe('open');
      const again = opened.readyAgain();
      server.resume();
      await again;
      expect(opened.guard.circuit()).toBe('closed');
      expect(await bodyIn(opened)).toBe('the answer');
    });

    it('costs no more where it hangs before the first connection', async () => {
      server.pause();
      const opened = open({ timeoutMs: 500 });
      expect(await bodyIn(opened)).toBeUndefined();
      expect(opened.events.at(-1)).toMatchObject({ tier: 'redis', errorType: 'REDIS_TIMEOUT' });
      const again = opened.readyAgain();
      server.resume();
      await again;
      await opened.store.put(KEY, entryOf());
      expect(await bodyIn(opened)).toBe('the answer');
    });

    it('is not waited for by what is closed', async () => {
      const opened = open({ timeoutMs: 10_000 });
      await opened.store.put(KEY, entryOf());
      server.pause();
      const pending = bodyIn(opened);
      await opened.connection.close();
      expect(await pending).toBeUndefined();
    });
  });

  describe('a Redis that is full', () => {
    it('goes on with hits; what it does not take stays in memory, and is told of once', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
      await oneByOne(10, async (index) => {
        const name = `large ${index}`;
        const put = await opened.store.put(sampleKey(name), entryOf(name, randomBytes(1_000)));
        expect(put).toEqual({ stored: true, tiers: ['memory'] });
      });
      expect(await bodyIn(opened)).toBe('the answer');
      expect(opened.guard.circuit()).toBe('closed');
      expect(opened.errors.map(({ message }) => message)).toEqual([expect.stringContaining('OOM')]);
      expect(
        opened.events.filter((event) => event.type === 'operation' && event.errorType === 'REDIS_FAILED'),
      ).toHaveLength(10);
    });
  });

  describe('a Redis that became a replica', () => {
    it('is connected to anew, in case the primary is elsewhere now, and written to when it is one again', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      await server.cli('REPLICAOF', '127.0.0.1', '1');
      const again = opened.readyAgain();
      expect(await opened.store.put(sampleKey('b'), entryOf('b'))).toEqual({ stored: true, tiers: ['memory'] });
      await again;
      expect(await bodyIn(opened)).toBe('the answer');
      await server.cli('REPLICAOF', 'NO', 'ONE');
      expect(await opened.store.put(sampleKey('b'), entryOf('b'))).toEqual({
        stored: true,
        tiers: ['memory', 'redis'],
      });
    });

    it('does not lose a connection to every write', async () => {
      const opened = open();
      await opened.store.put(KEY, entryOf());
      await server.cli('REPLICAOF', '127.0.0.1', '1');
      const again = opened.readyAgain();
      await opened.store.put(sampleKey('b'), entryOf('b'));
      await again;
      await opened.store.put(sampleKey('c'), entryOf('c'));
      expect(opened.connection.state()).toBe('ready');
      expect(await bodyIn(opened)).toBe('the answer');
    });
  });
});
