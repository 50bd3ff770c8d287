/** The measurements, and statistics of them. */

/**
 * A measured quantity. `rate`: echoes per second. `cpu`: processor time of the server in µs per datagram. `lost`,
 * `duplicate`, `corrupt`: datagrams that never came back, came back twice, or came back altered. `p999`: 99.9th
 * percentile of the round-trip time in µs. `lateSends`: datagrams that the client sent more than 20 µs late. `seconds`:
 * time to the first echo. `first`, `last`, `growth`: resident memory after the first and the last load, and the
 * difference, in MB. `scaledRate`, `scaledCpu`: rate and processor time per datagram of two workers, over those of one
 * server. `privateMemory`: memory of a further worker, in MB.
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
  | "growth"
  | "scaledRate"
  | "scaledCpu"
  | "privateMemory";

/** One measurement of one program. */
export type Sample = Partial<Record<Metric, number>>;

/** A histogram of durations: the count for each number of nanoseconds. */
export type Histogram = Map<number, number>;

/** Returns the quantile `share`, 0 to 1, with linear interpolation; NaN without values. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)] ?? NaN;
  const high = sorted[Math.ceil(position)] ?? NaN;
  return low + (high - low) * (position % 1);
}

/** Returns the median; NaN without values. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Returns the duration in nanoseconds that the share, 0 to 1, of all durations does not exceed. */
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

/** All samples of a run, by figure, program, and turn. */
export class Results {
  readonly #samples: Map<string, Map<string, Sample[]>> = new Map();
  /** Round-trip times of all rounds, by program. */
  readonly histograms: Map<string, Histogram> = new Map();
  /** Programs that replied from a wrong address, with that address. */
  readonly wrongSource: Map<string, string> = new Map();
  /** Problems, one line each. */
  readonly remarks: Set<string> = new Set();

  /** Records the sample of a turn. Turns count from 0 over all rounds. */
  add(figure: string, program: string, turn: number, sample: Sample): void {
    const programs = this.#samples.get(figure) ?? new Map<string, Sample[]>();
    const samples = programs.get(program) ?? [];
    samples[turn] = sample;
    this.#samples.set(figure, programs.set(program, samples));
  }

  /** Returns one metric of one program, for each turn that has it. */
  values(figure: string, program: string, metric: Metric): number[] {
    const samples = this.#samples.get(figure)?.get(program) ?? [];
    return samples.map((sample) => sample[metric] ?? NaN).filter(Number.isFinite);
  }

  /** Returns the programs with samples in a figure, in the order of their first samples. */
  programs(figure: string): string[] {
    return [...this.#samples.get(figure)?.keys() ?? []];
  }

  /**
   * Returns the ratio of the metric of `program` to that of `baseline`, turn by turn. Disturbances of the machine that
   * last longer than a turn affect both, and cancel out.
   */
  ratios(figure: string, program: string, baseline: string, metric: Metric): number[] {
    const ours = this.#samples.get(figure)?.get(program) ?? [];
    const theirs = this.#samples.get(figure)?.get(baseline) ?? [];
    return ours.map((sample, turn) => (sample[metric] ?? NaN) / (theirs[turn]?.[metric] ?? NaN)).filter(
      Number.isFinite,
    );
  }
}
