/**
 * Runs the tests on the three runtimes: `npm test`. With arguments, only these test files:
 * `npm test test/echo/log_test.ts`.
 *
 * Most of a test is waiting for other processes. So all runtimes run at the same time, with two files each.
 */

import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { bundle } from "../bundle.ts";

/** Test files that a runtime runs at the same time. */
const WORKERS = "2";

/** Result of a suite. */
interface Suite {
  runtime: string;
  passed: boolean;
  seconds: number;
}

/** Runs a suite; `print` gets its output as it comes. */
function run(runtime: string, command: string[], print: (text: Uint8Array) => void): Promise<Suite> {
  const begin = performance.now();
  const [file = "", ...args] = command;
  const suite = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ECHO_TEST_FOLDER: folder, TMPDIR: folder, DENO_JOBS: WORKERS },
  });
  process.on("exit", () => suite.kill());
  for (const output of [suite.stdout, suite.stderr]) output.on("data", print);
  return new Promise((resolve, reject) => {
    suite.on("error", reject);
    suite.on("close", (code) => {
      resolve({ runtime, passed: code === 0, seconds: (performance.now() - begin) / 1000 });
    });
  });
}

const files = process.argv.slice(2);
// All temporary folders of the tests are in this one, which ordinary users can read too. Bun's workers end without an
// "exit" event and leave theirs behind.
const folder = mkdtempSync(join(tmpdir(), "echo.ts-test-"));
chmodSync(folder, 0o755);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
// What the end-to-end tests run; see test/support/server.ts.
const program = bundle();
for (const name of ["echo.ts", "echo.mjs"]) writeFileSync(join(folder, name), program);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

// One suite prints as it goes; the output of the others follows when all are complete.
const later: Uint8Array[][] = [[], []];
const deno = ["deno", "test", "-A", "--quiet", "--parallel", ...files.length > 0 ? files : ["test/"]];
const bun = ["bun", "test", "--timeout", "300000", `--parallel=${WORKERS}`, ...files];
const node = ["node", "--test", `--test-concurrency=${WORKERS}`, "--test-timeout=300000"];
node.push(...files.length > 0 ? files : ["test/**/*_test.ts"]);
const suites = await Promise.all([
  run("Deno", deno, (text) => process.stdout.write(text)),
  run("Bun", bun, (text) => later[0]!.push(text)),
  run("Node.js", node, (text) => later[1]!.push(text)),
]);
for (const text of later.flat()) process.stdout.write(text);
for (const { runtime, passed, seconds } of suites) {
  console.log(`${runtime}: ${passed ? "passed" : "FAILED"}, ${seconds.toFixed(0)} s`);
}
process.exitCode = suites.every(({ passed }) => passed) ? 0 : 1;
