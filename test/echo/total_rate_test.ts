/** The limit of all sources together, against a bucket that counts tokens, and between threads. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TotalRate } from "../../src/echo/total_rate.ts";

const SECOND = 1_000_000;

const numbers = fc.integer({ min: 1, max: 1_000_000_000 });
const rates = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 1000 }), numbers),
  burst: fc.oneof(fc.integer({ min: 1, max: 1000 }), numbers),
});
/** Datagrams, and microseconds until the next ones. */
const arrivals = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 2 * SECOND })), {
  minLength: 50,
  maxLength: 200,
});
const starts = fc.double({ min: 0, max: 1e13, noNaN: true });

describe("the limit of all sources", () => {
  test("takes what a bucket of tokens has, to within a datagram of rounding", () => {
    fc.assert(
      fc.property(rates, arrivals, starts, ({ perSecond, burst }, arrivals, start) => {
        const limit = new TotalRate({ perSecond, burst });
        // What rounding may change: three units of the word, of at most 2^28 a second.
        const slack = 4 * Math.max(perSecond, burst) / 2 ** 28 + 1e-3;
        let now = start;
        let tokens = burst;
        for (const [datagrams, pause] of arrivals) {
          const taken = limit.take(datagrams, now);
          const least = Math.min(datagrams, Math.floor(tokens - slack));
          const most = Math.min(datagrams, Math.floor(tokens + slack));
          assert.ok(taken >= Math.max(0, least) && taken <= most, `${taken} of ${tokens}`);
          tokens = Math.min(burst, tokens - taken + pause * perSecond / SECOND);
          now += pause;
        }
      }),
    );
  });

  test("a long pause with a call each second fills the bucket, and no more", () => {
    const limit = new TotalRate({ perSecond: 1_000_000_000, burst: 1000 });
    assert.equal(limit.take(2000, 0), 1000);
    for (let second = 1; second < 100; second++) limit.take(0, second * SECOND);
    assert.equal(limit.take(2000, 100 * SECOND), 1000);
    assert.equal(limit.take(2000, 100 * SECOND), 0);
  });

  test("limits that share a word share the bucket, and a new one finds it as it is", () => {
    const word = new Int32Array(1);
    const rate = { perSecond: 1, burst: 10 };
    assert.equal(new TotalRate(rate, word).take(4, SECOND), 4);
    assert.equal(new TotalRate(rate, word).take(100, SECOND), 6);
    assert.equal(new TotalRate(rate, word).take(100, 3 * SECOND), 2);
  });

  test("a bucket that is full again when the word is 0 is not taken for a new one", () => {
    // Of 2^26 units a datagram, and as many a second, 64 make 2^32.
    const limit = new TotalRate({ perSecond: 1, burst: 4 });
    assert.equal(limit.take(4, 60 * SECOND), 4);
    assert.equal(limit.take(4, 60 * SECOND), 0);
    assert.equal(limit.take(4, 62 * SECOND), 2);
    assert.equal(limit.take(4, 64 * SECOND), 2);
  });
});
