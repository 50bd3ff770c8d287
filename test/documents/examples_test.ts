/** The examples, each asked by a real client on several local addresses. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Host, host, join as plug, noHosts } from "../support/hosts.ts";
import { LONG, missing, Process, run, temporaryFolder, until } from "../support/process.ts";
import { commandLine, freePort, ROOT, RUNTIME } from "../support/server.ts";
import { fenceWith } from "./markdown.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6");
/** Local addresses of every host. */
const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.255.255.254", ...noIPv6 ? [] : ["::1"]];

/** How an example runs: further arguments, on a host, on a port of its protocol. */
interface Setting {
  args?: string[];
  host?: Host;
  port?: number;
}

/** Runs an example while `use` works with it. */
async function withExample(
  name: string,
  use: (port: number, example: Process) => Promise<void>,
  { args = [], host, port = 0 }: Setting = {},
): Promise<void> {
  port ||= await freePort();
  const runtimeOptions = RUNTIME === "Deno" && name === "tftp" ? ["--allow-ffi", "--allow-read"] : undefined;
  const command = commandLine(`examples/${name}.ts`, [String(port), ...args], runtimeOptions);
  const example = new Process(host?.command(command) ?? command);
  try {
    await example.waitFor(() => example.stdout.includes(`:${port}\n`), "ready line");
    await use(port, example);
    assert.equal(example.stderr, "");
  } finally {
    await example.kill();
  }
}

/** Runs a client, which must end well, and returns what it says. */
async function ask(command: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command);
  assert.equal(code, 0, `${command.join(" ")}: ${stdout}${stderr}`);
  return stdout + stderr;
}

test("each is below 120 lines", () => {
  const files = readdirSync(join(ROOT, "examples")).sort();
  assert.deepEqual(files, [
    "dhcp.ts",
    "dns.ts",
    "dns_forwarder.ts",
    "mdns.ts",
    "sntp.ts",
    "stun.ts",
    "syslog.ts",
    "tftp.ts",
  ]);
  for (const file of files) {
    const lines = readFileSync(join(ROOT, "examples", file), "utf8").split("\n").length - 1;
    assert.ok(lines < 120, `${file} has ${lines} lines`);
  }
});

describe("the DNS server, asked by dig", { skip: missing("dig") }, () => {
  const dig = (port: number, address: string, ...query: string[]) =>
    ask(["dig", `@${address}`, "-p", String(port), "+tries=1", "+timeout=30", "+norecurse", ...query]);

  test("says at which address it was asked", async () => {
    await withExample("dns", async (port) => {
      for (const address of ADDRESSES) {
        const type = address.includes(":") ? "AAAA" : "A";
        assert.equal((await dig(port, address, "+short", "here.test", type)).trim(), address);
        const other = type === "A" ? "AAAA" : "A";
        const answer = await dig(port, address, "Here.TEST", other);
        assert.match(answer, /status: NOERROR[^]*flags: qr aa; QUERY: 1, ANSWER: 0/);
      }
    });
  });

  test("as docs/library.md shows", async () => {
    await withExample("dns", async (port) => {
      const [, ...asked] = fenceWith("docs/library.md", "$ dig").split("$ dig ");
      for (const lines of asked) {
        const [args = "", ...shown] = lines.replaceAll("5300", String(port)).trim().split("\n");
        assert.equal((await ask(["dig", ...args.split(" ")])).trim(), shown.join("\n"));
      }
    });
  });

  test("on every address of a host with several", { ...LONG, skip: noHosts }, async () => {
    const hosts: Host[] = await Promise.all([host(), host()]);
    const [client, target] = hosts as [Host, Host];
    let server: Process | undefined;
    try {
      plug([client, "eth0"], [target, "eth0"]);
      for (const address of ["192.0.2.100/24", "2001:db8::100/64"]) client.addAddress(address, "eth0");
      const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.77", "2001:db8::1", "2001:db8::2"];
      for (const address of addresses) target.addAddress(`${address}${address.includes(":") ? "/64" : "/24"}`, "eth0");
      server = new Process(target.command(commandLine("examples/dns.ts", [])));
      await server.waitFor(() => server!.stdout.endsWith(":53\n"), "ready line");
      for (const address of addresses) {
        const type = address.includes(":") ? "AAAA" : "A";
        const answer = await ask(
          client.command(["dig", `@${address}`, "+short", "+tries=1", "+timeout=30", "here.test", type]),
        );
        assert.equal(answer.trim(), address);
      }
    } finally {
      await server?.kill();
      for (const host of hosts) await host.remove();
    }
  });

  test("refuses other names, and does not understand what is no query", async () => {
    await withExample("dns", async (port) => {
      assert.match(await dig(port, "127.0.0.2", "example.org", "A"), /status: REFUSED/);
      assert.match(await dig(port, "127.0.0.2", "here.test", "CH", "A"), /status: REFUSED/);
      assert.match(await dig(port, "127.0.0.2", "+opcode=STATUS", "here.test", "A"), /status: NOTIMP/);
      assert.match(await dig(port, "127.0.0.2", "+header-only"), /status: FORMERR/);
    });
  });
});

describe("the DNS forwarder, asked by dig", { skip: missing("dig") }, () => {
  test("gives the answers of another server", async () => {
    await withExample("dns", async (upstream) => {
      await withExample("dns_forwarder", async (port) => {
        for (const address of ADDRESSES) {
          const queries = Array.from({ length: 20 }, () => ["here.test", "A"]).flat();
          const said = await ask(["dig", `@${address}`, "-p", `${port}`, "+short", "+timeout=30", ...queries]);
          assert.equal(said, "127.0.0.3\n".repeat(20));
        }
      }, { args: ["127.0.0.3", `${upstream}`] });
    });
  });
});

describe("the SNTP server, asked by chronyd", { skip: missing("chronyd") }, () => {
  test("gives the time of this host", LONG, async () => {
    await withExample("sntp", async (port) => {
      for (const address of ADDRESSES) {
        const source = `server ${address} port ${port} iburst maxsamples 1`;
        // Half of a round trip that takes long one way is an error of the measurement.
        await until(async () => {
          const said = await ask(["chronyd", "-U", "-Q", "-t", "30", "-f", "/dev/null", source]);
          const [, offset] = /System clock wrong by (-?[0-9.]+) seconds/.exec(said) ?? [];
          assert.ok(Math.abs(Number(offset)) < 5, said);
          return Math.abs(Number(offset)) < 0.1;
        }, "an offset below 0.1 s");
      }
    });
  });
});

describe("the syslog receiver, sent to by logger", { skip: missing("logger") }, () => {
  test("notes the local address and the interface of each line", async () => {
    await withExample("syslog", async (port, example) => {
      for (const [i, address] of ADDRESSES.entries()) {
        const peer = address.includes(":") ? "::1" : "127.0.0.1";
        const to = ["--server", address, "--port", String(port), "--udp"];
        await ask(["logger", ...to, "--rfc3164", "--priority", "local0.err", `old ${i}`]);
        await ask(["logger", ...to, "--rfc5424", "--priority", "daemon.info", `new ${i}\u001b[2J`]);
        const head = `${peer} -> ${address} (lo) `.replaceAll(/[.()]/g, "\\$&");
        for (const line of [`${head}16.error: .* old ${i}\n`, `${head}3.info: 1 .* new ${i}\\?\\[2J\n`]) {
          await example.waitFor(() => new RegExp(line).test(example.stdout), line);
        }
      }
    });
  });
});

describe("the TFTP server", LONG, () => {
  const folder = temporaryFolder();
  const files = { big: randomBytes(70_000), whole: randomBytes(1024), empty: Buffer.alloc(0) };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const copy = join(folder, "copy");

  /** Clients, as commands that fetch a file to `copy`. */
  const clients: Record<string, (address: string, port: number, file: string) => string[]> = {
    curl: (address, port, file) => {
      const server = address.includes(":") ? `[${address}]` : address;
      return ["curl", "--silent", "--fail", "--output", copy, `tftp://${server}:${port}/${file}`];
    },
    tftp: (address, port, file) => ["tftp", "-m", "binary", address, `${port}`, "-c", "get", file, copy],
    atftp: (address, port, file) => {
      const options = file === "big" ? ["--option", "blksize 1428", "--option", "tsize 0"] : [];
      return ["atftp", ...options, "--get", "--remote-file", file, "--local-file", copy, address, `${port}`];
    },
  };
  for (const [client, command] of Object.entries(clients)) {
    test(`sends files: asked by ${client}`, { skip: missing(client) }, async () => {
      await withExample("tftp", async (port) => {
        for (const address of ADDRESSES) {
          for (const [name, content] of Object.entries(files)) {
            // curl makes no empty file.
            if (client === "curl" && name === "empty") continue;
            await ask(command(address, port, name));
            assert.equal(Buffer.compare(readFileSync(copy), content), 0, `${name} of ${address}`);
          }
        }
      }, { args: [folder] });
    });
  }

  test("tells that there is no such file: asked by curl", { skip: missing("curl") }, async () => {
    await withExample("tftp", async (port) => {
      for (const file of ["none", "../none"]) {
        const { code } = await run(["curl", "--silent", "--path-as-is", `tftp://127.0.0.2:${port}/${file}`]);
        assert.ok(code === 68 || code === 69 || code === 71, `curl ends with ${code}`);
      }
    }, { args: [folder] });
  });
});

/** Whether Debian's python3, which may not be the first in the path, has the module. */
const noZeroconf = !existsSync("/usr/bin/python3") ||
  (await run(["/usr/bin/python3", "-c", "import zeroconf"])).code !== 0;

const NETWORKS = ["192.0.2", "198.51.100"];

describe("servers of hosts", { ...LONG, skip: noHosts }, () => {
  /** Makes a server and two clients, each on a network of its own. */
  async function withHosts(use: (server: Host, clients: readonly Host[]) => Promise<void>): Promise<void> {
    const [server, ...clients] = await Promise.all([host(), host(), host()]);
    try {
      for (const [i, client] of clients.entries()) {
        plug([server, `eth${i}`], [client, "eth0"]);
        server.addAddress(`${NETWORKS[i]}.1/24`, `eth${i}`);
      }
      await use(server, clients);
    } finally {
      await Promise.all([server, ...clients].map((each) => each.remove()));
    }
  }

  test("mDNS: a name is the address of the interface, asked by zeroconf", {
    skip: noZeroconf && "needs python3-zeroconf",
  }, async () => {
    await withHosts(async (server, clients) => {
      clients.forEach((client, i) => client.addAddress(`${NETWORKS[i]}.9/24`, "eth0"));
      const program = `
import sys, socket
from zeroconf import Zeroconf, DNSOutgoing, DNSQuestion, const, current_time_millis
import time
zeroconf = Zeroconf(interfaces=[sys.argv[1]])
for attempt in range(20):
    out = DNSOutgoing(const._FLAGS_QR_QUERY)
    question = DNSQuestion("here.local.", const._TYPE_A, const._CLASS_IN)
    question.unicast = sys.argv[2] == "unicast"
    out.add_question(question)
    zeroconf.send(out)
    time.sleep(0.1)
    record = zeroconf.cache.get_by_details("here.local.", const._TYPE_A, const._CLASS_IN)
    if record is not None:
        print(socket.inet_ntoa(record.address), record.ttl)
        break
zeroconf.close()
`;
      await withExample("mdns", async () => {
        for (const way of ["multicast", "unicast"]) {
          for (const [i, client] of clients.entries()) {
            const said = await ask(
              client.command(["/usr/bin/python3", "-c", program, `${NETWORKS[i]}.9`, way]),
            );
            assert.equal(said, `${NETWORKS[i]}.1 120\n`);
          }
        }
      }, { host: server, port: 5353, args: ["eth0", "eth1"] });
    });
  });

  test("mDNS: also for clients without mDNS, asked by dig", { skip: missing("dig") }, async () => {
    await withHosts(async (server, [client]) => {
      client!.addAddress("192.0.2.9/24", "eth0");
      await withExample("mdns", async () => {
        const dig = ["dig", "+short", "+tries=1", "-p", "5353", "here.local", "@192.0.2.1"];
        assert.equal(await ask(client!.command(dig)), "192.0.2.1\n");
      }, { host: server, port: 5353, args: ["eth0"] });
    });
  });

  test("DHCP: a lease in the network of each interface, asked by udhcpc", { skip: missing("udhcpc") }, async () => {
    await withHosts(async (server, clients) => {
      await withExample("dhcp", async (_, example) => {
        const script = join(temporaryFolder(), "script");
        const report = 'test "$1" != bound || echo "leased $ip mask $subnet router $router for $lease from $serverid"';
        writeFileSync(script, `#!/bin/sh\n${report}\n`, { mode: 0o755 });
        const ask = ["udhcpc", "--interface", "eth0", "--foreground", "--now", "--quit", "--script", script];
        for (const [i, client] of clients.entries()) {
          const router = `${NETWORKS[i]}.1`;
          const { stdout, stderr } = await run(client.command(ask));
          const leased = `leased ${NETWORKS[i]}.100 mask 255.255.255.0 router ${router} for 3600 from ${router}`;
          assert.ok(stdout.includes(leased), stdout + stderr);
          await example.waitFor(() => example.stdout.includes(`on eth${i}\n`), "line of the lease");
        }
      }, { host: server, port: 67 });
    });
  });
});

describe("the STUN server", () => {
  test(
    "tells the peer's address: asked by turnutils_stunclient",
    { skip: missing("turnutils_stunclient") },
    async () => {
      await withExample("stun", async (port) => {
        for (const address of ADDRESSES) {
          const peer = address.includes(":") ? "::1" : "127.0.0.1";
          const said = await ask(["turnutils_stunclient", "-p", String(port), address]);
          assert.ok(said.includes(`UDP reflexive addr: ${peer}:`), said);
        }
      });
    },
  );

  test("tells it to clients of RFC 3489: asked by stun", { ...LONG, skip: missing("stun") }, async () => {
    await withExample("stun", async (port) => {
      // Its exit code is the kind of NAT.
      const { stdout, stderr } = await run(["stun", "-v", `127.0.0.1:${port}`, "1"]);
      assert.match(stdout + stderr, /mappedAddr=127\.0\.0\.1:[0-9]+/);
    });
  });
});
