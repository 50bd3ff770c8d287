/** `--workers`: several processes on one port are one server to the outside, also when they are killed. */
import assert from "node:assert/strict";
import { openSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { RECEIVED, RECEIVED_BEFORE } from "../../src/echo/counters.ts";
import { BATCH_CAPACITY, type Block } from "../../src/echo/group.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { attackHosts, forged, PORT } from "../support/attack.ts";
import {
  assertComplete,
  assertEchoed,
  type ClientResult,
  noCompiler,
  noForgery,
  noPython,
  send,
  Stream,
} from "../support/client.ts";
import { FULL } from "../support/full_mode.ts";
import { noHosts } from "../support/hosts.ts";
import { inherit, ordinaryUser, publicCommand, sandbox, withCommand } from "../support/privilege.ts";
import { mapBlock } from "../support/shared_block.ts";
import { LONG, missing, notRoot, run, runSync, until } from "../support/process.ts";
import { readProc, targetOf, targetsOf } from "../support/proc.ts";
import { receiveAsleep } from "../support/receive.ts";
import {
  assertLaw,
  freePort,
  readSummary,
  runProgram,
  RUNTIME,
  serve,
  type Server,
  type ServerOptions,
  withServer,
} from "../support/server.ts";

/** Kills of one test. */
const KILLS = FULL ? 20 : 5;
/** Clients under load, each from an address of its own. */
const SOURCES = Array.from({ length: 8 }, (_, i) => `127.0.0.${i + 2}`);

/** The state and the parent of a process; undefined if it has ended. proc_pid_stat(5) */
function statOf(pid: number): { state: string; parent: number } | undefined {
  const stat = readProc(`${pid}/stat`);
  if (stat === "") return undefined;
  const [state = "", parent] = stat.replace(/^.*\) /s, "").split(" ");
  return { state, parent: Number(parent) };
}

/** The processes that a process has started, zombies too. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc").map(Number).filter((pid) => pid > 0 && statOf(pid)?.parent === parent);
}

/** The workers beside the first one that are ready. */
function workersOf(server: { readonly pid: number }): number[] {
  return childrenOf(server.pid).filter((pid) => statOf(pid)?.state !== "Z" && nameOf(pid).startsWith("echo worker "));
}

/** How often the main thread of a process has gone to sleep. proc_pid_status(5) */
function sleepsOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, "utf8");
  return Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)![1]);
}

function nameOf(pid: number): string {
  return readProc(`${pid}/comm`).trim();
}

/** The memory that a server shares with its workers. */
function sharedMemory({ pid }: Server, workers: number): Block & Disposable {
  const fd = readdirSync(`/proc/${pid}/fd`).find((fd) => targetOf(fd, pid).includes("memfd"));
  return mapBlock(workers, openSync(`/proc/${pid}/fd/${fd}`, "r+"));
}

/** Starts a server of several workers, waits until all of them are ready, calls `use`, and ends the server. */
async function withWorkers(
  workers: number,
  options: ServerOptions,
  use: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await serve({ ...options, args: ["--workers", `${workers}`, "--log", "none", ...options.args ?? []] });
  try {
    await until(() => workersOf(server).length === workers - 1, "workers");
    await use(server);
  } finally {
    await server.kill();
    await until(() => childrenOf(server.pid).length === 0, "end of the workers");
  }
}

/** Sends from several sources while `use` runs; returns how many datagrams were sent. */
async function underLoad(server: Server, use: () => Promise<void>): Promise<ClientResult[]> {
  const streams = SOURCES.map((source) =>
    new Stream("127.0.0.1", server.port, { source, sizes: [32], window: 16, timeout: 50 })
  );
  try {
    await use();
    return await Promise.all(streams.map((stream) => stream.stop()));
  } finally {
    for (const stream of streams) await stream.kill();
  }
}

/** Asserts that a server answers clients of all workers. */
async function assertEchoedFromAll({ port }: { readonly port: number }): Promise<void> {
  for (const source of SOURCES) await assertEchoed("127.0.0.1", port, { source, count: 10 });
}

/** Sends many datagrams from one source at once; returns how many were answered, and how long that took. */
async function flood({ port }: Server, source: string): Promise<{ received: number; ms: number }> {
  const start = performance.now();
  const { received } = await send("127.0.0.1", port, { source, count: 200, window: 200, timeout: 2000 });
  return { received, ms: performance.now() - start };
}

/** Stops a server, and asserts that it has counted every datagram that was sent to it. */
async function assertAccounts(server: Server, results: readonly ClientResult[]): Promise<void> {
  const sent = results.reduce((sum, result) => sum + result.sent, 0);
  const { received, dropped_by_kernel } = await server.stop();
  assert.equal(received + dropped_by_kernel, sent, "received and dropped, and sent");
}

describe("--workers", { skip: noCompiler }, () => {
  test("every source is answered, in order, and the summary counts all", async () => {
    await withWorkers(3, {}, async (server) => {
      assert.match(server.readyLine, /, 3 workers\)$/);
      const results = await Promise.all(
        SOURCES.map((source) => send("127.0.0.1", server.port, { source, count: 100, window: 8 })),
      );
      results.forEach((result, i) => assertComplete(result, SOURCES[i]!));
      const { received } = await server.received(SOURCES.length * 100);
      assert.equal(received, SOURCES.length * 100);
      await assertAccounts(server, results);
    });
  });

  test("workers that are killed under load are started again, and no datagram is forgotten", LONG, async () => {
    await withWorkers(5, {}, async (server) => {
      const results = await underLoad(server, async () => {
        for (let kill = 0; kill < KILLS; kill++) {
          const worker = workersOf(server)[kill % 4]!;
          process.kill(worker, "SIGKILL");
          await until(() => !childrenOf(server.pid).includes(worker) && workersOf(server).length === 4, "new worker");
        }
      });
      const said = server.stderr.match(/^echo\.ts: worker [1-4] ended \(signal 9.*\): started again$/gm) ?? [];
      assert.equal(said.length, KILLS);
      await assertAccounts(server, results);
    });
  });

  test("what a worker had received when it was killed counts as failed, each time", async () => {
    const server = await serve({ args: ["--workers", "2", "--log", "none", "--summary", "json"] });
    try {
      await until(() => workersOf(server).length === 1, "worker");
      using memory = sharedMemory(server, 2);
      const { counters, headers } = memory;
      const { counts } = counters[1]!;
      const kill = async (lost: number) => {
        const said = server.stderr.length;
        process.kill(workersOf(server)[0]!, "SIGKILL");
        const line = `echo.ts: worker 1 ended (signal 9, ${lost} datagrams lost): started again\n`;
        await server.waitFor(() => server.stderr.slice(said).includes(line), line);
        await until(() => workersOf(server).length === 1, "new worker");
      };
      // Datagrams that it has counted and not answered. While it runs, it may answer them yet.
      counts[RECEIVED]! += 5;
      assert.equal((await server.summary()).received, 0);
      await kill(5);
      // Those of the last batch, which it has not counted: their headers are in the memory.
      process.kill(workersOf(server)[0]!, "SIGSTOP");
      using socket = UdpSocket.bind({ port: 0 });
      const batch = socket.batch(BATCH_CAPACITY, headers[1]);
      socket.sendTo(Uint8Array.of(1), { to: { address: "127.0.0.1", port: socket.port } });
      assert.equal(receiveAsleep(socket, batch), 1);
      counts[RECEIVED_BEFORE] = counts[RECEIVED]!;
      await kill(1);
      const { failed_by_errno, received } = await server.stop();
      assert.deepEqual([failed_by_errno, received], [{ other: 6 }, 6]);
    } finally {
      await server.kill();
    }
  });

  test("if the first worker is killed under load, the others end with it", LONG, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await withWorkers(3, {}, async (server) => {
        const workers = workersOf(server);
        await underLoad(server, async () => {
          server.signal("SIGKILL");
          await until(() => workers.every((pid) => (statOf(pid)?.state ?? "Z") === "Z"), "end of the workers");
        });
      });
    }
  });

  test("a worker that hangs: its datagrams are counted, as dropped by the kernel or as too late", LONG, async () => {
    await withWorkers(2, { args: ["--buffer", "4K"] }, async (server) => {
      process.kill(workersOf(server)[0]!, "SIGSTOP");
      const results: ClientResult[] = [];
      // One source in two reaches it, the same ones each time. It gets more than the buffer holds.
      await until(async () => {
        const source = `127.0.1.${results.length + 1}`;
        const result = await send("127.0.0.1", server.port, { source, count: 200, window: 200, timeout: 200 });
        results.push(result);
        return result.received === 0 && (await server.summary()).dropped_by_kernel > 0;
      }, "a source without an answer, and dropped datagrams");
      await assertAccounts(server, results);
    });
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} to all of them stops the server under load`, LONG, async (t) => {
      await withWorkers(3, {}, async (server) => {
        let ms = 0;
        await underLoad(server, async () => {
          const start = performance.now();
          for (const pid of [...workersOf(server), server.pid]) process.kill(pid, signal);
          const { code, stderr } = await server.end();
          ms = performance.now() - start;
          assert.equal(code, 0, stderr);
          assert.doesNotMatch(stderr, /ended/);
        });
        t.diagnostic(`${RUNTIME}: three workers stopped by ${signal} in ${ms.toFixed(0)} ms, under load`);
        assertLaw(readSummary(server.stdout, server.stderr));
        assert.deepEqual(childrenOf(server.pid), []);
      });
    });
  }

  test("signals to one worker do not stop it, but SIGKILL does", async () => {
    await withWorkers(2, {}, async (server) => {
      const worker = workersOf(server)[0]!;
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) process.kill(worker, signal);
      await assertEchoedFromAll(server);
      assert.deepEqual(workersOf(server), [worker]);
    });
  });

  test("starts and stops leave no process and no descriptor behind", LONG, async () => {
    for (let start = 0; start < KILLS; start++) {
      const server = await serve({ args: ["--workers", "4", "--log", "none"] });
      try {
        const children = childrenOf(server.pid);
        assert.equal(children.length, 3);
        await server.stop(start % 2 === 0 ? "SIGTERM" : "SIGINT");
        assert.deepEqual(children.map(statOf), [undefined, undefined, undefined]);
      } finally {
        await server.kill();
      }
    }
  });

  test("a new worker inherits what the first one had, and nothing more", async () => {
    await withWorkers(3, {}, async (server) => {
      /** The UDP sockets of a process, and the memory that it shares. Once a second it has a socket of netlink too. */
      const shared = (pid: number) => {
        const rows = ["udp", "udp6"].flatMap((name) => readFileSync(`/proc/net/${name}`, "latin1").trim().split("\n"));
        const sockets = rows.map((row) => `socket:[${row.trim().split(/\s+/)[9]}]`);
        return targetsOf(pid).filter((target) => sockets.includes(target) || target.includes("memfd:echo")).sort();
      };
      const own = shared(server.pid);
      const [first = 0, second = 0] = workersOf(server);
      const before = shared(first);
      assert.deepEqual([own.length, before.length], [4, 2]);
      assert.ok(before.every((link) => own.includes(link)));
      assert.equal(before.filter((link) => shared(second).includes(link)).length, 1);
      process.kill(first, "SIGKILL");
      await server.waitFor(() => server.stderr.includes("started again"), "new worker");
      await until(() => workersOf(server).length === 2, "new worker");
      await assertEchoedFromAll(server);
      const third = workersOf(server).find((pid) => pid !== second)!;
      assert.deepEqual(shared(third), before);
      assert.deepEqual(shared(server.pid), own);
    });
  });

  test("the variable that keeps its memory small comes behind that of the user, so that counts", async () => {
    const env = { ...process.env, MALLOC_ARENA_MAX: "2" } as Record<string, string>;
    await withWorkers(2, { env }, async (server) => {
      const variables = readFileSync(`/proc/${workersOf(server)[0]}/environ`, "utf8").split("\0");
      const arenas = variables.filter((variable) => variable.startsWith("MALLOC_ARENA_MAX="));
      assert.deepEqual(arenas, ["MALLOC_ARENA_MAX=2", "MALLOC_ARENA_MAX=1"]);
      await assertEchoedFromAll(server);
    });
  });

  test("--rate holds for each source, and --max-rate for all together", LONG, async () => {
    await withWorkers(3, { args: ["--rate", "1/7"] }, async (server) => {
      const results = await Promise.all(SOURCES.map((source) => flood(server, source)));
      for (const { received, ms } of results) {
        assert.ok(received >= 7 && received <= 8 + ms / 1000, `${received} answers`);
      }
    });
    await withWorkers(3, { args: ["--max-rate", "10/100"] }, async (server) => {
      const results = await Promise.all(SOURCES.map((source) => flood(server, source)));
      const received = results.reduce((sum, result) => sum + result.received, 0);
      const ms = Math.max(...results.map((result) => result.ms));
      assert.ok(received >= 100 && received <= 101 + ms / 100, `${received} answers in ${ms} ms`);
    });
  });

  test("one log: whole lines, and --log-limit holds for all together", LONG, async () => {
    for (const limit of [0, 50]) {
      const args = ["--workers", "3", "--log-limit", `${limit}`];
      const server = await serve({ args });
      try {
        await until(() => workersOf(server).length === 2, "workers");
        const count = 2000;
        await Promise.all(SOURCES.map((source) => assertEchoed("127.0.0.1", server.port, { source, count })));
        const { log_lines_dropped, echoed, seconds } = await server.stop();
        const lines = server.lines.filter((line) => line.startsWith("RECV: "));
        const other = server.lines.filter((line) => !/^RECV: \S+ -> 127\.0\.0\.1:\d+ - \[.*\]$|^LEFT OUT: /.test(line));
        assert.deepEqual(other, []);
        assert.equal(lines.length + log_lines_dropped, echoed);
        if (limit > 0) {
          assert.ok(lines.length >= limit && lines.length <= limit * (seconds + 1), `${lines.length} lines`);
        }
      } finally {
        await server.kill();
      }
    }
  });

  test("sockets of one family, and sockets that another program has bound", { skip: noPython }, async () => {
    await withWorkers(2, { args: ["-4"] }, assertEchoedFromAll);
    const port = await freePort();
    for (const options of [[], ["--family", "4"], ["--only-6"]]) {
      const command = inherit(
        "--port",
        `${port}`,
        ...options,
        ...publicCommand(["--fd", "{fd}", "-q", "--workers", "3"]),
      );
      const { echoed } = await withCommand(command, async () => {
        if (options[0] === "--only-6") await assertEchoed("::1", port, { count: 10 });
        else await assertEchoedFromAll({ port });
      });
      assert.equal(echoed, options[0] === "--only-6" ? 10 : SOURCES.length * 10);
    }
  });

  test(
    "datagrams to many hosts come to each worker, and are answered once",
    { skip: noHosts || noForgery },
    async () => {
      const { attacker, target } = await attackHosts();
      try {
        const args = ["--answer-broadcast", "--log", "json", "--workers", "3"];
        const options = { host: target, port: PORT, args };
        for (const hang of [false, true]) {
          const { received } = await withServer(options, async (server) => {
            await until(() => childrenOf(server.pid).length > 0 && workersOf(server).length === 2, "workers");
            // Then the first process counts what is left in their sockets.
            if (hang) { for (const pid of workersOf(server)) process.kill(pid, "SIGSTOP"); }
            await forged(attacker, ["192.0.2.9", 4000], { destination: "192.0.2.255", count: 20 });
            const { echoed, failed } = await server.received(20);
            assert.equal(echoed + failed, 20);
          });
          assert.equal(received, 20);
        }
      } finally {
        await attacker.remove();
        await target.remove();
      }
    },
  );
});

describe("--workers, where it cannot be", () => {
  test("wrong numbers", async () => {
    for (const text of ["0", "65", "-1", "two", "1.5", "Auto"]) {
      const { code, stdout, stderr } = await runProgram(["--workers", text]);
      const message = `echo.ts: --workers, if not auto, must be a whole number from 1 to 64, not "${text}"\n`;
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: "", stderr: message });
    }
  });

  test("auto: as many as the processors that it may run on", { skip: missing("taskset") }, async () => {
    const server = await serve({ args: ["--workers", "auto", "-q"], wrapper: ["taskset", "-c", "0"] });
    try {
      assert.doesNotMatch(server.readyLine, /workers/);
      assert.deepEqual(childrenOf(server.pid), []);
      await server.stop();
    } finally {
      await server.kill();
    }
  });

  test(
    "no memory to share",
    { skip: noCompiler || missing("systemd-analyze") },
    async () => {
      const port = await freePort();
      const filters = ["@system-service", "~memfd_create"];
      const { code, stdout, stderr } = await run([
        ...sandbox({ filters }),
        ...publicCommand([`${port}`, "--workers", "2"]),
      ]);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(stderr, /^echo\.ts: memfd_create: operation not permitted \(EPERM\)\n$/);
    },
  );

  test("a worker that ends again and again is started later each time", LONG, async () => {
    await withWorkers(2, {}, async (server) => {
      // SIGCHLD, whose number is 17, ends the sleep of the first worker.
      const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]}`);
      assert.equal(caught >> 16n & 1n, 1n);
      // 10 ms, 20 ms, and so on.
      for (let kill = 0, least = 10; kill < 5; kill++, least *= 2) {
        const start = performance.now();
        process.kill(workersOf(server)[0]!, "SIGKILL");
        const times = () => server.stderr.split("): started again").length - 1;
        await server.waitFor(() => times() > kill, "another start");
        const milliseconds = performance.now() - start;
        assert.ok(milliseconds >= least, `${milliseconds} ms after ${kill} times`);
        await until(() => workersOf(server).length === 1, "new worker");
      }
    });
  });

  test("a worker that cannot be started again is tried again", { ...LONG, skip: missing("prlimit") }, async () => {
    await withWorkers(3, {}, async (server) => {
      const limitOpenFiles = (limit: number) => runSync(["prlimit", "--pid", `${server.pid}`, `--nofile=${limit}:`]);
      limitOpenFiles(3);
      process.kill(workersOf(server)[0]!, "SIGKILL");
      const said = "echo.ts: worker 1 ended (signal 9): cannot start a process: cannot read /proc/self/cmdline: " +
        "too many open files\n";
      await server.waitFor(() => server.stderr.includes(said), "its message");
      limitOpenFiles(1024);
      const before = sleepsOf(server.pid);
      await server.waitFor(() => server.stderr.includes("): started again"), "another start");
      // In the five seconds until then it wakes up once a second, and for other things.
      const sleeps = sleepsOf(server.pid) - before;
      assert.ok(sleeps < 100, `${sleeps} wake-ups`);
      await assertEchoedFromAll(server);
    });
  });

  test("a socket of another user", { skip: noPython || missing("setpriv") || notRoot }, async () => {
    const port = await freePort();
    const command = [...ordinaryUser(), ...publicCommand(["--fd", "{fd}", "-q", "--workers", "2"])];
    const { code, stdout, stderr } = await run(inherit("--port", `${port}`, ...command));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    const message = "cannot share the port among workers: another user has bound the socket; leave out --workers";
    assert.equal(stderr, `echo.ts: ${message}\n`);
  });

  test("a file of another version: its workers end, and say why", async () => {
    const { code, stdout, stderr } = await runProgram(["9000", "--workers", "2", "--worker=0.0.0,1,2,3,4,5"]);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.equal(stderr, "echo.ts: the program was replaced by another version: restart the server\n");
  });

  test("another server of the same user does not get the port", async () => {
    await withWorkers(2, {}, async ({ port }) => {
      for (const workers of ["1", "2"]) {
        const { code, stderr } = await runProgram([`${port}`, "--workers", workers]);
        assert.equal(code, 1);
        assert.match(stderr, /^echo\.ts: cannot bind .*address already in use.*\n$/);
      }
    });
  });
});
