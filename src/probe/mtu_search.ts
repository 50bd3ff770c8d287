/**
 * The search for the largest datagram that gets to a target and back unfragmented.
 * @module
 */

import { isIPv4 } from "../net/address.ts";
import type { Failure } from "./ledger.ts";
import { SIZE_MAX, SIZE_MAX_IPV4 } from "./options.ts";
import type { Prober } from "./prober.ts";
import type { ProbeTarget } from "./target.ts";

/** Bytes of the request that finds out whether the target answers at all. */
export const SMALL_SIZE = 16;
/** How often a size is tried before it counts as too large. */
const ATTEMPTS = 3;
/** Longest wait for the answer to one request, in the longest round-trip times so far; the time-out, if shorter. */
const PATIENCE_ROUND_TRIPS = 10;
/** Least such wait. */
const PATIENCE_MILLISECONDS = 100;

/** The fate of a datagram that was too large. */
export interface Limit {
  /** No answer; or an error; or other bytes than were sent; or an answer in fragments. */
  readonly outcome: "lost" | "failed" | "corrupted" | "fragmented";
  /** The error, if there was one. */
  readonly failure?: Failure | undefined;
  /** Bytes of the largest fragment of the answer, if it was fragmented. */
  readonly fragmentSize?: number;
}

/** Receives the events of the search. */
export interface MtuObserver {
  /** A size was tried: it passes if `limit` is `undefined`. */
  tried(target: ProbeTarget, size: number, limit: Limit | undefined): void;
  /**
   * The search is over.
   * @param size the largest payload; `undefined` if the target does not answer at all
   * @param limit the limit for one byte more, unless no datagram is larger
   */
  found(target: ProbeTarget, size?: number, limit?: Limit): void;
}

/**
 * Searches for one target after the other, by bisection. The MTU in ICMP messages is ignored, for they may be forged:
 * each bound is the result of a request.
 * @returns whether all targets answer, each from the endpoint that was asked
 */
export async function searchMtu(
  targets: readonly ProbeTarget[],
  prober: Prober,
  timeoutMilliseconds: number,
  observer: MtuObserver,
  isStopped: () => boolean,
): Promise<boolean> {
  /** Tries a size up to three times; returns its limit, or `undefined` if it comes back unfragmented. */
  const tryPayload = async (target: ProbeTarget, size: number): Promise<Limit | undefined> => {
    const { ledger } = target;
    const first = ledger.sent + 1;
    let limit: Limit | undefined = { outcome: "lost" };
    let isKnown = false;
    target.observer = {
      replied(_, { sequence = 0, kind, fragmentSize }) {
        if (isKnown || sequence < first) return;
        isKnown = true;
        if (kind === "corrupted") limit = { outcome: kind };
        else limit = fragmentSize === 0 ? undefined : { outcome: "fragmented", fragmentSize };
      },
      failed(_, failure) {
        if (isKnown || failure.sequence === undefined || failure.sequence < first) return;
        // An error of this host is certain.
        isKnown = failure.icmp === undefined;
        limit = { outcome: "failed", failure };
      },
    };
    const longest = ledger.total.times.maximum / 1_000_000 * PATIENCE_ROUND_TRIPS || timeoutMilliseconds;
    const patience = Math.min(timeoutMilliseconds, Math.max(PATIENCE_MILLISECONDS, longest));
    for (let attempt = 1; attempt <= ATTEMPTS && !isKnown && !isStopped(); attempt++) {
      const { sequence } = prober.send(target, size);
      const end = performance.now() + patience;
      // An ICMP message may be forged, and the answer lost: all but the last attempt are repeated at once.
      const isReported = () => attempt < ATTEMPTS && limit?.failure?.sequence === sequence;
      while (!isKnown && !isStopped() && !isReported() && performance.now() < end) await prober.step(end);
    }
    if (!isStopped()) observer.tried(target, size, limit);
    return limit;
  };

  let ok = true;
  for (const target of targets) {
    const most = isIPv4(target.peer.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let passes = SMALL_SIZE;
    let limit = await tryPayload(target, passes);
    const answers = limit === undefined;
    let fails = answers ? most + 1 : passes;
    for (let size = most; fails - passes > 1 && !isStopped(); size = (passes + fails) >> 1) {
      const result = await tryPayload(target, size);
      if (result === undefined) passes = size;
      else [fails, limit] = [size, result];
    }
    if (isStopped()) return false;
    if (answers) observer.found(target, passes, limit);
    else observer.found(target);
    ok = ok && answers && target.ledger.wrongSources.length === 0;
  }
  return ok;
}
