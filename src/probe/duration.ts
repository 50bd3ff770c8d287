/**
 * Durations as text.
 * @module
 */

/** Units by name, in milliseconds; the largest first. */
const UNITS: ReadonlyMap<string, number> = new Map([["m", 60_000], ["s", 1000], ["ms", 1], ["us", 0.001]]);

/**
 * Reads a duration: `200ms`, `1.5s`. A number without a unit means seconds, as for ping(8) and sleep(1).
 * @returns milliseconds; `NaN` if the text is no duration
 */
export function parseDuration(text: string): number {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(us|ms|s|m|)$/.exec(text);
  return match === null ? NaN : Number(match[1]) * UNITS.get(match[2] || "s")!;
}

/** Milliseconds as a short text, the inverse of {@link parseDuration}: `1s`, `200ms`. */
export function formatDuration(milliseconds: number): string {
  const fits = ([unit, size]: [string, number]) => milliseconds >= size && (unit !== "m" || milliseconds % size === 0);
  const [unit, size] = [...UNITS].find(fits) ?? ["s", 1000];
  return `${Number((milliseconds / size).toFixed(3))}${unit}`;
}

/** Nanoseconds as milliseconds with three decimals, `0.213`; a dash for `NaN`. */
export function formatMilliseconds(nanoseconds: number): string {
  return Number.isNaN(nanoseconds) ? "-" : (nanoseconds / 1_000_000).toFixed(3);
}
