/**
 * Statistics of round-trip times, in memory that does not grow with their number.
 * @module
 */

/** Significant digits of percentiles. */
const DIGITS = 3;

/** A value, and how often it occurred. */
export type Frequency = readonly [value: number, count: number];

/**
 * A set of times in whole nanoseconds, 0 or more. Percentiles are rounded up to three significant digits; all else is
 * exact. Without any value, all but the count are `NaN`.
 */
export class TimeStatistics {
  /** Values so far. */
  count = 0;
  /** The least. */
  minimum = NaN;
  /** The greatest. */
  maximum = NaN;
  /** The sum of all. */
  sum = 0;
  #squares = 0;
  #differences = 0;
  #differenceSum = 0;
  /** How often each value occurred, rounded up to three significant digits. */
  readonly rounded = new Map<number, number>();

  /** Adds a value. */
  add(value: number): void {
    this.count++;
    this.minimum = this.count === 1 ? value : Math.min(this.minimum, value);
    this.maximum = this.count === 1 ? value : Math.max(this.maximum, value);
    // The squared deviations by the method of Youngs and Cramer, which loses no digits. https://doi.org/10.1080/00401706.1971.10488826
    this.sum += value;
    if (this.count > 1) this.#squares += (value * this.count - this.sum) ** 2 / (this.count * (this.count - 1));
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) + 1 - DIGITS);
    const rounded = Math.ceil(value / unit) * unit;
    this.rounded.set(rounded, (this.rounded.get(rounded) ?? 0) + 1);
  }

  /** Adds the times of two consecutive requests to the {@link jitter}. */
  addConsecutive(earlier: number, later: number): void {
    this.#differences++;
    this.#differenceSum += Math.abs(later - earlier);
  }

  /** The arithmetic mean. */
  get mean(): number {
    return this.sum / this.count;
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
    return this.#differenceSum / this.#differences;
  }

  /**
   * The percentile `rank`, over 0 to 100, by nearest rank: the least value that at least this percentage of all values
   * does not exceed.
   */
  percentile(rank: number): number {
    let missing = Math.max(1, Math.ceil(this.count * rank / 100));
    for (const [value, count] of this.frequencies()) {
      missing -= count;
      if (missing <= 0) return Math.min(value, this.maximum);
    }
    return NaN;
  }

  /** The values of {@link rounded}, in ascending order. */
  frequencies(): Frequency[] {
    return [...this.rounded].sort(([a], [b]) => a - b);
  }
}
