import type { ErrorRequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { expressVersions } from '../../support/express.ts';
import { oneByOne } from '../../support/one-by-one.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, sendEvents } from '../streams/event-stream.ts';
import { isKept, refreshIsOver, staleSite, type Handler } from './stale-site.ts';

const route = { staleWhileRevalidateSeconds: 3600 };

const errorPage: ErrorRequestHandler = (_error, _req, res, next) =>
  res.headersSent ? next(_error) : res.status(500).send('failed');

/** How a refresh can fail to make an answer that is kept. */
const failures: readonly [how: string, isError: boolean, fail: Handler][] = [
  ['answers 500', true, (_req, res) => res.sendStatus(500)],
  ['answers 503 in pieces', true, (_req, res) => (res.status(503).write('a'), res.end('b'))],
  [
    'throws',
    true,
    () => {
      throw new Error('No model.');
    },
  ],
  ['answers 404', false, (_req, res) => res.sendStatus(404)],
  ['answers an error that says 200', false, (_req, res) => res.json({ error: { message: 'overloaded' } })],
  ['sends a stream that breaks off', false, (_req, res) => sendEvents(res, EVENTS.slice(0, 1))],
  ['destroys its response', false, (_req, res) => res.write('a', () => res.destroy())],
  ['destroys its socket', false, (req) => req.socket.destroy()],
];

describe.each(expressVersions)('a refresh that fails on $name', ({ express }) => {
  it.each(failures)(
    'because its handler %s leaves the entry, and is tried again a second later',
    async (_how, isError, fail) => {
      const { site, clock, over, gates } = await staleSite(
        express,
        (req, res, run) => (run === 2 ? fail(req, res, run) : res.json({ run })),
        { route, behind: (app) => app.set('env', 'test').use(errorPage) },
      );
      for (const each of gates) each.open();
      await site.ask();
      clock.advance(10_000);
      expect((await site.ask()).text).toBe('{"run":1}');
      await over.reached(2);
      await refreshIsOver(site);
      expect(site.cache.monitor.snapshot().fills).toMatchObject({ count: 2, errors: isError ? 1 : 0 });
      clock.advance(999);
      expect((await site.ask()).text).toBe('{"run":1}');
      expect(site.runs).toBe(2);
      clock.advance(1);
      await site.ask();
      await isKept(site, '{"run":3}');
      expect(site.runs).toBe(3);
      expect(site.cache.stats()).toMatchObject({ misses: 1, errors: 0 });
    },
  );

  it('again and again is tried after 1, 2, 4 … seconds, at most 60', async () => {
    const { site, clock, over, gates } = await staleSite(
      express,
      (_req, res, run) => (run === 1 ? res.json({ run }) : res.sendStatus(503)),
      { route },
    );
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(10_000);
    const waits = [1, 2, 4, 8, 16, 32, 60, 60];
    await oneByOne(waits.length, async (index) => {
      await site.ask();
      await over.reached(index + 2);
      await refreshIsOver(site);
      clock.advance((waits[index] ?? 0) * 1000 - 1);
      await site.ask();
      expect(site.runs, `before ${waits[index]} s`).toBe(index + 2);
      clock.advance(1);
    });
    expect(site.cache.monitor.snapshot().fills.errors).toBe(waits.length);
  });

  it('because it is uncacheable now leaves the entry until its window ends', async () => {
    const { site, clock, over, gates } = await staleSite(
      express,
      (_req, res, run) => (run === 1 ? res : res.set('Cache-Control', 'no-store')).json({ run }),
      { route: { staleWhileRevalidateSeconds: 60 } },
    );
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(10_000);
    expect((await site.ask()).text).toBe('{"run":1}');
    await over.reached(2);
    expect((await site.ask()).text).toBe('{"run":1}');
    clock.advance(60_000);
    expect((await site.ask()).text).toBe('{"run":3}');
    expect(site.runs).toBe(3);
  });

  it('because the cache was closed harms nobody', async () => {
    const { site, clock, ran, over, gates } = await staleSite(express, (_req, res, run) => res.json({ run }), {
      route,
    });
    await site.ask();
    clock.advance(10_000);
    await site.ask();
    await ran.reached(2);
    await site.cache.close();
    gates[1].open();
    gates[2].open();
    await over.reached(2);
    expect(await site.ask()).toMatchObject({ text: '{"run":3}', cacheStatus: 'ai-cache; fwd=bypass; detail=disabled' });
    expect(site.runs).toBe(3);
  });

  it('is told by its signal that its time is up', async () => {
    const told: unknown[] = [];
    const { site, clock, gates } = await staleSite(
      express,
      (req, res, run) => {
        if (run !== 2) return res.json({ run });
        const signal = aiCacheContext(req)?.signal;
        return signal?.addEventListener('abort', () => told.push(signal.aborted));
      },
      { route, cache: { maxFillMs: 5 } },
    );
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(10_000);
    await site.ask();
    await expect.poll(() => told).toEqual([true]);
    await expect.poll(async () => (await site.cache.info()).fillsActive).toBe(0);
    expect((await site.ask()).text).toBe('{"run":1}');
    expect(site.runs).toBe(2);
  });

  it('does not touch the stale answer, which a slow client still reads', async () => {
    const large = 'x'.repeat(64 * 1024);
    const { site, clock, over, gates } = await staleSite(
      express,
      (_req, res, run) => {
        if (run > 1) return res.sendStatus(503);
        for (let index = 0; index < 256; index += 1) res.write(large);
        return res.end();
      },
      { route, cache: { maxEntryBytes: 32 << 20, memory: { maxEntryBytes: 32 << 20 } } },
    );
    for (const each of gates) each.open();
    await site.ask();
    clock.advance(10_000);
    const client = await wireClient(site.port, { headers: { Connection: 'close' } }, { isReading: false });
    await over.reached(2);
    client.socket.resume();
    await new Promise((resolve) => client.socket.once('close', resolve));
    const { body, end, status } = await client.ended();
    expect([status, end, body.length]).toEqual([200, 'whole', 256 * large.length]);
    expect(site.runs).toBe(2);
  });
});
