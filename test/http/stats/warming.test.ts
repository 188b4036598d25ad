import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { RequestHandler } from 'express';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AIResponseCache } from '../../../src/index.ts';
import { expressVersions } from '../../support/express.ts';
import { listen, rawRequest } from '../../support/http.ts';
import { answerOf, mounted, openCache, packageOn, served, type Answer, type Package } from './managed-site.ts';

const ITEM = { request: { provider: 'openai', model: 'gpt', text: 'Hello' }, response: { answer: 'Hi' } };
const JSON_TYPE = { 'Content-Type': 'application/json' };
const MEBIBYTE = 1_048_576;

describe.each(expressVersions)('POST /warm on $name', ({ express }) => {
  let from: Package;

  beforeAll(async () => {
    from = await packageOn(express);
  });

  async function warm(
    cache: AIResponseCache,
    body: unknown,
    {
      headers = JSON_TYPE,
      before = [],
    }: { headers?: Readonly<Record<string, string>>; before?: readonly RequestHandler[] } = {},
  ): Promise<Answer> {
    const app = express();
    for (const handler of before) app.use(handler);
    const url = await served(app.use('/cache', from.statsRouter(cache, { authorize: 'none' })));
    const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return answerOf(`${url}/warm`, { method: 'POST', headers, body: sent as NonNullable<RequestInit['body']> });
  }

  const parsers = [
    ['no parser', []],
    ['express.json()', [express.json()]],
    ['express.text()', [express.text({ type: '*/*' })]],
    ['express.raw()', [express.raw({ type: '*/*' })]],
    ['parsers of other types', [express.urlencoded({ extended: true }), express.text()]],
  ] as const;

  it.each(parsers)('stores the answers given, behind %s', async (_, before) => {
    const cache = openCache(from);
    await cache.set({ text: 'there' }, 'old');
    const items = [
      ITEM,
      { request: { text: 'there' }, response: 'new' },
      { request: { text: 'whole' }, response: { status: 200, headers: { 'X-A': '1' }, body: 'whole' }, ttlSeconds: 60 },
      { request: { text: 'refused' }, response: { status: 500, body: 'failed' } },
    ];
    const { status, headers, json } = await warm(cache, { items }, { before });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toEqual({ stored: 2, skipped: 1, failed: 1, failures: [{ index: 3, reason: expect.any(String) }] });
    expect((await cache.get(ITEM.request))?.json()).toEqual({ answer: 'Hi' });
    expect((await cache.get({ text: 'there' }))?.text()).toBe('old');
    const whole = await cache.get({ text: 'whole' });
    expect([whole?.text(), whole?.headers['x-a']]).toEqual(['whole', '1']);
    expect(Number(whole?.staleAt) - Number(whole?.cachedAt)).toBe(60_000);
  });

  it('stores an answer for the very request that was sent, whatever its members are called', async () => {
    const cache = openCache(from);
    const options = JSON.parse('{"__proto__":{"x":1}}') as { x?: number };
    await warm(cache, '{"items":[{"request":{"text":"a","options":{"__proto__":{"x":1}}},"response":"an answer"}]}');
    expect((await cache.get({ text: 'a', options: {} }))?.text()).toBeUndefined();
    expect((await cache.get({ text: 'a', options }))?.text()).toBe('an answer');
  });

  it('says of an item without an answer what is missing', async () => {
    const { json } = await warm(openCache(from), { items: [{ request: ITEM.request }] });
    expect(json.detail).toBe('The field "items[0].response" of the body is wrong: it is missing.');
  });

  it('says of an item that fails why, without its text', async () => {
    const cache = openCache(from);
    const broken = { request: { text: 'canary' }, response: { headers: { 'a b': 'canary' }, body: 'canary' } };
    const { status, text, json } = await warm(cache, { items: [ITEM, broken] });
    expect([status, json]).toEqual([
      200,
      {
        stored: 1,
        skipped: 0,
        failed: 1,
        failures: [{ index: 1, reason: 'invalid', detail: expect.stringContaining('"headers.a b"') as string }],
      },
    ]);
    expect(text).not.toContain('canary');
  });

  it.each([
    [[ITEM], undefined],
    [null, undefined],
    [7, undefined],
    [{}, 'items'],
    [{ items: {} }, 'items'],
    [{ items: [] }, 'items'],
    [{ items: Array.from({ length: 1_001 }, () => ITEM) }, 'items'],
    [{ items: [ITEM], concurrency: 7 }, undefined],
    [{ items: [ITEM, null] }, 'items[1]'],
    [{ items: [ITEM, {}] }, 'items[1].request'],
    [{ items: [ITEM, { request: ITEM.request }] }, 'items[1].response'],
    [{ items: [ITEM, { ...ITEM, ttlSecond: 1 }] }, 'items[1]'],
    [{ items: [ITEM, { ...ITEM, ttlSeconds: -1 }] }, 'items[1].ttlSeconds'],
    [{ items: [ITEM, { ...ITEM, ttlSeconds: '60' }] }, 'items[1].ttlSeconds'],
    [{ items: [ITEM, { ...ITEM, request: { text: 7 } }] }, 'items[1].request.text'],
    [{ items: [ITEM, { ...ITEM, request: { text: 'a', colection: 'docs' } }] }, 'items[1].request'],
    [{ items: [ITEM, { ...ITEM, request: { text: 'a', tags: 'a' } }] }, 'items[1].request.tags'],
  ])('refuses %j, names the field, and stores nothing', async (body, parameter) => {
    const cache = openCache(from);
    const call = vi.spyOn(cache, 'warm');
    const { status, headers, json } = await warm(cache, body);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(json.parameter).toBe(parameter);
    expect(call).not.toHaveBeenCalled();
  });

  it.each([
    ['', 'The body is empty'],
    ['{', 'no JSON'],
    ['{"items": [canary]}', 'no JSON'],
    [Buffer.from([0x22, 0xff, 0x22]), 'no JSON'],
    ['['.repeat(100_000), 'no JSON'],
  ])('refuses what is no JSON, without a word of it: %j', async (body, words) => {
    const { status, text, json } = await warm(openCache(from), body);
    expect([status, json.detail]).toEqual([400, expect.stringContaining(words)]);
    expect(text).not.toContain('canary');
  });

  it('fails alone where it is nested beyond what anybody can read', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const body = `{"items":[{"request":{"text":"a","options":{"deep":${deep}}},"response":"b"},${JSON.stringify(ITEM)}]}`;
    const cache = openCache(from);
    const { status, json } = await warm(cache, body);
    expect([status, json]).toMatchObject([200, { stored: 1, failed: 1 }]);
  });

  it.each([
    [{}],
    [{ 'Content-Type': 'text/plain' }],
    [{ 'Content-Type': 'text/plain;application/json' }],
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }],
    [{ 'Content-Type': 'multipart/form-data; boundary=x' }],
    [{ 'Content-Type': 'application/json; charset=utf-16' }],
    [{ 'Content-Type': 'application/vnd.api+json' }],
    [{ 'Content-Type': 'application/jsonp' }],
    [{ ...JSON_TYPE, 'Content-Encoding': 'gzip' }],
  ])('takes JSON alone: %j is 415', async (headers) => {
    const isEncoded = 'Content-Encoding' in headers;
    // What a parser in front refuses by itself.
    const isParsersOwn = isEncoded || JSON.stringify(headers).includes('utf-16');
    const body = JSON.stringify({ items: [ITEM] });
    const cache = openCache(from);
    const call = vi.spyOn(cache, 'warm');
    for (const [, before] of isParsersOwn ? parsers.slice(0, 1) : parsers) {
      const sent = isEncoded ? gzipSync(body) : Buffer.from(body);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, headers: said } = await warm(cache, sent, { headers, before });
      expect(status).toBe(415);
      expect(said.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(said.get(isEncoded ? 'accept-encoding' : 'accept')).toBe(isEncoded ? 'identity' : 'application/json');
    }
    expect(call).not.toHaveBeenCalled();
  });

  it.each(['application/json;charset=utf-8', 'Application/JSON; charset="UTF-8"', 'application/json;'])(
    'takes %s',
    async (type) => {
      const { status } = await warm(openCache(from), { items: [ITEM] }, { headers: { 'Content-Type': type } });
      expect(status).toBe(200);
    },
  );

  it('refuses parameters in the query', async () => {
    const url = await mounted(from, express, openCache(from));
    const body = JSON.stringify({ items: [ITEM] });
    const { status, json } = await answerOf(`${url}/warm?ttl=5`, { method: 'POST', headers: JSON_TYPE, body });
    expect([status, json.parameter]).toEqual([400, 'ttl']);
  });

  it.each([
    ['by its length', (size: number) => `Content-Length: ${size}\r\n\r\n${' '.repeat(size)}`],
    [
      'as it comes',
      (size: number) => `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${' '.repeat(size)}\r\n0\r\n\r\n`,
    ],
  ])('takes a body of 1 MiB, and not one byte more, %s', async (_, framed) => {
    const cache = openCache(from);
    const server = await listen(express().use(from.statsRouter(cache, { authorize: 'none' })));
    onTestFinished(() => server.close());
    const head = `POST /warm HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const statusOf = async (size: number): Promise<string> =>
      (await rawRequest(server.port, head + framed(size))).toString('latin1');
    expect(await statusOf(MEBIBYTE)).toMatch(/^HTTP\/1.1 400 .*The body is no JSON/s);
    expect(await statusOf(MEBIBYTE + 1)).toMatch(/^HTTP\/1.1 413 .*larger than 1048576 bytes/s);
  });

  it('reads nothing of the body of a caller who may not warm', async () => {
    const cache = openCache(from);
    const server = await listen(express().use(from.statsRouter(cache, { authorize: () => false })));
    onTestFinished(() => server.close());
    const head = `POST /warm HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    expect((await rawRequest(server.port, `${head}{`)).toString('latin1')).toMatch(/^HTTP\/1.1 403 /);
  });

  it('lives on where the body is cut short', async () => {
    const cache = openCache(from);
    const call = vi.spyOn(cache, 'warm');
    const closed = Promise.withResolvers<void>();
    const app = express().use((_req, res, next) => {
      res.once('close', () => closed.resolve());
      next();
    });
    const server = await listen(app.use(from.statsRouter(cache, { authorize: 'none' })));
    onTestFinished(() => server.close());
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /warm HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"items":`,
    );
    socket.end();
    socket.resume();
    await closed.promise;
    socket.destroy();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(call).not.toHaveBeenCalled();
  });

  it('says so where something in front has read the body and kept it', async () => {
    const swallow: RequestHandler = (req, _res, next) => {
      req.resume().once('end', next);
    };
    const { status, json } = await warm(openCache(from), { items: [ITEM] }, { before: [swallow] });
    expect([status, json.detail]).toEqual([500, expect.stringContaining('Mount this before it.')]);
  });
});
