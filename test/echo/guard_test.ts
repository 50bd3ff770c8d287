/**
 * Nobody can make the server talk to another service or to itself for ever, or flood a victim: every reason to refuse,
 * by datagrams whose sources are forged, and loops that do not live, counted on the wire.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SERVICE_PORTS } from "../../src/echo/guard.ts";
import { assertEchoed, assertSilent, forge, noCompiler, noPython, send } from "../support/client.ts";
import { Counting, noCounting } from "../support/counting.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, type Process, sleep, until } from "../support/process.ts";
import { ask, type Kind, respond } from "../support/reflection.ts";
import { serve, type Server, type Summary, withServer } from "../support/server.ts";

const skip = noHosts || noCompiler || noPython || noCounting;
const program = "src/main.ts";
const PORT = 9000;

let client: Host;
let target: Host;

before(async () => {
  if (skip) return;
  [client, target] = await Promise.all([host(), host()]);
  join([client, "eth0"], [target, "eth0"]);
  for (const address of ["192.0.2.100/24", "2001:db8::100/64"]) client.addAddress(address, "eth0");
  for (const address of ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64"]) {
    target.addAddress(address, "eth0");
  }
  // Answers to forged sources leave too, and end on the wire.
  for (const route of ["-4 route add default via 192.0.2.100", "-6 route add default via 2001:db8::100"]) {
    target.run(`ip ${route}`);
  }
  client.run(`
    sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
    ip route add blackhole 198.18.0.0/15
    ip -6 route add blackhole 2001:db8:1::/48
  `);
});
after(async () => {
  await client?.remove();
  await target?.remove();
});

/** Forges a datagram of 8 bytes to the server, `count` times, from the other host unless `from` says otherwise. */
async function forged(
  source: [address: string, port: number],
  destination = source[0].includes(":") ? "2001:db8::1" : "192.0.2.1",
  { count = 1, from = client, ...options }: { count?: number; from?: Host; interface?: string } = {},
): Promise<number> {
  const { sent, errors } = await forge(source, [destination, PORT], { host: from, count, size: 8, ...options });
  assert.deepEqual({ sent, errors }, { sent: count, errors: {} });
  return count;
}

/** Waits until the server has received so many datagrams since its start, and returns its summary. */
function received(server: Server, count: number): Promise<Summary> {
  return until(async () => {
    const summary = await server.summary();
    assert.ok(summary.received <= count, `${summary.received} received, not ${count}`);
    return summary.received === count && summary;
  }, `${count} datagrams received`);
}

/** The lines of the log, without summaries. */
function logged(server: Server): number {
  return server.lines.filter((line) => line.startsWith('{"time"')).length;
}

/** Runs a server on the target with a JSON log; asserts in the end that it logged what it answered, and nothing else. */
function withGuard(args: string[], use: (server: Server) => Promise<void>): Promise<Summary> {
  const options = { program, args: ["--log", "json", "--log-limit", "0", ...args], host: target, port: PORT };
  return withServer(options, async (server) => {
    await use(server);
    const summary = await server.summary();
    assert.equal(logged(server) + summary.log_lines_dropped, summary.echoed + summary.failed);
  });
}

describe("reasons to refuse", { skip }, () => {
  test("source ports", LONG, async () => {
    const reserved = [1, 7, 13, 17, 19, 37, 53, 69, 123, 161, 389, 520, 1023];
    const services = [...SERVICE_PORTS.keys()];
    const fine = [1024, 1899, 2048, 5352, 8999, 9001, 32_767, 32_768, 49_152, 65_535];
    assert.ok(services.length > 20);
    for (const address of ["192.0.2.100", "2001:db8::100"]) {
      const summary = await withGuard([], async (server) => {
        for (const port of [0, PORT, ...reserved, ...services, ...fine]) await forged([address, port]);
        await received(server, 2 + reserved.length + services.length + fine.length);
        assert.equal(logged(server), fine.length);
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
    const summary = await withGuard(["--answer-any-port"], async (server) => {
      for (const port of [0, ...ports]) await forged(["192.0.2.100", port]);
      await received(server, 1 + ports.length);
    });
    assert.deepEqual(summary.refused_by_reason, { source_port_zero: 1 });
    assert.equal(summary.echoed, ports.length);
  });

  test("source addresses that are no host's", async () => {
    const summary = await withGuard(["--answer-any-port"], async (server) => {
      // A kernel lets these in only from the host itself, or not at all.
      await forged(["255.255.255.255", 4000], "127.0.0.1", { from: target });
      await forged(["224.0.0.5", 4000], "127.0.0.1", { from: target, count: 2 });
      await forged(["::", 4000], "2001:db8::1", { count: 3 });
      // An IPv6 packet with the IPv6 form of an IPv4 address as its source: the answer would be an IPv4 packet.
      await forged(["::ffff:192.0.2.100", 4000], "2001:db8::1", { count: 4 });
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
      const summary = await withGuard([], async (server) => {
        await forged(["2001:db8::100", 4001], undefined, { count: 3 });
        await received(server, 3);
      });
      assert.deepEqual(summary.refused_by_reason, { multicast_source: 3 });
    } finally {
      target.run("nft delete table ip6 forge");
    }
  });

  test("the broadcast address of a network as source: the kernel refuses the answer", async () => {
    const { failed_by_errno, echoed } = await withGuard([], async (server) => {
      await forged(["192.0.2.255", 4000], undefined, { count: 2 });
      await received(server, 2);
    });
    assert.deepEqual({ failed_by_errno, echoed }, { failed_by_errno: { EACCES: 2 }, echoed: 0 });
  });

  test("broadcast and multicast destinations", async () => {
    const out = { host: client, interface: "eth0" };
    const summary = await withGuard([], async (server) => {
      const broadcast = await assertSilent("192.0.2.255", PORT, out);
      const everywhere = await assertSilent("255.255.255.255", PORT, out);
      const multicast = await assertSilent("ff02::1%eth0", PORT, out);
      assert.equal(broadcast.sent + everywhere.sent + multicast.sent, 3);
      await received(server, 3);
    });
    assert.deepEqual(summary.refused_by_reason, { broadcast_destination: 2, multicast_destination: 1 });
  });

  test("--answer-broadcast and --answer-multicast: the answer comes from an address of the arrival interface", async () => {
    const payload = new TextEncoder().encode("anybody there?");
    const cases: [args: string[], destination: string, answerer: RegExp][] = [
      [["--answer-broadcast"], "192.0.2.255", /^192\.0\.2\.1$/],
      [["--answer-broadcast"], "255.255.255.255", /^192\.0\.2\.1$/],
      [["--answer-broadcast", "-4"], "192.0.2.255", /^192\.0\.2\.1$/],
      // With -4, because a kernel delivers it to an IPv6 socket only once that has joined the group.
      [["--answer-multicast", "-4"], "224.0.0.1", /^192\.0\.2\.1$/],
      [["--answer-multicast"], "ff02::1%eth0", /^fe80::/],
    ];
    for (const [args, destination, answerer] of cases) {
      await withGuard(args, async () => {
        const answers = await ask(destination, PORT, payload, { host: client, interface: "eth0" });
        assert.deepEqual(
          answers.map(({ port, payload }) => ({ port, payload })),
          [{ port: PORT, payload }],
          destination,
        );
        assert.match(answers[0]!.address, answerer);
      });
    }
  });

  test("--allow: IPv4, IPv6, several, single addresses, none that match", async () => {
    const args = ["192.0.2.0/26", "198.18.7.0/24", "198.18.9.9", "2001:db8:1:2::/63", "2001:db8:1:5::5"];
    const allowed: [address: string, answered: boolean][] = [
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
    for (const family of [[], ["-4"], ["-6"]]) {
      const cases = allowed.filter(([address]) => !family.includes(address.includes(":") ? "-4" : "-6"));
      let peers: string[] = [];
      const summary = await withGuard([...family, ...args.flatMap((prefix) => ["--allow", prefix])], async (server) => {
        for (const [address] of cases) await forged([address, 4000]);
        await received(server, cases.length);
        peers = server.lines.flatMap((line) => JSON.parse(line).peer ?? []);
      });
      const inLog = (address: string) => address.includes(":") ? `[${address}]:4000` : `${address}:4000`;
      assert.deepEqual(peers, cases.flatMap(([address, answered]) => answered ? inLog(address) : []));
      assert.deepEqual(summary.refused_by_reason, { not_allowed: cases.length - peers.length });
    }
    // A list for one family refuses the other one whole.
    const summary = await withGuard(["--allow", "0.0.0.0/0"], async () => {
      await assertEchoed("192.0.2.1", PORT, { host: client });
      await assertSilent("2001:db8::1", PORT, { host: client });
    });
    assert.deepEqual(summary.refused_by_reason, { not_allowed: 1 });
    // Also where IPv4 addresses, written as IPv6 ones, would be in it.
    for (const prefix of ["::/0", "::/80"]) {
      const { refused_by_reason } = await withGuard(["--allow", prefix], async () => {
        await assertSilent("192.0.2.1", PORT, { host: client });
        if (prefix === "::/0") await assertEchoed("2001:db8::1", PORT, { host: client });
      });
      assert.deepEqual(refused_by_reason, { not_allowed: 1 });
    }
  });
});

describe("rates", { skip }, () => {
  /** Asserts that of `asked` datagrams at most the burst and what came in since was answered, and no less either. */
  function assertLimited(answered: number, rate: number, burst: number, seconds: number): void {
    const most = burst + rate * seconds + 1;
    assert.ok(answered >= burst && answered <= most, `${answered} answered, not ${burst} to ${most.toFixed(1)}`);
  }

  test("--rate: a burst at once, then so many a second, for each source", async () => {
    for (const address of ["192.0.2.1", "2001:db8::1"]) {
      const summary = await withGuard(["--rate", "20/10"], async () => {
        const start = performance.now();
        const burst = await send(address, PORT, { host: client, count: 50, window: 50, timeout: 300 });
        assertLimited(burst.received, 20, 10, (performance.now() - start) / 1000);
        await sleep(600);
        // The bucket is full again.
        const again = await send(address, PORT, { host: client, count: 50, window: 50, timeout: 300 });
        assertLimited(again.received, 20, 10, (performance.now() - start) / 1000);
        assert.ok(again.received >= 10);
      });
      assert.equal(summary.refused_by_reason["over_rate"], 100 - summary.echoed);
    }
  });

  test("--rate: a source is an IPv4 address, or an IPv6 /64", async () => {
    const summary = await withGuard(["--rate", "1/5"], async (server) => {
      // The same one from many ports, then others.
      for (let port = 4000; port < 4010; port++) await forged(["198.18.0.1", port]);
      await forged(["198.18.0.2", 4000], undefined, { count: 10 });
      for (let i = 1; i <= 10; i++) await forged([`2001:db8:1:1::${i}`, 4000]);
      await forged(["2001:db8:1:2::1", 4000], undefined, { count: 10 });
      const { echoed, failed } = await received(server, 40);
      // And what comes in during the test.
      assert.ok(echoed + failed >= 20 && echoed + failed <= 20 + 4 * 3, `${echoed + failed} of 40 answered`);
    });
    assert.equal(summary.refused_by_reason["over_rate"], summary.refused);
  });

  test("--max-rate: all sources together", async () => {
    const start = performance.now();
    const summary = await withGuard(["--max-rate", "20/10"], async (server) => {
      for (let i = 1; i <= 40; i++) await forged([`198.18.0.${i}`, 4000]);
      const { echoed } = await received(server, 40);
      assertLimited(echoed, 20, 10, (performance.now() - start) / 1000);
    });
    assert.deepEqual(summary.refused_by_reason, { over_max_rate: 40 - summary.echoed });
  });

  test("both: what --rate refuses does not count for --max-rate", async () => {
    const summary = await withGuard(["--rate", "1/5", "--max-rate", "1/12"], async (server) => {
      await forged(["198.18.0.1", 4000], undefined, { count: 1000 });
      await received(server, 1000);
      assert.ok((await send("192.0.2.1", PORT, { host: client, count: 5, window: 5, timeout: 300 })).received >= 5);
    });
    assert.ok(summary.refused_by_reason["over_rate"]! >= 990, JSON.stringify(summary));
  });

  test("of a train as much is answered as is left", async () => {
    const segment = 100;
    const train = Uint8Array.from({ length: 64 * segment }, (_, i) => i * 7 % 251);
    for (const [option, reason] of [["--rate", "over_rate"], ["--max-rate", "over_max_rate"]] as const) {
      for (const address of ["192.0.2.1", "2001:db8::1"]) {
        const summary = await withGuard([option, "1/20"], async () => {
          const packets = client.packetsSent("eth0");
          const answers = await ask(address, PORT, train, { host: client, segment });
          assert.ok(client.packetsSent("eth0") - packets < 20, "it was no train");
          // One may have come in since.
          assert.ok(answers.length === 20 || answers.length === 21, `${answers.length} answers`);
          const parts = answers.map(({ payload }) => Buffer.from(payload));
          assert.deepEqual(Buffer.concat(parts), Buffer.from(train.subarray(0, answers.length * segment)));
        });
        const { received, echoed, refused_by_reason } = summary;
        assert.deepEqual({ received, refused_by_reason }, {
          received: 64,
          refused_by_reason: { [reason]: 64 - echoed },
        });
      }
    }
  });

  test("--rate: however many sources are forged, a steady client is answered", LONG, async () => {
    const summary = await withGuard(["--rate", "200/20"], async () => {
      const many = { host: client, size: 8, count: 20_000, gap: 1 };
      const steady = { host: client, count: 100, gap: 10_000 };
      await Promise.all([
        forge(["198.18.0.0/15", "random"], ["192.0.2.1", PORT], many),
        forge(["2001:db8:1::/48", "random"], ["2001:db8::1", PORT], many),
        assertEchoed("192.0.2.1", PORT, steady),
        assertEchoed("2001:db8::1", PORT, steady),
      ]);
    });
    const { received, dropped_by_kernel, refused_by_reason } = summary;
    assert.equal(received + dropped_by_kernel, 40_200);
    // None of them sends more than its rate. But some of the random ports are those of services, and the server's own.
    const reasons = Object.keys(refused_by_reason).filter((reason) => reason !== "own_source_port");
    assert.deepEqual(reasons, ["service_source_port"]);
  });
});

describe("loops", { skip }, () => {
  /** Milliseconds for which the wire is watched. */
  const WATCH_MS = 150;
  /** A loop makes more datagrams than that in this time. */
  const LIVES = 100;

  let counting: Counting[] = [];
  let processes: Process[] = [];

  before(() => {
    counting = [client, target].map((host) => new Counting(host, PORT));
  });

  /** Starts one of our servers. */
  async function ours(host: Host, port: number, args: string[] = []): Promise<Server> {
    const server = await serve({ program, args: ["--log", "json", "--log-limit", "1", ...args], host, port });
    processes.push(server);
    return server;
  }

  /** Starts a careless service on the other host. */
  async function careless(kind: Kind, port: number, address = "192.0.2.100"): Promise<void> {
    processes.push(await respond(kind, client, address, port));
  }

  /** Ends what {@link ours} and {@link careless} started. */
  async function end(): Promise<void> {
    await Promise.all(processes.map((process) => process.kill()));
    processes = [];
  }

  /** Forges one datagram, and counts those that both hosts send from then on for a while; it is one of them. */
  async function datagramsAfter(
    [source, sourcePort]: [string, number],
    [destination, port]: [string, number],
    from: Host,
  ): Promise<number> {
    const count = () => counting.reduce((sum, { sent }) => sum + sent, 0);
    const before = count();
    // A message that a DNS server takes for a question.
    const payload = Buffer.from("123401000001000000000000076578616d706c65036f72670000010001", "hex");
    const { sent } = await forge([source, sourcePort], [destination, port], { host: from, payload });
    assert.equal(sent, 1);
    await sleep(WATCH_MS);
    return count() - before;
  }

  test("live between two services that answer anything", async () => {
    try {
      processes.push(await respond("echo", target, "192.0.2.1", PORT));
      await careless("echo", 7);
      const datagrams = await datagramsAfter(["192.0.2.100", 7], ["192.0.2.1", PORT], client);
      assert.ok(datagrams > LIVES, `${datagrams} datagrams`);
    } finally {
      await end();
    }
  });

  test("two of our servers on the same port", async () => {
    for (const [one, other] of [["192.0.2.1", "192.0.2.100"], ["2001:db8::1", "2001:db8::100"]] as const) {
      try {
        const server = await ours(target, PORT);
        await ours(client, PORT);
        assert.equal(await datagramsAfter([other, PORT], [one, PORT], client), 1);
        assert.deepEqual((await server.stop()).refused_by_reason, { own_source_port: 1 });
      } finally {
        await end();
      }
    }
  });

  test("two of our servers on different ports: nothing but --rate ends it", LONG, async () => {
    try {
      const server = await ours(target, PORT);
      await ours(client, 9001);
      const datagrams = await datagramsAfter(["192.0.2.100", 9001], ["192.0.2.1", PORT], client);
      assert.ok(datagrams > LIVES, `${datagrams} datagrams: does something prevent what the README says nothing does?`);
      await server.stop();
    } finally {
      await end();
    }
    for (const limited of ["both", "one"]) {
      try {
        const server = await ours(target, PORT, ["--rate", "50/10"]);
        const other = await ours(client, 9001, limited === "both" ? ["--rate", "50/10"] : []);
        const datagrams = await datagramsAfter(["192.0.2.100", 9001], ["192.0.2.1", PORT], client);
        const [here, there] = [await server.stop(), await other.stop()];
        assert.equal(datagrams, 1 + here.echoed + there.echoed);
        assert.ok(here.echoed >= 9 && here.echoed <= 10 + 50 * here.seconds, `${here.echoed} echoed`);
        // The first datagram over the burst is the last of the loop.
        assert.equal(here.refused + there.refused, 1);
      } finally {
        await end();
      }
    }
  });

  for (const [kind, port] of [["echo", 7], ["chargen", 19], ["dns", 53]] as const) {
    test(`with a service like ${kind} on port ${port}, whichever of the two the datagram is forged to`, async () => {
      for (const [us, them] of [["192.0.2.1", "192.0.2.100"], ["2001:db8::1", "2001:db8::100"]] as const) {
        try {
          const server = await ours(target, PORT);
          await careless(kind, port, them);
          assert.equal(await datagramsAfter([them, port], [us, PORT], client), 1);
          // It answers, which is the end of it.
          assert.equal(await datagramsAfter([us, PORT], [them, port], target), 2);
          const { echoed, refused_by_reason } = await server.stop();
          assert.deepEqual({ echoed, refused_by_reason }, {
            echoed: 0,
            refused_by_reason: { reserved_source_port: 2 },
          });
        } finally {
          await end();
        }
      }
    });
  }

  for (const kind of ["echo", "chargen", "dns", "twice"] as const) {
    test(`with a service like ${kind} on another port, by --rate`, async () => {
      try {
        const server = await ours(target, PORT, ["--rate", "50/10"]);
        await careless(kind, 7007);
        const datagrams = await datagramsAfter(["192.0.2.100", 7007], ["192.0.2.1", PORT], client);
        const { echoed, seconds } = await server.stop();
        const most = 10 + 50 * seconds;
        assert.ok(echoed >= 9 && echoed <= most, `${echoed} echoed, ${most} allowed`);
        // They answer each of ours, or answer it twice.
        assert.ok(datagrams > 18 && datagrams <= 1 + 3 * most, `${datagrams} datagrams`);
      } finally {
        await end();
      }
    });
  }

  test("with itself: a datagram forged to come from one of its own endpoints", LONG, async () => {
    const ends: [source: string, destination: string][] = [
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.2", "127.0.0.1"],
      ["192.0.2.1", "192.0.2.1"],
      ["192.0.2.2", "192.0.2.1"],
      ["::1", "::1"],
      ["2001:db8::1", "2001:db8::1"],
      ["2001:db8::2", "2001:db8::1"],
    ];
    try {
      const server = await ours(target, PORT);
      for (const [source, destination] of ends) {
        assert.equal(
          await datagramsAfter([source, PORT], [destination, PORT], target),
          1,
          `${source} to ${destination}`,
        );
      }
      // From outside, where a kernel lets it in only with IPv6.
      assert.equal(await datagramsAfter(["2001:db8::2", PORT], ["2001:db8::1", PORT], client), 1);
      const { echoed, refused_by_reason } = await server.stop();
      assert.deepEqual({ echoed, refused_by_reason }, {
        echoed: 0,
        refused_by_reason: { own_source_port: ends.length + 1 },
      });
    } finally {
      await end();
    }
  });

  test("with itself, even with --answer-any-port: an endpoint never answers itself", async () => {
    try {
      const server = await ours(target, PORT, ["--answer-any-port"]);
      for (const address of ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"]) {
        assert.equal(await datagramsAfter([address, PORT], [address, PORT], target), 1, address);
      }
      assert.deepEqual((await server.stop()).refused_by_reason, { own_endpoint: 4 });
    } finally {
      await end();
    }
  });

  test("with itself, with --answer-any-port and between two addresses: by --rate", async () => {
    try {
      const server = await ours(target, PORT, ["--answer-any-port", "--rate", "50/10"]);
      const datagrams = await datagramsAfter(["127.0.0.2", PORT], ["127.0.0.1", PORT], target);
      const { echoed, refused_by_reason } = await server.stop();
      assert.equal(datagrams, 1 + echoed);
      assert.ok(echoed >= 19, `${echoed} echoed`);
      assert.deepEqual(refused_by_reason, { over_rate: 1 });
    } finally {
      await end();
    }
  });
});
