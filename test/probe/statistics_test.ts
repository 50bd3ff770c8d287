/** Statistics of round-trip times, beside those of Python and those of plain definitions; and their histogram. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { drawHistogram, histogramRows } from "../../src/probe/histogram.ts";
import { TimeStatistics } from "../../src/probe/statistics.ts";
import { missing, runSync } from "../support/process.ts";

const times = fc.array(fc.oneof(fc.nat(100), fc.nat(10 ** 9), fc.nat(2 ** 31)), {
  minLength: 1,
  maxLength: 300,
  size: "max",
});

function statisticsOf(values: Iterable<number>): TimeStatistics {
  const statistics = new TimeStatistics();
  for (const value of values) statistics.add(value);
  return statistics;
}

function assertClose(actual: number, expected: number, relative: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * relative + 1e-9, `${what}: ${actual}, not ${expected}`);
}

describe("statistics", () => {
  test("without values there are none", () => {
    const { count, minimum, maximum, mean, deviation, jitter } = new TimeStatistics();
    assert.deepEqual([count, minimum, maximum, mean, deviation, jitter], [0, NaN, NaN, NaN, NaN, NaN]);
    assert.ok(Number.isNaN(new TimeStatistics().percentile(50)));
  });

  test("of one value, all are it, and it does not deviate", () => {
    const one = statisticsOf([123_456]);
    for (const rank of [0.1, 50, 99, 100]) assert.equal(one.percentile(rank), 123_456);
    assert.deepEqual([one.minimum, one.mean, one.maximum], [123_456, 123_456, 123_456]);
    assert.ok(Number.isNaN(one.deviation));
  });

  test("percentiles are those by nearest rank, rounded up to three digits", () => {
    fc.assert(fc.property(times, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, rank) => {
      const sorted = [...values].sort((a, b) => a - b);
      const expected = sorted[Math.max(1, Math.ceil(values.length * rank / 100)) - 1]!;
      const actual = statisticsOf(values).percentile(rank);
      assert.ok(expected <= actual && actual <= expected * 1.01, `${rank} % of ${values}: ${actual}, not ${expected}`);
    }));
  });

  test("minimum, maximum, mean and deviation are those of Python", { skip: missing("python3") }, () => {
    const samples = fc.sample(times, { numRuns: 50, seed: 5 }).filter((values) => values.length > 1);
    const script = "import json, statistics, sys\nprint(json.dumps([" +
      "[min(v), max(v), statistics.fmean(v), statistics.stdev(v)] for v in json.loads(sys.argv[1])]))";
    const expected = JSON.parse(runSync(["python3", "-c", script, JSON.stringify(samples)]));
    samples.forEach((values, i) => {
      const { minimum, maximum, mean, deviation } = statisticsOf(values);
      const [min, max, fmean, stdev] = expected[i];
      assert.deepEqual([minimum, maximum], [min, max]);
      assertClose(mean, fmean, 1e-12, "mean");
      assertClose(deviation, stdev, 1e-9, "deviation");
    });
  });

  test("jitter is the mean absolute difference of consecutive times", () => {
    fc.assert(fc.property(times, (values) => {
      const statistics = statisticsOf(values);
      let sum = 0;
      for (let i = 1; i < values.length; i++) {
        statistics.addConsecutive(values[i - 1]!, values[i]!);
        sum += Math.abs(values[i]! - values[i - 1]!);
      }
      if (values.length < 2) assert.ok(Number.isNaN(statistics.jitter));
      else assertClose(statistics.jitter, sum / (values.length - 1), 1e-12, "jitter");
    }));
  });

  test("of very many values they take little memory, and stay precise", () => {
    const statistics = new TimeStatistics();
    const values: number[] = [];
    let state = 1;
    for (let i = 0; i < 200_000; i++) {
      state = Math.imul(state, 1_103_515_245) + 12_345;
      values.push(Math.round(10_000 * Math.exp((state >>> 8) / 2 ** 24 * 12)));
      statistics.add(values[i]!);
    }
    values.sort((a, b) => a - b);
    for (const rank of [1, 10, 50, 90, 99, 99.9]) {
      const expected = values[Math.ceil(values.length * rank / 100) - 1]!;
      const actual = statistics.percentile(rank);
      assert.ok(expected <= actual && actual <= expected * 1.01, `${rank} %: ${actual}, not ${expected}`);
    }
    assert.deepEqual([statistics.minimum, statistics.maximum], [values[0], values.at(-1)]);
    // Six powers of ten, of 900 values each.
    assert.ok(statistics.frequencies().length < 5400);
    assert.equal(statistics.frequencies().reduce((sum, [, count]) => sum + count, 0), 200_000);
  });
});

describe("histogram", () => {
  test("its rows are in order, do not overlap, and hold every value", () => {
    fc.assert(fc.property(times, fc.integer({ min: 3, max: 40 }), (values, rowsMax) => {
      const rows = histogramRows(statisticsOf(values).frequencies(), rowsMax);
      assert.equal(rows.reduce((sum, { count }) => sum + count, 0), values.length);
      rows.forEach(({ from, to, count }, i) => {
        assert.ok(from < to && count > 0);
        if (i > 0) assert.ok(from >= rows[i - 1]!.to * 0.999);
        // Values are rounded up before.
        const within = values.filter((value) => Math.max(1, value) >= from * 0.99 && value < to * 1.0001);
        assert.ok(within.length >= count);
      });
    }));
  });

  test("no more rows than are wanted, unless the values span too many powers of ten", () => {
    fc.assert(fc.property(times, fc.integer({ min: 20, max: 40 }), (values, rowsMax) => {
      assert.ok(histogramRows(statisticsOf(values).frequencies(), rowsMax).length <= rowsMax);
    }));
  });

  /** Rows of a histogram, and its gaps. */
  const height = (rows: ReturnType<typeof histogramRows>) =>
    rows.length + rows.filter(({ from }, i) => i > 0 && from > rows[i - 1]!.to * 1.001).length;

  test("the rows are as fine as the room allows, where gaps take room too", () => {
    const finest = [40, 20, 10, 5, 2, 1];
    fc.assert(fc.property(times, fc.integer({ min: 3, max: 40 }), (values, rowsMax) => {
      const frequencies = statisticsOf(values).frequencies();
      const rows = histogramRows(frequencies, rowsMax);
      const perDecade = (of: typeof rows) => Math.round(1 / Math.log10(of[0]!.to / of[0]!.from));
      const chosen = perDecade(rows);
      assert.ok(chosen === 1 || height(rows) <= rowsMax, `${height(rows)} lines`);
      // With more room, the rows are finer.
      const finer = finest[finest.indexOf(chosen) - 1];
      if (finer === undefined) return;
      for (let more = rowsMax + 1;; more++) {
        const others = histogramRows(frequencies, more);
        if (perDecade(others) === chosen) continue;
        assert.deepEqual([perDecade(others) >= finer, height(others)], [true, more]);
        break;
      }
    }));
  });

  test("few values have few rows, by Rice's rule: three lines at least, sixteen at most", () => {
    for (const [count, most] of [[1, 3], [8, 4], [64, 8], [512, 16], [4096, 16]] as const) {
      // Two powers of ten.
      const values = Array.from({ length: count }, (_, i) => Math.round(10 ** (5.001 + 1.99 * i / count)));
      const lines = draw(values, true).length;
      assert.ok(lines <= most && lines >= Math.min(count, most / 2), `${lines} lines for ${count} values`);
    }
  });

  const draw = (values: number[], unicode: boolean, width = 40) =>
    drawHistogram(statisticsOf(values).frequencies(), width, {
      unicode,
      paint: (_style, bar) => `<${bar}>`,
    });

  test("looks like this", () => {
    const values = [...Array(8).fill(100_000), ...Array(4).fill(130_000), 8_000_000];
    assert.deepEqual(draw(values, true), [
      `  0.100 ms <${"█".repeat(27)}> 8`,
      "         ⋮",
      `  0.126 ms <${"█".repeat(13)}▌> 4`,
      "         ⋮",
      "  7.943 ms <███▍> 1",
    ]);
    assert.deepEqual(draw(values, false), [
      `  0.100 ms <${"#".repeat(27)}> 8`,
      "         :",
      `  0.126 ms <${"#".repeat(14)}> 4`,
      "         :",
      "  7.943 ms <###> 1",
    ]);
  });

  test("fits the width, in ASCII where it must be", () => {
    fc.assert(fc.property(times, fc.integer({ min: 30, max: 120 }), fc.boolean(), (values, width, unicode) => {
      for (const line of draw(values, unicode, width)) {
        assert.ok(line.length <= width + "<>".length, line);
        if (!unicode) assert.match(line, /^[ -~]*$/);
      }
    }));
  });
});
