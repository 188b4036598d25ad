import type { Result } from '../telemetry/outcome.ts';
import type { Times } from '../telemetry/performance-snapshot.ts';

/** Results in the order in which they are shown, the best ones first. */
export const RESULTS = ['hit', 'coalesced', 'stale', 'miss', 'error', 'bypass'] as const satisfies readonly Result[];

export const RESULT_NAMES: Readonly<Record<Result, string>> = {
  hit: 'Hit',
  coalesced: 'Coalesced',
  stale: 'Stale',
  miss: 'Miss',
  error: 'Error',
  bypass: 'Bypass',
};

/** The times that are drawn: hits against misses. */
export const LATENCIES = [
  { result: 'hit', percentile: 'p50Ms', name: 'Hit p50' },
  { result: 'hit', percentile: 'p95Ms', name: 'Hit p95' },
  { result: 'miss', percentile: 'p50Ms', name: 'Miss p50' },
  { result: 'miss', percentile: 'p95Ms', name: 'Miss p95' },
] as const satisfies readonly { result: string; percentile: keyof Times; name: string }[];

/** The colour of a result in today's theme. */
export function colourOf(result: Result): string {
  return themeColour(`--${result}`);
}

export function themeColour(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
