import { metrics, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import type { AICacheError } from '../../src/errors.ts';
import type { CacheEvent } from '../../src/telemetry/events.ts';
import type { Outcome } from '../../src/telemetry/outcome.ts';
import type { Recorder } from '../../src/telemetry/recorder.ts';
import { startMetrics } from './metrics-probe.ts';
import { startSpans } from './span-probe.ts';
import { testRecorder } from './test-recorder.ts';

const key: CacheEvent = { type: 'key', durationMs: 1, textLength: 1 };
const outcome: Outcome = { result: 'hit', status: 200, durationMs: 1 };
const broken = (): never => {
  throw new Error('broken');
};

afterEach(() => {
  metrics.disable();
  trace.disable();
});

function traceOneRequest({ tracing }: Recorder): string {
  tracing.startGet({}).end({ hit: false, result: 'miss' });
  const fill = tracing.startFill({ reason: 'miss' });
  const answer = fill.run(() => 'answer');
  fill.startPut().end({ stored: true });
  fill.end({});
  return answer;
}

describe('a broken provider', () => {
  it('of meters breaks no request, is reported once, and the monitor counts on', () => {
    const reported: AICacheError[] = [];
    const recorder = testRecorder({
      telemetry: { meterProvider: { getMeter: broken } },
      onError: (error) => reported.push(error),
    });
    for (let time = 0; time < 3; time += 1) recorder.observe(key);
    expect(reported.map(({ code }) => code)).toEqual(['TELEMETRY_FAILED']);
    expect(reported[0]?.cause).toEqual(new Error('broken'));
    expect(recorder.monitor.snapshot().keyGeneration.count).toBe(3);
    expect(() => recorder.close()).not.toThrow();
  });

  it('is not asked again at every event', () => {
    let asked = 0;
    const getMeter = (): never => {
      asked += 1;
      return broken();
    };
    const recorder = testRecorder({ telemetry: { meterProvider: { getMeter } } });
    for (let time = 0; time < 3; time += 1) recorder.observe(key);
    expect(asked).toBe(1);
  });

  it('with instruments that throw at every record is reported once', () => {
    const { meterProvider } = startMetrics();
    const meter = meterProvider.getMeter('a');
    const spy = Object.assign(Object.create(meter) as typeof meter, { createHistogram: () => ({ record: broken }) });
    const reported: AICacheError[] = [];
    const recorder = testRecorder({
      telemetry: { meterProvider: { getMeter: () => spy } },
      onError: (error) => reported.push(error),
    });
    for (let time = 0; time < 3; time += 1) recorder.observe(key);
    expect(reported).toHaveLength(1);
  });

  it('of tracers breaks no request', () => {
    const reported: AICacheError[] = [];
    const recorder = testRecorder({
      telemetry: { tracerProvider: { getTracer: broken } },
      onError: (error) => reported.push(error),
    });
    expect(traceOneRequest(recorder)).toBe('answer');
    expect(reported).toHaveLength(1);
  });

  it('with spans that throw breaks no request', () => {
    const { tracerProvider } = startSpans();
    const span = tracerProvider.getTracer('a').startSpan('a');
    const spy = Object.assign(Object.create(span) as typeof span, { setAttribute: broken, end: broken });
    const tracer = Object.assign(Object.create(tracerProvider.getTracer('a')), { startSpan: () => spy });
    const reported: AICacheError[] = [];
    const recorder = testRecorder({
      telemetry: { tracerProvider: { getTracer: () => tracer } },
      onError: (error) => reported.push(error),
    });
    expect(traceOneRequest(recorder)).toBe('answer');
    expect(reported).toHaveLength(1);
  });

  it('breaks no request even where the one who is told of it throws', () => {
    const recorder = testRecorder({ telemetry: { meterProvider: { getMeter: broken } }, onError: broken });
    expect(() => recorder.observe(key)).not.toThrow();
    expect(() => testRecorder({ telemetry: { meterProvider: { getMeter: broken } } }).observe(key)).not.toThrow();
  });
});

describe('telemetry: false', () => {
  it('makes no instruments and no spans, while monitor and tally work', async () => {
    const { meterProvider, reader } = startMetrics();
    const probe = startSpans();
    metrics.setGlobalMeterProvider(meterProvider);
    trace.setGlobalTracerProvider(probe.tracerProvider);
    const recorder = testRecorder({ telemetry: false });
    recorder.observe({ type: 'request', outcome });
    expect(traceOneRequest(recorder)).toBe('answer');
    recorder.close();
    expect(await reader.points()).toEqual([]);
    expect(probe.spans()).toEqual([]);
    expect(recorder.monitor.snapshot().requests.count).toBe(1);
    expect(recorder.tally.stats().hits).toBe(1);
  });

  it('gives one frozen tracing that allocates nothing', () => {
    const { tracing } = testRecorder({ telemetry: false });
    expect(Object.isFrozen(tracing)).toBe(true);
    expect(testRecorder({ telemetry: false }).tracing).toBe(tracing);
    expect(tracing.startGet({})).toBe(tracing.startGet({}));
    expect(tracing.startFill({ reason: 'miss' })).toBe(tracing.startFill({ reason: 'miss' }));
  });
});

it('stats and metrics call the same models other', async () => {
  const { meterProvider, reader } = startMetrics();
  const recorder = testRecorder({ telemetry: { meterProvider } });
  for (let number = 0; number < 100; number += 1) {
    recorder.observe({ type: 'fill-ended', durationMs: 1, reason: 'miss', model: `model-${number}` });
  }
  const usage = { inputTokens: 1, outputTokens: 1 };
  recorder.observe({ type: 'request', outcome: { ...outcome, provider: 'openai', model: 'late', usage } });
  const saved = (await reader.points()).filter(({ name }) => name === 'ai_cache.saved.tokens');
  expect(saved.map(({ attributes }) => attributes['gen_ai.request.model'])).toEqual(['other', 'other']);
  expect(recorder.tally.stats().byModel).toMatchObject([{ provider: 'openai', model: 'other' }]);
});

it('what an event says beyond its shape reaches nobody', async () => {
  const canary = 'canary-7f3a';
  const { meterProvider, reader } = startMetrics();
  const recorder = testRecorder({ telemetry: { meterProvider } });
  const more = { text: canary, prompt: canary, key: canary, tenant: canary, body: Buffer.from(canary) };
  const events: readonly CacheEvent[] = [
    { type: 'request', outcome: { ...outcome, ...more }, ...more },
    { ...key, ...more },
    { type: 'operation', tier: 'memory', operation: 'get', durationMs: 1, ...more },
    { type: 'fill-started', ...more },
    { type: 'fill-ended', durationMs: 1, reason: 'miss', ...more },
    { type: 'codec', operation: 'compress', coding: 'br', durationMs: 1, ...more },
    { type: 'entry-size', coding: 'br', rawBytes: 1, storedBytes: 1, ...more },
    { type: 'eviction', tier: 'memory', reason: 'expired', ...more },
  ];
  for (const event of events) recorder.observe(event);
  const { resourceMetrics } = await reader.collect();
  const seen = JSON.stringify([resourceMetrics.scopeMetrics, recorder.monitor.snapshot(), recorder.tally.stats()]);
  expect(seen).toContain('ai_cache.request.duration');
  expect(seen).not.toContain(canary);
});
