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
import { setsockopt } from "../../ffi/libc.ts";
import { type Endpoint, requireInterface } from "../net/endpoint.ts";
import type { ErrorQueue, ErrorReport } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import type { Path } from "../socket/path.ts";
import { BatchSocket } from "../socket/batch_socket.ts";
import type { Request, RequestError } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { namedSession } from "./payload.ts";

/** What all sockets share. */
export interface Shared {
  readonly settings: ProbeSettings;
  /** Local address to send from; if absent, the one that the routing table gives. */
  readonly source: string | undefined;
  /** Reads the error queues. */
  readonly errors: ErrorQueue;
  /** Memory for received datagrams by address family, made when a socket first needs it. */
  readonly batches: { 4?: MessageBatch; 6?: MessageBatch };
}

/** A target, as its sockets know it. */
export interface Member {
  /** The endpoint that is asked. */
  readonly peer: Endpoint;
  /** The session that its payloads name. */
  readonly session: number;
  /** Enters an ICMP error. */
  reported(report: ErrorReport): void;
  /** Enters message `i` of a batch, which arrived at `time`, a `wallTime`. */
  arrived(batch: MessageBatch, i: number, time: number): void;
}

const TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
/** How often a request is sent again because the call reported the error of an earlier request. */
const SEND_ATTEMPTS = 4;

/** Departures that the kernel may still report. */
const DEPARTURES_MAX = 1024;
/** Most datagrams that one system call receives. */
const BATCH_CAPACITY = 16;
/** Receive buffer: the answers of many targets wait in it while requests are sent, or while other processes run. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** A socket that exchanges datagrams with many targets, or one if it is connected. */
export class ProbeSocket {
  /** The socket itself. */
  readonly udp: BatchSocket;
  /** Whether the kernel reports answers that came in fragments. */
  readonly tellsFragments: boolean;
  /** The targets by session, each with the path to it. */
  readonly members = new Map<number | undefined, { readonly target: Member; readonly path: Path }>();
  readonly #shared: Shared;
  readonly #clock = new Clock(CLOCK_REALTIME);
  readonly #outgoing: MessageBatch;
  readonly #incoming: MessageBatch;
  #connects: boolean;
  // The requests that left, by the kernel's number modulo DEPARTURES_MAX; and the next number.
  readonly #departing: { readonly number: number; readonly request: Request }[] = [];
  #nextNumber = 0;

  /**
   * Makes the socket; nothing is sent yet.
   * @throws {SystemError} with a sentence for the user, if the settings can't be met; `EAFNOSUPPORT` without IPv6
   */
  constructor(family: 4 | 6, shared: Shared) {
    const { settings, source, batches } = shared;
    this.udp = BatchSocket.bind({ port: 0, address: source, family, receiveBuffer: RECEIVE_BUFFER_BYTES });
    this.tellsFragments = setOptions(this.udp, settings);
    this.#shared = shared;
    this.#outgoing = this.udp.batch(1);
    this.#incoming = batches[family] ??= this.udp.batch(BATCH_CAPACITY);
    this.#connects = settings.connected;
  }

  /**
   * Adds a target.
   * @throws {SystemError} with a sentence for the user, if the socket can't send to it
   */
  add(target: Member): void {
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(new Uint8Array(), { to: target.peer, from: this.#shared.source });
    this.members.set(target.session, { target, path: outgoing.path(0) });
  }

  /** Sends a request, whose number is higher than those of the target before; returns why that failed, if it did. */
  send(target: Member, request: Request, payload: Uint8Array): RequestError | undefined {
    const { udp } = this;
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(payload, this.members.get(target.session)!.path);
    for (let attempt = 1;; attempt++) {
      const number = this.#nextNumber++;
      this.#departing[number % DEPARTURES_MAX] = { number, request };
      request.sentAt = Math.max(request.sentAt, this.#now());
      const errno = this.#connectError(target.peer) || (udp.send(outgoing) === 1 ? 0 : udp.lastError);
      const reports = this.#receiveErrors().filter((report) => report.errno === errno);
      if (errno === 0) return undefined;
      // The kernel's count of departures restarts: whether it includes a request that was not sent is unknown.
      this.#departing.length = 0;
      this.#nextNumber = 0;
      setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
      setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
      // The call may have reported the error of an earlier request: then this one has not been sent.
      const again = attempt < SEND_ATTEMPTS && reports.some(({ icmp }) => icmp !== undefined);
      if (!again) return reports.find(({ icmp }) => icmp === undefined) ?? { errno };
    }
  }

  /** Connects the socket, if it is to be connected and is not yet; returns the error number, or 0. */
  #connectError(peer: Endpoint): number {
    try {
      if (this.#connects) this.udp.connect(peer);
      this.#connects = false;
      return 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return error.errno;
    }
  }

  /** Reads the error queue: notes departures, and reports ICMP errors to the targets; returns all errors. */
  #receiveErrors(): ErrorReport[] {
    const reports: ErrorReport[] = [];
    for (const entry of this.#shared.errors.receive(this.udp)) {
      if (entry.kind === "departure") {
        const sent = this.#departing[entry.index % DEPARTURES_MAX];
        const time = wallTimeOf(entry.nanoseconds);
        if (sent?.number === entry.index) sent.request.sentAt = Math.max(sent.request.sentAt, time);
      } else {
        reports.push(entry);
        // An error of this host's kernel is a result of the call, too.
        if (entry.icmp !== undefined) this.#targetOf(entry.quoted, entry.peer)?.reported(entry);
      }
    }
    return reports;
  }

  /**
   * Receives the datagrams that have arrived, and passes them to their targets. Others are ignored.
   * @param end time of `performance.now` from which on no further batch is received
   * @returns whether nothing is left
   */
  receive(end: number): boolean {
    const batch = this.#incoming;
    do {
      this.#receiveErrors();
      const received = this.udp.receive(batch, false);
      for (let i = 0; i < received; i++) {
        const arrival = batch.arrivalNanoseconds(i);
        const time = arrival === undefined ? this.#now() : wallTimeOf(arrival);
        this.#targetOf(batch.payload(i), batch.peer(i))?.arrived(batch, i, time);
      }
      // Any other failure is the error of an earlier request, which the error queue has too.
      if (received === -EAGAIN || received >= 0 && received < batch.capacity) return true;
    } while (performance.now() < end);
    return false;
  }

  /** The time now, as a `wallTime`. */
  #now(): number {
    this.#clock.read();
    return wallTime(this.#clock.seconds, this.#clock.nanoseconds);
  }

  /** The target whose session a payload names, or else the one at an endpoint; the only one, if there is one. */
  #targetOf(payload: Uint8Array, peer: Endpoint | undefined): Member | undefined {
    const isAsked = ({ path }: { readonly path: Path }) =>
      this.members.size === 1 || path.peer.address === peer?.address && path.peer.port === peer.port;
    return (this.members.get(namedSession(payload)) ?? this.members.values().find(isAsked))?.target;
  }
}

/** Sets the options of a socket; returns whether its kernel tells of answers that came in fragments. */
function setOptions(
  socket: BatchSocket,
  { ttl, trafficClass, interfaceName, dontFragment }: ProbeSettings,
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
  setsockopt(socket.fd, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
  if (ttl !== undefined) set(IP_TTL, IPV6_UNICAST_HOPS, ttl);
  if (trafficClass !== undefined) set(IP_TOS, IPV6_TCLASS, trafficClass);
  // Ignores the path MTU that the kernel knows, which may be outdated: each datagram finds out.
  if (dontFragment) set(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  // Not SO_BINDTODEVICE, which would hide answers that come by another interface. In network byte order.
  if (interfaceName !== undefined) {
    const index = new DataView(new Uint32Array([requireInterface(interfaceName)]).buffer).getInt32(0);
    set(IP_UNICAST_IF, IPV6_UNICAST_IF, index);
  }
  return setsockopt(socket.fd, level, ipv6 ? IPV6_RECVFRAGSIZE : IP_RECVFRAGSIZE, 1) === 0;
}
