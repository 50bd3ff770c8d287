/**
 * Endpoints: addresses with ports, as people write them and as the kernel takes them.
 * @module
 */

import { AF_INET, AF_INET6, AF_UNSPEC, EADDRNOTAVAIL, EAFNOSUPPORT, EAI_AGAIN, EINVAL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import { getaddrinfo, interfaceIndex, interfaceName } from "../../ffi/libc.ts";
import type { Memory } from "../../ffi/memory.ts";
import { ADDRESS_SIZE, isIPv4, isLinkLocal, parseAddress } from "./address.ts";
import { describe, requireInteger, requireString } from "./checks.ts";

/** An address and a port. */
export interface Endpoint {
  /** IPv4 or IPv6 address; a link-local one with its zone: `fe80::1%eth0`. */
  readonly address: string;
  /** Port, 0 to 65,535. */
  readonly port: number;
}

/** An address as the kernel takes it. */
export interface ResolvedAddress {
  /** The address, 16 bytes. */
  readonly bytes: Uint8Array;
  /** Name of the interface of a link-local address, or "". */
  readonly zone: string;
  /** Index of that interface, or 0. */
  readonly scope: number;
}

/**
 * Reads an address without asking a name server.
 * @returns `undefined` if the text is no address
 * @throws {SystemError} with a sentence for the user, where its zone is missing or no interface of this host
 */
export function readAddress(text: string): ResolvedAddress | undefined {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) {
    const message = `no interface named ${JSON.stringify(zone)} on this host; \`ip link\` lists what there is`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  if (isLinkLocal(bytes) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes, zone, scope };
}

/** A zone may be given as the number of an interface. RFC 4007, 11.2 */
function zoneNumber(zone: string): number {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}

/**
 * Reads an address that must be one: names are not looked up.
 * @throws {SystemError} with a sentence for the user
 */
export function requireAddress(text: string): ResolvedAddress {
  const address = readAddress(requireString("inet_pton", "an address", text));
  if (address !== undefined) return address;
  throw new SystemError("inet_pton", EINVAL, `${describe(text)} is no IPv4 or IPv6 address; names are not looked up`);
}

/**
 * Requires a port, of at least `least`.
 * @throws {SystemError} `EINVAL`
 */
export function requirePort(syscall: string, port: number, least: 0 | 1): number {
  return requireInteger(syscall, "a port", port, least, 65_535);
}

/**
 * The addresses that a text stands for: itself if it is one, else those that the name resolves to, in the order in
 * which they are to be tried. It waits for the name server.
 * @throws {SystemError} with a sentence for the user, where there is none
 */
export function resolve(text: string, family?: 4 | 6): ResolvedAddress[] {
  const address = readAddress(text);
  if (address !== undefined) return [address];
  const answers = getaddrinfo(text, family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC);
  if (typeof answers === "number" || answers.length === 0) {
    const why = answers === EAI_AGAIN
      ? "the name server does not answer; try again, or give an address"
      : "no such name; check the spelling, or give an address";
    const which = family === undefined ? "" : ` with an IPv${family} address`;
    throw new SystemError("getaddrinfo", EADDRNOTAVAIL, `cannot resolve ${JSON.stringify(text)}${which}: ${why}`);
  }
  return answers.map(readSocketAddress);
}

/** Reads a `struct sockaddr_in` or `sockaddr_in6` of its exact length. */
export function readSocketAddress(name: Uint8Array): ResolvedAddress {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  if (name.length === sockaddr_in.size) {
    bytes.fill(0xff, 10, 12);
    bytes.set(name.subarray(sockaddr_in.sin_addr, sockaddr_in.sin_addr + 4), 12);
    return { bytes, zone: "", scope: 0 };
  }
  bytes.set(name.subarray(sockaddr_in6.sin6_addr, sockaddr_in6.sin6_addr + ADDRESS_SIZE));
  const scope = new DataView(name.buffer, name.byteOffset).getUint32(sockaddr_in6.sin6_scope_id, true);
  return { bytes, zone: scope === 0 ? "" : interfaceName(scope), scope };
}

/**
 * Writes a socket address of the family `domain` at the place `at`, a multiple of 4.
 * @returns its length
 * @throws {SystemError} `EAFNOSUPPORT` for an IPv6 address where the socket takes IPv4 only
 */
export function writeSocketAddress(
  memory: Memory,
  at: number,
  domain: number,
  address: ResolvedAddress,
  port: number,
): number {
  const { bytes } = memory;
  memory.u16[at >> 1] = domain;
  bytes[at + sockaddr_in6.sin6_port] = port >> 8;
  bytes[at + sockaddr_in6.sin6_port + 1] = port & 0xff;
  if (domain === AF_INET) {
    if (!isIPv4(address.bytes)) {
      throw new SystemError("sendmsg", EAFNOSUPPORT, "an IPv4 socket does not reach IPv6 addresses; bind one to ::");
    }
    bytes.set(address.bytes.subarray(12), at + sockaddr_in.sin_addr);
    return sockaddr_in.size;
  }
  memory.i32[(at + sockaddr_in6.sin6_flowinfo) >> 2] = 0;
  bytes.set(address.bytes, at + sockaddr_in6.sin6_addr);
  memory.i32[(at + sockaddr_in6.sin6_scope_id) >> 2] = address.scope;
  return sockaddr_in6.size;
}
