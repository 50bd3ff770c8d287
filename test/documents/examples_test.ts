/** The examples, each asked by a real client on several local addresses. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Host, host, join as plug, noHosts } from "../support/hosts.ts";
import { LONG, missing, Process, run } from "../support/process.ts";
import { commandLine, freePort, ROOT } from "../support/server.ts";
import { fenceWith } from "./markdown.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6");
/** Local addresses of every host. */
const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.255.255.254", ...noIPv6 ? [] : ["::1"]];

/** Runs an example while `use` works with it. */
async function withExample(name: string, use: (port: number, example: Process) => Promise<void>): Promise<void> {
  const port = await freePort();
  const example = new Process(commandLine(`examples/${name}.ts`, [String(port)]));
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
  assert.deepEqual(files, ["dns.ts", "sntp.ts", "stun.ts", "syslog.ts"]);
  for (const file of files) {
    const lines = readFileSync(join(ROOT, "examples", file), "utf8").split("\n").length - 1;
    assert.ok(lines < 120, `${file} has ${lines} lines`);
  }
});

describe("the DNS server, asked by dig", { skip: missing("dig") }, () => {
  const dig = (port: number, address: string, ...query: string[]) =>
    ask(["dig", `@${address}`, "-p", String(port), "+tries=1", "+timeout=5", "+norecurse", ...query]);

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
        const answer = await ask(client.command(["dig", `@${address}`, "+short", "+tries=1", "here.test", type]));
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

describe("the SNTP server, asked by chronyd", { skip: missing("chronyd") }, () => {
  test("gives the time of this host", LONG, async () => {
    await withExample("sntp", async (port) => {
      for (const address of ADDRESSES) {
        const source = `server ${address} port ${port} iburst maxsamples 1`;
        const said = await ask(["chronyd", "-U", "-Q", "-t", "8", "-f", "/dev/null", source]);
        const [, offset] = /System clock wrong by (-?[0-9.]+) seconds/.exec(said) ?? [];
        assert.ok(Math.abs(Number(offset)) < 0.1, said);
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
