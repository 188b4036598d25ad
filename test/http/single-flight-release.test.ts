import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../src/exchange/context.ts';
import { arrivals } from '../support/arrivals.ts';
import { cachedSite, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

type Handler = (req: Request, res: Response) => unknown;

/** What makes an answer its asker's own, told with the head. The handler ends its response itself. */
const declarations: readonly [what: string, begin: Handler, options?: SiteOptions][] = [
  ['no-store', (_req, res) => res.set('Cache-Control', 'no-store').write('x')],
  ['private', (_req, res) => res.set('Cache-Control', 'private').write('x')],
  ['no-cache', (_req, res) => res.set('Cache-Control', 'no-cache').write('x')],
  ['max-age=0', (_req, res) => res.set('Cache-Control', 'max-age=0').write('x')],
  ['Set-Cookie', (_req, res) => res.cookie('sid', '1').write('x')],
  ['Vary: *', (_req, res) => res.vary('*').write('x')],
  ['noStore()', (req, res) => (aiCacheContext(req)?.noStore(), res.write('x'))],
  ['a coding that is not known', (_req, res) => res.set('Content-Encoding', 'compress').write('x')],
];

describe.each(expressVersions)('an answer that is its asker’s own on $name', ({ express }) => {
  it.each(declarations)(
    'by %s releases the others when its head is known, and all run in parallel',
    async (_what, begin, options) => {
      const [came, ran] = [arrivals(), arrivals()];
      const [mayBegin, mayEnd] = [gate(), gate()];
      const site = await cachedSite(
        express,
        async (req, res, run) => {
          ran.note();
          if (run === 1) await mayBegin.opened;
          begin(req, res);
          await mayEnd.opened;
          res.end();
        },
        { ...options, route: { skip: came.note } },
      );
      const asked = Array.from({ length: 5 }, () => site.ask());
      await came.reached(5);
      expect(site.runs).toBe(1);
      mayBegin.open();
      // All of them are at work at once, and none has ended.
      await ran.reached(5);
      mayEnd.open();
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(site.runs).toBe(5);
      expect(site.cache.stats()).toMatchObject({ misses: 5, coalesced: 0 });
    },
  );

  it.each<[what: string, handler: Handler, options: SiteOptions]>([
    ['shouldStore', (_req, res) => res.end('x'), { route: { shouldStore: () => false } }],
    ['its length', (_req, res) => res.end('x'.repeat(11)), { cache: { maxEntryBytes: 10 } }],
    [
      'its length in pieces',
      (_req, res) => (res.write('x'.repeat(9)), res.end('xx')),
      { cache: { maxEntryBytes: 10 } },
    ],
    ['bytes that are not in their coding', (_req, res) => res.set('Content-Encoding', 'br').end('x'), {}],
  ])('by %s releases the others when it is whole', async (_what, handler, options) => {
    const [came, ran] = [arrivals(), arrivals()];
    const [first, rest] = [gate(), gate()];
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        ran.note();
        await (run === 1 ? first : rest).opened;
        handler(req, res);
      },
      { ...options, route: { ...options.route, skip: came.note } },
    );
    const asked = Array.from({ length: 4 }, () => site.ask());
    await came.reached(4);
    first.open();
    await ran.reached(4);
    rest.open();
    await Promise.all(asked);
    expect(site.runs).toBe(4);
  });

  it('is never given to anyone else', async () => {
    const came = arrivals();
    const mayAnswer = gate();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        await mayAnswer.opened;
        res.cookie('sid', String(run)).json({ run });
      },
      { route: { skip: came.note } },
    );
    const asked = Array.from({ length: 10 }, () => site.ask());
    await came.reached(10);
    mayAnswer.open();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ headers }) => String(headers['set-cookie']))).size).toBe(10);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(10);
    expect(site.runs).toBe(10);
  });
});
