import type { Entry, LogPosition } from '../entry/entry.ts';
import { itemText, type LogItem } from './invalidation-item.ts';
import {
  covers,
  SELECTOR_FIELDS,
  traitsOf,
  type SelectorField,
  type Subject,
  type Traits,
} from './invalidation-selector.ts';

/** What of an entry is judged. */
export type Judged = Subject &
  Pick<Entry, 'position' | 'staleAt' | 'expiresAt'> &
  Partial<Pick<Entry, 'revalidateUntil' | 'errorUntil' | 'checkUntil' | 'variants'>>;

type Items = ReadonlySet<LogItem>;

const NO_ITEMS: Items = new Set();

/**
 * One life of the invalidation log as this process knows it: pure bookkeeping, the same with Redis and without.
 *
 * An entry is judged by the items behind its own position. What is in front of `floor` has been forgotten: an entry from before
 * it is of no use any more. Only the last of equal invalidations counts, so what is forgotten is the oldest of thousands of
 * different ones.
 */
export class InvalidationLog {
  readonly epoch: string;
  #sequence: number;
  #floor: number;
  readonly #items = new Map<string, LogItem>();
  /** Each item under the values of its most selective field. */
  readonly #byField = new Map<SelectorField, Map<string, Set<LogItem>>>();
  /** Those without fields. */
  readonly #ofAll = new Set<LogItem>();
  #lastTagged = 0;

  constructor(epoch: string, sequence = 0, floor = 0) {
    this.epoch = epoch;
    this.#sequence = sequence;
    this.#floor = floor;
  }

  /** Place of the last item. */
  get sequence(): number {
    return this.#sequence;
  }

  get floor(): number {
    return this.#floor;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Takes an item in; one that is known at this place or a later one changes nothing. */
  add(item: LogItem): void {
    const text = itemText(item);
    const known = this.#items.get(text);
    if (known !== undefined && known.sequence >= item.sequence) return;
    if (known !== undefined) this.#forget(text, known);
    this.#items.set(text, item);
    for (const set of this.#placesOf(item)) set.add(item);
    if (item.selector.tag !== undefined) this.#lastTagged = Math.max(this.#lastTagged, item.sequence);
    this.#sequence = Math.max(this.#sequence, item.sequence);
  }

  /** All items up to this place have been added, or are not for this release to read. */
  reach(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence);
  }

  /** Forgets what is in front of this place. */
  raiseFloor(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    this.reach(floor);
    for (const [text, item] of this.#items) if (item.sequence <= floor) this.#forget(text, item);
  }

  /** Forgets the oldest items beyond so many. */
  keep(maxItems: number): void {
    if (this.#items.size <= maxItems) return;
    const places = [...this.#items.values()].map(({ sequence }) => sequence).toSorted((a, b) => a - b);
    this.raiseFloor(places[places.length - maxItems - 1] as number);
  }

  /**
   * The entry as it may be used: as it is, stale since it was expired, or not at all. `before`: as it was before this place; `now`: what
   * was expired has been by then, though the clock of the process that did it may be ahead.
   */
  judge<E extends Judged>(entry: E, before = Infinity, now = Infinity): E | undefined {
    const { position } = entry;
    if (position === undefined || !this.#knows(position)) return undefined;
    if (position.sequence >= this.#sequence) return entry;
    let staleAt = entry.staleAt;
    const traits = traitsOf(entry);
    for (const items of this.#about(traits)) {
      for (const item of items) {
        const counts = item.sequence > position.sequence && item.sequence < before;
        if (!counts || !covers(item.selector, traits)) continue;
        if (item.action === 'invalidate') return undefined;
        staleAt = Math.min(staleAt, item.at, now);
      }
    }
    return staleAt === entry.staleAt ? entry : staleSince(entry, staleAt);
  }

  /**
   * The place of the last item that may concern an answer still in the making, whose tags are not known yet. Whoever asks after
   * that item must not share what was begun before it.
   */
  lastAbout(subject: Subject): number {
    let last = Math.max(this.#floor, this.#lastTagged);
    // Most logs are empty, and this is asked for each answer.
    if (this.#items.size === 0) return last;
    const traits = traitsOf(subject);
    for (const items of this.#about(traits)) {
      for (const item of items) if (item.sequence > last && covers(item.selector, traits)) last = item.sequence;
    }
    return last;
  }

  #knows({ epoch, sequence }: LogPosition): boolean {
    return epoch === this.epoch && sequence >= this.#floor;
  }

  *#about(traits: Traits): Generator<Items> {
    yield this.#ofAll;
    for (const [field, byValue] of this.#byField) {
      for (const value of traits[field]) yield byValue.get(value) ?? NO_ITEMS;
    }
  }

  #placesOf({ selector }: LogItem): Set<LogItem>[] {
    const field = SELECTOR_FIELDS.find((name) => selector[name] !== undefined);
    if (field === undefined) return [this.#ofAll];
    const byValue = this.#byField.get(field) ?? new Map<string, Set<LogItem>>();
    this.#byField.set(field, byValue);
    return (selector[field] ?? []).map((value) => {
      const place = byValue.get(value) ?? new Set();
      byValue.set(value, place);
      return place;
    });
  }

  #forget(text: string, item: LogItem): void {
    this.#items.delete(text);
    for (const place of this.#placesOf(item)) place.delete(item);
    const field = SELECTOR_FIELDS.find((name) => item.selector[name] !== undefined);
    if (field === undefined) return;
    const byValue = this.#byField.get(field);
    for (const value of item.selector[field] ?? []) if (byValue?.get(value)?.size === 0) byValue.delete(value);
  }
}

/** Its windows begin when it was expired. */
function staleSince<E extends Judged>(entry: E, staleAt: number): E {
  // The rule of a key with variants is no answer that could be too old: each of those is judged by itself.
  if (entry.variants !== undefined) return entry;
  const earlierMs = entry.staleAt - staleAt;
  const { expiresAt, revalidateUntil, errorUntil, checkUntil } = entry;
  return {
    ...entry,
    staleAt,
    expiresAt: expiresAt - earlierMs,
    ...(revalidateUntil === undefined ? {} : { revalidateUntil: revalidateUntil - earlierMs }),
    ...(errorUntil === undefined ? {} : { errorUntil: errorUntil - earlierMs }),
    ...(checkUntil === undefined ? {} : { checkUntil: checkUntil - earlierMs }),
  };
}
