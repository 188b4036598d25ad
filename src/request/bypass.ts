import type { Request } from 'express';
import type { Config } from '../config/config.ts';
import type { RouteConfig } from '../config/route-config.ts';
import type { AICacheError } from '../errors.ts';
import { callUserFunction } from './user-function.ts';

/** Why the cache was not consulted. */
export type BypassReason =
  /** Not one of the route's methods, or a HEAD that no stored answer of a GET answers. */
  | 'method'
  /** The cache is switched off. */
  | 'disabled'
  /** A part of a response is asked for that no stored answer has (RFC 9110 §14.2). */
  | 'range'
  /** The request's own Cache-Control forbids to store the answer (RFC 9111 §5.2.1.5). */
  | 'no-store'
  /** The request wants nothing but a stored answer, and there is none (RFC 9111 §5.2.1.7). */
  | 'only-if-cached'
  /** A client that reconnects to an event stream wants what came after an event (WHATWG HTML §9.2.4). */
  | 'last-event-id'
  /** The connection is about to speak another protocol. */
  | 'upgrade'
  /** The route's `skip` said so, or could not say. */
  | 'skip'
  | 'skip-failed'
  /** A body that no parser has read, multipart, or not JSON. */
  | 'unkeyable'
  /** The route's `describe` returned undefined, or failed. */
  | 'undescribed'
  | 'describe-failed'
  /** A function of another option failed, or returned what the option cannot be. */
  | 'option-failed'
  /** The request is authenticated and the route does not say whose answers may be shared. */
  | 'scope-required'
  /** The route's `scope` failed. */
  | 'scope-failed';

/** A request that goes past the cache, and the error for `onError` where one is the reason. */
export interface Bypass {
  readonly bypass: BypassReason;
  readonly error?: AICacheError;
}

/** What can be known before its body is read: must the request go past the cache? */
export function whyBypass(req: Request, config: Pick<Config, 'enabled'>, route: RouteConfig): Bypass | undefined {
  if (!isCachedMethod(req.method, route)) return { bypass: 'method' };
  return whyDisabled(config) ?? whyHeaders(req);
}

/** Is this request answered from what the route has stored? HEAD goes with GET. */
export function isCachedMethod(method: string, { methods }: RouteConfig): boolean {
  return (methods as readonly string[]).includes(method === 'HEAD' ? 'GET' : method);
}

/** Is the cache switched off? A switch that fails is off. */
export function whyDisabled({ enabled }: Pick<Config, 'enabled'>): Bypass | undefined {
  try {
    return callUserFunction('enabled', enabled, undefined) ? undefined : { bypass: 'disabled' };
  } catch (error) {
    return { bypass: 'disabled', error: error as AICacheError };
  }
}

/** `Upgrade: h2c` is an offer that Node.js declines: many clients send it with an ordinary request (RFC 9110 §7.8). */
function whyHeaders({ headers, method }: Request): Bypass | undefined {
  // A GET may get its part of a stored answer; for no other method a range means anything.
  if (headers.range !== undefined && method !== 'GET') return { bypass: 'range' };
  if (headers['last-event-id'] !== undefined) return { bypass: 'last-event-id' };
  return headers.upgrade?.toLowerCase().includes('websocket') === true ? { bypass: 'upgrade' } : undefined;
}

/** Does the route say so, which may look at the body? */
export function whySkipped(req: Request, { skip }: RouteConfig): Bypass | undefined {
  if (skip === undefined) return undefined;
  try {
    return callUserFunction('skip', skip, req) ? { bypass: 'skip' } : undefined;
  } catch (error) {
    return { bypass: 'skip-failed', error: error as AICacheError };
  }
}
