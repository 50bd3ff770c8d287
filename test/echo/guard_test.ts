/** Reasons to refuse a datagram: its source, its destination, `--allow`. Against forged sources, on every option. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SERVICE_PORTS } from "../../src/socket/service_ports.ts";
import { attackHosts, forged, logged, PORT, received, withGuard } from "../support/attack.ts";
import { assertEchoed, assertUnanswered, noCompiler, noPython, type Source } from "../support/client.ts";
import { noCounting } from "../support/counting.ts";
import { otherRuntime } from "../support/full_mode.ts";
import { type Host, noHosts } from "../support/hosts.ts";
import { LONG } from "../support/process.ts";
import { ask } from "../support/reflection.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler || noPython || noCounting;

describe("reasons to refuse", { skip }, () => {
  let attacker: Host;
  let target: Host;

  before(async () => {
    ({ attacker, target } = await attackHosts());
  });
  after(async () => {
    await attacker?.remove();
    await target?.remove();
  });

  test("source ports", LONG, async () => {
    const reserved = [1, 7, 13, 17, 19, 37, 53, 69, 123, 161, 389, 520, 1023];
    const services = [...SERVICE_PORTS.keys()];
    const fine = [1024, 1899, 2048, 5352, 8999, 9001, 32_767, 32_768, 49_152, 65_535];
    assert.ok(services.length > 20);
    for (const address of ["192.0.2.100", "2001:db8::100"]) {
      const summary = await withGuard(target, [], async (server) => {
        const ports = [0, PORT, ...reserved, ...services, ...fine];
        await received(server, await forged(attacker, ports.map((port) => [address, port])));
        assert.equal(logged(server).length, fine.length);
      });
      assert.deepEqual(summary.refused_by_reason, {
        source_port_zero: 1,
        own_source_port: 1,
        reserved_source_port: reserved.length,
        service_source_port: services.length,
      });
      assert.equal(summary.echoed, fine.length);
    }
  });

  test("--answer-any-port lifts all of them but port 0, to which nothing can be sent", async () => {
    const ports = [1, 7, 19, 53, 1023, ...SERVICE_PORTS.keys(), PORT];
    const summary = await withGuard(target, ["--answer-any-port"], async (server) => {
      await received(server, await forged(attacker, [0, ...ports].map((port) => ["192.0.2.100", port])));
    });
    assert.deepEqual(summary.refused_by_reason, { source_port_zero: 1 });
    assert.equal(summary.echoed, ports.length);
  });

  test("source addresses that belong to no host", async () => {
    const summary = await withGuard(target, ["--answer-any-port"], async (server) => {
      // The kernel accepts these only from the host itself, or not at all.
      await forged(target, ["255.255.255.255", 4000], { destination: "127.0.0.1" });
      await forged(target, ["224.0.0.5", 4000], { destination: "127.0.0.1", count: 2 });
      await forged(attacker, ["::", 4000], { count: 3 });
      // An IPv6 packet with an IPv4-mapped source: the answer would be an IPv4 packet.
      await forged(attacker, ["::ffff:192.0.2.100", 4000], { count: 4 });
      await received(server, 10);
    });
    const { refused_by_reason, echoed } = summary;
    assert.deepEqual({ refused_by_reason, echoed }, {
      refused_by_reason: {
        broadcast_source: 1,
        multicast_source: 2,
        unspecified_source: 3,
        unknown_destination: 4,
      },
      echoed: 0,
    });
  });

  test("IPv6 multicast sources, which only a firewall rule can bring in", async () => {
    const table = `nft 'add table ip6 forge'
      nft 'add chain ip6 forge input { type filter hook input priority 0; }'
      nft 'add rule ip6 forge input udp sport 4001 ip6 saddr set ff02::99'`;
    target.run(table);
    try {
      const summary = await withGuard(target, [], async (server) => {
        await received(server, await forged(attacker, ["2001:db8::100", 4001], { count: 3 }));
      });
      assert.deepEqual(summary.refused_by_reason, { multicast_source: 3 });
    } finally {
      target.run("nft delete table ip6 forge");
    }
  });

  test("the broadcast address of a network as source: the kernel refuses the answer", async () => {
    const { failed_by_errno, echoed } = await withGuard(target, [], async (server) => {
      await received(server, await forged(attacker, ["192.0.2.255", 4000], { count: 2 }));
    });
    assert.deepEqual({ failed_by_errno, echoed }, { failed_by_errno: { EACCES: 2 }, echoed: 0 });
  });

  test("broadcast and multicast destinations", async () => {
    const out = { host: attacker, interface: "eth0" };
    const summary = await withGuard(target, [], async (server) => {
      for (const destination of ["192.0.2.255", "255.255.255.255", "ff02::1%eth0"]) {
        assert.equal(await assertUnanswered(server, target, destination, out), 1);
      }
    });
    assert.deepEqual(summary.refused_by_reason, { broadcast_destination: 2, multicast_destination: 1 });
  });

  test("--answer-broadcast and --answer-multicast: the answer comes from an address of the arrival interface", async () => {
    const payload = new TextEncoder().encode("anybody there?");
    const cases: [args: string[], destination: string, answerer: RegExp][] = [
      [["--answer-broadcast"], "192.0.2.255", /^192\.0\.2\.1$/],
      [["--answer-broadcast"], "255.255.255.255", /^192\.0\.2\.1$/],
      [["--answer-broadcast", "-4"], "192.0.2.255", /^192\.0\.2\.1$/],
      // With -4, because the kernel delivers it to an IPv6 socket only after that has joined the group.
      [["--answer-multicast", "-4"], "224.0.0.1", /^192\.0\.2\.1$/],
      [["--answer-multicast"], "ff02::1%eth0", /^fe80::/],
    ];
    for (const [args, destination, answerer] of cases) {
      const { echoed } = await withGuard(target, args, async () => {
        const answers = await ask(destination, PORT, payload, { host: attacker, interface: "eth0" });
        assert.deepEqual(
          answers.map(({ port, payload }) => ({ port, payload })),
          [{ port: PORT, payload }],
          destination,
        );
        assert.match(answers[0]!.address, answerer);
      });
      assert.equal(echoed, 1);
    }
  });

  test("--allow: IPv4, IPv6, several, single addresses, none that match", async () => {
    const args = ["192.0.2.0/26", "198.18.7.0/24", "198.18.9.9", "2001:db8:1:2::/63", "2001:db8:1:5::5"];
    const sources: [address: string, answered: boolean][] = [
      ["192.0.2.33", true],
      ["192.0.2.63", true],
      ["192.0.2.64", false],
      ["192.0.2.100", false],
      ["198.18.7.0", true],
      ["198.18.7.255", true],
      ["198.18.6.255", false],
      ["198.18.8.0", false],
      ["198.18.9.9", true],
      ["198.18.9.8", false],
      ["2001:db8::100", false],
      ["2001:db8:1:2::", true],
      ["2001:db8:1:3:ffff:ffff:ffff:ffff", true],
      ["2001:db8:1:4::", false],
      ["2001:db8:1:1:ffff:ffff:ffff:ffff", false],
      ["2001:db8:1:5::5", true],
      ["2001:db8:1:5::4", false],
    ];
    const of = (option: "-4" | "-6") => sources.filter(([address]) => address.includes(":") === (option === "-6"));
    for (const option of [undefined, "-4", "-6"] as const) {
      const cases = option === undefined ? sources : of(option);
      let peers: string[] = [];
      const options = [...option === undefined ? [] : [option], ...args.flatMap((prefix) => ["--allow", prefix])];
      const summary = await withGuard(target, options, async (server) => {
        for (const family of [of("-4"), of("-6")].filter((family) => cases.includes(family[0]!))) {
          await forged(attacker, family.map(([address]): Source => [address, 4000]));
        }
        await received(server, cases.length);
        peers = logged(server).map((line) => JSON.parse(line).peer);
      });
      const inLog = (address: string) => address.includes(":") ? `[${address}]:4000` : `${address}:4000`;
      const allowed = cases.flatMap(([address, answered]) => answered ? inLog(address) : []);
      assert.deepEqual(peers.toSorted(), allowed.toSorted());
      assert.deepEqual(summary.refused_by_reason, { not_allowed: cases.length - peers.length });
    }
  });

  test("--allow with a list for one family refuses the other one whole", async () => {
    const summary = await withGuard(target, ["--allow", "0.0.0.0/0"], async (server) => {
      await assertEchoed("192.0.2.1", PORT, { host: attacker });
      await assertUnanswered(server, target, "2001:db8::1", { host: attacker });
    });
    assert.deepEqual(summary.refused_by_reason, { not_allowed: 1 });
    // Also if it covers the IPv4-mapped addresses.
    for (const prefix of ["::/0", "::/80"]) {
      const { refused_by_reason } = await withGuard(target, ["--allow", prefix], async (server) => {
        await assertUnanswered(server, target, "192.0.2.1", { host: attacker });
        if (prefix === "::/0") await assertEchoed("2001:db8::1", PORT, { host: attacker });
      });
      assert.deepEqual(refused_by_reason, { not_allowed: 1 });
    }
  });
});
