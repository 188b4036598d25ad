import { describe, expect, it, vi } from 'vitest';
import { partsOf } from '../../src/ai-response-cache.ts';
import type { CacheParts } from '../../src/cache-parts.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

function fault(): never {
  throw new Error('a fault of the cache');
}

/** Where the cache can break before the handler has the request. */
const before: readonly [where: string, breakIt: (parts: CacheParts) => unknown][] = [
  ['its lookup throws', ({ store }) => vi.spyOn(store, 'lookup').mockImplementation(fault)],
  [
    'its lookup rejects',
    ({ store }) => vi.spyOn(store, 'lookup').mockImplementation(() => Promise.reject(new Error('late'))),
  ],
  ['its keys throw what is no error of its own', ({ keys }) => vi.spyOn(keys, 'keyInTurns').mockImplementation(fault)],
  ['its flights throw', ({ flights }) => flights && vi.spyOn(flights, 'enter').mockImplementation(fault)],
];

describe.each(expressVersions)('a fault of the cache itself on $name', ({ express }) => {
  it.each(before)('is told to onError and the handler answers, where %s', async (_where, breakIt) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), { faulty: true });
    breakIt(partsOf(site.cache));
    const answers = await site.askInTurn({}, {});
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, '{"run":1}'],
      [200, '{"run":2}'],
    ]);
    expect(site.errors.map(({ code }) => code)).toEqual(['INTERNAL', 'INTERNAL']);
    expect(site.runs).toBe(2);
  });

  it('after the handler has the request does not give it to the handler again', async () => {
    const site = await cachedSite(express, (_req, res, run) => void setImmediate(() => res.json({ run })), {
      cache: { telemetry: {} },
      behind: (app) => app.use((_req, res) => res.end('went on behind the handler')),
      faulty: true,
    });
    const { tracing } = partsOf(site.cache);
    const startFill = tracing.startFill.bind(tracing);
    vi.spyOn(tracing, 'startFill').mockImplementation((facts) => {
      const span = startFill(facts);
      vi.spyOn(span, 'run').mockImplementation((work) => {
        work();
        return fault();
      });
      return span;
    });
    expect((await site.ask()).text).toBe('{"run":1}');
    expect(site.errors.map(({ code }) => code)).toEqual(['INTERNAL']);
    expect(site.runs).toBe(1);
  });

  it('while an answer is stored leaves the client its answer and frees those who wait', async () => {
    const site = await cachedSite(express, (_req, res, run) => void setImmediate(() => res.json({ run })), {
      faulty: true,
    });
    vi.spyOn(partsOf(site.cache).store, 'put').mockImplementation(fault);
    const answers = await Promise.all([site.ask(), site.ask()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await site.ask()).status).toBe(200);
    expect(new Set(site.errors.map(({ code }) => code))).toEqual(new Set(['INTERNAL']));
    expect((await site.cache.info()).fillsActive).toBe(0);
  });

  it('of the function that is told of errors is nobody’s business', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      cache: { onError: fault },
      route: { skip: fault },
    });
    expect(await site.ask()).toMatchObject({ status: 200, text: '{"run":1}' });
  });
});
