/** Reloading: a server whose source changes binds its port again in the same process. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertEchoed, noCompiler } from "../support/client.ts";
import { LONG, Process, temporaryFolder } from "../support/process.ts";
import { commandLine, freePort, ROOT, RUNTIME } from "../support/server.ts";

const OPTIONS = RUNTIME === "Deno" ? ["-A", "--watch"] : ["--hot"];
const skip = RUNTIME === "Node" ? "node --watch starts another process" : noCompiler;

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
  const server = new Process(commandLine(file, [], OPTIONS));
  try {
    for (let version = 1; version <= 3; version++) {
      await server.waitFor(() => server.stdout.includes(`version ${version}`), `version ${version}`);
      await assertEchoed("127.0.0.2", port, { count: 10 });
      write(version + 1);
    }
    assert.doesNotMatch(server.stderr, /address already in use/);
  } finally {
    await server.kill();
  }
});
