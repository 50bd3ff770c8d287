/**
 * What the program asks of a runtime; of its foreign function interface above all: load a library, and take the address
 * of a buffer.
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

/** The same functions on a thread of their own: each call gives a promise of its result. */
export type WaitingFunctions<S extends Signatures> = {
  readonly [Name in keyof S]: (...values: Values<S[Name]["parameters"]>) => Promise<Value<S[Name]["result"]>>;
};

/** The signals that the program handles. signal(7) */
export type Signal = "SIGHUP" | "SIGINT" | "SIGPIPE" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/**
 * A runtime, as far as the program needs it. `node:process` would do for all but `ffi`, but Deno takes ten milliseconds
 * to load that.
 */
export interface Runtime {
  /** Name and version, for people: `Deno 2.9.6`. */
  readonly name: string;
  /** The processor architecture, by the name that Node.js gives it: `x64`, `arm64`. */
  readonly arch: string;
  /** Arguments of the program. */
  readonly args: readonly string[];
  /** The signal that lets a debugger in, whether there is a handler for it or not. */
  readonly debuggerSignal?: Signal;
  /** Has a handler called, in the event loop, whenever a signal has come. */
  onSignal(signal: Signal, handler: () => void): void;
  /** Ends the process. */
  exit(code: number): never;
  /**
   * Its foreign function interface.
   * @throws {LibraryError} where there is no Linux, no 64-bit x86 or ARM, or the runtime is not recent enough
   */
  readonly ffi: ForeignInterface;
}

/** A runtime's foreign function interface. */
export interface ForeignInterface {
  /**
   * Loads the first of `libraries` that there is; it must have `memcpy`.
   * @throws {LibraryError} when none can be loaded, or the user has not allowed it.
   */
  load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S>;
  /**
   * Loads functions that may wait, from the first of `libraries` that there is: they run on a thread of their own, one
   * call at a time, while the event loop goes on. A call that is under way keeps the process alive; its `errno` is not
   * to be had.
   * @throws {LibraryError} as {@link load} does
   */
  loadWaiting<const S extends Signatures>(libraries: readonly string[], signatures: S): WaitingFunctions<S>;
}

/** A library that was loaded with the signatures `S`. */
export interface Library<S extends Signatures> {
  /** Its functions. */
  readonly call: Functions<S>;
  /** The address at which `buffer` starts. It must be over 64 bytes long and be held for as long as it is used. */
  addressOf(buffer: ArrayBuffer): number;
  /** The pointer to an address. */
  pointer(address: number): Pointer;
  /** The address of a function of the library, for calls back into it. */
  functionAddress(name: string): number;
}

/** libc could not be loaded. The message is one sentence for the user. */
export class LibraryError extends Error {
  /** `LibraryError` */
  override name = "LibraryError";
}

/**
 * Checks that the program can run here: the struct layouts are those of 64-bit, little-endian Linux.
 * @param runtime name and version of the runtime, for people
 * @param version its version, or `undefined` if it is the wrong one
 * @param least the version that is needed, as major and minor number
 * @param platform the operating system
 * @param arch the processor architecture, by the name that Node.js gives it
 * @throws {LibraryError} where it can't
 */
export function requireSupported(
  runtime: string,
  version: string | undefined,
  least: string,
  platform: string,
  arch: string,
): void {
  const [major = 0, minor = 0] = (version ?? "0").split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  const recent = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  if (recent && platform === "linux" && (arch === "x64" || arch === "arm64")) return;
  throw new LibraryError(
    `not supported on ${runtime}, ${platform} ${arch}: it needs Deno 2 or later, or Bun 1.3 or later, on 64-bit Linux ` +
      "(x86-64 or aarch64)",
  );
}
