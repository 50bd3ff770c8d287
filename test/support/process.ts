/** Child processes of the tests: collects their output, waits with a time limit, and ends them with the tests. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

// Half a second after its start, Deno asks a name server for a newer Deno; tests count what a host sends.
process.env.DENO_NO_UPDATE_CHECK = "1";

/** Factor for all time limits, on emulated machines for example. */
const SLOWNESS = Number(process.env.ECHO_TEST_SLOWNESS ?? 1);

/** Time limit for a single event on a slow and busy machine, in milliseconds. Only a hang reaches it. */
export const PATIENCE_MS: number = 60_000 * SLOWNESS;

/** Time limit for what takes at most `ms` on an idle machine: longer where processes wait for the processors. */
export function timeLimit(ms: number): number {
  return ms * Math.max(1, loadavg()[0]! / availableParallelism()) * SLOWNESS;
}

/** Options of tests that wait for many events. Only a hang reaches the limit. */
export const LONG: { readonly timeout: number } = { timeout: 300_000 * SLOWNESS };

const cleanups = new Set<() => void>();
let shared: string | undefined;
let python: string | undefined;

/** Calls `cleanup` at the end of this test file, also after a failure. The returned function cancels that. */
export function atExit(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

function cleanUp(): void {
  for (const cleanup of [...cleanups].reverse()) {
    cleanups.delete(cleanup);
    cleanup();
  }
}

// Under `deno test` each file has its own global scope, which ends with "unload" and without "exit". Bun has one process
// for all files, which ends with "exit".
process.on("exit", cleanUp);
globalThis.addEventListener?.("unload", cleanUp);

// `ip` and `sysctl` are there, and a user's PATH often lacks these folders.
process.env.PATH += ":/usr/sbin:/sbin";

/** Path of an executable in PATH, or undefined. */
export function which(name: string): string | undefined {
  for (const folder of process.env.PATH?.split(":") ?? []) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Reason to skip a test that needs these tools, or false if they are all installed. */
export function missing(...tools: string[]): string | false {
  const absent = tools.filter((tool) => which(tool) === undefined);
  return absent.length > 0 && `needs ${absent.join(", ")}`;
}

/** Reason to skip a test that needs root, or false. */
export const notRoot: string | false = process.getuid?.() !== 0 && "needs root";

/** Creates a folder and removes it after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "echo.ts-test-"));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Folder for what several test files use. `test/run.ts` provides one for the whole run. */
export function sharedFolder(): string {
  return shared ??= process.env.ECHO_TEST_FOLDER ?? temporaryFolder();
}

/** Path of Python's interpreter: `python3` itself may be a script that searches for it each time. */
export function pythonInterpreter(): string {
  return python ??= runSync(["python3", "-c", "import sys; print(sys.executable)"]).trim();
}

/** Waits for a time. For tests whose subject is time; other tests wait for an event, see {@link until}. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls `condition` repeatedly until its result is neither undefined nor false, and returns that result. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await sleep(2);
  }
}

/** End of a process: an exit code or a signal. */
export interface Exit {
  code: number | null;
  signal: string | null;
}

/** End and complete output of a process. */
export interface Result extends Exit {
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Standard input is a pipe, for {@link Process.write}. Default: /dev/null. */
  stdin?: boolean;
}

// The kernel kills the child when its parent dies, also by SIGKILL. setpriv(1) requests that and becomes the command.
const LEASH = which("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

/** A child process. `stdout` and `stderr` hold its output so far. */
export class Process {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  stdout = "";
  stderr = "";
  #child: ChildProcess;
  #command: string[];
  #ended: Exit | undefined;
  #listeners = new Set<() => void>();

  constructor(command: string[], options: SpawnOptions = {}) {
    const [file = "", ...args] = [...LEASH, ...command];
    this.#command = command;
    this.#child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: [options.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    });
    this.pid = this.#child.pid ?? -1;
    const forget = atExit(() => this.#child.kill("SIGKILL"));
    const tell = () => this.#listeners.forEach((listener) => listener());
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text, tell()));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text, tell()));
    this.exit = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.#ended ??= exit;
        forget();
        tell();
        resolve(this.#ended);
      };
      this.#child.on("error", (error) => {
        this.stderr += error.message;
        end({ code: 127, signal: null });
      });
      // Not "exit", which may precede the last output.
      this.#child.on("close", (code, signal) => end({ code, signal }));
    });
  }

  /** Whether it has not ended yet. */
  get running(): boolean {
    return this.#ended === undefined;
  }

  /** Waits until `condition`, called after each piece of output and at the end, returns neither undefined nor false. */
  waitFor<T>(condition: () => T | undefined | false, what: string, ms: number = PATIENCE_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        finish();
      };
      const listener = () => {
        const result = condition();
        if (result !== undefined && result !== false) return settle(() => resolve(result));
        if (this.#ended) settle(() => reject(this.#failure(`it ended without ${what}`)));
      };
      const timer = setTimeout(() => settle(() => reject(this.#failure(`no ${what} within ${ms} ms`))), ms);
      this.#listeners.add(listener);
      listener();
    });
  }

  /** Waits until it ends by itself. */
  async end(ms: number = PATIENCE_MS): Promise<Result> {
    const exit = await this.waitFor(() => this.#ended, "end", ms);
    return { ...exit, stdout: this.stdout, stderr: this.stderr };
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Closes its standard input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends it by SIGKILL if it still runs. */
  async kill(): Promise<void> {
    if (this.running) this.#child.kill("SIGKILL");
    await this.exit;
  }

  #failure(what: string): Error {
    const tail = (text: string) => text.length > 2000 ? `…${text.slice(-2000)}` : text;
    const end = this.#ended ? `, exit code ${this.#ended.code}, signal ${this.#ended.signal}` : "";
    return new Error(
      `${what}: ${this.#command.join(" ")} (process ${this.pid}${end})\n` +
        `standard error: ${tail(this.stderr) || "empty"}\nstandard output: ${tail(this.stdout) || "empty"}`,
    );
  }
}

/** Runs a command until it ends. */
export function run(command: string[], options: SpawnOptions = {}, ms: number = PATIENCE_MS): Promise<Result> {
  const child = new Process(command, options);
  return child.end(ms).finally(() => child.kill());
}

/** Runs a command synchronously and returns its standard output. Throws with its standard error if it fails. */
export function runSync(command: string[]): string {
  const [file = "", ...args] = command;
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
}
