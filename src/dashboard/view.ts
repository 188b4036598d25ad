import type { HistorySlot, PerformanceHistory } from '../telemetry/performance-history.ts';

/** The part of the history that the charts show. */
export interface View {
  readonly slots: readonly HistorySlot[];
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Middles of the slots, seconds since the epoch. */
  readonly times: readonly number[];
  /** `the last hour` */
  readonly name: string;
}

const FEWEST_SLOTS = 15;

/** The last `seconds` of the history; 0: all its window. The running slot is whole, so that the axis does not creep. */
export function viewOf(history: PerformanceHistory, seconds: number): View {
  const { slotSeconds, windowSeconds } = history;
  const count = seconds === 0 ? Infinity : Math.ceil(seconds / slotSeconds);
  const slots = history.slots.slice(-Math.min(count, history.slots.length));
  const starts = slots.map(({ from }) => Date.parse(from) / 1_000);
  const to = (starts.at(-1) ?? 0) + slotSeconds;
  const shown = seconds === 0 ? windowSeconds : Math.min(seconds, windowSeconds);
  const times = starts.map((start) => start + slotSeconds / 2);
  // A young process has little to show: the axis grows with it.
  const span = Math.min(shown, Math.max(FEWEST_SLOTS, slots.length) * slotSeconds);
  return { slots, from: to - span, to, times, name: `the last ${lengthOf(shown)}` };
}

/** `hour`, `15 minutes`, `90 seconds` */
export function lengthOf(seconds: number): string {
  if (seconds === 3_600) return 'hour';
  if (seconds % 3_600 === 0) return `${seconds / 3_600} hours`;
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}
