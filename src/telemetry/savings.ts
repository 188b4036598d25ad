import { isHit } from './hits.ts';
import type { Outcome } from './outcome.ts';

/** What answers without a fill of their own saved. */
export interface Saved {
  /** What the model calls had cost that were spared, USD. */
  readonly usd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The handler's time, not the caller's: the fill durations of the entries served. */
  readonly seconds: number;
  /** Answers that spared a call of which nobody knows the price: without usage, or of a model without a price. */
  readonly unknown: number;
}

/** Adds up what was saved. */
export class Savings {
  #usd = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #seconds = 0;
  #unknown = 0;

  /** Takes in what somebody else has added up. */
  addSaved({ usd, inputTokens, outputTokens, seconds, unknown }: Saved): void {
    this.#usd += usd;
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
    this.#seconds += seconds;
    this.#unknown += unknown;
  }

  observe(outcome: Outcome): void {
    if (!isHit(outcome.result)) return;
    if (outcome.fillMs !== undefined) this.#seconds += outcome.fillMs / 1_000;
    if (outcome.usage !== undefined) {
      this.#inputTokens += outcome.usage.inputTokens;
      this.#outputTokens += outcome.usage.outputTokens;
    }
    if (outcome.costUsd === undefined) this.#unknown += 1;
    else this.#usd += outcome.costUsd;
  }

  add(other: Savings): void {
    this.addSaved(other.total());
  }

  total(): Saved {
    return {
      usd: this.#usd,
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      seconds: this.#seconds,
      unknown: this.#unknown,
    };
  }
}
