/**
 * The search for the largest datagram that gets to a target and back unfragmented.
 * @module
 */

import { isIPv4 } from "../net/address.ts";
import type { Failure } from "./ledger.ts";
import { SIZE_MAX, SIZE_MAX_IPV4 } from "./options.ts";
import { leastMtu, payloadSize } from "./peer.ts";
import type { ReplyPoller } from "./reply_poller.ts";
import type { ProbeTarget, Reply } from "./target.ts";

/** Bytes of the request that finds out whether the target answers at all. */
export const SMALL_SIZE = 16;
/** How often a size is tried before it counts as too large. */
const ATTEMPTS = 3;
/** Longest wait for the answer to one request, in the longest round-trip times so far; the time-out, if shorter. */
const PATIENCE_ROUND_TRIPS = 10;
/** Least such wait. */
const PATIENCE_MILLISECONDS = 100;
/** How many claims of an MTU are followed; a path has few narrower and narrower links, but a forger many claims. */
const CLAIMS_MAX = 8;

/** What became of a datagram that was too large. */
export interface Limit {
  /** No answer; or an error; or other bytes than were sent; or an answer in fragments. */
  readonly outcome: "lost" | "failed" | "corrupted" | "fragmented";
  /** The error, if there was one. */
  readonly failure?: Failure | undefined;
  /** Bytes of the largest fragment of the answer, if it was fragmented. */
  readonly fragmentSize?: number;
}

/** Is told of the search. */
export interface MtuObserver {
  /** A size was tried: it passes if `limit` is `undefined`. */
  tried(target: ProbeTarget, size: number, limit: Limit | undefined): void;
  /** The target does not answer at all. */
  unanswered(target: ProbeTarget): void;
  /** The largest payload was found, and what became of one byte more, unless it is the largest of all. */
  found(target: ProbeTarget, size: number, limit: Limit | undefined): void;
}

/** Searches for one target after the other. Every bound is the result of a request: ICMP messages may be forged. */
export class MtuSearch {
  readonly #poller: ReplyPoller;
  readonly #timeoutMilliseconds: number;
  readonly #observer: MtuObserver;
  readonly #isStopped: () => boolean;

  constructor(poller: ReplyPoller, timeoutMilliseconds: number, observer: MtuObserver, isStopped: () => boolean) {
    this.#poller = poller;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    this.#observer = observer;
    this.#isStopped = isStopped;
  }

  /** @returns whether all targets answer, each from the endpoint that was asked */
  async run(targets: readonly ProbeTarget[]): Promise<boolean> {
    let complete = true;
    for (const target of targets) complete = await this.#search(target) && complete;
    return complete && !this.#isStopped();
  }

  async #search(target: ProbeTarget): Promise<boolean> {
    const { peer } = target;
    const answered = await this.#try(target, SMALL_SIZE) === undefined;
    if (this.#isStopped()) return false;
    if (!answered) {
      this.#observer.unanswered(target);
      return false;
    }
    let passes = SMALL_SIZE;
    let limit: Limit | undefined;
    const most = isIPv4(peer.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let claims = 0;
    let claimed = 0;
    for (let size = most, fails = most + 1; fails - passes > 1;) {
      const result = await this.#try(target, size);
      if (this.#isStopped()) return false;
      if (result === undefined) {
        passes = size;
      } else {
        fails = size;
        limit = result;
        const claim = claimedSize(target, size, result);
        if (claim !== undefined && claims++ < CLAIMS_MAX) claimed = claim;
      }
      // The size that is said to pass, then one byte more: if the claim is right, that ends the search.
      size = claimed > passes && claimed < fails ? claimed : claimed === passes ? passes + 1 : (passes + fails) >> 1;
    }
    this.#observer.found(target, passes, limit);
    return target.ledger.wrongSources.length === 0;
  }

  /** Tries a size, some times if need be; returns what prevents that it comes back unfragmented. */
  async #try(target: ProbeTarget, size: number): Promise<Limit | undefined> {
    const first = target.ledger.sent + 1;
    const result: { reply?: Reply; failure?: Failure } = {};
    target.observer = {
      replied: (_, reply) => {
        if (reply.sequence !== undefined && reply.sequence >= first) result.reply ??= reply;
      },
      failed: (_, failure) => {
        if (failure.sequence !== undefined && failure.sequence >= first) result.failure = failure;
      },
    };
    // An ICMP message may be forged, and the answer come all the same. An error of this host is sure.
    const isKnown = () =>
      this.#isStopped() || result.reply !== undefined || result.failure !== undefined && !result.failure.report?.icmp;
    for (let attempt = 1; attempt <= ATTEMPTS && !isKnown() && result.failure === undefined; attempt++) {
      target.send(size);
      const end = performance.now() + this.#patience(target);
      while (!isKnown() && performance.now() < end) await this.#poller.step(end);
    }
    if (this.#isStopped()) return undefined;
    const limit = limitOf(result.reply, result.failure);
    this.#observer.tried(target, size, limit);
    return limit;
  }

  /** How long to wait for an answer, in milliseconds. */
  #patience({ ledger }: ProbeTarget): number {
    const longest = ledger.times.maximum / 1_000_000;
    const patience = Math.max(PATIENCE_MILLISECONDS, longest * PATIENCE_ROUND_TRIPS || Infinity);
    return Math.min(this.#timeoutMilliseconds, patience);
  }
}

function limitOf(reply: Reply | undefined, failure: Failure | undefined): Limit | undefined {
  if (reply === undefined) return failure === undefined ? { outcome: "lost" } : { outcome: "failed", failure };
  if (reply.kind === "corrupted") return { outcome: "corrupted" };
  return reply.fragmentSize === 0 ? undefined : { outcome: "fragmented", fragmentSize: reply.fragmentSize };
}

/** Bytes of payload that pass, by what an error says of the MTU; `undefined` if it says nothing that can be. */
function claimedSize({ peer }: ProbeTarget, size: number, { failure }: Limit): number | undefined {
  const mtu = failure?.report?.mtu ?? 0;
  const claimed = payloadSize(peer, mtu);
  return mtu >= leastMtu(peer) && claimed < size ? claimed : undefined;
}
