/**
 * The adapter to the foreign function interface of Node.js.
 * @see https://nodejs.org/api/ffi.html
 * @module
 */

import { type ForeignType, LibraryError, type Pointer, type Runtime } from "./contract.ts";
import { type ProcessGlobal, processRuntime } from "./process_runtime.ts";

/**
 * The part of `node:ffi` that this adapter uses. The types of the other runtimes lack it. `test/node_types.ts` checks it
 * against the declarations of Node.js.
 */
export interface NodeFfi {
  dlopen(
    path: string | null,
    definitions: Record<string, { arguments: readonly ForeignType[]; return: ForeignType }>,
  ): { readonly functions: Record<string, (...values: never[]) => unknown> };
  getRawPointer(source: ArrayBuffer): bigint;
}

/** Runs the program on a version that has `node:ffi`, whatever is installed. */
const LATER = "npx node@26 echo.ts …";

/** Adapts Node.js, by its global `process`. */
export function nodeRuntime(process: ProcessGlobal): Runtime {
  const version = process.versions.node;
  const name = `Node.js ${version}`;
  return processRuntime(process, { runtime: name, version, least: "26.10", upgrade: LATER }, () => {
    const ffi = loadFfi(process);
    if (ffi === undefined) {
      throw new LibraryError(
        `${name} lacks node:ffi: --no-experimental-ffi switches it off, or this build never had it; try: ${LATER}`,
      );
    }
    return {
      name: "node:ffi",
      signature: ({ parameters, result }) => ({ arguments: parameters, return: result }),
      open: (path, signatures) => ffi.dlopen(path, signatures as Parameters<NodeFfi["dlopen"]>[1]).functions,
      addressOf: (buffer) => Number(ffi.getRawPointer(buffer)),
      // A pointer is a BigInt in Node.js.
      pointer: (address) => BigInt(address) as unknown as Pointer,
      reasonOf,
    };
  }, (code) => exit(process, code));
}

/**
 * Ends the process by _exit(2). `process.exit` waits for V8's threads, and one that needs a garbage collection waits for
 * this thread: the process may never end. https://github.com/nodejs/node/issues/54918
 */
function exit(process: ProcessGlobal, code: number): never {
  try {
    const { _exit } = loadFfi(process)!.dlopen(null, { _exit: { arguments: ["i32"], return: "i32" } }).functions;
    _exit!(code as never);
  } catch {
    // Without the permission, `process.exit` has to do.
  }
  return process.exit(code);
}

/** Loads `node:ffi` without the warning that it is experimental. */
function loadFfi(process: ProcessGlobal): NodeFfi | undefined {
  const { emitWarning } = process;
  process.emitWarning = (warning, type) => {
    if (type !== "ExperimentalWarning") emitWarning(warning, type);
  };
  try {
    return process.getBuiltinModule("node:ffi") as NodeFfi | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The reason why a library is unavailable.
 * @throws {LibraryError} if the permission is missing
 */
function reasonOf(error: Error & { readonly permission?: string }): string {
  if (error.permission === undefined) return error.message.replace(/^dlopen failed: /, "");
  throw new LibraryError(
    "Node.js does not allow the call into libc; start it with the permission: node --permission --allow-ffi …",
  );
}
