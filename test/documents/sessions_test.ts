/** The commands in README.md and docs/ work, and the program prints what they show. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, describe, test } from "node:test";
import { type Summary, summaryText } from "../../src/echo/counters.ts";
import { SERVICE_PORTS } from "../../src/socket/service_ports.ts";
import { type Host, host, noHosts } from "../support/hosts.ts";
import { publicCommand } from "../support/privilege.ts";
import { LONG, missing, Process, run, runSync, until } from "../support/process.ts";
import { freePort, runProgram, RUNTIME, serve, type Server, withServer } from "../support/server.ts";
import { fencesOf, fenceWith } from "./markdown.ts";
import { form, jsonForm } from "./form.ts";

const program = "echo.ts";

/** Sends datagrams to a local address, and waits for nothing. */
async function sendTo(address: string, port: number, payload: string, count = 1): Promise<void> {
  const socket = createSocket("udp4");
  for (let i = 0; i < count; i++) await new Promise((sent) => socket.send(payload, port, address, sent));
  socket.close();
}

describe("README.md", () => {
  /** The ports of the document, and those of the test: echo.ts, the ordinary server, and nothing. */
  const ports = new Map<string, string>();
  const withPorts = (text: string) => text.replaceAll(/\b900[012]\b/g, (port) => ports.get(port)!);
  let ordinary: Process | undefined;
  let server: Server | undefined;

  before(async () => {
    for (const port of ["9000", "9001", "9002"]) ports.set(port, String(await freePort()));
    server = await serve({ program, port: Number(ports.get("9000")) });
    if (missing("python3", "ss")) return;
    ordinary = new Process(["sh", "-c", `exec ${withPorts(fenceWith("README.md", "server.bind"))}`]);
    await until(() => runSync(["ss", "-Huln", `sport = :${ports.get("9001")}`]) !== "", "ordinary server");
  });
  after(async () => {
    await server?.kill();
    await ordinary?.kill();
  });

  const starts = fencesOf("README.md", "sh").map(({ text }) => text)
    .filter((text) => new RegExp(`^${RUNTIME.toLowerCase()} .*echo\\.`).test(text));
  for (const line of starts) {
    test(line, async () => {
      const [command, ...args] = line.replace(/^.*?echo\.m?[tj]s/, "echo.ts").split(" ");
      assert.equal(command, "echo.ts");
      assert.equal(args.shift(), "9000");
      await withServer({ program, args }, () => {});
    });
  }
  test("shows how to start the server", () => assert.ok(starts.length >= 1));

  test("shows what the server prints", async () => {
    await sendTo("127.0.0.2", server!.port, "hello\n");
    await server!.waitFor(() => server!.stdout.includes("\n"), "line of the log");
    const shown = fenceWith("README.md", "listening on");
    assert.equal(form(withPorts(shown)), form(`${server!.readyLine}\n${server!.lines[0]}`));
  });

  test("nc gets its line back", { skip: missing("nc") }, async () => {
    const client = new Process(withPorts(fenceWith("README.md", "nc -u")).split(" "), { stdin: true });
    try {
      client.write("hello\n");
      await client.waitFor(() => client.stdout === "hello\n", "echo");
    } finally {
      await client.kill();
    }
  });

  test("the probe tells the servers apart", { ...LONG, skip: missing("python3", "ss") }, async () => {
    const [line = "", ...shown] = withPorts(fenceWith("README.md", "echo.ts probe ")).split("\n");
    const args = line.replace(/^.*echo\.ts /, "").split(" ");
    const { stdout } = await runProgram(args, { program });
    assert.equal(form(stdout), form(shown.join("\n")));
  });
});

describe("docs/server.md", () => {
  const shown = (text: string) => fenceWith("docs/server.md", text);

  test("shows lines of the log", async () => {
    for (const args of [[], ["--log", "json"]]) {
      await withServer({ program, args }, async (server) => {
        await sendTo("127.0.0.2", server.port, "hello");
        await server.waitFor(() => server.lines.length > 0, "line of the log");
        const line = server.lines[0]!.replaceAll(String(server.port), "9000");
        if (args.length === 0) assert.equal(form(line), form(shown("RECV")));
        else assert.equal(jsonForm(line), jsonForm(shown('"event":"echo"')));
      });
    }
  });

  test("shows the number of datagrams beyond the limit", async () => {
    await Promise.all(([["text", "LEFT OUT"], ["json", "left_out"]] as const).map(([format, expected]) => {
      const args = ["--log", format, "--log-limit", "1"];
      return withServer({ program, args }, async (server) => {
        await sendTo("127.0.0.2", server.port, "hello", 10);
        const line = await server.waitFor(() => server.lines.find((line) => line.includes(expected)), expected);
        assert.equal(jsonForm(line), jsonForm(shown(expected)));
      });
    }));
  });

  test("shows how refused datagrams are reported", async () => {
    for (const args of [[], ["--log", "json"]]) {
      await withServer({ program, args }, async (server) => {
        const socket = createSocket("udp4");
        for (const port of SERVICE_PORTS.keys()) {
          const bound = await new Promise((resolve) => {
            socket.once("error", () => resolve(false)).bind(port, "127.0.0.1", () => resolve(true));
          });
          if (bound) break;
        }
        socket.send("hello", server.port, "127.0.0.1");
        const report = () => /^.*refused: .*$/m.exec(server.stderr)?.[0] ?? /^.*"refused".*$/m.exec(server.stdout)?.[0];
        const line = await server.waitFor(report, "report");
        socket.close();
        assert.equal(jsonForm(line), jsonForm(shown(args.length === 0 ? "echo.ts: refused" : '"event":"refused"')));
      });
    }
  });

  test("shows the summary, in text and JSON", async () => {
    const { event: _event, time: _time, final: _final, ...summary }: Summary & Record<string, unknown> = JSON.parse(
      shown('"event":"summary"'),
    );
    assert.equal(shown("stopped by SIGINT"), `stopped by SIGINT after ${summary.seconds} s\n${summaryText(summary)}`);
    const server = await serve({ program, args: ["--log", "json"] });
    const { stdout } = await server.endBy("SIGINT");
    assert.deepEqual(Object.keys(JSON.parse(stdout)), Object.keys(JSON.parse(shown('"event":"summary"'))));
  });

  test("SIGUSR2 prints the summary, SIGUSR1 does nothing, and the server goes on", async () => {
    await withServer({ program }, async (server) => {
      server.signal("SIGUSR1");
      server.signal("SIGUSR2");
      await server.waitFor(() => /^running for .* s\n {2}received/m.test(server.stderr), "summary");
    });
  });
});

describe("docs/operations.md", () => {
  test("shows what a small receive buffer looks like", { skip: missing("setpriv") }, async () => {
    const wrapper = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    await withServer({ program, args: ["--buffer", "512M"], wrapper }, (server) => {
      const line = /^.*receive buffer.*$/m.exec(server.stderr)?.[0];
      assert.equal(jsonForm(line ?? ""), jsonForm(fenceWith("docs/operations.md", "receive buffer: ")));
    });
  });

  test("setpriv runs the server on port 7", { ...LONG, skip: noHosts || missing("setpriv") }, async () => {
    const alone: Host = await host();
    const [documented, start] = fenceWith("docs/operations.md", "setpriv").split(/(deno run .*)$/) as [string, string];
    assert.equal(start, "deno run --allow-ffi echo.ts 7");
    const words = documented.replaceAll("\\\n", " ").trim().split(/\s+/);
    const server = new Process(alone.command([...words, ...publicCommand(["7"])]), { env: { HOME: "/nonexistent" } });
    try {
      await server.waitFor(() => server.stderr.includes("listening on"), "ready line");
      const { stdout } = await run(alone.command(["grep", "CapEff", `/proc/${server.pid}/status`]));
      assert.match(stdout, /^CapEff:\s+0000000000000400$/m, "CAP_NET_BIND_SERVICE alone");
    } finally {
      await server.kill();
      await alone.remove();
    }
  });
});
