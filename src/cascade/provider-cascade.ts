import { z } from 'zod';
import { partsOf, type AIResponseCache } from '../ai-response-cache.ts';
import { synchronous } from '../config/checks.ts';
import { optionDocs } from '../config/option-docs.ts';
import { Question, reportAnswered, reportShadowHit } from '../direct/question.ts';
import { cacheClosed, CascadeError, invalidRequestField } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { checkRequest } from '../request/check-request.ts';
import { Answering, type Asking } from './answering.ts';
import { resultOf, type Answered, type CascadeResult } from './answered.ts';
import { allAtMost, batchOptions, progressOf, rejected, type BatchItem, type BatchOptions } from './batch.ts';
import type { Accept, CascadeParts } from './cascade-run.ts';
import { parseCascadeOptions, parsedWith, type ProviderCascadeOptions } from './options.ts';
import { ProviderLine } from './provider-line.ts';
import { CascadeTally, type CascadeStats } from './tally.ts';

export interface CompleteOptions {
  /** Ends this caller's wait, with its reason. The call to the provider is aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Can this answer be used? One that cannot is not stored and not served, and the next provider is asked. Default: every one can. */
  readonly accept?: Accept | undefined;
}

const completeOptions = z.strictObject({
  signal: batchOptions.shape.signal,
  accept: synchronous<Accept>().optional().register(optionDocs, {
    allowed: 'a function that is not async',
    meaning: 'Can this answer be used?',
  }),
}) satisfies z.ZodType<unknown, CompleteOptions>;
const completeBatchOptions = batchOptions.extend(completeOptions.shape);

/** A question of a batch, and the items that ask it. */
interface Asked {
  readonly question: Question;
  readonly items: number[];
}

/**
 * Several providers behind one cache, asked in order: what any of them has answered before is served, else the first that answers.
 *
 * @throws AICacheError INVALID_OPTION or UNKNOWN_OPTION, naming the option, its value and what is allowed.
 */
export class ProviderCascade {
  /** The cache it was given. */
  readonly cache: AIResponseCache;
  readonly #cascade: CascadeParts;
  readonly #answering: Answering;

  constructor(options: ProviderCascadeOptions) {
    const config = parseCascadeOptions(options);
    const lines = config.providers.map((provider) => new ProviderLine(provider, config));
    this.cache = config.cache;
    this.#cascade = { parts: partsOf(config.cache), config, lines, tally: new CascadeTally(lines) };
    this.#answering = new Answering(this.#cascade);
  }

  /**
   * The stored answer of the first provider that has one, else the answer of the first that gives one, stored under its name and model.
   * Equal requests at a time share it. `provider` and `model` of the request are replaced by each provider's own.
   *
   * Rejects with CascadeError CASCADE_FAILED if no provider answers and CASCADE_REFUSED if one says that the request is wrong; with
   * AICacheError INVALID_REQUEST or UNKEYABLE naming the field; with the reason of `signal`. Nothing is stored then. Redis being away
   * is no failure.
   */
  async complete(request: AIRequest, options: CompleteOptions = {}): Promise<CascadeResult> {
    const { accept, signal } = parsedWith(completeOptions, options);
    const question = this.#questionOf(request);
    signal?.throwIfAborted();
    const asking: Asking = { use: this.#answering.use(), accept, signal };
    const [here] = await this.#answering.storedHere([question], asking);
    if (here !== undefined) {
      this.#count(question, here, false);
      return resultOf(here, false, here.response);
    }
    try {
      const { value, isShared } = await this.#answering.answer(question, asking, 'stored');
      this.#count(question, value, isShared);
      return await resultOf(value, isShared);
    } catch (error) {
      this.#countFailure(question, error);
      throw error;
    }
  }

  /**
   * Completes all of them: one look-up for all items and providers, then the misses, so many at a time, equal ones once. Resolves in the
   * order of the requests, with what became of each; an item that fails fails alone.
   *
   * @throws AICacheError INVALID_OPTION or UNKNOWN_OPTION; INVALID_REQUEST where `requests` is no array.
   */
  async completeBatch(
    requests: readonly AIRequest[],
    options: BatchOptions & Pick<CompleteOptions, 'accept'> = {},
  ): Promise<BatchItem[]> {
    const { concurrency, onProgress, signal, accept } = parsedWith(completeBatchOptions, options);
    if (!Array.isArray(requests)) throw invalidRequestField('requests', 'an array');
    const results: BatchItem[] = Array.from(requests, () => rejected(undefined));
    const settled = progressOf(requests.length, onProgress, this.#cascade.parts.report);
    const settle = (item: number, result: BatchItem): void => {
      results[item] = result;
      settled();
    };
    const asked = this.#askedIn(requests, (item, error) => settle(item, rejected(error)));
    const asking: Asking = { use: this.#answering.use(), accept, signal };
    const questions = signal?.aborted === true ? [] : asked.map(({ question }) => question);
    const found = await this.#answering.stored(questions, asking);
    const hits = asked.flatMap((one, place) => {
      const value = found[place];
      return value === undefined ? [] : this.#settleItems(one, value, false, settle);
    });
    await Promise.all(hits);
    const misses = asked.filter((_, place) => found[place] === undefined);
    await allAtMost(concurrency, misses, async (one) => {
      try {
        // While it waited for its turn an equal request may have been answered.
        const { value, isShared } = await this.#answering.answer(one.question, asking, 'storedHere');
        await this.#settleItems(one, value, isShared, settle);
      } catch (error) {
        this.#countFailure(one.question, error);
        for (const item of one.items) settle(item, rejected(error));
      }
    });
    return results;
  }

  /** Counts of this process, and how each provider's circuit is. */
  stats(): CascadeStats {
    return this.#cascade.tally.stats();
  }

  #questionOf(request: AIRequest): Question {
    const { parts, lines } = this.#cascade;
    if (parts.closing.signal.aborted) throw cacheClosed();
    checkRequest(request);
    return new Question(
      parts,
      request,
      lines.map((line) => line.answererOf(request)),
    );
  }

  /** Equal items are one; `onInvalid` is told of those that are no requests. */
  #askedIn(requests: readonly AIRequest[], onInvalid: (item: number, error: unknown) => void): Asked[] {
    const asked = new Map<string, Asked>();
    for (const [item, request] of requests.entries()) {
      try {
        const question = this.#questionOf(request);
        const equal = asked.get(question.flight);
        if (equal === undefined) asked.set(question.flight, { question, items: [item] });
        else equal.items.push(item);
      } catch (error) {
        onInvalid(item, error);
      }
    }
    return [...asked.values()];
  }

  /** The first item of equal ones has asked, the others have waited for it. */
  async #settleItems(
    { question, items }: Asked,
    value: Answered,
    isShared: boolean,
    settle: (item: number, result: BatchItem) => void,
  ): Promise<void> {
    await Promise.all(
      items.map(async (item, place) => {
        const isCoalesced = isShared || place > 0;
        this.#count(question, value, isCoalesced);
        settle(item, { status: 'fulfilled', ...(await resultOf(value, isCoalesced)) });
      }),
    );
  }

  #count(question: Question, value: Answered, isCoalesced: boolean): void {
    const { tier, state, shadow, notStored, place } = value;
    const stored = state === 'fresh' ? 'hit' : 'stale';
    if (isCoalesced) reportAnswered(question, 'coalesced', value);
    else if (tier !== undefined) reportAnswered(question, stored, value);
    else if (shadow !== undefined) reportShadowHit(question, shadow);
    else reportAnswered(question, notStored === 'disabled' ? 'bypass' : 'miss', value);
    const own = tier === undefined ? 'misses' : stored === 'hit' ? 'hits' : 'stale';
    this.#cascade.tally.answered(isCoalesced ? 'coalesced' : own, place);
  }

  /** One that left of its own accord has not failed. */
  #countFailure(question: Question, error: unknown): void {
    if (!(error instanceof CascadeError)) return;
    reportAnswered(question, 'error');
    this.#cascade.tally.failed();
  }
}
