import { openContext, type ContextState } from './context.ts';
import { onceClosed, reportOutcome, type Exchange } from './exchange.ts';
import type { Bypass } from '../request/bypass.ts';
import { appendCacheStatus, type CacheStatus } from '../response/cache-status.ts';
import { beforeHead } from '../response/head-hook.ts';

/** Sends the request to the handler as if there were no cache, and says why. */
export function passBy(exchange: Exchange, { bypass, error }: Bypass): void {
  if (error !== undefined) exchange.parts.report(error);
  reportOutcome(exchange, openOwnContext(exchange), () => ({ result: 'bypass', bypass }));
  announce(exchange, bypass === 'method' ? { fwd: 'method' } : { fwd: 'bypass', detail: bypass });
  // Also where the client has gone: without the cache a write would be done all the same.
  exchange.next();
}

/** The context of a handler that works for its own client alone: when that one goes, its signal aborts. */
export function openOwnContext(exchange: Exchange): ContextState {
  const context = openContext(exchange.req, exchange.parts.invalidation.position());
  onceClosed(exchange, () => {
    if (!exchange.res.writableFinished) context.abort.abort();
  });
  return context;
}

/** Adds our `Cache-Status` when the head goes out, so that it stands behind one that the handler sets. */
export function announce({ parts, res }: Exchange, status: CacheStatus): void {
  if (parts.cacheStatus === undefined) return;
  const member = parts.cacheStatus(status);
  beforeHead(res, () => appendCacheStatus(res, member));
}
