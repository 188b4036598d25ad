import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { aiCache } from '../../../src/middleware.ts';
import { digestBody } from '../../../src/request/body-bytes.ts';
import { ask, type Answer, type Sent } from '../../support/ask.ts';
import { cachedSite, HIT, serve, STORED } from '../../support/cached-site.ts';
import { countedHandler } from '../../support/counted-handler.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';

const post = (body: string, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
});

describe.each(expressVersions)('requests of equal bytes on $name', ({ express }) => {
  /** One cache, two mounts for one path; the header `mount` says which of them a request goes through. */
  async function twoMounts(first: AIRouteOptions, second: AIRouteOptions) {
    const cache = new AIResponseCache({ telemetry: false, ttl: { jitter: 0 } }, manualClock());
    const handler = countedHandler((_req, res, run) => res.json({ run }));
    const [one, other] = [first, second].map((route) => aiCache({ cache, body: 'raw', ...route }));
    const either: RequestHandler = (req, res, next) => (req.get('mount') === '2' ? other : one)?.(req, res, next);
    const { port } = await serve(express().use(either, express.json(), handler.handler));
    return {
      askAll: async (...sent: Sent[]): Promise<(string | undefined)[]> => {
        const answers: Answer[] = [];
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        for (const each of sent) answers.push(await ask(port, each));
        return answers.map(({ cacheStatus }) => cacheStatus);
      },
      runs: () => handler.runs,
    };
  }

  const BODY = '{"text":"a","seed":1,"model":"m"}';

  it.each<[string, AIRouteOptions, AIRouteOptions]>([
    ['constants', { model: 'a' }, { model: 'b' }],
    ['functions', { operation: () => 'a' }, { operation: () => 'b' }],
    ['fields that do not count', {}, { ignoreBodyFields: ['seed'] }],
    ['whether an option sets a field', {}, { model: () => undefined }],
  ])('are told apart by the %s of two mounts as by their JSON', async (_what, first, second) => {
    const { askAll, runs } = await twoMounts(first, second);
    const toSecond = { mount: '2' };
    expect(await askAll(post(BODY), post(BODY), post(BODY, toSecond), post(BODY, toSecond), post(BODY))).toEqual([
      STORED,
      HIT,
      STORED,
      HIT,
      HIT,
    ]);
    expect(runs()).toBe(2);
  });

  it('find one answer where only what is in no key differs', async () => {
    const { askAll, runs } = await twoMounts({ tags: ['x'] }, { tags: ['y'] });
    // What a route says is part of the alias, and tags are no part of the key.
    expect(await askAll(post(BODY), post(BODY, { mount: '2' }), post(BODY, { mount: '2' }))).toEqual([
      STORED,
      HIT,
      HIT,
    ]);
    expect(runs()).toBe(1);
  });

  it('and a request without a body are not the same', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { clock: manualClock() });
    const answers = await site.askInTurn({ method: 'QUERY' }, { method: 'QUERY' }, { ...post('{}'), method: 'QUERY' });
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, HIT, STORED]);
    expect(site.runs).toBe(2);
  });

  it('that another middleware gives a body are told apart by it', async () => {
    let given: unknown;
    const gives: RequestHandler = (req, _res, next) => {
      req.body = given;
      next();
    };
    const site = await cachedSite(express, (req, res, run) => res.json({ run, body: req.body as unknown }), {
      clock: manualClock(),
      parser: gives,
    });
    const statuses: (string | undefined)[] = [];
    for (const body of [undefined, {}, { a: 1 }, { a: 1 }, { a: 2 }, undefined]) {
      given = body;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      statuses.push((await site.ask()).cacheStatus);
    }
    expect(statuses).toEqual([STORED, HIT, STORED, HIT, STORED, HIT]);
    expect(site.runs).toBe(3);
  });

  it.each(['the same cache', 'another cache'])(
    'that a mount let through and a middleware then changed are told apart by a mount of %s',
    async (whose) => {
      const cache = new AIResponseCache({ telemetry: false });
      const other = whose === 'the same cache' ? cache : new AIResponseCache({ telemetry: false });
      const handler = countedHandler((req, res, run) => res.json({ run, body: req.body as unknown }));
      const sets: RequestHandler = (req, _res, next) => {
        (req.body as { plan: string }).plan = req.get('plan') ?? '';
        next();
      };
      const app = express().use(aiCache({ cache, body: 'raw', skip: () => true }), express.json(), sets);
      const { port } = await serve(app.use(aiCache({ cache: other }), handler.handler));
      const answers = [];
      for (const plan of ['gold', 'free', 'gold']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        answers.push((await ask(port, post(BODY, { plan }))).text);
      }
      const answer = (run: number, plan: string): string =>
        JSON.stringify({ run, body: { ...(JSON.parse(BODY) as object), plan } });
      expect(answers).toEqual([answer(1, 'gold'), answer(2, 'free'), answer(1, 'gold')]);
      expect(handler.runs).toBe(2);
    },
  );

  it.each<[string, (mark: string) => unknown]>([
    ['an array', (mark) => [mark, ...Array.from({ length: 2_000 }, () => 1)]],
    ['an object', (mark) => ({ mark, ...Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`m${i}`, i])) })],
  ])('have no outline where the body is %s of very many members: all of it counts', async (_what, bodyOf) => {
    const changes: RequestHandler = (req, _res, next) => {
      req.body = bodyOf(req.get('mark') ?? '');
      next();
    };
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      clock: manualClock(),
      outer: [express.json({ verify: digestBody }), changes],
    });
    const [one, other] = ['a', 'b'].map((mark) => post(JSON.stringify(bodyOf('c')), { mark })) as [Sent, Sent];
    const answers = await site.askInTurn(one, one, other);
    expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([STORED, HIT, STORED]);
    expect(site.runs).toBe(2);
  });
});
