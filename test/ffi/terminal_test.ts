/** What the program asks of its terminal and of its environment. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { environmentVariable, terminalDevice, terminalSize } from "../../ffi/terminal.ts";
import { noPython } from "../support/client.ts";
import { temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";
import { onTerminal } from "../support/terminal.ts";

test("the size of a terminal, its device, and the environment", { skip: noPython }, async () => {
  const file = join(temporaryFolder(), "ask.ts");
  writeFileSync(
    file,
    `import { environmentVariable, terminalDevice, terminalSize } from ${JSON.stringify(join(ROOT, "ffi/terminal.ts"))};
    const { columns, rows } = terminalSize(1);
    const values = ["NAME", "EMPTY", "NAM", "NAME="].map(environmentVariable);
    // Major number 136 is that of pseudo-terminals. Documentation/admin-guide/devices.txt
    console.log(JSON.stringify([columns, rows, terminalDevice(1) >> 8, ...values, terminalSize(2) === undefined]));`,
  );
  const env = { NAME: "värde=1 2", EMPTY: "" };
  const output = await onTerminal(commandLine(file, []), { columns: 123, rows: 45, env });
  assert.deepEqual(JSON.parse(output), [123, 45, 136, "värde=1 2", "", "", "", true]);
});

test("a descriptor that is no terminal, and a variable that is not set", () => {
  assert.deepEqual([terminalSize(999_999), terminalDevice(999_999)], [undefined, undefined]);
  assert.equal(environmentVariable("ECHO_TEST_NONESUCH"), "");
});
