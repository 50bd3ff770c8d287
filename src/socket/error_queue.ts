/**
 * What becomes of datagrams after they were sent: when they left, and which errors came of them.
 * @module
 */

import {
  AF_INET,
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVERR,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SCM_TIMESTAMPING,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_TIMESTAMPING,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { iovec, mmsghdr, scm_timestamping, sock_extended_err, sockaddr_in, timespec } from "../../ffi/layouts.ts";
import { wallTime } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector, writeBuffer } from "../../ffi/message_vector.ts";
import { ControlMessages } from "./control_message.ts";
import { readSocketAddress, type ResolvedAddress } from "../net/endpoint.ts";
import { closed, UdpSocket } from "./udp_socket.ts";
import { describe, invalid } from "../net/checks.ts";

/** A datagram has left: the kernel has handed it to the network device. */
export interface Departure {
  /** Tells it from an {@link ErrorReport}. */
  readonly kind: "departure";
  /** Which one: datagrams are counted from 0 on since `SO_TIMESTAMPING` was set. `SOF_TIMESTAMPING_OPT_ID` */
  readonly index: number;
  /** When, as a `wallTime`. */
  readonly time: number;
}

/** An error came of a datagram. */
export interface ErrorReport {
  /** Tells it from a {@link Departure}. */
  readonly kind: "error";
  /** The error that the kernel makes of it: `ECONNREFUSED`. */
  readonly errno: number;
  /** Type and code of the ICMP message; `undefined` if this host's kernel says it. RFC 792, RFC 4443 */
  readonly icmp: { readonly version: 4 | 6; readonly type: number; readonly code: number } | undefined;
  /** Who sent the ICMP message. */
  readonly reporter: ResolvedAddress | undefined;
  /** The MTU of the way in bytes, if the datagram was too large for it. */
  readonly mtu: number;
  /** The beginning of the datagram's payload, as much of it as the ICMP message quotes. */
  readonly quoted: Uint8Array;
}

/** Entries that one system call takes. */
const CAPACITY = 8;
/** Room for what of a payload is looked at. */
const PAYLOAD_STRIDE = 64;
const CONTROL_STRIDE = 256;

/**
 * Reads the error queues of sockets that have `IP_RECVERR` or `IPV6_RECVERR` set (for errors), or `SO_TIMESTAMPING` (for
 * departures). One is enough for all sockets. ip(7), Documentation/networking/timestamping.rst
 */
export class ErrorQueue {
  readonly #memory: Memory;
  readonly #vector: MessageVector;
  readonly #controls: ControlMessages;
  readonly #controlsAt: number;
  readonly #payloadsAt: number;

  /** Makes the room for what is taken. */
  constructor() {
    const buffersAt = CAPACITY * mmsghdr.size;
    this.#controlsAt = buffersAt + CAPACITY * iovec.size;
    this.#payloadsAt = this.#controlsAt + CAPACITY * CONTROL_STRIDE;
    this.#memory = new Memory(this.#payloadsAt + CAPACITY * PAYLOAD_STRIDE);
    this.#vector = new MessageVector(this.#memory, 0, CAPACITY);
    this.#controls = new ControlMessages(this.#memory);
    for (let i = 0; i < CAPACITY; i++) {
      const bufferAt = buffersAt + i * iovec.size;
      writeBuffer(this.#memory, bufferAt, this.#payloadsAt + i * PAYLOAD_STRIDE, PAYLOAD_STRIDE);
      this.#vector.setBuffers(i, bufferAt, 1);
      this.#vector.setControl(i, this.#controlsAt + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
  }

  /**
   * Takes what is in the error queue of a socket, without waiting.
   * @throws {SystemError} `EBADF` where it is closed, `EINVAL` where it is none
   */
  receive(socket: UdpSocket): (Departure | ErrorReport)[] {
    if (!(socket instanceof UdpSocket)) throw invalid("recvmmsg", `a UdpSocket is needed, not ${describe(socket)}`);
    if (socket.fd < 0) throw closed("recvmmsg");
    const entries: (Departure | ErrorReport)[] = [];
    for (;;) {
      const count = this.#vector.receive(socket.fd, CAPACITY, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < count; i++) {
        const entry = this.#read(i);
        if (entry !== undefined) entries.push(entry);
        this.#vector.setRoom(i, 0, CONTROL_STRIDE);
      }
      if (count < CAPACITY) return entries;
    }
  }

  #read(i: number): Departure | ErrorReport | undefined {
    const { bytes, i32 } = this.#memory;
    const controls = this.#controls;
    let time: number | undefined;
    let errorAt = -1;
    let errorEnd = -1;
    const length = Math.min(this.#vector.controlLength(i), CONTROL_STRIDE);
    controls.start(this.#controlsAt + i * CONTROL_STRIDE, length);
    while (controls.next()) {
      const { level, type, data } = controls;
      if (level === SOL_SOCKET && type === SCM_TIMESTAMPING && controls.length >= scm_timestamping.size) {
        const at = (data + scm_timestamping.ts) >> 2;
        time = wallTime(i32[at + timespec.tv_sec / 4]! >>> 0, i32[at + timespec.tv_nsec / 4]!);
      } else if (
        (level === IPPROTO_IP && type === IP_RECVERR || level === IPPROTO_IPV6 && type === IPV6_RECVERR) &&
        controls.length >= sock_extended_err.size
      ) {
        errorAt = data;
        errorEnd = data + controls.length;
      }
    }
    if (errorAt < 0) return undefined;
    const origin = bytes[errorAt + sock_extended_err.ee_origin]!;
    if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
      const index = i32[(errorAt + sock_extended_err.ee_data) >> 2]! >>> 0;
      return time === undefined ? undefined : { kind: "departure", index, time };
    }
    const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : undefined;
    const type = bytes[errorAt + sock_extended_err.ee_type]!;
    const code = bytes[errorAt + sock_extended_err.ee_code]!;
    const payloadAt = this.#payloadsAt + i * PAYLOAD_STRIDE;
    return {
      kind: "error",
      errno: i32[(errorAt + sock_extended_err.ee_errno) >> 2]!,
      icmp: version === undefined ? undefined : { version, type, code },
      reporter: version === undefined ? undefined : this.#reporter(errorAt + sock_extended_err.size, errorEnd),
      mtu: i32[(errorAt + sock_extended_err.ee_info) >> 2]! >>> 0,
      quoted: bytes.slice(payloadAt, payloadAt + Math.min(this.#vector.length(i), PAYLOAD_STRIDE)),
    };
  }

  /** The socket address behind the error, `SO_EE_OFFENDER`; its family is 0 where nobody is known. */
  #reporter(at: number, end: number): ResolvedAddress | undefined {
    const { bytes, u16 } = this.#memory;
    if (at + sockaddr_in.size > end || u16[at >> 1] === 0) return undefined;
    return readSocketAddress(bytes.slice(at, u16[at >> 1] === AF_INET ? at + sockaddr_in.size : end));
  }
}
