import { AsyncLocalStorage } from 'node:async_hooks';
import { LRUCache } from 'lru-cache';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Entry, VariantRule } from '../entry/entry.ts';
import { refreshImpossible } from '../errors.ts';
import type { SpanLink } from '../telemetry/tracing.ts';
import type { KeyedExchange } from './exchange.ts';
import { recordRequest, sendAgain, type RecordedRequest } from './re-entry.ts';

/** A background refresh as the request that carries it out knows it. */
export interface Refresh {
  /** What was served. */
  readonly entry: Entry;
  /** By which its key has variants, where it has. */
  readonly rule?: VariantRule | undefined;
  /** The request that was answered stale. */
  readonly cause: SpanLink;
}

/** After a failed refresh the next one of that key waits so long, doubling, milliseconds. */
const FIRST_BACKOFF_MS = 1_000;
const LAST_BACKOFF_MS = 60_000;
const REPORT_AGAIN_MS = 60_000;

/** Beyond this many keys the oldest is forgotten: it may be refreshed once too often. */
const MAX_KEYS = 10_000;

interface State {
  isRunning: boolean;
  failures: number;
  notBefore: number;
}

/** Makes stale entries anew in the background: one refresh a key, by the application's own stack, backing off while it fails. */
export class Refreshes {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #states = new LRUCache<string, State>({ max: MAX_KEYS });
  /** By the socket of the in-memory connection: no header could be trusted to say it. */
  readonly #bySocket = new WeakMap<object, Refresh>();
  /** A refresh outlives the request that causes it, and is a trace of its own. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #reportedAt = -Infinity;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The refresh that this request carries out; undefined for every other request. */
  of(req: IncomingMessage): Refresh | undefined {
    return this.#bySocket.get(req.socket);
  }

  /** Starts a refresh of this exchange's entry, unless one runs, waits after a failure, or the request cannot be repeated. */
  start(exchange: KeyedExchange, entry: Entry, cause: SpanLink): void {
    const { digest } = exchange.key;
    const state = this.#states.get(digest) ?? { isRunning: false, failures: 0, notBefore: 0 };
    if (state.isRunning || this.#clock.monotonic() < state.notBefore) return;
    const again = recordRequest(exchange.req);
    if (typeof again === 'string') {
      this.#reportImpossible(exchange, again);
      return;
    }
    this.#states.set(digest, state);
    state.isRunning = true;
    state.failures += 1;
    const refresh: Refresh = { entry, rule: exchange.variant?.rule, cause };
    this.#outside(() => this.#run(exchange, again, refresh))
      .catch(exchange.parts.report)
      .finally(() => this.#ended(digest, state));
  }

  /** A fill of this key has stored a new answer, or another one is at it. */
  succeeded(digest: string): void {
    const state = this.#states.get(digest);
    if (state === undefined) return;
    state.failures = 0;
    if (!state.isRunning) this.#states.delete(digest);
  }

  async #run({ parts, key }: KeyedExchange, again: RecordedRequest, refresh: Refresh): Promise<void> {
    // Another process may have made it anew: found in Redis, it is in memory too then.
    if (parts.redis !== undefined && (await parts.store.lookupFresh(key)) !== undefined) {
      this.succeeded(key.digest);
      return;
    }
    await sendAgain(again, (socket) => this.#bySocket.set(socket, refresh));
  }

  #ended(digest: string, state: State): void {
    state.isRunning = false;
    // Where the answer was stored there is nothing left to remember.
    if (state.failures === 0) {
      this.#states.delete(digest);
      return;
    }
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (state.failures - 1), LAST_BACKOFF_MS);
    state.notBefore = this.#clock.monotonic() + backoffMs;
  }

  #reportImpossible({ parts }: KeyedExchange, reason: string): void {
    const now = this.#clock.monotonic();
    if (now - this.#reportedAt < REPORT_AGAIN_MS) return;
    this.#reportedAt = now;
    parts.report(refreshImpossible(reason));
  }
}
