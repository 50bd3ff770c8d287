/**
 * The adapter to Deno's foreign function interface.
 * @see https://docs.deno.com/runtime/fundamentals/ffi/
 * @module
 */

import { type Functions, LibraryError, type Pointer, type Runtime, type Signatures } from "./foreign.ts";

/**
 * The part of the global `Deno` that this adapter uses. It is spelt out because the other runtime's types don't have
 * it; `test/deno_types.ts` checks it against Deno's own declarations, for which `P` is Deno's name of a pointer.
 */
export interface DenoGlobal<P = Pointer> {
  readonly version: { readonly deno: string };
  dlopen(path: string, symbols: Signatures): { readonly symbols: Record<string, unknown> };
  readonly permissions: {
    querySync(descriptor: { name: "ffi"; path: string }): { readonly state: string };
  };
  readonly UnsafePointer: {
    of(buffer: ArrayBuffer): P | null;
    value(pointer: P | null): bigint;
    create(address: bigint): P | null;
  };
  readonly UnsafePointerView: { getArrayBuffer(pointer: P, length: number): ArrayBuffer };
}

/** Adapts Deno. */
export function denoRuntime(deno: DenoGlobal): Runtime {
  return {
    name: `Deno ${deno.version.deno}`,
    command: "deno run --allow-ffi",
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Functions<S> {
      // A permission that is narrowed to one library is bound to the spelling of its path: the one that is granted goes
      // first. If none is, the first one makes Deno ask.
      const granted = libraries.filter((path) => deno.permissions.querySync({ name: "ffi", path }).state === "granted");
      let reason = "";
      for (const library of granted.length > 0 ? granted : libraries.slice(0, 1)) {
        try {
          return deno.dlopen(library, signatures).symbols as Functions<S>;
        } catch (error) {
          reason = reasonOf(error);
        }
      }
      throw new LibraryError(`cannot load libc: ${reason}`);
    },
    addressOf(buffer) {
      try {
        return Number(deno.UnsafePointer.value(deno.UnsafePointer.of(buffer)));
      } catch (error) {
        throw new LibraryError(reasonOf(error));
      }
    },
    pointer: (address) => deno.UnsafePointer.create(BigInt(address)) as Pointer,
    window: (at, length) => deno.UnsafePointerView.getArrayBuffer(at, length),
  };
}

/**
 * Why Deno refused, in one line.
 * @throws {LibraryError} if it was for want of a permission
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  if (error.name === "NotCapable" || error.name === "PermissionDenied") {
    throw new LibraryError("Deno does not allow the call into libc; allow it with: deno run --allow-ffi echo.ts 9000");
  }
  return error.message.replaceAll(/\s+/g, " ");
}
