import { metrics, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../src/telemetry/events.ts';
import { startMetrics, total } from './metrics-probe.ts';
import { startSpans } from './span-probe.ts';
import { testRecorder } from './test-recorder.ts';

const key: CacheEvent = { type: 'key', durationMs: 1, textLength: 1 };
const gauges = () => [{ tier: 'memory', entries: 5 }] as const;

afterEach(() => {
  metrics.disable();
  trace.disable();
});

describe('a recorder used before an SDK was registered', () => {
  it('gives its instruments to the SDK from then on', async () => {
    const recorder = testRecorder({ gauges });
    recorder.observe(key);
    const { meterProvider, reader } = startMetrics();
    metrics.setGlobalMeterProvider(meterProvider);
    recorder.observe(key);
    recorder.observe(key);
    const points = await reader.points();
    expect(total(points, 'ai_cache.key.duration').count).toBe(2);
    expect(total(points, 'ai_cache.entry.count').sum).toBe(5);
    expect(recorder.monitor.snapshot().keyGeneration.count).toBe(3);
  });

  it('tells the SDK of the fills that were running already', async () => {
    const recorder = testRecorder();
    recorder.observe({ type: 'fill-started' });
    recorder.observe({ type: 'fill-started' });
    const { meterProvider, reader } = startMetrics();
    metrics.setGlobalMeterProvider(meterProvider);
    recorder.observe({ type: 'fill-ended', durationMs: 1, reason: 'miss' });
    expect(total(await reader.points(), 'ai_cache.fill.active').sum).toBe(1);
  });

  it('gives its spans to the SDK from then on', () => {
    const { tracing } = testRecorder();
    tracing.startGet({}).end({ hit: false, result: 'miss' });
    const probe = startSpans();
    trace.setGlobalTracerProvider(probe.tracerProvider);
    tracing.startGet({}).end({ hit: true, result: 'hit' });
    expect(probe.spans().map((span) => span.attributes['cache.result'])).toEqual(['hit']);
  });
});

describe('a recorder whose global provider is replaced', () => {
  it('feeds the new one alone, gauges included', async () => {
    let asked = 0;
    const countingGauges = () => {
      asked += 1;
      return gauges();
    };
    const recorder = testRecorder({ gauges: countingGauges });
    const first = startMetrics();
    metrics.setGlobalMeterProvider(first.meterProvider);
    recorder.observe(key);
    expect(total(await first.reader.points(), 'ai_cache.entry.count').sum).toBe(5);
    metrics.disable();
    const second = startMetrics();
    metrics.setGlobalMeterProvider(second.meterProvider);
    recorder.observe(key);
    const points = await second.reader.points();
    expect(total(points, 'ai_cache.key.duration').count).toBe(1);
    expect(total(points, 'ai_cache.entry.count').sum).toBe(5);
    expect(asked).toBe(2);
    expect(total(await first.reader.points(), 'ai_cache.key.duration').count).toBe(1);
    expect(asked).toBe(2);
  });

  it('leaves no running fill behind in the old one', async () => {
    const recorder = testRecorder();
    const first = startMetrics();
    metrics.setGlobalMeterProvider(first.meterProvider);
    recorder.observe({ type: 'fill-started' });
    metrics.disable();
    recorder.observe(key);
    expect(total(await first.reader.points(), 'ai_cache.fill.active').sum).toBe(0);
    metrics.setGlobalMeterProvider(first.meterProvider);
    recorder.observe(key);
    expect(total(await first.reader.points(), 'ai_cache.fill.active').sum).toBe(1);
  });

  it('gives its spans to the new one alone', () => {
    const { tracing } = testRecorder();
    const first = startSpans();
    trace.setGlobalTracerProvider(first.tracerProvider);
    tracing.startGet({}).end({ hit: true, result: 'hit' });
    trace.disable();
    const second = startSpans();
    trace.setGlobalTracerProvider(second.tracerProvider);
    tracing.startGet({}).end({ hit: true, result: 'hit' });
    expect([first.spans().length, second.spans().length]).toEqual([1, 1]);
  });
});

describe('a recorder with providers of its own', () => {
  it('leaves the global ones alone', async () => {
    const global = startMetrics();
    const globalSpans = startSpans();
    metrics.setGlobalMeterProvider(global.meterProvider);
    trace.setGlobalTracerProvider(globalSpans.tracerProvider);
    const own = startMetrics();
    const ownSpans = startSpans();
    const telemetry = { meterProvider: own.meterProvider, tracerProvider: ownSpans.tracerProvider };
    const recorder = testRecorder({ telemetry });
    recorder.observe(key);
    recorder.tracing.startGet({}).end({ hit: true, result: 'hit' });
    expect(total(await own.reader.points(), 'ai_cache.key.duration').count).toBe(1);
    expect(await global.reader.points()).toEqual([]);
    expect([ownSpans.spans().length, globalSpans.spans().length]).toEqual([1, 0]);
  });
});

describe('a recorder that was closed', () => {
  it('is asked for gauges no more, and still counts what comes late', async () => {
    const { meterProvider, reader } = startMetrics();
    const recorder = testRecorder({ telemetry: { meterProvider }, gauges });
    recorder.observe(key);
    recorder.close();
    recorder.observe(key);
    const points = await reader.points();
    expect(points.filter(({ name }) => name === 'ai_cache.entry.count')).toEqual([]);
    expect(total(points, 'ai_cache.key.duration').count).toBe(2);
  });

  it('does not offer its gauges to a provider that comes afterwards', async () => {
    const recorder = testRecorder({ gauges });
    recorder.close();
    const { meterProvider, reader } = startMetrics();
    metrics.setGlobalMeterProvider(meterProvider);
    recorder.observe(key);
    expect((await reader.points()).map(({ name }) => name)).toEqual(['ai_cache.key.duration']);
  });
});
