/**
 * The adapter to Bun's foreign function interface.
 * @see https://bun.sh/docs/api/ffi
 * @module
 */

import {
  type ForeignType,
  type Functions,
  LibraryError,
  type Pointer,
  type Runtime,
  type Signatures,
} from "./foreign.ts";

/**
 * The part of `bun:ffi` that this adapter uses. It is spelt out because the other runtime's types don't have it;
 * `test/bun_types.ts` checks it against Bun's own declarations.
 */
export interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: BunType[]; returns: BunType }>,
  ): { readonly symbols: Record<string, unknown> };
  ptr(buffer: ArrayBuffer): number;
  toArrayBuffer(pointer: number, offset: number, length: number): ArrayBuffer;
}

/** Bun's names of the C types that cross the border. */
export type BunType = "i32" | "u32" | "ptr";

const bunType: Record<ForeignType, BunType> = { i32: "i32", u32: "u32", pointer: "ptr" };

/** Adapts Bun of the given version, by its module `bun:ffi`. */
export function bunRuntime(version: string, ffi: BunFfi): Runtime {
  return {
    name: `Bun ${version}`,
    command: "bun run",
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Functions<S> {
      const symbols = Object.fromEntries(
        Object.entries(signatures).map(([name, { parameters, result }]) => [
          name,
          { args: parameters.map((type) => bunType[type]), returns: bunType[result] },
        ]),
      );
      let reason = "";
      for (const library of libraries) {
        try {
          return ffi.dlopen(library, symbols).symbols as Functions<S>;
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          reason ||= error.message;
        }
      }
      throw new LibraryError(`cannot load libc: ${reason.replaceAll(/\s+/g, " ")}`);
    },
    addressOf: (buffer) => ffi.ptr(buffer),
    // A pointer is a plain number in Bun.
    pointer: (address) => address as unknown as Pointer,
    window: (at, length) => ffi.toArrayBuffer(at as unknown as number, 0, length),
  };
}
