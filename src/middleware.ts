import type { RequestHandler } from 'express';
import { AIResponseCache, partsOf } from './ai-response-cache.ts';
import type { AICacheOptions } from './config/options.ts';
import { parseMountOptions } from './config/parse.ts';
import { useOf } from './entry/freshness.ts';
import { refreshImpossible } from './errors.ts';
import { answer, lookUp, type Asking } from './exchange/answer.ts';
import { reportOutcome, routeLabelOf, withRoute, type Exchange, type KeyedExchange } from './exchange/exchange.ts';
import { failOpen } from './exchange/fail-open.ts';
import { fill } from './exchange/fill.ts';
import { identify } from './exchange/identify.ts';
import { missed } from './exchange/miss.ts';
import { announce, openOwnContext, passBy } from './exchange/pass-by.ts';
import { receive } from './exchange/receive.ts';
import type { Refresh } from './exchange/refresh.ts';
import { honouredTerms } from './exchange/request-terms.ts';
import { savedBy } from './exchange/send-entry.ts';
import { withVariant } from './exchange/variants.ts';
import { wantsRefresh } from './exchange/wants-refresh.ts';
import { whyBypass, whySkipped, type Bypass } from './request/bypass.ts';
import { noteRead } from './request/body-bytes.ts';
import { isUnreadJson } from './request/raw-body.ts';
import { NO_GET_SPAN } from './telemetry/no-tracing.ts';
import type { Found } from './tiers/tiered-store.ts';
import { whenReady } from './when-ready.ts';

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
  const bypass = parts.closing.signal.aborted ? CLOSED : whyBypass(req, parts.config, route);
  if (bypass !== undefined && refresh === undefined) return passBy(exchange, bypass);
  const go = (ready: Exchange): void | Promise<void> =>
    refresh === undefined ? ask(ready) : revalidate(ready, refresh);
  if (route.body === 'raw' && isUnreadJson(req)) return receive(exchange, go);
  noteRead(req);
  return go(exchange);
}

function ask(exchange: Exchange): void | Promise<void> {
  const { route, req } = exchange;
  const skipped = whySkipped(req, route);
  if (skipped !== undefined) return passBy(exchange, skipped);
  const keyed = identify(exchange);
  return whenReady(keyed, (late) => serveKeyed(exchange, late));
}

function serveKeyed(exchange: Exchange, keyed: KeyedExchange | Bypass): void | Promise<void> {
  if ('bypass' in keyed) return passBy(exchange, keyed);
  const { parts } = exchange;
  const terms = honouredTerms(keyed);
  if (terms?.noStore === true) return passBy(exchange, { bypass: 'no-store' });
  if (isForWhole(exchange) && wantsRefresh(keyed)) return makeAnew(keyed);
  const span = parts.tracing.startGet(withRoute(exchange));
  return lookUp({ exchange: keyed, span, terms }, parts.config.mode === 'shadow' ? shadow : answer);
}

/** Would the handler's answer be one to store? A HEAD has no body, a range is a part of one. */
function isForWhole({ req }: Exchange): boolean {
  return req.method !== 'HEAD' && req.headers.range === undefined;
}

/** The lookup is skipped; what it would have learned of the invalidation log must be known all the same. */
function makeAnew(exchange: KeyedExchange): void | Promise<void> {
  const noted = exchange.parts.store.noted(exchange.budget);
  return whenReady(noted, () => fill(exchange, { fwd: 'request', detail: 'refresh' }));
}

/** A request of ours in the background: it asks no tier, and nobody reads what it gets. */
async function revalidate(exchange: Exchange, refresh: Refresh): Promise<void> {
  const { entry, rule, cause } = refresh;
  const primary = await identify(exchange);
  const keyed = 'key' in primary && rule !== undefined ? withVariant(primary, rule) : primary;
  if ('key' in keyed && keyed.key.digest === entry.digest) {
    // The handler may be asked whether it still holds; nobody reads what is sent then.
    const stale = { entry, sendable: { coding: entry.coding, body: entry.body }, coversErrors: false };
    return missed({ exchange: keyed, span: NO_GET_SPAN, stale, cause });
  }
  // Something that its answer depends on could not be repeated: this would make another one.
  exchange.parts.report(refreshImpossible('the repeated request has another key'));
  exchange.res.status(204).end();
}

/** The handler always answers; counted is what the cache would have done. */
function shadow({ exchange, span }: Asking, found: Found | undefined): void {
  const { next, key, parts, req, request } = exchange;
  const keyDigest = key.digest;
  // Made before the handler can change what it is made from.
  void request;
  if (!isForWhole(exchange)) {
    span.end({ hit: false, result: 'bypass', keyDigest });
    return passBy(exchange, { bypass: req.method === 'HEAD' ? 'method' : 'range' });
  }
  if (found === undefined || useOf(found.entry, parts.clock.now()) !== 'fresh') {
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
