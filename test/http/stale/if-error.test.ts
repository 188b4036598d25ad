import { describe, expect, it } from 'vitest';
import { cachedSite } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';

const route = { ttlSeconds: 10, staleIfErrorSeconds: 100 };
const question = { json: { text: 'Why?' } };
const quiet = { behind: (app: import('express').Express): void => void app.set('env', 'test') };

describe.each(expressVersions)('stale if error on $name', ({ express }) => {
  it.each([429, 500, 502, 503, 504])('sends the stale answer in place of %i', async (status) => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) =>
        run === 1 ? res.set('X-Kept', 'a').json({ run }) : res.status(status).set('X-Error', 'b').json({}),
      { route, clock },
    );
    await site.ask(question);
    clock.advance(11_000);
    const answer = await site.ask(question);
    expect(answer).toMatchObject({
      status: 200,
      statusMessage: 'OK',
      text: '{"run":1}',
      cacheStatus: 'ai-cache; hit; ttl=-1; detail=stale-if-error',
    });
    expect(answer.headers).toMatchObject({ 'x-kept': 'a', age: '11' });
    expect(answer.headers).not.toHaveProperty('x-error');
    expect(site.runs).toBe(2);
    expect(site.cache.stats()).toMatchObject({ stale: 1, misses: 1, errors: 0 });
  });

  it.each([401, 403, 404, 410])('does not hide %i', async (status) => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 1 ? res.json({ run }) : res.status(status).json({ status })),
      { route, clock },
    );
    await site.ask(question);
    clock.advance(11_000);
    expect(await site.ask(question)).toMatchObject({ status, text: JSON.stringify({ status }) });
    expect(site.runs).toBe(2);
  });

  it('covers a handler that throws', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => {
        if (run > 1) throw new Error('no provider');
        res.json({ run });
      },
      { route, clock, ...quiet },
    );
    await site.ask(question);
    clock.advance(11_000);
    expect(await site.ask(question)).toMatchObject({ status: 200, text: '{"run":1}' });
    expect(site.runs).toBe(2);
  });

  it('gives the stale answer to all who waited, after two tries', async () => {
    const clock = manualClock();
    const mayFail = gate();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        if (run === 1) return res.json({ run });
        await mayFail.opened;
        return res.status(503).json({});
      },
      { route, clock },
    );
    await site.ask(question);
    clock.advance(11_000);
    const asked = Array.from({ length: 20 }, () => site.ask(question));
    await expect.poll(() => site.runs).toBe(2);
    mayFail.open();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 {"run":1}']));
    // A late one may find the flight over and try for itself.
    expect(site.runs).toBeGreaterThanOrEqual(2);
  });

  it('lets the error through beyond the window', async () => {
    const clock = manualClock();
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 1 ? res.json({ run }) : res.status(503).json({})),
      { route, clock },
    );
    await site.ask(question);
    clock.advance(111_000);
    expect((await site.ask(question)).status).toBe(503);
    expect(site.runs).toBe(2);
  });

  it('stores the new answer where the handler is well again', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { route, clock });
    await site.ask(question);
    clock.advance(11_000);
    expect((await site.ask(question)).text).toBe('{"run":2}');
    expect((await site.ask(question)).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });
});
