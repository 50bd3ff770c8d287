/**
 * The command line: options, their values, and the messages for mistakes.
 * @module
 */

import type { ParseArgsConfig } from "node:util";
import { isIPv4, parseAddress } from "../net/address.ts";

// Not a static import: see ffi/errno.ts.
const { parseArgs } = await import("node:util");

/** Wrong usage of the program. The message is one sentence that names the valid values. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The options of a command, by their long names. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** The arguments of a command: options by their long names, and positionals. */
export interface Arguments<Name extends string> {
  /** Whether an option was given. */
  has(name: Name): boolean;
  /** The last value of an option. */
  value(name: Name): string | undefined;
  /** The parsed last value of an option; `undefined` if the option was not given. */
  parsed<T>(name: Name, parse: (text: string) => T): T | undefined;
  /** All values of an option. */
  values(name: Name): readonly string[];
  /** The arguments that are neither options nor their values. */
  readonly positionals: readonly string[];
}

/**
 * Parses the arguments of a command.
 * @throws {UsageError} for an unknown option, a missing value, or a value for an option without one
 */
export function parseArguments<O extends Options>(args: readonly string[], options: O): Arguments<keyof O & string> {
  // Not strict: that mode reports the -1 of `--log-limit -1` as an option, and its errors do not carry the name.
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(options, name)) throw unknownOption(rawName, name, Object.keys(options));
    if (options[name]!.type === "boolean") {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value, but got ${quote(value)}`);
    } else if (value === undefined || value === "" || (!token.inlineValue && /^-[^0-9]/.test(value))) {
      throw new UsageError(`${rawName} needs a value; --help shows which`);
    }
    given.set(name, [...given.get(name) ?? [], value ?? ""]);
  }
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    parsed: (name, parse) => {
      const text = given.get(name)?.at(-1);
      return text === undefined ? undefined : parse(text);
    },
    values: (name) => given.get(name) ?? [],
    positionals,
  };
}

function unknownOption(rawName: string, name: string, names: readonly string[]): UsageError {
  const near = rawName.startsWith("--") ? names.find((known) => isSimilar(name, known)) : undefined;
  const advice = near === undefined ? "--help lists all options" : `did you mean --${near}?`;
  return new UsageError(`unknown option ${quote(rawName).slice(1, -1)}; ${advice}`);
}

/**
 * Whether a word may be a misspelling of a known one: it is its beginning, or the two differ in at most two adjacent
 * letters.
 */
export function isSimilar(word: string, known: string): boolean {
  const shorter = Math.min(word.length, known.length);
  const longer = Math.max(word.length, known.length);
  let start = 0;
  while (start < shorter && word[start] === known[start]) start++;
  let end = 0;
  while (end < shorter - start && word.at(-1 - end) === known.at(-1 - end)) end++;
  return (start > 1 && start === word.length) || longer - start - end <= Math.min(2, longer / 2);
}

/**
 * The address family that the options `ipv4` and `ipv6` select, if any.
 * @throws {UsageError} for both options
 */
export function addressFamily(given: Arguments<"ipv4" | "ipv6">): 4 | 6 | undefined {
  if (given.has("ipv4") && given.has("ipv6")) {
    throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  }
  return given.has("ipv4") ? 4 : given.has("ipv6") ? 6 : undefined;
}

/**
 * Checks that an address is of the family that the options select. A name passes.
 * @throws {UsageError} for an address of the other family
 */
export function checkFamily(address: string, family: 4 | 6 | undefined): void {
  const bytes = parseAddress(address.split("%")[0]!);
  if (bytes === undefined || family === undefined) return;
  const actual = isIPv4(bytes) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}

/**
 * Parses a whole number from `least` to `most`.
 * @param what the option or argument, for the message
 * @throws {UsageError} for any other text
 */
export function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${what} must be a whole number from ${least} to ${most}, not ${quote(text)}`);
}

/** Words as an enumeration: `text, json and none`. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** A text in quotation marks, with everything escaped that could control a terminal. */
export function quote(text: string): string {
  const escape = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape);
}
