import type { RequestHandler } from 'express';
import { AIResponseCache, partsOf } from './ai-response-cache.ts';
import type { AICacheOptions } from './config/options.ts';
import { parseMountOptions } from './config/parse.ts';
import { useOf } from './entry/freshness.ts';
import { refreshImpossible } from './errors.ts';
import { reportOutcome, routeLabelOf, withRoute, type Exchange, type KeyedExchange } from './exchange/exchange.ts';
import { failOpen } from './exchange/fail-open.ts';
import { fill } from './exchange/fill.ts';
import { identify } from './exchange/identify.ts';
import { missed } from './exchange/miss.ts';
import { announce, openOwnContext, passBy } from './exchange/pass-by.ts';
import { receive } from './exchange/receive.ts';
import type { Refresh } from './exchange/refresh.ts';
import { bodyFor, savedBy, sendEntry, type SendableBody } from './exchange/send-entry.ts';
import { wantsRefresh } from './exchange/wants-refresh.ts';
import { whyBypass, whySkipped, type Bypass } from './request/bypass.ts';
import { isUnreadJson } from './request/raw-body.ts';
import { NO_GET_SPAN } from './telemetry/no-tracing.ts';
import type { GetSpan } from './telemetry/tracing.ts';
import type { Found } from './tiers/tiered-store.ts';

/** A cache that was closed is one that is switched off. */
const CLOSED: Bypass = Object.freeze({ bypass: 'disabled' });

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

/** bypass? → body → describe → key → lookup; then a hit is replayed and a miss goes to the flight. */
function serve(exchange: Exchange): void | Promise<void> {
  const { parts, route, req } = exchange;
  // Another mount of this cache has it already: here it would wait for itself.
  if (parts.requests.get(req) !== undefined) return exchange.next();
  const refresh = parts.refreshes.of(req);
  const bypass = parts.closing.signal.aborted ? CLOSED : whyBypass(req, parts.config);
  if (bypass !== undefined && refresh === undefined) return passBy(exchange, bypass);
  const go = (ready: Exchange): void | Promise<void> =>
    refresh === undefined ? lookUp(ready) : revalidate(ready, refresh);
  if (route.body === 'parsed' || !isUnreadJson(req)) return go(exchange);
  return receive(exchange, go);
}

function lookUp(exchange: Exchange): void | Promise<void> {
  const { parts, route, req } = exchange;
  const skipped = whySkipped(req, route);
  if (skipped !== undefined) return passBy(exchange, skipped);
  const keyed = identify(exchange);
  if ('bypass' in keyed) return passBy(exchange, keyed);

  if (wantsRefresh(keyed)) return makeAnew(keyed);
  const span = parts.tracing.startGet(withRoute(exchange));
  const found = parts.store.lookup(keyed.key, keyed.budget);
  // No pause on a memory hit: a promise would cost it a turn of the queue.
  return found instanceof Promise ? found.then((late) => answer(keyed, span, late)) : answer(keyed, span, found);
}

/** The lookup is skipped; what it would have learned of the invalidation log must be known all the same. */
function makeAnew(exchange: KeyedExchange): void | Promise<void> {
  const noted = exchange.parts.store.noted(exchange.budget);
  const run = (): void => fill(exchange, { fwd: 'request', detail: 'refresh' });
  return noted instanceof Promise ? noted.then(run) : run();
}

/** A request of ours in the background: it asks no tier, and nobody reads what it gets. */
function revalidate(exchange: Exchange, { digest, cause }: Refresh): void | Promise<void> {
  const keyed = identify(exchange);
  if ('key' in keyed && keyed.key.digest === digest) return missed({ exchange: keyed, span: NO_GET_SPAN, cause });
  // Something that its answer depends on could not be repeated: this would make another one.
  exchange.parts.report(refreshImpossible('the repeated request has another key'));
  exchange.res.status(204).end();
}

function answer(exchange: KeyedExchange, span: GetSpan, found: Found | undefined): void | Promise<void> {
  const { parts } = exchange;
  const now = parts.clock.now();
  const use = found === undefined ? 'none' : useOf(found.entry, now);
  if (parts.config.mode === 'shadow') return shadow(exchange, span, use === 'fresh' ? found : undefined);
  if (found === undefined || use === 'none') return missed({ exchange, span });
  // One of ours is there to make it anew.
  if (use === 'while-revalidate' && parts.warmRuns.of(exchange.req) !== undefined) return missed({ exchange, span });
  const sendable = bodyFor(exchange, found.entry, found.tier);
  const ready = (body: SendableBody | undefined): void | Promise<void> => {
    if (body === undefined) return missed({ exchange, span });
    if (use === 'on-error')
      return missed({ exchange, span, stale: { entry: found.entry, sendable: body, coversErrors: true } });
    return hit(exchange, span, found, body);
  };
  return sendable instanceof Promise ? sendable.then(ready) : ready(sendable);
}

function hit(exchange: KeyedExchange, span: GetSpan, { entry, tier, freshness }: Found, sendable: SendableBody): void {
  const { parts, key } = exchange;
  const now = parts.clock.now();
  const result = freshness === 'fresh' ? 'hit' : 'stale';
  const ageSeconds = Math.max(0, (now - entry.cachedAt) / 1000);
  span.end({ hit: true, result, tier, itemSizeBytes: entry.body.length, ageSeconds, keyDigest: key.digest });
  reportOutcome(exchange, undefined, () => ({ result, tier, ageSeconds, ...savedBy(entry) }));
  sendEntry(exchange, entry, sendable, {
    ageSeconds,
    cacheStatus: { hit: true, ttlSeconds: (entry.staleAt - now) / 1000, detail: tier },
  });
  if (result === 'stale') parts.refreshes.start(exchange, span.link);
}

/** The handler always answers; counted is what the cache would have done. */
function shadow(exchange: KeyedExchange, span: GetSpan, found: Found | undefined): void {
  const { next, key, request } = exchange;
  const keyDigest = key.digest;
  // Made before the handler can change what it is made from.
  void request;
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
