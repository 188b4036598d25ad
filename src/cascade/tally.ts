import type { ProviderLine } from './provider-line.ts';

/** `half-open`: one request tries the provider out. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Since the cascade was made, in this process. */
export interface CascadeStats {
  /** Every `complete`, and every item of a batch. */
  readonly requests: number;
  readonly hits: number;
  /** Answered by a call. */
  readonly misses: number;
  /** No provider answered; a stale answer stood in. */
  readonly stale: number;
  /** Waited for an equal request. */
  readonly coalesced: number;
  /** No provider answered, and nothing stood in. */
  readonly failed: number;
  /** Of all answers, cached ones too: those that were not the first provider's. */
  readonly fallbacks: number;
  readonly providers: readonly ProviderStats[];
}

export interface ProviderStats {
  readonly provider: string;
  /** `*`: follows the request. */
  readonly model: string;
  readonly circuit: CircuitState;
  readonly hits: number;
  /** Attempts, retries included. */
  readonly calls: number;
  readonly answers: number;
  /** How often it was its turn and it gave no answer, left out by its circuit or not. */
  readonly failures: number;
}

type Own = { -readonly [Name in 'hits' | 'calls' | 'answers' | 'failures']: ProviderStats[Name] };

/** Counts what becomes of requests and what each provider does. */
export class CascadeTally {
  readonly #lines: readonly ProviderLine[];
  readonly #own: readonly Own[];
  readonly #results = { hits: 0, misses: 0, stale: 0, coalesced: 0, failed: 0 };
  #fallbacks = 0;

  constructor(lines: readonly ProviderLine[]) {
    this.#lines = lines;
    this.#own = lines.map(() => ({ hits: 0, calls: 0, answers: 0, failures: 0 }));
  }

  /** `place`: of the provider. */
  provider(place: number, what: keyof Own): void {
    const own = this.#own[place];
    if (own !== undefined) own[what] += 1;
  }

  answered(result: 'hits' | 'misses' | 'stale' | 'coalesced', place: number): void {
    this.#results[result] += 1;
    if (result === 'hits') this.provider(place, 'hits');
    if (place > 0) this.#fallbacks += 1;
  }

  failed(): void {
    this.#results.failed += 1;
  }

  stats(): CascadeStats {
    const { hits, misses, stale, coalesced, failed } = this.#results;
    return {
      requests: hits + misses + stale + coalesced + failed,
      ...this.#results,
      fallbacks: this.#fallbacks,
      providers: this.#lines.map(({ provider, model, circuit }, place) => ({
        provider,
        model,
        circuit,
        ...(this.#own[place] as Own),
      })),
    };
  }
}
