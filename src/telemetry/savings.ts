import { isHit } from './hits.ts';
import type { Outcome } from './outcome.ts';

/** What answers without a fill of their own saved. */
export interface Saved {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The handler's time, not the caller's: the fill durations of the entries served. */
  readonly seconds: number;
  /** Answers whose entry did not say how many tokens it had cost. */
  readonly unknown: number;
}

/** Adds up what was saved. */
export class Savings {
  #inputTokens = 0;
  #outputTokens = 0;
  #seconds = 0;
  #unknown = 0;

  observe(outcome: Outcome): void {
    if (!isHit(outcome.result)) return;
    if (outcome.fillMs !== undefined) this.#seconds += outcome.fillMs / 1_000;
    if (outcome.usage === undefined) {
      this.#unknown += 1;
      return;
    }
    this.#inputTokens += outcome.usage.inputTokens;
    this.#outputTokens += outcome.usage.outputTokens;
  }

  add(other: Savings): void {
    this.#inputTokens += other.#inputTokens;
    this.#outputTokens += other.#outputTokens;
    this.#seconds += other.#seconds;
    this.#unknown += other.#unknown;
  }

  total(): Saved {
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      seconds: this.#seconds,
      unknown: this.#unknown,
    };
  }
}
