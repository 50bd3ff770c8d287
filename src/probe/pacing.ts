/**
 * Requests at the pace that the user wants.
 * @module
 */

import type { ProbeSettings } from "./options.ts";
import type { Prober } from "./prober.ts";
import type { ProbeTarget } from "./target.ts";

/** Least time to wait at the end for duplicates. */
const LINGER_MILLISECONDS = 10;
/** Time from a request that failed to the next one, if requests follow answers. */
const FAILURE_MILLISECONDS = 200;
/** How long requests are sent before answers are received. */
const SEND_MILLISECONDS = 5;

/** The turns of the targets: which is asked next, and when. */
export class Schedule {
  readonly #settings: ProbeSettings;
  #targets: readonly ProbeTarget[] = [];
  #next = 0;

  /** @param settings the pace */
  constructor(settings: ProbeSettings) {
    this.#settings = settings;
  }

  /** Asks these targets from now on: new ones at once, or when watching spread over an interval. */
  setTargets(targets: readonly ProbeTarget[]): void {
    const { intervalMilliseconds: interval, watch } = this.#settings;
    const start = performance.now() - interval;
    targets.forEach((target, i) => {
      if (target.lastDue === -Infinity) target.lastDue = start + (watch ? interval * i / targets.length : 0);
    });
    this.#targets = [...targets].sort((a, b) => a.lastDue - b.lastDue);
    this.#next = 0;
  }

  /** Sends the requests that are due; returns when the next one is, in milliseconds of `performance.now`. */
  sendDue(prober: Prober): number {
    const { intervalMilliseconds: interval, size } = this.#settings;
    const end = performance.now() + SEND_MILLISECONDS;
    for (let visited = 0; visited < this.#targets.length; visited++) {
      const target = this.#targets[this.#next]!;
      const now = performance.now();
      const due = this.#dueAt(target);
      // With an interval, the targets behind this one are not due earlier.
      if (interval > 0 && due > now) return due;
      if (now > end) return now;
      if (due <= now) {
        prober.send(target, size);
        // Requests that are more than one interval behind are left out.
        target.lastDue = Math.max(due, now - interval);
      }
      this.#next = (this.#next + 1) % this.#targets.length;
    }
    return Math.min(...this.#targets.map((target) => this.#dueAt(target)));
  }

  /** When the next request to a target is due. */
  #dueAt({ lastDue, ledger }: ProbeTarget): number {
    const { count, watch, intervalMilliseconds: interval } = this.#settings;
    if (ledger.sent >= count && !watch) return Infinity;
    if (interval > 0) return lastDue + interval;
    if (ledger.total.counts.waiting > 0) return Infinity;
    return lastDue + (ledger.newest?.outcome === "failed" ? FAILURE_MILLISECONDS : 0);
  }
}

/** How long to wait for a duplicate of the last answer, which follows as soon as answers come: milliseconds. */
export function lingerMilliseconds(targets: readonly ProbeTarget[], timeoutMilliseconds: number): number {
  const slowest = targets.map(({ ledger: { lastLate, total } }) => Math.max(lastLate, total.times.maximum || 0));
  return Math.min(timeoutMilliseconds, Math.max(LINGER_MILLISECONDS, Math.max(...slowest) / 1_000_000));
}
