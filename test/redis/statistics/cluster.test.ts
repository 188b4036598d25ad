import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.ts';
import { docs, openCache } from '../invalidation/open-cache.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);

afterAll(() => cluster.stop());

it.each([
  ['6', Cluster],
  ['5', Cluster5 as unknown as typeof Cluster],
])('statistics of all processes add up on a Redis Cluster, with ioredis %s', async (version, Client) => {
  const open = () => {
    const template = new Client([...cluster.addresses], { lazyConnect: true });
    onTestFinished(() => template.disconnect());
    return openCache({ redis: template, namespace: `ioredis${version}` }).cache;
  };
  const [one, two, three] = [open(), open(), open()];
  await one.set(docs('a'), 'a');
  await Promise.all([one, two, three].map((cache) => cache.getMany([docs('a'), docs('b', { model: 'other' })])));
  await one.close();
  await two.stats({ across: 'cluster' });
  expect(await three.stats({ across: 'cluster' })).toMatchObject({
    hits: 3,
    misses: 3,
    byModel: [
      { model: 'gpt', hits: 3 },
      { model: 'other', misses: 3 },
    ],
  });
});
