/**
 * Deno's own declarations fit the part of the global `Deno` that `ffi/deno.ts` spells out. `deno check` checks it; it is
 * never run, and `tsc`, which doesn't know Deno, leaves it out.
 */
import type { DenoGlobal } from "../ffi/deno.ts";

/** The same type, its methods as functions: those TypeScript lets fit even when they ask for more than is given. */
type Strict<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => R : Strict<T[K]> };

/** It compiles: that is the test. */
export const fits = (deno: typeof Deno): Strict<DenoGlobal> => deno;
