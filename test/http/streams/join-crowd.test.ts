import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../support/arrivals.ts';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, notStored } from './event-stream.ts';

const WHOLE = EVENTS.join('');
const FIRST = EVENTS[0] as string;
const MIB = 1024 * 1024;

/** How many listeners each emitter of a response has, by event. */
function listenersOf(res: ServerResponse): string {
  const counts = [res, res.req, res.req.socket].map((emitter) =>
    emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]),
  );
  return JSON.stringify(counts);
}

describe.each(expressVersions)('many who join a stream on $name', ({ express }) => {
  it('100, of whom 50 leave, hurt nobody and leave nothing behind', async () => {
    const [left, mayEnd] = [arrivals(), gate()];
    const responses: ServerResponse[] = [];
    const watch: RequestHandler = (req, res, next) => {
      responses.push(res);
      req.socket.on('close', () => void left.note());
      next();
    };
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('text/event-stream').write(FIRST);
        await mayEnd.opened;
        res.end(EVENTS.slice(1).join(''));
      },
      { outer: [watch] },
    );
    const headers = { Connection: 'close' };
    const leader = await wireClient(site.port, { headers });
    await leader.has(FIRST);
    const joined = await Promise.all(Array.from({ length: 100 }, () => wireClient(site.port, { headers })));
    await Promise.all(joined.map((client) => client.has(FIRST)));
    for (const client of joined.slice(0, 50)) client.leave();
    await left.reached(50);
    mayEnd.open();
    const answers = await Promise.all([leader, ...joined.slice(50)].map((client) => client.ended()));
    expect(new Set(answers.map(({ text, end }) => `${end} ${text}`))).toEqual(new Set([`whole ${WHOLE}`]));
    await left.reached(101);
    const [leaders, ...others] = responses;
    const own = await aloneOn(express);
    expect(listenersOf(leaders as ServerResponse)).toBe(own);
    expect(new Set(others.filter(({ writableFinished }) => writableFinished).map(listenersOf))).toEqual(new Set([own]));
    // A response that was broken off keeps what Node has put on it, and nothing of ours.
    for (const res of others) expect([res.listenerCount('close'), res.listenerCount('drain')]).toEqual([0, 0]);
    expect(site.runs).toBe(1);
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect(site.cache.stats()).toMatchObject({ misses: 1, coalesced: 100, hits: 1 });
  });

  /** What Node itself leaves on a response that was sent without a cache. */
  async function aloneOn(makeApp: typeof express): Promise<string> {
    const seen: ServerResponse[] = [];
    const closed = gate();
    const watch: RequestHandler = (req, res, next) => {
      seen.push(res);
      req.socket.on('close', () => closed.open());
      next();
    };
    const site = await cachedSite(makeApp, (_req, res) => res.end('x'), {
      outer: [watch],
      route: { skip: () => true },
    });
    await (await wireClient(site.port, { headers: { Connection: 'close' } })).ended();
    await closed.opened;
    return listenersOf(seen[0] as ServerResponse);
  }

  it('one that does not read slows nobody, and gets every byte when it reads again', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const [mayGoOn, isWritten] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('txt').write(FIRST);
        await mayGoOn.opened;
        for (let index = 0; index < 256; index += 1) {
          // oxlint-disable-next-line no-await-in-loop -- what a handler does that minds the pace of its own client
          if (!res.write(piece)) await once(res, 'drain');
        }
        res.end();
        isWritten.open();
      },
      { cache: { maxEntryBytes: 32 * MIB } },
    );
    const headers = { Connection: 'close' };
    const leader = await wireClient(site.port, { headers });
    await leader.has(FIRST);
    const [stalled, reader] = [await wireClient(site.port, { headers }), await wireClient(site.port, { headers })];
    await Promise.all([stalled.has(FIRST), reader.has(FIRST)]);
    stalled.socket.pause();
    mayGoOn.open();
    await isWritten.opened;
    await Promise.all([once(leader.socket, 'close'), once(reader.socket, 'close')]);
    const expected = FIRST + piece.repeat(256);
    const [first, second] = [await leader.ended(), await reader.ended()];
    expect([first.end, first.text === expected, second.end, second.text === expected]).toEqual([
      'whole',
      true,
      'whole',
      true,
    ]);
    stalled.socket.resume();
    await once(stalled.socket, 'close');
    const third = await stalled.ended();
    expect([third.end, third.text === expected]).toEqual(['whole', true]);
    expect(site.runs).toBe(1);
  });

  it('one that falls further behind than is held loses its connection, never gets a false end', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const mayGoOn = gate();
    const site = await cachedSite(
      express,
      async (_req, res) => {
        res.type('txt').write(FIRST);
        await mayGoOn.opened;
        for (let index = 0; index < 256; index += 1) {
          // oxlint-disable-next-line no-await-in-loop -- what a handler does that minds the pace of its own client
          if (!res.write(piece)) await once(res, 'drain');
        }
        res.end();
      },
      { cache: { maxEntryBytes: MIB } },
    );
    const headers = { Connection: 'close' };
    const leader = await wireClient(site.port, { headers });
    await leader.has(FIRST);
    const stalled = await wireClient(site.port, { headers });
    await stalled.has(FIRST);
    stalled.socket.pause();
    mayGoOn.open();
    await once(leader.socket, 'close');
    expect((await leader.ended()).body.length).toBe(
      FIRST.length + 256 * piece.length + (Buffer.byteLength(FIRST) - FIRST.length),
    );
    stalled.socket.resume();
    await once(stalled.socket, 'close');
    const { end, text } = await stalled.ended();
    expect([end, (FIRST + piece.repeat(256)).startsWith(text)]).toEqual(['cut', true]);
    await expect.poll(() => notStored(site)).toEqual({ 'too-large': 1 });
    expect(site.runs).toBe(1);
  });

  it('one that comes when the beginning is no longer held runs the handler for itself', async () => {
    const [mayEnd, written] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        res.type('txt').write('x'.repeat(60));
        res.write('y'.repeat(60));
        written.open();
        if (run === 1) await mayEnd.opened;
        res.end('z');
      },
      { cache: { maxEntryBytes: 100 } },
    );
    const leader = await wireClient(site.port);
    await written.opened;
    const late = await (await wireClient(site.port)).ended();
    expect([late.body.length, late.end, late.cacheStatus]).toEqual([121, 'whole', 'ai-cache; fwd=miss']);
    mayEnd.open();
    expect((await leader.ended()).end).toBe('whole');
    expect(site.runs).toBe(2);
  });
});
