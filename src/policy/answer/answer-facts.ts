import type { Usage } from '../../entry/entry.ts';

/** Why a provider's answer that arrived whole is no good one (DESIGN D3). */
export type Flaw = 'in-band-error' | 'finish-length' | 'content-filter' | 'refusal' | 'empty';

/** What an answer says of itself. */
export interface AnswerFacts {
  /** It has the shape of a provider's answer, so that it must end as that shape does. */
  readonly isKnown: boolean;
  /** It has its terminal event, or the field that says it is finished. */
  readonly isEnded: boolean;
  readonly flaw?: Flaw;
  /** As the provider counted, where it did. */
  readonly usage?: Usage;
  /** The model that made it, where it says so: an alias in the request has its own name here. */
  readonly model?: string;
}

/** Gathers the facts of one answer, from one JSON document or from the events of a stream. */
export class FactGatherer {
  isKnown = false;
  isEnded = false;
  /** `[DONE]` came. */
  isDone = false;
  hasContent = false;
  #flaw: Flaw | undefined;
  #inputTokens: number | undefined;
  #outputTokens: number | undefined;
  #cacheReadTokens: number | undefined;
  #cacheWriteTokens: number | undefined;
  #model: string | undefined;

  /** The first flaw counts. */
  flaw(flaw: Flaw): void {
    this.#flaw ??= flaw;
  }

  /** Later counts replace earlier ones: streams repeat them as they grow. */
  usage(inputTokens: unknown, outputTokens: unknown): void {
    if (isCount(inputTokens)) this.#inputTokens = inputTokens;
    if (isCount(outputTokens)) this.#outputTokens = outputTokens;
  }

  /** Of the input tokens: those that the provider read from its prompt cache, and those it wrote to it. */
  cached(readTokens: unknown, writtenTokens?: unknown): void {
    if (isCount(readTokens) && readTokens > 0) this.#cacheReadTokens = readTokens;
    if (isCount(writtenTokens) && writtenTokens > 0) this.#cacheWriteTokens = writtenTokens;
  }

  model(name: unknown): void {
    if (isText(name)) this.#model = name;
  }

  facts(): AnswerFacts {
    const isEnded = this.isEnded || this.isDone;
    const isEmpty = this.isKnown && isEnded && !this.hasContent;
    const flaw = this.#flaw ?? (isEmpty ? 'empty' : undefined);
    const usage = this.#usage();
    return {
      isKnown: this.isKnown,
      isEnded,
      ...(flaw === undefined ? {} : { flaw }),
      ...(usage === undefined ? {} : { usage }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
    };
  }

  #usage(): Usage | undefined {
    if (this.#inputTokens === undefined && this.#outputTokens === undefined) return undefined;
    return {
      inputTokens: this.#inputTokens ?? 0,
      outputTokens: this.#outputTokens ?? 0,
      ...(this.#cacheReadTokens === undefined ? {} : { cacheReadTokens: this.#cacheReadTokens }),
      ...(this.#cacheWriteTokens === undefined ? {} : { cacheWriteTokens: this.#cacheWriteTokens }),
    };
  }
}

/** A JSON object of unknown members. */
export type Members = Readonly<Record<string, unknown>>;

export function membersOf(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

/** The objects in a list; none where it is no list. */
export function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf).filter((one) => one !== undefined) : [];
}

/** The members of answers of which every item is read: an outline of a large answer has them whole. */
const LIST_NAMES = ['choices', 'output', 'content'] as const;
export const LISTS: ReadonlySet<string | number | undefined> = new Set(LIST_NAMES);

/** What readers of answers use in place of `listOf`, so that they find all that they read in an outline too. */
export function listIn(document: Members, name: (typeof LIST_NAMES)[number]): readonly Members[] {
  return listOf(document[name]);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
