import type { TextTier } from './entry.ts';

/** Upper limits of the size classes, UTF-16 units; a text of exactly the limit is in the next class. */
export interface TextSizeTiers {
  readonly small: number;
  readonly medium: number;
  readonly large: number;
}

/** Which size class is a text of this length in? */
export function textTierOf(length: number, tiers: TextSizeTiers): TextTier {
  if (length < tiers.small) return 'small';
  if (length < tiers.medium) return 'medium';
  return length < tiers.large ? 'large' : 'xlarge';
}
