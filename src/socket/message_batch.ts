/**
 * Where datagrams come in and go out: the messages of one system call, with the memory they live in.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EMSGSIZE,
  ENOBUFS,
  IP_PKTINFO,
  IP_RECVFRAGSIZE,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  IPV6_RECVFRAGSIZE,
  MSG_CTRUNC,
  MSG_TRUNC,
  SCM_TIMESTAMPING,
  SOL_SOCKET,
  UDP_GRO,
} from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import {
  in6_pktinfo,
  in_pktinfo,
  iovec,
  mmsghdr,
  scm_timestamping,
  sockaddr_in,
  sockaddr_in6,
  timespec,
} from "../../ffi/layouts.ts";
import { interfaceName, wallTime } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import {
  ADDRESS_SIZE,
  addressText,
  addressWords,
  IPV4_MAPPED,
  isIPv4,
  isLinkLocal,
  isMapped,
  isMulticast,
  isUnspecified,
} from "../net/address.ts";
import { ControlMessages, REPLY_CONTROL_SIZE } from "./control_message.ts";
import {
  type Endpoint,
  requireAddress,
  requirePort,
  type ResolvedAddress,
  writeSocketAddress,
} from "../net/endpoint.ts";
import { NAME_WORDS, Path, PATH_WORDS } from "./path.ts";
import { describe, invalid, requireBytes, requireInteger, requireObject } from "../net/checks.ts";

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

/** The memory of a batch, as bytes and as 32-bit words in the byte order of the machine. */
export interface BatchMemory {
  /** All of it as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All of it as 32-bit words. */
  readonly i32: Int32Array<ArrayBuffer>;
}

/** Where a datagram is to go, and the local address that it is to leave from. */
export interface Route {
  /** The peer. */
  readonly to: Endpoint;
  /** A local address, with its zone if it is link-local; if absent, the one that the routing table gives. */
  readonly from?: string | undefined;
}

/** Most messages in a batch: the kernel takes no more in one call. `UIO_MAXIOV`, recvmmsg(2) */
const CAPACITY_MAX = 1024;

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
  /** `AF_INET` or `AF_INET6`: the family of the socket that the batch is for. */
  readonly family: number;
  /**
   * Where everything is that the kernel reads and writes. Addresses and payloads are at the places that the methods
   * give; what else there is are pointers for the kernel, so nothing is to be written outside payloads.
   */
  readonly memory: BatchMemory;
  /**
   * The same memory, for the socket.
   * @internal
   */
  readonly arena: Memory;
  /**
   * Headers that `recvmmsg` fills in.
   * @internal
   */
  readonly received: MessageVector;
  /**
   * Place of the headers that `sendmmsg` reads: two arrays of `capacity`.
   * @internal
   */
  readonly replyHeadersAt: number;
  /**
   * Place of the buffers that those headers point at: two arrays of `capacity`.
   * @internal
   */
  readonly replyBuffersAt: number;
  /**
   * Place of the control messages that those headers point at: two arrays of `capacity`.
   * @internal
   */
  readonly replyControlsAt: number;

  #count = 0;
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
  readonly #fragmentSizes: Int32Array;
  // UNMARKED, MARKED, or MARKED plus the error that the message could not be sent for.
  readonly #replies: Uint16Array;

  /**
   * Makes a batch. `UdpSocket.batch` does so for its own family.
   * @param family `AF_INET` (2) or `AF_INET6` (10), as the socket's
   * @param capacity most messages at a time, 1 to 1024
   * @throws {SystemError} `EINVAL` where they are something else
   */
  constructor(family: number, capacity: number) {
    if (family !== AF_INET && family !== AF_INET6) throw invalid("recvmmsg", "a batch is for AF_INET or AF_INET6");
    requireInteger("recvmmsg", "the capacity of a batch", capacity, 1, CAPACITY_MAX);
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
    this.arena = new Memory(size);
    this.memory = this.arena;
    this.received = new MessageVector(this.arena, headersAt, capacity);
    this.#control = new ControlMessages(this.arena);
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
      writeBuffer(this.arena, bufferAt, this.payloadAt(i), PAYLOAD_SIZE_MAX);
      this.received.setName(i, this.nameAt(i), this.#nameSize);
      this.received.setBuffers(i, bufferAt, 1);
      this.received.setControl(i, this.#controlsAt + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
    this.#sizes = new Int32Array(capacity);
    this.#segmentSizes = new Int32Array(capacity);
    this.#interfaces = new Int32Array(capacity);
    this.#destinations = new Uint8Array(capacity);
    this.#arrivals = new Int32Array(capacity);
    this.#fragmentSizes = new Int32Array(capacity);
    this.#replies = new Uint16Array(capacity);
  }

  /** Messages that were received last, or added since {@link clear}. */
  get count(): number {
    return this.#count;
  }

  /**
   * Reads what the kernel wrote of the first `count` messages.
   * @internal
   */
  read(count: number): void {
    requireInteger("recvmmsg", "the number of messages", count, 0, this.capacity);
    this.#count = count;
    for (let i = 0; i < count; i++) this.#readMessage(i);
  }

  /** Reads what the kernel wrote of message `i`, and makes its header ready for the next reception. */
  #readMessage(i: number): void {
    const { received, arena: memory } = this;
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
    let fragmentSize = 0;
    const local = this.localAt(i);
    // The kernel never writes beyond the room, but what it reports is checked before it is used as a bound.
    control.start(this.#controlsAt + i * CONTROL_STRIDE, Math.min(received.controlLength(i), CONTROL_STRIDE));
    while (control.next()) {
      const data = control.data >> 2;
      if (control.level === IPPROTO_IP && control.type === IP_PKTINFO && control.length >= in_pktinfo.size) {
        const sentTo = i32[data + in_pktinfo.ipi_addr / 4]!;
        // Of a datagram that came before the kernel was asked for this, it knows no more than where it was sent to.
        const specific = i32[data + in_pktinfo.ipi_spec_dst / 4]! || sentTo;
        interfaceIndex = i32[data + in_pktinfo.ipi_ifindex / 4]!;
        i32[local >> 2] = 0;
        i32[(local >> 2) + 1] = 0;
        i32[(local >> 2) + 2] = IPV4_MAPPED;
        i32[(local >> 2) + 3] = specific;
        sentToIPv4 = true;
        // The first byte of the address is the word's lowest.
        if ((sentTo & 0xf0) === 0xe0) destination = MULTICAST;
        else if (sentTo !== specific || sentTo === -1) destination = BROADCAST;
        else destination = specific === 0 ? UNKNOWN : UNICAST;
      } else if (
        control.level === IPPROTO_IPV6 && control.type === IPV6_PKTINFO && control.length >= in6_pktinfo.size &&
        // An IPv4 datagram on a dual-stack socket brings both, and only IP_PKTINFO tells a broadcast from the rest.
        !isMapped(i32, data)
      ) {
        for (let word = 0; word < 4; word++) i32[(local >> 2) + word] = i32[data + word]!;
        interfaceIndex = i32[data + in6_pktinfo.ipi6_ifindex / 4]!;
        sentToIPv4 = false;
        destination = isUnspecified(i32, data) ? UNKNOWN : UNICAST;
        if (isMulticast(i32, data)) {
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
      } else if (
        (control.level === IPPROTO_IP && control.type === IP_RECVFRAGSIZE ||
          control.level === IPPROTO_IPV6 && control.type === IPV6_RECVFRAGSIZE) && control.length >= 4
      ) {
        fragmentSize = i32[data]!;
      }
    }
    if (this.family === AF_INET) {
      i32[(this.peerAddressAt(i) >> 2) + 3] = i32[(this.nameAt(i) + sockaddr_in.sin_addr) >> 2]!;
    }
    const named = nameLength === this.#nameSize && memory.u16[this.nameAt(i) >> 1] === this.family;
    if (cut || !named || sentToIPv4 !== isMapped(i32, this.peerAddressAt(i) >> 2)) destination = UNKNOWN;
    // What the message before it left in this place is not this one's.
    if (destination === UNKNOWN) i32.fill(0, local >> 2, (local >> 2) + 4);
    this.#sizes[i] = size;
    this.#segmentSizes[i] = segmentSize;
    this.#interfaces[i] = interfaceIndex;
    this.#destinations[i] = destination;
    this.#arrivals[i] = arrival;
    this.#fragmentSizes[i] = fragmentSize;
    this.#replies[i] = UNMARKED;
    received.setRoom(i, this.#nameSize, CONTROL_STRIDE);
  }

  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i: number): number {
    this.#check(i);
    return this.#sizes[i]!;
  }

  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i: number): number {
    this.#check(i);
    return this.#segmentSizes[i]!;
  }

  /** Datagrams in message `i`, at least 1. */
  datagrams(i: number): number {
    this.#check(i);
    const size = this.#sizes[i]!;
    const segmentSize = this.#segmentSizes[i]!;
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }

  /** Leaves only the first `datagrams` datagrams of message `i`, of which it has at least as many. */
  shorten(i: number, datagrams: number): void {
    if (datagrams < this.datagrams(i) && datagrams > 0) this.#sizes[i] = datagrams * this.#segmentSizes[i]!;
  }

  /** What message `i` was sent to. */
  destination(i: number): Destination {
    this.#check(i);
    return this.#destinations[i] as Destination;
  }

  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i: number): number {
    this.#check(i);
    return this.#interfaces[i]! >>> 0;
  }

  /**
   * When message `i` arrived in the kernel, as a `wallTime`; `undefined` unless the socket's `SO_TIMESTAMPING` asks for
   * it.
   */
  arrival(i: number): number | undefined {
    this.#check(i);
    const at = this.#arrivals[i]!;
    if (at === 0) return undefined;
    const { i32 } = this.memory;
    return wallTime(i32[(at + timespec.tv_sec) >> 2]! >>> 0, i32[(at + timespec.tv_nsec) >> 2]!);
  }

  /**
   * Bytes of the largest packet that message `i` was reassembled from; 0 if it arrived unfragmented, or the socket has
   * neither `IP_RECVFRAGSIZE` nor `IPV6_RECVFRAGSIZE` set.
   */
  fragmentSize(i: number): number {
    this.#check(i);
    return this.#fragmentSizes[i]!;
  }

  /** Name of the interface that message `i` arrived by; its number, if it is gone. Allocates. */
  interfaceName(i: number): string {
    return interfaceName(this.interfaceIndex(i));
  }

  /** Port that message `i` came from. */
  peerPort(i: number): number {
    this.#check(i);
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
    this.#check(i);
    return isLinkLocal(this.memory.bytes, this.peerAddressAt(i)) ? interfaceName(this.peerScope(i)) : "";
  }

  /** Index of the interface that the peer's link-local address belongs to; 0 for other addresses. */
  peerScope(i: number): number {
    this.#check(i);
    return this.family === AF_INET ? 0 : this.memory.i32[(this.nameAt(i) + sockaddr_in6.sin6_scope_id) >> 2]! >>> 0;
  }

  /** Place of the local address, of 16 bytes, that message `i` is answered from; a multiple of 4. */
  localAt(i: number): number {
    return this.#localsAt + i * LOCAL_STRIDE;
  }

  /** Name of the interface that gives the local link-local address its meaning; "" for other addresses. Allocates. */
  localZone(i: number): string {
    this.#check(i);
    return isLinkLocal(this.memory.bytes, this.localAt(i)) ? interfaceName(this.interfaceIndex(i)) : "";
  }

  /**
   * Place of the socket address that message `i` came from.
   * @internal
   */
  nameAt(i: number): number {
    return this.#namesAt + i * NAME_STRIDE;
  }

  /**
   * Bytes of a socket address of the batch's family.
   * @internal
   */
  get nameSize(): number {
    return this.#nameSize;
  }

  /** Place of the payload of message `i`, {@link PAYLOAD_SIZE_MAX} bytes of room. */
  payloadAt(i: number): number {
    return this.#payloadsAt + i * PAYLOAD_STRIDE;
  }

  /**
   * Marks message `i` to be sent back, with the payload that is then in its place, by every `UdpSocket.send` until the
   * batch is filled anew.
   * @throws {SystemError} `EINVAL` where there is no such message, as all methods do that take a number
   */
  reply(i: number): void {
    this.#check(i);
    this.#replies[i] = MARKED;
  }

  /** Whether message `i` is to be sent back. */
  replies(i: number): boolean {
    this.#check(i);
    return this.#replies[i]! >= MARKED;
  }

  /**
   * The error number that the last `UdpSocket.send` failed to send message `i` for, or a datagram of it; 0 if it went.
   * errno(3)
   */
  error(i: number): number {
    this.#check(i);
    return Math.max(0, this.#replies[i]! - MARKED);
  }

  /**
   * Notes that message `i`, or a datagram of it, could not be sent.
   * @internal
   */
  fail(i: number, errno: number): void {
    this.#check(i);
    this.#replies[i] = MARKED + errno;
  }

  /** Empties the batch. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Adds a message that the next `UdpSocket.send` sends: `payload`, at most {@link PAYLOAD_SIZE_MAX} bytes, to a peer,
   * from a local address or from the one that the routing table gives; or back along the path of a message that was
   * received. The payload is copied. Allocates, unless it is given a path.
   * @throws {SystemError} where an address can't be used on this socket (`EAFNOSUPPORT`) or is not local
   *   (`EADDRNOTAVAIL`), where the batch is full (`ENOBUFS`) or the payload too large (`EMSGSIZE`)
   */
  add(payload: Uint8Array, route: Route | Path): void {
    const i = this.#count;
    if (i >= this.capacity) {
      throw new SystemError(
        "sendmmsg",
        ENOBUFS,
        `the batch is full: it holds ${this.capacity} messages; send it first`,
      );
    }
    checkPayload(payload);
    requireObject("sendmmsg", "where a message goes", route);
    if (Path.is(route)) this.#setPath(i, route);
    else this.#setRoute(i, route);
    this.#destinations[i] = UNICAST;
    this.#arrivals[i] = 0;
    this.#fragmentSizes[i] = 0;
    this.#replies[i] = MARKED;
    this.#setPayload(i, payload);
    this.#count = i + 1;
  }

  #setRoute(i: number, { to, from }: Route): void {
    const { address, port } = requireObject("sendmmsg", "`to`", to);
    const peer = requireAddress(address);
    requirePort("sendmmsg", port, 1);
    const local = from === undefined ? undefined : requireLocal(from, peer);
    writeSocketAddress(this.arena, this.nameAt(i), this.family, peer, port);
    const { bytes, i32 } = this.memory;
    const localAt = this.localAt(i);
    bytes.set(peer.bytes, this.peerAddressAt(i));
    i32.fill(0, localAt >> 2, (localAt >> 2) + 4);
    if (local !== undefined) bytes.set(local.bytes, localAt);
    else if (isIPv4(peer.bytes)) i32[(localAt >> 2) + 2] = IPV4_MAPPED;
    this.#interfaces[i] = local?.scope ?? 0;
  }

  #setPath(i: number, path: Path): void {
    if (path.family !== this.family) {
      throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
    }
    const words = Path.words(path);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < NAME_WORDS; word++) i32[name + word] = words[word]!;
    for (let word = 0; word < 4; word++) i32[local + word] = words[NAME_WORDS + word]!;
    this.#interfaces[i] = words[NAME_WORDS + 4]!;
    if (this.family === AF_INET) i32[(this.peerAddressAt(i) >> 2) + 3] = i32[name + sockaddr_in.sin_addr / 4]!;
  }

  /**
   * The path of message `i`, for what is to be sent along it later. Allocates, unless it is the same as `known`, which is
   * given back then.
   */
  path(i: number, known?: Path): Path {
    this.#check(i);
    if (known !== undefined && Path.is(known) && this.#hasPath(i, known)) return known;
    const words = new Int32Array(PATH_WORDS);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < this.#nameSize / 4; word++) words[word] = i32[name + word]!;
    for (let word = 0; word < 4; word++) words[NAME_WORDS + word] = i32[local + word]!;
    words[NAME_WORDS + 4] = this.#interfaces[i]!;
    return new Path(this.family, this.peer(i), this.localAddress(i), words);
  }

  #hasPath(i: number, path: Path): boolean {
    const words = Path.words(path);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < this.#nameSize / 4; word++) if (words[word] !== i32[name + word]) return false;
    for (let word = 0; word < 4; word++) if (words[NAME_WORDS + word] !== i32[local + word]) return false;
    return words[NAME_WORDS + 4] === this.#interfaces[i] && path.family === this.family;
  }

  /** The payload of message `i`, as a view that the next reception overwrites. Allocates. */
  payload(i: number): Uint8Array {
    return this.memory.bytes.subarray(this.payloadAt(i), this.payloadAt(i) + this.size(i));
  }

  /**
   * Puts another payload, at most {@link PAYLOAD_SIZE_MAX} bytes, in the place of that of message `i`.
   * @throws {SystemError} `EMSGSIZE` where it is larger
   */
  setPayload(i: number, payload: Uint8Array): void {
    this.#check(i);
    checkPayload(payload);
    this.#setPayload(i, payload);
  }

  #setPayload(i: number, payload: Uint8Array): void {
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

  /**
   * The local address that message `i` is answered from, with its zone if it is link-local. `::` with a zone says that
   * the interface gives the address: so it is for what was sent to an IPv6 multicast address. Allocates.
   */
  localAddress(i: number): string {
    const { bytes } = this.memory;
    const at = this.localAt(i);
    const interfaceGives = this.destination(i) === MULTICAST && !isIPv4(bytes, at);
    const zone = interfaceGives ? this.interfaceName(i) : this.localZone(i);
    const address = addressText(bytes, at);
    return zone === "" ? address : `${address}%${zone}`;
  }

  /** Whether the peer of message `i` is an IPv4 address. */
  isIPv4(i: number): boolean {
    this.#check(i);
    return this.family === AF_INET || isIPv4(this.memory.bytes, this.peerAddressAt(i));
  }

  #check(i: number): void {
    if (i >>> 0 !== i || i >= this.#count) throw noMessage(i, this.#count);
  }
}

/** Message `i` is not to be sent, or is: see `#replies`. */
const UNMARKED = 0;
const MARKED = 1;

function noMessage(i: unknown, count: number): SystemError {
  return invalid("sendmmsg", `no message ${describe(i)} in the batch: it holds ${count}, numbered from 0`);
}

function checkPayload(payload: Uint8Array): void {
  const { length } = requireBytes("sendmmsg", "a payload", payload);
  if (length <= PAYLOAD_SIZE_MAX) return;
  const most = `a datagram carries ${PAYLOAD_SIZE_MAX} bytes at most`;
  throw new SystemError("sendmmsg", EMSGSIZE, `a payload of ${length} bytes is too large: ${most}`);
}

/** The local address that a datagram for `peer` is to leave from; none for the one that the routing table gives. */
function requireLocal(from: string, peer: ResolvedAddress): ResolvedAddress | undefined {
  const local = requireAddress(from);
  const { bytes, scope } = local;
  const ipv4 = isIPv4(bytes);
  // `::` with a zone: the interface gives the address.
  if (isUnspecified(addressWords(bytes), 0)) return scope === 0 || ipv4 || isIPv4(peer.bytes) ? undefined : local;
  if (ipv4 !== isIPv4(peer.bytes)) {
    const families = ipv4 ? "an IPv4 address to an IPv6" : "an IPv6 address to an IPv4";
    throw new SystemError(
      "sendmmsg",
      EAFNOSUPPORT,
      `cannot send from ${families} one; leave \`from\` out, or change it`,
    );
  }
  // The kernel would let IPv6 sockets send from any address, for they have IPV6_FREEBIND.
  if (isLocalAddress(ipv4 ? bytes.subarray(12) : bytes, scope) === false) {
    const message = `cannot send from ${from}: this address is not on this host; \`ip address\` lists what is`;
    throw new SystemError("sendmmsg", EADDRNOTAVAIL, message);
  }
  return local;
}
