import type { IncomingMessage } from 'node:http';
import type { LogPosition, Usage } from '../entry/entry.ts';
import { invalidUsage, invalidTtl } from '../errors.ts';
import { bytesOf } from '../request/body-bytes.ts';
import { noteOn } from '../note.ts';
import type { Outcome } from '../telemetry/outcome.ts';

/** What a handler can tell the cache about the answer it makes, and ask it. */
export interface AICacheContext {
  /** Aborts when the answer is wanted by nobody any more: give it to the model call. */
  readonly signal: AbortSignal;
  /** The bytes of the body, out of its content coding, where the cache knows them: with `body: 'raw'` or `digestBody`. */
  readonly rawBody?: Buffer;
  /** How the request was answered; present once it was. */
  readonly outcome?: Outcome;
  /** Adds tags for group invalidation to the entry. */
  tag(...tags: string[]): void;
  /** Sets the entry's lifetime, seconds; the handler's own Cache-Control is stronger. Throws AICacheError INVALID_RESPONSE on a negative or non-finite number. */
  ttl(seconds: number): void;
  /** This answer is not stored, and shared with nobody. */
  noStore(): void;
  /** Tokens the model call used, where the answer itself does not say. Throws AICacheError INVALID_RESPONSE on bad counts. */
  usage(usage: Usage): void;
}

/** What the handler said, as the fill reads it. */
export class ContextState {
  readonly tags = new Set<string>();
  ttlSeconds: number | undefined;
  isNoStore = false;
  reportedUsage: Usage | undefined;
  outcome: Outcome | undefined;
  /** Made when somebody looks: most handlers do not. */
  shown: AICacheContext | undefined;

  readonly position: LogPosition;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(position: LogPosition) {
    this.position = position;
  }

  /** Made when somebody looks, as well. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

const contexts = noteOn<IncomingMessage, ContextState>();

/**
 * The cache's context of a request that the middleware has let through to the handler; undefined for any other.
 *
 * @example
 * const completion = await openai.chat.completions.create(body, { signal: aiCacheContext(req)?.signal });
 */
export function aiCacheContext(req: IncomingMessage): AICacheContext | undefined {
  const state = contexts.get(req);
  if (state !== undefined) state.shown ??= contextOf(state, bytesOf(req)?.bytes);
  return state?.shown;
}

/** `position`: where the invalidation log stands; what is logged from now on may change what the handler reads. */
export function openContext(req: IncomingMessage, position: LogPosition): ContextState {
  const state = new ContextState(position);
  contexts.set(req, state);
  return state;
}

function contextOf(state: ContextState, rawBody: Buffer | undefined): AICacheContext {
  return Object.freeze({
    ...(rawBody === undefined ? {} : { rawBody }),
    get signal() {
      return state.signal;
    },
    get outcome() {
      return state.outcome;
    },
    tag: (...tags: string[]) => tags.forEach((tag) => state.tags.add(tag)),
    ttl(seconds: number) {
      if (!Number.isFinite(seconds) || seconds < 0) throw invalidTtl('aiCacheContext(req).ttl()', seconds);
      state.ttlSeconds = seconds;
    },
    noStore() {
      state.isNoStore = true;
    },
    usage(usage: Usage) {
      state.reportedUsage = checkedUsage(usage);
    },
  }) as AICacheContext;
}

function checkedUsage(usage: Usage): Usage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage ?? {};
  const cached = [cacheReadTokens, cacheWriteTokens].filter((count) => count !== undefined);
  if (![inputTokens, outputTokens, ...cached].every(isCount)) throw invalidUsage();
  return {
    inputTokens,
    outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
