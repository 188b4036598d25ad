import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { arrivals } from '../../support/arrivals.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { rulesSite } from './rules-site.ts';

const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT';

/** Answers once, and from then on says that it still holds where it is asked by its own validators. */
function checking(headers: Record<string, string>, later: Record<string, string> = {}) {
  return (req: Request, res: Response, run: number): void => {
    const asked =
      req.headers['if-none-match'] === headers['ETag'] && req.headers['if-modified-since'] === headers['Last-Modified'];
    if (run > 1 && asked) res.status(304).set(later).end();
    else res.set(headers).end(`run ${run}`);
  };
}

describe.each(expressVersions)('a stale answer on $name', ({ express }) => {
  it.each<[what: string, validators: Record<string, string>]>([
    ['an ETag', { ETag: '"v1"' }],
    ['a weak ETag', { ETag: 'W/"v1"' }],
    ['Last-Modified', { 'Last-Modified': MODIFIED }],
    ['both', { ETag: '"v1"', 'Last-Modified': MODIFIED }],
  ])(
    'with %s is served again when the handler says that it still holds, and is fresh then',
    async (_what, validators) => {
      const headers = { ...validators, 'Cache-Control': 'max-age=10', 'X-Run': 'first' };
      const site = await rulesSite(express, checking(headers, { 'X-Run': 'second', 'Cache-Control': 'max-age=20' }));
      await site.ask();
      site.clock.advance(11_000);
      const [checked, fresh] = await site.askInTurn({}, {});
      expect([checked?.status, checked?.text, checked?.headers['x-run']]).toEqual([200, 'run 1', 'second']);
      expect(checked?.cacheStatus).toBe('ai-cache; fwd=stale; fwd-status=304; stored');
      expect(checked?.headers).toMatchObject({ age: '0', 'cache-control': 'max-age=20' });
      expect([fresh?.text, fresh?.headers['x-run'], fresh?.cacheStatus]).toEqual([
        'run 1',
        'second',
        'ai-cache; hit; ttl=20; detail=memory',
      ]);
      expect(site.runs).toBe(2);
    },
  );

  it('that has changed is replaced by what the handler sends instead', async () => {
    const site = await rulesSite(
      express,
      (_req, res, run) => void res.set({ ETag: `"v${run}"`, 'Cache-Control': 'max-age=10' }).end(`run ${run}`),
    );
    await site.ask();
    site.clock.advance(11_000);
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ['run 2', 'ai-cache; fwd=stale; stored'],
      ['run 2', 'ai-cache; hit; ttl=10; detail=memory'],
    ]);
    expect(site.runs).toBe(2);
  });

  it.each(['no-cache', 'no-cache, max-age=100', 'max-age=0'])('that says %s is checked every time', async (words) => {
    const site = await rulesSite(express, checking({ ETag: '"v1"', 'Cache-Control': words }));
    const answers = await site.askInTurn({}, {}, {});
    expect(answers.map(({ text }) => text)).toEqual(['run 1', 'run 1', 'run 1']);
    expect(answers[2]?.cacheStatus).toBe('ai-cache; fwd=stale; fwd-status=304; stored');
    expect(site.runs).toBe(3);
  });

  it('answers the conditions of its client, not those it is checked by', async () => {
    const site = await rulesSite(express, checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' }));
    await site.ask();
    site.clock.advance(11_000);
    const has = await site.ask({ headers: { 'if-none-match': '"v1"' } });
    site.clock.advance(11_000);
    const hasOther = await site.ask({ headers: { 'if-none-match': '"v0"' } });
    expect([has.status, has.body.length, hasOther.status, hasOther.text]).toEqual([304, 0, 200, 'run 1']);
    expect(site.runs).toBe(3);
  });

  it('is sent once checked to all who waited', async () => {
    const [came, mayAnswer] = [arrivals(), gate()];
    const holds = checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' });
    const site = await rulesSite(
      express,
      async (req, res, run) => {
        if (run > 1) await mayAnswer.opened;
        holds(req, res, run);
      },
      { skip: came.note },
    );
    await site.ask();
    site.clock.advance(11_000);
    const [leader, follower] = [site.ask(), site.ask()];
    await came.reached(3);
    mayAnswer.open();
    const answers = await Promise.all([leader, follower]);
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, 'run 1'],
      [200, 'run 1'],
    ]);
    expect(new Set(answers.map(({ cacheStatus }) => cacheStatus))).toEqual(
      new Set(['ai-cache; fwd=miss; collapsed', 'ai-cache; fwd=stale; fwd-status=304; stored']),
    );
    expect(site.runs).toBe(2);
  });

  it('that may not be kept any longer is sent once more, and not stored', async () => {
    const site = await rulesSite(
      express,
      checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' }, { 'Cache-Control': 'no-store' }),
    );
    await site.ask();
    site.clock.advance(11_000);
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ['run 1', 'ai-cache; fwd=stale; fwd-status=304; detail=no-store'],
      ['run 1', 'ai-cache; fwd=stale; fwd-status=304; detail=no-store'],
    ]);
    expect(site.runs).toBe(3);
  });

  it('of an error is not its 304: the client of a failing handler gets the failure', async () => {
    const site = await rulesSite(
      express,
      (_req, res, run) =>
        void res
          .status(run === 1 ? 200 : 500)
          .set({ ETag: '"v1"', 'Cache-Control': 'max-age=10' })
          .end(`run ${run}`),
    );
    await site.ask();
    site.clock.advance(11_000);
    const failed = await site.ask();
    expect([failed.status, failed.text]).toEqual([500, 'run 2']);
    expect(site.runs).toBe(2);
  });

  it('without a validator of the handler is made anew, though Express has put an ETag on it', async () => {
    const seen: unknown[] = [];
    const site = await rulesSite(express, (req, res) => {
      seen.push(req.headers['if-none-match']);
      res.set('Cache-Control', 'max-age=10').json({ answer: 42 });
    });
    await site.ask();
    site.clock.advance(11_000);
    expect((await site.ask()).cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect([seen, site.runs]).toEqual([[undefined, undefined], 2]);
  });

  it('is kept for revalidateSeconds to be checked, and no longer', async () => {
    const site = await rulesSite(
      express,
      checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' }),
      {},
      {
        cache: { revalidateSeconds: 60 },
      },
    );
    await site.ask();
    site.clock.advance(71_000);
    expect((await site.ask()).cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect(site.runs).toBe(2);
  });

  it('in its window is checked in the background by its validators', async () => {
    const holds = checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10, stale-while-revalidate=60' });
    const seen: unknown[] = [];
    const site = await rulesSite(express, (req, res, run) => {
      seen.push(req.headers['if-none-match']);
      holds(req, res, run);
    });
    await site.ask();
    site.clock.advance(11_000);
    expect((await site.ask()).text).toBe('run 1');
    await expect.poll(async () => (await site.ask()).cacheStatus).toBe('ai-cache; hit; ttl=10; detail=memory');
    expect([seen, site.runs]).toEqual([[undefined, '"v1"'], 2]);
  });

  it('that holds for one origin by its 304 is that origin’s alone from then on', async () => {
    const holds = checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' });
    const site = await rulesSite(express, (req, res, run) => {
      if (req.headers.origin !== undefined) res.set('Access-Control-Allow-Origin', req.headers.origin);
      holds(req, res, run);
    });
    await site.ask();
    site.clock.advance(11_000);
    const asked = ['https://a.test', 'https://b.test', 'https://a.test'].map((origin) => ({ headers: { origin } }));
    const answers = await site.askInTurn(...asked);
    expect(answers.map(({ status, headers }) => [status, headers['access-control-allow-origin']])).toEqual([
      [200, 'https://a.test'],
      [200, 'https://b.test'],
      [200, 'https://a.test'],
    ]);
    expect(site.runs).toBe(3);
  });

  it.each<[what: string, headers: Record<string, string>]>([
    ['names another header in Vary', { Vary: 'X-Plan' }],
    ['sets a cookie', { 'Set-Cookie': 'sid=1' }],
  ])('whose 304 %s is not given to all who wait', async (_what, later) => {
    const [came, mayAnswer] = [arrivals(), gate()];
    const holds = checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' }, later);
    const site = await rulesSite(
      express,
      async (req, res, run) => {
        if (run > 1) await mayAnswer.opened;
        holds(req, res, run);
      },
      { skip: came.note },
    );
    await site.ask();
    site.clock.advance(11_000);
    const asked = ['a', 'b'].map((plan) => site.ask({ headers: { 'x-plan': plan } }));
    await came.reached(3);
    mayAnswer.open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ text }) => text)).toEqual(['run 1', 'run 1']);
    const cookies = later['Set-Cookie'] === undefined ? undefined : ['sid=1'];
    expect(answers.map(({ headers }) => headers['set-cookie'])).toEqual([cookies, cookies]);
    expect(site.runs).toBe(3);
  });

  it('that noStore() was called for is sent once more, and not stored', async () => {
    const holds = checking({ ETag: '"v1"', 'Cache-Control': 'max-age=10' });
    const site = await rulesSite(express, (req, res, run) => {
      if (run > 1) aiCacheContext(req)?.noStore();
      holds(req, res, run);
    });
    await site.ask();
    site.clock.advance(11_000);
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ['run 1', 'ai-cache; fwd=stale; fwd-status=304; detail=context'],
      ['run 1', 'ai-cache; fwd=stale; fwd-status=304; detail=context'],
    ]);
    expect(site.runs).toBe(3);
  });

  it.each([
    ['holds', 304],
    ['fails', 500],
  ])('is sent whole where middleware behind the cache copies the headers and the handler %s', async (_what, status) => {
    const site = await rulesSite(
      express,
      (_req, res, run) => {
        if (run > 1) res.status(status).end();
        else res.set({ ETag: '"v1"', 'Cache-Control': 'max-age=10, stale-if-error=60' }).end('run 1');
      },
      {},
      { inner: [(req, _res, next) => ((req.headers = { ...req.headers, 'x-copied': '1' }), next())] },
    );
    await site.ask();
    site.clock.advance(11_000);
    const stale = await site.ask();
    expect([stale.status, stale.text, site.runs]).toEqual([200, 'run 1', 2]);
  });
});

describe.each(expressVersions)('a stored answer without an ETag on $name', ({ express }) => {
  it('has a strong one of its bytes, for each coding its own, that is matched on hits and misses', async () => {
    const site = await rulesSite(
      express,
      (_req, res) =>
        void res.set({ 'Cache-Control': 'max-age=10', 'Content-Type': 'text/plain' }).end('x'.repeat(5_000)),
    );
    await site.ask();
    const [plain, coded] = await site.askInTurn({}, { headers: { 'accept-encoding': 'br' } });
    const [etag, codedEtag] = [plain?.headers.etag as string, coded?.headers.etag as string];
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(codedEtag).toBe(`${etag.slice(0, -1)}-br"`);
    const asked = [etag, codedEtag].map((one) => ({ headers: { 'if-none-match': one, 'accept-encoding': 'br' } }));
    expect((await site.askInTurn(...asked)).map(({ status }) => status)).toEqual([304, 304]);
    site.clock.advance(11_000);
    const cold = await site.ask({ headers: { 'if-none-match': etag } });
    expect([cold.status, cold.headers.etag, site.runs]).toEqual([304, etag, 2]);
  });

  it('has none where the app has switched ETags off, nor for a POST', async () => {
    const answer = (_req: Request, res: Response): void => void res.set('Cache-Control', 'max-age=10').end('x');
    const site = await rulesSite(express, answer);
    const off = await rulesSite(express, answer);
    off.app.disable('etag');
    const post = { json: { text: 'a' } };
    const answers = [...(await site.askInTurn(post, post)), ...(await off.askInTurn({}, {}))];
    for (const { headers } of answers) expect(headers).not.toHaveProperty('etag');
    expect([site.runs, off.runs]).toEqual([1, 1]);
  });
});
