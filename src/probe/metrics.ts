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

/** What is measured of a target beside its ledger. */
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
    const observed = this.#observed;
    return [
      {
        name: "echo_probe_requests",
        type: "counter",
        help: "Requests by what became of them within the time-out.",
        samples: each(targets, (target, labels) => outcomeSamples(target.ledger.total, labels)),
      },
      {
        name: "echo_probe_round_trip_seconds",
        type: "histogram",
        help: "Round-trip times of good answers.",
        samples: each(targets, (target, labels) => {
          const { counts, sum } = observed.get(target) ?? NOTHING_OBSERVED;
          return histogramSamples(labels, BOUNDS, counts, sum);
        }),
      },
      {
        name: "echo_probe_verdict",
        type: "stateset",
        help: "Verdict on the last requests.",
        samples: each(targets, ({ ledger }, labels) => {
          const word = ledger.recent.settled === 0 ? "" : jsonWord(verdict(ledger));
          return stateSamples("echo_probe_verdict", labels, VERDICTS.map(jsonWord), word);
        }),
      },
      {
        name: "echo_probe_good_answer_age_seconds",
        type: "gauge",
        help: "Time since the last good answer.",
        samples: each(targets, (target, labels) => {
          const { goodAt } = observed.get(target) ?? NOTHING_OBSERVED;
          return goodAt === undefined ? [] : [{ labels, value: (performance.now() - goodAt) / 1000 }];
        }),
      },
      ...(targets.some(({ ledger }) => ledger.paths.length > 0) ? pathMetrics(targets) : []),
    ];
  }
}

/** Metrics by source port. */
function pathMetrics(targets: readonly ProbeTarget[]): Metric[] {
  const eachPath = (samplesOf: (account: Account, labels: Labels) => Iterable<Sample>) =>
    each(
      targets,
      ({ sockets, ledger }, labels) =>
        ledger.paths.flatMap((
          account,
          i,
        ) => [...samplesOf(account, { ...labels, source_port: sockets[i]!.localPort })]),
    );
  return [
    {
      name: "echo_probe_path_requests",
      type: "counter",
      help: "Requests by source port and by what became of them within the time-out.",
      samples: eachPath(outcomeSamples),
    },
    {
      name: "echo_probe_path_round_trip_seconds",
      type: "counter",
      help: "Sum of the round-trip times by source port.",
      samples: eachPath(({ times: { count, mean } }, labels) => [
        { labels, value: count === 0 ? 0 : mean * count / 1_000_000_000 },
      ]),
    },
  ];
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
