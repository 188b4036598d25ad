import type { ErrorRequestHandler, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import type { AICacheError } from '../../src/errors.ts';
import { arrivals } from '../support/arrivals.ts';
import type { Answer } from '../support/ask.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate, type Gate } from '../support/gate.ts';

type Handler = (req: Request, res: Response, run: number) => unknown;

interface Crowd {
  readonly site: CachedSite;
  /** What came to the cache, and what came to the handler. */
  readonly came: ReturnType<typeof arrivals>;
  readonly ran: ReturnType<typeof arrivals>;
  /** Opens for the run of this number. */
  readonly gates: readonly [Gate, Gate, Gate];
}

/** How a handler can fail. */
const failures: readonly [how: string, status: number, fail: Handler][] = [
  ['answers 500', 500, (_req, res, run) => res.status(500).send(`failed ${run}`)],
  ['answers 503 in pieces', 503, (_req, res, run) => (res.status(503).write('failed '), res.end(String(run)))],
  ['answers 429', 429, (_req, res, run) => res.status(429).set('Retry-After', '7').send(`failed ${run}`)],
  [
    'throws',
    500,
    (_req, _res, run) => {
      throw new Error(`failed ${run}`);
    },
  ],
  ['passes an error on', 500, (req, _res, run) => req.next?.(new Error(`failed ${run}`))],
];

const errorPage: ErrorRequestHandler = (error: Error, _req, res, next) => {
  if (res.headersSent) return next(error);
  const { status = 500, code } = error as Partial<AICacheError>;
  res.status(status).send(code ?? error.message);
};

function textsOf(answers: readonly Answer[]): string[] {
  return answers.map(({ status, text }) => `${status} ${text}`).toSorted();
}

describe.each(expressVersions)('when the leader of equal requests fails on $name', ({ express }) => {
  /** Each run of the handler waits for its gate. */
  async function crowdOf(handler: Handler, options: SiteOptions = {}): Promise<Crowd> {
    const [came, ran] = [arrivals(), arrivals()];
    const gates = [gate(), gate(), gate()] as const;
    const behind: SiteOptions['behind'] = (app) => app.set('env', 'test').use(errorPage);
    const site = await cachedSite(
      express,
      async (req, res, run) => {
        ran.note();
        await gates[run - 1]?.opened;
        try {
          await handler(req, res, run);
        } catch (error) {
          req.next?.(error);
        }
      },
      { behind, ...options, route: { skip: came.note, ...options.route } },
    );
    return { site, came, ran, gates };
  }

  it.each(failures)(
    'one new leader runs the handler and its success is shared, where the first %s',
    async (_how, status, fail) => {
      const { site, came, ran, gates } = await crowdOf((req, res, run) =>
        run === 1 ? fail(req, res, run) : res.json({ run }),
      );
      const first = site.ask();
      await came.reached(1);
      const others = Array.from({ length: 9 }, () => site.ask());
      await came.reached(10);
      gates[0].open();
      await ran.reached(2);
      gates[1].open();
      expect(await first).toMatchObject({ status, text: 'failed 1' });
      expect(new Set(textsOf(await Promise.all(others)))).toEqual(new Set(['200 {"run":2}']));
      expect((await site.ask()).text).toBe('{"run":2}');
      expect(site.runs).toBe(2);
    },
  );

  it.each(failures)(
    'and the second too, everyone gets that error after just 2 runs, where both %s',
    async (_how, status, fail) => {
      const { site, came, ran, gates } = await crowdOf(fail);
      const first = site.ask();
      await came.reached(1);
      const others = Array.from({ length: 9 }, () => site.ask());
      await came.reached(10);
      gates[0].open();
      await ran.reached(2);
      gates[1].open();
      expect(await first).toMatchObject({ status, text: 'failed 1' });
      expect(new Set(textsOf(await Promise.all(others)))).toEqual(new Set([`${status} failed 2`]));
      expect(site.runs).toBe(2);
      expect(site.cache.stats()).toMatchObject({ errors: status === 429 ? 0 : 10, hits: 0 });
    },
  );

  it('those who come while the new leader is at work wait for it', async () => {
    const { site, came, ran, gates } = await crowdOf((req, res, run) =>
      run === 1 ? res.sendStatus(500) : res.json({ run }),
    );
    const first = site.ask();
    await came.reached(1);
    const follower = site.ask();
    await came.reached(2);
    gates[0].open();
    await first;
    await ran.reached(2);
    const late = [site.ask(), site.ask()];
    await came.reached(4);
    gates[1].open();
    gates[2].open();
    expect(textsOf(await Promise.all([follower, ...late]))).toEqual(Array(3).fill('200 {"run":2}'));
    expect(site.runs).toBe(2);
  });

  it('alone, nobody is elected and the next request tries anew', async () => {
    const { site, gates } = await crowdOf((_req, res, run) => (run === 1 ? res.sendStatus(503) : res.json({ run })));
    for (const each of gates) each.open();
    expect(textsOf(await site.askInTurn({}, {}, {}))).toEqual([
      '200 {"run":2}',
      '200 {"run":2}',
      '503 Service Unavailable',
    ]);
    expect(site.runs).toBe(2);
  });

  it.each<[how: string, cut: Handler]>([
    ['destroys its response', (_req, res) => res.destroy()],
    ['destroys its response with an error', (_req, res) => res.on('error', () => undefined).destroy(new Error('gone'))],
    ['destroys its socket', (req) => req.socket.destroy()],
    [
      'destroys its socket in the middle of a body that nobody can join',
      (_req, res) => res.set('Content-Encoding', 'gzip').write('half', () => res.destroy()),
    ],
    ['resets its connection', (req) => req.socket.resetAndDestroy()],
  ])('without an answer, twice, the others get 502 from the error handler, where the handler %s', async (_how, cut) => {
    const { site, came, ran, gates } = await crowdOf(cut);
    const broken = (asked: Promise<Answer>): Promise<string> =>
      asked.then(
        () => 'an answer',
        (error: NodeJS.ErrnoException) => error.code ?? '',
      );
    const asked = [site.ask()];
    await came.reached(1);
    asked.push(...Array.from({ length: 4 }, () => site.ask()));
    const [first, second, ...others] = asked;
    const ends = [first, second].map((one) => broken(one as Promise<Answer>));
    await came.reached(5);
    gates[0].open();
    await ran.reached(2);
    gates[1].open();
    const answers = await Promise.all(others);
    expect(textsOf(answers)).toEqual(Array(3).fill('502 FILL_FAILED'));
    expect(answers[0]?.cacheStatus).toBe('ai-cache; fwd=miss; collapsed');
    expect(await Promise.all(ends)).toEqual(Array(2).fill('ECONNRESET'));
    expect(site.runs).toBe(2);
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('without an answer once, a new leader answers the others', async () => {
    const { site, came, ran, gates } = await crowdOf((req, res, run) =>
      run === 1 ? req.socket.destroy() : res.json({ run }),
    );
    const first = site.ask().then(
      () => 'an answer',
      () => 'none',
    );
    await came.reached(1);
    const others = [site.ask(), site.ask(), site.ask()];
    await came.reached(4);
    gates[0].open();
    await ran.reached(2);
    gates[1].open();
    expect(textsOf(await Promise.all(others))).toEqual(Array(3).fill('200 {"run":2}'));
    expect(await first).toBe('none');
    expect(site.runs).toBe(2);
  });
});
