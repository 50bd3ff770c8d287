/**
 * What `ffi/` asks of a runtime: load a library, take the address of a buffer, see memory that libc owns.
 * `ffi/deno.ts` and `ffi/bun.ts` provide it; nothing else knows which runtime runs.
 * @module
 */

declare const pointer: unique symbol;

/** An address in the form in which the runtime hands it to a C function. Only `ffi/` holds these. */
export interface Pointer {
  readonly [pointer]: true;
}

/** The C types that cross the border. `pointer` is any data pointer. */
export type ForeignType = "i32" | "u32" | "pointer";

/** One C function: the types of its parameters and of its result. */
export interface Signature {
  readonly parameters: readonly ForeignType[];
  readonly result: ForeignType;
}

/** C functions by name. */
export type Signatures = Readonly<Record<string, Signature>>;

type Value<T extends ForeignType> = T extends "pointer" ? Pointer | null : number;

type Values<P extends readonly ForeignType[]> = { -readonly [I in keyof P]: Value<P[I]> };

/** The callable functions of a library that was loaded with the signatures `S`. */
export type Functions<S extends Signatures> = {
  readonly [Name in keyof S]: (...values: Values<S[Name]["parameters"]>) => Value<S[Name]["result"]>;
};

/** A runtime's foreign function interface. */
export interface Runtime {
  /** Name and version, for people: `Deno 2.9.6`. */
  readonly name: string;
  /** How a person starts a program on it: `deno run --allow-ffi`. */
  readonly command: string;
  /**
   * Loads the first of `libraries` that there is.
   * @throws {LibraryError} when none can be loaded, or the user has not allowed it.
   */
  load<const S extends Signatures>(libraries: readonly string[], signatures: S): Functions<S>;
  /** The address at which `buffer` starts. It must be over 64 bytes long and be held for as long as it is used. */
  addressOf(buffer: ArrayBuffer): number;
  /** The pointer to an address. */
  pointer(address: number): Pointer;
  /** A window of `length` bytes on memory that libc owns. */
  window(at: Pointer, length: number): ArrayBuffer;
}

/** libc could not be loaded. The message is one sentence for the user. */
export class LibraryError extends Error {
  override name = "LibraryError";
}
