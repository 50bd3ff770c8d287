/** The program under test, as a process of the runtime that runs the tests. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "../../bundle.ts";
import type { Host } from "./hosts.ts";
import {
  PATIENCE_MS,
  Process,
  type Result,
  run,
  sharedFolder,
  sleep,
  type SpawnOptions,
  temporaryFolder,
} from "./process.ts";

/** The runtime that runs the tests, and the program. */
export const RUNTIME: "Bun" | "Deno" | "Node" = process.versions.bun ? "Bun" : process.versions.deno ? "Deno" : "Node";

/** The top folder of the repository. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** Deno gets the one permission that the program needs, and never prompts. */
const RUNTIME_OPTIONS = RUNTIME === "Deno" ? ["--allow-ffi", "--no-prompt"] : [];

/** Command of this runtime that runs the program named after it, with every permission. */
export const RUN: readonly string[] = {
  Bun: [process.execPath, "run"],
  Deno: [process.execPath, "run", "-A"],
  Node: [process.execPath],
}[RUNTIME];

/**
 * Time between two requests of a summary, in milliseconds. On Deno, a signal that comes while an idle server turns from
 * the last one to its next blocking call waits until that call ends: up to a second.
 */
const SUMMARY_GAP_MS = 20;

let executable: string | undefined;
let bundled: string | undefined;

/**
 * Path of `echo.ts`, made from `src/` and `ffi/`: once for all test files, if `test/run.ts` runs them. On Node.js it is
 * named `echo.mjs`, which starts faster.
 */
export function echoFile(): string {
  if (bundled === undefined) {
    bundled = join(sharedFolder(), RUNTIME === "Node" ? "echo.mjs" : "echo.ts");
    if (!existsSync(bundled)) writeFileSync(bundled, bundle());
  }
  return bundled;
}

/**
 * Path of the runtime, as a symbolic link: `node:child_process` of Deno adds `--allow-all` to a command that starts with
 * Deno's own path and names no permission.
 */
function runtime(): string {
  if (executable === undefined) {
    executable = join(temporaryFolder(), RUNTIME.toLowerCase());
    symlinkSync(process.execPath, executable);
  }
  return executable;
}

/**
 * Command that runs a program on this runtime.
 * @param program `echo.ts`, a path relative to the repository, or an absolute path
 */
export function commandLine(program: string, args: string[], runtimeOptions: string[] = RUNTIME_OPTIONS): string[] {
  const file = program === "echo.ts" ? echoFile() : resolve(ROOT, program);
  return [runtime(), ...RUNTIME === "Node" ? [] : ["run"], ...runtimeOptions, file, ...args];
}

/** How to start the program. */
export interface ServerOptions extends SpawnOptions {
  /** As for {@link commandLine}. Default: `echo.ts`. */
  program?: string;
  args?: string[];
  /** Options of the runtime. Default on Deno: the permission that the program needs. */
  runtimeOptions?: string[];
  /** Host to run on. Default: the host of the tests. */
  host?: Host;
  /** Default: a free port. "default" leaves the choice to the program. */
  port?: number | "default";
  /** Redirections in the shell's syntax, e.g. `>&-`. */
  redirect?: string;
  /** Command that becomes the program named after it, e.g. `["nohup"]`. */
  wrapper?: string[];
}

/**
 * Returns a UDP port of this host that is free, outside the range of ephemeral ports, and above those that `fetch`
 * refuses. Until it ends, this process reserves it against other test processes by a TCP socket with the same port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 19_000);
    const reservation = createServer().unref();
    const socket = createSocket(existsSync("/proc/net/if_inet6") ? "udp6" : "udp4");
    try {
      reservation.listen(port, "127.0.0.1");
      await once(reservation, "listening");
      socket.bind(port);
      await once(socket, "listening");
      return port;
    } catch {
      // In use.
      reservation.close();
    } finally {
      socket.close();
      await once(socket, "close");
    }
  }
}

/** Returns a TCP port of this host that is free, for a program that binds it next. */
export async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function command(options: ServerOptions): string[] {
  const { program = "echo.ts", args = [], runtimeOptions, host, redirect, wrapper = [] } = options;
  let command = [...wrapper, ...commandLine(program, args, runtimeOptions)];
  if (redirect) command = ["sh", "-c", `exec "$@" ${redirect}`, "sh", ...command];
  return host ? host.command(command) : command;
}

/** Runs the program with exactly these arguments until it ends. */
export function runProgram(args: string[], options: Omit<ServerOptions, "args" | "port"> = {}): Promise<Result> {
  return run(command({ ...options, args }), options);
}

/** Counters of the summary, in datagrams or lines. */
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

/** Reads the last summary, JSON or text, in the output of a server. From text, the last two fields are empty. */
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

/** Asserts that every received datagram is accounted for: received = echoed + refused + failed. */
export function assertLaw(summary: Summary): void {
  const { received, echoed, refused, failed } = summary;
  assert.equal(received, echoed + refused + failed, `received = echoed + refused + failed: ${JSON.stringify(summary)}`);
  const total = (counters: Record<string, number>) => Object.values(counters).reduce((sum, n) => sum + n, 0);
  if (Object.keys(summary.refused_by_reason).length > 0) assert.equal(refused, total(summary.refused_by_reason));
  if (Object.keys(summary.failed_by_errno).length > 0) assert.equal(failed, total(summary.failed_by_errno));
}

/** Result of a server that a signal has stopped. */
export interface Stopped extends Result {
  /** Milliseconds from the signal to the end of the process. */
  ms: number;
}

/** The program as a server. */
export class Server extends Process {
  readonly port: number;
  #lastSummary = 0;

  constructor(port: number | "default", options: ServerOptions) {
    const args = options.args ?? [];
    super(command({ ...options, args: port === "default" ? args : [String(port), ...args] }), options);
    this.port = port === "default" ? 9000 : port;
  }

  /** The line "listening on …" of standard error; empty before the server is ready. */
  get readyLine(): string {
    return this.stderr.match(/^listening on .*$(?=\n)/m)?.[0] ?? "";
  }

  /** The complete lines of standard output so far. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Sends a signal that ends the server, and waits for its end. */
  async endBy(signal: NodeJS.Signals): Promise<Stopped> {
    const start = performance.now();
    this.signal(signal);
    const result = await this.end();
    return { ...result, ms: performance.now() - start };
  }

  /** Stops the server, asserts that it exits with 0 and that its summary obeys the law, and returns the summary. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<Summary> {
    const { code, signal: by, stdout, stderr } = await this.endBy(signal);
    assert.deepEqual({ code, by }, { code: 0, by: null }, `stopped by ${signal}: ${stderr}`);
    const summary = readSummary(stdout, stderr);
    assertLaw(summary);
    return summary;
  }

  /** Requests the summary so far (SIGUSR2), asserts that it obeys the law, and returns it. */
  async summary(): Promise<Summary> {
    await sleep(Math.max(0, this.#lastSummary + SUMMARY_GAP_MS - performance.now()));
    const [stdout, stderr] = [this.stdout.length, this.stderr.length];
    this.signal("SIGUSR2");
    const summary = await this.waitFor(() => {
      try {
        // The last line of both forms: a text summary is complete only with it.
        const complete = /^ {2}log lines dropped.*\n/m.test(this.stderr.slice(stderr)) ||
          /^\{"event":"summary".*\n/m.test(this.stdout.slice(stdout));
        return complete && readSummary(this.stdout.slice(stdout), this.stderr.slice(stderr));
      } catch {
        return undefined;
      }
    }, "summary");
    this.#lastSummary = performance.now();
    assertLaw(summary);
    return summary;
  }

  /** Waits until the server, and its kernel's drop counter, have seen this many datagrams since the start. */
  async received(count: number): Promise<Summary> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const summary = await this.summary();
      if (summary.received + summary.dropped_by_kernel >= count) return summary;
      assert.ok(performance.now() < deadline, `${count} datagrams received: ${JSON.stringify(summary)}`);
    }
  }
}

/** Starts the program as a server and waits until it is ready. */
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

/** Starts the program as a server, calls `use` with it, stops it, and returns its summary. */
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
