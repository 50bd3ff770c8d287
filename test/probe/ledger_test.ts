/** The accounts of the ledger, after any sequence of events, beside those of a plain list of requests. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Request, RequestLedger } from "../../src/probe/ledger.ts";
import { type Outcome, OUTCOMES } from "../../src/probe/tally.ts";

const TARGET = { bytes: new Uint8Array(16).fill(1), scope: 0, port: 9000 };
const ELSEWHERE = { ...TARGET, port: 9001 };
const SIZE = 32;
/** Nanoseconds that are in time, and those that are not: the time-out is so short that no clock is in doubt. */
const TIMEOUT_MILLISECONDS = 0.001;

/** A request as the model has it: the outcome so far, and the first one. */
interface Modelled {
  readonly entry: Request;
  outcome: Outcome;
  first: Outcome | undefined;
}

/** An event: a request is sent, or something happens to one of those that were. */
const event = fc.record({
  kind: fc.constantFrom("open", "open", "received", "wrong source", "corrupted", "failed", "lost", "late"),
  which: fc.nat(),
});

describe("ledger", () => {
  test("counts all requests, the recent ones and those of each source port", () => {
    const runs = fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      (events, window, sourcePorts) => {
        const settings = { timeoutMilliseconds: TIMEOUT_MILLISECONDS, watch: true, count: window };
        // Requests are forgotten after ten time-outs: not while the clock stands still.
        const now = performance.now;
        performance.now = () => 1000;
        try {
          compare(new RequestLedger(TARGET, 7, settings, sourcePorts), events, window, sourcePorts);
        } finally {
          performance.now = now;
        }
      },
    );
    fc.assert(runs, { numRuns: 500 });
  });
});

describe("an answer whose bytes are not those of a request", () => {
  const settings = { timeoutMilliseconds: 60_000, watch: false, count: 5 };

  /** A ledger with three requests of these sizes, and what it makes of a payload. */
  function matchOf(size: number, from: typeof TARGET, alter: (ledger: RequestLedger, third: Request) => Uint8Array) {
    const ledger = new RequestLedger(TARGET, 7, settings, 1);
    const [, , third] = [ledger.open(SIZE), ledger.open(SIZE), ledger.open(size)];
    const { kind, sequence } = ledger.answered({ payload: alter(ledger, third), from, time: 0 });
    return [kind, sequence, ledger.stray];
  }

  /** The third request's payload with the last bytes altered, so many. */
  const altered = (bytes: number) => (ledger: RequestLedger, third: Request) =>
    ledger.payloadOf(third).map((byte, i) => i < SIZE - bytes ? byte : ~byte);

  test("belongs to the request that it names if half of them agree, whoever sends it", () => {
    for (const from of [TARGET, ELSEWHERE]) {
      for (const bytes of [1, SIZE / 2]) assert.deepEqual(matchOf(SIZE, from, altered(bytes)), ["corrupted", 3, 0]);
      // Of a shorter or longer one, as many as the shorter has.
      const cut = (size: number) => (ledger: RequestLedger, third: Request) =>
        altered(0)(ledger, third).subarray(0, size);
      for (const size of [1, 4, SIZE - 1]) assert.deepEqual(matchOf(SIZE, from, cut(size)), ["corrupted", 3, 0]);
      const longer = (ledger: RequestLedger, third: Request) =>
        Uint8Array.of(...altered(16)(ledger, third), ...Array(99));
      assert.deepEqual(matchOf(SIZE, from, longer), ["corrupted", 3, 0]);
    }
  });

  test("else to the oldest that waits if the target sends it, or to none", () => {
    const alterations = [
      altered(SIZE / 2 + 1),
      () => new Uint8Array(200),
      () => Uint8Array.of(9),
      () => new Uint8Array(),
    ];
    for (const alter of alterations) {
      assert.deepEqual(matchOf(SIZE, TARGET, alter), ["corrupted", 1, 0]);
      assert.deepEqual(matchOf(SIZE, ELSEWHERE, alter), ["stray", undefined, 1]);
    }
    // A request without payload has no bytes that could agree.
    assert.deepEqual(matchOf(0, ELSEWHERE, () => Uint8Array.of(3)), ["stray", undefined, 1]);
    assert.deepEqual(matchOf(0, TARGET, () => Uint8Array.of(3)), ["corrupted", 1, 0]);
  });

  test("is stray if it is an unaltered payload of another probe", () => {
    const foreign = (ledger: RequestLedger, third: Request) =>
      new RequestLedger(TARGET, 8, settings, 1).payloadOf(third);
    for (const from of [TARGET, ELSEWHERE]) assert.deepEqual(matchOf(SIZE, from, foreign), ["stray", undefined, 1]);
  });
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function compare(ledger: RequestLedger, events: readonly Event[], window: number, sourcePorts: number): void {
  const requests: Modelled[] = [];
  const settled: Modelled[] = [];
  const settle = (request: Modelled, outcome: Outcome) => {
    if (request.first === undefined) {
      request.first = outcome;
      settled.push(request);
    }
    request.outcome = outcome;
  };
  for (const { kind, which } of events) {
    const request = requests[which % Math.max(1, requests.length)];
    if (kind === "open") {
      const entry = ledger.open(SIZE);
      entry.sentAt = 0;
      requests.push({ entry, outcome: "waiting", first: undefined });
    } else if (request === undefined) continue;
    else if (kind === "lost") {
      if (request.outcome !== "waiting") continue;
      ledger.lost(request.entry);
      settle(request, "lost");
    } else if (kind === "failed") {
      ledger.failed(request.entry, 111, undefined);
      if (request.outcome === "waiting" || request.outcome === "lost") settle(request, "failed");
    } else {
      const payload = ledger.payloadOf(request.entry);
      if (kind === "corrupted") payload[20]! ^= 1;
      const from = kind === "wrong source" ? ELSEWHERE : TARGET;
      const match = ledger.answered({ payload, from, time: kind === "late" ? 100_000 : 0 });
      const answered = ["received", "late", "wrong source", "corrupted"].includes(request.outcome);
      assert.equal(match.kind, answered ? "duplicate" : kind);
      if (!answered) settle(request, kind as Outcome);
    }
    const count = (of: readonly Modelled[], outcome: Outcome, field: "outcome" | "first" = "outcome") =>
      of.filter((each) => each[field] === outcome).length;
    for (const outcome of OUTCOMES) {
      assert.equal(ledger.total.counts[outcome], count(requests, outcome), outcome);
      assert.equal(ledger.recent.counts[outcome], count(settled.slice(-window), outcome), `recent ${outcome}`);
      assert.equal(ledger.total.first.counts[outcome], count(requests, outcome, "first"), `first ${outcome}`);
      ledger.paths.forEach((path, i) => {
        const own = requests.filter((_, number) => number % sourcePorts === i);
        assert.equal(path.counts[outcome], count(own, outcome), `${outcome} from port ${i}`);
      });
    }
    assert.equal(ledger.recent.settled, Math.min(window, settled.length));
    assert.equal(ledger.total.settled, settled.length);
    const wrongNow = count(settled.slice(-window), "wrong source");
    assert.ok(wrongNow === 0 || ledger.wrongSources.length > 0, "a wrong source is known by its address");
    const timed = requests.filter(({ outcome }) => outcome === "received" || outcome === "wrong source").length;
    assert.equal(ledger.total.times.count, timed);
  }
}
