import { parseCacheControl, secondsOf } from './cache-control.ts';

/** What a request says of how the cache is to be used (RFC 9111 §5.2.1). Times are seconds. */
export interface RequestTerms {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  /** The answer is no older than this. */
  readonly maxAge?: number;
  /** It stays fresh for so long at least. */
  readonly minFresh?: number;
  /** It may have been stale for so long; Infinity: however long. */
  readonly maxStale?: number;
}

/** By lower-case name, as Node has the headers of a request. */
export interface RequestHeaders {
  readonly 'cache-control'?: string | undefined;
  readonly pragma?: string | undefined;
}

/** Undefined where the request says nothing that counts. `Pragma: no-cache` counts where there is no Cache-Control (§5.4). */
export function requestTermsOf(headers: RequestHeaders): RequestTerms | undefined {
  const { 'cache-control': cacheControl, pragma } = headers;
  if (cacheControl === undefined && pragma === undefined) return undefined;
  const directives = parseCacheControl(cacheControl ?? pragma ?? '');
  if (cacheControl === undefined) {
    return directives.has('no-cache') ? { noStore: false, noCache: true, onlyIfCached: false } : undefined;
  }
  const maxAge = secondsOf(directives, 'max-age');
  const minFresh = secondsOf(directives, 'min-fresh');
  const maxStale = directives.get('max-stale') === '' ? Infinity : secondsOf(directives, 'max-stale');
  const terms = {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(minFresh === undefined ? {} : { minFresh }),
    ...(maxStale === undefined ? {} : { maxStale }),
  };
  const saysNothing = Object.values(terms).every((value) => value === false);
  return saysNothing ? undefined : terms;
}

/** May an answer of this age, and fresh for so long still, be used (negative: it is stale)? */
export function isAcceptable(terms: RequestTerms, ageSeconds: number, freshForSeconds: number): boolean {
  if (wantsNew(terms)) return false;
  if (terms.maxAge !== undefined && ageSeconds > terms.maxAge) return false;
  return terms.minFresh === undefined || freshForSeconds >= terms.minFresh;
}

/** Does the request take no stored answer as it is, however young? */
export function wantsNew(terms: RequestTerms | undefined): boolean {
  return terms !== undefined && (terms.noCache || terms.maxAge === 0);
}
