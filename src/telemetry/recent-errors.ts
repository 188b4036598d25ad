import type { Clock } from '../clock.ts';
import type { AICacheError } from '../errors.ts';
import type { CacheEvent } from './events.ts';

/** What went wrong of late; equal errors are one, counted. */
export interface RecentError {
  /** `cache`: what `onError` was told. `handler`: a fill that threw or was answered with an error. */
  readonly source: 'cache' | 'handler';
  /** The `code` of an AICacheError; of a handler's error its name, or the HTTP status. */
  readonly code: string;
  /** What to know about it; absent for a handler's error, whose message may hold anything. */
  readonly message?: string;
  readonly count: number;
  /** ISO 8601. */
  readonly lastAt: string;
}

const MAX_KINDS = 20;
const MAX_CODE_LENGTH = 128;

/** The kinds of errors that occurred last, for those who look at the cache. Bounded: 20 kinds, never a cause. */
export class RecentErrors {
  readonly #clock: Pick<Clock, 'now'>;
  /** The kind that occurred last is the last one. */
  readonly #kinds = new Map<string, RecentError>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** What `onError` is told. */
  add({ code, message }: AICacheError): void {
    this.#count({ source: 'cache', code, message });
  }

  /** A fill that failed; other events are not its business. */
  observe(event: CacheEvent): void {
    if (event.type !== 'fill-ended' || event.errorType === undefined) return;
    this.#count({ source: 'handler', code: event.errorType.slice(0, MAX_CODE_LENGTH) });
  }

  /** The latest first. */
  list(): readonly RecentError[] {
    return [...this.#kinds.values()].toReversed();
  }

  #count(kind: Pick<RecentError, 'source' | 'code' | 'message'>): void {
    const key = JSON.stringify([kind.source, kind.code, kind.message]);
    const count = (this.#kinds.get(key)?.count ?? 0) + 1;
    this.#kinds.delete(key);
    this.#kinds.set(key, { ...kind, count, lastAt: new Date(this.#clock.now()).toISOString() });
    const [oldest] = this.#kinds.keys();
    if (oldest !== undefined && this.#kinds.size > MAX_KINDS) this.#kinds.delete(oldest);
  }
}
