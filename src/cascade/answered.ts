import { cachedResponseOf, type CachedResponse } from '../direct/cached-response.ts';
import type { SetResult } from '../direct/direct.ts';
import type { Located } from '../direct/question.ts';
import type { Entry } from '../entry/entry.ts';
import type { ProviderFailure } from '../errors.ts';
import type { TierName } from '../tiers/tier.ts';
import type { ProviderRequest } from './options.ts';

/** `disabled`: the cache is switched off; `shadow`: it has an answer that it does not serve. */
export type Withheld = 'disabled' | 'shadow';
export type NotStored = Exclude<SetResult, { stored: true }>['reason'] | Withheld;

/** An answer, and whose it is. */
export interface CascadeResult {
  readonly response: CachedResponse;
  readonly provider: string;
  readonly model: string;
  /** It was stored before this request came. Where no provider answers it may be a stale one: `response.state` says so. */
  readonly cached: boolean;
  /** It is not the first provider's. */
  readonly fallback: boolean;
  /** An equal request was being answered: this one waited for it, or is its duplicate in a batch. */
  readonly coalesced: boolean;
  /** Why an answer that was made now was not stored; absent where it was. */
  readonly notStored?: NotStored;
  /** Who was asked before and gave no answer. */
  readonly failures: readonly ProviderFailure[];
}

/** An answer that all who share a run get. */
export interface Answered {
  readonly entry: Entry;
  readonly state: 'fresh' | 'stale';
  /** Absent on an answer that was made now. */
  readonly tier?: TierName;
  readonly request: ProviderRequest;
  /** Of the provider. */
  readonly place: number;
  readonly notStored?: NotStored;
  /** What a cache that is not in shadow mode had served. */
  readonly shadow?: Located;
  readonly failures: readonly ProviderFailure[];
}

/** Each caller has bytes of its own: `response`, where this is the only one. */
export async function resultOf(
  answered: Answered,
  coalesced: boolean,
  response?: CachedResponse,
): Promise<CascadeResult> {
  const { entry, state, tier, request, place, notStored, failures } = answered;
  return {
    response: response ?? (await cachedResponseOf(entry, { state, ...(tier === undefined ? {} : { tier }) })),
    provider: request.provider,
    model: request.model,
    cached: tier !== undefined,
    fallback: place > 0,
    coalesced,
    ...(notStored === undefined ? {} : { notStored }),
    failures,
  };
}
