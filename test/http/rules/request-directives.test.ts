import { describe, expect, it } from 'vitest';
import { expressVersions } from '../../support/express.ts';
import { rulesSite } from './rules-site.ts';

const ALL = { requestDirectives: 'all' } as const;

/** Asked 4 s after an answer that is fresh for 10 s and may be checked by its ETag. */
const rows: readonly [directive: string, cacheStatus: string, runs: number][] = [
  ['public', 'ai-cache; hit; ttl=6; detail=memory', 1],
  ['no-cache', 'ai-cache; fwd=request; fwd-status=304; stored', 2],
  ['no-store', 'ai-cache; fwd=request; detail=no-store', 2],
  ['max-age=0', 'ai-cache; fwd=request; fwd-status=304; stored', 2],
  ['max-age=3', 'ai-cache; fwd=request; fwd-status=304; stored', 2],
  ['max-age=4', 'ai-cache; hit; ttl=6; detail=memory', 1],
  ['min-fresh=6', 'ai-cache; hit; ttl=6; detail=memory', 1],
  ['min-fresh=7', 'ai-cache; fwd=request; fwd-status=304; stored', 2],
  ['only-if-cached', 'ai-cache; hit; ttl=6; detail=memory', 1],
  ['only-if-cached, no-cache', 'ai-cache; detail=only-if-cached', 1],
];

describe.each(expressVersions)('a request on $name', ({ express }) => {
  const answer = (req: { headers: Record<string, unknown> }, res: never, run: number): void => {
    const response = res as { status(code: number): { end(): void }; set(h: object): { end(text: string): void } };
    if (req.headers['if-none-match'] === '"v1"') response.status(304).end();
    else response.set({ ETag: '"v1"', 'Cache-Control': 'max-age=10' }).end(`run ${run}`);
  };

  it.each(rows)(
    'that says %s is answered as it says where everybody may say so',
    async (directive, cacheStatus, runs) => {
      const site = await rulesSite(express, answer as never, ALL);
      await site.ask();
      site.clock.advance(4_000);
      const asked = await site.ask({ headers: { 'cache-control': directive } });
      expect(asked.cacheStatus).toBe(cacheStatus);
      expect([asked.status, site.runs]).toEqual([cacheStatus.endsWith('only-if-cached') ? 504 : 200, runs]);
    },
  );

  it.each([
    ['max-stale', 1],
    ['max-stale=5', 1],
    ['max-stale=4', 2],
  ])('that says %s gets an answer that has been stale for 5 s without a run: %s runs', async (directive, runs) => {
    const site = await rulesSite(express, answer as never, ALL);
    await site.ask();
    site.clock.advance(15_000);
    const asked = await site.ask({ headers: { 'cache-control': directive } });
    expect([asked.text, site.runs]).toEqual(['run 1', runs]);
    expect(asked.cacheStatus).toBe(
      runs === 1 ? 'ai-cache; hit; ttl=-5; detail=memory' : 'ai-cache; fwd=stale; fwd-status=304; stored',
    );
  });

  it('that takes stale answers gets none that must be checked', async () => {
    const site = await rulesSite(
      express,
      (_req, res) => void res.set({ ETag: '"v1"', 'Cache-Control': 'max-age=10, must-revalidate' }).end(),
      ALL,
    );
    await site.ask();
    site.clock.advance(15_000);
    await site.ask({ headers: { 'cache-control': 'max-stale' } });
    expect(site.runs).toBe(2);
  });

  it('that says Pragma: no-cache says no-cache, unless it has a Cache-Control', async () => {
    const site = await rulesSite(express, answer as never, ALL);
    await site.ask();
    const [pragma, both] = await site.askInTurn(
      { headers: { pragma: 'no-cache' } },
      { headers: { pragma: 'no-cache', 'cache-control': 'x' } },
    );
    expect([pragma?.cacheStatus, both?.cacheStatus]).toEqual([
      'ai-cache; fwd=request; fwd-status=304; stored',
      'ai-cache; hit; ttl=10; detail=memory',
    ]);
    expect(site.runs).toBe(2);
  });

  it('that wants nothing but a stored answer gets 504 where there is none, and runs nothing', async () => {
    const site = await rulesSite(express, answer as never, ALL);
    const asked = await site.ask({ headers: { 'cache-control': 'only-if-cached' } });
    expect([asked.status, asked.cacheStatus, site.runs]).toEqual([504, 'ai-cache; detail=only-if-cached', 0]);
  });

  it.each([
    ['private', { authorization: 'Bearer a' }, undefined, 2],
    ['private', { cookie: 'sid=1' }, undefined, 2],
    ['private', {}, undefined, 1],
    ['private', { authorization: 'Bearer a' }, 'shared', 1],
    ['private', { authorization: 'Bearer a' }, (): string => 'an organisation', 1],
    ['all', {}, undefined, 2],
    ['ignore', { authorization: 'Bearer a' }, undefined, 1],
  ] as const)(
    'with requestDirectives %s, %j and scope %s can say no-cache: %i runs',
    async (whose, headers, scope, runs) => {
      const site = await rulesSite(express, (_req, res) => void res.set('Cache-Control', 'public, max-age=10').end(), {
        requestDirectives: whose,
        ...(scope === undefined ? {} : { scope }),
      });
      await site.askInTurn({ headers }, { headers: { ...headers, 'cache-control': 'no-cache' } });
      expect(site.runs).toBe(runs);
    },
  );
});
