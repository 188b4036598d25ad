import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import type { AIRequest } from '../../src/request/ai-request.ts';
import type { Sent } from '../support/ask.ts';
import { cachedSite, HIT, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { manualClock } from '../support/manual-clock.ts';

function fail(): never {
  throw new Error('no answer to that');
}

const text: Sent = { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain' } };
const form: Sent = {
  method: 'POST',
  body: '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
};

const user: RequestHandler = (req, _res, next) => (Object.assign(req, { user: { id: 1 } }), next());

/** Puts what no JSON parser makes into the body. */
function withBody(make: () => unknown): SiteOptions {
  return {
    inner: [],
    parser: (req, _res, next) => (req.resume().on('end', () => ((req.body = make()), next())), undefined),
  };
}

function cycle(): object {
  const body: Record<string, unknown> = { text: 'a' };
  body.self = body;
  return body;
}

function nested(depth: number): string {
  return `{"text":"a","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}

const json = { 'content-type': 'application/json' };

/** What goes past the cache, what Cache-Status says of it, and the code of the error that is reported where one is. */
const bypasses: readonly [what: string, status: string, sent: Sent, options?: SiteOptions, code?: string][] = [
  ['PUT', 'fwd=method', { method: 'PUT', json: {} }],
  ['DELETE', 'fwd=method', { method: 'DELETE' }],
  ['PATCH', 'fwd=method', { method: 'PATCH', json: {} }],
  ['a Range', 'fwd=bypass; detail=range', { headers: { range: 'bytes=0-1' } }],
  [
    'a WebSocket that no one upgrades',
    'fwd=bypass; detail=upgrade',
    { headers: { upgrade: 'websocket', connection: 'upgrade' } },
  ],
  ['a cache that is off', 'fwd=bypass; detail=disabled', {}, { cache: { enabled: false } }],
  ['a switch that fails', 'fwd=bypass; detail=disabled', {}, { cache: { enabled: fail } }, 'USER_FUNCTION_FAILED'],
  ['what the route skips', 'fwd=bypass; detail=skip', {}, { route: { skip: () => true } }],
  ['a skip that fails', 'fwd=bypass; detail=skip-failed', {}, { route: { skip: fail } }, 'USER_FUNCTION_FAILED'],
  ['a text body without a parser for it', 'fwd=bypass; detail=unkeyable', text],
  ['a multipart body', 'fwd=bypass; detail=unkeyable', form],
  ['a JSON body without a parser', 'fwd=bypass; detail=unkeyable', { json: { text: 'a' } }, { parser: false }],
  ['a body with a cycle', 'fwd=bypass; detail=unkeyable', { json: {} }, withBody(cycle), 'UNKEYABLE'],
  ['a body with a bigint', 'fwd=bypass; detail=unkeyable', { json: {} }, withBody(() => ({ a: 1n })), 'UNKEYABLE'],
  ['a body with a function', 'fwd=bypass; detail=unkeyable', { json: {} }, withBody(() => ({ a: fail })), 'UNKEYABLE'],
  [
    'a body with a Date',
    'fwd=bypass; detail=unkeyable',
    { json: {} },
    withBody(() => ({ a: new Date() })),
    'UNKEYABLE',
  ],
  ['a body that is a Map', 'fwd=bypass; detail=unkeyable', { json: {} }, withBody(() => new Map([['a', 1]]))],
  [
    'an integer that is not safe',
    'fwd=bypass; detail=unkeyable',
    { method: 'POST', headers: json, body: '{"id":9007199254740993}' },
    {},
    'UNKEYABLE',
  ],
  [
    'a body nested deeper than 500 levels',
    'fwd=bypass; detail=unkeyable',
    { method: 'POST', headers: json, body: nested(501) },
    {},
    'UNKEYABLE',
  ],
  ['what the route does not describe', 'fwd=bypass; detail=undescribed', {}, { route: { describe: () => undefined } }],
  [
    'a describe that fails',
    'fwd=bypass; detail=describe-failed',
    {},
    { route: { describe: fail } },
    'USER_FUNCTION_FAILED',
  ],
  [
    'a description without a text',
    'fwd=bypass; detail=describe-failed',
    {},
    { route: { describe: () => ({}) as AIRequest } },
    'INVALID_REQUEST',
  ],
  [
    'a function of an option that fails',
    'fwd=bypass; detail=option-failed',
    {},
    { route: { model: fail } },
    'USER_FUNCTION_FAILED',
  ],
  [
    'tags that are none',
    'fwd=bypass; detail=option-failed',
    {},
    { route: { tags: () => 'a' as never } },
    'INVALID_REQUEST',
  ],
  ['a signed-in user without a scope', 'fwd=bypass; detail=scope-required', {}, { outer: [user] }],
  [
    'a scope that fails',
    'fwd=bypass; detail=scope-failed',
    {},
    { outer: [user], route: { scope: fail } },
    'USER_FUNCTION_FAILED',
  ],
  [
    'a scope that is empty',
    'fwd=bypass; detail=scope-failed',
    {},
    { route: { scope: () => '' } },
    'USER_FUNCTION_FAILED',
  ],
];

describe.each(expressVersions)('on $name', ({ express }) => {
  it.each(bypasses)('%s goes past the cache every time: %s', async (_what, status, sent, options = {}, code) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), options);
    const first = await site.ask(sent);
    const second = await site.ask(sent);
    expect([first.cacheStatus, second.cacheStatus]).toEqual([`ai-cache; ${status}`, `ai-cache; ${status}`]);
    expect([first.text, second.text]).toEqual(['{"run":1}', '{"run":2}']);
    expect(first.headers.age).toBeUndefined();
    expect(site.runs).toBe(2);
    expect(site.errors.map((error) => error.code)).toEqual(code === undefined ? [] : [code, code]);
    expect(site.cache.stats()).toMatchObject({ bypassed: 2, hits: 0, misses: 0, hitRatio: null });
  });

  it('HEAD is answered from what a GET has stored, and fills nothing', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({ answer: 42 }), { clock: manualClock() });
    const cold = await site.ask({ method: 'HEAD' });
    const get = await site.ask();
    const warm = await site.ask({ method: 'HEAD' });
    expect([cold.cacheStatus, warm.cacheStatus]).toEqual(['ai-cache; fwd=miss', HIT]);
    expect(warm.headers).toMatchObject({ etag: get.headers.etag, 'content-type': get.headers['content-type'] });
    expect(get.cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect([cold.body.length, warm.headers['content-length']]).toEqual([0, get.headers['content-length']]);
    expect(site.runs).toBe(2);
  });

  it('OPTIONS goes past the cache', async () => {
    const site = await cachedSite(express, (_req, res) => res.set('Allow', 'GET').end());
    const { headers, cacheStatus } = await site.ask({ method: 'OPTIONS' });
    expect([headers.allow, cacheStatus, site.runs]).toEqual(['GET', 'ai-cache; fwd=method', 1]);
  });

  it('a text body that a parser has read is cached', async () => {
    const site = await cachedSite(express, (req, res, run) => res.send(`${run}: ${req.body}`), {
      parser: express.text(),
    });
    const asked = [await site.ask(text), await site.ask(text), await site.ask({ ...text, body: 'other' })];
    expect(asked.map((answer) => answer.text)).toEqual(['1: hello', '1: hello', '2: other']);
    expect(site.runs).toBe(2);
  });

  it('a body of bytes that a parser has read is cached, byte by byte', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const site = await cachedSite(
      express,
      (req, res, run) => res.send(`${run}: ${(req.body as Buffer).toString('hex')}`),
      {
        parser: express.raw(),
      },
    );
    const sent = (hex: string): Sent => ({ method: 'POST', headers, body: Buffer.from(hex, 'hex') });
    const asked = [await site.ask(sent('ff')), await site.ask(sent('ff')), await site.ask(sent('fe'))];
    expect(asked.map((answer) => answer.text)).toEqual(['1: ff', '1: ff', '2: fe']);
    expect(site.runs).toBe(2);
  });

  it('an offer of HTTP/2, which Node declines, is no reason to go past the cache', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}));
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    await site.ask({ headers });
    expect((await site.ask({ headers })).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
  });
});
