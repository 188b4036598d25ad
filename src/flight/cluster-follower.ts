import type { Entry } from '../entry/entry.ts';
import type { ClusterFill, LeasedFill } from './cluster-fill.ts';
import type { ClusterFollowing, Turn } from './cluster-following.ts';
import type { LiveStream } from './live-stream.ts';

/** What a follower of a flight elsewhere gets when its wait is over. */
export type ClusterLanding =
  /** The answer as it is made; it ends with `cut` where the leader or frames are lost. Call `leave` when nobody reads it any more. */
  | { readonly kind: 'live'; readonly stream: LiveStream }
  /** Look it up in Redis. */
  | { readonly kind: 'stored' }
  /** An answer that is not stored but shared, or the error that two leaders in a row ended with. */
  | { readonly kind: 'answer'; readonly entry: Entry }
  /** The leader failed or is gone: this follower leads now. Look the key up once more first, as after `enter`. */
  | { readonly kind: 'lead'; readonly fill: ClusterFill }
  /** Two leaders in a row failed without an answer that could be shared. */
  | { readonly kind: 'failed' }
  /** The answer is not to be shared, the wait was too long, or Redis is away: run the handler for yourself. */
  | { readonly kind: 'alone' };

/** Where one stands after asking for the lease. */
export type Entered =
  | { readonly kind: 'fill'; readonly fill: LeasedFill }
  /** `failures`: leaders that failed before the one that is followed. */
  | { readonly kind: 'following'; readonly following: ClusterFollowing; readonly failures: number }
  | { readonly kind: 'alone' };

export interface ClusterFollowerOptions {
  readonly waitMs: number;
  /** Asks for the lease, knowing of so many leaders that failed. Never rejects. */
  readonly enterAgain: (failures: number) => Promise<Entered>;
  /** It waits no longer. */
  readonly onLanded: (follower: ClusterFollower) => void;
}

/** One who waits for a fill elsewhere, through all changes of its leader, `waitMs` at the most. */
export class ClusterFollower {
  readonly landing: Promise<ClusterLanding>;
  readonly #options: ClusterFollowerOptions;
  readonly #resolve: (landing: ClusterLanding) => void;
  readonly #timer: NodeJS.Timeout;
  #leaveFollowing: () => void = () => undefined;
  #hasLanded = false;

  constructor(options: ClusterFollowerOptions) {
    const { promise, resolve } = Promise.withResolvers<ClusterLanding>();
    this.#options = options;
    this.landing = promise;
    this.#resolve = resolve;
    // A waiting follower has a socket that keeps the process alive; its timer need not.
    this.#timer = setTimeout(() => this.#land({ kind: 'alone' }), options.waitMs).unref();
  }

  follow(following: ClusterFollowing, failures: number): void {
    this.#leaveFollowing = following.join((turn) => this.#onTurn(turn, failures));
    if (this.#hasLanded) this.#leaveFollowing();
  }

  /** Does not wait any longer, and does not read the live stream it may have got. */
  leave(): void {
    this.#land({ kind: 'alone' });
    this.#leaveFollowing();
  }

  #onTurn(turn: Turn, failures: number): void {
    switch (turn.kind) {
      case 'retry':
        void this.#enterAgain(failures);
        return;
      case 'gone':
        void this.#enterAgain(failures + 1);
        return;
      case 'released':
      case 'unknown':
        this.#land({ kind: 'alone' });
        return;
      default:
        this.#land(turn);
    }
  }

  async #enterAgain(failures: number): Promise<void> {
    const entered = await this.#options.enterAgain(failures);
    if (entered.kind === 'following') this.follow(entered.following, entered.failures);
    else if (entered.kind === 'alone') this.#land(entered);
    else if (this.#hasLanded) await entered.fill.handOver();
    else this.#land({ kind: 'lead', fill: entered.fill });
  }

  #land(landing: ClusterLanding): void {
    if (this.#hasLanded) return;
    this.#hasLanded = true;
    clearTimeout(this.#timer);
    this.#resolve(landing);
    this.#options.onLanded(this);
    // A live stream is fed as long as somebody is there to read it.
    if (landing.kind !== 'live') this.#leaveFollowing();
  }
}
