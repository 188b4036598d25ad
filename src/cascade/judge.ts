import type { CacheParts } from '../cache-parts.ts';
import { verdictOnGiven } from '../direct/given-verdict.ts';
import { wholeResponseOf } from '../direct/given-response.ts';
import type { Judged } from '../direct/question.ts';
import { notAWholeAnswer } from '../errors.ts';
import { ProviderFault, statusFault } from './provider-fault.ts';

/** Reasons not to store an answer that another attempt may not have; for the others it is what the model says. */
const BROKEN: ReadonlySet<string> = new Set(['in-band-error', 'no-terminal-event', 'unfinished']);

/**
 * Reads what the `call` of a provider gave. An error, be it by its status or in a body with the status 200, and an answer that was cut
 * are failures of the provider; an answer that the cache does not store for another reason, such as a refusal, is still the answer.
 *
 * Rejects with ProviderFault, and AICacheError INVALID_RESPONSE for a value that is no answer.
 */
export async function judged(
  parts: Pick<CacheParts, 'config' | 'clock'>,
  given: unknown,
  ttlSeconds: number | undefined,
): Promise<Judged> {
  const shown = noAnswerIn(given);
  if (shown !== undefined) throw notAWholeAnswer(shown);
  const response = wholeResponseOf(given);
  if (response.status >= 300) {
    throw statusFault(response.status, Object.fromEntries(response.headers), new Error(`HTTP ${response.status}`));
  }
  const verdict = await verdictOnGiven(parts, response, ttlSeconds);
  const reason = verdict.refusal?.reason;
  if (reason !== undefined && BROKEN.has(reason)) {
    throw new ProviderFault('bad-answer', new Error(`The answer is not stored: ${reason}.`), { isRetryable: true });
  }
  return { response, verdict };
}

/** These have a JSON text, which is not what they say. */
function noAnswerIn(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  if (Symbol.asyncIterator in given) return 'a stream';
  if (given instanceof Error) return 'an error, which was to be thrown';
  if (given instanceof Response || given instanceof Promise || given instanceof Blob)
    return `a ${given.constructor.name}`;
  return undefined;
}
