/** The metrics of the probe, of ledgers whose requests the test decides on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EPERM } from "../../ffi/constants.ts";
import type { Metric, Sample } from "../../src/cli/metrics.ts";
import { probeMetrics } from "../../src/probe/metrics.ts";
import { Asked, peerOf } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

/** The samples of a metric by their labels, without those of the target. */
function samplesOf(metrics: readonly Metric[], name: string): [label: string, value: number][] {
  const metric = metrics.find((each) => each.name === `echo_probe_${name}`);
  assert.ok(metric, name);
  const text = ({ labels = {}, suffix = "" }: Sample) =>
    Object.entries(labels).filter(([label]) => label !== "target").map(([, value]) => `${value}`).join(" ") + suffix;
  return [...metric.samples].map((sample) => [text(sample), sample.value]);
}

describe("metrics of a target", () => {
  test("requests by their first outcome: an answer that is late stays lost", () => {
    const asked = new Asked().answered(1).answered(1).answered(1, peerOf("192.0.2.66")).failed(EPERM).waiting();
    const late = asked.ledger.open(64);
    asked.ledger.lost(late);
    asked.ledger.answered({ payload: asked.ledger.payloadOf(late), from: peerOf("192.0.2.10"), time: 0 });
    assert.deepEqual(samplesOf(probeMetrics([asked.target]), "requests"), [
      ["received", 2],
      ["late", 0],
      ["wrong_source", 1],
      ["corrupted", 0],
      ["failed", 1],
      ["lost", 1],
    ]);
  });

  test("round-trip times, by bucket", () => {
    const asked = new Asked();
    const { times } = asked.ledger.total;
    for (const time of [1, 100_000, 100_001, 1_000_000, 10_000_000_000, 10_000_000_001]) times.add(time);
    const samples = new Map(samplesOf(probeMetrics([asked.target]), "round_trip_seconds"));
    const below = (bound: string) => samples.get(`${bound}_bucket`);
    assert.deepEqual(["0.0001", "0.00025", "0.0005", "0.001", "5.0", "10.0", "+Inf"].map(below), [2, 3, 3, 4, 4, 5, 6]);
    assert.equal(samples.get("_count"), 6);
    assert.ok(Math.abs(samples.get("_sum")! - 20.001_200_003) < 1e-6);
    assert.equal(new Map(samplesOf(probeMetrics([new Asked().target]), "round_trip_seconds")).get("_count"), 0);
  });

  test("a time at the bound of a bucket is in it", () => {
    const bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    const asked = new Asked();
    for (const bound of bounds) asked.ledger.total.times.add(bound * 1_000_000_000);
    const samples = samplesOf(probeMetrics([asked.target]), "round_trip_seconds");
    const buckets = samples.flatMap(([label, value]) => label.endsWith("_bucket") ? [[parseFloat(label), value]] : []);
    assert.deepEqual(buckets, [...bounds.map((bound, i) => [bound, i + 1]), [NaN, bounds.length]]);
  });

  test("the verdict, and the age of the last good answer: neither before there is one", () => {
    const asked = new Asked("name.example").waiting();
    const words = () => samplesOf(probeMetrics([asked.target]), "verdict").filter(([, value]) => value === 1);
    const ages = () => samplesOf(probeMetrics([asked.target]), "good_answer_age_seconds");
    assert.deepEqual([words(), ages()], [[], []]);
    asked.answered(1, peerOf("192.0.2.66"));
    assert.deepEqual([words(), ages()], [[["name.example wrong_source", 1]], []]);
    using clock = new TestClock();
    asked.answered(1);
    clock.now += 2500;
    assert.deepEqual(ages(), [["name.example", 2.5]]);
  });

  test("source ports, only where there are several", () => {
    const names = (asked: Asked) => probeMetrics([asked.target]).map(({ name }) => name);
    assert.ok(!names(new Asked()).some((name) => name.includes("path")));
    const asked = new Asked(undefined, "192.0.2.10", 2).answered(400_000).lost().answered(200_000);
    const metrics = probeMetrics([asked.target]);
    const requests = samplesOf(metrics, "path_requests").filter(([, value]) => value > 0);
    assert.deepEqual(requests, [["40000 received", 2], ["40001 lost", 1]]);
    // A target of a family that this host lacks has no sockets.
    const none = new Asked(undefined, "2001:db8::1", 0);
    assert.equal(samplesOf(probeMetrics([none.target, asked.target]), "path_round_trip_seconds").length, 2);
    assert.deepEqual(samplesOf(metrics, "path_round_trip_seconds"), [["40000", 0.0006], ["40001", 0]]);
  });
});
