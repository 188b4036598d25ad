import type { HeaderField } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { said } from '../policy/lifetime.ts';
import type { StorageTerms } from '../policy/storable.ts';
import { coversHeader } from '../request/covered-headers.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import type { ContextState } from './context.ts';
import type { KeyedExchange } from './exchange.ts';

/** What is known of an answer beside its head. `body`: the whole of it, where it is known. */
export function storageTermsOf(
  exchange: KeyedExchange,
  context: ContextState,
  head: RecordedHead,
  body: Buffer | undefined,
): StorageTerms {
  const { parts, route, req } = exchange;
  const now = parts.clock.now();
  const spoken = said({
    ...head,
    now,
    contextSeconds: context.ttlSeconds,
    routeSeconds: route.ttlSeconds,
    ttl: parts.config.ttl,
  });
  return {
    covers: (name) => coversByKey(exchange, name),
    now,
    isCheckable: isCheckable(exchange, head, body),
    isAuthorized: route.scope === 'shared' && req.headers.authorization !== undefined,
    storeErrors: route.storeErrors,
    heuristicSeconds: spoken?.source === 'heuristic' ? spoken.ttlSeconds : undefined,
    lifetimeSeconds: spoken?.ttlSeconds ?? policySeconds(exchange),
  };
}

/** Is this request header part of the key, so that no variants need to be told apart by it? */
export function coversByKey({ route, request }: KeyedExchange, name: string): boolean {
  return coversHeader(name, route, request.tenant);
}

/** Asked before the head goes out only where it may be none: the first question about a model may take a while. */
function policySeconds({ parts, request }: KeyedExchange): number | undefined {
  return parts.config.ttl.defaultSeconds === 0 ? parts.explain(request).ttlSeconds : undefined;
}

/**
 * Can the handler be asked later whether this answer still holds (RFC 9111 §4.3)? By validators of its own: an ETag that Express has
 * made of the body tells nothing before the whole answer is made again.
 */
export function isCheckable({ req }: KeyedExchange, { status, headers }: RecordedHead, body?: Buffer): boolean {
  if (req.method !== 'GET' && req.method !== 'QUERY') return false;
  if (status !== 200) return false;
  if (fieldOf(headers, 'last-modified') !== undefined) return true;
  const etag = fieldOf(headers, 'etag');
  return etag !== undefined && !isMadeByExpress(req, headers, etag, body);
}

/** As Express's `etag` writes them. */
const EXPRESS_ETAG = /^(?:W\/)?"[0-9a-f]+-[\w+/]{27}"$/;

function isMadeByExpress(
  req: KeyedExchange['req'],
  headers: readonly HeaderField[],
  etag: string,
  body: Buffer | undefined,
): boolean {
  const make: unknown = req.app.get('etag fn');
  const isCoded = fieldOf(headers, 'content-encoding') !== undefined;
  if (body === undefined || isCoded || typeof make !== 'function' || !EXPRESS_ETAG.test(etag)) return false;
  return (make as (bytes: Buffer) => unknown)(body) === etag;
}
