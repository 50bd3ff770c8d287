/** Error queues: what became of datagrams after they were sent. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ECONNREFUSED, EMSGSIZE } from "../../ffi/constants.ts";
import { ErrorQueue, type ErrorReport, UdpSocket } from "../../src/mod.ts";
import { addressText } from "../../src/net/address.ts";
import { type Host, host, join as joinHosts, noHosts } from "../support/hosts.ts";
import { LONG, run, temporaryFolder, until } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";

/** A port of loopback at which nobody listens. */
function freePort(): number {
  using socket = UdpSocket.bind({ port: 0 });
  return socket.port;
}

describe("an error queue", () => {
  for (
    const [address, icmp] of [
      ["127.0.0.1", { version: 4, type: 3, code: 3 }],
      ["::1", { version: 6, type: 1, code: 4 }],
    ] as const
  ) {
    test(
      `tells the error, its peer, its reporter, and the beginning of the payload: ${address}`,
      { skip: noIPv6 },
      async () => {
        using socket = UdpSocket.bind({ port: 0, address, receiveErrors: true });
        const queue = new ErrorQueue();
        const to = { address, port: freePort() };
        const payload = Uint8Array.from({ length: 100 }, (_, i) => i);
        let reports: ErrorReport[] = [];
        // The kernel limits ICMP errors a second, and other tests cause many.
        await until(() => {
          socket.sendTo(payload, { to });
          reports = queue.receive(socket) as ErrorReport[];
          return reports.length > 0;
        }, "error");
        const { reporter, quoted, ...rest } = reports[0]!;
        assert.deepEqual(rest, { kind: "error", errno: ECONNREFUSED, icmp, peer: to, mtu: 0 });
        assert.equal(addressText(reporter!.bytes), address);
        assert.deepEqual([...quoted], [...payload.subarray(0, 64)]);
      },
    );
  }

  test("quotes each payload, also of several errors that one call returns", async () => {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1", receiveErrors: true });
    const queue = new ErrorQueue();
    const path = socket.path({ to: { address: "127.0.0.1", port: freePort() } });
    const batch = socket.batch(4);
    for (let i = 0; i < 4; i++) batch.add(new Uint8Array(70 + i).fill(i), path);
    let reports: ErrorReport[] = [];
    await until(() => {
      // An earlier error may take the place of a message.
      socket.send(batch);
      reports = queue.receive(socket) as ErrorReport[];
      return reports.length >= 4;
    }, "errors");
    for (const { quoted } of reports) assert.deepEqual([...quoted], Array(64).fill(quoted[0]));
    assert.ok(new Set(reports.map(({ quoted }) => quoted[0])).size > 1);
  });

  test("an error of this host: no ICMP message, no reporter, the MTU", { skip: noIPv6 }, () => {
    using socket = UdpSocket.bind({ port: 0, receiveErrors: true, dontFragment: true });
    const queue = new ErrorQueue();
    // Longer than the MTU of loopback, with its headers.
    assert.throws(() => socket.sendTo(new Uint8Array(65_520), { to: { address: "::1", port: 9 } }), {
      code: "EMSGSIZE",
    });
    const [report, ...others] = queue.receive(socket) as ErrorReport[];
    assert.equal(others.length, 0);
    const { kind, errno, icmp, reporter, mtu, quoted } = report!;
    assert.deepEqual([kind, errno, icmp, reporter, mtu], ["error", EMSGSIZE, undefined, undefined, 65_536]);
    assert.equal(quoted.length, 0);
  });

  test("takes all entries, more than one call returns, each with its number and a time", async () => {
    using peer = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    // SO_TIMESTAMPING with software times of departure, numbered, without the payload.
    socket.setOption(1, 37, 0x2 | 0x10 | 0x80 | 0x800);
    const queue = new ErrorQueue();
    const start = BigInt(Date.now() - 10) * 1_000_000n;
    for (let i = 0; i < 30; i++) socket.sendTo(new Uint8Array(1), { to: peer.local });
    const entries: ReturnType<ErrorQueue["receive"]> = [];
    await until(() => entries.push(...queue.receive(socket)) >= 30, "departures");
    let last = start;
    for (const [i, entry] of entries.entries()) {
      assert.ok(entry.kind === "departure");
      assert.equal(entry.index, i);
      assert.ok(entry.nanoseconds >= last && entry.nanoseconds < start + 60_000_000_000n);
      assert.ok(Math.abs(Number(entry.nanoseconds / 100n) / 10_000 - entry.time) < 0.001);
      last = entry.nanoseconds;
    }
    assert.deepEqual(queue.receive(socket), []);
  });
});

describe("on the way", { skip: noHosts }, () => {
  let sender: Host;
  let router: Host;
  before(async () => {
    [sender, router] = await Promise.all([host(), host()]);
    joinHosts([sender, "eth0"], [router, "eth0"]);
    for (const address of ["192.0.2.1/24", "2001:db8::1/64"]) sender.addAddress(address, "eth0");
    for (const address of ["192.0.2.2/24", "2001:db8::2/64"]) router.addAddress(address, "eth0");
    router.run(`
      ip link add narrow type veth peer name far
      ip link set far up
      ip link set narrow mtu 1300 up
      ip address add 198.51.100.1/24 dev narrow
      ip address add 2001:db8:9::1/64 dev narrow nodad
      sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`);
    sender.run("ip route add 198.51.100.0/24 via 192.0.2.2; ip route add 2001:db8:9::/64 via 2001:db8::2");
  });
  after(async () => {
    await sender?.remove();
    await router?.remove();
  });

  test("a router with a smaller MTU: the MTU, and who told it", LONG, async () => {
    const file = join(temporaryFolder(), "errors.ts");
    writeFileSync(
      file,
      `import { ErrorQueue, formatAddress, UdpSocket } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
      for (const address of ["198.51.100.9", "2001:db8:9::9"]) {
        const socket = UdpSocket.bind({ port: 0, receiveErrors: true, dontFragment: true });
        const queue = new ErrorQueue();
        socket.sendTo(new Uint8Array(1400), { to: { address, port: 9 } });
        let entries = [];
        while (entries.length === 0 && await socket.readable()) entries = queue.receive(socket);
        const { errno, icmp, peer, reporter, mtu } = entries[0];
        console.log(errno, icmp.version, icmp.type, icmp.code, peer.address, formatAddress(reporter.bytes), mtu);
        socket.close();
      }`,
    );
    const { stdout, stderr } = await run(sender.command(commandLine(file, [])));
    assert.deepEqual(stdout.trim().split("\n"), [
      `${EMSGSIZE} 4 3 4 198.51.100.9 192.0.2.2 1300`,
      `${EMSGSIZE} 6 2 0 2001:db8:9::9 2001:db8::2 1300`,
    ], stderr);
  });
});
