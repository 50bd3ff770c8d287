/**
 * The contract between the program and a JavaScript runtime: its foreign function interface, arguments, signals and exit.
 * `ffi/deno.ts`, `ffi/bun.ts` and `ffi/node.ts` implement it. No other file knows which runtime runs.
 * @module
 */

declare const pointer: unique symbol;

/** An address in the form that the runtime passes to a C function. Only `ffi/` holds these. */
export interface Pointer {
  readonly [pointer]: true;
}

/** The C types of parameters and results. `pointer` is any data pointer. */
export type ForeignType = "i32" | "u32" | "pointer";

/** The types of a C function's parameters and result. */
export interface Signature {
  readonly parameters: readonly ForeignType[];
  readonly result: ForeignType;
  /** Whether Deno calls it on another thread, and returns a promise. */
  readonly nonblocking?: boolean;
}

/** C functions by name. */
export type Signatures = Readonly<Record<string, Signature>>;

/** A null pointer is `null` as an argument. As a result it is falsy: in Node.js it is 0n. */
type Value<T extends ForeignType> = T extends "pointer" ? Pointer | null : number;

type Values<P extends readonly ForeignType[]> = { -readonly [I in keyof P]: Value<P[I]> };

/** The functions of a library that was loaded with the signatures `S`. */
export type Functions<S extends Signatures> = {
  readonly [Name in keyof S]: (...values: Values<S[Name]["parameters"]>) => Value<S[Name]["result"]>;
};

/** The same functions, called on another thread: each call returns a promise of its result. */
export type BlockingFunctions<S extends Signatures> = {
  readonly [Name in keyof S]: (...values: Values<S[Name]["parameters"]>) => Promise<Value<S[Name]["result"]>>;
};

/** The signals that the program handles in the event loop. signal(7) */
export type Signal = "SIGCHLD" | "SIGHUP" | "SIGINT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** A runtime. Deno needs ten milliseconds to load `node:process`, which has all of this but `ffi`. */
export interface Runtime {
  /** Name and version, for people: `Deno 2.9.6`. */
  readonly name: string;
  /** The processor architecture by its Node.js name: `x64`, `arm64`. */
  readonly arch: string;
  /** The arguments of the program. */
  readonly args: readonly string[];
  /** Calls `handler` in the event loop after each `signal`. */
  onSignal(signal: Signal, handler: () => void): void;
  /** Whether the program may listen on a TCP endpoint, `127.0.0.1:9100`; absent if the runtime has no such permission. */
  mayListen?(endpoint: string): boolean;
  /** Ends the process. */
  exit(code: number): never;
  /**
   * The foreign function interface.
   * @throws {LibraryError} on another system than Linux on x86-64 or aarch64, or if the runtime is too old
   */
  readonly ffi: ForeignInterface;
}

/** A runtime's foreign function interface. */
export interface ForeignInterface {
  /**
   * Loads the first of `libraries` that exists. It must export `memcpy`.
   * @throws {LibraryError} if none can be loaded, or the user has not granted the permission
   */
  load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S>;
  /** What a thread of its own loads functions with. Deno has none: it calls functions with `nonblocking` on threads. */
  readonly module?: ForeignModule;
}

/** A module with a function `dlopen`. Where those of Bun and Node.js differ, it translates. */
export interface ForeignModule {
  /** Name of the module: `bun:ffi`. */
  readonly name: string;
  /** The signature of a function in the form that `dlopen` takes. */
  signature(signature: Signature): unknown;
  /** The functions of a library, from signatures in that form. */
  open(path: string, signatures: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  addressOf(buffer: ArrayBuffer): number;
  pointer(address: number): Pointer;
  /**
   * The reason why a library is unavailable, without the words of the runtime.
   * @throws {LibraryError} if a permission is missing
   */
  reasonOf(error: Error): string;
}

/** A library that was loaded with the signatures `S`. */
export interface Library<S extends Signatures> {
  /** Its functions. */
  readonly call: Functions<S>;
  /** The address of `buffer`, which must be longer than 64 bytes and stay referenced while C uses the address. */
  addressOf(buffer: ArrayBuffer): number;
  /** The pointer to an address. */
  pointer(address: number): Pointer;
}

/** libc cannot be loaded. The message is one sentence for the user. */
export class LibraryError extends Error {
  /** `LibraryError` */
  override name = "LibraryError";
}

/** The version of a runtime. */
export interface RuntimeVersion {
  /** Name and version of the runtime, for the message. */
  readonly runtime: string;
  /** Its version: `major.minor` and perhaps more. */
  readonly version: string;
  /** Its oldest supported version: `major.minor`. */
  readonly least: string;
  /** The command that installs or runs a later version. */
  readonly upgrade: string;
}

/** A runtime and the system that it runs on. */
export interface Platform extends RuntimeVersion {
  /** The operating system by its Node.js name. */
  readonly platform: string;
  /** The processor architecture by its Node.js name. */
  readonly arch: string;
}

/**
 * Requires a supported runtime on 64-bit little-endian Linux, whose struct layouts the program knows.
 * @throws {LibraryError} if it is not supported
 */
export function requireSupported({ runtime, version, least, upgrade, platform, arch }: Platform): void {
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw new LibraryError(`not supported on ${platform} ${arch}: it needs 64-bit Linux on x86-64 or aarch64`);
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new LibraryError(`${runtime} is too old: it needs Deno 2, Bun 1.3, Node.js 26.10, or later; try: ${upgrade}`);
}

/**
 * Opens the first of `libraries` that can be opened.
 * @param open opens the library with this path
 * @param reasonOf the reason of its failure
 * @throws {LibraryError} with the reason of the first if none can be opened, or what `reasonOf` throws
 */
export function openFirst<T>(
  libraries: Iterable<string>,
  open: (path: string) => T,
  reasonOf: (error: Error) => string,
): T {
  let reason = "";
  for (const library of libraries) {
    try {
      return open(library);
    } catch (error) {
      reason ||= reasonOf(error as Error).replaceAll(/\s+/g, " ");
    }
  }
  throw new LibraryError(`cannot load libc: ${reason}`);
}
