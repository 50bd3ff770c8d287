/**
 * The command line of `echo.ts probe`.
 * @module
 */

import { parseAddress } from "../net/address.ts";
import {
  addressFamily,
  checkFamily,
  type Options,
  parseArguments,
  quote,
  UsageError,
  wholeNumber,
} from "../cli/arguments.ts";

/** What is to be probed, and how. */
export interface ProbeSettings {
  /** What to probe: names or addresses, each with its port. */
  readonly targets: readonly TargetText[];
  /** Requests to each target, 0 for no end; if absent, 5 for several targets and no end for one. */
  readonly count: number | undefined;
  /** Milliseconds between requests; 0 for the next one when the last was answered. */
  readonly interval: number;
  /** Bytes of payload of a request. */
  readonly size: number;
  /** After how many milliseconds without an answer a request counts as lost. */
  readonly timeout: number;
  /** Local address or name to send from, if not the one that the routing table gives. */
  readonly source: string | undefined;
  /** Name of the interface to send by, if not the one that the routing table gives. */
  readonly interfaceName: string | undefined;
  /** Time to live, or hop limit, if not the system's. */
  readonly ttl: number | undefined;
  /** Type of service, or traffic class, if not 0. */
  readonly tos: number | undefined;
  /** Whether no one may fragment the datagrams. */
  readonly dontFragment: boolean;
  /** Whether to look for the largest datagram that passes unfragmented. */
  readonly findMtu: boolean;
  /** Whether to use connected sockets, as ordinary clients do. */
  readonly connected: boolean;
  /** 4 or 6, if names are to be resolved to one of the two only. */
  readonly family: 4 | 6 | undefined;
  /** Whether to write JSON. */
  readonly json: boolean;
  /** Whether to write the summary only. */
  readonly quiet: boolean;
}

/** A target as the user names it. */
export interface TargetText {
  /** A name or an address, as given. */
  readonly host: string;
  readonly port: number;
}

/** Most bytes of payload: of a datagram over IPv6, whose length has 16 bits. RFC 768, RFC 8200 */
export const SIZE_MAX = 65_527;
/** Most bytes of payload over IPv4, whose length has 16 bits too, but counts the header of 20 bytes. RFC 791 */
export const SIZE_MAX_IPV4 = 65_507;

/** What `probe --help` shows: at most 24 lines of 80 columns. */
export const PROBE_HELP = `\
See whether a UDP echo server answers, from where, and how fast.

  echo.ts probe TARGET... [PORT] [options]

TARGET is an address or a name, with or without :PORT; of a name, all addresses
are probed. One target is probed until Ctrl-C; several, five times each.

  -p, --port PORT       port to ask at                           (default: 9000)
  -c, --count N         requests to each target, 0 for no end
  -i, --interval TIME   time between requests, 0 for as fast as answers come
                        (default: 200ms); units are us, ms, s and m
  -s, --size BYTES      payload, 0 to ${SIZE_MAX_IPV4}, IPv6 ${SIZE_MAX}        (default: 64)
  -t, --timeout TIME    how long to wait for an answer             (default: 1s)
      --connected       use a connected socket: see what ordinary clients see
      --source ADDR     send from this local address
      --interface NAME  send by this interface
      --ttl N           time to live, or hop limit
      --tos N           type of service, 0 to 255; or --dscp N, 0 to 63 or name
      --df              don't fragment; --mtu finds the largest that passes so
  -4, -6                IPv4 only, IPv6 only
      --json            an object for each reply, and one for the summary
  -q, --quiet           the summary only
  -h, --help            show this
`;

const options = {
  port: { type: "string", short: "p" },
  count: { type: "string", short: "c" },
  interval: { type: "string", short: "i" },
  size: { type: "string", short: "s" },
  timeout: { type: "string", short: "t" },
  connected: { type: "boolean" },
  source: { type: "string" },
  interface: { type: "string" },
  ttl: { type: "string" },
  tos: { type: "string" },
  dscp: { type: "string" },
  df: { type: "boolean" },
  mtu: { type: "boolean" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  json: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
} as const satisfies Options;

/**
 * Understands the arguments behind `probe`.
 * @returns the settings, or `help` if `--help` was asked for
 * @throws {UsageError} where they make no sense
 */
export function parseProbe(args: readonly string[]): ProbeSettings | "help" {
  const given = parseArguments(args, options);
  if (given.has("help")) return "help";
  const family = addressFamily(given);
  const hosts = [...given.positionals];
  const lastIsPort = hosts.length > 1 && /^[0-9]+$/.test(hosts.at(-1)!);
  const trailing = lastIsPort ? hosts.pop() : undefined;
  if (hosts.length === 0) {
    throw new UsageError("probe needs a target: echo.ts probe 192.0.2.10, for example; --help shows more");
  }
  if (trailing !== undefined && given.has("port")) {
    throw new UsageError(`one port only, not ${trailing} and --port ${quote(given.value("port")!)}`);
  }
  const port = wholeNumber("the port", trailing ?? given.value("port") ?? "9000", 1, 65_535);
  const targets = hosts.map((text) => target(text, port, family));
  const source = given.value("source");
  if (source !== undefined) checkFamily(source, family);
  if (given.has("tos") && given.has("dscp")) {
    throw new UsageError("--tos and --dscp set the same byte: leave one out");
  }
  const optional = <T>(name: keyof typeof options, read: (text: string) => T) => {
    const text = given.value(name);
    return text === undefined ? undefined : read(text);
  };
  const findMtu = given.has("mtu");
  if (findMtu && given.has("size")) throw new UsageError("--mtu finds the size: leave out --size");
  return {
    targets,
    count: optional("count", (text) => wholeNumber("--count", text, 0, 1_000_000_000)),
    interval: duration("--interval", given.value("interval") ?? "200ms", 0),
    size: wholeNumber("--size", given.value("size") ?? "64", 0, SIZE_MAX),
    timeout: duration("--timeout", given.value("timeout") ?? "1s", 1),
    source,
    interfaceName: given.value("interface"),
    ttl: optional("ttl", (text) => wholeNumber("--ttl", text, 1, 255)),
    tos: optional("tos", trafficClass) ?? optional("dscp", (text) => codePoint(text) << 2),
    dontFragment: given.has("df") || findMtu,
    findMtu,
    connected: given.has("connected"),
    family,
    json: given.has("json"),
    quiet: given.has("quiet"),
  };
}

/** A name or an address, with a port behind a colon if need be. */
function target(text: string, port: number, family: 4 | 6 | undefined): TargetText {
  const [, bracketed, name, own] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ??
    [undefined, undefined, text];
  const host = bracketed ?? name ?? "";
  if (/^[0-9]+$/.test(host)) throw new UsageError(`the port ${host} comes last, and once`);
  // A colon is at home in an IPv6 address only.
  if (host === "" || (/[:[\]]/.test(host) && parseAddress(host.split("%")[0]!) === undefined)) {
    throw new UsageError(`${quote(text)} is no target: give an address or a name, with or without :PORT`);
  }
  checkFamily(host, family);
  return { host, port: own === undefined ? port : wholeNumber(`the port of ${host}`, own, 1, 65_535) };
}

const UNITS: ReadonlyMap<string, number> = new Map([["us", 0.001], ["ms", 1], ["s", 1000], ["m", 60_000]]);
/** Longest interval and time-out, in milliseconds. */
const DURATION_MAX = 3_600_000;

/**
 * Reads a duration with its unit, `200ms` or `1.5s`, in milliseconds; 0 needs none.
 * @param least least number of milliseconds
 * @throws {UsageError} if the text is none
 */
export function duration(what: string, text: string, least: number): number {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(us|ms|s|m)$/.exec(text === "0" ? "0s" : text);
  const value = match === null ? NaN : Number(match[1]) * UNITS.get(match[2]!)!;
  if (value >= least && value <= DURATION_MAX) return value;
  const from = least === 0 ? "0" : `${least}ms`;
  throw new UsageError(
    `${what} is a time from ${from} to 60m with a unit, us, ms, s or m: 200ms, 1.5s, not ${quote(text)}`,
  );
}

function trafficClass(text: string): number {
  return /^0x[0-9a-f]{1,2}$/i.test(text) ? Number(text) : wholeNumber("--tos", text, 0, 255);
}

/** A differentiated services code point, by number or by name: `EF`, `AF41`, `CS6`. RFC 2474, RFC 2597, RFC 3246 */
function codePoint(text: string): number {
  const name = text.toUpperCase();
  if (name === "EF") return 46;
  const selector = /^CS([0-7])$/.exec(name);
  if (selector !== null) return Number(selector[1]) << 3;
  const assured = /^AF([1-4])([1-3])$/.exec(name);
  if (assured !== null) return Number(assured[1]) << 3 | Number(assured[2]) << 1;
  const value = /^[0-9]{1,2}$/.test(text) ? Number(text) : NaN;
  if (value <= 63) return value;
  throw new UsageError(`--dscp is a number from 0 to 63 or a name, EF, AF11 to AF43 or CS0 to CS7, not ${quote(text)}`);
}
