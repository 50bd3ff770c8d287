/** The counts of a server, or of several workers, in a summary. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EACCES, EAGAIN } from "../../ffi/constants.ts";
import { ERRNO_COUNT } from "../../ffi/errno.ts";
import {
  Counters,
  COUNTS,
  ECHOED,
  ECHOED_BYTES,
  FAILED,
  LINES_DROPPED,
  LINES_LEFT_OUT,
  RECEIVED,
  RECEIVED_BEFORE,
  RECEIVED_BYTES,
  summarize,
  summaryText,
} from "../../src/echo/counters.ts";
import { Reason, REASONS } from "../../src/echo/guard.ts";

/** A worker with these counts. */
function worker(factor: number): Counters {
  const counters = new Counters();
  const counts: [index: number, count: number][] = [[RECEIVED, 1000], [ECHOED, 900], [LINES_LEFT_OUT, 30], [
    LINES_DROPPED,
    4,
  ]];
  for (const [index, count] of counts) counters.counts[index] = count * factor;
  counters.refused[REASONS.indexOf("over_rate")] = 60 * factor;
  counters.refused[REASONS.indexOf("stopping")] = 5 * factor;
  counters.failed[EACCES] = 1 * factor;
  counters.failed[EAGAIN] = 34 * factor;
  return counters;
}

test("a summary adds up the workers", () => {
  const summary = summarize([worker(1), worker(10)], 7, 12.34567);
  assert.deepEqual(summary, {
    received: 11_000,
    echoed: 9900,
    refused: 715,
    failed: 385,
    dropped_by_kernel: 7,
    log_lines_dropped: 374,
    seconds: 12.346,
    refused_by_reason: { over_rate: 660, stopping: 55 },
    failed_by_errno: { EAGAIN: 374, EACCES: 11 },
  });
  assert.deepEqual(summaryText(summary).split("\n"), [
    "  received           11000",
    "  echoed              9900",
    "  refused              715   over rate: 660, stopping: 55",
    "  failed               385   EAGAIN: 374, EACCES: 11",
    "  dropped by kernel      7",
    "  log lines dropped    374",
  ]);
  assert.equal(worker(1).settled, 1000);
});

test("each count has a place of its own in the block", () => {
  const own = [RECEIVED, ECHOED, LINES_LEFT_OUT, LINES_DROPPED, RECEIVED_BEFORE, RECEIVED_BYTES, ECHOED_BYTES];
  const { counts, refused, failed } = new Counters();
  own.forEach((index, i) => counts[index] = i + 1);
  refused.fill(100);
  failed.fill(1000);
  assert.deepEqual(own.map((index) => counts[index]), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([refused.length, failed.length], [REASONS.length, ERRNO_COUNT]);
  assert.equal(own.length + refused.length + failed.length, counts.length);
  assert.equal(counts.length, COUNTS);
  assert.equal(failed[0], counts[FAILED]);
  assert.ok(refused.every((count) => count === 100));
});

test("a summary names what happened once", () => {
  assert.deepEqual(summarize([worker(1)], 0, 0).failed_by_errno, { EAGAIN: 34, EACCES: 1 });
});

test("a summary of nothing", () => {
  const summary = summarize([new Counters()], 0, 0);
  assert.deepEqual([summary.received, summary.refused_by_reason, summary.failed_by_errno], [0, {}, {}]);
  assert.equal(summaryText(summary).split("\n")[0], "  received               0");
});

test("counts of a block go on", () => {
  const counts = worker(3).counts;
  const again = new Counters(counts);
  assert.equal(again.settled, 3000);
  again.refused[REASONS.indexOf("over_rate")]! += 1;
  assert.equal(summarize([again], 0, 1).refused_by_reason["over_rate"], 181);
});

test("the reasons to refuse a datagram have the numbers of their names", () => {
  assert.deepEqual(Object.values(Reason), REASONS.map((_, number) => number));
  for (const [name, number] of Object.entries(Reason)) assert.equal(REASONS[number], name.toLowerCase());
});
