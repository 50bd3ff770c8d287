/**
 * What ICMP messages say, in words.
 * @module
 */

import type { ErrorReport } from "../socket/error_queue.ts";

/** Messages by type and code, for IPv4. RFC 792; RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1 */
const ICMP: ReadonlyMap<string, string> = new Map([
  ["3.0", "network unreachable"],
  ["3.1", "host unreachable"],
  ["3.2", "protocol unreachable"],
  ["3.3", "port unreachable"],
  ["3.4", "fragmentation needed"],
  ["3.5", "source route failed"],
  ["3.6", "network unknown"],
  ["3.7", "host unknown"],
  ["3.9", "network prohibited"],
  ["3.10", "host prohibited"],
  ["3.11", "network unreachable for this type of service"],
  ["3.12", "host unreachable for this type of service"],
  ["3.13", "administratively prohibited"],
  ["11.0", "time to live exceeded"],
  ["11.1", "fragment reassembly time exceeded"],
]);

/** The same for IPv6. RFC 4443; RFC 7084 for 1.5; RFC 6550 for 1.6 */
const ICMPV6: ReadonlyMap<string, string> = new Map([
  ["1.0", "no route"],
  ["1.1", "administratively prohibited"],
  ["1.2", "beyond the scope of the source address"],
  ["1.3", "address unreachable"],
  ["1.4", "port unreachable"],
  ["1.5", "source address failed policy"],
  ["1.6", "route rejected"],
  ["2.0", "packet too big"],
  ["3.0", "hop limit exceeded"],
  ["3.1", "fragment reassembly time exceeded"],
]);

/** What an ICMP message means to who sent the datagram, as far as it is told apart. */
export type Meaning = "refused" | "nobody there" | "no way" | "forbidden" | "too large" | "too far" | "other";

const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ["port unreachable", "refused"],
  ["host unreachable", "nobody there"],
  ["address unreachable", "nobody there"],
  ["network unreachable", "no way"],
  ["network unknown", "no way"],
  ["host unknown", "no way"],
  ["no route", "no way"],
  ["route rejected", "no way"],
  ["network prohibited", "forbidden"],
  ["host prohibited", "forbidden"],
  ["administratively prohibited", "forbidden"],
  ["source address failed policy", "forbidden"],
  ["fragmentation needed", "too large"],
  ["packet too big", "too large"],
  ["time to live exceeded", "too far"],
  ["hop limit exceeded", "too far"],
]);

/** What an ICMP message is called: `port unreachable`. */
export function icmpName({ version, type, code }: NonNullable<ErrorReport["icmp"]>): string {
  return (version === 4 ? ICMP : ICMPV6).get(`${type}.${code}`) ?? `ICMP type ${type} code ${code}`;
}

/** What an ICMP message means. */
export function icmpMeaning(icmp: NonNullable<ErrorReport["icmp"]>): Meaning {
  return MEANINGS.get(icmpName(icmp)) ?? "other";
}
