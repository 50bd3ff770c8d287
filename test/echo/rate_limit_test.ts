/**
 * The rate limit, held against its promises and against a straightforward second implementation. Time is a number here:
 * nothing waits.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../src/net/address.ts";
import { type Rate, RateLimit } from "../../src/echo/rate_limit.ts";
import { LONG } from "../support/process.ts";

const SECOND = 1_000_000;

/** Sources that share a place of the table. */
const WAYS = 8;

/** An address as the four words in which the batch has it. */
function words(address: string): Int32Array {
  const bytes = parseAddress(address);
  assert.ok(bytes, address);
  return new Int32Array(bytes.buffer);
}

/** Forged IPv4 sources: one array for all, whose last word is the source. */
const ipv4 = words("0.0.0.0");

function take(limit: RateLimit, source: number, datagrams: number, now: number): number {
  ipv4[3] = source;
  return limit.take(ipv4, 0, datagrams, now);
}

/** A token bucket for each source, as the textbooks have it: it fills up as time goes by. Nothing is ever forgotten. */
class TokenBuckets {
  readonly #buckets = new Map<number, { tokens: number; since: number }>();
  readonly #rate: Rate;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  take(source: number, datagrams: number, now: number): number {
    const { perSecond, burst } = this.#rate;
    const { tokens, since } = this.#buckets.get(source) ?? { tokens: burst, since: now };
    const filled = Math.min(burst, tokens + (now - since) * perSecond / SECOND);
    // Where the sum is a rounding error short of a whole number, that number is meant.
    const held = Math.min(datagrams, Math.floor(filled + 1e-6));
    this.#buckets.set(source, { tokens: filled - held, since: now });
    return held;
  }
}

const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 5000 }), burst: fc.integer({ min: 1, max: 300 }) });
/** What one source sends: pauses before, in microseconds, and how many datagrams at once. */
const traffic = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 * SECOND }), fc.integer({ min: 1, max: 100 })), {
  minLength: 1,
  maxLength: 100,
  size: "max",
});

describe("one source", () => {
  test("gets a burst, and then as much as the rate gives", () => {
    const limit = new RateLimit({ perSecond: 10, burst: 5 }, 64);
    assert.equal(take(limit, 1, 3, 0), 3);
    assert.equal(take(limit, 1, 3, 0), 2);
    assert.equal(take(limit, 1, 1, 0), 0);
    assert.equal(take(limit, 1, 1, 99_999), 0);
    assert.equal(take(limit, 1, 1, 100_000), 1);
    assert.equal(take(limit, 1, 9, 350_000), 2);
    // The half datagram is not lost.
    assert.equal(take(limit, 1, 9, 400_000), 1);
    assert.equal(take(limit, 1, 9, 100 * SECOND), 5);
  });

  test("never gets more than the burst and what came in since, in any interval", () => {
    fc.assert(fc.property(rates, traffic, (rate, traffic) => {
      const limit = new RateLimit(rate, 64);
      const answers: { now: number; answered: number }[] = [];
      let now = 0;
      for (const [pause, datagrams] of traffic) {
        now += pause;
        const answered = take(limit, 1, datagrams, now);
        assert.ok(answered >= 0 && answered <= datagrams);
        answers.push({ now, answered });
      }
      for (let first = 0; first < answers.length; first++) {
        let sum = 0;
        for (let last = first; last < answers.length; last++) {
          sum += answers[last]!.answered;
          const most = rate.burst + rate.perSecond * (answers[last]!.now - answers[first]!.now) / SECOND;
          assert.ok(sum <= most + 1e-5, `${sum} answered, ${most} allowed`);
        }
      }
    }));
  });

  test("is never refused when it keeps to the rate", () => {
    fc.assert(fc.property(rates, fc.integer({ min: 1, max: 2000 }), ({ perSecond, burst }, count) => {
      const limit = new RateLimit({ perSecond, burst }, 64);
      for (let i = 0; i < count; i++) assert.equal(take(limit, 1, 1, i * SECOND / perSecond), 1, `datagram ${i}`);
    }));
  });

  test("is served after a long time as after a short one: years are no problem", () => {
    for (const years of [0, 1, 30, 100]) {
      const start = years * 365 * 24 * 3600 * SECOND;
      const limit = new RateLimit({ perSecond: 1000, burst: 10 }, 64);
      assert.equal(take(limit, 1, 20, start), 10);
      assert.equal(take(limit, 1, 20, start + 5000), 5);
      assert.equal(take(limit, 1, 20, start + SECOND), 10);
    }
  });
});

describe("many sources", () => {
  test("each gets what a token bucket of its own gives it, while the table has room for all", () => {
    const source = fc.integer({ min: 1, max: WAYS });
    const steps = fc.array(fc.tuple(source, fc.integer({ min: 0, max: SECOND }), fc.integer({ min: 1, max: 64 })), {
      maxLength: 300,
      size: "max",
    });
    // As many as share a place, so that there is room however they are hashed.
    fc.assert(fc.property(rates, steps, fc.constantFrom(WAYS, 64, 4096), (rate, steps, size) => {
      const limit = new RateLimit(rate, size);
      const exact = new TokenBuckets(rate);
      let now = 0;
      for (const [source, pause, datagrams] of steps) {
        now += pause;
        assert.equal(take(limit, source, datagrams, now), exact.take(source, datagrams, now));
      }
    }));
  });

  test("they are spread over the table: half as many as it holds hardly disturb each other", () => {
    const size = 65_536;
    for (const spread of [(i: number) => i, (i: number) => i << 8, (i: number) => i << 16 | i >> 16]) {
      const limit = new RateLimit({ perSecond: 1, burst: 1 }, size);
      for (let i = 1; i <= size / 2; i++) take(limit, spread(i), 1, 0);
      let forgotten = 0;
      for (let i = 1; i <= size / 2; i++) forgotten += take(limit, spread(i), 1, 1);
      // Of 8 places for 4 sources on average, more than 8 sources come to one in 50.
      assert.ok(forgotten < size / 2 / 25, `${forgotten} forgotten`);
    }
  });

  test("sources that differ in one byte, whichever it is, do not share a place", () => {
    for (let byte = 0; byte < 8; byte++) {
      const limit = new RateLimit({ perSecond: 1, burst: 1 }, 65_536);
      const takeAll = () => {
        let taken = 0;
        for (let value = 0; value < 256; value++) {
          const bytes = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
          bytes[byte] = value;
          taken += limit.take(new Int32Array(bytes.buffer), 0, 1, 0);
        }
        return taken;
      };
      assert.deepEqual([takeAll(), takeAll()], [256, 0], `byte ${byte}`);
    }
  });

  test("those that have used up a part of their burst are counted", () => {
    const limit = new RateLimit({ perSecond: 10, burst: 3 }, 64);
    assert.equal(limit.count(0), 0);
    take(limit, 1, 1, 0);
    take(limit, 2, 3, 0);
    take(limit, 3, 1, 50_000);
    // They are full again after 0.1, 0.3 and 0.15 seconds.
    const times = [50_000, 99_999, 100_000, 149_999, 150_000, 299_999, 300_000];
    assert.deepEqual(times.map((now) => limit.count(now)), [3, 3, 2, 2, 1, 1, 0]);
  });

  test("nobody can choose sources that share a place, whatever they have in common", () => {
    // Sixteen IPv6 /64 that differ in four bits of the first word, and in the second word so as to make up for it in a
    // hash that multiplies; and sixteen neighbours.
    const multiplied = Array.from({ length: 16 }, (_, i) => {
      const difference = Math.imul(i << 28, 0x85ebca6b);
      return [0x0db80120 ^ i << 28, 0x12345678 ^ difference ^ difference >>> 15];
    });
    const neighbours = Array.from({ length: 16 }, (_, i) => [0x0db80120, i << 24]);
    for (const sources of [multiplied, neighbours]) {
      let shared = 0;
      for (let process = 0; process < 300; process++) {
        const limit = new RateLimit({ perSecond: 1, burst: 1 }, 32_768);
        const takeAll = () => {
          return sources.reduce(
            (sum, [first, second]) => sum + limit.take(Int32Array.of(first!, second!, 0, 0), 0, 1, 0),
            0,
          );
        };
        takeAll();
        // Nine or more in one place: one of them has been forgotten.
        if (takeAll() > 0) shared++;
      }
      assert.ok(shared <= 1, `in ${shared} of 300 processes more than ${WAYS} of 16 sources share a place`);
    }
  });

  test("a source is an IPv4 address", () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, 4096);
    for (const address of ["192.0.2.1", "192.0.2.2", "193.0.2.1", "0.0.2.1", "255.255.255.255"]) {
      assert.equal(limit.take(words(address), 0, 1, 0), 1, address);
      assert.equal(limit.take(words(address), 0, 1, 0), 0, address);
    }
  });

  test("a source is an IPv6 /64", () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, 4096);
    for (const network of ["2001:db8:0:1", "2001:db8:0:2", "2001:db8:1:1", "2001:db9:0:1", "fe80:0:0:0", "::"]) {
      const inNetwork = (rest: string) => words(network === "::" ? `::${rest}` : `${network}::${rest}`);
      assert.equal(limit.take(inNetwork("1"), 0, 1, 0), 1, network);
      assert.equal(limit.take(inNetwork("2"), 0, 1, 0), 0, network);
      assert.equal(limit.take(inNetwork("ffff:ffff"), 0, 1, 0), 0, network);
    }
    // The /64 that IPv4-mapped addresses would be in is none of them.
    assert.equal(limit.take(words("192.0.2.1"), 0, 1, 0), 1);
  });

  test("the place in the batch's memory counts, not what is beside it", () => {
    const limit = new RateLimit({ perSecond: 1, burst: 1 }, 64);
    const memory = Int32Array.from([7, 7, ...words("192.0.2.1"), 9, ...words("192.0.2.1"), ...words("192.0.2.2")]);
    assert.deepEqual([2, 7, 11].map((at) => limit.take(memory, at, 1, 0)), [1, 0, 1]);
  });
});

describe("ten million forged sources", () => {
  const TEN_MILLION = 10_000_000;
  /** Ten seconds of a million a second. */
  const DURATION = 10 * SECOND;
  const rate = { perSecond: 10, burst: 20 };
  const VICTIM = 1;

  /** Lets forged sources send one datagram each, and between them, `times` times, somebody else. */
  function flood(limit: RateLimit, times: number, other: (now: number) => void): void {
    const every = TEN_MILLION / times;
    for (let i = 0; i < TEN_MILLION; i++) {
      const now = i * DURATION / TEN_MILLION;
      if (i % every === 0) other(now);
      take(limit, 0x0a000000 + i, 1, now);
    }
  }

  test("do not starve a source that keeps to its rate, whatever the size of the table", LONG, () => {
    for (const size of [8, 65_536]) {
      const limit = new RateLimit(rate, size);
      const times = rate.perSecond * DURATION / SECOND;
      let answered = 0;
      flood(limit, times, (now) => answered += take(limit, VICTIM, 1, now));
      assert.equal(answered, times);
    }
  });

  test("do not help a source that exceeds its rate", LONG, () => {
    const limit = new RateLimit(rate, 65_536);
    let answered = 0;
    flood(limit, 10_000, (now) => answered += take(limit, VICTIM, 1, now));
    const allowed = rate.burst + rate.perSecond * DURATION / SECOND;
    // Each of them owes one datagram at most. Only when the one over its rate owes no more may it be forgotten.
    assert.ok(answered >= allowed - 1 && answered <= allowed + 1, `${answered} answered, ${allowed} allowed`);
  });

  test("take no memory, and are refused nothing themselves", LONG, () => {
    const limit = new RateLimit(rate, 65_536);
    take(limit, VICTIM, 1, 0);
    const before = process.memoryUsage();
    let refused = 0;
    for (let i = 0; i < TEN_MILLION; i++) refused += 1 - take(limit, 0x0a000000 + i, 1, i);
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    assert.equal(refused, 0);
    assert.ok(arrayBuffers <= before.arrayBuffers && external - before.external < 1e6, "buffers have grown");
    // A map of them would have 500 MB.
    assert.ok(heapUsed - before.heapUsed < 50e6, `${heapUsed - before.heapUsed} bytes more`);
  });

  test("that keep as busy as they are allowed gain one burst for each newcomer that hits the place, at most", () => {
    // The best that somebody can do who can forge all sources but does not know the seed: keep every place of the table
    // full of sources that owe as much as they can, then bring newcomers, each of which takes the place of the source
    // that owes least. Once in a while that is the one to be helped, which then comes back with a full bucket.
    const size = 512;
    const limit = new RateLimit(rate, size);
    let answered = 0;
    let newcomers = 0;
    let now = 0;
    for (let round = 0; round < 200; round++, now += SECOND / rate.perSecond) {
      for (let i = 0; i < 4 * size; i++) take(limit, 0x0a000000 + i, rate.burst, now);
      for (let i = 0; i < 4 * size; i++) {
        take(limit, 0x0b000000 + newcomers++, 1, now);
        answered += take(limit, VICTIM, rate.burst, now);
      }
    }
    const gained = answered - rate.burst - rate.perSecond * now / SECOND;
    const most = rate.burst * (newcomers + 4 * size * 200) / (size / WAYS);
    assert.ok(gained <= most, `${gained} gained, ${most} allowed`);
  });
});
