import { AsyncLocalStorage } from 'node:async_hooks';
import { AICacheError, cacheClosed, redisLost, redisUnreachable } from '../errors.ts';
import { createClient, type RedisClient } from './redis-client.ts';
import { reasonOf } from './redis-failure.ts';
import { selfDescriptionIn, type RedisInfo, type RedisState } from './redis-info.ts';

export interface RedisConnectionOptions {
  /** An address, or an ioredis client as a template that is neither used nor closed. */
  readonly redis: string | RedisClient;
  /** The longest that anybody waits for a command, milliseconds. */
  readonly timeoutMs: number;
  /** Must not throw. Told once when the connection fails or is lost, not again until it was there in between. */
  readonly onError: (error: AICacheError) => void;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

/** How long `close` waits for Redis to end the connection before it is cut. */
const CLOSE_DEADLINE_MS = 500;

/** The cache's own connection to Redis. Connects on first use, reconnects for ever, keeps no process alive to do so. */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #readyListeners: (() => void)[] = [];
  /** The connection serves all requests: what happens on it is no part of the trace of the one that opens it. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #state: RedisState = 'idle';
  #client: RedisClient | undefined;
  #attempt: Promise<RedisClient> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retries = 0;
  #reported = false;
  #reason = 'closed';
  #closing: Promise<void> | undefined;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  state(): RedisState {
    return this.#state;
  }

  /** Calls `listener` each time the connection has become ready. */
  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
  }

  /**
   * The client to send commands with. Waits for the first connection, but while it is lost rejects at once.
   * Rejects with REDIS_FAILED, REDIS_MISSING, INVALID_OPTION or CLOSED; all but CLOSED have been given to `onError` then.
   */
  async client(): Promise<RedisClient> {
    if (this.#state === 'ready' && this.#client !== undefined) return this.#client;
    if (this.#state === 'reconnecting') throw redisUnreachable(this.#reason);
    return this.connect();
  }

  /** Connects now, or waits for the attempt under way. Rejects as `client` does; it is tried again all the same. */
  async connect(): Promise<RedisClient> {
    if (this.#state === 'closed') throw cacheClosed();
    if (this.#state === 'ready' && this.#client !== undefined) return this.#client;
    if (this.#state === 'idle') this.#state = 'connecting';
    this.#attempt ??= this.#outside(() => this.#open()).finally(() => (this.#attempt = undefined));
    return this.#attempt;
  }

  /** Drops a connection that is not to be trusted and connects anew. Whoever calls this has reported why. */
  reconnect(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'reconnecting';
    this.#reported = true;
    this.#reason = 'dropped';
    this.#client?.disconnect(true);
  }

  /** Never rejects, and never connects. */
  async info(): Promise<RedisInfo> {
    if (this.#state !== 'ready') return { state: this.#state };
    // The deadline is the client's commandTimeout.
    const text = await this.#client?.info().catch(() => undefined);
    return { state: this.#state, ...(text === undefined ? {} : selfDescriptionIn(text)) };
  }

  /** Ends the connection, by force where Redis does not answer. Resolves the same every time it is called. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<RedisClient> {
    clearTimeout(this.#retryTimer);
    this.#client ??= await this.#create();
    if (this.#isClosed()) throw cacheClosed();
    try {
      await readyOrEnded(this.#client);
    } catch {
      // The reason came as an event before.
      throw this.#isClosed() ? cacheClosed() : redisUnreachable(this.#reason);
    }
    return this.#client;
  }

  async #create(): Promise<RedisClient> {
    try {
      const client = await createClient(this.#options.redis, this.#options.timeoutMs);
      client.on('ready', () => this.#onReady());
      client.on('end', () => this.#onEnd());
      // Without a listener ioredis prints errors; they are told when the connection has ended.
      client.on('error', (error: Error) => (this.#reason = reasonOf(error)));
      return client;
    } catch (error) {
      if (!this.#isClosed()) this.#state = 'idle';
      if (error instanceof AICacheError) this.#report(error);
      throw error;
    }
  }

  #onReady(): void {
    if (this.#isClosed()) return;
    this.#state = 'ready';
    this.#retries = 0;
    this.#reported = false;
    this.#reason = 'closed';
    for (const listener of this.#readyListeners) listener();
  }

  #onEnd(): void {
    if (this.#isClosed()) return;
    const failure = this.#state === 'ready' ? redisLost(this.#reason) : redisUnreachable(this.#reason);
    this.#state = 'reconnecting';
    this.#report(failure);
    // Half of it at random, so that many processes do not come back at the same moment.
    const delay = Math.min(FIRST_RETRY_MS * 2 ** this.#retries, LAST_RETRY_MS) * (0.5 + Math.random() / 2);
    this.#retries += 1;
    this.#retryTimer = setTimeout(() => void this.connect().catch(() => undefined), delay).unref();
  }

  #report(error: AICacheError): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#options.onError(error);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  async #close(): Promise<void> {
    const wasReady = this.#state === 'ready';
    this.#state = 'closed';
    clearTimeout(this.#retryTimer);
    const client = this.#client;
    if (client === undefined || client.status === 'end' || client.status === 'wait') return;
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    if (wasReady) client.quit().catch(() => undefined);
    else client.disconnect();
    if (await within(CLOSE_DEADLINE_MS, ended)) return;
    client.disconnect();
  }
}

/** Connects. `connect()` alone would not do: that of a Cluster does not settle where the ready check fails. */
function readyOrEnded(client: RedisClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      client.off('ready', onReady).off('end', onEnd);
      settle();
    };
    const onReady = (): void => finish(resolve);
    const onEnd = (): void => finish(reject);
    client.once('ready', onReady).once('end', onEnd);
    client.connect().catch(onEnd);
  });
}

/** Did `work` end within so many milliseconds? */
function within(ms: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
