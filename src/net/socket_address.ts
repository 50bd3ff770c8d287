/**
 * Socket addresses: `struct sockaddr_in` and `struct sockaddr_in6`.
 * @module
 */

import { AF_INET } from "../../ffi/constants.ts";
import { interfaceName } from "../../ffi/interfaces.ts";
import { sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import type { Memory } from "../../ffi/memory.ts";
import { addressWords, type ResolvedAddress, writeIPv4 } from "./address.ts";

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
  const { i32, u16 } = memory;
  u16[at >> 1] = family;
  u16[(at + sockaddr_in6.sin6_port) >> 1] = port << 8 | port >> 8;
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
  const words = addressWords(name);
  const address = new Int32Array(4);
  if (name.length === sockaddr_in.size) writeIPv4(address, 0, words[sockaddr_in.sin_addr >> 2]!);
  else address.set(words.subarray(sockaddr_in6.sin6_addr >> 2, sockaddr_in6.sin6_scope_id >> 2));
  // That of an IPv4 address is absent.
  const scope = (words[sockaddr_in6.sin6_scope_id >> 2] ?? 0) >>> 0;
  return { bytes: new Uint8Array(address.buffer), zone: scope === 0 ? "" : interfaceName(scope), scope };
}

/** The port of a socket address, which both families have at the same offset. */
export function readPort(name: Uint8Array): number {
  return name[sockaddr_in6.sin6_port]! << 8 | name[sockaddr_in6.sin6_port + 1]!;
}
