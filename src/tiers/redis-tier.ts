import type { Clock } from '../clock.ts';
import { decodeEntry, encodeEntry, MAX_FRAME_OVERHEAD_BYTES } from '../entry/codec.ts';
import type { Entry } from '../entry/entry.ts';
import { freshnessOf } from '../entry/freshness.ts';
import { redisReplyMismatch, type AICacheError } from '../errors.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { CacheKey, Tier } from './tier.ts';

export interface RedisTierOptions {
  readonly connection: Pick<RedisConnection, 'client' | 'reconnect'>;
  /** Every key is `<namespace>:e:<version>:<key.text>`. */
  readonly namespace: string;
  readonly version: number;
  /** A larger body is neither written nor read, bytes. */
  readonly maxEntryBytes: number;
  readonly clock: Clock;
}

/** Keeps entries in Redis until they expire, shared by every process of the namespace. */
export class RedisTier implements Tier {
  readonly name = 'redis';
  readonly #options: RedisTierOptions;
  readonly #prefix: string;

  constructor(options: RedisTierOptions) {
    this.#options = options;
    this.#prefix = `${options.namespace}:e:${options.version}:`;
  }

  /** What this version cannot read, another release may: it is a miss and stays. Rejects with REDIS_REPLY_MISMATCH for another key's entry. */
  async get(key: CacheKey): Promise<Entry | undefined> {
    const client = await this.#options.connection.client();
    const reply: unknown = await client.getBuffer(this.#prefix + key.text);
    if (reply === null) return undefined;
    if (!Buffer.isBuffer(reply)) throw this.#mismatch('get');
    if (reply.length > this.#options.maxEntryBytes + MAX_FRAME_OVERHEAD_BYTES) return undefined;
    const decoded = decodeEntry(reply, key.digest);
    if ('reject' in decoded) {
      if (decoded.reject === 'digest-mismatch') throw this.#mismatch('get');
      return undefined;
    }
    if (decoded.entry.body.length > this.#options.maxEntryBytes) return undefined;
    return freshnessOf(decoded.entry, this.#options.clock.now()) === 'expired' ? undefined : decoded.entry;
  }

  /** False for an entry that is too large, expired or another key's. */
  async set(key: CacheKey, entry: Entry): Promise<boolean> {
    const { maxEntryBytes, clock, connection } = this.#options;
    if (entry.digest !== key.digest || entry.body.length > maxEntryBytes) return false;
    const lifetimeMs = Math.floor(entry.expiresAt - clock.now());
    if (lifetimeMs <= 0) return false;
    const bytes = encodeEntry(entry);
    if (bytes.length > maxEntryBytes + MAX_FRAME_OVERHEAD_BYTES) return false;
    const client = await connection.client();
    const reply: unknown = await client.set(this.#prefix + key.text, bytes, 'PX', lifetimeMs);
    if (reply !== 'OK') throw this.#mismatch('put');
    return true;
  }

  async delete(key: CacheKey): Promise<boolean> {
    const client = await this.#options.connection.client();
    const reply: unknown = await client.unlink(this.#prefix + key.text);
    if (typeof reply !== 'number') throw this.#mismatch('remove');
    return reply > 0;
  }

  /** The replies of this connection may be out of step with its commands: none of them is to be trusted (DESIGN D7). */
  #mismatch(operation: 'get' | 'put' | 'remove'): AICacheError {
    this.#options.connection.reconnect();
    return redisReplyMismatch(operation);
  }
}
