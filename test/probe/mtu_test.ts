/** Datagrams that are too large for the way, and the search for the largest one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LONG, missing, Process, run, until } from "../support/process.ts";
import type { TargetSummary } from "../support/probe.ts";
import { describeNetwork, ROUTER, ROUTER_IPV6, SERVER, SERVER_IPV6 } from "../support/probe_network.ts";
import { commandLine } from "../support/server.ts";

describeNetwork("probe, and the size of datagrams", import.meta.url, (network) => {
  const one = (args: string[]): Promise<TargetSummary> => network.one(args);

  /** What `--mtu` finds, as JSON, and the lines that it writes for people. */
  async function mtu(addresses: readonly string[], args: string[] = []): Promise<Record<string, unknown>[]> {
    const command = commandLine("src/main.ts", ["probe", ...addresses, "--mtu", "--json", ...args]);
    const { code, stdout, stderr } = await run(network.client.command(command));
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
        const naive = new Process(network.server.command(["python3", "-c", slow]));
        const forging = new Process(network.router.command(["python3", "-c", forger, claim]));
        try {
          await until(() => network.server.run("ss -Huln sport = :9205") !== "", "a socket at port 9205");
          await forging.waitFor(() => forging.stdout.includes("ready"), "the forger");
          const [found] = await mtu([`${SERVER[0]}:9205`]);
          assert.deepEqual([found!.payload, found!.packet, found!.larger, found!.from], [1472, 1500, "failed", null]);
          const command = commandLine("src/main.ts", ["probe", `${SERVER[0]}:9205`, "--mtu"]);
          const { stdout } = await run(network.client.command(command));
          assert.ok(stdout.split("\n").length <= 14, stdout);
        } finally {
          await Promise.all([naive.kill(), forging.kill()]);
          network.client.run("ip route flush cache");
        }
      });
    }
  });

  describe("a narrow way back", () => {
    before(() => {
      network.server.run(`
        ip route change default via 198.51.100.1 mtu lock 1280
        ip -6 route change default via 2001:db8:1::1 mtu 1280
      `);
    });
    after(() => {
      network.server.run(`
        ip route change default via 198.51.100.1
        ip -6 route change default via 2001:db8:1::1
      `);
    });

    test("--mtu proves that answers come back in one piece", LONG, async () => {
      const [ipv4, ipv6] = await mtu([SERVER[0], SERVER_IPV6[0]]);
      assert.deepEqual([ipv4!.payload, ipv4!.packet, ipv4!.larger], [1252, 1280, "fragmented"]);
      assert.deepEqual([ipv6!.payload, ipv6!.packet, ipv6!.larger], [1232, 1280, "fragmented"]);
      const command = commandLine("src/main.ts", ["probe", SERVER[0], "--mtu", "--quiet"]);
      const { stdout } = await run(network.client.command(command));
      assert.equal(
        stdout,
        "198.51.100.2:9000: 1252 bytes pass unfragmented there and back, in packets of 1280 bytes; larger: " +
          "comes back in fragments of up to 1276 bytes\n",
      );
    });
  });

  describe("a narrow way", () => {
    before(() => {
      network.router.run("ip link set dev eth1 mtu 1300");
      network.server.run("ip link set dev eth0 mtu 1300");
    });

    test("--df says who can't take the datagrams, and what fits", async () => {
      assert.equal((await one([SERVER[0], "--size", "1400"])).verdict, "ok");
      const ipv4 = await one([SERVER[0], "--size", "1400", "--df"]);
      assert.deepEqual([ipv4.verdict, ipv4.failed_by_errno], ["unreachable", { EMSGSIZE: 3 }]);
      assert.match(
        ipv4.explanation!,
        /^192\.0\.2\.1 cannot forward so large a packet .* it has 1428 bytes, at most 1300 pass; --size 1272 fits$/,
      );
      assert.equal((await one([SERVER[0], "--size", "1272", "--df"])).verdict, "ok");
      const ipv6 = await one([SERVER_IPV6[0], "--size", "1400", "--df"]);
      assert.equal(ipv6.verdict, "unreachable");
      assert.match(ipv6.explanation!, /^2001:db8::1 .*, at most 1300 pass; --size 1252 fits$/);
      assert.equal((await one([SERVER_IPV6[0], "--size", "1252", "--df"])).verdict, "ok");
    });

    test("--df, where this host's own interface is too narrow", async () => {
      for (const [address, fits] of [[SERVER[0], 1472], [SERVER_IPV6[0], 1452]] as const) {
        const { verdict, explanation } = await one([address, "--size", "3000", "--df"]);
        assert.equal(verdict, "unreachable");
        assert.match(
          explanation!,
          new RegExp(`too large for the interface .* at most 1500 pass; --size ${fits} fits$`),
        );
      }
    });

    test("--mtu asks who objects", LONG, async () => {
      const [ipv4, ipv6] = await mtu([SERVER[0], SERVER_IPV6[0]]);
      assert.deepEqual([ipv4!.payload, ipv4!.packet, ipv4!.from], [1272, 1300, ROUTER]);
      assert.deepEqual([ipv6!.payload, ipv6!.packet, ipv6!.from], [1252, 1300, ROUTER_IPV6]);
    });

    test("--mtu where no router reports", { ...LONG, skip: missing("nft") }, async () => {
      const rules = "chain output { type filter hook output priority 0; ip daddr 192.0.2.0/24 drop; }";
      await network.withRules(network.router, rules, async () => {
        const [found] = await mtu([SERVER[0]], ["--timeout", "300ms"]);
        assert.deepEqual([found!.payload, found!.packet, found!.larger, found!.from], [1272, 1300, "lost", null]);
      });
    });

    test("--mtu of a server that does not answer", async () => {
      const command = commandLine("src/main.ts", ["probe", SERVER[0], "--port", "9999", "--mtu"]);
      const { code, stdout } = await run(network.client.command(command));
      assert.equal(code, 1);
      assert.match(stdout, /^198\.51\.100\.2:9999: refused$/m);
      const json = await run(network.client.command([...command, "--json"]));
      const { payload, packet, verdict, larger, explanation } = JSON.parse(json.stdout);
      assert.deepEqual([payload, packet, verdict, larger], [null, null, "refused", null]);
      assert.match(explanation, /refused/);
    });
  });
});
