/** Waiting for several descriptors at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { POLLIN } from "../../ffi/constants.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { UdpSocket } from "../../src/mod.ts";
import { PATIENCE_MS } from "../support/process.ts";

test("tells how many descriptors have events, and which", () => {
  const sockets = [1, 2, 3].map(() => UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
  const set = new PollSet(sockets.map(({ fd }) => fd), POLLIN);
  const events = () => sockets.map((_, i) => set.events(i));
  assert.deepEqual([set.wait(0), events()], [0, [0, 0, 0]]);
  const [first, second, third] = sockets as [UdpSocket, UdpSocket, UdpSocket];
  first.sendTo(new Uint8Array(1), { to: second.local });
  assert.deepEqual([set.wait(1000), events()], [1, [0, POLLIN, 0]]);
  first.sendTo(new Uint8Array(1), { to: third.local });
  assert.deepEqual([set.wait(1000), events()], [2, [0, POLLIN, POLLIN]]);
  second.receive(second.batch(1), false);
  assert.deepEqual([set.wait(1000), events()], [1, [0, 0, POLLIN]]);
  for (const socket of sockets) socket.close();
});

test("waits as long as it is told, at least, also fractions of a millisecond and more than a second", () => {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const set = new PollSet([socket.fd], POLLIN);
  for (const milliseconds of [-1, 0, 0.5, 20.25, 1001]) {
    const start = performance.now();
    assert.equal(set.wait(milliseconds), 0);
    const waited = performance.now() - start;
    assert.ok(waited >= milliseconds && waited < milliseconds + PATIENCE_MS, `${waited} ms, not ${milliseconds} ms`);
  }
});
