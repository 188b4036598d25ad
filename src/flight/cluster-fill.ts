import type { Clock } from '../clock.ts';
import { encodeEntry } from '../entry/codec.ts';
import type { Entry } from '../entry/entry.ts';
import type { LiveStream } from './live-stream.ts';
import type { RedisCommands } from './redis-commands.ts';
import type { EndMark } from './redis-frames.ts';
import type { Finish, Hold, RedisLease } from './redis-lease.ts';
import { RedisPublisher } from './redis-publisher.ts';
import type { RedisReader } from './redis-reader.ts';

/**
 * A fill that runs for the whole cluster: its leader holds the key's lease. One of `stored`, `share`, `release`, `fail` and
 * `handOver` ends it; they never reject, and the second one does nothing.
 */
export interface ClusterFill {
  /**
   * Aborts when the lease was lost: Redis was away for longer than it holds, or somebody has taken it over. A late answer must
   * not overwrite a newer entry then; ask `isOurs` just before storing, for a process that stood still learns it late.
   */
  readonly lost: AbortSignal;
  /** Leaders of this flight that failed before. */
  readonly failures: number;
  /** Renews the lease and says whether it is still held; while Redis is away, whether it must be. */
  isOurs(): Promise<boolean>;
  /**
   * The answer as it is made, for those who join it. Nothing is published until a follower elsewhere is there; then all that
   * there is so far, and batches of 20 ms or 16 KiB. End the stream before the fill: one still open then is cut.
   */
  live(stream: LiveStream): void;
  /** The answer is in Redis, for everybody to look up. */
  stored(): Promise<void>;
  /** The answer is not stored but may be shared with those who wait; one that is encoded larger than `maxBytes` releases them. */
  share(entry: Entry): Promise<void>;
  /** The answer is not to be shared: everybody else runs the handler, in parallel. */
  release(): Promise<void>;
  /**
   * The fill failed: the first time one follower of the whole cluster becomes the leader; the second time the rest get this
   * error answer, or learn that there is none (DESIGN D13). `followedHere`: somebody in this process waits for it too and will
   * `enter` again, so the failure is counted though nobody follows elsewhere.
   */
  fail(error: Entry | undefined, followedHere?: boolean): Promise<void>;
  /** Nobody is left here to run the handler: another one leads, and no failure is counted. */
  handOver(): Promise<void>;
}

export interface LeasedFillOptions {
  readonly hold: Hold;
  /** When the lease was asked for, monotonic milliseconds. */
  readonly heldSince: number;
  readonly lease: RedisLease;
  readonly leaseMs: number;
  readonly reader: RedisReader;
  readonly commands: RedisCommands;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly onEnd: (fill: LeasedFill) => void;
}

/** Renewals in the time of one lease. */
const RENEWALS = 3;

export class LeasedFill implements ClusterFill {
  readonly #options: LeasedFillOptions;
  readonly #publisher: RedisPublisher;
  readonly #lost = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  #expiry: NodeJS.Timeout | undefined;
  #heldUntil = 0;
  #stream: LiveStream | undefined;
  #unwatch: () => void = () => undefined;
  #end: Promise<void> | undefined;
  /** The lease is being given back: that it is not held then is no loss. */
  #isGivenBack = false;

  constructor(options: LeasedFillOptions) {
    const { hold, lease, leaseMs, commands, maxBytes } = options;
    this.#options = options;
    this.#publisher = new RedisPublisher({ commands, hold, streamMs: lease.streamMs, maxBytes });
    this.#renewal = setInterval(() => void this.#renew(), leaseMs / RENEWALS).unref();
    this.#held(options.heldSince);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get failures(): number {
    return this.#options.hold.failures;
  }

  async isOurs(): Promise<boolean> {
    if (this.#end === undefined && !this.lost.aborted) await this.#renew();
    return this.#end === undefined && !this.lost.aborted && this.#options.clock.monotonic() < this.#heldUntil;
  }

  live(stream: LiveStream): void {
    if (this.#end !== undefined || this.#stream !== undefined) return;
    this.#stream = stream;
    // Where the watch is lost, the next renewal tells whether somebody follows.
    this.#unwatch = this.#options.reader.watch(this.#options.hold.streamKey, {
      onFrames: () => this.#followed(),
      onAway: () => undefined,
    });
  }

  stored(): Promise<void> {
    return this.#endBy(async () => this.#finish({ mark: 'stored' }));
  }

  share(entry: Entry): Promise<void> {
    return this.#endBy(async () => this.#share(entry, 'released'));
  }

  release(): Promise<void> {
    return this.#endBy(async () => this.#finish({ mark: 'released' }));
  }

  fail(error: Entry | undefined, followedHere = false): Promise<void> {
    return this.#endBy(async () => {
      if (this.failures === 0) await this.#finish({ mark: 'retry', vacantAfter: 1, followedHere });
      else if (error === undefined) await this.#finish({ mark: 'failed' });
      else await this.#share(error, 'failed');
    });
  }

  handOver(): Promise<void> {
    return this.#endBy(async () => this.#finish({ mark: 'retry', vacantAfter: this.failures }));
  }

  /** The first end counts. The lease is renewed until it is given back, however long the rest takes to be written. */
  #endBy(finish: () => Promise<unknown>): Promise<void> {
    this.#end ??= this.#endNow(finish);
    return this.#end;
  }

  async #endNow(finish: () => Promise<unknown>): Promise<void> {
    this.#unwatch();
    try {
      await this.#publisher.stop();
      await finish();
    } finally {
      this.#isGivenBack = true;
      clearInterval(this.#renewal);
      clearTimeout(this.#expiry);
      this.#options.onEnd(this);
    }
  }

  /** Writes the entry only where somebody waits for it, which the lease tells in the same step that ends it. */
  async #share(entry: Entry, otherwise: EndMark): Promise<void> {
    if ((await this.#finish({ mark: otherwise, unlessFollowed: true })) !== 'followed') return;
    const bytes = encodeEntry(entry);
    const isShared = bytes.length <= this.#options.maxBytes && (await this.#publisher.share(bytes));
    await this.#finish({ mark: isShared ? 'shared' : otherwise });
  }

  async #finish(finish: Omit<Finish, 'sequence'>): ReturnType<RedisLease['finish']> {
    const { lease, hold } = this.#options;
    this.#isGivenBack = true;
    const reply = await lease.finish(hold, { ...finish, sequence: this.#publisher.sequence });
    this.#isGivenBack = reply !== 'followed';
    return reply;
  }

  async #renew(): Promise<void> {
    const askedAt = this.#options.clock.monotonic();
    const reply = await this.#options.lease.renew(this.#options.hold);
    if (this.#isGivenBack) return;
    if (reply === 'lost') this.#lose();
    if (reply === 'held' || reply === 'followed') this.#held(askedAt);
    if (reply === 'followed') this.#followed();
  }

  /** Reckoned from when it was asked for: Redis granted it later than that. */
  #held(since: number): void {
    if (this.lost.aborted) return;
    this.#heldUntil = since + this.#options.leaseMs;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#lose(), this.#heldUntil - this.#options.clock.monotonic()).unref();
  }

  /** Another may lead by now: those who follow this one are to go to it. */
  #lose(): void {
    if (this.lost.aborted) return;
    clearInterval(this.#renewal);
    clearTimeout(this.#expiry);
    this.#lost.abort();
    void this.#endBy(async () => this.#finish({ mark: 'retry', vacantAfter: this.failures }));
  }

  #followed(): void {
    this.#unwatch();
    if (this.#stream !== undefined && this.#end === undefined) this.#publisher.publish(this.#stream);
  }
}
