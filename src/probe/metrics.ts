/**
 * Metrics of the probe.
 * @module
 */

import { histogramSamples, type Labels, type Metric, type Sample, stateSamples } from "../cli/metrics.ts";
import { jsonWord } from "./json_report.ts";
import type { ProbeTarget, Reply } from "./target.ts";
import { type Account, OUTCOMES } from "./tally.ts";
import { verdict, VERDICTS } from "./verdict.ts";

/** Upper bounds of the buckets of round-trip times, in seconds. */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Measurements of a target beside its ledger. */
interface Observed {
  /** Round-trip times by bucket; at the end those above the last bound. */
  readonly counts: Uint32Array;
  sum: number;
  /** When the last good answer came, by `performance.now`; `undefined` before the first. */
  goodAt: number | undefined;
}

const nothingObserved = (): Observed => ({ counts: new Uint32Array(BOUNDS.length + 1), sum: 0, goodAt: undefined });
const NOTHING_OBSERVED = nothingObserved();

/** The metrics of targets. */
export class ProbeMetrics {
  readonly #observed = new WeakMap<ProbeTarget, Observed>();

  /** Counts a reply. */
  replied(target: ProbeTarget, { kind, roundTrip = NaN }: Reply): void {
    if (kind !== "received") return;
    let observed = this.#observed.get(target);
    if (observed === undefined) {
      observed = nothingObserved();
      this.#observed.set(target, observed);
    }
    const seconds = roundTrip / 1_000_000_000;
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
    observed.counts[bucket < 0 ? BOUNDS.length : bucket]!++;
    observed.sum += seconds;
    observed.goodAt = performance.now();
  }

  /** The metrics of these targets as they are now. */
  of(targets: readonly ProbeTarget[]): Metric[] {
    const observed = (target: ProbeTarget) => this.#observed.get(target) ?? NOTHING_OBSERVED;
    const metric = (
      name: string,
      type: Metric["type"],
      help: string,
      samplesOf: (target: ProbeTarget, labels: Labels) => Iterable<Sample>,
    ): Metric => ({ name: `echo_probe_${name}`, type, help, samples: each(targets, samplesOf) });
    const ofPaths =
      (samplesOf: (account: Account, labels: Labels) => Sample[]) =>
      ({ sockets, ledger: { paths } }: ProbeTarget, labels: Labels) =>
        paths.flatMap((account, i) => samplesOf(account, { ...labels, source_port: sockets[i]!.localPort }));
    const metrics = [
      metric(
        "requests",
        "counter",
        "Requests by what became of them within the time-out.",
        ({ ledger }, labels) => outcomeSamples(ledger.total, labels),
      ),
      metric(
        "round_trip_seconds",
        "histogram",
        "Round-trip times of good answers.",
        (target, labels) => histogramSamples(labels, BOUNDS, observed(target).counts, observed(target).sum),
      ),
      metric("verdict", "stateset", "Verdict on the last requests.", ({ ledger }, labels) => {
        const word = ledger.recent.settled === 0 ? "" : jsonWord(verdict(ledger));
        return stateSamples("echo_probe_verdict", labels, VERDICTS.map(jsonWord), word);
      }),
      metric("good_answer_age_seconds", "gauge", "Time since the last good answer.", (target, labels) => {
        const { goodAt } = observed(target);
        return goodAt === undefined ? [] : [{ labels, value: (performance.now() - goodAt) / 1000 }];
      }),
    ];
    if (targets.every(({ ledger }) => ledger.paths.length === 0)) return metrics;
    return [
      ...metrics,
      metric("path_requests", "counter", "Requests by source port.", ofPaths(outcomeSamples)),
      metric(
        "path_round_trip_seconds",
        "counter",
        "Sum of round-trip times by source port.",
        ofPaths(({ times: { sum } }, labels) => [{ labels, value: sum / 1_000_000_000 }]),
      ),
    ];
  }
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
