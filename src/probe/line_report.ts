/**
 * The report on one target: a line for each reply, then a summary with a histogram.
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import type { Terminal } from "../cli/terminal.ts";
import { formatDuration, formatMilliseconds } from "./duration.ts";
import { failureName, formatBytes } from "./explanation.ts";
import { drawHistogram } from "./histogram.ts";
import type { RequestLedger } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { peerText } from "./peer.ts";
import { explanationLines, type Report, verdictStyle } from "./report.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Width of the summary where there is no terminal, and its greatest width in one. */
const WIDTH = 80;

/** Reports on one target, for people. */
export function lineReport([target]: readonly ProbeTarget[], settings: ProbeSettings, terminal: Terminal): Report {
  const { size, intervalMilliseconds, connected, quiet } = settings;
  const { ledger, peer, endpoint } = target!;
  const title = peer.name === undefined ? endpoint : `${peer.name} at ${endpoint}`;
  const writeEvent = (line: string) => {
    if (!quiet) terminal.writeLines([line]);
  };
  return {
    start() {
      const pace = intervalMilliseconds === 0
        ? "as fast as it answers"
        : `every ${formatDuration(intervalMilliseconds)}`;
      writeEvent(`probing ${title} with ${formatBytes(size)} ${pace}${connected ? ", connected" : ""}`);
    },

    replied(_, { kind, sequence, roundTrip, reordered, size, from, to }) {
      const altered = kind === "corrupted" || kind === "wrong source";
      const facts = [
        sequence === undefined ? "" : `seq=${sequence}`,
        roundTrip === undefined ? "" : terminal.paint("strong", `time=${formatMilliseconds(roundTrip)} ms`),
        kind === "received" ? "" : terminal.paint(altered ? "bad" : "doubtful", kind),
        reordered ? terminal.paint("doubtful", "reordered") : "",
      ];
      writeEvent(`${formatBytes(size)} from ${peerText(from)} to ${to}: ${facts.filter(Boolean).join(" ")}`);
    },

    failed(_, failure) {
      const sequence = failure.sequence === undefined ? "" : `seq=${failure.sequence} `;
      writeEvent(terminal.paint("bad", `${sequence}failed: ${failureName(failure)}`));
    },

    lost(_, sequence) {
      const timeout = formatDuration(settings.timeoutMilliseconds);
      writeEvent(terminal.paint("doubtful", `seq=${sequence} no answer within ${timeout}`));
    },

    finish() {
      const width = Math.min(terminal.interactive ? terminal.columns : WIDTH, WIDTH);
      const word = verdict(ledger);
      terminal.eraseAbove(0);
      writeEvent("");
      terminal.writeLines([
        `${title}: ${terminal.paint(verdictStyle(word), word)}`,
        ...explanationLines(target!, settings, terminal),
        "",
        ...summaryLines(ledger, width),
      ]);
      if (ledger.times.count > 0) {
        terminal.writeLines(["", ...drawHistogram(ledger.times.buckets(), width, terminal)]);
      }
    },
  };
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
