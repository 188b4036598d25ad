import { noResults } from './hits.ts';
import { OTHER } from './names.ts';
import type { Result } from './outcome.ts';
import { Savings } from './savings.ts';
import type { Series } from './stats.ts';

/** In this order the numbers of a series stand in Redis; a later release may only add to the end. */
const RESULTS: readonly Result[] = ['hit', 'miss', 'stale', 'coalesced', 'bypass', 'error'];

/** The series of all that no series of their own is left for. */
export const OTHER_SERIES = nameOf(OTHER, OTHER);

/** A series by name and numbers, as others can keep and add it up. */
export function numbersOf({ provider, model, results, savings }: Series): readonly [name: string, numbers: number[]] {
  const { usd, inputTokens, outputTokens, seconds, unknown } = savings.total();
  const counts = RESULTS.map((result) => results[result]);
  return [nameOf(provider, model), [...counts, usd, inputTokens, outputTokens, seconds, unknown]];
}

/** The series of such a name and numbers; undefined for a name that is none. */
export function seriesFrom(name: string, numbers: readonly number[]): Series | undefined {
  const labels = labelsIn(name);
  if (labels === undefined) return undefined;
  const results = noResults();
  for (const [place, result] of RESULTS.entries()) results[result] = numbers[place] ?? 0;
  const [usd = 0, inputTokens = 0, outputTokens = 0, seconds = 0, unknown = 0] = numbers.slice(RESULTS.length);
  const savings = new Savings();
  savings.addSaved({ usd, inputTokens, outputTokens, seconds, unknown });
  return { ...labels, results, savings };
}

function nameOf(provider: string, model: string): string {
  return JSON.stringify([provider, model]);
}

function labelsIn(name: string): { provider: string; model: string } | undefined {
  try {
    const labels: unknown = JSON.parse(name);
    if (!Array.isArray(labels)) return undefined;
    const [provider, model] = labels as unknown[];
    return typeof provider === 'string' && typeof model === 'string' ? { provider, model } : undefined;
  } catch {
    return undefined;
  }
}
