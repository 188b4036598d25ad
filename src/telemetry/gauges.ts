import type { TierName } from '../tiers/tier.ts';

/** What a tier holds now; a number it does not know is absent. */
export interface TierGauge {
  readonly tier: TierName;
  readonly entries?: number;
  readonly usedBytes?: number;
  readonly limitBytes?: number;
}

/** Asked when somebody reads, never per request. */
export type Gauges = () => readonly TierGauge[];
