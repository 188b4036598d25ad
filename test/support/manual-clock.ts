import type { Clock } from '../../src/clock.ts';

export interface ManualClock extends Clock {
  /** Moves both times on. */
  advance(ms: number): void;
}

/** A clock that stands still until it is moved. `start`: milliseconds since the epoch; `monotonic()` begins at 0. */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance: (ms) => {
      elapsed += ms;
    },
  };
}
