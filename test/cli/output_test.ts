/** Output that never blocks: with readers that are slow, stalled or gone, and on full disks. */
import assert from "node:assert/strict";
import { closeSync, constants, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { Output } from "../../src/cli/output.ts";
import { assertEchoed, noCompiler, noPython } from "../support/client.ts";
import { Fifo } from "../support/fifo.ts";
import { LONG, missing, notRoot, Process, runSync, temporaryFolder } from "../support/process.ts";
import { targetsOf } from "../support/proc.ts";
import { commandLine, freePort, readSummary, serve, type Server, withServer } from "../support/server.ts";

describe("standard output in trouble", { skip: noCompiler || missing("mkfifo") }, () => {
  const count = 3000;
  const args = ["--log-limit", "0"];
  async function assertUnaffected(server: Server): Promise<void> {
    await assertEchoed("127.0.0.1", server.port, { count: count / 2, window: 8 });
    await assertEchoed("::1", server.port, { count: count / 2, window: 8 });
  }

  test("full (/dev/full): every line is counted as dropped", async () => {
    const summary = await withServer({ args, redirect: ">/dev/full" }, assertUnaffected);
    assert.equal(summary.echoed, count);
    assert.equal(summary.log_lines_dropped, count);
  });

  test("a file at its size limit: lines are dropped whole, and follow when the limit is lifted", {
    skip: missing("prlimit"),
    ...LONG,
  }, async () => {
    const file = join(temporaryFolder(), "log");
    const options = { args: [...args, "--log", "json"], redirect: `>>${file}` };
    const server = await serve(options);
    try {
      const limit = 100_000;
      runSync(["prlimit", "--pid", `${server.pid}`, `--fsize=${limit}:`]);
      await assertUnaffected(server);
      assert.equal(statSync(file).size, limit);
      runSync(["prlimit", "--pid", `${server.pid}`, "--fsize=unlimited:"]);
      await assertUnaffected(server);
      const { code, signal } = await server.endBy("SIGTERM");
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
      const text = readFileSync(file, "utf8");
      const written = text.trimEnd().split("\n").map((line) => JSON.parse(line));
      const summary = written.pop();
      assert.equal(summary.echoed, 2 * count);
      assert.ok(summary.log_lines_dropped > 0);
      assert.equal(written.length + summary.log_lines_dropped, 2 * count);
    } finally {
      await server.kill();
    }
  });

  test("closed (>&-)", async () => {
    const summary = await withServer({ args, redirect: ">&-" }, assertUnaffected);
    assert.equal(summary.echoed, count);
  });

  test("a pipe that nobody reads: whole lines are written until it is full, the others counted", async () => {
    const pipe = new Fifo();
    try {
      const summary = await withServer({ args, redirect: `>${pipe.path}` }, assertUnaffected);
      assert.equal(summary.echoed, count);
      const written = pipe.read();
      const whole = written.match(/^RECV: .* - \[.*\]\n/gm)?.length ?? 0;
      assert.equal(whole, written.split("\n").length - 1, "broken lines");
      assert.ok(written.endsWith("\n"));
      assert.ok(whole > 100, `${whole} lines written`);
      assert.equal(whole + summary.log_lines_dropped, count);
    } finally {
      pipe.close();
    }
  });

  test("a pipe whose reader has gone", async () => {
    const pipe = new Fifo();
    try {
      const summary = await withServer({ args, redirect: `>${pipe.path}` }, async (server) => {
        pipe.closeReader();
        await assertUnaffected(server);
      });
      assert.equal(summary.echoed, count);
      assert.equal(summary.log_lines_dropped, count);
    } finally {
      pipe.close();
    }
  });

  // The program gets one end of a pair and inherits the other one, which stays open and is never read.
  const unread = {
    terminal: "pty.openpty()[::-1]",
    socket: "[end.detach() for end in socket.socketpair()]",
    pipe: "os.pipe()[::-1]",
  };
  const become = "os.execvp(sys.argv[1], sys.argv[1:])";
  for (const [name, pair] of Object.entries(unread)) {
    const python = "import os, pty, socket, sys\n" +
      `out, keep = ${pair}\nos.set_inheritable(keep, True)\nos.dup2(out, 1)\n`;
    const assertDrops = async (wrapper: string[]) => {
      const summary = await withServer({ args, wrapper }, assertUnaffected);
      assert.equal(summary.echoed, count);
      assert.ok(summary.log_lines_dropped > 0 && summary.log_lines_dropped < count);
    };

    test(`a ${name} that nobody reads`, { skip: noPython }, () => assertDrops(["python3", "-c", python + become]));

    test(`a ${name} of another user that nobody reads`, { skip: noPython || notRoot || missing("setpriv") }, () => {
      // Without these capabilities root may not open it.
      const unprivileged = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
      const chown = "os.fchown(1, 65534, 65534)\nos.fchmod(1, 0o600)\n";
      return assertDrops([...unprivileged, "python3", "-c", python + chown + become]);
    });
  }

  for (const own of [true, false]) {
    test(`a terminal of another user is ${own ? "" : "not "}opened by the name of the session's own`, {
      skip: noPython || notRoot || missing("setpriv"),
    }, async () => {
      // The first terminal that a session opens is its own.
      const python = "import os, pty, sys\nos.setsid()\nmaster, tty = pty.openpty()\nfirst, second = pty.openpty()\n" +
        `os.open(os.ttyname(${own ? "tty" : "second"}), os.O_RDWR)\n` +
        "for fd in master, first: os.set_inheritable(fd, True)\n" +
        "os.dup2(tty, 1)\nos.fchown(1, 65534, 65534)\nos.fchmod(1, 0o600)\n";
      const unprivileged = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
      await withServer({ args, wrapper: [...unprivileged, "python3", "-c", python + become] }, async (server) => {
        await assertEchoed("127.0.0.1", server.port, { count: 3 });
        assert.equal(targetsOf(server.pid).includes("/dev/tty"), own);
      });
    });
  }

  test("its file status flags are left alone: it is shared with other programs", async () => {
    const pipe = new Fifo();
    try {
      await withServer({ redirect: `>${pipe.path}` }, async (server) => {
        await assertEchoed("127.0.0.1", server.port);
        const flags = readFileSync(`/proc/${server.pid}/fdinfo/1`, "utf8").match(/^flags:\s*(\d+)/m)?.[1] ?? "";
        assert.equal(parseInt(flags, 8) & constants.O_NONBLOCK, 0, `O_NONBLOCK is set in ${flags}`);
      });
    } finally {
      pipe.close();
    }
  });
});

describe("in a terminal", { skip: noCompiler || missing("script") }, () => {
  let terminal: Process | undefined;
  after(() => terminal?.kill());

  test("lines appear at once, and Ctrl-C stops it", async () => {
    const port = await freePort();
    const quoted = commandLine("echo.ts", [String(port)]).map((word) => `'${word}'`).join(" ");
    // Without a locale, in which a terminal is not known to take UTF-8.
    const env = { ...process.env, LC_ALL: "", LC_CTYPE: "", LANG: "" };
    const script = terminal = new Process(["script", "-qefc", `exec ${quoted}`, "/dev/null"], { stdin: true, env });
    await script.waitFor(() => script.stdout.includes("listening on "), "ready line");
    const { local } = await assertEchoed("127.0.0.2", port, { payloads: ["h\u{e9}llo"] });
    const line = `RECV: ${local} -> 127.0.0.2:${port} - [h\\u{e9}llo]\r\n`;
    await script.waitFor(() => script.stdout.includes(line), "log line");
    script.write("\x03");
    const { code, stdout } = await script.end();
    assert.equal(code, 0);
    assert.match(stdout, /stopped by SIGINT after/);
    assert.equal(readSummary("", stdout.replaceAll("\r", "")).echoed, 1);
  });
});

describe("an output to a pipe", { skip: missing("mkfifo") }, () => {
  /** What happens to it: a line, a text, a flush, or that the reader takes some bytes. */
  const action = fc.oneof(
    fc.record({ line: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ text: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ read: fc.integer({ min: 1, max: 20_000 }) }),
    fc.constant("flush" as const),
  );

  test("more lines than it holds: it writes some before the next", () => {
    const file = join(temporaryFolder(), "lines");
    const fd = openSync(file, "w");
    try {
      const output = new Output(fd);
      const line = new TextEncoder().encode("x".repeat(99));
      for (let i = 0; i < 3000; i++) {
        assert.ok(output.hasRoom());
        output.bytes.set(line, output.at);
        output.endLine(output.at + line.length);
      }
      assert.ok(output.flush());
      assert.equal(output.dropped[0], 0);
      // What another program with this descriptor writes comes behind.
      writeSync(fd, "end\n");
      assert.equal(statSync(file).size, 300_004);
    } finally {
      closeSync(fd);
    }
  });

  test("writes whole lines in their order, and counts those that it drops", LONG, () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 300, maxLength: 600, size: "max" }), (actions) => {
        const pipe = new Fifo();
        const output = new Output(pipe.writer);
        let [lines, texts, taken, received] = [0, 0, 0, ""];
        try {
          for (const action of actions) {
            if (action === "flush") output.flush();
            else if ("read" in action) received += pipe.read(action.read);
            else if ("text" in action) {
              if (output.writeText(`T ${texts++} ${"x".repeat(action.text)}`)) taken++;
            } else if (output.hasRoom()) {
              const { written } = new TextEncoder().encodeInto(
                `L ${lines} ${"x".repeat(action.line)}`,
                output.bytes.subarray(output.at),
              );
              output.endLine(output.at + written);
              lines++;
            } else lines++;
          }
          output.settle(0, false);
          while (true) {
            const more = pipe.read();
            if (more === "") break;
            received += more;
          }
          const found = received.split("\n");
          assert.equal(found.pop(), "");
          const numbers = (kind: string) =>
            found.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(" ")[1]));
          for (const line of found) assert.match(line, /^[LT] \d+ x+$/);
          for (const kind of ["L", "T"]) assert.deepEqual(numbers(kind), numbers(kind).toSorted((a, b) => a - b));
          assert.equal(numbers("L").length + output.dropped[0]!, lines);
          assert.ok(numbers("T").length <= taken);
        } finally {
          output.close(0);
          pipe.close();
        }
      }),
      { numRuns: 50 },
    );
  });
});
