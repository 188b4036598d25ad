import { context, INVALID_SPAN_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recorder } from '../../src/telemetry/recorder.ts';
import { gate } from '../support/gate.ts';
import { followAsyncWork, type SpanProbe, startSpans } from './span-probe.ts';
import { testRecorder } from './test-recorder.ts';

beforeAll(followAsyncWork);
afterAll(() => context.disable());

function tracingTo(probe: SpanProbe, options: { cacheStatusKey?: boolean } = {}): Recorder['tracing'] {
  return testRecorder({ telemetry: { tracerProvider: probe.tracerProvider }, ...options }).tracing;
}

/** Runs `work` in an active span `request`, as an HTTP instrumentation would, and ends that. */
async function inRequest<T>(probe: SpanProbe, work: () => T | Promise<T>): Promise<T> {
  return probe.tracerProvider.getTracer('http').startActiveSpan('request', async (span) => {
    const result = await work();
    span.end();
    return result;
  });
}

const digest = '0123456789abcdef'.repeat(4);

describe('the span of a lookup', () => {
  it('is a child of the active span and tells what was found', async () => {
    const probe = startSpans();
    const tracing = tracingTo(probe);
    await inRequest(probe, () => {
      tracing
        .startGet({ route: '/ask' })
        .end({ hit: true, result: 'hit', tier: 'redis', itemSizeBytes: 512, ageSeconds: 7, keyDigest: digest });
    });
    const span = probe.span('cache.get');
    expect(span.name).toBe('cache.get answers');
    expect(span.kind).toBe(SpanKind.INTERNAL);
    expect(span.parentSpanContext?.spanId).toBe(probe.span('request').spanContext().spanId);
    expect(span.attributes).toEqual({
      'cache.name': 'answers',
      'cache.operation': 'get',
      'cache.hit': true,
      'cache.result': 'hit',
      'cache.tier': 'redis',
      'cache.item_size': 512,
      'cache.entry.age': 7,
      'http.route': '/ask',
    });
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  it('leaves its status unset on a miss, and out what is not known', () => {
    const probe = startSpans();
    tracingTo(probe).startGet({}).end({ hit: false, result: 'miss' });
    const span = probe.span('cache.get');
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span.attributes).toEqual({
      'cache.name': 'answers',
      'cache.operation': 'get',
      'cache.hit': false,
      'cache.result': 'miss',
    });
  });

  it('shows the first 16 digits of the key’s digest, only where that was asked for', () => {
    const shown = startSpans();
    tracingTo(shown, { cacheStatusKey: true }).startGet({}).end({ hit: true, result: 'hit', keyDigest: digest });
    expect(shown.span('cache.get').attributes['cache.key']).toBe('0123456789abcdef');
    const hidden = startSpans();
    tracingTo(hidden).startGet({}).end({ hit: true, result: 'hit', keyDigest: digest });
    expect(hidden.span('cache.get').attributes).not.toHaveProperty('cache.key');
  });

  it('of a follower links to the leader’s fill, in whatever trace that is', async () => {
    const probe = startSpans();
    const tracing = tracingTo(probe);
    const fill = await inRequest(probe, () => tracing.startFill({ reason: 'miss' }));
    tracing.startGet({}).end({ hit: true, result: 'coalesced', leader: fill.link });
    fill.end({});
    const get = probe.span('cache.get');
    const leader = probe.span('cache.fill').spanContext();
    expect(get.links.map((link) => link.context.spanId)).toEqual([leader.spanId]);
    expect(get.spanContext().traceId).not.toBe(leader.traceId);
  });

  it('links to nothing where the leader was not traced', () => {
    const probe = startSpans();
    const untraced = testRecorder({ telemetry: false }).tracing.startFill({ reason: 'miss' });
    const invalid = testRecorder({
      telemetry: { tracerProvider: { getTracer: () => trace.getTracer('none') } },
    }).tracing.startFill({ reason: 'miss' });
    for (const { link } of [untraced, invalid]) {
      tracingTo(probe).startGet({}).end({ hit: true, result: 'coalesced', leader: link });
    }
    expect(probe.spans().map((span) => span.links)).toEqual([[], []]);
  });

  it('lets a sampler see the route and the cache when it starts', () => {
    const seen: object[] = [];
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, _name, _kind, attributes) => {
        seen.push({ ...attributes });
        return { decision: SamplingDecision.NOT_RECORD };
      },
      toString: () => 'seen',
    };
    tracingTo(startSpans(sampler)).startGet({ route: '/ask' });
    expect(seen).toEqual([{ 'cache.name': 'answers', 'cache.operation': 'get', 'http.route': '/ask' }]);
  });
});

describe('the span of a fill', () => {
  it('is active while the handler runs, so that the model call nests in it', async () => {
    const probe = startSpans();
    const tracing = tracingTo(probe);
    const called = gate();
    await inRequest(probe, async () => {
      const fill = tracing.startFill({ reason: 'miss', route: '/ask', provider: 'openai', model: 'gpt' });
      const answer = fill.run(async () => {
        await called.opened;
        probe.tracerProvider.getTracer('sdk').startSpan('model call').end();
        return 42;
      });
      expect(trace.getActiveSpan()?.spanContext().spanId).not.toBe(undefined);
      called.open();
      expect(await answer).toBe(42);
      fill.end({});
    });
    const fill = probe.span('cache.fill');
    expect(fill.name).toBe('cache.fill answers');
    expect(fill.kind).toBe(SpanKind.INTERNAL);
    expect(probe.span('model call').parentSpanContext?.spanId).toBe(fill.spanContext().spanId);
    expect(fill.parentSpanContext?.spanId).toBe(probe.span('request').spanContext().spanId);
    expect(fill.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(fill.attributes).toEqual({
      'cache.name': 'answers',
      'cache.fill.reason': 'miss',
      'http.route': '/ask',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt',
    });
  });

  it('is active no longer once the handler was called', async () => {
    const probe = startSpans();
    const tracing = tracingTo(probe);
    await inRequest(probe, () => {
      const before = trace.getActiveSpan();
      tracing.startFill({ reason: 'miss' }).run(() => undefined);
      expect(trace.getActiveSpan()).toBe(before);
    });
  });

  it('is an error with its type when the handler threw or answered 5xx, and repeats no message', () => {
    const probe = startSpans();
    const fill = tracingTo(probe).startFill({ reason: 'miss' });
    expect(() =>
      fill.run(() => {
        throw new TypeError('about the prompt');
      }),
    ).toThrow('about the prompt');
    fill.end({ errorType: 'TypeError' });
    const span = probe.span('cache.fill');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.attributes['error.type']).toBe('TypeError');
    expect(span.events).toEqual([]);
  });

  it('says that the client has gone without calling that an error', () => {
    const probe = startSpans();
    tracingTo(probe).startFill({ reason: 'miss' }).end({ clientGone: true });
    const span = probe.span('cache.fill');
    expect(span.attributes['cache.client.gone']).toBe(true);
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  it('learns provider and model from the answer too', () => {
    const probe = startSpans();
    tracingTo(probe).startFill({ reason: 'revalidate' }).end({ provider: 'mistral', model: 'large' });
    expect(probe.span('cache.fill').attributes).toMatchObject({
      'cache.fill.reason': 'revalidate',
      'gen_ai.provider.name': 'mistral',
      'gen_ai.request.model': 'large',
    });
  });

  it('never shows a model that is longer than a name', () => {
    const probe = startSpans();
    tracingTo(probe)
      .startFill({ reason: 'miss', model: 'a prompt '.repeat(100) })
      .end({});
    expect(probe.span('cache.fill').attributes['gen_ai.request.model']).toBe('other');
  });
});

describe('the span of a put', () => {
  it('is a child of the fill, even after that has ended', () => {
    const probe = startSpans();
    const fill = tracingTo(probe).startFill({ reason: 'miss' });
    fill.end({});
    fill.startPut().end({ stored: true, itemSizeBytes: 900, coding: 'br', ttlSeconds: 60 });
    const put = probe.span('cache.put');
    expect(put.name).toBe('cache.put answers');
    expect(put.kind).toBe(SpanKind.INTERNAL);
    expect(put.parentSpanContext?.spanId).toBe(probe.span('cache.fill').spanContext().spanId);
    expect(put.attributes).toEqual({
      'cache.name': 'answers',
      'cache.write': true,
      'cache.item_size': 900,
      'cache.encoding': 'br',
      'cache.ttl': 60,
    });
    expect(put.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  it('gives the reason why nothing was stored, which is no error', () => {
    const probe = startSpans();
    tracingTo(probe).startFill({ reason: 'miss' }).startPut().end({ stored: false, notStored: 'set-cookie' });
    const put = probe.span('cache.put');
    expect(put.attributes).toMatchObject({ 'cache.write': false, 'cache.not_storable.reason': 'set-cookie' });
    expect(put.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  it('is an error where the tier failed', () => {
    const probe = startSpans();
    tracingTo(probe).startFill({ reason: 'miss' }).startPut().end({ stored: false, errorType: 'REDIS_TIMEOUT' });
    const put = probe.span('cache.put');
    expect(put.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(put.attributes['error.type']).toBe('REDIS_TIMEOUT');
  });
});

describe('what Redis is asked', () => {
  it('nests in the span of the lookup, of the write and of the invalidation, while that runs and no longer', async () => {
    const probe = startSpans();
    const tracing = tracingTo(probe);
    const redis = probe.tracerProvider.getTracer('ioredis');
    const fill = tracing.startFill({ reason: 'miss' });
    const spans = { get: tracing.startGet({}), put: fill.startPut(), del: tracing.startRemoval({ kind: 'remove' }) };
    const answered = gate();
    const asked = Object.entries(spans).map(([command, span]) =>
      span.run(async () => {
        await answered.opened;
        redis.startSpan(command).end();
      }),
    );
    expect(trace.getActiveSpan()).toBeUndefined();
    answered.open();
    await Promise.all(asked);
    spans.get.end({ hit: false, result: 'miss' });
    spans.put.end({ stored: true });
    spans.del.end({ count: 1 });
    const parents = { get: 'cache.get', put: 'cache.put', del: 'cache.remove' };
    for (const [command, parent] of Object.entries(parents))
      expect(probe.span(command).parentSpanContext?.spanId).toBe(probe.span(parent).spanContext().spanId);
  });
});

describe('spans that are not sampled', () => {
  it('keep what the handler starts unsampled too', () => {
    const probe = startSpans(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    const fill = tracingTo(probe).startFill({ reason: 'miss' });
    const inner = fill.run(() => trace.getActiveSpan()?.spanContext());
    expect(inner?.traceFlags).toBe(0);
    expect(inner).not.toEqual(INVALID_SPAN_CONTEXT);
    fill.startPut().end({ stored: true });
    fill.end({ errorType: '500' });
    expect(probe.spans()).toEqual([]);
  });

  it('take no attributes and share one object for all lookups', () => {
    const tracing = tracingTo(startSpans(new AlwaysOffSampler()));
    const get = tracing.startGet({ route: '/ask' });
    expect(tracing.startGet({ route: '/other' })).toBe(get);
    expect(Object.isFrozen(get)).toBe(true);
  });
});
