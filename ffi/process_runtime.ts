/**
 * What the adapters to Bun and Node.js share: the global `process`, a library that is loaded by `dlopen`, and threads.
 * @module
 */

import {
  type BlockingFunctions,
  type ForeignInterface,
  type Functions,
  type Library,
  LibraryError,
  type Pointer,
  type Runtime,
  type Signal,
  type Signature,
  type Signatures,
} from "./contract.ts";

/** The part of the global `process` that the adapters use. The types of Deno lack parts of it. */
export interface ProcessGlobal {
  readonly argv: readonly string[];
  readonly platform: string;
  readonly arch: string;
  readonly versions: { readonly node: string; readonly bun?: string };
  on(event: Signal | "exit", handler: () => void): unknown;
  exit(code: number): never;
  getBuiltinModule(name: string): unknown;
  emitWarning(warning: unknown, type: unknown): void;
}

/** The part of `node:worker_threads` that the adapters use. */
interface WorkerThreads {
  readonly Worker: new (program: string, options: Readonly<Record<string, unknown>>) => Worker;
}

interface Worker {
  on(event: "message", handler: (value: unknown) => void): void;
  on(event: "error", handler: (error: Error) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
}

/** A module with a function `dlopen`. Where those of Bun and Node.js differ, it translates. */
export interface ForeignModule {
  /** Name of the module: `bun:ffi`. */
  readonly name: string;
  /** The signature of a function in the form that `dlopen` takes. */
  signature(signature: Signature): unknown;
  /** The functions of a library, from signatures in that form. Those that return pointers return `null` for NULL. */
  open(path: string, signatures: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  addressOf(buffer: ArrayBuffer): number;
  pointer(address: number): Pointer;
  /**
   * The reason why a library or a thread is unavailable, without the words of the runtime.
   * @throws {LibraryError} if a permission is missing
   */
  reasonOf(error: Error): string;
}

/** Adapts a runtime that has the global `process`. `load` loads its foreign function interface. */
export function processRuntime(process: ProcessGlobal, name: string, load: () => ForeignModule): Runtime {
  return {
    name,
    arch: process.arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit: (code) => process.exit(code),
    get ffi() {
      return foreignInterface(process, load());
    },
  };
}

function foreignInterface(process: ProcessGlobal, module: ForeignModule): ForeignInterface {
  return {
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S> {
      const { addressOf, pointer } = module;
      const translated = translate(module, signatures);
      let reason = "";
      for (const library of libraries) {
        try {
          return { call: module.open(library, translated) as Functions<S>, addressOf, pointer };
        } catch (error) {
          reason ||= reasonOf(module, error);
        }
      }
      throw new LibraryError(`cannot load libc: ${reason}`);
    },
    loadBlocking<const S extends Signatures>(
      libraries: readonly string[],
      signatures: S,
      interrupt: () => void,
    ): BlockingFunctions<S> {
      const thread = new HelperThread(process, module, libraries, signatures, interrupt);
      const functions = Object.keys(signatures).map((name) => [
        name,
        (...values: unknown[]) => thread.call(name, values),
      ]);
      return Object.fromEntries(functions) as BlockingFunctions<S>;
    },
  };
}

/** Signatures in the form that `dlopen` takes. */
function translate(module: ForeignModule, signatures: Signatures): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => [name, module.signature(signature)]),
  );
}

/** The reason of a failure, in one line. */
function reasonOf(module: ForeignModule, error: unknown): string {
  if (!(error instanceof Error)) throw error;
  return module.reasonOf(error).replaceAll(/\s+/g, " ");
}

/** Program of the helper thread. It loads the library; then each message is a call. */
const HELPER = `
const { parentPort, workerData } = require("node:worker_threads");
const { name, libraries, signatures } = workerData;
const { dlopen } = process.getBuiltinModule(name);
let library;
for (const path of libraries) {
  try {
    library = dlopen(path, signatures);
    break;
  } catch {}
}
const { symbols, functions = symbols } = library;
parentPort.on("message", ([name, values]) => parentPort.postMessage(functions[name](...values)));
`;

/** A thread that calls C functions, one at a time. */
class HelperThread {
  readonly #worker: Worker;
  #settle: { resolve(result: unknown): void; reject(error: Error): void } | undefined;

  constructor(
    process: ProcessGlobal,
    module: ForeignModule,
    libraries: readonly string[],
    signatures: Signatures,
    interrupt: () => void,
  ) {
    const { Worker } = process.getBuiltinModule("node:worker_threads") as WorkerThreads;
    const workerData = { name: module.name, libraries, signatures: translate(module, signatures) };
    try {
      // The warning that `node:ffi` is experimental, and the options of Bun for a small heap.
      this.#worker = new Worker(HELPER, { eval: true, workerData, execArgv: ["--no-warnings"], smol: true });
    } catch (error) {
      throw new LibraryError(`cannot start a thread: ${reasonOf(module, error)}`);
    }
    this.#worker.unref();
    this.#worker.on("message", (value) => this.#take()?.resolve(value));
    this.#worker.on("error", ({ message }) => this.#take()?.reject(new LibraryError(`the helper thread: ${message}`)));
    // Node.js ends a thread only when its call has returned.
    process.on("exit", () => {
      if (this.#settle !== undefined) interrupt();
    });
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
