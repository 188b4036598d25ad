import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../src/telemetry/events.ts';
import { startMetrics } from './metrics-probe.ts';
import { testRecorder } from './test-recorder.ts';

const hit = { result: 'hit', tier: 'memory', route: '/ask', status: 200, durationMs: 2, ageSeconds: 9 } as const;
const model = { provider: 'openai', model: 'gpt' } as const;

/** One event of each kind, with all that it can say. */
const everything: readonly CacheEvent[] = [
  {
    type: 'request',
    outcome: { ...hit, ...model, usage: { inputTokens: 7, outputTokens: 3 }, costUsd: 0.002, fillMs: 900 },
  },
  { type: 'request', outcome: { result: 'error', status: 500, durationMs: 5, errorType: '500' } },
  { type: 'key', durationMs: 0.02, textLength: 10 },
  { type: 'operation', tier: 'memory', operation: 'get', durationMs: 0.1, hit: true },
  { type: 'operation', tier: 'redis', operation: 'put', durationMs: 200, errorType: 'REDIS_TIMEOUT' },
  { type: 'fill-started' },
  { type: 'fill-started' },
  { type: 'fill-ended', durationMs: 900, reason: 'miss', route: '/ask', ...model, errorType: 'TypeError' },
  { type: 'codec', operation: 'compress', coding: 'br', durationMs: 1 },
  { type: 'entry-size', coding: 'br', rawBytes: 4_000, storedBytes: 900 },
  { type: 'eviction', tier: 'memory', reason: 'capacity' },
];

const gauges = () =>
  [
    { tier: 'memory', entries: 3, usedBytes: 2_048, limitBytes: 65_536 },
    { tier: 'redis', circuit: 'open' },
  ] as const;

async function collectEverything(): Promise<readonly MetricData[]> {
  const { meterProvider, reader } = startMetrics();
  const recorder = testRecorder({ telemetry: { meterProvider }, gauges });
  for (const event of everything) recorder.observe(event);
  return reader.metrics();
}

/** Name: kind, unit, buckets, and each point's attributes. */
const table = {
  'ai_cache.request.duration': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    points: [
      { 'cache.name': 'answers', 'cache.result': 'hit', 'cache.tier': 'memory', 'http.route': '/ask' },
      { 'cache.name': 'answers', 'cache.result': 'error', 'error.type': '500' },
    ],
  },
  'ai_cache.operation.duration': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    points: [
      { 'cache.name': 'answers', 'cache.tier': 'memory', 'cache.operation': 'get', 'cache.hit': true },
      { 'cache.name': 'answers', 'cache.tier': 'redis', 'cache.operation': 'put', 'error.type': 'REDIS_TIMEOUT' },
    ],
  },
  'ai_cache.key.duration': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.01],
    points: [{ 'cache.name': 'answers' }],
  },
  'ai_cache.fill.duration': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84],
    points: [
      {
        'cache.name': 'answers',
        'http.route': '/ask',
        'cache.fill.reason': 'miss',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt',
        'error.type': 'TypeError',
      },
    ],
  },
  'ai_cache.entry.size': {
    kind: 'HISTOGRAM',
    unit: 'By',
    buckets: [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304],
    points: [
      { 'cache.name': 'answers', 'cache.entry.form': 'raw', 'cache.encoding': 'br' },
      { 'cache.name': 'answers', 'cache.entry.form': 'stored', 'cache.encoding': 'br' },
    ],
  },
  'ai_cache.codec.duration': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1],
    points: [{ 'cache.name': 'answers', 'cache.codec.operation': 'compress', 'cache.encoding': 'br' }],
  },
  'ai_cache.entry.age': {
    kind: 'HISTOGRAM',
    unit: 's',
    buckets: [1, 5, 15, 60, 300, 900, 3600, 21600, 86400, 604800],
    points: [{ 'cache.name': 'answers', 'cache.result': 'hit' }],
  },
  'ai_cache.evictions': {
    kind: 'COUNTER',
    unit: '{eviction}',
    points: [{ 'cache.name': 'answers', 'cache.tier': 'memory', 'cache.eviction.reason': 'capacity' }],
  },
  'ai_cache.entry.count': {
    kind: 'OBSERVABLE_UP_DOWN_COUNTER',
    unit: '{entry}',
    points: [{ 'cache.name': 'answers', 'cache.tier': 'memory' }],
  },
  'ai_cache.memory.usage': {
    kind: 'OBSERVABLE_UP_DOWN_COUNTER',
    unit: 'By',
    points: [{ 'cache.name': 'answers', 'cache.tier': 'memory' }],
  },
  'ai_cache.memory.limit': {
    kind: 'OBSERVABLE_UP_DOWN_COUNTER',
    unit: 'By',
    points: [{ 'cache.name': 'answers', 'cache.tier': 'memory' }],
  },
  'ai_cache.circuit.state': {
    kind: 'OBSERVABLE_UP_DOWN_COUNTER',
    unit: '{circuit}',
    points: [
      { 'cache.name': 'answers', 'cache.tier': 'redis', 'cache.circuit.state': 'closed' },
      { 'cache.name': 'answers', 'cache.tier': 'redis', 'cache.circuit.state': 'open' },
      { 'cache.name': 'answers', 'cache.tier': 'redis', 'cache.circuit.state': 'half-open' },
    ],
  },
  'ai_cache.fill.active': { kind: 'UP_DOWN_COUNTER', unit: '{fill}', points: [{ 'cache.name': 'answers' }] },
  'ai_cache.saved.cost': {
    kind: 'COUNTER',
    unit: '{USD}',
    points: [{ 'cache.name': 'answers', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt' }],
  },
  'ai_cache.saved.tokens': {
    kind: 'COUNTER',
    unit: '{token}',
    points: [
      {
        'cache.name': 'answers',
        'gen_ai.token.type': 'input',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt',
      },
      {
        'cache.name': 'answers',
        'gen_ai.token.type': 'output',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt',
      },
    ],
  },
  'ai_cache.saved.time': {
    kind: 'COUNTER',
    unit: 's',
    points: [{ 'cache.name': 'answers', 'http.route': '/ask' }],
  },
};

function asTableRow(metric: MetricData): object {
  // `type` is in the data the SDK hands over, though not in this version's declaration of a descriptor.
  const { type: kind, unit } = metric.descriptor as unknown as { type: string; unit: string };
  const points = metric.dataPoints.map((point) => point.attributes);
  if (metric.dataPointType !== DataPointType.HISTOGRAM) return { kind, unit, points };
  return { kind, unit, buckets: metric.dataPoints[0]?.value.buckets.boundaries, points };
}

describe('the instruments', () => {
  it('have the names, kinds, units, buckets and attributes that are documented, and there are no others', async () => {
    const metrics = await collectEverything();
    expect(Object.fromEntries(metrics.map((metric) => [metric.descriptor.name, asTableRow(metric)]))).toEqual(table);
  });

  it('measure in seconds, bytes and tokens', async () => {
    const metrics = await collectEverything();
    const values = Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value }) => (typeof value === 'object' ? value.sum : value)),
      ]),
    );
    expect(values).toEqual({
      'ai_cache.request.duration': [0.002, 0.005],
      'ai_cache.operation.duration': [0.0001, 0.2],
      'ai_cache.key.duration': [0.00002],
      'ai_cache.fill.duration': [0.9],
      'ai_cache.entry.size': [4_000, 900],
      'ai_cache.codec.duration': [0.001],
      'ai_cache.entry.age': [9],
      'ai_cache.evictions': [1],
      'ai_cache.entry.count': [3],
      'ai_cache.memory.usage': [2_048],
      'ai_cache.memory.limit': [65_536],
      'ai_cache.circuit.state': [0, 1, 0],
      'ai_cache.fill.active': [1],
      'ai_cache.saved.cost': [0.002],
      'ai_cache.saved.tokens': [7, 3],
      'ai_cache.saved.time': [0.9],
    });
  });

  it('are described, for whoever meets them in a query editor', async () => {
    for (const { descriptor } of await collectEverything()) expect(descriptor.description).toMatch(/^[A-Z].+\.$/);
  });

  it('put a duration that equals a bucket’s bound into that bucket', async () => {
    const { meterProvider, reader } = startMetrics();
    const recorder = testRecorder({ telemetry: { meterProvider } });
    for (const seconds of table['ai_cache.operation.duration'].buckets) {
      recorder.observe({ type: 'operation', tier: 'memory', operation: 'get', durationMs: seconds * 1_000 });
    }
    const metric = (await reader.metrics()).find(({ descriptor }) => descriptor.name === 'ai_cache.operation.duration');
    if (metric?.dataPointType !== DataPointType.HISTOGRAM) throw new Error('the histogram is missing');
    expect(metric.dataPoints[0]?.value.buckets.counts).toEqual([...Array.from({ length: 13 }, () => 1), 0]);
  });

  it('belong to a scope with the package’s name and version', async () => {
    const { name, version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    const { meterProvider, reader } = startMetrics();
    testRecorder({ telemetry: { meterProvider } }).observe({ type: 'key', durationMs: 1, textLength: 1 });
    const { resourceMetrics } = await reader.collect();
    expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope)).toMatchObject([{ name, version }]);
  });

  it('count the hit there would have been in shadow mode, and what it would have saved', async () => {
    const { meterProvider, reader } = startMetrics();
    const recorder = testRecorder({ telemetry: { meterProvider } });
    recorder.observe({ type: 'request', outcome: { ...hit, mode: 'shadow', durationMs: 950, fillMs: 900 } });
    const points = await reader.points();
    expect(points.find(({ name }) => name === 'ai_cache.request.duration')).toMatchObject({
      count: 1,
      attributes: { 'cache.result': 'hit' },
    });
    expect(points.find(({ name }) => name === 'ai_cache.saved.time')).toMatchObject({ sum: 0.9 });
  });

  it('save nothing on a miss, a bypass or an error', async () => {
    const { meterProvider, reader } = startMetrics();
    const recorder = testRecorder({ telemetry: { meterProvider } });
    const usage = { inputTokens: 1, outputTokens: 1 };
    for (const result of ['miss', 'bypass', 'error'] as const) {
      recorder.observe({ type: 'request', outcome: { result, status: 200, durationMs: 1, usage, fillMs: 5 } });
    }
    expect((await reader.points()).filter(({ name }) => name.startsWith('ai_cache.saved'))).toEqual([]);
  });

  it('hand the SDK the same attribute object for the same labels', () => {
    const seen: unknown[] = [];
    const { meterProvider } = startMetrics();
    const meter = meterProvider.getMeter('a');
    const createHistogram: typeof meter.createHistogram = () => ({
      record: (_value, attributes) => seen.push(attributes),
    });
    const spy = Object.assign(Object.create(meter) as typeof meter, { createHistogram });
    const recorder = testRecorder({ telemetry: { meterProvider: { getMeter: () => spy } } });
    for (let time = 0; time < 3; time += 1)
      recorder.observe({ type: 'request', outcome: { ...hit, status: 200 + time } });
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(2);
    expect(seen.every((attributes) => Object.isFrozen(attributes))).toBe(true);
  });

  it('stay bounded with 10 000 models and providers that a caller chose', async () => {
    const { meterProvider, reader } = startMetrics();
    const recorder = testRecorder({ telemetry: { meterProvider } });
    for (let number = 0; number < 10_000; number += 1) {
      const labels = { provider: 'openai', model: `model-${number}` };
      recorder.observe({ type: 'fill-ended', reason: 'miss', durationMs: 1, ...labels });
    }
    const models = (await reader.points()).filter(({ name }) => name === 'ai_cache.fill.duration');
    expect(models).toHaveLength(101);
    expect(models.find(({ attributes }) => attributes['gen_ai.request.model'] === 'other')?.count).toBe(9_900);
  });
});
