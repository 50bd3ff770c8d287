/** When a server on the event loop polls: the time is that of the test. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TurnPolling } from "../../src/socket/turn_polling.ts";

/** Milliseconds of polling after a datagram. */
const POLL = 0.1;

describe("polling between turns", () => {
  const { now } = performance;
  let time = 0;
  before(() => {
    performance.now = () => time;
  });
  after(() => {
    performance.now = now;
  });

  /** Receives `count` datagrams, each long after the one before; returns how many times it then polled. */
  function receive(polling: TurnPolling, count: number): number {
    let polled = 0;
    for (let i = 0; i < count; i++) {
      time += 1000;
      polling.received();
      if (polling.goesOn()) polled++;
      time += 1000;
      assert.equal(polling.goesOn(), false);
    }
    return polled;
  }

  test("not before the first datagram", () => {
    assert.equal(new TurnPolling().goesOn(), false);
  });

  test("after a datagram, for as long as a sleep takes", () => {
    const polling = new TurnPolling();
    time = 5;
    polling.received();
    time += POLL - 0.01;
    assert.equal(polling.goesOn(), true);
    time += 0.02;
    assert.equal(polling.goesOn(), false);
  });

  test("as long as datagrams follow each other soon", () => {
    const polling = new TurnPolling();
    for (let i = 0; i < 100; i++) {
      polling.received();
      time += POLL / 2;
      assert.equal(polling.goesOn(), true);
    }
  });

  test("in vain: it skips one datagram, then two, four and so on, up to 64", () => {
    const polling = new TurnPolling();
    const skipped: number[] = [];
    for (let last = 0, i = 1; i < 500; i++) {
      if (receive(polling, 1) === 0) continue;
      skipped.push(i - last - 1);
      last = i;
    }
    assert.deepEqual(skipped, [0, 1, 2, 4, 8, 16, 32, ...new Array(skipped.length - 7).fill(64)]);
  });

  test("with success: the next datagram in vain skips one again", () => {
    const polling = new TurnPolling();
    // The next one after 15 that were skipped polls.
    assert.equal(receive(polling, 1 + 1 + 1 + 2 + 1 + 4 + 1 + 8), 4);
    time += 1000;
    polling.received();
    assert.equal(polling.goesOn(), true);
    polling.received();
    assert.equal(polling.goesOn(), true);
    time += 1000;
    assert.equal(polling.goesOn(), false);
    assert.equal(receive(polling, 2), 1);
  });
});
