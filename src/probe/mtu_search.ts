/**
 * The search for the largest datagram that gets to a target and back unfragmented.
 * @module
 */

import { isIPv4 } from "../net/address.ts";
import type { Failure, Outcome } from "./ledger.ts";
import { SIZE_MAX, SIZE_MAX_IPV4 } from "./options.ts";
import { payloadSize } from "./peer.ts";
import type { ReplyPoller } from "./reply_poller.ts";
import type { ProbeTarget } from "./target.ts";

/** Bytes of the request that finds out whether the target answers at all. */
export const SMALL_SIZE = 16;
/** How often a size is tried before it counts as too large. */
const ATTEMPTS = 3;
/** Longest wait for the answer to one request, in the longest round-trip times so far; the time-out, if shorter. */
const PATIENCE_ROUND_TRIPS = 10;
/** Least such wait. */
const PATIENCE_MILLISECONDS = 100;

/** What limits the size of datagrams. */
export interface Limit {
  /** The outcome of a datagram that was larger. */
  readonly outcome: Outcome;
  /** The error that it met, if any. */
  readonly failure: Failure | undefined;
}

/** Is told of the search. */
export interface MtuObserver {
  /** A size was tried: it passes if `limit` is `undefined`. */
  tried(target: ProbeTarget, size: number, limit: Limit | undefined): void;
  /** The target does not answer at all. */
  unanswered(target: ProbeTarget): void;
  /** The largest payload was found, and what limits it. */
  found(target: ProbeTarget, size: number, limit: Limit | undefined): void;
}

/** Searches for one target after the other. */
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
    let passes = SMALL_SIZE;
    let limit = await this.#try(target, passes);
    if (this.#isStopped()) return false;
    if (limit !== undefined) {
      this.#observer.unanswered(target);
      return false;
    }
    const most = isIPv4(target.peer.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let fails = most + 1;
    for (let size = most; fails - passes > 1;) {
      const objection = await this.#try(target, size);
      if (this.#isStopped()) return false;
      const told = objection?.failure?.report?.mtu ?? 0;
      if (objection === undefined) {
        passes = size;
      } else {
        limit = objection;
        // The reporter of an error says which size would pass, but not always the truth.
        fails = told === 0 ? size : Math.min(size, payloadSize(target.peer, told) + 1);
      }
      size = told > 0 && fails - 1 > passes ? fails - 1 : passes + (fails - passes >> 1);
    }
    this.#observer.found(target, passes, limit);
    return target.ledger.wrongSources.length === 0;
  }

  /** Sends requests of `size` bytes until one comes back; returns what prevents it otherwise. */
  async #try(target: ProbeTarget, size: number): Promise<Limit | undefined> {
    const limit = await this.#limitOf(target, size);
    if (!this.#isStopped()) this.#observer.tried(target, size, limit);
    return limit;
  }

  async #limitOf(target: ProbeTarget, size: number): Promise<Limit | undefined> {
    const sequences: number[] = [];
    const timeout = this.#timeoutMilliseconds;
    const longest = target.ledger.times.maximum / 1_000_000;
    const patience = Math.min(timeout, Math.max(PATIENCE_MILLISECONDS, longest * PATIENCE_ROUND_TRIPS || timeout));
    const outcomes = () => sequences.map((sequence) => target.ledger.outcome(sequence) ?? "lost");
    for (let i = 0; i < ATTEMPTS && !this.#isStopped(); i++) {
      sequences.push(target.send(size));
      const end = performance.now() + patience;
      while (target.ledger.outcome(sequences[i]!) === "waiting" && performance.now() < end && !this.#isStopped()) {
        await this.#poller.step(end);
      }
      if (outcomes().some((outcome) => outcome === "received" || outcome === "late" || outcome === "wrong source")) {
        return undefined;
      }
      const failed = target.ledger.outcome(sequences[i]!) === "failed" ? target.ledger.lastFailure : undefined;
      // A size that is said to be too large is not tried again.
      if (failed !== undefined && (failed.report?.mtu ?? 0) > 0) return { outcome: "failed", failure: failed };
    }
    const outcome = outcomes().at(-1)!;
    if (outcome === "waiting") return { outcome: "lost", failure: undefined };
    return { outcome, failure: outcome === "failed" ? target.ledger.lastFailure : undefined };
  }
}
