import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

const MAX_MARKS = 10_000;

/**
 * Keys whose last answer was uncacheable by its own words: their requests do not wait for each other (the name is Varnish's).
 * Bounded: beyond 10 000 the oldest mark goes.
 */
export class HitForMiss {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #seconds: number;
  readonly #until = new LRUCache<string, number>({ max: MAX_MARKS });

  /** `seconds`: how long a mark holds; 0 sets none. */
  constructor(clock: Pick<Clock, 'now'>, seconds: number) {
    this.#clock = clock;
    this.#seconds = seconds;
  }

  has(digest: string): boolean {
    const until = this.#until.get(digest);
    if (until === undefined) return false;
    if (this.#clock.now() < until) return true;
    this.#until.delete(digest);
    return false;
  }

  mark(digest: string): void {
    if (this.#seconds > 0) this.#until.set(digest, this.#clock.now() + this.#seconds * 1000);
  }

  /** An answer of this key was storable after all. */
  clear(digest: string): void {
    this.#until.delete(digest);
  }
}
