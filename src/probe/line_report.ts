/**
 * The report on one target: a line for each reply, then a summary with a histogram.
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import type { Style, Terminal } from "../cli/terminal.ts";
import { formatDuration, formatMilliseconds } from "./duration.ts";
import { failureName, formatBytes } from "./explanation.ts";
import { drawHistogram } from "./histogram.ts";
import type { Failure, RequestLedger } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { peerText } from "./peer.ts";
import { explanationLines, type Report, VERDICT_STYLE } from "./report.ts";
import type { ProbeTarget, Reply } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Width of the summary where there is no terminal, and its greatest width in one. */
const WIDTH = 80;

const KIND_STYLE: Record<Exclude<Reply["kind"], "received">, Style> = {
  late: "doubtful",
  duplicate: "doubtful",
  stray: "doubtful",
  "wrong source": "bad",
  corrupted: "bad",
};

/** Reports on one target, for people. */
export class LineReport implements Report {
  readonly #target: ProbeTarget;
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;

  constructor([target]: readonly ProbeTarget[], settings: ProbeSettings, terminal: Terminal) {
    this.#target = target!;
    this.#settings = settings;
    this.#terminal = terminal;
  }

  start(): void {
    const { size, intervalMilliseconds: interval, connected } = this.#settings;
    const pace = interval === 0 ? "as fast as it answers" : `every ${formatDuration(interval)}`;
    this.#event(`probing ${titleOf(this.#target)} with ${formatBytes(size)} ${pace}${connected ? ", connected" : ""}`);
  }

  replied(_target: ProbeTarget, reply: Reply): void {
    const { kind, sequence, roundTrip, reordered } = reply;
    const terminal = this.#terminal;
    const facts = [
      sequence === undefined ? "" : `seq=${sequence}`,
      roundTrip === undefined ? "" : terminal.paint("strong", `time=${formatMilliseconds(roundTrip)} ms`),
      kind === "received" ? "" : terminal.paint(KIND_STYLE[kind], kind),
      reordered ? terminal.paint("doubtful", "reordered") : "",
    ];
    const path = `from ${peerText(reply.from)} to ${reply.to}`;
    this.#event(`${formatBytes(reply.size)} ${path}: ${facts.filter(Boolean).join(" ")}`);
  }

  failed(_target: ProbeTarget, failure: Failure): void {
    const sequence = failure.sequence === undefined ? "" : `seq=${failure.sequence} `;
    this.#event(this.#terminal.paint("bad", `${sequence}failed: ${failureName(failure)}`));
  }

  lost(_target: ProbeTarget, sequence: number): void {
    const timeout = formatDuration(this.#settings.timeoutMilliseconds);
    this.#event(this.#terminal.paint("doubtful", `seq=${sequence} no answer within ${timeout}`));
  }

  finish(): void {
    const target = this.#target;
    const { ledger } = target;
    const terminal = this.#terminal;
    const width = Math.min(terminal.interactive ? terminal.columns : WIDTH, WIDTH);
    const word = verdict(ledger);
    terminal.eraseAbove(0);
    this.#event("");
    terminal.writeLines([
      `${titleOf(target)}: ${terminal.paint(VERDICT_STYLE[word], word)}`,
      ...explanationLines(target, this.#settings, terminal),
      "",
      ...summaryLines(ledger, width),
    ]);
    if (ledger.times.count === 0) return;
    terminal.writeLines([
      "",
      ...drawHistogram(ledger.times.buckets(), width, terminal),
    ]);
  }

  /** Writes a line, unless only the summary is wanted. */
  #event(line: string): void {
    if (!this.#settings.quiet) this.#terminal.writeLines([line]);
  }
}

/** A target in a heading: `server.example at 192.0.2.10:9000`. */
function titleOf({ peer, endpoint }: ProbeTarget): string {
  return peer.name === undefined ? endpoint : `${peer.name} at ${endpoint}`;
}

/** Counts and times, side by side if `width` allows. */
function summaryLines(ledger: RequestLedger, width: number): string[] {
  const { counts, times } = ledger;
  const countRows: [label: string, count: number][] = [
    ["sent", ledger.sent],
    ["received", counts.received],
    ["lost", counts.lost],
    ["late", counts.late],
    ["wrong source", counts["wrong source"]],
    ["corrupted", counts.corrupted],
    ["failed", counts.failed],
    ["duplicates", ledger.duplicates],
    ["reordered", ledger.reordered],
  ];
  if (ledger.stray > 0) countRows.push(["stray", ledger.stray]);
  if (counts.waiting > 0) countRows.push(["still waiting", counts.waiting]);
  const timeRows: [label: string, nanoseconds: number][] = times.count === 0 ? [] : [
    ["minimum", times.minimum],
    ["mean", times.mean],
    ["median", times.percentile(50)],
    ["90 %", times.percentile(90)],
    ["99 %", times.percentile(99)],
    ["99.9 %", times.percentile(99.9)],
    ["maximum", times.maximum],
    ["deviation", times.deviation],
    ["jitter", times.jitter],
  ];
  const countWidth = Math.max(...countRows.map(([, count]) => `${count}`.length), 6);
  const timeTexts = timeRows.map(([, nanoseconds]) => formatMilliseconds(nanoseconds));
  const timeWidth = Math.max(...timeTexts.map((text) => text.length), 9);
  const left = countRows.map(([label, count]) => `  ${label.padEnd(14)}${`${count}`.padStart(countWidth)}`);
  const right = timeRows.map(([label], i) => `${label.padEnd(9)}${timeTexts[i]!.padStart(timeWidth)} ms`);
  const leftWidth = left[0]!.length + 6;
  const lines = right.length === 0 || leftWidth + right[0]!.length > width
    ? [...left, ...(right.length === 0 ? [] : [""]), ...right.map((line) => `  ${line}`)]
    : left.map((line, i) => `${line.padEnd(leftWidth)}${right[i] ?? ""}`.trimEnd());
  const failures = [...ledger.failedByErrno].map(([errno, count]) => `${errnoName(errno)}: ${count}`).join(", ");
  return failures === "" ? lines : [...lines, "", `  failed with ${failures}`];
}
