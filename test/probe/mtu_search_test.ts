/** The search for the largest datagram, on paths of any MTU that exist only here, in a time that only here goes by. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EMSGSIZE } from "../../ffi/constants.ts";
import { parseAddress } from "../../src/net/address.ts";
import type { RequestError } from "../../src/probe/ledger.ts";
import { type Limit, searchMtu, SMALL_SIZE } from "../../src/probe/mtu_search.ts";
import type { Prober } from "../../src/probe/prober.ts";
import type { ProbeTarget, Reply } from "../../src/probe/target.ts";
import { icmp, reportOf } from "../support/asked.ts";
import { TestClock } from "../support/clock.ts";

const TIMEOUT_MILLISECONDS = 5000;
/** Most bytes of payload: RFC 791, RFC 8200. */
const MOST = { "192.0.2.10": 65_507, "2001:db8::10": 65_527 } as const;
const ICMP = reportOf(EMSGSIZE, { icmp: icmp(3, 4) });
const LOCAL = { errno: EMSGSIZE };

/** What becomes of a datagram that is too large. */
type Fate = "lost" | "corrupted" | "fragmented" | "reported" | "refused";

/** A path, and what happens on it. */
interface Path {
  readonly address: keyof typeof MOST;
  /** The largest payload that passes. */
  readonly largest: number;
  readonly fate: Fate;
  /** Time to an answer, in milliseconds. */
  readonly roundTrip?: number;
  /** Requests of a size that passes that are lost before one is answered. */
  readonly losses?: number;
  /** Whether an ICMP message comes for each request. */
  readonly forged?: boolean;
  /** Requests after which the user stops the search. */
  readonly stopAfter?: number;
  readonly wrongSources?: number;
}

/** What the search did. */
interface Course {
  readonly ok: boolean;
  /** Sizes of the requests in their order, and how long the search waited after each, in milliseconds. */
  readonly sent: [size: number, waited: number][];
  readonly tried: [size: number, outcome: string | undefined][];
  readonly found: [size: number | undefined, limit: Limit | undefined][];
}

async function search(path: Path): Promise<Course> {
  const { address, largest, fate, roundTrip = 1, losses = 0, forged = false, stopAfter = Infinity } = path;
  const course: Omit<Course, "ok"> = { sent: [], tried: [], found: [] };
  const ledger = { sent: 0, total: { times: { maximum: NaN } }, wrongSources: Array(path.wrongSources ?? 0) };
  const target = { peer: { bytes: parseAddress(address)! }, ledger, observer: {} } as unknown as ProbeTarget;
  const lost = new Map<number, number>();
  using clock = new TestClock();
  let arrival: (() => void) | undefined;
  const reply = (sequence: number | undefined, fields: Partial<Reply>) =>
    target.observer.replied!(target, { kind: "received", sequence, fragmentSize: 0, ...fields } as Reply);
  const fail = (sequence: number | undefined, error: RequestError) =>
    target.observer.failed!(target, { ...error, sequence });
  /** An answer, and a duplicate of it, which tells nothing. */
  const answer = (sequence: number, fields: Partial<Reply>) => () => {
    reply(sequence, fields);
    reply(sequence, { kind: "duplicate" });
  };
  const prober = {
    send(_: ProbeTarget, size: number) {
      const sequence = ++ledger.sent;
      course.sent.push([size, 0]);
      // Of earlier requests, and of none.
      for (const earlier of [sequence - 4, 0, undefined]) {
        reply(earlier, { kind: "corrupted" });
        fail(earlier, LOCAL);
      }
      if (forged) fail(sequence, ICMP);
      arrival = undefined;
      if (size <= largest) {
        const before = lost.get(size) ?? 0;
        lost.set(size, before + 1);
        if (before >= losses) arrival = answer(sequence, {});
      } else if (fate === "corrupted") arrival = answer(sequence, { kind: "corrupted" });
      else if (fate === "fragmented") arrival = answer(sequence, { fragmentSize: 1280 });
      else if (fate === "reported") arrival = () => fail(sequence, ICMP);
      else if (fate === "refused") fail(sequence, LOCAL);
      return { sequence };
    },
    step(until: number) {
      const from = clock.now;
      const arrives = arrival;
      arrival = undefined;
      clock.now = arrives === undefined ? until : Math.min(until, from + roundTrip);
      if (arrives !== undefined && clock.now < until) {
        if (Number.isNaN(ledger.total.times.maximum)) ledger.total.times.maximum = roundTrip * 1_000_000;
        arrives();
      }
      course.sent.at(-1)![1] += clock.now - from;
      return Promise.resolve();
    },
  } as unknown as Prober;
  const observer = {
    tried: (_: ProbeTarget, size: number, limit: Limit | undefined) => course.tried.push([size, limit?.outcome]),
    found: (_: ProbeTarget, size?: number, limit?: Limit) => course.found.push([size, limit]),
  };
  const isStopped = () => ledger.sent >= stopAfter;
  return { ...course, ok: await searchMtu([target], prober, TIMEOUT_MILLISECONDS, observer, isStopped) };
}

/** The limit that a fate shows as. */
const LIMITS: Readonly<Record<Fate, Limit>> = {
  lost: { outcome: "lost" },
  corrupted: { outcome: "corrupted" },
  fragmented: { outcome: "fragmented", fragmentSize: 1280 },
  reported: { outcome: "failed" },
  refused: { outcome: "failed" },
};

function outcomeOf(limit: Limit | undefined): Limit | undefined {
  if (limit === undefined) return undefined;
  const { failure: _, ...rest } = limit;
  return rest;
}

const addresses = fc.constantFrom(...Object.keys(MOST) as (keyof typeof MOST)[]);
const fates = fc.constantFrom(...Object.keys(LIMITS) as Fate[]);
const largest = fc.oneof(
  fc.integer({ min: SMALL_SIZE, max: 65_527 }),
  fc.constantFrom(SMALL_SIZE, SMALL_SIZE + 1, 1472, 65_506, 65_507, 65_508, 65_526, 65_527),
);

describe("the search for the MTU", () => {
  test("finds the largest payload, and what becomes of one byte more", async () => {
    const losses = fc.constantFrom(0, 0, 2);
    const paths = fc.record({ address: addresses, largest, fate: fates, losses, forged: fc.boolean() });
    await fc.assert(fc.asyncProperty(paths, async (path) => {
      const { ok, sent, tried, found } = await search(path);
      const most = MOST[path.address];
      assert.equal(ok, true);
      const [size, limit] = found[0]!;
      const right = Math.min(path.largest, most);
      // The answers of two requests that were lost tell nothing, nor does a forged report.
      const expected = path.forged && path.fate === "lost" ? LIMITS.reported : LIMITS[path.fate];
      assert.deepEqual([size, outcomeOf(limit)], [right, right === most ? undefined : expected]);
      assert.equal(found.length, 1);
      // Bisection: a request for each bit, and the first two.
      assert.deepEqual(tried.slice(0, 2).map(([size]) => size), [SMALL_SIZE, most]);
      assert.ok(tried.length <= 2 + 17, `${tried.length} sizes`);
      for (const [size, outcome] of tried) assert.equal(outcome, size <= right ? undefined : expected.outcome);
      assert.deepEqual([...new Set(sent.map(([size]) => size))], tried.map(([size]) => size));
    }));
  });

  test("tries a size three times, unless the answer or an error of this host is certain", async () => {
    const attempts = { lost: 3, reported: 3, corrupted: 1, fragmented: 1, refused: 1 };
    for (const [fate, expected] of Object.entries(attempts)) {
      const { sent } = await search({ address: "192.0.2.10", largest: 1000, fate: fate as Fate });
      assert.equal(sent.filter(([size]) => size === MOST["192.0.2.10"]).length, expected, fate);
      assert.equal(sent.filter(([size]) => size === SMALL_SIZE).length, 1);
    }
  });

  test("waits for ten times the longest round trip, 100 ms at least, and the time-out at most", async () => {
    for (const [roundTrip, patience] of [[1, 100], [10, 100], [11, 110], [300, 3000], [600, 5000]] as const) {
      const { sent } = await search({ address: "192.0.2.10", largest: 1000, fate: "lost", roundTrip });
      assert.deepEqual(sent[0], [SMALL_SIZE, roundTrip]);
      assert.deepEqual(sent[1], [MOST["192.0.2.10"], patience]);
    }
    // Before the first answer, for the time-out.
    const { sent } = await search({ address: "192.0.2.10", largest: 0, fate: "lost" });
    assert.deepEqual(sent, Array(3).fill([SMALL_SIZE, TIMEOUT_MILLISECONDS]));
    // A report of the network ends the wait for all but the last of the requests.
    const forged = await search({ address: "192.0.2.10", largest: 0, fate: "lost", forged: true });
    assert.deepEqual(forged.sent, [[SMALL_SIZE, 0], [SMALL_SIZE, 0], [SMALL_SIZE, TIMEOUT_MILLISECONDS]]);
  });

  test("a target that does not answer has no size, and is not ok", async () => {
    for (const fate of Object.keys(LIMITS) as Fate[]) {
      const { ok, tried, found } = await search({ address: "2001:db8::10", largest: SMALL_SIZE - 1, fate });
      assert.deepEqual([ok, tried.length, found], [false, 1, [[undefined, undefined]]]);
    }
  });

  test("nor is one that answers from a wrong source", async () => {
    const { ok, found } = await search({ address: "192.0.2.10", largest: 1000, fate: "lost", wrongSources: 1 });
    assert.deepEqual([ok, found.map(([size]) => size)], [false, [1000]]);
  });

  test("ends at once when it is stopped, and has found nothing", async () => {
    for (const stopAfter of [1, 2, 5]) {
      const { ok, sent, tried, found } = await search({
        address: "192.0.2.10",
        largest: 0x7fff,
        fate: "refused",
        stopAfter,
      });
      assert.deepEqual([ok, sent.length, tried.length, found], [false, stopAfter, stopAfter - 1, []]);
    }
  });
});
