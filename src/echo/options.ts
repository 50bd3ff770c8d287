/**
 * The command line: what the user may say, and what is said back.
 * @module
 */

import { parsePrefix, type Prefix } from "../net/address.ts";
import {
  addressFamily,
  checkFamily,
  list,
  type Options,
  parseArguments,
  quote,
  UsageError,
  wholeNumber,
} from "../cli/arguments.ts";
import { LOG_FORMATS, type LogFormat } from "./log.ts";
import type { Rate } from "./rate_limit.ts";

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
  /** Descriptor of a bound socket to take over, if any. */
  readonly fd: number | undefined;
  /** The only sources to answer; all, if empty. */
  readonly allow: readonly Prefix[];
  /** What one source gets, if limited. */
  readonly rate: Rate | undefined;
  /** What all sources together get, if limited. */
  readonly maxRate: Rate | undefined;
  /** Whether to answer any source port but 0. */
  readonly answerAnyPort: boolean;
  /** Whether to answer what was sent to a broadcast address. */
  readonly answerBroadcast: boolean;
  /** Whether to answer what was sent to a multicast address. */
  readonly answerMulticast: boolean;
}

/** What `--help` shows: at most 24 lines of 80 columns. */
export const ECHO_HELP = `\
UDP echo server that answers from the address it was asked at.

  echo.ts [PORT] [options]              PORT is 1 to 65535, 9000 if left out
  echo.ts probe TARGET...               ask servers: echo.ts probe --help

  -a, --address ADDR    answer on this address only: IPv4, IPv6, name or
                        link-local with zone, as fe80::1%eth0    (default: all)
  -4, -6                IPv4 only, IPv6 only                    (default: both)
      --log FORMAT      text, json, none; -q, --quiet for none (default: text)
      --log-limit N     most lines a second, 0 for no limit     (default: 1000)
      --buffer SIZE     socket receive buffer, e.g. 8M            (default: 4M)
      --busy-poll USEC  most microseconds to poll before sleeping (default: 50)
      --fd N            take over the bound UDP socket N (socket activation)
      --allow CIDR      answer these sources only; repeatable     (default: all)
      --rate N[/BURST]  most datagrams a second to an IPv4 address or IPv6 /64
      --max-rate N      the same for all together; BURST is N if left out
      --answer-any-port, --answer-broadcast, --answer-multicast
                        answer what is refused because it could make a loop
  -h, --help            -V, --version

SIGINT, SIGTERM and SIGHUP stop it, SIGUSR1 shows the counts so far. Examples:
  deno run --allow-ffi echo.ts 9000
  bun run echo.ts 9000 --address 192.0.2.1 --log json`;

const options = {
  address: { type: "string", short: "a" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  log: { type: "string" },
  "log-limit": { type: "string" },
  quiet: { type: "boolean", short: "q" },
  buffer: { type: "string" },
  "busy-poll": { type: "string" },
  fd: { type: "string" },
  allow: { type: "string", multiple: true },
  rate: { type: "string" },
  "max-rate": { type: "string" },
  "answer-any-port": { type: "boolean" },
  "answer-broadcast": { type: "boolean" },
  "answer-multicast": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const satisfies Options;

/**
 * Reads the arguments of the echo command.
 * @returns the settings, or the word for what was asked for instead of a server
 * @throws {UsageError} if they make no sense
 */
export function parseEcho(args: readonly string[]): ServeSettings | "help" | "version" {
  const given = parseArguments(args, options);
  const { positionals } = given;
  if (given.has("help")) return "help";
  if (given.has("version")) return "version";
  const family = addressFamily(given);
  const address = given.value("address");
  const fd = given.value("fd");
  const rateText = given.value("rate");
  const maxRateText = given.value("max-rate");
  if (address !== undefined) checkFamily(address, family);
  if (positionals.includes("probe")) throw new UsageError("probe comes first: echo.ts probe TARGET, then the options");
  if (positionals.length > 1) throw new UsageError(`one port only, not ${positionals.map(quote).join(" and ")}`);
  if (fd !== undefined && (positionals.length > 0 || address !== undefined || family !== undefined)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  const log = given.has("quiet") ? "none" : given.value("log") ?? "text";
  if (!isLogFormat(log)) throw new UsageError(`no log format ${quote(log)}: it is one of ${list(LOG_FORMATS)}`);
  return {
    port: positionals[0] === undefined ? 9000 : wholeNumber("the port", positionals[0], 1, 65_535),
    address,
    family,
    log,
    logLimit: wholeNumber("--log-limit", given.value("log-limit") ?? "1000", 0, 1_000_000_000),
    buffer: byteSize("--buffer", given.value("buffer") ?? "4M"),
    busyPoll: wholeNumber("--busy-poll", given.value("busy-poll") ?? "50", 0, 1000),
    fd: fd === undefined ? undefined : wholeNumber("--fd", fd, 0, 1_000_000),
    allow: given.values("allow").map(prefix),
    rate: rateText === undefined ? undefined : rate("--rate", rateText),
    maxRate: maxRateText === undefined ? undefined : rate("--max-rate", maxRateText),
    answerAnyPort: given.has("answer-any-port"),
    answerBroadcast: given.has("answer-broadcast"),
    answerMulticast: given.has("answer-multicast"),
  };
}

/** Bytes as people write them, in the largest unit that gives a whole number: `4M`. */
export function byteSizeText(bytes: number): string {
  const unit = [...UNITS].reverse().find(([, size]) => bytes % size === 0);
  return unit === undefined ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}

/** A rate with or without a burst, which is else what comes in a second. */
function rate(what: string, text: string): Rate {
  const [perSecond, burst, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${what} is N or N/BURST, not ${quote(text)}`);
  return {
    perSecond: wholeNumber(what, perSecond!, 1, RATE_MAX),
    burst: wholeNumber(`the burst of ${what}`, burst ?? perSecond!, 1, RATE_MAX),
  };
}

const RATE_MAX = 1_000_000_000;

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed !== undefined) return parsed;
  throw new UsageError(`--allow is an address or a prefix, e.g. 192.0.2.0/24 or 2001:db8::/32, not ${quote(text)}`);
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

function isLogFormat(text: string): text is LogFormat {
  return (LOG_FORMATS as readonly string[]).includes(text);
}
