/**
 * Own code, because the ready ones do not fit 60 slots of many series: hdr-histogram-js counts integers in arrays that span
 * the whole range from the start (and brings pako and a WASM loader), node's createHistogram keeps no exact sum.
 */

/** Values are told apart from 2^-14 (61 ns in milliseconds) to 2^24 (4.7 hours in milliseconds); beyond, they share a bucket. */
const LOWEST_EXPONENT = -14;
const OCTAVES = 38;
const BUCKETS_PER_OCTAVE = 32;

/**
 * Counts numbers in log-linear buckets: each power of two is cut into 32 equal parts, so that a quantile is within 1.6 % of the
 * exact one. Count, sum and maximum are exact. Memory grows with the octaves in use, 38 × 32 counters at the most.
 */
export class LogHistogram {
  count = 0;
  sum = 0;
  max = 0;
  readonly #octaves: (number[] | undefined)[] = [];

  /** Counts one value of at least 0; anything else (negative, NaN, infinite) is ignored. */
  record(value: number): void {
    if (!(value >= 0 && value < Infinity)) return;
    this.count += 1;
    this.sum += value;
    if (value > this.max) this.max = value;
    const octave = octaveOf(value);
    const buckets = (this.#octaves[octave] ??= emptyBuckets());
    const bucket = bucketOf(value, octave);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }

  add(other: LogHistogram): void {
    this.count += other.count;
    this.sum += other.sum;
    this.max = Math.max(this.max, other.max);
    for (let octave = 0; octave < other.#octaves.length; octave += 1) {
      const buckets = other.#octaves[octave];
      if (buckets !== undefined) addBuckets((this.#octaves[octave] ??= emptyBuckets()), buckets);
    }
  }

  mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The value that a share of `fraction` (0 … 1) of all values does not exceed (nearest rank); 0 where there is none. */
  quantile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(fraction * this.count));
    let passed = 0;
    for (let octave = 0; octave < this.#octaves.length; octave += 1) {
      const buckets = this.#octaves[octave];
      if (buckets === undefined) continue;
      for (let bucket = 0; bucket < BUCKETS_PER_OCTAVE; bucket += 1) {
        passed += buckets[bucket] ?? 0;
        if (passed >= rank) return Math.min(middleOf(octave, bucket), this.max);
      }
    }
    return this.max;
  }
}

function emptyBuckets(): number[] {
  return Array.from({ length: BUCKETS_PER_OCTAVE }, () => 0);
}

function addBuckets(into: number[], buckets: readonly number[]): void {
  for (let bucket = 0; bucket < BUCKETS_PER_OCTAVE; bucket += 1) {
    into[bucket] = (into[bucket] ?? 0) + (buckets[bucket] ?? 0);
  }
}

function octaveOf(value: number): number {
  const octave = Math.floor(Math.log2(value)) - LOWEST_EXPONENT;
  return octave < 0 ? 0 : octave < OCTAVES ? octave : OCTAVES - 1;
}

/** Clamped, because a logarithm next to a power of two may round to the octave beside the value's own. */
function bucketOf(value: number, octave: number): number {
  const bucket = Math.floor((value / lowerBoundOf(octave) - 1) * BUCKETS_PER_OCTAVE);
  return bucket < 0 ? 0 : bucket < BUCKETS_PER_OCTAVE ? bucket : BUCKETS_PER_OCTAVE - 1;
}

function middleOf(octave: number, bucket: number): number {
  return lowerBoundOf(octave) * (1 + (bucket + 0.5) / BUCKETS_PER_OCTAVE);
}

function lowerBoundOf(octave: number): number {
  return 2 ** (octave + LOWEST_EXPONENT);
}
