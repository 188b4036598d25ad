import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import { openStore, type OpenStore } from './open-store.ts';

const KEY = sampleKey();

let server: RedisServer;
let port: number;

/** A port that is free together with the one of the cluster bus, 10 000 above. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: found } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return found < 55_000 ? found : freePort();
}

async function cli(...args: string[]): Promise<string> {
  return server.cli('-a', 'secret', '--no-auth-warning', ...args);
}

async function clusterIsUp(): Promise<void> {
  await vi.waitUntil(async () => (await cli('CLUSTER', 'INFO')).includes('cluster_state:ok'), { timeout: 20_000 });
}

beforeAll(async () => {
  port = await freePort();
  const network = ['--bind', '127.0.0.1', '--port', String(port), '--cluster-announce-ip', '127.0.0.1'];
  server = await startRedis({ args: [...network, '--cluster-enabled', 'yes', '--requirepass', 'secret'] });
  await cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await clusterIsUp();
});

afterAll(() => server.stop());

describe.each([
  ['6', Cluster],
  ['5', Cluster5 as unknown as typeof Cluster],
])('a Cluster of ioredis %s as a template', (_version, Client) => {
  let open: OpenStore;

  afterEach(() => open.connection.close());

  function openCluster(options: { timeoutMs?: number } = {}): { template: Cluster; opened: OpenStore } {
    const template = new Client([{ host: '127.0.0.1', port }], {
      lazyConnect: true,
      redisOptions: { password: 'secret' },
    });
    template.on('error', () => undefined);
    open = openStore({ redis: template, ...options });
    return { template, opened: open };
  }

  async function bodyIn({ store, memory }: OpenStore): Promise<string | undefined> {
    memory.clear();
    return (await store.lookup(KEY))?.entry.body.toString();
  }

  function entryOf() {
    const now = Date.now();
    return sampleEntry({
      body: Buffer.from('the answer'),
      cachedAt: now,
      staleAt: now + 600_000,
      expiresAt: now + 600_000,
    });
  }

  it('keeps entries, answers, closes, and the template is left alone', async () => {
    const { template, opened } = openCluster();
    await opened.connection.connect();
    expect(await opened.store.put(KEY, entryOf())).toEqual({ stored: true, tiers: ['memory', 'redis'] });
    expect(await bodyIn(opened)).toBe('the answer');
    expect(await opened.tier.delete(KEY)).toBe(true);
    expect(await opened.connection.info()).toMatchObject({ state: 'ready', maxMemoryPolicy: 'noeviction' });
    await opened.connection.close();
    expect(opened.connection.state()).toBe('closed');
    expect(template.status).toBe('wait');
    expect(opened.errors).toEqual([]);
  });

  it('fails no request while its nodes are down and gives hits again when they are back', async () => {
    const { opened } = openCluster();
    await opened.store.put(KEY, entryOf());
    await server.kill();
    await oneByOne(8, async () => expect(await bodyIn(opened)).toBeUndefined());
    expect(opened.connection.state()).toBe('reconnecting');
    const again = opened.readyAgain();
    await server.start();
    await clusterIsUp();
    await again;
    await opened.store.put(KEY, entryOf());
    expect(await bodyIn(opened)).toBe('the answer');
    expect(opened.errors.map(({ code }) => code)).toEqual(['REDIS_FAILED']);
  });

  it('hangs no request while its nodes hang', async () => {
    const { opened } = openCluster({ timeoutMs: 500 });
    await opened.connection.connect();
    await opened.store.put(KEY, entryOf());
    server.pause();
    expect(await Promise.all([1, 2, 3].map(async () => bodyIn(opened)))).toEqual([undefined, undefined, undefined]);
    expect(opened.guard.circuit()).toBe('open');
    const again = opened.readyAgain();
    server.resume();
    await again;
    expect(opened.guard.circuit()).toBe('closed');
    expect(await bodyIn(opened)).toBe('the answer');
  });
});
