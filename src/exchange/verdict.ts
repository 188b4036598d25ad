import type { ContextState } from './context.ts';
import type { KeyedExchange } from './exchange.ts';
import { whyNotStorable, type Refusal } from '../policy/storable.ts';
import { coversHeader } from '../request/covered-headers.ts';
import { callUserFunction } from '../request/user-function.ts';
import type { RecordedHead, Recording } from '../response/recorder.ts';

/** Why may this answer not be stored, as far as its head, and its body where that is known, tell? */
export function whyNotYet(
  exchange: KeyedExchange,
  context: ContextState,
  head: RecordedHead,
  body: Buffer | undefined,
): Refusal | undefined {
  if (context.isNoStore) return { reason: 'context', kind: 'declared' };
  if (context.ttlSeconds === 0) return { reason: 'no-lifetime', kind: 'declared' };
  if (body !== undefined && body.length > exchange.parts.config.maxEntryBytes)
    return { reason: 'too-large', kind: 'declared' };
  return whyNotStorable({ ...head, ...(body === undefined ? {} : { body }) }, (name) =>
    coversHeader(name, exchange.route),
  );
}

/** The same for a recording that is over; `identity` is its body decoded, absent where it could not be. */
export function whyNot(
  exchange: KeyedExchange,
  context: ContextState,
  recording: Recording,
  identity: Buffer | undefined,
): Refusal | undefined {
  const { head, body, ended, tooLarge } = recording;
  if (head === undefined || !ended) return { reason: 'unfinished', kind: 'failed' };
  if (tooLarge) return { reason: 'too-large', kind: 'declared' };
  const refusal = whyNotYet(exchange, context, head, body);
  if (refusal !== undefined) return refusal;
  return identity === undefined
    ? { reason: 'content-encoding', kind: 'declared' }
    : whyNotByUser(exchange, head, identity);
}

/** Does the route's `shouldStore` refuse? A function that fails refuses too, and is reported. */
export function whyNotByUser(
  { parts, route, req }: KeyedExchange,
  head: RecordedHead,
  identity: Buffer,
): Refusal | undefined {
  const { shouldStore } = route;
  if (shouldStore === undefined) return undefined;
  const response = { status: head.status, headers: head.headers, body: identity };
  try {
    const isWanted = callUserFunction('shouldStore', () => shouldStore(response, req), req) !== false;
    return isWanted ? undefined : { reason: 'should-store', kind: 'declared' };
  } catch (error) {
    parts.report(error);
    return { reason: 'should-store-failed', kind: 'declared' };
  }
}
