import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../support/arrivals.ts';
import { cachedSite, STORED } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';

const route = { ttlSeconds: 10, staleWhileRevalidateSeconds: 100 };
const question = { json: { text: 'Why?' } };

describe.each(expressVersions)('stale while revalidate on $name', ({ express, major }) => {
  it('answers stale at once, refreshes once however many ask, and then answers the new', async () => {
    const clock = manualClock();
    const mayAnswer = gate();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        if (run > 1) await mayAnswer.opened;
        res.json({ run });
      },
      { route, clock },
    );
    await site.ask(question);
    clock.advance(11_000);
    // The handler is held: only stale answers can come.
    const stale = await Promise.all(Array.from({ length: 50 }, () => site.ask(question)));
    expect(new Set(stale.map(({ text }) => text))).toEqual(new Set(['{"run":1}']));
    expect(new Set(stale.map(({ cacheStatus }) => cacheStatus))).toEqual(
      new Set(['ai-cache; hit; ttl=-1; detail=memory']),
    );
    mayAnswer.open();
    await expect.poll(async () => (await site.ask(question)).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
    const { misses, stale: served } = site.cache.stats();
    expect([misses, served >= 50]).toEqual([1, true]);
  });

  it('repeats method, URL, headers and body through the outer middleware, without conditions', async () => {
    const clock = manualClock();
    const seen: [string, string, IncomingHttpHeaders, unknown][] = [];
    let passed = 0;
    const site = await cachedSite(
      express,
      (req, res, run) => {
        seen.push([req.method, req.originalUrl, { ...req.headers }, req.body]);
        res.json({ run });
      },
      { route, clock, outer: [(_req, _res, next) => ((passed += 1), next())] },
    );
    const sent = { ...question, path: '/a?b=1', headers: { 'x-tone': 'dry', 'accept-encoding': 'gzip' } };
    await site.ask(sent);
    clock.advance(11_000);
    await site.ask(sent);
    await expect.poll(() => site.runs).toBe(2);
    const [first, second] = seen;
    expect([second?.[0], second?.[1], second?.[3]]).toEqual([first?.[0], first?.[1], first?.[3]]);
    expect(second?.[2]).toMatchObject({ 'x-tone': 'dry', host: first?.[2].host });
    expect(second?.[2]).not.toHaveProperty('accept-encoding');
    expect(passed).toBe(3);
  });

  it('refreshes a route that sets up its socket as event streams do, and a GET that says Content-Length: 0', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (req, res, run) => {
        req.setTimeout(0);
        res.setTimeout(0);
        req.socket.setNoDelay(true);
        req.socket.setKeepAlive(true);
        req.socket.address();
        res.type('text/event-stream');
        res.write(`data: ${run}\n\n`);
        res.end('data: [DONE]\n\n');
      },
      { route, clock },
    );
    const sent = { headers: { 'content-length': '0' } };
    await site.ask(sent);
    clock.advance(11_000);
    await site.ask(sent);
    await expect.poll(async () => (await site.ask(sent)).text).toBe('data: 2\n\ndata: [DONE]\n\n');
    expect(site.runs).toBe(2);
  });

  it('backs off while refreshes fail, and keeps the entry', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 1 ? res.json({ run }) : res.status(503).json({ run })),
      { route, clock },
    );
    await site.ask(question);
    clock.advance(11_000);
    await site.ask(question);
    await expect.poll(() => site.cache.monitor.snapshot().fills.errors).toBe(1);
    // Its connection has ended too when the next one may start.
    await site.ask(question);
    expect(site.runs).toBe(2);
    const refreshedAgain = async (): Promise<number> => {
      clock.advance(1_000);
      await site.ask(question);
      return site.runs;
    };
    await expect.poll(refreshedAgain).toBe(3);
    expect((await site.ask(question)).text).toBe('{"run":1}');
  });

  it('waits for a new answer beyond the window', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { route, clock });
    await site.ask(question);
    clock.advance(111_000);
    expect(await site.ask(question)).toMatchObject({ text: '{"run":2}', cacheStatus: STORED });
    expect(site.runs).toBe(2);
  });

  it('takes the window that the handler names over that of the route', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => res.set('Cache-Control', 'max-age=10, stale-while-revalidate=5').json({ run }),
      { route, clock },
    );
    await site.ask(question);
    clock.advance(16_000);
    expect((await site.ask(question)).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('leaves alone what it cannot repeat, and says so once', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route,
      clock,
      parser: express.urlencoded({ extended: false }),
    });
    const form = {
      method: 'POST',
      body: 'text=Why',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    };
    await site.ask(form);
    clock.advance(11_000);
    const answers = await site.askInTurn(form, form);
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
    expect(site.runs).toBe(1);
    expect(site.errors.map(({ code }) => code)).toEqual(['REFRESH_IMPOSSIBLE']);
  });

  it('gives up a refresh whose handler never answers, after maxFillMs, and tries again later', async () => {
    const clock = manualClock();
    const came = arrivals();
    const aborted = gate();
    const site = await cachedSite(
      express,
      (req, res, run) => {
        if (run !== 2) return res.json({ run });
        req.socket.once('close', () => aborted.open());
        return came.note();
      },
      { route, clock, cache: { maxFillMs: 50 } },
    );
    await site.ask(question);
    clock.advance(11_000);
    await site.ask(question);
    await came.reached(1);
    await aborted.opened;
    const refreshed = async (): Promise<string> => {
      clock.advance(1_000);
      return (await site.ask(question)).text;
    };
    await expect.poll(refreshed).toBe('{"run":3}');
    expect(site.runs).toBe(3);
    expect(major).toBeGreaterThan(3);
  });
});
