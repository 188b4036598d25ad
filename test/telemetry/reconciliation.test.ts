import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../src/telemetry/events.ts';
import type { PerformanceSnapshot, Times } from '../../src/telemetry/performance-snapshot.ts';
import type { Stats } from '../../src/telemetry/stats.ts';
import { type Point, startMetrics, total } from './metrics-probe.ts';
import { testRecorder } from './test-recorder.ts';

const results = ['hit', 'stale', 'miss', 'coalesced', 'bypass', 'error'] as const;
const tiers = ['memory', 'redis'] as const;
const operations = ['get', 'put', 'remove', 'flush'] as const;
const codings = ['identity', 'br', 'gzip', 'deflate', 'zstd'] as const;
const reasons = ['capacity', 'expired', 'invalidated'] as const;

const durationMs = fc.double({ min: -4, max: 6, noNaN: true }).map((exponent) => 10 ** exponent);
const bytes = fc.nat({ max: 8_388_608 });
const errorType = fc.constantFrom('500', '502', 'TypeError');
const route = fc.constantFrom('/a', '/b', '/c');
const provider = fc.constantFrom('openai', 'anthropic', 'mistral');
const model = fc.nat({ max: 300 }).map((number) => `model-${number}`);
const usage = fc.record({ inputTokens: fc.nat({ max: 100_000 }), outputTokens: fc.nat({ max: 100_000 }) });

/** Fields of an event: those of `required`, and any of `optional`. */
function fields<Required, Optional>(
  required: { [Field in keyof Required]: fc.Arbitrary<Required[Field]> },
  optional: { [Field in keyof Optional]: fc.Arbitrary<Optional[Field]> },
): fc.Arbitrary<Required & Partial<Optional>> {
  return fc
    .tuple(fc.record(required), fc.record(optional, { requiredKeys: [] }))
    .map(([all, some]) => ({ ...all, ...some }) as Required & Partial<Optional>);
}

const outcome = fields(
  { result: fc.constantFrom(...results), status: fc.constant(200), durationMs },
  {
    tier: fc.constantFrom(...tiers),
    route,
    provider,
    model,
    errorType,
    usage,
    costUsd: fc.double({ min: 0, max: 10, noNaN: true }),
    fillMs: durationMs,
    ageSeconds: fc.nat(),
  },
);
const tier = fc.constantFrom(...tiers);
const coding = fc.constantFrom(...codings);

const anyEvent: fc.Arbitrary<CacheEvent> = fc.oneof(
  outcome.map((known) => ({ type: 'request' as const, outcome: known })),
  fc.record({ type: fc.constant('key' as const), durationMs, textLength: fc.nat() }),
  fields(
    { type: fc.constant('operation' as const), tier, operation: fc.constantFrom(...operations), durationMs },
    { hit: fc.boolean(), errorType },
  ),
  fc.constant({ type: 'fill-started' as const }),
  fields(
    {
      type: fc.constant('fill-ended' as const),
      durationMs,
      reason: fc.constantFrom('miss' as const, 'revalidate' as const),
    },
    { route, provider, model, errorType },
  ),
  fc.record({
    type: fc.constant('codec' as const),
    operation: fc.constantFrom('compress' as const, 'decompress' as const),
    coding,
    durationMs,
  }),
  fc.record({ type: fc.constant('entry-size' as const), coding, rawBytes: bytes, storedBytes: bytes }),
  fc.record({ type: fc.constant('eviction' as const), tier, reason: fc.constantFrom(...reasons) }),
);

async function observeAll(
  events: readonly CacheEvent[],
): Promise<{ points: readonly Point[]; snapshot: PerformanceSnapshot; stats: Stats }> {
  const { meterProvider, reader } = startMetrics();
  const recorder = testRecorder({ telemetry: { meterProvider } });
  for (const event of events) recorder.observe(event);
  const points = await reader.points();
  await meterProvider.shutdown();
  return { points, snapshot: recorder.monitor.snapshot(), stats: recorder.tally.stats() };
}

function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
}

/** Counts exactly, sums up to the order of addition. */
function expectSame(times: Times | undefined, point: { count: number; sum: number }): void {
  expect(times?.count ?? 0).toBe(point.count);
  expectNear((times?.totalMs ?? 0) / 1_000, point.sum);
}

function expectSameOperations(snapshot: PerformanceSnapshot, points: readonly Point[]): void {
  const name = 'ai_cache.operation.duration';
  for (const tierName of tiers) {
    for (const operation of operations) {
      const labels = { 'cache.tier': tierName, 'cache.operation': operation };
      const seen = snapshot.operations[tierName]?.[operation];
      expectSame(seen, total(points, name, labels));
      expect(seen?.hits ?? 0).toBe(total(points, name, { ...labels, 'cache.hit': true }).count);
      expect(seen?.errors ?? 0).toBe(total(points.filter(hasError), name, labels).count);
    }
    for (const reason of reasons) {
      const labels = { 'cache.tier': tierName, 'cache.eviction.reason': reason };
      expect(snapshot.evictions[tierName]?.[reason] ?? 0).toBe(total(points, 'ai_cache.evictions', labels).sum);
    }
  }
}

function expectSameCompression({ compression }: PerformanceSnapshot, points: readonly Point[]): void {
  for (const name of codings) {
    const encoding = { 'cache.encoding': name };
    for (const operation of ['compress', 'decompress'] as const) {
      const labels = { ...encoding, 'cache.codec.operation': operation };
      expectSame(compression[operation][name], total(points, 'ai_cache.codec.duration', labels));
    }
    const raw = total(points, 'ai_cache.entry.size', { ...encoding, 'cache.entry.form': 'raw' });
    const stored = total(points, 'ai_cache.entry.size', { ...encoding, 'cache.entry.form': 'stored' });
    const seen = compression.byCoding[name];
    expect([seen?.count ?? 0, seen?.rawBytes ?? 0, seen?.storedBytes ?? 0]).toEqual([raw.count, raw.sum, stored.sum]);
    expect(stored.count).toBe(raw.count);
  }
}

function expectSameFills({ fills }: PerformanceSnapshot, points: readonly Point[]): void {
  expectSame(fills, total(points, 'ai_cache.fill.duration'));
  expect(fills.errors).toBe(total(points.filter(hasError), 'ai_cache.fill.duration').count);
  expect(fills.active).toBe(total(points, 'ai_cache.fill.active').sum);
}

function expectSameSavings(saved: PerformanceSnapshot['savings'], points: readonly Point[]): void {
  expect(saved.inputTokens).toBe(total(points, 'ai_cache.saved.tokens', { 'gen_ai.token.type': 'input' }).sum);
  expect(saved.outputTokens).toBe(total(points, 'ai_cache.saved.tokens', { 'gen_ai.token.type': 'output' }).sum);
  expectNear(saved.usd, total(points, 'ai_cache.saved.cost').sum);
  expectNear(saved.seconds, total(points, 'ai_cache.saved.time').sum);
}

function expectSameModels(stats: Stats, points: readonly Point[]): void {
  for (const row of stats.byModel) {
    const labels = { 'gen_ai.provider.name': row.provider, 'gen_ai.request.model': row.model };
    const input = total(points, 'ai_cache.saved.tokens', { ...labels, 'gen_ai.token.type': 'input' });
    expect(row.saved.inputTokens).toBe(input.sum);
    expectNear(row.saved.usd, total(points, 'ai_cache.saved.cost', labels).sum);
  }
}

function hasError(point: Point): boolean {
  return point.attributes['error.type'] !== undefined;
}

function exactQuantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? 0;
}

describe('the monitor, the tally and OpenTelemetry', () => {
  it('agree on every count and every sum, for any sequence of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 200, size: 'max' }), async (events) => {
        const { points, snapshot, stats } = await observeAll(events);
        expectSame(snapshot.keyGeneration, total(points, 'ai_cache.key.duration'));
        for (const result of results) {
          const seen = snapshot.requests.byResult[result];
          expectSame(seen, total(points, 'ai_cache.request.duration', { 'cache.result': result }));
        }
        expect(snapshot.requests.count).toBe(total(points, 'ai_cache.request.duration').count);
        expect(stats.hitRatio).toBe(snapshot.requests.hitRatio);
        expectSameOperations(snapshot, points);
        expectSameCompression(snapshot, points);
        expectSameFills(snapshot, points);
        expectSameSavings(snapshot.savings, points);
        expectSameSavings(stats.saved, points);
        expect(stats.saved.unknown).toBe(snapshot.savings.unknown);
        expectSameModels(stats, points);
      }),
      { numRuns: 300 },
    );
  });

  it('has percentiles within 3 % of the exact ones', () => {
    fc.assert(
      fc.property(fc.array(durationMs, { minLength: 1, maxLength: 500, size: 'max' }), (durations) => {
        const recorder = testRecorder({ telemetry: false });
        for (const taken of durations) {
          recorder.observe({ type: 'request', outcome: { result: 'hit', status: 200, durationMs: taken } });
        }
        const times = recorder.monitor.snapshot().requests.byResult.hit;
        for (const [fraction, estimate] of [
          [0.5, times?.p50Ms],
          [0.95, times?.p95Ms],
          [0.99, times?.p99Ms],
        ] as const) {
          const exact = exactQuantile(durations, fraction);
          expect(Math.abs((estimate ?? Number.NaN) - exact) / exact).toBeLessThanOrEqual(0.03);
        }
      }),
    );
  });
});
