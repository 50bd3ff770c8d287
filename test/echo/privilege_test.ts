/** Least privilege: an ordinary user, the sandbox of the unit, one library, an inherited socket. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { assertEchoed, noCompiler, noPython } from "../support/client.ts";
import { type Host, host, noHosts } from "../support/hosts.ts";
import {
  LONG,
  missing,
  Process,
  pythonInterpreter,
  run,
  runSync,
  sleep,
  temporaryFolder,
  until,
} from "../support/process.ts";
import { readThreads } from "../support/proc.ts";
import {
  inherit,
  ordinaryUser,
  publicCommand,
  publicFolder,
  type Sandbox,
  sandbox,
  withCommand,
} from "../support/privilege.ts";
import { freePort, readSummary, ROOT, RUNTIME } from "../support/server.ts";

/** Path of glibc on Debian and its derivatives. */
const LIBC = `/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu/libc.so.6`;

/** Reasons to skip tests that narrow the permission to it, or false. */
const NO_LIBC = !existsSync(LIBC) && `needs ${LIBC}`;
const NARROWED = RUNTIME !== "Deno" ? "needs Deno" : NO_LIBC;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;

describe("an ordinary user", { skip: noHosts || noCompiler || missing("setpriv") }, () => {
  let alone: Host;

  before(async () => {
    alone = await host();
  });
  after(() => alone?.remove());

  async function assertAnswers(port: number): Promise<void> {
    for (const address of ["127.0.0.1", "127.0.0.2", "::1"]) {
      await assertEchoed(address, port, { host: alone, sizes: [0, 100, 9000], count: 30, window: 4 });
    }
  }

  test("with CAP_NET_BIND_SERVICE answers on port 7", async () => {
    const command = [...ordinaryUser(["net_bind_service"]), ...publicCommand(["7", "-q"])];
    const { echoed } = await withCommand(command, async (server) => {
      const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
      // CAP_NET_BIND_SERVICE is number 10. <linux/capability.h>
      for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
        assert.equal(parseInt(status.match(new RegExp(`^Cap${set}:\t(.*)$`, "m"))?.[1] ?? "", 16), 1 << 10, set);
      }
      await assertAnswers(7);
    }, alone);
    assert.equal(echoed, 90);
  });

  test("without it is refused with the reason, and answers on other ports", async () => {
    const { code, stderr } = await run(alone.command([...ordinaryUser(), ...publicCommand(["7"])]));
    assert.equal(code, 1);
    assert.match(stderr, /^echo\.ts: cannot bind \[::\]:7: permission denied; .*CAP_NET_BIND_SERVICE.*\n$/);
    await withCommand([...ordinaryUser(), ...publicCommand(["9000", "-q"])], () => assertAnswers(9000), alone);
  });

  describe("in the sandbox of echo.service", { skip: missing("systemd-analyze") || NO_LIBC }, () => {
    const unit = readFileSync(join(ROOT, "systemd/echo.service"), "utf8");
    const values = (name: string) => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!);

    /** The part of the unit's sandbox that works without systemd. */
    function unitSandbox(): Sandbox {
      assert.deepEqual(values("RestrictAddressFamilies"), ["AF_INET AF_INET6 AF_NETLINK AF_UNIX"]);
      assert.deepEqual(values("SystemCallErrorNumber"), ["EPERM"]);
      return { families: [AF_INET, AF_INET6, AF_NETLINK, AF_UNIX], filters: values("SystemCallFilter") };
    }

    /** Command of a line `ExecStart=`, with the runtime and the program of the tests. */
    function execStart(line: string, options: string[] = []): string[] {
      const [runtime, command, ...args] = line.split(" ");
      const program = args.indexOf("/usr/local/lib/echo.ts");
      assert.deepEqual([runtime, command, program > 0], ["/usr/local/bin/deno", "run", true], line);
      return publicCommand(args.slice(program + 1), [...options, ...args.slice(0, program)]);
    }

    test("its command answers, with every system call that is not allowed refused", LONG, async () => {
      const [line = ""] = values("ExecStart");
      assert.deepEqual(values("AmbientCapabilities"), ["CAP_NET_BIND_SERVICE"]);
      const user = ordinaryUser(["net_bind_service"]);
      for (const workers of ["1", "3"]) {
        const command = execStart(`${line} --workers ${workers}`);
        await withCommand([...user, ...sandbox(unitSandbox()), ...command], async (server) => {
          const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
          assert.match(status, /^Seccomp:\t2$/m);
          assert.match(status, /^NoNewPrivs:\t1$/m);
          // Within the unit's --rate.
          for (const source of ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"]) {
            await assertEchoed("127.0.0.2", 7, { host: alone, source, count: 50 });
          }
          await assertEchoed("::1", 7, { host: alone, count: 50 });
        }, alone);
      }
    });

    test("the filter refuses every other call", async () => {
      const { filters = [], families = [] } = unitSandbox();
      const refused = (limits: Sandbox, script: string) =>
        run([
          ...sandbox(limits),
          pythonInterpreter(),
          "-c",
          `import os, socket, sys\ntry:\n ${script}\nexcept OSError as e: sys.exit(e.errno)`,
        ]);
      assert.equal((await refused({ filters }, "os.chroot('/')")).code, 1); // EPERM
      assert.equal((await refused({ families }, "socket.socket(socket.AF_VSOCK)")).code, 97); // EAFNOSUPPORT
      assert.equal((await refused({ families, filters }, "socket.socket(socket.AF_INET6)")).code, 0);
    });

    test("as the comment on MemoryDenyWriteExecute says: only Deno, and only without its compiler", LONG, async () => {
      const [line = ""] = values("ExecStart");
      const user = ordinaryUser(["net_bind_service"]);
      const denies = sandbox({ ...unitSandbox(), mdwe: true });
      const ends = await run(alone.command([...user, ...denies, ...execStart(line)]));
      assert.notEqual(ends.code, 0);
      if (RUNTIME !== "Deno") return;
      await withCommand([...user, ...denies, ...execStart(line, ["--v8-flags=--jitless"])], async () => {
        await assertEchoed("127.0.0.2", 7, { host: alone, count: 50 });
      }, alone);
    });

    test("systemd finds no fault with the units", () => {
      const folder = temporaryFolder();
      for (const file of ["echo.service", "echo.socket", "socket-activation.conf"]) {
        const text = readFileSync(join(ROOT, "systemd", file), "utf8").replaceAll("/usr/local/bin/deno", "/bin/true");
        const to = file.endsWith(".conf") ? `echo.service.d/${file}` : file;
        runSync(["mkdir", "-p", join(folder, "echo.service.d")]);
        writeFileSync(join(folder, to), text);
      }
      for (const file of ["echo.socket", "echo.service"]) {
        assert.equal(runSync(["systemd-analyze", "verify", "--man=no", join(folder, file)]), "");
      }
      // With the drop-in, and without it, as the documents state.
      for (
        const [path, most] of [[join(folder, "echo.service"), 1.4], [join(ROOT, "systemd/echo.service"), 1.5]] as const
      ) {
        const report = runSync(["systemd-analyze", "security", "--offline=true", "--no-pager", path]);
        const score = Number(report.match(/Overall exposure level for echo\.service: ([\d.]+)/)?.[1]);
        assert.ok(score <= most, `${score}, not ${most}`);
      }
    });
  });
});

describe("one library", { skip: noCompiler || NARROWED }, () => {
  test("is what --allow-ffi can be narrowed to", async () => {
    for (const path of [LIBC, `/usr${LIBC}`]) {
      const port = await freePort();
      await withCommand(publicCommand([`${port}`, "-q"], ["--no-prompt", `--allow-ffi=${path}`]), async () => {
        await assertEchoed("127.0.0.2", port, { count: 10 });
      });
    }
  });

  test("and has to be libc", async () => {
    const options = ["--no-prompt", `--allow-ffi=${LIBC.replace("libc.so", "libm.so")}`];
    const { code, stderr } = await run(publicCommand(["9000"], options));
    assert.equal(code, 1);
    assert.match(stderr, /^echo\.ts: Deno does not allow the call into libc; .*--allow-ffi.*\n$/);
  });
});

test("an unread terminal of another user does not stop the echo", {
  ...LONG,
  skip: noHosts || noCompiler || noPython || missing("setpriv"),
}, async () => {
  // It is the controlling terminal, as after a login, and its name cannot be opened. Its other end stays open.
  const script = "import fcntl, os, pty, sys, termios\n" +
    "unread, terminal = pty.openpty()\nos.fchmod(terminal, 0o620)\nos.set_inheritable(unread, True)\n" +
    "os.setsid()\nfcntl.ioctl(terminal, termios.TIOCSCTTY, 0)\nos.dup2(terminal, 1)\nos.execvp(sys.argv[1], sys.argv[1:])";
  const port = await freePort();
  const command = publicCommand([`${port}`, "--log-limit", "0"]);
  const summary = await withCommand([pythonInterpreter(), "-c", script, ...ordinaryUser(), ...command], async () => {
    await assertEchoed("127.0.0.1", port, { count: 1000, sizes: [64], window: 8 });
  });
  assert.ok(summary.log_lines_dropped > 500, `${summary.log_lines_dropped} lines dropped`);
});

describe("--fd", { skip: noCompiler || noPython }, () => {
  const command = (...args: string[]) => publicCommand(["--fd", "{fd}", ...args]);

  test("an inherited socket: IPv4, IPv6, both", LONG, async () => {
    const cases: [options: string[], addresses: string[], ready: RegExp][] = [
      [["--family", "4"], ["127.0.0.1", "127.0.0.2"], /listening on 0\.0\.0\.0:\d+ \(IPv4,/],
      [["--family", "6"], ["127.0.0.2", "::1"], /listening on \[::\]:\d+ \(IPv4 and IPv6,/],
      [["--family", "6", "--only-6"], ["::1"], /listening on \[::\]:\d+ \(IPv6,/],
      [["--family", "4", "--fd", "3"], ["127.0.0.2"], /listening on 0\.0\.0\.0:\d+ \(IPv4,/],
      [["--family", "6", "--fd", "99"], ["127.0.0.2", "::1"], /listening on \[::\]:\d+ \(IPv4 and IPv6,/],
    ];
    for (const [options, addresses, ready] of cases) {
      const port = await freePort();
      const { echoed } = await withCommand(
        inherit("--port", `${port}`, ...options, ...command("-q")),
        async (server) => {
          assert.match(server.stderr, ready);
          for (const address of addresses) await assertEchoed(address, port, { sizes: [0, 5, 9000], window: 3 });
        },
      );
      assert.equal(echoed, 3 * addresses.length);
    }
  });

  test("socket activation: the datagram that wakes the server is answered", LONG, async () => {
    // With IP_PKTINFO from the start, as echo.socket sets it (PassPacketInfo=yes), and without.
    for (const pktinfo of [["--pktinfo"], []]) {
      for (const [family, address] of [["4", "127.0.0.2"], ["6", "127.0.0.2"], ["6", "::1"]] as const) {
        const port = await freePort();
        const options = ["--family", family, "--port", `${port}`, "--wait", ...pktinfo];
        const server = new Process(inherit(...options, ...command("--log", "json")), { cwd: publicFolder() });
        try {
          await server.waitFor(() => server.stderr.includes("waiting"), "socket");
          await assertEchoed(address, port);
          await assertEchoed(address, port, { count: 10 });
          server.signal("SIGTERM");
          const { stdout } = await server.end();
          const { echoed, failed, refused } = readSummary(stdout, "");
          assert.deepEqual({ echoed, failed, refused }, { echoed: 11, failed: 0, refused: 0 });
        } finally {
          await server.kill();
        }
      }
    }
  });

  test(
    "no capability is needed for a port below 1024 that is bound already",
    { skip: noHosts || missing("setpriv") },
    async () => {
      const alone = await host();
      try {
        await withCommand(inherit("--port", "7", ...ordinaryUser(), ...command("-q")), async () => {
          for (const address of ["127.0.0.2", "::1"]) await assertEchoed(address, 7, { host: alone, count: 10 });
        }, alone);
      } finally {
        await alone.remove();
      }
    },
  );

  test("a nonblocking socket does not keep it busy", LONG, async () => {
    const port = await freePort();
    await withCommand(inherit("--port", `${port}`, "--nonblocking", ...command("-q")), async (server) => {
      await assertEchoed("127.0.0.1", port, { count: 10 });
      // In nanoseconds. Documentation/scheduler/sched-stats.rst
      const cpuTime = () =>
        readThreads(server.pid, "schedstat").reduce((sum, text) => sum + Number(text.split(" ")[0]), 0);
      // The compilers of the runtimes may work for some time after the traffic.
      await until(async () => {
        const [before, begin] = [cpuTime(), performance.now()];
        await sleep(200);
        return (cpuTime() - before) / 1e6 < 0.1 * (performance.now() - begin);
      }, "less than 10 % of a processor");
    });
  });

  test("a receive buffer above what an ordinary user may have stays", {
    skip: noHosts || missing("setpriv", "ss"),
  }, async () => {
    const port = await freePort();
    const bytes = 16 << 20;
    const inherited = inherit("--port", `${port}`, "--receive-buffer", `${bytes}`, ...ordinaryUser());
    await withCommand([...inherited, ...command("-q")], () => {
      const socket = runSync(["ss", "--no-header", "--udp", "--listening", "--memory", "sport", "=", `:${port}`]);
      // The kernel doubles the size, to make room for its bookkeeping.
      assert.equal(Number(/skmem:\(.*,rb(\d+),/.exec(socket)?.[1]), 2 * bytes);
    });
  });

  test("its former use does not matter: drops, unread errors, broadcast", LONG, async () => {
    // The kernel reports one error for each client that is gone; a few dozen fill this buffer.
    const vanish = "import socket, sys\nfor _ in range(200):\n" +
      "  with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone: gone.sendto(b'x', ('127.0.0.1', int(sys.argv[1])))";
    for (const family of ["4", "6"]) {
      const port = await freePort();
      const inherited = inherit("--family", family, "--port", `${port}`, "--used");
      const summary = await withCommand([...inherited, ...command("-q", "--buffer", "8K")], async () => {
        for (let i = 0; i < 3; i++) {
          runSync([pythonInterpreter(), "-c", vanish, `${port}`]);
          await assertEchoed("127.0.0.1", port, { count: 10 });
        }
      });
      assert.equal(summary.received + summary.dropped_by_kernel, 630);
    }
  });

  test("anything but a bound UDP socket is refused in one line", LONG, async () => {
    const cases: [options: string[], reason: RegExp][] = [
      [[], /not bound/],
      [["--kind", "tcp", "--port", "0"], /no UDP socket/],
      [["--kind", "unix"], /no UDP socket/],
      [["--kind", "file"], /socket operation on non-socket|no UDP socket|not a socket/i],
    ];
    for (const [options, reason] of cases) {
      const { code, stdout, stderr } = await run(inherit(...options, ...command()), { cwd: publicFolder() });
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, stderr);
      assert.match(stderr, /^echo\.ts: cannot take over descriptor \d+: [^\n]+\n$/);
      assert.match(stderr, reason);
    }
    const { code, stderr } = await run(publicCommand(["--fd", "987"]));
    assert.equal(code, 1);
    assert.match(stderr, /^echo\.ts: cannot take over descriptor 987: bad file descriptor\n$/);
  });
});
