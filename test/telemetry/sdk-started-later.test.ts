import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, expect, it } from 'vitest';
import { ProbeReader, total } from './metrics-probe.ts';
import { testRecorder } from './test-recorder.ts';

const exporter = new InMemorySpanExporter();
const reader = new ProbeReader();
const sdk = new NodeSDK({
  metricReaders: [reader],
  spanProcessors: [new SimpleSpanProcessor(exporter)],
  instrumentations: [],
  autoDetectResources: false,
});

afterAll(() => sdk.shutdown());

it('the Node SDK, started after the recorder was used, gets its spans, its measurements and its gauges', async () => {
  const recorder = testRecorder({ gauges: () => [{ tier: 'memory', usedBytes: 10 }] });
  const ask = (): void => {
    recorder.tracing.startGet({}).end({ hit: false, result: 'miss' });
    const fill = recorder.tracing.startFill({ reason: 'miss' });
    fill.run(() => trace.getTracer('sdk').startSpan('model call').end());
    fill.end({});
    recorder.observe({ type: 'request', outcome: { result: 'miss', status: 200, durationMs: 3 } });
  };
  ask();
  sdk.start();
  ask();
  const names = exporter.getFinishedSpans().map((span) => span.name);
  expect(names).toEqual(['cache.get answers', 'model call', 'cache.fill answers']);
  const [, call, fill] = exporter.getFinishedSpans();
  expect(call?.parentSpanContext?.spanId).toBe(fill?.spanContext().spanId);
  const points = await reader.points();
  expect(total(points, 'ai_cache.request.duration').count).toBe(1);
  expect(total(points, 'ai_cache.memory.usage').sum).toBe(10);
});
