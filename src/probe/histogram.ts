/**
 * A histogram as lines of text.
 * @module
 */

import type { Bucket } from "./statistics.ts";

/** Most lines of a histogram. */
const ROWS_MAX = 16;
/** Longest bar, in characters. */
const BAR_MAX = 50;

/** How many rows to each power of ten may be: preferred numbers, as of resistors. ISO 3 */
const ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1] as const;

/**
 * Puts values into rows whose borders are in geometric progression, as finely as `rowsMax` rows allow. Rows without
 * values are left out, and of several in succession only one is in the way of that.
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

/** How a histogram is drawn. */
export interface HistogramStyle {
  /** Most characters of a line. */
  readonly width: number;
  /** Whether block characters can be shown; else it is drawn in ASCII. */
  readonly unicode: boolean;
  /** Colours a bar. */
  readonly paint: (bar: string) => string;
  /** The text of a value; they are aligned at their decimal points. */
  readonly label: (value: number) => string;
  /** What stands behind the labels. */
  readonly unit: string;
}

/**
 * Draws a histogram: a line for each row, with where it starts, a bar in proportion to its count, and the count. A gap
 * between rows is a line with dots. No more rows than values give a picture: Rice's rule.
 */
export function drawHistogram(buckets: readonly Bucket[], style: HistogramStyle): string[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const rows = histogramRows(buckets, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = alignPoints(rows.map((row) => style.label(row.from))).map((label) => `${label} ${style.unit}`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, Math.min(BAR_MAX, style.width - labelWidth - `${most}`.length - 4));
  const bars = rows.map((row) => bar(row.count / most * room, style.unicode));
  const lines: string[] = [];
  rows.forEach((row, i) => {
    // The borders are powers with the same exponent, but for the last digits.
    if (i > 0 && row.from > rows[i - 1]!.to * 1.001) {
      lines.push(`  ${(style.unicode ? "⋮" : ":").padStart(labelWidth)}`);
    }
    lines.push(`  ${labels[i]} ${style.paint(bars[i]!)} ${row.count}`);
  });
  return lines;
}

/** Pads numbers so that their decimal points stand below each other. */
function alignPoints(numbers: readonly string[]): string[] {
  const parts = numbers.map((number) => number.split(".") as [string, string?]);
  const before = Math.max(...parts.map(([whole]) => whole.length));
  const after = Math.max(...parts.map(([, decimals]) => decimals === undefined ? 0 : decimals.length + 1));
  return parts.map(([whole, decimals]) =>
    whole.padStart(before) + (decimals === undefined ? "" : `.${decimals}`).padEnd(after)
  );
}

/** A bar that is `length` characters long, at least the shortest that can be shown. */
function bar(length: number, unicode: boolean): string {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return "█".repeat(eighths >> 3) + (eighths & 7 ? EIGHTHS[(eighths & 7) - 1]! : "");
}

/** Blocks of one to seven eighths of a character. */
const EIGHTHS = "▏▎▍▌▋▊▉";
