import type { CacheEvent } from './events.ts';
import { noResults } from './hits.ts';
import { createLabelCaps, type LabelCaps } from './label-cap.ts';
import { OTHER, UNKNOWN } from './names.ts';
import { Savings } from './savings.ts';
import { statsOf, type Series, type Stats, type StatsFilter } from './stats.ts';

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
    return statsOf(this.series(), filter);
  }

  *series(): Generator<Series> {
    for (const models of this.#series.values()) yield* models.values();
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
