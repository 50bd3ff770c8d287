/**
 * Error queues: errors that datagrams met after they were sent, and their times of departure.
 * @module
 */

import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_TIMESTAMPING,
} from "../../ffi/constants.ts";
import { iovec, mmsghdr, sock_extended_err, sockaddr_in, sockaddr_in6 } from "../../ffi/layouts.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { zonedText } from "../net/address.ts";
import type { Endpoint, ResolvedAddress } from "../net/endpoint.ts";
import { readPort, readSocketAddress } from "../net/socket_address.ts";
import { ControlMessageDecoder } from "./control_message.ts";
import { type BatchSocket, descriptorOf } from "./batch_socket.ts";

/** The departure of a datagram: the kernel passed it to the network device. */
export interface Departure {
  /** Distinguishes it from an {@link ErrorReport}. */
  readonly kind: "departure";
  /** Number of the datagram, from 0 since `SO_TIMESTAMPING` was set. `SOF_TIMESTAMPING_OPT_ID` */
  readonly index: number;
  /** Time in milliseconds since the epoch, with a fraction, exact to a microsecond. */
  readonly time: number;
  /** The same time with all its digits: nanoseconds since the epoch. */
  readonly nanoseconds: bigint;
}

/** An error that a datagram met. */
export interface ErrorReport {
  /** Distinguishes it from a {@link Departure}. */
  readonly kind: "error";
  /** Error number: `ECONNREFUSED`. errno(3) */
  readonly errno: number;
  /** Type and code of the ICMP message; `undefined` for an error of this host. RFC 792, RFC 4443 */
  readonly icmp: { readonly version: 4 | 6; readonly type: number; readonly code: number } | undefined;
  /** Peer that the datagram was sent to. */
  readonly peer: Endpoint | undefined;
  /** Sender of the ICMP message. */
  readonly reporter: ResolvedAddress | undefined;
  /** MTU of the path in bytes, if the datagram was larger; else 0. */
  readonly mtu: number;
  /** Beginning of the datagram's payload, as far as the ICMP message quotes it. */
  readonly quoted: Uint8Array<ArrayBuffer>;
}

/** Entries that one system call returns. */
const CAPACITY = 8;
const NAME_STRIDE = 32;
/** Bytes of the quoted payload. */
const PAYLOAD_STRIDE = 64;
const CONTROL_STRIDE = 256;

/**
 * Reads the error queues of sockets with `IP_RECVERR` or `IPV6_RECVERR` (errors), or `SO_TIMESTAMPING` (departures). One
 * serves all sockets. ip(7), Documentation/networking/timestamping.rst
 */
export class ErrorQueue {
  readonly #memory: Memory;
  readonly #vector: MessageVector;
  readonly #control: ControlMessageDecoder;
  readonly #namesOffset: number;
  readonly #controlsOffset: number;
  readonly #payloadsOffset: number;

  /** Allocates the memory of one call. */
  constructor() {
    const buffersOffset = CAPACITY * mmsghdr.size;
    this.#namesOffset = buffersOffset + CAPACITY * iovec.size;
    this.#controlsOffset = this.#namesOffset + CAPACITY * NAME_STRIDE;
    this.#payloadsOffset = this.#controlsOffset + CAPACITY * CONTROL_STRIDE;
    this.#memory = new Memory(this.#payloadsOffset + CAPACITY * PAYLOAD_STRIDE);
    this.#vector = new MessageVector(this.#memory, 0, CAPACITY);
    this.#control = new ControlMessageDecoder(this.#memory);
    for (let i = 0; i < CAPACITY; i++) {
      const buffer = buffersOffset + i * iovec.size;
      writeBuffer(this.#memory, buffer, this.#memory, this.#payloadsOffset + i * PAYLOAD_STRIDE, PAYLOAD_STRIDE);
      this.#vector.setBuffers(i, buffer, 1);
      this.#vector.setName(i, this.#namesOffset + i * NAME_STRIDE, sockaddr_in6.size);
      this.#vector.setControl(i, this.#controlsOffset + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
  }

  /**
   * Takes all entries from the error queue of a socket, without waiting.
   * @throws {SystemError} `EBADF` if the socket is closed, `EINVAL` if it is no socket
   */
  receive(socket: BatchSocket): (Departure | ErrorReport)[] {
    const fd = descriptorOf("recvmmsg", socket);
    const entries: (Departure | ErrorReport)[] = [];
    for (;;) {
      const count = this.#vector.receive(fd, CAPACITY, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < count; i++) {
        const entry = this.#decode(i);
        if (entry !== undefined) entries.push(entry);
        this.#vector.resetLengths(i, sockaddr_in6.size, CONTROL_STRIDE);
      }
      if (count < CAPACITY) return entries;
    }
  }

  #decode(i: number): Departure | ErrorReport | undefined {
    const { bytes, i32 } = this.#memory;
    const control = this.#control;
    const length = Math.min(this.#vector.controlLength(i), CONTROL_STRIDE);
    control.decode(this.#controlsOffset + i * CONTROL_STRIDE, length);
    const error = control.errorOffset;
    if (error < 0) return undefined;
    const origin = bytes[error + sock_extended_err.ee_origin]!;
    if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
      if (!control.hasTime) return undefined;
      const index = i32[(error + sock_extended_err.ee_data) >> 2]! >>> 0;
      const { seconds, nanoseconds } = control;
      const time = seconds * 1000 + nanoseconds / 1_000_000;
      return { kind: "departure", index, time, nanoseconds: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) };
    }
    const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : undefined;
    const type = bytes[error + sock_extended_err.ee_type]!;
    const code = bytes[error + sock_extended_err.ee_code]!;
    const payload = this.#payloadsOffset + i * PAYLOAD_STRIDE;
    return {
      kind: "error",
      errno: i32[(error + sock_extended_err.ee_errno) >> 2]!,
      icmp: version === undefined ? undefined : { version, type, code },
      peer: this.#peer(i),
      reporter: version === undefined ? undefined : this.#reporter(error + sock_extended_err.size, control.errorEnd),
      mtu: i32[(error + sock_extended_err.ee_info) >> 2]! >>> 0,
      quoted: bytes.slice(payload, payload + Math.min(this.#vector.length(i), PAYLOAD_STRIDE)),
    };
  }

  /** The peer in the header of message `i`. */
  #peer(i: number): Endpoint | undefined {
    const length = this.#vector.nameLength(i);
    if (length !== sockaddr_in.size && length !== sockaddr_in6.size) return undefined;
    const at = this.#namesOffset + i * NAME_STRIDE;
    const name = this.#memory.bytes.slice(at, at + length);
    const { bytes, zone } = readSocketAddress(name);
    return { address: zonedText(bytes, zone), port: readPort(name) };
  }

  /** The socket address behind the error, `SO_EE_OFFENDER`; its family is 0 if the sender is unknown. */
  #reporter(at: number, end: number): ResolvedAddress | undefined {
    const { bytes, u16 } = this.#memory;
    if (at + sockaddr_in.size > end || u16[at >> 1] === 0) return undefined;
    return readSocketAddress(bytes.slice(at, u16[at >> 1] === AF_INET ? at + sockaddr_in.size : end));
  }
}
