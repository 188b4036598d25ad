import { fieldOf } from '../entry/header-fields.ts';
import { completenessInTurns, type Completeness } from '../policy/completeness.ts';
import { isNeverFresh, whyNotStorable, type Refusal } from '../policy/storable.ts';
import { callUserFunction } from '../request/user-function.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import type { Recording } from '../response/recording.ts';
import type { Usage } from '../entry/entry.ts';
import type { ContextState } from './context.ts';
import type { KeyedExchange } from './exchange.ts';
import { storageTermsOf } from './storage-terms.ts';
import { unkeyedNames } from './variants.ts';

/** Whom an answer can be given to beside the one who asked: `all` who have the same key; `variant`: those with the same headers too. */
export type Audience = 'all' | 'variant' | 'nobody';

/** Whether an answer is stored, what it says it used, and which model it says made it. */
export interface BodyVerdict {
  readonly refusal?: Refusal;
  readonly usage?: Usage;
  readonly model?: string;
}

/** What an answer's head, and the length of its body, say of storing it. */
export interface HeadVerdict {
  readonly refusal?: Refusal;
  readonly audience: Audience;
}

export type Verdict = HeadVerdict & BodyVerdict;

export function verdictOnHead(
  exchange: KeyedExchange,
  context: ContextState,
  head: RecordedHead,
  body: Buffer | undefined,
): HeadVerdict {
  const refusal = whyNotByHead(exchange, context, head, body);
  if (refusal?.kind === 'declared') return { refusal, audience: 'nobody' };
  // A failure is shared as such, or tried again.
  if (refusal?.kind === 'failed') return { refusal, audience: 'all' };
  if (unkeyedNames(exchange, head.headers).length > 0) return { ...of(refusal), audience: 'variant' };
  const isForOne = refusal === undefined && isNeverFresh(head.headers, storageTermsOf(exchange, context, head, body));
  return { ...of(refusal), audience: isForOne ? 'nobody' : 'all' };
}

function of(refusal: Refusal | undefined): { readonly refusal?: Refusal } {
  return refusal === undefined ? {} : { refusal };
}

/** Why may this answer not be stored, as far as its head, and the length of its body, tell? */
function whyNotByHead(
  exchange: KeyedExchange,
  context: ContextState,
  head: RecordedHead,
  body: Buffer | undefined,
): Refusal | undefined {
  const { parts } = exchange;
  if (context.isNoStore) return { reason: 'context', kind: 'declared' };
  if (context.ttlSeconds === 0) return { reason: 'no-lifetime', kind: 'declared' };
  const bytes = body?.length ?? Number(fieldOf(head.headers, 'content-length') ?? 0);
  if (bytes > parts.config.maxEntryBytes) return { reason: 'too-large', kind: 'declared' };
  const candidate = { ...head, ...(body === undefined ? {} : { body }) };
  return whyNotStorable(candidate, storageTermsOf(exchange, context, head, body));
}

/** The same for a recording that is over, for a large one by a promise; `identity` is its body decoded, absent where it could not be. */
export function verdictOn(
  exchange: KeyedExchange,
  context: ContextState,
  recording: Recording,
  identity: Buffer | undefined,
): Verdict | Promise<Verdict> {
  const { head, body, ended, tooLarge, hasTrailers } = recording;
  if (head === undefined || !ended) return { refusal: { reason: 'unfinished', kind: 'failed' }, audience: 'all' };
  if (tooLarge) return { refusal: { reason: 'too-large', kind: 'declared' }, audience: 'nobody' };
  const judged = verdictOnHead(exchange, context, head, body);
  if (judged.refusal !== undefined) return judged;
  if (hasTrailers) return { refusal: { reason: 'trailer', kind: 'declared' }, audience: 'nobody' };
  if (identity === undefined) return { refusal: { reason: 'content-encoding', kind: 'declared' }, audience: 'nobody' };
  return verdictOnWhole(exchange, head, identity, judged.audience);
}

/**
 * For an answer whose head is one to store: what the body says of itself, and what the route's functions say of it. `shouldStore`
 * overrules the body, never the head.
 */
export function verdictOnWhole(
  exchange: KeyedExchange,
  head: RecordedHead,
  identity: Buffer,
  audience: Audience,
): Verdict | Promise<Verdict> {
  const { parts, route, req } = exchange;
  const { isComplete, shouldStore } = route;
  const response = { status: head.status, headers: head.headers, body: identity };
  const ask = isComplete && (() => callUserFunction('isComplete', () => isComplete(response), req));
  const judged = (completeness: Completeness): Verdict => {
    const { reason, usage, model } = completeness;
    const offered = { ...response, ...(reason === undefined ? {} : { incomplete: reason }) };
    const isWanted = shouldStore && callUserFunction('shouldStore', () => shouldStore(offered, req), req);
    return {
      ...refusalOf(completeness, isWanted),
      ...(usage === undefined ? {} : { usage }),
      ...(model === undefined ? {} : { model }),
      audience,
    };
  };
  const failed = (error: unknown): Verdict => {
    parts.report(error);
    return { refusal: { reason: 'should-store-failed', kind: 'declared' }, audience };
  };
  try {
    const completeness = completenessInTurns(fieldOf(head.headers, 'content-type'), identity, ask);
    return completeness instanceof Promise ? completeness.then(judged).catch(failed) : judged(completeness);
  } catch (error) {
    return failed(error);
  }
}

function refusalOf({ reason }: Completeness, isWanted: boolean | undefined): { refusal?: Refusal } {
  if (isWanted === false) return { refusal: { reason: 'should-store', kind: 'declared' } };
  if (reason === undefined || isWanted === true) return {};
  // An error or an end that never came is worth another try; an answer that was cut short or refused is what the model says.
  const isFailed = reason === 'in-band-error' || reason === 'no-terminal-event';
  return { refusal: { reason, kind: isFailed ? 'failed' : 'other' } };
}
