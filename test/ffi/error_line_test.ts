/** Lines on standard error. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PIPE_BUF } from "../../ffi/constants.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

test("a line on standard error: whole characters, at most PIPE_BUF bytes", async () => {
  const file = join(temporaryFolder(), "write.ts");
  writeFileSync(
    file,
    `import { writeError } from ${JSON.stringify(join(ROOT, "ffi/error_line.ts"))};
    writeError("first");
    writeError("\u{1f600}".repeat(3000));
    writeError("x".repeat(5000));
    writeError("");`,
  );
  const { code, stdout, stderr } = await run(commandLine(file, []));
  assert.deepEqual([code, stdout], [0, ""]);
  const most = Math.floor((PIPE_BUF - 1) / 4);
  assert.equal(stderr, `first\n${"\u{1f600}".repeat(most)}\n${"x".repeat(PIPE_BUF - 1)}\n\n`);
});
