/** What was measured, and the arithmetic on it. */

/**
 * What is measured. `rate`: echoes a second. `cpu`: µs of the server's processor time per datagram. `lost`, `duplicate`,
 * `corrupt`: datagrams that never came back, came back twice, came back altered. `p999`: 99.9th percentile of the
 * round-trip time in µs. `lateSends`: datagrams that the client sent more than 20 µs late. `seconds`: time to the first
 * echo. `first`, `last`, `growth`: resident memory after the first and the last load, and their difference, in MB.
 */
export type Metric =
  | "rate"
  | "cpu"
  | "lost"
  | "duplicate"
  | "corrupt"
  | "p999"
  | "lateSends"
  | "seconds"
  | "first"
  | "last"
  | "growth";

/** One measurement of one program. */
export type Sample = Partial<Record<Metric, number>>;

/** A histogram of durations: how many, by nanoseconds. */
export type Histogram = Map<number, number>;

/** The value that `share` (0 to 1) of all do not exceed, between two of them where it falls there; NaN without values. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? NaN;
  const high = sorted[Math.ceil(place)] ?? NaN;
  return low + (high - low) * (place % 1);
}

/** The value in the middle; NaN without values. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The duration in nanoseconds that `share` (0 to 1) of all do not exceed. */
export function percentile(histogram: Histogram, share: number): number {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [nanoseconds, count] of buckets) {
    seen += count;
    if (seen >= share * total) return nanoseconds;
  }
  return NaN;
}

/** All samples of a run, by figure, program and turn. */
export class Results {
  readonly #samples: Map<string, Map<string, Sample[]>> = new Map();
  /** Round-trip times of all rounds together, by program. */
  readonly histograms: Map<string, Histogram> = new Map();
  /** Programs that answered from another address than the one asked, with that address. */
  readonly wrongSource: Map<string, string> = new Map();
  /** What went wrong on the way, a line each. */
  readonly remarks: Set<string> = new Set();

  /** Notes the sample of a turn; turns count from 0, over all rounds. */
  add(figure: string, program: string, turn: number, sample: Sample): void {
    const programs = this.#samples.get(figure) ?? new Map<string, Sample[]>();
    const samples = programs.get(program) ?? [];
    samples[turn] = sample;
    this.#samples.set(figure, programs.set(program, samples));
  }

  /** One metric of one program, in all turns that have it. */
  values(figure: string, program: string, metric: Metric): number[] {
    const samples = this.#samples.get(figure)?.get(program) ?? [];
    return samples.map((sample) => sample[metric] ?? NaN).filter(Number.isFinite);
  }

  /** The programs that have samples in a figure, in the order in which they first came. */
  programs(figure: string): string[] {
    return [...this.#samples.get(figure)?.keys() ?? []];
  }

  /**
   * The metric of `program` over that of `baseline`, turn by turn: what disturbs the machine for longer than a turn of
   * all programs disturbs both alike, and cancels out.
   */
  ratios(figure: string, program: string, baseline: string, metric: Metric): number[] {
    const ours = this.#samples.get(figure)?.get(program) ?? [];
    const theirs = this.#samples.get(figure)?.get(baseline) ?? [];
    return ours.map((sample, turn) => (sample[metric] ?? NaN) / (theirs[turn]?.[metric] ?? NaN)).filter(
      Number.isFinite,
    );
  }
}
