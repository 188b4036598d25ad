import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../support/arrivals.ts';
import { cachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { wireClient } from '../../support/wire-client.ts';
import { EVENTS, event, notStored, sendEvents } from './event-stream.ts';

const WHOLE = EVENTS.join('');
const failed = [EVENTS[0] as string, event({ message: 'overloaded' }, 'error')];

type Handler = (req: Request, res: Response, run: number) => unknown;

describe.each(expressVersions)('when a stream fails on $name', ({ express }) => {
  /** Each run of the handler waits for its gate. */
  async function gatedSite(handler: Handler, options: SiteOptions = {}) {
    const [came, ran] = [arrivals(), arrivals()];
    const gates = [gate(), gate(), gate()] as const;
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        ran.note();
        await gates[run - 1]?.opened;
        await handler(req, res, run);
      },
      { ...options, route: { skip: came.note } },
    );
    return { site, came, ran, gates };
  }

  it('before its head, one of those who wait leads, and the others join its stream', async () => {
    const { site, came, ran, gates } = await gatedSite((req, res, run) =>
      run === 1 ? req.socket.destroy() : sendEvents(res, EVENTS),
    );
    const first = await wireClient(site.port);
    await came.reached(1);
    const others = Array.from({ length: 5 }, () => site.ask());
    await came.reached(6);
    gates[0].open();
    await expect(first.ended()).rejects.toThrow('what came: nothing');
    await ran.reached(2);
    gates[1].open();
    expect((await Promise.all(others)).map(({ text }) => text)).toEqual(Array(5).fill(WHOLE));
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(2);
  });

  it('with a 503 in pieces, one of those who wait leads; after a second one they get that', async () => {
    const { site, came, ran, gates } = await gatedSite((_req, res, run) => {
      res.status(503).type('txt').write('failed ');
      res.end(String(run));
    });
    const first = site.ask();
    await came.reached(1);
    const others = Array.from({ length: 5 }, () => site.ask());
    await came.reached(6);
    gates[0].open();
    expect(await first).toMatchObject({ status: 503, text: 'failed 1' });
    await ran.reached(2);
    gates[1].open();
    expect((await Promise.all(others)).map(({ status, text }) => `${status} ${text}`)).toEqual(
      Array(5).fill('503 failed 2'),
    );
    expect(site.runs).toBe(2);
  });

  it('within itself, those who have joined get what it said, and the next request tries anew', async () => {
    const { site, came, gates } = await gatedSite((_req, res, run) => sendEvents(res, run === 1 ? failed : EVENTS));
    const asked = [site.ask(), site.ask(), site.ask()];
    await came.reached(3);
    for (const each of gates) each.open();
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(Array(3).fill(failed.join('')));
    expect(site.runs).toBe(1);
    expect((await site.ask()).text).toBe(WHOLE);
    expect(site.runs).toBe(2);
    expect(notStored(site)).toEqual({ 'in-band-error': 1 });
  });

  it('in one piece with its error, one of those who wait leads', async () => {
    const { site, came, ran, gates } = await gatedSite((_req, res, run) =>
      res.json(run === 1 ? { error: { message: 'overloaded' } } : { run }),
    );
    const first = site.ask();
    await came.reached(1);
    const others = [site.ask(), site.ask()];
    await came.reached(3);
    gates[0].open();
    expect((await first).text).toBe('{"error":{"message":"overloaded"}}');
    await ran.reached(2);
    gates[1].open();
    expect((await Promise.all(others)).map(({ text }) => text)).toEqual(Array(2).fill('{"run":2}'));
    expect(site.runs).toBe(2);
  });

  it('because Node refuses its head, nobody joins it: they get what follows', async () => {
    const { site, came, gates } = await gatedSite(
      (_req, res, run) => (res.type('txt').status(200), (res.statusMessage = 'no\nway'), res.write(`run ${run}`)),
      {
        inner: [
          (_req, res, next) => {
            const { write } = res;
            res.write = ((...args: unknown[]) => {
              try {
                return Reflect.apply(write, res, args);
              } catch {
                res.statusMessage = '';
                Reflect.apply(write, res, ['mended']);
                return res.end();
              }
            }) as typeof res.write;
            next();
          },
        ],
      },
    );
    const asked = [site.ask(), site.ask(), site.ask()];
    await came.reached(3);
    gates[0].open();
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(Array(3).fill('mended'));
    expect(site.runs).toBe(1);
  });
});
