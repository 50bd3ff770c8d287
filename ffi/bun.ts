/**
 * The adapter to Bun's foreign function interface.
 * @see https://bun.sh/docs/api/ffi
 * @module
 */

import {
  type BlockingFunctions,
  type ForeignInterface,
  type ForeignType,
  type Functions,
  type Library,
  LibraryError,
  type Pointer,
  requireSupported,
  type Runtime,
  type Signal,
  type Signatures,
} from "./contract.ts";

/**
 * The part of `bun:ffi` that this adapter uses. The types of the other runtime lack it. `test/bun_types.ts` checks it
 * against Bun's own declarations.
 */
export interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: BunType[]; returns: BunType }>,
  ): { readonly symbols: Record<string, unknown> };
  ptr(buffer: ArrayBuffer): number;
}

/** The part of Bun's `Worker` that this adapter uses; see {@link BunFfi}. */
export interface BunWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message: string }) => void) | null;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
}

/** The part of the global `process` that this adapter uses, also to tell users of Node.js that it is not supported. */
export interface BunProcess {
  readonly argv: readonly string[];
  readonly platform: string;
  readonly arch: string;
  readonly version: string;
  readonly versions: { readonly bun?: string };
  on(signal: Signal, handler: () => void): unknown;
  exit(code: number): never;
  getBuiltinModule(name: string): unknown;
}

/** The global `Worker` of Bun. */
export type BunWorkerConstructor = new (url: string, options: { smol: boolean; ref: boolean }) => BunWorker;

/** Bun's names of the C types. */
export type BunType = "i32" | "u32" | "ptr";

const bunType: Record<ForeignType, BunType> = { i32: "i32", u32: "u32", pointer: "ptr" };

/** Adapts Bun, by its globals `process` and `Worker`. */
export function bunRuntime(process: BunProcess, worker: BunWorkerConstructor): Runtime {
  const { bun } = process.versions;
  const name = bun === undefined ? `Node.js ${process.version}` : `Bun ${bun}`;
  return {
    name,
    arch: process.arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit: (code) => process.exit(code),
    get ffi() {
      requireSupported(name, bun, "1.3", process.platform, process.arch);
      return foreignInterface(process.getBuiltinModule("bun:ffi") as BunFfi, worker);
    },
  };
}

function foreignInterface(ffi: BunFfi, worker: BunWorkerConstructor): ForeignInterface {
  return {
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S> {
      const symbols = symbolsOf(signatures);
      let reason = "";
      for (const library of libraries) {
        try {
          return {
            call: ffi.dlopen(library, symbols).symbols as Functions<S>,
            addressOf: (buffer) => ffi.ptr(buffer),
            // A pointer is a plain number in Bun.
            pointer: (address) => address as unknown as Pointer,
          };
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          // Bun's own words, with the path, then those of dlopen, with the path again.
          reason ||= error.message.replace(/^Failed to open library "[^"]*": /, "");
        }
      }
      throw new LibraryError(`cannot load libc: ${reason.replaceAll(/\s+/g, " ")}`);
    },
    loadBlocking<const S extends Signatures>(libraries: readonly string[], signatures: S): BlockingFunctions<S> {
      const thread = new HelperThread(worker, libraries, symbolsOf(signatures));
      const functions = Object.keys(signatures).map((name) => [
        name,
        (...values: unknown[]) => thread.call(name, values),
      ]);
      return Object.fromEntries(functions) as BlockingFunctions<S>;
    },
  };
}

/** Signatures in the form that Bun takes. */
function symbolsOf(signatures: Signatures): Record<string, { args: BunType[]; returns: BunType }> {
  return Object.fromEntries(
    Object.entries(signatures).map(([name, { parameters, result }]) => [
      name,
      { args: parameters.map((type) => bunType[type]), returns: bunType[result] },
    ]),
  );
}

/** Program of the helper thread. Its first message names the library; each further message is a call. */
const HELPER = `
import { dlopen } from "bun:ffi";
self.onmessage = ({ data: [libraries, symbols] }) => {
  let functions;
  for (const library of libraries) {
    try {
      functions = dlopen(library, symbols).symbols;
      break;
    } catch {}
  }
  self.onmessage = ({ data: [name, values] }) => self.postMessage(functions[name](...values));
};
`;

/** A thread that calls C functions, one at a time: Bun has no nonblocking calls. */
class HelperThread {
  readonly #worker: BunWorker;
  #settle: { resolve(result: unknown): void; reject(error: Error): void } | undefined;

  constructor(
    worker: BunWorkerConstructor,
    libraries: readonly string[],
    symbols: Record<string, { args: BunType[]; returns: BunType }>,
  ) {
    // From a blob, because the program is one file.
    const url = URL.createObjectURL(new Blob([HELPER], { type: "text/javascript" }));
    this.#worker = new worker(url, { smol: true, ref: false });
    this.#worker.onmessage = ({ data }) => this.#take()?.resolve(data);
    this.#worker.onerror = ({ message }) => this.#take()?.reject(new LibraryError(`the helper thread: ${message}`));
    this.#worker.postMessage([libraries, symbols]);
  }

  call(name: string, values: readonly unknown[]): Promise<unknown> {
    this.#worker.ref();
    this.#worker.postMessage([name, values]);
    return new Promise((resolve, reject) => this.#settle = { resolve, reject });
  }

  #take() {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#worker.unref();
    return settle;
  }
}
