import type { CacheParts } from '../cache-parts.ts';
import { progressFailed, type AICacheError } from '../errors.ts';

/** How far a warming has come. */
export interface WarmProgress {
  /** Items that are stored, skipped or failed. */
  readonly done: number;
  /** Absent where the items are no array, so that nobody knows how many come. */
  readonly total?: number;
}

/** An item that could not be warmed. */
export interface WarmFailure {
  /** Its place among the items, from 0. */
  readonly index: number;
  /**
   * `invalid`: see `error`. For a given answer also as `set` says it. For a request that was run: why its answer was not stored or the
   * request went past the cache, as the middleware says it; `not-cached`: no middleware of this cache has seen it; `timeout`: no answer
   * within ten minutes.
   */
  readonly reason: string;
  readonly error?: AICacheError;
  /** HTTP status of the app's answer. */
  readonly status?: number;
}

export interface WarmResult {
  readonly stored: number;
  /** A fresh entry was there. */
  readonly skipped: number;
  readonly failed: number;
  /** Why, for the first 100 that failed, in their order. */
  readonly failures: readonly WarmFailure[];
}

/** What became of one item. */
export type Warmed = 'stored' | 'skipped' | Omit<WarmFailure, 'index'>;

const MAX_FAILURES = 100;

/** Counts what became of the items of one call, and tells its progress. */
export class WarmCount {
  readonly #counts = { stored: 0, skipped: 0, failed: 0 };
  readonly #failures: WarmFailure[] = [];
  readonly #total: { readonly total?: number };
  readonly #onProgress: ((progress: WarmProgress) => unknown) | undefined;
  readonly #report: CacheParts['report'];
  #isReported = false;

  constructor(
    total: number | undefined,
    onProgress: ((progress: WarmProgress) => unknown) | undefined,
    report: CacheParts['report'],
  ) {
    this.#total = total === undefined ? {} : { total };
    this.#onProgress = onProgress;
    this.#report = report;
  }

  add(index: number, warmed: Warmed): void {
    if (typeof warmed === 'string') {
      this.#counts[warmed] += 1;
    } else {
      this.#counts.failed += 1;
      if (this.#failures.length < MAX_FAILURES) this.#failures.push({ index, ...warmed });
    }
    void this.#tell();
  }

  result(): WarmResult {
    return { ...this.#counts, failures: this.#failures.toSorted((a, b) => a.index - b.index) };
  }

  async #tell(): Promise<void> {
    const { stored, skipped, failed } = this.#counts;
    try {
      // One that is async may reject.
      await this.#onProgress?.({ done: stored + skipped + failed, ...this.#total });
    } catch (error) {
      if (!this.#isReported) this.#report(progressFailed(error));
      this.#isReported = true;
    }
  }
}
