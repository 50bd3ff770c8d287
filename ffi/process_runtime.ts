/**
 * What the adapters to Bun and Node.js share: the global `process`, and a library that is loaded by `dlopen`.
 * @module
 */

import {
  type ForeignInterface,
  type ForeignModule,
  type Functions,
  type Library,
  openFirst,
  requireSupported,
  type Runtime,
  type RuntimeVersion,
  type Signal,
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

/**
 * Adapts a runtime that has the global `process`.
 * @param version its name and versions
 * @param load loads its foreign function interface
 * @param exit ends the process
 */
export function processRuntime(
  process: ProcessGlobal,
  version: RuntimeVersion,
  load: () => ForeignModule,
  exit: Runtime["exit"] = (code) => process.exit(code),
): Runtime {
  const { platform, arch } = process;
  return {
    name: version.runtime,
    arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit,
    get ffi() {
      requireSupported({ ...version, platform, arch });
      return foreignInterface(load());
    },
  };
}

function foreignInterface(module: ForeignModule): ForeignInterface {
  return {
    load<const S extends Signatures>(libraries: readonly string[], signatures: S): Library<S> {
      const { addressOf, pointer } = module;
      const translated = translate(module, signatures);
      const call = openFirst(libraries, (path) => module.open(path, translated), module.reasonOf);
      return { call: call as Functions<S>, addressOf, pointer };
    },
    module,
  };
}

/** Signatures in the form that the module's `dlopen` takes. */
export function translate(module: ForeignModule, signatures: Signatures): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => [name, module.signature(signature)]),
  );
}
