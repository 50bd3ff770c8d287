/**
 * The report on several targets: a table, drawn in a terminal as it fills, and a sentence for each that is not ok.
 * @module
 */

import type { Terminal } from "../cli/terminal.ts";
import { formatMilliseconds } from "./duration.ts";
import type { ProbeSettings } from "./options.ts";
import { explanationLines, percentText, type Report, type Targets, verdictStyle } from "./report.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** Least time between two drawings of a table, in milliseconds. */
const REDRAW_MILLISECONDS = 50;

/** Names of the columns, the verdict's as wide as the longest verdict. */
const HEADING = ["target", "verdict     ", "received", "loss", "minimum", "median", "p99"] as const;

/** The cells of a target: one for each column, times in milliseconds. */
type Row = readonly string[];

/** A table as lines: one a row, or two where columns are few. */
interface Table {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reports on several targets, for people. */
export function tableReport(set: Targets, settings: ProbeSettings, terminal: Terminal): Report {
  let drawnAt = -Infinity;
  let drawn: readonly string[] = [];
  const draw = (lines: readonly string[]) => {
    terminal.eraseAbove(drawn.length);
    terminal.writeLines(lines);
    drawn = lines;
  };
  return {
    progress() {
      const now = performance.now();
      if (!terminal.interactive || settings.quiet || now - drawnAt < REDRAW_MILLISECONDS) return;
      drawnAt = now;
      const lines = screenLines(set.targets.map((target) => rowOf(target, false)), terminal);
      if (lines.join("\n") !== drawn.join("\n")) draw(lines);
    },

    finish() {
      const table = layOut(set.targets.map((target) => rowOf(target, true)), terminal);
      draw([...table.heading, ...table.rows.flat()]);
      const explanations = set.targets.map((target) => explanationLines(target, settings, terminal));
      const blank = (i: number) => i === 0 || terminal.interactive ? [""] : [];
      const given = explanations.filter((lines) => lines.length > 0);
      terminal.writeLines(given.flatMap((lines, i) => [...blank(i), ...lines]));
    },
  };
}

/** The row of a target; at the end, if `final`, a target is no longer `waiting`. */
function rowOf({ peer, endpoint, ledger }: ProbeTarget, final: boolean): Row {
  const { counts, settled, loss, times } = ledger.total;
  return [
    peer.name === undefined ? endpoint : `${peer.name} ${endpoint}`,
    settled === 0 && !final ? "waiting" : verdict(ledger),
    `${counts.received}/${settled}`,
    percentText(loss),
    ...[times.minimum, times.percentile(50), times.percentile(99)].map(formatMilliseconds),
  ];
}

/** The table as far as it fits the screen: rows that need attention come first then, and a last line counts the rest. */
function screenLines(rows: readonly Row[], terminal: Terminal): readonly string[] {
  const { heading, rows: drawn } = layOut(rows, terminal);
  // One line is for the cursor.
  const room = terminal.rows - 1 - heading.length;
  const height = drawn[0]!.length;
  if (rows.length * height <= room) return [...heading, ...drawn.flat()];
  const rank = ([, word]: Row) => word === "ok" ? 2 : word === "waiting" ? 1 : 0;
  const order = rows.map((_, i) => i).sort((a, b) => rank(rows[a]!) - rank(rows[b]!));
  const shown = Math.max(1, Math.floor((room - 1) / height));
  const words = Map.groupBy(order.slice(shown), (i) => rows[i]![1]!);
  const rest = `and ${rows.length - shown} more: ${[...words].map(([word, of]) => `${of.length} ${word}`).join(", ")}`;
  return [
    ...heading,
    ...order.slice(0, shown).flatMap((i) => drawn[i]!),
    terminal.paint("faint", rest.slice(0, terminal.columns)),
  ];
}

function layOut(rows: readonly Row[], terminal: Terminal): Table {
  const cells = [HEADING, ...rows];
  const widths = HEADING.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const columns = terminal.interactive ? terminal.columns : Infinity;
  if (widths.reduce((sum, width) => sum + width + 2, " ms".length - 2) > columns) {
    return { heading: [], rows: rows.map((row) => narrowRow(row, columns, terminal)) };
  }
  const [heading, ...lines] = cells.map((row) =>
    row.map((cell, i) => i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  );
  const at = widths[0]! + 2;
  return {
    heading: [terminal.paint("faint", heading!)],
    rows: rows.map(([, word = "", , , minimum], i) => {
      const unit = minimum === "-" ? "" : " ms";
      return [lines[i]!.slice(0, at) + paint(word, terminal) + lines[i]!.slice(at + word.length) + unit];
    }),
  };
}

/** A row in two lines. */
function narrowRow([target = "", word = "", received, , , median]: Row, columns: number, terminal: Terminal): string[] {
  const time = median === "-" ? "" : `, median ${median} ms`;
  const room = columns - `  ${word} ${received} received`.length;
  const line = `  ${paint(word, terminal)} ${received} received${time.length <= room ? time : ""}`;
  return [target.slice(0, columns), line];
}

function paint(word: string, terminal: Terminal): string {
  return terminal.paint(word === "waiting" ? "faint" : verdictStyle(word), word);
}
