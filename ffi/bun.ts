/**
 * The adapter to Bun's foreign function interface.
 * @see https://bun.sh/docs/api/ffi
 * @module
 */

import type { ForeignType, Pointer, Runtime } from "./contract.ts";
import { type ProcessGlobal, processRuntime } from "./process_runtime.ts";

/**
 * The part of `bun:ffi` that this adapter uses. The types of the other runtimes lack it. `test/bun_types.ts` checks it
 * against Bun's own declarations.
 */
export interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: readonly ForeignType[]; returns: ForeignType }>,
  ): { readonly symbols: Record<string, unknown> };
  ptr(buffer: ArrayBuffer): number;
}

/** Adapts Bun, by its global `process`. */
export function bunRuntime(process: ProcessGlobal, version: string): Runtime {
  return processRuntime(process, { runtime: `Bun ${version}`, version, least: "1.3", upgrade: "bun upgrade" }, () => {
    const { dlopen, ptr } = process.getBuiltinModule("bun:ffi") as BunFfi;
    return {
      name: "bun:ffi",
      signature: ({ parameters, result }) => ({ args: parameters, returns: result }),
      open: (path, signatures) => dlopen(path, signatures as Parameters<typeof dlopen>[1]).symbols,
      addressOf: ptr,
      // A pointer is a plain number in Bun.
      pointer: (address) => address as unknown as Pointer,
      // Bun's own words, with the path, then those of dlopen, with the path again.
      reasonOf: ({ message }) => message.replace(/^Failed to open library "[^"]*": /, ""),
    };
  });
}
