/**
 * Checks of arguments.
 *
 * A hostile object may return another value each time a property is read, and a subclass may override any accessor. So
 * each function here returns the value that it checked: use that one.
 * @module
 */

import { EINVAL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";

/** An `EINVAL` for an argument of a system call. The message names the valid values. */
export function invalid(syscall: string, message: string): SystemError {
  return new SystemError(syscall, EINVAL, message);
}

/** Argument of constructors that only the library calls: `private` is for the compiler alone. */
export const INTERNAL: unique symbol = Symbol("internal");

/**
 * Requires that the library itself calls a constructor. `message` says how else the object is made.
 * @throws {SystemError} `EINVAL`
 */
export function requireInternal(syscall: string, key: unknown, message: string): void {
  if (key !== INTERNAL) throw invalid(syscall, message);
}

/**
 * Requires a whole number from `least` to `most`; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requireInteger(syscall: string, what: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(syscall, `${what} must be a whole number from ${least} to ${most}, not ${describe(value)}`);
}

/** Types of values, and how a message names them. */
const TYPES = { string: "a string", boolean: "true or false", object: "an object", function: "a function" };

interface Types {
  string: string;
  boolean: boolean;
  object: object;
  function: unknown;
}

/**
 * Requires a value of a type, which is not null; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requireType<V, T extends keyof Types>(syscall: string, what: string, value: V, type: T): V & Types[T] {
  if (typeof value === type && value !== null) return value as V & Types[T];
  throw invalid(syscall, `${what} must be ${TYPES[type]}, not ${describe(value)}`);
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typeOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)!.get!;
const lengthOf = Object.getOwnPropertyDescriptor(typedArray, "length")!.get!;

/**
 * The length of a `Uint8Array` in bytes, as the runtime keeps it: a subclass cannot override it.
 * @throws {SystemError} `EINVAL` if the value is no `Uint8Array`
 */
export function requireBytes(syscall: string, what: string, value: unknown): number {
  if (typeOf.call(value) === "Uint8Array") return lengthOf.call(value);
  throw invalid(syscall, `${what} must be a Uint8Array, not ${describe(value)}`);
}

/** A value as text for a message. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return `${value}`;
  return Array.isArray(value) ? "an array" : "an object";
}
