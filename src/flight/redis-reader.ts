import { AsyncLocalStorage } from 'node:async_hooks';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { AICacheError, clusterFlightFailed } from '../errors.ts';
import { answerWithin, reasonOf, type RedisClient, type RedisCommands } from './redis-commands.ts';
import { RedisLane, type StreamWatcher } from './redis-lane.ts';
import { nodeNameOf, nodeOf } from './redis-slot.ts';

export interface RedisReaderOptions {
  /** Makes a client that has not connected yet and has no `commandTimeout`. */
  readonly blockingClient: () => Promise<RedisClient>;
  readonly commands: RedisCommands;
  readonly clock: Clock;
}

/** Streams watched by one process; beyond them a follower runs its own handler. */
const MAX_WATCHED = 1_000;

const CONNECT_DEADLINE_MS = 2_000;

/** After a failure nothing is connected for so long. */
const REST_MS = 1_000;

/** The lane of a single Redis. */
const ONLY = '';

interface Watch {
  readonly key: string;
  readonly watcher: StreamWatcher;
  lane?: RedisLane;
}

/** Watches the streams of flights over one blocking connection, one a node on a Cluster, made when it is first needed. */
export class RedisReader {
  readonly #options: RedisReaderOptions;
  readonly #watches = new Set<Watch>();
  readonly #lanes = new Map<string, RedisLane>();
  #client: RedisClient | undefined;
  /** The connection serves all requests: what happens on it is no part of the trace of the one that opens it. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #connecting: RedisClient | undefined;
  #opening: Promise<RedisClient> | undefined;
  #restUntil = -Infinity;
  #closed = false;

  constructor(options: RedisReaderOptions) {
    this.#options = options;
  }

  /** Streams watched, and watches that wait for the connection. */
  get size(): number {
    const lanes = [...this.#lanes.values()];
    const placed = lanes.reduce((sum, lane) => sum + lane.size, 0);
    return placed + [...this.#watches].filter(({ lane }) => lane === undefined).length;
  }

  /** Gives `watcher` the stream from its first entry on. Returns a function that ends it; `onAway` ends it too. */
  watch(key: string, watcher: StreamWatcher): () => void {
    const watch: Watch = {
      key,
      watcher: {
        onFrames: (frames) => watcher.onFrames(frames),
        onAway: () => {
          if (this.#watches.delete(watch)) watcher.onAway();
        },
      },
    };
    const isFull = this.#watches.size >= MAX_WATCHED;
    this.#watches.add(watch);
    if (isFull) queueMicrotask(() => watch.watcher.onAway());
    else void this.#place(watch);
    return () => {
      this.#watches.delete(watch);
      watch.lane?.remove(key, watch.watcher);
    };
  }

  /** Ends all watches and the connection. */
  close(): void {
    this.#closed = true;
    this.#connecting?.disconnect();
    this.#drop();
  }

  async #place(watch: Watch): Promise<void> {
    try {
      const client = await this.#connected();
      if (!this.#watches.has(watch)) return;
      const lane = this.#laneFor(client, watch.key);
      watch.lane = lane;
      this.#outside(() => lane.add(watch.key, watch.watcher));
    } catch (error) {
      this.#report(error);
      watch.watcher.onAway();
    }
  }

  async #connected(): Promise<RedisClient> {
    if (this.#client !== undefined) return this.#client;
    if (this.#closed || this.#options.clock.monotonic() < this.#restUntil) throw new AwayError();
    this.#opening ??= this.#outside(() => this.#open()).finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<RedisClient> {
    let reason: Error | undefined;
    try {
      const client = await this.#options.blockingClient();
      this.#connecting = client;
      // Without a listener ioredis prints errors.
      client.on('error', (error: Error) => (reason = error));
      await answerWithin(CONNECT_DEADLINE_MS, client.connect());
      if (this.#closed) throw new AwayError();
      client.once('close', () => this.#lost(client, reason, this.#watches.size > 0));
      this.#client = client;
      return client;
    } catch (error) {
      this.#connecting?.disconnect();
      this.#rest();
      throw reason ?? error;
    } finally {
      this.#connecting = undefined;
    }
  }

  #laneFor(client: RedisClient, key: string): RedisLane {
    const name = isCluster(client) ? nodeNameOf(client, key) : ONLY;
    const redis = isCluster(client) ? nodeOf(client, name ?? '') : client;
    if (redis === undefined || name === undefined) throw new AwayError();
    const existing = this.#lanes.get(name);
    // A Cluster makes its connection to a node anew; the lane of the old one has told its watchers.
    if (existing?.redis === redis) return existing;
    const lane = new RedisLane({
      redis,
      isCluster: name !== ONLY,
      unblock: (clientId) => this.#unblock(name, clientId),
      onFailed: (error, wasWatched) => this.#lost(client, error, wasWatched),
    });
    this.#lanes.set(name, lane);
    return lane;
  }

  #unblock(name: string, clientId: number): Promise<number | undefined> {
    return this.#options.commands.run(async (client) => {
      const redis = isCluster(client) ? nodeOf(client, name) : client;
      try {
        return Number(await redis?.client('UNBLOCK', clientId)) || 0;
      } catch (error) {
        if (error instanceof Error && error.name === 'ReplyError') return -1;
        throw error;
      }
    });
  }

  /** One lane that fails takes the others with it: it is rare, and what they wait for is run or read elsewhere. */
  #lost(client: RedisClient, error: unknown, wasWatched: boolean): void {
    if (this.#client !== client) return;
    // Where nobody waited it costs nobody anything: the next one who does has it made anew.
    if (wasWatched) {
      this.#report(error);
      this.#rest();
    }
    this.#drop();
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    for (const lane of lanes) lane.fail(new AwayError());
    client?.disconnect();
  }

  #rest(): void {
    this.#restUntil = this.#options.clock.monotonic() + REST_MS;
  }

  #report(error: unknown): void {
    if (error instanceof AwayError || this.#closed) return;
    this.#options.commands.report(
      error instanceof AICacheError ? error : clusterFlightFailed(reasonOf(error ?? CLOSED)),
    );
  }
}

const CLOSED = Object.assign(new Error(), { code: 'CLOSED' });

/** It is known and has been reported that there is no connection. */
class AwayError extends Error {}

function isCluster(client: RedisClient): client is Exclude<RedisClient, Redis> {
  return client.isCluster;
}
