import type { Coding } from '../entry/entry.ts';
import type { TierName } from '../tiers/tier.ts';
import type { Result } from './outcome.ts';

/** Opaque handle of a span, for a link to it. */
export interface SpanLink {
  readonly kind: 'span-link';
}

/** Active while `run` runs, so that the spans of Redis nest in it. */
interface ActiveSpan {
  run<T>(work: () => T): T;
}

/** `cache.get`: ended before `next()` is called. */
export interface GetSpan extends ActiveSpan {
  /** For a background refresh that this request causes. */
  readonly link: SpanLink;
  end(facts: {
    readonly hit: boolean;
    readonly result: Result;
    readonly tier?: TierName;
    readonly itemSizeBytes?: number;
    readonly ageSeconds?: number;
    /** The leader's fill, for a follower. */
    readonly leader?: SpanLink;
    /** Hex digest of the key; only a prefix is ever shown, and only on request. */
    readonly keyDigest?: string;
  }): void;
}

/** `cache.fill`: active while `run` runs, so that the model call's spans nest in it; ends with the response. */
export interface FillSpan extends ActiveSpan {
  readonly link: SpanLink;
  end(facts: {
    readonly errorType?: string;
    readonly clientGone?: boolean;
    readonly provider?: string;
    readonly model?: string;
  }): void;
  startPut(): PutSpan;
}

/** `cache.put`: after the response, child of the fill. */
export interface PutSpan extends ActiveSpan {
  end(facts: {
    readonly stored: boolean;
    readonly notStored?: string;
    readonly itemSizeBytes?: number;
    readonly coding?: Coding;
    readonly ttlSeconds?: number;
    readonly errorType?: string;
  }): void;
}

/** `remove` and `expire`: what fits a selector; `flush`: everything. */
export type RemovalKind = 'remove' | 'expire' | 'flush';

/** `cache.remove` and `cache.flush`: one invalidation, in all processes. An error where it cannot be said to be true. */
export interface RemovalSpan extends ActiveSpan {
  end(facts: { readonly count?: number; readonly errorType?: string }): void;
}

export interface Tracing {
  startRemoval(facts: { readonly kind: RemovalKind }): RemovalSpan;
  startGet(facts: { readonly route?: string }): GetSpan;
  startFill(facts: {
    readonly reason: 'miss' | 'revalidate';
    readonly route?: string;
    /** Of a background refresh: the request that caused it. Such a span is a root of its own with a link to it. */
    readonly cause?: SpanLink;
    readonly provider?: string;
    readonly model?: string;
  }): FillSpan;
}
