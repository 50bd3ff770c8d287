/**
 * The report on one target: a line for each reply, then a summary with a histogram.
 * @module
 */

import type { Terminal } from "../cli/terminal.ts";
import { formatDuration, formatMilliseconds } from "./duration.ts";
import { failureName, plural, trafficClassText } from "./explanation.ts";
import { drawHistogram } from "./histogram.ts";
import type { RequestLedger } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { peerText } from "./peer.ts";
import {
  countsOf,
  explanationLines,
  failuresOf,
  percentText,
  type Report,
  type Targets,
  timesOf,
  verdictStyle,
} from "./report.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Width of the summary where there is no terminal, and its greatest width in one. */
const WIDTH = 80;
/** Counts that are shown only if they are not zero. */
const UNUSUAL = ["stray", "waiting"];

/** Reports on one target, for people. */
export function lineReport({ targets: [target] }: Targets, settings: ProbeSettings, terminal: Terminal): Report {
  const { size, intervalMilliseconds, connected, quiet } = settings;
  const { ledger, peer, endpoint } = target!;
  const title = peer.name === undefined ? endpoint : `${peer.name} at ${endpoint}`;
  const writeEvent = (line: string) => terminal.writeLines([line]);
  return {
    start() {
      const pace = intervalMilliseconds === 0
        ? "as fast as it answers"
        : `every ${formatDuration(intervalMilliseconds)}`;
      writeEvent(`probing ${title} with ${plural(size, "byte")} ${pace}${connected ? ", connected" : ""}`);
    },

    replied(_, { kind, sequence, roundTrip, reordered, payload, from, to, hopLimit, trafficClass = 0 }) {
      const altered = kind === "corrupted" || kind === "wrong source";
      const facts = [
        sequence === undefined ? "" : `seq=${sequence}`,
        hopLimit === undefined ? "" : `ttl=${hopLimit}`,
        trafficClass === 0 && settings.trafficClass === undefined ? "" : trafficClassText(trafficClass),
        roundTrip === undefined ? "" : terminal.paint("strong", `time=${formatMilliseconds(roundTrip)} ms`),
        kind === "received" ? "" : terminal.paint(altered ? "bad" : "doubtful", kind),
        reordered ? terminal.paint("doubtful", "reordered") : "",
      ];
      const bytes = plural(payload.length, "byte");
      writeEvent(`${bytes} from ${peerText(from)} to ${to}: ${facts.filter(Boolean).join(" ")}`);
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
      const frequencies = ledger.total.times.frequencies();
      terminal.eraseAbove(0);
      terminal.writeLines([
        ...(quiet ? [] : [""]),
        `${title}: ${terminal.paint(verdictStyle(word), word)}`,
        ...explanationLines(target!, settings, terminal),
        "",
        ...summaryLines(ledger, width),
        ...pathLines(target!),
        ...(frequencies.length === 0 ? [] : ["", ...drawHistogram(frequencies, width, terminal)]),
      ]);
    },
  };
}

/** Counts and times, side by side if `width` allows. */
function summaryLines(ledger: RequestLedger, width: number): string[] {
  const { total: { loss, times } } = ledger;
  const counts = Object.entries(countsOf(ledger)).filter(([name, count]) => count > 0 || !UNUSUAL.includes(name));
  const left = columns([...counts.map(([name, count]) => [name, `${count}`]), ["loss", percentText(loss)]]);
  const figures = times.count === 0 ? [] : Object.entries(timesOf(times));
  const right = columns(figures.map(([name, time]) => [name, `${formatMilliseconds(time)} ms`]));
  const gap = " ".repeat(6);
  const lines = right.length === 0 || `${left[0]}${gap}${right[0]}`.length > width
    ? [...left, "", ...right]
    : left.map((line, i) => `${line}${right[i] === undefined ? "" : gap + right[i]!.trim()}`);
  const failures = Object.entries(failuresOf(ledger)).map(([name, count]) => `${name}: ${count}`).join(", ");
  return failures === "" ? lines : [...lines, "", `  failed with ${failures}`];
}

/** A line for each source port, if there are several. */
function pathLines({ sockets, ledger: { paths } }: ProbeTarget): string[] {
  const lines = paths.map(({ counts, settled, loss, times }, i) =>
    `  from port ${sockets[i]!.udp.port}: ${counts.received}/${settled} received, ${percentText(loss)} loss, ` +
    `median ${formatMilliseconds(times.percentile(50))} ms`
  );
  return lines.length === 0 ? [] : ["", ...lines];
}

/** Indented lines of names and values, one below the other. */
function columns(entries: readonly (readonly string[])[]): string[] {
  const nameWidth = Math.max(...entries.map(([name]) => name!.length));
  const valueWidth = Math.max(...entries.map(([, value]) => value!.length));
  return entries.map(([name, value]) => `  ${name!.padEnd(nameWidth + 2)}${value!.padStart(valueWidth)}`);
}
