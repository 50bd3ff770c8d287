/**
 * Metrics of the probe.
 * @module
 */

import { histogramSamples, type Labels, type Metric, type Sample, stateSamples } from "../cli/metrics.ts";
import { jsonWord } from "./json_report.ts";
import type { TimeStatistics } from "./statistics.ts";
import type { ProbeTarget } from "./target.ts";
import { type Account, OUTCOMES } from "./tally.ts";
import { verdict, VERDICTS } from "./verdict.ts";

/**
 * Upper bounds of the buckets of round-trip times, in seconds: of up to three significant digits, so that times that are
 * rounded up to these stay in their bucket.
 */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of targets as they are now. */
export function probeMetrics(targets: readonly ProbeTarget[]): Metric[] {
  const metric = (
    name: string,
    type: Metric["type"],
    help: string,
    samplesOf: (target: ProbeTarget, labels: Labels) => Iterable<Sample>,
  ): Metric => ({ name: `echo_probe_${name}`, type, help, samples: each(targets, samplesOf) });
  const ofPaths =
    (samplesOf: (account: Account, labels: Labels) => Sample[]) =>
    ({ sockets, ledger: { paths } }: ProbeTarget, labels: Labels) =>
      paths.flatMap((account, i) => samplesOf(account, { ...labels, source_port: sockets[i]!.udp.port }));
  const requestsHelp = "Requests by what became of them within the time-out.";
  const metrics = [
    metric("requests", "counter", requestsHelp, ({ ledger }, labels) => outcomeSamples(ledger.total, labels)),
    metric("round_trip_seconds", "histogram", "Round-trip times.", ({ ledger: { total: { times } } }, labels) => {
      return histogramSamples(labels, BOUNDS, bucketsOf(times), times.sum / 1_000_000_000);
    }),
    metric("verdict", "stateset", "Verdict on the last requests.", ({ ledger }, labels) => {
      const word = ledger.recent.settled === 0 ? "" : jsonWord(verdict(ledger));
      return stateSamples("echo_probe_verdict", labels, VERDICTS.map(jsonWord), word);
    }),
    metric("good_answer_age_seconds", "gauge", "Time since the last good answer.", ({ ledger: { goodAt } }, labels) => {
      return goodAt === undefined ? [] : [{ labels, value: (performance.now() - goodAt) / 1000 }];
    }),
  ];
  if (targets.every(({ ledger }) => ledger.paths.length === 0)) return metrics;
  const sumOf = ({ times }: Account, labels: Labels) => [{ labels, value: times.sum / 1_000_000_000 }];
  return [
    ...metrics,
    metric("path_requests", "counter", "Requests by source port.", ofPaths(outcomeSamples)),
    metric("path_round_trip_seconds", "counter", "Sum of round-trip times by source port.", ofPaths(sumOf)),
  ];
}

/** Times by bucket; at the end those above the last bound. */
function bucketsOf({ rounded }: TimeStatistics): Uint32Array {
  const buckets = new Uint32Array(BOUNDS.length + 1);
  for (const [nanoseconds, count] of rounded) {
    const bucket = BOUNDS.findIndex((bound) => nanoseconds / 1_000_000_000 <= bound);
    buckets[bucket < 0 ? BOUNDS.length : bucket]! += count;
  }
  return buckets;
}

/** The samples of all targets, one target after the other, as they are asked for. */
function* each(
  targets: readonly ProbeTarget[],
  samplesOf: (target: ProbeTarget, labels: Labels) => Iterable<Sample>,
): Generator<Sample> {
  for (const target of targets) {
    const { endpoint, peer: { name, labels } } = target;
    yield* samplesOf(target, { target: endpoint, ...name === undefined ? {} : { name }, ...labels });
  }
}

/** The requests of an account by outcome. */
function outcomeSamples({ first }: Account, labels: Labels): Sample[] {
  return OUTCOMES.slice(1).map((outcome) => ({
    labels: { ...labels, outcome: jsonWord(outcome) },
    value: first.counts[outcome],
  }));
}
