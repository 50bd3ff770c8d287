/**
 * Which runtime runs.
 * @module
 */

import process from "node:process";
import { type BunFfi, bunRuntime } from "./bun.ts";
import { type DenoGlobal, denoRuntime } from "./deno.ts";
import { LibraryError, type Runtime } from "./foreign.ts";

let current: Runtime | undefined;

/**
 * The runtime that runs this program.
 * @throws {LibraryError} where there is no Linux, no 64-bit x86 or ARM, or no Deno or Bun that is recent enough.
 */
export function runtime(): Runtime {
  return current ??= detect();
}

function detect(): Runtime {
  const supported = "it needs Deno 2 or later, or Bun 1.2 or later, on 64-bit Linux (x86-64 or aarch64)";
  // The struct layouts are those of 64-bit, little-endian Linux.
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new LibraryError(`not supported on ${process.platform} ${process.arch}: ${supported}`);
  }
  const { deno, bun } = process.versions as Record<string, string | undefined>;
  if (deno !== undefined && atLeast(deno, 2, 0)) {
    return denoRuntime((globalThis as unknown as { Deno: DenoGlobal }).Deno);
  }
  if (bun !== undefined && atLeast(bun, 1, 2)) {
    return bunRuntime(bun, process.getBuiltinModule("bun:ffi") as BunFfi);
  }
  const found = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node.js ${process.versions.node}`;
  throw new LibraryError(`not supported on ${found}: ${supported}`);
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split(".").map(Number);
  return a > major || (a === major && b >= minor);
}
