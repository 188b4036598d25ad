import { requestTermsOf, type RequestTerms } from '../policy/request-directives.ts';
import type { KeyedExchange } from './exchange.ts';

/** What this request says of how the cache is to be used, where it may (`requestDirectives`). Undefined: nothing. */
export function honouredTerms(exchange: KeyedExchange): RequestTerms | undefined {
  const { requestDirectives, scope } = exchange.route;
  if (requestDirectives === 'ignore') return undefined;
  const terms = requestTermsOf(exchange.req.headers);
  if (terms === undefined || requestDirectives === 'all') return terms;
  // A partition that a function of the route made may be that of a whole organisation. The request is made only when it is asked for.
  const isOwn = exchange.request.tenant?.startsWith('credentials:') === true && typeof scope !== 'function';
  return isOwn ? terms : undefined;
}
