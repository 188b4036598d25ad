import { type Clock, systemClock } from '../clock.ts';
import { invalidOption } from '../errors.ts';
import type { CacheEvent } from './events.ts';
import type { Gauges } from './gauges.ts';
import { Measurements } from './measurements.ts';
import { historySlot, type PerformanceHistory } from './performance-history.ts';
import { performanceSnapshot, type PerformanceSnapshot } from './performance-snapshot.ts';

export interface PerformanceMonitorOptions {
  /** Length of the window, seconds, above 0. Default 3 600. */
  readonly windowSeconds?: number;
  /** How many slots the window is cut into, 1 … 1 000; the oldest slot leaves as a whole. Default 60. */
  readonly slots?: number;
  readonly clock?: Clock;
  /** What the tiers hold, for `snapshot().memory`. Default: nothing. */
  readonly gauges?: Gauges;
}

interface Slot {
  /** Slots since the monitor began. */
  readonly index: number;
  readonly measurements: Measurements;
}

/**
 * The performance of this process over a rolling window, with or without an OpenTelemetry SDK. Memory is bounded: each slot
 * holds histograms (about 3 % error), never single events; some 3 MB for a busy hour of both tiers.
 */
export class CachePerformanceMonitor {
  readonly #clock: Clock;
  readonly #gauges: Gauges;
  readonly #windowSeconds: number;
  readonly #slotMs: number;
  readonly #startedAt: number;
  readonly #ring: (Slot | undefined)[];
  #current: Slot = { index: 0, measurements: new Measurements() };
  #currentEndsAt: number;
  #activeFills = 0;

  /** Throws AICacheError `INVALID_OPTION` for a `windowSeconds` or `slots` out of its range. */
  constructor(options: PerformanceMonitorOptions = {}) {
    const { windowSeconds = 3_600, slots = 60, clock = systemClock, gauges = () => [] } = options;
    if (!(windowSeconds > 0 && windowSeconds < Infinity)) {
      throw invalidOption('windowSeconds', String(windowSeconds), 'a number of seconds above 0');
    }
    if (!(Number.isInteger(slots) && slots >= 1 && slots <= 1_000)) {
      throw invalidOption('slots', String(slots), 'a whole number from 1 to 1000');
    }
    this.#clock = clock;
    this.#gauges = gauges;
    this.#windowSeconds = windowSeconds;
    this.#slotMs = (windowSeconds * 1_000) / slots;
    this.#startedAt = clock.monotonic();
    this.#currentEndsAt = this.#startedAt + this.#slotMs;
    this.#ring = Array.from({ length: slots });
    this.#ring[0] = this.#current;
  }

  /** Counts an event at the time it is observed. */
  observe(event: CacheEvent): void {
    if (event.type === 'fill-started') {
      this.#activeFills += 1;
      return;
    }
    // The operation that comes with it has the same figures.
    if (event.type === 'invalidation') return;
    if (event.type === 'fill-ended') this.#activeFills -= 1;
    if (this.#clock.monotonic() >= this.#currentEndsAt) this.#moveOn();
    this.#current.measurements.observe(event);
  }

  /** What the window saw, as plain JSON data. Takes some milliseconds: ask for it when somebody looks, not per request. */
  snapshot(): PerformanceSnapshot {
    if (this.#clock.monotonic() >= this.#currentEndsAt) this.#moveOn();
    const oldest = this.#current.index - this.#ring.length + 1;
    const seen = new Measurements();
    for (const slot of this.#ring) {
      if (slot !== undefined && slot.index >= oldest) seen.add(slot.measurements);
    }
    return performanceSnapshot(seen, {
      window: this.#window(Math.max(0, oldest)),
      activeFills: this.#activeFills,
      tiers: this.#gauges(),
    });
  }

  /** The window as a series over time, slot by slot. As cheap as `snapshot`. */
  history(): PerformanceHistory {
    if (this.#clock.monotonic() >= this.#currentEndsAt) this.#moveOn();
    const slots = this.#ring.length;
    const oldest = Math.max(0, this.#current.index - slots + 1);
    const startOfMonitor = this.#clock.now() - (this.#clock.monotonic() - this.#startedAt);
    return {
      windowSeconds: this.#windowSeconds,
      slotSeconds: this.#slotMs / 1_000,
      slots: Array.from({ length: this.#current.index - oldest + 1 }, (_, past) => {
        const index = oldest + past;
        const slot = this.#ring[index % slots];
        // A slot in which nothing was observed still holds an older round's.
        const measurements = slot?.index === index ? slot.measurements : undefined;
        return historySlot(new Date(startOfMonitor + index * this.#slotMs), measurements);
      }),
    };
  }

  #moveOn(): void {
    const reached = Math.floor((this.#clock.monotonic() - this.#startedAt) / this.#slotMs);
    // At least one slot on: the division may round down at the very end of a slot.
    const index = Math.max(reached, this.#current.index + 1);
    this.#current = { index, measurements: new Measurements() };
    this.#currentEndsAt = this.#startedAt + (index + 1) * this.#slotMs;
    this.#ring[index % this.#ring.length] = this.#current;
  }

  #window(oldest: number): PerformanceSnapshot['window'] {
    const to = this.#clock.now();
    const seenMs = this.#clock.monotonic() - this.#startedAt - oldest * this.#slotMs;
    return {
      seconds: this.#windowSeconds,
      from: new Date(to - seenMs).toISOString(),
      to: new Date(to).toISOString(),
    };
  }
}
