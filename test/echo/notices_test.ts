/** Notices of refused datagrams and failed replies: reasons, counts, and one peer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters } from "../../src/echo/counters.ts";
import { REASONS } from "../../src/echo/guard.ts";
import { Notices } from "../../src/echo/notices.ts";
import { type MessageBatch, UdpSocket } from "../../src/mod.ts";
import { receiveAsleep } from "../support/receive.ts";

const EPERM = 1;
const EACCES = 13;
const OWN_SOURCE_PORT = REASONS.indexOf("own_source_port");
const OVER_RATE = REASONS.indexOf("over_rate");

/** Lets `use` work with a batch of one message from each of two sources. */
function withBatch(use: (batch: MessageBatch, sources: string[]) => void): void {
  const address = "127.0.0.1";
  const [receiver, ...senders] = [1, 2, 3].map(() => UdpSocket.bind({ port: 0, address }));
  assert.ok(receiver);
  try {
    for (const sender of senders) sender.sendTo(new Uint8Array(1), { to: { address, port: receiver.port } });
    const batch = receiver.batch(2);
    assert.equal(receiveAsleep(receiver, batch), 2);
    use(batch, senders.map(({ endpoint }) => endpoint));
  } finally {
    for (const socket of [receiver, ...senders]) socket.close();
  }
}

/** Notices in text or JSON, with what the operator got of them. */
function noticesOf(
  counters: Counters,
  json = false,
  socket = { deviceRefusedTrains: false },
): { notices: Notices; told: unknown[] } {
  const told: unknown[] = [];
  const operator = {
    json,
    warn: (text: string) => void told.push(text),
    report: (event: string, fields: object) => void told.push({ event, ...fields }),
  };
  return { notices: new Notices({ socket, counters, operator }), told };
}

describe("notices", () => {
  test("name the reasons, what was counted since the last one, and the first source", () => {
    withBatch((batch, [first, second]) => {
      const counters = new Counters();
      const { refused } = counters;
      const { notices, told } = noticesOf(counters);
      notices.everySecond();
      assert.deepEqual(told, [], "nothing was refused");

      refused[OWN_SOURCE_PORT] = 3;
      notices.note("refused", batch, 0);
      refused[OVER_RATE] = 70;
      notices.note("refused", batch, 1);
      notices.everySecond();
      notices.everySecond();
      assert.deepEqual(told, [`refused: own source port: 3, over rate: 70; for example from ${first}`]);

      refused[OVER_RATE]! += 1;
      notices.note("refused", batch, 1);
      notices.everySecond();
      assert.deepEqual(told.slice(1), [`refused: over rate: 1; for example from ${second}`]);
    });
  });

  test("leave out what was counted before the first one", () => {
    withBatch((batch, [first]) => {
      const counters = new Counters();
      const refused = counters.refused.fill(5);
      const { notices, told } = noticesOf(counters);
      refused[OWN_SOURCE_PORT]! += 1;
      notices.note("refused", batch, 0);
      notices.everySecond();
      assert.deepEqual(told, [`refused: own source port: 1; for example from ${first}`]);
    });
  });

  test("name the errors of failed replies, and one peer", () => {
    withBatch((batch, [, second]) => {
      const counters = new Counters();
      const { failed } = counters;
      const { notices, told } = noticesOf(counters);
      failed[EPERM] = 2;
      notices.note("failed", batch, 1);
      notices.everySecond();
      const text = `replies could not be sent: EPERM (operation not permitted): 2; for example to ${second}`;
      assert.deepEqual(told, [text]);
    });
  });

  test("are events with counts and a peer in JSON", () => {
    withBatch((batch, [first, second]) => {
      const counters = new Counters();
      const { refused, failed } = counters;
      const { notices, told } = noticesOf(counters, true);
      refused[OVER_RATE] = 4;
      notices.note("refused", batch, 0);
      failed[EPERM] = 2;
      notices.note("failed", batch, 1);
      notices.everySecond();
      assert.deepEqual(told, [
        { event: "refused", counts: { over_rate: 4 }, peer: first },
        { event: "failed", counts: { EPERM: 2 }, peer: second },
      ]);
    });
  });

  test("tell of a reception that failed, each time", () => {
    const { notices, told } = noticesOf(new Counters());
    for (const errno of [EACCES, 0, EPERM]) {
      if (errno !== 0) notices.receiveError = errno;
      notices.everySecond();
    }
    assert.deepEqual(told, [
      "receiving failed: EACCES (permission denied)",
      "receiving failed: EPERM (operation not permitted)",
    ]);
  });

  test("tell once of a device without trains", () => {
    const socket = { deviceRefusedTrains: false };
    const { notices, told } = noticesOf(new Counters(), false, socket);
    notices.everySecond();
    assert.deepEqual(told, []);
    socket.deviceRefusedTrains = true;
    notices.everySecond();
    notices.everySecond();
    assert.deepEqual(told, ["a network device takes no trains of datagrams: replies through it are sent one by one"]);
  });
});
