import type { Usage } from '../entry/entry.ts';
import { inTurns, type Sliced } from '../in-turns.ts';
import type { Flaw } from './answer/answer-facts.ts';
import { formOf, readAnswer } from './answer/read-answer.ts';

export interface Completeness {
  /** Why the answer is not whole and good; absent where it is. `no-terminal-event`: a stream that ended without the event its kind ends with, or JSON that is cut. */
  readonly reason?: Flaw | 'no-terminal-event';
  /** Tokens it says it used. */
  readonly usage?: Usage;
  /** The model it says made it. */
  readonly model?: string;
}

/**
 * Did this answer end as its kind must (DESIGN D3)? OpenAI chat, Mistral, DeepSeek: `[DONE]` or a finish reason for every choice;
 * Anthropic: `message_stop`; OpenAI Responses: `response.completed`; other event streams: `[DONE]`, or what `isComplete` says.
 *
 * For a large answer by a promise, so that others are served meanwhile. What `isComplete` throws is thrown, or rejects.
 */
export function completenessInTurns(
  contentType: string | undefined,
  identity: Buffer,
  isComplete?: () => boolean,
): Completeness | Promise<Completeness> {
  return inTurns(completenessSlices(contentType, identity, isComplete));
}

function* completenessSlices(
  contentType: string | undefined,
  identity: Buffer,
  isComplete: (() => boolean) | undefined,
): Sliced<Completeness> {
  const form = formOf(contentType);
  if (form === 'other') return isComplete === undefined || isComplete() ? {} : { reason: 'no-terminal-event' };
  const { flaw, isKnown, isEnded, usage, model } = yield* readAnswer(form, identity);
  const counted = { ...(usage === undefined ? {} : { usage }), ...(model === undefined ? {} : { model }) };
  if (flaw !== undefined) return { reason: flaw, ...counted };
  const mustEnd = form !== 'json' || isKnown;
  const isWhole = isComplete === undefined ? isEnded || !mustEnd : isComplete();
  return isWhole ? counted : { reason: 'no-terminal-event', ...counted };
}
