/** Sockets that another process has bound: which are taken over, and why others are not. */
import assert from "node:assert/strict";
import { closeSync, existsSync, openSync } from "node:fs";
import { describe, test } from "node:test";
import {
  AF_INET,
  AF_INET6,
  EBADF,
  EINVAL,
  ENOTSOCK,
  F_GETFL,
  F_SETFL,
  IP_RECVERR,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_RECVERR,
  O_NONBLOCK,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_TIMESTAMPING,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_CORK,
} from "../../ffi/constants.ts";
import { bind, close, fcntl, getsockopt, setsockopt, socket } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { SystemError, UdpSocket } from "../../src/mod.ts";

const SOCK_STREAM = 1;
// <asm-generic/fcntl.h>
const SOCK_NONBLOCK = 0o4000;
const O_APPEND = 0o2000;
const noIPv6 = !existsSync("/proc/net/if_inet6");

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

test("a socket that is taken over: options that would change how it works are reset, others are kept", () => {
  for (const family of noIPv6 ? [AF_INET] : [AF_INET, AF_INET6]) {
    const fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK);
    const name = new Memory(28);
    name.u16[0] = family;
    assert.equal(bind(fd, name, family === AF_INET ? 16 : 28), 0);
    const levels = family === AF_INET
      ? [[IPPROTO_IP, IP_RECVERR]]
      : [[IPPROTO_IP, IP_RECVERR], [IPPROTO_IPV6, IPV6_RECVERR]];
    const reset = [...levels, [SOL_SOCKET, SO_BROADCAST], [SOL_SOCKET, SO_TIMESTAMPING], [IPPROTO_UDP, UDP_CORK]] as [
      number,
      number,
    ][];
    for (const [level, name] of reset) assert.equal(setsockopt(fd, level, name, 1 << 4), 0, `${level} ${name}`);
    for (const [level, name] of reset) assert.notEqual(getsockopt(fd, level, name), 0, `${level} ${name}`);
    setsockopt(fd, IPPROTO_IP, IP_TTL, 33);
    fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND);
    using adopted = UdpSocket.adopt(fd);
    assert.deepEqual([adopted.adopted, adopted.domain, adopted.families], [
      true,
      family,
      family === AF_INET ? "IPv4" : "IPv4 and IPv6",
    ]);
    for (const [level, name] of reset) assert.equal(getsockopt(fd, level, name), 0, `${level} ${name}`);
    assert.equal(getsockopt(fd, IPPROTO_IP, IP_TTL), 33);
    assert.equal(fcntl(fd, F_GETFL, 0) & (O_NONBLOCK | O_APPEND), O_APPEND);
  }
});

test("a receive buffer is enlarged, never made smaller", () => {
  const sizeOf = (receiveBuffer?: number) => {
    const fd = socket(AF_INET, SOCK_DGRAM);
    const name = new Memory(16);
    name.u16[0] = AF_INET;
    bind(fd, name, 16);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, 50_000);
    using adopted = UdpSocket.adopt(fd, receiveBuffer === undefined ? {} : { receiveBuffer });
    assert.equal(adopted.receiveBuffer, getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2);
    return adopted.receiveBuffer;
  };
  assert.deepEqual([sizeOf(), sizeOf(0), sizeOf(1000), sizeOf(50_000), sizeOf(60_000)], [
    50_000,
    50_000,
    50_000,
    50_000,
    60_000,
  ]);
});
