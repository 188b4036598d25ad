/** A real OpenTelemetry SDK. The cache needs no set-up for it: it finds the SDK by itself, whichever of the two comes first. */
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { RequestHandler } from 'express';

export interface Telemetry {
  /** Answers `GET /metrics`. */
  readonly metrics: RequestHandler;
  /** How many spans of each name have ended, e.g. `cache.get ai-cache`. */
  readonly spans: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export function startTelemetry(): Telemetry {
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const counter = new SpanCounter();
  const sdk = new NodeSDK({
    serviceName: 'quickstart',
    metricReaders: [prometheus],
    // An app sends its spans on, with an exporter; here they are counted.
    spanProcessors: [counter],
    logRecordProcessors: [],
  });
  sdk.start();
  return {
    metrics: (req, res) => prometheus.getMetricsRequestHandler(req, res),
    spans: counter.counts,
    stop: () => sdk.shutdown(),
  };
}

class SpanCounter implements SpanProcessor {
  readonly counts = new Map<string, number>();

  onStart(): void {}

  onEnd({ name }: ReadableSpan): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** The sum of a sample over all its labels in what Prometheus scrapes, e.g. of `ai_cache_request_duration_count`. */
export function sumOf(sample: string, exposition: string): number {
  return exposition
    .split('\n')
    .filter((line) => line.startsWith(`${sample}{`))
    .reduce(
      (sum, line) =>
        sum +
        Number(
          line
            .slice(line.lastIndexOf('}') + 1)
            .trim()
            .split(' ')[0],
        ),
      0,
    );
}
