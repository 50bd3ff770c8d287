/**
 * Counts of datagrams, and the summary.
 * @module
 */

import { ERRNO_COUNT, errnoName } from "../../ffi/errno.ts";
import { REASONS } from "./guard.ts";

/** The counts since the start, in the order and under the names of the JSON summary. */
export interface Summary {
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

/** Index in {@link Counters.counts} of the datagrams received. */
export const RECEIVED = 0;
/** Index in {@link Counters.counts} of the datagrams sent back. */
export const ECHOED = 1;
/** Index in {@link Counters.counts} of the datagrams without a line in the log because of its limit. */
export const LINES_LEFT_OUT = 2;
/** Index in {@link Counters.counts} of the log lines that the output did not take. */
export const LINES_DROPPED = 3;
/** Index in {@link Counters.counts} of the datagrams received before the batch that is handled now. */
export const RECEIVED_BEFORE = 4;
/** Index in {@link Counters.counts} of the bytes of payload received. */
export const RECEIVED_BYTES = 5;
/** Index in {@link Counters.counts} of the bytes of payload sent back. */
export const ECHOED_BYTES = 6;
const REFUSED = 7;
/** Index in {@link Counters.counts} of the first error number. */
export const FAILED: number = REFUSED + REASONS.length;
/** Length of {@link Counters.counts}. */
export const COUNTS: number = FAILED + ERRNO_COUNT;

/** Counts of one worker, in memory that other processes may map. The counts of several workers add up. */
export class Counters {
  /** All counts. */
  readonly counts: Float64Array;
  /** Datagrams refused, by index of the reason in {@link REASONS}. */
  readonly refused: Float64Array;
  /** Datagrams that could not be sent, by error number. */
  readonly failed: Float64Array;

  /** @param counts {@link COUNTS} numbers, which go on from their values */
  constructor(counts: Float64Array = new Float64Array(COUNTS)) {
    this.counts = counts;
    this.refused = counts.subarray(REFUSED, FAILED);
    this.failed = counts.subarray(FAILED, COUNTS);
  }

  /** Datagrams that were echoed, refused or failed: all of the received ones but those that are handled now. */
  get settled(): number {
    return this.counts[ECHOED]! + sum(this.refused) + sum(this.failed);
  }
}

/** Echoed datagrams without a line in the log. */
export function unlogged({ counts }: Counters): number {
  return counts[LINES_LEFT_OUT]! + counts[LINES_DROPPED]!;
}

/** The summary of several workers. */
export function summarize(workers: readonly Counters[], droppedByKernel: number, seconds: number): Summary {
  const total = new Counters();
  const { counts, refused, failed } = total;
  for (const worker of workers) worker.counts.forEach((count, i) => counts[i]! += count);
  return {
    received: counts[RECEIVED]!,
    echoed: counts[ECHOED]!,
    refused: sum(refused),
    failed: sum(failed),
    dropped_by_kernel: droppedByKernel,
    log_lines_dropped: unlogged(total),
    seconds: Math.round(seconds * 1000) / 1000,
    refused_by_reason: positiveCounts(refused, (reason) => REASONS[reason]!),
    failed_by_errno: positiveCounts(failed, errnoName),
  };
}

/** The summary as text, lines of `label value   details`. */
export function summaryText({ refused_by_reason, failed_by_errno, seconds: _, ...counts }: Summary): string {
  const details: Readonly<Record<string, Counts>> = { refused: refused_by_reason, failed: failed_by_errno };
  const width = Math.max(...Object.values(counts).map((count) => `${count}`.length), 6);
  const rows = Object.entries(counts).map(([name, count]) => {
    return `  ${name.replaceAll("_", " ").padEnd(18)}${`${count}`.padStart(width)}   ${
      countsText(details[name] ?? {})
    }`;
  });
  return rows.map((row) => row.trimEnd()).join("\n");
}

/** The counts above 0, by the names of their indexes. */
export function positiveCounts(counts: Float64Array, name: (index: number) => string): Counts {
  const named = [...counts].map((count, i) => [name(i), count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

/** Counts as text: `own source port: 3, over rate: 2`. */
export function countsText(counts: Counts): string {
  return Object.entries(counts).map(([name, count]) => `${name.replaceAll("_", " ")}: ${count}`).join(", ");
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
