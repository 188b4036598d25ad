import { hitRatio, noResults, type ResultCounts } from './hits.ts';
import type { Result } from './outcome.ts';
import { Savings, type Saved } from './savings.ts';

/** Requests by how they were answered. */
export interface RequestTotals {
  readonly hits: number;
  readonly misses: number;
  readonly stale: number;
  readonly coalesced: number;
  readonly bypassed: number;
  readonly errors: number;
  /** (hits + stale + coalesced) / (everything but bypassed), 0 … 1; null before the first such request. */
  readonly hitRatio: number | null;
  readonly saved: Saved;
}

export interface ModelTotals extends RequestTotals {
  /** `unknown` where a request did not tell, `other` beyond the cap. */
  readonly provider: string;
  readonly model: string;
}

export interface Stats extends RequestTotals {
  /** Sorted by provider, then model. */
  readonly byModel: readonly ModelTotals[];
}

/** Only requests of this provider, this model, or both. */
export interface StatsFilter {
  readonly provider?: string;
  readonly model?: string;
}

/** What was counted of one provider and model. */
export interface Series {
  readonly provider: string;
  readonly model: string;
  readonly results: ResultCounts;
  readonly savings: Savings;
}

/** The series that fit the filter, and their sums. */
export function statsOf(all: Iterable<Series>, filter: StatsFilter): Stats {
  const results = noResults();
  const savings = new Savings();
  const byModel: ModelTotals[] = [];
  for (const series of all) {
    if (filter.provider !== undefined && filter.provider !== series.provider) continue;
    if (filter.model !== undefined && filter.model !== series.model) continue;
    for (const result of Object.keys(results) as Result[]) results[result] += series.results[result];
    savings.add(series.savings);
    byModel.push({ provider: series.provider, model: series.model, ...totalsOf(series.results, series.savings) });
  }
  byModel.sort((a, b) => compare(a.provider, b.provider) || compare(a.model, b.model));
  return { ...totalsOf(results, savings), byModel };
}

function totalsOf(results: Readonly<ResultCounts>, savings: Savings): RequestTotals {
  return {
    hits: results.hit,
    misses: results.miss,
    stale: results.stale,
    coalesced: results.coalesced,
    bypassed: results.bypass,
    errors: results.error,
    hitRatio: hitRatio(results),
    saved: savings.total(),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
