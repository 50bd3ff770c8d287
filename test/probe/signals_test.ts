/** Signals end the probe, or don't, whatever its output and its targets do. */
import assert from "node:assert/strict";
import type { RemoteInfo } from "node:dgram";
import { constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { misbehave, readProbe } from "../support/probe.ts";
import { LONG, missing, Process, runSync, sleep, temporaryFolder, timeLimit, until } from "../support/process.ts";
import { commandLine } from "../support/server.ts";

const program = "src/main.ts";

describe("probe: signals", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends it while a pipe takes nothing`, { skip: missing("mkfifo") }, async () => {
      const fifo = join(temporaryFolder(), "fifo");
      runSync(["mkfifo", fifo]);
      const full = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
      assert.throws(() => {
        for (;;) writeSync(full, new Uint8Array(4096));
      }, { code: "EAGAIN" });
      const server = await misbehave((payload, _, answer) => answer(payload));
      const command = commandLine(program, ["probe", server.target, "-c", "0", "-i", "10ms", "--json"]);
      const running = new Process(["sh", "-c", `exec "$@" >${fifo}`, "sh", ...command]);
      try {
        await new Promise((resolve) => server.socket.once("message", resolve));
        running.signal(signal);
        const { code, stderr } = await running.end();
        assert.deepEqual([code, stderr], [1, ""]);
      } finally {
        server.close();
        await running.kill();
      }
    });
  }

  test("SIGTERM ends it while a terminal is stopped", { skip: missing("python3") }, async () => {
    const script = "import os, pty, sys, termios\n" +
      "pid, fd = pty.fork()\n" +
      "if pid == 0:\n" +
      " termios.tcflow(1, termios.TCOOFF)\n" +
      " os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n" +
      " os.execvp(sys.argv[1], sys.argv[1:])\n" +
      "print(pid, flush=True)\n" +
      "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)\n";
    const server = await misbehave((payload, _, answer) => answer(payload));
    const command = commandLine(program, ["probe", server.target, "-c", "0", "-i", "10ms", "--json"]);
    const running = new Process(["python3", "-c", script, ...command]);
    try {
      await new Promise((resolve) => server.socket.once("message", resolve));
      const [, pid] = await running.waitFor(() => /^(\d+)\n/.exec(running.stdout) ?? undefined, "its number");
      process.kill(Number(pid), "SIGTERM");
      const { stdout } = await running.end();
      assert.equal(stdout.split("\n")[1], "1");
    } finally {
      server.close();
      await running.kill();
    }
  });

  test("a reader that pauses misses nothing", { skip: missing("python3") }, async () => {
    // More than a pipe holds.
    const server = await misbehave((payload, _, answer) => answer(payload));
    const command = commandLine(program, ["probe", server.target, "-c", "1000", "-i", "0", "--json"]);
    const script = "import subprocess, sys, time\n" +
      "probe = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n" +
      "sys.stdin.readline()\n" +
      "sys.stdout.buffer.write(probe.stdout.read())\n" +
      "sys.exit(probe.wait())";
    const running = new Process(["python3", "-c", script, ...command], { stdin: true });
    let requests = 0;
    try {
      server.socket.on("message", () => requests++);
      // How much a pipe holds depends on how many there are. pipe(7), `pipe-user-pages-soft`
      let before = 0;
      await until(async () => {
        before = requests;
        await sleep(200);
        return requests > 0 && requests === before;
      }, "stop of requests while nothing is read");
      assert.ok(requests < 1000);
      running.write("go on\n");
      const { replies, targets } = readProbe(await running.end());
      assert.deepEqual([replies.length, targets[0]!.received], [1000, 1000]);
    } finally {
      server.close();
      await running.kill();
    }
  });

  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
    test(`${signal} changes nothing, and opens no debugger`, LONG, async () => {
      const server = await misbehave((payload, _, answer) => answer(payload));
      const command = commandLine(program, ["probe", server.target, "-c", "0", "-i", "20ms", "--json"]);
      const running = new Process(command);
      const lines = () => running.stdout.split("\n").length;
      try {
        await running.waitFor(() => lines() > 2, "replies");
        for (let i = 0; i < 3; i++) {
          const before = lines();
          running.signal(signal);
          await running.waitFor(() => lines() > before + 10, "further replies");
        }
        running.signal("SIGINT");
        const { code, stderr, signal: killedBy } = readProbe(await running.end());
        assert.deepEqual([code, stderr, killedBy], [0, "", null]);
      } finally {
        server.close();
        await running.kill();
      }
    });
  }

  test("Ctrl-C works at once while garbage comes", LONG, async () => {
    // Each datagram once cost a comparison with each waiting request: thousands here, of 1,400 bytes.
    const garbage = new Uint8Array(1400).fill(0xa5);
    let peer: RemoteInfo | undefined;
    let requests = 0;
    const server = await misbehave(() => {});
    const args = [server.target, "-c", "0", "-i", "200us", "-t", "60s", "-s", "1400", "--quiet", "--json"];
    const running = new Process(commandLine(program, ["probe", ...args]));
    let timer: ReturnType<typeof setInterval> | undefined;
    try {
      await new Promise((resolve) => {
        server.socket.on("message", (_, from) => (peer = from, ++requests === 4000 && resolve(undefined)));
      });
      await new Promise((resolve) => {
        let sent = 0;
        timer = setInterval(() => {
          for (let i = 0; i < 2; i++) server.socket.send(garbage, peer!.port, peer!.address);
          if (++sent === 100) resolve(undefined);
        }, 1);
      });
      const start = performance.now();
      running.signal("SIGINT");
      const { targets: [target] } = readProbe(await running.end());
      const milliseconds = performance.now() - start;
      assert.ok(milliseconds < timeLimit(1500), `${milliseconds} ms`);
      assert.ok(target!.corrupted > 0, "the garbage is counted");
    } finally {
      clearInterval(timer);
      server.close();
      await running.kill();
    }
  });
});
