/** What happened, as plain records. Steps and tiers emit them through an `Observe`; none of them knows who listens. */
import type { Coding } from '../entry/entry.ts';
import type { TierName } from '../tiers/tier.ts';
import type { Outcome } from './outcome.ts';
import type { RemovalKind } from './tracing.ts';

export interface RequestEvent {
  readonly type: 'request';
  readonly outcome: Outcome;
}
export interface KeyEvent {
  readonly type: 'key';
  readonly durationMs: number;
  readonly textLength: number;
}
export interface OperationEvent {
  readonly type: 'operation';
  readonly tier: TierName;
  readonly operation: 'get' | 'put' | 'remove' | 'flush';
  readonly durationMs: number;
  readonly hit?: boolean;
  readonly errorType?: string;
}
export interface FillStartedEvent {
  readonly type: 'fill-started';
}
export interface FillEndedEvent {
  readonly type: 'fill-ended';
  readonly durationMs: number;
  readonly reason: 'miss' | 'revalidate';
  readonly route?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly errorType?: string;
}
export interface CodecEvent {
  readonly type: 'codec';
  readonly operation: 'compress' | 'decompress';
  readonly coding: Coding;
  readonly durationMs: number;
}
/** A body was stored, or compressed where it is stored: its identity size and the size kept. */
export interface EntrySizeEvent {
  readonly type: 'entry-size';
  readonly coding: Coding;
  readonly rawBytes: number;
  readonly storedBytes: number;
}
export interface EvictionEvent {
  readonly type: 'eviction';
  readonly tier: TierName;
  readonly reason: 'capacity' | 'expired' | 'invalidated';
}

/** An invalidation has ended: it is true in every process, or has failed. */
export interface InvalidationEvent {
  readonly type: 'invalidation';
  readonly kind: RemovalKind;
  readonly durationMs: number;
  /** Entries removed or expired; absent where it failed. */
  readonly count?: number;
  readonly errorType?: string;
}

export type CacheEvent =
  | RequestEvent
  | KeyEvent
  | OperationEvent
  | FillStartedEvent
  | FillEndedEvent
  | CodecEvent
  | EntrySizeEvent
  | EvictionEvent
  | InvalidationEvent;

/** Takes an event; never throws, never waits. */
export type Observe = (event: CacheEvent) => void;
