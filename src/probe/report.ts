/**
 * What the probe says: line by line for one target, as a table for several, or as JSON.
 * @module
 */

import { TIME_ORIGIN_SECONDS } from "../../ffi/clock.ts";
import { errnoName } from "../../ffi/errno.ts";
import { drawHistogram, histogramRows } from "./histogram.ts";
import { icmpName } from "./icmp.ts";
import type { ProbeSettings } from "./options.ts";
import type { Failure, ProbeTarget, Reply, TargetObserver } from "./target.ts";
import { duration, hostText, milliseconds } from "./text.ts";
import { explanation, failureName, type Verdict, verdict } from "./verdict.ts";
import { type Style, type Terminal, wrap } from "../cli/terminal.ts";

/** Says what happens, and what came of it. */
export interface Report extends TargetObserver {
  /** Says what is going to be done. */
  start(targets: readonly ProbeTarget[]): void;
  /** Called now and then while it is done. */
  progress(): void;
  /** Sums up. */
  finish(): void;
}

/** The report that the user wants. */
export function makeReport(settings: ProbeSettings, terminal: Terminal, several: boolean): Report {
  if (settings.json) return new JsonReport(settings, terminal);
  return several ? new TableReport(settings, terminal) : new LineReport(settings, terminal);
}

/** A line for each reply, and a summary. */
class LineReport implements Report {
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;
  #target: ProbeTarget | undefined;

  constructor(settings: ProbeSettings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  start([target]: readonly ProbeTarget[]): void {
    this.#target = target;
    const { size, interval, connected, quiet } = this.#settings;
    if (quiet) return;
    const pace = interval === 0 ? "as fast as it answers" : `every ${duration(interval)}`;
    this.#line(`probing ${titleOf(target!)} with ${bytes(size)} ${pace}${connected ? ", connected" : ""}`);
  }

  replied(_target: ProbeTarget, reply: Reply): void {
    if (this.#settings.quiet) return;
    const { kind, sequence, roundTrip, reordered } = reply;
    const paint = this.#terminal.paint.bind(this.#terminal);
    const facts = [
      sequence === undefined ? "" : `seq=${sequence}`,
      roundTrip === undefined ? "" : paint("strong", `time=${milliseconds(roundTrip)} ms`),
      kind === "received" ? "" : paint(KIND_STYLE[kind], kind),
      reordered ? paint("doubtful", "reordered") : "",
    ];
    this.#line(`${bytes(reply.size)} from ${reply.from} to ${reply.to}: ${facts.filter(Boolean).join(" ")}`);
  }

  failed(_target: ProbeTarget, failure: Failure): void {
    const sequence = failure.sequence === undefined ? "" : `seq=${failure.sequence} `;
    this.#event("bad", `${sequence}failed: ${failureName(failure)}`);
  }

  lost(_target: ProbeTarget, sequence: number): void {
    this.#event("doubtful", `seq=${sequence} no answer within ${duration(this.#settings.timeout)}`);
  }

  progress(): void {}

  finish(): void {
    const target = this.#target!;
    const terminal = this.#terminal;
    const width = terminal.interactive ? terminal.columns : 80;
    if (!this.#settings.quiet) this.#line("");
    const word = verdict(target);
    this.#line(`${titleOf(target)}: ${terminal.paint(VERDICT_STYLE[word], word)}`);
    for (const line of explanationLines(target, this.#settings, terminal)) this.#line(line);
    this.#line("");
    for (const line of summaryLines(target, width)) this.#line(line);
    if (target.times.count === 0) return;
    this.#line("");
    const histogram = drawHistogram(target.times.buckets(), {
      width: Math.min(width, 80),
      unicode: terminal.unicode,
      paint: (bar) => terminal.paint("bar", bar),
      label: (value) => threeDigits(value / 1_000_000),
      unit: "ms",
    });
    for (const line of histogram) this.#line(line);
  }

  #event(style: Style, text: string): void {
    if (!this.#settings.quiet) this.#line(this.#terminal.paint(style, text));
  }

  #line(text: string): void {
    this.#terminal.write(`${text}\n`);
  }
}

/** A table with a row for each target, which a terminal shows as it fills, and a sentence for each that is not ok. */
class TableReport implements Report {
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;
  #targets: readonly ProbeTarget[] = [];
  #changed = true;
  #drawnAt = -Infinity;
  #drawnLines = 0;

  constructor(settings: ProbeSettings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  start(targets: readonly ProbeTarget[]): void {
    this.#targets = targets;
  }

  replied(): void {
    this.#changed = true;
  }

  failed(): void {
    this.#changed = true;
  }

  lost(): void {
    this.#changed = true;
  }

  progress(): void {
    const now = performance.now();
    if (!this.#terminal.interactive || this.#settings.quiet || !this.#changed) return;
    if (now - this.#drawnAt < REDRAW_MILLISECONDS) return;
    this.#drawnAt = now;
    this.#changed = false;
    const lines = tableLines(this.#targets, this.#terminal, false);
    // What has scrolled away can't be drawn anew.
    if (lines.length < this.#terminal.rows) this.#draw(lines);
  }

  finish(): void {
    this.#draw(tableLines(this.#targets, this.#terminal, true));
    const explanations = this.#targets.flatMap((target) => {
      const lines = explanationLines(target, this.#settings, this.#terminal);
      return lines.length > 0 && this.#terminal.interactive ? ["", ...lines] : lines;
    });
    if (explanations.length > 0 && !this.#terminal.interactive) explanations.unshift("");
    this.#terminal.write(explanations.map((line) => `${line}\n`).join(""));
  }

  #draw(lines: readonly string[]): void {
    // Up to where the last drawing starts, and away with it. ECMA-48, 8.3.22 and 8.3.39
    const back = this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}A\x1b[J`;
    this.#drawnLines = this.#terminal.interactive ? lines.length : 0;
    this.#terminal.write(back + lines.map((line) => `${line}\n`).join(""));
  }
}

/** Objects, one a line. */
class JsonReport implements Report {
  readonly #settings: ProbeSettings;
  readonly #terminal: Terminal;
  readonly #start = performance.now();
  #targets: readonly ProbeTarget[] = [];

  constructor(settings: ProbeSettings, terminal: Terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }

  start(targets: readonly ProbeTarget[]): void {
    this.#targets = targets;
  }

  replied(target: ProbeTarget, reply: Reply): void {
    this.#event({
      event: "reply",
      time: timeText(reply.time),
      target: target.endpoint,
      sequence: reply.sequence ?? null,
      kind: reply.kind.replaceAll(" ", "_"),
      from: reply.from,
      to: reply.to,
      bytes: reply.size,
      rtt_ns: reply.roundTrip ?? null,
      reordered: reply.reordered,
    });
  }

  failed(target: ProbeTarget, { sequence, errno, report }: Failure): void {
    this.#event({
      event: "failure",
      target: target.endpoint,
      sequence: sequence ?? null,
      errno: errnoName(errno),
      icmp: report?.icmp === undefined ? null : icmpName(report.icmp),
      from: report?.reporter === undefined ? null : hostText(report.reporter),
      mtu: report?.mtu || null,
    });
  }

  lost(target: ProbeTarget, sequence: number): void {
    this.#event({ event: "lost", target: target.endpoint, sequence });
  }

  progress(): void {}

  finish(): void {
    this.#write({
      event: "summary",
      seconds: Math.round(performance.now() - this.#start) / 1000,
      targets: this.#targets.map((target) => this.#summary(target)),
    });
  }

  #summary(target: ProbeTarget): Record<string, unknown> {
    const { counts, times, failedByErrno } = target;
    const round = (value: number) => Number.isNaN(value) ? null : Math.round(value);
    return {
      target: target.endpoint,
      name: target.name ?? null,
      verdict: verdict(target).replaceAll(" ", "_"),
      explanation: explanation(target, this.#settings) || null,
      sent: target.sent,
      received: counts.received,
      lost: counts.lost,
      late: counts.late,
      wrong_source: counts["wrong source"],
      corrupted: counts.corrupted,
      failed: counts.failed,
      waiting: counts.waiting,
      duplicates: target.duplicates,
      reordered: target.reordered,
      stray: target.stray,
      failed_by_errno: Object.fromEntries([...failedByErrno].map(([errno, count]) => [errnoName(errno), count])),
      wrong_sources: [...target.wrongSources],
      rtt_ns: times.count === 0 ? null : {
        minimum: times.minimum,
        mean: round(times.mean),
        median: round(times.percentile(50)),
        p90: round(times.percentile(90)),
        p99: round(times.percentile(99)),
        p99_9: round(times.percentile(99.9)),
        maximum: times.maximum,
        deviation: round(times.deviation),
        jitter: round(times.jitter),
      },
      histogram: histogramRows(times.buckets(), 64).map(({ from, to, count }) => ({
        from_ns: Math.round(from),
        to_ns: Math.round(to),
        count,
      })),
    };
  }

  #event(event: Record<string, unknown>): void {
    if (!this.#settings.quiet) this.#write(event);
  }

  #write(value: unknown): void {
    this.#terminal.write(`${JSON.stringify(value)}\n`);
  }
}

/** Least time between two drawings of a table, in milliseconds. */
const REDRAW_MILLISECONDS = 50;

const VERDICT_STYLE: Record<Verdict, Style> = {
  ok: "good",
  partial: "doubtful",
  "wrong source": "bad",
  refused: "bad",
  "no answer": "bad",
  unreachable: "bad",
  corrupted: "bad",
};

const KIND_STYLE: Record<Exclude<Reply["kind"], "received">, Style> = {
  late: "doubtful",
  duplicate: "doubtful",
  stray: "doubtful",
  "wrong source": "bad",
  corrupted: "bad",
};

/** A target as a heading has it: `server.example at 192.0.2.10:9000`. */
function titleOf({ name, endpoint }: ProbeTarget): string {
  return name === undefined ? endpoint : `${name} at ${endpoint}`;
}

/** The sentence about a target, if there is one: in a terminal in lines that fit, elsewhere in one. */
function explanationLines(target: ProbeTarget, settings: ProbeSettings, terminal: Terminal): string[] {
  const text = explanation(target, settings);
  if (text === "") return [];
  return terminal.interactive ? wrap(text, Math.max(20, terminal.columns - 1)) : [text];
}

/** Counts and times, side by side where `width` allows. */
function summaryLines(target: ProbeTarget, width: number): string[] {
  const { counts, times } = target;
  const failures = [...target.failedByErrno].map(([errno, count]) => `${errnoName(errno)}: ${count}`).join(", ");
  const countRows: [label: string, count: number, detail?: string][] = [
    ["sent", target.sent],
    ["received", counts.received],
    ["lost", counts.lost],
    ["late", counts.late],
    ["wrong source", counts["wrong source"]],
    ["corrupted", counts.corrupted],
    ["failed", counts.failed],
    ["duplicates", target.duplicates],
    ["reordered", target.reordered],
  ];
  if (target.stray > 0) countRows.push(["stray", target.stray]);
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
  const timeTexts = timeRows.map(([, nanoseconds]) => milliseconds(nanoseconds));
  const timeWidth = Math.max(...timeTexts.map((text) => text.length), 9);
  const left = countRows.map(([label, count]) => `  ${label.padEnd(14)}${`${count}`.padStart(countWidth)}`);
  const right = timeRows.map(([label], i) => `${label.padEnd(9)}${timeTexts[i]!.padStart(timeWidth)} ms`);
  const leftWidth = left[0]!.length + 6;
  const lines = right.length === 0 || leftWidth + right[0]!.length > width
    ? [...left, ...(right.length === 0 ? [] : [""]), ...right.map((line) => `  ${line}`)]
    : left.map((line, i) => `${line.padEnd(leftWidth)}${right[i] ?? ""}`.trimEnd());
  return failures === "" ? lines : [...lines, "", `  failed with ${failures}`];
}

/** The table of the targets; `final`, if nothing is waited for any more. */
function tableLines(targets: readonly ProbeTarget[], terminal: Terminal, final: boolean): string[] {
  const rows = targets.map((target) => {
    const { counts, sent, times } = target;
    const answered = counts.received + counts.late + counts["wrong source"] + counts.corrupted;
    const word = sent === counts.waiting && !final ? "waiting" : verdict(target);
    return {
      target: target.name === undefined ? target.endpoint : `${target.name} ${target.endpoint}`,
      word,
      style: word === "waiting" ? "faint" as const : VERDICT_STYLE[word],
      answered: `${answered}/${sent}`,
      times: [times.minimum, times.percentile(50), times.percentile(99)].map(milliseconds),
    };
  });
  const columns = terminal.interactive ? terminal.columns : Infinity;
  const nameWidth = Math.max(6, ...rows.map((row) => row.target.length));
  const answeredWidth = Math.max(7, ...rows.map((row) => row.answered.length));
  const timeWidth = Math.max(7, ...rows.flatMap((row) => row.times.map((time) => time.length)));
  const verdictWidth = "wrong source".length;
  for (const shown of [[0, 1, 2], [1]]) {
    const width = nameWidth + 2 + verdictWidth + 2 + answeredWidth + shown.length * (timeWidth + 2) + 3;
    if (width > columns) continue;
    const times = (texts: readonly string[]) => shown.map((i) => texts[i]!.padStart(timeWidth + 2)).join("");
    const heading = `${"target".padEnd(nameWidth + 2)}${"verdict".padEnd(verdictWidth + 2)}` +
      `${"answers".padStart(answeredWidth)}${times(["minimum", "median", "99 %"])}`;
    return [
      terminal.paint("faint", heading),
      ...rows.map(({ target, word, style, answered, times: texts }) =>
        `${target.padEnd(nameWidth + 2)}${terminal.paint(style, word)}${" ".repeat(verdictWidth + 2 - word.length)}` +
        `${answered.padStart(answeredWidth)}${times(texts)}${texts[0] === "-" ? "" : " ms"}`
      ),
    ];
  }
  // Too narrow for a table: two lines for each target.
  return rows.flatMap(({ target, word, style, answered, times: texts }) => {
    const room = Math.max(0, columns - 3 - word.length - 1 - answered.length);
    const time = [`${texts.join(" ")} ms`, `${texts[1]} ms`].find((text) => text.length <= room) ?? "";
    return [
      target.length > columns ? target.slice(0, columns) : target,
      `  ${terminal.paint(style, word)} ${answered}${texts[0] === "-" ? "" : ` ${time}`}`,
    ];
  });
}

/** A number with three significant digits, without an exponent. */
function threeDigits(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value * 1.0005)));
  return value.toFixed(Math.min(6, digits));
}

/** A `wallTime` as RFC 3339 has it: UTC, with nanoseconds. */
function timeText(time: number): string {
  const seconds = TIME_ORIGIN_SECONDS + Math.floor(time / 1_000_000_000);
  const nanoseconds = time - Math.floor(time / 1_000_000_000) * 1_000_000_000;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${`${nanoseconds}`.padStart(9, "0")}Z`;
}

function bytes(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}
