import type { Entry } from './entry.ts';

/** Fresh before `staleAt`, stale before `expiresAt`, expired after (RFC 9111 §4.2). */
export type Freshness = 'fresh' | 'stale' | 'expired';

/**
 * `fresh`; `while-revalidate`: served stale while it is made anew; `on-error`: only where making it anew fails; `check`: only if the
 * handler says that it still holds; `none`.
 */
export type Use = 'fresh' | 'while-revalidate' | 'on-error' | 'check' | 'none';

/** What may an entry be used for at `now` (RFC 5861, RFC 9111 §4.3)? The rule of a key with variants is no answer. */
export function useOf(
  entry: Pick<Entry, 'staleAt' | 'revalidateUntil' | 'errorUntil' | 'checkUntil' | 'variants'>,
  now: number,
): Use {
  if (entry.variants !== undefined) return 'none';
  if (now < entry.staleAt) return 'fresh';
  if (now < (entry.revalidateUntil ?? 0)) return 'while-revalidate';
  if (now < (entry.errorUntil ?? 0)) return 'on-error';
  return now < (entry.checkUntil ?? 0) ? 'check' : 'none';
}

/** Is this entry still good at `now` (milliseconds since the epoch)? */
export function freshnessOf(entry: Pick<Entry, 'staleAt' | 'expiresAt'>, now: number): Freshness {
  if (now < entry.staleAt) return 'fresh';
  return now < entry.expiresAt ? 'stale' : 'expired';
}
