/**
 * The answer comes from the address asked, on hosts with several addresses, interfaces and routes. The clients use
 * connected sockets: their kernel drops answers from another address.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  assertEchoed,
  assertEchoedToPython,
  assertUnanswered,
  type ClientOptions,
  forge,
  noCompiler,
  noForgery,
  noPython,
} from "../support/client.ts";
import { otherRuntime } from "../support/full_mode.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG } from "../support/process.ts";
import { serve, type Server, withServer } from "../support/server.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler;
const PORT = 9000;
const SIZES = [0, 5, 1000, 3000, 20_000];
/** One datagram of each size, all at once, so that a failure takes one timeout. */
const ONE_EACH = { sizes: SIZES, window: SIZES.length };

describe("a host with many addresses", { skip }, () => {
  let client: Host;
  let target: Host;
  let linkLocal: string;

  before(async () => {
    [client, target] = await Promise.all([host(), host()]);
    join([client, "eth0"], [target, "eth0"]);
    for (const address of ["192.0.2.100/24", "2001:db8::100/64", "fd00::100/64"]) client.addAddress(address, "eth0");
    for (const address of ["192.0.2.1/24", "2001:db8::1/64", "fd00::1/64"]) target.addAddress(address, "eth0");
    for (const address of ["192.0.2.2/24", "192.0.2.3/32", "198.51.100.1/24"]) target.addAddress(address, "eth0");
    for (const address of ["2001:db8::2/64", "fd00::2/128"]) target.addAddress(address, "eth0");
    for (const address of ["198.51.100.77/32", "2001:db8:77::1/128"]) target.addAddress(address, "lo");
    linkLocal = `${target.linkLocal("eth0")}%eth0`;
    target.run(`
      ip route add local 203.0.113.0/24 dev lo
      ip -6 route add local 2001:db8:1::/48 dev lo
    `);
    client.run(`
      ip route add 198.51.100.0/24 via 192.0.2.1
      ip route add 203.0.113.0/24 via 192.0.2.1
      ip route add 2001:db8:1::/48 via 2001:db8::1
      ip route add 2001:db8:77::/48 via 2001:db8::1
    `);
  });
  after(async () => {
    await client?.remove();
    await target?.remove();
  });

  let server: Server;
  let sent = 0;
  const echoed = async (address: string, options: ClientOptions = {}) => {
    const result = await assertEchoed(address, PORT, { host: client, ...ONE_EACH, ...options });
    sent += result.sent;
  };
  const unanswered = (address: string, options: ClientOptions = {}, by: Server = server) =>
    assertUnanswered(by, target, address, { host: client, count: 3, window: 3, ...options });

  before(async () => {
    server = await serve({ args: ["--log", "json"], host: target, port: PORT });
  });
  after(() => server?.kill());

  test("primary and secondary IPv4 addresses, of one and of several prefixes", async () => {
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.1"]) await echoed(address);
  });

  test("IPv6 addresses: global, unique-local and link-local", async () => {
    for (const address of ["2001:db8::1", "2001:db8::2", "fd00::1", "fd00::2", linkLocal]) await echoed(address);
  });

  test("addresses of the loopback interface that the client routes to", async () => {
    for (const address of ["198.51.100.77", "2001:db8:77::1"]) await echoed(address);
  });

  test("a client in Python", { skip: noPython }, async () => {
    for (const address of ["192.0.2.2", "198.51.100.1", "2001:db8::2", "fd00::2", linkLocal]) {
      await assertEchoedToPython(address, PORT, SIZES, client);
      sent += SIZES.length;
    }
  });

  test("addresses added after the start", LONG, async () => {
    const addresses = ["192.0.2.50/24", "198.51.100.50/24", "2001:db8::50/64", "fd00::50/64"];
    try {
      for (const address of addresses) {
        target.addAddress(address, "eth0");
        await echoed(address.replace(/\/.*/, ""));
      }
    } finally {
      for (const address of addresses) target.run(`ip address del ${address} dev eth0 || true`);
    }
  });

  test("prefixes that are local only by a route", async () => {
    for (const address of ["203.0.113.7", "203.0.113.200", "2001:db8:1::7", "2001:db8:1:2:3:4:5:6"]) {
      await echoed(address);
    }
  });

  test("many clients and local addresses at once", LONG, async () => {
    const many = { sockets: 10, count: 100, window: 8, sizes: ["0-1400"] };
    const addresses = ["192.0.2.1", "192.0.2.2", "203.0.113.9", "2001:db8::1", "2001:db8:1::9", linkLocal];
    await Promise.all(addresses.map((address, seed) => echoed(address, { ...many, seed })));
  });

  test("broadcast, multicast and source port 0 are not answered, and counted", {
    ...LONG,
    skip: noForgery,
  }, async () => {
    const out = { interface: "eth0" };
    const broadcast = await unanswered("192.0.2.255") + await unanswered("255.255.255.255", out);
    const multicast = await unanswered("ff02::1%eth0", out);
    const forged4 = await forge(["192.0.2.100", 0], ["192.0.2.1", PORT], { host: client, count: 4, size: 8 });
    const forged6 = await forge(["2001:db8::100", 0], ["2001:db8::1", PORT], { host: client, count: 5, size: 8 });
    assert.deepEqual([broadcast, multicast, forged4.sent, forged6.sent], [6, 3, 4, 5]);

    await server.received(sent + 18);
    const { received, echoed, refused, refused_by_reason, failed } = await server.stop();
    assert.deepEqual({ received, echoed, refused, refused_by_reason, failed }, {
      received: sent + 18,
      echoed: sent,
      refused: 18,
      refused_by_reason: { broadcast_destination: 6, multicast_destination: 3, source_port_zero: 9 },
      failed: 0,
    });
  });

  test("IPv4 multicast", async () => {
    const args = ["--log", "json"];
    const { received, refused_by_reason } = await withServer(
      { args, host: target, port: PORT },
      async (server) => {
        await unanswered("224.0.0.1", { interface: "eth0" }, server);
      },
    );
    assert.deepEqual({ received, refused_by_reason }, {
      received: 3,
      refused_by_reason: { multicast_destination: 3 },
    });
  });

  test("--address with a link-local address and its zone", async () => {
    const options = { args: ["--quiet", "--address", linkLocal], host: target, port: PORT };
    await withServer(options, async (server) => {
      assert.ok(server.readyLine.startsWith(`listening on [${linkLocal}]:${PORT} (IPv6, `), server.readyLine);
      await assertEchoed(linkLocal, PORT, { host: client, ...ONE_EACH });
    });
  });

  test("-4, -6 and --address on such a host", LONG, async () => {
    const cases: [args: string[], addresses: string[]][] = [
      [["-4"], ["192.0.2.1", "192.0.2.2", "198.51.100.1", "203.0.113.7"]],
      [["-6"], ["2001:db8::2", "fd00::2", linkLocal, "2001:db8:1::7"]],
      [["--address", "192.0.2.2"], ["192.0.2.2"]],
      [["--address", "2001:db8::2"], ["2001:db8::2"]],
      [["--address", "203.0.113.7"], ["203.0.113.7"]],
    ];
    for (const [args, addresses] of cases) {
      await withServer({ args: ["-q", ...args], host: target, port: PORT }, async () => {
        for (const address of addresses) await assertEchoed(address, PORT, { host: client, ...ONE_EACH });
      });
    }
  });
});

describe("a host with two links to its client", { skip }, () => {
  let client: Host;
  let target: Host;

  before(async () => {
    [client, target] = await Promise.all([host(), host()]);
    join([client, "a"], [target, "a"]);
    join([client, "b"], [target, "b"]);
    for (const [device, net] of [["a", 1], ["b", 2]] as const) {
      client.addAddress(`10.0.${net}.2/24`, device);
      client.addAddress(`fd00:${net}::2/64`, device);
      target.addAddress(`10.0.${net}.1/24`, device);
      target.addAddress(`fd00:${net}::1/64`, device);
      target.addAddress("fe80::1/64", device);
    }
    // Addresses of the client that are reachable by both links.
    client.addAddress("10.0.9.9/32", "lo");
    client.addAddress("fd00:9::9/128", "lo");
  });
  after(async () => {
    await client?.remove();
    await target?.remove();
  });

  let server: Server;

  before(async () => {
    server = await serve({ args: ["--quiet"], host: target, port: PORT });
  });
  after(() => server?.kill());

  test("one link-local address on both links: the answer takes the link of the request", async () => {
    for (const [device, source] of [["a", "fd00:1::2"], ["b", "fd00:2::2"]] as const) {
      await assertEchoed(`fe80::1%${device}`, PORT, { host: client, ...ONE_EACH });
      // Here the client's address does not determine the link.
      await assertEchoed(`fe80::1%${device}`, PORT, { host: client, source, ...ONE_EACH });
    }
  });

  test("a datagram that arrives on one interface for an address of another", async () => {
    client.run(`
          ip route replace 10.0.2.1/32 via 10.0.1.1
          ip route replace fd00:2::1/128 via fd00:1::1
        `);
    try {
      for (const address of ["10.0.2.1", "fd00:2::1"]) {
        await assertEchoed(address, PORT, { host: client, ...ONE_EACH });
      }
    } finally {
      client.run(`
            ip route del 10.0.2.1/32
            ip route del fd00:2::1/128
          `);
    }
  });

  test("asymmetric routes: the answer leaves by another interface than the request came by", async () => {
    target.run(`
          ip route replace 10.0.9.9 via 10.0.2.2
          ip route replace fd00:9::9 via fd00:2::2
        `);
    for (const [address, source] of [["10.0.1.1", "10.0.9.9"], ["fd00:1::1", "fd00:9::9"]] as const) {
      const count = 100;
      const [a, b] = [target.packetsSent("a"), target.packetsSent("b")];
      await assertEchoed(address, PORT, { host: client, source, count });
      const [leftByA, leftByB] = [target.packetsSent("a") - a, target.packetsSent("b") - b];
      // The packets beyond are those of neighbour discovery.
      assert.ok(leftByB >= count && leftByA < count / 2, `${address}: ${leftByA} by a, ${leftByB} by b`);
    }
  });

  test("the law holds", async () => {
    const { received, echoed } = await server.stop();
    assert.equal(received, echoed);
  });
});

describe("a host with two uplinks and source-based policy routing", { skip }, () => {
  // client ─┬─ providerA ─ 10.0.1.0/24, fd00:1::/64 ─┬─ target
  //         └─ providerB ─ 10.0.2.0/24, fd00:2::/64 ─┘
  let hosts: Host[] = [];
  let client: Host;
  let target: Host;

  before(async () => {
    hosts = await Promise.all([host(), host(), host(), host()]);
    const [providerA, providerB] = hosts as [Host, Host];
    [client, target] = hosts.slice(2) as [Host, Host];
    client.addAddress("10.0.9.9/32", "lo");
    client.addAddress("fd00:9::9/128", "lo");
    for (const [provider, name, net] of [[providerA, "a", 1], [providerB, "b", 2]] as const) {
      join([client, name], [provider, "client"]);
      join([target, name], [provider, "target"]);
      client.addAddress(`10.1.${net}.2/24`, name);
      client.addAddress(`fd01:${net}::2/64`, name);
      provider.addAddress(`10.1.${net}.1/24`, "client");
      provider.addAddress(`fd01:${net}::1/64`, "client");
      provider.addAddress(`10.0.${net}.254/24`, "target");
      provider.addAddress(`fd00:${net}::ff/64`, "target");
      target.addAddress(`10.0.${net}.1/24`, name);
      target.addAddress(`fd00:${net}::1/64`, name);
      client.run(`
        ip route add 10.0.${net}.0/24 via 10.1.${net}.1 src 10.0.9.9
        ip route add fd00:${net}::/64 via fd01:${net}::1 src fd00:9::9
      `);
      // A provider forwards packets of its customers only from its own addresses (RFC 2827).
      provider.run(`
        ip route add 10.0.9.9 via 10.1.${net}.2
        ip route add fd00:9::9 via fd01:${net}::2
        ip rule add iif target from 10.0.${net}.0/24 lookup main priority 1
        ip rule add iif target blackhole priority 2
        ip -6 rule add iif target from fd00:${net}::/64 lookup main priority 1
        ip -6 rule add iif target blackhole priority 2
      `);
      target.run(`
        ip route add default via 10.0.${net}.254 table ${net}
        ip -6 route add default via fd00:${net}::ff table ${net}
        ip rule add from 10.0.${net}.1 table ${net}
        ip -6 rule add from fd00:${net}::1 table ${net}
      `);
    }
    target.run(`
      ip route add default via 10.0.1.254
      ip -6 route add default via fd00:1::ff
    `);
  });
  after(() => Promise.all(hosts.map((host) => host.remove())));

  test("each answer leaves by the uplink of its address", async () => {
    const addresses = ["10.0.1.1", "10.0.2.1", "fd00:1::1", "fd00:2::1"];
    const summary = await withServer({ args: ["-q"], host: target, port: PORT }, async () => {
      for (const address of addresses) await assertEchoed(address, PORT, { host: client, ...ONE_EACH });
    });
    assert.equal(summary.echoed, addresses.length * SIZES.length);
  });
});
