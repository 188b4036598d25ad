import type { Entry, LogPosition } from '../entry/entry.ts';
import type { Selector, Subject } from './invalidation-selector.ts';

/** Keeps what was invalidated from being served again, by whatever way it comes back (DESIGN D6). */
export interface Invalidation {
  /** Hears from now on what others invalidate, rather than from the first request on. Never rejects. */
  connect(): Promise<void>;
  /** Where the log stands: to be noted before an answer begins to be made. */
  position(): LogPosition;
  /** Is the log not known yet, so that a position noted now would be of no use? */
  isUnknown(): boolean;
  /** The entry as it may be used now: as it is, stale since it was expired, or not at all. */
  judge(entry: Entry): Entry | undefined;
  /** May this entry be kept in memory? One that cannot be judged yet may. */
  mayKeep(entry: Entry): boolean;
  /** May memory be served without asking Redis? */
  isCoherent(): boolean;
  /** Redis could not be asked just now. */
  away(): void;
  /** The entry of memory where it may be served because Redis could not be asked. */
  standIn(entry: Entry): Entry | undefined;
  /** Requests with different names for their key must not share an answer that is still being made. */
  generation(subject: Subject): string;
  /** May anything be stored of one of these targets? A yes may be wrong. */
  mayHold(targets: readonly string[]): Promise<boolean>;
  /**
   * Removes what the selector covers. Resolves to how many entries this call deleted when nothing of it is served any more, in any
   * process; rejects where that cannot be said.
   */
  invalidate(selector: Selector): Promise<number>;
  /** Marks as stale what the selector covers. Resolves to how many fresh entries it covers; otherwise as `invalidate`. */
  expire(selector: Selector): Promise<number>;
  close(): Promise<void>;
}

/** Nothing is ever invalidated. */
export const NO_INVALIDATION: Invalidation = Object.freeze({
  connect: async () => undefined,
  position: () => ({ epoch: '', sequence: 0 }),
  isUnknown: () => false,
  judge: (entry: Entry) => entry,
  mayKeep: () => true,
  isCoherent: () => true,
  away: () => undefined,
  standIn: () => undefined,
  generation: () => '',
  mayHold: async () => false,
  invalidate: async () => 0,
  expire: async () => 0,
  close: async () => undefined,
});
