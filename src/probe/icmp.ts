/**
 * ICMP messages in words.
 * @module
 */

import type { ErrorReport } from "../socket/error_queue.ts";

/** The meaning of a message: the host that sends it *finds no host at* the target. */
export const NO_HOST = "finds no host at";
/** A datagram was too large. */
export const TOO_LARGE = "cannot forward so large a packet to";
/** A datagram passed too many routers. */
export const TOO_FAR = "discards datagrams to";
/** The message by which a host says that nothing listens; a firewall may send it, too. */
export const PORT_UNREACHABLE = "port unreachable";

const NO_ROUTE = "has no route to";
const REJECTS = "has a firewall that rejects datagrams to";
const OTHER = "reports an error for";

/** Names and meanings by IP version, type and code. */
const MESSAGES: ReadonlyMap<string, readonly [name: string, meaning: string]> = new Map([
  // RFC 792; RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1
  ["v4 3.0", ["network unreachable", NO_ROUTE]],
  ["v4 3.1", ["host unreachable", NO_HOST]],
  ["v4 3.3", [PORT_UNREACHABLE, REJECTS]],
  ["v4 3.4", ["fragmentation needed", TOO_LARGE]],
  ["v4 3.6", ["network unknown", NO_ROUTE]],
  ["v4 3.7", ["host unknown", NO_ROUTE]],
  ["v4 3.9", ["network prohibited", REJECTS]],
  ["v4 3.10", ["host prohibited", REJECTS]],
  ["v4 3.13", ["administratively prohibited", REJECTS]],
  ["v4 11.0", ["time to live exceeded", TOO_FAR]],
  ["v4 11.1", ["fragment reassembly time exceeded", OTHER]],
  // RFC 4443; RFC 7084 for 1.5; RFC 6550 for 1.6
  ["v6 1.0", ["no route", NO_ROUTE]],
  ["v6 1.1", ["administratively prohibited", REJECTS]],
  ["v6 1.3", ["address unreachable", NO_HOST]],
  ["v6 1.4", [PORT_UNREACHABLE, REJECTS]],
  ["v6 1.5", ["source address failed policy", REJECTS]],
  ["v6 1.6", ["route rejected", NO_ROUTE]],
  ["v6 2.0", ["packet too big", TOO_LARGE]],
  ["v6 3.0", ["hop limit exceeded", TOO_FAR]],
  ["v6 3.1", ["fragment reassembly time exceeded", OTHER]],
]);

/** The name of an ICMP message, and what its sender does with datagrams: `["no route", "has no route to"]`. */
export function icmpMessage({ version, type, code }: NonNullable<ErrorReport["icmp"]>): readonly [string, string] {
  return MESSAGES.get(`v${version} ${type}.${code}`) ?? [`message of type ${type}, code ${code}`, OTHER];
}
