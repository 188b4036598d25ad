/**
 * OpenTelemetry for the app, loaded before everything else: `node --import ./examples/observability/telemetry.ts …`, so that the
 * instrumentations find `http`, `express` and `ioredis` not yet loaded. The cache itself needs nothing of this file.
 *
 * `GET /metrics` for Prometheus is always there. With `OTEL_EXPORTER_OTLP_ENDPOINT`, such as `http://localhost:4318`, traces and
 * metrics go there too. The other `OTEL_*` variables mean what they mean everywhere.
 */
import { register } from 'node:module';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { RequestHandler } from 'express';

// Instrumentations see ES modules through this hook.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

/** Where traces and metrics are pushed to; undefined: nowhere, Prometheus pulls. */
export const otlpEndpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined;

const EXPORT_INTERVAL_MS = 5_000;

const prometheus = new PrometheusExporter({ preventServerStart: true });

const sdk = new NodeSDK({
  serviceName: process.env.OTEL_SERVICE_NAME ?? 'observability-example',
  metricReaders: [prometheus, ...(otlpEndpoint === undefined ? [] : [pushedMetrics()])],
  spanProcessors: otlpEndpoint === undefined ? [] : [new BatchSpanProcessor(new OTLPTraceExporter())],
  logRecordProcessors: [],
  // Behind a collector the processes of a fleet differ by `service.instance.id` alone.
  resourceDetectors: [resources.envDetector, resources.serviceInstanceIdDetector],
  instrumentations: [
    // Scrapes and the emulated provider in this process are not what one wants to see.
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url = '' }) => url === '/metrics' || url.startsWith('/v1/'),
    }),
    new ExpressInstrumentation(),
    new IORedisInstrumentation(),
  ],
});
sdk.start();

/** Answers `GET /metrics`. */
export const metrics: RequestHandler = (req, res) => prometheus.getMetricsRequestHandler(req, res);

/** Sends what has not been sent yet. */
export const stopTelemetry = (): Promise<void> => sdk.shutdown();

function pushedMetrics(): PeriodicExportingMetricReader {
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: EXPORT_INTERVAL_MS,
    exportTimeoutMillis: EXPORT_INTERVAL_MS,
  });
}
