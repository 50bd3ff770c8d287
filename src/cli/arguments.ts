/**
 * The arguments of a command: options and their values, and what is said of mistakes.
 * @module
 */

import type { ParseArgsConfig } from "node:util";
import { isIPv4, parseAddress } from "../net/address.ts";

// Not a static import: see ffi/errno.ts.
const { parseArgs } = await import("node:util");

/** What the user said makes no sense. The message is one sentence that names the valid values. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The options of a command, by their long names. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** What the user said: options by their long names, and the rest. */
export interface Arguments<Name extends string> {
  /** Whether an option was given. */
  has(name: Name): boolean;
  /** The last value of an option. */
  value(name: Name): string | undefined;
  /** All values of an option. */
  values(name: Name): readonly string[];
  /** What is no option. */
  readonly positionals: readonly string[];
}

/**
 * Takes the arguments of a command apart.
 * @throws {UsageError} for an option that there isn't, a value too many or too few
 */
export function parseArguments<O extends Options>(args: readonly string[], options: O): Arguments<keyof O & string> {
  // Not strict: the runtimes word that mode's complaints differently.
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
    checkOption(options, token.name, token.rawName, token.value, token.inlineValue ?? false);
    given.set(token.name, [...given.get(token.name) ?? [], token.value ?? ""]);
  }
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
    positionals,
  };
}

function checkOption(
  options: Options,
  name: string,
  rawName: string,
  value: string | undefined,
  inline: boolean,
): void {
  const option = Object.entries(options).find(([known]) => known === name)?.[1];
  if (option === undefined) {
    const near = rawName.startsWith("--") ? nearest(name, Object.keys(options)) : undefined;
    const advice = near === undefined ? "--help lists what there is" : `did you mean --${near}?`;
    throw new UsageError(`unknown option ${quote(rawName).slice(1, -1)}; ${advice}`);
  }
  if (option.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, but got ${quote(value)}`);
    return;
  }
  if (value === undefined || value === "" || (!inline && value.startsWith("-"))) {
    throw new UsageError(`${rawName} needs a value; --help shows which`);
  }
}

/**
 * 4 or 6, if the options `ipv4` and `ipv6` ask for one of the two.
 * @throws {UsageError} if they ask for both
 */
export function addressFamily(given: Arguments<"ipv4" | "ipv6">): 4 | 6 | undefined {
  if (given.has("ipv4") && given.has("ipv6")) {
    throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  }
  return given.has("ipv4") ? 4 : given.has("ipv6") ? 6 : undefined;
}

/**
 * Checks that an address, if the text is one, is of the family that the options ask for.
 * @throws {UsageError} if it is of the other
 */
export function checkFamily(address: string, family: 4 | 6 | undefined): void {
  const bytes = parseAddress(address.split("%")[0]!);
  if (bytes === undefined || family === undefined) return;
  const actual = isIPv4(bytes) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}

/**
 * Reads a whole number from `least` to `most`.
 * @throws {UsageError} if the text is none
 */
export function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${what} is a whole number from ${least} to ${most}, not ${quote(text)}`);
}

/** Words as a sentence lists them: `text, json and none`. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** A text as a sentence quotes it: whatever is in it, it can't drive a terminal. */
export function quote(text: string): string {
  const escape = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape);
}

/** The word that takes the fewest edits to reach, if that is at most a third of its letters. */
function nearest(word: string, words: readonly string[]): string | undefined {
  const ranked = words.map((candidate) => ({ candidate, edits: editDistance(word, candidate) }));
  ranked.sort((a, b) => a.edits - b.edits);
  const best = ranked[0]!;
  return best.edits <= Math.max(1, best.candidate.length / 3) ? best.candidate : undefined;
}

/** Insertions, deletions and substitutions that make `b` of `a`: Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, substitution));
    }
    row = next;
  }
  return row.at(-1)!;
}
