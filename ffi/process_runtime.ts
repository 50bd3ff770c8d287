/**
 * What the adapters to Bun and Node.js share: the global `process`, a library that is loaded by `dlopen`, and threads.
 * @module
 */

import {
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
   * The reason why a library or a thread is unavailable, without the words of the runtime.
   * @throws {LibraryError} if a permission is missing
   */
  reasonOf(error: Error): string;
}

/** Adapts a runtime that has the global `process`. `load` loads its foreign function interface; `exit` ends the process. */
export function processRuntime(
  process: ProcessGlobal,
  name: string,
  load: () => ForeignModule,
  exit: Runtime["exit"] = (code) => process.exit(code),
): Runtime {
  return {
    name,
    arch: process.arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit,
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
    threads: {
      moduleName: module.name,
      translate: (signatures) => translate(module, signatures),
      getBuiltinModule: process.getBuiltinModule,
      onExit: (handler) => void process.on("exit", handler),
      reasonOf: (error) => reasonOf(module, error),
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
