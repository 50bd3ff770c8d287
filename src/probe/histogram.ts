/**
 * A histogram as lines of text.
 * @module
 */

import type { Terminal } from "../cli/terminal.ts";
import { formatMilliseconds } from "./duration.ts";
import type { Bucket } from "./statistics.ts";

/** What is drawn on: block characters need `unicode`. */
type Canvas = Pick<Terminal, "unicode" | "paint">;

/** Most lines of a histogram. */
const ROWS_MAX = 16;
/** Longest bar, in characters. */
const BAR_MAX = 50;

/** Rows for each power of ten: preferred numbers. ISO 3 */
const ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1] as const;

/**
 * Puts values into rows whose borders are in geometric progression, as finely as `rowsMax` rows allow. Rows without
 * values are left out; each such gap counts as one row.
 */
export function histogramRows(buckets: readonly Bucket[], rowsMax: number): Bucket[] {
  for (const perDecade of ROWS_PER_DECADE) {
    const counts = new Map<number, number>();
    for (const { from, to, count } of buckets) {
      const index = Math.floor(Math.log10(Math.max(1, (from + to - 1) / 2)) * perDecade);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
    const indexes = [...counts.keys()].sort((a, b) => a - b);
    const gaps = indexes.filter((index, i) => i > 0 && index > indexes[i - 1]! + 1).length;
    if (indexes.length + gaps > rowsMax && perDecade > 1) continue;
    return indexes.map((index) => ({
      from: 10 ** (index / perDecade),
      to: 10 ** ((index + 1) / perDecade),
      count: counts.get(index)!,
    }));
  }
  return [];
}

/**
 * Draws a histogram of nanoseconds in lines of at most `width` characters: the start of each row in milliseconds, a bar
 * in proportion to its count, and the count. Dots mark a gap between rows. Rice's rule limits the rows by the values.
 */
export function drawHistogram(buckets: readonly Bucket[], width: number, terminal: Canvas): string[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const rows = histogramRows(buckets, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = rows.map((row) => `${formatMilliseconds(row.from)} ms`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, Math.min(BAR_MAX, width - labelWidth - `${most}`.length - 4));
  const bars = rows.map((row) => bar(row.count / most * room, terminal.unicode));
  const lines: string[] = [];
  rows.forEach((row, i) => {
    // Equal borders may differ in the last digits.
    if (i > 0 && row.from > rows[i - 1]!.to * 1.001) {
      lines.push(`  ${(terminal.unicode ? "⋮" : ":").padStart(labelWidth)}`);
    }
    lines.push(`  ${labels[i]!.padStart(labelWidth)} ${terminal.paint("bar", bars[i]!)} ${row.count}`);
  });
  return lines;
}

/** A bar that is `length` characters long, at least the shortest that can be shown. */
function bar(length: number, unicode: boolean): string {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return "█".repeat(eighths >> 3) + (eighths & 7 ? EIGHTHS[(eighths & 7) - 1]! : "");
}

/** Blocks of one to seven eighths of a character. */
const EIGHTHS = "▏▎▍▌▋▊▉";
