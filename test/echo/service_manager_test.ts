/** What the server tells systemd: its state by messages, and priorities in the journal. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEchoed, noCompiler, noPython } from "../support/client.ts";
import { LONG, missing, Process, temporaryFolder } from "../support/process.ts";
import { runProgram, serve } from "../support/server.ts";

/** Prints the messages to the socket that its argument names. */
const LISTENER = `
import os, socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name[0] == "@" else name)
print("listening", flush=True)
while True: print(s.recv(1024).decode(), flush=True)
`;

/** Becomes a program whose standard error is a socket, as in a service, or a pipe; another process copies what it says. */
const standardError = (pair: string) => `
import os, socket, sys
ours, theirs = ${pair}
if os.fork() == 0:
  os.close(theirs)
  while (data := os.read(ours, 4096)): os.write(2, data)
  os._exit(0)
os.close(ours)
os.dup2(theirs, 2)
os.execvp(sys.argv[1], sys.argv[1:])
`;
const SOCKET = standardError("[end.detach() for end in socket.socketpair()]");
const PIPE = standardError("os.pipe()");

describe("messages to the service manager", { skip: noCompiler || noPython }, () => {
  const names = {
    path: () => join(temporaryFolder(), "notify"),
    "abstract name": () => `@echo.ts-test-${process.pid}`,
  };
  for (const [kind, name] of Object.entries(names)) {
    test(`ready, alive and stopping, to a socket with ${kind === "path" ? "a" : "an"} ${kind}`, LONG, async () => {
      const socket = name();
      const listener = new Process(["python3", "-c", LISTENER, socket]);
      try {
        await listener.waitFor(() => listener.stdout.startsWith("listening\n"), "socket");
        const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: "5000000" };
        const server = await serve({ args: ["-q"], env });
        try {
          await listener.waitFor(() => listener.stdout.includes("READY=1\n"), "READY");
          await assertEchoed("127.0.0.1", server.port);
          await listener.waitFor(
            () => listener.stdout.split("WATCHDOG=1\n").length > 2,
            "two messages to the watchdog",
          );
          await server.stop();
          await listener.waitFor(() => listener.stdout.includes("STOPPING=1\n"), "STOPPING");
        } finally {
          await server.kill();
        }
      } finally {
        await listener.kill();
      }
    });
  }

  test("a socket that does not exist, or whose name is too long, is ignored", async () => {
    for (const name of ["/nonexistent/notify", `/tmp/${"x".repeat(200)}`]) {
      const server = await serve({ args: ["-q"], env: { ...process.env, NOTIFY_SOCKET: name } });
      await assertEchoed("127.0.0.1", server.port);
      await server.stop();
    }
  });
});

describe("the journal", { skip: noCompiler || noPython || missing("setpriv") }, () => {
  for (const [kind, program, priority] of [["socket", SOCKET, "<4>"], ["pipe", PIPE, undefined]] as const) {
    const effect = priority === undefined ? "get no priority, for it is not the journal's" : "have their priority";
    test(`standard error is a ${kind}: warnings and errors ${effect}`, async () => {
      const unprivileged = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
      const wrapper = [...unprivileged, "python3", "-c", program];
      const server = await serve({
        args: ["-q", "--buffer", "1000M"],
        env: { ...process.env, JOURNAL_STREAM: "8:1" },
        wrapper,
      });
      await server.endBy("SIGTERM");
      assert.equal(/^(<4>)?echo\.ts: receive buffer: /m.exec(server.stderr)?.[1], priority, server.stderr);
      assert.match(server.stderr, /^listening on/m);
      const failed = await runProgram(["9", "-a", "192.0.2.99"], {
        env: { ...process.env, JOURNAL_STREAM: "8:1" },
        wrapper: ["python3", "-c", program],
      });
      assert.equal(/^(<3>)?echo\.ts: cannot bind/.exec(failed.stderr)?.[1], priority && "<3>", failed.stderr);
    });
  }
});
