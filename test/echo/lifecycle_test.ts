/** Start, stop and signals. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { assertEchoed, noCompiler, noPython, send, Stream } from "../support/client.ts";
import { LONG, missing, timeLimit, until } from "../support/process.ts";
import { readThreads, targetsOf } from "../support/proc.ts";
import { assertLaw, freePort, readSummary, RUNTIME, serve, Server, withServer } from "../support/server.ts";

/** The promise is 250 ms. Test machines are shared and slow, so this limit only detects a stop that hangs. */
const STOP_MS = 1000;

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

describe("start and stop", { skip: noCompiler }, () => {
  test("a datagram sent on the ready line is answered", async () => {
    for (let i = 0; i < 3; i++) {
      await withServer({ args: ["-q"] }, async (server) => {
        await assertEchoed("127.0.0.1", server.port);
        assert.equal(server.stderr, `${server.readyLine}\n`);
      });
    }
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} stops an idle server, which sums up`, async (t) => {
      const server = await serve({});
      await assertEchoed("127.0.0.1", server.port, { count: 3 });
      const { code, signal: by, stderr, ms } = await server.endBy(signal);
      t.diagnostic(`${RUNTIME}: stopped by ${signal} in ${ms.toFixed(0)} ms, idle`);
      assert.deepEqual({ code, by }, { code: 0, by: null });
      assert.ok(ms < timeLimit(STOP_MS), `took ${ms} ms`);
      const [ready, heading, ...rows] = stderr.split("\n");
      assert.equal(ready, server.readyLine);
      assert.match(heading ?? "", new RegExp(`^stopped by ${signal} after \\d+\\.\\d s$`));
      assert.deepEqual(rows, [
        "  received               3",
        "  echoed                 3",
        "  refused                0",
        "  failed                 0",
        "  dropped by kernel      0",
        "  log lines dropped      0",
        "",
      ]);
      assertLaw(readSummary("", stderr));
    });
  }

  test("a signal stops a server under full load", LONG, async (t) => {
    const begin = performance.now();
    const server = await serve({ args: ["--log-limit", "0"] });
    const ready = performance.now();
    const load = { sockets: 8, window: 64, timeout: timeLimit(200) };
    const loads = ["127.0.0.1", "::1"].map((address) => new Stream(address, server.port, load));
    try {
      const logged = (to: string) => server.lines.filter((line) => line.includes(`-> ${to}:`)).length;
      await server.waitFor(() => logged("127.0.0.1") > 100 && logged("[::1]") > 100, "load from both addresses");
      const least = performance.now() - ready;
      const { code, signal, stdout, stderr, ms } = await server.endBy("SIGTERM");
      const most = performance.now() - begin;
      t.diagnostic(`${RUNTIME}: stopped by SIGTERM in ${ms.toFixed(0)} ms, under load`);
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
      assert.ok(ms < timeLimit(STOP_MS), `took ${ms} ms`);
      for (const { received, mismatched } of await Promise.all(loads.map((load) => load.stop()))) {
        assert.ok(received > 100, `${received} echoes`);
        assert.equal(mismatched, 0);
      }
      const summary = readSummary(stdout, stderr);
      assertLaw(summary);
      assert.ok(summary.echoed > 200, JSON.stringify(summary));
      // The text has tenths of a second.
      const { seconds } = summary;
      assert.ok(seconds >= least / 1000 - 0.05 && seconds <= most / 1000 + 0.05, `${seconds} s`);
    } finally {
      await Promise.all([server, ...loads].map((each) => each.kill()));
    }
  });

  test("--log json: the summary is one line of JSON on standard output", async () => {
    const server = await serve({ args: ["--log", "json"] });
    await assertEchoed("127.0.0.1", server.port, { count: 2 });
    const { stdout, stderr } = await server.endBy("SIGTERM");
    const { seconds, time, ...summary } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    assert.deepEqual(summary, {
      event: "summary",
      final: true,
      received: 2,
      echoed: 2,
      refused: 0,
      failed: 0,
      dropped_by_kernel: 0,
      log_lines_dropped: 0,
      refused_by_reason: {},
      failed_by_errno: {},
    });
    assert.ok(seconds > 0 && seconds < 60, `${seconds} s`);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
    assert.doesNotMatch(stderr, /received/);
  });

  test("two signals at once: exit code 0", async () => {
    const server = await serve({});
    server.signal("SIGINT");
    server.signal("SIGTERM");
    const { code, signal } = await server.end();
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  });

  for (const [state, redirect] of [["closed", "2>&-"], ["full", "2>/dev/full"]] as const) {
    test(`standard error ${state}: it serves and stops`, async () => {
      const port = await freePort();
      const server = new Server(port, { args: ["--log", "json"], redirect });
      try {
        await until(async () => {
          assert.ok(server.running, "the server has ended");
          return (await send("127.0.0.1", port, { timeout: 50 })).received === 1;
        }, "echo");
        assert.ok((await server.stop()).echoed >= 1);
        assert.equal(server.stderr, "");
      } finally {
        await server.kill();
      }
    });
  }
});

describe("while it runs", { skip: noCompiler }, () => {
  let server: Server;
  let sent = 0;
  const echoed = async () => {
    const result = await assertEchoed("127.0.0.1", server.port, { count: 10 });
    sent += result.sent;
  };

  before(async () => {
    server = await serve({ args: ["--quiet"] });
  });
  after(() => server?.kill());

  test("SIGUSR2 prints the summary so far, and it goes on", async () => {
    for (let i = 0; i < 3; i++) {
      await echoed();
      assert.equal((await server.summary()).echoed, sent);
    }
    await echoed();
  });

  test("SIGPIPE does not end it", async () => {
    server.signal("SIGPIPE");
    // A server that handles a later signal has survived it.
    await server.summary();
    await echoed();
  });

  test("it is one process", () => {
    assert.equal(readThreads(server.pid, "children").join("").trim(), "");
  });

  test("traffic leaves no file open", LONG, async () => {
    await echoed();
    const before = openFiles(server.pid);
    const { sent: many } = await assertEchoed("::1", server.port, { sockets: 100, count: 100, window: 4 });
    sent += many;
    // A runtime may open a file of its own at any time.
    assert.ok(openFiles(server.pid) < before + 10, `${openFiles(server.pid)} files, ${before} before`);
  });

  test("SIGUSR1 is ignored, and opens no debugger", async () => {
    // Deno sets its own handler some time after its start.
    await until(async () => (await server.summary()).seconds > 0.7, "0.7 s since the start");
    for (let i = 0; i < 3; i++) server.signal("SIGUSR1");
    const ignored = BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]}`);
    assert.equal(ignored >> 9n & 1n, 1n, "SIGUSR1 is 10, and its bit is 9");
    // A server that handles a later signal has survived the earlier ones.
    await server.summary();
    const opened = targetsOf(server.pid);
    const LISTENING = "0A";
    const listening = ["tcp", "tcp6"].flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").split("\n"))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === LISTENING && opened.includes(`socket:[${inode}]`));
    assert.deepEqual(listening, []);
    await echoed();
  });

  test("everything is in the last summary", async () => {
    const { received, echoed } = await server.stop();
    assert.deepEqual({ received, echoed }, { received: sent, echoed: sent });
  });
});

describe("SIGHUP", { skip: noCompiler }, () => {
  // A process in a session of its own, without a terminal or with a new one.
  const session = (
    rest: string,
  ) => ["python3", "-c", `import os, pty, sys\nos.setsid()\n${rest}os.execvp(sys.argv[1], sys.argv[1:])`];
  const terminal = "keep, tty = pty.openpty()\nos.set_inheritable(keep, True)\nos.open(os.ttyname(tty), os.O_RDWR)\n";

  test("stops it as the other signals do if it has a terminal, which went away", { skip: noPython }, async () => {
    const server = await serve({ args: ["--quiet"], wrapper: session(terminal) });
    await assertEchoed("127.0.0.1", server.port);
    const { code, signal, stderr } = await server.endBy("SIGHUP");
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.match(stderr, /^stopped by SIGHUP after/m);
    assert.equal(readSummary("", stderr).echoed, 1);
  });

  test("is ignored without a terminal, as when logs are rotated", { skip: noPython }, async () => {
    const server = await serve({ args: ["--quiet"], wrapper: session("") });
    server.signal("SIGHUP");
    await assertEchoed("127.0.0.1", server.port);
    await server.summary();
    await assertEchoed("127.0.0.1", server.port);
    assert.equal((await server.stop("SIGTERM")).echoed, 2);
  });

  // Node.js restores the default disposition of every signal when it starts.
  test("under nohup it is ignored", { skip: missing("nohup") || RUNTIME === "Node" && "not on Node.js" }, async () => {
    const server = await serve({ args: ["--quiet"], wrapper: ["nohup"] });
    server.signal("SIGHUP");
    await assertEchoed("127.0.0.1", server.port);
    // A server that handles a later signal has ignored it.
    await server.summary();
    await assertEchoed("127.0.0.1", server.port);
    assert.equal((await server.stop("SIGTERM")).echoed, 2);
    assert.match(server.stderr, /^stopped by SIGTERM after/m);
  });
});
