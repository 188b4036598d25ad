/** One contender, in a process of its own: answers until told to stop, and says what CPU time it took. */
import express, { type RequestHandler } from 'express';
import type { AddressInfo } from 'node:net';
import { NodeSDK, metrics, tracing } from '@opentelemetry/sdk-node';
import { aiCache } from 'express-ai-cache';

const variant = process.argv[2] ?? 'bare';
const bytes = Number(process.argv[3] ?? 4096);
const words = 'the quick brown fox jumps over a lazy dog and runs on '.split(' ');
const text = Array.from({ length: bytes }, (_, index) => words[(index * 7) % words.length])
  .join(' ')
  .slice(0, bytes - 14);
const answer = Buffer.from(JSON.stringify({ summary: text }));

if (variant.startsWith('sdk')) {
  const ratio = variant === 'sdk-1%' ? 0.01 : 1;
  new NodeSDK({
    sampler: new tracing.ParentBasedSampler({ root: new tracing.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new tracing.BatchSpanProcessor({ export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} }),
    ],
    metricReaders: [
      new metrics.PeriodicExportingMetricReader({
        exporter: new metrics.InMemoryMetricExporter(metrics.AggregationTemporality.CUMULATIVE),
        exportIntervalMillis: 60_000,
      }),
    ],
    instrumentations: [],
  }).start();
}

const cached: RequestHandler[] =
  variant === 'bare' ? [] : [aiCache(variant === 'no-telemetry' ? { telemetry: false } : {})];
const app = express();
const handler: RequestHandler = (_req, res) => {
  res.setHeader('Content-Type', 'application/json');
  res.send(answer);
};
app.post('/ask', express.json(), ...cached, handler);
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
let before = process.cpuUsage();
process.on('message', (message) => {
  if (message === 'start') before = process.cpuUsage();
  if (message === 'stop') process.send?.({ cpuMicros: total(process.cpuUsage(before)) });
  if (message === 'exit') process.exit();
});

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
