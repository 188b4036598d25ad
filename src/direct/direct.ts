import type { CacheParts } from '../cache-parts.ts';
import { cachedResponseOf, type CachedResponse, type EntryState } from './cached-response.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { fillFailedTwice, invalidRequestField, invalidTtl } from '../errors.ts';
import type { Answer } from '../exchange/followers.ts';
import type { Flight, Part } from '../flight/single-flight.ts';
import { verdictOnGiven } from './given-verdict.ts';
import { wholeResponseOf, type GivenResponse, type WholeResponse } from './given-response.ts';
import { flightOf } from '../exchange/generation.ts';
import { makeEntry } from '../exchange/make-entry.ts';
import type { NotStoredReason } from '../policy/storable.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { isTags } from '../request/check-request.ts';
import { modelOf } from '../request/labels.ts';
import { report, type Direct } from './report.ts';
import { storeEntry } from '../exchange/store-entry.ts';
import type { TierName } from '../tiers/tier.ts';
import type { Found } from '../tiers/tiered-store.ts';

export interface SetOptions {
  /** Lifetime, seconds; a Cache-Control of the response is stronger. Default: the cache's `ttl`. */
  readonly ttlSeconds?: number;
  /** More tags beside those of the request. */
  readonly tags?: readonly string[];
}

export type SetResult =
  | { readonly stored: true }
  | { readonly stored: false; readonly reason: NotStoredReason | 'no-tier' };

/** Makes the answer of a request that is not stored. */
export type FillResponse = () => GivenResponse | Promise<GivenResponse>;

export async function directGet(
  parts: CacheParts,
  request: AIRequest,
  allowStale: boolean,
): Promise<CachedResponse | undefined> {
  const direct = begin(parts, request);
  return got(direct, await readable(direct, allowStale));
}

/** What a lookup comes to, for its caller and for telemetry. */
export function got(direct: Direct, found: Readable | undefined): CachedResponse | undefined {
  report(
    direct,
    found === undefined ? { result: 'miss' } : { result: found.state === 'fresh' ? 'hit' : 'stale', ...found },
  );
  return found?.response;
}

/** `notedAt`: where the invalidation log stood when the answer was given, if that was before this call. */
export async function directSet(
  parts: CacheParts,
  request: AIRequest,
  given: GivenResponse,
  options: SetOptions,
  notedAt?: LogPosition,
): Promise<SetResult> {
  const { ttlSeconds } = options;
  if (ttlSeconds !== undefined && !(Number.isFinite(ttlSeconds) && ttlSeconds >= 0))
    throw invalidTtl('set', ttlSeconds);
  if (options.tags !== undefined && !isTags(options.tags)) throw invalidRequestField('tags', 'an array of strings');
  const key = parts.keys.keyFor(request);
  const response = wholeResponseOf(given);
  const { refusal, usage, model } = await verdictOnGiven(parts, response, ttlSeconds);
  if (refusal !== undefined) return { stored: false, reason: refusal.reason };
  const position = notedAt ?? (await parts.store.noted());
  const remarks = { contextSeconds: ttlSeconds, tags: options.tags, usage, answeredBy: model, position };
  const { stored } = await storeEntry(parts, key, makeEntry({ parts, request, key }, response, remarks));
  return stored ? { stored } : { stored, reason: 'no-tier' };
}

export async function directFill(
  parts: CacheParts,
  request: AIRequest,
  fillResponse: FillResponse,
): Promise<CachedResponse> {
  return findOrFill(begin(parts, request), fillResponse, 'hit');
}

/** `as`: how an answer that is there already counts: `coalesced` where this call has waited for it. */
async function findOrFill(
  direct: Direct,
  fillResponse: FillResponse,
  as: 'hit' | 'coalesced',
): Promise<CachedResponse> {
  const found = await readable(direct, false);
  if (found !== undefined) {
    report(direct, { result: as, ...found });
    return found.response;
  }
  const { flights, filling } = direct.parts;
  // A handler that asks for its own request would wait for itself.
  const waits = flights !== undefined && !filling.has(direct.given);
  const part: Part<Answer> = waits ? flights.enter(flightOf(direct)) : { role: 'alone' };
  const landing = part.role === 'follower' ? await part.landing : undefined;
  const answer = part.role === 'late' ? part.answer : landing?.kind === 'answer' ? landing.answer : undefined;
  const entry = answer?.live === undefined ? answer?.entry : await answer.made;
  if (entry !== undefined) {
    report(direct, { result: 'coalesced', entry });
    return cachedResponseOf(entry, { state: 'fresh' });
  }
  // One that waited for a stream in vain waits for no second one.
  if (answer?.live !== undefined && as === 'hit') return findOrFill(direct, fillResponse, 'coalesced');
  if (landing?.kind === 'failed') {
    report(direct, { result: 'error' });
    throw landing.cause ?? fillFailedTwice();
  }
  const turn = landing?.kind === 'lead' ? landing : part;
  return lead(direct, fillResponse, 'flight' in turn ? turn.flight : undefined);
}

export function begin(parts: CacheParts, request: AIRequest): Direct {
  const startedAt = parts.clock.monotonic();
  const key = parts.keys.keyFor(request);
  parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: request.text.length });
  return { parts, request: { ...request }, given: request, key, startedAt };
}

export interface Readable extends EntryState {
  readonly entry: Entry;
  readonly response: CachedResponse;
  readonly tier: TierName;
}

/** What is stored, decoded; what cannot be decoded is a miss. */
async function readable({ parts, key }: Direct, allowStale: boolean): Promise<Readable | undefined> {
  return decoded(await parts.store.lookup(key), allowStale);
}

/** A lookup's entry with its body; one that is stale only where that is allowed. */
export async function decoded(found: Found | undefined, allowStale: boolean): Promise<Readable | undefined> {
  if (found === undefined || !isReadable(found, allowStale)) return undefined;
  const { entry, tier, freshness: state } = found;
  try {
    return { entry, tier, state, response: await cachedResponseOf(entry, { state, tier }) };
  } catch {
    return undefined;
  }
}

/** Variants are told apart by headers, which a program does not send. What is kept to be checked with a handler is no stale answer. */
function isReadable({ entry, freshness }: Found, allowStale: boolean): boolean {
  if (entry.variants !== undefined) return false;
  const mayBeStale = entry.revalidateUntil !== undefined || entry.errorUntil !== undefined;
  return freshness === 'fresh' || (allowStale && mayBeStale);
}

async function lead(
  direct: Direct,
  fillResponse: FillResponse,
  flight: Flight<Answer> | undefined,
): Promise<CachedResponse> {
  const { parts, request, key } = direct;
  const position = parts.invalidation.position();
  const span = parts.tracing.startFill({ reason: 'miss', ...modelOf(request) });
  const startedAt = parts.clock.monotonic();
  parts.observe({ type: 'fill-started' });
  const ended = (failure: { errorType?: string }): void => {
    span.end({ ...failure, ...modelOf(request) });
    parts.observe({
      type: 'fill-ended',
      reason: 'miss',
      durationMs: parts.clock.monotonic() - startedAt,
      ...failure,
      ...modelOf(request),
    });
    report(direct, { result: failure.errorType === undefined ? 'miss' : 'error' });
  };
  if (request.model !== undefined) parts.prices.warm();
  let response: WholeResponse;
  try {
    response = wholeResponseOf(await span.run(fillResponse));
  } catch (error) {
    ended({ errorType: error instanceof Error ? error.name : 'unknown' });
    flight?.fail(undefined, error instanceof Error ? error : fillFailedTwice());
    throw error;
  }
  ended({});
  const { refusal, usage, model } = await verdictOnGiven(parts, response, undefined);
  const fillMs = parts.clock.monotonic() - startedAt;
  const entry = makeEntry(direct, response, { usage, answeredBy: model, fillMs, position });
  try {
    if (refusal?.kind === 'declared') flight?.release();
    else flight?.answer({ entry, leader: span.link });
    const put = span.startPut();
    put.end(
      refusal === undefined
        ? await put.run(() => storeEntry(parts, key, entry))
        : { stored: false, notStored: refusal.reason },
    );
  } finally {
    flight?.close();
  }
  return cachedResponseOf(entry, { state: 'fresh' });
}
