/**
 * The command line: what the user may say, and what is said back.
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { isIPv4, parseAddress } from "./address.ts";
import { LOG_FORMATS, type LogFormat } from "./log.ts";

/** What the user asked for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | ({ readonly kind: "serve" } & ServeSettings);

/** How the echo server is to run. */
export interface ServeSettings {
  /** Port, 1 to 65,535. */
  readonly port: number;
  /** Local address or name; all addresses, if absent. */
  readonly address: string | undefined;
  /** 4 or 6, if only one of the two. */
  readonly family: 4 | 6 | undefined;
  /** Form of the log. */
  readonly log: LogFormat;
  /** Most lines a second, 0 for no limit. */
  readonly logLimit: number;
  /** Receive buffer, in bytes. */
  readonly buffer: number;
  /** Most microseconds to poll before sleeping, 0 for never. */
  readonly busyPoll: number;
}

/** What the user said makes no sense. The message is one sentence that names the valid values. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What `--help` shows: at most 24 lines of 80 columns. */
export const HELP = `\
echo.ts [PORT] [options]

UDP echo server that answers from the address it was asked at. PORT is 1 to
65535, 9000 if left out.

  -a, --address ADDR    answer on this local address only: IPv4, IPv6, a name, or
                        with a zone as in fe80::1%eth0  (default: all addresses)
  -4, -6                IPv4 only, IPv6 only
      --log FORMAT      text, json or none                       (default: text)
      --log-limit N     most lines a second, 0 for no limit      (default: 1000)
  -q, --quiet           the same as --log none
      --buffer SIZE     socket receive buffer, e.g. 512K or 8M     (default: 4M)
      --busy-poll USEC  most microseconds to poll before sleeping,
                        0 for never                                (default: 50)
  -h, --help            show this
  -V, --version         show the version

SIGINT and SIGTERM stop it, SIGUSR1 shows the counts so far.

  deno run --allow-ffi echo.ts 9000
  bun run echo.ts 9000 --address 192.0.2.1 --log json
`;

const options = {
  address: { type: "string", short: "a" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  log: { type: "string" },
  "log-limit": { type: "string" },
  quiet: { type: "boolean", short: "q" },
  buffer: { type: "string" },
  "busy-poll": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const satisfies ParseArgsConfig["options"];

/**
 * Understands the arguments of the program.
 * @throws {UsageError} where they make no sense
 */
export function parseCommand(args: readonly string[]): Command {
  // Not strict: the runtimes word that mode's complaints differently.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option") checkOption(token.name, token.rawName, token.value, token.inlineValue ?? false);
  }
  const text = values as Partial<Record<keyof typeof options, string>>;
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  if (values.ipv4 && values.ipv6) {
    throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  }
  const family = values.ipv4 ? 4 : values.ipv6 ? 6 : undefined;
  if (text.address !== undefined) checkFamily(text.address, family);
  if (positionals.length > 1) throw new UsageError(`one port only, not ${positionals.join(" and ")}`);
  const log = values.quiet ? "none" : text.log ?? "text";
  if (!isLogFormat(log)) throw new UsageError(`no log format ${quote(log)}: it is one of ${list(LOG_FORMATS)}`);
  return {
    kind: "serve",
    port: positionals[0] === undefined ? 9000 : wholeNumber("the port", positionals[0], 1, 65_535),
    address: text.address,
    family,
    log,
    logLimit: wholeNumber("--log-limit", text["log-limit"] ?? "1000", 0, 1_000_000_000),
    buffer: byteSize("--buffer", text.buffer ?? "4M"),
    busyPoll: wholeNumber("--busy-poll", text["busy-poll"] ?? "50", 0, 1000),
  };
}

/** Bytes as people write them, in the largest unit that gives a whole number: `4M`. */
export function byteSizeText(bytes: number): string {
  const unit = [...UNITS].reverse().find(([, size]) => bytes % size === 0);
  return unit === undefined ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}

/** A whole number from `least` to `most`. */
function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${what} is a whole number from ${least} to ${most}, not ${quote(text)}`);
}

/** A number of bytes with a unit. */
function byteSize(what: string, text: string): number {
  const match = /^([0-9]{1,10})([KMG]?)$/i.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS.get(match[2]!.toUpperCase()) ?? 1);
  if (value >= BUFFER_MIN && value <= BUFFER_MAX) return value;
  throw new UsageError(
    `${what} is a number of bytes from ${byteSizeText(BUFFER_MIN)} to ${byteSizeText(BUFFER_MAX)}, with or without ` +
      `K, M or G behind it, not ${quote(text)}`,
  );
}

const UNITS: ReadonlyMap<string, number> = new Map([["K", 1 << 10], ["M", 1 << 20], ["G", 1 << 30]]);
const BUFFER_MIN = 4 << 10;
// The kernel doubles it, into an int.
const BUFFER_MAX = 1023 << 20;

function checkOption(name: string, rawName: string, value: string | undefined, inline: boolean): void {
  const option = Object.entries(options).find(([known]) => known === name)?.[1];
  if (option === undefined) {
    const near = rawName.startsWith("--") ? nearest(name, Object.keys(options)) : undefined;
    const advice = near === undefined ? "--help lists what there is" : `did you mean --${near}?`;
    throw new UsageError(`unknown option ${rawName}; ${advice}`);
  }
  if (option.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, but got ${quote(value)}`);
    return;
  }
  if (value === undefined || value === "" || (!inline && value.startsWith("-"))) {
    throw new UsageError(`${rawName} needs a value; --help shows which`);
  }
}

function checkFamily(address: string, family: 4 | 6 | undefined): void {
  const bytes = parseAddress(address.split("%")[0]!);
  if (bytes === undefined || family === undefined) return;
  const actual = isIPv4(bytes) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}

function isLogFormat(text: string): text is LogFormat {
  return (LOG_FORMATS as readonly string[]).includes(text);
}

function list(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
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
