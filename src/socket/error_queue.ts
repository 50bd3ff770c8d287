/**
 * Error queues: errors that datagrams met after they were sent, and their times of departure.
 * @module
 */

import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_TIMESTAMPING,
} from "../../ffi/constants.ts";
import { mmsghdr, sock_extended_err, sockaddr_in6 } from "../../ffi/layouts.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector } from "../../ffi/message_vector.ts";
import { zonedText } from "../net/address.ts";
import type { Endpoint, ResolvedAddress } from "../net/endpoint.ts";
import { readPort, readSocketAddress, socketAddressSize } from "../net/socket_address.ts";
import { ControlMessageDecoder } from "./control_message.ts";
import { type BatchSocket, descriptorOf } from "./batch_socket.ts";
import { field, word } from "./message_layout.ts";

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
/** Bytes of the quoted payload. */
const PAYLOAD_SIZE = 64;
/** Bytes of the control messages. */
const CONTROL_SIZE = 256;

/**
 * Reads the error queues of sockets with `IP_RECVERR` or `IPV6_RECVERR` (errors), or `SO_TIMESTAMPING` (departures). One
 * serves all sockets. ip(7), Documentation/networking/timestamping.rst
 */
export class ErrorQueue {
  readonly #vector = new MessageVector(CAPACITY, CONTROL_SIZE);
  readonly #payloads = new Memory(CAPACITY * PAYLOAD_SIZE);
  readonly #fields = new Int32Array(field.count);
  readonly #control = new ControlMessageDecoder(this.#vector.memory, new Int32Array(word.count), this.#fields);

  /** Allocates the memory of one call. */
  constructor() {
    for (let i = 0; i < CAPACITY; i++) {
      this.#vector.setBuffer(i, this.#payloads, i * PAYLOAD_SIZE, PAYLOAD_SIZE);
      this.#vector.setLengths(i, sockaddr_in6.size, CONTROL_SIZE);
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
        this.#vector.setLengths(i, sockaddr_in6.size, CONTROL_SIZE);
      }
      if (count < CAPACITY) return entries;
    }
  }

  #decode(i: number): Departure | ErrorReport | undefined {
    const vector = this.#vector;
    const control = this.#control;
    const { bytes, i32 } = vector.memory;
    control.decode(0, vector.controlOffset(i), Math.min(vector.get(i, mmsghdr.msg_controllen), CONTROL_SIZE));
    const error = control.errorOffset;
    if (error < 0) return undefined;
    const origin = bytes[error + sock_extended_err.ee_origin]!;
    if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
      const seconds = this.#fields[field.seconds]! >>> 0;
      const nanoseconds = this.#fields[field.nanoseconds]!;
      if (nanoseconds < 0) return undefined;
      const index = i32[(error + sock_extended_err.ee_data) >> 2]! >>> 0;
      const time = seconds * 1000 + nanoseconds / 1_000_000;
      return { kind: "departure", index, time, nanoseconds: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) };
    }
    const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : undefined;
    const name = vector.nameOffset(i);
    const peer = this.#socketAddress(name, name + vector.get(i, mmsghdr.msg_namelen));
    // `SO_EE_OFFENDER`: who reported the error.
    const reporter = this.#socketAddress(error + sock_extended_err.size, control.errorEnd);
    const type = bytes[error + sock_extended_err.ee_type]!;
    const code = bytes[error + sock_extended_err.ee_code]!;
    const payload = i * PAYLOAD_SIZE;
    return {
      kind: "error",
      errno: i32[(error + sock_extended_err.ee_errno) >> 2]!,
      icmp: version === undefined ? undefined : { version, type, code },
      peer: peer && endpointOf(peer),
      reporter: version === undefined ? undefined : reporter && readSocketAddress(reporter),
      mtu: i32[(error + sock_extended_err.ee_info) >> 2]! >>> 0,
      quoted: this.#payloads.bytes.slice(payload, payload + Math.min(vector.get(i, mmsghdr.msg_len), PAYLOAD_SIZE)),
    };
  }

  /** The socket address in the memory of the headers from `at` to before `end`; its family is 0 if it is unknown. */
  #socketAddress(at: number, end: number): Uint8Array | undefined {
    const { bytes, u16 } = this.#vector.memory;
    const family = u16[at >> 1]!;
    const size = socketAddressSize(family);
    return family === 0 || at + size > end ? undefined : bytes.subarray(at, at + size);
  }
}

/** The address and port of a socket address. */
function endpointOf(name: Uint8Array): Endpoint {
  const { bytes, zone } = readSocketAddress(name);
  return { address: zonedText(bytes, zone), port: readPort(name) };
}
