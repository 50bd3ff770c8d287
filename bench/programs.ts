/** The programs that are measured: echo.ts on its two runtimes, and its peers. */

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, removeAtEnd, ROOT, run } from "./processes.ts";

/** One program under measurement. */
export interface Program {
  /** What the tables call it. */
  name: string;
  /**
   * `echo.ts`: the program itself. `yardstick`: measured in every figure. `other`: measured in the figures that all
   * share. `logging`: echo.ts with its default log, for the figure that compares the two.
   */
  kind: "echo.ts" | "yardstick" | "other" | "logging";
  /** The command that starts it on a port. */
  command: (port: number) => Command;
  /** Set when child processes do its work: then the processor time of the process itself says nothing. */
  forks?: boolean;
}

/** What `prepare` found. */
export interface Prepared {
  programs: Program[];
  /** A temporary folder, which is removed at the end. */
  folder: string;
  /** The load generator. */
  load: string;
  /** What is not measured, and why: one line each. */
  leftOut: string[];
  /** The tools used, with their versions. */
  versions: string[];
}

/** The names that other files compare by. */
export const NAMES = {
  deno: "echo.ts on Deno",
  bun: "echo.ts on Bun",
  denoLogging: "echo.ts on Deno, default log",
  bunLogging: "echo.ts on Bun, default log",
  textbook: "C recvmsg/sendmsg",
  batches: "C recvmmsg/sendmmsg",
  trains: "C with UDP_GRO/UDP_SEGMENT",
  python: "Python recvmsg",
} as const;

/** The peers' folder. */
const PEERS = join(ROOT, "bench/peers/");

/** The first line of what a command prints, or undefined when it can't be run. */
async function ask(...command: Command): Promise<string | undefined> {
  try {
    return (await run(command)).split("\n")[0]?.trim();
  } catch {
    return undefined;
  }
}

/**
 * Where the runtimes and Python really are: what stands in `PATH` may be a script that starts them, and its time would
 * be counted as theirs.
 */
export async function findInterpreters(): Promise<Record<"deno" | "bun" | "python", string | undefined>> {
  const [deno, bun, python] = await Promise.all([
    ask("deno", "eval", "console.log(Deno.execPath())"),
    ask("bun", "-e", "console.log(process.execPath)"),
    ask("python3", "-c", "import sys; print(sys.executable)"),
  ]);
  return { deno, bun, python };
}

/**
 * Compiles what must be compiled, into a temporary folder, and lists the programs whose tools are there. With `few`,
 * only those without which nothing can be compared. Throws when there is no C compiler: the load generator is C.
 */
export async function prepare(few: boolean): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), "echo-bench-"));
  removeAtEnd(folder);
  const programs: Program[] = [];
  const leftOut: string[] = [];
  const versions: string[] = [];

  /** True when the tool is there; its version is noted, or its absence with what that costs. */
  async function has(tool: string, command: Command, without: string): Promise<boolean> {
    const version = /\d+(\.\d+)+/.exec(await ask(...command) ?? "")?.[0];
    if (version) versions.push(`${tool} ${version}`);
    else leftOut.push(`${without}: ${tool} is not installed`);
    return version !== undefined;
  }

  async function compile(source: string): Promise<string> {
    const binary = join(folder, source.replace(/.*\/|\.\w+$/g, ""));
    const compiler: Command = source.endsWith(".go") ? ["go", "build"] : ["gcc", "-O2"];
    await run([...compiler, "-o", binary, join(ROOT, "bench", source)]);
    return binary;
  }

  /** A peer that is started as `command PORT`. */
  function peer(name: string, kind: Program["kind"], ...command: Command): void {
    programs.push({ name, kind, command: (port) => [...command, `${port}`] });
  }

  /** Both forms of echo.ts on one runtime. */
  function echo(quiet: string, logging: string, ...command: Command): void {
    programs.push({ name: quiet, kind: "echo.ts", command: (port) => [...command, `${port}`, "--quiet"] });
    peer(logging, "logging", ...command);
  }

  if (!await has("gcc", ["gcc", "--version"], "all")) {
    throw new Error("gcc is needed: the load generator is written in C");
  }
  const load = await compile("load.c");
  const { deno = "deno", bun = "bun", python = "python3" } = await findInterpreters();
  const echoIsThere = existsSync(join(ROOT, "echo.ts"));
  if (!echoIsThere) leftOut.push("echo.ts: the file is not there, `deno task bundle` writes it");
  const hasDeno = await has("Deno", [deno, "--version"], NAMES.deno);
  const hasBun = await has("Bun", [bun, "--version"], NAMES.bun);
  if (echoIsThere && hasDeno) echo(NAMES.deno, NAMES.denoLogging, deno, "run", "--allow-ffi", "echo.ts");
  if (echoIsThere && hasBun) echo(NAMES.bun, NAMES.bunLogging, bun, "run", "echo.ts");

  peer(NAMES.textbook, "yardstick", await compile("peers/c_recvmsg.c"));
  peer(NAMES.batches, "yardstick", await compile("peers/c_recvmmsg.c"));
  peer(NAMES.trains, "yardstick", await compile("peers/c_gro.c"));
  if (await has("Python", [python, "--version"], NAMES.python)) {
    peer(NAMES.python, "yardstick", python, `${PEERS}python_recvmsg.py`);
  }
  if (few) return { programs, folder, load, leftOut, versions };

  if (await has("Go", ["go", "version"], "Go net")) peer("Go net", "other", await compile("peers/go_net.go"));
  if (await has("Node", ["node", "--version"], "node:dgram")) {
    peer("node:dgram", "other", "node", `${PEERS}node_dgram.mjs`);
  }
  if (hasDeno) peer("serve on Deno", "other", deno, "run", "--allow-ffi", `${PEERS}serve.ts`);
  if (hasBun) peer("serve on Bun", "other", bun, "run", `${PEERS}serve.ts`);
  if (hasBun) peer("Bun.udpSocket", "other", bun, "run", `${PEERS}bun_udp_socket.mjs`);
  if (hasDeno) {
    const options = ["--unstable-net", "--allow-net"];
    peer("Deno.listenDatagram", "other", deno, "run", ...options, `${PEERS}deno_listen_datagram.mjs`);
  }
  if (await has("socat", ["sh", "-c", "socat -V | grep 'socat version'"], "socat")) {
    const command = (port: number): Command => ["sh", `${PEERS}socat.sh`, `${port}`];
    programs.push({ name: "socat", kind: "other", forks: true, command });
  }
  return { programs, folder, load, leftOut, versions };
}
