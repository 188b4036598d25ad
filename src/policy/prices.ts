import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { ModelPrice } from '../config/config.ts';
import { shownValue } from '../config/shown-value.ts';
import type { Usage } from '../entry/entry.ts';
import { pricesMissing, unknownModel, type AICacheError } from '../errors.ts';
import { forModel } from './model-pattern.ts';
import { loadPriceTable, type Priced, type PriceTable } from './price-table.ts';
import { blendedUsdPerMillion, costUsdOf, type Rates } from './rates.ts';

export interface PricesOptions {
  /** The option `prices`. */
  readonly given: Readonly<Record<string, ModelPrice>>;
  readonly clock: Pick<Clock, 'now'>;
  readonly report: (error: AICacheError) => void;
  readonly load?: () => PriceTable;
}

/** Rates are looked up again after so long, since some providers charge by the hour of the day. */
const KEPT_MS = 30 * 60_000;
const MAX_KEPT = 1_000;
const MAX_REPORTED = 100;

/**
 * What models cost: as the options say, else as the shipped table says, which is loaded when it is first asked. Each model is
 * looked up once in half an hour; one that has no price is reported once. Never throws.
 */
export class Prices {
  readonly #options: PricesOptions;
  readonly #kept = new LRUCache<string, { readonly rates: Rates | undefined; readonly slot: number }>({
    max: MAX_KEPT,
  });
  readonly #reported = new Set<string>();
  #table: PriceTable | undefined;
  #isMissing = false;

  constructor(options: PricesOptions) {
    this.#options = options;
  }

  /** Loads the table soon, while a handler waits for its model. */
  warm(): void {
    if (this.#table === undefined) setImmediate(() => this.#loaded());
  }

  /** What these tokens cost, USD, by the first of these that has a price; undefined where none has. */
  costUsd(candidates: readonly Priced[], usage: Usage): number | undefined {
    for (const priced of candidates) {
      const rates = this.#ratesOf(priced);
      const usd = rates === undefined ? undefined : costUsdOf(rates, usage);
      if (usd !== undefined) return usd;
    }
    this.#reportUnknown(candidates[0]);
    return undefined;
  }

  /** One price for all tokens of a model, USD per million, three parts input and one part output. */
  usdPerMillion(priced: Priced): number | undefined {
    const rates = this.#ratesOf(priced);
    const usd = rates === undefined ? undefined : blendedUsdPerMillion(rates);
    if (usd === undefined) this.#reportUnknown(priced);
    return usd;
  }

  #ratesOf(priced: Priced): Rates | undefined {
    const given = forModel(this.#options.given, priced.model);
    if (given !== undefined) return ratesGiven(given);
    const now = this.#options.clock.now();
    const slot = Math.floor(now / KEPT_MS);
    const key = JSON.stringify([priced.provider, priced.model]);
    const kept = this.#kept.get(key);
    if (kept?.slot === slot) return kept.rates;
    const rates = this.#lookedUp(priced, now);
    this.#kept.set(key, { rates, slot });
    return rates;
  }

  #lookedUp(priced: Priced, now: number): Rates | undefined {
    try {
      return this.#loaded()(priced, new Date(now));
    } catch {
      // A price in a form that nobody has seen yet is no price.
      return undefined;
    }
  }

  #loaded(): PriceTable {
    if (this.#table !== undefined) return this.#table;
    try {
      this.#table = (this.#options.load ?? loadPriceTable)();
    } catch (error) {
      this.#table = () => undefined;
      this.#isMissing = true;
      this.#options.report(pricesMissing(error));
    }
    return this.#table;
  }

  /** Without a table every model is unknown, which has been said. */
  #reportUnknown(priced: Priced | undefined): void {
    if (priced === undefined || this.#isMissing) return;
    const { model, provider } = priced;
    if (this.#reported.has(model) || this.#reported.size >= MAX_REPORTED) return;
    this.#reported.add(model);
    this.#options.report(unknownModel(shownValue(model), provider && shownValue(provider)));
  }
}

function ratesGiven({ inputUsdPerMillion, outputUsdPerMillion }: ModelPrice): Rates {
  return { input: { usd: inputUsdPerMillion, steps: [] }, output: { usd: outputUsdPerMillion, steps: [] } };
}
