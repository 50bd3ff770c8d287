/** Every process that the bench starts, so that every process ends: when it is done, when it fails, on Ctrl-C. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of the project: commands run there, as a user's would. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/**
 * The environment of every program. Variables that change how a program runs (`PYTHONUNBUFFERED`, `NODE_OPTIONS`,
 * `GODEBUG`) are left out: they would measure this machine's settings.
 */
const ENVIRONMENT: Record<string, string> = {
  PATH: `${process.env.PATH ?? ""}:${ROOT}node_modules/.bin`,
  HOME: process.env.HOME ?? "/",
  LANG: "C.UTF-8",
};

/** A program and its arguments. */
export type Command = [program: string, ...options: string[]];

const running = new Set<ChildProcess>();
const folders = new Set<string>();

/** What a program may do with its standard output and error. */
export interface Output {
  /** Called with each piece of standard output, or the file that it goes to; without it, `/dev/null`. */
  stdout?: ((text: string) => void) | string;
  /** The same for standard error. */
  stderr?: (text: string) => void;
}

/** Starts `command`; it is ended with the bench at the latest. */
export function launch([program, ...options]: Command, { stdout, stderr }: Output = {}): ChildProcess {
  const file = typeof stdout === "string" ? openSync(stdout, "a") : undefined;
  const child = spawn(program, options, {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: ["ignore", file ?? (stdout ? "pipe" : "ignore"), stderr ? "pipe" : "ignore"],
  });
  if (file !== undefined) closeSync(file);
  running.add(child);
  child.on("exit", () => running.delete(child));
  child.on("error", () => running.delete(child));
  if (typeof stdout === "function") child.stdout?.setEncoding("utf8").on("data", stdout);
  if (stderr) child.stderr?.setEncoding("utf8").on("data", stderr);
  return child;
}

/** True as long as the process has not ended. */
export function lives(child: ChildProcess): boolean {
  return running.has(child);
}

/** Runs `command` to its end. Throws an `Error` with what it wrote to standard error unless it ends with code 0. */
export function run(command: Command): Promise<string> {
  let out = "";
  let errors = "";
  const child = launch(command, { stdout: (text) => out += text, stderr: (text) => errors += text });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new Error(`${command[0]}: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command.join(" ")}: ${errors.trim() || `ended with code ${code}`}`));
    });
  });
}

/** Sends a signal, by process id: Deno's `ChildProcess.kill` reports the signal in place of the exit code from then on. */
function signal(child: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  try {
    if (child.pid !== undefined && lives(child)) process.kill(child.pid, name);
  } catch {
    // It has ended, and the runtime knows but has not said so yet.
  }
}

/**
 * Ends the process: SIGTERM, and SIGKILL to one that is still there after five seconds. Resolves with its exit code,
 * null when a signal ended it.
 */
export async function stop(child: ChildProcess): Promise<number | null> {
  if (!lives(child)) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  signal(child, "SIGTERM");
  const timer = setTimeout(() => signal(child, "SIGKILL"), 5000);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

/** Removes `folder` when the bench ends. */
export function removeAtEnd(folder: string): void {
  folders.add(folder);
}

/** Ends all that still runs and removes all temporary folders, at once: for the end of the bench, however it ends. */
export function cleanUp(): void {
  for (const child of running) signal(child, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** From here on, Ctrl-C and SIGTERM clean up before they end the bench. */
export function cleanUpOnSignals(): void {
  for (const [name, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
    process.on(name, () => {
      cleanUp();
      process.exit(128 + number);
    });
  }
}

/** CPU time of all threads of a process so far, in seconds. Documentation/scheduler/sched-stats.rst */
export function cpuSeconds(pid: number): number {
  // In nanoseconds, where /proc/PID/stat has ticks of 10 ms.
  return readdirSync(`/proc/${pid}/task`).reduce((sum, id) => {
    return sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]) / 1e9;
  }, 0);
}

/** Resident memory of a process in bytes, from `/proc/PID/smaps_rollup`: exact, where `status` lags behind. */
export function residentBytes(pid: number): number {
  const kibibytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return Number(kibibytes?.[1]) * 1024;
}
