/**
 * Reloading: `deno run --watch` and `bun --hot` evaluate modules anew in the same process, which keeps the descriptors of
 * the sockets before. This module closes them, so that the new program can bind their ports.
 * @module
 */

import { closeAll } from "./descriptors.ts";

// Bun keeps the global object. Another copy of the library has another URL.
const closeEarlier = Symbol.for(`${import.meta.url} closes its sockets`);
const globals = globalThis as Record<symbol, (() => void) | undefined> & Partial<Pick<EventTarget, "addEventListener">>;
globals[closeEarlier]?.();
globals[closeEarlier] = closeAll;
// Deno tells the program that it replaces.
globals.addEventListener?.("unload", closeAll);
