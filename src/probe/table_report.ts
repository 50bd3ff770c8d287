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
const HEADING: Row = ["target", "verdict     ", "received", "loss", "minimum", "median", "p99"];
/** The first columns, which are always shown. The last ones are left out where they do not fit. */
const COLUMNS_MIN = 3;
/** Columns before the times. */
const COLUMNS_BEFORE_TIMES = 4;

/** The cells of a target: one for each column, times in milliseconds. */
type Row = readonly string[];

/** Reports on several targets, for people. */
export function tableReport(set: Targets, settings: ProbeSettings, terminal: Terminal): Report {
  let drawnAt = -Infinity;
  let drawn: readonly string[] = [];
  const draw = (rows: readonly string[]) => {
    terminal.eraseAbove(drawn.flatMap((row) => row.split("\n")).length);
    terminal.writeLines(rows);
    drawn = rows;
  };
  return {
    progress() {
      const now = performance.now();
      if (!terminal.interactive || now - drawnAt < REDRAW_MILLISECONDS) return;
      drawnAt = now;
      const rows = fitScreen(set.targets.map((target) => rowOf(target, false)), terminal);
      if (rows.join() !== drawn.join()) draw(rows);
    },

    finish() {
      draw(layOut(set.targets.map((target) => rowOf(target, true)), terminal));
      const explanations = set.targets.map((target) => explanationLines(target, settings, terminal));
      const given = explanations.filter((lines) => lines.length > 0);
      const blank = (i: number) => i === 0 || terminal.interactive ? [""] : [];
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
function fitScreen(rows: readonly Row[], terminal: Terminal): string[] {
  const [heading, ...drawn] = layOut(rows, terminal) as [string, ...string[]];
  const rowHeight = heading.split("\n").length;
  // One line is for the cursor.
  const room = terminal.rows - 1;
  if ((rows.length + 1) * rowHeight <= room) return [heading, ...drawn];
  const rank = ([, word]: Row) => word === "ok" ? 2 : word === "waiting" ? 1 : 0;
  const order = rows.map((_, i) => i).sort((a, b) => rank(rows[a]!) - rank(rows[b]!));
  const shown = Math.max(1, Math.floor((room - 1) / rowHeight) - 1);
  const words = Map.groupBy(order.slice(shown), (i) => rows[i]![1]!);
  const rest = `and ${rows.length - shown} more: ${[...words].map(([word, of]) => `${of.length} ${word}`).join(", ")}`;
  const first = order.slice(0, shown).map((i) => drawn[i]!);
  return [heading, ...first, terminal.paint("faint", rest.slice(0, terminal.columns))];
}

/** The whole table, the heading first. Where even the first columns do not fit, a row has two lines. */
function layOut(rows: readonly Row[], terminal: Terminal): string[] {
  const widths = HEADING.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const widthOf = (count: number) => widths.slice(0, count).reduce((sum, width) => sum + width + 2, -2);
  const room = terminal.interactive ? terminal.columns : Infinity;
  let count = HEADING.length;
  while (count > COLUMNS_MIN && widthOf(count) + " ms".length > room) count--;
  const fits = widthOf(count) <= room;
  const lineOf = ([target = "", word = "", ...figures]: Row, painted: string) => {
    const cells = figures.slice(0, count - 2).map((cell, i) => cell.padStart(widths[i + 2]!));
    const first = fits ? target.padEnd(widths[0]!) : `${target.slice(0, room)}\n`;
    return [first, painted.padEnd(painted.length + widths[1]! - word.length), ...cells].join("  ");
  };
  const drawn = rows.map((row) => {
    const [, word = "", , , minimum] = row;
    const painted = terminal.paint(word === "waiting" ? "faint" : verdictStyle(word), word);
    return lineOf(row, painted) + (count > COLUMNS_BEFORE_TIMES && minimum !== "-" ? " ms" : "");
  });
  return [terminal.paint("faint", lineOf(HEADING, HEADING[1]!)), ...drawn];
}
