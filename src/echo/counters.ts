/**
 * Counts of datagrams, and the summary.
 * @module
 */

import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import { REASONS } from "./guard.ts";

/** The counts since the start, in the order and under the names of the JSON summary. */
export interface Summary {
  readonly event: "summary";
  /** Datagrams received: `echoed + refused + failed`. */
  readonly received: number;
  /** Datagrams sent back. */
  readonly echoed: number;
  /** Datagrams refused by the guard. */
  readonly refused: number;
  /** Datagrams whose reply the kernel refused to send. */
  readonly failed: number;
  /** Datagrams dropped by the kernel before the server received them. */
  readonly dropped_by_kernel: number;
  /** Datagrams sent back without a line in the log. */
  readonly log_lines_dropped: number;
  /** Seconds since the start. */
  readonly seconds: number;
  /** {@link refused} by reason. */
  readonly refused_by_reason: Counts;
  /** {@link failed} by the name of the error. */
  readonly failed_by_errno: Counts;
}

/** Counts by name. */
export type Counts = Readonly<Record<string, number>>;

/** The counts of a summary that other parts of the server keep. */
export interface OtherCounts {
  /** Datagrams refused, by index of the reason in {@link REASONS}. */
  readonly refused: Float64Array;
  /** Datagrams that the kernel refused to send, by error number. */
  readonly failed: (errno: number) => number;
  /** Datagrams that the kernel dropped. */
  readonly droppedByKernel: number;
  /** Log lines that were left out or dropped. */
  readonly logLinesDropped: number;
}

/** Counts datagrams. */
export class Counters {
  /** Datagrams received. */
  received = 0;
  /** Datagrams sent back. */
  echoed = 0;
  readonly #start = performance.now();

  /** The summary of all counts. */
  summary({ refused, failed, droppedByKernel, logLinesDropped }: OtherCounts): Summary {
    const refusedByReason = positiveCounts(REASONS.length, (i) => refused[i]!, (i) => REASONS[i]!);
    const failedByErrno = positiveCounts(ERRNO_COUNT, failed, errnoName);
    return {
      event: "summary",
      received: this.received,
      echoed: this.echoed,
      refused: sum(refusedByReason),
      failed: sum(failedByErrno),
      dropped_by_kernel: droppedByKernel,
      log_lines_dropped: logLinesDropped,
      seconds: Math.round(performance.now() - this.#start) / 1000,
      refused_by_reason: refusedByReason,
      failed_by_errno: failedByErrno,
    };
  }
}
/** The summary as text, lines of `label value   details`. */
export function summaryText(summary: Summary): string {
  const rows: [string, number, string][] = [
    ["received", summary.received, ""],
    ["echoed", summary.echoed, ""],
    ["refused", summary.refused, countsText(summary.refused_by_reason)],
    ["failed", summary.failed, countsText(summary.failed_by_errno)],
    ["dropped by kernel", summary.dropped_by_kernel, ""],
    ["log lines dropped", summary.log_lines_dropped, ""],
  ];
  const width = Math.max(...rows.map(([, count]) => `${count}`.length), 6);
  return rows
    .map(([label, count, details]) => `  ${label.padEnd(18)}${`${count}`.padStart(width)}   ${details}`.trimEnd())
    .join("\n");
}

/** The counts above 0 of indexes below `length`, by name. */
export function positiveCounts(
  length: number,
  count: (index: number) => number,
  name: (index: number) => string,
): Counts {
  const counts: Record<string, number> = {};
  for (let i = 0; i < length; i++) if (count(i) > 0) counts[name(i)] = count(i);
  return counts;
}

/** Counts as text: `own source port: 3, over rate: 2`. */
export function countsText(counts: Counts): string {
  return Object.entries(counts).map(([name, count]) => `${name.replaceAll("_", " ")}: ${count}`).join(", ");
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
