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
import { sock_extended_err } from "../../ffi/layouts.ts";
import type { Endpoint, ResolvedAddress } from "../net/endpoint.ts";
import { readSocketAddress, socketAddressSize } from "../net/socket_address.ts";
import { type BatchSocket, descriptorOf } from "./batch_socket.ts";
import { MessageBatch, messagesOf } from "./message_batch.ts";
import { field } from "./message_layout.ts";
import type { Messages } from "./messages.ts";

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
/** Bytes of the payload that a report quotes, at most. */
const QUOTED_MAX = 64;

/**
 * Reads the error queues of sockets with `IP_RECVERR` or `IPV6_RECVERR` (errors), or `SO_TIMESTAMPING` (departures). One
 * serves all sockets. ip(7), Documentation/networking/timestamping.rst
 */
export class ErrorQueue {
  // By the domain of the socket.
  readonly #batches: Record<number, MessageBatch> = {};

  /**
   * Reads all entries of a socket's error queue.
   * @throws {SystemError} `EBADF` if the socket is closed, `EINVAL` if the value is no socket
   */
  receive(socket: BatchSocket): (Departure | ErrorReport)[] {
    const fd = descriptorOf("recvmmsg", socket);
    const { domain } = socket;
    const batch = this.#batches[domain] ??= new MessageBatch(domain, CAPACITY);
    const messages = messagesOf("recvmmsg", batch);
    const entries: (Departure | ErrorReport)[] = [];
    do {
      messages.receive(fd, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < batch.count; i++) {
        const entry = decode(batch, messages, i);
        if (entry !== undefined) entries.push(entry);
      }
    } while (batch.count === CAPACITY);
    return entries;
  }
}

/** What message `i` says; `undefined` if it is neither a departure nor an error. */
function decode(batch: MessageBatch, messages: Messages, i: number): Departure | ErrorReport | undefined {
  const { bytes, i32 } = messages.headers;
  const error = messages.get(i, field.extendedError);
  if (error < 0) return undefined;
  const origin = bytes[error + sock_extended_err.ee_origin]!;
  if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
    const [time, nanoseconds] = [batch.arrival(i), batch.arrivalNanoseconds(i)];
    if (time === undefined || nanoseconds === undefined) return undefined;
    return { kind: "departure", index: i32[(error + sock_extended_err.ee_data) >> 2]! >>> 0, time, nanoseconds };
  }
  const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : undefined;
  const type = bytes[error + sock_extended_err.ee_type]!;
  const code = bytes[error + sock_extended_err.ee_code]!;
  // The socket address of the sender follows, without a family if it is unknown.
  const reporter = error + sock_extended_err.size;
  const reporterEnd = reporter + socketAddressSize(messages.family);
  const reported = version !== undefined && bytes[reporter] === messages.family;
  return {
    kind: "error",
    errno: i32[(error + sock_extended_err.ee_errno) >> 2]!,
    icmp: version === undefined ? undefined : { version, type, code },
    peer: batch.peerPort(i) === 0 ? undefined : batch.peer(i),
    reporter: reported ? readSocketAddress(bytes.subarray(reporter, reporterEnd)) : undefined,
    mtu: i32[(error + sock_extended_err.ee_info) >> 2]! >>> 0,
    quoted: batch.payload(i).slice(0, QUOTED_MAX),
  };
}
