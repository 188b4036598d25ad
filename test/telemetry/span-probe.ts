import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

export interface SpanProbe {
  readonly tracerProvider: BasicTracerProvider;
  /** Ended spans, in the order in which they ended. */
  spans(): readonly ReadableSpan[];
  /** The one span whose name begins so. */
  span(name: string): ReadableSpan;
}

/** A real TracerProvider that is not registered anywhere, and what it exported. */
export function startSpans(sampler?: Sampler): SpanProbe {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  const tracerProvider = new BasicTracerProvider(
    sampler === undefined ? { spanProcessors } : { spanProcessors, sampler },
  );
  return {
    tracerProvider,
    spans: () => exporter.getFinishedSpans(),
    span: (name) => {
      const found = exporter.getFinishedSpans().filter((span) => span.name.startsWith(name));
      if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} spans begin with ${name}`);
      return found[0];
    },
  };
}

/** Makes active spans follow asynchronous work, as every SDK for Node does; `context.disable()` ends it. */
export function followAsyncWork(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
