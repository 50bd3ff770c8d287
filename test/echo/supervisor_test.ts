/** The first server's care for the other workers, beside what the workers' own tests show: when it kills them. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SIGKILL, SIGTERM } from "../../ffi/constants.ts";
import { lazyLibc } from "../../ffi/library.ts";
import { cString } from "../../ffi/memory.ts";
import type { Operator } from "../../src/echo/operator.ts";
import { parseEcho } from "../../src/echo/options.ts";
import { Supervisor } from "../../src/echo/supervisor.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { temporaryFolder, until } from "../support/process.ts";
import { replaced } from "../support/replaced.ts";

test("a worker that does not stop by itself is killed after 100 ms", async () => {
  const folder = temporaryFolder();
  const [program, ready] = [join(folder, "worker"), join(folder, "ready")];
  writeFileSync(program, `#!/bin/sh\ntrap '' TERM\n: >'${ready}'\nexec sleep 60\n`);
  chmodSync(program, 0o755);
  const settings = parseEcho(["--workers", "2"]);
  assert.ok(typeof settings === "object");
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const supervisor = new Supervisor({ socket, settings, operator: { warn: assert.fail } as unknown as Operator });
  const { posix_spawn, kill } = lazyLibc();
  const signals: { signal: number; time: number }[] = [];
  const path = cString(program);
  using _ = replaced(lazyLibc(), {
    posix_spawn: (...[pid, , ...others]: Parameters<typeof posix_spawn>) =>
      posix_spawn(pid, path.pointer(0), ...others),
    kill: (pid: number, signal: number) => {
      // Process 0 would be this one and those beside it.
      assert.ok(pid > 0);
      signals.push({ signal, time: performance.now() });
      return kill(pid, signal);
    },
  });
  try {
    supervisor.start();
    await until(() => existsSync(ready), "its start");
    await supervisor.stop();
  } finally {
    supervisor.close();
  }
  const [first, second] = [signals[0]!, signals[1]!];
  assert.deepEqual([first.signal, second.signal], [SIGTERM, SIGKILL]);
  assert.ok(second.time - first.time >= 100, `${second.time - first.time} ms`);
});
