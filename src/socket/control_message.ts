/**
 * Control messages, the data beside the payload that `recvmsg` and `sendmsg` exchange with the kernel: a walker that
 * reads a buffer of them, and functions that append one. cmsg(3)
 * @module
 */

import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, IPV6_PKTINFO, UDP_SEGMENT } from "../../ffi/constants.ts";
import { cmsghdr, in6_pktinfo, in_pktinfo } from "../../ffi/layouts.ts";
import type { Memory } from "../../ffi/memory.ts";

/**
 * Walks the control messages that were received. It never reads outside the buffer that it was started on, and it ends,
 * whatever the buffer holds: a message whose length is impossible ends the walk.
 */
export class ControlMessages {
  /** Protocol level of the current message: `IPPROTO_IP`. */
  level = 0;
  /** Type of the current message on its level: `IP_PKTINFO`. */
  type = 0;
  /** Place of the current message's data, a multiple of 8. */
  data = 0;
  /** Bytes of data of the current message. */
  length = 0;
  readonly #i32: Int32Array;
  #next = 0;
  #end = 0;

  /** @param memory where the buffers are */
  constructor(memory: Memory) {
    this.#i32 = memory.i32;
  }

  /** Starts on the buffer of `length` bytes at `at`, a multiple of 8. */
  start(at: number, length: number): void {
    this.#next = at;
    this.#end = at + length;
  }

  /** Goes to the next message; returns false when there is none. */
  next(): boolean {
    const at = this.#next;
    if (at + cmsghdr.size > this.#end) return false;
    // The length has 64 bits, of which no more than the lower 31 can be used in a buffer of ours.
    const length = this.#i32[(at + cmsghdr.cmsg_len) >> 2]!;
    if (length < cmsghdr.size || at + length > this.#end || this.#i32[(at + cmsghdr.cmsg_len + 4) >> 2] !== 0) {
      this.#next = this.#end;
      return false;
    }
    this.level = this.#i32[(at + cmsghdr.cmsg_level) >> 2]!;
    this.type = this.#i32[(at + cmsghdr.cmsg_type) >> 2]!;
    this.data = at + cmsghdr.size;
    this.length = length - cmsghdr.size;
    this.#next = at + align(length);
    return true;
  }
}

/** Room that the reply's control messages take at most: `IPV6_PKTINFO` and `UDP_SEGMENT`. */
export const REPLY_CONTROL_SIZE = space(in6_pktinfo.size) + space(2);

/**
 * Appends `IP_PKTINFO`: the datagram leaves with the source address that is the word `source` in network byte order; by
 * interface `interfaceIndex`, or by the one that the routing table gives if that is 0. ip(7)
 * @returns the place after it
 */
export function appendIPv4PacketInfo(memory: Memory, at: number, source: number, interfaceIndex: number): number {
  const data = appendHeader(memory, at, IPPROTO_IP, IP_PKTINFO, in_pktinfo.size);
  memory.i32[(data + in_pktinfo.ipi_ifindex) >> 2] = interfaceIndex;
  memory.i32[(data + in_pktinfo.ipi_spec_dst) >> 2] = source;
  memory.i32[(data + in_pktinfo.ipi_addr) >> 2] = 0;
  return at + space(in_pktinfo.size);
}

/**
 * Appends `IPV6_PKTINFO`: the datagram leaves with the source address of 16 bytes at `source`, a multiple of 4; by
 * interface `interfaceIndex`, or by the one that the routing table gives if that is 0. ipv6(7), RFC 3542
 * @returns the place after it
 */
export function appendIPv6PacketInfo(memory: Memory, at: number, source: number, interfaceIndex: number): number {
  const data = appendHeader(memory, at, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo.size);
  const { i32 } = memory;
  for (let i = 0; i < 4; i++) i32[(data >> 2) + i] = i32[(source >> 2) + i]!;
  i32[(data + in6_pktinfo.ipi6_ifindex) >> 2] = interfaceIndex;
  return at + space(in6_pktinfo.size);
}

/**
 * Appends `UDP_SEGMENT`: the payload leaves as datagrams of `segmentSize` bytes, the last of which may be shorter.
 * udp(7)
 * @returns the place after it
 */
export function appendSegmentSize(memory: Memory, at: number, segmentSize: number): number {
  const data = appendHeader(memory, at, IPPROTO_UDP, UDP_SEGMENT, 2);
  memory.u16[data >> 1] = segmentSize;
  return at + space(2);
}

function appendHeader(memory: Memory, at: number, level: number, type: number, dataSize: number): number {
  const word = at >> 2;
  memory.i32[word] = cmsghdr.size + dataSize;
  memory.i32[word + 1] = 0;
  memory.i32[word + 2] = level;
  memory.i32[word + 3] = type;
  return at + cmsghdr.size;
}

/** Room that a control message with `dataSize` bytes of data takes: `CMSG_SPACE`. cmsg(3) */
function space(dataSize: number): number {
  return cmsghdr.size + align(dataSize);
}

function align(length: number): number {
  return (length + cmsghdr.align - 1) & ~(cmsghdr.align - 1);
}
