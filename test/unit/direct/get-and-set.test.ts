import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import type { GivenResponse } from '../../../src/direct/given-response.ts';
import { AICacheError } from '../../../src/errors.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';
import { manualClock } from '../../support/manual-clock.ts';

const request: AIRequest = { text: 'What is a cache?', provider: 'openai', model: 'gpt', operation: 'ask' };

function newCache(options: AIResponseCacheOptions = {}) {
  const clock = manualClock();
  const cache = new AIResponseCache({ telemetry: false, ttl: { jitter: 0 }, ...options }, clock);
  onTestFinished(() => cache.close());
  return { cache, clock };
}

async function errorOf(work: Promise<unknown>): Promise<AICacheError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AICacheError) return error;
  throw new Error('no AICacheError was thrown', { cause: error });
}

describe('set and get', () => {
  it.each<[what: string, given: GivenResponse, type: string, body: string]>([
    ['an object', { answer: 42 }, 'application/json; charset=utf-8', '{"answer":42}'],
    ['an array', [1, 'two'], 'application/json; charset=utf-8', '[1,"two"]'],
    ['null', null, 'application/json; charset=utf-8', 'null'],
    ['false', false, 'application/json; charset=utf-8', 'false'],
    ['a number', 7, 'application/json; charset=utf-8', '7'],
    ['a string', 'héllo', 'text/plain; charset=utf-8', 'héllo'],
    ['an empty string', '', 'text/plain; charset=utf-8', ''],
    ['a Buffer', Buffer.from('bytes'), 'application/octet-stream', 'bytes'],
    ['a Uint8Array', new Uint8Array([98, 121]), 'application/octet-stream', 'by'],
    ['an envelope', { status: 201, body: { id: 1 } }, 'application/json; charset=utf-8', '{"id":1}'],
    ['an envelope with a type', { headers: { 'content-type': 'text/html' }, body: '<p>' }, 'text/html', '<p>'],
    [
      'an object that only looks like an envelope',
      { status: 'ok', body: 'x', more: 1 },
      'application/json; charset=utf-8',
      '{"status":"ok","body":"x","more":1}',
    ],
    ['an object without a body', { status: 201 }, 'application/json; charset=utf-8', '{"status":201}'],
  ])('keep %s', async (_what, given, type, body) => {
    const { cache } = newCache();
    expect(await cache.set(request, given)).toEqual({ stored: true });
    const got = await cache.get(request);
    expect([got?.headers['content-type'], got?.text()]).toEqual([type, body]);
    expect(got?.status).toBe(body === '{"id":1}' ? 201 : 200);
  });

  it('give all that is known of an answer', async () => {
    const { cache, clock } = newCache();
    await cache.set(
      request,
      { headers: { 'X-One': 'a', Link: ['</a>', '</b>'] }, body: { answer: 42 } },
      { ttlSeconds: 60 },
    );
    clock.advance(1_000);
    const { text, json, ...got } = (await cache.get(request)) ?? {};
    const at = (ms: number): Date => new Date(clock.now() - 1_000 + ms);
    expect(got).toEqual({
      status: 200,
      headers: {
        'x-one': 'a',
        link: ['</a>', '</b>'],
        'content-type': 'application/json; charset=utf-8',
        date: at(0).toUTCString(),
      },
      body: Buffer.from('{"answer":42}'),
      cachedAt: at(0),
      staleAt: at(60_000),
      expiresAt: at(60_000),
      state: 'fresh',
      tier: 'memory',
      textLength: 16,
      textTier: 'small',
      compressionUsed: false,
      provider: 'openai',
      model: 'gpt',
    });
    expect([text?.(), json?.()]).toEqual(['{"answer":42}', { answer: 42 }]);
  });

  it.each([
    [499, 'small'],
    [500, 'medium'],
    [4_999, 'medium'],
    [5_000, 'large'],
    [49_999, 'large'],
  ])('of a text of %i characters say %s', async (length, tier) => {
    const { cache } = newCache();
    await cache.set({ text: 'x'.repeat(length) }, 'answer');
    expect(await cache.get({ text: 'x'.repeat(length) })).toMatchObject({ textLength: length, textTier: tier });
  });

  it('say when an answer is kept compressed, and give it decoded', async () => {
    const { cache } = newCache();
    const long = 'an answer '.repeat(1_000);
    await cache.set(request, long);
    const got = await cache.get(request);
    expect([got?.compressionUsed, got?.text() === long]).toEqual([true, true]);
    expect(got?.headers).not.toHaveProperty('content-encoding');
  });

  it('give bytes of one’s own: changing them changes nothing in the cache', async () => {
    const { cache } = newCache();
    // Not a part of Node's pool, of which the cache would keep a copy anyhow.
    const given = Buffer.alloc(4, 'kept');
    await cache.set(request, given);
    given.fill(0);
    (await cache.get(request))?.body.fill(0);
    expect((await cache.get(request))?.text()).toBe('kept');
  });

  it('replace what was there', async () => {
    const { cache } = newCache();
    await cache.set(request, 'old');
    await cache.set(request, 'new');
    expect((await cache.get(request))?.text()).toBe('new');
  });

  it('do not know other requests', async () => {
    const { cache } = newCache();
    await cache.set(request, 'answer');
    expect(await cache.get({ ...request, text: 'Another?' })).toBeUndefined();
    expect(await cache.get({ ...request, tenant: 'someone' })).toBeUndefined();
    expect((await cache.get({ ...request, tags: ['x'], confidence: 0.5 }))?.text()).toBe('answer');
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 2 });
  });

  it.each([
    ['nothing', 86_400, {}, {}],
    ['ttlSeconds', 60, { ttlSeconds: 60 }, {}],
    ['max-age', 30, { ttlSeconds: 60 }, { 'Cache-Control': 'max-age=30' }],
  ])('keep an answer as long as it may live: by %s for %i s', async (_what, seconds, options, headers) => {
    const { cache, clock } = newCache();
    await cache.set(request, { headers, body: 'x' }, options);
    clock.advance(seconds * 1000 - 1);
    expect(await cache.get(request)).toBeDefined();
    clock.advance(1);
    expect(await cache.get(request)).toBeUndefined();
    expect(await cache.get(request, { allowStale: true })).toBeUndefined();
  });

  it.each<[reason: string, given: GivenResponse, options?: { ttlSeconds?: number }]>([
    ['no-store', { headers: { 'cache-control': 'no-store' }, body: 'x' }],
    ['private', { headers: { 'cache-control': 'private' }, body: 'x' }],
    ['set-cookie', { headers: { 'set-cookie': ['a=b'] }, body: 'x' }],
    ['vary-star', { headers: { vary: '*' }, body: 'x' }],
    ['status', { status: 404, body: 'x' }],
    ['error', { status: 500, body: 'x' }],
    ['no-terminal-event', { headers: { 'content-type': 'text/event-stream' }, body: 'data: x\n\n' }],
    ['in-band-error', { error: { message: 'overloaded' } }],
    ['empty', { choices: [{ finish_reason: 'stop', message: { content: '' } }] }],
    ['no-lifetime', 'x', { ttlSeconds: 0 }],
    ['too-large', 'x'.repeat(101)],
  ])('refuse an answer that may not be stored: %s', async (reason, given, options) => {
    const { cache } = newCache({ maxEntryBytes: 100 });
    expect(await cache.set(request, given, options)).toEqual({ stored: false, reason });
    expect(await cache.get(request)).toBeUndefined();
  });

  it('say that no tier took an answer', async () => {
    const { cache } = newCache({ memoryTextTiers: ['small'] });
    const long = { text: 'x'.repeat(500) };
    expect(await cache.set(long, 'answer')).toEqual({ stored: false, reason: 'no-tier' });
  });

  it.each<[option: string, given: unknown]>([
    ['status', { status: 99, body: 'x' }],
    ['status', { status: 200.5, body: 'x' }],
    ['status', { status: '200', body: 'x' }],
    ['headers', { headers: 'a: b', body: 'x' }],
    ['headers', { headers: null, body: 'x' }],
    ['headers.a b', { headers: { 'a b': 'c' }, body: 'x' }],
    ['headers.a', { headers: { a: 'b\r\nSet-Cookie: c' }, body: 'x' }],
    ['headers.a', { headers: { a: 7 }, body: 'x' }],
    ['headers.content-encoding', { headers: { 'Content-Encoding': 'br' }, body: 'x' }],
    ['body', undefined],
    ['body', { body: undefined }],
    ['body', () => 'x'],
    ['body', 7n],
    ['body', { body: { big: 7n } }],
  ])('throw INVALID_RESPONSE naming %s', async (option, given) => {
    const { cache } = newCache();
    expect(await errorOf(cache.set(request, given as GivenResponse))).toMatchObject({
      code: 'INVALID_RESPONSE',
      option,
    });
  });

  it('throw INVALID_RESPONSE for a lifetime that is none', async () => {
    const { cache } = newCache();
    expect((await errorOf(cache.set(request, 'x', { ttlSeconds: -1 }))).message).toContain('-1');
    expect((await errorOf(cache.set(request, 'x', { ttlSeconds: Number.NaN }))).code).toBe('INVALID_RESPONSE');
  });

  it.each<[code: string, option: string, bad: unknown]>([
    ['INVALID_REQUEST', 'request', undefined],
    ['INVALID_REQUEST', 'text', {}],
    ['INVALID_REQUEST', 'model', { text: 'a', model: 7 }],
    ['INVALID_REQUEST', 'tags', { text: 'a', tags: 'b' }],
    ['INVALID_REQUEST', 'options', { text: 'a', options: [] }],
    ['UNKEYABLE', 'options.id', { text: 'a', options: { id: 2 ** 53 } }],
  ])('throw %s naming %s of a bad request, and never its value', async (code, option, bad) => {
    const { cache } = newCache();
    const errors = await Promise.all([
      errorOf(cache.get(bad as AIRequest)),
      errorOf(cache.set(bad as AIRequest, 'x')),
      errorOf(cache.getOrFill(bad as AIRequest, () => 'x')),
    ]);
    for (const error of errors) expect(error).toMatchObject({ code, option });
  });

  it('reject with CLOSED once the cache is closed', async () => {
    const { cache } = newCache();
    await cache.set(request, 'x');
    await cache.close();
    const works = [cache.get(request), cache.set(request, 'x'), cache.getOrFill(request, () => 'x'), cache.connect()];
    expect((await Promise.all(works.map(errorOf))).map(({ code }) => code)).toEqual(Array(4).fill('CLOSED'));
    expect((await cache.info()).enabled).toBe(false);
  });
});
