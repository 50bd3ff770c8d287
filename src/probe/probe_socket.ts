/**
 * A socket of the probe: it sends requests to one target or many, and reports departures, errors and answers to each.
 * @module
 */

import {
  AF_INET6,
  CLOCK_REALTIME,
  EAGAIN,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IP_RECVFRAGSIZE,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IP_UNICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_RECVFRAGSIZE,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVTCLASS,
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
import type { Endpoint } from "../net/endpoint.ts";
import type { ErrorQueue, ErrorReport } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { Path } from "../socket/path.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import type { ProbeSettings } from "./options.ts";
import { namedSession } from "./payload.ts";
import { exactHostText, type Peer, type ScopedAddress } from "./peer.ts";

/** How requests are sent. */
export interface SocketOptions extends Pick<ProbeSettings, "connected" | "ttl" | "trafficClass" | "dontFragment"> {
  /** Local address to send from; if absent, the one that the routing table gives. */
  readonly source: ScopedAddress | undefined;
  /** Index of the interface to send by; 0 for the one that the routing table gives. */
  readonly interfaceIndex: number;
}

/** A target, as its sockets know it. */
export interface Member {
  /** The endpoint that is asked. */
  readonly peer: Peer;
  /** The session that its payloads name. */
  readonly session: number;
  /** A request left at `time`, a `wallTime`: by the clock before the call, then once more by the kernel. */
  departed(sequence: number, time: number): void;
  /** An ICMP error came back. */
  reported(report: ErrorReport): void;
  /** Message `i` of the batch arrived at `time`, a `wallTime`. */
  arrived(batch: MessageBatch, i: number, time: number): void;
}

/** Why a request could not be sent. */
export interface SendError {
  readonly errno: number;
  /** The kernel's report on it, with the MTU of the interface for example. */
  readonly report: ErrorReport | undefined;
}

const TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
/** How often a request is sent again because the call reported the error of an earlier request. */
const SEND_ATTEMPTS = 4;

/** Departures that the kernel may still report. */
const DEPARTURES_MAX = 1024;

/** A socket that exchanges datagrams with its members: many targets, or one if it is connected. */
export class ProbeSocket {
  /** Whether it is for IPv4 targets, or else for IPv6 targets. */
  readonly ipv4: boolean;
  /** Whether the kernel reports answers that came in fragments. */
  readonly tellsFragments: boolean;
  readonly #connect: boolean;
  readonly #source: string | undefined;
  readonly #errors: ErrorQueue;
  readonly #clock = new Clock(CLOCK_REALTIME);
  readonly #members = new Map<Member, Path>();
  readonly #bySession = new Map<number, Member>();
  readonly #byPeer = new Map<string, Member>();
  readonly #socket: BatchSocket;
  readonly #outgoing: MessageBatch;
  #connected = false;
  // The requests that left, by the kernel's number modulo DEPARTURES_MAX; and the next number.
  readonly #departing: { readonly number: number; readonly member: Member; readonly sequence: number }[] = [];
  #nextNumber = 0;

  /**
   * Makes the socket; nothing is sent yet.
   * @param errors reads the error queue; one serves all sockets
   * @throws {SystemError} with a sentence for the user, if the options can't be met; `EAFNOSUPPORT` without IPv6
   */
  constructor(ipv4: boolean, options: SocketOptions, errors: ErrorQueue) {
    this.ipv4 = ipv4;
    this.#connect = options.connected;
    this.#source = options.source === undefined ? undefined : exactHostText(options.source);
    this.#errors = errors;
    this.#socket = BatchSocket.bind({ port: 0, address: this.#source, family: ipv4 ? 4 : 6 });
    this.tellsFragments = setOptions(this.#socket, options);
    this.#outgoing = this.#socket.batch(1);
  }

  /** The descriptor of the socket. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** The local port. */
  get localPort(): number {
    return this.#socket.port;
  }

  /** Number of members. */
  get size(): number {
    return this.#members.size;
  }

  /**
   * Adds a target.
   * @throws {SystemError} with a sentence for the user, if the socket can't send to it
   */
  add(member: Member): void {
    const { peer, session } = member;
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(new Uint8Array(), { to: { address: exactHostText(peer), port: peer.port }, from: this.#source });
    this.#members.set(member, outgoing.path(0));
    this.#bySession.set(session, member);
    this.#byPeer.set(endpointKey(outgoing.peer(0)), member);
  }

  /** Removes a target. */
  remove(member: Member): void {
    this.#byPeer.delete(endpointKey(this.#members.get(member)!.peer));
    this.#members.delete(member);
    this.#bySession.delete(member.session);
  }

  /** Closes the socket. */
  close(): void {
    this.#socket.close();
  }

  /** Makes a batch for {@link receive} of every socket of the same family. */
  batch(capacity: number): MessageBatch {
    return this.#socket.batch(capacity);
  }

  /** Sends a request, whose number is higher than those of the member before; returns why that failed, if it did. */
  send(member: Member, sequence: number, payload: Uint8Array): SendError | undefined {
    const socket = this.#socket;
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(payload, this.#members.get(member)!);
    for (let attempt = 1;; attempt++) {
      const number = this.#nextNumber++;
      this.#departing[number % DEPARTURES_MAX] = { number, member, sequence };
      member.departed(sequence, this.now());
      const errno = this.#connectError(socket, member.peer) || (socket.send(outgoing) === 1 ? 0 : socket.lastError);
      const reports = this.receiveErrors().filter((report) => report.errno === errno);
      if (errno === 0) return undefined;
      this.#restartCount(socket);
      // The call may have reported the error of an earlier request: then this one has not been sent.
      const again = attempt < SEND_ATTEMPTS && reports.some(({ icmp }) => icmp !== undefined);
      if (!again) return { errno, report: reports.find(({ icmp }) => icmp === undefined) };
    }
  }

  /** Connects the socket, if it is to be connected and is not yet; returns the error number, or 0. */
  #connectError(socket: BatchSocket, peer: Peer): number {
    if (!this.#connect || this.#connected) return 0;
    try {
      socket.connect({ address: exactHostText(peer), port: peer.port });
      this.#connected = true;
      return 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return error.errno;
    }
  }

  /** Reads the error queue: reports departures and ICMP errors to the members; returns all errors. */
  receiveErrors(): ErrorReport[] {
    const reports: ErrorReport[] = [];
    for (const entry of this.#errors.receive(this.#socket)) {
      if (entry.kind === "departure") {
        const departed = this.#departing[entry.index % DEPARTURES_MAX];
        if (departed?.number === entry.index) {
          departed.member.departed(departed.sequence, wallTimeOf(entry.nanoseconds));
        }
      } else {
        reports.push(entry);
        // An error of this host's kernel is a result of the call, too.
        if (entry.icmp !== undefined) (this.#named(entry.quoted) ?? this.#at(entry.peer))?.reported(entry);
      }
    }
    return reports;
  }

  /**
   * Receives the datagrams that have arrived, and passes them to their members. Others are ignored.
   * @param end time of `performance.now` from which on no further batch is received
   * @returns whether nothing is left
   */
  receive(batch: MessageBatch, end: number): boolean {
    do {
      this.receiveErrors();
      const received = this.#socket.receive(batch, false);
      for (let i = 0; i < received; i++) {
        const member = this.#named(batch.payload(i)) ?? this.#at(batch.peer(i));
        const arrival = batch.arrivalNanoseconds(i);
        member?.arrived(batch, i, arrival === undefined ? this.now() : wallTimeOf(arrival));
      }
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

  /** The member whose session a payload names; the only one, if there is one. */
  #named(payload: Uint8Array): Member | undefined {
    if (this.size === 1) return this.#members.keys().next().value;
    const session = namedSession(payload);
    return session === undefined ? undefined : this.#bySession.get(session);
  }

  /** The member at an endpoint. */
  #at(peer: Endpoint | undefined): Member | undefined {
    return peer && this.#byPeer.get(endpointKey(peer));
  }

  /** Restarts the kernel's count of departures: whether it includes a request that was not sent is unknown. */
  #restartCount(socket: BatchSocket): void {
    this.#departing.length = 0;
    this.#nextNumber = 0;
    trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, 0);
    trySetOption(socket, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
  }
}

function endpointKey({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** Sets the options of a socket; returns whether its kernel tells of answers that came in fragments. */
function setOptions(
  socket: BatchSocket,
  { ttl, trafficClass, interfaceIndex, dontFragment }: SocketOptions,
): boolean {
  const ipv6 = socket.domain === AF_INET6;
  const level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const set = (nameIPv4: number, nameIPv6: number, value: number) =>
    socket.setOption(level, ipv6 ? nameIPv6 : nameIPv4, value);
  // All datagrams of a train would have the time of the first.
  if (socket.notices.length === 0) socket.setOption(IPPROTO_UDP, UDP_GRO, 0);
  set(IP_RECVERR, IPV6_RECVERR, 1);
  set(IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
  set(IP_RECVTOS, IPV6_RECVTCLASS, 1);
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
