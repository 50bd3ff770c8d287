/** Start, stop and signals, and what the process costs while it only waits. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { assertEchoed, noCompiler, send } from "../support/client.ts";
import { LONG, missing, sleep, until } from "../support/process.ts";
import { assertLaw, freePort, PROGRAMS, readSummary, RUNTIME, serve, Server, withServer } from "../support/server.ts";

/** The promise is 250 ms. Test machines are shared and slow, so that only a stop that hangs is told apart here. */
const STOP_MS = 1000;

/** The idle CPU promised: 0.1 %. */
const IDLE_SHARE = 0.001;

/** Time on a CPU of all threads of a process so far, in milliseconds. */
function cpuTime(pid: number): number {
  // In nanoseconds, where /proc/PID/stat has ticks of 10 ms. See Documentation/scheduler/sched-stats.rst.
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, id) => {
    return sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  }, 0);
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

for (const program of PROGRAMS) {
  describe(`${program}: start and stop`, { skip: noCompiler }, () => {
    test("a datagram sent on the ready line is answered", async () => {
      for (let i = 0; i < 3; i++) {
        await withServer({ program, args: ["-q"] }, async (server) => {
          await assertEchoed("127.0.0.1", server.port);
          assert.equal(server.stderr, `${server.readyLine}\n`);
        });
      }
    });

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      test(`${signal} stops an idle server, which sums up`, async (t) => {
        const server = await serve({ program });
        await assertEchoed("127.0.0.1", server.port, { count: 3 });
        const { code, signal: by, stderr, ms } = await server.endBy(signal);
        t.diagnostic(`${RUNTIME}, ${program}: stopped by ${signal} in ${ms.toFixed(0)} ms, idle`);
        assert.deepEqual({ code, by }, { code: 0, by: null });
        assert.ok(ms < STOP_MS, `took ${ms} ms`);
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

      test(`${signal} stops a server under full load`, LONG, async (t) => {
        for (const args of [["--quiet"], ["--log-limit", "0"]]) {
          const server = await serve({ program, args });
          const load = { sockets: 8, window: 64, duration: 900, timeout: 200 };
          const loads = ["127.0.0.1", "::1"].map((address) => send(address, server.port, load));
          await sleep(500);
          const { code, signal: by, stdout, stderr, ms } = await server.endBy(signal);
          t.diagnostic(`${RUNTIME}, ${program}: stopped by ${signal} in ${ms.toFixed(0)} ms, under load, ${args}`);
          assert.deepEqual({ code, by }, { code: 0, by: null });
          assert.ok(ms < STOP_MS, `took ${ms} ms`);
          const summary = readSummary(stdout, stderr);
          assertLaw(summary);
          for (const { received, mismatched } of await Promise.all(loads)) {
            assert.ok(received > 100, `${received} echoes`);
            assert.equal(mismatched, 0);
          }
          assert.ok(summary.echoed > 200 && summary.seconds > 0.3, JSON.stringify(summary));
        }
      });
    }

    test("--log json: the summary is one line of JSON on standard output", async () => {
      const server = await serve({ program, args: ["--log", "json"] });
      await assertEchoed("127.0.0.1", server.port, { count: 2 });
      const { stdout, stderr } = await server.endBy("SIGTERM");
      const { seconds, ...summary } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
      assert.deepEqual(summary, {
        event: "summary",
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
      assert.doesNotMatch(stderr, /received/);
    });

    test("two signals at once do not make it end badly", async () => {
      const server = await serve({ program });
      server.signal("SIGINT");
      server.signal("SIGTERM");
      const { code, signal } = await server.end();
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
    });

    test("standard error closed: it serves and stops all the same", async () => {
      const port = await freePort();
      const server = new Server(port, { program, args: ["--log", "json"], redirect: "2>&-" });
      try {
        const echoed = () => send("127.0.0.1", port, { timeout: 500 }).then(({ received }) => received === 1);
        await until(echoed, "echo");
        assert.ok((await server.stop()).echoed >= 1);
        assert.equal(server.stderr, "");
      } finally {
        await server.kill();
      }
    });

    test("standard error full: it serves and stops all the same", async () => {
      const port = await freePort();
      const server = new Server(port, { program, args: ["--log", "json"], redirect: "2>/dev/full" });
      try {
        const echoed = () => send("127.0.0.1", port, { timeout: 500 }).then(({ received }) => received === 1);
        await until(echoed, "echo");
        assert.ok((await server.stop()).echoed >= 1);
      } finally {
        await server.kill();
      }
    });
  });

  describe(`${program}: while it runs`, { skip: noCompiler }, () => {
    let server: Server;
    let sent = 0;
    const echoed = async () => {
      const result = await assertEchoed("127.0.0.1", server.port, { count: 10 });
      sent += result.sent;
    };

    before(async () => {
      server = await serve({ program, args: ["--quiet"] });
    });
    after(() => server?.kill());

    test("SIGUSR1 prints the summary so far, and it goes on", async () => {
      for (let i = 0; i < 3; i++) {
        await echoed();
        assert.equal((await server.summary()).echoed, sent);
      }
      await echoed();
    });

    test("SIGUSR1 lets no debugger in", async () => {
      // Deno is ready for it half a second after its start.
      await sleep(700);
      for (let i = 0; i < 3; i++) {
        await server.summary();
        await sleep(100);
      }
      const opened = readdirSync(`/proc/${server.pid}/fd`).map((fd) => {
        try {
          return readlinkSync(`/proc/${server.pid}/fd/${fd}`);
        } catch {
          return "";
        }
      });
      const LISTENING = "0A";
      const listening = ["tcp", "tcp6"].flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").split("\n"))
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state, , , , , , inode]) => state === LISTENING && opened.includes(`socket:[${inode}]`));
      assert.deepEqual(listening, []);
      await echoed();
    });

    test("SIGPIPE is nothing to it", async () => {
      server.signal("SIGPIPE");
      await sleep(50);
      await echoed();
    });

    test("it is one process", () => {
      const children = readdirSync(`/proc/${server.pid}/task`).map((id) => {
        return readFileSync(`/proc/${server.pid}/task/${id}/children`, "utf8").trim();
      });
      assert.equal(children.join(""), "");
    });

    test("traffic leaves no file open", LONG, async () => {
      await echoed();
      const before = openFiles(server.pid);
      const { sent: many } = await assertEchoed("::1", server.port, { sockets: 100, count: 100, window: 4 });
      sent += many;
      assert.equal(openFiles(server.pid), before);
    });

    test("everything is in the last summary", async () => {
      const { received, echoed } = await server.stop();
      assert.deepEqual({ received, echoed }, { received: sent, echoed: sent });
    });
  });

  describe(`${program}: SIGHUP`, { skip: noCompiler }, () => {
    test("stops it as the other signals do, as when its terminal goes away", async () => {
      const server = await serve({ program, args: ["--quiet"] });
      await assertEchoed("127.0.0.1", server.port);
      const { code, signal, stderr } = await server.endBy("SIGHUP");
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
      assert.match(stderr, /^stopped by SIGHUP after/m);
      assert.equal(readSummary("", stderr).echoed, 1);
    });

    test("under nohup it is ignored", { skip: missing("nohup") }, async () => {
      const server = await serve({ program, args: ["--quiet"], wrapper: ["nohup"] });
      server.signal("SIGHUP");
      await sleep(500);
      await assertEchoed("127.0.0.1", server.port);
      assert.equal((await server.stop("SIGTERM")).echoed, 1);
      assert.match(server.stderr, /^stopped by SIGTERM after/m);
    });
  });
}

test("echo.ts: it sleeps when nothing arrives", { ...LONG, skip: noCompiler }, async (t) => {
  const server = await serve({ program: "echo.ts", args: ["--quiet"] });
  await assertEchoed("127.0.0.1", server.port, { count: 10 });
  // After traffic, the compilers and garbage collectors of the runtimes take seconds to come to rest.
  const shares: number[] = [];
  do {
    const [start, cpu] = [performance.now(), cpuTime(server.pid)];
    await sleep(3000);
    shares.push((cpuTime(server.pid) - cpu) / (performance.now() - start));
  } while ((shares.at(-1) ?? 0) > IDLE_SHARE && shares.length < 5);
  const told = shares.map((share) => `${(100 * share).toFixed(3)} %`).join(", ");
  t.diagnostic(`${RUNTIME}: idle CPU ${told}`);
  assert.ok((shares.at(-1) ?? 1) <= IDLE_SHARE, told);
  await server.stop();
});
