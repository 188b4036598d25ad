import type { Entry } from './entry.ts';

/** Fresh before `staleAt`, stale before `expiresAt`, expired after (RFC 9111 §4.2). */
export type Freshness = 'fresh' | 'stale' | 'expired';

/** Is this entry still good at `now` (milliseconds since the epoch)? */
export function freshnessOf(entry: Pick<Entry, 'staleAt' | 'expiresAt'>, now: number): Freshness {
  if (now < entry.staleAt) return 'fresh';
  return now < entry.expiresAt ? 'stale' : 'expired';
}
