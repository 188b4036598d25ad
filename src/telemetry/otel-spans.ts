import {
  type AttributeValue,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { LabelCaps } from './label-cap.ts';
import { ATTRIBUTES } from './names.ts';
import { NO_PUT_SPAN } from './no-tracing.ts';
import type { FillSpan, GetSpan, PutSpan, RemovalSpan, SpanLink } from './tracing.ts';

type GetFacts = Parameters<GetSpan['end']>[0];
type FillFacts = Parameters<FillSpan['end']>[0];
type PutFacts = Parameters<PutSpan['end']>[0];
type RemovalFacts = Parameters<RemovalSpan['end']>[0];

/** What the spans of one cache share. */
export interface SpanSetup {
  readonly showKey: boolean;
  readonly labels: LabelCaps;
  readonly onError: (cause: unknown) => void;
  readonly startPut: (fill: Context) => Span;
}

const KEY_PREFIX_LENGTH = 16;

export class OtelGetSpan implements GetSpan {
  readonly #span: Span;
  readonly #setup: SpanSetup;

  constructor(span: Span, setup: SpanSetup) {
    this.#span = span;
    this.#setup = setup;
  }

  get link(): SpanLink {
    return new FillLink(this.#span.spanContext());
  }

  run<T>(work: () => T): T {
    return runIn(this.#span, work);
  }

  end(facts: GetFacts): void {
    const span = this.#span;
    try {
      span.setAttribute(ATTRIBUTES.hit, facts.hit);
      span.setAttribute(ATTRIBUTES.result, facts.result);
      setKnown(span, ATTRIBUTES.tier, facts.tier);
      setKnown(span, ATTRIBUTES.itemSize, facts.itemSizeBytes);
      setKnown(span, ATTRIBUTES.age, facts.ageSeconds);
      if (this.#setup.showKey) setKnown(span, ATTRIBUTES.key, facts.keyDigest?.slice(0, KEY_PREFIX_LENGTH));
      const { leader } = facts;
      if (leader instanceof FillLink && isSpanContextValid(leader.target)) span.addLink({ context: leader.target });
      span.end();
    } catch (error) {
      this.#setup.onError(error);
    }
  }
}

export class OtelFillSpan implements FillSpan {
  readonly link: SpanLink;
  readonly #span: Span;
  readonly #setup: SpanSetup;
  readonly #context: Context;

  constructor(span: Span, parent: Context, setup: SpanSetup) {
    this.#span = span;
    this.#setup = setup;
    this.#context = trace.setSpan(parent, span);
    this.link = new FillLink(span.spanContext());
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(facts: FillFacts): void {
    const span = this.#span;
    try {
      if (span.isRecording()) this.#describe(facts);
      span.end();
    } catch (error) {
      this.#setup.onError(error);
    }
  }

  startPut(): PutSpan {
    try {
      const span = this.#setup.startPut(this.#context);
      return span.isRecording() ? new OtelPutSpan(span, this.#setup) : NO_PUT_SPAN;
    } catch (error) {
      this.#setup.onError(error);
      return NO_PUT_SPAN;
    }
  }

  #describe({ provider, model, clientGone, errorType }: FillFacts): void {
    const { labels } = this.#setup;
    setKnown(this.#span, ATTRIBUTES.provider, labels.provider.of(provider));
    setKnown(this.#span, ATTRIBUTES.model, labels.model.of(model));
    if (clientGone === true) this.#span.setAttribute(ATTRIBUTES.clientGone, true);
    if (errorType !== undefined) fail(this.#span, labels.errorType.of(errorType));
  }
}

class OtelPutSpan implements PutSpan {
  readonly #span: Span;
  readonly #setup: SpanSetup;

  constructor(span: Span, setup: SpanSetup) {
    this.#span = span;
    this.#setup = setup;
  }

  run<T>(work: () => T): T {
    return runIn(this.#span, work);
  }

  end(facts: PutFacts): void {
    const span = this.#span;
    try {
      span.setAttribute(ATTRIBUTES.write, facts.stored);
      setKnown(span, ATTRIBUTES.notStorable, facts.notStored);
      setKnown(span, ATTRIBUTES.itemSize, facts.itemSizeBytes);
      setKnown(span, ATTRIBUTES.encoding, facts.coding);
      setKnown(span, ATTRIBUTES.ttl, facts.ttlSeconds);
      if (facts.errorType !== undefined) fail(span, this.#setup.labels.errorType.of(facts.errorType));
      span.end();
    } catch (error) {
      this.#setup.onError(error);
    }
  }
}

export class OtelRemovalSpan implements RemovalSpan {
  readonly #span: Span;
  readonly #setup: SpanSetup;

  constructor(span: Span, setup: SpanSetup) {
    this.#span = span;
    this.#setup = setup;
  }

  run<T>(work: () => T): T {
    return runIn(this.#span, work);
  }

  end({ count, errorType }: RemovalFacts): void {
    try {
      setKnown(this.#span, ATTRIBUTES.itemCount, count);
      if (errorType !== undefined) fail(this.#span, this.#setup.labels.errorType.of(errorType));
      this.#span.end();
    } catch (error) {
      this.#setup.onError(error);
    }
  }
}

/** What a follower's span, and that of a refresh, link to. */
export class FillLink implements SpanLink {
  readonly kind = 'span-link';
  readonly target: SpanContext;

  constructor(target: SpanContext) {
    this.target = target;
  }
}

export function setKnown(span: Span, name: string, value: AttributeValue | undefined): void {
  if (value !== undefined) span.setAttribute(name, value);
}

/** Only in here is the span active: what comes after it is no child of a span that has ended. */
function runIn<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Without a message: what was thrown may hold a prompt. */
function fail(span: Span, errorType: string): void {
  span.setAttribute(ATTRIBUTES.errorType, errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
