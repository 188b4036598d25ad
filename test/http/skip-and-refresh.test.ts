import { describe, expect, it } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';

const again = { json: { text: 'a' }, headers: { 'x-again': '1' } };
const usual = { json: { text: 'a' } };

describe.each(expressVersions)('skip on $name', ({ express }) => {
  it('sends the requests it names past the cache: neither looked up nor stored', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { skip: (req) => req.headers['x-again'] !== undefined },
    });
    const answers = await site.askInTurn(again, usual, again, usual);
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":3}', '{"run":2}']);
    expect(site.runs).toBe(3);
  });
});

describe.each(expressVersions)('refresh on $name', ({ express }) => {
  const refresh = (req: { headers: object }): boolean => 'x-again' in req.headers;

  it('makes a new answer, which replaces the stored one', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { route: { refresh }, clock });
    const answers = await site.askInTurn(usual, usual, again, usual);
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ['{"run":1}', 'ai-cache; fwd=miss; stored'],
      ['{"run":1}', 'ai-cache; hit; ttl=86400; detail=memory'],
      ['{"run":2}', 'ai-cache; fwd=request; stored; detail=refresh'],
      ['{"run":2}', 'ai-cache; hit; ttl=86400; detail=memory'],
    ]);
    expect(site.runs).toBe(2);
  });

  it('hits the old answer meanwhile, for those who do not ask for a new one', async () => {
    const [entered, mayAnswer] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        if (run === 2) {
          entered.open();
          await mayAnswer.opened;
        }
        res.json({ run });
      },
      { route: { refresh } },
    );
    await site.ask(usual);
    const refreshed = site.ask(again);
    await entered.opened;
    expect((await site.ask(usual)).text).toBe('{"run":1}');
    mayAnswer.open();
    expect((await refreshed).text).toBe('{"run":2}');
    expect((await site.ask(usual)).text).toBe('{"run":2}');
    expect(site.runs).toBe(2);
  });

  it('keeps the old answer where the new one may not be stored', async () => {
    const site = await cachedSite(
      express,
      (_req, res, run) => (run === 2 ? res.status(500).json({ run }) : res.json({ run })),
      {
        route: { refresh },
      },
    );
    const answers = await site.askInTurn(usual, again, usual);
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, '{"run":1}'],
      [500, '{"run":2}'],
      [200, '{"run":1}'],
    ]);
    expect(site.runs).toBe(2);
  });

  it('starts the lifetime anew', async () => {
    const clock = manualClock();
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: { refresh, ttlSeconds: 10 },
      clock,
    });
    await site.ask(usual);
    clock.advance(9_000);
    await site.ask(again);
    clock.advance(9_000);
    expect(await site.ask(usual)).toMatchObject({ text: '{"run":2}', headers: { age: '9' } });
    expect(site.runs).toBe(2);
  });

  it('that fails is reported and asks for nothing', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      route: {
        refresh: () => {
          throw new Error('cannot say');
        },
      },
    });
    const answers = await site.askInTurn(usual, usual);
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
    expect(site.errors.map(({ code, option }) => [code, option])).toEqual(
      Array.from({ length: 2 }, () => ['USER_FUNCTION_FAILED', 'refresh']),
    );
    expect(site.runs).toBe(1);
  });
});
