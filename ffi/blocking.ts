/**
 * Functions of libc that block, called on another thread while the event loop goes on.
 * @module
 */

import type { BlockingFunctions, Functions, Signatures } from "./contract.ts";
import { HelperThread } from "./helper_thread.ts";
import { libraries } from "./library.ts";
import { runtime } from "./runtime.ts";

/** What the calls on other threads need beside: memory that outlives this thread, and descriptors to wait for and to wake. */
const signatures = {
  /** `int epoll_create1(int flags)` */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** `int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)` */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  /** `void *malloc(size_t size)` */
  malloc: { parameters: ["u32"], result: "pointer" },
  /** `void free(void *ptr)`; the declared result is meaningless */
  free: { parameters: ["pointer"], result: "i32" },
  /** `int eventfd(unsigned int initval, int flags)` */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
} as const;

let loaded: Functions<typeof signatures> | undefined;

/**
 * Loads functions of libc for calls on other threads once.
 * @throws {LibraryError} if they cannot be loaded
 */
export function threadLibc(): Functions<typeof signatures> {
  return loaded ??= runtime().ffi.load(libraries, signatures).call;
}

/** Functions that run on another thread, one call at a time. The `errno` of a call is unavailable. */
export interface Blocking<S extends Signatures> {
  /** The functions. */
  readonly call: BlockingFunctions<S>;
  /** Sets whether a pending call keeps the process alive; it does by default. */
  keepAlive(keeps: boolean): void;
}

/**
 * Loads functions of libc that block.
 * @param interrupt makes the pending call return; called when the process ends during a call
 * @param paths names of libc; the first that exists is loaded
 * @throws {LibraryError} if they cannot be loaded
 */
export function loadBlocking<const S extends Signatures>(
  signatures: S,
  interrupt: () => void,
  paths: readonly string[] = libraries,
): Blocking<S> {
  const { ffi } = runtime();
  if (ffi.module === undefined) return loadNonblocking(signatures, paths);
  const thread = new HelperThread(ffi.module, paths, signatures, interrupt);
  const functions = Object.keys(signatures).map((name) => [
    name,
    (...values: unknown[]) => thread.call(name, values),
  ]);
  return {
    call: Object.fromEntries(functions) as BlockingFunctions<S>,
    keepAlive: (keeps) => thread.keepAlive(keeps),
  };
}

/** The part of Deno's internals that says whether a pending promise keeps the process alive. */
interface DenoCore {
  refOpPromise(promise: Promise<unknown>): void;
  unrefOpPromise(promise: Promise<unknown>): void;
}

/** Deno has a pool of threads for functions that are declared as `nonblocking`. */
function loadNonblocking<const S extends Signatures>(signatures: S, paths: readonly string[]): Blocking<S> {
  const nonblocking = Object.entries(signatures).map(([name, signature]) => [
    name,
    { ...signature, nonblocking: true },
  ]);
  const { call } = runtime().ffi.load(paths, Object.fromEntries(nonblocking) as S);
  const started = call as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
  const { Deno } = globalThis as { Deno?: { internal?: symbol } & Record<symbol, { core?: DenoCore } | undefined> };
  // Without these internals every pending call keeps the process alive.
  const core = Deno?.internal === undefined ? undefined : Deno[Deno.internal]?.core;
  let pending: Promise<unknown> | undefined;
  let keepsAlive = true;
  const functions = Object.keys(signatures).map((name) => [name, (...values: unknown[]) => {
    const promise = pending = started[name]!(...values);
    if (!keepsAlive) core?.unrefOpPromise(promise);
    return promise;
  }]);
  return {
    call: Object.fromEntries(functions) as BlockingFunctions<S>,
    keepAlive: (keeps) => {
      keepsAlive = keeps;
      if (pending === undefined) return;
      if (keeps) core?.refOpPromise(pending);
      else core?.unrefOpPromise(pending);
    },
  };
}
