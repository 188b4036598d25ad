import diagnostics from 'node:diagnostics_channel';
import type { CacheMessages } from 'express-ai-cache';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { aiCache } from '../../src/middleware.ts';
import { ask } from '../support/ask.ts';
import { cachedSite, serve } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { testRecorder } from './test-recorder.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

/** What is published on a channel until the test is over. */
function heard<Name extends keyof CacheMessages>(name: Name): CacheMessages[Name][] {
  const messages: CacheMessages[Name][] = [];
  const hear = (message: unknown): unknown => messages.push(message as CacheMessages[Name]);
  diagnostics.subscribe(name, hear);
  onTestFinished(() => void diagnostics.unsubscribe(name, hear));
  return messages;
}

describe.each(expressVersions)('the diagnostics channels on $name', ({ express }) => {
  it('say how each request was answered, by which cache', async () => {
    const outcomes = heard('express-ai-cache:outcome');
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }), {
      cache: { name: 'answers' },
      route: { provider: 'openai', model: 'gpt-4o', route: '/ask' },
    });
    await site.askInTurn({ json: { text: 'a' } }, { json: { text: 'a' } }, { method: 'PUT' });
    const facts = { cache: 'answers', route: '/ask', status: 200, durationMs: expect.any(Number) as number };
    const labels = { provider: 'openai', model: 'gpt-4o' };
    expect(outcomes).toEqual([
      { ...facts, ...labels, result: 'miss', stored: true },
      expect.objectContaining({ ...facts, ...labels, result: 'hit', tier: 'memory', ageSeconds: expect.any(Number) }),
      { ...facts, result: 'bypass', bypass: 'method' },
    ]);
    expect(outcomes.every((message) => Object.isFrozen(message))).toBe(true);
    expect(site.runs).toBe(2);
  });

  it('say what a handler took to make an answer, and that it failed', async () => {
    const fills = heard('express-ai-cache:fill');
    const site = await cachedSite(express, (_req, res) => res.status(503).json({}), { route: { route: '/ask' } });
    expect((await site.ask({ json: { text: 'a' } })).status).toBe(503);
    expect(fills).toEqual([
      { cache: 'ai-cache', reason: 'miss', durationMs: expect.any(Number), route: '/ask', errorType: '503' },
    ]);
    expect(site.runs).toBe(1);
  });

  it('tell errors as onError is told them, without the cause', async () => {
    const errors = heard('express-ai-cache:error');
    const site = await cachedSite(express, (_req, res) => res.json({}), {
      route: {
        skip: () => {
          throw new Error('about a prompt');
        },
      },
    });
    expect((await site.ask({ json: { text: 'a' } })).status).toBe(200);
    const [told] = site.errors;
    expect(errors).toEqual([
      { cache: 'ai-cache', code: 'USER_FUNCTION_FAILED', message: told?.message, help: told?.help, option: 'skip' },
    ]);
    expect(JSON.stringify(errors)).not.toContain('prompt');
    expect(site.runs).toBe(1);
  });

  it('are silent about a cache that nobody has subscribed to, and go on after a subscriber has left', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}));
    await site.ask({ json: { text: 'a' } });
    const outcomes = heard('express-ai-cache:outcome');
    await site.ask({ json: { text: 'a' } });
    expect(outcomes.map(({ result }) => result)).toEqual(['hit']);
    expect(site.runs).toBe(1);
  });
});

describe('the diagnostics channels', () => {
  it('tell what an invalidation removed, with the tiers’ operations and the entries that left', async () => {
    const cache = new AIResponseCache({ redis: redis.url, redisTimeoutMs: 5_000, telemetry: false });
    onTestFinished(() => cache.close());
    const removals = heard('express-ai-cache:invalidate');
    const operations = heard('express-ai-cache:operation');
    const evictions = heard('express-ai-cache:eviction');
    const request = { text: 'a', provider: 'openai', model: 'gpt-4o', collection: 'articles' };
    await cache.set(request, 'b');
    await cache.expire({ collection: 'articles' });
    await cache.invalidate({ collection: 'articles' });
    await cache.clear();
    const fact = { cache: 'ai-cache', durationMs: expect.any(Number) as number };
    expect(removals).toEqual([
      { ...fact, kind: 'expire', count: 1 },
      { ...fact, kind: 'remove', count: expect.any(Number) },
      { ...fact, kind: 'flush', count: expect.any(Number) },
    ]);
    expect(operations.map(({ tier, operation }) => `${tier} ${operation}`)).toEqual(
      expect.arrayContaining(['memory put', 'redis put', 'redis remove', 'redis flush']),
    );
    expect(evictions.length).toBeGreaterThan(0);
    expect(JSON.stringify([removals, operations, evictions])).not.toContain('articles');
  });

  it('tell that an invalidation failed', async () => {
    const cache = new AIResponseCache({ redis: '/nowhere/redis.sock', telemetry: false });
    onTestFinished(() => cache.close());
    const removals = heard('express-ai-cache:invalidate');
    await expect(cache.clear()).rejects.toMatchObject({ code: 'REDIS_FAILED' });
    expect(removals).toEqual([
      { cache: 'ai-cache', kind: 'flush', durationMs: expect.any(Number), errorType: 'REDIS_FAILED' },
    ]);
  });

  it('cap the names that a caller can choose, as metrics do', () => {
    const fills = heard('express-ai-cache:fill');
    const { observe } = testRecorder();
    observe({ type: 'fill-ended', reason: 'miss', durationMs: 1, provider: 'openai', model: 'a prompt '.repeat(100) });
    expect(fills).toEqual([{ cache: 'answers', reason: 'miss', durationMs: 1, provider: 'openai', model: 'other' }]);
  });

  it('make no message, and ask for no label, where nobody has subscribed', () => {
    const { observe } = testRecorder({ telemetry: false });
    const read: string[] = [];
    const event = { type: 'fill-ended', reason: 'miss', durationMs: 1 } as const;
    const spied = new Proxy(event, {
      ownKeys: (target) => {
        read.push('all');
        return Reflect.ownKeys(target);
      },
    });
    observe(spied);
    expect(read).toEqual([]);
    const fills = heard('express-ai-cache:fill');
    observe(spied);
    expect([read, fills.length]).toEqual([['all'], 1]);
  });

  it('let no failing subscriber fail the request', async () => {
    const [{ express }] = expressVersions;
    const cache = new AIResponseCache({ telemetry: false });
    onTestFinished(() => cache.close());
    const uncaught = Promise.withResolvers<unknown>();
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').once('uncaughtException', uncaught.resolve);
    onTestFinished(() => before.forEach((listener) => process.on('uncaughtException', listener)));
    const fail = (): never => {
      throw new Error('the subscriber failed');
    };
    diagnostics.subscribe('express-ai-cache:outcome', fail);
    onTestFinished(() => void diagnostics.unsubscribe('express-ai-cache:outcome', fail));
    const { port } = await serve(express().get('/', aiCache({ cache }), (_req, res) => void res.json('answer')));
    expect((await ask(port)).text).toBe('"answer"');
    // Node hands it to the process, as it does with every subscriber that throws.
    expect(await uncaught.promise).toMatchObject({ message: 'the subscriber failed' });
  });
});
