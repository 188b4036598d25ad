import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.ts';
import { docs, openCache, type OpenCache } from './open-cache.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);

afterAll(() => cluster.stop());

async function keysIn(pattern: string): Promise<string[]> {
  const lists = await Promise.all(cluster.nodes.map(({ server }) => server.cli('keys', pattern)));
  return lists.flatMap((list) => (list === '' ? [] : list.split('\n')));
}

describe.each([
  ['6', Cluster],
  ['5', Cluster5 as unknown as typeof Cluster],
])('on a Redis Cluster of three nodes with ioredis %s', (version, Client) => {
  const namespace = `ioredis${version}`;

  function open(memory?: false): OpenCache {
    const template = new Client([...cluster.addresses], { lazyConnect: true });
    onTestFinished(() => template.disconnect());
    return openCache({ redis: template, namespace, ...(memory === undefined ? {} : { memory }) });
  }

  const requests = Array.from({ length: 300 }, (_, index) =>
    docs(`question ${index}`, { collection: index % 3 === 0 ? 'articles' : 'others', tags: [`tag ${index % 2}`] }),
  );

  it('an invalidation is true on all nodes, in all processes and both tiers', async () => {
    const [one, two, reader] = [open(), open(), open(false)];
    await Promise.all([one, two].map(({ cache }) => cache.connect()));
    const results = await one.cache.setMany(requests.map((request) => ({ request, response: request.text })));
    expect(results.every(({ stored }) => stored)).toBe(true);
    expect(await two.cache.getMany(requests)).not.toContain(undefined);
    const [first] = requests as [(typeof requests)[number]];
    await expect.poll(() => two.read(first), { timeout: 10_000 }).toMatch(/from memory$/);

    expect(await one.cache.expire({ collection: 'articles', tag: 'tag 1' })).toEqual({ expired: 50 });
    expect(await one.cache.invalidate({ collection: 'articles' })).toEqual({ removed: 100 });
    for (const { cache } of [one, two, reader]) {
      // oxlint-disable-next-line no-await-in-loop
      const found = (await cache.getMany(requests)).map((response) => response !== undefined);
      expect(found).toEqual(requests.map(({ collection }) => collection === 'others'));
    }
    expect(await keysIn(`${namespace}:e:*`)).toHaveLength(200);
    expect(await two.cache.invalidate({ key: requests.slice(0, 10) })).toEqual({ removed: 6 });
    expect(await reader.cache.clear()).toEqual({ removed: 194 });
    expect(await keysIn(`${namespace}:[ei]:*`)).toEqual([]);
    expect([one, two, reader].flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('those who hear of it answer, so that nobody waits for the end of their leases', async () => {
    const [one, two] = [open(), open()];
    await Promise.all([one, two].map(({ cache }) => cache.connect()));
    await Promise.all([one, two].map(({ read }) => read(docs('a'))));
    const members = `${namespace}:{${namespace}}:members`;
    await expect.poll(() => cluster.cliFor(members, 'zcount', members, '0', '+inf')).toBe('2');
    // Any node hands on what is published on any other.
    const [{ host, port } = { host: '', port: 0 }] = cluster.addresses;
    const listener = new Redis(port, host);
    onTestFinished(() => listener.disconnect());
    const answers: string[] = [];
    listener.on('pmessage', (_pattern, _channel, text: string) => answers.push(text));
    await listener.psubscribe(`${namespace}:{${namespace}}:news:*`);
    await one.cache.invalidate({ collection: 'docs' });
    await expect.poll(() => answers).toEqual([expect.stringMatching(/^1 [\w-]+$/)]);
    await two.cache.invalidate({ collection: 'docs' });
    await expect.poll(() => answers).toHaveLength(2);
  });
});
