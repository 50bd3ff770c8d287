/**
 * The command line: options, their values, and the messages for mistakes.
 * @module
 */

import { isIPv4, parseAddress } from "../net/address.ts";

/** Wrong usage of the program. The message is one sentence that names the valid values. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An option of a command: for the parser, the help and the documents. */
export interface Option<T = unknown> {
  /** As in the help: `-a, --address ADDR`. */
  readonly flags: string;
  /** Its long name, without dashes. */
  readonly name: string;
  /** Its letter, if it has one. */
  readonly short?: string;
  /** The name of its value, if it takes one. */
  readonly value?: string;
  /** What it does. */
  readonly help: string;
  /** The value without the option, as the user would write it. */
  readonly preset?: string | undefined;
  /** Heading of the options from this one on. */
  readonly heading?: string;
  /** Makes the setting from the values of the option `name`. @throws {UsageError} */
  read(values: readonly string[], name: string): T;
}

/** The options of a command, by the names of their settings. */
export type Options = Readonly<Record<string, Option>>;

/** The settings that options make. */
export type Settings<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never };

/** Reads the value of the option or argument `name`. @throws {UsageError} */
export type Parse<T> = (text: string, name: string) => T;

/** Divides `-a, --address ADDR` into its parts. */
function partsOf(flags: string): Pick<Option, "flags" | "name" | "short" | "value"> {
  const parts = /^(?:-(?<short>.), )?--(?<name>\S+)(?: (?<value>.+))?$/.exec(flags)!.groups as { name: string };
  return { flags, ...parts };
}

/** An option without a value. Its setting tells whether it was given. */
export function flag(flags: string, help: string): Option<boolean> {
  return { ...partsOf(flags), help, read: (values) => values.length > 0 };
}

/** An option with a value, of which the last one counts. */
export function option<T>(flags: string, help: string, parse: Parse<T>, preset: string): Option<T>;
export function option<T>(flags: string, help: string, parse: Parse<T>): Option<T | undefined>;
export function option<T>(flags: string, help: string, parse: Parse<T>, preset?: string): Option<T | undefined> {
  const read = (values: readonly string[], name: string) => {
    const text = values.at(-1) ?? preset;
    return text === undefined ? undefined : parse(text, name);
  };
  return { ...partsOf(flags), help, preset, read };
}

/** An option with a value that may be repeated. Its setting is the list of all values. */
export function listOption<T>(flags: string, help: string, parse: Parse<T>): Option<readonly T[]> {
  return { ...partsOf(flags), help, read: (values, name) => values.map((text) => parse(text, name)) };
}

/** Options under a heading. */
export function group<O extends Options>(heading: string, options: O): O {
  const [[first, option]] = Object.entries(options) as [[string, Option]];
  return { ...options, [first]: { ...option, heading } };
}

/** The last options of every command. */
export const COMMON_OPTIONS = group("Information", {
  help: flag("-h, --help", "show the options"),
  version: flag("-V, --version", "show the version"),
});

/** The arguments of a command. */
export interface Arguments<O extends Options> {
  /** The settings. */
  readonly settings: Settings<O>;
  /** The names of the settings whose options were given. */
  readonly given: ReadonlySet<keyof O>;
  /** The arguments that are neither options nor their values. */
  readonly positionals: readonly string[];
}

/**
 * Parses the arguments of a command.
 * @returns `help` or `version` if the user asks for that
 * @throws {UsageError} for an unknown option, a missing or wrong value, or a value for an option that takes none
 */
export function parseArguments<O extends Options>(
  args: readonly string[],
  options: O,
): Arguments<O> | "help" | "version" {
  const known = Object.entries(options).map(([setting, option]) => ({ ...option, setting, values: [] as string[] }));
  const positionals: string[] = [];
  const rest = [...args];
  // Not `parseArgs`: Deno takes seven milliseconds to load `node:util`.
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    // `--name=value` or `-xvalue`. What is attached to a short option without a value are further ones.
    const [, rawName, attached] = /^(--.[^=]*)(?:=(.*))?$/s.exec(arg) ?? /^(-[^-])(.+)?$/su.exec(arg) ?? [];
    if (rawName === undefined) {
      positionals.push(...arg === "--" ? rest.splice(0) : [arg]);
      continue;
    }
    const option = known.find(({ short, name }) => rawName === `--${name}` || rawName === `-${short}`);
    if (option === undefined) throw unknownOption(rawName, known.map(({ name }) => name));
    let value = "";
    if (option.value !== undefined) {
      value = attached ?? rest.shift() ?? "";
      // A negative number is a value, for the option to refuse.
      if (value === "" || (attached === undefined && /^-[^0-9]/.test(value))) {
        throw new UsageError(`${rawName} needs a value; --help shows which`);
      }
    } else if (attached !== undefined) {
      if (rawName.startsWith("--")) throw new UsageError(`${rawName} takes no value, but got ${quote(attached)}`);
      rest.unshift(`-${attached}`);
    }
    option.values.push(value);
  }
  const given = new Set(known.filter(({ values }) => values.length > 0).map(({ setting }) => setting));
  for (const name of ["help", "version"] as const) if (given.has(name)) return name;
  const settings = known.map(({ setting, read, values, name }) => [setting, read(values, `--${name}`)]);
  return { settings: Object.fromEntries(settings), given, positionals };
}

function unknownOption(rawName: string, names: readonly string[]): UsageError {
  const near = names.find((name) => isSimilar(rawName.slice(2), name));
  const advice = near === undefined ? "--help lists all options" : `did you mean --${near}?`;
  return new UsageError(`unknown option ${quote(rawName).slice(1, -1)}; ${advice}`);
}

/** Whether a word may be a misspelling of a known one: it is its beginning, or differs in at most two adjacent letters. */
export function isSimilar(word: string, known: string): boolean {
  if (word.length < 4 || Math.abs(word.length - known.length) > 1) return word.length > 1 && known.startsWith(word);
  return [...word].some((_, i) => known.startsWith(word.slice(0, i)) && known.endsWith(word.slice(i + 2)));
}

/**
 * The address family that the options -4 and -6 select, if any.
 * @throws {UsageError} for both options
 */
export function addressFamily({ ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean }): 4 | 6 | undefined {
  if (ipv4 && ipv6) throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  return ipv4 ? 4 : ipv6 ? 6 : undefined;
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

/** Reads a whole number from `least` to `most`. */
export function numberFrom(least: number, most: number): Parse<number> {
  return (text, name) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not ${quote(text)}`);
  };
}

/** Reads one of some words. */
export function oneOf<W extends string>(words: readonly W[]): Parse<W> {
  return (text, name) => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    throw new UsageError(`${name} must be one of ${list(words)}, not ${quote(text)}`);
  };
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
