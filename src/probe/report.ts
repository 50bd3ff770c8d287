/**
 * Common parts of the reports of the probe.
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import { type Style, type Terminal, wrap } from "../cli/terminal.ts";
import { explanation } from "./explanation.ts";
import type { RequestLedger } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import type { TimeStatistics } from "./statistics.ts";
import type { ProbeTarget, TargetObserver } from "./target.ts";

/** Shows the events of all targets, and sums up. */
export interface Report extends TargetObserver {
  /** Called before the first request. */
  start?(): void;
  /** Called after each wait for answers. */
  progress?(): void;
  /** Called at the end. */
  finish(): void;
}

/** The targets as they are now. */
export interface Targets {
  readonly targets: readonly ProbeTarget[];
}

/** Figures by name, in the order in which they are shown. */
export type Figures = Readonly<Record<string, number>>;

/** The requests to a target, and further datagrams. */
export function countsOf({ sent, total, duplicates, reordered, stray }: RequestLedger): Figures {
  const { waiting, received, lost, ...others } = total.counts;
  return { sent, received, lost, ...others, duplicates, reordered, stray, waiting };
}

/** Round-trip times in nanoseconds. */
export function timesOf(times: TimeStatistics): Figures {
  return {
    minimum: times.minimum,
    mean: times.mean,
    median: times.percentile(50),
    p90: times.percentile(90),
    p99: times.percentile(99),
    "p99.9": times.percentile(99.9),
    maximum: times.maximum,
    deviation: times.deviation,
    jitter: times.jitter,
  };
}

/** The failed requests by the name of their error number. An answer may still come: then a request has not failed. */
export function failuresOf({ failedByErrno }: RequestLedger): Figures {
  const failed = [...failedByErrno].filter(([, count]) => count > 0);
  return Object.fromEntries(failed.map(([errno, count]) => [errnoName(errno), count]));
}

/** A percentage as text: `0.05 %`; a dash for `NaN`. */
export function percentText(percentage: number): string {
  return Number.isNaN(percentage) ? "-" : `${Number(percentage.toFixed(2))} %`;
}

/** The look of a verdict. */
export function verdictStyle(word: string): Style {
  return word === "ok" ? "good" : word === "partial" ? "doubtful" : "bad";
}

/** The explanation of a target's verdict, if there is one: in a terminal wrapped, elsewhere one line. */
export function explanationLines(target: ProbeTarget, settings: ProbeSettings, terminal: Terminal): string[] {
  const text = explanation(target, settings);
  if (text === "") return [];
  return terminal.interactive ? wrap(text, Math.max(20, terminal.columns - 1)) : [text];
}
