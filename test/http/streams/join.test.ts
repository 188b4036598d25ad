import { describe, expect, it } from 'vitest';
import { cachedSite, HIT, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate, type Gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { wireClient } from '../../support/wire-client.ts';
import { DONE, event, EVENTS, notStored } from './event-stream.ts';

const WHOLE = EVENTS.join('');
const JOINED = 'ai-cache; fwd=miss; collapsed';

describe.each(expressVersions)('a stream that runs on $name', ({ express }) => {
  /** A site that sends one event each time the next gate opens. */
  async function gatedStream(options: SiteOptions = {}) {
    const gates = EVENTS.map(() => gate());
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('text/event-stream').set('X-Model', 'm').flushHeaders();
        for (const [index, one] of EVENTS.entries()) {
          // oxlint-disable-next-line no-await-in-loop -- the test opens them one by one
          await gates[index]?.opened;
          res.write(one);
        }
        res.end();
      },
      { clock: manualClock(), ...options },
    );
    return { site, gates: gates as [Gate, Gate, Gate] };
  }

  it('is joined from its first byte on, at any time, and all get the same bytes', async () => {
    const { site, gates } = await gatedStream();
    const leader = await wireClient(site.port);
    await leader.until(() => true);
    const early = await wireClient(site.port);
    expect((await early.until(() => true)).text).toBe('');
    gates[0].open();
    await leader.has(EVENTS[0] as string);
    const middle = await wireClient(site.port);
    // Its first event comes while the handler waits with the others.
    expect((await middle.has(EVENTS[0] as string)).text).toBe(EVENTS[0]);
    expect((await early.has(EVENTS[0] as string)).text).toBe(EVENTS[0]);
    gates[1].open();
    await leader.has(EVENTS.slice(0, 2).join(''));
    const late = await wireClient(site.port);
    expect((await late.has(EVENTS.slice(0, 2).join(''))).end).toBe('open');
    gates[2].open();
    const [first, ...joined] = await Promise.all([leader, early, middle, late].map((client) => client.ended()));
    expect(first?.chunks.map(String)).toEqual(EVENTS);
    for (const { chunks, end, cacheStatus, headers, status } of joined) {
      expect([chunks, end, cacheStatus, status]).toEqual([first?.chunks, 'whole', JOINED, 200]);
      expect([headers['content-type'], headers['x-model'], headers.age]).toEqual([
        first?.headers['content-type'],
        'm',
        undefined,
      ]);
    }
    expect((await site.ask()).cacheStatus).toBe(HIT);
    expect(site.runs).toBe(1);
    expect(site.cache.stats()).toMatchObject({ misses: 1, coalesced: 3, hits: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('is joined by those who waited for its head', async () => {
    const [came, mayBegin, mayEnd] = [gate(), gate(), gate()];
    let asked = 0;
    const site = await cachedSite(
      express,
      async (_req, res) => {
        await mayBegin.opened;
        res.type('text/event-stream').write(EVENTS[0]);
        await mayEnd.opened;
        res.end(EVENTS.slice(1).join(''));
      },
      { route: { skip: () => ((asked += 1) === 3 && came.open(), false) } },
    );
    const clients = await Promise.all([wireClient(site.port), wireClient(site.port), wireClient(site.port)]);
    await came.opened;
    mayBegin.open();
    for (const one of await Promise.all(clients.map((client) => client.has(EVENTS[0] as string)))) {
      expect([one.text, one.end]).toEqual([EVENTS[0], 'open']);
    }
    mayEnd.open();
    const answers = await Promise.all(clients.map((client) => client.ended()));
    expect(answers.map(({ text, end }) => [text, end])).toEqual(Array.from({ length: 3 }, () => [WHOLE, 'whole']));
    expect(site.runs).toBe(1);
  });

  it('and breaks off breaks the connections of those who joined, and nothing is stored', async () => {
    const mayBreak = gate();
    const site = await cachedSite(express, async (_req, res, run) => {
      res.type('text/event-stream').write(EVENTS[0]);
      if (run > 1) return res.end(EVENTS.slice(1).join(''));
      await mayBreak.opened;
      return res.destroy();
    });
    const clients = [await wireClient(site.port)];
    await clients[0]?.has(EVENTS[0] as string);
    clients.push(await wireClient(site.port), await wireClient(site.port));
    await Promise.all(clients.map((client) => client.has(EVENTS[0] as string)));
    mayBreak.open();
    const answers = await Promise.all(clients.map((client) => client.ended()));
    expect(answers.map(({ end, text }) => [end, text])).toEqual(Array.from({ length: 3 }, () => ['cut', EVENTS[0]]));
    expect(site.runs).toBe(1);
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 1 });
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(2);
  });

  it('and ends in an error is given in full to those who joined, and is not stored', async () => {
    const failed = [EVENTS[0] as string, event({ message: 'overloaded' }, 'error'), DONE];
    const mayFail = gate();
    const site = await cachedSite(express, async (_req, res) => {
      res.type('text/event-stream').write(failed[0]);
      await mayFail.opened;
      res.end(failed.slice(1).join(''));
    });
    const leader = await wireClient(site.port);
    await leader.has(failed[0] as string);
    const joiner = await wireClient(site.port);
    await joiner.has(failed[0] as string);
    mayFail.open();
    const answers = await Promise.all([leader.ended(), joiner.ended()]);
    expect(answers.map(({ text, end }) => [text, end])).toEqual(
      Array.from({ length: 2 }, () => [failed.join(''), 'whole']),
    );
    await site.ask();
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ 'in-band-error': 2 });
  });

  it('is a hit for the one who comes when it has just ended', async () => {
    const { site, gates } = await gatedStream();
    for (const each of gates) each.open();
    const leader = await wireClient(site.port);
    await leader.ended();
    const next = await (await wireClient(site.port)).ended();
    expect([next.text, next.cacheStatus, site.runs]).toEqual([WHOLE, HIT, 1]);
  });

  it('is not joined by a request for another answer, nor with coalesce: false', async () => {
    const { site, gates } = await gatedStream({ cache: { coalesce: false } });
    const clients = [await wireClient(site.port), await wireClient(site.port)];
    await Promise.all(clients.map((client) => client.until(() => true)));
    expect(site.runs).toBe(2);
    for (const each of gates) each.open();
    const answers = await Promise.all(clients.map((client) => client.ended()));
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual(Array(2).fill('ai-cache; fwd=miss'));

    const apart = await gatedStream();
    const one = await wireClient(apart.site.port, { path: '/a' });
    const other = await wireClient(apart.site.port, { path: '/b' });
    await Promise.all([one.until(() => true), other.until(() => true)]);
    expect(apart.site.runs).toBe(2);
    for (const each of apart.gates) each.open();
    await Promise.all([one.ended(), other.ended()]);
  });

  it('that is cut resets a joiner of HTTP/1.0, to whom its end would be a whole answer', async () => {
    const mayBreak = gate();
    const site = await cachedSite(express, async (_req, res) => {
      res.type('text/event-stream').write(EVENTS[0]);
      await mayBreak.opened;
      res.destroy();
    });
    const leader = await wireClient(site.port);
    await leader.has(EVENTS[0] as string);
    const joiner = await wireClient(site.port, { version: '1.0' });
    await joiner.has(EVENTS[0] as string);
    const error = new Promise<NodeJS.ErrnoException>((resolve) => joiner.socket.once('error', resolve));
    mayBreak.open();
    expect((await error).code).toBe('ECONNRESET');
    expect(site.runs).toBe(1);
  });
});
