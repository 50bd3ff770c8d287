/** The report in JSON, beside what the report on one target has too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonReport } from "../../src/probe/json_report.ts";
import { Asked, Screen, settingsOf, TARGET } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

test("source ports, and the time since the start", () => {
  using clock = new TestClock();
  const screen = new Screen();
  const asked = new Asked(undefined, TARGET, 2).answered(100_000).lost().answered(300_000);
  const report = jsonReport({ targets: [asked.target] }, settingsOf(), screen.terminal);
  clock.now += 2345.6;
  report.finish();
  const { seconds, targets: [{ source_ports: [first, second], rtt_ns }] } = JSON.parse(screen.lines.join(""));
  assert.equal(seconds, 2.346);
  const { minimum, maximum, jitter } = first.rtt_ns;
  assert.deepEqual([minimum, maximum, jitter], [100_000, 300_000, null]);
  assert.equal(rtt_ns.mean, 200_000);
  assert.deepEqual({ ...first, rtt_ns: null }, {
    port: 40_000,
    settled: 2,
    received: 2,
    loss_percent: 0,
    rtt_ns: null,
  });
  assert.deepEqual(second, { port: 40_001, settled: 1, received: 0, loss_percent: 100, rtt_ns: null });
});
