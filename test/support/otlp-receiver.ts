/** Takes what an OpenTelemetry SDK pushes by OTLP/HTTP in JSON, as a collector would (OTLP 1.x, JSON Protobuf Encoding). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The part of OTLP's JSON that the tests read. */
interface KeyValue {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: number;
    readonly doubleValue?: number;
  };
}
interface Point {
  readonly attributes: readonly KeyValue[];
  readonly explicitBounds?: readonly number[];
  readonly count?: number | string;
  readonly asDouble?: number;
  readonly asInt?: number | string;
}
interface Data {
  readonly aggregationTemporality: number;
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly Point[];
}
interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly histogram?: Data;
  readonly sum?: Data;
}
interface Scope {
  readonly name: string;
  readonly version?: string;
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
}

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ReceivedSpan extends Omit<Span, 'attributes'> {
  /** The instrumentation's name. */
  readonly scope: string;
  readonly attributes: Attributes;
}

export interface ReceivedMetric {
  readonly scope: Scope;
  readonly name: string;
  readonly unit: string;
  readonly kind: 'histogram' | 'counter' | 'up-down counter';
  /** Upper bounds of a histogram. */
  readonly buckets: readonly number[] | undefined;
  readonly points: readonly { readonly attributes: Attributes; readonly value: number }[];
}

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  /** All spans that came. */
  spans(): readonly ReceivedSpan[];
  /** The latest of each metric. */
  metrics(): readonly ReceivedMetric[];
  /** Every Content-Type that came. */
  contentTypes(): ReadonlySet<string | undefined>;
  stop(): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics = new Map<string, ReceivedMetric>();
  const contentTypes = new Set<string | undefined>();
  const server = createServer((req, res) => {
    contentTypes.add(req.headers['content-type']);
    void read(req).then((body) => {
      if (req.url === '/v1/traces') spans.push(...spansIn(body));
      else for (const metric of metricsIn(body)) metrics.set(metric.name, metric);
      res.setHeader('Content-Type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    metrics: () => [...metrics.values()],
    contentTypes: () => contentTypes,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function spansIn(body: unknown): ReceivedSpan[] {
  const { resourceSpans } = body as { resourceSpans: { scopeSpans: { scope: Scope; spans: Span[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({ ...span, scope: scope.name, attributes: attributesOf(span.attributes) })),
    ),
  );
}

function metricsIn(body: unknown): ReceivedMetric[] {
  const { resourceMetrics } = body as { resourceMetrics: { scopeMetrics: { scope: Scope; metrics: Metric[] }[] }[] };
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ scope, metrics }) => metrics.map((metric) => received(scope, metric))),
  );
}

function received(scope: Scope, { name, unit, histogram, sum }: Metric): ReceivedMetric {
  const points = (histogram ?? sum)?.dataPoints ?? [];
  return {
    scope,
    name,
    unit,
    kind: histogram !== undefined ? 'histogram' : sum?.isMonotonic === true ? 'counter' : 'up-down counter',
    buckets: points[0]?.explicitBounds,
    points: points.map(({ attributes, count, asDouble, asInt }) => ({
      attributes: attributesOf(attributes),
      value: Number(count ?? asDouble ?? asInt),
    })),
  };
}

function attributesOf(attributes: readonly KeyValue[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? intValue ?? doubleValue,
    ]),
  );
}
