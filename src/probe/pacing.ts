/**
 * Requests at the pace that the user wants.
 * @module
 */

import type { ProbeSettings } from "./options.ts";
import { ReplyPoller } from "./reply_poller.ts";
import type { ProbeTarget } from "./target.ts";

/** Least time to wait at the end for duplicates. */
const LINGER_MILLISECONDS = 10;
/** Time from a request that failed to the next one, if requests follow answers. */
const FAILURE_MILLISECONDS = 200;

/**
 * Sends requests to all targets until all are answered or lost, or the user stops it.
 * @param showProgress is called after each wait for answers
 */
export async function sendRequests(
  targets: readonly ProbeTarget[],
  settings: ProbeSettings,
  showProgress: () => Promise<void>,
  isStopped: () => boolean,
): Promise<void> {
  const poller = new ReplyPoller(targets);
  const { size, count, intervalMilliseconds: interval } = settings;
  const lastSent = new Map(targets.map((target) => [target, performance.now() - interval]));
  /** When the next request to a target is due, in milliseconds of `performance.now`. */
  const dueAt = (target: ProbeTarget): number => {
    const { sent, counts } = target.ledger;
    if (sent >= count) return Infinity;
    if (interval > 0) return lastSent.get(target)! + interval;
    if (counts.waiting > 0) return Infinity;
    return lastSent.get(target)! + (target.ledger.outcome(sent) === "failed" ? FAILURE_MILLISECONDS : 0);
  };
  await showProgress();
  while (!isStopped()) {
    let until = Infinity;
    for (const target of targets) {
      const now = performance.now();
      const due = dueAt(target);
      if (due <= now) {
        target.send(size);
        // Requests that are more than one interval behind are left out.
        lastSent.set(target, Math.max(due, now - interval));
      }
      until = Math.min(until, dueAt(target), target.ledger.deadline);
    }
    if (until === Infinity) break;
    await poller.step(until);
    await showProgress();
  }
  // A duplicate of the last answer follows soon.
  const slowest = Math.max(...targets.map(({ ledger }) => ledger.times.maximum / 1_000_000 || 0));
  const end = performance.now() + Math.min(settings.timeoutMilliseconds, Math.max(LINGER_MILLISECONDS, slowest));
  while (!isStopped() && performance.now() < end) await poller.step(end);
}
