import type {
  CacheEvent,
  EntrySizeEvent,
  FillEndedEvent,
  FillStartedEvent,
  InvalidationEvent,
  KeyEvent,
  OperationEvent,
} from './events.ts';
import { LogHistogram } from './log-histogram.ts';
import type { Outcome } from './outcome.ts';
import { Savings } from './savings.ts';
import { Count, type Mergeable, Table } from './table.ts';

/** Durations of things that can fail, milliseconds. */
export class Attempts implements Mergeable<Attempts> {
  readonly times = new LogHistogram();
  errors = 0;
  hits = 0;

  add(other: Attempts): void {
    this.times.add(other.times);
    this.errors += other.errors;
    this.hits += other.hits;
  }
}

export class KeyTimes implements Mergeable<KeyTimes> {
  readonly times = new LogHistogram();
  textLength = 0;
  maxTextLength = 0;

  add(other: KeyTimes): void {
    this.times.add(other.times);
    this.textLength += other.textLength;
    this.maxTextLength = Math.max(this.maxTextLength, other.maxTextLength);
  }
}

export class BodySizes implements Mergeable<BodySizes> {
  count = 0;
  rawBytes = 0;
  storedBytes = 0;

  add(other: BodySizes): void {
    this.count += other.count;
    this.rawBytes += other.rawBytes;
    this.storedBytes += other.storedBytes;
  }
}

const times = (): LogHistogram => new LogHistogram();
const timesByLabel = (): Table<LogHistogram> => new Table(times);
const attempts = (): Attempts => new Attempts();
const attemptsByLabel = (): Table<Attempts> => new Table(attempts);
const count = (): Count => new Count();
const countByLabel = (): Table<Count> => new Table(count);

/** All that a stretch of time saw. Bounded: every label below is one of a fixed set, or capped by its table. */
export class Measurements implements Mergeable<Measurements> {
  readonly keys = new KeyTimes();
  readonly operations = new Table(attemptsByLabel);
  readonly codecs = new Table(timesByLabel);
  readonly bodies = new Table((): BodySizes => new BodySizes());
  readonly requests = new Table(times);
  readonly bypasses = new Table(count);
  readonly notStored = new Table(count);
  readonly evictions = new Table(countByLabel);
  readonly fills = new Attempts();
  readonly savings = new Savings();

  observe(event: Exclude<CacheEvent, FillStartedEvent | InvalidationEvent>): void {
    switch (event.type) {
      case 'request':
        return this.#request(event.outcome);
      case 'key':
        return this.#key(event);
      case 'operation':
        return this.#operation(event);
      case 'fill-ended':
        return this.#fill(event);
      case 'codec':
        return this.codecs.row(event.operation).row(event.coding).record(event.durationMs);
      case 'entry-size':
        return this.#body(event);
      case 'eviction':
        this.evictions.row(event.tier).row(event.reason).value += 1;
    }
  }

  add(other: Measurements): void {
    this.keys.add(other.keys);
    this.operations.add(other.operations);
    this.codecs.add(other.codecs);
    this.bodies.add(other.bodies);
    this.requests.add(other.requests);
    this.bypasses.add(other.bypasses);
    this.notStored.add(other.notStored);
    this.evictions.add(other.evictions);
    this.fills.add(other.fills);
    this.savings.add(other.savings);
  }

  #request(outcome: Outcome): void {
    this.requests.row(outcome.result).record(outcome.durationMs);
    if (outcome.bypass !== undefined) this.bypasses.row(outcome.bypass).value += 1;
    if (outcome.notStored !== undefined) this.notStored.row(outcome.notStored).value += 1;
    this.savings.observe(outcome);
  }

  #key(event: KeyEvent): void {
    this.keys.times.record(event.durationMs);
    this.keys.textLength += event.textLength;
    if (event.textLength > this.keys.maxTextLength) this.keys.maxTextLength = event.textLength;
  }

  #operation(event: OperationEvent): void {
    const row = this.operations.row(event.tier).row(event.operation);
    row.times.record(event.durationMs);
    if (event.hit === true) row.hits += 1;
    if (event.errorType !== undefined) row.errors += 1;
  }

  #fill(event: FillEndedEvent): void {
    this.fills.times.record(event.durationMs);
    if (event.errorType !== undefined) this.fills.errors += 1;
  }

  #body(event: EntrySizeEvent): void {
    const row = this.bodies.row(event.coding);
    row.count += 1;
    row.rawBytes += event.rawBytes;
    row.storedBytes += event.storedBytes;
  }
}
