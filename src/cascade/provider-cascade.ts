import { partsOf, type AIResponseCache } from '../ai-response-cache.ts';
import type { Direct } from '../direct/direct.ts';
import { lookUp, lookUpHere, Question, reportAnswered, type IsGood, type Located } from '../direct/question.ts';
import { cacheClosed, CascadeError, invalidRequestField, cascadeFunctionThrew } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { checkRequest } from '../request/check-request.ts';
import { resultOf, type Answered, type CascadeResult } from './answered.ts';
import { allAtMost, batchOptions, progressOf, rejected, type BatchItem, type BatchOptions } from './batch.ts';
import { CascadeRun, type Accept, type CascadeParts } from './cascade-run.ts';
import { parseCascadeOptions, parsedWith, type ProviderCascadeOptions, type ProviderRequest } from './options.ts';
import { ProviderLine } from './provider-line.ts';
import { SharedRuns } from './shared-runs.ts';
import { CascadeTally, type CascadeStats } from './tally.ts';

export interface CompleteOptions {
  /** Ends this caller's wait, with its reason. The call to the provider is aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Can this answer be used? One that cannot is not stored and not served, and the next provider is asked. Default: every one can. */
  readonly accept?: Accept | undefined;
}

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
  readonly #runs = new SharedRuns<Answered>();

  constructor(options: ProviderCascadeOptions) {
    const config = parseCascadeOptions(options);
    const lines = config.providers.map((provider) => new ProviderLine(provider, config));
    this.cache = config.cache;
    this.#cascade = { parts: partsOf(config.cache), config, lines, tally: new CascadeTally(lines) };
  }

  /**
   * The stored answer of the first provider that has one, else the answer of the first that gives one, stored under its name and model.
   * Equal requests at a time share it. `provider` and `model` of the request are replaced by each provider's own.
   *
   * Rejects with CascadeError CASCADE_FAILED if no provider answers and CASCADE_REFUSED if one says that the request is wrong; with
   * AICacheError INVALID_REQUEST or UNKEYABLE naming the field; with the reason of `signal`. Nothing is stored then. Redis being away
   * is no failure.
   */
  async complete(request: AIRequest, { signal, accept }: CompleteOptions = {}): Promise<CascadeResult> {
    const question = this.#questionOf(request);
    const asking = { accept, signal };
    const isGood = this.#isGood(accept);
    const { parts } = this.#cascade;
    signal?.throwIfAborted();
    const [here] = await lookUpHere(parts, [question], isGood);
    if (here !== undefined) return this.#hit(question, here);
    const find = async (): Promise<Located | undefined> => (await lookUp(parts, [question], isGood))[0];
    try {
      const { value, isShared } = await this.#share(question, find, asking);
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
    { accept, ...options }: BatchOptions & Pick<CompleteOptions, 'accept'> = {},
  ): Promise<BatchItem[]> {
    const { concurrency, onProgress, signal } = parsedWith(batchOptions, options);
    if (!Array.isArray(requests)) throw invalidRequestField('requests', 'an array');
    const results: BatchItem[] = Array.from(requests, () => rejected(undefined));
    const settled = progressOf(requests.length, onProgress, this.#cascade.parts.report);
    const settle = (item: number, result: BatchItem): void => {
      results[item] = result;
      settled();
    };
    const asked = this.#askedIn(requests, (item, error) => settle(item, rejected(error)));
    const isOver = signal?.aborted === true;
    const found = isOver ? [] : await this.#lookUp(asked, this.#isGood(accept));
    const hits = asked.filter((_, place) => found[place] !== undefined);
    const misses = asked.filter((_, place) => found[place] === undefined);
    const located = found.filter((one) => one !== undefined);
    await Promise.all(
      hits.map((one, place) => this.#settleItems(one, hitOf(one.question, located[place] as Located), false, settle)),
    );
    await allAtMost(concurrency, misses, async (one) => {
      try {
        const { value, isShared } = await this.#share(one.question, async () => undefined, { accept, signal });
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

  /** Whatever memory has of the first provider is not asked for elsewhere. */
  async #lookUp(asked: readonly Asked[], isGood: IsGood): Promise<(Located | undefined)[]> {
    const { parts } = this.#cascade;
    const questions = asked.map(({ question }) => question);
    const here = await lookUpHere(parts, questions, isGood);
    const open = questions.filter((_, place) => here[place] === undefined);
    const others = (await lookUp(parts, open, isGood)).values();
    return here.map((one) => one ?? others.next().value);
  }

  /** For what is stored: where `accept` fails it is not served. */
  #isGood(accept: Accept | undefined): IsGood {
    return (response) => {
      try {
        return accept === undefined || accept(response);
      } catch (error) {
        this.#cascade.parts.report(cascadeFunctionThrew('accept', error));
        return false;
      }
    };
  }

  #hit(question: Question, located: Located): Promise<CascadeResult> {
    const value = hitOf(question, located);
    this.#count(question, value, false);
    return resultOf(value, false, located.response);
  }

  #share(
    question: Question,
    find: () => Promise<Located | undefined>,
    { accept = () => true, signal }: CompleteOptions,
  ): Promise<{ readonly value: Answered; readonly isShared: boolean }> {
    const start = async (abandoned: AbortSignal): Promise<Answered> => {
      const located = await find();
      if (located !== undefined) return hitOf(question, located);
      return new CascadeRun(this.#cascade, question, accept, abandoned).answer();
    };
    return this.#runs.join(question.flight, start, signal);
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

  /** The cache itself has counted its hits. */
  #count(question: Question, value: Answered, isCoalesced: boolean): void {
    const isHit = value.tier !== undefined;
    if (isCoalesced) reportAnswered(question, 'coalesced', value);
    else if (!isHit) reportAnswered(question, 'miss', value);
    this.#cascade.tally.answered(isCoalesced ? 'coalesced' : isHit ? 'hits' : 'misses', value.place);
  }

  /** One that left of its own accord has not failed. */
  #countFailure(question: Question, error: unknown): void {
    if (!(error instanceof CascadeError)) return;
    reportAnswered(question, 'error');
    this.#cascade.tally.failed();
  }
}

function hitOf(question: Question, { entry, tier, place }: Located): Answered {
  const { request } = place === 0 ? question.first : (question.alternatives[place] as Direct);
  return { entry, tier, place, request: request as ProviderRequest, failures: [] };
}
