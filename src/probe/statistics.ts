/**
 * Statistics of round-trip times, in memory that does not grow with their number.
 * @module
 */

/** Most different values that are all kept; of more, the values that are close to each other are counted together. */
const VALUES_MAX = 10_000;
/** Buckets to each power of two that values are then counted in, but for small ones, which are still kept. */
const BUCKETS_PER_OCTAVE = 2 ** 13;

/** Values from `from` to below `to` that occurred `count` times. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * A set of times in whole nanoseconds, 0 or more. All is exact, but percentiles of more than 10,000 different values: those
 * are at most 1/16,384 off. Without any value, all but the count are `NaN`.
 */
export class TimeStatistics {
  /** Values so far. */
  count = 0;
  /** The least. */
  minimum = NaN;
  /** The greatest. */
  maximum = NaN;
  #mean = 0;
  #squares = 0;
  #differences = 0;
  #differenceSum = 0;
  #bucketsPerOctave = Infinity;
  // How many values there are from each number on, up to the end of its bucket.
  #buckets = new Map<number, number>();

  /** Adds a value. */
  add(value: number): void {
    this.count++;
    this.minimum = this.count === 1 ? value : Math.min(this.minimum, value);
    this.maximum = this.count === 1 ? value : Math.max(this.maximum, value);
    // Welford's method, which loses no digits. https://doi.org/10.2307/1266577
    const deviation = value - this.#mean;
    this.#mean += deviation / this.count;
    this.#squares += deviation * (value - this.#mean);
    this.#countValue(value, 1);
    if (this.#buckets.size > VALUES_MAX && this.#bucketsPerOctave === Infinity) {
      const values = this.#buckets;
      this.#buckets = new Map();
      this.#bucketsPerOctave = BUCKETS_PER_OCTAVE;
      for (const [kept, count] of values) this.#countValue(kept, count);
    }
  }

  #countValue(value: number, count: number): void {
    const from = value - value % this.#bucketSize(value);
    this.#buckets.set(from, (this.#buckets.get(from) ?? 0) + count);
  }

  #bucketSize(value: number): number {
    const ratio = value / this.#bucketsPerOctave;
    return ratio < 2 ? 1 : 2 ** Math.floor(Math.log2(ratio));
  }

  /** Adds the times of two consecutive requests to the {@link jitter}. */
  addConsecutive(earlier: number, later: number): void {
    this.#differences++;
    this.#differenceSum += Math.abs(later - earlier);
  }

  /** The arithmetic mean. */
  get mean(): number {
    return this.count === 0 ? NaN : this.#mean;
  }

  /** The standard deviation of the sample: n - 1 degrees of freedom. `NaN` for fewer than two values. */
  get deviation(): number {
    return this.count < 2 ? NaN : Math.sqrt(this.#squares / (this.count - 1));
  }

  /**
   * The mean absolute difference between the times of consecutive requests that were both answered; `NaN` if no two
   * were. That is irtt's round-trip IPDV, and RFC 3393's delay variation with consecutive packets selected.
   */
  get jitter(): number {
    return this.#differences === 0 ? NaN : this.#differenceSum / this.#differences;
  }

  /**
   * The percentile `rank`, over 0 to 100, by nearest rank: the least value that at least this percentage of all values
   * does not exceed.
   */
  percentile(rank: number): number {
    const wanted = Math.max(1, Math.ceil(this.count * rank / 100));
    let seen = 0;
    for (const { from, to, count } of this.buckets()) {
      seen += count;
      if (seen >= wanted) return Math.min(Math.max((from + to - 1) / 2, this.minimum), this.maximum);
    }
    return NaN;
  }

  /** The buckets that hold values, in ascending order. */
  buckets(): Bucket[] {
    return [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([from, count]) => ({ from, to: from + this.#bucketSize(from), count }));
  }
}
