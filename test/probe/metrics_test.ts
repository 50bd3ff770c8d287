/** The metrics of the probe, of ledgers whose requests the test decides on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EPERM } from "../../ffi/constants.ts";
import type { Metric, Sample } from "../../src/cli/metrics.ts";
import { probeMetrics } from "../../src/probe/metrics.ts";
import { Asked, peerOf } from "../support/asked.ts";

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

  test("the verdict, and the age of the last good answer: neither before there is one", () => {
    const asked = new Asked("name.example").waiting();
    const words = () => samplesOf(probeMetrics([asked.target]), "verdict").filter(([, value]) => value === 1);
    const ages = () => samplesOf(probeMetrics([asked.target]), "good_answer_age_seconds");
    assert.deepEqual([words(), ages()], [[], []]);
    asked.answered(1, peerOf("192.0.2.66"));
    assert.deepEqual([words(), ages()], [[["name.example wrong_source", 1]], []]);
    const [[, age] = ["", NaN]] = (asked.answered(1), ages());
    assert.ok(age >= 0 && age < 10, `${age}`);
  });

  test("source ports, only where there are several", () => {
    const names = (asked: Asked) => probeMetrics([asked.target]).map(({ name }) => name);
    assert.ok(!names(new Asked()).some((name) => name.includes("path")));
    const asked = new Asked(undefined, "192.0.2.10", 2).answered(400_000).lost().answered(200_000);
    const metrics = probeMetrics([asked.target]);
    const requests = samplesOf(metrics, "path_requests").filter(([, value]) => value > 0);
    assert.deepEqual(requests, [["40000 received", 2], ["40001 lost", 1]]);
    assert.deepEqual(samplesOf(metrics, "path_round_trip_seconds"), [["40000", 0.0006], ["40001", 0]]);
  });
});
