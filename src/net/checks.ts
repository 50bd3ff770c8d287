/**
 * What arguments must be, and what is said where they are something else.
 * @module
 */

import { EINVAL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";

/** The error for an argument that makes no sense to a system call. The message says what would. */
export function invalid(syscall: string, message: string): SystemError {
  return new SystemError(syscall, EINVAL, message);
}

/**
 * Requires a whole number from `least` to `most`; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requireInteger(syscall: string, what: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(syscall, `${what} is a whole number from ${least} to ${most}, not ${describe(value)}`);
}

/**
 * Requires a string; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requireString(syscall: string, what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalid(syscall, `${what} is a string, not ${describe(value)}`);
}

/**
 * Requires an object; returns it.
 * @throws {SystemError} `EINVAL`
 */
export function requireObject<T>(syscall: string, what: string, value: T): T & object {
  if (typeof value === "object" && value !== null) return value;
  throw invalid(syscall, `${what} is an object, not ${describe(value)}`);
}

/**
 * Requires a function.
 * @throws {SystemError} `EINVAL`
 */
export function requireFunction(syscall: string, what: string, value: unknown): void {
  if (typeof value === "function") return;
  throw invalid(syscall, `${what} is a function, not ${describe(value)}`);
}

/**
 * Requires bytes; returns them.
 * @throws {SystemError} `EINVAL`
 */
export function requireBytes(syscall: string, what: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw invalid(syscall, `${what} is a Uint8Array, not ${describe(value)}`);
}

/** A value, for a person. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
    case "function":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    default:
      return `${value}`;
  }
}
