import type { Clock } from '../clock.ts';

/** `closed`: calls pass; `open`: none does; `half-open`: one does, and its end decides. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export type CallFailure = 'timeout' | 'error';

/** Leave to make one call; hand it back with the call's end. */
export interface Pass {
  readonly probe: boolean;
}

const TIMEOUTS_IN_A_ROW = 3;
const FAILURES_IN_A_ROW = 5;
const FIRST_PROBE_MS = 1_000;
const LAST_PROBE_MS = 30_000;

const PASS: Pass = Object.freeze({ probe: false });

/**
 * Stops calls that would only wait. Opens after 3 timeouts or 5 failures in a row, lets one call pass after 1 s, then after
 * 2 s, 4 s … 30 s while that fails; any success closes it.
 *
 * A breaker of our own: it must count timeouts and errors apart, read the injected clock, run no timer and be closed from
 * outside, which cockatiel and opossum do not offer together.
 */
export class CircuitBreaker {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #state: CircuitState = 'closed';
  #timeouts = 0;
  #failures = 0;
  #probeDelayMs = FIRST_PROBE_MS;
  #probeAt = 0;
  #probe: Pass | undefined;
  /** The connection came back and calls on it still time out: its readiness says nothing until one of them succeeds. */
  #readyMisled = false;
  #closedByReady = false;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  state(): CircuitState {
    return this.#state;
  }

  /** Leave to make a call now, or undefined. Every pass must come back through `succeeded` or `failed`. */
  admit(): Pass | undefined {
    if (this.#state === 'closed') return PASS;
    if (this.#state === 'half-open' || this.#clock.monotonic() < this.#probeAt) return undefined;
    this.#state = 'half-open';
    this.#probe = { probe: true };
    return this.#probe;
  }

  /** Also a call that began before the circuit opened: whoever answers lives. */
  succeeded(): void {
    this.#readyMisled = false;
    this.#closedByReady = false;
    this.#probeDelayMs = FIRST_PROBE_MS;
    this.#close();
  }

  /** Returns whether this failure opened the circuit. */
  failed(pass: Pass, failure: CallFailure): boolean {
    if (this.#state === 'half-open') {
      if (pass !== this.#probe) return false;
      this.#probeDelayMs = Math.min(this.#probeDelayMs * 2, LAST_PROBE_MS);
      return this.#open(failure);
    }
    if (this.#state === 'open') return false;
    this.#failures += 1;
    this.#timeouts = failure === 'timeout' ? this.#timeouts + 1 : 0;
    if (this.#timeouts < TIMEOUTS_IN_A_ROW && this.#failures < FAILURES_IN_A_ROW) return false;
    return this.#open(failure);
  }

  /** The connection has become ready: closes at once. */
  connectionReady(): void {
    if (this.#state === 'closed' || this.#readyMisled) return;
    this.#closedByReady = true;
    this.#close();
  }

  #open(failure: CallFailure): true {
    this.#readyMisled ||= this.#closedByReady && failure === 'timeout';
    this.#state = 'open';
    this.#probe = undefined;
    this.#probeAt = this.#clock.monotonic() + this.#probeDelayMs;
    return true;
  }

  #close(): void {
    this.#state = 'closed';
    this.#probe = undefined;
    this.#timeouts = 0;
    this.#failures = 0;
  }
}
