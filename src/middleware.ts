import type { RequestHandler } from 'express';
import { AIResponseCache, partsOf } from './ai-response-cache.ts';
import type { AICacheOptions } from './config/options.ts';
import { parseMountOptions } from './config/parse.ts';
import { AICacheError, fillFailedTwice, internalFault } from './errors.ts';
import {
  isClosed,
  reportOutcome,
  routeLabelOf,
  withRoute,
  type Exchange,
  type KeyedExchange,
} from './exchange/exchange.ts';
import { failOpen } from './exchange/fail-open.ts';
import { fill, type Answer } from './exchange/fill.ts';
import type { Landing, Part } from './flight/single-flight.ts';
import { announce, openOwnContext, passBy } from './exchange/pass-by.ts';
import { buildRequest } from './request/build-request.ts';
import { whyBypass, type Bypass } from './request/bypass.ts';
import { modelOf } from './request/labels.ts';
import { bodyFor, savedBy, sendEntry, type SendableBody } from './exchange/send-entry.ts';
import type { GetSpan } from './telemetry/tracing.ts';
import type { Found } from './tiers/tiered-store.ts';
import { wantsRefresh } from './exchange/wants-refresh.ts';

/** A cache that was closed is one that is switched off. */
const CLOSED: Bypass = Object.freeze({ bypass: 'disabled' });

type Follower = Extract<Part<Answer>, { role: 'follower' }>;

/**
 * The middleware factory. Mount it behind `express.json()` and behind authentication, in front of the handler.
 *
 * @param options Route options with either `{ cache }`, to share one cache over many routes, or the options of a cache of its own.
 * @returns The middleware; `.cache` is its AIResponseCache.
 * @throws AICacheError INVALID_OPTION or UNKNOWN_OPTION, naming the option, its value and what is allowed.
 * @example
 * app.post('/api/summarize', express.json(), aiCache(), summarize);
 */
export function aiCache(options: AICacheOptions = {}): RequestHandler & { cache: AIResponseCache } {
  const { cache: shared, cacheOptions, route } = parseMountOptions(options);
  const cache = shared ?? new AIResponseCache(cacheOptions);
  const parts = partsOf(cache);
  const handler: RequestHandler = (req, res, next) => {
    const startedAt = parts.clock.monotonic();
    failOpen({ parts, route, req, res, next, startedAt, routeLabel: routeLabelOf(req, route) }, serve);
  };
  return Object.assign(handler, { cache });
}

/** describe → bypass? → key → lookup; then a hit is replayed and a miss goes to the flight. */
function serve(exchange: Exchange): void | Promise<void> {
  const { parts, route, req } = exchange;
  // Another mount of this cache has it already: here it would wait for itself.
  if (parts.requests.has(req)) return exchange.next();
  const bypass = parts.closing.signal.aborted ? CLOSED : whyBypass(req, parts.config, route);
  if (bypass !== undefined) return passBy(exchange, bypass);
  const built = buildRequest(req, route);
  if ('bypass' in built) return passBy(exchange, built);
  const keyed = withKey(exchange, built.request);
  if ('bypass' in keyed) return passBy(exchange, keyed);

  if (wantsRefresh(keyed)) return fill(keyed, { fwd: 'request', detail: 'refresh' });
  const span = parts.tracing.startGet(withRoute(exchange));
  const found = parts.store.lookup(keyed.key);
  // No pause on a memory hit: a promise would cost it a turn of the queue.
  return found instanceof Promise ? found.then((late) => answer(keyed, span, late)) : answer(keyed, span, found);
}

function withKey(exchange: Exchange, request: KeyedExchange['request']): KeyedExchange | Bypass {
  const { parts, req } = exchange;
  const startedAt = parts.clock.monotonic();
  try {
    const key = parts.keys.keyFor(request);
    parts.observe({ type: 'key', durationMs: parts.clock.monotonic() - startedAt, textLength: request.text.length });
    parts.requests.set(req, request);
    return { ...exchange, request, key };
  } catch (error) {
    return { bypass: 'unkeyable', error: error instanceof AICacheError ? error : internalFault(error) };
  }
}

function answer(exchange: KeyedExchange, span: GetSpan, found: Found | undefined): void | Promise<void> {
  const fresh = found?.freshness === 'fresh' ? found : undefined;
  if (exchange.parts.config.mode === 'shadow') return shadow(exchange, span, fresh);
  return fresh === undefined ? missed(exchange, span) : hit(exchange, span, fresh);
}

/** The handler always answers; counted is what the cache would have done. */
function shadow(exchange: KeyedExchange, span: GetSpan, found: Found | undefined): void {
  const { next, key } = exchange;
  const keyDigest = key.digest;
  if (found === undefined) {
    span.end({ hit: false, result: 'miss', keyDigest });
    return fill(exchange, { fwd: 'bypass', detail: 'shadow-miss' });
  }
  const { entry, tier } = found;
  span.end({ hit: true, result: 'hit', tier, itemSizeBytes: entry.body.length, keyDigest });
  const context = openOwnContext(exchange);
  reportOutcome(exchange, context, () => ({ result: 'hit', tier, mode: 'shadow', ...savedBy(entry) }));
  announce(exchange, { fwd: 'bypass', detail: 'shadow-hit' });
  next();
}

function hit(exchange: KeyedExchange, span: GetSpan, found: Found): void | Promise<void> {
  const sendable = bodyFor(exchange, found.entry, found.tier);
  return sendable instanceof Promise
    ? sendable.then((late) => replay(exchange, span, found, late))
    : replay(exchange, span, found, sendable);
}

function replay(
  exchange: KeyedExchange,
  span: GetSpan,
  found: Found,
  sendable: SendableBody | undefined,
): void | Promise<void> {
  if (sendable === undefined) return missed(exchange, span);
  const { entry, tier } = found;
  const { parts, key } = exchange;
  const now = parts.clock.now();
  const ageSeconds = Math.max(0, (now - entry.cachedAt) / 1000);
  span.end({ hit: true, result: 'hit', tier, itemSizeBytes: entry.body.length, ageSeconds, keyDigest: key.digest });
  reportOutcome(exchange, undefined, () => ({ result: 'hit', tier, ageSeconds, ...savedBy(entry) }));
  sendEntry(exchange, entry, sendable, {
    ageSeconds,
    cacheStatus: { hit: true, ttlSeconds: (entry.staleAt - now) / 1000, detail: tier },
  });
}

/** Leads a flight, follows one, or runs alone where it may not wait. */
function missed(exchange: KeyedExchange, span: GetSpan): void | Promise<void> {
  const { parts, key } = exchange;
  const part: Part<Answer> = parts.flights?.enter(key.digest) ?? { role: 'alone' };
  if (part.role === 'follower') return follow(exchange, span, part);
  if (part.role === 'late') return shareAnswer(exchange, span, part.answer, 'hit');
  span.end({ hit: false, result: 'miss', keyDigest: key.digest });
  fill(exchange, { fwd: 'miss', ...(part.role === 'leader' ? { flight: part.flight } : {}) });
}

async function follow(exchange: KeyedExchange, span: GetSpan, part: Follower): Promise<void> {
  exchange.res.once('close', part.leave);
  const landing = await part.landing;
  exchange.res.off('close', part.leave);
  if (landing.kind === 'answer') return shareAnswer(exchange, span, landing.answer, 'coalesced');
  span.end({ hit: false, result: 'miss', keyDigest: exchange.key.digest });
  return isClosed(exchange) ? abandon(exchange, landing) : goOn(exchange, landing);
}

/** A follower that got no answer to share. */
function goOn(exchange: KeyedExchange, landing: Exclude<Landing<Answer>, { kind: 'answer' }>): void {
  if (landing.kind !== 'failed')
    return fill(exchange, { fwd: 'miss', ...(landing.kind === 'lead' ? { flight: landing.flight } : {}) });
  reportOutcome(exchange, undefined, () => ({
    result: 'error',
    errorType: 'FILL_FAILED',
    ...modelOf(exchange.request),
  }));
  announce(exchange, { fwd: 'miss', collapsed: true });
  exchange.next(fillFailedTwice());
}

/** A follower whose client went while it waited. */
function abandon(exchange: KeyedExchange, landing: Landing<Answer>): void {
  if (landing.kind === 'lead') landing.flight.handOver();
  reportOutcome(exchange, undefined, () => ({ result: 'miss', ...modelOf(exchange.request) }));
}

async function shareAnswer(
  exchange: KeyedExchange,
  span: GetSpan,
  { entry, leader }: Answer,
  as: 'hit' | 'coalesced',
): Promise<void> {
  const sendable = await bodyFor(exchange, entry);
  const isError = entry.status >= 500;
  const result = isError ? 'error' : as;
  span.end({ hit: !isError, result, itemSizeBytes: entry.body.length, leader, keyDigest: exchange.key.digest });
  if (sendable === undefined) return fill(exchange, { fwd: 'miss' });
  reportOutcome(exchange, undefined, () => ({
    result,
    ...(isError ? { errorType: String(entry.status) } : savedBy(entry)),
  }));
  const ttlSeconds = (entry.staleAt - exchange.parts.clock.now()) / 1000;
  sendEntry(exchange, entry, sendable, {
    cacheStatus: as === 'hit' ? { hit: true, ttlSeconds } : { fwd: 'miss', collapsed: true },
  });
}
