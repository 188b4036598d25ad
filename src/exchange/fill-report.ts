import type { Refusal } from '../policy/storable.ts';
import { modelOf } from '../request/labels.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import type { Recording } from '../response/recording.ts';
import type { FillSpan, PutSpan, SpanLink } from '../telemetry/tracing.ts';
import type { ContextState } from './context.ts';
import { reportOutcome, withRoute, type KeyedExchange, type OutcomeFacts } from './exchange.ts';

/** What telemetry learns of one fill: its spans, its duration, and the outcome of its request. */
export class FillReport {
  readonly #exchange: KeyedExchange;
  readonly #reason: 'miss' | 'revalidate';
  readonly #startedAt: number;
  readonly #span: FillSpan;
  #outcome: OutcomeFacts | undefined;
  #judging: Promise<unknown> | undefined;

  /** `cause`: of a background refresh, the request that caused it. */
  constructor(exchange: KeyedExchange, cause: SpanLink | undefined) {
    const { parts, request } = exchange;
    this.#exchange = exchange;
    this.#reason = cause === undefined ? 'miss' : 'revalidate';
    this.#startedAt = parts.clock.monotonic();
    this.#span = parts.tracing.startFill({
      reason: this.#reason,
      ...withRoute(exchange),
      ...modelOf(request),
      ...(cause === undefined ? {} : { cause }),
    });
    parts.observe({ type: 'fill-started' });
  }

  get link(): SpanLink {
    return this.#span.link;
  }

  /** Runs the handler within the fill's span; the outcome goes out when the response is over. */
  run(context: ContextState, handler: () => void): void {
    // A refresh in the background is no request of a client's.
    if (this.#reason === 'miss') reportOutcome(this.#exchange, context, () => this.#facts());
    this.#span.run(handler);
  }

  /** The handler is done, or cut short. */
  end({ head, ended }: Recording): { put: PutSpan; fillMs: number } {
    const { parts, req, request } = this.#exchange;
    const fillMs = parts.clock.monotonic() - this.#startedAt;
    const status = head?.status ?? 0;
    const facts = { ...(status >= 500 ? { errorType: String(status) } : {}), ...modelOf(request) };
    const put = this.#span.startPut();
    this.#span.end({ ...facts, clientGone: !ended || req.socket.destroyed });
    const durationMs = fillMs;
    parts.observe({ type: 'fill-ended', reason: this.#reason, durationMs, ...facts, ...withRoute(this.#exchange) });
    return { put, fillMs };
  }

  /** What was sent is being decoded, to be judged: the outcome waits for it. */
  awaits(judging: Promise<unknown>): void {
    this.#judging = judging;
  }

  /** The client got something else than the handler's answer. */
  diverted(outcome: OutcomeFacts): void {
    this.#outcome = outcome;
  }

  judged(head: RecordedHead | undefined, refusal: Refusal | undefined): void {
    const status = head?.status ?? 0;
    this.#outcome ??= {
      ...(status >= 500 ? { result: 'error', errorType: String(status) } : { result: 'miss' }),
      ...(refusal === undefined ? { stored: true } : { stored: false, notStored: refusal.reason }),
      ...modelOf(this.#exchange.request),
    };
  }

  #facts(): OutcomeFacts | Promise<OutcomeFacts> {
    if (this.#outcome !== undefined) return this.#outcome;
    // The outcome is made by the one who waited for the judgement first.
    return this.#judging?.then(() => this.#outcome ?? this.#unfinished()) ?? this.#unfinished();
  }

  #unfinished(): OutcomeFacts {
    return { result: 'miss', stored: false, notStored: 'unfinished', ...modelOf(this.#exchange.request) };
  }
}
