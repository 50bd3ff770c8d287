/**
 * The messages of a batch as the socket handles them: the memory that the kernel fills, and the decoded fields.
 * @module
 */

import { AF_INET, EMSGSIZE, ESHUTDOWN, MSG_CTRUNC, MSG_ERRQUEUE, MSG_TRUNC } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { mmsghdr, sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector } from "../../ffi/message_vector.ts";
import { isShared } from "../../ffi/shared_memory.ts";
import { hasLinkLocalPrefix, isMapped, isUnspecified, writeIPv4 } from "../net/address.ts";
import { invalid, requireBytes } from "../net/checks.ts";
import { socketAddressSize } from "../net/socket_address.ts";
import { decodeControlMessages, NOTHING_KNOWN, RECEIVE_CONTROL_SIZE, UNICAST, UNKNOWN } from "./control_message.ts";
import { copyWords, field, word } from "./message_layout.ts";

/** Most bytes of one message's payload: the longest train that the kernel delivers as one message. */
export const PAYLOAD_SIZE_MAX = 65_535;

// A power of two would place all payloads in the same few sets of the processor's caches.
const PAYLOAD_STRIDE = 65_536 + 192;

/**
 * Up to `capacity` messages. The kernel writes to two blocks of memory: one for headers, socket addresses and control
 * messages, which no user of the library can reach, and one for payloads. What it says is decoded into words.
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
  /** The paths, as {@link word} lays them out. Users may write any value here, so nothing else may depend on them. */
  readonly paths: Int32Array<ArrayBuffer>;
  /** The fields, as {@link field} lays them out. No user reaches them: sizes of payloads are here. */
  readonly fields: Int32Array;
  /** Memory of the headers, the socket addresses and the control messages. */
  readonly headers: Memory;

  readonly #vector: MessageVector;
  readonly #nameSize: number;

  // Messages that were received and whose headers still have the lengths of what was received.
  #received = 0;

  /**
   * @param headers memory for all but the payloads, which other processes may map
   * @throws {SystemError} `EINVAL` if the program has not made that memory: pointers in it would be a user's choice
   */
  constructor(family: number, capacity: number, headers?: Uint8Array<ArrayBuffer>) {
    if (headers !== undefined && !isShared(headers)) {
      throw invalid("recvmmsg", "`headers` is memory of the program's own");
    }
    this.family = family;
    this.capacity = capacity;
    this.paths = new Int32Array(capacity * word.count);
    this.fields = new Int32Array(capacity * field.count);
    this.payloads = new Memory(capacity * PAYLOAD_STRIDE);
    this.#nameSize = socketAddressSize(family);
    this.#vector = new MessageVector(capacity, RECEIVE_CONTROL_SIZE, headers);
    this.headers = this.#vector.memory;
    for (let i = 0; i < capacity; i++) {
      this.#vector.setBuffer(i, this.payloads, this.payloadOffset(i), PAYLOAD_SIZE_MAX);
      this.#vector.setLengths(i, this.#nameSize, RECEIVE_CONTROL_SIZE);
    }
  }

  /** A field of message `i`, by its place in {@link field}. */
  get(i: number, name: number): number {
    return this.fields[i * field.count + name]!;
  }

  /** Sets a field of message `i`. */
  set(i: number, name: number, value: number): void {
    this.fields[i * field.count + name] = value;
  }

  /** Index in {@link paths} of the path of message `i`. */
  path(i: number): number {
    return i * word.count;
  }

  /** Offset in {@link payloads} of a payload. */
  payloadOffset(i: number): number {
    return i * PAYLOAD_STRIDE;
  }

  /** Datagrams in a message, at least 1. */
  datagrams(i: number): number {
    const size = this.get(i, field.size);
    const segmentSize = this.get(i, field.segmentSize);
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }

  /**
   * Receives messages from a socket and decodes them.
   * @param flags of recvmmsg(2)
   * @returns their number, or `-errno`; `-ESHUTDOWN` if a process that shares the socket has shut it down
   */
  receive(fd: number, flags: number): number {
    this.clear();
    const received = this.#vector.receive(fd, this.capacity, flags);
    const entries = (flags & MSG_ERRQUEUE) !== 0;
    // After shutdown(2) every call returns empty messages without a peer, which a datagram always has, but not an entry of
    // the error queue.
    while (this.count < received && (entries || this.#vector.get(this.count, mmsghdr.msg_namelen) !== 0)) {
      this.#decode(this.count++);
    }
    this.#received = Math.max(0, received);
    if (received <= 0) return received;
    return this.count > 0 ? this.count : -ESHUTDOWN;
  }

  /** Removes all messages, and prepares the headers for the next reception. */
  clear(): void {
    for (let i = 0; i < this.#received; i++) this.#vector.setLengths(i, this.#nameSize, RECEIVE_CONTROL_SIZE);
    this.#received = 0;
    this.count = 0;
  }

  /** Decodes what another process received to the same headers since its last {@link clear}. */
  recover(): void {
    this.count = 0;
    while (
      this.count < this.capacity && this.#vector.get(this.count, mmsghdr.msg_controllen) !== RECEIVE_CONTROL_SIZE
    ) {
      this.#decode(this.count++);
    }
  }

  /** Decodes a received message. */
  #decode(i: number): void {
    const { paths } = this;
    const vector = this.#vector;
    const path = this.path(i);
    const local = path + word.local;
    // The kernel never reports more than fits, but no bound may depend on that.
    const controlLength = Math.max(0, Math.min(vector.get(i, mmsghdr.msg_controllen), RECEIVE_CONTROL_SIZE));
    const size = Math.max(0, Math.min(vector.get(i, mmsghdr.msg_len), PAYLOAD_SIZE_MAX));
    decodeControlMessages(this, i, vector.controlOffset(i), controlLength);
    const named = this.#decodeName(i);
    const cut = (vector.get(i, mmsghdr.msg_flags) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    const sameFamily = isMapped(paths, local) === isMapped(paths, path + word.peer);
    const known = named && !cut && sameFamily && this.get(i, field.destination) !== UNKNOWN;
    // A link-local source is ambiguous without its interface, and the interface determines an unspecified source. For
    // others it would override the routing table.
    const namesInterface = hasLinkLocalPrefix(paths, local) || isUnspecified(paths, local);
    paths[path + word.sendInterface] = known && namesInterface ? paths[path + word.interface]! : 0;
    paths[path + word.localPort] = this.localPort;
    paths[path + word.family] = this.family;
    if (!known) {
      this.set(i, field.destination, UNKNOWN);
      for (let k = 0; k < 4; k++) paths[local + k] = 0;
    }
    const segmentSize = this.get(i, field.segmentSize);
    this.set(i, field.segmentSize, segmentSize > 0 && segmentSize < size ? segmentSize : size);
    this.set(i, field.size, size);
    this.set(i, field.cut, cut ? 1 : 0);
  }

  /** Decodes the socket address of the peer; returns whether it is one of this family. */
  #decodeName(i: number): boolean {
    const { paths } = this;
    const { bytes, i32, u16 } = this.headers;
    const name = this.#vector.nameOffset(i);
    const path = this.path(i);
    const peer = path + word.peer;
    const named = this.#vector.get(i, mmsghdr.msg_namelen) === this.#nameSize && u16[name >> 1] === this.family;
    const port = bytes[name + sockaddr_in6.sin6_port]! << 8 | bytes[name + sockaddr_in6.sin6_port + 1]!;
    paths[path + word.peerPort] = named ? port : 0;
    if (this.family === AF_INET) {
      writeIPv4(paths, peer, i32[(name + sockaddr_in.sin_addr) >> 2]!);
      paths[path + word.peerScope] = 0;
    } else {
      copyWords(i32, (name + sockaddr_in6.sin6_addr) >> 2, paths, peer, 4);
      paths[path + word.peerScope] = i32[(name + sockaddr_in6.sin6_scope_id) >> 2]!;
    }
    return named;
  }

  /** Adds a message to send, whose path the caller has written: a copy of `size` bytes of payload. */
  add(payload: Uint8Array, size: number): void {
    const i = this.count;
    copyWords(NOTHING_KNOWN, 0, this.fields, i * field.count, field.count);
    this.setPayload(i, payload, size);
    this.set(i, field.destination, UNICAST);
    this.set(i, field.marked, 1);
    this.count = i + 1;
  }

  /** Copies a payload of `size` bytes, at most {@link PAYLOAD_SIZE_MAX}, to message `i`. */
  setPayload(i: number, payload: Uint8Array, size: number): void {
    this.payloads.bytes.set(payload, this.payloadOffset(i));
    this.set(i, field.size, size);
    this.set(i, field.segmentSize, size);
  }
}

/** Requires a payload that fits a message; returns its size in bytes. */
export function requirePayload(payload: Uint8Array): number {
  const size = requireBytes("sendmmsg", "a payload", payload);
  if (size <= PAYLOAD_SIZE_MAX) return size;
  const message = `a payload of ${size} bytes is too large: a datagram carries 65507 bytes over IPv4, 65527 over IPv6`;
  throw new SystemError("sendmmsg", EMSGSIZE, message);
}
