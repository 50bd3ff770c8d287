/** Reloading: a server whose source changes binds its port again in the same process. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UdpSocket } from "../../src/mod.ts";
import { LONG, Process, temporaryFolder } from "../support/process.ts";
import { commandLine, freePort, ROOT, RUNTIME } from "../support/server.ts";

const OPTIONS = RUNTIME === "Deno" ? ["-A", "--watch"] : ["--hot"];
const skip = RUNTIME === "Node" && "node --watch starts another process";

test("a server that is reloaded has its port again", { ...LONG, skip }, async () => {
  const port = await freePort();
  const file = join(temporaryFolder(), "server.ts");
  const write = (version: number) =>
    writeFileSync(
      file,
      `
      import { serve } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
      void serve({ port: ${port}, onListen: () => console.log("version ${version}") }, ({ payload }) => payload);
      `,
    );
  write(1);
  using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const batch = client.batch(1);
  const server = new Process(commandLine(file, [], OPTIONS));
  try {
    for (let version = 1; version <= 3; version++) {
      // A runtime begins to watch only after the start of the program: what changes earlier goes unnoticed.
      const again = setInterval(() => write(version), 1000);
      const started = server.waitFor(() => server.stdout.includes(`version ${version}`), `version ${version}`);
      await started.finally(() => clearInterval(again));
      // A runtime may reload twice for one change.
      do {
        client.sendTo(new Uint8Array(1), { to: { address: "127.0.0.2", port } });
      } while (!await client.readable({ timeoutMilliseconds: 100 }));
      while (client.tryReceive(batch) > 0) assert.deepEqual(batch.peer(0), { address: "127.0.0.2", port });
      write(version + 1);
    }
    assert.doesNotMatch(server.stderr, /address already in use/);
  } finally {
    await server.kill();
  }
});
