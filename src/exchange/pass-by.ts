import { openContext, type ContextState } from './context.ts';
import { onceClosed, reportOutcome, type Exchange } from './exchange.ts';
import { isCachedMethod, type Bypass, type BypassReason } from '../request/bypass.ts';
import { appendCacheStatus, type CacheStatus } from '../response/cache-status.ts';
import { invalidateOnSuccess, isUnsafe } from './unsafe.ts';
import { beforeHead } from '../response/head-hook.ts';

/** Sends the request to the handler as if there were no cache, and says why. */
export function passBy(exchange: Exchange, { bypass, error }: Bypass): void {
  if (error !== undefined) exchange.parts.report(error);
  const { req, route } = exchange;
  reportOutcome(exchange, openOwnContext(exchange), () => ({ result: 'bypass', bypass }));
  announce(exchange, statusOf(bypass, req.method));
  if (isUnsafe(req.method) && !isCachedMethod(req.method, route)) invalidateOnSuccess(exchange);
  // Also where the client has gone: without the cache a write would be done all the same.
  exchange.next();
}

function statusOf(bypass: BypassReason, method: string): CacheStatus {
  if (bypass === 'no-store') return { fwd: 'request', detail: bypass };
  if (bypass !== 'method') return { fwd: 'bypass', detail: bypass };
  return method === 'HEAD' ? { fwd: 'miss' } : { fwd: 'method' };
}

/** The cache itself refuses, since the request wants nothing but a stored answer (RFC 9111 §5.2.1.7). */
export function refuseAlone(exchange: Exchange, reason: 'only-if-cached'): void {
  reportOutcome(exchange, undefined, () => ({ result: 'bypass', bypass: reason }));
  announce(exchange, { refused: true, detail: reason });
  exchange.res.status(504).end();
}

/** The context of a handler that works for its own client alone: when that one goes, its signal aborts. */
export function openOwnContext(exchange: Exchange): ContextState {
  const context = openContext(exchange.req, exchange.parts.invalidation.position());
  onceClosed(exchange, () => {
    if (!exchange.res.writableFinished) context.abort();
  });
  return context;
}

/** Adds our `Cache-Status` when the head goes out, so that it stands behind one that the handler sets. */
export function announce({ parts, res }: Exchange, status: CacheStatus): void {
  if (parts.cacheStatus === undefined) return;
  const member = parts.cacheStatus(status);
  beforeHead(res, () => appendCacheStatus(res, member));
}
