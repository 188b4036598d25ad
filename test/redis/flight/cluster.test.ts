import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { slotOf } from '../../../src/flight/redis-slot.ts';
import { startRedisCluster, type RedisCluster } from '../../support/redis-cluster.ts';
import { sampleEntry, sampleKey } from '../../support/sample-entry.ts';
import { collect, follow, heldLeases, keysWithoutExpiry, lead, openFlights, type OpenFlights } from './open-flights.ts';
import { until } from './until.ts';

const NOTHING = { fills: 0, followers: 0, followings: 0, watches: 0 };

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);

afterAll(() => cluster.stop());

/** Digests on all nodes, many on each. */
function digestsOf(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => sampleKey(`${what} ${index}`).digest);
}

/** Connections that wait in XREAD, for each node. */
function waiting(): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async ({ server }) => {
      const clients = await server.cli('CLIENT', 'LIST');
      return clients.split('\n').filter((line) => line.includes(' cmd=xread ')).length;
    }),
  );
}

describe.each([
  ['6', Cluster],
  ['5', Cluster5 as unknown as typeof Cluster],
])('on a Redis Cluster of three nodes with ioredis %s', (_version, Client) => {
  let opened: OpenFlights[] = [];

  afterEach(async () => {
    await Promise.all(opened.map(({ close }) => close()));
    opened = [];
  });

  function open(): OpenFlights {
    const template = new Client([...cluster.addresses], { lazyConnect: true });
    const flights = openFlights(template);
    opened.push(flights);
    return flights;
  }

  it('one slot a flight and one connection a node are enough for many flights', async () => {
    const [first, second] = [open(), open()];
    const digests = digestsOf('many', 30);
    expect(new Set(digests.map(slotOf)).size).toBeGreaterThan(20);
    const led = await Promise.all(
      digests.map(async (digest, index) => {
        const fill = await lead(first, digest);
        const live = new LiveStream({ status: 200, headers: [] }, 1 << 20);
        if (index % 2 === 0) fill.live(live);
        live.push(Buffer.from(`first of ${digest}, `));
        return { fill, live, digest };
      }),
    );
    const joined = await Promise.all(led.map(({ digest }) => follow(second, digest)));
    const streamed = joined.filter((_, index) => index % 2 === 0);
    const streams = (await Promise.all(streamed.map(({ landing }) => landing))).flatMap((landed) =>
      landed.kind === 'live' ? [collect(landed.stream)] : [],
    );
    expect(streams).toHaveLength(15);
    expect(Math.max(...(await waiting()))).toBeLessThanOrEqual(2);
    expect((await Promise.all(cluster.nodes.map(({ server }) => keysWithoutExpiry(server)))).flat()).toEqual([]);
    await Promise.all(
      led.map(async ({ fill, live, digest }, index) => {
        live.push(Buffer.from('last'));
        live.end('complete');
        await (index % 2 === 0
          ? fill.stored()
          : fill.share(sampleEntry({ name: `many ${index}`, body: Buffer.from(digest) })));
      }),
    );
    const bodies = (await Promise.all(streams)).map(({ state, body }) => `${state}: ${body.toString()}`);
    const expected = led.flatMap(({ digest }, index) =>
      index % 2 === 0 ? [`complete: first of ${digest}, last`] : [],
    );
    expect(bodies).toEqual(expected);
    const answers = await Promise.all(joined.filter((_, index) => index % 2 === 1).map(({ landing }) => landing));
    expect(answers.map(({ kind }) => kind)).toEqual(answers.map(() => 'answer'));
    await until(() => JSON.stringify(second.flights.counts) === JSON.stringify(NOTHING));
    expect([second.blocking.length, first.errors, second.errors]).toEqual([1, [], []]);
    expect((await Promise.all(cluster.nodes.map(({ server }) => heldLeases(server)))).flat()).toEqual([]);
  });

  it('a flight waits by notification alone where it is the only one on its node', async () => {
    const [first, second] = [open(), open()];
    const [digest = ''] = digestsOf('only', 1);
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await until(async () => (await waiting()).some((count) => count === 1));
    await fill.stored();
    expect(await landing).toEqual({ kind: 'stored' });
  });

  it('a failure makes one follower the leader', async () => {
    const [first, second] = [open(), open()];
    const [digest = ''] = digestsOf('failing', 1);
    const fill = await lead(first, digest);
    const { landing } = await follow(second, digest);
    await fill.fail(undefined);
    const landed = await landing;
    expect(landed).toMatchObject({ kind: 'lead', fill: { failures: 1 } });
    if (landed.kind === 'lead') await landed.fill.stored();
  });

  it('who follows on a node that dies goes on alone', async () => {
    const [first, second] = [open(), open()];
    const [digest = ''] = digestsOf('dying', 1);
    await lead(first, digest);
    const { landing } = await follow(second, digest);
    const pid = /process_id:(\d+)/.exec(await cluster.cliFor(digest, 'INFO', 'server'))?.[1];
    const dying = await Promise.all(
      cluster.nodes.map(async ({ server }) => (await server.cli('INFO', 'server')).includes(`process_id:${pid}\r`)),
    );
    const node = cluster.nodes[dying.indexOf(true)];
    await node?.server.kill();
    expect(await landing).toEqual({ kind: 'alone' });
    expect(second.flights.counts).toEqual(NOTHING);
    await node?.server.start();
    await cluster.formed();
  });
});
