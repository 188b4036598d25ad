import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { aiCache } from '../../../src/middleware.ts';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, notStored, sendEvents } from './event-stream.ts';
import { leavingSite } from './leaving-site.ts';

const FIRST = EVENTS[0] as string;
const WHOLE = EVENTS.join('');

describe.each(expressVersions)('a stream under strain on $name', ({ express }) => {
  it('of 10 000 chunks of one byte is recorded, joined and replayed as it was', async () => {
    const [isHalf, mayGoOn] = [gate(), gate()];
    const site = await cachedSite(express, async (_req, res) => {
      res.type('txt');
      for (let index = 0; index < 10_000; index += 1) {
        res.write(String(index % 10));
        // oxlint-disable-next-line no-await-in-loop -- half way
        if (index === 4999) await (isHalf.open(), mayGoOn.opened);
      }
      res.end();
    });
    const headers = { Connection: 'close' };
    const leader = await wireClient(site.port, { headers });
    await isHalf.opened;
    const joiner = await wireClient(site.port, { headers });
    await joiner.until(() => true);
    mayGoOn.open();
    await Promise.all([once(leader.socket, 'close'), once(joiner.socket, 'close')]);
    const hit = await wireClient(site.port, { headers });
    await once(hit.socket, 'close');
    const answers = await Promise.all([leader, joiner, hit].map((client) => client.ended()));
    for (const { chunks, text, end } of answers) {
      expect([chunks.length, text, end]).toEqual([10_000, '0123456789'.repeat(1000), 'whole']);
    }
    expect(answers[2]?.cacheStatus).toMatch(/hit/);
    expect(site.runs).toBe(1);
  });

  it('with requests pipelined behind it is followed by their answers, in order', async () => {
    const mayEnd = gate();
    const site = await cachedSite(express, async (req, res) => {
      if (req.path !== '/stream') return res.json({ path: req.path });
      res.type('text/event-stream').write(FIRST);
      await mayEnd.opened;
      return res.end(EVENTS.slice(1).join(''));
    });
    const paths = ['/stream', '/a', '/stream', '/a'];
    const client = await wireClient(
      site.port,
      paths.map((path) => ({ path })),
    );
    await client.has(FIRST);
    await expect.poll(() => site.runs).toBe(2);
    expect(client.answers()).toHaveLength(1);
    mayEnd.open();
    await expect
      .poll(() => client.answers().map(({ text }) => text))
      .toEqual([WHOLE, '{"path":"/a"}', WHOLE, '{"path":"/a"}']);
    expect(client.answers().map(({ end }) => end)).toEqual(Array(4).fill('whole'));
    expect(site.runs).toBe(2);
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('with requests pipelined behind it whose client leaves finishes all of them', async () => {
    const { site, left, ends } = await leavingSite(express, async (req, res, course) => {
      if (req.path === '/stream') res.type('text/event-stream').write(FIRST);
      await course.left;
      if (req.path === '/stream') res.end(EVENTS.slice(1).join(''));
      else res.json({ path: req.path });
    });
    const client = await wireClient(site.port, [
      { path: '/stream' },
      { path: '/a' },
      { path: '/b', json: { text: 'q' } },
    ]);
    await client.has(FIRST);
    await expect.poll(() => site.runs).toBe(3);
    client.leave();
    await left.reached(1);
    await expect.poll(() => ends.length).toBe(3);
    expect(await Promise.all(ends)).toEqual([undefined, undefined, undefined]);
    const again = await site.askInTurn({ path: '/stream' }, { path: '/a' }, { path: '/b', json: { text: 'q' } });
    expect(again.map(({ text }) => text)).toEqual([WHOLE, '{"path":"/a"}', '{"path":"/b"}']);
    expect(again.every(({ cacheStatus }) => cacheStatus?.includes('hit'))).toBe(true);
    expect(site.runs).toBe(3);
    expect((await site.cache.info()).fillsActive).toBe(0);
    await expect.poll(() => site.cache.stats()).toMatchObject({ misses: 3, hits: 3 });
  });

  it('whose client ends its side early is finished for others', async () => {
    const { site, left, ends } = await leavingSite(express, async (_req, res, course) => {
      res.type('text/event-stream').write(FIRST);
      await course.left;
      res.end(EVENTS.slice(1).join(''));
    });
    const client = await wireClient(site.port);
    client.socket.end();
    await left.reached(1);
    await ends[0];
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(1);
  });

  it('behind two mounts of one cache is kept once', async () => {
    const site = await cachedSite(express, (_req, res) => sendEvents(res, EVENTS));
    const twice = express();
    twice.use(express.json(), aiCache({ cache: site.cache }), aiCache({ cache: site.cache }));
    let runs = 0;
    twice.use((_req, res) => ((runs += 1), sendEvents(res, EVENTS)));
    const server = twice.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as import('node:net').AddressInfo;
    const first = await (await wireClient(port)).ended();
    const hit = await (await wireClient(port)).ended();
    expect([first.chunks.map(String), hit.chunks.map(String)]).toEqual([EVENTS, EVENTS]);
    expect([first.cacheStatus, hit.cacheStatus?.includes('hit')]).toEqual(['ai-cache; fwd=miss', true]);
    expect(runs).toBe(1);
  });

  it('behind two caches is kept in both, and each says so', async () => {
    const inner = new AIResponseCache({ name: 'inner', telemetry: false });
    onTestFinished(() => inner.close());
    const { site, left, ends } = await leavingSite(
      express,
      async (req, res, course) => {
        res.type('text/event-stream').write(FIRST);
        if (req.path === '/left') await course.left;
        res.end(EVENTS.slice(1).join(''));
      },
      { inner: [aiCache({ cache: inner })] },
    );
    const first = await (await wireClient(site.port)).ended();
    expect([first.text, first.cacheStatus]).toEqual([WHOLE, 'inner; fwd=miss, ai-cache; fwd=miss']);
    expect(await entriesOf(inner, site.cache)).toEqual([1, 1]);
    const hit = await (await wireClient(site.port)).ended();
    expect([hit.chunks, hit.cacheStatus?.startsWith('inner; fwd=miss, ai-cache; hit')]).toEqual([first.chunks, true]);
    const client = await wireClient(site.port, { path: '/left' });
    await client.has(FIRST);
    client.leave();
    await left.reached(1);
    await Promise.all(ends);
    await expect.poll(() => entriesOf(inner, site.cache)).toEqual([2, 2]);
    expect((await Promise.all([inner.info(), site.cache.info()])).map(({ fillsActive }) => fillsActive)).toEqual([
      0, 0,
    ]);
    expect(site.runs).toBe(2);
  });

  it('that is asked for a thousand times at once and left by all of them runs once', async () => {
    const { site, came, left, mayGoOn } = await leavingSite(express, async (_req, res, course) => {
      res.type('text/event-stream').write(FIRST);
      await course.mayGoOn.opened;
      res.end(EVENTS.slice(1).join(''));
    });
    const clients = await Promise.all(Array.from({ length: 1000 }, () => wireClient(site.port)));
    await came.reached(1000);
    for (const client of clients) client.leave();
    await left.reached(1000);
    mayGoOn.open();
    await expect.poll(async () => (await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(1);
    expect(notStored(site)).toEqual({});
  });

  it('that never ends does not keep others from other answers', async () => {
    const forever = gate();
    onTestFinished(() => forever.open());
    const site = await cachedSite(express, async (req, res) => {
      if (req.path === '/ever') {
        res.type('text/event-stream').write(FIRST);
        await forever.opened;
      }
      res.end('done');
    });
    const endless = await wireClient(site.port, { path: '/ever' });
    await endless.has(FIRST);
    const answers = await site.askInTurn({ path: '/a' }, { path: '/a' }, { path: '/b' });
    expect(answers.map(({ text }) => text)).toEqual(['done', 'done', 'done']);
    expect(site.runs).toBe(3);
  });
});

/** How many entries each cache has in memory. */
async function entriesOf(...caches: readonly AIResponseCache[]): Promise<number[]> {
  const infos = await Promise.all(caches.map((cache) => cache.info()));
  return infos.map(({ tiers: { memory } }) => (memory === false ? -1 : memory.entries));
}
