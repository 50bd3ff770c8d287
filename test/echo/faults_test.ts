/**
 * What goes wrong in networks and on hosts, done to the running program: it keeps answering everyone whom that does not
 * concern, works again by itself, and loses nothing uncounted. Every server here has to obey the law that what it
 * received it echoed, refused or failed to echo, and that it received, or its kernel dropped, what arrived at its host.
 */
import assert from "node:assert/strict";
import { closeSync, constants, openSync } from "node:fs";
import { join as joinPath } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { ask } from "../support/reflection.ts";
import { assertEchoed, forge, noCompiler, noPython, send } from "../support/client.ts";
import { Counting, noCounting } from "../support/counting.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, missing, runSync, sleep, temporaryFolder, until } from "../support/process.ts";
import { RUNTIME, Server, type Summary, withServer } from "../support/server.ts";

const skip = noHosts || noCompiler || noCounting;
const program = "src/main.ts";
const PORT = 9000;

/** Whether there is time for everything. */
const FULL = process.env.ECHO_FULL_TESTS === "1";

/*
 *   far ── link "a" ──┐
 *                     ├── target
 *   steady ─ link "b" ┘
 *
 * Faults are those of link a, and steady is the one whom they must not concern. The target's way to all other networks
 * is by far.
 */
let target: Host;
let far: Host;
let steady: Host;
let counting: Counting;

const RESTORE_ROUTES = `
  ip route replace default via 192.0.2.2
  ip -6 route replace default via 2001:db8::2
`;

before(async () => {
  if (skip) return;
  [target, far, steady] = await Promise.all([host(), host(), host()]);
  join([target, "a"], [far, "eth0"]);
  join([target, "b"], [steady, "eth0"]);
  for (const address of ["192.0.2.1/24", "2001:db8::1/64"]) target.addAddress(address, "a");
  for (const address of ["192.0.2.2/24", "2001:db8::2/64"]) far.addAddress(address, "eth0");
  for (const address of ["198.51.100.1/24", "2001:db8:b::1/64"]) target.addAddress(address, "b");
  for (const address of ["198.51.100.2/24", "2001:db8:b::2/64"]) steady.addAddress(address, "eth0");
  // Addresses of far, and networks beyond it.
  for (const address of ["203.0.113.9/32", "2001:db8:9::9/128"]) far.addAddress(address, "lo");
  target.run(RESTORE_ROUTES);
  // A link of far that leads nowhere.
  join([far, "nowhere"], [far, "void"]);
  far.run(`
    ip route add 198.51.100.0/24 via 192.0.2.1
    ip -6 route add 2001:db8:b::/64 via 2001:db8::1
    ip route add blackhole 198.18.0.0/15
    ip -6 route add blackhole 2001:db8:1::/48
  `);
  counting = new Counting(target, PORT);
});
after(async () => {
  for (const host of [target, far, steady]) await host?.remove();
});

/**
 * Runs a server on the target; asserts at the end that nothing got lost.
 * @param inTrains how many datagrams arrived in trains behind the first of each: where they are counted, they are none
 */
async function withTarget(use: (server: Server) => Promise<void>, inTrains = 0): Promise<Summary> {
  const before = counting.arrived;
  const options = { program, args: ["--log", "json", "--log-limit", "10"], host: target, port: PORT };
  const summary = await withServer(options, use);
  const arrived = counting.arrived - before + inTrains;
  assert.equal(summary.received + summary.dropped_by_kernel, arrived, JSON.stringify(summary));
  return summary;
}

/** Asserts that the one whom the fault must not concern gets every echo, on IPv4 and IPv6, as long as `use` runs. */
async function whileSteady(
  use: () => Promise<void>,
  { families = [4, 6], sizes = [100] }: { families?: number[]; sizes?: number[] } = {},
): Promise<void> {
  let over = false;
  const streams = families.map(async (family) => {
    const address = family === 4 ? "198.51.100.1" : "2001:db8:b::1";
    do await assertEchoed(address, PORT, { host: steady, sizes, duration: 200, window: 4, gap: 1000 }); while (!over);
  });
  await Promise.all([use().finally(() => over = true), ...streams]);
}

/** Waits until the server has received so many datagrams since its start, and returns its summary. */
function received(server: Server, count: number): Promise<Summary> {
  return until(async () => {
    const summary = await server.summary();
    return summary.received + summary.dropped_by_kernel >= count && summary;
  }, `${count} datagrams received`);
}

describe("the way back", { skip }, () => {
  for (const [address, length] of [["192.0.2.77", 24], ["2001:db8::77", 64]] as const) {
    test(`a local address removed under traffic, and added again: ${address}`, LONG, async () => {
      const remove = () => target.run(`ip address del ${address}/${length} dev a`);
      const add = () => target.addAddress(`${address}/${length}`, "a");
      add();
      const summary = await withTarget(async (server) => {
        await whileSteady(async () => {
          await assertEchoed(address, PORT, { host: far });
          // With datagrams to it in the queue.
          const arrived = counting.arrived;
          server.signal("SIGSTOP");
          const cut = send(address, PORT, { host: far, count: 20, window: 20, timeout: 300 });
          await until(() => counting.arrived >= arrived + 20, "20 datagrams in the queue");
          remove();
          server.signal("SIGCONT");
          const { received } = await cut;
          // An IPv6 socket with IPV6_FREEBIND may still answer from it.
          assert.equal(received, address.includes(":") ? 20 : 0);
          add();
          await assertEchoed(address, PORT, { host: far });
          // And now and then while traffic goes on.
          const stream = send(address, PORT, { host: far, duration: 600, window: 4, timeout: 100, gap: 500 });
          for (let i = 0; i < 3; i++) {
            await sleep(100);
            remove();
            await sleep(50);
            add();
          }
          assert.ok((await stream).received > 0);
          await assertEchoed(address, PORT, { host: far });
        });
      });
      remove();
      assert.equal(summary.refused, 0);
      assert.ok(address.includes(":") || summary.failed >= 20, JSON.stringify(summary));
    });
  }

  /** Faults of the way from the target to 203.0.113.9 and 2001:db8:9::9, and what the kernel says of replies there. */
  const FAULTS: [fault: string, error: string, from: string, to: string][] = [
    [
      "link down, and up",
      "ENETUNREACH",
      "ip link set dev a down",
      `ip link set dev a up; ip -6 address add 2001:db8::1/64 dev a nodad; ${RESTORE_ROUTES}`,
    ],
    [
      "default route withdrawn, and restored",
      "ENETUNREACH",
      "ip route del default; ip -6 route del default",
      RESTORE_ROUTES,
    ],
    ...(["blackhole:EINVAL", "unreachable:EHOSTUNREACH", "prohibit:EACCES"].map((pair) => {
      const [type = "", error = ""] = pair.split(":");
      const routes = (verb: string) =>
        `ip route ${verb} ${type} 203.0.113.9; ip -6 route ${verb} ${type} 2001:db8:9::9`;
      return [`${type} route`, error, routes("add"), routes("del")] as [string, string, string, string];
    })),
    ...(["drop", "reject"].map((verdict) => {
      const rules = `nft -f - <<'END'
        table inet fault {
          chain output {
            type filter hook output priority 0
            ip daddr 203.0.113.9 ${verdict}
            ip6 daddr 2001:db8:9::9 ${verdict}
          }
        }
END`;
      const name = `a firewall that answers replies by ${verdict}`;
      return [name, "EPERM", rules, "nft delete table inet fault"] as [string, string, string, string];
    })),
  ];

  test("links, routes and firewalls that fail: replies that can't go are counted, and go again", LONG, async () => {
    const count = 10;
    // They arrive by link b, whatever becomes of link a.
    const ask = async () => {
      for (
        const [source, destination] of [["203.0.113.9", "198.51.100.1"], ["2001:db8:9::9", "2001:db8:b::1"]] as const
      ) {
        const { sent } = await forge([source, 4000], [destination, PORT], { host: steady, size: 100, count });
        assert.equal(sent, count);
      }
    };
    await withTarget(async (server) => {
      await whileSteady(async () => {
        const expected: Record<string, number> = {};
        for (const [fault, error, from, to] of FAULTS) {
          target.run(from);
          try {
            await ask();
            expected[error] = (expected[error] ?? 0) + 2 * count;
            const failed = await until(async () => {
              const { failed_by_errno } = await server.summary();
              return (failed_by_errno[error] ?? 0) >= expected[error]! && failed_by_errno;
            }, `${2 * count} failures by ${error}: ${fault}`);
            assert.deepEqual(failed, expected, fault);
          } finally {
            target.run(to);
          }
          const before = await server.summary();
          await ask();
          await until(
            async () => (await server.summary()).echoed >= before.echoed + 2 * count,
            `echoes after: ${fault}`,
          );
          assert.deepEqual((await server.summary()).failed_by_errno, expected, `after: ${fault}`);
        }
      });
    });
  });

  test("a device without checksum offload, which takes no trains", { ...LONG, skip: missing("ethtool") }, async () => {
    target.run("ethtool -K a tx off");
    try {
      const summary = await withTarget(async () => {
        await whileSteady(async () => {
          for (const address of ["192.0.2.1", "2001:db8::1"]) {
            await assertEchoed(address, PORT, { host: far, sizes: [1000, 1, 0, 1400], count: 2000, window: 64 });
          }
        });
      });
      assert.equal(summary.failed, 0);
    } finally {
      target.run("ethtool -K a tx on");
    }
  });

  test("clients that vanish: storms of ICMP errors concern nobody else", LONG, async () => {
    // Far answers replies to closed ports, to hosts that it does not reach, and those whose time to live is over.
    far.run(`
      sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
      sysctl -qw net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000
      ip route add unreachable 198.18.1.0/24
      ip -6 route add unreachable 2001:db8:1:1::/64
      ip route add prohibit 198.18.3.0/24
      ip -6 route add prohibit 2001:db8:1:3::/64
      ip route add 198.18.2.0/24 dev nowhere
      ip -6 route add 2001:db8:1:2::/64 dev nowhere
    `);
    target.run(`
      sysctl -qw net.ipv4.icmp_ratelimit=0
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
      const { failed, refused } = await withTarget(async () => {
        await whileSteady(async () => {
          for (const [source, destination] of sources) {
            const { sent } = await forge([source, 4000], [destination, PORT], { host: far, size: 50, count, gap: 1 });
            assert.equal(sent, count);
          }
        });
      });
      assert.deepEqual({ failed, refused }, { failed: 0, refused: 0 });
      const storms = icmp().map((number, i) => number - before[i]!);
      assert.ok(storms.every((errors) => errors > count / 4), `ICMP errors that arrived: ${storms}`);
    } finally {
      target.run("ip route del 198.18.2.0/24; ip -6 route del 2001:db8:1:2::/64");
    }
  });

  test(
    "a smaller MTU on the way back, behind a router and on the own interface",
    { ...LONG, skip: noPython },
    async () => {
      // Questions come by link b, answers go by link a: large ones have to be cut up on the way.
      const client = await host();
      try {
        // client ── far ── target, where the link of the client is narrow, and client ── steady ── target for questions.
        join([client, "narrow"], [far, "narrow"]);
        join([client, "wide"], [steady, "wide"]);
        for (const [on, device, net] of [[client, "narrow", 2], [client, "wide", 2]] as const) {
          const name = device === "narrow" ? "1" : "2";
          on.addAddress(`10.0.${name}.${net}/24`, device);
          on.addAddress(`fd00:${name}::${net}/64`, device);
        }
        far.addAddress("10.0.1.1/24", "narrow");
        far.addAddress("fd00:1::1/64", "narrow");
        steady.addAddress("10.0.2.1/24", "wide");
        steady.addAddress("fd00:2::1/64", "wide");
        for (const address of ["10.0.9.9/32", "fd00:9::9/128", "10.0.9.8/32", "fd00:9::8/128"]) {
          client.addAddress(address, "lo");
        }
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
          assertEchoed(address, PORT, {
            host: client,
            source,
            sizes: [1000, 1400, 5000, 30_000],
            count: 40,
            window: 4,
          });
        const train = Uint8Array.from({ length: 40 * 1400 }, (_, i) => i % 251);
        const assertTrain = async (address: string, source: string) => {
          const answers = await ask(address, PORT, train, { host: client, source, segment: 1400, wait: 400 });
          assert.ok(Buffer.concat(answers.map(({ payload }) => payload)).equals(train), `train from ${address}`);
        };
        const summary = await withTarget(async () => {
          await whileSteady(async () => {
            // Behind a router: IPv4 replies may be cut up there.
            await echoed("198.51.100.1", "10.0.9.9");
            // No router cuts up IPv6. It says so of the first reply that is too large, and the kernel learns.
            const first = await send("2001:db8:b::1", PORT, {
              host: client,
              source: "fd00:9::9",
              sizes: [1400],
              timeout: 300,
            });
            assert.equal(first.received, 0);
            await echoed("2001:db8:b::1", "fd00:9::9");
            // The same for a train of replies.
            const window = { host: client, source: "fd00:9::8", sizes: [1400], count: 32, window: 32, timeout: 300 };
            await send("2001:db8:b::1", PORT, window);
            await assertEchoed("2001:db8:b::1", PORT, window);
            await assertEchoed("198.51.100.1", PORT, { ...window, source: "10.0.9.8" });
          });
          // On the own interface.
          target.run("ip link set dev a mtu 1280");
          await whileSteady(async () => {
            await echoed("198.51.100.1", "10.0.9.9");
            await echoed("2001:db8:b::1", "fd00:9::9");
            await assertTrain("198.51.100.1", "10.0.9.8");
            await assertTrain("2001:db8:b::1", "fd00:9::8");
          });
        }, 2 * 39);
        assert.equal(summary.failed, 0);
      } finally {
        target.run("ip link set dev a mtu 1500");
        await client.remove();
      }
    },
  );
});

describe("buffers", { skip }, () => {
  test("receive queue overflow: what the kernel drops is counted, and echoes resume", LONG, async (t) => {
    const [stopped, count] = FULL ? [2000, 60_000] : [300, 30_000];
    const summary = await withTarget(async (server) => {
      await assertEchoed("198.51.100.1", PORT, { host: steady });
      server.signal("SIGSTOP");
      await Promise.all([
        sleep(stopped),
        forge(["203.0.113.9", 4000], ["192.0.2.1", PORT], { host: far, size: 20, count }),
        forge(["2001:db8:9::9", 4000], ["2001:db8::1", PORT], { host: far, size: 20, count }),
      ]);
      server.signal("SIGCONT");
      const start = performance.now();
      await until(async () => {
        return (await send("198.51.100.1", PORT, { host: steady, timeout: 10 })).received > 0;
      }, "echo");
      const ms = performance.now() - start;
      // The promise is 100 ms. Test machines are shared and slow, so that only what hangs is told apart here.
      t.diagnostic(`${RUNTIME}: echoed again ${ms.toFixed(0)} ms after it was continued`);
      assert.ok(ms < 1000, `${ms} ms`);
      await received(server, 2 * count);
    });
    assert.ok(summary.dropped_by_kernel > count / 2, `${summary.dropped_by_kernel} dropped`);
  });

  test("send buffer filled by a slow way out: the others are answered", { ...LONG, skip: missing("tc") }, async () => {
    // Ends of far: their questions come by link a, and many more of them than can be answered there.
    const one = ["203.0.113.9"];
    const two = ["203.0.113.9", "2001:db8:9::9"];
    const many = Array.from({ length: 12 }, (_, i) => `203.0.113.${i + 100}`);
    for (const address of many) far.addAddress(`${address}/32`, "lo");
    target.run("tc qdisc add dev a root tbf rate 1mbit burst 10kb limit 50mb");
    try {
      for (const [size, sources] of [[1400, one], [700, two], [1400, many], [9000, two]] as const) {
        const { failed_by_errno } = await withTarget(async () => {
          await whileSteady(async () => {
            // Not so many that the receive buffer overflows.
            const [window, timeout, sockets] = size > 2000 ? [8, 20, 4] : [64, 50, Math.ceil(24 / sources.length)];
            const hog = { host: far, sizes: [size], window, timeout, duration: 800 };
            await Promise.all(sources.map((source) => {
              return send(source.includes(":") ? "2001:db8::1" : "192.0.2.1", PORT, { ...hog, source, sockets });
            }));
          }, { sizes: [100, 1400, 9000] });
        });
        // What could not be sent is counted.
        assert.deepEqual(Object.keys(failed_by_errno), ["EAGAIN"], `${size} bytes from ${sources}`);
      }
    } finally {
      target.run("tc qdisc del dev a root");
    }
  });

  test("send buffer filled by replies to neighbours that are not there", LONG, async () => {
    await withTarget(async () => {
      await Promise.all([
        whileSteady(() => sleep(1200)),
        forge(["192.0.2.128/25", "random"], ["192.0.2.1", PORT], { host: far, size: 1400, count: 12_000, gap: 1 }),
      ]);
    });
  });
});

describe("standard streams", { skip: skip || missing("mkfifo") }, () => {
  test("standard output stalled, closed or full, standard error closed: every datagram is echoed", LONG, async () => {
    const fifo = joinPath(temporaryFolder(), "fifo");
    runSync(["mkfifo", fifo]);
    const stalled = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    const args = ["--log", "text", "--log-limit", "0"];
    const server = { program, args, host: target, port: PORT };
    try {
      for (const redirect of [`>${fifo}`, ">/dev/full", ">&-"]) {
        const { echoed, log_lines_dropped } = await withServer({ ...server, redirect }, () => {
          return whileSteady(() => sleep(250));
        });
        assert.ok(echoed > 100, `${echoed} echoed`);
        if (redirect === ">/dev/full") assert.equal(log_lines_dropped, echoed);
        // Where it is closed, the runtimes put /dev/null in its place.
        else assert.ok(redirect === ">&-" || log_lines_dropped > 0, redirect);
      }
      const silent = new Server(PORT, { ...server, args: ["--log", "json"], redirect: "2>&-" });
      try {
        await until(
          async () => (await send("198.51.100.1", PORT, { host: steady, timeout: 100 })).received > 0,
          "echo",
        );
        await whileSteady(() => sleep(300));
        await silent.stop();
      } finally {
        await silent.kill();
      }
    } finally {
      closeSync(stalled);
    }
  });
});

describe("IPv6", { skip }, () => {
  test("switched off before the start: IPv4 is answered", async () => {
    target.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    try {
      const summary = await withTarget(async (server) => {
        assert.match(server.readyLine, /listening on 0\.0\.0\.0:9000 \(IPv4,/);
        await whileSteady(() => sleep(100), { families: [4] });
      });
      assert.equal(summary.failed, 0);
    } finally {
      restoreIPv6();
    }
  });

  test("switched off while it runs, and on again", LONG, async () => {
    try {
      const { failed } = await withTarget(async () => {
        await whileSteady(async () => {
          await sleep(100);
          target.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
          await sleep(200);
          restoreIPv6();
          await sleep(100);
        }, { families: [4] });
        await whileSteady(() => sleep(100));
      });
      assert.equal(failed, 0);
    } finally {
      restoreIPv6();
    }
  });

  /** The kernel forgets the addresses when it is switched off. */
  function restoreIPv6(): void {
    target.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=0");
    for (const [address, device] of [["2001:db8::1/64", "a"], ["2001:db8:b::1/64", "b"], ["::1/128", "lo"]]) {
      target.run(`ip -6 address replace ${address} dev ${device} nodad`);
    }
    target.run(RESTORE_ROUTES);
  }
});

describe("a great many datagrams", { skip }, () => {
  const total = FULL ? 1_000_000 : 200_000;

  test(`${total} of random size and content, from many sockets: each comes back`, { timeout: 300_000 }, async (t) => {
    const start = performance.now();
    const summary = await withTarget(async () => {
      const sockets = 50;
      const results = await Promise.all(["198.51.100.1", "2001:db8:b::1"].map((address, seed) =>
        send(address, PORT, {
          host: steady,
          sizes: [...Array(63).fill("0-1472"), "0-65000"],
          sockets,
          window: 8,
          count: total / 2 / sockets,
          timeout: 2000,
          seed: seed + 1,
        })
      ));
      for (const { sent, mismatched, late, errors } of results) {
        assert.deepEqual({ sent, mismatched, late, errors }, { sent: total / 2, mismatched: 0, late: 0, errors: {} });
      }
      missingEchoes = results.reduce((sum, { missing }) => sum + missing, 0);
    });
    t.diagnostic(`${RUNTIME}: ${((performance.now() - start) / 1000).toFixed(1)} s, ${missingEchoes} echoes missing`);
    assert.equal(missingEchoes, summary.dropped_by_kernel);
    assert.equal(summary.received + summary.dropped_by_kernel, total);
    assert.equal(summary.failed, 0);
  });

  let missingEchoes = 0;
});
