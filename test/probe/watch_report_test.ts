/** What `--watch` tells: changes of verdicts, and nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EPERM } from "../../ffi/constants.ts";
import { watchReport } from "../../src/probe/watch_report.ts";
import { Asked, Screen, settingsOf } from "../support/asked.ts";

const REPLY = {
  ...{
    kind: "received" as const,
    sequence: 1,
    roundTrip: 1,
    reordered: false,
    from: { ...new Asked().peer },
    to: "192.0.2.1",
  },
  ...{ payload: new Uint8Array(64), fragmentSize: 0, hopLimit: undefined, trafficClass: undefined, time: 0 },
};

/** Watches a target; returns the lines of each step without their times. */
function watch(name: string | undefined, args: string[]): string[][] {
  const screen = new Screen({ marks: true });
  const asked = new Asked(name);
  const { target } = asked;
  const report = watchReport(settingsOf(...args), screen.terminal);
  const lines: string[][] = [];
  const step = (action: () => void) => {
    action();
    const time = /\d{4}-\d\d-\d\dT[\d:.]{12}Z/;
    lines.push(
      screen.lines.splice(0).map((line) => {
        assert.match(line, time);
        return line.replace(time, "now");
      }),
    );
  };
  const reply = () => report.replied!(target, REPLY);
  step(() => (asked.waiting(), reply()));
  step(() => (asked.answered(1), reply()));
  step(() => (asked.answered(1), reply()));
  step(() => (asked.lost(), report.lost!(target, 3)));
  step(() => (asked.failed(EPERM), report.failed!(target, { sequence: 4, errno: EPERM })));
  return lines;
}

describe("changes of verdicts", () => {
  test("as text", () => {
    assert.deepEqual(watch(undefined, []), [
      [],
      ["now 192.0.2.10:9000 <good ok>"],
      [],
      [
        "now 192.0.2.10:9000 <doubtful partial>: 192.0.2.10:9000 answered 2 of 3 requests in time: " +
        "1 got no answer within 1s",
      ],
      [],
    ]);
  });

  test("of a name", () => {
    assert.deepEqual(watch("name.example", [])[1], ["now name.example 192.0.2.10:9000 <good ok>"]);
  });

  test("as JSON", () => {
    const events = watch("name.example", ["--json"]).flat().map((line) => JSON.parse(line));
    const event = { event: "verdict", time: "now", target: "192.0.2.10:9000", name: "name.example" };
    const sentence = "192.0.2.10:9000 answered 2 of 3 requests in time: 1 got no answer within 1s";
    assert.deepEqual(events, [
      { ...event, verdict: "ok", previous: null, explanation: null },
      { ...event, verdict: "partial", previous: "ok", explanation: sentence },
    ]);
  });
});
