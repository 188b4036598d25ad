import type {
  BatchObservableCallback,
  Counter,
  Histogram,
  Meter,
  MetricOptions,
  ObservableUpDownCounter,
  UpDownCounter,
} from '@opentelemetry/api';
import { AttributeSets } from './attribute-sets.ts';
import { CIRCUITS, type Gauges } from './gauges.ts';
import { ATTRIBUTES, INSTRUMENTS, type InstrumentShape } from './names.ts';

/** The instruments of one meter. */
export interface Instruments {
  readonly requestDuration: Histogram;
  readonly operationDuration: Histogram;
  readonly keyDuration: Histogram;
  readonly fillDuration: Histogram;
  readonly entrySize: Histogram;
  readonly codecDuration: Histogram;
  readonly entryAge: Histogram;
  readonly evictions: Counter;
  readonly fillActive: UpDownCounter;
  readonly savedCost: Counter;
  readonly savedTokens: Counter;
  readonly savedTime: Counter;
}

export function createInstruments(meter: Meter): Instruments {
  const histogram = (shape: InstrumentShape): Histogram => meter.createHistogram(shape.name, optionsOf(shape));
  const counter = (shape: InstrumentShape): Counter => meter.createCounter(shape.name, optionsOf(shape));
  return Object.freeze({
    requestDuration: histogram(INSTRUMENTS.requestDuration),
    operationDuration: histogram(INSTRUMENTS.operationDuration),
    keyDuration: histogram(INSTRUMENTS.keyDuration),
    fillDuration: histogram(INSTRUMENTS.fillDuration),
    entrySize: histogram(INSTRUMENTS.entrySize),
    codecDuration: histogram(INSTRUMENTS.codecDuration),
    entryAge: histogram(INSTRUMENTS.entryAge),
    evictions: counter(INSTRUMENTS.evictions),
    fillActive: meter.createUpDownCounter(INSTRUMENTS.fillActive.name, optionsOf(INSTRUMENTS.fillActive)),
    savedCost: counter(INSTRUMENTS.savedCost),
    savedTokens: counter(INSTRUMENTS.savedTokens),
    savedTime: counter(INSTRUMENTS.savedTime),
  });
}

/** Lets the meter ask what the tiers hold, whenever it collects. Returns how to stop that. */
export function observeGauges(meter: Meter, cacheName: string, gauges: Gauges): () => void {
  const sets = new AttributeSets({ [ATTRIBUTES.name]: cacheName }, [ATTRIBUTES.tier]);
  const observable = (shape: InstrumentShape): ObservableUpDownCounter =>
    meter.createObservableUpDownCounter(shape.name, optionsOf(shape));
  const entryCount = observable(INSTRUMENTS.entryCount);
  const memoryUsage = observable(INSTRUMENTS.memoryUsage);
  const memoryLimit = observable(INSTRUMENTS.memoryLimit);
  const circuitState = observable(INSTRUMENTS.circuitState);
  const circuits = new AttributeSets({ [ATTRIBUTES.name]: cacheName }, [ATTRIBUTES.tier, ATTRIBUTES.circuitState]);
  const observables = [entryCount, memoryUsage, memoryLimit, circuitState];
  const read: BatchObservableCallback = (result) => {
    for (const { tier, entries, usedBytes, limitBytes, circuit } of gauges()) {
      const labels = sets.of(tier);
      if (entries !== undefined) result.observe(entryCount, entries, labels);
      if (usedBytes !== undefined) result.observe(memoryUsage, usedBytes, labels);
      if (limitBytes !== undefined) result.observe(memoryLimit, limitBytes, labels);
      // All states at each time, as state metrics do, so that none goes missing between two collections.
      if (circuit === undefined) continue;
      for (const state of CIRCUITS) result.observe(circuitState, state === circuit ? 1 : 0, circuits.of(tier, state));
    }
  };
  meter.addBatchObservableCallback(read, observables);
  return () => meter.removeBatchObservableCallback(read, observables);
}

function optionsOf({ unit, description, buckets }: InstrumentShape): MetricOptions {
  const advice = buckets === undefined ? undefined : { explicitBucketBoundaries: [...buckets] };
  return advice === undefined ? { unit, description } : { unit, description, advice };
}
