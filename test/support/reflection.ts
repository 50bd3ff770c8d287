/** Services that answer any datagram, and a client that sees every answer and its source. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { Process, pythonInterpreter, run } from "./process.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The command that runs a Python script of this folder. */
function python(script: string, ...args: string[]): string[] {
  return [pythonInterpreter(), join(here, script), ...args];
}

/** Kinds of services; `responder.py` explains them. */
export type Kind = "echo" | "chargen" | "dns" | "twice";

/** Starts a service that answers any datagram. */
export async function respond(kind: Kind, host: Host, address: string, port: number): Promise<Process> {
  const service = new Process(host.command(python("responder.py", kind, address, String(port))));
  await service.waitFor(() => service.stdout.includes("ready"), "service");
  return service;
}

/** An answer to {@link ask}. */
export interface Answer {
  address: string;
  port: number;
  payload: Uint8Array;
}

/** Options of {@link ask}; `ask.py` explains them. */
export interface AskOptions {
  /** Host to run on. Default: the host of the tests. */
  host?: Host;
  /** Sends the payload as a train of datagrams of this size, in bytes. */
  segment?: number;
  interface?: string;
  source?: string;
  /** Number of answers to wait for. Default: 1. */
  answers?: number;
}

/** Sends a datagram or a train, and returns the answers, from any source. */
export async function ask(
  address: string,
  port: number,
  payload: Uint8Array,
  { host, ...options }: AskOptions,
): Promise<Answer[]> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const command = python("ask.py", ...flags, address, String(port), Buffer.from(payload).toString("hex"));
  const { code, stdout, stderr } = await run(host ? host.command(command) : command);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).map(([from, fromPort, hex]: [string, number, string]) => ({
    address: from,
    port: fromPort,
    payload: Uint8Array.from(Buffer.from(hex, "hex")),
  }));
}
