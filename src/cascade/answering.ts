import { lookUp, lookUpHere, type IsGood, type Located, type Question } from '../direct/question.ts';
import { cachedResponseOf, type CachedResponse } from '../direct/cached-response.ts';
import { cascadeFunctionThrew, CascadeError } from '../errors.ts';
import { whyDisabled } from '../request/bypass.ts';
import type { Answered, Withheld } from './answered.ts';
import { CascadeRun, type Accept, type CascadeParts } from './cascade-run.ts';
import type { ProviderRequest } from './options.ts';
import { SharedRuns } from './shared-runs.ts';

/** `off`: nothing is looked up or stored; `shadow`: what is stored is counted and not served. */
export type CacheUse = 'serve' | 'shadow' | 'off';

export interface Asking {
  readonly use: CacheUse;
  readonly accept?: Accept | undefined;
  /** Ends this caller's wait alone. */
  readonly signal?: AbortSignal | undefined;
}

/** A stored answer; the response is for one caller alone. */
export interface Found extends Answered {
  readonly response: CachedResponse;
}

/** The stored answers to questions, in their order. */
type Stored = Promise<(Found | undefined)[]>;

/** Answers questions: with what is stored, with what an equal one is being answered, or with what the providers say. */
export class Answering {
  readonly #cascade: CascadeParts;
  readonly #runs = new SharedRuns<Answered>();

  constructor(cascade: CascadeParts) {
    this.#cascade = cascade;
  }

  /** How the cache may be used now. */
  use(): CacheUse {
    const { config, report } = this.#cascade.parts;
    const disabled = whyDisabled(config);
    if (disabled?.error !== undefined) report(disabled.error);
    return disabled === undefined ? config.mode : 'off';
  }

  /** What memory has of the first provider: nobody else is asked. */
  async storedHere(questions: readonly Question[], { use, accept }: Asking): Stored {
    if (use !== 'serve') return questions.map(() => undefined);
    const found = await lookUpHere(this.#cascade.parts, questions, this.#isGood(accept));
    return found.map((one, place) => one && foundOf(questions[place] as Question, one));
  }

  /** In one round trip. Whatever memory has of the first provider is not asked for elsewhere. */
  async stored(questions: readonly Question[], asking: Asking): Stored {
    const here = await this.storedHere(questions, asking);
    if (asking.use !== 'serve') return here;
    const open = questions.filter((_, place) => here[place] === undefined);
    const found = await lookUp(this.#cascade.parts, open, this.#isGood(asking.accept));
    const others = found.map((one, place) => one && foundOf(open[place] as Question, one)).values();
    return here.map((one) => one ?? others.next().value);
  }

  /**
   * Rejects with CascadeError, or with the reason of `signal`.
   *
   * @param find Looks whether it is stored by now.
   */
  async answer(
    question: Question,
    asking: Asking,
    find: 'stored' | 'storedHere',
  ): Promise<{ readonly value: Answered; readonly isShared: boolean }> {
    const { use, accept, signal } = asking;
    if (use !== 'serve')
      return this.#runs.join(Symbol(use), (left) => this.#pastTheCache(question, asking, left), signal);
    const start = async (left: AbortSignal): Promise<Answered> => {
      const [found] = await this[find]([question], asking);
      return found ?? this.#ask(question, asking, left);
    };
    // Who takes every answer does not fail because another one takes none.
    const name = accept === undefined ? question.flight : `${question.flight} accepted`;
    const { value, isShared } = await this.#runs.join(name, start, signal);
    // Another caller has accepted it, by rules of its own.
    const isGood =
      !isShared || accept === undefined || this.#isGood(accept)(await cachedResponseOf(value.entry, value));
    return isGood ? { value, isShared } : this.answer(question, asking, find);
  }

  async #ask(question: Question, { accept }: Asking, signal: AbortSignal): Promise<Answered> {
    try {
      return await new CascadeRun(this.#cascade, question, { accept: accept ?? takesAll, signal }).answer();
    } catch (error) {
      if (!(error instanceof CascadeError) || !isOutage(error)) throw error;
      const [stale] = await lookUp(this.#cascade.parts, [question], this.#isGood(accept), 'on-error');
      if (stale === undefined) throw error;
      return { ...foundOf(question, stale), failures: error.failures };
    }
  }

  /** The providers always answer. */
  async #pastTheCache(question: Question, { use, accept }: Asking, signal: AbortSignal): Promise<Answered> {
    const { parts } = this.#cascade;
    const [shadow] = use === 'shadow' ? await lookUp(parts, [question], this.#isGood(accept)) : [];
    const withheld: Withheld | undefined = use === 'off' ? 'disabled' : shadow && 'shadow';
    const answered = await new CascadeRun(this.#cascade, question, {
      accept: accept ?? takesAll,
      signal,
      withheld,
    }).answer();
    return shadow === undefined ? answered : { ...answered, shadow };
  }

  /** For what is stored: where `accept` fails it is not served. */
  #isGood(accept: Accept | undefined): IsGood {
    return (response) => {
      try {
        return accept === undefined || accept(response) === true;
      } catch (error) {
        this.#cascade.parts.report(cascadeFunctionThrew('accept', error));
        return false;
      }
    };
  }
}

const takesAll: Accept = () => true;

/** A stale answer may stand in where one of them failed for a reason of the moment (RFC 5861 §4), not where all of them say no. */
function isOutage({ code, failures }: CascadeError): boolean {
  const ofTheMoment = failures.filter(({ status }) => status === undefined || status === 429 || status >= 500);
  return code === 'CASCADE_FAILED' && ofTheMoment.length > 0;
}

function foundOf(question: Question, { entry, state, tier, place, response }: Located): Found {
  const { request } = question.at(place);
  return { entry, state, tier, place, response, request: request as ProviderRequest, failures: [] };
}
