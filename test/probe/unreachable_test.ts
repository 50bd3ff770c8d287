/** The verdicts of the probe where nothing answers: closed ports, missing hosts and routes, firewalls. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host } from "../support/hosts.ts";
import { missing } from "../support/process.ts";
import { probe, probeOne, type TargetSummary } from "../support/probe.ts";
import { describeNetwork, FAST, PORT, ROUTER, ROUTER_IPV6, SERVER, SERVER_IPV6 } from "../support/probe_network.ts";

const CLOSED_PORT = 9999;

describeNetwork("probe, where nothing answers", import.meta.url, (network) => {
  const one = (args: string[]): Promise<TargetSummary> => network.one(args);

  describe("ports and hosts that do not answer", () => {
    for (const connected of [[], ["--connected"]]) {
      test(`closed port ${connected}`, async () => {
        for (const address of [SERVER[1], SERVER_IPV6[1]]) {
          const result = await probe([...FAST, address, "-p", String(CLOSED_PORT), ...connected], {
            host: network.client,
          });
          const [target] = result.targets;
          assert.deepEqual([target!.verdict, target!.failed_by_errno], ["refused", { ECONNREFUSED: 3 }]);
          assert.match(target!.explanation!, /:9999 refused: nothing listens at port 9999,/);
          assert.deepEqual(
            result.failures.map(({ sequence, icmp, from }) => ({ sequence, icmp, from })),
            [1, 2, 3].map((sequence) => ({ sequence, icmp: "port unreachable", from: address })),
          );
        }
      });
    }

    test("no route of this host", async () => {
      for (const address of ["198.18.0.1", "2001:db8:ffff::1"]) {
        const { verdict, failed_by_errno, explanation } = await one([address]);
        assert.deepEqual([verdict, failed_by_errno], ["unreachable", { ENETUNREACH: 3 }]);
        assert.match(explanation!, /this host cannot send to .*: it has no route \(ENETUNREACH\)/);
      }
    });

    test("no route of the router", async () => {
      const ipv4 = await one(["198.51.101.1"]);
      assert.deepEqual([ipv4.verdict, ipv4.failed_by_errno], ["unreachable", { ENETUNREACH: 3 }]);
      assert.equal(ipv4.explanation, `${ROUTER} has no route to 198.51.101.1:9000 (ICMP network unreachable)`);
      const ipv6 = await one(["2001:db8:1:1::1"]);
      assert.equal(ipv6.verdict, "unreachable");
      assert.equal(ipv6.explanation, `${ROUTER_IPV6} has no route to [2001:db8:1:1::1]:9000 (ICMP no route)`);
    });

    test("routes that forbid it", async () => {
      network.client.run("ip route add unreachable 198.51.102.0/25; ip route add prohibit 198.51.102.128/25");
      for (const [address, errno] of [["198.51.102.1", "EHOSTUNREACH"], ["198.51.102.200", "EACCES"]] as const) {
        const { verdict, failed_by_errno, explanation } = await one([address]);
        assert.deepEqual([verdict, failed_by_errno], ["unreachable", { [errno]: 3 }]);
        assert.match(explanation!, new RegExp(`\\(${errno}\\); .ip route get ${address}`));
      }
    });

    test("no such host, on this network and on the router's", async () => {
      const [near, nearIPv6, far, farIPv6] = await Promise.all(
        ["192.0.2.77", "2001:db8::77", "198.51.100.77", "2001:db8:1::77"].map((address) => one([address])),
      );
      for (const target of [near!, nearIPv6!, far!, farIPv6!]) assert.equal(target.verdict, "unreachable");
      assert.match(near!.explanation!, /^no host at 192\.0\.2\.77:9000: .*\(ARP\)$/);
      assert.match(nearIPv6!.explanation!, /^no host at \[2001:db8::77\]:9000: .*\(neighbour discovery\)$/);
      assert.equal(far!.explanation, `${ROUTER} finds no host at 198.51.100.77:9000 (ICMP host unreachable)`);
      assert.equal(
        farIPv6!.explanation,
        `${ROUTER_IPV6} finds no host at [2001:db8:1::77]:9000 (ICMP address unreachable)`,
      );
    });

    test("too few hops", async () => {
      const ipv4 = await one([SERVER[0], "--ttl", "1"]);
      assert.equal(ipv4.verdict, "unreachable");
      assert.match(ipv4.explanation!, /^192\.0\.2\.1 discards .*time to live exceeded.*--ttl 1 is not enough/);
      const ipv6 = await one([SERVER_IPV6[0], "--ttl", "1"]);
      assert.match(ipv6.explanation!, /^2001:db8::1 discards .*hop limit exceeded/);
      assert.equal((await one([SERVER[0], "--ttl", "2"])).verdict, "ok");
    });

    test("guards refuse source ports: the probe says so where its own is one", async () => {
      const range = network.client.run("cat /proc/sys/net/ipv4/ip_local_port_range").trim();
      try {
        for (const port of [String(PORT), "5060"]) {
          network.client.run(`sysctl -qw net.ipv4.ip_local_port_range="${port} ${port}"`);
          for (const address of [SERVER[0], SERVER_IPV6[0]]) {
            const { verdict, explanation } = await one([address, "--timeout", "200ms"]);
            assert.equal(verdict, "no_answer");
            assert.match(
              explanation!,
              new RegExp(`; the requests left from port ${port}, which .*ip_local_port_range`),
            );
          }
        }
      } finally {
        network.client.run(`sysctl -qw net.ipv4.ip_local_port_range="${range}"`);
      }
    });

    test("no IPv6 on this host", async () => {
      const lone = await host();
      try {
        lone.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set lo up");
        const { targets } = await probe([...FAST, "127.0.0.1", "::1"], { host: lone });
        assert.deepEqual(targets.map(({ verdict }) => verdict), ["refused", "unreachable"]);
        assert.match(targets[1]!.explanation!, /IPv6/);
      } finally {
        await lone.remove();
      }
    });
  });

  describe("firewalls", { skip: missing("nft") }, () => {
    const onTheWay = (rule: string) => `chain forward { type filter hook forward priority 0; udp dport 9000 ${rule}; }`;

    test("drop, on the way there and on the way back", async () => {
      for (
        const rule of [onTheWay("drop"), "chain forward { type filter hook forward priority 0; udp sport 9000 drop; }"]
      ) {
        await network.withRules(network.router, rule, async () => {
          const { targets, lost } = await probe([...FAST, SERVER[0], "--timeout", "200ms"], { host: network.client });
          assert.deepEqual([targets[0]!.verdict, targets[0]!.lost, lost], ["no_answer", 3, [1, 2, 3]]);
          assert.match(targets[0]!.explanation!, /^nothing came back from 198\.51\.100\.2:9000 within 200ms: /);
        });
      }
    });

    test("reject as if the port were closed", async () => {
      await network.withRules(network.router, onTheWay("reject with icmpx port-unreachable"), async () => {
        const { verdict, explanation } = await one([SERVER[0]]);
        assert.equal(verdict, "refused");
        assert.match(
          explanation!,
          /^192\.0\.2\.1 has a firewall that rejects datagrams to 198\.51\.100\.2:9000 \(ICMP port unreachable\)$/,
        );
        assert.equal((await one([SERVER_IPV6[0]])).verdict, "refused");
      });
    });

    test("reject as forbidden", async () => {
      await network.withRules(network.router, onTheWay("reject with icmpx admin-prohibited"), async () => {
        for (const [address, reporter] of [[SERVER[0], ROUTER], [SERVER_IPV6[0], ROUTER_IPV6]] as const) {
          const { verdict, explanation, target } = await one([address]);
          assert.equal(verdict, "unreachable");
          assert.equal(
            explanation,
            `${reporter} has a firewall that rejects datagrams to ${target} (ICMP administratively prohibited)`,
          );
        }
      });
    });

    test("of this host", async () => {
      const rule = "chain output { type filter hook output priority 0; udp dport 9000 drop; }";
      await network.withRules(network.client, rule, async () => {
        const { verdict, failed_by_errno, explanation } = await one([SERVER[0]]);
        assert.deepEqual([verdict, failed_by_errno], ["unreachable", { EPERM: 3 }]);
        assert.match(explanation!, /^this host cannot send to .*: a firewall rule forbids it \(EPERM\)$/);
      });
    });

    test("that lets only some pass: times go on being measured", async () => {
      const limit = "limit rate over 1/hour burst 4 packets drop";
      await network.withRules(network.router, onTheWay(limit), async () => {
        const args = [SERVER[0], "-c", "8", "--interval", "5ms", "--timeout", "1s"];
        const { verdict, received, lost, rtt_ns } = await probeOne(args, { host: network.client });
        assert.equal(verdict, "partial");
        assert.ok(received > 0 && lost > 0 && received + lost === 8 && rtt_ns !== null);
      });
    });

    /** How many packets this match sees on the server while `work` is done. */
    async function counted(match: string, work: () => Promise<void>): Promise<number> {
      let packets = -1;
      const rule = `chain input { type filter hook input priority 0; udp dport 9000 ${match} counter; }`;
      await network.withRules(network.server, rule, async () => {
        await work();
        packets = Number(/packets (\d+)/.exec(network.server.run("nft list table inet probe"))?.[1]);
      });
      return packets;
    }

    test("see --ttl, --dscp and --ecn", async () => {
      const ok = (args: string[]) => async () => assert.equal((await one(args)).verdict, "ok");
      assert.equal(await counted("ip ttl 41", ok([SERVER[0], "--ttl", "42"])), 3);
      assert.equal(await counted("ip6 hoplimit 41", ok([SERVER_IPV6[0], "--ttl", "42"])), 3);
      assert.equal(await counted("ip dscp ef", ok([SERVER[0], "--dscp", "EF"])), 3);
      assert.equal(await counted("ip6 dscp af41", ok([SERVER_IPV6[0], "--dscp", "af41"])), 3);
      assert.equal(await counted("ip ecn ect1", ok([SERVER[0], "--ecn", "ect1"])), 3);
      assert.equal(await counted("ip dscp cs1 ip ecn ce", ok([SERVER[0], "--dscp", "8", "--ecn", "3"])), 3);
      assert.equal(await counted("ip6 dscp ef ip6 ecn ect0", ok([SERVER_IPV6[0], "--dscp", "ef", "--ecn", "2"])), 3);
    });
  });
});
