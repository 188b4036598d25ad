import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createClient, type RedisClient } from '../../../src/tiers/redis-client.ts';

/** What every connection of ours has, whatever a URL or a template says. */
const OURS: RedisOptions = {
  lazyConnect: true,
  keyPrefix: '',
  commandTimeout: 400,
  connectTimeout: 1_000,
  disconnectTimeout: 200,
  enableOfflineQueue: false,
  enableReadyCheck: true,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: true,
  enableAutoPipelining: false,
  monitor: false,
  readOnly: false,
};

const OTHERS = {
  lazyConnect: true,
  keyPrefix: 'theirs:',
  commandTimeout: 5,
  connectTimeout: 5,
  enableOfflineQueue: true,
  enableReadyCheck: false,
  maxRetriesPerRequest: null,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: true,
  readOnly: true,
  retryStrategy: () => 1,
} satisfies RedisOptions;

async function optionsOf(redis: string | RedisClient): Promise<RedisOptions> {
  return (await createClient(redis, 200)).options;
}

describe('an address', () => {
  it.each([
    ['redis://cache.example', { host: 'cache.example', port: 6379 }],
    ['redis://cache.example:7000/3', { host: 'cache.example', port: 7000, db: 3 }],
    ['redis://user:p%40ss@cache.example', { username: 'user', password: 'p@ss' }],
    ['redis://:p%3Ass@[::1]:7000', { host: '::1', port: 7000, password: 'p:ss' }],
    ['/run/redis.sock', { path: '/run/redis.sock' }],
    ['/run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock' }],
  ])('%s is where it says', async (address, expected) => {
    expect(await optionsOf(address)).toMatchObject({ ...expected, ...OURS });
  });

  it('with rediss:// is spoken to in TLS', async () => {
    expect((await optionsOf('rediss://cache.example')).tls).toBeTruthy();
    expect((await optionsOf('redis://cache.example')).tls).toBeFalsy();
  });

  it('may set what is not ours to set, and nothing else', async () => {
    const query = 'family=6&connectionName=mine&keyPrefix=theirs&lazyConnect=&commandTimeout=1&enableOfflineQueue=true';
    expect(await optionsOf(`redis://cache.example?${query}`)).toMatchObject({
      family: 6,
      connectionName: 'mine',
      ...OURS,
    });
    expect(await optionsOf(`/run/redis.sock?${query}`)).toMatchObject({ connectionName: 'mine', ...OURS });
  });

  it.each([
    'redis://:se%zzcret@cache.example',
    'redis://user:se/cret@cache.example:port',
    'redis://se cret:x y@ca che',
  ])('that cannot be read is refused without being shown: %s', async (address) => {
    const error: unknown = await createClient(address, 200).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: 'redis' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/se(%zz|\/| )?cret|x y/);
  });

  it('connects nothing by itself', async () => {
    expect((await createClient('redis://127.0.0.1:1', 200)).status).toBe('wait');
  });
});

describe.each([
  ['ioredis 6', Redis],
  ['ioredis 5', Redis5 as unknown as typeof Redis],
])('a client of %s as a template', (_version, Client) => {
  const template = new Client({
    ...OTHERS,
    host: 'cache.example',
    port: 7000,
    password: 'p',
    db: 3,
    connectionName: 'theirs',
  });

  it('gives where and who, and our own options take its place', async () => {
    expect(await optionsOf(template)).toMatchObject({
      host: 'cache.example',
      port: 7000,
      password: 'p',
      db: 3,
      connectionName: 'theirs',
      ...OURS,
    });
  });

  it('is left as it was', async () => {
    const before = { ...template.options };
    const client = await createClient(template, 200);
    expect(client).not.toBe(template);
    expect(client).toBeInstanceOf(Client);
    expect(template.options).toEqual(before);
    expect(template.status).toBe('wait');
    expect(template.eventNames()).toEqual([]);
  });

  it('does not reconnect by itself: its timer would keep the process alive', async () => {
    expect((await optionsOf(template)).retryStrategy?.(1)).toBeNull();
  });

  it('reconnects on READONLY, but not for each of them', async () => {
    const reconnect = (await optionsOf(template)).reconnectOnError;
    const readonly = new Error("READONLY You can't write against a read only replica.");
    expect(reconnect?.(new Error('OOM command not allowed'))).toBe(false);
    expect(reconnect?.(readonly)).toBe(1);
    expect(reconnect?.(readonly)).toBe(false);
  });
});

describe.each([
  ['ioredis 6', Cluster],
  ['ioredis 5', Cluster5 as unknown as typeof Cluster],
])('a Cluster of %s as a template', (_version, Client) => {
  const template = new Client([{ host: 'node.example', port: 7000 }], {
    lazyConnect: true,
    enableOfflineQueue: true,
    scaleReads: 'slave',
    clusterRetryStrategy: () => 1,
    redisOptions: { ...OTHERS, password: 'p' },
  });

  it('keeps its nodes and their password, and gets our options at the level where each counts', async () => {
    const client = await createClient(template, 200);
    expect(client).toBeInstanceOf(Client);
    const options = client.options as ClusterOptions;
    expect(options).toMatchObject({
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: false,
      keyPrefix: '',
      scaleReads: 'master',
      redisOptions: { ...OURS, password: 'p' },
    });
    expect(options.clusterRetryStrategy?.(1)).toBeNull();
    expect(Reflect.get(client, 'startupNodes')).toEqual([{ host: 'node.example', port: 7000 }]);
  });

  it('is left as it was', async () => {
    await createClient(template, 200);
    expect(template.options).toMatchObject({ enableOfflineQueue: true, scaleReads: 'slave', keyPrefix: 'theirs:' });
    expect(template.options.redisOptions).toMatchObject({ keyPrefix: 'theirs:', commandTimeout: 5 });
    expect(template.status).toBe('wait');
  });
});
