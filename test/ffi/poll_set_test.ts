/** Waiting for several descriptors at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EBADF, POLLIN } from "../../ffi/constants.ts";
import type { Pointer } from "../../ffi/contract.ts";
import { lazyLibc, libc } from "../../ffi/library.ts";
import { copyOf } from "../../ffi/memory.ts";
import { PollSet } from "../../ffi/poll_set.ts";
import { UdpSocket } from "../../src/mod.ts";
import { PATIENCE_MS } from "../support/process.ts";
import { replaced } from "../support/replaced.ts";

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

test("waits as long as it is told, at least", () => {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const set = new PollSet([socket.fd], POLLIN);
  for (const milliseconds of [-1, 0, 0.5, 20.25]) {
    const start = performance.now();
    assert.equal(set.wait(milliseconds), 0);
    const waited = performance.now() - start;
    assert.ok(waited >= milliseconds && waited < milliseconds + PATIENCE_MS, `${waited} ms, not ${milliseconds} ms`);
  }
});

test("asks the kernel for seconds and nanoseconds, and tells its error", () => {
  const asked: number[][] = [];
  using _ = replaced(lazyLibc(), {
    ppoll: (_descriptors: Pointer, count: number, time: Pointer) => {
      const [seconds, , nanoseconds] = new Int32Array(copyOf(time, 16).buffer);
      asked.push([count, seconds!, nanoseconds!]);
      return libc().call.close(999_999);
    },
  });
  const set = new PollSet([0, 1, 2], POLLIN);
  for (const milliseconds of [-5, 0, 0.0001, 1.5, 1000, 61_001.25]) assert.equal(set.wait(milliseconds), -EBADF);
  assert.deepEqual(asked, [[3, 0, 0], [3, 0, 0], [3, 0, 100], [3, 0, 1_500_000], [3, 1, 0], [3, 61, 1_250_000]]);
});
