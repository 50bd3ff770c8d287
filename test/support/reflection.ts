/** What echo servers are abused for, and by: services that answer anything, and clients that see who answers them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { Process, run, runSync } from "./process.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
let interpreter: string | undefined;

/** The command that runs a Python script of this folder. */
function python(script: string, ...args: string[]): string[] {
  // Where python3 is a script that looks for the interpreter, only once.
  interpreter ??= runSync(["python3", "-c", "import sys; print(sys.executable)"]).trim();
  return [interpreter, join(here, script), ...args];
}

/** The services of `responder.py`, which explains them. */
export type Kind = "echo" | "chargen" | "dns" | "twice";

/** Starts a service that answers whatever it is sent. */
export async function respond(kind: Kind, host: Host, address: string, port: number): Promise<Process> {
  const service = new Process(host.command(python("responder.py", kind, address, String(port))));
  await service.waitFor(() => service.stdout.includes("ready"), "service");
  return service;
}

/** An answer that {@link ask} got. */
export interface Answer {
  address: string;
  port: number;
  payload: Uint8Array;
}

/** What {@link ask} can be told; `ask.py` explains it. */
export interface AskOptions {
  host: Host;
  /** Sends the payload as a train of datagrams of so many bytes. */
  segment?: number;
  interface?: string;
  source?: string;
  /** Milliseconds. */
  wait?: number;
}

/** Sends a datagram, or a train of them, and returns all that is answered, from wherever. */
export async function ask(
  address: string,
  port: number,
  payload: Uint8Array,
  { host, ...options }: AskOptions,
): Promise<Answer[]> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const command = python("ask.py", ...flags, address, String(port), Buffer.from(payload).toString("hex"));
  const { code, stdout, stderr } = await run(host.command(command));
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).map(([from, fromPort, hex]: [string, number, string]) => ({
    address: from,
    port: fromPort,
    payload: Uint8Array.from(Buffer.from(hex, "hex")),
  }));
}
