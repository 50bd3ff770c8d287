/**
 * The report as JSON, an object a line.
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import { TIME_ORIGIN_SECONDS } from "../../ffi/clock.ts";
import type { Terminal } from "../cli/terminal.ts";
import { explanation } from "./explanation.ts";
import { histogramRows } from "./histogram.ts";
import { icmpMessage } from "./icmp.ts";
import type { Failure } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { hostText, peerText } from "./peer.ts";
import { countsOf, failuresOf, type Figures, type Report, type Targets, timesOf } from "./report.ts";
import type { ProbeTarget, Reply } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Reports on any number of targets, for programs. */
export function jsonReport(set: Targets, settings: ProbeSettings, terminal: Terminal): Report {
  const start = performance.now();
  return {
    replied(target, reply) {
      writeJson(terminal, {
        event: "reply",
        time: timeText(reply.time),
        target: target.endpoint,
        sequence: reply.sequence,
        kind: jsonWord(reply.kind),
        from: peerText(reply.from),
        to: reply.to,
        bytes: reply.payload.length,
        rtt_ns: reply.roundTrip,
        reordered: reply.reordered,
        ...headerFields(reply),
      });
    },

    failed({ endpoint }, failure) {
      const { sequence } = failure;
      const mtu = failure.mtu || null;
      writeJson(terminal, { event: "failure", target: endpoint, sequence, ...failureFields(failure), mtu });
    },

    lost({ endpoint }, sequence) {
      writeJson(terminal, { event: "lost", target: endpoint, sequence });
    },

    finish() {
      const seconds = Math.round(performance.now() - start) / 1000;
      const targets = set.targets.map((target) => summaryOf(target, settings));
      writeJson(terminal, { event: "summary", seconds, targets });
    },
  };
}

/** Writes a value on a line, in ASCII; fields that are `undefined` or `NaN` are `null`. */
export function writeJson(terminal: Terminal, value: unknown): void {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  terminal.writeLines([JSON.stringify(value, (_, field) => field ?? null).replaceAll(/[^ -~]/g, escape)]);
}

/** A word of the text reports as JSON has it: `wrong_source`. */
export function jsonWord(text: string): string {
  return text.replaceAll(/[ .]/g, "_");
}

/** An error and its reporter. */
export function failureFields({ errno, icmp, reporter }: Partial<Failure> = {}): Record<string, unknown> {
  return { errno: errno && errnoName(errno), icmp: icmp && icmpMessage(icmp)[0], from: reporter && hostText(reporter) };
}

function summaryOf(target: ProbeTarget, settings: ProbeSettings): Record<string, unknown> {
  const { ledger, sockets } = target;
  const { times } = ledger.total;
  const rows = histogramRows(times.frequencies(), 64);
  return {
    target: target.endpoint,
    name: target.peer.name,
    verdict: jsonWord(verdict(ledger)),
    explanation: explanation(target, settings) || null,
    ...fields(countsOf(ledger)),
    loss_percent: Math.round(ledger.total.loss * 100) / 100,
    source_ports: ledger.paths.map(({ settled, counts, loss, times }, i) => ({
      port: sockets[i]!.udp.port,
      settled,
      received: counts.received,
      loss_percent: Math.round(loss * 100) / 100,
      rtt_ns: times.count === 0 ? null : fields(timesOf(times)),
    })),
    ...headerFields(target.lastReply),
    failed_by_errno: failuresOf(ledger),
    wrong_sources: ledger.wrongSources.map(peerText),
    rtt_ns: times.count === 0 ? null : fields(timesOf(times)),
    histogram: rows.map(({ from, to, count }) => ({ from_ns: Math.round(from), to_ns: Math.round(to), count })),
  };
}

/** Fields of the header of an answer. */
function headerFields({ hopLimit, trafficClass }: Partial<Reply> = {}): Record<string, unknown> {
  const known = trafficClass !== undefined;
  return { hop_limit: hopLimit, dscp: known ? trafficClass >> 2 : null, ecn: known ? trafficClass & 3 : null };
}

/** Figures as whole numbers. */
function fields(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [jsonWord(name), Math.round(value)]));
}

/** A `wallTime` as in RFC 3339: UTC, with nanoseconds. */
function timeText(time: number): string {
  const seconds = TIME_ORIGIN_SECONDS + Math.floor(time / 1_000_000_000);
  const nanoseconds = time - Math.floor(time / 1_000_000_000) * 1_000_000_000;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${`${nanoseconds}`.padStart(9, "0")}Z`;
}
