import { OTHER } from './names.ts';

const MAX_VALUES = 100;
const MAX_LENGTH = 128;

/**
 * Bounds a label whose value a caller can choose: the first `maxValues` distinct values are kept for good, every later
 * one reads `other`, and so does a value longer than 128 characters (a model name is never a place for text).
 * Values are not forgotten again: a cumulative metric could not take back the series of a value that leaves.
 */
export class LabelCap {
  readonly #seen = new Set<string>();
  readonly #maxValues: number;

  constructor(maxValues: number = MAX_VALUES) {
    this.#maxValues = maxValues;
  }

  /** The value, `other` beyond the cap, undefined where there is none. */
  of<Value extends string | undefined>(value: Value): Value | typeof OTHER {
    if (value === undefined || this.#seen.has(value)) return value;
    if (this.#seen.size >= this.#maxValues || value.length > MAX_LENGTH) return OTHER;
    this.#seen.add(value);
    return value;
  }
}

/** The capped labels of one cache, shared by its metrics, spans and stats so that they agree. */
export interface LabelCaps {
  readonly provider: LabelCap;
  readonly model: LabelCap;
  readonly errorType: LabelCap;
}

export function createLabelCaps(): LabelCaps {
  return Object.freeze({ provider: new LabelCap(), model: new LabelCap(), errorType: new LabelCap() });
}
