import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import type { Request, Response } from 'express';
import type { Scope } from '../../src/config/route-config.ts';
import { describe, expect, it } from 'vitest';
import { aiCacheContext } from '../../src/exchange/context.ts';
import type { Answer } from '../support/ask.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

type Handler = (req: Request, res: Response) => unknown;

function cacheControl(value: string): Handler {
  return (_req, res) => res.set('Cache-Control', value).json({});
}

function chatThat(reason: string): object {
  const message = { role: 'assistant', content: 'Hi' };
  return { object: 'chat.completion', choices: [{ index: 0, message, finish_reason: reason }] };
}

function fail(): never {
  throw new Error('cannot say');
}

const KNOWN_AT_THE_END = 'ai-cache; fwd=miss';

/** Answers that are good for the one who asked and are not kept, with the reason that Cache-Status gives. */
const refused: readonly [what: string, reason: string, handler: Handler, options?: SiteOptions][] = [
  ['no-store', 'no-store', cacheControl('no-store')],
  ['no-store among others', 'no-store', cacheControl('max-age=60, No-Store')],
  ['private', 'private', cacheControl('private, max-age=60')],
  ['private for one field', 'private', cacheControl('private="x-user"')],
  ['no-cache', 'no-cache', cacheControl('no-cache')],
  ['max-age=0', 'no-lifetime', cacheControl('max-age=0')],
  ['s-maxage=0 beside max-age', 'no-lifetime', cacheControl('max-age=60, s-maxage=0')],
  ['a max-age that is no number', 'no-lifetime', cacheControl('max-age=soon')],
  ['a lifetime of 0 by ttl()', 'no-lifetime', (req, res) => (aiCacheContext(req)?.ttl(0), res.json({}))],
  ['Set-Cookie', 'set-cookie', (_req, res) => res.cookie('sid', '1').json({})],
  ['Set-Cookie on an error', 'set-cookie', (_req, res) => res.status(500).cookie('sid', '1').json({})],
  ['Vary: *', 'vary-star', (_req, res) => res.vary('*').json({})],
  [
    'an event stream without its end',
    'no-terminal-event',
    (_req, res) => res.type('text/event-stream').end('data: x\n\n'),
  ],
  ['JSON lines that break off', 'no-terminal-event', (_req, res) => res.type('application/x-ndjson').end('{}\n{')],
  ['an answer of a model that is cut by its length', 'finish-length', (_req, res) => res.json(chatThat('length'))],
  ['a redirect', 'status', (_req, res) => res.redirect('/b')],
  ['404', 'status', (_req, res) => res.status(404).json({})],
  ['206', 'status', (_req, res) => res.status(206).json({})],
  ['400', 'status', (_req, res) => res.status(400).json({})],
  ['500', 'error', (_req, res) => res.status(500).json({})],
  ['503', 'error', (_req, res) => res.status(503).json({})],
  ['429', 'error', (_req, res) => res.status(429).json({})],
  [
    'a body over maxEntryBytes',
    'too-large',
    (_req, res) => res.end('x'.repeat(101)),
    { cache: { maxEntryBytes: 100 } },
  ],
  ['a coding that is not known', 'content-encoding', (_req, res) => res.set('Content-Encoding', 'compress').end('x')],
  ['two codings', 'content-encoding', (_req, res) => res.set('Content-Encoding', 'gzip, br').end('x')],
  [
    'a trailer',
    'trailer',
    (_req, res) => (res.set('Trailer', 'X-Sum').write('x'), res.addTrailers({ 'X-Sum': '1' }), res.end()),
  ],
  ['noStore()', 'context', (req, res) => (aiCacheContext(req)?.noStore(), res.json({}))],
  ['what shouldStore refuses', 'should-store', (_req, res) => res.json({}), { route: { shouldStore: () => false } }],
  ['a shouldStore that fails', 'should-store-failed', (_req, res) => res.json({}), { route: { shouldStore: fail } }],
  [
    'a shouldStore that promises',
    'should-store-failed',
    (_req, res) => res.json({}),
    { route: { shouldStore: () => Promise.reject(new Error('later')) as never } },
  ],
];

/** The same for what is known only after the head went out. */
const refusedAtTheEnd: readonly [what: string, reason: string, handler: Handler, options?: SiteOptions][] = [
  [
    'a body in pieces over maxEntryBytes',
    'too-large',
    (_req, res) => (res.write('x'.repeat(60)), res.end('x'.repeat(60))),
    { cache: { maxEntryBytes: 100 } },
  ],
  [
    'bytes that are not in their coding',
    'content-encoding',
    (_req, res) => res.set('Content-Encoding', 'gzip').end('not gzip'),
  ],
  ['raw deflate', 'content-encoding', (_req, res) => res.set('Content-Encoding', 'deflate').end(deflateRawSync('x'))],
  [
    'what shouldStore refuses in pieces',
    'should-store',
    (_req, res) => (res.write('a'), res.end('b')),
    { route: { shouldStore: ({ body }) => body.toString() !== 'ab' } },
  ],
];

/** Answers that are kept although they look like one of those. */
const kept: readonly [what: string, handler: Handler, options?: SiteOptions][] = [
  ['public with a lifetime', cacheControl('public, max-age=60')],
  ['an unknown directive with a quoted no-store', cacheControl('extension="no-store, private"')],
  ['max-age=0 with s-maxage', cacheControl('max-age=0, s-maxage=60')],
  [
    'Vary on what is keyed',
    (_req, res) => res.vary('Accept, Accept-Language, Accept-Encoding, Authorization, X-Flavour').json({}),
    { route: { varyHeaders: ['x-flavour'] } },
  ],
  ['201', (_req, res) => res.status(201).json({})],
  ['203', (_req, res) => res.status(203).json({})],
  ['204', (_req, res) => res.status(204).end()],
  ['an event stream with its end', (_req, res) => res.type('text/event-stream').end('data: x\n\ndata: [DONE]\n\n')],
  ['JSON lines', (_req, res) => res.type('application/x-ndjson').end('{}\n')],
  ['a head flushed before the body', (_req, res) => (res.type('txt').flushHeaders(), res.end('x'))],
  ['an answer of a model that stopped', (_req, res) => res.json(chatThat('stop'))],
  ['a body of just maxEntryBytes', (_req, res) => res.end('x'.repeat(100)), { cache: { maxEntryBytes: 100 } }],
  [
    'what shouldStore has no opinion on',
    (_req, res) => res.json({}),
    { route: { shouldStore: () => undefined as never } },
  ],
];

describe.each(expressVersions)('on $name', ({ express }) => {
  it.each(refused)('%s is not stored: %s', async (_what, reason, handler, options) => {
    const site = await cachedSite(express, handler, options);
    const [first, second] = await twice(site);
    expect([first.cacheStatus, second.cacheStatus]).toEqual(Array(2).fill(`ai-cache; fwd=miss; detail=${reason}`));
    expect([first.status, first.text]).toEqual([second.status, second.text]);
    expect(site.runs).toBe(2);
    expect(reasons(site)).toEqual({ [reason]: 2 });
    expect(site.errors.map(({ code }) => code)).toEqual(
      reason === 'should-store-failed' ? ['USER_FUNCTION_FAILED', 'USER_FUNCTION_FAILED'] : [],
    );
  });

  it.each(refusedAtTheEnd)(
    '%s is not stored, which only telemetry tells: %s',
    async (_what, reason, handler, options) => {
      const site = await cachedSite(express, handler, options);
      const [first, second] = await twice(site);
      expect([first.cacheStatus, second.cacheStatus]).toEqual([KNOWN_AT_THE_END, KNOWN_AT_THE_END]);
      expect(first.body).toEqual(second.body);
      expect(site.runs).toBe(2);
      await expect.poll(() => reasons(site), { timeout: 10_000 }).toEqual({ [reason]: 2 });
    },
  );

  it.each(kept)('%s is stored', async (_what, handler, options) => {
    const site = await cachedSite(express, handler, options);
    await site.ask();
    expect((await site.ask()).cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
    expect(reasons(site)).toEqual({});
  });

  it.each<[what: string, field: string, scope: Scope | undefined]>([
    ['credentials where the route shares everything', 'Authorization', 'shared'],
    ['Cookie where the route names some cookies', 'Cookie', { cookies: ['sid'] }],
    ['Authorization where they are keyed', 'Authorization', undefined],
  ])('a Vary on %s keeps the answers of two callers apart', async (_what, field, scope) => {
    const answer: Handler = (req, res) => res.vary(field).json({ for: req.get(field) ?? 'nobody' });
    const site = await cachedSite(express, answer, scope === undefined ? {} : { route: { scope } });
    const [a, b] = [{ headers: { [field]: 'x=a' } }, { headers: { [field]: 'x=b' } }];
    const answers = await site.askInTurn({}, a, b, {}, a, b);
    expect(answers.map(({ text }) => text)).toEqual(
      ['nobody', 'x=a', 'x=b', 'nobody', 'x=a', 'x=b'].map((who) => JSON.stringify({ for: who })),
    );
    expect(site.runs).toBe(3);
  });

  it('a body shorter than its Content-Length is not stored: unfinished', async () => {
    const site = await cachedSite(express, (_req, res) => {
      res.set('Content-Length', '10').write('12345');
      res.end();
    });
    await cutAnswer(site.port);
    await cutAnswer(site.port);
    expect(site.runs).toBe(2);
    expect(reasons(site)).toEqual({ unfinished: 2 });
  });

  it('a body that the handler breaks off is not stored: unfinished', async () => {
    const site = await cachedSite(express, (_req, res) => {
      res.write('half', () => res.destroy());
    });
    await cutAnswer(site.port);
    await cutAnswer(site.port);
    expect(site.runs).toBe(2);
    expect(reasons(site)).toEqual({ unfinished: 2 });
  });
});

async function twice(site: CachedSite): Promise<[Answer, Answer]> {
  return [await site.ask(), await site.ask()];
}

function reasons(site: CachedSite): object {
  return site.cache.monitor.snapshot().requests.notStoredReasons;
}

/** Reads what there is of an answer that will never be whole; resolves when the connection is closed. */
async function cutAnswer(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).on('data', (chunk) => chunk.includes('12345') && socket.end());
  socket.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
}
