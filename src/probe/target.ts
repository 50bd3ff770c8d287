/**
 * One target of the probe: what was asked of it, and what came back.
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
  IP_TOS,
  IP_TTL,
  IP_UNICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_MTU_DISCOVER,
  IPV6_PMTUDISC_PROBE,
  IPV6_RECVERR,
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
import { Clock, wallTime } from "../../ffi/clock.ts";
import { endpointText, isIPv4 } from "../net/address.ts";
import type { ResolvedAddress } from "../net/endpoint.ts";
import type { ErrorQueue, ErrorReport } from "../socket/error_queue.ts";
import type { MessageBatch } from "../socket/message_batch.ts";
import { isProbePayload, namedSequence, ProbePayload } from "./payload.ts";
import { hostText } from "./text.ts";
import { TimeStatistics } from "./statistics.ts";
import { UdpSocket } from "../socket/udp_socket.ts";

/** What is asked. */
export interface NamedEndpoint {
  /** The name that the user gave, if it is not an address. */
  readonly name: string | undefined;
  /** The address. */
  readonly address: ResolvedAddress;
  /** The port. */
  readonly port: number;
}

/** How requests are sent. */
export interface RequestSettings {
  /** Whether the socket is connected, as an ordinary client's: then it sees only what comes from the target. */
  readonly connected: boolean;
  /** Local address to send from; if absent, the one that the routing table gives. */
  readonly source: string | undefined;
  /** Index of the interface to send by; 0 for the one that the routing table gives. */
  readonly interfaceIndex: number;
  /** Time to live, or hop limit: 1 to 255; the system's, if absent. */
  readonly ttl: number | undefined;
  /** Type of service, or traffic class: 0 to 255. */
  readonly tos: number | undefined;
  /** Whether no one may fragment the datagrams, on this host or on the way. */
  readonly dontFragment: boolean;
  /** After how many milliseconds without an answer a request counts as lost. */
  readonly timeout: number;
  /** Most bytes of payload of a request. */
  readonly sizeMax: number;
}

/**
 * What became of a request; one of these at a time, so that their counts add up to the requests sent:
 * - `waiting`: nothing yet, and there is still time;
 * - `received`: answered in time, unaltered, from the address that was asked;
 * - `late`: the same, after the time-out;
 * - `wrong source`: answered unaltered, but from another address or port than the one that was asked;
 * - `corrupted`: answered, but not with what was sent;
 * - `failed`: the kernel did not send it, or an ICMP error came back;
 * - `lost`: nothing came back in time.
 */
export const OUTCOMES = ["waiting", "received", "late", "wrong source", "corrupted", "failed", "lost"] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = typeof OUTCOMES[number];

/** A datagram that came to the socket of a target. */
export interface Reply {
  /** What it means for its request; or that the request had its answer already; or that it belongs to none. */
  readonly kind: Exclude<Outcome, "waiting" | "failed" | "lost"> | "duplicate" | "stray";
  /** The request that it answers; `undefined` if none. */
  readonly sequence: number | undefined;
  /** The endpoint it came from. */
  readonly from: string;
  /** The local address it came to. */
  readonly to: string;
  /** Bytes of payload. */
  readonly size: number;
  /** Nanoseconds from request to reply; `undefined` unless it is the first answer to a request, unaltered. */
  readonly roundTrip: number | undefined;
  /** Whether the answer to a later request came before it. RFC 4737 */
  readonly reordered: boolean;
  /** When it arrived, as a `wallTime`. */
  readonly time: number;
}

/** Why a request failed. */
export interface Failure {
  /** The request; `undefined` if it can't be told, or has its answer or its failure already. */
  readonly sequence: number | undefined;
  /** The error number. */
  readonly errno: number;
  /** What the network, or this host's kernel, reported. */
  readonly report: ErrorReport | undefined;
}

/** Who is told of what happens at a target, as it happens. */
export interface TargetObserver {
  /** A datagram came. */
  replied(target: ProbeTarget, reply: Reply): void;
  /** A request failed, or an error was reported of one. */
  failed(target: ProbeTarget, failure: Failure): void;
  /** A request has not been answered in time. */
  lost(target: ProbeTarget, sequence: number): void;
}

interface Request {
  readonly sequence: number;
  readonly size: number;
  /** When it left, as a `wallTime`: by the clock before the call, then by the kernel. */
  sentAt: number;
  /** When it was sent, in milliseconds of `performance.now`. */
  readonly sentMilliseconds: number;
  outcome: Outcome;
  /** The error number, if the outcome is `failed`. */
  errno: number;
  roundTrip: number | undefined;
}

const TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;

/** How many time-outs a request is remembered for: what comes still later belongs to none. */
const MEMORY_TIMEOUTS = 10;
/** Most requests that are remembered, unless more of them wait. */
const MEMORY_REQUESTS = 100_000;
/** How far two of the kernel's clocks may run apart during a round trip, in nanoseconds. */
const CLOCK_TOLERANCE = 1_000_000;
/** Most wrong sources that are remembered. */
const WRONG_SOURCES_MAX = 8;
/** How many calls one turn of receiving makes at most, so that nobody can keep the program busy. */
const RECEIVE_CALLS = 1000;
/** How often a request is sent again because the call reported an earlier request's error. */
const SEND_ATTEMPTS = 4;

/** Sends requests to one address and port, from a socket of its own, and finds out what becomes of each. */
export class ProbeTarget {
  /** The name that the user gave, if it is not an address. */
  readonly name: string | undefined;
  /** The endpoint that is asked: `192.0.2.10:9000`. */
  readonly endpoint: string;
  /** Its address. */
  readonly address: ResolvedAddress;
  /** Its port. */
  readonly port: number;
  /** Requests so far: the sum of {@link counts}. */
  sent = 0;
  /** Requests by what became of them. */
  readonly counts: Record<Outcome, number> = {
    waiting: 0,
    received: 0,
    late: 0,
    "wrong source": 0,
    corrupted: 0,
    failed: 0,
    lost: 0,
  };
  /** Requests that failed, by error number. */
  readonly failedByErrno = new Map<number, number>();
  /** Further answers to requests that had one. */
  duplicates = 0;
  /** Answers that came after the answer to a later request. */
  reordered = 0;
  /** Datagrams that answer no request of this session. */
  stray = 0;
  /** Round-trip times of all first answers that came unaltered, also late or from a wrong source. */
  readonly times = new TimeStatistics();
  /** Where answers came from that came from a wrong source. */
  readonly wrongSources = new Set<string>();
  /** Bytes of the last answer that was corrupted. */
  corruptedSize = 0;
  /** The last failure of a request. */
  lastFailure: Failure | undefined;

  readonly #settings: RequestSettings;
  readonly #observer: TargetObserver;
  readonly #errors: ErrorQueue;
  readonly #payload: ProbePayload;
  readonly #clock = new Clock(CLOCK_REALTIME);
  /** Absent where the host lacks the target's family. */
  readonly #socket: UdpSocket | undefined;
  readonly #outgoing: MessageBatch | undefined;
  readonly #requests = new Map<number, Request>();
  readonly #waiting = new Map<number, Request>();
  #connected = false;
  #newestReceived = 0;
  /** The request whose departure the kernel counts as number 0. */
  #firstCounted = 1;

  /**
   * Makes the socket; nothing is sent yet.
   * @throws {SystemError} with a sentence for the user, where the settings can't be met
   */
  constructor(
    { name, address, port }: NamedEndpoint,
    settings: RequestSettings,
    observer: TargetObserver,
    errors: ErrorQueue,
  ) {
    this.name = name;
    this.address = address;
    this.port = port;
    this.endpoint = endpointText(address.bytes, address.zone, port);
    this.#settings = settings;
    this.#observer = observer;
    this.#errors = errors;
    this.#payload = new ProbePayload(crypto.getRandomValues(new Int32Array(1))[0]!, settings.sizeMax);
    try {
      this.#socket = UdpSocket.bind({ port: 0, address: settings.source, family: isIPv4(address.bytes) ? 4 : 6 });
    } catch (error) {
      // A host without IPv6 does not reach IPv6 targets: that is an answer, not a mistake.
      if (!(error instanceof SystemError) || error.errno !== EAFNOSUPPORT) throw error;
      return;
    }
    const socket = this.#socket;
    setOptions(socket, settings);
    this.#outgoing = socket.batch(1);
    this.#outgoing.add(new Uint8Array(), {
      to: { address: hostText(address), port },
      from: settings.source === undefined ? undefined : hostText(socket.address),
    });
  }

  /** The descriptor of the socket; -1 if it could not be made. */
  get fd(): number {
    return this.#socket?.fd ?? -1;
  }

  /** Makes a batch that {@link receive} can use, and that of every target of the same family. */
  batch(capacity: number): MessageBatch | undefined {
    return this.#socket?.batch(capacity);
  }

  /** When the oldest waiting request is given up, in milliseconds of `performance.now`; `Infinity` if none waits. */
  get deadline(): number {
    for (const request of this.#waiting.values()) return request.sentMilliseconds + this.#settings.timeout;
    return Infinity;
  }

  /** What became of a request so far; `undefined` if it is forgotten. */
  outcome(sequence: number): Outcome | undefined {
    return this.#requests.get(sequence)?.outcome;
  }

  /** Sends the next request, with `size` bytes of payload; returns its number. */
  send(size: number): number {
    const request: Request = {
      sequence: ++this.sent,
      size,
      sentAt: 0,
      sentMilliseconds: performance.now(),
      outcome: "waiting",
      errno: 0,
      roundTrip: undefined,
    };
    this.counts.waiting++;
    this.#requests.set(request.sequence, request);
    this.#waiting.set(request.sequence, request);
    this.#transmit(request);
    return request.sequence;
  }

  #transmit(request: Request): void {
    const { sequence } = request;
    const socket = this.#socket;
    const outgoing = this.#outgoing;
    if (socket === undefined || outgoing === undefined) {
      return this.#fail(request, EAFNOSUPPORT, undefined);
    }
    let report: ErrorReport | undefined;
    try {
      if (this.#settings.connected && !this.#connected) {
        socket.connect({ address: hostText(this.address), port: this.port });
        this.#connected = true;
      }
      outgoing.setPayload(0, this.#payload.of(sequence, request.size));
      outgoing.markForSend(0);
      for (let attempt = 1;; attempt++) {
        request.sentAt = this.#now();
        if (socket.send(outgoing) === 1) {
          this.receiveErrors();
          return;
        }
        const errno = socket.lastError;
        const reports = this.receiveErrors();
        report = reports.find((entry) => entry.icmp === undefined && entry.errno === errno);
        // What it reported may have been the error of an earlier request: then this one has not been sent.
        const earlier = reports.some((entry) => entry.icmp !== undefined && entry.errno === errno);
        if (!earlier || attempt === SEND_ATTEMPTS) throw new SystemError("sendmsg", errno);
        this.#countDeparturesFrom(sequence);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#countDeparturesFrom(sequence + 1);
      this.#fail(request, error.errno, report);
    }
  }

  /** Takes what is in the socket's error queue; returns the errors. */
  receiveErrors(): ErrorReport[] {
    const reports: ErrorReport[] = [];
    for (const entry of this.#socket === undefined ? [] : this.#errors.receive(this.#socket)) {
      if (entry.kind === "departure") {
        const request = this.#requests.get(this.#firstCounted + entry.index);
        if (request !== undefined && entry.time >= request.sentAt) request.sentAt = entry.time;
      } else {
        reports.push(entry);
        // What this host's kernel has to say, the call that sends says too.
        if (entry.icmp !== undefined) this.#failRemotely(entry);
      }
    }
    return reports;
  }

  /** Receives what has come to the socket. */
  receive(batch: MessageBatch): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    for (let calls = 0; calls < RECEIVE_CALLS; calls++) {
      this.receiveErrors();
      const received = socket.receive(batch, false);
      for (let i = 0; i < received; i++) this.#judge(batch, i);
      // What fails otherwise is the error of an earlier request, which is in the error queue.
      if (received === -EAGAIN || received >= 0 && received < batch.capacity) return;
    }
  }

  /**
   * Gives up the requests whose time is over at `now`, in milliseconds of `performance.now`. What had come by then must
   * have been received.
   */
  expire(now: number): void {
    for (const request of this.#waiting.values()) {
      if (request.sentMilliseconds + this.#settings.timeout > now) break;
      this.#settle(request, "lost");
      this.#observer.lost(this, request.sequence);
    }
    for (const request of this.#requests.values()) {
      const old = request.sentMilliseconds + this.#settings.timeout * MEMORY_TIMEOUTS <= now;
      if (request.outcome === "waiting" || !old && this.#requests.size <= MEMORY_REQUESTS) break;
      this.#requests.delete(request.sequence);
    }
  }

  /** Closes the socket. */
  close(): void {
    this.#socket?.close();
  }

  /** Finds out what a datagram that came means. */
  #judge(batch: MessageBatch, i: number): void {
    const payload = batch.payload(i);
    const { address, port } = batch.peer(i);
    const from = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const fromTarget = from === this.endpoint;
    const time = batch.arrival(i) ?? this.#now();
    let request = this.#answered(payload);
    const intact = request !== undefined;
    if (!intact && !isProbePayload(payload)) request = this.#resembled(payload, fromTarget);

    let kind: Reply["kind"];
    let reordered = false;
    let roundTrip: number | undefined;
    if (request === undefined) {
      kind = "stray";
      this.stray++;
    } else if (hasAnswer(request)) {
      kind = "duplicate";
      this.duplicates++;
    } else if (!intact) {
      kind = "corrupted";
      this.corruptedSize = payload.length;
      this.#settle(request, kind);
    } else {
      roundTrip = this.#roundTrip(request, time);
      const inTime = roundTrip <= this.#settings.timeout * 1_000_000;
      kind = !fromTarget ? "wrong source" : inTime ? "received" : "late";
      reordered = request.sequence < this.#newestReceived;
      this.#newestReceived = Math.max(this.#newestReceived, request.sequence);
      if (reordered) this.reordered++;
      this.#settle(request, kind);
      this.#countTime(request, roundTrip);
    }
    if (kind === "wrong source" && this.wrongSources.size < WRONG_SOURCES_MAX) this.wrongSources.add(from);
    this.#observer.replied(this, {
      kind,
      sequence: request?.sequence,
      from,
      to: batch.localAddress(i),
      size: payload.length,
      roundTrip,
      reordered,
      time,
    });
  }

  /** The request whose payload this is, byte for byte; for an empty one, that of the oldest that waits. */
  #answered(payload: Uint8Array): Request | undefined {
    const sequence = namedSequence(payload, this.sent);
    if (sequence === undefined) {
      if (payload.length > 0) return undefined;
      const request = this.#oldestWaiting() ?? this.#requests.get(this.sent);
      return request?.size === 0 ? request : undefined;
    }
    const request = this.#requests.get(sequence);
    return request !== undefined && this.#payload.equals(payload, sequence, request.size) ? request : undefined;
  }

  /**
   * The request that an altered payload most resembles: the one that it names or one that waits, if at least half of
   * its bytes agree. What the target itself sends is an answer whatever it is: to the oldest request that waits.
   */
  #resembled(payload: Uint8Array, fromTarget: boolean): Request | undefined {
    const named = this.#requests.get(namedSequence(payload, this.sent) ?? 0);
    let best: Request | undefined;
    let most = 0;
    for (const request of named === undefined ? this.#waiting.values() : [named, ...this.#waiting.values()]) {
      const equal = this.#payload.agreement(payload, request.sequence, request.size);
      if (equal <= most || equal * 2 < Math.min(payload.length, request.size)) continue;
      best = request;
      most = equal;
    }
    return best ?? (fromTarget ? this.#oldestWaiting() : undefined);
  }

  #oldestWaiting(): Request | undefined {
    for (const request of this.#waiting.values()) return request;
    return undefined;
  }

  /** Nanoseconds from a request to what arrived at `time`. */
  #roundTrip(request: Request, time: number): number {
    const roundTrip = time - request.sentAt;
    const most = (performance.now() - request.sentMilliseconds) * 1_000_000 + CLOCK_TOLERANCE;
    if (roundTrip >= 0 && roundTrip <= most) return roundTrip;
    // Somebody has set the clock meanwhile. The monotonic clock knows only when the reply was read.
    return Math.round(most - CLOCK_TOLERANCE);
  }

  #countTime(request: Request, roundTrip: number): void {
    request.roundTrip = roundTrip;
    this.times.add(roundTrip);
    const before = this.#requests.get(request.sequence - 1)?.roundTrip;
    const after = this.#requests.get(request.sequence + 1)?.roundTrip;
    if (before !== undefined) this.times.addConsecutive(before, roundTrip);
    if (after !== undefined) this.times.addConsecutive(roundTrip, after);
  }

  /** An ICMP error came: finds the request by what it quotes of the payload; else it is the oldest that waits. */
  #failRemotely(report: ErrorReport): void {
    const sequence = namedSequence(report.quoted, this.sent);
    const request = sequence === undefined ? this.#oldestWaiting() : this.#requests.get(sequence);
    this.#fail(request, report.errno, report);
  }

  #fail(request: Request | undefined, errno: number, report: ErrorReport | undefined): void {
    const settled = request === undefined || hasAnswer(request) || request.outcome === "failed";
    const failure = { sequence: settled ? undefined : request.sequence, errno, report };
    if (!settled) {
      this.#settle(request, "failed", errno);
      this.lastFailure = failure;
    }
    this.#observer.failed(this, failure);
  }

  #settle(request: Request, outcome: Outcome, errno = 0): void {
    this.#count(request, -1);
    request.outcome = outcome;
    request.errno = errno;
    this.#count(request, 1);
    this.#waiting.delete(request.sequence);
  }

  #count({ outcome, errno }: Request, change: 1 | -1): void {
    this.counts[outcome] += change;
    if (outcome === "failed") this.failedByErrno.set(errno, (this.failedByErrno.get(errno) ?? 0) + change);
  }

  /** After a request that was not sent, nobody knows whether the kernel has counted it: it is made to start anew. */
  #countDeparturesFrom(sequence: number): void {
    this.#firstCounted = sequence;
    setTimestamps(this.#socket!, 0);
    setTimestamps(this.#socket!, TIMESTAMPS);
  }

  #now(): number {
    this.#clock.read();
    return wallTime(this.#clock.seconds, this.#clock.nanoseconds);
  }
}

function hasAnswer({ outcome }: Request): boolean {
  return outcome !== "waiting" && outcome !== "lost" && outcome !== "failed";
}

function setOptions(socket: UdpSocket, settings: RequestSettings): void {
  const ipv6 = socket.domain === AF_INET6;
  const { ttl, tos, interfaceIndex } = settings;
  const set = (nameIPv4: number, nameIPv6: number, value: number) =>
    ipv6 ? socket.setOption(IPPROTO_IPV6, nameIPv6, value) : socket.setOption(IPPROTO_IP, nameIPv4, value);
  // In a train all datagrams would have the time of the first.
  if (socket.notices.length === 0) socket.setOption(IPPROTO_UDP, UDP_GRO, 0);
  set(IP_RECVERR, IPV6_RECVERR, 1);
  setTimestamps(socket, TIMESTAMPS);
  if (ttl !== undefined) set(IP_TTL, IPV6_UNICAST_HOPS, ttl);
  if (tos !== undefined) set(IP_TOS, IPV6_TCLASS, tos);
  if (settings.dontFragment) {
    // Without regard to what is known of the way, which may have changed: each datagram finds out.
    if (ipv6) socket.setOption(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    else socket.setOption(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  // Not SO_BINDTODEVICE: with it an answer by another interface would not be seen. In network byte order.
  if (interfaceIndex > 0) set(IP_UNICAST_IF, IPV6_UNICAST_IF, swapBytes(interfaceIndex));
}

/** Asks for the kernel's timestamps; where it has none, the clock is read before and after. */
function setTimestamps(socket: UdpSocket, flags: number): void {
  try {
    socket.setOption(SOL_SOCKET, SO_TIMESTAMPING, flags);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}

function swapBytes(value: number): number {
  return (value & 0xff) << 24 | (value & 0xff00) << 8 | value >>> 8 & 0xff00 | value >>> 24;
}
