import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AICacheError } from '../../../src/errors.ts';
import { RedisConnection, type RedisConnectionOptions } from '../../../src/tiers/redis-connection.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const NOWHERE = join(tmpdir(), 'ai-cache-no-redis-here.sock');

let server: RedisServer;
const opened: RedisConnection[] = [];

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connection) => connection.close()));
});

function open(options: Partial<RedisConnectionOptions> = {}): { connection: RedisConnection; errors: AICacheError[] } {
  const errors: AICacheError[] = [];
  const connection = new RedisConnection({
    redis: server.url,
    timeoutMs: 10_000,
    onError: (error) => errors.push(error),
    ...options,
  });
  opened.push(connection);
  return { connection, errors };
}

function readyAgain(connection: RedisConnection): Promise<void> {
  return new Promise((resolve) => connection.onReady(resolve));
}

/** How many clients Redis has, the one that asks not counted. */
async function clientsOf(redis: RedisServer): Promise<number> {
  return (await redis.cli('CLIENT', 'LIST')).split('\n').filter((line) => !line.includes('cmd=client')).length;
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a connection', () => {
  it('is made on first use, once for all who wait for it', async () => {
    const before = await clientsOf(server);
    const { connection } = open();
    expect(connection.state()).toBe('idle');
    expect(await connection.info()).toEqual({ state: 'idle' });
    expect(await clientsOf(server)).toBe(before);

    const clients = Promise.all([connection.client(), connection.client(), connection.connect()]);
    expect(connection.state()).toBe('connecting');
    const [first, second, third] = await clients;
    expect(connection.state()).toBe('ready');
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(await connection.client()).toBe(first);
    expect(await clientsOf(server)).toBe(before + 1);
  });

  it('tells what Redis says of itself', async () => {
    const { connection } = open();
    await connection.connect();
    expect(await connection.info()).toEqual({
      state: 'ready',
      version: expect.stringMatching(/^\d+\.\d+/) as string,
      usedMemoryBytes: expect.any(Number) as number,
      maxMemoryBytes: 0,
      maxMemoryPolicy: 'noeviction',
    });
  });

  it('that is lost is made again by itself, and each loss is told once', async () => {
    const { connection, errors } = open();
    const client = await connection.connect();
    await oneByOne(2, async () => {
      const again = readyAgain(connection);
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
      await again;
    });
    expect(connection.state()).toBe('ready');
    expect(await connection.client()).toBe(client);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('connection to Redis was lost'),
      expect.stringContaining('connection to Redis was lost'),
    ]);
  });

  it('that was dropped on purpose is made again without a word', async () => {
    const { connection, errors } = open();
    await connection.connect();
    const again = readyAgain(connection);
    connection.reconnect();
    expect(connection.state()).toBe('reconnecting');
    expect(await errorOf(connection.client())).toMatchObject({ code: 'REDIS_FAILED' });
    await again;
    expect(errors).toEqual([]);
  });

  it('that was lost to a Redis that hangs is waited for by nobody', async () => {
    const hanging = await startRedis();
    const { connection } = open({ redis: hanging.url });
    const client = await connection.connect();
    hanging.pause();
    connection.reconnect();
    await once(client, 'connecting');
    const refused = errorOf(connection.client());
    // No more than the microtasks of one turn: the attempt under way cannot end while Redis hangs.
    const turn = new Promise((resolve) => setImmediate(resolve, 'still waiting'));
    expect(await Promise.race([refused, turn])).toMatchObject({ code: 'REDIS_FAILED' });
    await connection.close();
    await hanging.stop();
  });
});

describe('a Redis that is not there', () => {
  it('makes connecting fail with the reason, and is told once however often it is tried', async () => {
    const { connection, errors } = open({ redis: NOWHERE });
    expect(await errorOf(connection.connect())).toMatchObject({
      code: 'REDIS_FAILED',
      message: expect.stringContaining('ENOENT') as string,
    });
    await oneByOne(3, () => errorOf(connection.connect()));
    expect(connection.state()).toBe('reconnecting');
    expect(await errorOf(connection.client())).toMatchObject({ message: expect.stringContaining('ENOENT') as string });
    expect(await connection.info()).toEqual({ state: 'reconnecting' });
    expect(errors).toHaveLength(1);
  });

  it('is used as soon as it is there', async () => {
    const late = await startRedis();
    await late.kill();
    const { connection, errors } = open({ redis: late.url });
    await errorOf(connection.connect());
    const again = readyAgain(connection);
    await late.start();
    await again;
    expect(await (await connection.client()).ping()).toBe('PONG');
    expect(errors).toHaveLength(1);
    await connection.close();
    await late.stop();
  });

  it('does not keep the process alive', async () => {
    const script = `
      import { RedisConnection } from ${JSON.stringify(new URL('../../../src/tiers/redis-connection.ts', import.meta.url).href)};
      const connection = new RedisConnection({ redis: ${JSON.stringify(NOWHERE)}, timeoutMs: 200, onError: () => undefined });
      await connection.connect().catch((error) => console.log(error.code));`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect((await run).stdout).toBe('REDIS_FAILED\n');
  });
});

describe('a Redis that accepts and says nothing', () => {
  const path = join(tmpdir(), `ai-cache-silent-${process.pid}.sock`);
  let silent: Server;

  beforeAll(async () => {
    silent = createServer().listen(path);
    await once(silent, 'listening');
  });

  afterAll(() => silent.close());

  it('makes connecting fail after twice the timeout', async () => {
    const { connection } = open({ redis: path, timeoutMs: 20 });
    expect(await errorOf(connection.connect())).toMatchObject({
      code: 'REDIS_FAILED',
      message: expect.stringContaining('ETIMEDOUT') as string,
    });
  });

  it('is not dropped while it is being connected to', async () => {
    const { connection } = open({ redis: path });
    const connecting = errorOf(connection.connect());
    await once(silent, 'connection');
    connection.reconnect();
    expect(connection.state()).toBe('connecting');
    await connection.close();
    await connecting;
  });

  it('can be closed while it is being connected to', async () => {
    const { connection, errors } = open({ redis: path });
    const connecting = errorOf(connection.connect());
    await once(silent, 'connection');
    await connection.close();
    expect(await connecting).toMatchObject({ code: 'CLOSED' });
    expect(errors).toEqual([]);
  });
});

describe('credentials', () => {
  let guarded: RedisServer;

  beforeAll(async () => {
    guarded = await startRedis({ args: ['--requirepass', 'right-secret'] });
  });

  afterAll(() => guarded.stop());

  it('that are right are used', async () => {
    const { connection } = open({ redis: `${guarded.url}?password=right-secret` });
    expect(await (await connection.connect()).ping()).toBe('PONG');
  });

  it.each([
    ['wrong', '?password=wrong-secret', 'WRONGPASS'],
    ['missing', '', 'NOAUTH'],
  ])('that are %s are told as the reason, without being shown', async (_what, query, reason) => {
    const { connection, errors } = open({ redis: guarded.url + query });
    const error = await errorOf(connection.connect());
    expect(error).toMatchObject({ code: 'REDIS_FAILED', message: expect.stringContaining(reason) as string });
    expect(inspect([error, errors, await connection.info()], { depth: 10, showHidden: true })).not.toContain('secret');
  });
});

describe('closing', () => {
  it('ends the connection and is the same however often it is asked for', async () => {
    const before = await clientsOf(server);
    const { connection, errors } = open();
    await connection.connect();
    expect(connection.close()).toBe(connection.close());
    await connection.close();
    expect(connection.state()).toBe('closed');
    expect(await clientsOf(server)).toBe(before);
    expect(await errorOf(connection.client())).toMatchObject({ code: 'CLOSED' });
    expect(await errorOf(connection.connect())).toMatchObject({ code: 'CLOSED' });
    expect(await connection.info()).toEqual({ state: 'closed' });
    expect(errors).toEqual([]);
  });

  it('waits for the replies to what was sent before', async () => {
    const { connection } = open();
    const client = await connection.connect();
    const replies = Promise.all(
      Array.from({ length: 100 }, (_, index) => client.set(`closing ${index}`, 'x'.repeat(10_000))),
    );
    await connection.close();
    expect(new Set(await replies)).toEqual(new Set(['OK']));
  });

  it('of what was never used connects nothing', async () => {
    const { connection } = open({ redis: NOWHERE });
    await connection.close();
    expect(await errorOf(connection.client())).toMatchObject({ code: 'CLOSED' });
  });

  it('right after the first use leaves nothing behind', async () => {
    const before = await clientsOf(server);
    const { connection, errors } = open();
    const connecting = errorOf(connection.connect());
    await connection.close();
    expect(await connecting).toMatchObject({ code: 'CLOSED' });
    expect(await clientsOf(server)).toBe(before);
    expect(errors).toEqual([]);
  });

  it('while it waits to reconnect ends the waiting', async () => {
    const { connection } = open({ redis: NOWHERE });
    await errorOf(connection.connect());
    await connection.close();
    expect(connection.state()).toBe('closed');
  });

  it('does not wait for a Redis that hangs', async () => {
    const hanging = await startRedis();
    const { connection } = open({ redis: hanging.url });
    await connection.connect();
    hanging.pause();
    await connection.close();
    expect(connection.state()).toBe('closed');
    await hanging.stop();
  });
});

describe.each([
  ['6', Redis],
  ['5', Redis5 as unknown as typeof Redis],
])('a client of ioredis %s as a template', (_version, Client) => {
  it('is neither used, nor changed, nor closed', async () => {
    const template = new Client({ path: server.path, keyPrefix: 'theirs:', connectionName: `theirs-${_version}` });
    await template.set('a', '1');
    const listeners = template.eventNames().map((name) => [name, template.listenerCount(name)]);
    const options = { ...template.options };
    const id = await template.client('ID');

    const { connection } = open({ redis: template });
    const client = await connection.connect();
    expect(client).not.toBe(template);
    await client.set('b', '2');
    await connection.close();

    expect(template.status).toBe('ready');
    expect(template.options).toEqual(options);
    expect(template.eventNames().map((name) => [name, template.listenerCount(name)])).toEqual(listeners);
    expect(await template.client('ID')).toBe(id);
    expect(await template.get('a')).toBe('1');
    expect(await server.cli('MGET', 'theirs:a', 'theirs:b', 'b')).toBe('1\n\n2');
    await template.quit();
  });

  it('that has not connected is not connected', async () => {
    const template = new Client({ path: server.path, lazyConnect: true });
    const { connection } = open({ redis: template });
    await connection.connect();
    expect(template.status).toBe('wait');
  });

  it('that has been closed still says where Redis is', async () => {
    const template = new Client({ path: server.path });
    await template.quit();
    const { connection } = open({ redis: template });
    expect(await (await connection.connect()).ping()).toBe('PONG');
  });

  it('makes connections that come back', async () => {
    const template = new Client({ path: server.path, lazyConnect: true, retryStrategy: () => null });
    const { connection } = open({ redis: template });
    const client = await connection.connect();
    const again = readyAgain(connection);
    client.disconnect(true);
    await again;
    expect(await client.ping()).toBe('PONG');
  });

  it('makes connections that subscribe to nothing by themselves when they come back: nobody would hear that it failed', async () => {
    const template = new Client({ path: server.path, lazyConnect: true, autoResubscribe: true });
    const { connection } = open({ redis: template });
    const client = await connection.connect();
    await client.subscribe('news');
    expect(await server.cli('pubsub', 'channels', 'news')).toBe('news');
    const again = readyAgain(connection);
    client.disconnect(true);
    await again;
    expect(await client.ping()).toBe('PONG');
    expect(await server.cli('pubsub', 'channels', 'news')).toBe('');
  });
});
