import type { VariantRule } from '../entry/entry.ts';
import { useOf } from '../entry/freshness.ts';
import { isAcceptable, wantsNew, type RequestTerms } from '../policy/request-directives.ts';
import { partFor } from '../response/ranges.ts';
import type { GetSpan } from '../telemetry/tracing.ts';
import type { Found } from '../tiers/tiered-store.ts';
import { whenReady } from '../when-ready.ts';
import { reportOutcome, type KeyedExchange } from './exchange.ts';
import { missed, type Miss } from './miss.ts';
import { passBy, refuseAlone } from './pass-by.ts';
import { bodyFor, savedBy, sendEntry, type SendableBody } from './send-entry.ts';
import { withVariant } from './variants.ts';

/** A request that has been looked up. */
export interface Asking {
  readonly exchange: KeyedExchange;
  readonly span: GetSpan;
  /** What the request says of how the cache is to be used. */
  readonly terms: RequestTerms | undefined;
}

/** What may become of what was found. */
type Choice = 'fresh' | 'while-revalidate' | 'stale' | 'on-error' | 'check' | 'none';

/** What is done with what was found; `fwd`: why a request for which there is nothing goes to the handler. */
export type Answering = (asking: Asking, found: Found | undefined, fwd: 'miss' | 'vary-miss') => void | Promise<void>;

/** Looks a request up, and once more for its variant where its key has variants. */
export function lookUp(asking: Asking, go: Answering): void | Promise<void> {
  const { key, budget, parts } = asking.exchange;
  const found = asking.span.run(() => parts.store.lookup(key, budget));
  const then = (late: Found | undefined): void | Promise<void> => {
    const rule = late?.entry.variants;
    return rule === undefined ? go(asking, late, 'miss') : lookUpVariant(asking, rule, go);
  };
  return whenReady(found, then);
}

function lookUpVariant(asking: Asking, rule: VariantRule, go: Answering): void | Promise<void> {
  const exchange = withVariant(asking.exchange, rule);
  const found = asking.span.run(() => exchange.parts.store.lookup(exchange.key, exchange.budget));
  return whenReady(found, (late) => go({ ...asking, exchange }, late, 'vary-miss'));
}

/** Answers a request from what was found for it, or sends it on. */
export function answer(asking: Asking, found: Found | undefined, fwd: 'miss' | 'vary-miss'): void | Promise<void> {
  const { exchange, span } = asking;
  const choice = found === undefined ? 'none' : choose(asking, found);
  if (found === undefined || choice === 'none') return sendOn(asking, { exchange, span, fwd });
  // One of ours is there to make it anew.
  const isWarming = choice === 'while-revalidate' && exchange.parts.warmRuns.of(exchange.req) !== undefined;
  if (isWarming) return sendOn(asking, { exchange, span, fwd });
  const sendable = bodyFor(exchange, found.entry, found.tier);
  const ready = (body: SendableBody | undefined): void | Promise<void> => {
    if (body === undefined) return sendOn(asking, { exchange, span, fwd });
    if (choice === 'fresh' || choice === 'while-revalidate' || choice === 'stale')
      return hit(asking, found, body, choice);
    const stale = { entry: found.entry, sendable: body, coversErrors: choice === 'on-error' };
    const isFresh = found.freshness === 'fresh';
    return sendOn(asking, { exchange, span, fwd: isFresh ? 'request' : 'stale', stale });
  };
  return whenReady(sendable, ready);
}

function choose({ exchange, terms }: Asking, { entry }: Found): Choice {
  const now = exchange.parts.clock.now();
  const use = useOf(entry, now);
  if (terms === undefined || use === 'none') return use;
  const freshForSeconds = (entry.staleAt - now) / 1000;
  const isWanted = isAcceptable(terms, (now - entry.cachedAt) / 1000, freshForSeconds);
  if (!isWanted) return use === 'fresh' || use === 'while-revalidate' ? 'check' : use;
  const mayBeStale = entry.neverStale !== true && -freshForSeconds <= (terms.maxStale ?? -1);
  return mayBeStale && use !== 'fresh' && use !== 'while-revalidate' ? 'stale' : use;
}

function hit(asking: Asking, found: Found, sendable: SendableBody, choice: Choice): void | Promise<void> {
  const { exchange, span } = asking;
  const { entry, tier } = found;
  const { parts, key, req } = exchange;
  const part =
    req.headers.range === undefined ? 'whole' : choice === 'fresh' && isDivisible(entry) && partFor(req, entry);
  if (part === undefined || part === false) return sendOn(asking, { exchange, span });
  const now = parts.clock.now();
  const result = choice === 'fresh' ? 'hit' : 'stale';
  const ageSeconds = Math.max(0, (now - entry.cachedAt) / 1000);
  span.end({ hit: true, result, tier, itemSizeBytes: entry.body.length, ageSeconds, keyDigest: key.digest });
  reportOutcome(exchange, undefined, () => ({ result, tier, ageSeconds, ...savedBy(entry) }));
  sendEntry(exchange, entry, sendable, {
    ageSeconds,
    cacheStatus: { hit: true, ttlSeconds: (entry.staleAt - now) / 1000, detail: tier },
    ...(part === 'whole' ? {} : { part }),
  });
  // A HEAD, repeated, would make no answer to store.
  if (choice === 'while-revalidate' && req.method !== 'HEAD') parts.refreshes.start(exchange, entry, span.link);
}

/** A recorded stream is events, of which no range is anything. */
function isDivisible({ status, chunks }: Found['entry']): boolean {
  return status === 200 && chunks === undefined;
}

/** To the handler: as a fill, or past the cache where the answer is none to store. */
function sendOn({ exchange, span, terms }: Asking, miss: Miss): void | Promise<void> {
  const { req, key } = exchange;
  if (terms?.onlyIfCached === true) {
    span.end({ hit: false, result: 'bypass', keyDigest: key.digest });
    return refuseAlone(exchange, 'only-if-cached');
  }
  const bypass = req.method === 'HEAD' ? 'method' : req.headers.range === undefined ? undefined : 'range';
  if (bypass === undefined) return missed({ ...miss, wantsNew: miss.fwd === 'request' || wantsNew(terms) });
  span.end({ hit: false, result: 'bypass', keyDigest: key.digest });
  return passBy(exchange, { bypass });
}
