/**
 * Makes small mistakes in the program, one at a time, and counts those that the fast tests notice:
 * `npm run mutate -- --count 300`. Arguments choose a part of the program, or mistakes of an earlier run:
 * `npm run mutate -- src/net src/socket/path.ts:32`. It works in a copy of the tree.
 */
import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { transformSync } from "esbuild";
import { Random } from "../simulation/random.ts";
import { runSync } from "../support/process.ts";
import { testsOf } from "./fast_tests.ts";
import { type Mutant, mutantsOf } from "./operators.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A mutant may take so many times as long as the program. */
const SLOWNESS_MAX = 6;
const TIME_MIN_SECONDS = 15;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** How many mutants, and the seed of the choice. */
    count: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    /** Only counts the mutants that there are. */
    list: { type: "boolean", default: false },
  },
});

/** A mutant of a file. */
interface Candidate extends Mutant {
  readonly file: string;
  /** File, line, and column. */
  readonly place: string;
  /** The line before and after. */
  readonly change: string;
}

function candidates(): Candidate[] {
  const files = runSync(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "src", "ffi"]).trim().split("\n");
  return files.filter((file) => positionals.length === 0 || positionals.some((part) => covers(part, file)))
    .flatMap((file) => {
      const source = readFileSync(join(ROOT, file), "utf8");
      return mutantsOf(source).map((mutant) => candidate(file, source, mutant));
    })
    .filter(({ place }) => positionals.length === 0 || positionals.some((part) => covers(part, place)));
}

/** Whether one of two is the beginning of the other: folders, files, lines. */
function covers(part: string, place: string): boolean {
  const [short, long] = part.length < place.length ? [part, place] : [place, part];
  return long === short || [`${short}/`, `${short}:`].some((start) => long.startsWith(start));
}

function candidate(file: string, source: string, mutant: Mutant): Candidate {
  const { at, length, replacement } = mutant;
  const lineStart = source.lastIndexOf("\n", at - 1) + 1;
  const lines = source.slice(0, at).split("\n").length;
  const old = source.slice(at, at + length);
  const line = source.slice(lineStart, source.indexOf("\n", at)).trim();
  const place = `${file}:${lines}:${at - lineStart + 1}`;
  return { ...mutant, file, place, change: `${old.trim()} → ${replacement || "nothing"} in: ${line}` };
}

function mutated(source: string, { at, length, replacement }: Mutant): string {
  return source.slice(0, at) + replacement + source.slice(at + length);
}

/** The JavaScript of a source text; `undefined` if it is none. */
function javascript(source: string): string | undefined {
  try {
    return transformSync(source, { loader: "ts", target: "esnext", minify: true, logLevel: "silent" }).code;
  } catch {
    return undefined;
  }
}

/** How a command ended. */
type End = "passed" | "failed" | "late";

function run([file = "", ...args]: readonly string[], cwd: string, timeoutSeconds: number): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn("nice", [file, ...args], {
      cwd,
      stdio: "ignore",
      detached: true,
      env: { ...process.env, TMPDIR: scratch, NO_COLOR: "1" },
    });
    running = child.pid;
    // Counts seconds, so that the time in which the machine sleeps, or this process is stopped, does not count.
    let seconds = 0;
    const timer = setInterval(() => {
      if (++seconds === timeoutSeconds) end();
    }, 1000);
    child.on("close", (code) => {
      clearInterval(timer);
      end();
      running = undefined;
      resolve(seconds >= timeoutSeconds ? "late" : code === 0 ? "passed" : "failed");
    });
  });
}

/** Ends the running command and what it started. */
function end(): void {
  try {
    if (running !== undefined) process.kill(-running, "SIGKILL");
  } catch {
    // It has ended.
  }
}

let running: number | undefined;
const scratch = mkdtempSync(join(tmpdir(), "echo.ts-mutants-"));
// Some tests run the program as another user.
chmodSync(scratch, 0o755);
const tree = join(scratch, "tree");
process.on("exit", () => {
  end();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));

/** Copies the files of the repository. */
function copyTree(): void {
  for (const file of runSync(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"]).trim().split("\n")) {
    cpSync(join(ROOT, file), join(tree, file), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
}

const all = candidates();
if (values.list) {
  console.log(`${all.length} mutants`);
  process.exit(0);
}
const random = new Random(Number(values.seed));
const order = all.map((each) => ({ each, key: random.word() })).sort((a, b) => a.key - b.key);
copyTree();

/** How long the tests of a file take without a mistake, by their commands. */
const durations = new Map<string, number>();

async function limitOf(command: readonly string[]): Promise<number> {
  const key = command.join(" ");
  let duration = durations.get(key);
  if (duration === undefined) {
    const start = performance.now();
    if (await run(command, tree, 600) !== "passed") throw new Error(`fails without any mistake: ${key}`);
    durations.set(key, duration = (performance.now() - start) / 1000);
    console.log(`${duration.toFixed(1)} s: ${key}`);
  }
  return Math.max(TIME_MIN_SECONDS, Math.ceil(duration * SLOWNESS_MAX));
}

/** Runs the tests of a mutant; returns the command that noticed it. */
async function noticed(file: string, text: string): Promise<string | undefined> {
  const commands = testsOf(tree, file);
  const limits = [];
  for (const command of commands) limits.push(await limitOf(command));
  const path = join(tree, file);
  const original = readFileSync(path, "utf8");
  writeFileSync(path, text);
  try {
    for (const [i, command] of commands.entries()) {
      if (await run(command, tree, limits[i]!) !== "passed") return command.slice(0, 6).join(" ");
    }
    return undefined;
  } finally {
    writeFileSync(path, original);
  }
}

const score = new Map<string, { tried: number; killed: number }>();
const survivors: Candidate[] = [];
let tried = 0;
for (const { each } of order) {
  if (tried === Number(values.count)) break;
  const { file, place, change } = each;
  const source = readFileSync(join(tree, file), "utf8");
  const text = mutated(source, each);
  const code = javascript(text);
  if (code === undefined || code === javascript(source)) continue;
  tried++;
  const by = await noticed(file, text);
  const counts = score.get(file) ?? { tried: 0, killed: 0 };
  counts.tried++;
  if (by === undefined) survivors.push(each);
  else counts.killed++;
  score.set(file, counts);
  console.log(`${by === undefined ? "SURVIVED" : "killed  "} ${place} ${change}`);
}

const percent = (killed: number, of: number) => `${killed} of ${of}, ${(100 * killed / of).toFixed(0)} %`;
console.log("\nscore by file");
for (const [file, { tried, killed }] of [...score].sort()) console.log(`${file.padEnd(42)} ${percent(killed, tried)}`);
for (const folder of [...new Set([...score.keys()].map((file) => dirname(file)))].sort()) {
  const files = [...score].filter(([file]) => dirname(file) === folder).map(([, counts]) => counts);
  const sum = (of: "tried" | "killed") => files.reduce((sum, counts) => sum + counts[of], 0);
  console.log(`${`${folder}/`.padEnd(42)} ${percent(sum("killed"), sum("tried"))}`);
}
console.log(`all: ${percent(tried - survivors.length, tried)}`);
console.log("\nsurvivors");
for (const { place, change } of survivors) console.log(`${place} ${change}`);
process.exit(0);
