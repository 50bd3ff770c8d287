/** The program under test, run as a process under the runtime that runs the tests. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { Process, type Result, run, type SpawnOptions, temporaryFolder } from "./process.ts";

/** Whether the tests run on Bun or on Deno. */
export const RUNTIME: "Bun" | "Deno" = process.versions.bun ? "Bun" : "Deno";

/** The top folder of the repository. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The program in its two forms. */
export const PROGRAMS = ["src/main.ts", "echo.ts"] as const;

/** The options of the runtime: on Deno, the permission that the program needs, and no other; none is asked for. */
const RUNTIME_OPTIONS = RUNTIME === "Deno" ? ["--allow-ffi", "--no-prompt"] : [];

let executable: string | undefined;

/**
 * The path of the runtime, by a link: where Deno's `node:child_process` finds the path of Deno itself in a command, and
 * no permission, it slips in `--allow-all`.
 */
function runtime(): string {
  if (executable === undefined) {
    executable = join(temporaryFolder(), RUNTIME.toLowerCase());
    symlinkSync(process.execPath, executable);
  }
  return executable;
}

/** The command that runs a program with these arguments on this runtime, with these options of the runtime. */
export function commandLine(program: string, args: string[], runtimeOptions: string[] = RUNTIME_OPTIONS): string[] {
  return [runtime(), "run", ...runtimeOptions, resolve(ROOT, program), ...args];
}

export interface ServerOptions extends SpawnOptions {
  /** A path below the top folder, or an absolute one. */
  program: string;
  args?: string[];
  /** Options of the runtime; on Deno those that permit what the program needs without it. */
  runtimeOptions?: string[];
  /** The host to run on; the one of the tests without it. */
  host?: Host;
  /** A free one without it; "default" leaves it to the program. */
  port?: number | "default";
  /** Redirections in the language of the shell, e.g. `>&-`. */
  redirect?: string;
  /** A command that becomes the program given behind it, e.g. `["nohup"]`. */
  wrapper?: string[];
}

/** A port that no socket of this host uses, and that the kernel gives to no client either. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const socket = createSocket(existsSync("/proc/net/if_inet6") ? "udp6" : "udp4");
    try {
      socket.bind(port);
      await once(socket, "listening");
      return port;
    } catch {
      // In use.
    } finally {
      socket.close();
    }
  }
}

function command({ program, args = [], runtimeOptions, host, redirect, wrapper = [] }: ServerOptions): string[] {
  let command = [...wrapper, ...commandLine(program, args, runtimeOptions)];
  if (redirect) command = ["sh", "-c", `exec "$@" ${redirect}`, "sh", ...command];
  return host ? host.command(command) : command;
}

/** Runs the program to its end, as is due for wrong usage. `args` are all its arguments. */
export function runProgram(args: string[], options: Omit<ServerOptions, "args" | "port">): Promise<Result> {
  return run(command({ ...options, args }), options);
}

/** The counters of the summary. They are in datagrams, or lines. */
export interface Summary {
  received: number;
  echoed: number;
  refused: number;
  failed: number;
  dropped_by_kernel: number;
  log_lines_dropped: number;
  seconds: number;
  refused_by_reason: Record<string, number>;
  failed_by_errno: Record<string, number>;
}

/** The last summary in what a server wrote, in either form; the text form leaves the last two fields empty. */
export function readSummary(stdout: string, stderr: string): Summary {
  const line = stdout.split("\n").findLast((line) => line.startsWith('{"event":"summary"'));
  if (line !== undefined) return JSON.parse(line);
  const number = (name: string) => {
    const found = [...stderr.matchAll(new RegExp(`^ {2}${name} +(\\d+)`, "gm"))].at(-1);
    assert.ok(found, `no "${name}" in the summary: ${stderr}`);
    return Number(found[1]);
  };
  const seconds = [...stderr.matchAll(/ (?:after|for) ([\d.]+) s$/gm)].at(-1);
  assert.ok(seconds, `no duration in the summary: ${stderr}`);
  return {
    received: number("received"),
    echoed: number("echoed"),
    refused: number("refused"),
    failed: number("failed"),
    dropped_by_kernel: number("dropped by kernel"),
    log_lines_dropped: number("log lines dropped"),
    seconds: Number(seconds[1]),
    refused_by_reason: {},
    failed_by_errno: {},
  };
}

/** Asserts the law that no datagram is left uncounted. */
export function assertLaw(summary: Summary): void {
  const { received, echoed, refused, failed } = summary;
  assert.equal(received, echoed + refused + failed, `received = echoed + refused + failed: ${JSON.stringify(summary)}`);
  const total = (counters: Record<string, number>) => Object.values(counters).reduce((sum, n) => sum + n, 0);
  if (Object.keys(summary.refused_by_reason).length > 0) assert.equal(refused, total(summary.refused_by_reason));
  if (Object.keys(summary.failed_by_errno).length > 0) assert.equal(failed, total(summary.failed_by_errno));
}

/** How a server was stopped. */
export interface Stopped extends Result {
  /** Milliseconds from the signal to the end of the process. */
  ms: number;
}

/** The program while it serves. */
export class Server extends Process {
  readonly port: number;

  constructor(port: number | "default", options: ServerOptions) {
    const args = options.args ?? [];
    super(command({ ...options, args: port === "default" ? args : [String(port), ...args] }), options);
    this.port = port === "default" ? 9000 : port;
  }

  /** The line on standard error that says that it is ready, empty before there is one. */
  get readyLine(): string {
    return this.stderr.match(/^listening on .*$(?=\n)/m)?.[0] ?? "";
  }

  /** The lines on standard output so far, without one still incomplete. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Sends a signal that ends it, and waits for that. */
  async endBy(signal: NodeJS.Signals): Promise<Stopped> {
    const start = performance.now();
    this.signal(signal);
    const result = await this.end();
    return { ...result, ms: performance.now() - start };
  }

  /** Stops it, asserts that it ends well and that its summary obeys the law, and returns the summary. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<Summary> {
    const { code, signal: by, stdout, stderr } = await this.endBy(signal);
    assert.deepEqual({ code, by }, { code: 0, by: null }, `stopped by ${signal}: ${stderr}`);
    const summary = readSummary(stdout, stderr);
    assertLaw(summary);
    return summary;
  }

  /** Makes it print the summary so far, asserts that it obeys the law, and returns it. */
  async summary(): Promise<Summary> {
    const [stdout, stderr] = [this.stdout.length, this.stderr.length];
    this.signal("SIGUSR1");
    const summary = await this.waitFor(() => {
      try {
        // The last line of both forms; a text summary is complete only with it.
        const complete = /^ {2}log lines dropped.*\n/m.test(this.stderr.slice(stderr)) ||
          /^\{"event":"summary".*\n/m.test(this.stdout.slice(stdout));
        return complete && readSummary(this.stdout.slice(stdout), this.stderr.slice(stderr));
      } catch {
        return undefined;
      }
    }, "summary");
    assertLaw(summary);
    return summary;
  }
}

/** Starts the program and waits until it says that it is ready. */
export async function serve(options: ServerOptions): Promise<Server> {
  const server = new Server(options.port ?? await freePort(), options);
  try {
    await server.waitFor(() => server.readyLine !== "", "ready line");
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}

/** Starts the program, lets `use` work with it, and stops it; returns its summary. */
export async function withServer(
  options: ServerOptions,
  use: (server: Server) => Promise<void> | void,
): Promise<Summary> {
  const server = await serve(options);
  try {
    await use(server);
    return await server.stop();
  } finally {
    await server.kill();
  }
}
