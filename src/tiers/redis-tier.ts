import type { Clock } from '../clock.ts';
import { decodeEntry, encodeEntry, generationOf, MAX_FRAME_OVERHEAD_BYTES } from '../entry/codec.ts';
import type { Entry } from '../entry/entry.ts';
import { freshnessOf } from '../entry/freshness.ts';
import { redisReplyMismatch, type AICacheError } from '../errors.ts';
import { enterIndexes, indexesOf } from './invalidation-index.ts';
import type { RedisLog } from './invalidation-redis-log.ts';
import type { RedisConnection } from './redis-connection.ts';
import { sendAll } from './redis-batch.ts';
import type { CacheKey, Tier } from './tier.ts';

export interface RedisTierOptions {
  readonly connection: Pick<RedisConnection, 'client' | 'reconnect'>;
  /** Every key is `<namespace>:e:<version>:<key.text>`, see also `generationOf`. */
  readonly namespace: string;
  readonly version: number;
  /** A larger body is neither written nor read, bytes. */
  readonly maxEntryBytes: number;
  /** What entries are judged by; without it none is ever invalidated, nor indexed. */
  readonly log?: RedisLog | undefined;
  readonly clock: Clock;
}

/** Keeps entries in Redis until they expire, shared by every process of the namespace. */
export class RedisTier implements Tier {
  readonly name = 'redis';
  readonly #options: RedisTierOptions;
  readonly #prefix: string;
  readonly #generation: string;

  constructor(options: RedisTierOptions) {
    this.#options = options;
    this.#generation = generationOf(options.version);
    this.#prefix = `${options.namespace}:e:${this.#generation}:`;
  }

  /** The log is known when this resolves. */
  async prepare(): Promise<boolean> {
    await this.#options.log?.open();
    return true;
  }

  /**
   * What this version cannot read, another release may: it is a miss and stays; so is what the log speaks against. Rejects with
   * REDIS_REPLY_MISMATCH for another key's entry.
   */
  async get(key: CacheKey): Promise<Entry | undefined> {
    const { connection, log } = this.#options;
    const client = await connection.client();
    // Both at once: in this order on one connection, and each to its node on a Cluster.
    const [reply, follow] = await Promise.all([
      client.getBuffer(this.#prefix + key.text) as Promise<unknown>,
      log?.ask(client),
    ]);
    const entry = this.#entryIn(reply, key);
    await follow?.();
    return entry === undefined || log === undefined ? entry : this.#usable(log.judge(entry));
  }

  /** The entries of several keys, in their order, by one pipeline. Rejects as `get` does. */
  async getMany(keys: readonly CacheKey[]): Promise<(Entry | undefined)[]> {
    const { connection, log } = this.#options;
    const client = await connection.client();
    const [replies, follow] = await Promise.all([
      sendAll(
        client,
        keys.map(({ text }) => ['get', this.#prefix + text]),
      ),
      log?.ask(client),
    ]);
    await follow?.();
    return keys.map((key, place) => {
      const reply = replies[place];
      const entry = reply instanceof Error ? undefined : this.#entryIn(reply, key);
      return entry === undefined || log === undefined ? entry : this.#usable(log.judge(entry));
    });
  }

  /** False for an entry that is too large, expired or another key's, and for one that was begun before something that concerns it was invalidated. */
  async set(key: CacheKey, entry: Entry): Promise<boolean> {
    const { maxEntryBytes, clock, connection, log, namespace } = this.#options;
    if (entry.digest !== key.digest || entry.body.length > maxEntryBytes) return false;
    if (log !== undefined && log.judge(entry) === undefined) return false;
    const lifetimeMs = Math.floor(entry.expiresAt - clock.now());
    if (lifetimeMs <= 0) return false;
    const bytes = encodeEntry(entry);
    if (bytes.length > maxEntryBytes + MAX_FRAME_OVERHEAD_BYTES) return false;
    const client = await connection.client();
    const writing: Promise<unknown> = client.set(this.#prefix + key.text, bytes, 'PX', lifetimeMs);
    // Behind it on the connection: what is in an index and not there is taken out of the index.
    const indexes = log === undefined ? [] : indexesOf(namespace, entry);
    const [reply] = await Promise.all([
      writing,
      enterIndexes(client, indexes, `${this.#generation}:${key.text}`, lifetimeMs),
    ]);
    if (reply !== 'OK') throw this.#mismatch('put');
    return true;
  }

  async delete(key: CacheKey): Promise<boolean> {
    const client = await this.#options.connection.client();
    const reply: unknown = await client.unlink(this.#prefix + key.text);
    if (typeof reply !== 'number') throw this.#mismatch('remove');
    return reply > 0;
  }

  #entryIn(reply: unknown, key: CacheKey): Entry | undefined {
    if (reply === null) return undefined;
    if (!Buffer.isBuffer(reply)) throw this.#mismatch('get');
    if (reply.length > this.#options.maxEntryBytes + MAX_FRAME_OVERHEAD_BYTES) return undefined;
    const decoded = decodeEntry(reply, key.digest);
    if ('entry' in decoded) {
      return decoded.entry.body.length > this.#options.maxEntryBytes ? undefined : this.#usable(decoded.entry);
    }
    if (decoded.reject === 'digest-mismatch') throw this.#mismatch('get');
    return undefined;
  }

  #usable(entry: Entry | undefined): Entry | undefined {
    return entry === undefined || freshnessOf(entry, this.#options.clock.now()) === 'expired' ? undefined : entry;
  }

  /** The replies of this connection may be out of step with its commands: none of them is to be trusted (DESIGN D7). */
  #mismatch(operation: 'get' | 'put' | 'remove'): AICacheError {
    this.#options.connection.reconnect();
    return redisReplyMismatch(operation);
  }
}
