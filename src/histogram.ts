/**
 * A histogram as lines of text.
 * @module
 */

import type { Bucket } from "./statistics.ts";

/** Most lines of a histogram. */
const ROWS_MAX = 16;

/** How many rows to each power of ten may be: preferred numbers, as of resistors. ISO 3 */
const ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1] as const;

/** A row of a histogram: `count` values from `from` to below `to`. */
export interface Row {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * Puts values into rows whose borders are in geometric progression, as finely as `rowsMax` rows allow. Rows without
 * values are left out, and of several in succession only one is in the way of that.
 */
export function histogramRows(buckets: readonly Bucket[], rowsMax: number): Row[] {
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

/** How a histogram is drawn. */
export interface HistogramStyle {
  /** Most characters of a line. */
  readonly width: number;
  /** Whether block characters can be shown; else it is drawn in ASCII. */
  readonly unicode: boolean;
  /** Colours a bar. */
  readonly paint: (bar: string) => string;
  /** The text of a value, all to be aligned at their end. */
  readonly label: (value: number) => string;
}

/**
 * Draws a histogram: a line for each row, with where it starts, a bar in proportion to its count, and the count. A gap
 * between rows is a line with dots. No more rows than values give a picture: Rice's rule.
 */
export function drawHistogram(buckets: readonly Bucket[], style: HistogramStyle): string[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const rows = histogramRows(buckets, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = rows.map((row) => style.label(row.from));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, style.width - labelWidth - `${most}`.length - 4);
  const bars = rows.map((row) => bar(row.count / most * room, style.unicode));
  const lines: string[] = [];
  rows.forEach((row, i) => {
    // The borders are powers with the same exponent, but for the last digits.
    if (i > 0 && row.from > rows[i - 1]!.to * 1.001) lines.push(`  ${(style.unicode ? "⋮" : ":").padStart(labelWidth)}`);
    lines.push(`  ${labels[i]!.padStart(labelWidth)} ${style.paint(bars[i]!)} ${row.count}`);
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
