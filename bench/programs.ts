/** The servers to measure: echo.ts on its runtimes, and others to compare it with. */

import { copyFileSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, removeAtEnd, ROOT, run } from "./processes.ts";

/** A server to measure. */
export interface Program {
  /** Its name in the tables. */
  name: string;
  /**
   * `echo.ts`: measured in every figure. `reference`: the same, for comparison. `other`: measured only in the figures
   * for all servers. `logging`: echo.ts with its default log, measured only against echo.ts without a log.
   */
  kind: "echo.ts" | "reference" | "other" | "logging";
  /** Returns the command that starts it on a port. */
  command: (port: number) => Command;
  /** Whether child processes do its work. Then the processor time of the process itself is meaningless. */
  forks?: boolean;
}

/** Result of {@link prepare}. */
export interface Prepared {
  programs: Program[];
  /** A temporary folder, removed at the end. */
  folder: string;
  /** Path of the load generator. */
  load: string;
  /** The DNS forwarders on `serve` and on `node:dgram`, by the name of the program with that runtime. */
  forwarders: Map<string, readonly Command[]>;
  /** Path of the server that they ask; absent without `dnsperf`. */
  upstream: string | undefined;
  /** Servers that can't be measured here, each with the reason. */
  leftOut: string[];
  /** The tools used, with their versions. */
  versions: string[];
}

/** Names of servers that other files refer to. */
export const NAMES = {
  deno: "echo.ts on Deno",
  bun: "echo.ts on Bun",
  node: "echo.ts on Node.js",
  recvmsg: "C recvmsg/sendmsg",
  recvmmsg: "C recvmmsg/sendmmsg",
  segmentation: "C with UDP_GRO/UDP_SEGMENT",
  python: "Python recvmsg",
} as const;

/** Names of echo.ts on each runtime. */
export const ECHO: readonly string[] = [NAMES.deno, NAMES.bun, NAMES.node];

/** Name of the same server with its default log. */
export const logging = (name: string): string => `${name}, default log`;

/** Name of the DNS forwarder on `node:dgram`, on the runtime of a program. */
export const dgramForwarder = (name: string): string => name.replace("echo.ts", "node:dgram");

/** Folder of the servers to compare with. */
const SERVERS = join(ROOT, "bench/servers/");

/** Returns the first line of a command's output; undefined if the command fails. */
async function ask(...command: Command): Promise<string | undefined> {
  try {
    return (await run(command)).split("\n")[0]?.trim();
  } catch {
    return undefined;
  }
}

/**
 * Finds the executables of the runtimes and of Python. Those in `PATH` may be scripts that start them, and the time of
 * a script must not count as theirs.
 */
export async function findInterpreters(): Promise<Record<"deno" | "bun" | "node" | "python", string | undefined>> {
  const [deno, bun, node, python] = await Promise.all([
    ask("deno", "eval", "console.log(Deno.execPath())"),
    ask("bun", "-e", "console.log(process.execPath)"),
    ask("node", "-p", "process.execPath"),
    ask("python3", "-c", "import sys; print(sys.executable)"),
  ]);
  return { deno, bun, node, python };
}

/**
 * Compiles the load generator and the servers into a temporary folder, and lists the servers that can run here.
 * @param few whether to list only echo.ts and the references
 * @throws {Error} without a C compiler
 */
export async function prepare(few: boolean): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), "echo-bench-"));
  removeAtEnd(folder);
  const programs: Program[] = [];
  const leftOut: string[] = [];
  const versions: string[] = [];

  /** Returns whether a tool is installed, and records its version, or which server is left out without it. */
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

  /** Adds a server that is started as `command PORT`. */
  function add(name: string, kind: Program["kind"], ...command: Command): void {
    programs.push({ name, kind, command: (port) => [...command, `${port}`] });
  }

  /** Adds echo.ts on one runtime, without and with its log. */
  function addEcho(name: string, ...command: Command): void {
    programs.push({ name, kind: "echo.ts", command: (port) => [...command, `${port}`, "--quiet"] });
    add(logging(name), "logging", ...command);
  }

  if (!await has("gcc", ["gcc", "--version"], "all")) {
    throw new Error("gcc is required: the load generator is written in C");
  }
  const load = await compile("load.c");
  const { deno = "deno", bun = "bun", node = "node", python = "python3" } = await findInterpreters();
  const echoIsThere = existsSync(join(ROOT, "echo.ts"));
  if (!echoIsThere) leftOut.push("echo.ts: the file is missing; `npm run bundle` writes it");
  const hasDeno = await has("Deno", [deno, "--version"], NAMES.deno);
  const hasBun = await has("Bun", [bun, "--version"], NAMES.bun);
  const hasNode = await has("Node.js", [node, "--version"], NAMES.node);
  if (echoIsThere && hasDeno) addEcho(NAMES.deno, deno, "run", "--allow-ffi", "echo.ts");
  if (echoIsThere && hasBun) addEcho(NAMES.bun, bun, "run", "echo.ts");
  if (echoIsThere && hasNode) {
    // The same bytes under the name with which Node.js starts fast.
    const copy = join(folder, "echo.mjs");
    copyFileSync(join(ROOT, "echo.ts"), copy);
    addEcho(NAMES.node, node, copy);
  }

  const forwarders = new Map<string, readonly Command[]>();
  const addForwarders = (name: string, command: Command) => {
    const [program, ...options] = command;
    const dgram: Command = [program, ...options, `${SERVERS}dgram_forwarder.mjs`];
    forwarders.set(name, [[...command, join(ROOT, "examples/dns_forwarder.ts")], dgram]);
  };
  const upstream = await has("dnsperf", ["sh", "-c", "dnsperf -h | grep Version"], "DNS forwarders")
    ? await compile("servers/c_dns.c")
    : undefined;
  if (hasDeno) addForwarders(NAMES.deno, [deno, "run", "-A"]);
  if (hasBun) addForwarders(NAMES.bun, [bun, "run"]);
  if (hasNode) addForwarders(NAMES.node, [node]);

  add(NAMES.recvmsg, "reference", await compile("servers/c_recvmsg.c"));
  add(NAMES.recvmmsg, "reference", await compile("servers/c_recvmmsg.c"));
  add(NAMES.segmentation, "reference", await compile("servers/c_gro.c"));
  if (await has("Python", [python, "--version"], NAMES.python)) {
    add(NAMES.python, "reference", python, `${SERVERS}python_recvmsg.py`);
  }
  if (few) return { programs, folder, load, forwarders, upstream, leftOut, versions };

  if (await has("Go", ["go", "version"], "Go net")) add("Go net", "other", await compile("servers/go_net.go"));
  if (hasNode) add("node:dgram", "other", node, `${SERVERS}node_dgram.mjs`);
  if (hasDeno) add("serve on Deno", "other", deno, "run", "--allow-ffi", `${SERVERS}serve.ts`);
  if (hasBun) add("serve on Bun", "other", bun, "run", `${SERVERS}serve.ts`);
  if (hasNode) add("serve on Node.js", "other", node, `${SERVERS}serve.ts`);
  if (hasBun) add("Bun.udpSocket", "other", bun, "run", `${SERVERS}bun_udp_socket.mjs`);
  if (hasDeno) {
    const options = ["--unstable-net", "--allow-net"];
    add("Deno.listenDatagram", "other", deno, "run", ...options, `${SERVERS}deno_listen_datagram.mjs`);
  }
  if (await has("socat", ["sh", "-c", "socat -V | grep 'socat version'"], "socat")) {
    const command = (port: number): Command => ["sh", `${SERVERS}socat.sh`, `${port}`];
    programs.push({ name: "socat", kind: "other", forks: true, command });
  }
  return { programs, folder, load, forwarders, upstream, leftOut, versions };
}
