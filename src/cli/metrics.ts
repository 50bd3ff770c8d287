/**
 * Metrics as text, for Prometheus and other collectors.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @module
 */

/** Labels of a sample. Their values must be bounded in number: never an address that a peer chooses. */
export type Labels = Readonly<Record<string, string | number>>;

/** One value of a metric. */
export interface Sample {
  readonly labels?: Labels;
  /** A finite number. */
  readonly value: number;
  /** Overrides the suffix that the type gives to the name, in a histogram: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** A metric with its samples. */
export interface Metric {
  /** Name with its base unit, without the suffix of its type: `echo_received_datagrams`. */
  readonly name: string;
  /** Its type in OpenMetrics. */
  readonly type: "counter" | "gauge" | "histogram" | "info" | "stateset";
  /** What it counts or measures: one line without backslashes and quotation marks. */
  readonly help: string;
  readonly samples: Iterable<Sample>;
}

/** A metric, with its samples or the value of the only one. */
export function metric(
  name: string,
  type: Metric["type"],
  help: string,
  samples: Iterable<Sample> | number,
): Metric {
  return { name, type, help, samples: typeof samples === "number" ? [{ value: samples }] : samples };
}

/** What the types append to the names of samples. */
const SUFFIXES: Readonly<Record<string, string>> = { counter: "_total", info: "_info" };

/** The media types of the two formats. */
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/** As {@link OPENMETRICS_TYPE}, for the text format of Prometheus. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Characters of a piece of the text, about. */
const PIECE_LENGTH = 65_536;

/** Metrics in the text format of OpenMetrics, or of Prometheus. */
export function exposition(metrics: Iterable<Metric>, openMetrics: boolean): string {
  return [...expositionPieces(metrics, openMetrics)].join("");
}

/** As {@link exposition}, piece by piece, for there may be many samples. */
export function* expositionPieces(metrics: Iterable<Metric>, openMetrics: boolean): Generator<string> {
  let text = "";
  for (const { name, type, help, samples } of metrics) {
    const suffix = SUFFIXES[type] ?? "";
    const family = openMetrics ? name : name + suffix;
    // The older format has neither of these types.
    const shownType = !openMetrics && (type === "info" || type === "stateset") ? "gauge" : type;
    text += `# HELP ${family} ${help}\n# TYPE ${family} ${shownType}\n`;
    for (const { labels = {}, value, suffix: own = suffix } of samples) {
      text += `${name}${own}${labelsText(labels)} ${value}\n`;
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = "";
    }
  }
  yield openMetrics ? `${text}# EOF\n` : text;
}

/**
 * The samples of a histogram.
 * @param bounds upper bounds of the buckets in ascending order, without infinity
 * @param counts observations by bucket, and at the end those above the last bound
 * @param sum sum of all observations
 */
export function* histogramSamples(
  labels: Labels,
  bounds: readonly number[],
  counts: ArrayLike<number>,
  sum: number,
): Generator<Sample> {
  let count = 0;
  for (let i = 0; i <= bounds.length; i++) {
    count += counts[i]!;
    const bound = bounds[i] ?? "+Inf";
    // OpenMetrics wants a fraction.
    const le = Number.isInteger(bound) ? `${bound}.0` : bound;
    yield { suffix: "_bucket", labels: { ...labels, le }, value: count };
  }
  yield { suffix: "_sum", labels, value: sum };
  yield { suffix: "_count", labels, value: count };
}

/** The samples of a state set, whose states exclude each other. */
export function stateSamples(name: string, labels: Labels, states: readonly string[], current: string): Sample[] {
  return states.map((state) => ({ labels: { ...labels, [name]: state }, value: state === current ? 1 : 0 }));
}

function labelsText(labels: Labels): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(`${value}`)}"`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}
