import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  ExponentialBackoff,
  handleWhen,
  retry,
  timeout,
  TimeoutStrategy,
  type CircuitBreakerPolicy,
  type IRetryBackoffContext,
  type RetryPolicy,
} from 'cockatiel';
import { cascadeFunctionThrew } from '../errors.ts';
import type { Answerer } from '../direct/question.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { copyOf } from '../request/copy-request.ts';
import type { CascadeConfig, ProviderRequest } from './options.ts';
import { faultOf, ProviderFault } from './provider-fault.ts';

type Provider = CascadeConfig['providers'][number];

export interface Asking<T> {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** What the cascade has left, milliseconds. */
  readonly leftMs: number;
  /** Makes an answer of what `call` gave, or throws. */
  read(given: unknown): T | Promise<T>;
  /** Told before each attempt. */
  onAttempt(): void;
}

/** Not the provider's doing. */
class Abandoned extends Error {
  override readonly name = 'AbortError';
}

/** One provider: its deadline, its retries, its circuit breaker. */
export class ProviderLine {
  readonly provider: string;
  readonly #model: Provider['model'];
  readonly #call: Provider['call'];
  readonly #timeoutMs: number;
  readonly #attemptTimeoutMs: number | undefined;
  readonly #config: CascadeConfig;
  readonly #breaker: CircuitBreakerPolicy;

  constructor(provider: Provider, config: CascadeConfig) {
    this.provider = provider.provider;
    this.#model = provider.model;
    this.#call = provider.call;
    this.#timeoutMs = provider.timeoutMs ?? config.timeoutMs;
    this.#attemptTimeoutMs = provider.attemptTimeoutMs ?? config.attemptTimeoutMs;
    this.#config = config;
    this.#breaker = circuitBreaker(
      handleWhen((error) => this.#isAgainst(error)),
      { halfOpenAfter: config.circuitOpenMs, breaker: new ConsecutiveBreaker(config.circuitFailures) },
    );
  }

  /** Its own name, and that of the model it is asked for. */
  answererOf(request: AIRequest): Answerer {
    return { provider: this.provider, model: this.#modelFor(request) };
  }

  #modelFor(request: AIRequest): string {
    if (typeof this.#model === 'string') return this.#model;
    try {
      return this.#model(request);
    } catch (error) {
      throw cascadeFunctionThrew('providers.model', error);
    }
  }

  /** For people: a model that follows the request reads `*`. */
  get model(): string {
    return typeof this.#model === 'string' ? this.#model : '*';
  }

  get circuit(): 'closed' | 'open' | 'half-open' {
    if (this.#breaker.state === CircuitState.Closed) return 'closed';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** Asks, again where that may help. Rejects with ProviderFault, or with an AbortError where nobody waits any more. */
  async ask<T>(request: ProviderRequest, asking: Asking<T>): Promise<T> {
    // The library would let others wait for the one that tries the provider out.
    if (this.circuit === 'half-open') throw new ProviderFault('circuit-open', new Error('being tried out'));
    let isAsked = false;
    try {
      return await this.#breaker.execute(() => {
        isAsked = true;
        return this.#askInTime(request, asking);
      });
    } catch (error) {
      if (isAsked) throw error;
      throw new ProviderFault('circuit-open', error);
    }
  }

  async #askInTime<T>(request: ProviderRequest, asking: Asking<T>): Promise<T> {
    const budgetMs = Math.max(1, Math.min(this.#timeoutMs, asking.leftMs));
    const endsAt = performance.now() + budgetMs;
    const retries = this.#retries(() => endsAt - performance.now());
    try {
      return await within(budgetMs, asking.signal, (signal) =>
        retries.execute(() => this.#attempt(request, asking, signal), signal),
      );
    } catch (error) {
      const isCut = asking.leftMs < this.#timeoutMs && error instanceof ProviderFault && error.reason === 'timeout';
      throw isCut ? new ProviderFault('deadline', error.cause) : error;
    }
  }

  async #attempt<T>(request: ProviderRequest, { read, onAttempt }: Asking<T>, signal: AbortSignal): Promise<T> {
    // Everybody left while a retry waited for its turn.
    signal.throwIfAborted();
    onAttempt();
    const ask = async (own: AbortSignal): Promise<T> => {
      try {
        // Each attempt has a request of its own: what is stored, and what the next one is asked, is not the provider's to change.
        return await read(await this.#call(copyOf(request), { signal: own }));
      } catch (error) {
        throw faultOf(error);
      }
    };
    return this.#attemptTimeoutMs === undefined ? ask(signal) : within(this.#attemptTimeoutMs, signal, ask);
  }

  /** Waits longer each time, or as long as it is asked to; one that would wait beyond what is left is not tried. */
  #retries(leftMs: () => number): RetryPolicy {
    const { retries, retryDelayMs } = this.#config;
    let wait = new ExponentialBackoff({ initialDelay: retryDelayMs, maxDelay: retryDelayMs * 16 }).next();
    const waitMsAfter = (error: unknown): number =>
      (error instanceof ProviderFault ? error.retryAfterMs : undefined) ?? wait.duration;
    const isWorthIt = (error: unknown): boolean =>
      error instanceof ProviderFault && error.isRetryable && waitMsAfter(error) < leftMs();
    const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ result }) => {
      const ms = waitMsAfter('error' in result ? result.error : undefined);
      wait = wait.next(undefined);
      return ms;
    });
    return retry(handleWhen(isWorthIt), { maxAttempts: retries, backoff });
  }

  /** Does this count against the provider? Not what the caller did wrong, nor, unless it is on trial, that it had not all of its time. */
  #isAgainst(error: unknown): boolean {
    if (error instanceof Abandoned) return this.circuit === 'half-open';
    const { reason, status } = faultOf(error);
    if (reason === 'deadline') return this.circuit === 'half-open';
    return reason !== 'status' || status === undefined || !this.#config.stopStatuses.includes(status);
  }
}

/** Runs it with a signal of its own, and gives it up when its time is over, whether it heeds the signal or not. */
async function within<T>(ms: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let isOver = false;
  const policy = timeout(ms, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
  policy.onTimeout(() => {
    isOver = true;
  });
  try {
    return await policy.execute(({ signal: own }) => work(own), signal);
  } catch (error) {
    if (signal.aborted) throw new Abandoned('Nobody waits for the answer any more.', { cause: signal.reason });
    throw isOver ? new ProviderFault('timeout', error, { isRetryable: true }) : error;
  }
}
