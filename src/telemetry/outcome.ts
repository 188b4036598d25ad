import type { Usage } from '../entry/entry.ts';
import type { TierName } from '../tiers/tier.ts';

/** `cache.result`: how one request was answered. `error`: the handler threw or answered 5xx. */
export type Result = 'hit' | 'stale' | 'miss' | 'coalesced' | 'bypass' | 'error';

/** What happened to one request: built once at the branch that answered it, emitted once, never changed. */
export interface Outcome {
  readonly result: Result;
  /** The tier that had the entry, on a hit. */
  readonly tier?: TierName;
  /** Why the cache was not consulted (result `bypass`). */
  readonly bypass?: string;
  /** Written to a tier, or why not; absent where there was no fill. */
  readonly stored?: boolean;
  readonly notStored?: string;
  /** `http.route`, fixed at entry. */
  readonly route?: string;
  readonly provider?: string;
  readonly model?: string;
  /** HTTP status sent to the client. */
  readonly status: number;
  /** From the middleware's entry to the last byte, milliseconds. */
  readonly durationMs: number;
  /** Age of the entry served, seconds. */
  readonly ageSeconds?: number;
  /** `error.type`: an error's name or an HTTP status. */
  readonly errorType?: string;
  /** What the served entry had cost: stored usage, money (USD) and fill time. */
  readonly usage?: Usage;
  readonly costUsd?: number;
  readonly fillMs?: number;
  /** `shadow`: the hit there would have been; the handler answered. */
  readonly mode?: 'serve' | 'shadow';
}
