import type { CostTier } from '../config/config.ts';
import { forModel } from './model-pattern.ts';
import type { Priced } from './price-table.ts';

/**
 * Families whose tier is known by name, the first that fits counts. What is in the name of a family but not at its price, such as
 * gpt-5.6-luna, is left to the prices.
 */
export const MODEL_FAMILIES: readonly (readonly [family: RegExp, tier: CostTier])[] = Object.freeze([
  [/^claude-(?:[\d.-]+-)?opus/, 'very_high'],
  [/^(?:gpt-4\.5|gpt-5(?:\.\d+)?-pro|o[13]-pro)/, 'very_high'],
  [/^gpt-(?:4o|4\.1|5)-(?:mini|nano)/, 'low'],
  [/^gpt-3\.5/, 'low'],
  [/^(?:mistral-(?:tiny|small)|ministral|open-mistral)/, 'low'],
  [/^(?:gpt-4|chatgpt-4)/, 'high'],
  [/^gpt-5(?:\.\d+)?(?:-(?:chat|codex))?(?:-latest|-\d{4}-\d{2}-\d{2})?$/, 'high'],
  [/^claude-(?:[\d.-]+-)?sonnet/, 'high'],
  [/^(?:mistral|pixtral)-large/, 'high'],
  [/^claude-(?:(?:[\d.-]+-)?haiku|instant)/, 'medium'],
  [/^mistral-medium/, 'medium'],
  [/^deepseek/, 'medium'],
]);

/** Least price of a tier, USD per million tokens, three parts input and one part output; below the last it is `low`. */
export const TIER_BOUNDARIES: readonly (readonly [leastUsdPerMillion: number, tier: CostTier])[] = Object.freeze([
  [15, 'very_high'],
  [3, 'high'],
  [0.75, 'medium'],
]);

export interface TierSources {
  /** The user's table. */
  readonly models: Readonly<Record<string, CostTier>>;
  /** Asked only where the tables do not say. */
  readonly usdPerMillion: (priced: Priced) => number | undefined;
}

/** How much does this model cost, in four classes? By the user's table, the family, the price; else it is medium. */
export function costTierOf(asked: Partial<Priced>, sources: TierSources): CostTier {
  const { provider, model } = asked;
  if (model === undefined) return 'medium';
  return (
    forModel(sources.models, model) ??
    familyTier(model) ??
    tierOfPrice(sources.usdPerMillion({ provider, model })) ??
    'medium'
  );
}

/** The family stands behind what a gateway or a fine-tuning writes in front: `anthropic/claude-opus-4-1`, `ft:gpt-4o-mini:…`. */
function familyTier(model: string): CostTier | undefined {
  const name = model.toLowerCase();
  const bare = name.slice(name.lastIndexOf('/') + 1).replace(/^ft:/, '');
  return MODEL_FAMILIES.find(([family]) => family.test(bare))?.[1];
}

function tierOfPrice(usdPerMillion: number | undefined): CostTier | undefined {
  if (usdPerMillion === undefined) return undefined;
  return TIER_BOUNDARIES.find(([least]) => usdPerMillion >= least)?.[1] ?? 'low';
}
