import type { ServerResponse } from 'node:http';
import { serializeBareItem } from 'structured-headers';

/** So many hex digits of a key's digest are shown, as spans do. */
const KEY_PREFIX_LENGTH = 16;

/** Why a request went to the handler (RFC 9211 §2.2). `uri-miss` and `partial` do not happen: keys hold more than the URL, entries are whole. */
export type Forwarded = 'bypass' | 'method' | 'miss' | 'vary-miss' | 'request' | 'stale';

/** What the cache did with one request, as `Cache-Status` says it (RFC 9211 §2). `key`: the key's digest. */
export type CacheStatus =
  | { readonly hit: true; readonly ttlSeconds: number; readonly detail?: string; readonly key?: string }
  | {
      readonly fwd: Forwarded;
      /** Of the handler, where the client gets another one (RFC 9211 §2.3). */
      readonly fwdStatus?: number;
      /** Accepted for storing; only where the whole body was known when the head went out. */
      readonly stored?: boolean;
      readonly collapsed?: boolean;
      /** The bypass or not-stored reason. */
      readonly detail?: string;
      readonly key?: string;
    }
  /** Neither a hit nor forwarded: the cache has answered by itself. */
  | { readonly refused: true; readonly detail: string; readonly key?: string };

/** A function that writes a status as the list member of the cache called `name` (RFC 9211 §2, RFC 9651 §3.1). */
export function cacheStatusOf(name: string): (status: CacheStatus) => string {
  const member = tokenOrString(name);
  return (status) => {
    if ('hit' in status) return `${member}; hit; ttl=${Math.floor(status.ttlSeconds)}${restOf(status)}`;
    return member + ('fwd' in status ? forwardParameters(status) : '') + restOf(status);
  };
}

function forwardParameters(status: {
  readonly fwd: Forwarded;
  readonly fwdStatus?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
}): string {
  const fwdStatus = status.fwdStatus === undefined ? '' : `; fwd-status=${status.fwdStatus}`;
  return `; fwd=${status.fwd}${fwdStatus}${status.stored ? '; stored' : ''}${status.collapsed ? '; collapsed' : ''}`;
}

function restOf({ detail, key }: { readonly detail?: string; readonly key?: string }): string {
  return detailOf(detail) + keyOf(key);
}

function detailOf(detail: string | undefined): string {
  return detail === undefined ? '' : `; detail=${tokenOrString(detail)}`;
}

/** A String, also where it could be a Token (RFC 9211 §2.7). */
function keyOf(digest: string | undefined): string {
  return digest === undefined ? '' : `; key=${serializeBareItem(digest.slice(0, KEY_PREFIX_LENGTH))}`;
}

const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

/** A Token stands as it is (RFC 9651 §4.1.7). */
function tokenOrString(value: string): string {
  return TOKEN.test(value) ? value : serializeBareItem(value);
}

/** Adds our member behind those of other caches (RFC 9211 §2). Returns a function that takes it away again. */
export function appendCacheStatus(res: ServerResponse, member: string | undefined): (() => void) | undefined {
  if (member === undefined) return undefined;
  const before = res.getHeader('cache-status');
  res.setHeader('Cache-Status', before === undefined ? member : [before, member].flat().join(', '));
  return () => (before === undefined ? res.removeHeader('cache-status') : void res.setHeader('cache-status', before));
}
