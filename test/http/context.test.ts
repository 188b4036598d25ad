import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { partsOf } from '../../src/ai-response-cache.ts';
import type { Entry } from '../../src/entry/entry.ts';
import { AICacheError } from '../../src/errors.ts';
import { aiCacheContext, type AICacheContext } from '../../src/exchange/context.ts';
import { send } from '../support/ask.ts';
import { cachedSite, type CachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

function errorOf(work: () => unknown): AICacheError {
  try {
    work();
  } catch (error) {
    if (error instanceof AICacheError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The entry that memory has for a request that came through. */
async function entryFor({ cache }: CachedSite, req: Request): Promise<Entry | undefined> {
  const { store, keys } = partsOf(cache);
  return (await store.lookup(keys.keyFor(cache.requestFor(req))))?.entry;
}

describe.each(expressVersions)('aiCacheContext on $name', ({ express }) => {
  it('is there for every handler behind the cache, whether the request goes past it or not', async () => {
    const seen: (AICacheContext | undefined)[] = [];
    const site = await cachedSite(express, (req, res) => {
      seen.push(aiCacheContext(req));
      res.json({});
    });
    await site.askInTurn({}, { method: 'PUT' }, { headers: { range: 'bytes=0-1' } });
    expect(seen.map((context) => context?.signal.aborted)).toEqual([false, false, false]);
    expect(site.runs).toBe(3);
  });

  it('is undefined for a request that did not come through, before the cache and without one', async () => {
    const seen: unknown[] = [];
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      outer: [(req, _res, next) => (seen.push(aiCacheContext(req)), next())],
    });
    await site.askInTurn({}, {});
    expect(seen).toEqual([undefined, undefined]);
  });

  it('noStore() keeps the answer out of the cache', async () => {
    const site = await cachedSite(express, (req, res, run) => {
      if (run === 1) aiCacheContext(req)?.noStore();
      res.json({ run });
    });
    const answers = await site.askInTurn({}, {}, {});
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":2}']);
    expect(answers[0]?.cacheStatus).toBe('ai-cache; fwd=miss; detail=context');
  });

  it('tag() and usage() put tags and tokens on the entry, beside the tags of the route', async () => {
    let filled: Request | undefined;
    const site = await cachedSite(
      express,
      (req, res) => {
        filled = req;
        aiCacheContext(req)?.tag('b', 'a');
        aiCacheContext(req)?.tag('c');
        aiCacheContext(req)?.usage({ inputTokens: 3, outputTokens: 4 });
        res.json({});
      },
      { route: { tags: ['a'], collection: 'docs', operation: 'ask' } },
    );
    await site.askInTurn({}, {});
    const entry = await entryFor(site, filled as Request);
    expect(entry?.labels).toMatchObject({ collection: 'docs', operation: 'ask', tags: ['a', 'b', 'c'] });
    expect(entry?.usage).toEqual({ inputTokens: 3, outputTokens: 4 });
    expect(site.cache.stats().saved).toMatchObject({ inputTokens: 3, outputTokens: 4 });
    expect(site.runs).toBe(1);
  });

  it('refuses bad lifetimes and counts, naming what is wrong, and the answer goes on', async () => {
    const thrown: AICacheError[] = [];
    const site = await cachedSite(express, (req, res) => {
      const context = aiCacheContext(req);
      for (const seconds of [-1, Number.NaN, Infinity, '5', undefined])
        thrown.push(errorOf(() => context?.ttl(seconds as number)));
      const counts = { inputTokens: 3, outputTokens: 4 };
      const bad = [{ inputTokens: -1 }, { outputTokens: 1.5 }, { cacheReadTokens: '1' }, { cacheWriteTokens: -1 }];
      for (const usage of [undefined, {}, ...bad.map((count) => ({ ...counts, ...count }))])
        thrown.push(errorOf(() => context?.usage(usage as never)));
      res.json({});
    });
    expect((await site.ask()).cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect(new Set(thrown.map(({ code }) => code))).toEqual(new Set(['INVALID_RESPONSE']));
    expect(thrown.map(({ option }) => option)).toEqual([
      ...Array.from({ length: 5 }, () => 'aiCacheContext(req).ttl()'),
      ...Array.from({ length: 6 }, () => 'usage'),
    ]);
    expect(thrown[0]?.message).toBe('aiCacheContext(req).ttl() is -1. Give a finite number of seconds from 0.');
  });

  it('has the outcome when the response is over, and not before', async () => {
    const contexts: AICacheContext[] = [];
    const early: unknown[] = [];
    const site = await cachedSite(
      express,
      (req, res) => {
        const context = aiCacheContext(req);
        if (context !== undefined) contexts.push(context);
        early.push(context?.outcome);
        if (req.path === '/bad') res.status(500).json({});
        else res.json({});
      },
      { route: { provider: 'openai', model: 'gpt', route: '/answers' } },
    );
    await site.askInTurn({ path: '/good' }, { path: '/bad' }, { method: 'DELETE' });
    expect(early).toEqual([undefined, undefined, undefined]);
    await expect
      .poll(() => contexts.map(({ outcome }) => outcome?.result), { timeout: 10_000 })
      .toEqual(['miss', 'error', 'bypass']);
    const known = { route: '/answers', durationMs: expect.any(Number) as number };
    const labels = { provider: 'openai', model: 'gpt' };
    expect(contexts.map(({ outcome }) => outcome)).toEqual([
      { result: 'miss', stored: true, status: 200, ...labels, ...known },
      { result: 'error', errorType: '500', stored: false, notStored: 'error', status: 500, ...labels, ...known },
      { result: 'bypass', bypass: 'method', status: 200, ...known },
    ]);
    for (const { outcome } of contexts) expect(Object.isFrozen(outcome)).toBe(true);
  });

  it('has a signal that aborts when the client of a request past the cache goes, and not before', async () => {
    const [entered, aborted] = [gate(), gate()];
    let signal: AbortSignal | undefined;
    const site = await cachedSite(express, (req) => {
      signal = aiCacheContext(req)?.signal;
      signal?.addEventListener('abort', () => aborted.open());
      entered.open();
    });
    const request = send(site.port, { method: 'PUT' }).on('error', () => undefined);
    await entered.opened;
    expect(signal?.aborted).toBe(false);
    request.destroy();
    await aborted.opened;
    expect(signal?.aborted).toBe(true);
  });

  it('has a signal that does not abort where the answer arrived', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const closed = gate();
    const site = await cachedSite(express, (req, res) => {
      signals.push(aiCacheContext(req)?.signal);
      res.on('close', () => closed.open());
      res.json({});
    });
    await site.ask({ method: 'PUT' });
    await closed.opened;
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
  });

  it('cannot be changed, and hangs on nothing that others could read', async () => {
    const site = await cachedSite(express, (req, res) => {
      const context = aiCacheContext(req);
      res.json({ frozen: Object.isFrozen(context), members: Object.keys(req).filter((name) => /cache/i.test(name)) });
    });
    expect((await site.ask()).text).toBe('{"frozen":true,"members":[]}');
  });
});
