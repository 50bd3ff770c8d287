/**
 * Batches of messages, as users of the library handle them.
 * @module
 */

import { AF_INET, AF_INET6, ENOBUFS } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceName } from "../../ffi/interfaces.ts";
import { hasLinkLocalPrefix, isMapped } from "../net/address.ts";
import { describe, invalid, requireInteger, requireType } from "../net/checks.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Destination } from "./control_message.ts";
import { field, word } from "./message_layout.ts";
import { Messages, requirePayload } from "./messages.ts";
import { hasPath, isPath, type Path, pathOf, scopedText, setPath } from "./path.ts";
import { type Route, routePath } from "./route.ts";

/** Most messages in a batch: the limit of one system call. `UIO_MAXIOV`, recvmmsg(2) */
const CAPACITY_MAX = 1024;

/**
 * The messages of a batch. It accepts a `MessageBatch` only: no other object has the private field.
 * @throws {SystemError} `EINVAL` for another value
 */
export let messagesOf: (syscall: string, batch: MessageBatch) => Messages;

/**
 * Up to `capacity` messages that `UdpSocket.receive` receives together and `UdpSocket.send` sends together, in memory
 * that is allocated once: about 64 KiB a message.
 *
 * A message is one datagram, or a train: datagrams of one flow that the kernel delivers together (`UDP_GRO`). In a train
 * `segmentSize` is the size of each datagram but the last, which may be shorter. Messages are numbered from 0: a method
 * throws `EINVAL` for another number. It allocates nothing unless its documentation says so.
 */
export class MessageBatch {
  readonly #messages: Messages;
  // Views of their own for users, who may override what a view answers.
  readonly #addresses: Int32Array<ArrayBuffer>;
  readonly #payloads: Uint8Array<ArrayBuffer>;

  /**
   * Allocates a batch. `UdpSocket.batch` does so for its own family.
   * @param family `AF_INET` (2) or `AF_INET6` (10), as the socket's
   * @param capacity most messages at a time, 1 to 1024
   * @param headers memory that {@link mapShared} returned, for all but the payloads: about a kilobyte a message
   * @throws {SystemError} `EINVAL` for other values
   */
  constructor(family: number, capacity: number, headers?: Uint8Array<ArrayBuffer>) {
    if (family !== AF_INET && family !== AF_INET6) throw invalid("recvmmsg", "a batch is for AF_INET or AF_INET6");
    requireInteger("recvmmsg", "the capacity of a batch", capacity, 1, CAPACITY_MAX);
    this.#messages = new Messages(family, capacity, headers);
    this.#addresses = new Int32Array(this.#messages.paths.buffer);
    this.#payloads = new Uint8Array(this.#messages.payloads.bytes.buffer);
  }

  static {
    messagesOf = (syscall, batch) => {
      if (typeof batch === "object" && batch !== null && #messages in batch) return batch.#messages;
      throw invalid(syscall, `a batch must be a MessageBatch, not ${describe(batch)}`);
    };
  }

  /** `AF_INET` (2) or `AF_INET6` (10). */
  get family(): number {
    return this.#messages.family;
  }

  /** Most messages at a time. */
  get capacity(): number {
    return this.#messages.capacity;
  }

  /** Messages that were received last, or added since {@link clear}. */
  get count(): number {
    return this.#messages.count;
  }

  /**
   * Addresses of all messages, each as four 32-bit words that hold its 16 bytes in network byte order; an IPv4 address is
   * IPv4-mapped. {@link peerWord} and {@link localWord} give the indexes; words between them are the library's own.
   */
  get addresses(): Int32Array<ArrayBuffer> {
    return this.#addresses;
  }

  /** Payloads of all messages; {@link payloadOffset} gives the offsets. The kernel writes here: do not transfer it. */
  get payloads(): Uint8Array<ArrayBuffer> {
    return this.#payloads;
  }

  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i: number): number {
    return this.#at(i).get(i, field.size);
  }

  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i: number): number {
    return this.#at(i).get(i, field.segmentSize);
  }

  /** Datagrams in message `i`, at least 1. */
  datagrams(i: number): number {
    return this.#at(i).datagrams(i);
  }

  /** Keeps the first `datagrams` datagrams of message `i` and drops the others; without effect if it has no more. */
  shorten(i: number, datagrams: number): void {
    const messages = this.#at(i);
    if (datagrams < messages.datagrams(i) && datagrams > 0 && Number.isInteger(datagrams)) {
      messages.set(i, field.size, datagrams * messages.get(i, field.segmentSize));
    }
  }

  /** Kind of the destination of message `i`: `UNICAST`, `BROADCAST`, `MULTICAST` or `UNKNOWN`. */
  destination(i: number): Destination {
    return this.#at(i).get(i, field.destination) as Destination;
  }

  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i: number): number {
    return this.#pathWord(i, word.interface) >>> 0;
  }

  /** Name of the interface that message `i` arrived by; its index in decimal if it no longer exists. Allocates. */
  interfaceName(i: number): string {
    return interfaceName(this.interfaceIndex(i));
  }

  /**
   * Time at which the kernel received message `i`, in milliseconds since the epoch, exact to a microsecond; `undefined` if
   * the socket does not report it (`SO_TIMESTAMPING`), or a moment after the first socket of the host asked for it.
   */
  arrival(i: number): number | undefined {
    const messages = this.#at(i);
    const nanoseconds = messages.get(i, field.nanoseconds);
    return nanoseconds < 0 ? undefined : (messages.get(i, field.seconds) >>> 0) * 1000 + nanoseconds / 1_000_000;
  }

  /** The same time with all its digits: nanoseconds since the epoch. Allocates. */
  arrivalNanoseconds(i: number): bigint | undefined {
    const messages = this.#at(i);
    const nanoseconds = messages.get(i, field.nanoseconds);
    if (nanoseconds < 0) return undefined;
    return BigInt(messages.get(i, field.seconds) >>> 0) * 1_000_000_000n + BigInt(nanoseconds);
  }

  /**
   * TOS (IPv4) or traffic class (IPv6) of message `i`, 0 to 255: the DSCP in its upper six bits, ECN in its lower two;
   * `undefined` if the socket does not report it (`IP_RECVTOS`, `IPV6_RECVTCLASS`). RFC 2474, RFC 3168
   */
  trafficClass(i: number): number | undefined {
    const value = this.#at(i).get(i, field.trafficClass);
    return value < 0 ? undefined : value;
  }

  /** Sets the TOS or traffic class that message `i` is sent with, 0 to 255; by default it has the socket's. */
  setTrafficClass(i: number, value: number): void {
    this.#at(i).set(i, field.sendTrafficClass, requireInteger("sendmmsg", "a traffic class", value, 0, 255));
  }

  /**
   * TTL or hop limit that message `i` arrived with, 0 to 255; `undefined` if the socket does not report it (`IP_RECVTTL`,
   * `IPV6_RECVHOPLIMIT`).
   */
  hopLimit(i: number): number | undefined {
    const value = this.#at(i).get(i, field.hopLimit);
    return value < 0 ? undefined : value;
  }

  /**
   * Whether the kernel cut message `i`, as it had too little room for the control messages that the user asked for with
   * `setOption`. Then its destination and local address are unknown. `MSG_CTRUNC`, `MSG_TRUNC`, recvmsg(2)
   */
  isCut(i: number): boolean {
    return this.#at(i).get(i, field.cut) !== 0;
  }

  /**
   * Bytes of the largest fragment that message `i` was reassembled from; 0 if it arrived unfragmented, or the socket has
   * neither `IP_RECVFRAGSIZE` nor `IPV6_RECVFRAGSIZE`.
   */
  fragmentSize(i: number): number {
    return this.#at(i).get(i, field.fragmentSize);
  }

  /** Source port of message `i`. */
  peerPort(i: number): number {
    return this.#pathWord(i, word.peerPort);
  }

  /** Index in {@link addresses} of the source address of message `i`. */
  peerWord(i: number): number {
    return this.#at(i).path(i) + word.peer;
  }

  /** Interface index of the peer's link-local address; 0 for other addresses. */
  peerScope(i: number): number {
    return this.#pathWord(i, word.peerScope) >>> 0;
  }

  /** Interface name of the peer's link-local address; "" for other addresses. Allocates for a link-local address. */
  peerZone(i: number): string {
    return hasLinkLocalPrefix(this.#messages.paths, this.peerWord(i)) ? interfaceName(this.peerScope(i)) : "";
  }

  /** Whether the peer of message `i` has an IPv4 address. */
  isIPv4(i: number): boolean {
    return isMapped(this.#messages.paths, this.peerWord(i));
  }

  /** The peer of message `i`. Allocates. */
  peer(i: number): Endpoint {
    const { paths } = this.#messages;
    return { address: scopedText(paths, this.peerWord(i), this.peerScope(i)), port: this.peerPort(i) };
  }

  /** Index in {@link addresses} of the local address that a reply to message `i` leaves from. */
  localWord(i: number): number {
    return this.#at(i).path(i) + word.local;
  }

  /** Interface name of the local address if that is link-local; "" for other addresses. Allocates as {@link peerZone}. */
  localZone(i: number): string {
    return hasLinkLocalPrefix(this.#messages.paths, this.localWord(i)) ? this.interfaceName(i) : "";
  }

  /**
   * The local address that a reply to message `i` leaves from, with its zone if it is link-local. After an IPv6 multicast
   * it is `::` with the zone of the interface, which determines the address. Allocates.
   */
  localAddress(i: number): string {
    return scopedText(this.#messages.paths, this.localWord(i), this.#pathWord(i, word.sendInterface));
  }

  /**
   * Offset in {@link payloads} of datagram `k` of message `i`. The payloads of a train follow each other; there is room for
   * `PAYLOAD_SIZE_MAX` bytes in all.
   */
  payloadOffset(i: number, k = 0): number {
    const messages = this.#datagramAt(i, k);
    return messages.payloadOffset(i) + k * messages.get(i, field.segmentSize);
  }

  /** Bytes of payload of datagram `k` of message `i`. */
  payloadSize(i: number, k = 0): number {
    const messages = this.#datagramAt(i, k);
    const segmentSize = messages.get(i, field.segmentSize);
    return Math.min(segmentSize, messages.get(i, field.size) - k * segmentSize);
  }

  /**
   * The payload of datagram `k` of message `i`, as a view that the next reception overwrites. Allocates.
   * @param k 0 to before `datagrams(i)`
   */
  payload(i: number, k = 0): Uint8Array<ArrayBuffer> {
    const offset = this.payloadOffset(i, k);
    return this.#messages.payloads.bytes.subarray(offset, offset + this.payloadSize(i, k));
  }

  /**
   * Replaces the payload of message `i`, of all its datagrams, by a copy of at most `PAYLOAD_SIZE_MAX` bytes.
   * @throws {SystemError} `EMSGSIZE` for a larger one
   */
  setPayload(i: number, payload: Uint8Array): void {
    this.#at(i).setPayload(i, payload, requirePayload(payload));
  }

  /**
   * Marks message `i`: every `UdpSocket.send` sends its payload to its peer from its local address, until the batch is
   * filled anew.
   */
  markForSend(i: number): void {
    this.#at(i).set(i, field.marked, 1);
  }

  /** Whether message `i` is marked for sending. */
  isMarked(i: number): boolean {
    return this.#at(i).get(i, field.marked) !== 0;
  }

  /** The error of message `i`, or of a datagram of it, in the last `UdpSocket.send`; 0 if it was sent. errno(3) */
  error(i: number): number {
    return this.#at(i).get(i, field.error);
  }

  /** Empties the batch. */
  clear(): void {
    this.#messages.clear();
  }

  /**
   * Replaces the messages by those that a process with the same headers received since its last {@link clear}, and could
   * not handle before it ended. Payloads are undefined.
   */
  recover(): void {
    this.#messages.recover();
  }

  /**
   * Adds a message and marks it for sending: a copy of `payload`, at most `PAYLOAD_SIZE_MAX` bytes, along a route or
   * along a path. Allocates, unless it is given a path.
   * @throws {SystemError} `ENOBUFS` if the batch is full, `EMSGSIZE` for a larger payload, `EAFNOSUPPORT` for an address
   *   that the socket cannot use, `EADDRNOTAVAIL` for a source that is not local
   */
  add(payload: Uint8Array, route: Route | Path): void {
    const messages = this.#messages;
    requireType("sendmmsg", "the route of a message", route, "object");
    const path = isPath(route) ? route : routePath(messages.family, 0, route);
    if (messages.count >= messages.capacity) {
      const message = `the batch is full: it holds ${messages.capacity} messages; send it first`;
      throw new SystemError("sendmmsg", ENOBUFS, message);
    }
    const size = requirePayload(payload);
    setPath(messages, messages.count, path);
    messages.add(payload, size);
  }

  /**
   * The path of message `i`, for datagrams to send along it later. Allocates, unless the path is that of `known`, which it
   * then returns.
   */
  path(i: number, known?: Path): Path {
    const messages = this.#at(i);
    return isPath(known) && hasPath(messages, i, known) ? known : pathOf(messages, i);
  }

  /** The messages, of which `i` must be one that has a datagram `k`. */
  #datagramAt(i: number, k: number): Messages {
    const messages = this.#at(i);
    if (k === 0 || (k >>> 0 === k && k < messages.datagrams(i))) return messages;
    const message = `message ${i} has no datagram ${describe(k)}: it has ${messages.datagrams(i)}, numbered from 0`;
    throw invalid("sendmmsg", message);
  }

  /** A word of the path of message `i`. */
  #pathWord(i: number, name: number): number {
    const messages = this.#at(i);
    return messages.paths[messages.path(i) + name]!;
  }

  /** The messages, of which `i` must be one. */
  #at(i: number): Messages {
    const messages = this.#messages;
    if (i >>> 0 === i && i < messages.count) return messages;
    const message = `the batch has no message ${describe(i)}: it holds ${messages.count}, numbered from 0`;
    throw invalid("sendmmsg", message);
  }
}
