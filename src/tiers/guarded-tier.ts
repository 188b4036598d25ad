import type { Clock } from '../clock.ts';
import type { Entry } from '../entry/entry.ts';
import { AICacheError, redisAnswered, redisTimedOut, type AICacheErrorCode } from '../errors.ts';
import type { Budget } from './budget.ts';
import { CircuitBreaker, type CircuitState, type Pass } from './circuit-breaker.ts';
import type { RedisConnection } from './redis-connection.ts';
import { isCommandTimeout, isConnectionGone, isErrorReply, reasonOf } from './redis-failure.ts';
import { settle, type Settled } from './settle.ts';
import type { CacheKey, Tier, TierName } from './tier.ts';

/** How a guarded call ended. */
export interface Guarded<T> {
  /** What the tier said, or what a miss says. */
  readonly value: T;
  /** False where the tier was left alone: the circuit is open or the budget spent. */
  readonly asked: boolean;
  /** The error that became a miss. */
  readonly errorType?: AICacheErrorCode;
}

export interface GuardedTierOptions {
  readonly tier: Tier;
  /** The longest wait for one call, milliseconds. */
  readonly timeoutMs: number;
  /** Where the tier depends on a connection: dropped when calls time out, its readiness closes the circuit. */
  readonly connection?: Pick<RedisConnection, 'state' | 'reconnect' | 'onReady'>;
  readonly clock: Clock;
  /** Must not throw. Told once a minute of each kind of failure, and again after the circuit was open in between. */
  readonly onError: (error: AICacheError) => void;
}

type Operation = 'get' | 'put' | 'remove';

const REPORT_AGAIN_MS = 60_000;

/** Fails open, the one place that does: a tier that is slow, broken or wrong becomes a miss within the deadline (DESIGN D5). */
export class GuardedTier {
  readonly #options: GuardedTierOptions;
  readonly #breaker: CircuitBreaker;
  /** When each kind of failure was told last, monotonic milliseconds. */
  readonly #reported = new Map<string, number>();

  constructor(options: GuardedTierOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.clock);
    options.connection?.onReady(() => {
      this.#breaker.connectionReady();
      this.#reported.clear();
    });
  }

  get name(): TierName {
    return this.#options.tier.name;
  }

  circuit(): CircuitState {
    return this.#breaker.state();
  }

  get(key: CacheKey, budget?: Budget): Promise<Guarded<Entry | undefined>> {
    return this.#guard<Entry | undefined>('get', undefined, () => this.#options.tier.get(key), budget);
  }

  set(key: CacheKey, entry: Entry, budget?: Budget): Promise<Guarded<boolean>> {
    return this.#guard('put', false, () => this.#options.tier.set(key, entry), budget);
  }

  delete(key: CacheKey, budget?: Budget): Promise<Guarded<boolean>> {
    return this.#guard('remove', false, () => this.#options.tier.delete(key), budget);
  }

  /** All of them at once, within one deadline. */
  getMany(keys: readonly CacheKey[]): Promise<Guarded<readonly (Entry | undefined)[]>> {
    const { tier } = this.#options;
    const ask = (): Promise<(Entry | undefined)[]> =>
      tier.getMany?.(keys) ?? Promise.all(keys.map(async (key) => tier.get(key)));
    return this.#guard<readonly (Entry | undefined)[]>('get', [], ask);
  }

  /** What must be known before an answer is made for this tier. */
  prepare(budget?: Budget): Promise<Guarded<boolean>> {
    return this.#guard('get', false, () => this.#options.tier.prepare?.() ?? true, budget);
  }

  async #guard<T>(operation: Operation, miss: T, work: () => T | Promise<T>, budget?: Budget): Promise<Guarded<T>> {
    const deadlineMs = Math.min(this.#options.timeoutMs, budget?.remainingMs() ?? Infinity);
    const pass = deadlineMs > 0 ? this.#breaker.admit() : undefined;
    if (pass === undefined) return { value: miss, asked: false };

    const startedAt = this.#options.clock.monotonic();
    const settled = await settle(work, deadlineMs);
    budget?.spend(this.#options.clock.monotonic() - startedAt);
    if (settled.end === 'value') {
      this.#succeeded();
      return { value: settled.value, asked: true };
    }
    return { value: miss, asked: true, errorType: this.#failed(operation, pass, settled, deadlineMs) };
  }

  #succeeded(): void {
    if (this.#breaker.state() !== 'closed') this.#reported.clear();
    this.#breaker.succeeded();
  }

  #failed(
    operation: Operation,
    pass: Pass,
    settled: Exclude<Settled<never>, { end: 'value' }>,
    deadlineMs: number,
  ): AICacheErrorCode {
    const thrown = settled.end === 'error' ? settled.error : undefined;
    const timedOut = settled.end === 'timeout' || isCommandTimeout(thrown);
    const error = timedOut ? redisTimedOut(operation, deadlineMs) : asCacheError(operation, thrown);
    if (this.#isOursToTell(error, thrown)) this.#report(operation, error);
    // An error reply came at once and concerns one command: it costs no wait, so it opens no circuit.
    if (isErrorReply(thrown)) this.#breaker.succeeded();
    else if (this.#breaker.failed(pass, timedOut ? 'timeout' : 'error') && timedOut) {
      // Commands that timed out stay in ioredis' queue: the connection goes, and they with it.
      this.#options.connection?.reconnect();
    }
    return error.code;
  }

  /** A connection that is down tells so itself; that an answer was another's nobody else does. */
  #isOursToTell({ code }: AICacheError, thrown: unknown): boolean {
    const { connection } = this.#options;
    if (connection === undefined || code === 'REDIS_REPLY_MISMATCH') return true;
    return connection.state() === 'ready' && !isConnectionGone(thrown);
  }

  #report(operation: Operation, error: AICacheError): void {
    const kind = `${operation} ${error.code}`;
    const now = this.#options.clock.monotonic();
    if (now - (this.#reported.get(kind) ?? -Infinity) < REPORT_AGAIN_MS) return;
    this.#reported.set(kind, now);
    this.#options.onError(error);
  }
}

function asCacheError(operation: Operation, error: unknown): AICacheError {
  return error instanceof AICacheError ? error : redisAnswered(operation, reasonOf(error));
}
