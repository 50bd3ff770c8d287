/**
 * Socket addresses: `struct sockaddr_in` and `struct sockaddr_in6`.
 * @module
 */

import { AF_INET } from "../../ffi/constants.ts";
import { interfaceName } from "../../ffi/interfaces.ts";
import { sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import type { Memory } from "../../ffi/memory.ts";
import { ADDRESS_SIZE, addressWords, type ResolvedAddress } from "./address.ts";

/** Bytes of a socket address of the family: `AF_INET` or `AF_INET6`. */
export function socketAddressSize(family: number): number {
  return family === AF_INET ? sockaddr_in.size : sockaddr_in6.size;
}

/**
 * Writes a socket address. It allocates nothing. ip(7), ipv6(7)
 * @param at its offset, a multiple of 4
 * @param family `AF_INET` or `AF_INET6`; with `AF_INET` the address must be an IPv4 address
 * @param words the address, four words from `word`
 * @param scope interface index of a link-local address, else 0
 * @returns its length in bytes
 */
export function writeSocketAddress(
  memory: Memory,
  at: number,
  family: number,
  words: Int32Array,
  word: number,
  port: number,
  scope: number,
): number {
  const { bytes, i32 } = memory;
  memory.u16[at >> 1] = family;
  bytes[at + sockaddr_in6.sin6_port] = port >> 8;
  bytes[at + sockaddr_in6.sin6_port + 1] = port & 0xff;
  if (family === AF_INET) {
    i32[(at + sockaddr_in.sin_addr) >> 2] = words[word + 3]!;
    return sockaddr_in.size;
  }
  i32[(at + sockaddr_in6.sin6_flowinfo) >> 2] = 0;
  const address = (at + sockaddr_in6.sin6_addr) >> 2;
  for (let i = 0; i < 4; i++) i32[address + i] = words[word + i]!;
  i32[(at + sockaddr_in6.sin6_scope_id) >> 2] = scope;
  return sockaddr_in6.size;
}

/** Writes the socket address of a resolved address to the start of `memory`; returns its length in bytes. */
export function writeResolvedAddress(memory: Memory, family: number, address: ResolvedAddress, port: number): number {
  return writeSocketAddress(memory, 0, family, addressWords(address.bytes), 0, port, address.scope);
}

/** Reads the address of a `struct sockaddr_in` or `struct sockaddr_in6` of its exact length. */
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

/** The port of a socket address, which both families have at the same offset. */
export function readPort(name: Uint8Array): number {
  return name[sockaddr_in6.sin6_port]! << 8 | name[sockaddr_in6.sin6_port + 1]!;
}
