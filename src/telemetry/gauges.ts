import type { TierName } from '../tiers/tier.ts';

/** `half-open`: one call tries whether the tier is back. */
export type Circuit = (typeof CIRCUITS)[number];
export const CIRCUITS = Object.freeze(['closed', 'open', 'half-open'] as const);

/** What a tier holds now; a number it does not know is absent. */
export interface TierGauge {
  readonly tier: TierName;
  readonly entries?: number;
  readonly usedBytes?: number;
  readonly limitBytes?: number;
  /** Of the breaker in front of it: `open` while it is left alone. */
  readonly circuit?: Circuit;
}

/** Asked when somebody reads, never per request. */
export type Gauges = () => readonly TierGauge[];
