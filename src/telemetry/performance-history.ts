import { Measurements } from './measurements.ts';
import { requestsOf, type PerformanceSnapshot } from './performance-snapshot.ts';
import type { Saved } from './savings.ts';

/** One slot of the monitor's window. */
export interface HistorySlot {
  /** ISO 8601. */
  readonly from: string;
  readonly requests: Pick<PerformanceSnapshot['requests'], 'count' | 'hitRatio' | 'byResult'>;
  readonly fills: { readonly count: number; readonly errors: number };
  readonly savings: Saved;
}

/** The monitor's window as a series over time, as JSON: the slots oldest first and without gaps, the last one still runs. */
export interface PerformanceHistory {
  readonly windowSeconds: number;
  readonly slotSeconds: number;
  readonly slots: readonly HistorySlot[];
}

/** `measurements`: undefined where nothing happened. */
export function historySlot(from: Date, measurements: Measurements = new Measurements()): HistorySlot {
  const { count, hitRatio, byResult } = requestsOf(measurements);
  const { fills, savings } = measurements;
  return {
    from: from.toISOString(),
    requests: { count, hitRatio, byResult },
    fills: { count: fills.times.count, errors: fills.errors },
    savings: savings.total(),
  };
}
