/**
 * IP addresses as the library's users have them: 4 or 16 bytes, and a zone.
 * @module
 */

import { addressText, isIPv4, parseAddress as parse } from "./address.ts";
import { invalid, requireBytes, requireType } from "./checks.ts";

/** An IP address. */
export interface IpAddress {
  /** Its bytes in network byte order: 4 of an IPv4 address, 16 of an IPv6 address. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Zone of an IPv6 address: the name or the index of an interface; "" without one. RFC 4007, 11 */
  readonly zone: string;
}

/**
 * Parses an IPv4 address in dotted decimal, or an IPv6 address, also with a zone: `fe80::1%eth0`. RFC 4291, 2.2
 * @returns `undefined` if the text is no address
 */
export function parseAddress(text: string): IpAddress | undefined {
  const percent = text.indexOf("%");
  const bytes = parse(percent < 0 ? text : text.slice(0, percent));
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (bytes === undefined || (percent >= 0 && (zone === "" || !text.includes(":")))) return undefined;
  return { bytes: text.includes(":") ? bytes : bytes.slice(12), zone };
}

/**
 * The text of an address of 4 or 16 bytes, in the form of RFC 5952. An IPv4-mapped address becomes an IPv4 address.
 * @throws {SystemError} `EINVAL` for another number of bytes
 */
export function formatAddress(bytes: Uint8Array, zone = ""): string {
  const size = requireBytes("inet_ntop", "an address", bytes);
  requireType("inet_ntop", "a zone", zone, "string");
  if (size !== 4 && size !== 16) throw invalid("inet_ntop", `an address has 4 or 16 bytes, not ${size}`);
  const mapped = new Uint8Array(16);
  if (size === 4) mapped.fill(0xff, 10, 12);
  mapped.set(bytes, 16 - size);
  return addressText(mapped) + (zone === "" || isIPv4(mapped) ? "" : `%${zone}`);
}
