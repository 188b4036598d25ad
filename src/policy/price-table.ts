import { createRequire } from 'node:module';
import type * as GenaiPrices from '@pydantic/genai-prices';
import type { Rate, Rates } from './rates.ts';

/** Who is to be paid: a model, and its provider where that is known. */
export interface Priced {
  readonly provider?: string | undefined;
  readonly model: string;
}

/** The rates of a model at a time: some providers charge by the time of day. Undefined: not in the table. */
export type PriceTable = (priced: Priced, at: Date) => Rates | undefined;

/**
 * Loads the prices in `@pydantic/genai-prices`, some 4 MB and 30 ms: on first need, never on import. At once, not by a promise,
 * so that the entry of the first answer knows its price and its lifetime before the next request asks for it.
 *
 * Throws where the package is not there, as in a bundle that left it out.
 */
export function loadPriceTable(): PriceTable {
  const { calcPrice } = createRequire(import.meta.url)('@pydantic/genai-prices') as typeof GenaiPrices;
  const pricesOf = (model: string, provider: string | undefined, timestamp: Date): GenaiPrices.ModelPrice | undefined =>
    calcPrice({ input_tokens: 0, output_tokens: 0 }, model, {
      timestamp,
      ...(provider === undefined ? {} : { providerId: provider }),
    })?.model_price;
  return ({ provider, model }, at) => {
    // Gateways write the provider in front of the model: `anthropic/claude-sonnet-4-5`.
    const bare = model.slice(model.lastIndexOf('/') + 1);
    const prices = pricesOf(model, provider, at) ?? (bare === model ? undefined : pricesOf(bare, provider, at));
    return prices === undefined ? undefined : ratesFrom(prices);
  };
}

function ratesFrom(prices: GenaiPrices.ModelPrice): Rates {
  return {
    ...rate('input', prices.input_mtok),
    ...rate('output', prices.output_mtok),
    ...rate('cacheRead', prices.cache_read_mtok),
    ...rate('cacheWrite', prices.cache_write_mtok),
  };
}

function rate<Name extends keyof Rates>(
  name: Name,
  price: number | GenaiPrices.TieredPrices | undefined,
): { [Key in Name]?: Rate } {
  if (price === undefined) return {};
  const made: Rate =
    typeof price === 'number'
      ? { usd: price, steps: [] }
      : {
          usd: price.base,
          steps: price.tiers
            .map(({ start, price: usd }) => ({ above: start, usd }))
            .toSorted((a, b) => a.above - b.above),
        };
  return { [name]: made } as { [Key in Name]?: Rate };
}
