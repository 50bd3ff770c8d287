/**
 * The runtime that runs the program.
 * @module
 */

import { type BunProcess, bunRuntime, type BunWorkerConstructor } from "./bun.ts";
import { type DenoGlobal, denoRuntime } from "./deno.ts";
import type { Runtime } from "./contract.ts";

let current: Runtime | undefined;

/** The runtime that runs this program. */
export function runtime(): Runtime {
  return current ??= detect();
}

/** Runs the program on another runtime from now on: the tests have a simulated one. Call it before anything else. */
export function useRuntime(runtime: Runtime): void {
  current = runtime;
}

function detect(): Runtime {
  const globals = globalThis as unknown as {
    readonly Deno?: DenoGlobal;
    readonly process: BunProcess;
    readonly Worker: BunWorkerConstructor;
  };
  // Deno has a global process too, but takes ten milliseconds to load it.
  return globals.Deno === undefined ? bunRuntime(globals.process, globals.Worker) : denoRuntime(globals.Deno);
}
