import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../support/arrivals.ts';
import { cachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { EVENTS } from './event-stream.ts';

type Answer = (req: Request, res: Response) => unknown;

const noStore: Answer = (_req, res) => res.set('Cache-Control', 'no-store').json({});
const good: Answer = (_req, res) => res.json({});

describe.each(expressVersions)('after an answer that is uncacheable by its own words on $name', ({ express }) => {
  /** A site that gives the answers in turn, the last one for ever. The runs from `gated` on wait for the gate. */
  async function siteOf(answers: readonly Answer[], { gated = 2, ...options }: SiteOptions & { gated?: number } = {}) {
    const [came, ran, mayAnswer] = [arrivals(), arrivals(), gate()];
    const clock = manualClock();
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        ran.note();
        if (run >= gated) await mayAnswer.opened;
        await (answers[run - 1] ?? answers.at(-1))?.(req, res);
      },
      { clock, ...options, route: { ...options.route, skip: came.note } },
    );
    return { site, came, ran, mayAnswer, clock };
  }

  it.each<[what: string, answer: Answer, options?: SiteOptions]>([
    ['no-store', noStore],
    ['private', (_req, res) => res.set('Cache-Control', 'private').json({})],
    ['Set-Cookie', (_req, res) => res.cookie('sid', '1').json({})],
    ['Vary: *', (_req, res) => res.vary('*').json({})],
    ['shouldStore', good, { route: { shouldStore: () => false } }],
    [
      'no-store on a stream',
      (_req, res) => res.set('Cache-Control', 'no-store').type('text/event-stream').end(EVENTS[0]),
    ],
    ['shouldStore on a stream', (_req, res) => (res.write('a'), res.end('b')), { route: { shouldStore: () => false } }],
  ])('by %s the next 50 do not wait for each other', async (_what, answer, options) => {
    const { site, ran, mayAnswer } = await siteOf([answer], options);
    await site.ask();
    const asked = Array.from({ length: 50 }, () => site.ask());
    // All of them are at work at once, and none has answered.
    await ran.reached(51);
    mayAnswer.open();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(site.runs).toBe(51);
    expect(site.cache.stats()).toMatchObject({ misses: 51, coalesced: 0 });
  });

  it('they do so from its head on, while it is still being sent', async () => {
    const [ran, mayEnd] = [arrivals(), gate()];
    const site = await cachedSite(express, async (_req, res) => {
      ran.note();
      res.set('Cache-Control', 'no-store').write('x');
      await mayEnd.opened;
      res.end();
    });
    const first = site.ask();
    await ran.reached(1);
    const asked = [site.ask(), site.ask(), site.ask()];
    await ran.reached(4);
    mayEnd.open();
    await Promise.all([first, ...asked]);
    expect(site.runs).toBe(4);
  });

  it('a storable one lets them wait for each other again', async () => {
    const { site, came, ran, mayAnswer } = await siteOf([noStore, good], { gated: 4 });
    await site.ask();
    await site.ask();
    expect((await site.ask()).cacheStatus).toMatch(/hit/);
    expect([site.runs, ran.count, came.count]).toEqual([2, 2, 3]);
    mayAnswer.open();
  });

  it('a storable one lets those wait who come when it is stale', async () => {
    const { site, came, ran, mayAnswer, clock } = await siteOf([noStore, good], { gated: 3, route: { ttlSeconds: 5 } });
    await site.askInTurn({}, {});
    clock.advance(5000);
    const asked = Array.from({ length: 10 }, () => site.ask());
    await came.reached(12);
    expect([ran.count, site.runs]).toEqual([3, 3]);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(3);
  });

  it.each([
    [29_999, 11],
    [30_000, 2],
  ])('after %i ms 10 requests make %i runs: it is remembered for 30 s', async (ms, runs) => {
    const { site, came, ran, mayAnswer, clock } = await siteOf([noStore, good]);
    await site.ask();
    clock.advance(ms);
    const asked = Array.from({ length: 10 }, () => site.ask());
    await came.reached(11);
    await ran.reached(runs);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(runs);
  });

  it('is remembered as long as hitForMissSeconds says, and not at all with 0', async () => {
    const { site, came, ran, mayAnswer } = await siteOf([noStore, good], { cache: { hitForMissSeconds: 0 } });
    await site.ask();
    const asked = Array.from({ length: 10 }, () => site.ask());
    await came.reached(11);
    await ran.reached(2);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(2);
  });

  it('other requests wait for each other as ever', async () => {
    const { site, came, ran, mayAnswer } = await siteOf([noStore, good]);
    await site.ask({ path: '/a' });
    const asked = Array.from({ length: 10 }, () => site.ask({ path: '/b' }));
    await came.reached(11);
    await ran.reached(2);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(2);
  });

  it.each<[what: string, answer: Answer]>([
    ['an error', (_req, res) => res.sendStatus(500)],
    ['a 404', (_req, res) => res.sendStatus(404)],
    ['a cut answer of a model', (_req, res) => res.type('text/event-stream').end(EVENTS[0])],
  ])('%s is not one of those: the next ones wait for each other', async (_what, answer) => {
    const { site, came, ran, mayAnswer } = await siteOf([answer, good]);
    await site.ask();
    const asked = Array.from({ length: 10 }, () => site.ask());
    await came.reached(11);
    await ran.reached(2);
    mayAnswer.open();
    await Promise.all(asked);
    expect(site.runs).toBe(2);
  });
});
