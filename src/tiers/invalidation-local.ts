import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { freshnessOf } from '../entry/freshness.ts';
import type { Invalidation } from './invalidation.ts';
import type { NewItem } from './invalidation-item.ts';
import { InvalidationLog } from './invalidation-log.ts';
import { covers, traitsOf, type Selector, type Subject } from './invalidation-selector.ts';
import type { MemoryTier } from './memory-tier.ts';

export interface LocalInvalidationOptions {
  readonly memory: MemoryTier;
  /** Items its log holds at the most; beyond them the oldest are forgotten. */
  readonly maxItems: number;
  readonly clock: Clock;
}

/** Invalidation where there is no Redis: the log is this process's own. */
export class LocalInvalidation implements Invalidation {
  readonly #options: LocalInvalidationOptions;
  readonly #log = new InvalidationLog(randomBytes(8).toString('base64url'));

  constructor(options: LocalInvalidationOptions) {
    this.#options = options;
  }

  async connect(): Promise<void> {
    // There is nothing to connect to.
  }

  position(): LogPosition {
    const { epoch, sequence } = this.#log;
    return { epoch, sequence };
  }

  isUnknown(): boolean {
    return false;
  }

  judge(entry: Entry): Entry | undefined {
    return this.#log.judge(entry);
  }

  mayKeep(entry: Entry): boolean {
    return this.#log.judge(entry) !== undefined;
  }

  isCoherent(): boolean {
    return true;
  }

  away(): void {
    // There is nobody to ask.
  }

  standIn(): undefined {
    return undefined;
  }

  generation(subject: Subject): string {
    return `${this.#log.epoch}.${this.#log.lastAbout(subject)}`;
  }

  async mayHold(targets: readonly string[]): Promise<boolean> {
    return this.#options.memory.hasAny(targets);
  }

  async invalidate(selector: Selector): Promise<number> {
    this.#append({ action: 'invalidate', selector });
    return this.#options.memory.removeWhere((entry) => this.#log.judge(entry) === undefined);
  }

  async expire(selector: Selector): Promise<number> {
    const now = this.#options.clock.now();
    const isFresh = (entry: Entry): boolean => {
      const judged = covers(selector, traitsOf(entry)) ? this.#log.judge(entry) : undefined;
      return judged !== undefined && freshnessOf(judged, now) === 'fresh';
    };
    const expired = this.#options.memory.countWhere(isFresh);
    this.#append({ action: 'expire', selector, at: now });
    return expired;
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  #append(item: NewItem): void {
    const { maxItems } = this.#options;
    this.#log.add({ ...item, sequence: this.#log.sequence + 1 });
    // A tenth at a time: to find the oldest all are looked at.
    if (this.#log.size > maxItems * 1.1) this.#log.keep(maxItems);
  }
}
