/**
 * The processes that tests start: their output is collected, they are waited for with a time limit, and none outlives
 * the tests.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** How long anything that should happen at once may take on a slow and busy machine, in milliseconds. */
export const PATIENCE_MS = 10_000;

/** For tests that take longer than the 5 s that Bun grants by default. */
export const LONG = { timeout: 30_000 } as const;

const cleanups = new Set<() => void>();

/** Calls `cleanup` when the tests of this file are over, however they end; the function returned takes that back. */
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

// Under `deno test` every file has a global scope of its own, which ends with "unload" and without "exit"; Bun has
// one process for all files, which ends with "exit".
process.on("exit", cleanUp);
globalThis.addEventListener?.("unload", cleanUp);

// Where `ip` and `sysctl` are, which the PATH of a user often lacks.
process.env.PATH += ":/usr/sbin:/sbin";

/** The path of an executable that is found in PATH, or undefined. */
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

/** Why a test that needs these tools can't run here, for the `skip` option of a test: a reason, or false. */
export function missing(...tools: string[]): string | false {
  const absent = tools.filter((tool) => which(tool) === undefined);
  return absent.length > 0 && `needs ${absent.join(", ")}`;
}

/** Why a test that needs root can't run here, for the `skip` option of a test. */
export const notRoot: string | false = process.getuid?.() !== 0 && "needs root";

/** Makes a folder that is removed after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "echo.ts-test-"));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits this many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `condition` again and again until it gives something else than undefined or false, which is returned. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await sleep(5);
  }
}

/** How a process ended: by an exit code or by a signal. */
export interface Exit {
  code: number | null;
  signal: string | null;
}

/** What a process that has ended left. */
export interface Result extends Exit {
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Gives it a standard input for {@link Process.write}. Without it that is /dev/null. */
  stdin?: boolean;
}

// The kernel kills the child when its parent dies, even when the parent is killed by SIGKILL. It stays one process:
// setpriv sets this up and then becomes the command.
const LEASH = which("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

/** A running process. `stdout` and `stderr` hold what it has written so far, as UTF-8. */
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
      // Not "exit", which comes before the last of the output.
      this.#child.on("close", (code, signal) => end({ code, signal }));
    });
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  /** Waits until `condition`, asked after every piece of output and at the end, gives something. */
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
        if (this.#ended) settle(() => reject(this.#failure(`it ended before there was ${what}`)));
      };
      const timer = setTimeout(() => settle(() => reject(this.#failure(`no ${what} within ${ms} ms`))), ms);
      this.#listeners.add(listener);
      listener();
    });
  }

  /** Waits until it has ended by itself. */
  async end(ms: number = PATIENCE_MS): Promise<Result> {
    const exit = await this.waitFor(() => this.#ended, "end", ms);
    return { ...exit, stdout: this.stdout, stderr: this.stderr };
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Ends it, if it still runs, by SIGKILL. */
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

/** Runs a command to its end. */
export function run(command: string[], options: SpawnOptions = {}, ms: number = PATIENCE_MS): Promise<Result> {
  const child = new Process(command, options);
  return child.end(ms).finally(() => child.kill());
}

/** Runs a command to its end at once and returns what it wrote; throws, with its standard error, when it fails. */
export function runSync(command: string[]): string {
  const [file = "", ...args] = command;
  return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
}
