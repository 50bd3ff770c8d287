/**
 * Calls of C functions on another thread, for runtimes that call them on the thread of the event loop only.
 * @module
 */

import { type ForeignModule, LibraryError, type Signatures } from "./contract.ts";
import { type ProcessGlobal, translate } from "./process_runtime.ts";

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

/** Program of the helper thread. It loads the library; then each message is a call. */
const HELPER = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { name, libraries, signatures } = workerData;
const { dlopen } = process.getBuiltinModule(name);
let library;
for (const path of libraries) {
  try {
    library = dlopen(path, signatures);
    break;
  } catch {}
}
parentPort.on("message", ([name, values]) => {
  const { symbols, functions = symbols } = library;
  parentPort.postMessage(functions[name](...values));
});
`;

/** A thread that calls C functions, one at a time. */
export class HelperThread {
  readonly #worker: Worker;
  #keepsAlive = true;
  #settle: { resolve(result: unknown): void; reject(error: Error): void } | undefined;

  /**
   * @param module what it loads the library with
   * @param interrupt makes the pending call return; called when the process ends during a call
   * @throws {LibraryError} if the runtime starts no thread
   */
  constructor(module: ForeignModule, libraries: readonly string[], signatures: Signatures, interrupt: () => void) {
    const { process } = globalThis as unknown as { readonly process: ProcessGlobal };
    const { Worker } = process.getBuiltinModule("node:worker_threads") as WorkerThreads;
    const workerData = { name: module.name, libraries, signatures: translate(module, signatures) };
    try {
      // The warning that `node:ffi` is experimental, and the options of Bun for a small heap.
      this.#worker = new Worker(HELPER, { eval: true, workerData, execArgv: ["--no-warnings"], smol: true });
    } catch (error) {
      throw new LibraryError(reasonOf(error as Error));
    }
    this.#worker.unref();
    this.#worker.on("message", (value) => this.#take()?.resolve(value));
    this.#worker.on("error", ({ message }) => this.#take()?.reject(new LibraryError(`the helper thread: ${message}`)));
    // Node.js ends a thread only when its call has returned.
    process.on("exit", () => {
      if (this.#settle !== undefined) interrupt();
    });
  }

  /** Calls a function. There may be one call at a time. */
  call(name: string, values: readonly unknown[]): Promise<unknown> {
    if (this.#keepsAlive) this.#worker.ref();
    this.#worker.postMessage([name, values]);
    return new Promise((resolve, reject) => this.#settle = { resolve, reject });
  }

  /** Sets whether a pending call keeps the process alive; it does by default. */
  keepAlive(keeps: boolean): void {
    this.#keepsAlive = keeps;
    if (keeps && this.#settle !== undefined) this.#worker.ref();
    else this.#worker.unref();
  }

  #take() {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#worker.unref();
    return settle;
  }
}

/** The reason why there is no thread: in Node.js, the user may not have granted the permission. */
function reasonOf({ permission, message }: Error & { readonly permission?: string }): string {
  if (permission === undefined) return `cannot start a thread: ${message}`;
  return "Node.js does not allow the thread that waits for sockets; start it with the permission: node --permission " +
    "--allow-ffi --allow-worker …";
}
