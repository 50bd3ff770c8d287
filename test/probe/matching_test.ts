/** The matching of answers with requests: by their bytes, their senders, and their times. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Match, type Request, RequestLedger } from "../../src/probe/ledger.ts";
import { TestClock } from "../support/clock.ts";

const TARGET = { bytes: new Uint8Array(16).fill(1), scope: 0, port: 9000 };
const ELSEWHERE = { ...TARGET, port: 9001 };
const SIZE = 32;

describe("an answer to a request", () => {
  const settings = { timeoutMilliseconds: 100, watch: false, count: Infinity };
  const MILLISECOND = 1_000_000;
  /** `wallTime` of the first request. */
  const SENT = 5_000_000_000;
  const newLedger = () => new RequestLedger(TARGET, 7, settings, 1);

  /** A request that left just now. */
  function open(ledger: RequestLedger, clock: { now: number }, size = SIZE): Request {
    const request = ledger.open(size);
    request.sentAt = SENT + (clock.now - 1000) * MILLISECOND;
    return request;
  }

  /** The answer to a request arrives so long after it left, by the clock of the kernel. */
  function answer(ledger: RequestLedger, request: Request, nanoseconds: number, from = TARGET): Match {
    return ledger.answered({ payload: ledger.payloadOf(request), from, time: request.sentAt + nanoseconds });
  }

  test("a new ledger is empty", () => {
    const { sent, duplicates, reordered, stray, wrongSources, lastLate, corruptedSize, lastFailure, newest, goodAt } =
      newLedger();
    assert.deepEqual([sent, duplicates, reordered, stray, lastLate, corruptedSize], [0, 0, 0, 0, 0, 0]);
    assert.deepEqual([wrongSources, lastFailure, newest, goodAt], [[], undefined, undefined, undefined]);
    const ledger = newLedger();
    assert.equal(ledger.recent, ledger.total);
  });

  test("an answer is late after the time-out, and not before", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const [first, second, third] = [open(ledger, clock), open(ledger, clock), open(ledger, clock)];
    assert.deepEqual([first.sentMilliseconds, first.deadline], [1000, 1100]);
    clock.now = 1250;
    const kinds = [[first, 100], [second, 100.000_001], [third, 99]] as const;
    const matches = kinds.map(([request, milliseconds]) => answer(ledger, request, milliseconds * MILLISECOND));
    assert.deepEqual(matches, [
      { kind: "received", sequence: 1, roundTrip: 100_000_000, reordered: false },
      { kind: "late", sequence: 2, roundTrip: 100_000_001, reordered: false },
      { kind: "received", sequence: 3, roundTrip: 99_000_000, reordered: false },
    ]);
    assert.equal(ledger.lastLate, 100_000_001);
  });

  test("the last good answer is known by the time at which it was read", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const requests = [1, 2, 3, 4].map(() => open(ledger, clock));
    for (
      const [i, nanoseconds, from] of [[1, 1, TARGET], [0, 1, TARGET], [2, 1, ELSEWHERE], [3, 2e8, TARGET]] as const
    ) {
      clock.now += 100;
      answer(ledger, requests[i]!, nanoseconds, from);
    }
    assert.equal(ledger.goodAt, 1200);
  });

  test("a round trip that the clocks contradict is that of the monotonic one", () => {
    using clock = new TestClock();
    const trips = [[0, 0], [-1, 5e6], [5e6 + 1e6, 6e6], [5e6 + 1e6 + 1, 5e6], [3600e9, 5e6]] as const;
    for (const [byKernel, expected] of trips) {
      const ledger = newLedger();
      const request = open(ledger, clock);
      clock.now += 5;
      assert.equal(answer(ledger, request, byKernel).roundTrip, expected);
    }
  });

  test("an answer is reordered after that to a later request", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const requests = [1, 2, 3, 4].map(() => open(ledger, clock));
    const order = [1, 0, 1, 3, 2].map((i) => answer(ledger, requests[i]!, 1000 * (i + 1)));
    assert.deepEqual(order.map(({ kind, reordered }) => [kind, reordered]), [
      ["received", false],
      ["received", true],
      ["duplicate", false],
      ["received", false],
      ["received", true],
    ]);
    assert.deepEqual([ledger.reordered, ledger.duplicates], [2, 1]);
    // The differences of consecutive requests, in whatever order they are answered: a microsecond each.
    assert.equal(ledger.total.times.jitter, 1000);
  });

  test("the differences are those of consecutive requests only", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const requests = [1, 2, 3, 4].map(() => open(ledger, clock));
    for (const [i, nanoseconds] of [[3, 100], [0, 300_000], [1, 200_000]] as const) {
      answer(ledger, requests[i]!, nanoseconds);
    }
    assert.equal(ledger.total.times.jitter, 100_000);
  });

  test("a request is forgotten after ten time-outs, unless it waits or an earlier one does", () => {
    using clock = new TestClock();
    for (const waits of [false, true]) {
      const ledger = newLedger();
      const requests = [0, 1, 2].map((_, i) => {
        const request = open(ledger, clock);
        if (!waits || i > 0) ledger.lost(request);
        return request;
      });
      clock.now += 999;
      assert.equal(answer(ledger, requests[1]!, 1000).kind, "received");
      clock.now += 1;
      assert.equal(answer(ledger, requests[2]!, 1000).kind, waits ? "received" : "stray");
      clock.now += 1000;
      assert.equal(answer(ledger, requests[0]!, 1000).kind, waits ? "received" : "stray");
      assert.equal(answer(ledger, requests[1]!, 1000).kind, "stray");
    }
  });

  test("of very many requests, the last hundred thousand are remembered, and those that wait", () => {
    using clock = new TestClock();
    const count = 100_000;
    for (const waits of [false, true]) {
      const ledger = newLedger();
      const first = [open(ledger, clock), open(ledger, clock)] as const;
      if (!waits) { for (const request of first) answer(ledger, request, 1000); }
      for (let i = 2; i < count; i++) ledger.failed(ledger.open(0), { errno: 1 });
      assert.equal(ledger.named(ledger.payloadOf(first[0])), first[0]);
      ledger.failed(ledger.open(0), { errno: 1 });
      // The next event forgets it.
      assert.equal(ledger.named(ledger.payloadOf(first[0])), waits ? first[0] : undefined);
      assert.equal(ledger.named(ledger.payloadOf(first[1])), first[1]);
    }
  });

  test("an error is that of the request that it quotes, or of the oldest that waits", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const requests = [1, 2, 3].map(() => open(ledger, clock));
    const quoted = (bytes: number) => ledger.named(ledger.payloadOf(requests[1]!).subarray(0, bytes));
    assert.deepEqual([0, 1, 4, SIZE].map(quoted), [requests[0], requests[1], requests[1], requests[1]]);
    // That names no request.
    assert.equal(ledger.named(Uint8Array.of(99)), requests[0]);
    const failure = ledger.failed(requests[0], { errno: 111 });
    assert.deepEqual(failure, { sequence: 1, errno: 111 });
    assert.equal(ledger.lastFailure, failure);
    assert.equal(quoted(0), requests[1]);
    // Unknown, failed or answered: nothing more happens to it.
    answer(ledger, requests[1]!, 1000);
    for (const request of [undefined, requests[0], requests[1]]) {
      assert.deepEqual(ledger.failed(request, { errno: 113 }), {
        sequence: undefined,
        errno: 113,
      });
    }
    assert.deepEqual([ledger.lastFailure, [...ledger.failedByErrno]], [failure, [[111, 1]]]);
    assert.deepEqual([requests[0]!.errno, requests[1]!.errno], [111, 0]);
  });

  test("empty answers are those of the oldest request that waits, then further ones of the last", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const requests = [1, 2].map(() => open(ledger, clock, 0));
    const matches = [1, 2, 3].map(() => answer(ledger, requests[0]!, 1000));
    assert.deepEqual(matches.map(({ kind, sequence }) => [kind, sequence]), [
      ["received", 1],
      ["received", 2],
      ["duplicate", 2],
    ]);
    assert.equal(newLedger().answered({ payload: new Uint8Array(), from: TARGET, time: 0 }).kind, "stray");
  });

  test("eight wrong sources are remembered, as long as one of the last requests has a wrong answer", () => {
    using clock = new TestClock();
    const ledger = new RequestLedger(TARGET, 7, { ...settings, watch: true, count: 2 }, 1);
    for (let port = 1; port <= 20; port++) answer(ledger, open(ledger, clock), 1, { ...TARGET, port: port >> 1 });
    assert.deepEqual(ledger.wrongSources.map(({ port }) => port), [0, 1, 2, 3, 4, 5, 6, 7]);
    answer(ledger, open(ledger, clock), 1);
    assert.equal(ledger.wrongSources.length, 8);
    answer(ledger, open(ledger, clock), 1);
    assert.equal(ledger.wrongSources.length, 0);
  });

  test("what is no answer, or no good one, has no round trip", () => {
    using clock = new TestClock();
    const ledger = newLedger();
    const request = open(ledger, clock);
    const payload = ledger.payloadOf(request).fill(0, 20, 24);
    const nothing = { roundTrip: undefined, reordered: false };
    const stray = ledger.answered({ payload: new Uint8Array(3).fill(99), from: ELSEWHERE, time: SENT });
    assert.deepEqual(stray, { kind: "stray", sequence: undefined, ...nothing });
    const corrupted = ledger.answered({ payload, from: TARGET, time: SENT });
    assert.deepEqual(corrupted, { kind: "corrupted", sequence: 1, ...nothing });
    assert.deepEqual(answer(ledger, request, 1), { kind: "duplicate", sequence: 1, ...nothing });
    assert.deepEqual([ledger.corruptedSize, ledger.stray, ledger.duplicates, ledger.total.times.count], [
      SIZE,
      1,
      1,
      0,
    ]);
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

  test("belongs to the request that it names if half of its bytes agree, from any sender", () => {
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
    const foreign = (_: RequestLedger, third: Request) => new RequestLedger(TARGET, 8, settings, 1).payloadOf(third);
    for (const from of [TARGET, ELSEWHERE]) assert.deepEqual(matchOf(SIZE, from, foreign), ["stray", undefined, 1]);
  });
});
