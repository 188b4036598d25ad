import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  type Span,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import type { LabelCaps } from './label-cap.ts';
import { ATTRIBUTES, SCOPE, SPANS } from './names.ts';
import { NO_FILL_SPAN, NO_GET_SPAN, NO_REMOVAL_SPAN } from './no-tracing.ts';
import { FillLink, OtelFillSpan, OtelGetSpan, OtelRemovalSpan, setKnown, type SpanSetup } from './otel-spans.ts';
import type { FillSpan, GetSpan, RemovalSpan, SpanLink, Tracing } from './tracing.ts';

type StartGetFacts = Parameters<Tracing['startGet']>[0];
type StartFillFacts = Parameters<Tracing['startFill']>[0];
type StartRemovalFacts = Parameters<Tracing['startRemoval']>[0];

export interface OtelTracingOptions {
  /** `cache.name`; it ends every span's name. */
  readonly name: string;
  /** Default: the global one, whichever that is when a span starts. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Shows the first 16 hex digits of the key's digest as `cache.key`. */
  readonly showKey: boolean;
  readonly labels: LabelCaps;
  /** Told what a broken tracer threw; the request goes on without that span. */
  readonly onError: (cause: unknown) => void;
}

/** Routes come from the application's code; this only keeps a surprising number of them from growing memory. */
const MAX_ROUTES = 1_000;

/** Spans of the OpenTelemetry API: INTERNAL, named `cache.get <name>` and so on. Throws nothing of what a tracer throws. */
export class OtelTracing implements Tracing {
  readonly #name: string;
  readonly #given: TracerProvider | undefined;
  readonly #setup: SpanSetup;
  readonly #spanNames: Readonly<Record<keyof typeof SPANS, string>>;
  readonly #getOptions = new Map<string | undefined, SpanOptions>();
  readonly #fillOptions: Readonly<Record<StartFillFacts['reason'], SpanOptions>>;
  readonly #putOptions: SpanOptions;
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;

  constructor({ name, tracerProvider, showKey, labels, onError }: OtelTracingOptions) {
    this.#name = name;
    this.#given = tracerProvider;
    this.#setup = { showKey, labels, onError, startPut: (fill) => this.#start('put', this.#putOptions, fill) };
    this.#spanNames = {
      get: `${SPANS.get} ${name}`,
      fill: `${SPANS.fill} ${name}`,
      put: `${SPANS.put} ${name}`,
      revalidate: `${SPANS.revalidate} ${name}`,
      remove: `${SPANS.remove} ${name}`,
      flush: `${SPANS.flush} ${name}`,
    };
    this.#fillOptions = {
      miss: internal({ [ATTRIBUTES.name]: name, [ATTRIBUTES.fillReason]: 'miss' }),
      revalidate: internal({ [ATTRIBUTES.name]: name, [ATTRIBUTES.fillReason]: 'revalidate' }),
    };
    this.#putOptions = internal({ [ATTRIBUTES.name]: name });
  }

  startGet({ route }: StartGetFacts): GetSpan {
    try {
      const options = this.#getOptions.get(route) ?? this.#newGetOptions(route);
      const span = this.#start('get', options, context.active());
      return span.isRecording() ? new OtelGetSpan(span, this.#setup) : NO_GET_SPAN;
    } catch (error) {
      this.#setup.onError(error);
      return NO_GET_SPAN;
    }
  }

  /** The span is made active by `run` even where it is not recorded: what it says about sampling holds for those below it. */
  startFill({ reason, route, cause, provider, model }: StartFillFacts): FillSpan {
    try {
      const parent = context.active();
      const options = this.#fillOptions[reason];
      const span =
        cause === undefined
          ? this.#start('fill', options, parent)
          : this.#start('revalidate', { ...options, root: true, links: linksTo(cause) }, parent);
      if (span.isRecording()) {
        setKnown(span, ATTRIBUTES.route, route);
        setKnown(span, ATTRIBUTES.provider, this.#setup.labels.provider.of(provider));
        setKnown(span, ATTRIBUTES.model, this.#setup.labels.model.of(model));
      }
      return new OtelFillSpan(span, parent, this.#setup);
    } catch (error) {
      this.#setup.onError(error);
      return NO_FILL_SPAN;
    }
  }

  startRemoval({ kind }: StartRemovalFacts): RemovalSpan {
    try {
      const options = internal({ [ATTRIBUTES.name]: this.#name, [ATTRIBUTES.operation]: kind });
      const span = this.#start(kind === 'flush' ? 'flush' : 'remove', options, context.active());
      return span.isRecording() ? new OtelRemovalSpan(span, this.#setup) : NO_REMOVAL_SPAN;
    } catch (error) {
      this.#setup.onError(error);
      return NO_REMOVAL_SPAN;
    }
  }

  #start(kind: keyof typeof SPANS, options: SpanOptions, parent: Context): Span {
    const provider = this.#given ?? trace.getTracerProvider();
    // A tracer of the provider before would stay silent, or keep on feeding an SDK that has been replaced.
    if (this.#tracer === undefined || provider !== this.#provider) {
      this.#tracer = provider.getTracer(SCOPE.name, SCOPE.version);
      this.#provider = provider;
    }
    return this.#tracer.startSpan(this.#spanNames[kind], options, parent);
  }

  #newGetOptions(route: string | undefined): SpanOptions {
    const attributes: Attributes = { [ATTRIBUTES.name]: this.#name, [ATTRIBUTES.operation]: 'get' };
    if (route !== undefined) attributes[ATTRIBUTES.route] = route;
    const options = internal(attributes);
    if (this.#getOptions.size < MAX_ROUTES) this.#getOptions.set(route, options);
    return options;
  }
}

function linksTo(cause: SpanLink): Link[] {
  return cause instanceof FillLink && isSpanContextValid(cause.target) ? [{ context: cause.target }] : [];
}

/** Frozen, because every span of its kind starts with the same object. */
function internal(attributes: Attributes): SpanOptions {
  return Object.freeze({ kind: SpanKind.INTERNAL, attributes: Object.freeze(attributes) });
}
