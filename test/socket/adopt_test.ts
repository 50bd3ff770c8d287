/** Sockets that another process has bound: which are taken over, and why others are not. */
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { describe, test } from "node:test";
import { AF_INET, AF_INET6, EBADF, EINVAL, ENOTSOCK, SOCK_DGRAM } from "../../ffi/constants.ts";
import { close, socket } from "../../ffi/libc.ts";
import { SystemError, UdpSocket } from "../../src/mod.ts";

const SOCK_STREAM = 1;

/** Asserts that a descriptor is refused for this reason, and closes it. */
function assertRefused(fd: number, errno: number, reason: RegExp, end = close): void {
  try {
    assert.throws(() => UdpSocket.adopt(fd), (error) => {
      assert.ok(error instanceof SystemError);
      assert.equal(error.errno, errno);
      assert.match(error.message, reason);
      return true;
    });
  } finally {
    end(fd);
  }
}

describe("a descriptor that is refused", () => {
  test("a socket that is not bound, of either family", () => {
    for (const family of [AF_INET, AF_INET6]) {
      assertRefused(
        socket(family, SOCK_DGRAM),
        EINVAL,
        /cannot take over descriptor \d+: it is not bound to a port/,
      );
    }
  });

  test("a socket that is none of UDP", () => {
    assertRefused(socket(AF_INET, SOCK_STREAM), EINVAL, /it is no UDP socket/);
    assertRefused(socket(1, SOCK_DGRAM), EINVAL, /it is no UDP socket/);
  });

  test("a file, and a number that is no descriptor", () => {
    assertRefused(openSync("/dev/null", "r"), ENOTSOCK, /not a socket|non-socket/i, closeSync as typeof close);
    assertRefused(999_999, EBADF, /bad file descriptor/i, () => 0);
  });

  test("one that this process has bound itself", () => {
    using own = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    assertRefused(own.fd, EINVAL, /another socket of this process has it/, () => 0);
  });
});
