import { Agent } from 'node:http';
import type { Request, Response } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { arrivals } from '../support/arrivals.ts';
import type { Sent } from '../support/ask.ts';
import { cachedSite, HIT, STORED, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';

type Handler = (req: Request, res: Response, run: number) => unknown;

describe.each(expressVersions)('equal requests at the same time on $name', ({ express }) => {
  /** A site whose handler answers when `open` is called, and the requests that have come to its cache. */
  async function gatedSite(handler: Handler, options: SiteOptions = {}) {
    const crowd = arrivals();
    const entered = gate();
    const mayAnswer = gate();
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        entered.open();
        await mayAnswer.opened;
        await handler(req, res, run);
      },
      { ...options, route: { skip: crowd.note, ...options.route } },
    );
    return { site, crowd, entered, open: () => mayAnswer.open() };
  }

  it('500 of them run the handler once and get the same bytes', async () => {
    const { site, crowd, open } = await gatedSite((_req, res, run) =>
      res.set('X-Run', String(run)).json({ run, text: 'é'.repeat(999) }),
    );
    const agent = new Agent({ maxSockets: 500 });
    onTestFinished(() => agent.destroy());
    const sent = { json: { text: 'the same' }, agent };
    const asked = Array.from({ length: 500 }, () => site.ask(sent));
    await crowd.reached(500);
    open();
    const answers = await Promise.all(asked);
    expect(site.runs).toBe(1);
    expect(new Set(answers.map(({ body }) => body.toString('hex'))).size).toBe(1);
    expect(new Set(answers.map(({ status, headers }) => `${status} ${String(headers['x-run'])}`))).toEqual(
      new Set(['200 1']),
    );
    expect(answers[0]?.text).toBe(JSON.stringify({ run: 1, text: 'é'.repeat(999) }));
    const statuses = Map.groupBy(answers, ({ cacheStatus }) => cacheStatus);
    expect(statuses.get(STORED)).toHaveLength(1);
    expect(statuses.get('ai-cache; fwd=miss; collapsed')).toHaveLength(499);
    expect(site.cache.stats()).toMatchObject({ misses: 1, coalesced: 499, hits: 0, hitRatio: 0.998 });
    expect(answers.every(({ headers }) => headers.age === undefined)).toBe(true);
    await expect(site.ask(sent)).resolves.toMatchObject({ cacheStatus: expect.stringMatching(/^ai-cache; hit/) });
    expect(site.runs).toBe(1);
  });

  it.each<[form: string, handler: Handler]>([
    ['a Buffer', (_req, res) => res.type('bin').send(Buffer.from([0, 1, 254, 255]))],
    ['pieces', (_req, res) => (res.write('one '), res.write('two '), res.end('three'))],
    ['an empty body', (_req, res) => res.status(204).end()],
    ['repeated headers', (_req, res) => res.set('Link', ['</a>', '</b>']).end('x')],
    ['a reason phrase', (_req, res) => ((res.statusMessage = 'Fine'), res.end('x'))],
  ])('share %s', async (_form, handler) => {
    const { site, crowd, open } = await gatedSite(handler);
    const asked = [site.ask(), site.ask(), site.ask()];
    await crowd.reached(3);
    open();
    const [first, ...others] = await Promise.all(asked);
    for (const other of others) {
      expect([other.status, other.statusMessage, other.body, other.headers.link]).toEqual([
        first?.status,
        first?.statusMessage,
        first?.body,
        first?.headers.link,
      ]);
    }
    expect(site.runs).toBe(1);
  });

  it('share a 404, which is not stored', async () => {
    const { site, crowd, open } = await gatedSite((_req, res, run) => res.status(404).json({ run }));
    const asked = [site.ask(), site.ask(), site.ask()];
    await crowd.reached(3);
    open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status, text }) => [status, text])).toEqual(
      Array.from({ length: 3 }, () => [404, '{"run":1}']),
    );
    expect(await site.ask()).toMatchObject({ text: '{"run":2}', cacheStatus: 'ai-cache; fwd=miss; detail=status' });
    expect(site.runs).toBe(2);
  });

  it('are answered each to its own condition', async () => {
    const { site, crowd, open } = await gatedSite((_req, res) => res.set('ETag', '"v1"').json({}));
    const asked = [
      site.ask(),
      site.ask({ headers: { 'if-none-match': '"v1"' } }),
      site.ask({ headers: { 'if-none-match': '"v0"' } }),
    ];
    await crowd.reached(3);
    open();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 304, 200]);
    expect(site.runs).toBe(1);
  });

  it('wait for nobody else: those of other keys run beside them', async () => {
    const crowd = arrivals();
    const first = gate();
    const site = await cachedSite(
      express,
      async (req, res) => {
        if (req.path === '/slow') await first.opened;
        res.json({ path: req.path });
      },
      { route: { skip: crowd.note } },
    );
    const slow = [site.ask({ path: '/slow' }), site.ask({ path: '/slow' })];
    await crowd.reached(2);
    const quick = await Promise.all(['/a', '/b', '/c'].map((path) => site.ask({ path })));
    expect(quick.map(({ text }) => text)).toEqual(['{"path":"/a"}', '{"path":"/b"}', '{"path":"/c"}']);
    first.open();
    expect((await Promise.all(slow)).map(({ text }) => text)).toEqual(Array(2).fill('{"path":"/slow"}'));
    expect(site.runs).toBe(4);
  });

  it('that come when the answer is there but not kept yet share it', async () => {
    const asked: Promise<unknown>[] = [];
    const { site, crowd, open } = await gatedSite((_req, res) => res.type('txt').send('long '.repeat(20_000)));
    asked.push(site.ask(), site.ask());
    await crowd.reached(2);
    open();
    asked.push(site.ask(), site.ask());
    await Promise.all(asked);
    expect(site.runs).toBe(1);
  });

  it('all run the handler with coalesce: false', async () => {
    const { site, crowd, open } = await gatedSite((_req, res, run) => res.json({ run }), {
      cache: { coalesce: false },
    });
    const asked = [site.ask(), site.ask(), site.ask()];
    await crowd.reached(3);
    open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ text }) => text).toSorted()).toEqual(['{"run":1}', '{"run":2}', '{"run":3}']);
    expect(site.runs).toBe(3);
  });

  it('run the handler themselves when they have waited for waitMs', async () => {
    const crowd = arrivals();
    const [leader, others] = [gate(), gate()];
    const runs = arrivals();
    const site = await cachedSite(
      express,
      async (_req, res, run) => {
        runs.note();
        await (run === 1 ? leader : others).opened;
        res.json({ run });
      },
      { cache: { coalesce: { waitMs: 1 } }, route: { skip: crowd.note } },
    );
    const first = site.ask();
    await crowd.reached(1);
    const late = [site.ask(), site.ask()];
    await runs.reached(3);
    others.open();
    expect((await Promise.all(late)).map(({ text }) => text).toSorted()).toEqual(['{"run":2}', '{"run":3}']);
    leader.open();
    expect((await first).text).toBe('{"run":1}');
    expect(site.runs).toBe(3);
  });

  it('by different clients never share where their credentials differ', async () => {
    const { site, crowd, open } = await gatedSite((req, res) => res.json({ who: req.headers.authorization }));
    const sent = ['a', 'b', 'a', 'b'].map((name): Sent => ({ headers: { authorization: name } }));
    const asked = sent.map((one) => site.ask(one));
    await crowd.reached(4);
    open();
    const answers = await Promise.all(asked);
    expect(answers.map(({ text }) => text)).toEqual(['{"who":"a"}', '{"who":"b"}', '{"who":"a"}', '{"who":"b"}']);
    expect(site.runs).toBe(2);
  });

  it('leave nothing behind: the next one is a hit', async () => {
    const { site, crowd, open } = await gatedSite((_req, res) => res.json({}), { clock: manualClock() });
    const asked = [site.ask(), site.ask()];
    await crowd.reached(2);
    open();
    await Promise.all(asked);
    expect((await site.ask()).cacheStatus).toBe(HIT);
    expect((await site.cache.info()).fillsActive).toBe(0);
  });
});
