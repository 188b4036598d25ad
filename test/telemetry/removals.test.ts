import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startSpans } from './span-probe.ts';
import { testRecorder } from './test-recorder.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

function open(options: { redis?: string } = {}) {
  const probe = startSpans();
  const { tracerProvider } = probe;
  const cache = new AIResponseCache({
    name: 'answers',
    redisTimeoutMs: 10_000,
    telemetry: { tracerProvider },
    ...options,
  });
  onTestFinished(() => cache.close());
  return { probe, cache };
}

const SECRET = 'user:canarius';

describe.each([
  ['in Redis', 'redis'],
  ['in memory alone', 'memory'],
] as const)('an invalidation %s', (_where, tier) => {
  const options = (): { redis?: string } => (tier === 'redis' ? { redis: redis.url } : {});

  it('is a span with the count, and an operation of its tier', async () => {
    const { probe, cache } = open(options());
    await cache.clear();
    await cache.setMany(['a', 'b', 'c'].map((text) => ({ request: { text, tags: [SECRET] }, response: text })));
    await cache.expire({ tag: SECRET });
    await cache.invalidate({ key: { text: 'a' } });
    await cache.clear();
    const spans = probe.spans().filter(({ name }) => /remove|flush/.test(name));
    expect(spans.map(({ name, kind, attributes, status }) => [name, kind, attributes, status.code])).toEqual(
      [
        ['cache.flush answers', 'flush', expect.any(Number)],
        ['cache.remove answers', 'expire', 3],
        ['cache.remove answers', 'remove', 1],
        ['cache.flush answers', 'flush', 2],
      ].map(([name, operation, count]) => [
        name,
        SpanKind.INTERNAL,
        { 'cache.name': 'answers', 'cache.operation': operation, 'cache.item_count': count },
        SpanStatusCode.UNSET,
      ]),
    );
    expect(JSON.stringify(probe.spans().map(({ attributes }) => attributes))).not.toContain('canarius');
    const { operations, evictions } = cache.monitor.snapshot();
    expect([operations[tier]?.remove?.count, operations[tier]?.flush?.count]).toEqual([1, 2]);
    expect(evictions[tier]?.invalidated).toBeGreaterThanOrEqual(3);
  });
});

describe('an invalidation that fails', () => {
  it('is a span with the error, and an operation with it', async () => {
    const { probe, cache } = open({ redis: '/nowhere/redis.sock' });
    await expect(cache.invalidate({ tag: SECRET })).rejects.toMatchObject({ code: 'REDIS_FAILED' });
    const span = probe.span('cache.remove');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.attributes).toEqual({
      'cache.name': 'answers',
      'cache.operation': 'remove',
      'error.type': 'REDIS_FAILED',
    });
    expect(cache.monitor.snapshot().operations.redis?.remove).toMatchObject({ count: 1, errors: 1 });
  });

  it('is no span where the selector is refused: nothing was tried', async () => {
    const { probe, cache } = open();
    await expect(cache.invalidate({})).rejects.toMatchObject({ code: 'INVALID_SELECTOR' });
    expect(probe.spans()).toEqual([]);
  });
});

it('a tracer that throws takes no invalidation with it', async () => {
  const tracerProvider = {
    getTracer: () => {
      throw new Error('broken');
    },
  };
  const { tracing } = testRecorder({ telemetry: { tracerProvider } });
  expect(() => tracing.startRemoval({ kind: 'remove' }).end({ count: 1 })).not.toThrow();
});
