import type { Usage } from '../entry/entry.ts';

/** USD per million tokens: `usd`, or that of the last step whose `above` is below the number of input tokens of the call. */
export interface Rate {
  readonly usd: number;
  readonly steps: readonly { readonly above: number; readonly usd: number }[];
}

/** What a model charges by the token; absent: it does not charge for it, or nobody knows. */
export interface Rates {
  readonly input?: Rate;
  readonly output?: Rate;
  /** Input that the provider read from its own prompt cache, or wrote to it; absent: as other input. */
  readonly cacheRead?: Rate;
  readonly cacheWrite?: Rate;
}

/** What these tokens cost, USD; undefined where a rate that is needed is not known. Never free by mistake. */
export function costUsdOf(rates: Rates, usage: Usage): number | undefined {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage;
  if (rates.input === undefined && rates.output === undefined) return undefined;
  const plainTokens = inputTokens - cacheReadTokens - cacheWriteTokens;
  // Counts that contradict each other are charged as the provider charges what it has not cached.
  const parts: readonly (readonly [number, Rate | undefined])[] =
    plainTokens < 0
      ? [[inputTokens, rates.input]]
      : [
          [plainTokens, rates.input],
          [cacheReadTokens, rates.cacheRead ?? rates.input],
          [cacheWriteTokens, rates.cacheWrite ?? rates.input],
        ];
  let usd = 0;
  for (const [tokens, rate] of [...parts, [outputTokens, rates.output] as const]) {
    if (tokens === 0) continue;
    if (rate === undefined) return undefined;
    usd += (tokens * usdPerMillion(rate, inputTokens)) / 1_000_000;
  }
  return usd;
}

/** One price for a model, USD per million tokens: three parts input and one part output; embeddings have input alone. */
export function blendedUsdPerMillion({ input, output }: Rates): number | undefined {
  if (input === undefined || output === undefined) return input?.usd ?? output?.usd;
  return (3 * input.usd + output.usd) / 4;
}

function usdPerMillion({ usd, steps }: Rate, inputTokens: number): number {
  return steps.findLast(({ above }) => inputTokens > above)?.usd ?? usd;
}
