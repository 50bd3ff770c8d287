/**
 * Metrics of the probe.
 * @module
 */

import { histogramSamples, type Labels, type Metric, metric, type Sample, stateSamples } from "../cli/metrics.ts";
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

/** The metrics of targets as they are now. Their samples are made as they are asked for, for there may be many. */
export function probeMetrics(targets: readonly ProbeTarget[]): Metric[] {
  const ofEach = (samplesOf: (target: ProbeTarget, labels: Labels) => Iterable<Sample>) =>
    targets.values().flatMap((target) => samplesOf(target, labelsOf(target)));
  const ofPaths = (samplesOf: (account: Account, labels: Labels) => Sample[]) =>
    ofEach(({ sockets, ledger }, labels) => {
      const pathLabels = sockets.map(({ udp }) => ({ ...labels, source_port: udp.port }));
      return ledger.paths.flatMap((account, i) => samplesOf(account, pathLabels[i]!));
    });
  const requests = ofEach(({ ledger }, labels) => outcomeSamples(ledger.total, labels));
  const roundTrips = ofEach(({ ledger }, labels) => timeSamples(ledger.total.times, labels));
  const verdicts = ofEach(({ ledger }, labels) => {
    const word = ledger.recent.settled === 0 ? "" : jsonWord(verdict(ledger));
    return stateSamples("echo_probe_verdict", labels, VERDICTS.map(jsonWord), word);
  });
  const ages = ofEach(({ ledger: { goodAt } }, labels) =>
    goodAt === undefined ? [] : [{ labels, value: (performance.now() - goodAt) / 1000 }]
  );
  const metrics = [
    metric("echo_probe_requests", "counter", "Requests by what became of them within the time-out.", requests),
    metric("echo_probe_round_trip_seconds", "histogram", "Round-trip times.", roundTrips),
    metric("echo_probe_verdict", "stateset", "Verdict on the last requests.", verdicts),
    metric("echo_probe_good_answer_age_seconds", "gauge", "Time since the last good answer.", ages),
  ];
  if (targets.every(({ ledger }) => ledger.paths.length === 0)) return metrics;
  const pathRequests = ofPaths(outcomeSamples);
  const pathSums = ofPaths(({ times }, labels) => [{ labels, value: times.sum / 1_000_000_000 }]);
  return [
    ...metrics,
    metric("echo_probe_path_requests", "counter", "Requests by source port.", pathRequests),
    metric("echo_probe_path_round_trip_seconds", "counter", "Sum of round-trip times by source port.", pathSums),
  ];
}

/** The histogram of round-trip times. */
function timeSamples({ rounded, sum }: TimeStatistics, labels: Labels): Iterable<Sample> {
  // The last bucket is for those above the last bound.
  const buckets = new Uint32Array(BOUNDS.length + 1);
  for (const [nanoseconds, count] of rounded) {
    const bucket = BOUNDS.filter((bound) => nanoseconds / 1_000_000_000 > bound).length;
    buckets[bucket]! += count;
  }
  return histogramSamples(labels, BOUNDS, buckets, sum / 1_000_000_000);
}

/** The labels of all metrics of a target. */
function labelsOf({ endpoint, peer: { name, labels } }: ProbeTarget): Labels {
  return { target: endpoint, ...name === undefined ? {} : { name }, ...labels };
}

/** The requests of an account by outcome. */
function outcomeSamples({ first }: Account, labels: Labels): Sample[] {
  return OUTCOMES.slice(1).map((outcome) => ({
    labels: { ...labels, outcome: jsonWord(outcome) },
    value: first.counts[outcome],
  }));
}
