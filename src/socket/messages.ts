/**
 * The messages of a batch as the socket handles them: the memory that the kernel fills, and the decoded fields.
 * @module
 */

import { AF_INET, EMSGSIZE, ESHUTDOWN, MSG_CTRUNC, MSG_TRUNC } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { iovec, mmsghdr, sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { hasLinkLocalPrefix, IPV4_MAPPED, isMapped, isUnspecified } from "../net/address.ts";
import { requireBytes } from "../net/checks.ts";
import { socketAddressSize } from "../net/socket_address.ts";
import { ControlMessageDecoder, RECEIVE_CONTROL_SIZE, UNICAST, UNKNOWN } from "./control_message.ts";

/** Most bytes of one message's payload: the longest train that the kernel delivers as one message. */
export const PAYLOAD_SIZE_MAX = 65_535;

/** Words of one message in {@link Messages.addresses}: the peer's address, then the local address. */
const ADDRESS_STRIDE = 8;
const NAME_STRIDE = 32;
const CONTROL_STRIDE = RECEIVE_CONTROL_SIZE;
// A power of two would place all payloads in the same few sets of the processor's caches.
const PAYLOAD_STRIDE = 65_536 + 192;

/** Values of {@link Messages.marks}. */
export const UNMARKED = 0;
export const MARKED = 1;

/**
 * Up to `capacity` messages. The kernel writes to two blocks of memory: one for headers, socket addresses and control
 * messages, which no user of the library can reach, and one for payloads. The fields are decoded into plain arrays by
 * message number.
 */
export class Messages {
  /** Most messages at a time. */
  readonly capacity: number;
  /** `AF_INET` or `AF_INET6`. */
  readonly family: number;
  /** Messages in use. */
  count = 0;
  /** Port of the socket that received them. */
  localPort = 0;
  /** Memory of the payloads. */
  readonly payloads: Memory;
  /** Addresses, eight words a message: the peer's and the local one. */
  readonly addresses: Int32Array<ArrayBuffer>;
  /** Ports of the peers. */
  readonly ports: Uint16Array;
  /** Interface indexes of the peers' link-local addresses, else 0. */
  readonly scopes: Int32Array;
  /** Indexes of the interfaces that messages arrived by. */
  readonly interfaces: Int32Array;
  /** Indexes of the interfaces that messages leave by; 0 for the choice of the routing table. */
  readonly sendInterfaces: Int32Array;
  /** Bytes of payload. */
  readonly sizes: Int32Array;
  /** Bytes of each datagram of a train but the last, which may be shorter; the size of a single datagram. */
  readonly segmentSizes: Int32Array;
  /** Bytes of the largest fragments that messages were reassembled from; 0 for unfragmented ones. */
  readonly fragmentSizes: Int32Array;
  /** TOS or traffic classes of received messages, -1 if unknown. */
  readonly trafficClasses: Int16Array;
  /** Those of messages to send, -1 for the socket's. */
  readonly sendTrafficClasses: Int16Array;
  /** TTL or hop limits, -1 if unknown. */
  readonly hopLimits: Int16Array;
  /** Kinds of destinations: `UNICAST` … `UNKNOWN`. */
  readonly destinations: Uint8Array;
  /** Whether the kernel cut the datagram or its control messages. */
  readonly cut: Uint8Array;
  /** Whether there is a time of arrival. */
  readonly timed: Uint8Array;
  /** Seconds of the times of arrival. */
  readonly seconds: Uint32Array;
  /** Nanoseconds of the times of arrival. */
  readonly nanoseconds: Int32Array;
  /** Whether the next send sends the message: {@link UNMARKED} or {@link MARKED}. */
  readonly marks: Uint8Array;
  /** Errors of the last send, 0 for none. */
  readonly errors: Uint16Array;

  readonly #memory: Memory;
  readonly #vector: MessageVector;
  readonly #control: ControlMessageDecoder;
  readonly #namesOffset: number;
  readonly #nameSize: number;
  readonly #controlsOffset: number;

  // Messages that were received and whose headers still have the lengths of what was received.
  #received = 0;

  /** @param headers memory for all but the payloads, which other processes may map */
  constructor(family: number, capacity: number, headers?: Uint8Array<ArrayBuffer>) {
    this.family = family;
    this.capacity = capacity;
    this.addresses = new Int32Array(capacity * ADDRESS_STRIDE);
    this.ports = new Uint16Array(capacity);
    this.scopes = new Int32Array(capacity);
    this.interfaces = new Int32Array(capacity);
    this.sendInterfaces = new Int32Array(capacity);
    this.sizes = new Int32Array(capacity);
    this.segmentSizes = new Int32Array(capacity);
    this.fragmentSizes = new Int32Array(capacity);
    this.trafficClasses = new Int16Array(capacity);
    this.sendTrafficClasses = new Int16Array(capacity);
    this.hopLimits = new Int16Array(capacity);
    this.destinations = new Uint8Array(capacity);
    this.cut = new Uint8Array(capacity);
    this.timed = new Uint8Array(capacity);
    this.seconds = new Uint32Array(capacity);
    this.nanoseconds = new Int32Array(capacity);
    this.marks = new Uint8Array(capacity);
    this.errors = new Uint16Array(capacity);

    const buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = buffersOffset + capacity * iovec.size;
    this.#nameSize = socketAddressSize(family);
    this.#controlsOffset = this.#namesOffset + capacity * NAME_STRIDE;
    this.#memory = new Memory(this.#controlsOffset + capacity * CONTROL_STRIDE, headers);
    this.payloads = new Memory(capacity * PAYLOAD_STRIDE);
    this.#control = new ControlMessageDecoder(this.#memory);
    this.#vector = new MessageVector(this.#memory, 0, capacity);
    for (let i = 0; i < capacity; i++) {
      const buffer = buffersOffset + i * iovec.size;
      writeBuffer(this.#memory, buffer, this.payloads, this.payloadOffset(i), PAYLOAD_SIZE_MAX);
      this.#vector.setBuffers(i, buffer, 1);
      this.#vector.setName(i, this.#namesOffset + i * NAME_STRIDE, this.#nameSize);
      this.#vector.setControl(i, this.#controlsOffset + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
  }

  /** Index in {@link addresses} of the peer's address. */
  peerWord(i: number): number {
    return i * ADDRESS_STRIDE;
  }

  /** Index in {@link addresses} of the local address. */
  localWord(i: number): number {
    return i * ADDRESS_STRIDE + 4;
  }

  /** Offset in {@link payloads} of a payload. */
  payloadOffset(i: number): number {
    return i * PAYLOAD_STRIDE;
  }

  /** Datagrams in a message, at least 1. */
  datagrams(i: number): number {
    const size = this.sizes[i]!;
    const segmentSize = this.segmentSizes[i]!;
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }

  /** Bytes of datagram `k` of a message. */
  datagramSize(i: number, k: number): number {
    return Math.min(this.segmentSizes[i]!, this.sizes[i]! - k * this.segmentSizes[i]!);
  }

  /**
   * Receives messages from a socket and decodes them.
   * @param flags of recvmmsg(2)
   * @returns their number, or `-errno`; `-ESHUTDOWN` if a process that shares the socket has shut it down
   */
  receive(fd: number, flags: number): number {
    this.clear();
    const received = this.#vector.receive(fd, this.capacity, flags);
    // After shutdown(2) every call returns empty messages without a peer, which a datagram always has.
    while (this.count < received && this.#vector.nameLength(this.count) !== 0) this.#decode(this.count++);
    this.#received = Math.max(0, received);
    if (received <= 0) return received;
    return this.count > 0 ? this.count : -ESHUTDOWN;
  }

  /** Removes all messages, and prepares the headers for the next reception. */
  clear(): void {
    for (let i = 0; i < this.#received; i++) this.#vector.resetLengths(i, this.#nameSize, CONTROL_STRIDE);
    this.#received = 0;
    this.count = 0;
  }

  /** Decodes what another process received to the same headers since its last {@link clear}. */
  recover(): void {
    this.count = 0;
    while (this.count < this.capacity && this.#vector.controlLength(this.count) !== CONTROL_STRIDE) {
      this.#decode(this.count++);
    }
  }

  /** Decodes a received message. */
  #decode(i: number): void {
    const vector = this.#vector;
    const control = this.#control;
    // The kernel never reports more than fits, but no bound may depend on that.
    const size = Math.max(0, Math.min(vector.length(i), PAYLOAD_SIZE_MAX));
    control.decode(
      this.#controlsOffset + i * CONTROL_STRIDE,
      Math.max(0, Math.min(vector.controlLength(i), CONTROL_STRIDE)),
    );
    const named = this.#decodeName(i, vector.nameLength(i));
    const cut = (vector.flags(i) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    const sameFamily = isMapped(control.local, 0) === isMapped(this.addresses, this.peerWord(i));
    const known = named && !cut && sameFamily && control.destination !== UNKNOWN;
    const local = this.localWord(i);
    for (let word = 0; word < 4; word++) this.addresses[local + word] = known ? control.local[word]! : 0;
    const { segmentSize, interfaceIndex } = control;
    this.destinations[i] = known ? control.destination : UNKNOWN;
    this.cut[i] = cut ? 1 : 0;
    this.interfaces[i] = interfaceIndex;
    // A link-local source is ambiguous without its interface, and the interface determines an unspecified source. For
    // others it would override the routing table.
    const namesInterface = hasLinkLocalPrefix(control.local, 0) || isUnspecified(control.local, 0);
    this.sendInterfaces[i] = known && namesInterface ? interfaceIndex : 0;
    this.trafficClasses[i] = control.trafficClass;
    this.sendTrafficClasses[i] = -1;
    this.hopLimits[i] = control.hopLimit;
    this.sizes[i] = size;
    this.segmentSizes[i] = segmentSize > 0 && segmentSize < size ? segmentSize : size;
    this.fragmentSizes[i] = control.fragmentSize;
    this.timed[i] = control.hasTime ? 1 : 0;
    this.seconds[i] = control.seconds;
    this.nanoseconds[i] = control.nanoseconds;
    this.marks[i] = UNMARKED;
    this.errors[i] = 0;
  }

  /** Decodes the socket address of the peer; returns whether it is one of this family. */
  #decodeName(i: number, length: number): boolean {
    const { bytes, i32, u16 } = this.#memory;
    const name = this.#namesOffset + i * NAME_STRIDE;
    const peer = this.peerWord(i);
    this.ports[i] = bytes[name + sockaddr_in6.sin6_port]! << 8 | bytes[name + sockaddr_in6.sin6_port + 1]!;
    if (this.family === AF_INET) {
      this.addresses[peer] = 0;
      this.addresses[peer + 1] = 0;
      this.addresses[peer + 2] = IPV4_MAPPED;
      this.addresses[peer + 3] = i32[(name + sockaddr_in.sin_addr) >> 2]!;
      this.scopes[i] = 0;
    } else {
      const address = (name + sockaddr_in6.sin6_addr) >> 2;
      for (let word = 0; word < 4; word++) this.addresses[peer + word] = i32[address + word]!;
      this.scopes[i] = i32[(name + sockaddr_in6.sin6_scope_id) >> 2]!;
    }
    return length === this.#nameSize && u16[name >> 1] === this.family;
  }

  /** Prepares message `i` for sending: its peer and source are written by the caller. */
  compose(i: number): void {
    this.destinations[i] = UNICAST;
    this.cut[i] = 0;
    this.trafficClasses[i] = -1;
    this.sendTrafficClasses[i] = -1;
    this.hopLimits[i] = -1;
    this.fragmentSizes[i] = 0;
    this.timed[i] = 0;
    this.marks[i] = MARKED;
    this.errors[i] = 0;
  }

  /** Copies a payload of `size` bytes, at most {@link PAYLOAD_SIZE_MAX}, to message `i`. */
  setPayload(i: number, payload: Uint8Array, size: number): void {
    this.payloads.bytes.set(payload, this.payloadOffset(i));
    this.sizes[i] = size;
    this.segmentSizes[i] = size;
  }
}

/** Requires a payload that fits a message; returns its size in bytes. */
export function requirePayload(payload: Uint8Array): number {
  const size = requireBytes("sendmmsg", "a payload", payload);
  if (size <= PAYLOAD_SIZE_MAX) return size;
  const message = `a payload of ${size} bytes is too large: a datagram carries 65507 bytes over IPv4, 65527 over IPv6`;
  throw new SystemError("sendmmsg", EMSGSIZE, message);
}
