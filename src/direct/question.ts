import type { CacheParts } from '../cache-parts.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { makeEntry } from '../exchange/make-entry.ts';
import { flightOf } from '../exchange/generation.ts';
import { storeEntry } from '../exchange/store-entry.ts';
import type { BodyVerdict } from '../exchange/verdict.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { modelOf } from '../request/labels.ts';
import type { TierName } from '../tiers/tier.ts';
import type { Found } from '../tiers/tiered-store.ts';
import type { CachedResponse } from './cached-response.ts';
import { begin, decoded, report, type Direct, type Readable, type SetResult } from './direct.ts';
import type { WholeResponse } from './given-response.ts';

/** What any of several requests may have the answer to, the first of them before the others: one request to those who count. */
export class Question {
  readonly first: Direct;
  readonly #others: readonly AIRequest[];
  #alternatives: readonly Direct[] | undefined;

  /** Throws AICacheError INVALID_REQUEST or UNKEYABLE, naming the field. */
  constructor(parts: CacheParts, first: AIRequest, others: readonly AIRequest[]) {
    this.first = begin(parts, first);
    this.#others = others;
  }

  /** All of them, in order. Their keys are made when somebody needs them: often the first has the answer. */
  get alternatives(): readonly Direct[] {
    const { parts } = this.first;
    this.#alternatives ??= [this.first, ...this.#others.map((request) => begin(parts, request))];
    return this.#alternatives;
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

/** The answers that memory has to the first alternatives, at once: nobody else is asked. Hits are reported. */
export function lookUpHere(
  parts: CacheParts,
  questions: readonly Question[],
  isGood: IsGood,
): Promise<(Located | undefined)[]> {
  return Promise.all(
    questions.map(async (question) => {
      const here = parts.store.peek(question.first.key);
      return here && locate([question.first], [here], isGood);
    }),
  );
}

/** The first fresh answer to each question that `isGood` takes: all are looked up in one round trip. Hits are reported. */
export async function lookUp(
  parts: CacheParts,
  questions: readonly Question[],
  isGood: IsGood,
): Promise<(Located | undefined)[]> {
  const found = await parts.store.lookupMany(
    questions.flatMap(({ alternatives }) => alternatives.map(({ key }) => key)),
  );
  let next = 0;
  return Promise.all(
    questions.map(({ alternatives }) => {
      const own = found.slice(next, (next += alternatives.length));
      return locate(alternatives, own, isGood);
    }),
  );
}

/** Is this an answer that can be used? */
export type IsGood = (response: CachedResponse) => boolean;

/** `found`: of the alternatives, in their order. */
async function locate(
  alternatives: readonly Direct[],
  found: readonly (Found | undefined)[],
  isGood: IsGood,
): Promise<Located | undefined> {
  const read = await Promise.all(found.map((one) => decoded(one, false)));
  const place = read.findIndex((one) => one !== undefined && isGood(one.response));
  const located = read[place];
  if (located === undefined) return undefined;
  report(alternatives[place] as Direct, { result: 'hit', ...located });
  return { ...located, place };
}

/** Counts a question that was not a hit: its answer was made, was another's, or there was none. */
export function reportAnswered(
  question: Question,
  result: 'miss' | 'coalesced' | 'error',
  from?: { readonly place: number; readonly entry: Entry; readonly tier?: TierName },
): void {
  const direct = from === undefined ? question.first : (question.alternatives[from.place] as Direct);
  report(direct, { result, ...(result === 'coalesced' && from !== undefined ? { entry: from.entry } : {}) });
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
