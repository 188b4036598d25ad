import { describe, expect, it } from 'vitest';
import { AICacheError } from '../../../src/errors.ts';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import type { Outcome } from '../../../src/telemetry/outcome.ts';
import { CachePerformanceMonitor } from '../../../src/telemetry/performance-monitor.ts';
import { manualClock } from '../../support/manual-clock.ts';

function request(outcome: Partial<Outcome>): CacheEvent {
  return { type: 'request', outcome: { result: 'hit', status: 200, durationMs: 10, ...outcome } };
}

function monitorOf(...events: readonly CacheEvent[]): CachePerformanceMonitor {
  const monitor = new CachePerformanceMonitor({ clock: manualClock() });
  for (const event of events) monitor.observe(event);
  return monitor;
}

const MINUTE = 60_000;

describe('the snapshot of the performance monitor', () => {
  it('tells how long keys took and how long their texts were', () => {
    const { keyGeneration } = monitorOf(
      { type: 'key', durationMs: 1, textLength: 100 },
      { type: 'key', durationMs: 3, textLength: 300 },
    ).snapshot();
    expect(keyGeneration).toMatchObject({
      count: 2,
      totalMs: 4,
      meanMs: 2,
      maxMs: 3,
      meanTextLength: 200,
      maxTextLength: 300,
    });
    expect(keyGeneration.p50Ms).toBeCloseTo(1, 1);
    expect(keyGeneration.p99Ms).toBeCloseTo(3, 1);
  });

  it('tells how long each operation of each tier took, its hits and its errors', () => {
    const { operations } = monitorOf(
      { type: 'operation', tier: 'memory', operation: 'get', durationMs: 1, hit: true },
      { type: 'operation', tier: 'memory', operation: 'get', durationMs: 2, hit: false },
      { type: 'operation', tier: 'redis', operation: 'get', durationMs: 200, errorType: 'REDIS_TIMEOUT' },
      { type: 'operation', tier: 'redis', operation: 'put', durationMs: 4 },
    ).snapshot();
    expect(operations.memory?.get).toMatchObject({ count: 2, hits: 1, errors: 0, meanMs: 1.5 });
    expect(operations.redis?.get).toMatchObject({ count: 1, hits: 0, errors: 1, maxMs: 200 });
    expect(operations.redis?.put).toMatchObject({ count: 1, hits: 0, errors: 0 });
    expect(operations.memory?.put).toBeUndefined();
  });

  it('tells what compression saved, leaving bodies kept as they were out of the ratio', () => {
    const { compression } = monitorOf(
      { type: 'entry-size', coding: 'br', rawBytes: 4_000, storedBytes: 1_000 },
      { type: 'entry-size', coding: 'gzip', rawBytes: 2_000, storedBytes: 1_000 },
      { type: 'entry-size', coding: 'identity', rawBytes: 500, storedBytes: 500 },
      { type: 'codec', operation: 'compress', coding: 'br', durationMs: 5 },
      { type: 'codec', operation: 'decompress', coding: 'br', durationMs: 1 },
    ).snapshot();
    expect(compression).toMatchObject({
      count: 2,
      rawBytes: 6_000,
      storedBytes: 2_000,
      bytesSaved: 4_000,
      ratio: 1 / 3,
    });
    expect(compression.byCoding.br).toEqual({
      count: 1,
      rawBytes: 4_000,
      storedBytes: 1_000,
      bytesSaved: 3_000,
      ratio: 0.25,
    });
    expect(compression.byCoding.identity).toMatchObject({ count: 1, bytesSaved: 0, ratio: 1 });
    expect(compression.compress.br).toMatchObject({ count: 1, meanMs: 5 });
    expect(compression.decompress.br).toMatchObject({ count: 1, meanMs: 1 });
  });

  it('tells how requests were answered, and leaves bypassed ones out of the hit ratio', () => {
    const { requests } = monitorOf(
      request({ result: 'hit', durationMs: 1 }),
      request({ result: 'stale', durationMs: 2 }),
      request({ result: 'coalesced', durationMs: 3 }),
      request({ result: 'miss', durationMs: 400, stored: false, notStored: 'status' }),
      request({ result: 'error', durationMs: 5 }),
      request({ result: 'bypass', bypass: 'method', durationMs: 6 }),
      request({ result: 'bypass', bypass: 'method', durationMs: 6 }),
    ).snapshot();
    expect(requests.count).toBe(7);
    expect(requests.hitRatio).toBe(3 / 5);
    expect(requests.byResult.miss).toMatchObject({ count: 1, maxMs: 400 });
    expect(requests.bypassReasons).toEqual({ method: 2 });
    expect(requests.notStoredReasons).toEqual({ status: 1 });
  });

  it('tells evictions, fills and savings', () => {
    const snapshot = monitorOf(
      { type: 'eviction', tier: 'memory', reason: 'capacity' },
      { type: 'eviction', tier: 'memory', reason: 'capacity' },
      { type: 'eviction', tier: 'redis', reason: 'invalidated' },
      { type: 'fill-started' },
      { type: 'fill-started' },
      { type: 'fill-ended', reason: 'miss', durationMs: 800, errorType: '500' },
      request({ result: 'hit', usage: { inputTokens: 10, outputTokens: 5 }, costUsd: 0.5, fillMs: 1_500 }),
      request({ result: 'coalesced', fillMs: 500 }),
      request({ result: 'miss', usage: { inputTokens: 100, outputTokens: 100 }, fillMs: 9_000 }),
    ).snapshot();
    expect(snapshot.evictions).toEqual({ memory: { capacity: 2 }, redis: { invalidated: 1 } });
    expect(snapshot.fills).toMatchObject({ count: 1, errors: 1, active: 1, maxMs: 800 });
    expect(snapshot.savings).toEqual({ usd: 0.5, seconds: 2, inputTokens: 10, outputTokens: 5, unknown: 1 });
  });

  it('tells what the tiers and the process hold now', () => {
    const tiers = [{ tier: 'memory', entries: 3, usedBytes: 2_048, limitBytes: 4_096 }] as const;
    const { memory } = new CachePerformanceMonitor({ gauges: () => tiers }).snapshot();
    expect(memory.tiers).toEqual(tiers);
    expect(memory.process.rssBytes).toBeGreaterThan(1_000_000);
    expect(memory.process.heapUsedBytes).toBeGreaterThan(0);
  });

  it('has null for a ratio with nothing to divide by, and 0 for times nobody took', () => {
    const snapshot = monitorOf().snapshot();
    expect(snapshot.requests.hitRatio).toBeNull();
    expect(snapshot.compression.ratio).toBeNull();
    expect(snapshot.keyGeneration).toMatchObject({ count: 0, meanMs: 0, p99Ms: 0, meanTextLength: 0 });
    expect(snapshot.operations).toEqual({});
  });

  it('is the same after a round trip through JSON', () => {
    const snapshot = monitorOf(request({}), { type: 'key', durationMs: 1, textLength: 4 }).snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
});

describe('the window of the performance monitor', () => {
  it('lets old slots go, one at a time', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock });
    monitor.observe(request({}));
    clock.advance(MINUTE);
    monitor.observe(request({}));
    clock.advance(58 * MINUTE);
    expect(monitor.snapshot().requests.count).toBe(2);
    clock.advance(MINUTE);
    expect(monitor.snapshot().requests.count).toBe(1);
    clock.advance(MINUTE);
    expect(monitor.snapshot().requests.count).toBe(0);
  });

  it('is empty after a long silence, in which no slot was touched', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock, windowSeconds: 10, slots: 5 });
    for (let second = 0; second < 10; second += 1) {
      monitor.observe(request({}));
      clock.advance(1_000);
    }
    clock.advance(3_600_000);
    monitor.observe(request({}));
    expect(monitor.snapshot().requests.count).toBe(1);
  });

  it('counts the events of the window alone, however long it runs', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock, windowSeconds: 1, slots: 3 });
    for (let step = 0; step < 10_000; step += 1) {
      monitor.observe(request({}));
      clock.advance(7);
    }
    const { count } = monitor.snapshot().requests;
    expect(count).toBeGreaterThanOrEqual(Math.floor(667 / 7));
    expect(count).toBeLessThanOrEqual(Math.ceil(1_000 / 7));
  });

  it('loses no slot to rounding at the very end of one', () => {
    let elapsed = 1_000.7;
    const clock = { now: () => 0, monotonic: () => elapsed };
    const monitor = new CachePerformanceMonitor({ clock, windowSeconds: 1, slots: 60 });
    monitor.observe(request({}));
    elapsed += 1_000 / 60;
    monitor.observe(request({}));
    expect(monitor.snapshot().requests.count).toBe(2);
  });

  it('says from when to when it reaches: from the start while it is young', () => {
    const start = Date.UTC(2026, 0, 1);
    const clock = manualClock(start);
    const monitor = new CachePerformanceMonitor({ clock });
    clock.advance(30_000);
    expect(monitor.snapshot().window).toEqual({
      seconds: 3_600,
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-01T00:00:30.000Z',
    });
    clock.advance(120 * MINUTE);
    expect(monitor.snapshot().window).toEqual({
      seconds: 3_600,
      from: '2026-01-01T01:01:00.000Z',
      to: '2026-01-01T02:00:30.000Z',
    });
  });

  it('keeps counting fills that began before it and still run', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock });
    monitor.observe({ type: 'fill-started' });
    clock.advance(120 * MINUTE);
    expect(monitor.snapshot().fills).toMatchObject({ active: 1, count: 0 });
  });

  it('does not follow the wall clock when that is set', () => {
    let wall = Date.UTC(2026, 0, 1);
    const monitor = new CachePerformanceMonitor({ clock: { now: () => wall, monotonic: () => 5 } });
    monitor.observe(request({}));
    wall -= 365 * 24 * 60 * MINUTE;
    monitor.observe(request({}));
    expect(monitor.snapshot().requests.count).toBe(2);
  });

  it('bounds the reasons it lists', () => {
    const events = Array.from({ length: 10_000 }, (_, number) =>
      request({ result: 'bypass', bypass: `reason-${number}` }),
    );
    const { bypassReasons } = monitorOf(...events).snapshot().requests;
    expect(Object.keys(bypassReasons)).toHaveLength(65);
    expect(bypassReasons['other']).toBe(10_000 - 64);
  });

  it('refuses a window or slots that make no sense', () => {
    for (const windowSeconds of [0, -1, Number.NaN, Infinity]) {
      expect(() => new CachePerformanceMonitor({ windowSeconds })).toThrow(AICacheError);
    }
    for (const slots of [0, 1.5, 1_001, Number.NaN]) {
      expect(() => new CachePerformanceMonitor({ slots })).toThrow(/"slots"/);
    }
  });
});
