import type { Entry } from './entry.ts';

/** Fresh before `staleAt`, stale before `expiresAt`, expired after (RFC 9111 §4.2). */
export type Freshness = 'fresh' | 'stale' | 'expired';

/** `fresh`; `while-revalidate`: served stale while it is made anew; `on-error`: only where making it anew fails; `none`. */
export type Use = 'fresh' | 'while-revalidate' | 'on-error' | 'none';

/** What may an entry be used for at `now` (RFC 5861)? */
export function useOf(entry: Pick<Entry, 'staleAt' | 'revalidateUntil' | 'errorUntil'>, now: number): Use {
  if (now < entry.staleAt) return 'fresh';
  if (now < (entry.revalidateUntil ?? 0)) return 'while-revalidate';
  return now < (entry.errorUntil ?? 0) ? 'on-error' : 'none';
}

/** Is this entry still good at `now` (milliseconds since the epoch)? */
export function freshnessOf(entry: Pick<Entry, 'staleAt' | 'expiresAt'>, now: number): Freshness {
  if (now < entry.staleAt) return 'fresh';
  return now < entry.expiresAt ? 'stale' : 'expired';
}
