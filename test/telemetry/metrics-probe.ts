import type { Attributes } from '@opentelemetry/api';
import {
  DataPointType,
  type Histogram,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics';

/** One point as an exporter gets it; `sum` of a counter is its value, and its count 0. */
export interface Point {
  readonly name: string;
  readonly attributes: Attributes;
  readonly count: number;
  readonly sum: number;
}

/** A reader that is asked by hand. */
export class ProbeReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  async metrics(): Promise<readonly MetricData[]> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'the collection failed');
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }

  async points(): Promise<readonly Point[]> {
    return (await this.metrics()).flatMap(pointsOf);
  }
}

/** A real MeterProvider and the reader of what it collected. */
export function startMetrics(): { readonly meterProvider: MeterProvider; readonly reader: ProbeReader } {
  const reader = new ProbeReader();
  return { meterProvider: new MeterProvider({ readers: [reader] }), reader };
}

function pointsOf(metric: MetricData): Point[] {
  const { name } = metric.descriptor;
  if (metric.dataPointType === DataPointType.HISTOGRAM) {
    return metric.dataPoints.map(({ attributes, value }) => ({ name, attributes, ...countAndSum(value) }));
  }
  if (metric.dataPointType === DataPointType.SUM) {
    return metric.dataPoints.map(({ attributes, value }) => ({ name, attributes, count: 0, sum: value }));
  }
  throw new Error(`${name} is neither a histogram nor a sum`);
}

function countAndSum({ count, sum }: Histogram): { count: number; sum: number } {
  return { count, sum: sum ?? Number.NaN };
}

/** The points of an instrument that have these attributes, added up. */
export function total(
  points: readonly Point[],
  name: string,
  attributes: Attributes = {},
): { count: number; sum: number } {
  const matching = points.filter(
    (point) =>
      point.name === name && Object.entries(attributes).every(([label, value]) => point.attributes[label] === value),
  );
  return {
    count: matching.reduce((count, point) => count + point.count, 0),
    sum: matching.reduce((sum, point) => sum + point.sum, 0),
  };
}
