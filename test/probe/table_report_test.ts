/** The table of several targets: its order, its times, and how often it is drawn. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tableReport } from "../../src/probe/table_report.ts";
import { Asked, peerOf, Screen, settingsOf } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

describe("the table of several targets", () => {
  test("times of a hundred answers: the least, the median and the 99th percentile", () => {
    const asked = new Asked();
    for (let i = 1; i <= 100; i++) asked.answered(i * 9000);
    const screen = new Screen();
    tableReport({ targets: [asked.target] }, settingsOf(), screen.terminal).finish();
    assert.equal(
      screen.lines.join("\n"),
      [
        "target           verdict       received  loss  minimum  median    p99",
        "192.0.2.10:9000  ok             100/100   0 %    0.009   0.450  0.891 ms",
      ].join("\n"),
    );
  });

  test("when there is not room for all: what is wrong, then what is not known yet, in their order", () => {
    const targets = [
      new Asked(undefined, "192.0.2.1").waiting(),
      new Asked(undefined, "192.0.2.2").answered(1, peerOf("192.0.2.2")),
      new Asked(undefined, "192.0.2.3").lost(),
      new Asked(undefined, "192.0.2.4").answered(1, peerOf("192.0.2.4")).lost(),
      new Asked(undefined, "192.0.2.5").waiting(),
    ].map(({ target }) => target);
    const screen = new Screen({ interactive: true, rows: 6 });
    tableReport({ targets }, settingsOf(), screen.terminal).progress!();
    const words = screen.lines.slice(1).map((line) => line.split(/ {2,}/).slice(0, 2).join(" "));
    assert.deepEqual(words, [
      "192.0.2.3:9000 no answer",
      "192.0.2.4:9000 partial",
      "192.0.2.1:9000 waiting",
      "and 2 more: 1 waiting, 1 ok",
    ]);
  });

  test("it is drawn when it has changed, and twenty times a second at most", () => {
    using clock = new TestClock();
    const asked = new Asked();
    const screen = new Screen({ interactive: true });
    const report = tableReport({ targets: [asked.target] }, settingsOf(), screen.terminal);
    const drawnAt: number[] = [];
    for (
      const [now, answers] of [[1000, 0], [1040, 1], [1049, 0], [1050, 0], [1150, 0], [1160, 1], [1199, 0], [1200, 0]]
    ) {
      clock.now = now!;
      if (answers === 1) asked.answered(1);
      report.progress!();
      if (screen.lines.splice(0).length > 0) drawnAt.push(now!);
    }
    assert.deepEqual(drawnAt, [1000, 1050, 1200]);
  });

  test("the times that fit are shown, with their unit behind the last", () => {
    const asked = new Asked(undefined, "192.0.2.1").answered(100_000, peerOf("192.0.2.1"));
    // Up to the loss it takes 44 columns, the unit 3, and the times 9, 8 and 7.
    const shown = Array.from({ length: 80 }, (_, columns) => {
      const screen = new Screen({ interactive: true, columns });
      tableReport({ targets: [asked.target] }, settingsOf(), screen.terminal).progress!();
      const [heading = "", row = ""] = screen.lines;
      const times = heading.match(/minimum|median|p99/g)?.length ?? 0;
      assert.equal(row.endsWith(" ms"), times > 0, `${columns} columns`);
      if (times > 0) assert.ok(row.length <= columns, row);
      return times;
    });
    assert.deepEqual([0, 1, 2, 3].map((times) => shown.indexOf(times)), [0, 56, 64, 71]);
  });
});
