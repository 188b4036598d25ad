import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { providersFrom } from '../../examples/gateway/providers.ts';
import { oneByOne } from '../support/one-by-one.ts';
import { startRedis } from '../support/redis-server.ts';
import { gatewaySite, type GatewaySite } from './gateway-site.ts';
import { scriptedUpstream, sendJson } from './scripted-upstream.ts';

const PATH = '/openai/v1/chat/completions';
const completion = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};
const question = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}';

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData | Buffer<ArrayBuffer>;
}

async function send(site: GatewaySite, { path = PATH, method = 'POST', headers, body = question }: Sent = {}) {
  const json = body instanceof FormData ? {} : { 'Content-Type': 'application/json' };
  const given = method === 'GET' ? {} : { body };
  const response = await fetch(site.url + path, { method, headers: { ...json, ...headers }, ...given });
  const { status } = response;
  return {
    status,
    cacheStatus: response.headers.get('cache-status'),
    headers: response.headers,
    body: await response.text(),
  };
}

describe('what a provider gets', () => {
  it('is the path, the query and the bytes that the client sent, and the headers that count', async () => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 200, completion));
    const site = await gatewaySite(upstream.url);
    const body = `{ "model": "gpt-4o-mini",\n "seed": 1e2, "messages": [{"role":"user","content":"Gr\\u00fc\u00dfe"}] }`;
    const headers = {
      Authorization: 'Bearer key',
      Cookie: 'session=mine',
      'OpenAI-Project': 'p1',
      'X-Forwarded-For': '10.0.0.1',
      'X-Other': 'x',
      'x-stainless-lang': 'js',
    };
    await send(site, { path: `${PATH}?a=1&b=%20`, headers, body });
    const [received] = upstream.received;
    expect(received?.path).toBe('/v1/chat/completions?a=1&b=%20');
    expect(received?.body.toString()).toBe(body);
    expect(received?.headers).toMatchObject({
      authorization: 'Bearer key',
      'openai-project': 'p1',
      'x-stainless-lang': 'js',
      'content-length': String(Buffer.byteLength(body)),
    });
    for (const name of ['cookie', 'x-forwarded-for', 'x-other']) expect(received?.headers).not.toHaveProperty(name);
  });

  it('is JSON that is none too: the provider says what is wrong with it', async () => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 400, { error: { message: 'not JSON' } }));
    const site = await gatewaySite(upstream.url);
    const answer = await send(site, { body: '{"model":' });
    expect(answer).toMatchObject({ status: 400, cacheStatus: null, body: '{"error":{"message":"not JSON"}}' });
    expect(upstream.received[0]?.body.toString()).toBe('{"model":');
  });

  it('is everything else that its API has, each time', async () => {
    const upstream = await scriptedUpstream((res, count, { method, path }) =>
      sendJson(res, 200, { count, method, path }),
    );
    const site = await gatewaySite(upstream.url);
    const form = new FormData();
    form.set('file', new Blob(['audio']), 'a.mp3');
    const sent: readonly Sent[] = [
      { path: '/openai/v1/models', method: 'GET' },
      { path: '/openai/v1/models', method: 'GET' },
      { path: '/openai/v1/audio/transcriptions', body: form },
      { path: '/anthropic/v1/messages/count_tokens' },
      { path: '/openai/v1/responses/resp_1', method: 'DELETE' },
    ];
    await oneByOne(sent.length, async (index) => {
      expect(await send(site, sent[index])).toMatchObject({ status: 200, cacheStatus: null });
    });
    expect(upstream.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/models',
      'GET /v1/models',
      'POST /v1/audio/transcriptions',
      'POST /v1/messages/count_tokens',
      'DELETE /v1/responses/resp_1',
    ]);
    expect(upstream.received[2]?.body.toString()).toContain('audio');
  });

  it.each([
    '/openai//evil.example/x',
    '/openai/@evil.example/x',
    '/openai/..//@evil.example/',
    'http://evil.example/openai/v1/models',
  ])('is asked at its own address, whatever the target of the request: %s', async (target) => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 404, { error: 'none' }));
    const { url } = await gatewaySite(upstream.url);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /);
    expect(upstream.received).toHaveLength(1);
  });

  it.each([
    ['/openai/v1/models?a=/../b', '/corp/v1/models?a=/../b'],
    ['/openai/v1/../v1/models', '/corp/v1/models'],
    ['/openai?a=1', '/corp/?a=1'],
    ['http://gateway/openai/v1/models', '/corp/v1/models'],
    ['/openai/../secret', undefined],
    ['/openai/v1/%2e%2e/../../secret', undefined],
  ])('is below its own address where that has a path: %s → %s', async (target, path) => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 200, {}));
    const { url } = await gatewaySite(`${upstream.url}/corp`);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(path === undefined ? /^HTTP\/1\.1 400 [^]*"gateway_error"/ : /^HTTP\/1\.1 200 /);
    expect(upstream.received.map((one) => one.path)).toEqual(path === undefined ? [] : [path]);
  });

  it('is a body that can be read, where the client sent it compressed', async () => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 200, {}));
    const site = await gatewaySite(upstream.url);
    const body = gzipSync('{"model":"m"}');
    const headers = { 'Content-Encoding': 'gzip' };
    await send(site, { headers, body });
    await send(site, { path: '/openai/v1/files', headers, body });
    const [read, passed] = upstream.received;
    expect([read?.headers['content-encoding'], read?.body.toString()]).toEqual([undefined, '{"model":"m"}']);
    expect([passed?.headers['content-encoding'], passed?.body]).toEqual(['gzip', body]);
  });
});

describe('what a client gets', () => {
  it('is a hit also where the provider sends cookies of its network and varies by what only browsers send', async () => {
    const headers = {
      'Set-Cookie': '__cf_bm=abc; path=/; HttpOnly; Secure',
      Vary: 'origin, access-control-request-method, access-control-request-headers',
      'x-request-id': 'req_1',
      'openai-processing-ms': '120',
    };
    const upstream = await scriptedUpstream((res) => sendJson(res, 200, completion, headers));
    const site = await gatewaySite(upstream.url);
    const miss = await send(site);
    const hit = await send(site);
    expect(miss.cacheStatus).toBe('ai-cache; fwd=miss; stored');
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit;/);
    expect(hit.body).toBe(miss.body);
    for (const answer of [miss, hit]) {
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(answer.headers.get('x-request-id')).toBe('req_1');
    }
    expect(upstream.received).toHaveLength(1);
  });

  it('is made for it alone where the provider keeps a conversation', async () => {
    const upstream = await scriptedUpstream((res) => sendJson(res, 200, completion));
    const site = await gatewaySite(upstream.url);
    const bodies = ['{"conversation":"conv_1"}', '{"container":"c"}', '{"background":true}'];
    await oneByOne(bodies.length, async (index) => {
      const body = `{"model":"gpt-4o-mini","input":"Hello",${bodies[index]?.slice(1)}`;
      const asked = { path: '/openai/v1/responses', body };
      expect((await send(site, asked)).cacheStatus).toBe('ai-cache; fwd=bypass; detail=skip');
      expect((await send(site, asked)).cacheStatus).toBe('ai-cache; fwd=bypass; detail=skip');
    });
    expect(upstream.received).toHaveLength(6);
  });

  it('is an error that its SDK can read where the provider cannot be reached, and the next request tries again', async () => {
    const upstream = await scriptedUpstream((res) => res.destroy());
    const site = await gatewaySite(upstream.url);
    const answer = await send(site);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({
      type: 'error',
      error: { type: 'gateway_error', message: 'The provider cannot be reached: other side closed' },
    });
    expect((await send(site)).cacheStatus).toBe('ai-cache; fwd=miss; detail=error');
    expect(upstream.received).toHaveLength(2);
  });
});

it('a client whose base URL has no provider in it is told those there are', async () => {
  const upstream = await scriptedUpstream((res) => sendJson(res, 200, {}));
  const site = await gatewaySite(upstream.url);
  const answer = await send(site, { path: '/v1/chat/completions' });
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body)).toMatchObject({
    error: { message: expect.stringContaining('/openai/v1/…, /anthropic/v1/…') },
  });
  expect(upstream.received).toHaveLength(0);
});

describe('the key of a client', () => {
  const OURS = 'sk-proj-NobodyMayReadThis';

  it('goes to the provider and nowhere else: not to Redis, not to statistics, not to a log', async () => {
    const output = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name));
    onTestFinished(() => output.forEach((spy) => spy.mockRestore()));
    const upstream = await scriptedUpstream((res, count) => sendJson(res, count === 2 ? 401 : 200, completion));
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const site = await gatewaySite(upstream.url, { redis: redis.url, redisTimeoutMs: 5_000, cacheStatus: 'key' });
    const headers = { Authorization: `Bearer ${OURS}` };
    const answers = [
      await send(site, { headers }),
      await send(site, { headers, body: question.replace('Hello', 'Bye') }),
    ];
    expect(upstream.received.map((received) => received.headers.authorization)).toEqual([
      `Bearer ${OURS}`,
      `Bearer ${OURS}`,
    ]);
    await expect.poll(() => redis.cli('--scan', '--pattern', 'ai_cache:e:*')).not.toBe('');
    const keys = (await redis.cli('--scan')).split('\n');
    const stored = await Promise.all(keys.map((key) => redis.cli('DUMP', key)));
    const seen = [
      ...keys,
      ...stored,
      ...answers.map(({ headers: sent, body }) => `${JSON.stringify([...sent])}${body}`),
      JSON.stringify(site.cache.stats()),
      JSON.stringify(site.cache.monitor.snapshot()),
      JSON.stringify(await site.cache.info()),
      ...output.flatMap(({ mock }) => mock.calls.map(String)),
    ];
    expect(stored.join('').length).toBeGreaterThan(100);
    expect(seen.filter((one) => one.includes(OURS))).toEqual([]);
  });

  it('keeps its answers apart from those of another key', async () => {
    const upstream = await scriptedUpstream((res, count) => sendJson(res, 200, { ...completion, id: `c${count}` }));
    const site = await gatewaySite(upstream.url);
    const ids: unknown[] = [];
    const callers = ['a', 'b', 'a', 'b'];
    await oneByOne(callers.length, async (index) => {
      const { body } = await send(site, { headers: { Authorization: `Bearer ${callers[index]}` } });
      ids.push((JSON.parse(body) as { id: unknown }).id);
    });
    expect(ids).toEqual(['c1', 'c2', 'c1', 'c2']);
    expect(upstream.received).toHaveLength(2);
  });
});

describe('providersFrom', () => {
  it('emulates the providers that nothing is said of', () => {
    const env = {
      OPENAI_BASE_URL: 'https://proxy.example/openai/v1/',
      ANTHROPIC_BASE_URL: 'official',
      MISTRAL_BASE_URL: '',
    };
    expect(providersFrom(env, 'http://emulator')).toEqual([
      { name: 'openai', url: 'https://proxy.example/openai', isEmulated: false },
      { name: 'anthropic', url: 'https://api.anthropic.com', isEmulated: false },
      { name: 'mistral', url: 'http://emulator', isEmulated: true },
      { name: 'deepseek', url: 'http://emulator', isEmulated: true },
    ]);
  });

  it('names a variable that holds no address', () => {
    expect(() => providersFrom({ OPENAI_BASE_URL: 'localhost:80' }, 'http://emulator')).toThrow('OPENAI_BASE_URL');
  });
});
