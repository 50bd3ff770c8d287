/** The expected results of the probe, from the datagrams that it sends and reads. */
import { isIPv4 } from "./address.ts";
import type { Attempt } from "./kernel_send.ts";
import type { KernelSocket, Message, QueuedError } from "./kernel_socket.ts";
import type { ProbePlan } from "./probe_plan.ts";
import { sameBytes } from "./reply_checks.ts";
import * as option from "./socket_options.ts";
import { MILLISECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import type { Observer, World } from "./world.ts";

/** Outcome of a request so far. */
export type Fate = "nothing" | "received" | "late" | "wrong_source" | "corrupted" | "failed";

interface Request {
  readonly payload: Uint8Array;
  fate: Fate;
  errno: number;
  /** Whether it could not be sent. */
  unsent: boolean;
  /** How often it was tried, if only the errors of earlier requests were in the way; else `Infinity`. */
  tries: number;
  /** By `CLOCK_REALTIME` when it left, and by `CLOCK_MONOTONIC` when it was sent. */
  left: number;
  sent: number;
  /** Whether the kernel told when it left. */
  told: boolean;
}

/** Expected report of an arrival. */
export interface Reported {
  readonly kind: string;
  readonly sequence: number | null;
  readonly rtt: number | null;
  /** Whether the time is an estimate: the clock was set meanwhile, or the kernel did not tell when the request left. */
  readonly estimated: boolean;
}

/** How much later than it left a request may have been taken down by `CLOCK_MONOTONIC`. */
const SLACK = MILLISECOND;

/** The requests to one target, and their outcomes. */
export class TargetOracle {
  readonly requests: Request[] = [];
  readonly reports: Reported[] = [];
  readonly wrongSources = new Set<string>();
  duplicates = 0;
  reordered = 0;
  stray = 0;
  lastErrno = 0;
  /** Whether a call to send a request failed, even if the request left at a later try. */
  disturbed = false;
  #newest = -1;
  readonly address: string;
  readonly port: number;
  readonly #timeout: number;

  constructor(address: string, port: number, timeoutMilliseconds: number) {
    this.address = address;
    this.port = port;
    this.#timeout = timeoutMilliseconds * MILLISECOND;
  }

  /** A request is tried. */
  attempted(payload: Uint8Array, { error, pending }: Attempt, now: number, realtime: number): void {
    const last = this.requests.at(-1);
    const again = last !== undefined && sameBytes(last.payload, payload);
    if (again && last.errno === 0) throw new Violation("a request is sent twice");
    const request: Request = again ? last : {
      payload: payload.slice(),
      fate: "nothing",
      errno: 0,
      unsent: true,
      tries: 0,
      left: realtime,
      sent: now,
      told: false,
    };
    if (!again) this.requests.push(request);
    request.left = realtime;
    request.tries += error === 0 || pending ? 1 : Infinity;
    request.unsent = error !== 0;
    request.errno = error;
    this.disturbed ||= error !== 0;
    request.fate = error === 0 ? "nothing" : "failed";
    // It is tried again after the error of an earlier request, which may be one to another target.
    if (error !== 0 && request.tries >= TRIES) this.lastErrno = error;
  }

  /** A datagram is read; `stepped` says that the clock may have been set. */
  answered({ source, sourcePort, payloads, time }: Message, now: number, stepped: boolean): void {
    const payload = payloads[0]!;
    const intact = this.requests.findIndex((request) => sameBytes(request.payload, payload));
    const named = intact >= 0 ? intact : this.#resembling(payload);
    const request = this.requests[named];
    const fromTarget = source === this.address && sourcePort === this.port;
    const age = request === undefined ? 0 : (now - request.sent) / this.#timeout;
    if (request === undefined || age > FORGOTTEN) {
      this.stray++;
      this.#report("stray", null, null, false);
    } else if (hasAnswer(request)) {
      this.duplicates++;
      this.#report("duplicate", named, null, false);
    } else if (intact < 0) {
      request.fate = "corrupted";
      this.#report("corrupted", named, null, false);
    } else {
      this.#answer(request, named, time - request.left, now, fromTarget, stepped);
      if (!fromTarget) this.wrongSources.add(`${source} ${sourcePort}`);
    }
  }

  #answer(request: Request, i: number, rtt: number, now: number, fromTarget: boolean, stepped: boolean): void {
    const most = now - request.sent + SLACK;
    const estimated = stepped && (rtt < 0 || rtt > most);
    const roundTrip = estimated ? now - request.sent : rtt;
    if (i < this.#newest) this.reordered++;
    this.#newest = Math.max(this.#newest, i);
    const fate = fromTarget ? this.answeredIn(i + 1, roundTrip) : request.fate = "wrong_source";
    this.#report(fate, i, roundTrip, stepped || !request.told);
  }

  /** Decides by its round trip in nanoseconds whether a request was answered in time. */
  answeredIn(sequence: number, roundTrip: number): Fate {
    return this.requests[sequence - 1]!.fate = roundTrip <= this.#timeout ? "received" : "late";
  }

  #report(kind: string, i: number | null, rtt: number | null, estimated: boolean): void {
    this.reports.push({ kind, sequence: i === null ? null : i + 1, rtt, estimated });
  }

  /** The request of which a payload has the beginning, and nearly all of the rest. */
  #resembling(payload: Uint8Array): number {
    return this.requests.findIndex((request) =>
      request.payload.length === payload.length && sameBytes(request.payload.subarray(0, 12), payload.subarray(0, 12))
    );
  }

  /** The kernel tells when a request left. */
  departed(payload: Uint8Array, time: number): void {
    const request = this.requests.find((each) => sameBytes(each.payload, payload));
    if (request === undefined) return;
    request.left = Math.max(request.left, time);
    request.told = true;
  }

  /** An ICMP message is read. */
  failed({ payload, errno }: QueuedError, now: number): void {
    const request = this.requests.find((each) => sameBytes(each.payload.subarray(0, payload.length), payload));
    if (request === undefined) throw new Violation("an ICMP message of no request");
    if (request.fate !== "nothing" || now - request.sent > FORGOTTEN * this.#timeout) return;
    request.fate = "failed";
    request.errno = errno;
    this.lastErrno = errno;
  }

  /** How many requests had a fate. */
  count(fate: Fate): number {
    return this.requests.filter((request) => request.fate === fate).length;
  }

  /** Requests that were given up, though only the errors of earlier ones were in the way. */
  get givenUp(): number {
    return this.requests.filter(({ unsent, tries }) => unsent && tries < TRIES).length;
  }

  /** The verdict, if so many requests still wait. */
  verdict(waiting: number): string {
    if (this.count("wrong_source") > 0) return "wrong_source";
    if (this.count("corrupted") > 0) return "corrupted";
    const received = this.count("received");
    if (received + this.count("late") > 0) return received === this.requests.length - waiting ? "ok" : "partial";
    if (this.count("failed") > 0) return this.lastErrno === 111 ? "refused" : "unreachable";
    return "no_answer";
  }
}

/** How often a request is tried at most. */
const TRIES = 4;
/** Time-outs after which a request is forgotten. */
const FORGOTTEN = 10;

function hasAnswer({ fate }: Request): boolean {
  return fate !== "nothing" && fate !== "failed";
}

export class ProbeOracle implements Observer {
  readonly targets: readonly TargetOracle[];
  /** Is called right before the program sends. */
  beforeSending: () => void = () => {};
  readonly #world: World;
  readonly #plan: ProbePlan;
  readonly #sockets = new Map<KernelSocket, TargetOracle>();
  #sending = { now: 0, realtime: 0 };

  constructor(world: World, plan: ProbePlan) {
    this.#world = world;
    this.#plan = plan;
    this.targets = plan.targets.map(({ address, port }) => new TargetOracle(address, port, plan.timeoutMilliseconds));
  }

  called(name: string): void {
    const { now, realtime } = this.#world.time;
    // The probe reads the clock right before it sends.
    if (name !== "sendmmsg") return;
    this.#sending = { now, realtime };
    this.beforeSending();
  }

  attempted(attempt: Attempt): void {
    const { socket, peer, payloads } = attempt;
    const i = this.#plan.targets.findIndex(({ address, port }) => address === peer.address && port === peer.port);
    const target = this.targets[i];
    if (target === undefined || payloads.length !== 1) throw new Violation(`a request to ${peer.address}`);
    const by = socket.options.get(isIPv4(peer.address) ? option.IP_UNICAST_IF : option.IPV6_UNICAST_IF);
    // It is in network byte order. ip(7)
    if (by !== this.#plan.interfaceIndex << 24) throw new Violation(`a request by interface ${by >>> 24}`);
    this.#sockets.set(socket, target);
    target.attempted(payloads[0]!, attempt, this.#sending.now, this.#sending.realtime);
  }

  received(socket: KernelSocket, message: Message): void {
    const { payloads, source, sourcePort } = message;
    const target = this.#targetOf(socket, payloads[0]!) ??
      this.targets.find(({ address, port }) => address === source && port === sourcePort);
    target?.answered(message, this.#world.time.now, this.#plan.events.length > 0);
  }

  errorReceived(socket: KernelSocket, entry: QueuedError): void {
    if (entry.errno !== 0) this.#targetOf(socket, entry.payload)?.failed(entry, this.#world.time.now);
    else if (entry.departed !== undefined) {
      this.#targetOf(socket, entry.departed)?.departed(entry.departed, entry.time!);
    }
  }

  /** The target whose session a payload names, or the only one of the socket. */
  #targetOf(socket: KernelSocket, payload: Uint8Array): TargetOracle | undefined {
    const ipv4 = (address: string) => !address.includes(":");
    const sender = this.#sockets.get(socket);
    const members = this.targets.filter((target) =>
      this.#plan.connected ? target === sender : sender !== undefined && ipv4(target.address) === ipv4(sender.address)
    );
    const session = payload.subarray(4, 8);
    return members.length === 1
      ? members[0]
      : members.find(({ requests: [first] }) =>
        first !== undefined && sameBytes(first.payload.subarray(4, 8), session)
      );
  }
}
