/** The accounts of the ledger, after any sequence of events, beside those of a plain list of requests. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Request, RequestLedger } from "../../src/probe/ledger.ts";
import { type Outcome, OUTCOMES } from "../../src/probe/tally.ts";
import { TestClock } from "../support/clock.ts";

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
      fc.array(event, { maxLength: 60, size: "max" }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      (events, window, sourcePorts) => {
        const settings = { timeoutMilliseconds: TIMEOUT_MILLISECONDS, watch: true, count: window };
        // Requests are forgotten after ten time-outs: not while the clock stands still.
        using _ = new TestClock();
        compare(new RequestLedger(TARGET, 7, settings, sourcePorts), events, window, sourcePorts);
      },
    );
    fc.assert(runs, { numRuns: 500 });
  });

  test("an answer with another number is corrupted if half of it agrees, wherever it comes from; else it is stray", () => {
    const kindOf = (from: typeof TARGET, alter: (payload: Uint8Array) => void) => {
      const ledger = new RequestLedger(TARGET, 7, { timeoutMilliseconds: 1000, watch: false, count: 1 }, 1);
      const payload = ledger.payloadOf(ledger.open(SIZE));
      alter(payload);
      return ledger.answered({ payload, from, time: 0 }).kind;
    };
    const renumber = (payload: Uint8Array) => payload[0] = 200;
    const replace = (payload: Uint8Array) => payload.fill(200);
    assert.deepEqual([kindOf(TARGET, renumber), kindOf(ELSEWHERE, renumber)], ["corrupted", "corrupted"]);
    assert.deepEqual([kindOf(TARGET, replace), kindOf(ELSEWHERE, replace)], ["corrupted", "stray"]);
  });
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function compare(ledger: RequestLedger, events: readonly Event[], window: number, sourcePorts: number): void {
  assert.equal(ledger.paths.length, sourcePorts === 1 ? 0 : sourcePorts);
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
      ledger.failed(request.entry, { errno: 111 });
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
