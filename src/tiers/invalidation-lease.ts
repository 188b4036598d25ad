import { AsyncLocalStorage } from 'node:async_hooks';
export interface CoherenceLeaseOptions {
  /** Makes sure that this process knows what has been logged so far, and that it is waited for from now on. */
  readonly renew: () => Promise<void>;
  /** Begins to hear of news, so that others need not wait for the end of the lease. */
  readonly listen: () => void;
  /** Monotonic milliseconds of this machine: other processes count on it, whatever time a test sets. */
  readonly monotonic: () => number;
  /** Milliseconds since the epoch: unlike the other it goes on while a machine sleeps. */
  readonly wall: () => number;
}

/** Memory may be served for so long after it was known to agree with the log; an invalidation waits as long for a member that is silent. */
export const LEASE_MS = 1_000;

const RENEW_MS = LEASE_MS / 3;

/** Not renewed where nobody has asked for so long: an idle process sends nothing. */
const IDLE_MS = 10_000;

/**
 * Leave to serve memory without asking Redis: what was logged before it was renewed is known here, and whoever logs something
 * later waits until this process has read it or the lease is over. Runs while it is asked for, on timers that keep no process alive.
 */
export class CoherenceLease {
  readonly #options: CoherenceLeaseOptions;
  /** Renewals serve all requests: they are no part of the trace of the one that starts them. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #until = -Infinity;
  #wallUntil = -Infinity;
  #usedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isClosed = false;

  constructor(options: CoherenceLeaseOptions) {
    this.#options = options;
  }

  isHeld(): boolean {
    const now = this.#options.monotonic();
    this.#usedAt = now;
    if (!this.#isRunning && !this.#isClosed) this.#outside(() => this.#start());
    return now < this.#until && this.#options.wall() < this.#wallUntil;
  }

  close(): void {
    this.#isClosed = true;
    this.#until = -Infinity;
    clearTimeout(this.#timer);
  }

  #start(): void {
    this.#isRunning = true;
    this.#options.listen();
    void this.#renew();
  }

  async #renew(): Promise<void> {
    const until = this.#options.monotonic() + LEASE_MS;
    const wallUntil = this.#options.wall() + LEASE_MS;
    try {
      await this.#options.renew();
      if (this.#isClosed) return;
      this.#until = until;
      this.#wallUntil = wallUntil;
    } catch {
      // Without Redis there is no lease; what there is instead is for TieredStore to say, the reason for the connection.
    }
    if (this.#isClosed) return;
    if (this.#options.monotonic() - this.#usedAt > IDLE_MS) this.#isRunning = false;
    else this.#timer = setTimeout(() => void this.#renew(), RENEW_MS).unref();
  }
}
