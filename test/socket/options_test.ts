/** Options of sockets by name: what the kernel has of them, and values that are refused. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as kernel from "../../ffi/constants.ts";
import { libc } from "../../ffi/library.ts";
import { MULTICAST, type SocketOptions, type UdpBindOptions, UdpSocket } from "../../src/mod.ts";
import { missing, notRoot, PATIENCE_MS, run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";
import { codeOf } from "../support/errors.ts";
import { replaced } from "../support/replaced.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";
const LOCALHOST = { port: 0, address: "127.0.0.1" };
/** The interface of a socket that is bound to a device. <asm-generic/socket.h> */
const SO_BINDTOIFINDEX = 62;

describe("options", () => {
  test("reuseAddress: binds beside node:dgram, which has the port", async () => {
    const other = createSocket({ type: "udp4", reuseAddr: true });
    other.bind(0, "0.0.0.0");
    await once(other, "listening");
    const { port } = other.address();
    assert.equal(codeOf(() => UdpSocket.bind({ port, family: 4 })), "EADDRINUSE");
    UdpSocket.bind({ port, family: 4, reuseAddress: true }).close();
    other.close();
  });

  test("reusePort: sockets that all ask for it share a port", () => {
    using first = UdpSocket.bind({ ...LOCALHOST, reusePort: true });
    assert.equal(codeOf(() => UdpSocket.bind({ ...LOCALHOST, port: first.port })), "EADDRINUSE");
    UdpSocket.bind({ ...LOCALHOST, port: first.port, reusePort: true }).close();
  });

  test("dualStack: an IPv6 socket with or without IPv4", { skip: noIPv6 }, () => {
    const familiesOf = (options: Omit<UdpBindOptions, "port">) => {
      using socket = UdpSocket.bind({ port: 0, ...options });
      return socket.families;
    };
    assert.equal(familiesOf({}), "IPv4 and IPv6");
    assert.equal(familiesOf({ address: "::" }), "IPv6");
    assert.equal(familiesOf({ address: "::", dualStack: true }), "IPv4 and IPv6");
    assert.equal(familiesOf({ dualStack: false }), "IPv6");
    assert.equal(familiesOf({ family: 6, dualStack: true }), "IPv4 and IPv6");
  });

  test("freeBind: an address that the host does not have yet", { skip: noIPv6 }, () => {
    for (const address of ["192.0.2.99", "2001:db8::99"]) {
      assert.equal(codeOf(() => UdpSocket.bind({ port: 0, address })), "EADDRNOTAVAIL");
      using socket = UdpSocket.bind({ port: 0, address, freeBind: true });
      assert.equal(socket.local.address, address);
    }
  });

  test("by name, and what the kernel then has", { skip: noIPv6 }, () => {
    const on = kernel.SOF_TIMESTAMPING_RX_SOFTWARE | kernel.SOF_TIMESTAMPING_SOFTWARE;
    const { IP_PMTUDISC_PROBE, IP_PMTUDISC_DONT, SOL_SOCKET } = kernel;
    // The option, its name in the kernel for IPv4 and for IPv6, and values with what the kernel has then.
    const both: [keyof SocketOptions, IPv4: number, IPv6: number, ...values: [value: unknown, then: number][]][] = [
      ["ttl", kernel.IP_TTL, kernel.IPV6_UNICAST_HOPS, [1, 1], [255, 255], [7, 7]],
      ["trafficClass", kernel.IP_TOS, kernel.IPV6_TCLASS, [0x28, 0x28], [255, 255], [0, 0]],
      ["multicastTtl", kernel.IP_MULTICAST_TTL, kernel.IPV6_MULTICAST_HOPS, [0, 0], [9, 9], [255, 255]],
      ["multicastLoopback", kernel.IP_MULTICAST_LOOP, kernel.IPV6_MULTICAST_LOOP, [false, 0], [true, 1]],
      ["receiveTrafficClass", kernel.IP_RECVTOS, kernel.IPV6_RECVTCLASS, [true, 1], [false, 0]],
      ["receiveHopLimit", kernel.IP_RECVTTL, kernel.IPV6_RECVHOPLIMIT, [true, 1], [false, 0]],
      ["receiveErrors", kernel.IP_RECVERR, kernel.IPV6_RECVERR, [true, 1], [false, 0]],
      [
        "dontFragment",
        kernel.IP_MTU_DISCOVER,
        kernel.IPV6_MTU_DISCOVER,
        [true, IP_PMTUDISC_PROBE],
        [false, IP_PMTUDISC_DONT],
      ],
    ];
    for (const family of [4, undefined] as const) {
      using socket = UdpSocket.bind({ port: 0, family });
      for (const [name, ipv4, ipv6, ...values] of both) {
        for (const [value, then] of values) {
          socket.set({ [name]: value });
          assert.equal(socket.getOption(kernel.IPPROTO_IP, ipv4), then, `${name} of IPv4`);
          if (family !== 4) assert.equal(socket.getOption(kernel.IPPROTO_IPV6, ipv6), then, `${name} of IPv6`);
        }
      }
      for (const [receiveArrival, then] of [[true, on], [false, 0]] as const) {
        socket.set({ receiveArrival });
        assert.equal(socket.getOption(SOL_SOCKET, kernel.SO_TIMESTAMPING), then);
      }
      socket.set({ receiveArrival: true, ttl: 9 });
      socket.set({ multicastTtl: 3 });
      socket.set({});
      assert.equal(socket.getOption(SOL_SOCKET, kernel.SO_TIMESTAMPING), on, "what is not named stays");
      assert.equal(socket.getOption(kernel.IPPROTO_IP, kernel.IP_TTL), 9);
      for (const multicastInterface of ["lo", 1]) socket.set({ multicastInterface });
      if (family !== 4) assert.equal(socket.getOption(kernel.IPPROTO_IPV6, kernel.IPV6_MULTICAST_IF), 1);
    }
  });

  test("when it is bound, and what the kernel has by default", { skip: noIPv6 }, () => {
    const { SOL_SOCKET, SO_SNDBUF, SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST } = kernel;
    const valuesOf = (options: Omit<UdpBindOptions, "port">) => {
      using socket = UdpSocket.bind({ port: 0, ...options });
      const trains = socket.notices.length > 0 ? 0 : socket.getOption(kernel.IPPROTO_UDP, kernel.UDP_GRO);
      return {
        trains,
        values: [SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST, SO_BINDTOIFINDEX].map((name) =>
          socket.getOption(SOL_SOCKET, name)
        ),
        sendBuffer: socket.getOption(SOL_SOCKET, SO_SNDBUF),
        discovery: socket.getOption(kernel.IPPROTO_IP, kernel.IP_MTU_DISCOVER),
        allGroups: socket.getOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_ALL),
        ttl: socket.getOption(kernel.IPPROTO_IP, kernel.IP_TTL),
      };
    };
    const byDefault = valuesOf({});
    const usual = Number(readFileSync("/proc/sys/net/core/wmem_default", "latin1"));
    assert.ok(byDefault.sendBuffer >= usual, `${byDefault.sendBuffer} bytes`);
    const { sendBuffer: _, trains, ...others } = byDefault;
    assert.deepEqual(others, {
      values: [0, 0, 0, 0],
      discovery: kernel.IP_PMTUDISC_DONT,
      allGroups: 1,
      ttl: Number(readFileSync("/proc/sys/net/ipv4/ip_default_ttl", "latin1")),
    });
    const set = valuesOf({
      ...{ trains: false, reuseAddress: true, reusePort: true, broadcast: true, device: "lo" },
      ...{ sendBuffer: 65_536, ttl: 7, dontFragment: true },
    });
    assert.deepEqual(set, {
      trains: 0,
      values: [1, 1, 1, 1],
      sendBuffer: 131_072,
      discovery: kernel.IP_PMTUDISC_PROBE,
      allGroups: 1,
      ttl: 7,
    });
    assert.deepEqual([trains, valuesOf({ trains: true }).trains], [valuesOf({ reuseAddress: false }).trains, trains]);
    using socket = UdpSocket.bind({ port: 0, device: "lo" });
    socket.setOption(SOL_SOCKET, kernel.SO_BINDTODEVICE, new Uint8Array());
    assert.equal(socket.getOption(SOL_SOCKET, SO_BINDTOIFINDEX), 0);
  });

  test("multicastInterface: the way out", async () => {
    using receiver = UdpSocket.bind({ port: 0, family: 4 });
    receiver.joinGroup("239.9.9.9", { interface: "lo" });
    using sender = UdpSocket.bind({ port: 0, family: 4, multicastInterface: "lo" });
    sender.sendTo(Uint8Array.of(7), { to: { address: "239.9.9.9", port: receiver.port } });
    assert.equal(await receiver.readable({ timeoutMilliseconds: PATIENCE_MS }), true);
    const batch = receiver.batch(1);
    assert.equal(receiver.tryReceive(batch), 1);
    assert.deepEqual([batch.destination(0), batch.interfaceName(0)], [MULTICAST, "lo"]);
  });

  test("the send buffer: beyond the system's limit, if the process may", { skip: missing("setpriv") }, async () => {
    const file = join(temporaryFolder(), "buffer.ts");
    writeFileSync(
      file,
      `import { UdpSocket } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
      for (const options of [{}, { sendBuffer: 50_000 }, { sendBuffer: 2 ** 24 }]) {
        const socket = UdpSocket.bind({ port: 0, address: "127.0.0.1", ...options });
        console.log(socket.getOption(1, 7));
        socket.close();
      }`,
    );
    const buffers = async (...wrapper: string[]) => {
      const { stdout, stderr } = await run([...wrapper, ...commandLine(file, [])]);
      assert.equal(stderr, "");
      return stdout.trim().split("\n").map(Number);
    };
    const [limit = 0, usual = 0] = ["wmem_max", "wmem_default"].map((name) =>
      Number(readFileSync(`/proc/sys/net/core/${name}`, "latin1"))
    );
    // By default four megabytes, which the kernel doubles.
    if (!notRoot) assert.deepEqual(await buffers(), [2 ** 23, 100_000, 2 ** 25]);
    const wrapper = notRoot ? [] : ["setpriv", "--bounding-set", "-net_admin"];
    const granted = [Math.max(usual, 2 * Math.min(2 ** 22, limit)), 100_000, 2 * Math.min(2 ** 24, limit)];
    assert.deepEqual(await buffers(...wrapper), granted);
  });

  test("the buffers of a privileged process, where the system's limits grant nothing", { skip: notRoot }, () => {
    const { SOL_SOCKET, SO_RCVBUF, SO_SNDBUF } = kernel;
    const { setsockopt } = libc().call;
    using _ = replaced(libc().call, {
      setsockopt: (...args: Parameters<typeof setsockopt>) =>
        args[1] === SOL_SOCKET && (args[2] === SO_SNDBUF || args[2] === SO_RCVBUF) ? 0 : setsockopt(...args),
    });
    using socket = UdpSocket.bind({ ...LOCALHOST, receiveBuffer: 2 ** 23 });
    assert.deepEqual([SO_SNDBUF, SO_RCVBUF].map((name) => socket.getOption(SOL_SOCKET, name)), [2 ** 23, 2 ** 24]);
  });

  test("out of range: EINVAL, of the interface EADDRNOTAVAIL, and nothing is bound", () => {
    const bind = (options: Record<string, unknown>) => codeOf(() => UdpSocket.bind({ ...LOCALHOST, ...options }));
    const ranges = { ttl: [1, 255], trafficClass: [0, 255], multicastTtl: [0, 255], sendBuffer: [0, 2 ** 31 - 1] };
    for (const [name, [least, most]] of Object.entries(ranges) as [string, [number, number]][]) {
      for (const value of [least - 1, most + 1, least + 0.5]) {
        assert.throws(() => UdpSocket.bind({ ...LOCALHOST, [name]: value }), {
          code: "EINVAL",
          message: `\`${name}\` must be a whole number from ${least} to ${most}, not ${value}`,
        });
      }
    }
    const flags = ["dontFragment", "multicastLoopback", "receiveArrival", "receiveErrors", "trains", "freeBind"];
    for (const name of flags) {
      for (const value of [1, "true", null]) assert.equal(bind({ [name]: value }), "EINVAL", `${name}: ${value}`);
    }
    assert.deepEqual([bind({ device: 1 }), bind({ device: "none" })], ["EINVAL", "EADDRNOTAVAIL"]);
    assert.equal(bind({ multicastInterface: "none" }), "EADDRNOTAVAIL");
  });
});
