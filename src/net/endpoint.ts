/**
 * Endpoints, and the addresses that texts stand for.
 * @module
 */

import { AF_INET, AF_INET6, AF_UNSPEC, EADDRNOTAVAIL, EAI_AGAIN } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceIndex, interfaceName } from "../../ffi/interfaces.ts";
import { getaddrinfo } from "../../ffi/resolver.ts";
import { getaddrinfoOnThread } from "../../ffi/resolver_thread.ts";
import { isLinkLocal, parseAddress, type ResolvedAddress } from "./address.ts";
import { describe, invalid, requireInteger, requireType } from "./checks.ts";
import { readSocketAddress } from "./socket_address.ts";

export type { ResolvedAddress } from "./address.ts";

/** An address and a port. */
export interface Endpoint {
  /** IPv4 or IPv6 address, a link-local one with its zone: `fe80::1%eth0`. */
  readonly address: string;
  /** Port, 0 to 65,535. */
  readonly port: number;
}

/**
 * Reads an address. Names are not resolved.
 * @returns `undefined` if the text is no address
 * @throws {SystemError} `EADDRNOTAVAIL` if its zone is missing, or is no interface of this host
 */
export function readAddress(text: string): ResolvedAddress | undefined {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) throw noInterface(zone);
  if (isLinkLocal(bytes) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes, zone, scope };
}

/** The error for a name that no interface has. */
export function noInterface(name: string): SystemError {
  const message = `this host has no interface named ${JSON.stringify(name)}; \`ip link\` lists its interfaces`;
  return new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
}

/**
 * Requires an interface, by name or index; returns its index.
 * @throws {SystemError} `EADDRNOTAVAIL` if this host has no such interface, `EINVAL` for another value
 */
export function requireInterface(value: unknown): number {
  if (typeof value === "number") return requireInteger("if_nametoindex", "an interface", value, 1, 2 ** 31 - 1);
  const name = requireType("if_nametoindex", "an interface", value, "string");
  const index = interfaceIndex(name);
  if (index === 0) throw noInterface(name);
  return index;
}

/** A zone may be the index of an interface. RFC 4007, 11.2 */
function zoneNumber(zone: string): number {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}

/**
 * Requires an address. Names are not resolved.
 * @throws {SystemError} `EINVAL` for another text, or as {@link readAddress} does
 */
export function requireAddress(text: string): ResolvedAddress {
  const address = readAddress(requireType("inet_pton", "an address", text, "string"));
  if (address !== undefined) return address;
  throw invalid("inet_pton", `${describe(text)} is not an IPv4 or IPv6 address; names are not resolved here`);
}

/**
 * Requires a port of at least `least`; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requirePort(syscall: string, port: number, least: 0 | 1): number {
  return requireInteger(syscall, "a port", port, least, 65_535);
}

/**
 * The addresses of a text: the address itself, or those of a name in order of preference. It blocks until the name server
 * answers.
 * @param family 4 or 6 to resolve a name to addresses of that family only
 * @throws {SystemError} with a sentence for the user if there is no such address
 */
export function resolve(text: string, family?: 4 | 6): ResolvedAddress[] {
  const address = readAddress(text);
  return address === undefined ? addressesOf(getaddrinfo(text, domainOf(family)), text, family) : [address];
}

/** Resolves an address or a name as {@link resolve} does, while the event loop goes on. */
export async function resolveOnThread(text: string, family?: 4 | 6): Promise<ResolvedAddress[]> {
  const address = readAddress(text);
  return address === undefined
    ? addressesOf(await getaddrinfoOnThread(text, domainOf(family)), text, family)
    : [address];
}

function domainOf(family: 4 | 6 | undefined): number {
  return family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC;
}

/** The addresses of a name that was resolved. */
function addressesOf(answers: Uint8Array[] | number, text: string, family: 4 | 6 | undefined): ResolvedAddress[] {
  if (typeof answers === "number" || answers.length === 0) {
    const why = answers === EAI_AGAIN
      ? "the name server does not answer; try again, or give an address"
      : "no such name; check the spelling, or give an address";
    const which = family === undefined ? "" : ` with an IPv${family} address`;
    throw new SystemError("getaddrinfo", EADDRNOTAVAIL, `cannot resolve ${JSON.stringify(text)}${which}: ${why}`);
  }
  return answers.map(readSocketAddress);
}
