import express from 'express';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/index.ts';
import { collectionWebhook, statsRouter } from '../../../src/stats/index.ts';
import { listen } from '../../support/http.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const PASSWORD = 'canary-password';
const SECRET = 'canary-secret-of-the-webhook';
const ASKED = { provider: 'openai', model: 'gpt', collection: 'docs', tenant: 'canary-tenant', text: 'canary-prompt' };

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis({ args: ['--requirepass', PASSWORD] });
});

afterAll(() => redis.stop());

interface Site {
  readonly cache: AIResponseCache;
  /** Status, headers and body of an answer. */
  ask(method: string, path: string, body?: unknown): Promise<readonly [number, Headers, string]>;
}

async function site(redisTimeoutMs = 10_000): Promise<Site> {
  const url = `unix://${redis.path}?password=${PASSWORD}`;
  const cache = new AIResponseCache({ redis: url, redisTimeoutMs, telemetry: false, textHashThreshold: 1_000 });
  onTestFinished(() => cache.close());
  const app = express();
  app.post('/changed', collectionWebhook(cache, { secret: SECRET }));
  app.use('/cache', statsRouter(cache, { authorize: 'none' }));
  const server = await listen(app);
  onTestFinished(() => server.close());
  const ask: Site['ask'] = async (method, path, body) => {
    const headers = { 'Content-Type': 'application/json', 'x-webhook-secret': SECRET };
    const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
    const response = await fetch(server.url + path, { method, ...sent });
    return [response.status, response.headers, await response.text()];
  };
  return { cache, ask };
}

const CHANGES = [
  ['DELETE', '/cache/invalidate?collection=docs', undefined],
  ['DELETE', '/cache/clear?confirm=ai_cache', undefined],
  ['POST', '/changed', { collection: 'docs' }],
] as const;

async function expectUnavailable(answer: Promise<readonly [number, Headers, string]>): Promise<void> {
  const [status, headers, text] = await answer;
  expect(status).toBe(503);
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('retry-after')).toBe('2');
  expect(JSON.parse(text)).toMatchObject({ status: 503, detail: expect.stringContaining('call it again') as string });
  expect(text).not.toContain('canary');
  expect(text).not.toContain(redis.path);
}

describe('the management API with Redis', () => {
  it('shows the statistics of all processes, of this one by default, and none in place of them while Redis is away', async () => {
    const [one, two] = [await site(), await site()];
    await one.cache.clear();
    await redis.cli('-a', PASSWORD, '--no-auth-warning', 'flushall');
    await Promise.all([one.cache.get(ASKED), two.cache.get(ASKED)]);
    await one.cache.close();
    const misses = async (query: string): Promise<unknown> => {
      const [status, , text] = await two.ask('GET', `/cache/stats${query}`);
      return [status, (JSON.parse(text) as { misses?: number }).misses];
    };
    expect(await misses('')).toEqual([200, 1]);
    expect(await misses('?across=cluster&provider=openai')).toEqual([200, 2]);
    await redis.kill();
    expect(await misses('?across=cluster')).toEqual([503, undefined]);
    expect(await misses('?across=process')).toEqual([200, 1]);
    await redis.start();
  });

  it.each(CHANGES)('%s %s removes in Redis and memory, in every process', async (method, path, body) => {
    const [one, two] = [await site(), await site()];
    await Promise.all([one.cache.connect(), two.cache.connect()]);
    await one.cache.set(ASKED, 'canary-answer');
    expect(await two.cache.get(ASKED)).toBeDefined();
    const [status, , text] = await one.ask(method, path, body);
    expect([status, JSON.parse(text)]).toEqual([200, { removed: 1 }]);
    expect([await one.cache.get(ASKED), await two.cache.get(ASKED)]).toEqual([undefined, undefined]);
  });

  it('takes the digest in a key of Redis as its key, and no more of the key', async () => {
    const { cache, ask } = await site();
    await cache.set(ASKED, 'canary-answer');
    const key = await redis.cli('-a', PASSWORD, '--no-auth-warning', 'keys', 'ai_cache:e:*');
    expect(key.split(':')).toHaveLength(8);
    const digest = key.split(':')[6] ?? '';
    expect((await ask('DELETE', `/cache/invalidate?key=${encodeURIComponent(key)}`))[0]).toBe(400);
    expect((await ask('DELETE', `/cache/invalidate?key=${digest}`))[2]).toBe('{"removed":1}');
  });

  it.each(CHANGES)('%s %s is 503 while Redis is away, and done when it is asked again', async (method, path, body) => {
    const { cache, ask } = await site();
    await cache.set(ASKED, 'canary-answer');
    await redis.kill();
    await expectUnavailable(ask(method, path, body));
    await redis.start();
    const again = async (): Promise<number> => (await ask(method, path, body))[0];
    await expect.poll(again, { timeout: 10_000 }).toBe(200);
    expect(await cache.get(ASKED)).toBeUndefined();
  });

  it.each(CHANGES)('%s %s is 503 where Redis hangs', async (method, path, body) => {
    const { cache, ask } = await site(200);
    await cache.connect();
    redis.pause();
    try {
      await expectUnavailable(ask(method, path, body));
    } finally {
      redis.resume();
    }
  });

  it('is 503 when the cache is closed', async () => {
    const { cache, ask } = await site();
    await cache.close();
    for (const [method, path, body] of CHANGES) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [status, , text] = await ask(method, path, body);
      expect([status, JSON.parse(text)]).toEqual([
        503,
        expect.objectContaining({ detail: expect.any(String) as string }),
      ]);
    }
  });

  it('warms memory and says so while Redis is away', async () => {
    const { cache, ask } = await site();
    await redis.kill();
    const [status, , text] = await ask('POST', '/cache/warm', {
      items: [{ request: ASKED, response: 'canary-answer' }],
    });
    expect([status, JSON.parse(text)]).toMatchObject([200, { stored: 1, skipped: 0, failed: 0 }]);
    expect((await cache.get(ASKED))?.text()).toBe('canary-answer');
    await redis.start();
  });

  it('shows no prompt, answer, tenant, credential, secret or password in any answer', async () => {
    const { cache, ask } = await site();
    await cache.connect();
    const item = { request: ASKED, response: { headers: { 'x-canary': 'canary-answer' }, body: 'canary-answer' } };
    const bad = { request: ASKED, response: { headers: { 'x-a': 'canary\n' }, body: 'canary-answer' } };
    const asked: readonly (readonly [method: string, path: string, body?: unknown])[] = [
      ['POST', '/cache/warm', { items: [bad, item, item] }],
      ['POST', '/cache/warm', { items: [{ ...item, request: { ...ASKED, text: 7 } }] }],
      ['POST', '/cache/warm', { items: [{ ...item, request: { ...ASKED, contentType: 'canary-type' } }] }],
      ...['stats', 'performance', 'info', 'health', 'openapi.json'].map((path) => ['GET', `/cache/${path}`] as const),
      ['POST', '/changed', { collection: 7, payload: 'canary-payload' }],
      ...CHANGES,
    ];
    const texts: string[] = [];
    for (const [method, path, body] of asked) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [status, headers, text] = await ask(method, path, body);
      expect(status).toBeLessThan(500);
      texts.push(text, JSON.stringify([...headers]));
    }
    expect(texts[0]).toContain('"stored":1,"skipped":1,"failed":1');
    for (const text of texts) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain(redis.path);
    }
  });
});
