/**
 * Where datagrams come in and go out: the messages of one system call, with the memory they live in.
 * @module
 */

import {
  AF_INET,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  MSG_CTRUNC,
  MSG_TRUNC,
  SCM_TIMESTAMPING,
  SOL_SOCKET,
  UDP_GRO,
} from "../ffi/constants.ts";
import {
  in6_pktinfo,
  in_pktinfo,
  iovec,
  mmsghdr,
  scm_timestamping,
  sockaddr_in,
  sockaddr_in6,
  timespec,
} from "../ffi/layouts.ts";
import { interfaceName, wallTime } from "../ffi/libc.ts";
import { Memory } from "../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../ffi/message_vector.ts";
import { ADDRESS_SIZE, addressText, isIPv4, isLinkLocal, isMulticast, isUnspecified } from "./address.ts";
import { ControlMessages, REPLY_CONTROL_SIZE } from "./control_message.ts";
import { type Endpoint, requireAddress, writeSocketAddress } from "./endpoint.ts";

/** Most bytes that one message carries: the longest train that the kernel delivers as one. */
export const PAYLOAD_SIZE_MAX = 65_535;

/** The datagram was sent to an address of this host. */
export const UNICAST = 0;
/** The datagram was sent to a broadcast address. */
export const BROADCAST = 1;
/** The datagram was sent to a multicast address. */
export const MULTICAST = 2;
/** The kernel did not say where the datagram was sent to, or cut it. */
export const UNKNOWN = 3;

/** What a datagram was sent to: {@link UNICAST}, {@link BROADCAST}, {@link MULTICAST} or {@link UNKNOWN}. */
export type Destination = typeof UNICAST | typeof BROADCAST | typeof MULTICAST | typeof UNKNOWN;

const NAME_STRIDE = 32;
const LOCAL_STRIDE = 16;
const CONTROL_STRIDE = 192;
// Not a power of two: else every payload would begin in the same few sets of the processor's caches.
const PAYLOAD_STRIDE = 65_536 + 192;

/**
 * Up to `capacity` messages, received together by `UdpSocket.receive` and sent together by `UdpSocket.send`, in memory
 * that is allocated once: about 64 KiB a message.
 *
 * A message is one datagram, or a train of datagrams of one flow that the kernel delivers together (`UDP_GRO`): then
 * `segmentSize` is the size of each, but the last, which may be shorter. Messages are numbered from 0. The methods
 * allocate nothing unless their documentation says otherwise.
 */
export class MessageBatch {
  /** Most messages in the batch. */
  readonly capacity: number;
  /** Messages that were received last. */
  count = 0;
  /** `AF_INET` or `AF_INET6`: the family of the socket that the batch is for. */
  readonly family: number;
  /** Where everything is that the kernel reads and writes. */
  readonly memory: Memory;
  /** Headers that `recvmmsg` fills in. */
  readonly received: MessageVector;
  /** Place of the headers that `sendmmsg` reads: two arrays of `capacity`. */
  readonly replyHeadersAt: number;
  /** Place of the buffers that those headers point at: two arrays of `capacity`. */
  readonly replyBuffersAt: number;
  /** Place of the control messages that those headers point at: two arrays of `capacity`. */
  readonly replyControlsAt: number;

  readonly #namesAt: number;
  readonly #nameSize: number;
  readonly #localsAt: number;
  readonly #peersAt: number;
  readonly #peerStride: number;
  readonly #controlsAt: number;
  readonly #payloadsAt: number;
  readonly #control: ControlMessages;
  readonly #sizes: Int32Array;
  readonly #segmentSizes: Int32Array;
  readonly #interfaces: Int32Array;
  readonly #destinations: Uint8Array;
  readonly #arrivals: Int32Array;
  readonly #replies: Uint8Array;

  /**
   * @param family `AF_INET` or `AF_INET6`, as the socket's
   * @param capacity most messages at a time
   */
  constructor(family: number, capacity: number) {
    let size = 0;
    const place = (bytes: number) => {
      const at = size;
      size += Math.ceil(bytes / 64) * 64;
      return at;
    };
    const headersAt = place(capacity * mmsghdr.size);
    const buffersAt = place(capacity * iovec.size);
    this.replyHeadersAt = place(2 * capacity * mmsghdr.size);
    this.replyBuffersAt = place(2 * capacity * iovec.size);
    this.replyControlsAt = place(2 * capacity * REPLY_CONTROL_SIZE);
    this.#namesAt = place(capacity * NAME_STRIDE);
    this.#localsAt = place(capacity * LOCAL_STRIDE);
    const mappedPeersAt = place(capacity * ADDRESS_SIZE);
    this.#controlsAt = place(capacity * CONTROL_STRIDE);
    this.#payloadsAt = place(capacity * PAYLOAD_STRIDE);

    this.family = family;
    this.capacity = capacity;
    this.memory = new Memory(size);
    this.received = new MessageVector(this.memory, headersAt, capacity);
    this.#control = new ControlMessages(this.memory);
    if (family === AF_INET) {
      this.#nameSize = sockaddr_in.size;
      this.#peersAt = mappedPeersAt;
      this.#peerStride = ADDRESS_SIZE;
      for (let i = 0; i < capacity; i++) this.memory.i32[(mappedPeersAt + i * ADDRESS_SIZE + 8) >> 2] = IPV4_MAPPED;
    } else {
      this.#nameSize = sockaddr_in6.size;
      this.#peersAt = this.#namesAt + sockaddr_in6.sin6_addr;
      this.#peerStride = NAME_STRIDE;
    }
    for (let i = 0; i < capacity; i++) {
      const bufferAt = buffersAt + i * iovec.size;
      writeBuffer(this.memory, bufferAt, this.payloadAt(i), PAYLOAD_SIZE_MAX);
      this.received.setName(i, this.nameAt(i), this.#nameSize);
      this.received.setBuffers(i, bufferAt, 1);
      this.received.setControl(i, this.#controlsAt + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
    this.#sizes = new Int32Array(capacity);
    this.#segmentSizes = new Int32Array(capacity);
    this.#interfaces = new Int32Array(capacity);
    this.#destinations = new Uint8Array(capacity);
    this.#arrivals = new Int32Array(capacity);
    this.#replies = new Uint8Array(capacity);
  }

  /** Receives what is there, at most `capacity` messages; returns how many, or the negative error. */
  receive(fd: number, flags: number): number {
    const received = this.received.receive(fd, this.capacity, flags);
    this.read(received < 0 ? 0 : received);
    return received;
  }

  /** Reads what the kernel wrote of the first `count` messages; {@link receive} does so. */
  read(count: number): void {
    this.count = count;
    for (let i = 0; i < count; i++) this.#readMessage(i);
  }

  /** Reads what the kernel wrote of message `i`, and makes its header ready for the next reception. */
  #readMessage(i: number): void {
    const { received, memory } = this;
    const { i32 } = memory;
    const control = this.#control;
    const size = Math.max(0, Math.min(received.length(i), PAYLOAD_SIZE_MAX));
    const nameLength = received.nameLength(i);
    const cut = (received.flags(i) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    let segmentSize = size;
    let destination: Destination = UNKNOWN;
    let sentToIPv4 = false;
    let interfaceIndex = 0;
    let arrival = 0;
    const local = this.localAt(i);
    // The kernel never writes beyond the room, but what it reports is checked before it is used as a bound.
    control.start(this.#controlsAt + i * CONTROL_STRIDE, Math.min(received.controlLength(i), CONTROL_STRIDE));
    while (control.next()) {
      const data = control.data >> 2;
      if (control.level === IPPROTO_IP && control.type === IP_PKTINFO && control.length >= in_pktinfo.size) {
        const specific = i32[data + in_pktinfo.ipi_spec_dst / 4]!;
        const sentTo = i32[data + in_pktinfo.ipi_addr / 4]!;
        interfaceIndex = i32[data + in_pktinfo.ipi_ifindex / 4]!;
        i32[local >> 2] = 0;
        i32[(local >> 2) + 1] = 0;
        i32[(local >> 2) + 2] = IPV4_MAPPED;
        i32[(local >> 2) + 3] = specific;
        sentToIPv4 = true;
        // The first byte of the address is the word's lowest.
        if ((sentTo & 0xf0) === 0xe0) destination = MULTICAST;
        else if (sentTo !== specific) destination = BROADCAST;
        else destination = specific === 0 ? UNKNOWN : UNICAST;
      } else if (
        control.level === IPPROTO_IPV6 && control.type === IPV6_PKTINFO && control.length >= in6_pktinfo.size &&
        // An IPv4 datagram on a dual-stack socket brings both, and only IP_PKTINFO tells a broadcast from the rest.
        !isIPv4(memory.bytes, control.data)
      ) {
        for (let word = 0; word < 4; word++) i32[(local >> 2) + word] = i32[data + word]!;
        interfaceIndex = i32[data + in6_pktinfo.ipi6_ifindex / 4]!;
        sentToIPv4 = false;
        destination = isUnspecified(memory.bytes, local) ? UNKNOWN : UNICAST;
        if (isMulticast(memory.bytes, local)) {
          // It can't be the source of a reply: the interface decides.
          destination = MULTICAST;
          i32.fill(0, local >> 2, (local >> 2) + 4);
        }
      } else if (control.level === IPPROTO_UDP && control.type === UDP_GRO && control.length >= 4) {
        const said = i32[data]!;
        if (said > 0 && said < size) segmentSize = said;
      } else if (
        control.level === SOL_SOCKET && control.type === SCM_TIMESTAMPING && control.length >= scm_timestamping.size
      ) {
        arrival = control.data + scm_timestamping.ts;
      }
    }
    if (this.family === AF_INET) {
      i32[(this.peerAddressAt(i) >> 2) + 3] = i32[(this.nameAt(i) + sockaddr_in.sin_addr) >> 2]!;
    }
    const named = nameLength === this.#nameSize && memory.u16[this.nameAt(i) >> 1] === this.family;
    if (cut || !named || sentToIPv4 !== this.isIPv4(i)) destination = UNKNOWN;
    // What the message before it left in this place is not this one's.
    if (destination === UNKNOWN) i32.fill(0, local >> 2, (local >> 2) + 4);
    this.#sizes[i] = size;
    this.#segmentSizes[i] = segmentSize;
    this.#interfaces[i] = interfaceIndex;
    this.#destinations[i] = destination;
    this.#arrivals[i] = arrival;
    this.#replies[i] = 0;
    received.setRoom(i, this.#nameSize, CONTROL_STRIDE);
  }

  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i: number): number {
    return this.#sizes[i]!;
  }

  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i: number): number {
    return this.#segmentSizes[i]!;
  }

  /** Datagrams in message `i`, at least 1. */
  datagrams(i: number): number {
    const size = this.#sizes[i]!;
    const segmentSize = this.#segmentSizes[i]!;
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }

  /** Leaves only the first `datagrams` datagrams of message `i`, of which it has at least as many. */
  shorten(i: number, datagrams: number): void {
    if (datagrams < this.datagrams(i)) this.#sizes[i] = datagrams * this.#segmentSizes[i]!;
  }

  /** What message `i` was sent to. */
  destination(i: number): Destination {
    return this.#destinations[i] as Destination;
  }

  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i: number): number {
    return this.#interfaces[i]!;
  }

  /**
   * When message `i` arrived in the kernel, as a `wallTime`; `undefined` unless the socket's `SO_TIMESTAMPING` asks for
   * it.
   */
  arrival(i: number): number | undefined {
    const at = this.#arrivals[i]!;
    if (at === 0) return undefined;
    const { i32 } = this.memory;
    return wallTime(i32[(at + timespec.tv_sec) >> 2]! >>> 0, i32[(at + timespec.tv_nsec) >> 2]!);
  }

  /** Port that message `i` came from. */
  peerPort(i: number): number {
    // sin_port and sin6_port are at the same place.
    const at = this.nameAt(i) + sockaddr_in6.sin6_port;
    return this.memory.bytes[at]! << 8 | this.memory.bytes[at + 1]!;
  }

  /** Place of the address, of 16 bytes, that message `i` came from; a multiple of 4. */
  peerAddressAt(i: number): number {
    return this.#peersAt + i * this.#peerStride;
  }

  /** Name of the interface that gives the peer's link-local address its meaning; "" for other addresses. Allocates. */
  peerZone(i: number): string {
    return isLinkLocal(this.memory.bytes, this.peerAddressAt(i)) ? interfaceName(this.peerScope(i)) : "";
  }

  /** Index of the interface that the peer's link-local address belongs to; 0 for other addresses. */
  peerScope(i: number): number {
    return this.family === AF_INET ? 0 : this.memory.i32[(this.nameAt(i) + sockaddr_in6.sin6_scope_id) >> 2]!;
  }

  /** Place of the local address, of 16 bytes, that message `i` is answered from; a multiple of 4. */
  localAt(i: number): number {
    return this.#localsAt + i * LOCAL_STRIDE;
  }

  /** Name of the interface that gives the local link-local address its meaning; "" for other addresses. Allocates. */
  localZone(i: number): string {
    return isLinkLocal(this.memory.bytes, this.localAt(i)) ? interfaceName(this.interfaceIndex(i)) : "";
  }

  /** Place of the socket address that message `i` came from. */
  nameAt(i: number): number {
    return this.#namesAt + i * NAME_STRIDE;
  }

  /** Bytes of a socket address of the batch's family. */
  get nameSize(): number {
    return this.#nameSize;
  }

  /** Place of the payload of message `i`, {@link PAYLOAD_SIZE_MAX} bytes of room. */
  payloadAt(i: number): number {
    return this.#payloadsAt + i * PAYLOAD_STRIDE;
  }

  /** Marks message `i` to be sent back by the next `UdpSocket.send`, with the payload that is then in its place. */
  reply(i: number): void {
    this.#replies[i] = 1;
  }

  /** Whether message `i` is to be sent back. */
  replies(i: number): boolean {
    return this.#replies[i] === 1;
  }

  /** Empties the batch. */
  clear(): void {
    this.count = 0;
  }

  /**
   * Adds a message that the next `UdpSocket.send` sends: `payload`, at most {@link PAYLOAD_SIZE_MAX} bytes, to a peer,
   * from the local address `from` or from the one that the routing table gives. The payload is copied. Allocates.
   * @throws {SystemError} where an address can't be used on this socket
   * @throws {RangeError} where the batch is full or the payload too large
   */
  add(payload: Uint8Array, { to, from }: { to: Endpoint; from?: string | undefined }): void {
    const i = this.count;
    if (i === this.capacity) throw new RangeError(`the batch is full: it holds ${this.capacity} messages`);
    if (payload.length > PAYLOAD_SIZE_MAX) {
      throw new RangeError(`a payload of ${payload.length} bytes: a datagram carries ${PAYLOAD_SIZE_MAX} at most`);
    }
    const peer = requireAddress(to.address);
    const local = requireAddress(from ?? (isIPv4(peer.bytes) ? "0.0.0.0" : "::"));
    writeSocketAddress(this.memory, this.nameAt(i), this.family, peer, to.port);
    this.memory.bytes.set(peer.bytes, this.peerAddressAt(i));
    this.memory.bytes.set(local.bytes, this.localAt(i));
    this.memory.bytes.set(payload, this.payloadAt(i));
    this.#sizes[i] = payload.length;
    this.#segmentSizes[i] = payload.length;
    this.#interfaces[i] = local.scope;
    this.#destinations[i] = UNICAST;
    this.#replies[i] = 1;
    this.count++;
  }

  /** The payload of message `i`, as a view that the next reception overwrites. Allocates. */
  payload(i: number): Uint8Array {
    return this.memory.bytes.subarray(this.payloadAt(i), this.payloadAt(i) + this.size(i));
  }

  /** Puts another payload, at most {@link PAYLOAD_SIZE_MAX} bytes, in the place of that of message `i`. */
  setPayload(i: number, payload: Uint8Array): void {
    if (payload.length > PAYLOAD_SIZE_MAX) {
      throw new RangeError(`a payload of ${payload.length} bytes: a datagram carries ${PAYLOAD_SIZE_MAX} at most`);
    }
    this.memory.bytes.set(payload, this.payloadAt(i));
    this.#sizes[i] = payload.length;
    this.#segmentSizes[i] = payload.length;
  }

  /** Where message `i` came from. Allocates. */
  peer(i: number): Endpoint {
    const zone = this.peerZone(i);
    const address = addressText(this.memory.bytes, this.peerAddressAt(i));
    return { address: zone === "" ? address : `${address}%${zone}`, port: this.peerPort(i) };
  }

  /** The local address that message `i` is answered from, with its zone if it is link-local. Allocates. */
  localAddress(i: number): string {
    const zone = this.localZone(i);
    const address = addressText(this.memory.bytes, this.localAt(i));
    return zone === "" ? address : `${address}%${zone}`;
  }

  /** Whether the peer of message `i` is an IPv4 address. */
  isIPv4(i: number): boolean {
    return this.family === AF_INET || isIPv4(this.memory.bytes, this.peerAddressAt(i));
  }
}

/** The third word of an IPv4-mapped address, in network byte order on a little-endian machine: `00 00 ff ff`. */
const IPV4_MAPPED = -65536;
