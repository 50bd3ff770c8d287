/**
 * The command line of the echo command.
 * @module
 */

import {
  addressFamily,
  checkFamily,
  COMMON_OPTIONS,
  flag,
  group,
  isSimilar,
  list,
  listOption,
  numberFrom,
  oneOf,
  option,
  parseArguments,
  quote,
  type Settings,
  UsageError,
} from "../cli/arguments.ts";
import type { Command } from "../cli/help.ts";
import { parseMetricsEndpoint } from "../cli/metrics_server.ts";
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
import type { Rate } from "./rate_limit.ts";

const LOG_FORMATS = ["text", "json", "none"] as const;
const SUMMARY_FORMATS = ["text", "json"] as const;
const DAY = 86_400;

const options = {
  ...group("Socket", {
    address: option("-a, --address ADDR", "answer on this address or name only", String),
    ipv4: flag("-4, --ipv4", "IPv4 only"),
    ipv6: flag("-6, --ipv6", "IPv6 only"),
    fd: option("--fd N", "take over the bound UDP socket N", numberFrom(0, 1_000_000)),
    receiveBufferBytes: option("--buffer SIZE", "receive buffer, 4K to 1023M", parseBufferSize, "4M"),
    workers: option("--workers N", "processes that share the port, 1 to 64, or auto", parseWorkers, "1"),
    reflectTos: flag("--reflect-tos", "reply with the DSCP and ECN that a datagram arrived with"),
    busyPollMicroseconds: option("--busy-poll USEC", "microseconds to poll, 0 to 1000", numberFrom(0, 1000), "200"),
  }),
  ...group("Guard", {
    allow: listOption("--allow CIDR", "answer only sources in this network; repeatable", parseNetwork),
    rate: option("--rate N[/BURST]", "answers a second to an IPv4 address or IPv6 /64; BURST at once", parseRate),
    maxRate: option("--max-rate N[/BURST]", "the same for all sources together", parseRate),
    answerAnyPort: flag("--answer-any-port", "answer any source port but 0"),
    answerBroadcast: flag("--answer-broadcast", "answer datagrams to broadcast addresses"),
    answerMulticast: flag("--answer-multicast", "answer datagrams to multicast addresses"),
    join: listOption("--join GROUP[%IF]", "join and answer this multicast group; repeatable", parseGroup),
  }),
  ...group("Log", {
    logFormat: option("--log FORMAT", "a line for each datagram: text, json or none", oneOf(LOG_FORMATS), "text"),
    logLimitPerSecond: option("--log-limit N", "most lines a second, 0 for no limit", numberFrom(0, 1e9), "1000"),
    logTime: flag("--log-time", "begin lines of text with the time"),
    quiet: flag("-q, --quiet", "the same as --log none"),
  }),
  ...group("Monitoring", {
    summaryFormat: option("--summary FORMAT", "counts as text or json; else as --log says", oneOf(SUMMARY_FORMATS)),
    summaryEverySeconds: option("--summary-every SECONDS", "show the counts that often", numberFrom(1, DAY)),
    metrics: option("--metrics [ADDR:]PORT", "serve /metrics and /healthz over HTTP", parseMetricsEndpoint),
    drainSeconds: option("--drain SECONDS", "keep answering for so long after SIGTERM", numberFrom(0, DAY), "0"),
  }),
  ...COMMON_OPTIONS,
};

/** The echo command, for its help and the documents. */
export const ECHO: Command = {
  summary: "UDP echo server that answers from the address it was asked at.",
  usage: [
    ["echo.ts [PORT] [options]", "PORT is 1 to 65535 (default: 9000)"],
    ["echo.ts probe TARGET...", "ask servers; see echo.ts probe --help"],
  ],
  options,
  notes: [
    "SIGINT and SIGTERM stop it, SIGUSR2 shows the counts so far. Examples:",
    "  deno run --allow-ffi echo.ts 9000",
    "  bun run echo.ts 9000 --address 192.0.2.1 --log json",
  ],
};

/** The settings of the echo command, most of them as the options give them. */
export interface EchoSettings extends Settings<typeof options> {
  /** Port, 1 to 65,535. */
  readonly port: number;
  /** 4 or 6, to use only that address family. */
  readonly family: 4 | 6 | undefined;
  /** Format of the summaries. */
  readonly summaryFormat: typeof SUMMARY_FORMATS[number];
}

/**
 * Parses the arguments of the echo command.
 * @returns the settings; or `help` or `version`, if the user asks for that
 * @throws {UsageError} if they are wrong
 */
export function parseEcho(args: readonly string[]): EchoSettings | "help" | "version" {
  const parsed = parseArguments(args, options);
  if (typeof parsed === "string") return parsed;
  const { settings, given, positionals } = parsed;
  const { address, quiet, fd } = settings;
  const family = addressFamily(settings);
  if (address !== undefined) checkFamily(address, family);
  if (address !== undefined && isGroup(address) && !settings.answerMulticast) {
    throw new UsageError(`the multicast address ${address} is answered only with --answer-multicast`);
  }
  if (fd !== undefined && (positionals.length > 0 || address !== undefined || family !== undefined)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  if (quiet && given.has("logFormat")) throw new UsageError("--quiet means --log none: leave one of them out");
  return {
    ...settings,
    port: parsePort(positionals),
    family,
    answerMulticast: settings.answerMulticast || settings.join.length > 0,
    logFormat: quiet ? "none" : settings.logFormat,
    summaryFormat: settings.summaryFormat ?? (settings.logFormat === "json" ? "json" : "text"),
  };
}

function parsePort(positionals: readonly string[]): number {
  for (const text of positionals) {
    if (text === "probe") throw new UsageError("probe comes first: echo.ts probe TARGET, then the options");
    if (isSimilar(text, "probe")) throw new UsageError(`no command ${quote(text)}; did you mean probe?`);
    if (parseAddress(text.split("%")[0]!) !== undefined) {
      throw new UsageError(`${quote(text)} is an address, not a port; did you mean --address?`);
    }
  }
  if (positionals.length > 1) throw new UsageError(`one port only, not ${list(positionals.map(quote))}`);
  return positionals[0] === undefined ? 9000 : numberFrom(1, 65_535)(positionals[0], "the port");
}

/** Whether a text is a multicast address, which may have a zone. */
function isGroup(text: string): boolean {
  const bytes = parseAddress(text.split("%")[0]!);
  return bytes !== undefined && isMulticast(addressWords(bytes), 0);
}

function parseGroup(text: string): string {
  if (isGroup(text)) return text;
  throw new UsageError(`--join needs a multicast address, such as 224.0.0.251 or ff02::fb%eth0, not ${quote(text)}`);
}

const WORKERS_MAX = 64;

function parseWorkers(text: string, name: string): number {
  return text === "auto"
    ? Math.min(navigator.hardwareConcurrency, WORKERS_MAX)
    : numberFrom(1, WORKERS_MAX)(text, `${name}, if not auto,`);
}

function parseRate(text: string, name: string): Rate {
  const [perSecond = "", burst = perSecond, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${name} must be N or N/BURST, not ${quote(text)}`);
  const parse = numberFrom(1, 1e9);
  return { perSecond: parse(perSecond, name), burst: parse(burst, `the burst of ${name}`) };
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

/** Units of sizes, each 1,024 times the one before. */
const UNITS = ["", "K", "M", "G"];

function parseBufferSize(text: string): number {
  const [, digits, unit = ""] = /^([0-9]{1,10})([KMG]?)$/i.exec(text) ?? [];
  const value = Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  // The kernel stores twice the value in an int.
  if (value >= 4 << 10 && value <= 1023 << 20) return value;
  const range = "a number of bytes from 4K to 1023M, with or without K, M or G behind it";
  throw new UsageError(`--buffer must be ${range}, not ${quote(text)}`);
}

/** Bytes in the largest unit that gives a whole number: `4M`. */
export function byteSizeText(bytes: number): string {
  const power = [3, 2, 1].find((power) => bytes % 1024 ** power === 0) ?? 0;
  return `${bytes / 1024 ** power}${UNITS[power]}`;
}
