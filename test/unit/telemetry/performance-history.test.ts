import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../../src/telemetry/events.ts';
import type { Outcome } from '../../../src/telemetry/outcome.ts';
import { CachePerformanceMonitor } from '../../../src/telemetry/performance-monitor.ts';
import { manualClock } from '../../support/manual-clock.ts';

const MINUTE = 60_000;

function request(outcome: Partial<Outcome> = {}): CacheEvent {
  return { type: 'request', outcome: { result: 'hit', status: 200, durationMs: 10, ...outcome } };
}

describe('the history of the performance monitor', () => {
  it('is one slot at the start, and one more each minute, with those in which nothing happened', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock });
    monitor.observe(request());
    clock.advance(3 * MINUTE + 1_000);
    monitor.observe(request({ result: 'miss' }));
    const { windowSeconds, slotSeconds, slots } = monitor.history();
    expect({ windowSeconds, slotSeconds }).toEqual({ windowSeconds: 3_600, slotSeconds: 60 });
    expect(slots.map(({ from, requests }) => [from, requests.count, requests.hitRatio])).toEqual([
      ['2026-01-01T00:00:00.000Z', 1, 1],
      ['2026-01-01T00:01:00.000Z', 0, null],
      ['2026-01-01T00:02:00.000Z', 0, null],
      ['2026-01-01T00:03:00.000Z', 1, 0],
    ]);
  });

  it('has of each slot the latencies by result, the fills and the savings', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock });
    monitor.observe(request({ costUsd: 0.5, fillMs: 2_000, usage: { inputTokens: 7, outputTokens: 3 } }));
    monitor.observe({ type: 'fill-ended', reason: 'miss', durationMs: 900, errorType: '500' });
    monitor.observe(request({ result: 'miss', durationMs: 900 }));
    const [slot] = monitor.history().slots;
    expect(slot?.requests.byResult.miss).toMatchObject({ count: 1, maxMs: 900 });
    expect(slot?.fills).toEqual({ count: 1, errors: 1 });
    expect(slot?.savings).toEqual({ usd: 0.5, inputTokens: 7, outputTokens: 3, seconds: 2, unknown: 0 });
  });

  it('never has more slots than the window, and none of an older round', () => {
    const clock = manualClock();
    const monitor = new CachePerformanceMonitor({ clock, windowSeconds: 10, slots: 5 });
    for (let second = 0; second < 25; second += 1) {
      monitor.observe(request());
      clock.advance(1_000);
    }
    expect(monitor.history().slots.map(({ requests }) => requests.count)).toEqual([2, 2, 2, 2, 1]);
    clock.advance(6_000);
    expect(monitor.history().slots.map(({ requests }) => requests.count)).toEqual([2, 1, 0, 0, 0]);
    clock.advance(3_600_000);
    expect(monitor.history().slots.map(({ requests }) => requests.count)).toEqual([0, 0, 0, 0, 0]);
  });

  it('adds up to the snapshot, whatever happened when', () => {
    const step = fc.record({
      waitMs: fc.nat({ max: 4_000 }),
      result: fc.constantFrom('hit', 'stale', 'miss', 'coalesced', 'bypass', 'error'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const clock = manualClock();
        const monitor = new CachePerformanceMonitor({ clock, windowSeconds: 30, slots: 6 });
        for (const { waitMs, result } of steps) {
          clock.advance(waitMs);
          monitor.observe(request({ result }));
        }
        const { slots } = monitor.history();
        const counted = slots.reduce((sum, { requests }) => sum + requests.count, 0);
        expect(counted).toBe(monitor.snapshot().requests.count);
        expect(slots.length).toBeLessThanOrEqual(6);
        const starts = slots.map(({ from }) => Date.parse(from));
        expect(starts.slice(1).every((start, index) => start - (starts[index] ?? 0) === 5_000)).toBe(true);
      }),
    );
  });
});
