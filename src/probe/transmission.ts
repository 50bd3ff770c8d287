/**
 * The socket of one target: it sends requests, tells when they left and which errors came of them, and receives.
 * @module
 */

import {
  AF_INET6,
  CLOCK_REALTIME,
  EAFNOSUPPORT,
  EAGAIN,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IP_RECVFRAGSIZE,
  IP_TOS,
  IP_TTL,
  IP_UNICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_RECVFRAGSIZE,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_UNICAST_IF,
  SO_TIMESTAMPING,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_RX_SOFTWARE,
  SOF_TIMESTAMPING_SOFTWARE,
  SOF_TIMESTAMPING_TX_SOFTWARE,
  SOL_SOCKET,
  UDP_GRO,
} from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { Clock, wallTime, wallTimeOf } from "../../ffi/clock.ts";
import { isIPv4 } from "../net/address.ts";
import type { ErrorQueue, ErrorReport } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import type { ProbeSettings } from "./options.ts";
import { exactHostText, type Peer, type ScopedAddress } from "./peer.ts";

/** How requests are sent. */
export interface TransmissionOptions
  extends Pick<ProbeSettings, "connected" | "ttl" | "trafficClass" | "dontFragment"> {
  /** Local address to send from; if absent, the one that the routing table gives. */
  readonly source: ScopedAddress | undefined;
  /** Index of the interface to send by; 0 for the one that the routing table gives. */
  readonly interfaceIndex: number;
}

/** Is told what happens to requests. */
export interface TransmissionObserver {
  /** A request left at `time`, a `wallTime`: by the clock before the call, then once more by the kernel. */
  departed(sequence: number, time: number): void;
  /** An ICMP error came back. */
  reported(report: ErrorReport): void;
}

/** Why a request could not be sent. */
export interface SendError {
  readonly errno: number;
  /** What the kernel reported of it, with the MTU of the interface for example. */
  readonly report: ErrorReport | undefined;
}

const TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
/** How often a request is sent again because the call reported the error of an earlier request. */
const SEND_ATTEMPTS = 4;

/** A socket that exchanges datagrams with one target. */
export class Transmission {
  readonly #target: Peer;
  readonly #connect: boolean;
  readonly #observer: TransmissionObserver;
  readonly #errors: ErrorQueue;
  readonly #clock = new Clock(CLOCK_REALTIME);
  /** Whether the kernel tells of answers that came in fragments. */
  readonly tellsFragments: boolean = false;
  // Absent where this host lacks the target's family.
  readonly #socket: BatchSocket | undefined;
  readonly #outgoing: MessageBatch | undefined;
  #connected = false;
  // The request whose departure the kernel counts as number 0.
  #firstCounted = 1;

  /**
   * Makes the socket; nothing is sent yet.
   * @param errors reads the error queue; one serves all sockets
   * @throws {SystemError} with a sentence for the user, if the options can't be met
   */
  constructor(target: Peer, options: TransmissionOptions, errors: ErrorQueue, observer: TransmissionObserver) {
    this.#target = target;
    this.#connect = options.connected;
    this.#observer = observer;
    this.#errors = errors;
    const { source } = options;
    const address = source === undefined ? undefined : exactHostText(source);
    try {
      this.#socket = BatchSocket.bind({ port: 0, address, family: isIPv4(target.bytes) ? 4 : 6 });
    } catch (error) {
      // A host without IPv6 does not reach IPv6 targets: a result, not a mistake.
      if (!(error instanceof SystemError) || error.errno !== EAFNOSUPPORT) throw error;
      return;
    }
    this.tellsFragments = setOptions(this.#socket, options);
    this.#outgoing = this.#socket.batch(1);
    this.#outgoing.add(new Uint8Array(), { to: { address: exactHostText(target), port: target.port }, from: address });
  }

  /** The descriptor of the socket; -1 if it could not be made. */
  get fd(): number {
    return this.#socket?.fd ?? -1;
  }

  /** The local port; 0 if there is no socket. */
  get localPort(): number {
    return this.#socket?.port ?? 0;
  }

  /** Makes a batch for {@link receive} of this target, and of every target of the same family. */
  batch(capacity: number): MessageBatch | undefined {
    return this.#socket?.batch(capacity);
  }

  /** Sends the request `sequence`, a number higher than the last one's; returns why that failed, if it did. */
  send(sequence: number, payload: Uint8Array): SendError | undefined {
    const socket = this.#socket;
    const outgoing = this.#outgoing;
    if (socket === undefined || outgoing === undefined) return { errno: EAFNOSUPPORT, report: undefined };
    outgoing.setPayload(0, payload);
    outgoing.markForSend(0);
    for (let attempt = 1;; attempt++) {
      this.#observer.departed(sequence, this.now());
      const errno = this.#connectError(socket) || (socket.send(outgoing) === 1 ? 0 : socket.lastError);
      const reports = this.receiveErrors().filter((report) => report.errno === errno);
      if (errno === 0) return undefined;
      // The call may have reported the error of an earlier request: then this one has not been sent.
      const again = attempt < SEND_ATTEMPTS && reports.some(({ icmp }) => icmp !== undefined);
      this.#countDeparturesFrom(socket, again ? sequence : sequence + 1);
      if (!again) return { errno, report: reports.find(({ icmp }) => icmp === undefined) };
    }
  }

  /** Connects the socket, if it is to be connected and is not yet; returns the error number, or 0. */
  #connectError(socket: BatchSocket): number {
    if (!this.#connect || this.#connected) return 0;
    try {
      socket.connect({ address: exactHostText(this.#target), port: this.#target.port });
      this.#connected = true;
      return 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return error.errno;
    }
  }

  /** Reads the error queue: tells the observer of departures and ICMP errors; returns all errors. */
  receiveErrors(): ErrorReport[] {
    const reports: ErrorReport[] = [];
    for (const entry of this.#socket === undefined ? [] : this.#errors.receive(this.#socket)) {
      if (entry.kind === "departure") {
        this.#observer.departed(this.#firstCounted + entry.index, wallTimeOf(entry.nanoseconds));
      } else {
        reports.push(entry);
        // An error of this host's kernel is a result of the call, too.
        if (entry.icmp !== undefined) this.#observer.reported(entry);
      }
    }
    return reports;
  }

  /**
   * Receives what has arrived, and has `handle` called with each message of the batch.
   * @param end time of `performance.now` from which on no further batch is received
   * @returns whether nothing is left
   */
  receive(batch: MessageBatch, end: number, handle: (i: number) => void): boolean {
    const socket = this.#socket;
    if (socket === undefined) return true;
    do {
      this.receiveErrors();
      const received = socket.receive(batch, false);
      for (let i = 0; i < received; i++) handle(i);
      // Any other failure is the error of an earlier request, which the error queue has too.
      if (received === -EAGAIN || received >= 0 && received < batch.capacity) return true;
    } while (performance.now() < end);
    return false;
  }

  /** The time now, as a `wallTime`. */
  now(): number {
    this.#clock.read();
    return wallTime(this.#clock.seconds, this.#clock.nanoseconds);
  }

  /** Closes the socket. */
  close(): void {
    this.#socket?.close();
  }

  /** Restarts the kernel's count of departures: whether it includes a request that was not sent is unknown. */
  #countDeparturesFrom(socket: BatchSocket, sequence: number): void {
    this.#firstCounted = sequence;
    trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, 0);
    trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
  }
}

/** Sets the options of a socket; returns whether its kernel tells of answers that came in fragments. */
function setOptions(
  socket: BatchSocket,
  { ttl, trafficClass, interfaceIndex, dontFragment }: TransmissionOptions,
): boolean {
  const ipv6 = socket.domain === AF_INET6;
  const level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const set = (nameIPv4: number, nameIPv6: number, value: number) =>
    socket.setOption(level, ipv6 ? nameIPv6 : nameIPv4, value);
  // All datagrams of a train would have the time of the first.
  if (socket.notices.length === 0) socket.setOption(IPPROTO_UDP, UDP_GRO, 0);
  set(IP_RECVERR, IPV6_RECVERR, 1);
  // A kernel without timestamps leaves the times of the clock.
  trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
  if (ttl !== undefined) set(IP_TTL, IPV6_UNICAST_HOPS, ttl);
  if (trafficClass !== undefined) set(IP_TOS, IPV6_TCLASS, trafficClass);
  // Ignores the path MTU that the kernel knows, which may be outdated: each datagram finds out.
  if (dontFragment) set(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  // Not SO_BINDTODEVICE, which would hide answers that come by another interface. In network byte order.
  if (interfaceIndex > 0) set(IP_UNICAST_IF, IPV6_UNICAST_IF, swapBytes(interfaceIndex));
  return trySetOption(socket, level, ipv6 ? IPV6_RECVFRAGSIZE : IP_RECVFRAGSIZE, 1);
}

/** Sets an option that not every kernel has; returns whether this one has it. */
function trySetOption(socket: BatchSocket, level: number, name: number, value: number): boolean {
  try {
    socket.setOption(level, name, value);
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return false;
  }
}

function swapBytes(value: number): number {
  return (value & 0xff) << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24;
}
