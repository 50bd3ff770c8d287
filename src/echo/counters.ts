/**
 * What became of every datagram.
 * @module
 */

import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import { REASONS } from "./guard.ts";

/** The counts since the start, in the order and under the names of the JSON summary. */
export interface Summary {
  readonly event: "summary";
  /** Datagrams that came in: `echoed + refused + failed`. */
  readonly received: number;
  /** Datagrams that were sent back. */
  readonly echoed: number;
  /** Datagrams that the guard did not let be answered. */
  readonly refused: number;
  /** Datagrams whose reply the kernel refused to send. */
  readonly failed: number;
  /** Datagrams that the kernel dropped before the server could receive them. */
  readonly dropped_by_kernel: number;
  /** Datagrams that were answered without a line in the log. */
  readonly log_lines_dropped: number;
  /** Seconds since the start. */
  readonly seconds: number;
  /** {@link refused} by reason. */
  readonly refused_by_reason: Readonly<Record<string, number>>;
  /** {@link failed} by the name of the error. */
  readonly failed_by_errno: Readonly<Record<string, number>>;
}

/** Counts that the parts of the server keep. */
export interface OtherCounts {
  /** Datagrams refused, by number of the reason. */
  readonly refused: Float64Array;
  /** Datagrams that could not be sent, by error number. */
  readonly failed: (errno: number) => number;
  /** Datagrams that the kernel dropped. */
  readonly droppedByKernel: number;
  /** Echoed datagrams without a line in the log. */
  readonly logLinesDropped: number;
}

/** Counts datagrams. */
export class Counters {
  /** Datagrams that came in. */
  received = 0;
  /** Datagrams that were sent back. */
  echoed = 0;
  readonly #start = performance.now();

  /** Sums up. */
  summary({ refused, failed, droppedByKernel, logLinesDropped }: OtherCounts): Summary {
    const refusedByReason: Record<string, number> = {};
    REASONS.forEach((name, i) => {
      if (refused[i]! > 0) refusedByReason[name] = refused[i]!;
    });
    const failedByErrno: Record<string, number> = {};
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      if (failed(errno) > 0) failedByErrno[errnoName(errno)] = failed(errno);
    }
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

/** The summary as a person reads it, lines of `label value   details`. */
export function summaryText(summary: Summary): string {
  const details = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => `${name.replaceAll("_", " ")}: ${count}`).join(", ");
  const rows: [string, number, string][] = [
    ["received", summary.received, ""],
    ["echoed", summary.echoed, ""],
    ["refused", summary.refused, details(summary.refused_by_reason)],
    ["failed", summary.failed, details(summary.failed_by_errno)],
    ["dropped by kernel", summary.dropped_by_kernel, ""],
    ["log lines dropped", summary.log_lines_dropped, ""],
  ];
  const width = Math.max(...rows.map(([, count]) => `${count}`.length), 6);
  return rows
    .map(([label, count, detail]) => `  ${label.padEnd(18)}${`${count}`.padStart(width)}   ${detail}`.trimEnd())
    .join("\n");
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
