import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import type { Sent } from '../support/ask.ts';
import { cachedSite, HIT, STORED } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';
import { turnsUntil } from '../support/turns.ts';

/** Answers while the cache still reads the body, or makes the key of a large one: as a time-out does. */
const timesOut: RequestHandler = (req, res, next) => {
  next();
  if (req.get('slow') !== undefined) res.status(503).end('timed out');
};

const small = JSON.stringify({ text: 'a' });
const large = JSON.stringify({ messages: Array.from({ length: 8_000 }, (_, i) => `${i} ${'x'.repeat(300)}`) });

describe.each(expressVersions)('a request that middleware in front has answered meanwhile on $name', ({ express }) => {
  it.each([
    ['was read', 'raw', small],
    ['was keyed', 'parsed', large],
  ] as const)('while it %s keeps nobody waiting and is no fault of the cache', async (_when, body, text) => {
    const site = await cachedSite(
      express,
      (_req, res, run) => {
        if (!res.headersSent) res.json({ run });
      },
      {
        cache: { memoryTextTiers: ['small', 'medium', 'large', 'xlarge'] },
        clock: manualClock(),
        parser: false,
        outer: body === 'raw' ? [timesOut] : [express.json({ limit: '20mb' }), timesOut],
        route: { body },
      },
    );
    const asked: Sent = { method: 'POST', body: text, headers: { 'content-type': 'application/json' } };
    const slow: Sent = { ...asked, headers: { ...asked.headers, slow: '1' } };
    const missed = await site.ask(slow);
    await turnsUntil(() => site.runs === 1);
    const answers = await site.askInTurn(asked, slow, asked);
    expect([missed, ...answers].map(({ status, text: got }) => [status, got])).toEqual([
      [503, 'timed out'],
      [200, '{"run":2}'],
      [503, 'timed out'],
      [200, '{"run":2}'],
    ]);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, undefined, HIT]);
    expect(site.runs).toBe(2);
  });
});
