import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';

/** Is the request header of this lower-case name part of the key? */
export type Covers = (name: string) => boolean;

/** An answer that depends on more headers than this has as good as no variants. */
const MAX_NAMES = 16;

const NOTHING: readonly string[] = Object.freeze([]);

/**
 * The request headers that this answer depends on beside those in the key, lower-case and sorted (RFC 9111 §4.1); undefined where
 * nobody can say (`*`) or they are too many. Codings are negotiated on replay. An answer that lets one origin read it depends on
 * the request's, whether it says so or not (Fetch, "CORS protocol and HTTP caches").
 */
export function variesOn(headers: HeaderFields, covers: Covers): readonly string[] | undefined {
  const vary = fieldOf(headers, 'vary');
  const allowed = fieldOf(headers, 'access-control-allow-origin');
  if (vary === undefined && allowed === undefined) return NOTHING;
  const named = (vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (named.includes('*')) return undefined;
  if (allowed !== undefined && allowed !== '*') named.push('origin');
  const names = [...new Set(named)].filter((name) => name !== '' && name !== 'accept-encoding' && !covers(name));
  return names.length > MAX_NAMES ? undefined : names.toSorted();
}
