/**
 * ICMP messages in words.
 * @module
 */

import type { ErrorReport } from "../socket/error_queue.ts";

/** The meaning of an ICMP message to the sender of the datagram. */
export type Meaning = "refused" | "no host" | "no route" | "forbidden" | "too large" | "too far" | "other";

/** Names and meanings by type and code. */
type Messages = ReadonlyMap<string, readonly [name: string, meaning: Meaning]>;

/** RFC 792; RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1 */
const ICMP: Messages = new Map([
  ["3.0", ["network unreachable", "no route"]],
  ["3.1", ["host unreachable", "no host"]],
  ["3.3", ["port unreachable", "refused"]],
  ["3.4", ["fragmentation needed", "too large"]],
  ["3.6", ["network unknown", "no route"]],
  ["3.7", ["host unknown", "no route"]],
  ["3.9", ["network prohibited", "forbidden"]],
  ["3.10", ["host prohibited", "forbidden"]],
  ["3.13", ["administratively prohibited", "forbidden"]],
  ["11.0", ["time to live exceeded", "too far"]],
  ["11.1", ["fragment reassembly time exceeded", "other"]],
]);

/** RFC 4443; RFC 7084 for 1.5; RFC 6550 for 1.6 */
const ICMPV6: Messages = new Map([
  ["1.0", ["no route", "no route"]],
  ["1.1", ["administratively prohibited", "forbidden"]],
  ["1.3", ["address unreachable", "no host"]],
  ["1.4", ["port unreachable", "refused"]],
  ["1.5", ["source address failed policy", "forbidden"]],
  ["1.6", ["route rejected", "no route"]],
  ["2.0", ["packet too big", "too large"]],
  ["3.0", ["hop limit exceeded", "too far"]],
  ["3.1", ["fragment reassembly time exceeded", "other"]],
]);

function messageOf({ version, type, code }: NonNullable<ErrorReport["icmp"]>) {
  return (version === 4 ? ICMP : ICMPV6).get(`${type}.${code}`);
}

/** The name of an ICMP message: `port unreachable`. */
export function icmpName(icmp: NonNullable<ErrorReport["icmp"]>): string {
  return messageOf(icmp)?.[0] ?? `ICMP type ${icmp.type} code ${icmp.code}`;
}

/** The meaning of an ICMP message. */
export function icmpMeaning(icmp: NonNullable<ErrorReport["icmp"]>): Meaning {
  return messageOf(icmp)?.[1] ?? "other";
}
