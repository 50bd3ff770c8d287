/**
 * Lets hostile calls loose on the library: `npm run fuzz -- --minutes 10 --runtime bun`.
 *
 * The calls run in a child process, in a network namespace without a way out, so that a crash is found and garbage in
 * addresses reaches no other host. A finding is printed with its seed and its last calls; `--seed` with that number and
 * `--minutes 0` makes the same calls again.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { Process } from "../support/process.ts";
import { ROOT } from "../support/server.ts";

/** Longest life of a child, in seconds: fresh memory finds other things. */
const CHILD_SECONDS = 30;
/** A round takes milliseconds; a child that reports none for so long hangs. */
const HANG_MS = 60_000;
const FINDINGS_MAX = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    /** It goes on until there were so many calls. */
    calls: { type: "string", default: "0" },
    runtime: { type: "string", default: "deno" },
    seed: { type: "string", default: `${Date.now() % 1e9}` },
  },
});
const runtime = { bun: ["bun", "run"], deno: ["deno", "run", "-A"], node: ["node"] }[values.runtime] ?? [];
if (runtime.length === 0) throw new Error("--runtime is bun, deno or node");
const isolate = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
const folder = mkdtempSync(join(tmpdir(), "echo.ts-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const traceFile = join(folder, "trace");

interface Report {
  seed: number;
  calls: number;
  worked: number;
  received: number;
  finding?: string;
}

/** Runs a child; returns its last report, and what was found. */
async function runChild(seed: number, seconds: number): Promise<Report> {
  const args = [join(ROOT, "test/fuzz/target.ts"), `${seed}`, `${seconds}`, traceFile];
  const child = new Process([...isolate, ...runtime, ...args]);
  const last = () => JSON.parse(child.stdout.trimEnd().split("\n").at(-1) || "{}") as Partial<Report>;
  let hung = false;
  for (let length = -1; child.running && !hung;) {
    length = child.stdout.length;
    hung = await child.waitFor(() => !child.running || child.stdout.length > length, "round", HANG_MS)
      .then(() => false, () => child.running);
  }
  await child.kill();
  const { code, signal } = await child.exit;
  const report: Report = { seed, calls: 0, worked: 0, received: 0, ...last() };
  if (hung) report.finding ??= "it hangs";
  if (code !== 0) report.finding ??= `exit code ${code}, signal ${signal}: ${child.stderr.slice(-3000)}`;
  return report;
}

const begin = performance.now();
const end = begin + Number(values.minutes) * 60_000;
const totals = { calls: 0, worked: 0, received: 0 };
let findings = 0;
let seed = Number(values.seed);
console.log(`${values.runtime}: from seed ${seed} on`);
do {
  const seconds = Math.max(1, Math.min(CHILD_SECONDS, (end - performance.now()) / 1000));
  const report = await runChild(seed, seconds);
  totals.calls += report.calls;
  totals.worked += report.worked;
  totals.received += report.received;
  if (report.finding !== undefined) {
    findings++;
    const calls = readFileSync(traceFile, "utf8").trimEnd().split("\n").slice(-30);
    console.log(`FINDING with seed ${report.seed}: ${report.finding}\nThe last calls:\n${calls.join("\n")}`);
  }
  seed = report.seed + 1;
} while ((performance.now() < end || totals.calls < Number(values.calls)) && findings < FINDINGS_MAX);

const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
const { calls, worked, received } = totals;
console.log(
  `${values.runtime}: ${calls} calls, ${worked} worked, ${received} datagrams checked, ${minutes} min, ${findings} findings`,
);
process.exit(findings > 0 ? 1 : 0);
