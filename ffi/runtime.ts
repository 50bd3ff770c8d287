/**
 * The runtime that runs the program.
 * @module
 */

import { bunRuntime } from "./bun.ts";
import type { Runtime } from "./contract.ts";
import { type DenoGlobal, denoRuntime } from "./deno.ts";
import { nodeRuntime } from "./node.ts";
import type { ProcessGlobal } from "./process_runtime.ts";

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
  const globals = globalThis as unknown as { readonly Deno?: DenoGlobal; readonly process: ProcessGlobal };
  if (globals.Deno !== undefined) return denoRuntime(globals.Deno);
  // Deno has a global process too, but takes ten milliseconds to load it.
  const { process } = globals;
  const { bun } = process.versions;
  return bun === undefined ? nodeRuntime(process) : bunRuntime(process, bun);
}
