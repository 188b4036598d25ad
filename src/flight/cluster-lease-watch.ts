import type { Hold, RedisLease } from './redis-lease.ts';

export interface LeaseWatchOptions {
  readonly hold: Hold;
  readonly lease: RedisLease;
  /** How long the lease holds if nobody renews it, milliseconds from now. */
  readonly leftMs: number;
  /** The leader is gone without a word. */
  readonly onGone: () => void;
  /** Redis does not tell. */
  readonly onAway: () => void;
}

/** Looked at a little after the lease should have ended. */
const MARGIN_MS = 10;

/** An end that the stream has, but that has not been read here yet, is waited for, as long as the stream lingers. */
const ENDED_MS = 1_000;

/** Two in a row are more than one slow reply. */
const SILENCES = 2;

/** Looks whether a leader elsewhere still holds its lease, once in the time the lease has left. */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #silences = 0;
  #stopped = false;

  constructor(options: LeaseWatchOptions) {
    this.#options = options;
    this.#lookIn(options.leftMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#look(), ms + MARGIN_MS).unref();
  }

  async #look(): Promise<void> {
    const { hold, lease, onGone, onAway, leftMs } = this.#options;
    const left = await lease.follow(hold);
    if (this.#stopped) return;
    this.#silences = left === undefined ? this.#silences + 1 : 0;
    if (left === 'gone') onGone();
    else if (left === 'ended') this.#lookIn(ENDED_MS);
    else if (left !== undefined) this.#lookIn(left);
    else if (this.#silences < SILENCES) this.#lookIn(leftMs / SILENCES);
    else onAway();
  }
}
