/**
 * The adapter to Deno's foreign function interface.
 * @see https://docs.deno.com/runtime/fundamentals/ffi/
 * @module
 */

import {
  type ForeignInterface,
  type Functions,
  type Library,
  LibraryError,
  openFirst,
  type Pointer,
  requireSupported,
  type Runtime,
  type Signal,
  type Signatures,
} from "./contract.ts";

/**
 * The part of the global `Deno` that this adapter uses. The types of the other runtimes lack it. `test/deno_types.ts`
 * checks it against Deno's own declarations.
 */
export interface DenoGlobal {
  readonly version: { readonly deno: string };
  readonly build: { readonly os: string; readonly arch: string };
  readonly args: readonly string[];
  addSignalListener(signal: Signal, handler: () => void): void;
  exit(code: number): never;
  dlopen(
    path: string,
    symbols: Readonly<Record<string, DenoSymbol>>,
  ): { readonly symbols: Record<string, unknown> };
  readonly permissions: {
    querySync(descriptor: { name: "ffi"; path: string } | { name: "net"; host: string }): { readonly state: string };
  };
}

/**
 * Functions for the address of a buffer and the pointer to an address: `memcpy` of no bytes returns its first argument.
 * `Deno.UnsafePointer` needs the permission for all libraries.
 */
const addressing = {
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "usize"], result: "usize" },
  pointer: { name: "memcpy", parameters: ["usize", "usize", "usize"], result: "pointer" },
} as const;

/** The signature of a function in the form that Deno takes. */
interface DenoSymbol {
  readonly name?: string;
  readonly parameters: readonly ("i32" | "u32" | "usize" | "pointer" | "buffer")[];
  readonly result: "i32" | "u32" | "usize" | "pointer";
  readonly nonblocking?: boolean;
}

/** Adapts Deno, by its global. */
export function denoRuntime(deno: DenoGlobal): Runtime {
  const name = `Deno ${deno.version.deno}`;
  const { os } = deno.build;
  const arch = deno.build.arch === "x86_64" ? "x64" : deno.build.arch === "aarch64" ? "arm64" : deno.build.arch;
  return {
    name,
    arch,
    args: deno.args,
    onSignal: (signal, handler) => deno.addSignalListener(signal, handler),
    mayListen: (host) => deno.permissions.querySync({ name: "net", host }).state === "granted",
    exit: (code) => deno.exit(code),
    get ffi() {
      const version = deno.version.deno;
      requireSupported({ runtime: name, version, least: "2.0", upgrade: "deno upgrade", platform: os, arch });
      return foreignInterface(deno);
    },
  };
}

function foreignInterface(deno: DenoGlobal): ForeignInterface {
  // A permission for one library holds for one spelling of its path.
  const granted = (path: string) => deno.permissions.querySync({ name: "ffi", path }).state === "granted";
  return {
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S> {
      const symbols = { ...signatures, ...addressing };
      // Without any permission, the first library makes Deno ask; the answer may hold for the others too.
      const first = Math.max(0, libraries.findIndex(granted));
      const allowed = libraries.values().filter((path, i) => i === first || granted(path));
      const { addressOf, pointer, ...call } = openFirst(
        allowed,
        (path) => deno.dlopen(path, symbols).symbols,
        reasonOf,
      );
      return {
        call: call as Functions<S>,
        addressOf: (buffer) => Number((addressOf as (...values: unknown[]) => bigint)(buffer, buffer, 0)),
        pointer: (address) => (pointer as (...values: unknown[]) => Pointer)(address, address, 0),
      };
    },
  };
}

/**
 * The reason of Deno's refusal.
 * @throws {LibraryError} if a permission is missing
 */
function reasonOf({ name, message }: Error): string {
  if (name === "NotCapable" || name === "PermissionDenied") {
    throw new LibraryError(
      "Deno does not allow the call into libc; start it with the permission: deno run --allow-ffi …",
    );
  }
  // Deno's own words, which it may say twice, then those of dlopen.
  return message.replace(/^(Could not open library: )+/, "");
}
