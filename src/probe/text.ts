/**
 * How the probe writes what it measures.
 * @module
 */

import { addressText } from "../net/address.ts";
import type { ResolvedAddress } from "../net/endpoint.ts";

/** Nanoseconds as milliseconds with three decimals, `0.213`; a dash where there is no such time. */
export function milliseconds(nanoseconds: number): string {
  return Number.isNaN(nanoseconds) ? "-" : (nanoseconds / 1_000_000).toFixed(3);
}

/** Milliseconds as people write a duration, in the largest unit that gives a short number: `1s`, `200ms`. */
export function duration(milliseconds: number): string {
  const [unit, size] = milliseconds >= 60_000 && milliseconds % 60_000 === 0
    ? ["m", 60_000]
    : milliseconds >= 1000 || milliseconds === 0
    ? ["s", 1000]
    : milliseconds >= 1
    ? ["ms", 1]
    : ["us", 0.001];
  return `${Number((milliseconds / size).toFixed(3))}${unit}`;
}

/** An address with the zone it needs: `fe80::1%eth0`. */
export function hostText({ bytes, zone }: ResolvedAddress): string {
  return addressText(bytes) + (zone === "" ? "" : `%${zone}`);
}
