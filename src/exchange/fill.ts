import { openContext, type ContextState } from './context.ts';
import { decompress } from '../entry/compression.ts';
import type { Coding, Entry } from '../entry/entry.ts';
import { internalFault } from '../errors.ts';
import { onceClosed, reportOutcome, wasCutHere, withRoute, type KeyedExchange, type OutcomeFacts } from './exchange.ts';
import type { Flight } from '../flight/single-flight.ts';
import { makeEntry } from './make-entry.ts';
import { type Refusal } from '../policy/storable.ts';
import { modelOf } from '../request/labels.ts';
import { appendCacheStatus } from '../response/cache-status.ts';
import { BODY_HEADERS, hideConditionals, isNotModified } from '../response/conditional.ts';
import { recordResponse, type RecordedHead, type Recording } from '../response/recorder.ts';
import { codingOf } from '../response/stored-headers.ts';
import { storeEntry, type StoreResult } from './store-entry.ts';
import type { FillSpan, SpanLink } from '../telemetry/tracing.ts';
import { whyNot, whyNotByUser, whyNotYet } from './verdict.ts';

/** What a leader has for its followers. */
export interface Answer {
  readonly entry: Entry;
  readonly leader: SpanLink;
}

export interface FillOptions {
  /** Absent where nobody waits for this fill. */
  readonly flight?: Flight<Answer>;
  /** Why the request goes to the handler, as `Cache-Status` says it. */
  readonly fwd: 'miss' | 'request' | 'bypass';
  readonly detail?: string;
}

/** Runs the handler once, records what it sends, shares it with the followers and stores it if it may be stored. */
export function fill(exchange: KeyedExchange, options: FillOptions): void {
  new Fill(exchange, options).run();
}

class Fill {
  readonly #exchange: KeyedExchange;
  readonly #options: FillOptions;
  readonly #context: ContextState;
  readonly #span: FillSpan;
  readonly #startedAt: number;
  readonly #hidden: ReturnType<typeof hideConditionals> | undefined;
  /** What was decided at the head with the whole body in hand; it is not asked again. */
  #verdict: { readonly refusal: Refusal | undefined } | undefined;
  #recording: Recording | undefined;
  #result: { readonly stored: boolean; readonly notStored?: string } | undefined;
  /** The body decoded, while that takes time and the result waits for it. */
  #decoding: Promise<unknown> | undefined;

  constructor(exchange: KeyedExchange, options: FillOptions) {
    const { parts, req, request } = exchange;
    this.#exchange = exchange;
    this.#options = options;
    this.#context = openContext(req);
    this.#startedAt = parts.clock.monotonic();
    // A POST has no 304 (RFC 9110 §13.2.2), so its conditionals are the handler's business.
    this.#hidden = req.method === 'POST' ? undefined : hideConditionals(req);
    this.#span = parts.tracing.startFill({ reason: 'miss', ...withRoute(exchange), ...modelOf(request) });
    parts.observe({ type: 'fill-started' });
  }

  run(): void {
    const { parts, res, next } = this.#exchange;
    const cut = recordResponse(res, {
      maxBytes: parts.config.maxEntryBytes,
      onHead: (head, body) => this.#onHead(head, body),
      onEnd: (recording) => void this.#onEnd(recording),
    });
    onceClosed(this.#exchange, () => this.#onClosed(cut));
    reportOutcome(this.#exchange, this.#context, () => this.#outcome());
    this.#span.run(() => next());
  }

  /** The last moment to tell the client something about this answer. */
  #onHead(head: RecordedHead, body: Buffer | undefined): (() => void) | undefined {
    const { parts, req, res, key } = this.#exchange;
    let refusal = whyNotYet(this.#exchange, this.#context, head, body);
    if (body !== undefined && codingOf(head.headers) === 'identity') {
      refusal ??= whyNotByUser(this.#exchange, head, body);
      this.#verdict = { refusal };
    }
    if (refusal?.kind === 'declared') this.#options.flight?.release();
    if (
      head.status === 200 &&
      this.#hidden !== undefined &&
      isNotModified({ ...req.headers, ...this.#hidden.conditionals }, head.headers)
    ) {
      res.statusCode = 304;
      res.statusMessage = 'Not Modified';
      for (const name of BODY_HEADERS) res.removeHeader(name);
    }
    const detail = this.#options.detail ?? refusal?.reason;
    const member = parts.cacheStatus?.({
      fwd: this.#options.fwd,
      stored: this.#verdict !== undefined && refusal === undefined,
      ...(detail === undefined ? {} : { detail }),
      ...(parts.config.cacheStatus === 'key' ? { key: key.digest } : {}),
    });
    return appendCacheStatus(res, member);
  }

  /** The client has everything, or has gone: an answer that was begun, or that this side cut off, is over; a handler at work may finish. */
  #onClosed(cut: () => void): void {
    if (this.#recording !== undefined) return;
    if (this.#exchange.res.headersSent || wasCutHere(this.#exchange)) cut();
    else setTimeout(cut, this.#exchange.parts.abandonMs).unref();
  }

  async #onEnd(recording: Recording): Promise<void> {
    const { parts, request } = this.#exchange;
    const fillMs = parts.clock.monotonic() - this.#startedAt;
    const failure = errorTypeOf(recording);
    this.#recording = recording;
    this.#hidden?.restore();
    const put = this.#span.startPut();
    this.#span.end({ ...failure, clientGone: !recording.ended, ...modelOf(request) });
    parts.observe({
      type: 'fill-ended',
      reason: 'miss',
      durationMs: fillMs,
      ...failure,
      ...modelOf(request),
      ...withRoute(this.#exchange),
    });
    try {
      put.end(await this.#settle(recording, fillMs));
    } catch (error) {
      // Only a fault of ours gets here: the client has its answer, the followers make theirs.
      parts.report(internalFault(error));
      put.end({ stored: false, notStored: 'internal', errorType: 'AICacheError' });
      this.#options.flight?.release();
    } finally {
      this.#options.flight?.close();
    }
  }

  /** Tells the followers, then the tiers. Runs to the first tier without a pause, so that an immediate repeat is a hit. */
  async #settle(recording: Recording, fillMs: number): Promise<StoreResult | { stored: false; notStored: string }> {
    const { flight } = this.#options;
    const { head, body } = recording;
    const coding = codingOf(head?.headers ?? []);
    let identity = body;
    if (body !== undefined && coding !== 'identity') {
      const decoding = this.#decoded(body, coding);
      this.#decoding = decoding;
      identity = await decoding;
    }
    const { refusal } = this.#verdict ?? { refusal: whyNot(this.#exchange, this.#context, recording, identity) };
    this.#result = refusal === undefined ? { stored: true } : { stored: false, notStored: refusal.reason };
    if (head === undefined || body === undefined || identity === undefined || refusal?.kind === 'declared') {
      if (refusal?.kind === 'failed') flight?.fail(undefined);
      else flight?.release();
      return { stored: false, notStored: refusal?.reason ?? 'unfinished' };
    }
    const { reportedUsage: usage, ttlSeconds: contextSeconds, tags } = this.#context;
    const remarks = { contextSeconds, routeSeconds: this.#exchange.route.ttlSeconds, tags, usage, fillMs };
    const entry = makeEntry(this.#exchange, { ...head, body, identity }, remarks);
    const answer: Answer = { entry, leader: this.#span.link };
    if (refusal?.kind === 'failed') flight?.fail(answer);
    else flight?.answer(answer);
    return refusal === undefined
      ? storeEntry(this.#exchange.parts, this.#exchange.key, entry)
      : { stored: false, notStored: refusal.reason };
  }

  async #decoded(body: Buffer, coding: Coding): Promise<Buffer | undefined> {
    try {
      return await decompress(body, coding, this.#exchange.parts.config.maxEntryBytes);
    } catch {
      // A body that is not what its Content-Encoding says goes to its own client alone.
      return undefined;
    }
  }

  #outcome(): OutcomeFacts | Promise<OutcomeFacts> {
    // The result is made by the one who waited for the body first.
    return this.#result === undefined && this.#decoding !== undefined
      ? this.#decoding.then(() => this.#facts())
      : this.#facts();
  }

  #facts(): OutcomeFacts {
    const { res, request } = this.#exchange;
    const failed = res.statusCode >= 500;
    return {
      result: failed ? ('error' as const) : ('miss' as const),
      ...(failed ? { errorType: String(res.statusCode) } : {}),
      ...(this.#result ?? { stored: false, notStored: 'unfinished' }),
      ...modelOf(request),
    };
  }
}

function errorTypeOf(recording: Recording): { errorType?: string } {
  const status = recording.head?.status ?? 0;
  return status >= 500 ? { errorType: String(status) } : {};
}
