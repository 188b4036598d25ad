import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Entry, TextTier } from '../entry/entry.ts';
import { freshnessOf } from '../entry/freshness.ts';
import type { Observe } from '../telemetry/events.ts';
import { TargetCounts } from './target-counts.ts';
import type { CacheKey, Tier } from './tier.ts';

export interface MemoryTierOptions {
  /** Bodies, headers and what surrounds them, bytes. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** A larger body is not kept, bytes. */
  readonly maxEntryBytes: number;
  /** Size classes of request texts whose answers are kept. */
  readonly textTiers: readonly TextTier[];
  readonly clock: Clock;
  readonly observe: Observe;
}

export interface MemoryTierStats {
  readonly entries: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Keeps the entries used last in this process, all synchronously. Runs no timer: what expires goes when it is asked for or pushed out. */
export class MemoryTier implements Tier {
  readonly name = 'memory';
  readonly #options: MemoryTierOptions;
  readonly #entries: LRUCache<string, Entry>;
  readonly #targets = new TargetCounts();

  constructor(options: MemoryTierOptions) {
    this.#options = options;
    this.#entries = new LRUCache<string, Entry>({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: sizeOf,
      dispose: (entry, _digest, reason) => {
        this.#targets.remove(entry.labels.target);
        if (reason === 'evict') options.observe({ type: 'eviction', tier: 'memory', reason: 'capacity' });
      },
    });
  }

  get(key: CacheKey): Entry | undefined {
    const entry = this.#entries.get(key.digest);
    if (entry === undefined || freshnessOf(entry, this.#options.clock.now()) !== 'expired') return entry;
    this.#entries.delete(key.digest);
    this.#options.observe({ type: 'eviction', tier: 'memory', reason: 'expired' });
    return undefined;
  }

  /** False for an entry that is too large, expired, another key's or of a size class that is not kept; the key then has no entry here. */
  set(key: CacheKey, entry: Entry): boolean {
    if (!this.#keeps(key, entry)) {
      // What was here is older than the answer that was just refused.
      this.#entries.delete(key.digest);
      return false;
    }
    // An entry that is larger than the whole tier is refused here, and takes the older one with it.
    this.#targets.add(entry.labels.target);
    this.#entries.set(key.digest, this.#fitting(detached(entry)));
    const isKept = this.#entries.has(key.digest);
    if (!isKept) this.#targets.remove(entry.labels.target);
    return isKept;
  }

  /** Keeps another form of the entry that `get` gave in its place, where that one is still here; `identity` where there is room. */
  replace(key: CacheKey, entry: Entry, by: Entry): void {
    // A newer answer may have come meanwhile.
    if (this.#entries.peek(key.digest) === entry) this.set(key, by);
  }

  delete(key: CacheKey): boolean {
    return this.#entries.delete(key.digest);
  }

  /** Removes the entries that are such. Returns how many of them had not expired. */
  removeWhere(isSuch: (entry: Entry) => boolean): number {
    const { clock, observe } = this.#options;
    const now = clock.now();
    let removed = 0;
    // Listed first, since what is deleted while it is walked shortens the list.
    const such = Array.from(this.#entries.values()).filter((entry) => isSuch(entry));
    for (const entry of such) {
      this.#entries.delete(entry.digest);
      observe({ type: 'eviction', tier: 'memory', reason: 'invalidated' });
      if (freshnessOf(entry, now) !== 'expired') removed += 1;
    }
    return removed;
  }

  /** How many entries are such. */
  countWhere(isSuch: (entry: Entry) => boolean): number {
    let count = 0;
    for (const entry of this.#entries.values()) if (isSuch(entry)) count += 1;
    return count;
  }

  /** Is there an entry of one of these targets? */
  hasAny(targets: readonly string[]): boolean {
    return this.#targets.hasAny(targets);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** `entries` and `bytes` count expired ones that nobody has asked for since. */
  stats(): MemoryTierStats {
    const { maxBytes, maxEntries } = this.#options;
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize, maxBytes, maxEntries };
  }

  /** Without its body in identity coding where that is larger than an entry may be, or all of it than the tier. */
  #fitting(entry: Entry): Entry {
    const { maxBytes, maxEntryBytes } = this.#options;
    const { identity, ...rest } = entry;
    if (identity === undefined) return entry;
    return identity.length <= maxEntryBytes && sizeOf(entry) <= maxBytes ? entry : rest;
  }

  #keeps(key: CacheKey, entry: Entry): boolean {
    const { textTiers, maxEntryBytes, clock } = this.#options;
    return (
      entry.digest === key.digest &&
      textTiers.includes(entry.textTier) &&
      entry.body.length <= maxEntryBytes &&
      freshnessOf(entry, clock.now()) !== 'expired'
    );
  }
}

function detached(entry: Entry): Entry {
  const body = detachedBytes(entry.body);
  const identity = entry.identity && detachedBytes(entry.identity);
  if (body === entry.body && identity === entry.identity) return entry;
  return { ...entry, body, ...(identity && { identity }) };
}

/** A body that is part of a larger buffer (a pool of Node's, what ioredis read from its socket) would keep all of it alive. */
function detachedBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** Measured on Node 24: an entry with its objects, its Buffer, its digest and its place in the LRU; a header field; a label. */
const ENTRY_BYTES = 800;
const FIELD_BYTES = 120;
const LABEL_BYTES = 40;
/** The two numbers of each piece of a stream. */
const CHUNK_BYTES = 16;

/** What an entry takes in memory, bytes. */
function sizeOf(entry: Entry): number {
  let bytes = ENTRY_BYTES + entry.body.length + (entry.identity?.length ?? 0);
  bytes += CHUNK_BYTES * (entry.chunks?.lengths.length ?? 0);
  for (const [name, value] of entry.headers) bytes += FIELD_BYTES + name.length + value.length;
  for (const label of Object.values(entry.labels).flat()) bytes += LABEL_BYTES + String(label).length;
  return bytes;
}
