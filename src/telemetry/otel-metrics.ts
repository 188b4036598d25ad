import { createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api';
import { AttributeSets } from './attribute-sets.ts';
import type { CacheEvent, EntrySizeEvent, FillEndedEvent } from './events.ts';
import type { Gauges } from './gauges.ts';
import { isHit } from './hits.ts';
import type { LabelCaps } from './label-cap.ts';
import { ATTRIBUTES, SCOPE, UNKNOWN } from './names.ts';
import { createInstruments, type Instruments, observeGauges } from './otel-instruments.ts';
import type { Outcome } from './outcome.ts';

export interface OtelMetricsOptions {
  /** `cache.name`. */
  readonly name: string;
  /** Default: the global one, whichever that is when an event comes. */
  readonly meterProvider?: MeterProvider | undefined;
  readonly gauges: Gauges;
  readonly labels: LabelCaps;
}

interface Binding {
  readonly instruments: Instruments;
  readonly release: () => void;
}

/** To divide by: times 0.001, 35 ms would become 0.035000000000000003 s, which is above a bound of 0.035. */
const MS_PER_SECOND = 1_000;

/** Turns events into measurements of the OpenTelemetry instruments, which are bound on first use and again when the provider changes. */
export class OtelMetrics {
  readonly #name: string;
  readonly #given: MeterProvider | undefined;
  readonly #gauges: Gauges;
  readonly #labels: LabelCaps;
  readonly #sets: ReturnType<typeof createSets>;
  /** What a provider gives that does not listen: with no SDK, or after its shutdown. */
  readonly #silentMeter = createNoopMeter();
  #provider: MeterProvider | undefined;
  #binding: Binding | undefined;
  #activeFills = 0;
  #closed = false;

  constructor(options: OtelMetricsOptions) {
    this.#name = options.name;
    this.#given = options.meterProvider;
    this.#gauges = options.gauges;
    this.#labels = options.labels;
    this.#sets = createSets(options.name);
  }

  /** Throws what a broken provider throws. */
  record(event: CacheEvent): void {
    const instruments = this.#bound();
    // Counted even while nobody listens: a provider that comes later starts from the fills running then.
    if (event.type === 'fill-started') this.#activeFills += 1;
    if (event.type === 'fill-ended') this.#activeFills -= 1;
    if (instruments !== undefined) this.#measure(event, instruments);
  }

  /** Stops asking for gauges. Events that still come are recorded. */
  close(): void {
    this.#closed = true;
    this.#binding?.release();
  }

  #bound(): Instruments | undefined {
    const provider = this.#given ?? metrics.getMeterProvider();
    if (provider !== this.#provider) this.#rebind(provider);
    return this.#binding?.instruments;
  }

  #rebind(provider: MeterProvider): void {
    const before = this.#binding;
    // Noted first, so that a provider that throws here is asked once and not at every event.
    this.#provider = provider;
    this.#binding = undefined;
    const meter = provider.getMeter(SCOPE.name, SCOPE.version);
    if (meter !== this.#silentMeter) {
      const instruments = createInstruments(meter);
      const release = this.#closed ? () => {} : observeGauges(meter, this.#name, this.#gauges);
      this.#binding = { instruments, release };
      if (this.#activeFills > 0) instruments.fillActive.add(this.#activeFills, this.#sets.named.of());
    }
    if (before === undefined) return;
    if (this.#activeFills > 0) before.instruments.fillActive.add(-this.#activeFills, this.#sets.named.of());
    before.release();
  }

  #measure(event: CacheEvent, instruments: Instruments): void {
    const sets = this.#sets;
    switch (event.type) {
      case 'request':
        return this.#measureRequest(event.outcome, instruments);
      case 'key':
        return instruments.keyDuration.record(event.durationMs / MS_PER_SECOND, sets.named.of());
      case 'operation': {
        const errorType = this.#labels.errorType.of(event.errorType);
        const labels = sets.operation.of(event.tier, event.operation, event.hit, errorType);
        return instruments.operationDuration.record(event.durationMs / MS_PER_SECOND, labels);
      }
      case 'fill-started':
        return instruments.fillActive.add(1, sets.named.of());
      case 'fill-ended':
        return this.#measureFill(event, instruments);
      case 'codec': {
        const labels = sets.codec.of(event.operation, event.coding);
        return instruments.codecDuration.record(event.durationMs / MS_PER_SECOND, labels);
      }
      case 'entry-size':
        return this.#measureSize(event, instruments);
      case 'eviction':
        return instruments.evictions.add(1, sets.eviction.of(event.tier, event.reason));
      case 'invalidation':
      // The operation that comes with it has been measured, and a span has its count.
    }
  }

  #measureRequest(outcome: Outcome, instruments: Instruments): void {
    const { result, tier, route, durationMs, ageSeconds } = outcome;
    const errorType = this.#labels.errorType.of(outcome.errorType);
    instruments.requestDuration.record(
      durationMs / MS_PER_SECOND,
      this.#sets.request.of(result, tier, route, errorType),
    );
    if (ageSeconds !== undefined) instruments.entryAge.record(ageSeconds, this.#sets.age.of(result));
    if (isHit(result)) this.#measureSavings(outcome, instruments);
  }

  #measureSavings(outcome: Outcome, instruments: Instruments): void {
    const { usage, costUsd, fillMs, route } = outcome;
    if (fillMs !== undefined) instruments.savedTime.add(fillMs / MS_PER_SECOND, this.#sets.savedTime.of(route));
    if (usage === undefined && costUsd === undefined) return;
    const provider = this.#labels.provider.of(outcome.provider ?? UNKNOWN);
    const model = this.#labels.model.of(outcome.model ?? UNKNOWN);
    if (costUsd !== undefined) instruments.savedCost.add(costUsd, this.#sets.savedCost.of(provider, model));
    if (usage === undefined) return;
    instruments.savedTokens.add(usage.inputTokens, this.#sets.savedTokens.of('input', provider, model));
    instruments.savedTokens.add(usage.outputTokens, this.#sets.savedTokens.of('output', provider, model));
  }

  #measureFill(event: FillEndedEvent, instruments: Instruments): void {
    const labels = this.#sets.fill.of(
      event.route,
      event.reason,
      this.#labels.provider.of(event.provider),
      this.#labels.model.of(event.model),
      this.#labels.errorType.of(event.errorType),
    );
    instruments.fillActive.add(-1, this.#sets.named.of());
    instruments.fillDuration.record(event.durationMs / MS_PER_SECOND, labels);
  }

  #measureSize(event: EntrySizeEvent, instruments: Instruments): void {
    instruments.entrySize.record(event.rawBytes, this.#sets.size.of('raw', event.coding));
    instruments.entrySize.record(event.storedBytes, this.#sets.size.of('stored', event.coding));
  }
}

/** One set of attribute objects for each combination of labels that some instrument has. */
function createSets(cacheName: string) {
  const fixed = { [ATTRIBUTES.name]: cacheName };
  const sets = (...names: readonly string[]): AttributeSets => new AttributeSets(fixed, names);
  const { result, tier, operation, hit, form, encoding, codecOperation, evictionReason } = ATTRIBUTES;
  const { fillReason, route, errorType, provider, model, tokenType } = ATTRIBUTES;
  return {
    named: sets(),
    request: sets(result, tier, route, errorType),
    operation: sets(tier, operation, hit, errorType),
    fill: sets(route, fillReason, provider, model, errorType),
    size: sets(form, encoding),
    codec: sets(codecOperation, encoding),
    age: sets(result),
    eviction: sets(tier, evictionReason),
    savedCost: sets(provider, model),
    savedTokens: sets(tokenType, provider, model),
    savedTime: sets(route),
  };
}
