/** A socket that another process shares: the options that it came with, and what the other process does to it later. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { assertEchoed, noCompiler, noPython } from "../support/client.ts";
import { LONG, Process, sleep } from "../support/process.ts";
import { assertLaw, commandLine, freePort, readSummary } from "../support/server.ts";

/** Binds a socket, starts the command with it as descriptor 3, and runs each line of its input. */
const OWNER = `
import os, socket, subprocess, sys
shared = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
shared.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
exec(sys.argv[2])
shared.bind(("::", int(sys.argv[1])))
os.dup2(shared.fileno(), 3, inheritable=True)
server = subprocess.Popen(sys.argv[3:], pass_fds=[3])
print("pid", server.pid, flush=True)
for line in sys.stdin:
  exec(line)
  print("done", flush=True)
sys.exit(server.wait())
`;

/** A server, and the process that shares its socket. */
class SharedServer extends Process {
  readonly port: number;

  private constructor(port: number, before: string) {
    const command = commandLine("echo.ts", ["--fd", "3", "--quiet"]);
    super(["python3", "-c", OWNER, `${port}`, before, ...command], { stdin: true });
    this.port = port;
  }

  static async start(before = "pass"): Promise<SharedServer> {
    const server = new SharedServer(await freePort(), before);
    await server.waitFor(() => server.stderr.includes("listening on "), "ready line");
    return server;
  }

  /** Has the other process run a line of Python. */
  async run(line: string): Promise<void> {
    const done = () => this.stdout.split("done").length;
    const before = done();
    this.write(`${line}\n`);
    await this.waitFor(() => done() > before, line);
  }

  /** Stops the server; returns its counts. */
  async stop() {
    this.write("server.terminate()\n");
    this.endInput();
    const { code, stderr } = await this.end();
    assert.equal(code, 0, stderr);
    const summary = readSummary("", stderr);
    assertLaw(summary);
    return summary;
  }

  /** CPU time of the server in milliseconds, all threads together. */
  cpuMilliseconds(): number {
    const pid = /^pid (\d+)$/m.exec(this.stdout)![1];
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
}

describe("a shared socket", { skip: noPython || noCompiler }, () => {
  test("made nonblocking later: it is served, and costs no CPU when idle", LONG, async () => {
    const server = await SharedServer.start();
    try {
      await server.run("shared.setblocking(False)");
      await assertEchoed("127.0.0.1", server.port, { count: 20 });
      await server.waitFor(() => server.stdout.includes("pid"), "process");
      const before = server.cpuMilliseconds();
      // CPU time needs time to pass: a loop that spins takes all of it.
      await sleep(1000);
      const used = server.cpuMilliseconds() - before;
      assert.ok(used < 300, `${used} ms of CPU in an idle second`);
      await assertEchoed("::1", server.port, { count: 20 });
      assert.equal((await server.stop()).echoed, 40);
    } finally {
      await server.kill();
    }
  });

  test("shut down later: the server ends with a sentence, and counts no datagram that did not come", async () => {
    const server = await SharedServer.start();
    try {
      await assertEchoed("127.0.0.1", server.port, { count: 10 });
      await server.run(`shared.connect(("::1", 9)); shared.shutdown(socket.SHUT_RD)`);
      server.endInput();
      const { code, stderr } = await server.end();
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^echo\.ts: another process has shut down the socket/m);
      const { received, echoed } = readSummary("", stderr);
      assert.deepEqual({ received, echoed }, { received: 10, echoed: 10 });
    } finally {
      await server.kill();
    }
  });

  test("with UDP_CORK: datagrams leave at once", async () => {
    const server = await SharedServer.start("shared.setsockopt(socket.IPPROTO_UDP, 1, 1)");
    try {
      await assertEchoed("127.0.0.1", server.port, { count: 10 });
      assert.equal((await server.stop()).echoed, 10);
    } finally {
      await server.kill();
    }
  });
});
