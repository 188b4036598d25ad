import type { CacheParts } from '../cache-parts.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { makeEntry } from '../exchange/make-entry.ts';
import { flightOf } from '../exchange/generation.ts';
import { storeEntry } from '../exchange/store-entry.ts';
import type { BodyVerdict } from '../exchange/verdict.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { copyOf } from '../request/copy-request.ts';
import { modelOf } from '../request/labels.ts';
import type { Result } from '../telemetry/outcome.ts';
import type { TierName } from '../tiers/tier.ts';
import type { Found } from '../tiers/tiered-store.ts';
import type { CachedResponse } from './cached-response.ts';
import { begin, decoded, type Readable, type SetResult } from './direct.ts';
import { report, type Direct } from './report.ts';
import type { WholeResponse } from './given-response.ts';

/** Who may answer a question. */
export interface Answerer {
  readonly provider: string;
  readonly model: string;
}

/** A request that any of several may have answered, the first of them before the others: one request to those who count. */
export class Question {
  readonly first: Direct;
  readonly #others: readonly Answerer[];
  #alternatives: readonly Direct[] | undefined;

  /** Throws AICacheError INVALID_REQUEST or UNKEYABLE, naming the field. */
  constructor(parts: CacheParts, request: AIRequest, [first, ...others]: readonly Answerer[]) {
    const begun = begin(parts, { ...request, ...first });
    // What is asked later must be what the key was made from, whatever the caller does with its request meanwhile.
    this.first = { ...begun, request: copyOf(begun.request) };
    this.#others = others;
  }

  /** All of them, in order. Their keys are made when somebody needs them: often the first has the answer. */
  get alternatives(): readonly Direct[] {
    const { parts, request } = this.first;
    this.#alternatives ??= [this.first, ...this.#others.map((other) => begin(parts, { ...request, ...other }))];
    return this.#alternatives;
  }

  /** One of them: the first without a key for any other. */
  at(place: number): Direct {
    return place === 0 ? this.first : (this.alternatives[place] as Direct);
  }

  /** Questions with equal names that are asked at a time can share an answer. */
  get flight(): string {
    return this.alternatives.map(flightOf).join();
  }
}

/** Where the answer is stored. */
export interface Located extends Readable {
  /** Which of the alternatives. */
  readonly place: number;
}

/** The fresh answers that memory has to the first alternatives, at once: nobody else is asked. */
export function lookUpHere(
  parts: CacheParts,
  questions: readonly Question[],
  isGood: IsGood,
): Promise<(Located | undefined)[]> {
  return Promise.all(questions.map(({ first }) => locate(parts, [parts.store.peek(first.key)], isGood, 'fresh')));
}

/**
 * The first answer to each question that `isGood` takes: all are looked up in one round trip.
 *
 * @param allowed `on-error`: one that is stale too, where it may be served in place of an error.
 */
export async function lookUp(
  parts: CacheParts,
  questions: readonly Question[],
  isGood: IsGood,
  allowed: 'fresh' | 'on-error' = 'fresh',
): Promise<(Located | undefined)[]> {
  const found = await parts.store.lookupMany(
    questions.flatMap(({ alternatives }) => alternatives.map(({ key }) => key)),
  );
  let next = 0;
  return Promise.all(
    questions.map(({ alternatives }) => {
      const own = found.slice(next, (next += alternatives.length));
      return locate(parts, own, isGood, allowed);
    }),
  );
}

/** Is this an answer that can be used? */
export type IsGood = (response: CachedResponse) => boolean;

/** `found`: of the alternatives, in their order. */
async function locate(
  { clock }: CacheParts,
  found: readonly (Found | undefined)[],
  isGood: IsGood,
  allowed: 'fresh' | 'on-error',
): Promise<Located | undefined> {
  const read = await Promise.all(found.map((one) => decoded(one, allowed === 'on-error')));
  const now = clock.now();
  const mayServe = ({ state, entry }: Readable): boolean => state === 'fresh' || now < (entry.errorUntil ?? 0);
  const place = read.findIndex((one) => one !== undefined && mayServe(one) && isGood(one.response));
  const located = read[place];
  return located && { ...located, place };
}

/** Where an answer came from, as far as somebody counts it. */
interface From {
  readonly place: number;
  readonly entry: Entry;
  readonly tier?: TierName;
}

/** Counts one question, once. */
export function reportAnswered(question: Question, result: 'hit' | 'stale' | 'coalesced', from: From): void;
export function reportAnswered(question: Question, result: 'miss' | 'bypass' | 'error', from?: From): void;
export function reportAnswered(question: Question, result: Result, from?: From): void {
  const direct = question.at(from?.place ?? 0);
  const isServed = result === 'hit' || result === 'stale' || result === 'coalesced';
  report(direct, { result, ...(isServed ? from : {}), ...(result === 'bypass' ? { bypass: 'disabled' } : {}) });
}

/** Counts the hit there would have been. */
export function reportShadowHit(question: Question, { place, entry, tier }: Located): void {
  report(question.at(place), { result: 'hit', entry, tier, mode: 'shadow' });
}

/** An answer that is whole, and what it says of itself. */
export interface Judged {
  readonly response: WholeResponse;
  readonly verdict: BodyVerdict;
}

export interface Making {
  /** Where the invalidation log stood before anybody was asked: what was invalidated since then does not come back. */
  readonly position: LogPosition;
  readonly ttlSeconds?: number | undefined;
  readonly tags?: readonly string[];
}

export interface Made {
  readonly entry: Entry;
  /** Stores it, or not, by the verdict. */
  store(): Promise<SetResult>;
}

/** Runs what makes the answer of one alternative, as a fill that telemetry sees; rejects with what it rejects with. */
export async function make(
  { parts, request, key }: Direct,
  work: () => Promise<Judged>,
  { position, ttlSeconds, tags }: Making,
): Promise<Made> {
  const span = parts.tracing.startFill({ reason: 'miss', ...modelOf(request) });
  const startedAt = parts.clock.monotonic();
  parts.observe({ type: 'fill-started' });
  const ended = (failure: { errorType?: string }): void => {
    const durationMs = parts.clock.monotonic() - startedAt;
    span.end({ ...failure, ...modelOf(request) });
    parts.observe({ type: 'fill-ended', reason: 'miss', durationMs, ...failure, ...modelOf(request) });
  };
  parts.prices.warm();
  let judged: Judged;
  try {
    judged = await span.run(work);
  } catch (error) {
    ended({ errorType: error instanceof Error ? error.name : 'unknown' });
    throw error;
  }
  ended({});
  const { refusal, usage, model } = judged.verdict;
  const fillMs = parts.clock.monotonic() - startedAt;
  const remarks = { contextSeconds: ttlSeconds, tags, usage, answeredBy: model, fillMs, position };
  const entry = makeEntry({ parts, request, key }, judged.response, remarks);
  return {
    entry,
    store: async () => {
      const put = span.startPut();
      const result = refusal === undefined ? await storeEntry(parts, key, entry) : undefined;
      put.end(result ?? { stored: false, notStored: refusal?.reason ?? 'no-tier' });
      if (refusal !== undefined) return { stored: false, reason: refusal.reason };
      return result?.stored === true ? { stored: true } : { stored: false, reason: 'no-tier' };
    },
  };
}
