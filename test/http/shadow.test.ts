import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { arrivals } from '../support/arrivals.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

const usage = { inputTokens: 10, outputTokens: 5 };

describe.each(expressVersions)('mode: shadow on $name', ({ express }) => {
  it('always runs the handler and says what the cache would have done', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { cache: { mode: 'shadow' } });
    const answers = await site.askInTurn({}, {}, {});
    expect(answers.map(({ text, cacheStatus, headers }) => [text, cacheStatus, headers.age])).toEqual([
      ['{"run":1}', 'ai-cache; fwd=bypass; stored; detail=shadow-miss', undefined],
      ['{"run":2}', 'ai-cache; fwd=bypass; detail=shadow-hit', undefined],
      ['{"run":3}', 'ai-cache; fwd=bypass; detail=shadow-hit', undefined],
    ]);
    expect(site.runs).toBe(3);
  });

  it('counts the hits and the savings there would have been', async () => {
    const site = await cachedSite(
      express,
      (req, res, run) => {
        aiCacheContext(req)?.usage(usage);
        res.json({ run });
      },
      { cache: { mode: 'shadow' }, route: { provider: 'openai', model: 'gpt' } },
    );
    await site.askInTurn({}, {}, {});
    expect(site.cache.stats()).toMatchObject({
      hits: 2,
      misses: 1,
      bypassed: 0,
      saved: { inputTokens: 20, outputTokens: 10 },
    });
    expect(site.cache.stats().byModel).toMatchObject([{ provider: 'openai', model: 'gpt', hits: 2 }]);
    expect(site.runs).toBe(3);
  });

  it('stores the first answer, which serves when the mode changes', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { cache: { mode: 'shadow' } });
    await site.askInTurn({ json: { text: 'a' } }, { json: { text: 'a' } });
    const request = {
      text: 'a',
      target: `POST http://127.0.0.1:${site.port}/`,
      vary: { 'content-type': 'application/json' },
      options: {},
    };
    expect((await site.cache.get(request))?.json()).toEqual({ run: 1 });
    expect(site.runs).toBe(2);
  });

  it('makes nobody wait for anybody', async () => {
    const ran = arrivals();
    const mayAnswer = gate();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        ran.note();
        await mayAnswer.opened;
        res.json({ run });
      },
      { cache: { mode: 'shadow' } },
    );
    const asked = [site.ask(), site.ask(), site.ask()];
    await ran.reached(3);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(3);
  });

  it('gives the handler the same context on a miss and on a hit', async () => {
    const seen: unknown[] = [];
    const site = await cachedSite(
      express,
      (req, res) => {
        seen.push(aiCacheContext(req)?.signal.aborted);
        res.json({});
      },
      { cache: { mode: 'shadow' } },
    );
    await site.askInTurn({}, {});
    expect(seen).toEqual([false, false]);
    expect(site.runs).toBe(2);
  });

  it('leaves answers as they are, those that are not stored too', async () => {
    const site = await cachedSite(
      express,
      (_req, res, run) =>
        res
          .status(run === 1 ? 500 : 200)
          .cookie('a', 'b')
          .json({ run }),
      {
        cache: { mode: 'shadow' },
      },
    );
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ status, cacheStatus }) => [status, cacheStatus])).toEqual([
      [500, 'ai-cache; fwd=bypass; detail=shadow-miss'],
      [200, 'ai-cache; fwd=bypass; detail=shadow-miss'],
    ]);
  });
});
