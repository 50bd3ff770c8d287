/**
 * Statistics of round-trip times, in memory that does not grow with their number.
 * @module
 */

/** Buckets for the values between one power of two and the next; smaller values have a bucket each. */
const BUCKETS_PER_OCTAVE = 2 ** 13;

/** Values from `from` to below `to` that occurred `count` times. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * A set of times in whole nanoseconds, 0 or more. Percentiles deviate by at most 1/16,384 (0.006 %); all else is exact.
 * Without any value, all but the count are `NaN`.
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
  // Values by the start of their bucket.
  readonly #buckets = new Map<number, number>();

  /** Adds a value. */
  add(value: number): void {
    this.count++;
    this.minimum = this.count === 1 ? value : Math.min(this.minimum, value);
    this.maximum = this.count === 1 ? value : Math.max(this.maximum, value);
    // Welford's method, which loses no digits. https://doi.org/10.2307/1266577
    const deviation = value - this.#mean;
    this.#mean += deviation / this.count;
    this.#squares += deviation * (value - this.#mean);
    const from = value - value % bucketSize(value);
    this.#buckets.set(from, (this.#buckets.get(from) ?? 0) + 1);
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
   * were. irtt calls it round-trip IPDV; it is RFC 3393's delay variation with consecutive packets selected.
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
      .map(([from, count]) => ({ from, to: from + bucketSize(from), count }));
  }
}

/** Nanoseconds that the bucket of a value spans. */
function bucketSize(value: number): number {
  const ratio = value / BUCKETS_PER_OCTAVE;
  return ratio < 2 ? 1 : 2 ** Math.floor(Math.log2(ratio));
}
