/** The report on one target: the pace, the headers of answers, source ports, and its width. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lineReport } from "../../src/probe/line_report.ts";
import type { Reply } from "../../src/probe/target.ts";
import { Asked, peerOf, Screen, settingsOf, TARGET } from "../support/asked.ts";

const SIDE_BY_SIDE = / sent +\d+ +minimum /;

function reportOn(asked: Asked, options: Partial<Screen> = {}, ...args: string[]) {
  const screen = new Screen(options);
  const report = lineReport({ targets: [asked.target] }, settingsOf(...args), screen.terminal);
  return { report, screen, lines: () => screen.lines.splice(0) };
}

describe("the report on one target", () => {
  test("begins with the pace", () => {
    const start = (...args: string[]) => {
      const { report, lines } = reportOn(new Asked(), {}, ...args);
      report.start!();
      return lines();
    };
    assert.deepEqual(start(), ["probing 192.0.2.10:9000 with 64 bytes every 200ms"]);
    assert.deepEqual(start("-i", "1.5s", "-s", "0", "--connected"), [
      "probing 192.0.2.10:9000 with 0 bytes every 1.5s, connected",
    ]);
  });

  test("tells the header of an answer: DSCP and ECN if there are any, or if they were asked for", () => {
    const facts = (reply: Partial<Reply>, ...args: string[]) => {
      const asked = new Asked();
      const { report, lines } = reportOn(asked, {}, ...args);
      const whole = {
        kind: "received",
        sequence: 1,
        roundTrip: 2e6,
        reordered: false,
        from: peerOf(TARGET),
        to: "a",
        payload: new Uint8Array(64),
      };
      report.replied!(asked.target, { ...whole, ...reply } as Reply);
      return lines()[0]!.split(": ")[1];
    };
    assert.equal(facts({}), "seq=1 time=2.000 ms");
    assert.equal(facts({ hopLimit: 57, trafficClass: 0 }), "seq=1 ttl=57 time=2.000 ms");
    assert.equal(facts({ hopLimit: 0, trafficClass: 185 }), "seq=1 ttl=0 dscp=46 ecn=1 time=2.000 ms");
    assert.equal(facts({ trafficClass: 0 }, "--ecn", "0"), "seq=1 dscp=0 ecn=0 time=2.000 ms");
  });

  test("sums up each source port", () => {
    const asked = new Asked(undefined, TARGET, 2);
    for (let i = 1; i <= 100; i++) asked.answered(i * 9000).lost();
    const { report, screen, lines } = reportOn(asked);
    report.finish();
    assert.deepEqual(lines().filter((line) => line.startsWith("  from port")), [
      "  from port 40000: 100/100 received, 0 % loss, median 0.450 ms",
      "  from port 40001: 0/100 received, 100 % loss, median - ms",
    ]);
    assert.deepEqual(screen.erased, [0]);
    const one = reportOn(new Asked().answered(1));
    one.report.finish();
    assert.doesNotMatch(one.lines().join("\n"), /from port|\n\n\n/);
  });

  test("has counts and times side by side where there is room", () => {
    const summary = (options: Partial<Screen>) => {
      const { report, lines } = reportOn(new Asked().answered(100_000), options);
      report.finish();
      return lines();
    };
    const narrowest = Array.from({ length: 80 }, (_, columns) => {
      return summary({ interactive: true, columns }).some((line) => SIDE_BY_SIDE.test(line));
    }).indexOf(true);
    const line = summary({}).find((line) => SIDE_BY_SIDE.test(line))!;
    // With the two blanks that times begin with below each other.
    assert.equal(narrowest, line.length + 2);
    // Where there is no terminal, its width does not count.
    assert.ok(summary({ columns: 20 }).includes(line));
    // One answer is enough for a histogram.
    assert.match(summary({}).at(-1)!, /^ {2}0\.100 ms #+ 1$/);
  });
});
