/** The probe against servers that do not know their local address, in every language at hand. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { noCompiler, send } from "../support/client.ts";
import { LONG, missing, Process, run, runSync, temporaryFolder, until, which } from "../support/process.ts";
import { probe, type TargetSummary } from "../support/probe.ts";
import { describeNetwork, FAST, SERVER, SERVER_IPV6 } from "../support/probe_network.ts";
import { commandLine, RUNTIME } from "../support/server.ts";

describeNetwork("probe, and servers that do not know their local address", import.meta.url, (network) => {
  const one = (args: string[]): Promise<TargetSummary> => network.one(args);

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
        const seen = (await send(address, port, { host: network.client, count: 1, timeout: 1000 })).received === 1;
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
  const interpreter = (name: "Bun" | "Deno") => RUNTIME === name ? process.execPath : which(name.toLowerCase());
  const [deno, bun] = [interpreter("Deno"), interpreter("Bun")];
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
      const naive = new Process(network.server.command(alone), { env: { ...process.env, HOME: folder } });
      try {
        await until(
          () => network.server.run(`ss -Huln sport = :${port}`) !== "",
          `${name} on port ${port}: ${naive.stderr}`,
        );
        assert.deepEqual(await assertVerdicts(port, SERVER.slice(0, 2)), ["ok", "wrong_source"]);
      } finally {
        await naive.kill();
      }
    });
  });

  test("Python, with IPv6", { skip: missing("python3") }, async () => {
    const naive = new Process(network.server.command([
      "python3",
      "-c",
      `import socket\ns = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\ns.bind(("", 9200))\n` +
      "while True: s.sendto(*s.recvfrom(65536))",
    ]));
    try {
      await until(() => network.server.run("ss -Huln sport = :9200") !== "", "a socket at port 9200");
      const verdicts = await assertVerdicts(9200, SERVER_IPV6);
      assert.deepEqual(verdicts.sort(), ["ok", "wrong_source"]);
    } finally {
      await naive.kill();
    }
  });

  test("one that answers from another port", { skip: missing("python3") }, async () => {
    const naive = new Process(network.server.command([
      "python3",
      "-c",
      "import socket\ns, t = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2))\n" +
      's.bind(("", 9201))\nt.bind(("", 9202))\nwhile True: t.sendto(*s.recvfrom(65536))',
    ]));
    try {
      await until(() => network.server.run("ss -Huln sport = :9201") !== "", "a socket at port 9201");
      const { verdict, explanation } = await one([`${SERVER[0]}:9201`]);
      assert.equal(verdict, "wrong_source");
      assert.match(explanation!, /:9201 answered from port 9202/);
      const sized = await run(
        network.client.command(commandLine("src/main.ts", ["probe", `${SERVER[0]}:9201`, "--mtu", "--json"])),
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
      const naive = new Process(network.server.command([
        "python3",
        "-c",
        `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("", 9204))\n` +
        "while True: s.sendto(*s.recvfrom(65536))",
      ]));
      try {
        await until(() => network.server.run("ss -Huln sport = :9204") !== "", "a socket at port 9204");
        const { targets } = await probe([`${SERVER[1]}:9204`, SERVER[1], ...FAST], { host: network.client });
        assert.deepEqual(targets.map(({ verdict }) => verdict), ["wrong_source", "ok"]);
        assert.match(targets[0]!.explanation!, /^198\.51\.100\.3:9204 answered from 198\.51\.100\.2:9204: /);
      } finally {
        await naive.kill();
      }
    },
  );

  test("a connected socket sees silence", { skip: missing("python3") }, async () => {
    const naive = new Process(network.server.command([
      "python3",
      "-c",
      `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(("", 9203))\n` +
      "while True: s.sendto(*s.recvfrom(65536))",
    ]));
    try {
      await until(() => network.server.run("ss -Huln sport = :9203") !== "", "a socket at port 9203");
      const args = [`${SERVER[0]}:9203`, `${SERVER[1]}:9203`, "--timeout", "1s", ...FAST];
      const unconnected = await probe(args, { host: network.client });
      assert.deepEqual(unconnected.targets.map(({ verdict }) => verdict), ["ok", "wrong_source"]);
      const connected = await probe([...args, "--connected"], { host: network.client });
      assert.deepEqual(connected.targets.map(({ verdict }) => verdict), ["ok", "no_answer"]);
      assert.match(connected.targets[1]!.explanation!, /without --connected/);
    } finally {
      await naive.kill();
    }
  });
});
