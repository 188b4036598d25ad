import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Entry, LogPosition } from '../entry/entry.ts';
import { AICacheError, invalidationFailed } from '../errors.ts';
import type { Observe } from '../telemetry/events.ts';
import type { Invalidation } from './invalidation.ts';
import type { NewItem } from './invalidation-item.ts';
import { indexesFor } from './invalidation-index.ts';
import { CoherenceLease, LEASE_MS } from './invalidation-lease.ts';
import { InvalidationNews } from './invalidation-news.ts';
import { RedisLog } from './invalidation-redis-log.ts';
import type { Selector, Subject } from './invalidation-selector.ts';
import { countCovered, removeCovered, type Walk } from './invalidation-walk.ts';
import type { MemoryTier } from './memory-tier.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';
import { reasonOf } from './redis-failure.ts';

export interface SharedInvalidationOptions {
  /** Where Redis is, for the connection that hears news. */
  readonly redis: string | RedisClient;
  readonly timeoutMs: number;
  /** The connection that commands go to. */
  readonly connection: RedisConnection;
  readonly namespace: string;
  readonly maxItems: number;
  readonly memory: MemoryTier | undefined;
  /** What memory gives while Redis cannot be asked: what was made since then, for a minute at the most, or nothing. */
  readonly whenDisconnected: 'serve-new' | 'off';
  readonly clock: Clock;
  readonly observe: Observe;
  readonly onError: (error: AICacheError) => void;
  /** Monotonic milliseconds of this machine, whatever time a test sets. */
  readonly monotonic: () => number;
}

/** How old an answer may be that nobody could have invalidated, milliseconds. */
const STAND_IN_MS = 60_000;

/** Timers may be a little early, and the clocks of two machines not quite equally fast. */
const MARGIN_MS = 50;

/** A member that says nothing is waited for until its lease is over. */
const SILENT_MS = LEASE_MS + MARGIN_MS;

/** Invalidation in all processes that share a Redis and a namespace. */
export class SharedInvalidation implements Invalidation {
  readonly log: RedisLog;
  readonly #options: SharedInvalidationOptions;
  readonly #news: InvalidationNews;
  readonly #lease: CoherenceLease | undefined;
  #isSweeping = false;
  #awaySince = -Infinity;
  #reconnectedAt = -Infinity;

  constructor(options: SharedInvalidationOptions) {
    const { connection, memory, monotonic } = options;
    this.#options = options;
    this.log = new RedisLog({ ...options, onNews: () => this.#sweepSoon() });
    this.#news = new InvalidationNews({
      ...options,
      channel: this.log.channel,
      receive: (head, floor, item) => this.log.receive(head, floor, item),
      answer: async (channel, message) => (await connection.client()).publish(channel, message),
    });
    const renew = (): Promise<void> => this.log.open(this.#news.id);
    const listen = (): void => void this.#news.listen();
    // It may have come back in an older state: who knows more of the log says so, even where nobody asks anything of this process.
    connection.onReady(() => {
      if (this.isUnknown()) return;
      this.#reconnectedAt = monotonic();
      void this.log.open().catch(() => undefined);
    });
    this.#lease = memory && new CoherenceLease({ renew, listen, monotonic, wall: () => Date.now() });
  }

  async connect(): Promise<void> {
    await Promise.all([this.#news.listen(), this.log.open().catch(() => undefined)]);
  }

  position(): LogPosition {
    if (this.#options.connection.state() === 'reconnecting') this.away();
    return this.log.position();
  }

  isUnknown(): boolean {
    return !this.log.isKnown;
  }

  judge(entry: Entry): Entry | undefined {
    return this.log.judge(entry);
  }

  mayKeep(entry: Entry): boolean {
    return this.isUnknown() || this.judge(entry) !== undefined;
  }

  isCoherent(): boolean {
    return this.#lease?.isHeld() ?? false;
  }

  away(): void {
    if (this.#awaySince <= this.log.contactAt) this.#awaySince = this.#options.monotonic();
  }

  /** What was begun while Redis was known to be away, and still is, since nobody else could be heard then. */
  standIn(entry: Entry): Entry | undefined {
    const { notedAt = -Infinity, epoch = '' } = entry.position ?? {};
    const isNew = this.#awaySince > this.log.contactAt && notedAt >= this.#awaySince;
    const isYoung = this.#options.monotonic() - notedAt < STAND_IN_MS;
    if (!isNew || !isYoung || this.#options.whenDisconnected === 'off') return undefined;
    return epoch === '' ? entry : this.judge(entry);
  }

  generation(subject: Subject): string {
    return this.log.generation(subject);
  }

  async mayHold(targets: readonly string[]): Promise<boolean> {
    const { connection, memory, namespace } = this.#options;
    if (memory?.hasAny(targets) === true) return true;
    const client = await connection.client();
    const indexes = indexesFor(namespace, { target: targets }).flat();
    const held = await Promise.all(indexes.map((index) => client.exists(index)));
    return held.some((count) => count > 0);
  }

  invalidate(selector: Selector): Promise<number> {
    const operation = Object.keys(selector).length === 0 ? 'clear' : 'invalidate';
    return this.#tellAll(operation, { action: 'invalidate', selector }, async (walk) => {
      let removed = 0;
      await removeCovered(walk, (onPage) => {
        removed += onPage;
        for (let entry = 0; entry < onPage; entry += 1) {
          this.#options.observe({ type: 'eviction', tier: 'redis', reason: 'invalidated' });
        }
      });
      return removed;
    });
  }

  expire(selector: Selector): Promise<number> {
    const at = this.#options.clock.now();
    return this.#tellAll('expire', { action: 'expire', selector, at }, (walk) =>
      countCovered(walk, (gist) => (this.log.judge(gist, walk.position.sequence)?.staleAt ?? 0) > at),
    );
  }

  async close(): Promise<void> {
    this.#lease?.close();
    if (this.#options.connection.state() === 'ready') {
      await this.log.leave(this.#news.id).catch(() => undefined);
    }
    await this.#news.close();
  }

  /** Logs an item, does what it says in Redis, and waits until no process serves anything else from its memory. */
  async #tellAll(operation: string, item: NewItem, work: (walk: Walk) => Promise<number>): Promise<number> {
    const { connection, namespace } = this.#options;
    try {
      const client = await connection.client();
      await this.#news.listen();
      const answers = this.#news.ask();
      try {
        const { epoch, sequence, members, knownForMs } = await this.log.append(item, answers.place);
        const unlistedMs = this.#unlistedMs(knownForMs);
        const isRead = Promise.all([answers.all(members, SILENT_MS), unlistedMs > 0 ? sleep(unlistedMs) : undefined]);
        const count = await work({ client, namespace, selector: item.selector, position: { epoch, sequence } });
        await isRead;
        return count;
      } finally {
        answers.end();
      }
    } catch (error) {
      if (!(error instanceof AICacheError)) throw invalidationFailed(operation, reasonOf(error));
      // The connection's own words are about requests, which go on without Redis.
      if (error.code === 'REDIS_FAILED') throw invalidationFailed(operation, 'no connection', error);
      if (error.code === 'REDIS_REPLY_MISMATCH') connection.reconnect();
      throw error;
    }
  }

  /** Redis may have lost its list of members, or come back with an older one, but no lease outlives the time since then. */
  #unlistedMs(knownForMs: number): number {
    const connectedForMs = this.#options.monotonic() - this.#reconnectedAt;
    return SILENT_MS - Math.max(0, Math.min(knownForMs, connectedForMs));
  }

  /** What may not be served is not: that it also goes saves its space. Once for all that comes in one turn of the event loop. */
  #sweepSoon(): void {
    const { memory } = this.#options;
    if (memory === undefined || this.#isSweeping) return;
    this.#isSweeping = true;
    setImmediate(() => {
      this.#isSweeping = false;
      memory.removeWhere((entry) => !this.mayKeep(entry));
    });
  }
}
