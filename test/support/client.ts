/** Clients in C and in Python: independent of the server's own socket code. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { missing, PATIENCE_MS, Process, pythonInterpreter, type Result, run, sharedFolder, which } from "./process.ts";
import { compile } from "./reference.ts";
import type { Server } from "./server.ts";

/** Reason to skip tests with a client in C, or false. */
export const noCompiler: string | false = which("gcc") || which("cc") ? false : "needs a C compiler (gcc or cc)";

/** Reason to skip tests with a client in Python, or false. */
export const noPython: string | false = missing("python3");

/** Report of the client in C; `client.c` explains the fields. */
export interface ClientResult {
  sent: number;
  received: number;
  mismatched: number;
  missing: number;
  late: number;
  errors: Record<string, number>;
  local: string;
  /** Its standard error: the first answer that equals no datagram sent. */
  complaint: string;
}

const here = fileURLToPath(new URL(".", import.meta.url));

/** Path of a C program of this folder, compiled on first use. */
export function compiled(name: "client" | "forge" | "without_ipv6"): string {
  const program = join(sharedFolder(), name);
  if (!existsSync(program)) compile(join(here, `${name}.c`), program);
  return program;
}

/** Turns `{ sourcePort: 7, sizes: [0, 1] }` into `["--source-port", "7", "--sizes", "0,1"]`. */
function flags(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined || value === false ? [] : value === true ? [flag] : [flag, String(value)];
  });
}

/** Options of the client in C; `client.c` explains them and has the defaults. */
export interface ClientOptions {
  /** Host to run on. Default: the host of the tests. */
  host?: Host;
  /** Payloads, as text or bytes, sent in turn. */
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

/** Parses the JSON that a client has written, and adds its standard error. */
function report<T>({ code, stdout, stderr }: Result): T & { complaint: string } {
  assert.equal(code, 0, stderr);
  return { ...JSON.parse(stdout), complaint: stderr };
}

function onHost(host: Host | undefined, command: string[]): string[] {
  return host ? host.command(command) : command;
}

function clientCommand(address: string, port: number, options: ClientOptions): string[] {
  const { host, payloads = [], ...rest } = options;
  const hex = payloads.flatMap((payload) => ["--payload", Buffer.from(payload as Uint8Array).toString("hex")]);
  return onHost(host, [compiled("client"), address, String(port), ...flags(rest), ...hex]);
}

/** Sends datagrams to a server and reports the fate of each. Sockets are connected by default. */
export async function send(
  address: string,
  port: number,
  options: ClientOptions = {},
  timeoutMs: number = PATIENCE_MS + (options.duration ?? 0),
): Promise<ClientResult> {
  return report(await run(clientCommand(address, port, options), {}, timeoutMs));
}

/** Datagrams to a server, without a pause from one to the next, until {@link stop}. */
export class Stream {
  readonly #client: Process;

  constructor(address: string, port: number, options: ClientOptions = {}) {
    const command = clientCommand(address, port, options);
    this.#client = new Process([...command, "--until-eof"], { stdin: true });
  }

  /** Stops sending, waits for the last answers, and reports the fate of each datagram. */
  async stop(): Promise<ClientResult> {
    this.#client.endInput();
    return report(await this.#client.end());
  }

  /** Ends it without a report. */
  kill(): Promise<void> {
    return this.#client.kill();
  }
}

/** Asserts that every datagram came back unchanged, however late. Default: one datagram of 5 bytes. */
export async function assertEchoed(address: string, port: number, options: ClientOptions = {}): Promise<ClientResult> {
  const result = await send(address, port, { timeout: PATIENCE_MS / 2, ...options });
  assertComplete(result, `${address} port ${port}`);
  return result;
}

/** Asserts the same of a report. */
export function assertComplete({ sent, local: _, ...rest }: ClientResult, destination: string): void {
  const expected = { received: sent, mismatched: 0, missing: 0, late: 0, errors: {}, complaint: "" };
  assert.deepEqual(rest, expected, `echoes of ${sent} datagrams to ${destination}`);
  assert.ok(sent > 0, `nothing sent to ${destination}`);
}

/**
 * Asserts that a server answers none of the datagrams, which come from a socket that accepts answers from any address.
 * It waits until the server has received them all; then its host has sent nothing if it never will.
 * @returns the number of datagrams sent
 */
export async function assertUnanswered(
  server: Server,
  target: Host,
  address: string,
  options: ClientOptions = {},
): Promise<number> {
  const before = await server.summary();
  const datagramsSent = target.datagramsSent;
  const result = await send(address, server.port, { timeout: 1, unconnected: true, ...options });
  const { sent, received, mismatched, late } = result;
  assert.ok(sent > 0, `nothing sent to ${address} port ${server.port}: ${JSON.stringify(result.errors)}`);
  await server.received(before.received + before.dropped_by_kernel + sent);
  const answers = { received, mismatched, late, sentByTarget: target.datagramsSent - datagramsSent };
  assert.deepEqual(answers, { received: 0, mismatched: 0, late: 0, sentByTarget: 0 }, `answer from ${address}`);
  return sent;
}

/** Asserts the same as {@link assertEchoed}, by the client in Python, for datagrams of these sizes. */
export async function assertEchoedToPython(address: string, port: number, sizes: number[], host?: Host): Promise<void> {
  const command = [pythonInterpreter(), join(here, "client.py"), address, String(port), ...sizes.map(String)];
  const expected = { sent: sizes.length, received: sizes.length, mismatched: 0, missing: 0, complaint: "" };
  assert.deepEqual(report(await run(onHost(host, command))), expected, `echoes from ${address} port ${port}`);
}

/** Options of {@link forge}; `forge.c` explains them and has the defaults. */
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

/** Reason to skip tests with forged datagrams, or false. */
export { notRoot as noForgery } from "./process.ts";

/** A forged source: an address, or a prefix such as `192.0.2.0/24` for random addresses, and a port. */
export type Source = readonly [address: string, port: number | "random"];

/** Sends datagrams from forged sources, `count` from each in turn, through a raw socket. */
export async function forge(
  sources: Source | readonly Source[],
  [destination, port]: readonly [address: string, port: number],
  options: ForgeOptions = {},
): Promise<{ sent: number; errors: Record<string, number> }> {
  const { host, payload, ...rest } = options;
  const hex = payload === undefined ? undefined : Buffer.from(payload as Uint8Array).toString("hex");
  const ends = [destination, port, ...sources.flat()].map(String);
  return report(await run(onHost(host, [compiled("forge"), ...flags({ ...rest, payload: hex }), ...ends])));
}
