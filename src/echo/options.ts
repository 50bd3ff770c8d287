/**
 * The command line of the echo command.
 * @module
 */

import { processorCount } from "../../ffi/spawn.ts";
import {
  addressFamily,
  checkFamily,
  isSimilar,
  list,
  type Options,
  parseArguments,
  quote,
  UsageError,
  wholeNumber,
} from "../cli/arguments.ts";
import {
  addressText,
  addressWords,
  isIPv4,
  isMulticast,
  parseAddress,
  parsePrefix,
  type Prefix,
  prefixMask,
} from "../net/address.ts";
import { LOG_FORMATS, type LogFormat } from "./log.ts";
import type { Rate } from "./rate_limit.ts";

/** The settings of the echo command. */
export interface EchoSettings {
  /** Port, 1 to 65,535. */
  readonly port: number;
  /** Local address or name; all addresses, if absent. */
  readonly address: string | undefined;
  /** 4 or 6, to use only that address family. */
  readonly family: 4 | 6 | undefined;
  /** Format of the log. */
  readonly logFormat: LogFormat;
  /** Most log lines a second, 0 for no limit. */
  readonly logLimitPerSecond: number;
  /** Size of the receive buffer. */
  readonly receiveBufferBytes: number;
  /** Longest time to poll before the server sleeps, 0 for never. */
  readonly busyPollMicroseconds: number;
  /** Number of workers. */
  readonly workers: number;
  /** Descriptor of a bound socket to use, if any. */
  readonly fd: number | undefined;
  /** The networks whose datagrams are answered; all, if empty. */
  readonly allow: readonly Prefix[];
  /** Rate for one source, if limited. */
  readonly rate: Rate | undefined;
  /** Rate for all sources together, if limited. */
  readonly maxRate: Rate | undefined;
  /** Whether to answer datagrams from any source port but 0. */
  readonly answerAnyPort: boolean;
  /** Whether to answer datagrams to broadcast addresses. */
  readonly answerBroadcast: boolean;
  /** Whether to answer datagrams to multicast addresses. */
  readonly answerMulticast: boolean;
}

/** The text of `--help`: with the line of the command and that of the next prompt it fits 24 lines of 80 columns. */
export const ECHO_HELP = `\
UDP echo server that answers from the address it was asked at.

  echo.ts [PORT] [options]      PORT is 1 to 65535               (default: 9000)
  echo.ts probe TARGET...       ask servers; see echo.ts probe --help

  -a, --address ADDR    answer on this address or name only       (default: all)
  -4, -6                IPv4 only, IPv6 only                     (default: both)
      --log FORMAT      text, json, none; -q, --quiet for none   (default: text)
      --log-limit N     most lines a second, 0 for no limit      (default: 1000)
      --buffer SIZE     socket receive buffer, e.g. 8M             (default: 4M)
      --busy-poll USEC  most microseconds to poll before sleeping  (default: 50)
      --workers N       processes on the port, auto for all CPUs     (default: 1)
      --fd N            take over the bound UDP socket N (socket activation)
      --allow CIDR      answer these sources only; repeatable     (default: all)
      --rate N[/BURST]  most datagrams a second to an IPv4 address or IPv6 /64
      --max-rate N      the same for all together; BURST is N if left out
      --answer-any-port, --answer-broadcast, --answer-multicast
                        answer what is refused because it could make a loop
  -h, --help            -V, --version
SIGINT, SIGTERM and SIGHUP stop it, SIGUSR2 shows the counts so far. Examples:
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
  workers: { type: "string" },
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
 * Parses the arguments of the echo command.
 * @returns the settings; or `help` or `version`, if the user asks for that
 * @throws {UsageError} if they are wrong
 */
export function parseEcho(args: readonly string[]): EchoSettings | "help" | "version" {
  const given = parseArguments(args, options);
  if (given.has("help")) return "help";
  if (given.has("version")) return "version";
  const family = addressFamily(given);
  const address = given.value("address");
  if (address !== undefined) checkAddress(address, family, given.has("answer-multicast"));
  if (given.has("fd") && (given.positionals.length > 0 || address !== undefined || family !== undefined)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  if (given.has("quiet") && given.has("log")) throw new UsageError("--quiet means --log none: leave one of them out");
  return {
    port: parsePort(given.positionals),
    address,
    family,
    logFormat: given.has("quiet") ? "none" : given.parsed("log", parseLogFormat) ?? "text",
    logLimitPerSecond: given.parsed("log-limit", (text) => wholeNumber("--log-limit", text, 0, 1_000_000_000)) ?? 1000,
    receiveBufferBytes: given.parsed("buffer", parseBufferSize) ?? 4 << 20,
    busyPollMicroseconds: given.parsed("busy-poll", (text) => wholeNumber("--busy-poll", text, 0, 1000)) ?? 50,
    workers: given.parsed("workers", parseWorkers) ?? 1,
    fd: given.parsed("fd", (text) => wholeNumber("--fd", text, 0, 1_000_000)),
    allow: given.values("allow").map(parseNetwork),
    rate: given.parsed("rate", (text) => parseRate("--rate", text)),
    maxRate: given.parsed("max-rate", (text) => parseRate("--max-rate", text)),
    answerAnyPort: given.has("answer-any-port"),
    answerBroadcast: given.has("answer-broadcast"),
    answerMulticast: given.has("answer-multicast"),
  };
}

function parsePort(positionals: readonly string[]): number {
  for (const text of positionals) {
    if (text === "probe") throw new UsageError("probe comes first: echo.ts probe TARGET, then the options");
    if (isSimilar(text, "probe")) throw new UsageError(`no command ${quote(text)}; did you mean probe?`);
    if (readAddress(text) !== undefined) {
      throw new UsageError(`${quote(text)} is an address, not a port; did you mean --address?`);
    }
  }
  if (positionals.length > 1) throw new UsageError(`one port only, not ${list(positionals.map(quote))}`);
  return positionals[0] === undefined ? 9000 : wholeNumber("the port", positionals[0], 1, 65_535);
}

function checkAddress(address: string, family: 4 | 6 | undefined, answerMulticast: boolean): void {
  checkFamily(address, family);
  const bytes = readAddress(address);
  if (bytes !== undefined && isMulticast(addressWords(bytes), 0) && !answerMulticast) {
    throw new UsageError(`the multicast address ${address} is answered only with --answer-multicast`);
  }
}

/** The bytes of an address that may have a zone; `undefined` for a name. */
function readAddress(text: string): Uint8Array | undefined {
  return parseAddress(text.split("%")[0]!);
}

function parseLogFormat(text: string): LogFormat {
  const format = LOG_FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw new UsageError(`--log must be one of ${list(LOG_FORMATS)}, not ${quote(text)}`);
}

const WORKERS_MAX = 64;

function parseWorkers(text: string): number {
  if (text === "auto") return Math.min(processorCount(), WORKERS_MAX);
  const workers = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (workers >= 1 && workers <= WORKERS_MAX) return workers;
  throw new UsageError(`--workers must be auto or a whole number from 1 to ${WORKERS_MAX}, not ${quote(text)}`);
}

const RATE_MAX = 1_000_000_000;

function parseRate(what: string, text: string): Rate {
  const [perSecond, burst, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${what} must be N or N/BURST, not ${quote(text)}`);
  return {
    perSecond: wholeNumber(what, perSecond!, 1, RATE_MAX),
    burst: wholeNumber(`the burst of ${what}`, burst ?? perSecond!, 1, RATE_MAX),
  };
}

function parseNetwork(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) {
    throw new UsageError(`--allow must be a network, e.g. 192.0.2.0/24 or 2001:db8::/32, not ${quote(text)}`);
  }
  const { bytes, length } = prefix;
  const mask = prefixMask(length);
  const network = bytes.map((byte, i) => byte & mask[i]!);
  if (network.every((byte, i) => byte === bytes[i])) return prefix;
  const shown = `${addressText(network)}/${isIPv4(network) ? length - 96 : length}`;
  throw new UsageError(`--allow ${text} has bits set behind the prefix; did you mean ${shown}?`);
}

const UNITS: ReadonlyMap<string, number> = new Map([["K", 1 << 10], ["M", 1 << 20], ["G", 1 << 30]]);
const BUFFER_MIN = 4 << 10;
// The kernel stores twice the value in an int.
const BUFFER_MAX = 1023 << 20;

function parseBufferSize(text: string): number {
  const match = /^([0-9]{1,10})([KMG]?)$/i.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS.get(match[2]!.toUpperCase()) ?? 1);
  if (value >= BUFFER_MIN && value <= BUFFER_MAX) return value;
  throw new UsageError(
    `--buffer must be a number of bytes from ${byteSizeText(BUFFER_MIN)} to ${byteSizeText(BUFFER_MAX)}, with or ` +
      `without K, M or G behind it, not ${quote(text)}`,
  );
}

/** Bytes in the largest unit that gives a whole number: `4M`. */
export function byteSizeText(bytes: number): string {
  const unit = [...UNITS].reverse().find(([, size]) => bytes % size === 0);
  return unit === undefined ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}
