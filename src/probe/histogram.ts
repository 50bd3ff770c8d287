/**
 * A histogram as lines of text.
 * @module
 */

import type { Terminal } from "../cli/terminal.ts";
import { formatMilliseconds } from "./duration.ts";
import type { Frequency } from "./statistics.ts";

/** The output: block characters need `unicode`. */
type Canvas = Pick<Terminal, "unicode" | "paint">;

/** Values from `from` to below `to` that occurred `count` times. */
export interface Row {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Most lines of a histogram. */
const ROWS_MAX = 16;
/** Longest bar, in characters. */
const BAR_MAX = 50;
/** Rows for each power of ten: preferred numbers. ISO 3 */
const ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1] as const;
/** Blocks of one to seven eighths of a character. */
const EIGHTHS = "▏▎▍▌▋▊▉";

/**
 * Puts values into rows whose bounds are in geometric progression, as finely as `rowsMax` rows allow. Rows without
 * values are left out; each such gap counts as one row.
 */
export function histogramRows(frequencies: readonly Frequency[], rowsMax: number): Row[] {
  for (const perDecade of ROWS_PER_DECADE) {
    const counts = new Map<number, number>();
    for (const [value, count] of frequencies) {
      const index = Math.floor(Math.log10(Math.max(1, value)) * perDecade);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
    const indexes = [...counts.keys()];
    const gaps = indexes.filter((index, i) => i > 0 && index > indexes[i - 1]! + 1).length;
    if (indexes.length + gaps > rowsMax && perDecade > 1) continue;
    const bound = (index: number) => 10 ** (index / perDecade);
    return [...counts].map(([index, count]) => ({ from: bound(index), to: bound(index + 1), count }));
  }
  return [];
}

/**
 * Draws a histogram of nanoseconds in lines of at most `width` characters: the start of each row in milliseconds, a bar
 * in proportion to its count, and the count. Dots mark a gap between rows. Rice's rule limits the rows by the values.
 */
export function drawHistogram(frequencies: readonly Frequency[], width: number, terminal: Canvas): string[] {
  const total = frequencies.reduce((sum, [, count]) => sum + count, 0);
  const rows = histogramRows(frequencies, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = rows.map((row) => `${formatMilliseconds(row.from)} ms`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, Math.min(BAR_MAX, width - labelWidth - `${most}`.length - 4));
  return rows.flatMap(({ from, count }, i) => {
    // Equal bounds may differ in the last digits.
    const gap = i > 0 && from > rows[i - 1]!.to * 1.001;
    const row = `  ${labels[i]!.padStart(labelWidth)} ${
      terminal.paint("bar", bar(count / most * room, terminal))
    } ${count}`;
    return gap ? [`  ${(terminal.unicode ? "⋮" : ":").padStart(labelWidth)}`, row] : [row];
  });
}

/** A bar that is `length` characters long, at least the shortest that can be shown. */
function bar(length: number, { unicode }: Canvas): string {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return "█".repeat(eighths >> 3) + EIGHTHS.slice((eighths & 7) - 1, eighths & 7);
}
