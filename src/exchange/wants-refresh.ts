import type { KeyedExchange } from './exchange.ts';
import { callUserFunction } from '../request/user-function.ts';

/** Does the route ask for a new answer ("Regenerate")? A function that fails is reported and asks for nothing. */
export function wantsRefresh({ parts, route, req }: KeyedExchange): boolean {
  if (route.refresh === undefined) return false;
  try {
    return callUserFunction('refresh', route.refresh, req);
  } catch (error) {
    parts.report(error);
    return false;
  }
}
