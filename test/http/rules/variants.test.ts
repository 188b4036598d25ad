import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { arrivals } from '../../support/arrivals.ts';
import type { Sent } from '../../support/ask.ts';
import { expressVersions } from '../../support/express.ts';
import { gate } from '../../support/gate.ts';
import { rulesSite } from './rules-site.ts';

const FRESH = { 'Cache-Control': 'max-age=10' };

/** The values of the request headers of these names, as the handler reads them. */
const asking = (headers: Record<string, string>): Sent => ({ headers });

describe.each(expressVersions)('answers that vary, on $name,', ({ express }) => {
  it.each<[vary: string, a: Record<string, string>, b: Record<string, string>]>([
    ['X-Plan', { 'x-plan': 'free' }, { 'x-plan': 'paid' }],
    ['x-PLAN', { 'X-Plan': 'free' }, { 'X-PLAN': 'paid' }],
    ['X-Plan', {}, { 'x-plan': '' }],
    ['User-Agent, X-Plan', { 'user-agent': 'a', 'x-plan': 'p' }, { 'user-agent': 'b', 'x-plan': 'p' }],
    ['Accept-Language', { 'accept-language': 'en' }, { 'accept-language': 'de' }],
    ['Accept', { accept: 'text/html' }, { accept: 'application/json' }],
    ['Origin', { origin: 'https://a.test' }, { origin: 'https://b.test' }],
  ])('on %s are kept side by side and served to who sent the same', async (vary, a, b) => {
    const site = await rulesSite(express, (_req, res, run) => void res.set({ ...FRESH, Vary: vary }).end(`run ${run}`));
    const answers = await site.askInTurn(asking(a), asking(b), asking(a), asking(b));
    expect(answers.map(({ text }) => text)).toEqual(['run 1', 'run 2', 'run 1', 'run 2']);
    expect(answers[3]?.cacheStatus).toBe('ai-cache; hit; ttl=10; detail=memory');
    expect(site.runs).toBe(2);
  });

  it('say that the first miss of a variant is one', async () => {
    const site = await rulesSite(express, (_req, res) => void res.set({ ...FRESH, Vary: 'X-Plan' }).end());
    const [first, second] = await site.askInTurn(asking({ 'x-plan': 'a' }), asking({ 'x-plan': 'b' }));
    expect([first?.cacheStatus, second?.cacheStatus]).toEqual([
      'ai-cache; fwd=miss; stored',
      'ai-cache; fwd=vary-miss; stored',
    ]);
    expect(site.runs).toBe(2);
  });

  it('now on one header and then on another are told apart by both', async () => {
    const site = await rulesSite(express, (req, res, run) => {
      res.set({ ...FRESH, Vary: req.headers['x-a'] === 'special' ? 'X-A, X-B' : 'X-A' }).end(`run ${run}`);
    });
    const [plain, one, two] = [{ 'x-a': 'plain' }, { 'x-a': 'special', 'x-b': '1' }, { 'x-a': 'special', 'x-b': '2' }];
    await site.askInTurn(asking(plain), asking(one), asking(two), asking(plain));
    const answers = await site.askInTurn(asking(plain), asking(one), asking(two));
    expect(answers.map(({ text }) => text)).toEqual(['run 4', 'run 2', 'run 3']);
    expect(site.runs).toBe(4);
  });

  it('are not given to who waits with other headers', async () => {
    const [came, mayAnswer] = [arrivals(), gate()];
    const site = await rulesSite(
      express,
      async (req, res, run) => {
        if (run === 1) await mayAnswer.opened;
        res.set({ ...FRESH, Vary: 'X-Plan' }).end(String(req.headers['x-plan']));
      },
      { skip: came.note },
    );
    const leader = site.ask(asking({ 'x-plan': 'a' }));
    await came.reached(1);
    const follower = site.ask(asking({ 'x-plan': 'b' }));
    await came.reached(2);
    mayAnswer.open();
    expect([(await leader).text, (await follower).text]).toEqual(['a', 'b']);
    expect(site.runs).toBe(2);
  });

  it('are not joined while they are made, unless the headers are known to be the same', async () => {
    const came = arrivals();
    const gates = [gate(), gate()];
    const site = await rulesSite(
      express,
      async (req, res, run) => {
        res.set({ ...FRESH, Vary: 'X-Plan', 'Content-Type': 'text/plain' }).write(`for ${req.get('x-plan')} `);
        await gates[run - 1]?.opened;
        res.end(`by run ${run}`);
      },
      { skip: came.note },
    );
    const [first, other] = [site.ask(asking({ 'x-plan': 'a' })), site.ask(asking({ 'x-plan': 'b' }))];
    await came.reached(2);
    gates[0]?.open();
    gates[1]?.open();
    expect([(await first).text, (await other).text]).toEqual(['for a by run 1', 'for b by run 2']);
    expect(site.runs).toBe(2);
  });

  it('on nothing, but let one origin read them, are for that origin alone', async () => {
    const site = await rulesSite(express, (req, res) => {
      const { origin } = req.headers;
      if (origin !== undefined) res.set('Access-Control-Allow-Origin', origin);
      res.set(FRESH).end(origin ?? 'none');
    });
    const [a, b] = [asking({ origin: 'https://a.test' }), asking({ origin: 'https://b.test' })];
    const answers = await site.askInTurn(a, b, a, b);
    expect(answers.map(({ text, headers }) => [text, headers['access-control-allow-origin']])).toEqual([
      ['https://a.test', 'https://a.test'],
      ['https://b.test', 'https://b.test'],
      ['https://a.test', 'https://a.test'],
      ['https://b.test', 'https://b.test'],
    ]);
    expect(site.runs).toBe(2);
  });

  it('work for a POST that is cached by its body', async () => {
    const site = await rulesSite(express, (_req, res, run) => void res.set({ ...FRESH, Vary: 'X-Plan' }).json({ run }));
    const [a, b] = ['a', 'b'].map((plan) => ({ json: { text: 'one' }, headers: { 'x-plan': plan } }));
    const answers = await site.askInTurn(a as Sent, b as Sent, a as Sent, { ...(a as Sent), json: { text: 'two' } });
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":1}', '{"run":3}']);
    expect(site.runs).toBe(3);
  });

  it('are out of reach once their key was invalidated, also when it is filled anew', async () => {
    const requests = new Set<Parameters<typeof site.cache.requestFor>[0]>();
    const site = await rulesSite(express, (req, res, run) => {
      requests.add(req);
      res.set({ ...FRESH, Vary: 'X-Plan' }).end(`run ${run}`);
    });
    const [a, b] = [asking({ 'x-plan': 'a' }), asking({ 'x-plan': 'b' })];
    await site.askInTurn(a, b);
    const [req] = requests;
    const key = site.cache.requestFor(req as never);
    await site.cache.invalidate({ key });
    const answers = await site.askInTurn(a, b);
    expect(answers.map(({ text }) => text)).toEqual(['run 3', 'run 4']);
    expect(await site.cache.get(key)).toBeUndefined();
    expect(site.runs).toBe(4);
  });

  it('keep what was begun before their key was invalidated out of reach, though others have been made since', async () => {
    const [came, mayAnswer] = [arrivals(), gate()];
    let [asked, version]: [Request | undefined, string] = [undefined, 'old'];
    const site = await rulesSite(express, async (req, res) => {
      const made = version;
      asked ??= req;
      if (req.headers['x-slow'] !== undefined) {
        came.note();
        await mayAnswer.opened;
      }
      res.set({ ...FRESH, Vary: 'X-Plan' }).end(`${made} for ${req.get('x-plan')}`);
    });
    const [a, b] = [asking({ 'x-plan': 'a' }), asking({ 'x-plan': 'b' })];
    await site.ask(a);
    const slow = site.ask(asking({ 'x-plan': 'b', 'x-slow': '1' }));
    await came.reached(1);
    version = 'new';
    await site.cache.invalidate({ key: site.cache.requestFor(asked as unknown as Request) });
    await site.ask(a);
    mayAnswer.open();
    expect((await slow).text).toBe('old for b');
    expect((await site.askInTurn(a, b)).map(({ text }) => text)).toEqual(['new for a', 'new for b']);
    expect(site.runs).toBe(4);
  });

  it('are stale once their key was expired, and still stand in for an error', async () => {
    let [asked, isBroken]: [Request | undefined, boolean] = [undefined, false];
    const site = await rulesSite(express, (req, res) => {
      asked ??= req;
      res.set({ 'Cache-Control': 'max-age=10, stale-if-error=60', Vary: 'X-Plan' });
      res.status(isBroken ? 500 : 200).end(`for ${req.get('x-plan')}`);
    });
    const [a, b] = [asking({ 'x-plan': 'a' }), asking({ 'x-plan': 'b' })];
    await site.askInTurn(a, b);
    isBroken = true;
    site.clock.advance(1_000);
    await site.cache.expire({ key: site.cache.requestFor(asked as unknown as Request) });
    site.clock.advance(1_000);
    expect((await site.askInTurn(a, b)).map(({ status, text, cacheStatus }) => [status, text, cacheStatus])).toEqual([
      [200, 'for a', 'ai-cache; hit; ttl=-1; detail=stale-if-error'],
      [200, 'for b', 'ai-cache; hit; ttl=-1; detail=stale-if-error'],
    ]);
    expect(site.runs).toBe(4);
  });

  it.each(['whole', 'in pieces'])(
    'asked for all at once and sent %s are made twice a kind at the most',
    async (how) => {
      const [came, mayAnswer] = [arrivals(), gate()];
      const site = await rulesSite(
        express,
        async (req, res) => {
          await mayAnswer.opened;
          res.set({ ...FRESH, Vary: 'X-Plan', 'Content-Type': 'text/plain' });
          if (how === 'in pieces') res.write('for ');
          res.end(how === 'in pieces' ? req.get('x-plan') : `for ${req.get('x-plan')}`);
        },
        { skip: came.note },
      );
      const plans = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'];
      const asked = plans.map((plan) => site.ask(asking({ 'x-plan': plan })));
      await came.reached(8);
      mayAnswer.open();
      expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(plans.map((plan) => `for ${plan}`));
      expect(site.runs).toBe(3);
    },
  );

  it('that are failures go to no other origin', async () => {
    const [came, mayAnswer] = [arrivals(), gate()];
    const site = await rulesSite(
      express,
      async (req, res) => {
        await mayAnswer.opened;
        res.set('Access-Control-Allow-Origin', req.headers.origin).status(500).end();
      },
      { skip: came.note },
    );
    const origins = ['https://a.test', 'https://b.test', 'https://c.test', 'https://d.test'];
    const asked = origins.map((origin) => site.ask(asking({ origin })));
    await came.reached(4);
    mayAnswer.open();
    const answers = await Promise.all(asked);
    for (const [place, { status, headers }] of answers.entries()) {
      expect(status).toBeGreaterThanOrEqual(500);
      expect([undefined, origins[place]]).toContain(headers['access-control-allow-origin']);
    }
    expect(site.runs).toBe(2);
  });
});
