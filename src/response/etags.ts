import { hash } from 'node:crypto';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';

/** A strong ETag of these bytes (RFC 9110 §8.8.3): 162 bits of their SHA-256. */
export function strongEtag(body: Buffer): string {
  return `"${hash('sha256', body, 'base64url').slice(0, 27)}"`;
}

/**
 * The ETag of an entry in one coding. A strong one names the bytes of one coding, so each coding of ours gets its own (RFC 9110
 * §8.8.3.3).
 */
export function etagFor(entry: Entry, coding: Coding): string | undefined {
  const etag = fieldOf(entry.headers, 'etag') ?? entry.ownEtag;
  // What we make names the bytes in identity coding.
  const asNamed = entry.codedByHandler && entry.ownEtag === undefined ? entry.coding : 'identity';
  if (etag === undefined || etag.startsWith('W/') || coding === asNamed) return etag;
  return etag.endsWith('"') ? `${etag.slice(0, -1)}-${coding}"` : etag;
}
