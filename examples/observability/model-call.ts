/** The call of a model as a span of OpenTelemetry's GenAI conventions, which a model SDK's instrumentation would make by itself. */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import OpenAI from 'openai';

const tracer = trace.getTracer('observability-example');

/** Runs `call` in an active span `chat <model>`: on a miss it is the child of `cache.fill`, on a hit there is none. */
export function tracedChat<T>(model: string, call: () => Promise<T>): Promise<T> {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
  };
  return tracer.startActiveSpan(`chat ${model}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      return await call();
    } catch (error) {
      // Without the message: a provider's may repeat the prompt.
      span.setAttribute('error.type', error instanceof OpenAI.APIError ? String(error.status) : 'unknown');
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
