import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { invalidWarmOption, unknownOption, warmItemsNotIterable } from '../errors.ts';
import type { WarmProgress } from './warm-count.ts';

export interface WarmOptions {
  /** Items at a time, 1 to 1 000. Default: 100. */
  readonly concurrency?: number;
  /** Told after each item. What it throws is reported and breaks nothing. */
  readonly onProgress?: (progress: WarmProgress) => unknown;
}

/** Items to warm: an array, or what gives them one after the other. */
export type WarmItems<Item> = Iterable<Item> | AsyncIterable<Item>;

const MAX_CONCURRENCY = 1_000;

const OPTIONS = ['concurrency', 'onProgress'];

/** Throws AICacheError INVALID_REQUEST, INVALID_OPTION or UNKNOWN_OPTION, naming what is wrong. */
export function checkWarm(items: unknown, options: unknown): void {
  if (!isIterable(items)) throw warmItemsNotIterable(shownValue(items));
  if (typeof options !== 'object' || options === null) {
    throw invalidWarmOption('options', shownValue(options), 'an object');
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, nearestName(unknown, OPTIONS));
  const { concurrency, onProgress } = options as WarmOptions;
  if (concurrency !== undefined && !isConcurrency(concurrency)) {
    throw invalidWarmOption('concurrency', shownValue(concurrency), `a whole number from 1 to ${MAX_CONCURRENCY}`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidWarmOption('onProgress', shownValue(onProgress), 'a function');
  }
}

function isIterable(items: unknown): boolean {
  return typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items);
}

function isConcurrency(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_CONCURRENCY;
}
