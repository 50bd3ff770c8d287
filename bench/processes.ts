/** The processes of the bench. All of them end with the bench: when it is done, when it fails, and on Ctrl-C. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of the project, where all commands run. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** The environment of every process, without variables that change how a server runs, such as `NODE_OPTIONS`. */
const ENVIRONMENT: Record<string, string> = {
  PATH: `${process.env.PATH ?? ""}:${ROOT}node_modules/.bin`,
  HOME: process.env.HOME ?? "/",
  LANG: "C.UTF-8",
};

/** An executable and its arguments. */
export type Command = [program: string, ...options: string[]];

const running = new Set<ChildProcess>();
const folders = new Set<string>();

/** Where the output of a process goes. */
export interface Output {
  /** Called with each piece of standard output, or the path of a file; `/dev/null` by default. */
  stdout?: ((text: string) => void) | string;
  /** Called with each piece of standard error; `/dev/null` by default. */
  stderr?: (text: string) => void;
}

/** Starts a process. */
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

/** Returns whether a process is still running. */
export function lives(child: ChildProcess): boolean {
  return running.has(child);
}

/** Runs a command and returns its standard output. Throws an `Error` with its standard error if it fails. */
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

/** Sends a signal by process ID. After Deno's `ChildProcess.kill`, the exit code would be lost. */
function signal(child: ChildProcess, name: "SIGTERM" | "SIGKILL"): void {
  try {
    if (child.pid !== undefined && lives(child)) process.kill(child.pid, name);
  } catch {
    // The process has ended, but its event has not been delivered yet.
  }
}

/**
 * Ends a process by SIGTERM, and by SIGKILL after five seconds.
 * @returns its exit code; null if a signal ended it
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

/** Removes a folder when the bench ends. */
export function removeAtEnd(folder: string): void {
  folders.add(folder);
}

/** Kills all processes and removes all temporary folders. To be called at the end of the bench. */
export function cleanUp(): void {
  for (const child of running) signal(child, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Cleans up on Ctrl-C and SIGTERM before the bench ends. */
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

/** Returns the resident memory of a process in bytes, from `/proc/PID/smaps_rollup`, which is exact. */
export function residentBytes(pid: number): number {
  const kibibytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return Number(kibibytes?.[1]) * 1024;
}
