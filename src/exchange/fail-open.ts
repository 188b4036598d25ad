import { internalFault } from '../errors.ts';
import type { Exchange } from './exchange.ts';

/**
 * Runs the cache's part of a request. A fault of the cache itself is reported and the request goes to the handler as if the
 * cache were not there; an error that the handler passes on is the application's business and never gets here.
 */
export function failOpen(exchange: Exchange, serve: (exchange: Exchange) => void | Promise<void>): void {
  const { parts, res, next } = exchange;
  let isForwarded = false;
  const recover = (error: unknown): void => {
    parts.report(internalFault(error));
    if (isForwarded) return;
    if (res.headersSent) res.destroy();
    else next();
  };
  const forwarding: Exchange = {
    ...exchange,
    next: (error?: unknown) => {
      isForwarded = true;
      next(error);
    },
  };
  try {
    const pending = serve(forwarding);
    if (pending instanceof Promise) pending.catch(recover);
  } catch (error) {
    recover(error);
  }
}
