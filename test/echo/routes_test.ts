/**
 * Faults of the way back: addresses, links, routes, firewalls and paths that fail under traffic. The server keeps
 * answering the peers on other paths, recovers by itself, and accounts for every datagram.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertEchoed, type ClientOptions, forge, noCompiler, noPython, send, Stream } from "../support/client.ts";
import { Counting, noCounting } from "../support/counting.ts";
import { FaultyNetwork, PORT, RESTORE_ROUTES } from "../support/faulty_network.ts";
import { otherRuntime } from "../support/full_mode.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, missing, until } from "../support/process.ts";
import { ask } from "../support/reflection.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler || noCounting;

/** A fault of the way from the target to 203.0.113.9 and 2001:db8:9::9. */
interface Fault {
  name: string;
  /** Error that the kernel reports for replies. */
  error: string;
  /** Lines of shell that cause the fault and remove it. */
  begin: string;
  end: string;
}

const FAULTS: Fault[] = [
  {
    name: "link down, and up",
    error: "ENETUNREACH",
    begin: "ip link set dev a down",
    end: `ip link set dev a up; ip -6 address add 2001:db8::1/64 dev a nodad; ${RESTORE_ROUTES}`,
  },
  {
    name: "default route withdrawn, and restored",
    error: "ENETUNREACH",
    begin: "ip route del default; ip -6 route del default",
    end: RESTORE_ROUTES,
  },
  ...[["blackhole", "EINVAL"], ["unreachable", "EHOSTUNREACH"], ["prohibit", "EACCES"]].map(([type, error]) => {
    const routes = (verb: string) => `ip route ${verb} ${type} 203.0.113.9; ip -6 route ${verb} ${type} 2001:db8:9::9`;
    return { name: `${type} route`, error: error!, begin: routes("add"), end: routes("del") };
  }),
  ...["drop", "reject"].map((verdict) => ({
    name: `a firewall with the verdict ${verdict} on replies`,
    error: "EPERM",
    begin: `nft -f - <<'END'
      table inet fault {
        chain output {
          type filter hook output priority 0
          ip daddr 203.0.113.9 ${verdict}
          ip6 daddr 2001:db8:9::9 ${verdict}
        }
      }
END`,
    end: "nft delete table inet fault",
  })),
];

describe("the way back", { skip }, () => {
  let net: FaultyNetwork;
  let target: Host;
  let far: Host;
  let steady: Host;
  let linkA: Counting;

  before(async () => {
    net = await FaultyNetwork.make();
    ({ target, far, steady } = net);
    linkA = new Counting(target, PORT, "a");
  });
  after(() => net?.remove());

  for (const [address, length] of [["192.0.2.77", 24], ["2001:db8::77", 64]] as const) {
    test(`a local address removed under traffic, and added again: ${address}`, LONG, async () => {
      const ipv6 = address.includes(":");
      const remove = () => target.run(`ip address del ${address}/${length} dev a`);
      const add = () => target.addAddress(`${address}/${length}`, "a");
      add();
      const summary = await net.withServer((server, allReceived) =>
        net.whileSteady(async () => {
          await assertEchoed(address, PORT, { host: far });
          // Removed while datagrams to it wait in the queue. Steady's datagrams come by the other link.
          server.signal("SIGSTOP");
          const arrived = linkA.arrived;
          const cut = send(address, PORT, { host: far, count: 20, window: 20, timeout: ipv6 ? 10_000 : 300 });
          await until(() => linkA.arrived >= arrived + 20, "20 datagrams in the queue");
          remove();
          server.signal("SIGCONT");
          // The client may give up before the server runs again.
          await allReceived();
          const { received } = await cut;
          // An IPv6 socket with IPV6_FREEBIND may still answer from it.
          assert.equal(received, ipv6 ? 20 : 0);
          add();
          await assertEchoed(address, PORT, { host: far });
          // Removed now and then while traffic goes on.
          const stream = new Stream(address, PORT, { host: far, window: 4, timeout: 20, gap: 500 });
          try {
            for (let i = 0; i < 3; i++) {
              await net.arrivals(20);
              remove();
              const sent = far.datagramsSent;
              await until(() => far.datagramsSent >= sent + 8, "8 datagrams to the address that is gone");
              add();
            }
            await net.arrivals(20);
            assert.ok((await stream.stop()).received > 0);
          } finally {
            await stream.kill();
          }
          await assertEchoed(address, PORT, { host: far });
        })
      );
      remove();
      assert.equal(summary.refused, 0);
      assert.ok(ipv6 || summary.failed >= 20, JSON.stringify(summary));
    });
  }

  test(
    "links, routes and firewalls that fail: the failed replies are counted, and later ones succeed",
    LONG,
    async () => {
      const count = 10;
      // These datagrams arrive by link b, whatever happens to link a.
      const request = async () => {
        for (
          const [source, destination] of [["203.0.113.9", "198.51.100.1"], ["2001:db8:9::9", "2001:db8:b::1"]] as const
        ) {
          const { sent } = await forge([source, 4000], [destination, PORT], { host: steady, size: 100, count });
          assert.equal(sent, count);
        }
      };
      await net.withServer((server) =>
        net.whileSteady(async () => {
          const expected: Record<string, number> = {};
          for (const { name, error, begin, end } of FAULTS) {
            target.run(begin);
            try {
              await request();
              expected[error] = (expected[error] ?? 0) + 2 * count;
              const failed = await until(async () => {
                const { failed_by_errno } = await server.summary();
                return (failed_by_errno[error] ?? 0) >= expected[error]! && failed_by_errno;
              }, `${2 * count} failures by ${error}: ${name}`);
              assert.deepEqual(failed, expected, name);
            } finally {
              target.run(end);
            }
            const before = await server.summary();
            await request();
            const enough = before.echoed + 2 * count;
            await until(async () => (await server.summary()).echoed >= enough, `echoes after: ${name}`);
            assert.deepEqual((await server.summary()).failed_by_errno, expected, `after: ${name}`);
          }
        })
      );
    },
  );

  test(
    "a device without checksum offload, which accepts no trains",
    { ...LONG, skip: missing("ethtool") },
    async () => {
      target.run("ethtool -K a tx off");
      try {
        const summary = await net.withServer(() =>
          net.whileSteady(async () => {
            for (const address of ["192.0.2.1", "2001:db8::1"]) {
              await assertEchoed(address, PORT, { host: far, sizes: [1000, 1, 0, 1400], count: 2000, window: 64 });
            }
          })
        );
        assert.equal(summary.failed, 0);
      } finally {
        target.run("ethtool -K a tx on");
      }
    },
  );

  test("clients that vanish: storms of ICMP errors affect no other peer", LONG, async () => {
    // Far sends errors for closed ports, for hosts that it cannot reach, and for replies whose time to live ends.
    far.unlimitErrors();
    far.run(`
      sysctl -qw net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000
      ip route add unreachable 198.18.1.0/24
      ip -6 route add unreachable 2001:db8:1:1::/64
      ip route add prohibit 198.18.3.0/24
      ip -6 route add prohibit 2001:db8:1:3::/64
      ip route add 198.18.2.0/24 dev nowhere
      ip -6 route add 2001:db8:1:2::/64 dev nowhere
    `);
    target.unlimitErrors();
    target.run(`
      ip route add 198.18.2.0/24 via 192.0.2.2 hoplimit 1
      ip -6 route add 2001:db8:1:2::/64 via 2001:db8::2 hoplimit 1
    `);
    const icmp = (): number[] => {
      const counters = target.run(
        "cat /proc/net/snmp6; nstat -asz IcmpInDestUnreachs IcmpInTimeExcds 2>/dev/null || true",
      );
      return ["IcmpInDestUnreachs", "IcmpInTimeExcds", "Icmp6InDestUnreachs", "Icmp6InTimeExcds"].map((name) => {
        return Number(counters.match(new RegExp(`^${name}\\s+(\\d+)`, "m"))?.[1] ?? NaN);
      });
    };
    const before = icmp();
    const count = 2000;
    const sources: [source: string, destination: string][] = [
      ["203.0.113.9", "192.0.2.1"],
      ["198.18.1.0/24", "192.0.2.1"],
      ["198.18.2.0/24", "192.0.2.1"],
      ["198.18.3.0/24", "192.0.2.1"],
      ["2001:db8:9::9", "2001:db8::1"],
      ["2001:db8:1:1::/64", "2001:db8::1"],
      ["2001:db8:1:2::/64", "2001:db8::1"],
      ["2001:db8:1:3::/64", "2001:db8::1"],
    ];
    try {
      const { failed, refused } = await net.withServer(() =>
        net.whileSteady(async () => {
          // On a busy machine, a full queue of the kernel may take most of a storm.
          await until(async () => {
            for (const [source, destination] of sources) {
              const { sent } = await forge([source, 4000], [destination, PORT], { host: far, size: 50, count, gap: 1 });
              assert.equal(sent, count);
            }
            return icmp().every((number, i) => number - before[i]! > count / 4);
          }, `${count / 4} ICMP errors of each kind`);
        })
      );
      assert.deepEqual({ failed, refused }, { failed: 0, refused: 0 });
    } finally {
      target.run("ip route del 198.18.2.0/24; ip -6 route del 2001:db8:1:2::/64");
    }
  });

  test("a smaller MTU on the way back: of a router, and of the target's interface", {
    ...LONG,
    skip: noPython,
  }, async () => {
    // Requests take the wide way by link b, replies the narrow one by link a, where large ones have to be fragmented:
    //
    //     client ─ narrow ─ far ─── link a ─ target
    //     client ─ wide ─ steady ── link b ─ target
    const client = await host();
    try {
      join([client, "narrow"], [far, "narrow"]);
      join([client, "wide"], [steady, "wide"]);
      const addresses: [Host, string, string[]][] = [
        [client, "narrow", ["10.0.1.2/24", "fd00:1::2/64"]],
        [client, "wide", ["10.0.2.2/24", "fd00:2::2/64"]],
        [client, "lo", ["10.0.9.9/32", "fd00:9::9/128", "10.0.9.8/32", "fd00:9::8/128"]],
        [far, "narrow", ["10.0.1.1/24", "fd00:1::1/64"]],
        [steady, "wide", ["10.0.2.1/24", "fd00:2::1/64"]],
      ];
      for (const [host, device, each] of addresses) each.forEach((address) => host.addAddress(address, device));
      client.run(`
        ip link set dev narrow mtu 1280
        ip route add 198.51.100.0/24 via 10.0.2.1
        ip -6 route add 2001:db8:b::/64 via fd00:2::1
      `);
      far.run(`
        ip link set dev narrow mtu 1280
        ip route add 10.0.9.0/24 via 10.0.1.2
        ip -6 route add fd00:9::/64 via fd00:1::2
      `);
      const echoed = (address: string, source: string) =>
        assertEchoed(address, PORT, { host: client, source, sizes: [1000, 1400, 5000, 30_000], count: 40, window: 4 });
      const train = Uint8Array.from({ length: 40 * 1400 }, (_, i) => i % 251);
      const assertTrain = async (address: string, source: string) => {
        const answers = await ask(address, PORT, train, { host: client, source, segment: 1400, answers: 40 });
        assert.ok(Buffer.concat(answers.map(({ payload }) => payload)).equals(train), `train from ${address}`);
      };
      /** Sends requests whose first replies are lost, until the target knows the MTU of the path. */
      const learn = async (source: string, options: ClientOptions) => {
        const { received } = await send("2001:db8:b::1", PORT, { host: client, source, timeout: 100, ...options });
        await until(() => target.run(`ip -6 route get ${source}`).includes("mtu 1280"), `MTU of the path to ${source}`);
        return received;
      };
      const summary = await net.withServer(async () => {
        await net.whileSteady(async () => {
          // A router fragments IPv4 replies.
          await echoed("198.51.100.1", "10.0.9.9");
          // No router fragments IPv6: it reports the first reply that is too large, and the kernel learns.
          assert.equal(await learn("fd00:9::9", { sizes: [1400] }), 0);
          await echoed("2001:db8:b::1", "fd00:9::9");
          // The same for a train of replies.
          const window = { sizes: [1400], count: 32, window: 32 };
          await learn("fd00:9::8", window);
          await assertEchoed("2001:db8:b::1", PORT, { host: client, source: "fd00:9::8", ...window });
          await assertEchoed("198.51.100.1", PORT, { host: client, source: "10.0.9.8", ...window });
        });
        target.run("ip link set dev a mtu 1280");
        await net.whileSteady(async () => {
          await echoed("198.51.100.1", "10.0.9.9");
          await echoed("2001:db8:b::1", "fd00:9::9");
          await assertTrain("198.51.100.1", "10.0.9.8");
          await assertTrain("2001:db8:b::1", "fd00:9::8");
        });
      }, { inTrains: 2 * 39 });
      assert.equal(summary.failed, 0);
    } finally {
      target.run("ip link set dev a mtu 1500");
      await client.remove();
    }
  });
});
