/** Notices of refused datagrams: reasons, counts, and one source. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { REASONS } from "../../src/echo/guard.ts";
import { RefusalNotices } from "../../src/echo/refusal_notices.ts";
import { type MessageBatch, UdpSocket } from "../../src/mod.ts";

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
    assert.equal(receiver.receive(batch, true), 2);
    use(batch, senders.map(({ endpoint }) => endpoint));
  } finally {
    for (const socket of [receiver, ...senders]) socket.close();
  }
}

describe("notices of refusals", () => {
  test("name the reasons, what was counted since the last one, and the first source", () => {
    withBatch((batch, [first, second]) => {
      const refused = new Float64Array(REASONS.length);
      const lines: string[] = [];
      const notices = new RefusalNotices({ refused, tell: (text) => lines.push(text) });
      notices.everySecond();
      assert.deepEqual(lines, [], "nothing was refused");

      refused[OWN_SOURCE_PORT] = 3;
      notices.note(batch, 0);
      refused[OVER_RATE] = 70;
      notices.note(batch, 1);
      notices.everySecond();
      notices.everySecond();
      assert.deepEqual(lines, [`refused: own source port: 3, over rate: 70; for example from ${first}`]);

      refused[OVER_RATE]! += 1;
      notices.note(batch, 1);
      notices.everySecond();
      assert.deepEqual(lines.slice(1), [`refused: over rate: 1; for example from ${second}`]);
    });
  });

  test("leave out what was counted before the first one", () => {
    withBatch((batch, [first]) => {
      const refused = new Float64Array(REASONS.length).fill(5);
      const lines: string[] = [];
      const notices = new RefusalNotices({ refused, tell: (text) => lines.push(text) });
      refused[OWN_SOURCE_PORT]! += 1;
      notices.note(batch, 0);
      notices.everySecond();
      assert.deepEqual(lines, [`refused: own source port: 1; for example from ${first}`]);
    });
  });
});
