/**
 * The declarations of Node.js fit the part of `node:ffi` that `ffi/node.ts` spells out. `tsc` checks it; it is never run,
 * and `deno check`, which doesn't know this module, leaves it out.
 */
import type { NodeFfi } from "../ffi/node.ts";

/** The same type, its methods as functions: those TypeScript lets fit even when they ask for more than is given. */
type Strict<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R : Strict<T[K]> };

/** It compiles: that is the test. */
export const fits = (ffi: typeof import("node:ffi")): Strict<NodeFfi> => ffi;
