/** Membership in multicast groups, on loopback: what can be joined and left, and why not. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { UdpSocket } from "../../src/mod.ts";
import { systemErrorOf } from "../support/errors.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";

/** The error of a call, without the name of the system call; empty without an error. */
function errorOf(call: () => void): string {
  const error = systemErrorOf(call);
  if (error === undefined) return "";
  assert.equal(error.syscall, "setsockopt");
  return `${error.code}: ${error.message}`;
}

describe("a socket for both families", { skip: noIPv6 }, () => {
  for (
    const [group, source, other] of [
      ["232.1.2.3", "127.0.0.1", "127.0.0.2"],
      ["ff35::1234", "::1", "::2"],
    ] as const
  ) {
    test(`joins a group once, from any source or from some, and leaves it as it joined: ${group}`, () => {
      using socket = UdpSocket.bind({ port: 0 });
      const loopback = { interface: "lo" };
      const join = (options = {}) => errorOf(() => socket.joinGroup(group, { ...loopback, ...options })).split(":")[0];
      const leave = (options = {}) =>
        errorOf(() => socket.leaveGroup(group, { ...loopback, ...options })).split(":")[0];
      assert.equal(leave(), "EADDRNOTAVAIL");
      assert.deepEqual([join(), join(), leave(), leave()], ["", "EADDRINUSE", "", "EADDRNOTAVAIL"]);
      assert.deepEqual([join({ interface: 1 }), leave()], ["", ""]);
      assert.deepEqual([join({ source }), join({ source }), join({ source: other })], ["", "EADDRNOTAVAIL", ""]);
      assert.deepEqual([leave({ source }), leave({ source }), leave({ source: other })], ["", "EADDRNOTAVAIL", ""]);
      assert.deepEqual([join(), leave()], ["", ""]);
    });
  }
});

describe("a group that cannot be joined", () => {
  const message = (group: string, options = {}, family?: 4 | 6, verb: "joinGroup" | "leaveGroup" = "joinGroup") => {
    using socket = UdpSocket.bind({ port: 0, family });
    return errorOf(() => socket[verb](group, options));
  };

  test("no multicast address, or a source of the other family", { skip: noIPv6 }, () => {
    for (const group of ["192.0.2.1", "240.0.0.1", "::1"]) {
      assert.equal(message(group), `EINVAL: ${group} is no multicast address`);
    }
    assert.equal(
      message("232.1.2.3", { source: "::1" }),
      "EINVAL: the group 232.1.2.3 and its source ::1 are not of the same family",
    );
    assert.equal(
      message("ff35::1", { source: "127.0.0.1" }),
      "EINVAL: the group ff35::1 and its source 127.0.0.1 are not of the same family",
    );
  });

  test("a family that the socket does not receive", { skip: noIPv6 }, () => {
    assert.match(message("ff02::1", {}, 4), /^EAFNOSUPPORT: an IPv4 socket does not reach the IPv6 address ff02::1;/);
    assert.match(message("224.0.0.1", {}, 6), /^EAFNOSUPPORT: an IPv6 socket does not reach the IPv4 address 224/);
  });

  test("what the kernel refuses", () => {
    const options = { interface: 999_999 };
    assert.match(message("224.0.0.9", options), /^ENODEV: cannot join 224\.0\.0\.9: no such device$/);
    assert.match(
      message("224.0.0.9", { interface: "lo" }, 4, "leaveGroup"),
      /^EADDRNOTAVAIL: cannot leave 224\.0\.0\.9: /,
    );
  });
});
