/** A set of descriptors, each of which reports once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EBADF, EPOLLIN, EPOLLOUT } from "../../ffi/constants.ts";
import { Epoll } from "../../ffi/epoll.ts";
import { SystemError } from "../../ffi/errno.ts";
import { UdpSocket } from "../../src/mod.ts";

const LOCALHOST = { port: 0, address: "127.0.0.1" };

test("reports the descriptor, its events and its tag, once for each time it is armed", async () => {
  const epoll = new Epoll();
  const [one, two] = [UdpSocket.bind(LOCALHOST), UdpSocket.bind(LOCALHOST)];
  /** What a wait reports, in order of the tags. */
  const wait = async () => {
    const count = await epoll.wait();
    const reports = Array.from({ length: count }, (_, i) => [
      epoll.reportedTag(i),
      epoll.reported(i),
      epoll.reportedEvents(i),
    ]);
    return reports.toSorted(([a], [b]) => a! - b!);
  };
  epoll.arm(one.fd, 7, EPOLLIN);
  epoll.arm(two.fd, -8, EPOLLIN | EPOLLOUT);
  assert.deepEqual(await wait(), [[-8, two.fd, EPOLLOUT]]);
  two.sendTo(new Uint8Array(1), { to: one.local });
  two.sendTo(new Uint8Array(1), { to: two.local });
  assert.deepEqual(await wait(), [[7, one.fd, EPOLLIN]], "the other one has reported");
  epoll.arm(two.fd, 2 ** 31 - 1, EPOLLIN | EPOLLOUT);
  epoll.arm(one.fd, 9, EPOLLOUT);
  assert.deepEqual(await wait(), [[9, one.fd, EPOLLOUT], [2 ** 31 - 1, two.fd, EPOLLIN | EPOLLOUT]]);

  epoll.arm(one.fd, 10, EPOLLIN);
  epoll.remove(one.fd);
  epoll.wake();
  assert.deepEqual((await wait()).map(([tag]) => tag), [0], "only what wakes");
  const pending = wait();
  epoll.wake();
  assert.equal((await pending).length, 1);
  for (const socket of [one, two]) socket.close();
  assert.throws(() => epoll.arm(999_999, 1, EPOLLIN), new SystemError("epoll_ctl", EBADF));
});
