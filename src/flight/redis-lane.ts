import type { Redis } from 'ioredis';
import { clusterFlightMismatch } from '../errors.ts';
import { answerWithin } from './redis-commands.ts';
import { FRAME_FIELD } from './redis-frames.ts';

export interface StreamWatcher {
  /** Frames in the order of the stream, from its first one that is still there; some may come twice. Throwing drops the connection. */
  onFrames(frames: readonly Buffer[]): void;
  /** The connection is gone, and with it this watch. */
  onAway(): void;
}

export interface RedisLaneOptions {
  /** A connection on which nothing else is sent. */
  readonly redis: Redis;
  /** Streams of different slots cannot be read by one command. */
  readonly isCluster: boolean;
  /** CLIENT UNBLOCK on another connection: the number of clients it unblocked, -1 where that is forbidden. */
  readonly unblock: (clientId: number) => Promise<number | undefined>;
  /** Must not throw. Told once; the lane is of no use then. `wasWatched`: somebody waited. */
  readonly onFailed: (error: unknown, wasWatched: boolean) => void;
}

/** How long one read waits; the next one follows at once. A silent connection is found out that soon. */
const BLOCK_MS = 1_000;
const GRACE_MS = 1_000;

/** Where one read cannot wait for everything: how long it waits, and a millisecond for each stream. */
const TURN_MS = 25;

/** Frames a stream gives at a time. */
const COUNT = 16;

interface Watched {
  /** The id of the last entry read. */
  position: string;
  readonly watchers: Set<StreamWatcher>;
}

/** One connection that waits for news of many streams, by XREAD BLOCK. */
export class RedisLane {
  readonly #options: RedisLaneOptions;
  readonly #watched = new Map<string, Watched>();
  #clientId: number | undefined;
  #running = false;
  /** Counts the reads; odd while one is under way. */
  #read = 0;
  #wokenRead = 0;
  #mayUnblock = true;
  #failed = false;

  constructor(options: RedisLaneOptions) {
    this.#options = options;
  }

  get redis(): Redis {
    return this.#options.redis;
  }

  /** Streams watched now. */
  get size(): number {
    return this.#watched.size;
  }

  /** Starts at the first entry of the stream. */
  add(key: string, watcher: StreamWatcher): void {
    const watchers = this.#watched.get(key)?.watchers ?? new Set();
    this.#watched.set(key, { position: '0-0', watchers: watchers.add(watcher) });
    if (!this.#running) void this.#run();
    else if (this.#read % 2 === 1) void this.#wake(this.#read);
  }

  remove(key: string, watcher: StreamWatcher): void {
    const watched = this.#watched.get(key);
    watched?.watchers.delete(watcher);
    if (watched?.watchers.size === 0) this.#watched.delete(key);
  }

  /** Tells all watchers that the connection is gone. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const watchers = [...this.#watched.values()].flatMap((watched) => [...watched.watchers]);
    this.#watched.clear();
    for (const watcher of watchers) watcher.onAway();
    this.#options.onFailed(error, watchers.length > 0);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      this.#clientId ??= await answerWithin(GRACE_MS, this.#options.redis.client('ID'));
      // oxlint-disable-next-line no-await-in-loop -- each read begins where the one before it ended
      while (this.#watched.size > 0) await this.#readAll();
    } catch (error) {
      this.fail(error);
    } finally {
      this.#running = false;
    }
  }

  /** One read of every stream; only the last command of it waits. */
  async #readAll(): Promise<void> {
    const groups = this.#groups();
    const blockMs = groups.length === 1 && this.#mayUnblock ? BLOCK_MS : TURN_MS + groups.length;
    this.#read += 1;
    const reads = groups.map((group, index) => this.#xread(group, index === groups.length - 1 ? blockMs : undefined));
    const replies = await answerWithin(blockMs + GRACE_MS, Promise.all(reads));
    this.#read += 1;
    for (const [index, reply] of replies.entries()) this.#deliver(groups[index] ?? new Map(), reply);
  }

  /** What may be read by one command: on a Cluster each flight has a slot of its own. */
  #groups(): Map<string, Watched>[] {
    return this.#options.isCluster ? [...this.#watched].map((stream) => new Map([stream])) : [new Map(this.#watched)];
  }

  #xread(group: ReadonlyMap<string, Watched>, blockMs: number | undefined): Promise<unknown> {
    const { redis } = this.#options;
    const streams = [...group.keys(), ...[...group.values()].map(({ position }) => position)];
    return blockMs === undefined
      ? redis.xreadBuffer('COUNT', COUNT, 'STREAMS', ...streams)
      : redis.xreadBuffer('COUNT', COUNT, 'BLOCK', blockMs, 'STREAMS', ...streams);
  }

  #deliver(asked: ReadonlyMap<string, Watched>, reply: unknown): void {
    for (const { key, id, frames } of streamsIn(reply)) {
      const watched = asked.get(key);
      // A stream nobody asked for: replies and commands are out of step (DESIGN D7).
      if (watched === undefined) throw clusterFlightMismatch();
      // Somebody who came meanwhile begins at the first entry: this stream is read anew.
      if (this.#watched.get(key) !== watched) continue;
      watched.position = id;
      for (const watcher of watched.watchers) watcher.onFrames(frames);
    }
  }

  /** Ends the read that is under way, so that the next one knows the new stream. */
  async #wake(read: number): Promise<void> {
    if (this.#wokenRead === read || this.#clientId === undefined) return;
    this.#wokenRead = read;
    for (let pauseMs = 1; this.#read === read && !this.#failed; pauseMs *= 2) {
      // oxlint-disable-next-line no-await-in-loop -- asked again only while the read had not reached Redis
      const unblocked = await this.#options.unblock(this.#clientId);
      if (unblocked === -1) this.#mayUnblock = false;
      if (unblocked !== 0) return;
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** The reply of XREAD: pairs of key and entries, or an object of them (RESP3); null when there was nothing. */
function streamsIn(reply: unknown): { key: string; id: string; frames: Buffer[] }[] {
  if (reply === null || typeof reply !== 'object') return [];
  const streams = (Array.isArray(reply) ? reply : Object.entries(reply)) as [Buffer | string, [Buffer, Buffer[]][]][];
  return streams.map(([key, entries]) => ({
    key: key.toString(),
    id: entries.at(-1)?.[0].toString() ?? '0-0',
    frames: entries.flatMap(([, fields]) => frameIn(fields)),
  }));
}

function frameIn(fields: readonly Buffer[]): Buffer[] {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field.toString() === FRAME_FIELD);
  const frame = at < 0 ? undefined : fields[at + 1];
  return frame === undefined ? [] : [frame];
}
