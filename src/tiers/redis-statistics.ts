import { randomBytes } from 'node:crypto';
import { AICacheError, redisReplyMismatch, statisticsFailed, statisticsTimedOut } from '../errors.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';
import { isCommandTimeout, reasonOf } from './redis-failure.ts';
import { settle } from './settle.ts';
import { FOLD, WRITE } from './statistics-scripts.ts';

/** Totals by series: how a series is named and what its numbers mean is the caller's business. */
export type SeriesTotals = ReadonlyMap<string, readonly number[]>;

export interface RedisStatisticsOptions {
  readonly connection: Pick<RedisConnection, 'client' | 'reconnect'>;
  readonly namespace: string;
  /** The longest wait for one call, milliseconds. */
  readonly timeoutMs: number;
  /** Series beyond so many add up in one, which has this name. */
  readonly maxSeries: number;
  readonly otherSeries: string;
}

/** `whole`: Redis has lost what this process wrote before; all series are to be written. */
export type Written = 'written' | 'whole';

/** A process that has been silent for so long has ended, or will be heard again. */
const SILENT_MS = 3_600_000;

/** How long a hash stays after its process has ended: far longer than a late write, or than one that runs is silent. */
const CLOSED_STAYS_MS = 3_600_000;
const FOLDED_STAYS_MS = 7 * 86_400_000;

/** Reads of a list that changes meanwhile. */
const MAX_READS = 5;

/** Totals of all processes of a namespace, see statistics-scripts.ts. Rejects with AICacheError REDIS_FAILED, REDIS_TIMEOUT or REDIS_MISSING. */
export class RedisStatistics {
  readonly #options: RedisStatisticsOptions;
  readonly #id = randomBytes(12).toString('base64url');
  readonly #prefix: string;
  #sequence = 0;
  /** The last write that Redis has said to have. */
  #acknowledged = 0;

  constructor(options: RedisStatisticsOptions) {
    this.#options = options;
    // In one slot of a Cluster, so that one script can reach them.
    this.#prefix = `${options.namespace}:{${options.namespace}}:stats`;
  }

  /** Sets the totals of this process: all series where `isWhole`, else those that have changed. */
  write(totals: SeriesTotals, isWhole: boolean): Promise<Written> {
    const sequence = (this.#sequence += 1);
    const { maxSeries, otherSeries } = this.#options;
    const least = isWhole ? 'whole' : this.#acknowledged;
    const args = [this.#id, sequence, least, maxSeries, otherSeries, SILENT_MS];
    const pairs = [...totals].flatMap(([series, numbers]) => [series, numbers.join(' ')]);
    return this.#within(async (client) => {
      const reply = await client.eval(WRITE, 3, ...this.#keysOf(this.#id), ...args, ...pairs);
      const [end, ...silent] = this.#listIn(reply);
      if (end !== 'written' && end !== 'whole' && end !== 'late' && end !== 'closed') throw this.#mismatch();
      if (end === 'written') this.#acknowledged = sequence;
      await Promise.all(silent.map(async (id) => this.#fold(client, id, 'folded')));
      return end === 'whole' ? end : 'written';
    });
  }

  /** This process has ended: what it wrote stays in the totals, and nothing of it is written any more. */
  async close(): Promise<void> {
    await this.#within((client) => this.#fold(client, this.#id, 'closed'));
  }

  /** The totals of all processes, those that have ended among them. */
  read(): Promise<SeriesTotals> {
    return this.#within(async (client) => {
      let writers = this.#listIn(await client.zrange(`${this.#prefix}:writers`, '0', '-1'));
      for (let left = MAX_READS; ; left -= 1) {
        // oxlint-disable-next-line no-await-in-loop -- once, but where the list has changed meanwhile
        const { now, hashes } = await this.#readAt(client, writers);
        // One that came between list and reading, or came back out of the totals, would be missing.
        if (left === 1 || now.every((id) => writers.includes(id))) return this.#summed(hashes);
        writers = now;
      }
    });
  }

  /** At once, so that nothing moves from one hash to another. */
  async #readAt(client: RedisClient, writers: readonly string[]): Promise<{ now: string[]; hashes: Hash[] }> {
    const reading = client.multi().zrange(`${this.#prefix}:writers`, '0', '-1').call('hgetall', this.#prefix);
    for (const id of writers) reading.call('hgetall', `${this.#prefix}:w:${id}`);
    const replies = ((await reading.exec()) ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const [now, ...hashes] = replies;
    if (hashes.length !== writers.length + 1) throw this.#mismatch();
    return { now: this.#listIn(now), hashes: hashes.map((hash) => this.#hashIn(hash)) };
  }

  #summed(hashes: readonly Hash[]): SeriesTotals {
    const { maxSeries, otherSeries } = this.#options;
    const sums = new Map<string, number[]>();
    // The totals hold what a folded or closed process has written.
    const counted = hashes.filter((hash) => !hash.some(([field]) => field === '#state'));
    for (const [field, text] of counted.flat()) {
      if (field.startsWith('#')) continue;
      const series = sums.has(field) || sums.size < maxSeries ? field : otherSeries;
      const numbers = text.split(' ').map(Number);
      if (!numbers.every((number) => Number.isFinite(number))) throw this.#mismatch();
      const before = sums.get(series) ?? [];
      sums.set(
        series,
        Array.from(
          { length: Math.max(before.length, numbers.length) },
          (_, at) => (before[at] ?? 0) + (numbers[at] ?? 0),
        ),
      );
    }
    return sums;
  }

  async #fold(client: RedisClient, id: string, as: 'folded' | 'closed'): Promise<void> {
    const { maxSeries, otherSeries } = this.#options;
    const staysMs = as === 'closed' ? CLOSED_STAYS_MS : FOLDED_STAYS_MS;
    await client.eval(FOLD, 3, ...this.#keysOf(id), id, as, staysMs, SILENT_MS, maxSeries, otherSeries);
  }

  #keysOf(id: string): [totals: string, writers: string, hash: string] {
    return [this.#prefix, `${this.#prefix}:writers`, `${this.#prefix}:w:${id}`];
  }

  #listIn(reply: unknown): string[] {
    if (!Array.isArray(reply) || !reply.every((item) => typeof item === 'string')) throw this.#mismatch();
    return reply;
  }

  /** ioredis makes an object of it, or leaves a list. */
  #hashIn(reply: unknown): Hash {
    if (Array.isArray(reply)) {
      const items = this.#listIn(reply);
      return items.flatMap((field, at) => (at % 2 === 0 ? [[field, items[at + 1] ?? ''] as const] : []));
    }
    if (typeof reply !== 'object' || reply === null) throw this.#mismatch();
    return Object.entries(reply).map(([field, text]) => [field, String(text)]);
  }

  async #within<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    const { connection, timeoutMs } = this.#options;
    const settled = await settle(async () => work(await connection.client()), timeoutMs);
    if (settled.end === 'value') return settled.value;
    if (settled.end === 'timeout' || isCommandTimeout(settled.error)) throw statisticsTimedOut(timeoutMs);
    const { error } = settled;
    if (!(error instanceof AICacheError)) throw statisticsFailed(reasonOf(error), error);
    // The connection's own words are about requests, which go on without Redis.
    throw error.code === 'REDIS_FAILED' ? statisticsFailed('no connection', error) : error;
  }

  /** As in RedisTier: no reply of this connection is to be trusted any more (DESIGN D7). */
  #mismatch(): AICacheError {
    this.#options.connection.reconnect();
    return redisReplyMismatch('count');
  }
}

type Hash = readonly (readonly [field: string, text: string])[];
