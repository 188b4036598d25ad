import { describe, expect, it } from 'vitest';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

const DISABLED = 'ai-cache; fwd=bypass; detail=disabled';

describe.each(expressVersions)('on $name', ({ express }) => {
  it('a cache can be switched off and on while the app runs', async () => {
    let enabled = true;
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      cache: { enabled: () => enabled },
    });
    await site.askInTurn({}, {});
    enabled = false;
    const off = await site.askInTurn({}, {});
    enabled = true;
    const on = await site.ask();
    expect(off.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ['{"run":2}', DISABLED],
      ['{"run":3}', DISABLED],
    ]);
    expect(on.text).toBe('{"run":1}');
    expect(site.runs).toBe(3);
  });

  it('a closed cache goes past itself, and close() may be called again', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.ask();
    await site.cache.close();
    await site.cache.close();
    expect(await site.ask()).toMatchObject({ text: '{"run":2}', cacheStatus: DISABLED });
    expect(site.runs).toBe(2);
  });

  it('a cache that is closed while a handler is at work answers those who wait', async () => {
    const [entered, mayAnswer] = [gate(), gate()];
    const site = await cachedSite(express, async (_req, res, run) => {
      entered.open();
      await mayAnswer.opened;
      res.json({ run });
    });
    const asked = [site.ask()];
    await entered.opened;
    asked.push(site.ask());
    await site.cache.close();
    mayAnswer.open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(site.errors).toEqual([]);
  });
});
