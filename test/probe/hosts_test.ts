/**
 * The probe's verdicts across a network of hosts: against servers of every kind, firewalls, routers and wrong turns. The
 * hosts are network namespaces: client, router and server in a row.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { noCompiler, send } from "../support/client.ts";
import { otherRuntime } from "../support/full_mode.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, missing, Process, run, runSync, temporaryFolder, until, which } from "../support/process.ts";
import { probe, probeOne, readProbe, type TargetSummary } from "../support/probe.ts";
import { commandLine, RUNTIME, serve, type Server } from "../support/server.ts";

const PORT = 9000;
const CLOSED_PORT = 9999;
/** Addresses of the server's only interface; the first of each family is the primary one. */
const SERVER = ["198.51.100.2", "198.51.100.3", "198.51.100.4"] as const;
const SERVER_IPV6 = ["2001:db8:1::2", "2001:db8:1::3"] as const;
const ROUTER = "192.0.2.1";
const ROUTER_IPV6 = "2001:db8::1";
const FAST = ["-c", "3", "--interval", "10ms"];

describe("probe, across hosts", { skip: otherRuntime(import.meta.url) || noHosts || missing("ss") }, () => {
  let client: Host;
  let router: Host;
  let server: Host;
  let echo: Server;

  before(async () => {
    [client, router, server] = await Promise.all([host(), host(), host()]);
    join([client, "eth0"], [router, "eth0"]);
    join([client, "eth1"], [router, "eth2"]);
    join([router, "eth1"], [server, "eth0"]);
    for (const address of ["192.0.2.100/24", "192.0.2.101/24", "2001:db8::100/64"]) client.addAddress(address, "eth0");
    client.addAddress("203.0.113.100/24", "eth1");
    for (const address of [`${ROUTER}/24`, `${ROUTER_IPV6}/64`]) router.addAddress(address, "eth0");
    router.addAddress("203.0.113.1/24", "eth2");
    for (const address of ["198.51.100.1/24", "2001:db8:1::1/64"]) router.addAddress(address, "eth1");
    for (const address of SERVER) server.addAddress(`${address}/24`, "eth0");
    for (const address of SERVER_IPV6) server.addAddress(`${address}/64`, "eth0");
    client.run(`
      ip route add 198.51.100.0/24 via ${ROUTER}
      ip route add 198.51.101.0/24 via ${ROUTER}
      ip -6 route add 2001:db8:1::/48 via ${ROUTER_IPV6}
    `);
    server.run("ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:1::1");
    // Errors at any rate, and neighbours given up soon.
    for (const each of [client, router, server]) {
      each.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0");
    }
    for (const [each, device] of [[client, "eth0"], [router, "eth1"]] as const) {
      for (const table of ["arp_cache", "ndisc_cache"]) {
        each.run(`ip ntable change name ${table} dev ${device} retrans 100`);
      }
    }
    echo = await serve({ program: "src/main.ts", args: ["--quiet"], host: server, port: PORT });
  });
  after(async () => {
    await echo?.kill();
    for (const each of [client, router, server]) await each?.remove();
  });

  const one = (args: string[]): Promise<TargetSummary> => probeOne([...FAST, ...args], { host: client });

  /** Sets firewall rules on a host while `work` is done. */
  async function withRules(on: Host, rules: string, work: () => Promise<void>): Promise<void> {
    on.run(`nft -f - <<'END'\ntable inet probe {\n${rules}\n}\nEND`);
    try {
      await work();
    } finally {
      on.run("nft delete table inet probe");
    }
  }

  test("this server is ok at every address, in one run", async () => {
    const addresses = [...SERVER, ...SERVER_IPV6];
    const { code, targets } = await probe([...FAST, ...addresses], { host: client });
    assert.deepEqual(
      targets.map(({ target, verdict, sent, received }) => ({ target, verdict, sent, received })),
      addresses.map((address) => ({
        target: address.includes(":") ? `[${address}]:${PORT}` : `${address}:${PORT}`,
        verdict: "ok",
        sent: 3,
        received: 3,
      })),
    );
    assert.equal(code, 0);
  });

  test("it is ok at a link-local address, with the zone or with --interface", async () => {
    const linkLocal = server.linkLocal("eth0");
    const options = { host: router };
    assert.equal((await probeOne([`${linkLocal}%eth1`, ...FAST], options)).verdict, "ok");
    const { verdict, target } = await probeOne([linkLocal, "--interface", "eth1", ...FAST], options);
    assert.deepEqual([verdict, target], ["ok", `[${linkLocal}%eth1]:${PORT}`]);
  });

  test("an interface of any name: answers are known again, and the name is safe to print", async () => {
    // Linux takes any byte but blank, slash and colon.
    for (const name of ["w\u00e9", "w\x1b[31m\u0085", "7"]) {
      join([client, name], [server, "eth9"]);
      try {
        const linkLocal = server.linkLocal("eth9");
        client.linkLocal(name);
        const index = client.run(`ip -oneline link show dev '${name}'`).split(":")[0]!;
        for (const args of [[`${linkLocal}%${name}`], [`${linkLocal}%${index}`], [linkLocal, "--interface", name]]) {
          const { targets: [target], replies } = await probe([...FAST, ...args], { host: client });
          assert.deepEqual([target!.verdict, target!.received], ["ok", 3], JSON.stringify(target));
          const shown = `%${name.replaceAll(/[^!-~]/g, "?")}`;
          for (const text of [target!.target, ...replies.flatMap(({ from, to }) => [from, to])]) {
            assert.ok(text.includes(shown), text);
          }
        }
        for (const args of [[`${linkLocal}%${name}`], [`${linkLocal}%${name}`, SERVER[0]]]) {
          const command = commandLine("src/main.ts", ["probe", ...FAST, ...args]);
          const { code, stdout } = await run(client.command(command), { env: { ...process.env, LC_ALL: "C" } });
          assert.equal(code, 0);
          assert.match(stdout, /^[\n -~]*$/);
        }
      } finally {
        client.run(`ip link delete dev '${name}'`);
      }
    }
  });

  describe("servers that do not know their local address", () => {
    /** Asserts the verdicts on a server at two addresses of a family, beside what a connected client in C sees. */
    async function assertVerdicts(port: number, addresses: readonly string[]): Promise<string[]> {
      const verdicts: string[] = [];
      for (const address of addresses) {
        // One request: ncat loses what comes while it makes a new socket for a new client.
        const target = await one([address, "--port", String(port), "-c", "1"]);
        const { verdict, received, wrong_source, explanation, wrong_sources } = target;
        verdicts.push(verdict);
        assert.equal(received + wrong_source, 1);
        if (!noCompiler) {
          const seen = (await send(address, port, { host: client, count: 1, timeout: 200 })).received === 1;
          assert.equal(verdict, seen ? "ok" : "wrong_source", `${address} port ${port}`);
        }
        if (verdict !== "wrong_source") continue;
        const other = wrong_sources[0] ?? "";
        assert.ok(other.endsWith(`:${port}`));
        assert.ok(addresses.some((each) => each !== address && other.includes(each)), other);
        assert.match(
          explanation!,
          /answered from .*: the server does not set the source of its replies \(IP(V6)?_PKTINFO\)/,
        );
        assert.match(explanation!, /clients with a connected socket never see these answers/);
      }
      return verdicts;
    }

    const folder = temporaryFolder();
    const script = (name: string, text: string) => {
      const path = joinPath(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const deno = RUNTIME === "Deno" ? process.execPath : which("deno");
    const bun = RUNTIME === "Bun" ? process.execPath : which("bun");
    const buildGo = (port: number) => {
      const source = script(
        "naive.go",
        `package main
import "net"
func main() {
  socket, _ := net.ListenPacket("udp4", ":${port}")
  buffer := make([]byte, 65536)
  for { n, peer, _ := socket.ReadFrom(buffer); socket.WriteTo(buffer[:n], peer) }
}`,
      );
      runSync(["env", "GOFLAGS=-mod=mod", "GO111MODULE=off", "go", "build", "-o", joinPath(folder, "naive"), source]);
      return [joinPath(folder, "naive")];
    };
    const servers: [name: string, skip: string | false, command: (port: number) => string[]][] = [
      ["Python", missing("python3"), (port) => [
        "python3",
        "-c",
        `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("", ${port}))\n` +
        "while True: s.sendto(*s.recvfrom(65536))",
      ]],
      ["Node", missing("node"), (port) => [
        "node",
        "-e",
        `const s = require("dgram").createSocket("udp4");` +
        `s.on("message", (m, p) => s.send(m, p.port, p.address)).bind(${port})`,
      ]],
      ["Deno", deno === undefined && "needs deno", (port) => [
        deno!,
        "run",
        "--allow-net",
        "--unstable-net",
        script(
          "naive_deno.ts",
          `const s = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: ${port} });` +
            "for await (const [m, p] of s) await s.send(m, p);",
        ),
      ]],
      ["Bun", bun === undefined && "needs bun", (port) => [
        bun!,
        "run",
        script(
          "naive_bun.ts",
          `await Bun.udpSocket({ hostname: "0.0.0.0", port: ${port}, ` +
            "socket: { data: (s, m, port, address) => { s.send(m, port, address) } } });",
        ),
      ]],
      ["socat", missing("socat"), (port) => ["socat", "-T1", `UDP4-RECVFROM:${port},fork`, "PIPE"]],
      ["ncat", missing("ncat"), (port) => ["ncat", "-4", "-u", "-l", "-k", "-c", "cat", String(port)]],
      ["Go", missing("go"), buildGo],
    ];
    servers.forEach(([name, skip, command], i) => {
      test(name, { ...LONG, skip }, async () => {
        const port = 9100 + i;
        // Some fork for each client: in a process namespace of their own, all end with the first.
        const alone = ["unshare", "--pid", "--fork", "--kill-child", ...command(port)];
        const naive = new Process(server.command(alone), { env: { ...process.env, HOME: folder } });
        try {
          await until(() => server.run(`ss -Huln sport = :${port}`) !== "", `${name} on port ${port}: ${naive.stderr}`);
          assert.deepEqual(await assertVerdicts(port, SERVER.slice(0, 2)), ["ok", "wrong_source"]);
        } finally {
          await naive.kill();
        }
      });
    });

    test("Python, with IPv6", { skip: missing("python3") }, async () => {
      const naive = new Process(server.command([
        "python3",
        "-c",
        `import socket\ns = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\ns.bind(("", 9200))\n` +
        "while True: s.sendto(*s.recvfrom(65536))",
      ]));
      try {
        await until(() => server.run("ss -Huln sport = :9200") !== "", "a socket at port 9200");
        const verdicts = await assertVerdicts(9200, SERVER_IPV6);
        assert.deepEqual(verdicts.sort(), ["ok", "wrong_source"]);
      } finally {
        await naive.kill();
      }
    });

    test("one that answers from another port", { skip: missing("python3") }, async () => {
      const naive = new Process(server.command([
        "python3",
        "-c",
        "import socket\ns, t = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2))\n" +
        's.bind(("", 9201))\nt.bind(("", 9202))\nwhile True: t.sendto(*s.recvfrom(65536))',
      ]));
      try {
        await until(() => server.run("ss -Huln sport = :9201") !== "", "a socket at port 9201");
        const { verdict, explanation } = await one([`${SERVER[0]}:9201`]);
        assert.equal(verdict, "wrong_source");
        assert.match(explanation!, /:9201 answered from port 9202/);
        const sized = await run(
          client.command(commandLine("src/main.ts", ["probe", `${SERVER[0]}:9201`, "--mtu", "--json"])),
        );
        const found = JSON.parse(sized.stdout);
        assert.deepEqual([sized.code, found.verdict], [1, "wrong_source"]);
        assert.ok(found.payload > 1000, "its size is found all the same");
        assert.match(found.explanation, / from port 9202: /);
      } finally {
        await naive.kill();
      }
    });

    test(
      "explanations name the port: another port of the same host may be ok",
      { skip: missing("python3") },
      async () => {
        const naive = new Process(server.command([
          "python3",
          "-c",
          `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("", 9204))\n` +
          "while True: s.sendto(*s.recvfrom(65536))",
        ]));
        try {
          await until(() => server.run("ss -Huln sport = :9204") !== "", "a socket at port 9204");
          const { targets } = await probe([`${SERVER[1]}:9204`, SERVER[1], ...FAST], { host: client });
          assert.deepEqual(targets.map(({ verdict }) => verdict), ["wrong_source", "ok"]);
          assert.match(targets[0]!.explanation!, /^198\.51\.100\.3:9204 answered from 198\.51\.100\.2:9204: /);
        } finally {
          await naive.kill();
        }
      },
    );

    test("a connected socket sees silence", { skip: missing("python3") }, async () => {
      const naive = new Process(server.command([
        "python3",
        "-c",
        `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("", 9203))\n` +
        "while True: s.sendto(*s.recvfrom(65536))",
      ]));
      try {
        await until(() => server.run("ss -Huln sport = :9203") !== "", "a socket at port 9203");
        const args = [`${SERVER[0]}:9203`, `${SERVER[1]}:9203`, "--timeout", "200ms", ...FAST];
        const unconnected = await probe(args, { host: client });
        assert.deepEqual(unconnected.targets.map(({ verdict }) => verdict), ["ok", "wrong_source"]);
        const connected = await probe([...args, "--connected"], { host: client });
        assert.deepEqual(connected.targets.map(({ verdict }) => verdict), ["ok", "no_answer"]);
        assert.match(connected.targets[1]!.explanation!, /without --connected/);
      } finally {
        await naive.kill();
      }
    });
  });

  describe("ports and hosts that do not answer", () => {
    for (const connected of [[], ["--connected"]]) {
      test(`closed port ${connected}`, async () => {
        for (const address of [SERVER[1], SERVER_IPV6[1]]) {
          const result = await probe([...FAST, address, "-p", String(CLOSED_PORT), ...connected], { host: client });
          const [target] = result.targets;
          assert.deepEqual([target!.verdict, target!.failed_by_errno], ["refused", { ECONNREFUSED: 3 }]);
          assert.match(target!.explanation!, /:9999 refused: nothing listens at this port/);
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
        assert.match(explanation!, /this host has no route to/);
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
      client.run("ip route add unreachable 198.51.102.0/25; ip route add prohibit 198.51.102.128/25");
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
      assert.match(ipv4.explanation!, /no further than 192\.0\.2\.1 .*time to live exceeded.*--ttl 1 is not enough/);
      const ipv6 = await one([SERVER_IPV6[0], "--ttl", "1"]);
      assert.match(ipv6.explanation!, /no further than 2001:db8::1 .*hop limit exceeded/);
      assert.equal((await one([SERVER[0], "--ttl", "2"])).verdict, "ok");
    });

    test("guards refuse source ports: the probe says so where its own is one", async () => {
      const range = client.run("cat /proc/sys/net/ipv4/ip_local_port_range").trim();
      try {
        for (const port of [String(PORT), "5060"]) {
          client.run(`sysctl -qw net.ipv4.ip_local_port_range="${port} ${port}"`);
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
        client.run(`sysctl -qw net.ipv4.ip_local_port_range="${range}"`);
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
        await withRules(router, rule, async () => {
          const { targets, lost } = await probe([...FAST, SERVER[0], "--timeout", "200ms"], { host: client });
          assert.deepEqual([targets[0]!.verdict, targets[0]!.lost, lost], ["no_answer", 3, [1, 2, 3]]);
          assert.match(targets[0]!.explanation!, /^nothing came back from 198\.51\.100\.2:9000 within 200ms: /);
        });
      }
    });

    test("reject as if the port were closed", async () => {
      await withRules(router, onTheWay("reject with icmpx port-unreachable"), async () => {
        const { verdict, explanation } = await one([SERVER[0]]);
        assert.equal(verdict, "refused");
        assert.match(
          explanation!,
          /^192\.0\.2\.1 refused for 198\.51\.100\.2:9000: a firewall there rejects this port/,
        );
        assert.equal((await one([SERVER_IPV6[0]])).verdict, "refused");
      });
    });

    test("reject as forbidden", async () => {
      await withRules(router, onTheWay("reject with icmpx admin-prohibited"), async () => {
        for (const [address, reporter] of [[SERVER[0], ROUTER], [SERVER_IPV6[0], ROUTER_IPV6]] as const) {
          const { verdict, explanation, target } = await one([address]);
          assert.equal(verdict, "unreachable");
          assert.equal(
            explanation,
            `${reporter} does not forward datagrams to ${target}: a firewall rejects them ` +
              "(ICMP administratively prohibited)",
          );
        }
      });
    });

    test("of this host", async () => {
      const rule = "chain output { type filter hook output priority 0; udp dport 9000 drop; }";
      await withRules(client, rule, async () => {
        const { verdict, failed_by_errno, explanation } = await one([SERVER[0]]);
        assert.deepEqual([verdict, failed_by_errno], ["unreachable", { EPERM: 3 }]);
        assert.match(explanation!, /a firewall rule of this host/);
      });
    });

    test("that lets only some pass: times go on being measured", async () => {
      const limit = "limit rate over 1/hour burst 4 packets drop";
      await withRules(router, onTheWay(limit), async () => {
        const args = [SERVER[0], "-c", "8", "--interval", "5ms", "--timeout", "200ms"];
        const { verdict, received, lost, rtt_ns } = await probeOne(args, { host: client });
        assert.equal(verdict, "partial");
        assert.ok(received > 0 && lost > 0 && received + lost === 8 && rtt_ns !== null);
      });
    });

    /** How many packets this match sees on the server while `work` is done. */
    async function counted(match: string, work: () => Promise<void>): Promise<number> {
      let packets = -1;
      const rule = `chain input { type filter hook input priority 0; udp dport 9000 ${match} counter; }`;
      await withRules(server, rule, async () => {
        await work();
        packets = Number(/packets (\d+)/.exec(server.run("nft list table inet probe"))?.[1]);
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

  describe("where datagrams leave from", () => {
    test("--source", async () => {
      for (const source of ["192.0.2.100", "192.0.2.101"]) {
        const { replies } = await probe([...FAST, SERVER[0], "--source", source], { host: client });
        assert.deepEqual(replies.map(({ to }) => to), [source, source, source]);
      }
    });

    test("--interface: answers are seen wherever they come in", async () => {
      client.run("ip route add 198.51.100.0/24 via 203.0.113.1 dev eth1 metric 99");
      const before = client.packetsSent("eth1");
      const { replies, targets } = await probe([...FAST, SERVER[0], "--interface", "eth1"], { host: client });
      assert.equal(targets[0]!.verdict, "ok");
      assert.deepEqual(replies.map(({ to }) => to), ["203.0.113.100", "203.0.113.100", "203.0.113.100"]);
      assert.ok(client.packetsSent("eth1") >= before + 3);
      // With another source, the answers come back by the other interface.
      const args = [SERVER[0], "--interface", "eth1", "--source", "192.0.2.100"];
      const otherWay = await probe([...FAST, ...args], { host: client });
      assert.equal(otherWay.targets[0]!.verdict, "ok");
      assert.deepEqual(otherWay.replies.map(({ to }) => to), ["192.0.2.100", "192.0.2.100", "192.0.2.100"]);
    });
  });

  /** What `--mtu` finds, as JSON, and the lines that it writes for people. */
  async function mtu(addresses: readonly string[], args: string[] = []): Promise<Record<string, unknown>[]> {
    const command = commandLine("src/main.ts", ["probe", ...addresses, "--mtu", "--json", ...args]);
    const { code, stdout, stderr } = await run(client.command(command), {}, 30_000);
    assert.deepEqual([code, stderr], [0, ""]);
    return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  }

  describe("--mtu, and forged ICMP", { skip: missing("python3") }, () => {
    // Told of each request that its packet is too large for an MTU: of the packet's headers it quotes the least.
    const forger = `
import socket, struct, sys
claim = int(sys.argv[1])
sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
sniffer.bind(("eth0", 0))
icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print("ready", flush=True)
while True:
    packet, address = sniffer.recvfrom(65536)
    if address[2] == socket.PACKET_OUTGOING or packet[9] != 17 or packet[22:24] != struct.pack("!H", 9205): continue
    quote = packet[:28]
    mtu = claim if claim > 0 else len(packet) + claim
    message = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + quote
    words = sum(struct.unpack("!%dH" % (len(message) // 2), message))
    words = (words >> 16) + (words & 0xffff)
    checksum = ~(words + (words >> 16)) & 0xffff
    icmp.sendto(message[:2] + struct.pack("!H", checksum) + message[4:], (socket.inet_ntoa(packet[12:16]), 0))
`;
    // Answers late enough for the forged message to come first.
    const slow = "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n" +
      's.bind(("198.51.100.2", 9205))\nwhile True:\n r = s.recvfrom(65536)\n time.sleep(0.02)\n s.sendto(*r)';

    for (const claim of ["20", "576", "1499", "-1"]) {
      test(`of MTU ${claim}`, LONG, async () => {
        const naive = new Process(server.command(["python3", "-c", slow]));
        const forging = new Process(router.command(["python3", "-c", forger, claim]));
        try {
          await until(() => server.run("ss -Huln sport = :9205") !== "", "a socket at port 9205");
          await forging.waitFor(() => forging.stdout.includes("ready"), "the forger");
          const [found] = await mtu([`${SERVER[0]}:9205`]);
          assert.deepEqual([found!.payload, found!.packet, found!.larger, found!.from], [1472, 1500, "failed", null]);
          const command = commandLine("src/main.ts", ["probe", `${SERVER[0]}:9205`, "--mtu"]);
          const { stdout } = await run(client.command(command), {}, 30_000);
          assert.ok(stdout.split("\n").length <= 8, stdout);
        } finally {
          await Promise.all([naive.kill(), forging.kill()]);
          client.run("ip route flush cache");
        }
      });
    }
  });

  describe("a narrow way back", () => {
    before(() => {
      server.run(`
        ip route change default via 198.51.100.1 mtu lock 1280
        ip -6 route change default via 2001:db8:1::1 mtu 1280
      `);
    });
    after(() => {
      server.run(`
        ip route change default via 198.51.100.1
        ip -6 route change default via 2001:db8:1::1
      `);
    });

    test("--mtu proves that answers come back in one piece", LONG, async () => {
      const [ipv4, ipv6] = await mtu([SERVER[0], SERVER_IPV6[0]]);
      assert.deepEqual([ipv4!.payload, ipv4!.packet, ipv4!.larger], [1252, 1280, "fragmented"]);
      assert.deepEqual([ipv6!.payload, ipv6!.packet, ipv6!.larger], [1232, 1280, "fragmented"]);
      const command = commandLine("src/main.ts", ["probe", SERVER[0], "--mtu", "--quiet"]);
      const { stdout } = await run(client.command(command), {}, 30_000);
      assert.equal(
        stdout,
        "198.51.100.2:9000: 1252 bytes pass unfragmented there and back, in packets of 1280 bytes; larger: " +
          "comes back in fragments of up to 1276 bytes\n",
      );
    });
  });

  describe("a narrow way", () => {
    before(() => {
      router.run("ip link set dev eth1 mtu 1300");
      server.run("ip link set dev eth0 mtu 1300");
    });

    test("--df says who can't take the datagrams, and what fits", async () => {
      assert.equal((await one([SERVER[0], "--size", "1400"])).verdict, "ok");
      const ipv4 = await one([SERVER[0], "--size", "1400", "--df"]);
      assert.deepEqual([ipv4.verdict, ipv4.failed_by_errno], ["unreachable", { EMSGSIZE: 3 }]);
      assert.match(
        ipv4.explanation!,
        /packet of 1428 bytes is too large .*192\.0\.2\.1 .*, at most 1300 bytes; --size 1272 fits$/,
      );
      assert.equal((await one([SERVER[0], "--size", "1272", "--df"])).verdict, "ok");
      const ipv6 = await one([SERVER_IPV6[0], "--size", "1400", "--df"]);
      assert.equal(ipv6.verdict, "unreachable");
      assert.match(ipv6.explanation!, /2001:db8::1 .*, at most 1300 bytes; --size 1252 fits$/);
      assert.equal((await one([SERVER_IPV6[0], "--size", "1252", "--df"])).verdict, "ok");
    });

    test("--df, where this host's own interface is too narrow", async () => {
      for (const [address, fits] of [[SERVER[0], 1472], [SERVER_IPV6[0], 1452]] as const) {
        const { verdict, explanation } = await one([address, "--size", "3000", "--df"]);
        assert.equal(verdict, "unreachable");
        assert.match(
          explanation!,
          new RegExp(`too large for the interface to .* at most 1500 bytes; --size ${fits} fits$`),
        );
      }
    });

    test("--mtu asks who objects", LONG, async () => {
      const [ipv4, ipv6] = await mtu([SERVER[0], SERVER_IPV6[0]]);
      assert.deepEqual([ipv4!.payload, ipv4!.packet, ipv4!.from], [1272, 1300, ROUTER]);
      assert.deepEqual([ipv6!.payload, ipv6!.packet, ipv6!.from], [1252, 1300, ROUTER_IPV6]);
    });

    test("--mtu searches where nobody says so", { ...LONG, skip: missing("nft") }, async () => {
      const rules = "chain output { type filter hook output priority 0; ip daddr 192.0.2.0/24 drop; }";
      await withRules(router, rules, async () => {
        const [found] = await mtu([SERVER[0]], ["--timeout", "100ms"]);
        assert.deepEqual([found!.payload, found!.packet, found!.larger, found!.from], [1272, 1300, "lost", null]);
      });
    });

    test("--mtu of a server that does not answer", async () => {
      const command = commandLine("src/main.ts", ["probe", SERVER[0], "--port", "9999", "--mtu"]);
      const { code, stdout } = await run(client.command(command));
      assert.equal(code, 1);
      assert.match(stdout, /^198\.51\.100\.2:9999: refused$/m);
      const json = await run(client.command([...command, "--json"]));
      const { payload, packet, verdict, larger, explanation } = JSON.parse(json.stdout);
      assert.deepEqual([payload, packet, verdict, larger], [null, null, "refused", null]);
      assert.match(explanation, /refused/);
    });
  });

  test("Ctrl-C at any time gives the summary", async () => {
    const command = commandLine("src/main.ts", ["probe", SERVER[0], "-c", "0", "--interval", "20ms", "--json"]);
    const running = new Process(client.command(command));
    try {
      await running.waitFor(() => running.stdout.split("\n").length > 5, "five replies");
      running.signal("SIGINT");
      const { targets: [target] } = readProbe(await running.end());
      assert.ok(target!.sent >= 5 && target!.verdict === "ok");
    } finally {
      await running.kill();
    }
  });
});
