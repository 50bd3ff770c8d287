/**
 * Bun's own declarations fit the part of `bun:ffi` that `ffi/bun.ts` spells out. `tsc` checks it; it is never run, and to
 * `deno check`, which doesn't know Bun, the module is `any`.
 */
import type { BunFfi } from "../ffi/bun.ts";

/** The same type, its methods as functions: those TypeScript lets fit even when they ask for more than is given. */
type Strict<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R : Strict<T[K]> };

/** It compiles: that is the test. */
export const fits = (ffi: typeof import("bun:ffi")): Strict<BunFfi> => ffi;
