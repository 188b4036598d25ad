import { context, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../src/cascade/provider-cascade.ts';
import { answers, fails, scripted } from '../support/scripted-provider.ts';
import { followAsyncWork, startSpans } from './span-probe.ts';

beforeAll(followAsyncWork);
afterAll(() => context.disable());

it('each provider that is asked has a fill of its own, the spans of its call are inside, and nothing of the request is in them', async () => {
  const probe = startSpans();
  const { tracerProvider } = probe;
  const cache = new AIResponseCache({ telemetry: { tracerProvider } });
  const called = scripted('two', (request, signal) => {
    tracerProvider.getTracer('sdk').startSpan('model call').end();
    return answers(request, signal);
  });
  const providers = [scripted('one', fails(401)), called];
  const cascade = new ProviderCascade({ cache, providers });
  await cascade.complete({ text: 'a secret text' });
  await cascade.complete({ text: 'a secret text' });

  const fills = probe.spans().filter(({ name }) => name.startsWith('cache.fill'));
  expect(fills.map(({ attributes, status }) => ({ attributes, code: status.code }))).toMatchObject([
    {
      attributes: { 'gen_ai.provider.name': 'one', 'gen_ai.request.model': 'one-model', 'error.type': '401' },
      code: SpanStatusCode.ERROR,
    },
    { attributes: { 'gen_ai.provider.name': 'two', 'gen_ai.request.model': 'two-model' }, code: SpanStatusCode.UNSET },
  ]);
  const [, second] = fills;
  const inside = ['model call', 'cache.put'].map((name) => probe.span(name).parentSpanContext?.spanId);
  expect(inside).toEqual([second?.spanContext().spanId, second?.spanContext().spanId]);
  expect(JSON.stringify(probe.spans().map(({ name, attributes, events }) => [name, attributes, events]))).not.toContain(
    'secret',
  );
  expect(cache.monitor.snapshot()).toMatchObject({ fills: { active: 0 } });
  expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, saved: { inputTokens: 3, outputTokens: 5 } });
});
