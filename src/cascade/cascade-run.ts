import type { CacheParts } from '../cache-parts.ts';
import { cachedResponseOf, type CachedResponse } from '../direct/cached-response.ts';
import { make, type Made, type Question } from '../direct/question.ts';
import { cascadeFailed, cascadeRefused, type ProviderFailure } from '../errors.ts';
import type { Answered, NotStored, Withheld } from './answered.ts';
import { judged } from './judge.ts';
import type { CascadeConfig, ProviderRequest } from './options.ts';
import { ProviderFault } from './provider-fault.ts';
import type { ProviderLine } from './provider-line.ts';
import type { CascadeTally } from './tally.ts';

/** On answers that are not the first provider's: `invalidate({ tag: 'fallback' })` takes them all. */
const FALLBACK_TAG = 'fallback';

/** Can this answer be used? One that cannot is not stored, and the next provider is asked. */
export type Accept = (response: CachedResponse) => boolean;

export interface RunOptions {
  readonly accept: Accept;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Why the answer must not be stored. */
  readonly withheld?: Withheld | undefined;
}

export interface CascadeParts {
  readonly parts: CacheParts;
  readonly config: CascadeConfig;
  readonly lines: readonly ProviderLine[];
  readonly tally: CascadeTally;
}

/** One question put to the providers, one after the other. */
export class CascadeRun {
  readonly #cascade: CascadeParts;
  readonly #question: Question;
  readonly #options: RunOptions;
  readonly #position;
  readonly #endsAt: number;
  readonly #failures: ProviderFailure[] = [];
  readonly #causes: unknown[] = [];

  constructor(cascade: CascadeParts, question: Question, options: RunOptions) {
    this.#cascade = cascade;
    this.#question = question;
    this.#options = options;
    this.#position = cascade.parts.invalidation.position();
    this.#endsAt = performance.now() + cascade.config.deadlineMs;
  }

  /** The first answer there is. Rejects with CascadeError. */
  async answer(): Promise<Answered> {
    const { lines, config, tally } = this.#cascade;
    for (const [place, line] of lines.entries()) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one is asked when this one has failed
        return await this.#ask(place, line);
      } catch (error) {
        if (!(error instanceof ProviderFault)) throw error;
        tally.provider(place, 'failures');
        this.#causes.push(error.cause);
        const isRefused = error.status !== undefined && config.stopStatuses.includes(error.status);
        if (isRefused) throw cascadeRefused(this.#failures, this.#causes);
      }
    }
    throw cascadeFailed(this.#failures, this.#causes);
  }

  async #ask(place: number, line: ProviderLine): Promise<Answered> {
    const { parts, tally } = this.#cascade;
    const direct = this.#question.at(place);
    const request = direct.request as ProviderRequest;
    const ttlSeconds = this.#ttlSeconds(place, request);
    let attempts = 0;
    const onAttempt = (): void => {
      attempts += 1;
      tally.provider(place, 'calls');
    };
    const read = (given: unknown) => judged(parts, given, ttlSeconds);
    const work = () => {
      const leftMs = this.#endsAt - performance.now();
      if (leftMs <= 0) throw new ProviderFault('deadline', new Error('The deadline had passed.'));
      return line.ask(request, { signal: this.#options.signal, leftMs, read, onAttempt });
    };
    try {
      const tags = place === 0 ? [] : [FALLBACK_TAG];
      const made = await make(direct, work, { position: this.#position, ttlSeconds, tags });
      await this.#check(made);
      tally.provider(place, 'answers');
      const notStored = await this.#store(made);
      const facts = { entry: made.entry, state: 'fresh', request, place, failures: this.#failures } as const;
      return notStored === undefined ? facts : { ...facts, notStored };
    } catch (error) {
      if (error instanceof ProviderFault) this.#failures.push(failureOf(request, error, attempts));
      throw error;
    }
  }

  /** A fallback's answer lives as long as the policy says, but not longer than the option allows. */
  #ttlSeconds(place: number, request: ProviderRequest): number | undefined {
    const { parts, config } = this.#cascade;
    return place === 0 ? undefined : Math.min(parts.explain(request).ttlSeconds, config.fallbackTtlSeconds);
  }

  /** Resolves to why it was not stored. */
  async #store(made: Made): Promise<NotStored | undefined> {
    const { withheld } = this.#options;
    if (withheld !== undefined) return withheld;
    const result = await made.store();
    return result.stored ? undefined : result.reason;
  }

  async #check({ entry }: Made): Promise<void> {
    const response = await cachedResponseOf(entry, { state: 'fresh' });
    let isGood: boolean;
    try {
      // Were it a promise it would be true.
      isGood = this.#options.accept(response) === true;
    } catch (error) {
      throw new ProviderFault('unusable', error);
    }
    if (!isGood) throw new ProviderFault('unusable', new Error('The answer was not accepted.'));
  }
}

function failureOf({ provider, model }: ProviderRequest, fault: ProviderFault, attempts: number): ProviderFailure {
  const { reason, status } = fault;
  return { provider, model, reason, ...(status === undefined ? {} : { status }), attempts };
}
