/** `./echo.ts` starts itself: which runtime it takes, under which names it works, and what it says without one. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEchoed, noCompiler } from "../support/client.ts";
import { withCommand } from "../support/privilege.ts";
import { run, temporaryFolder, which } from "../support/process.ts";
import { echoFile, freePort, RUNTIME } from "../support/server.ts";

const folder = join(temporaryFolder(), "a folder");
mkdirSync(folder);
const program = join(folder, "echo.ts");
copyFileSync(echoFile(), program);
chmodSync(program, 0o755);

/** Makes a folder for PATH, with a symbolic link to each of these programs. */
function programs(links: Record<string, string>): string {
  const path = temporaryFolder();
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(path, name));
  return path;
}

/** Commands that print their name and arguments. */
function stubs(...names: string[]): string {
  const path = temporaryFolder();
  for (const name of names) {
    writeFileSync(join(path, name), `#!/bin/sh\nprintf '${name}'\nfor word; do printf '|%s' "$word"; done\n`);
    chmodSync(join(path, name), 0o755);
  }
  return path;
}

/** Command that runs the one named after it with these environment variables. */
const env = (variables: Record<string, string>) => [
  "env",
  ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
];

describe("./echo.ts", () => {
  const args = ["9000", "--log", "a b", "*"];

  test("takes Deno with one permission, else Bun, else Node.js, and passes its arguments on", async () => {
    const cases: [installed: string[], choice: string, expected: string][] = [
      [["deno", "bun", "node"], "", `deno|run|--allow-ffi|${program}`],
      [["bun", "node"], "", `bun|run|${program}`],
      [["deno", "bun", "node"], "bun", `bun|run|${program}`],
    ];
    for (const [installed, ECHO_RUNTIME, expected] of cases) {
      const { stdout, stderr } = await run([...env({ PATH: stubs(...installed), ECHO_RUNTIME }), program, ...args]);
      assert.deepEqual({ stdout, stderr }, { stdout: [expected, ...args].join("|"), stderr: "" });
    }
    const { stdout } = await run([...env({ PATH: stubs("node") }), program, ...args]);
    const [node, , , ...rest] = stdout.split("|");
    assert.deepEqual([node, ...rest], ["node", "--", program, ...args]);
  });

  test("without a runtime, says what to install", async () => {
    for (const ECHO_RUNTIME of ["", "deno"]) {
      const { code, stdout, stderr } = await run([...env({ PATH: stubs(), ECHO_RUNTIME }), program, "9000"]);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(
        stderr,
        /^echo\.ts: (deno|a runtime) is not in PATH: install Deno 2 .*Bun 1\.3 .*Node\.js 26\.10 .*\n$/,
      );
    }
  });

  test("with another ECHO_RUNTIME, lists the valid ones", async () => {
    for (const ECHO_RUNTIME of ["perl", "/usr/bin/deno", "sh -c"]) {
      const { code, stdout, stderr } = await run([...env({ ECHO_RUNTIME }), program]);
      const expected = `echo.ts: ECHO_RUNTIME is deno, bun or node, not ${ECHO_RUNTIME}\n`;
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: "", stderr: expected });
    }
  });

  for (const shell of ["dash", "bash", "busybox"]) {
    const command = which(shell);
    test(`under ${shell}`, { skip: command === undefined && `needs ${shell}` }, async () => {
      const PATH = programs({ [RUNTIME.toLowerCase()]: process.execPath });
      const { code, stdout, stderr } = await run([
        ...env({ PATH }),
        command!,
        ...shell === "busybox" ? ["sh"] : [],
        program,
        "--version",
      ]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.match(stdout, /^echo\.ts \d/);
    });
  }

  for (const name of ["echo.ts", "udp-echo", "udp echo 1.0", "a link"]) {
    test(`named "${name}", echoes and stops as the runtime's own process`, { skip: noCompiler }, async () => {
      const file = join(folder, name);
      if (name === "a link") symlinkSync(program, file);
      else if (file !== program) copyFileSync(program, file);
      const runtime = RUNTIME.toLowerCase();
      const PATH = programs({ [runtime]: process.execPath });
      const port = await freePort();
      const command = [...env({ PATH, ECHO_RUNTIME: runtime }), file, `${port}`, "--quiet"];
      const { echoed } = await withCommand(command, async ({ pid, stderr }) => {
        await assertEchoed("127.0.0.2", port, { count: 10 });
        assert.match(stderr, new RegExp(`^listening on .* ${RUNTIME}.* \\d+\\.\\d+\\.\\d+\\)\\n$`));
        assert.equal(readlinkSync(`/proc/${pid}/exe`), readlinkSync(`/proc/${process.pid}/exe`));
      });
      assert.equal(echoed, 10);
    });
  }
});

test(
  "a program of Node.js that is named .ts works as well",
  { skip: RUNTIME !== "Node" && "needs Node.js" },
  async () => {
    const { code, stdout, stderr } = await run([process.execPath, program, "--version"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^echo\.ts \d/);
  },
);

test(
  "deno check does not complain: the types are in the sources",
  { skip: RUNTIME !== "Deno" && "needs Deno" },
  async () => {
    const { code, stderr } = await run([process.execPath, "check", "--quiet", program]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  },
);
