import { bulkhead } from 'cockatiel';
import { z } from 'zod';
import { optionDocs } from '../config/option-docs.ts';
import { synchronous } from '../config/checks.ts';
import { positive } from '../config/numbers.ts';
import { cascadeFunctionThrew } from '../errors.ts';
import type { CascadeResult } from './answered.ts';

/** Items that are settled, of all. */
export interface BatchProgress {
  readonly done: number;
  readonly total: number;
}

export interface BatchOptions {
  /** Items that are made at a time. Default 8. */
  readonly concurrency?: number | undefined;
  /** Told after each item. What it throws goes to the cache's `onError`. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Ends the wait; the items that are not answered by then are rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of one item. */
export type BatchItem<T = CascadeResult> =
  | ({ readonly status: 'fulfilled' } & T)
  | { readonly status: 'rejected'; readonly error: Error };

export const batchOptions = z.strictObject({
  concurrency: positive().default(8).register(optionDocs, {
    allowed: 'a whole number from 1',
    meaning: 'Items that are made at a time.',
  }),
  onProgress: synchronous<NonNullable<BatchOptions['onProgress']>>().optional().register(optionDocs, {
    allowed: 'a function that is not async',
    meaning: 'Told after each item.',
  }),
  signal: z.instanceof(AbortSignal).optional().register(optionDocs, {
    allowed: 'an AbortSignal',
    meaning: 'Ends the wait.',
  }),
});

/** Does the work for all items, in order, so many at a time. The work never rejects. */
export async function allAtMost<T>(
  concurrency: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const slots = bulkhead(concurrency, Number.POSITIVE_INFINITY);
  await Promise.all(items.map((item) => slots.execute(() => work(item))));
}

export function rejected(reason: unknown): { readonly status: 'rejected'; readonly error: Error } {
  return { status: 'rejected', error: reason instanceof Error ? reason : new Error('Rejected.', { cause: reason }) };
}

/** Counts items that are settled; what the listener throws is reported and changes nothing. */
export function progressOf(
  total: number,
  onProgress: BatchOptions['onProgress'],
  report: (error: unknown) => void,
): () => void {
  let done = 0;
  return () => {
    done += 1;
    try {
      onProgress?.({ done, total });
    } catch (error) {
      report(cascadeFunctionThrew('onProgress', error));
    }
  };
}
