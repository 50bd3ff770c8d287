/**
 * The command line of `echo.ts probe`.
 * @module
 */

import {
  addressFamily,
  checkFamily,
  type Options,
  parseArguments,
  quote,
  UsageError,
  wholeNumber,
} from "../cli/arguments.ts";
import { parseAddress } from "../net/address.ts";
import { parseDuration } from "./duration.ts";

/** What to probe, and how. */
export interface ProbeSettings {
  /** Names or addresses, each with its port. */
  readonly targets: readonly TargetText[];
  /** Requests to each target; `Infinity` for no end. */
  readonly count: number;
  /** Time between requests; 0 for the next one when the last was answered. */
  readonly intervalMilliseconds: number;
  /** Bytes of payload of a request. */
  readonly size: number;
  /** Time after which a request without an answer is lost. */
  readonly timeoutMilliseconds: number;
  /** Local address or name to send from; if absent, the one that the routing table gives. */
  readonly source: string | undefined;
  /** Name of the interface to send by; if absent, the one that the routing table gives. */
  readonly interfaceName: string | undefined;
  /** Time to live, or hop limit; the system's, if absent. */
  readonly ttl: number | undefined;
  /** Type of service, or traffic class: DSCP and ECN; 0, if absent. RFC 2474, RFC 3168 */
  readonly trafficClass: number | undefined;
  /** Whether to forbid fragmentation. */
  readonly dontFragment: boolean;
  /** Whether to search the largest datagram that passes unfragmented. */
  readonly findMtu: boolean;
  /** Whether to use connected sockets, as ordinary clients do. */
  readonly connected: boolean;
  /** 4 or 6, to use only addresses of that family. */
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

/** Most bytes of payload: those of a datagram over IPv6, whose length has 16 bits. RFC 768, RFC 8200 */
export const SIZE_MAX = 65_527;
/** Most bytes of payload over IPv4, whose 16 bits of length include the header of 20 bytes. RFC 791 */
export const SIZE_MAX_IPV4 = 65_507;
/** Requests to each target, unless the user says otherwise. */
const COUNT_DEFAULT = 5;
/** Longest interval and time-out, in milliseconds. */
const DURATION_MAX = 3_600_000;

/** The text of `probe --help`: with the line of the command and that of the next prompt it fits 24 lines of 80 columns. */
export const PROBE_HELP = `\
See whether UDP echo servers answer, from where, and how fast.

  echo.ts probe TARGET... [options]

TARGET is an address, or a name for all its addresses, with or without :PORT.

  -p, --port PORT       port of targets without one              (default: 9000)
  -c, --count N         requests to each target, 0 for no end       (default: 5)
  -i, --interval TIME   between requests, 0 for no pause        (default: 200ms)
  -t, --timeout TIME    for an answer; TIME in us, ms, s or m      (default: 1s)
  -s, --size BYTES      payload, 0 to ${SIZE_MAX_IPV4}, IPv6 ${SIZE_MAX}            (default: 64)
      --connected       connect the socket, as ordinary clients do
      --source ADDR     send from this local address
      --interface NAME  send by this interface
      --ttl N           time to live, or hop limit
      --dscp N          code point, 0 to 63 or EF, AF11 to AF43, CS0 to CS7
      --ecn N           ECN field, 0 to 3 or not-ect, ect0, ect1, ce
      --df              forbid fragmentation
      --mtu             find the largest datagram that passes unfragmented
  -4, -6                IPv4 only, IPv6 only
      --json            a JSON object for each reply, and one for the summary
  -q, --quiet           the summary only
  -h, --help            -V, --version`;

const options = {
  port: { type: "string", short: "p" },
  count: { type: "string", short: "c" },
  interval: { type: "string", short: "i" },
  timeout: { type: "string", short: "t" },
  size: { type: "string", short: "s" },
  connected: { type: "boolean" },
  source: { type: "string" },
  interface: { type: "string" },
  ttl: { type: "string" },
  dscp: { type: "string" },
  ecn: { type: "string" },
  df: { type: "boolean" },
  mtu: { type: "boolean" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  json: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const satisfies Options;

/**
 * Parses the arguments behind `probe`.
 * @returns the settings; or `help` or `version`, if the user asks for that
 * @throws {UsageError} if they are wrong
 */
export function parseProbe(args: readonly string[]): ProbeSettings | "help" | "version" {
  const given = parseArguments(args, options);
  if (given.has("help")) return "help";
  if (given.has("version")) return "version";
  const family = addressFamily(given);
  const port = given.parsed("port", (text) => wholeNumber("--port", text, 1, 65_535)) ?? 9000;
  const targets = parseTargets(given.positionals, port, family);
  const source = given.value("source");
  if (source !== undefined) checkFamily(source, family);
  const dscp = given.parsed("dscp", parseCodePoint);
  const ecn = given.parsed("ecn", parseEcn);
  const findMtu = given.has("mtu");
  if (findMtu && given.has("size")) throw new UsageError("--mtu finds the size: leave out --size");
  const count = given.parsed("count", (text) => wholeNumber("--count", text, 0, 1_000_000_000)) ?? COUNT_DEFAULT;
  return {
    targets,
    count: count === 0 ? Infinity : count,
    intervalMilliseconds: given.parsed("interval", (text) => readDuration("--interval", text, 0)) ?? 200,
    timeoutMilliseconds: given.parsed("timeout", (text) => readDuration("--timeout", text, 1)) ?? 1000,
    size: given.parsed("size", (text) => wholeNumber("--size", text, 0, SIZE_MAX)) ?? 64,
    source,
    interfaceName: given.value("interface"),
    ttl: given.parsed("ttl", (text) => wholeNumber("--ttl", text, 1, 255)),
    trafficClass: dscp === undefined && ecn === undefined ? undefined : (dscp ?? 0) << 2 | (ecn ?? 0),
    dontFragment: given.has("df") || findMtu,
    findMtu,
    connected: given.has("connected"),
    family,
    json: given.has("json"),
    quiet: given.has("quiet"),
  };
}

function parseTargets(texts: readonly string[], port: number, family: 4 | 6 | undefined): TargetText[] {
  const number = texts.find((text) => /^[0-9]+$/.test(text));
  const host = texts.find((text) => text !== number);
  if (host === undefined) {
    const example = `echo.ts probe 192.0.2.10:${number ?? 9000}`;
    throw new UsageError(`the target is missing: ${example}, for example; --help shows more`);
  }
  if (number !== undefined) {
    throw new UsageError(
      `${number} is no target: give the port as TARGET:${number}, or as -p ${number} for all targets`,
    );
  }
  return texts.map((text) => parseTarget(text, port, family));
}

/** Reads a name or an address, with or without a port behind a colon. */
function parseTarget(text: string, port: number, family: 4 | 6 | undefined): TargetText {
  const [, bracketed, name, own] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ??
    [undefined, undefined, text];
  const host = bracketed ?? name ?? "";
  // Only IPv6 addresses have colons.
  if (host === "" || (/[:[\]]/.test(host) && parseAddress(host.split("%")[0]!) === undefined)) {
    throw new UsageError(`${quote(text)} is no target: give an address or a name, with or without :PORT`);
  }
  checkFamily(host, family);
  return { host, port: own === undefined ? port : wholeNumber(`the port of ${host}`, own, 1, 65_535) };
}

function readDuration(option: string, text: string, leastMilliseconds: number): number {
  const milliseconds = parseDuration(text);
  if (milliseconds >= leastMilliseconds && milliseconds <= DURATION_MAX) return milliseconds;
  const least = leastMilliseconds === 0 ? "0" : `${leastMilliseconds}ms`;
  throw new UsageError(`${option} is a time from ${least} to 60m, as 50us, 200ms, 1.5s or 1m, not ${quote(text)}`);
}

/** Reads a differentiated services code point, a number or a name: `EF`, `AF41`, `CS6`. RFC 2474, RFC 2597, RFC 3246 */
function parseCodePoint(text: string): number {
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

/** Values of the ECN field by name. RFC 3168, 5 */
const ECN_NAMES = ["not-ect", "ect1", "ect0", "ce"];

/** Reads a value of the ECN field, a number or a name. */
function parseEcn(text: string): number {
  const value = /^[0-3]$/.test(text) ? Number(text) : ECN_NAMES.indexOf(text.toLowerCase());
  if (value >= 0) return value;
  throw new UsageError(`--ecn is a number from 0 to 3 or not-ect, ect0, ect1 or ce, not ${quote(text)}`);
}
