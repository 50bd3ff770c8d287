/**
 * Control messages: the data beside the payload that `recvmsg` and `sendmsg` exchange with the kernel. This file decodes
 * all that the program receives, and encodes all that it sends. cmsg(3)
 * @module
 */

import {
  IP_PKTINFO,
  IP_RECVERR,
  IP_RECVFRAGSIZE,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  IPV6_RECVFRAGSIZE,
  IPV6_TCLASS,
  SCM_TIMESTAMPING,
  SOL_SOCKET,
  UDP_GRO,
  UDP_SEGMENT,
} from "../../ffi/constants.ts";
import {
  cmsghdr,
  in6_pktinfo,
  in_pktinfo,
  scm_timestamping,
  sock_extended_err,
  sockaddr_in,
  sockaddr_in6,
  timespec,
} from "../../ffi/layouts.ts";
import type { Memory } from "../../ffi/memory.ts";
import { isMapped, isMulticast, isUnspecified, writeIPv4 } from "../net/address.ts";
import { copyWords, field, word } from "./message_layout.ts";

/** The datagram was sent to an address of this host. */
export const UNICAST = 0;
/** The datagram was sent to a broadcast address. */
export const BROADCAST = 1;
/** The datagram was sent to a multicast address. */
export const MULTICAST = 2;
/** The kernel did not report the destination, or cut the datagram or its control messages. */
export const UNKNOWN = 3;

/** Kind of a datagram's destination: {@link UNICAST}, {@link BROADCAST}, {@link MULTICAST} or {@link UNKNOWN}. */
export type Destination = typeof UNICAST | typeof BROADCAST | typeof MULTICAST | typeof UNKNOWN;

/** The fields of a message of which nothing is known. */
export const NOTHING_KNOWN: Int32Array = new Int32Array(field.count).fill(-1, field.nanoseconds, field.destination);
NOTHING_KNOWN[field.destination] = UNKNOWN;

/** Bytes of an error with the socket address of who reported it, IPv4 and IPv6. */
const ERROR_SIZE = sock_extended_err.size + sockaddr_in.size;
const ERROR_SIZE_IPV6 = sock_extended_err.size + sockaddr_in6.size;

/** What the control messages are decoded from and into. */
export interface Decoding {
  /** Memory of the buffers to decode. */
  readonly headers: Memory;
  /** Paths, by message number. */
  readonly paths: Int32Array;
  /** Fields, by message number. */
  readonly fields: Int32Array;
  /** Sets a field of message `i`. */
  set(i: number, name: number, value: number): void;
}

/**
 * Decodes the control messages of message `i`, in the buffer of `length` bytes at `offset`, a multiple of 8: its interface
 * and all fields; and, if its destination is known, the local address to answer from, or `::` if the interface determines
 * it. It allocates nothing, and never reads outside the buffer, whatever the buffer holds.
 */
export function decodeControlMessages(messages: Decoding, i: number, offset: number, length: number): void {
  copyWords(NOTHING_KNOWN, 0, messages.fields, i * field.count, field.count);
  messages.paths[i * word.count + word.interface] = 0;
  const { i32: words } = messages.headers;
  const end = offset + length;
  for (let at = offset; at + cmsghdr.size <= end;) {
    // The length has 64 bits. A buffer of ours needs the lower 31 only.
    const messageLength = words[(at + cmsghdr.cmsg_len) >> 2]!;
    const upper = words[(at + cmsghdr.cmsg_len + 4) >> 2]!;
    if (messageLength < cmsghdr.size || at + messageLength > end || upper !== 0) return;
    const level = words[(at + cmsghdr.cmsg_level) >> 2]!;
    const type = words[(at + cmsghdr.cmsg_type) >> 2]!;
    decode(messages, i, level, type, at + cmsghdr.size, messageLength - cmsghdr.size);
    at += align(messageLength);
  }
}

function decode(messages: Decoding, i: number, level: number, type: number, data: number, length: number): void {
  const { i32: words } = messages.headers;
  // A TOS is a single byte, followed by padding.
  const value = words[data >> 2]!;
  if (level === IPPROTO_IP) {
    if (type === IP_PKTINFO && length >= in_pktinfo.size) decodeIPv4PacketInfo(messages, i, data >> 2);
    if (type === IP_RECVERR && length >= ERROR_SIZE) messages.set(i, field.extendedError, data);
    if (type === IP_RECVFRAGSIZE && length >= 4) messages.set(i, field.fragmentSize, value);
    if (type === IP_TOS && length >= 1) messages.set(i, field.trafficClass, value & 0xff);
    if (type === IP_TTL && length >= 4) messages.set(i, field.hopLimit, value & 0xff);
  } else if (level === IPPROTO_IPV6) {
    if (type === IPV6_PKTINFO && length >= in6_pktinfo.size) decodeIPv6PacketInfo(messages, i, data >> 2);
    if (type === IPV6_RECVERR && length >= ERROR_SIZE_IPV6) messages.set(i, field.extendedError, data);
    if (type === IPV6_RECVFRAGSIZE && length >= 4) messages.set(i, field.fragmentSize, value);
    if (type === IPV6_TCLASS && length >= 4) messages.set(i, field.trafficClass, value & 0xff);
    if (type === IPV6_HOPLIMIT && length >= 4) messages.set(i, field.hopLimit, value & 0xff);
  } else if (level === IPPROTO_UDP) {
    if (type === UDP_GRO && length >= 4) messages.set(i, field.segmentSize, value);
  } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPING && length >= scm_timestamping.size) {
    messages.set(i, field.seconds, words[(data + scm_timestamping.ts + timespec.tv_sec) >> 2]!);
    messages.set(i, field.nanoseconds, words[(data + scm_timestamping.ts + timespec.tv_nsec) >> 2]!);
  }
}

function decodeIPv4PacketInfo(messages: Decoding, i: number, at: number): void {
  const { headers: { i32: words }, paths } = messages;
  const path = i * word.count;
  const sentTo = words[at + (in_pktinfo.ipi_addr >> 2)]!;
  // The first byte of the address is the word's lowest.
  const multicast = (sentTo & 0xf0) === 0xe0;
  // For a datagram that came before IP_PKTINFO was set, the kernel knows the destination alone. If the interface has no
  // address, there is none to answer a broadcast or a multicast from.
  const answerFrom = words[at + (in_pktinfo.ipi_spec_dst >> 2)]! || (multicast || sentTo === -1 ? 0 : sentTo);
  paths[path + word.interface] = words[at + (in_pktinfo.ipi_ifindex >> 2)]!;
  writeIPv4(paths, path + word.local, answerFrom);
  const broadcast = sentTo !== answerFrom || sentTo === -1;
  const unicast = answerFrom === 0 ? UNKNOWN : UNICAST;
  messages.set(i, field.destination, multicast ? MULTICAST : broadcast ? BROADCAST : unicast);
}

function decodeIPv6PacketInfo(messages: Decoding, i: number, at: number): void {
  const { headers: { i32: words }, paths } = messages;
  const path = i * word.count;
  const address = at + (in6_pktinfo.ipi6_addr >> 2);
  // An IPv4 datagram on a dual-stack socket brings both messages, and only IP_PKTINFO tells a broadcast.
  if (isMapped(words, address)) return;
  const multicast = isMulticast(words, address);
  paths[path + word.interface] = words[at + (in6_pktinfo.ipi6_ifindex >> 2)]!;
  // A multicast address is no source: the interface determines it.
  for (let k = 0; k < 4; k++) paths[path + word.local + k] = multicast ? 0 : words[address + k]!;
  messages.set(i, field.destination, multicast ? MULTICAST : isUnspecified(words, address) ? UNKNOWN : UNICAST);
}

/**
 * Most bytes of the control messages of a received message, with every option on that brings one which this file decodes:
 * both packet infos, for an IPv4 datagram on a dual-stack socket; the time; the segment size, the fragment size, the
 * traffic class and the hop limit. Others may follow that a user asked for by number.
 */
export const RECEIVE_CONTROL_SIZE: number = space(in_pktinfo.size) + space(in6_pktinfo.size) +
  space(scm_timestamping.size) + 4 * space(4) + 64;

/** Most bytes of the control messages of a sent message: `IPV6_PKTINFO`, `IPV6_TCLASS` and `UDP_SEGMENT`. */
export const SEND_CONTROL_SIZE: number = space(in6_pktinfo.size) + space(4) + space(2);

/**
 * Encodes the source address of a message, `IP_PKTINFO` or `IPV6_PKTINFO`. Without a source and an interface it encodes
 * nothing: a control message with an empty source would override the address that the socket is bound to.
 * @param at offset of the message in `memory`, a multiple of 8
 * @param words the source address, four words from `first`; unspecified for the choice of the kernel
 * @param interfaceIndex interface to send by; 0 for the choice of the routing table
 * @returns the offset behind the message
 */
export function encodeSource(
  memory: Memory,
  at: number,
  words: Int32Array,
  first: number,
  interfaceIndex: number,
): number {
  const { i32 } = memory;
  if (isUnspecified(words, first) && interfaceIndex === 0) return at;
  if (isMapped(words, first)) {
    const data = encodeHeader(memory, at, IPPROTO_IP, IP_PKTINFO, in_pktinfo.size);
    i32[(data + in_pktinfo.ipi_ifindex) >> 2] = interfaceIndex;
    i32[(data + in_pktinfo.ipi_spec_dst) >> 2] = words[first + 3]!;
    i32[(data + in_pktinfo.ipi_addr) >> 2] = 0;
    return at + space(in_pktinfo.size);
  }
  const data = encodeHeader(memory, at, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo.size);
  const address = (data + in6_pktinfo.ipi6_addr) >> 2;
  copyWords(words, first, i32, address, 4);
  i32[(data + in6_pktinfo.ipi6_ifindex) >> 2] = interfaceIndex;
  return at + space(in6_pktinfo.size);
}

/**
 * Encodes the TOS of an IPv4 message, or the traffic class of an IPv6 message. ip(7), ipv6(7)
 * @param at offset of the message in `memory`, a multiple of 8
 * @param value 0 to 255
 * @returns the offset behind the message
 */
export function encodeTrafficClass(memory: Memory, at: number, ipv4: boolean, value: number): number {
  const data = encodeHeader(memory, at, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TOS : IPV6_TCLASS, 4);
  memory.i32[data >> 2] = value;
  return at + space(4);
}

/**
 * Encodes `UDP_SEGMENT`: the payload leaves as datagrams of `segmentSize` bytes, the last of which may be shorter. udp(7)
 * @param at offset of the message in `memory`, a multiple of 8
 * @returns the offset behind the message
 */
export function encodeSegmentSize(memory: Memory, at: number, segmentSize: number): number {
  const data = encodeHeader(memory, at, IPPROTO_UDP, UDP_SEGMENT, 2);
  memory.u16[data >> 1] = segmentSize;
  return at + space(2);
}

/** Encodes a `struct cmsghdr`; returns the offset of the data. */
function encodeHeader(memory: Memory, at: number, level: number, type: number, dataSize: number): number {
  const { i32 } = memory;
  i32[(at + cmsghdr.cmsg_len) >> 2] = cmsghdr.size + dataSize;
  i32[(at + cmsghdr.cmsg_len + 4) >> 2] = 0;
  i32[(at + cmsghdr.cmsg_level) >> 2] = level;
  i32[(at + cmsghdr.cmsg_type) >> 2] = type;
  return at + cmsghdr.size;
}

/** Bytes of a control message with `dataSize` bytes of data: `CMSG_SPACE`. cmsg(3) */
function space(dataSize: number): number {
  return cmsghdr.size + align(dataSize);
}

function align(length: number): number {
  return (length + cmsghdr.align - 1) & ~(cmsghdr.align - 1);
}
