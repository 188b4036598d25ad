import type { Result } from './outcome.ts';

/** Requests by how they were answered. */
export type ResultCounts = Record<Result, number>;

export function noResults(): ResultCounts {
  return { hit: 0, stale: 0, miss: 0, coalesced: 0, bypass: 0, error: 0 };
}

/** Was the request answered without a fill of its own? */
export function isHit(result: Result): boolean {
  return result === 'hit' || result === 'stale' || result === 'coalesced';
}

/** (hit + stale + coalesced) / (everything but bypass), 0 … 1; null where nothing has been counted. */
export function hitRatio(counts: Readonly<ResultCounts>): number | null {
  const hits = counts.hit + counts.stale + counts.coalesced;
  const consulted = hits + counts.miss + counts.error;
  return consulted === 0 ? null : hits / consulted;
}
