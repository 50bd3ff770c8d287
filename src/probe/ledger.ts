/**
 * The ledger of requests to one target: their outcomes, and the matching of answers with requests.
 * @module
 */

import type { ErrorReport } from "../socket/error_queue.ts";
import type { ProbeSettings } from "./options.ts";
import { agreement, isProbePayload, namedSequence, probePayload } from "./payload.ts";
import { isSamePeer, type Peer } from "./peer.ts";
import { Account, type Outcome, Tally } from "./tally.ts";

/** A datagram that arrived at the socket of a target. */
export interface Arrival {
  readonly payload: Uint8Array;
  /** Its sender. */
  readonly from: Peer;
  /** When the kernel received it, as a `wallTime`. */
  readonly time: number;
}

/** The match of an arrival with a request. */
export interface Match {
  /** The outcome for its request; or `duplicate`, if the request had an answer; or `stray`, if it answers none. */
  readonly kind: Exclude<Outcome, "waiting" | "failed" | "lost"> | "duplicate" | "stray";
  /** The request that it answers; `undefined` if none. */
  readonly sequence: number | undefined;
  /** Nanoseconds from request to answer; `undefined` unless it is the first answer to a request, unaltered. */
  readonly roundTrip: number | undefined;
  /** Whether the answer to a later request came before it. RFC 4737 */
  readonly reordered: boolean;
}

/** An error that a request met: its number, and the report of the network or of this host's kernel, if there is one. */
export interface RequestError extends Partial<ErrorReport> {
  readonly errno: number;
}

/** Why a request failed. */
export interface Failure extends RequestError {
  /** The request; `undefined` if unknown, or if it has an answer or a failure already. */
  readonly sequence: number | undefined;
}

/** A request. */
export interface Request {
  /** Its number, from 1 on. */
  readonly sequence: number;
  /** Bytes of its payload. */
  readonly size: number;
  /** When it left, as a `wallTime`: by the clock before the call, then by the kernel. */
  sentAt: number;
  /** When it was sent, in milliseconds of `performance.now`. */
  readonly sentMilliseconds: number;
  /** When it is lost, unless its outcome is known. */
  readonly deadline: number;
  /** Its outcome so far. */
  outcome: Outcome;
  /** The error number, if the outcome is `failed`. */
  errno: number;
  /** Nanoseconds to an answer that came in time. */
  roundTrip: number | undefined;
  /** The accounts that it belongs to. */
  readonly accounts: readonly Account[];
  /** Where it is counted: in these accounts, and as long as it is among the recent ones, in their tally. */
  readonly tallies: Tally[];
}

/** The settings for the accounts: with `watch`, the verdict is that on the last `count` requests. */
export type AccountSettings = Pick<ProbeSettings, "timeoutMilliseconds" | "watch" | "count">;

/** Time-outs after which a request is forgotten: an answer that comes still later is `stray`. */
const MEMORY_TIMEOUTS = 10;
/** Most requests that are remembered, unless more are waiting. */
const MEMORY_REQUESTS = 100_000;
/** How far two clocks of the kernel may diverge during a round trip, in nanoseconds. */
const CLOCK_TOLERANCE = 1_000_000;
/** Most wrong sources that are remembered. */
const WRONG_SOURCES_MAX = 8;

/** The requests to one target. */
export class RequestLedger {
  /** Requests so far. */
  sent = 0;
  /** All requests. */
  readonly total: Account = new Account();
  /** The last requests that were settled, on which the verdict is based. */
  readonly recent: Tally;
  /** The requests by source port, if there are several. */
  readonly paths: readonly Account[];
  /** Failed requests by error number. */
  readonly failedByErrno = new Map<number, number>();
  /** Further answers to requests that had one. */
  duplicates = 0;
  /** Answers that came after the answer to a later request. */
  reordered = 0;
  /** Datagrams that answer no request of this session. */
  stray = 0;
  /** The senders of answers from a wrong source, the first eight. */
  readonly wrongSources: Peer[] = [];
  /** Round-trip time of the last answer that was late, in nanoseconds. */
  lastLate = 0;
  /** Bytes of the last corrupted answer. */
  corruptedSize = 0;
  /** The last failure of a request. */
  lastFailure: Failure | undefined;
  /** The last request. */
  newest: Request | undefined;
  /** When the last answer came that was received in time and in order, by `performance.now`. */
  goodAt: number | undefined;

  readonly #target: Peer;
  readonly #session: number;
  readonly #settings: AccountSettings;
  readonly #requests = new Map<number, Request>();
  readonly #window: Request[] = [];
  // The requests before this one do not wait.
  #oldest = 1;
  #newestAnswered = 0;

  /**
   * @param target the endpoint that is asked
   * @param session 32 bits, which no other target has
   * @param sourcePorts source ports that requests leave from in turn
   */
  constructor(target: Peer, session: number, settings: AccountSettings, sourcePorts: number) {
    this.#target = target;
    this.#session = session;
    this.#settings = settings;
    this.recent = settings.watch && settings.count < Infinity ? new Tally() : this.total;
    this.paths = sourcePorts === 1 ? [] : Array.from({ length: sourcePorts }, () => new Account());
  }

  /** Enters the next request, with `size` bytes of payload. */
  open(size: number): Request {
    const now = performance.now();
    this.#forget(now);
    const sequence = ++this.sent;
    const path = this.paths[(sequence - 1) % this.paths.length];
    const accounts = path === undefined ? [this.total] : [this.total, path];
    const request: Request = {
      sequence,
      size,
      sentAt: -Infinity,
      sentMilliseconds: now,
      deadline: now + this.#settings.timeoutMilliseconds,
      outcome: "waiting",
      errno: 0,
      roundTrip: undefined,
      accounts,
      tallies: [...accounts],
    };
    this.#count(request, 1);
    this.#requests.set(sequence, request);
    return this.newest = request;
  }

  /** The payload of a request. */
  payloadOf({ sequence, size }: Request): Uint8Array<ArrayBuffer> {
    return probePayload(this.#session, sequence, size);
  }

  /** Enters a datagram that arrived. */
  answered({ payload, from, time }: Arrival): Match {
    // An empty answer may be a duplicate of the last one.
    const named = this.named(payload) ?? (payload.length === 0 ? this.#requests.get(this.sent) : undefined);
    const equal = named === undefined ? 0 : agreement(payload, this.payloadOf(named));
    const intact = payload.length === named?.size && equal === payload.length;
    // Other bytes belong to the request that they name, if half of them agree; those from the target to the oldest one.
    const resembled = named !== undefined && equal > 0 && equal * 2 >= Math.min(payload.length, named.size);
    const fromTarget = isSamePeer(from, this.#target);
    const request = intact || resembled ? named : fromTarget ? this.#oldestWaiting() : undefined;
    if (request === undefined || !intact && isProbePayload(payload)) {
      this.stray++;
      return { kind: "stray", sequence: undefined, roundTrip: undefined, reordered: false };
    }
    const { sequence } = request;
    if (hasAnswer(request)) {
      this.duplicates++;
      return { kind: "duplicate", sequence, roundTrip: undefined, reordered: false };
    }
    if (!intact) {
      this.corruptedSize = payload.length;
      this.#settle(request, "corrupted");
      return { kind: "corrupted", sequence, roundTrip: undefined, reordered: false };
    }
    const roundTrip = this.#roundTrip(request, time);
    const inTime = roundTrip <= this.#settings.timeoutMilliseconds * 1_000_000;
    const kind = !fromTarget ? "wrong source" : inTime ? "received" : "late";
    const reordered = sequence < this.#newestAnswered;
    if (reordered) this.reordered++;
    else this.#newestAnswered = sequence;
    this.#settle(request, kind);
    if (kind === "late") this.lastLate = roundTrip;
    else this.#countTime(request, roundTrip);
    if (kind === "received") this.goodAt = performance.now();
    const isNew = !this.wrongSources.some((peer) => isSamePeer(peer, from));
    if (kind === "wrong source" && isNew && this.wrongSources.length < WRONG_SOURCES_MAX) this.wrongSources.push(from);
    return { kind, sequence, roundTrip, reordered };
  }

  /** The request that a payload, or the beginning of one, names; if it names none, the oldest that waits. */
  named(payload: Uint8Array): Request | undefined {
    this.#forget(performance.now());
    const sequence = namedSequence(payload, this.sent);
    return sequence === undefined ? this.#oldestWaiting() : this.#requests.get(sequence);
  }

  /** Enters that a request could not be sent, or that an ICMP error came; `undefined` stands for an unknown request. */
  failed(request: Request | undefined, error: RequestError): Failure {
    const isOver = request === undefined || hasAnswer(request) || request.outcome === "failed";
    if (isOver) return { ...error, sequence: undefined };
    this.#settle(request, "failed", error.errno);
    return this.lastFailure = { ...error, sequence: request.sequence };
  }

  /** Gives up a request that waits. The datagrams that arrived before its deadline must have been entered. */
  lost(request: Request): void {
    this.#settle(request, "lost");
  }

  /** Forgets requests that are old, or too many. */
  #forget(now: number): void {
    for (const request of this.#requests.values()) {
      const old = request.sentMilliseconds + this.#settings.timeoutMilliseconds * MEMORY_TIMEOUTS <= now;
      if (request.outcome === "waiting" || !old && this.#requests.size <= MEMORY_REQUESTS) break;
      this.#requests.delete(request.sequence);
    }
  }

  #oldestWaiting(): Request | undefined {
    while (this.#oldest <= this.sent && this.#requests.get(this.#oldest)?.outcome !== "waiting") this.#oldest++;
    return this.#requests.get(this.#oldest);
  }

  /** Nanoseconds from a request to the answer that arrived at `time`. */
  #roundTrip(request: Request, time: number): number {
    const roundTrip = time - request.sentAt;
    const elapsed = (performance.now() - request.sentMilliseconds) * 1_000_000;
    // If the clock was set meanwhile, the monotonic clock tells, which knows only when the answer was read.
    return roundTrip >= 0 && roundTrip <= elapsed + CLOCK_TOLERANCE ? roundTrip : Math.round(elapsed);
  }

  #countTime(request: Request, roundTrip: number): void {
    request.roundTrip = roundTrip;
    for (const { times } of request.accounts) times.add(roundTrip);
    const before = this.#requests.get(request.sequence - 1)?.roundTrip;
    const after = this.#requests.get(request.sequence + 1)?.roundTrip;
    if (before !== undefined) this.total.times.addConsecutive(before, roundTrip);
    if (after !== undefined) this.total.times.addConsecutive(roundTrip, after);
  }

  #settle(request: Request, outcome: Outcome, errno = 0): void {
    const first = request.outcome === "waiting";
    for (const account of request.accounts) {
      if (first) account.first.counts[outcome]++;
      account.unanswered = outcome === "received" ? 0 : account.unanswered + Number(first);
    }
    this.#count(request, -1);
    if (first && this.recent !== this.total) this.#enterWindow(request);
    request.outcome = outcome;
    request.errno = errno;
    this.#count(request, 1);
  }

  /** Lets a request in among the recent ones, whose outcome is counted next, and the oldest of them out. */
  #enterWindow(request: Request): void {
    request.tallies.push(this.recent);
    this.#window.push(request);
    if (this.#window.length <= this.#settings.count) return;
    const oldest = this.#window.shift()!;
    oldest.tallies.pop();
    this.recent.counts[oldest.outcome]--;
    if (this.recent.counts["wrong source"] === 0) this.wrongSources.length = 0;
  }

  #count({ outcome, errno, tallies }: Request, change: 1 | -1): void {
    for (const { counts } of tallies) counts[outcome] += change;
    if (outcome === "failed") this.failedByErrno.set(errno, (this.failedByErrno.get(errno) ?? 0) + change);
  }
}

function hasAnswer({ outcome }: Request): boolean {
  return outcome !== "waiting" && outcome !== "lost" && outcome !== "failed";
}
