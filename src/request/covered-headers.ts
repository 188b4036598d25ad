import type { RouteConfig } from '../config/route-config.ts';
import { KEYED_HEADERS } from './keyed-headers.ts';
import { isCredentialHeader } from './tenant.ts';

/** Is this request header (lower-case name) part of the key, so that a `Vary` on it is safe? */
export function coversHeader(name: string, route: RouteConfig): boolean {
  if (KEYED_HEADERS.includes(name) || route.varyHeaders.includes(name)) return true;
  if (route.scope === undefined) return isCredentialHeader(name);
  return typeof route.scope === 'object' && name !== 'cookie' && isCredentialHeader(name);
}
