import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import type { AIRequest } from '../../src/request/ai-request.ts';
import { arrivals } from '../support/arrivals.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

const sent = { json: { text: 'a', options: { tone: 'dry' } } };

describe.each(expressVersions)('the cache as a program uses it beside the middleware on $name', ({ express }) => {
  it('requestFor(req) in a handler is the request that the middleware built', async () => {
    let request: AIRequest | undefined;
    const site = await cachedSite(
      express,
      (req, res) => {
        request = site.cache.requestFor(req);
        res.json({ answer: 42 });
      },
      { route: { provider: 'openai', operation: 'ask', scope: () => 'red' } },
    );
    await site.ask(sent);
    expect(request).toMatchObject({ provider: 'openai', operation: 'ask', tenant: 'red', text: 'a' });
    expect(request?.target).toBe(`POST http://127.0.0.1:${site.port}/`);
    const got = await site.cache.get(request as AIRequest);
    expect([got?.json(), got?.tier, got?.provider]).toEqual([{ answer: 42 }, 'memory', 'openai']);
  });

  it('an entry that set() stored is served by the middleware, and without a run of the handler', async () => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      inner: [
        async (req, res, next) => {
          if (req.path !== '/admin') return next();
          // As an endpoint that warms the cache for another path.
          const request = { ...site.cache.requestFor(req), target: `POST http://${req.headers.host}/answers` };
          await site.cache.set(request, { body: { warmed: true } });
          return res.end();
        },
      ],
    });
    await site.ask({ ...sent, path: '/admin' });
    const hit = await site.ask({ ...sent, path: '/answers' });
    expect([hit.text, hit.headers['content-type']]).toEqual(['{"warmed":true}', 'application/json; charset=utf-8']);
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(0);
  });

  it('set() replaces what the middleware stored', async () => {
    let request: AIRequest | undefined;
    const site = await cachedSite(express, (req, res, run) => {
      request = site.cache.requestFor(req);
      res.json({ run });
    });
    await site.ask(sent);
    await site.cache.set(request as AIRequest, { status: 201, headers: { 'X-By': 'hand' }, body: 'ours' });
    const hit = await site.ask(sent);
    expect([hit.status, hit.text, hit.headers['x-by']]).toEqual([201, 'ours', 'hand']);
    expect(site.runs).toBe(1);
  });

  it.each<[reason: string, code: string, req: object]>([
    ['unkeyable', 'UNKEYABLE', { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain' } }],
    ['scope-required', 'UNKEYABLE', { headers: { 'x-signed-in': '1' } }],
  ])('requestFor(req) throws for a request that goes past the cache: %s', async (reason, code, asked) => {
    const thrown: unknown[] = [];
    const site = await cachedSite(
      express,
      (req, res) => {
        try {
          site.cache.requestFor(req);
        } catch (error) {
          thrown.push(error);
        }
        res.end();
      },
      {
        outer: [(req: Request, _res, next) => (req.headers['x-signed-in'] && Object.assign(req, { user: {} }), next())],
      },
    );
    await site.ask(asked);
    expect(thrown).toMatchObject([{ code, message: expect.stringContaining(reason) }]);
  });

  it('getOrFill() waits for a handler that is at work on the same request', async () => {
    const entered = gate();
    const mayAnswer = gate();
    let request: AIRequest | undefined;
    const site = await cachedSite(express, async (req, res) => {
      request = site.cache.requestFor(req);
      entered.open();
      await mayAnswer.opened;
      res.json({ by: 'handler' });
    });
    const asked = site.ask(sent);
    await entered.opened;
    const got = site.cache.getOrFill(request as AIRequest, () => ({ by: 'program' }));
    mayAnswer.open();
    expect([(await got).text(), (await asked).text]).toEqual(['{"by":"handler"}', '{"by":"handler"}']);
    expect(site.runs).toBe(1);
    expect(site.cache.stats()).toMatchObject({ misses: 1, coalesced: 1 });
  });

  it('a client waits for getOrFill() that is at work on the same request', async () => {
    const came = arrivals();
    const mayAnswer = gate();
    let request: AIRequest | undefined;
    const site = await cachedSite(
      express,
      (req, res) => {
        request = site.cache.requestFor(req);
        res.set('Cache-Control', 'no-store').json({ by: 'handler' });
      },
      // The first answer would keep the next ones from waiting for each other.
      { cache: { hitForMissSeconds: 0 }, route: { skip: came.note } },
    );
    await site.ask(sent);
    const got = site.cache.getOrFill(request as AIRequest, () => mayAnswer.opened.then(() => ({ by: 'program' })));
    const asked = site.ask(sent);
    await came.reached(2);
    mayAnswer.open();
    const answer = await asked;
    expect([(await got).text(), answer.text]).toEqual(['{"by":"program"}', '{"by":"program"}']);
    expect(answer.cacheStatus).toBe('ai-cache; fwd=miss; collapsed');
    expect(site.runs).toBe(1);
  });

  it('a handler leads on where getOrFill() failed', async () => {
    const came = arrivals();
    const mayFail = gate();
    let request: AIRequest | undefined;
    const site = await cachedSite(
      express,
      (req, res, run) => {
        request = site.cache.requestFor(req);
        res.set('Cache-Control', run === 1 ? 'no-store' : 'max-age=60').json({ run });
      },
      { route: { skip: came.note } },
    );
    await site.ask(sent);
    const failed = site.cache
      .getOrFill(request as AIRequest, () => mayFail.opened.then(() => Promise.reject(new Error('no'))))
      .then(
        () => 'an answer',
        (error: Error) => error.message,
      );
    const asked = [site.ask(sent), site.ask(sent)];
    await came.reached(3);
    mayFail.open();
    expect(await failed).toBe('no');
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(['{"run":2}', '{"run":2}']);
    expect(site.runs).toBe(2);
  });
});
