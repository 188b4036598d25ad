import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import express from 'express';
import { aiCache, AIResponseCache } from '../../../src/index.ts';
import { statsRouter } from '../../../src/stats/index.ts';
import { listen, type Listening } from '../../support/http.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';

const PASSWORD = 'canary-password';

let redis: RedisServer;
let server: Listening | undefined;
let cache: AIResponseCache | undefined;

beforeAll(async () => {
  redis = await startRedis({ args: ['--requirepass', PASSWORD] });
});

afterAll(async () => {
  await redis.stop();
});

afterEach(async () => {
  await cache?.close();
  await server?.close();
});

async function serve(made: AIResponseCache): Promise<string> {
  cache = made;
  const app = express();
  app.use('/cache', statsRouter(made, { authorize: 'none' }));
  const mount = aiCache({ cache: made, provider: 'openai', model: 'gpt-5' });
  app.post('/ask', express.json(), mount, (_req, res) => {
    res.json({ answer: 'canary-answer' });
  });
  server = await listen(app);
  return server.url;
}

async function ask(url: string): Promise<void> {
  const response = await fetch(`${url}/ask`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer canary-token' },
    body: JSON.stringify({ text: 'canary-prompt' }),
  });
  await response.arrayBuffer();
}

async function read(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

describe('the stats router of a real cache', () => {
  it('counts what the middleware served, in all and by model', async () => {
    const url = await serve(new AIResponseCache());
    await ask(url);
    await ask(url);
    const all = { hits: 1, misses: 1, hitRatio: 0.5 };
    expect(await read(`${url}/cache/stats`)).toMatchObject({
      ...all,
      byModel: [{ provider: 'openai', model: 'gpt-5', ...all }],
    });
    expect(await read(`${url}/cache/stats?provider=mistral`)).toMatchObject({ hits: 0, misses: 0, hitRatio: null });
    expect(await read(`${url}/cache/performance`)).toMatchObject({
      requests: { count: 2, hitRatio: 0.5 },
      keyGeneration: { count: 2 },
    });
  });

  it('says that there is no Redis to ask for the statistics of all processes', async () => {
    const url = await serve(new AIResponseCache());
    const response = await fetch(`${url}/cache/stats?across=cluster`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      parameter: 'across',
      detail: expect.stringContaining('"redis"') as string,
    });
  });

  it('shows the tiers and their sizes, and is well without Redis', async () => {
    const url = await serve(new AIResponseCache({ name: 'edge', memory: { maxEntries: 7 } }));
    await ask(url);
    expect(await read(`${url}/cache/info`)).toMatchObject({
      name: 'edge',
      tiers: { memory: { entries: 1, maxEntries: 7, usedBytes: expect.any(Number) as number }, redis: false },
    });
    expect(await read(`${url}/cache/health`)).toEqual({ status: 'ok', redis: false });
  });

  it('shows how Redis is and what it holds', async () => {
    const made = new AIResponseCache({ redis: `unix://${redis.path}?password=${PASSWORD}` });
    const url = await serve(made);
    await made.connect();
    expect(await read(`${url}/cache/info`)).toMatchObject({
      tiers: {
        redis: {
          state: 'ready',
          breaker: 'closed',
          serverVersion: expect.stringMatching(/^\d+\.\d+/) as string,
          usedMemoryBytes: expect.any(Number) as number,
          maxMemoryBytes: 0,
          maxMemoryPolicy: 'noeviction',
        },
      },
    });
    expect(await read(`${url}/cache/health`)).toEqual({
      status: 'ok',
      redis: { state: 'ready', breaker: 'closed' },
    });
  });

  it('answers, degraded, while Redis is away', async () => {
    const url = await serve(new AIResponseCache({ redis: '/nowhere/redis.sock' }));
    await ask(url);
    const response = await fetch(`${url}/cache/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'degraded' });
    expect(await read(`${url}/cache/info`)).toMatchObject({ tiers: { memory: { entries: 1 } } });
    expect(await read(`${url}/cache/stats`)).toMatchObject({ misses: 1 });
  });

  it('shows no prompt, answer, credential, key or password', async () => {
    const made = new AIResponseCache({ redis: `unix://${redis.path}?password=${PASSWORD}`, textHashThreshold: 1_000 });
    const url = await serve(made);
    await made.connect();
    await ask(url);
    await ask(url);
    const paths = ['stats', 'performance', 'info', 'health'];
    const texts = await Promise.all(paths.map(async (path) => (await fetch(`${url}/cache/${path}`)).text()));
    for (const text of texts) {
      expect(text).not.toContain('canary');
      expect(text).not.toContain(redis.path);
    }
  });
});
