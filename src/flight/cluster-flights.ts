import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AICacheError } from '../errors.ts';
import { LeasedFill, type ClusterFill } from './cluster-fill.ts';
import { ClusterFollower, type ClusterLanding, type Entered } from './cluster-follower.ts';
import { ClusterFollowing } from './cluster-following.ts';
import { LeaseWatch } from './cluster-lease-watch.ts';
import { RedisCommands, type RedisClient } from './redis-commands.ts';
import { RedisLease, type Hold } from './redis-lease.ts';
import { RedisReader } from './redis-reader.ts';

export type { ClusterFill } from './cluster-fill.ts';
export type { ClusterLanding } from './cluster-follower.ts';

/** One's part in a flight of the whole cluster. */
export type ClusterPart =
  /** Look the key up in Redis once more before the handler runs: the leader before may have stored it in between. */
  | { readonly role: 'leader'; readonly fill: ClusterFill }
  /** `leave`: waits no longer, and after a live landing: reads no longer. */
  | { readonly role: 'follower'; readonly landing: Promise<ClusterLanding>; readonly leave: () => void }
  /** Redis is away or slow: each process coalesces for itself. */
  | { readonly role: 'alone' };

export interface ClusterFlightsOptions {
  /** The connection that commands go to; rejects at once while Redis is away. What it rejects with as an AICacheError is taken as reported. */
  readonly client: () => Promise<RedisClient>;
  /** Makes a further client, not connected yet and without `commandTimeout`, for the connection that waits (one a node on a Cluster). */
  readonly blockingClient: () => Promise<RedisClient>;
  /** The longest wait for one step in Redis, milliseconds. */
  readonly timeoutMs: number;
  /** What every key begins with. */
  readonly namespace: string;
  readonly version: number;
  /** A leader that dies frees the key after so long, milliseconds. */
  readonly leaseMs: number;
  /** How long a follower waits, milliseconds. */
  readonly waitMs: number;
  /** What one flight may hold, here and in its stream in Redis, bytes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** Must not throw. Told at most once a minute of each kind of failure. */
  readonly onError: (error: AICacheError) => void;
}

/** How often the lease may change hands while one asks for it. */
const ATTEMPTS = 3;

const ALONE = Object.freeze({ kind: 'alone' });

/** One run of the handler per key in all processes that share a Redis and a namespace. */
export class ClusterFlights {
  readonly #options: ClusterFlightsOptions;
  readonly #commands: RedisCommands;
  readonly #lease: RedisLease;
  readonly #reader: RedisReader;
  readonly #fills = new Set<LeasedFill>();
  readonly #followers = new Set<ClusterFollower>();
  /** The flights elsewhere that this process follows, by the key of their stream. */
  readonly #followings = new Map<string, ClusterFollowing>();
  #closed = false;

  constructor(options: ClusterFlightsOptions) {
    this.#options = options;
    this.#commands = new RedisCommands(options);
    this.#lease = new RedisLease({ ...options, commands: this.#commands });
    this.#reader = new RedisReader({ ...options, commands: this.#commands });
  }

  /** Fills led, followers waiting, flights followed and streams watched by this process now. */
  get counts(): { fills: number; followers: number; followings: number; watches: number } {
    return {
      fills: this.#fills.size,
      followers: this.#followers.size,
      followings: this.#followings.size,
      watches: this.#reader.size,
    };
  }

  /**
   * Takes the lease of a key, or follows who holds it. Those of another `generation` have flights of their own: what they ask for
   * was invalidated in between. Never rejects.
   */
  async enter(digest: string, generation = ''): Promise<ClusterPart> {
    const entered = await this.#enter(digest, generation, 0, false);
    if (entered.kind === 'fill') return { role: 'leader', fill: entered.fill };
    if (entered.kind === 'alone') return { role: 'alone' };
    const follower = new ClusterFollower({
      waitMs: this.#options.waitMs,
      enterAgain: (failures) => this.#enter(digest, generation, failures, true),
      onLanded: () => this.#followers.delete(follower),
    });
    this.#followers.add(follower);
    follower.follow(entered.following, entered.failures);
    return { role: 'follower', landing: follower.landing, leave: () => follower.leave() };
  }

  /** Leaders hand over, followers go on alone, live streams are cut. To be called before the command connection is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const follower of this.#followers) follower.leave();
    for (const following of this.#followings.values()) following.end({ kind: 'unknown' });
    await Promise.all([...this.#fills].map((fill) => fill.handOver()));
    this.#reader.close();
  }

  async #enter(digest: string, generation: string, failures: number, again: boolean): Promise<Entered> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (this.#closed || !this.#commands.isPrompt) return ALONE;
      const token = randomUUID();
      const askedAt = this.#options.clock.monotonic();
      // oxlint-disable-next-line no-await-in-loop -- asked again only where the lease changed hands meanwhile
      const hold = await this.#lease.take(digest, token, failures, again, generation);
      if (hold === undefined) return ALONE;
      if (hold.token === token) return this.#lead(hold, askedAt);
      // oxlint-disable-next-line no-await-in-loop
      const leftMs = await this.#lease.follow(hold);
      if (leftMs === undefined) return ALONE;
      // One that has ended meanwhile is read to its end.
      if (leftMs !== 'gone') return this.#follow(hold, leftMs === 'ended' ? 0 : leftMs);
    }
    return ALONE;
  }

  async #lead(hold: Hold, heldSince: number): Promise<Entered> {
    const fill = new LeasedFill({
      ...this.#options,
      hold,
      heldSince,
      lease: this.#lease,
      reader: this.#reader,
      commands: this.#commands,
      onEnd: () => this.#fills.delete(fill),
    });
    this.#fills.add(fill);
    if (!this.#closed) return { kind: 'fill', fill };
    await fill.handOver();
    return ALONE;
  }

  #follow(hold: Hold, leftMs: number): Entered {
    if (this.#closed) return ALONE;
    const { digest, streamKey, failures } = hold;
    const existing = this.#followings.get(streamKey);
    if (existing !== undefined) return { kind: 'following', following: existing, failures };
    const following = new ClusterFollowing(digest, this.#options.maxBytes, () => {
      unwatch();
      leaseWatch.stop();
      this.#followings.delete(streamKey);
    });
    const unwatch = this.#reader.watch(streamKey, {
      onFrames: (frames) => following.take(frames),
      onAway: () => following.end({ kind: 'unknown' }),
    });
    const leaseWatch = new LeaseWatch({
      hold,
      lease: this.#lease,
      leftMs,
      onGone: () => following.end({ kind: 'gone' }),
      onAway: () => following.end({ kind: 'unknown' }),
    });
    this.#followings.set(streamKey, following);
    return { kind: 'following', following, failures };
  }
}
