import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { send } from '../support/ask.ts';
import { cachedSite, HIT, STORED } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';
import { manualClock } from '../support/manual-clock.ts';

const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT';

const tagged = (_req: Request, res: Response, run: number): unknown =>
  res.set({ ETag: '"v1"', 'Last-Modified': MODIFIED }).json({ run });

const NAMES = new Set(['if-none-match', 'if-modified-since', 'if-range']);

function conditionalsIn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => NAMES.has(name)));
}

describe.each(expressVersions)('a conditional GET on $name', ({ express }) => {
  it.each([
    ['the right ETag', { 'if-none-match': '"v1"' }],
    ['the right ETag, weak', { 'if-none-match': 'W/"v1"' }],
    ['the right ETag among others', { 'if-none-match': '"x", "v1"' }],
    ['*', { 'if-none-match': '*' }],
    ['the right time', { 'if-modified-since': MODIFIED }],
    ['a later time', { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }],
  ])('with %s is answered 304, cold and warm, and the whole answer is stored', async (_what, headers) => {
    const site = await cachedSite(express, tagged, { clock: manualClock() });
    const [cold, warm, plain] = await site.askInTurn({ headers }, { headers }, {});
    expect([cold?.status, warm?.status, plain?.status]).toEqual([304, 304, 200]);
    expect([cold?.cacheStatus, warm?.cacheStatus, plain?.cacheStatus]).toEqual([STORED, HIT, HIT]);
    expect([cold?.body.length, warm?.body.length, plain?.text]).toEqual([0, 0, '{"run":1}']);
    for (const answer of [cold, warm]) {
      expect(answer?.headers).toMatchObject({ etag: '"v1"', 'last-modified': MODIFIED });
      expect(answer?.headers).not.toHaveProperty('content-type');
      expect(answer?.headers).not.toHaveProperty('content-length');
      expect(answer?.statusMessage).toBe('Not Modified');
    }
    expect(site.runs).toBe(1);
  });

  it.each([
    ['another ETag', { 'if-none-match': '"v0"' }],
    ['another ETag and the right time', { 'if-none-match': '"v0"', 'if-modified-since': MODIFIED }],
    ['an earlier time', { 'if-modified-since': 'Tue, 31 Dec 2024 00:00:00 GMT' }],
    ['Cache-Control: no-cache', { 'if-none-match': '"v1"', 'cache-control': 'no-cache' }],
  ])('with %s is answered in full, cold and warm', async (_what, headers) => {
    const site = await cachedSite(express, tagged, { clock: manualClock() });
    const [cold, warm] = await site.askInTurn({ headers }, { headers });
    expect([cold?.status, cold?.text, cold?.cacheStatus]).toEqual([200, '{"run":1}', STORED]);
    expect([warm?.status, warm?.text, warm?.cacheStatus]).toEqual([200, '{"run":1}', HIT]);
    expect(site.runs).toBe(1);
  });

  it('matches the ETag that Express makes', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({ answer: 42 }));
    const { headers } = await site.ask();
    const hit = await site.ask({ headers: { 'if-none-match': headers.etag } });
    expect([hit.status, site.runs]).toEqual([304, 1]);
  });

  it('of a body in pieces is answered 304 and the body is stored', async () => {
    const site = await cachedSite(express, (_req, res) => {
      res.set('ETag', '"v1"').write('one ');
      res.end('two');
    });
    const [cold, plain] = await site.askInTurn({ headers: { 'if-none-match': '"v1"' } }, {});
    expect([cold?.status, cold?.body.length, plain?.text]).toEqual([304, 0, 'one two']);
    expect(site.runs).toBe(1);
  });

  it('of an answer that is not 200 gets that answer', async () => {
    const site = await cachedSite(express, (_req, res) => res.status(201).set('ETag', '"v1"').json({}));
    const headers = { 'if-none-match': '"v1"' };
    const answers = await site.askInTurn({ headers }, { headers });
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(site.runs).toBe(1);
  });

  it('of an answer that is not stored is answered 304 all the same', async () => {
    const site = await cachedSite(express, (_req, res) =>
      res.set({ ETag: '"v1"', 'Cache-Control': 'private' }).json({}),
    );
    const answers = await site.askInTurn(
      { headers: { 'if-none-match': '"v1"' } },
      { headers: { 'if-none-match': '"v0"' } },
    );
    expect(answers.map(({ status, cacheStatus }) => [status, cacheStatus])).toEqual([
      [304, 'ai-cache; fwd=miss; detail=private'],
      [200, 'ai-cache; fwd=miss; detail=private'],
    ]);
    expect(site.runs).toBe(2);
  });

  it('with a QUERY works as with a GET', async () => {
    const site = await cachedSite(express, tagged);
    const sent = { method: 'QUERY', json: { text: 'a' }, headers: { 'if-none-match': '"v1"' } };
    const answers = await site.askInTurn(sent, sent);
    expect(answers.map(({ status }) => status)).toEqual([304, 304]);
    expect(site.runs).toBe(1);
  });

  it('is unconditional to the handler alone: middleware before the cache sees it again when the response is finished', async () => {
    const seen: [who: string, headers: IncomingHttpHeaders][] = [];
    const headers = { 'if-none-match': '"v1"', 'if-modified-since': MODIFIED, 'if-range': '"v1"' };
    const site = await cachedSite(
      express,
      (req, res) => {
        seen.push(['handler', conditionalsIn(req.headers)]);
        res.on('finish', () => seen.push(['finish in the handler', conditionalsIn(req.headers)]));
        res.json({});
      },
      {
        outer: [
          (req, res, next) => {
            seen.push(['outer', conditionalsIn(req.headers)]);
            res.on('finish', () => seen.push(['finish', conditionalsIn(req.headers)]));
            next();
          },
        ],
      },
    );
    await site.ask({ headers });
    expect(seen).toEqual([
      ['outer', headers],
      ['handler', {}],
      ['finish', headers],
      ['finish in the handler', headers],
    ]);
  });

  it('whose client leaves does not make the answer a 304 for those who wait', async () => {
    const [entered, mayAnswer] = [gate(), gate()];
    const site = await cachedSite(express, async (_req, res, run) => {
      entered.open();
      await mayAnswer.opened;
      res.set('ETag', '"v1"').json({ run });
    });
    const leader = send(site.port, { headers: { 'if-none-match': '"v1"' } }).on('error', () => undefined);
    await entered.opened;
    const closed = once(site.server, 'connection').then(() => undefined);
    const follower = site.ask();
    await closed;
    leader.destroy();
    await expect
      .poll(async () => new Promise((done) => void site.server.getConnections((_error, count) => done(count))), {
        timeout: 10_000,
      })
      .toBe(1);
    mayAnswer.open();
    expect(await follower).toMatchObject({ status: 200, text: '{"run":1}' });
    expect(site.runs).toBe(1);
  });

  it.each([
    ['If-Match', { 'if-match': '"v0"' }],
    ['If-Unmodified-Since', { 'if-unmodified-since': 'Tue, 31 Dec 2024 00:00:00 GMT' }],
  ])('with %s gets the 412 of the handler, which nobody else gets', async (_name, headers) => {
    const [entered, mayAnswer] = [gate(), gate()];
    const site = await cachedSite(express, async (req, res, run) => {
      entered.open();
      await mayAnswer.opened;
      if (req.headers['if-match'] ?? req.headers['if-unmodified-since']) res.status(412).end();
      else res.json({ run });
    });
    const conditional = site.ask({ headers });
    await entered.opened;
    const others = [site.ask(), site.ask()];
    await expect
      .poll(async () => new Promise((done) => void site.server.getConnections((_error, count) => done(count))))
      .toBe(3);
    mayAnswer.open();
    expect((await conditional).status).toBe(412);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe.each(expressVersions)('a conditional POST on $name', ({ express }) => {
  it('is conditional to the handler, and no hit is a 304', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const site = await cachedSite(express, (req, res) => {
      seen.push(conditionalsIn(req.headers));
      res.set('ETag', '"v1"').json({});
    });
    const headers = { 'if-none-match': '"v1"', 'if-modified-since': MODIFIED };
    const answers = await site.askInTurn({ json: {}, headers }, { json: {}, headers });
    expect(seen).toEqual([headers]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(site.runs).toBe(1);
  });
});
