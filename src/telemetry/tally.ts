import type { CacheEvent } from './events.ts';
import { hitRatio, noResults, type ResultCounts } from './hits.ts';
import { createLabelCaps, type LabelCaps } from './label-cap.ts';
import { OTHER, UNKNOWN } from './names.ts';
import type { Result } from './outcome.ts';
import { type Saved, Savings } from './savings.ts';

/** Requests since the cache was made, by how they were answered. */
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

interface Series {
  readonly provider: string;
  readonly model: string;
  readonly results: ResultCounts;
  readonly savings: Savings;
}

const MAX_SERIES = 500;

/** Counts requests and savings per provider and model, in this process, since it was made. Bounded: see `maxSeries`. */
export class Tally {
  readonly #labels: LabelCaps;
  readonly #maxSeries: number;
  readonly #series = new Map<string, Map<string, Series>>();
  #size = 0;

  /** Beyond `maxSeries` pairs (default 500) provider and model read `other`. */
  constructor(labels: LabelCaps = createLabelCaps(), maxSeries: number = MAX_SERIES) {
    this.#labels = labels;
    this.#maxSeries = maxSeries;
  }

  /** Counts a request; other events are not its business. */
  observe(event: CacheEvent): void {
    if (event.type !== 'request') return;
    const { outcome } = event;
    const provider = this.#labels.provider.of(outcome.provider ?? UNKNOWN);
    const model = this.#labels.model.of(outcome.model ?? UNKNOWN);
    const series = this.#series.get(provider)?.get(model) ?? this.#newSeries(provider, model);
    series.results[outcome.result] += 1;
    series.savings.observe(outcome);
  }

  stats(filter: StatsFilter = {}): Stats {
    const results = noResults();
    const savings = new Savings();
    const byModel: ModelTotals[] = [];
    for (const series of this.#matching(filter)) {
      for (const result of Object.keys(results) as Result[]) results[result] += series.results[result];
      savings.add(series.savings);
      byModel.push({ provider: series.provider, model: series.model, ...totalsOf(series.results, series.savings) });
    }
    byModel.sort((a, b) => compare(a.provider, b.provider) || compare(a.model, b.model));
    return { ...totalsOf(results, savings), byModel };
  }

  *#matching(filter: StatsFilter): Generator<Series> {
    for (const models of this.#series.values()) {
      for (const series of models.values()) {
        if (filter.provider !== undefined && filter.provider !== series.provider) continue;
        if (filter.model !== undefined && filter.model !== series.model) continue;
        yield series;
      }
    }
  }

  #newSeries(provider: string, model: string): Series {
    if (this.#size < this.#maxSeries) return this.#keep(provider, model);
    return this.#series.get(OTHER)?.get(OTHER) ?? this.#keep(OTHER, OTHER);
  }

  #keep(provider: string, model: string): Series {
    const series = { provider, model, results: noResults(), savings: new Savings() };
    const models = this.#series.get(provider) ?? new Map<string, Series>();
    models.set(model, series);
    this.#series.set(provider, models);
    this.#size += 1;
    return series;
  }
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
