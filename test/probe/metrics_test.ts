/** The metrics of the probe, of ledgers whose requests the test decides on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EPERM } from "../../ffi/constants.ts";
import type { Metric, Sample } from "../../src/cli/metrics.ts";
import { ProbeMetrics } from "../../src/probe/metrics.ts";
import { Asked, peerOf } from "../support/asked.ts";

const REPLY = {
  ...{ kind: "received" as const, sequence: 1, reordered: false, from: new Asked().peer, to: "192.0.2.1" },
  ...{ size: 64, fragmentSize: 0, hopLimit: undefined, trafficClass: undefined, time: 0 },
};

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
    const late = asked.ledger.open(64).slice();
    asked.ledger.lost(asked.ledger.sent);
    asked.ledger.answered({ payload: late, from: peerOf("192.0.2.10"), time: 0 });
    assert.deepEqual(samplesOf(new ProbeMetrics().of([asked.target]), "requests"), [
      ["received", 2],
      ["late", 0],
      ["wrong_source", 1],
      ["corrupted", 0],
      ["failed", 1],
      ["lost", 1],
    ]);
  });

  test("round-trip times of good answers, by bucket", () => {
    const { target } = new Asked();
    const metrics = new ProbeMetrics();
    const other = new Asked().target;
    for (const roundTrip of [1, 100_000, 100_001, 1_000_000, 10_000_000_000, 10_000_000_001]) {
      metrics.replied(target, { ...REPLY, roundTrip });
    }
    metrics.replied(target, { ...REPLY, kind: "late", roundTrip: 5 });
    metrics.replied(target, { ...REPLY, kind: "wrong source", roundTrip: 5 });
    const samples = new Map(samplesOf(metrics.of([target]), "round_trip_seconds"));
    const below = (bound: string) => samples.get(`${bound}_bucket`);
    assert.deepEqual(["0.0001", "0.00025", "0.0005", "0.001", "5.0", "10.0", "+Inf"].map(below), [2, 3, 3, 4, 4, 5, 6]);
    assert.equal(samples.get("_count"), 6);
    assert.ok(Math.abs(samples.get("_sum")! - 20.001_200_003) < 1e-6);
    assert.equal(new Map(samplesOf(metrics.of([other]), "round_trip_seconds")).get("_count"), 0);
  });

  test("the verdict, and the age of the last good answer: neither before there is one", () => {
    const asked = new Asked("name.example").waiting();
    const metrics = new ProbeMetrics();
    const words = () => samplesOf(metrics.of([asked.target]), "verdict").filter(([, value]) => value === 1);
    assert.deepEqual([words(), samplesOf(metrics.of([asked.target]), "good_answer_age_seconds")], [[], []]);
    asked.answered(1, peerOf("192.0.2.66"));
    assert.deepEqual(words(), [["name.example wrong_source", 1]]);
    metrics.replied(asked.target, { ...REPLY, roundTrip: 1 });
    const [[, age] = ["", NaN]] = samplesOf(metrics.of([asked.target]), "good_answer_age_seconds");
    assert.ok(age >= 0 && age < 10, `${age}`);
  });

  test("source ports, only where there are several", () => {
    const names = (asked: Asked) => new ProbeMetrics().of([asked.target]).map(({ name }) => name);
    assert.ok(!names(new Asked()).some((name) => name.includes("path")));
    const asked = new Asked(undefined, "192.0.2.10", 2).answered(400_000).lost().answered(200_000);
    const metrics = new ProbeMetrics().of([asked.target]);
    const requests = samplesOf(metrics, "path_requests").filter(([, value]) => value > 0);
    assert.deepEqual(requests, [["40000 received", 2], ["40001 lost", 1]]);
    assert.deepEqual(samplesOf(metrics, "path_round_trip_seconds"), [["40000", 0.0006], ["40001", 0]]);
  });
});
