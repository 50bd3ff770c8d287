/** The clients of the tests: programs in C and in Python, so that the server is not judged by its own language. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { missing, run, runSync, temporaryFolder, which } from "./process.ts";

/** Why the clients in C can't run here, for the `skip` option of a test. */
export const noCompiler: string | false = which("gcc") || which("cc") ? false : "needs a C compiler (gcc or cc)";

/** Why the client in Python can't run here, for the `skip` option of a test. */
export const noPython: string | false = missing("python3");

/** What the client in C says after its run; `client.c` explains the fields. */
export interface ClientResult {
  sent: number;
  received: number;
  mismatched: number;
  missing: number;
  late: number;
  errors: Record<string, number>;
  local: string;
  /** What it says on standard error: the first answer that equals no datagram sent. */
  complaint: string;
}

const here = fileURLToPath(new URL(".", import.meta.url));
let folder: string | undefined;
let python: string | undefined;

/** The path of a C program of this folder, compiled when first asked for. */
export function compiled(name: "client" | "forge" | "without_ipv6"): string {
  folder ??= temporaryFolder();
  const program = join(folder, name);
  if (!existsSync(program)) {
    const compiler = which("gcc") ?? which("cc") ?? "cc";
    runSync([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, join(here, `${name}.c`)]);
  }
  return program;
}

/** Turns `{ sourcePort: 7, sizes: [0, 1] }` into `["--source-port", "7", "--sizes", "0,1"]`. */
function flags(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined || value === false ? [] : value === true ? [flag] : [flag, String(value)];
  });
}

/** What the client in C can be told; `client.c` explains it, and has the defaults. */
export interface ClientOptions {
  /** Where it runs; this host without it. */
  host?: Host;
  /** Payloads, as text or bytes, to be sent in turn. */
  payloads?: (string | Uint8Array)[];
  /** Sizes of payloads in bytes, or ranges of sizes such as `"0-1472"`. */
  sizes?: (number | string)[];
  count?: number;
  /** Milliseconds. */
  duration?: number;
  seed?: number;
  sockets?: number;
  window?: number;
  /** Milliseconds. */
  timeout?: number;
  /** Milliseconds. */
  linger?: number;
  /** Microseconds. */
  gap?: number;
  source?: string;
  sourcePort?: number;
  interface?: string;
  unconnected?: boolean;
}

/** Runs a command that writes JSON, on a host. */
async function json<T>(command: string[], host: Host | undefined, ms?: number): Promise<T & { complaint: string }> {
  const { code, stdout, stderr } = await run(host ? host.command(command) : command, {}, ms);
  assert.equal(code, 0, `${command.join(" ")}: ${stderr}`);
  return { ...JSON.parse(stdout), complaint: stderr };
}

/** Sends datagrams to a server as the options say, from connected sockets, and tells what became of them. */
export function send(address: string, port: number, options: ClientOptions = {}): Promise<ClientResult> {
  const { host, payloads = [], ...rest } = options;
  const hex = payloads.flatMap((payload) => ["--payload", Buffer.from(payload as Uint8Array).toString("hex")]);
  const command = [compiled("client"), ...flags(rest), ...hex, address, String(port)];
  return json(command, host, (options.duration ?? 0) + 20_000);
}

/** Asserts that every datagram sent came back unchanged; one datagram of 5 bytes if the options say nothing. */
export async function assertEchoed(address: string, port: number, options: ClientOptions = {}): Promise<ClientResult> {
  const result = await send(address, port, options);
  const { sent, local: _, ...rest } = result;
  const expected = { received: sent, mismatched: 0, missing: 0, late: 0, errors: {}, complaint: "" };
  assert.deepEqual(rest, expected, `echoes of ${sent} datagrams to ${address} port ${port}`);
  assert.ok(sent > 0, `nothing sent to ${address} port ${port}`);
  return result;
}

/** Asserts that no datagram sent comes back, to a socket that takes answers from any address. */
export async function assertSilent(address: string, port: number, options: ClientOptions = {}): Promise<ClientResult> {
  const result = await send(address, port, { timeout: 300, unconnected: true, ...options });
  const { sent, received, mismatched } = result;
  assert.deepEqual({ received, mismatched }, { received: 0, mismatched: 0 }, `answer from ${address} port ${port}`);
  assert.ok(sent > 0, `nothing sent to ${address} port ${port}: ${JSON.stringify(result.errors)}`);
  return result;
}

/** Asserts the same as {@link assertEchoed}, by the client in Python, for datagrams of these sizes. */
export async function assertEchoedToPython(address: string, port: number, sizes: number[], host?: Host): Promise<void> {
  // Where python3 is a script that looks for the interpreter, only once.
  python ??= runSync(["python3", "-c", "import sys; print(sys.executable)"]).trim();
  const command = [python, join(here, "client.py"), address, String(port), ...sizes.map(String)];
  const expected = { sent: sizes.length, received: sizes.length, mismatched: 0, missing: 0, complaint: "" };
  assert.deepEqual(await json(command, host), expected, `echoes from ${address} port ${port}`);
}

/** What {@link forge} can be told; `forge.c` explains it, and has the defaults. */
export interface ForgeOptions {
  host?: Host;
  payload?: string | Uint8Array;
  size?: number;
  count?: number;
  seed?: number;
  /** Microseconds. */
  gap?: number;
  interface?: string;
}

/** Why no datagrams can be forged here, for the `skip` option of a test. */
export { notRoot as noForgery } from "./process.ts";

/**
 * Sends datagrams from any source address (or a random one of a prefix) and port (also 0, or `"random"`), through a
 * raw socket.
 */
export function forge(
  [source, sourcePort]: [address: string, port: number | "random"],
  [destination, port]: [address: string, port: number],
  options: ForgeOptions = {},
): Promise<{ sent: number; errors: Record<string, number> }> {
  const { host, payload, ...rest } = options;
  const hex = payload === undefined ? undefined : Buffer.from(payload as Uint8Array).toString("hex");
  const ends = [source, String(sourcePort), destination, String(port)];
  return json([compiled("forge"), ...flags({ ...rest, payload: hex }), ...ends], host);
}
