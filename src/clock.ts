/** The time, so that a test can set it. */
export interface Clock {
  /** Milliseconds since the epoch: for ages and lifetimes. */
  now(): number;
  /** Milliseconds from an arbitrary start, monotonic: for durations. */
  monotonic(): number;
}

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
});
