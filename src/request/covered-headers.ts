import type { RouteConfig } from '../config/route-config.ts';
import { KEYED_HEADERS } from './keyed-headers.ts';
import { isCredentialHeader } from './tenant.ts';

/** Is this request header (lower-case name) part of the key, so that a `Vary` on it is safe? `tenant`: that of the request. */
export function coversHeader(name: string, route: RouteConfig, tenant: string | undefined): boolean {
  if (KEYED_HEADERS.includes(name) || route.varyHeaders.includes(name)) return true;
  // A tenant that the route's describe gave has no credentials in it.
  const isDescribed = tenant !== undefined && !tenant.startsWith('credentials:');
  if (route.scope === undefined) return !isDescribed && isCredentialHeader(name);
  return typeof route.scope === 'object' && name !== 'cookie' && isCredentialHeader(name);
}
