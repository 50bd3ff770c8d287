/**
 * Requests by outcome.
 * @module
 */

import { TimeStatistics } from "./statistics.ts";

/**
 * Outcomes of a request. Each request has one at a time, so their counts add up to the requests sent:
 * - `waiting`: no answer yet, and the time-out is not over;
 * - `received`: answered in time, unaltered, from the endpoint that was asked;
 * - `late`: the same, after the time-out;
 * - `wrong source`: answered unaltered, from another address or port;
 * - `corrupted`: answered with other bytes than were sent;
 * - `failed`: the kernel did not send it, or an ICMP error came back;
 * - `lost`: no answer within the time-out.
 */
export const OUTCOMES = ["waiting", "received", "late", "wrong source", "corrupted", "failed", "lost"] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = typeof OUTCOMES[number];

/** Counts of requests by outcome. */
export class Tally {
  /** Requests by outcome. */
  readonly counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;

  /** Requests whose outcome is known. */
  get settled(): number {
    return OUTCOMES.reduce((sum, outcome) => sum + this.counts[outcome], -this.counts.waiting);
  }

  /** Percentage of the settled requests that got no answer in time; `NaN` if none is settled. */
  get loss(): number {
    const { lost, late, failed } = this.counts;
    return (lost + late + failed) / this.settled * 100;
  }
}

/** Requests and their times: all to a target, or those that left from one source port. */
export class Account extends Tally {
  /** Requests by the first outcome after `waiting`. These counts never decrease. */
  readonly first: Tally = new Tally();
  /** Round-trip times of all first answers that came unaltered and not late, also from a wrong source. */
  readonly times: TimeStatistics = new TimeStatistics();
  /** Requests since the last answer that was in order. */
  unanswered = 0;
}
