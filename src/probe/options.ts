/**
 * The command line of `echo.ts probe`.
 * @module
 */

import {
  addressFamily,
  checkFamily,
  COMMON_OPTIONS,
  flag,
  group,
  numberFrom,
  option,
  type Parse,
  parseArguments,
  quote,
  type Settings,
  UsageError,
} from "../cli/arguments.ts";
import type { Command } from "../cli/help.ts";
import { parseMetricsEndpoint } from "../cli/metrics_server.ts";
import { parseAddress } from "../net/address.ts";
import { parseDuration } from "./duration.ts";

/** A target as the user names it. */
export interface TargetText {
  /** A name or an address, as given. */
  readonly host: string;
  readonly port: number;
  /** Labels of its metrics. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its place in the file of targets, for messages: `targets.txt:3:1: `; "" if it is an argument. */
  readonly place: string;
}

/** Most bytes of payload: those of a datagram over IPv6, whose length has 16 bits. RFC 768, RFC 8200 */
export const SIZE_MAX = 65_527;
/** Most bytes of payload over IPv4, whose 16 bits of length include the header of 20 bytes. RFC 791 */
export const SIZE_MAX_IPV4 = 65_507;
/** Longest interval and time-out, in milliseconds. */
const DURATION_MAX = 3_600_000;

const options = {
  ...group("Requests", {
    port: option("-p, --port PORT", "port of targets without one", numberFrom(1, 65_535), "9000"),
    count: option("-c, --count N", "requests to each target, 0 for no end", numberFrom(0, 1e9), "5"),
    intervalMilliseconds: option(
      "-i, --interval TIME",
      "between requests, 0 for no pause; 1s with --watch",
      durationFrom(0),
      "200ms",
    ),
    timeoutMilliseconds: option("-t, --timeout TIME", "for an answer; TIME in us, ms, s or m", durationFrom(1), "1s"),
    size: option("-s, --size BYTES", `payload, 0 to ${SIZE_MAX_IPV4}, IPv6 ${SIZE_MAX}`, numberFrom(0, SIZE_MAX), "64"),
    sourcePorts: option("--source-ports N", "send from N ports in turn, 1 to 64", numberFrom(1, 64), "1"),
    findMtu: flag("--mtu", "find the largest datagram that passes unfragmented"),
  }),
  ...group("Watching", {
    watch: flag("--watch", "go on until stopped, and tell when a verdict on the last N requests (--count) changes"),
    targetsFile: option("--targets FILE", "more targets, one a line, with labels; read again after SIGHUP", String),
    metrics: option("--metrics [ADDR:]PORT", "serve metrics at http://ADDR:PORT/metrics", parseMetricsEndpoint),
  }),
  ...group("Sockets", {
    connected: flag("--connected", "connect the socket, as ordinary clients do"),
    source: option("--source ADDR", "send from this local address", String),
    interfaceName: option("--interface NAME", "send by this interface", String),
    ttl: option("--ttl N", "time to live, or hop limit, 1 to 255", numberFrom(1, 255)),
    dscp: option("--dscp N", "code point, 0 to 63 or EF, AF11 to AF43, CS0 to CS7", parseCodePoint),
    ecn: option("--ecn N", "ECN field, 0 to 3 or not-ect, ect0, ect1, ce", parseEcn),
    dontFragment: flag("--df", "forbid fragmentation"),
    ipv4: flag("-4, --ipv4", "IPv4 only"),
    ipv6: flag("-6, --ipv6", "IPv6 only"),
  }),
  ...group("Output", {
    json: flag("--json", "a JSON object for each reply, and one for the summary"),
    quiet: flag("-q, --quiet", "the summary only"),
  }),
  ...COMMON_OPTIONS,
};

/** The probe command, for its help and the documents. */
export const PROBE: Command = {
  summary: "See whether UDP echo servers answer, from where, and how fast.",
  usage: [[
    "echo.ts probe TARGET...",
    "TARGET is an address, or a name for all its addresses, with or without :PORT",
  ]],
  options,
  notes: ["The exit code is 0 if every target is ok."],
};

/** The settings of the probe, most of them as the options give them. */
export interface ProbeSettings extends Settings<typeof options> {
  /** Names or addresses, each with its port. */
  readonly targets: readonly TargetText[];
  /** Type of service, or traffic class: DSCP and ECN; 0, if absent. RFC 2474, RFC 3168 */
  readonly trafficClass: number | undefined;
  /** 4 or 6, to use only addresses of that family. */
  readonly family: 4 | 6 | undefined;
}

/**
 * Parses the arguments behind `probe`.
 * @returns the settings; or `help` or `version`, if the user asks for that
 * @throws {UsageError} if they are wrong
 */
export function parseProbe(args: readonly string[]): ProbeSettings | "help" | "version" {
  const parsed = parseArguments(args, options);
  if (typeof parsed === "string") return parsed;
  const { settings, given, positionals } = parsed;
  const { source, dscp, ecn, findMtu, watch, targetsFile } = settings;
  const family = addressFamily(settings);
  if (positionals.length === 0 && targetsFile === undefined) {
    throw new UsageError("the target is missing: echo.ts probe 192.0.2.10:9000, for example; --help shows more");
  }
  const targets = positionals.map((text) => parseTarget(text, settings.port, family));
  if (source !== undefined) checkFamily(source, family);
  if (findMtu && given.has("size")) throw new UsageError("--mtu finds the size: leave out --size");
  if (findMtu && watch) throw new UsageError("--mtu finds a size and ends: leave out --watch");
  if (settings.metrics !== undefined && !watch) throw new UsageError("--metrics needs --watch");
  return {
    ...settings,
    targets,
    count: settings.count || Infinity,
    intervalMilliseconds: watch && !given.has("intervalMilliseconds") ? 1000 : settings.intervalMilliseconds,
    trafficClass: dscp === undefined && ecn === undefined ? undefined : (dscp ?? 0) << 2 | (ecn ?? 0),
    dontFragment: settings.dontFragment || findMtu,
    family,
  };
}

/** Reads a name or an address, with or without a port behind a colon. @throws {UsageError} */
export function parseTarget(text: string, port: number, family: 4 | 6 | undefined): TargetText {
  if (/^[0-9]+$/.test(text)) {
    throw new UsageError(`${text} is no target: give the port as TARGET:${text}, or as -p ${text} for all targets`);
  }
  const [, bracketed, name, own] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ??
    [undefined, undefined, text];
  const host = bracketed ?? name ?? "";
  // Only IPv6 addresses have colons.
  if (host === "" || (/[:[\]]/.test(host) && parseAddress(host.split("%")[0]!) === undefined)) {
    throw new UsageError(`${quote(text)} is no target: give an address or a name, with or without :PORT`);
  }
  checkFamily(host, family);
  const ownPort = own === undefined ? port : numberFrom(1, 65_535)(own, `the port of ${host}`);
  return { host, port: ownPort, labels: {}, place: "" };
}

/** Reads a time of at least so many milliseconds. */
function durationFrom(leastMilliseconds: number): Parse<number> {
  return (text, name) => {
    const milliseconds = parseDuration(text);
    if (milliseconds >= leastMilliseconds && milliseconds <= DURATION_MAX) return milliseconds;
    const least = leastMilliseconds === 0 ? "0" : `${leastMilliseconds}ms`;
    throw new UsageError(`${name} is a time from ${least} to 60m, as 50us, 200ms, 1.5s or 1m, not ${quote(text)}`);
  };
}

/** Reads a differentiated services code point, a number or a name: `EF`, `AF41`, `CS6`. RFC 2474, RFC 2597, RFC 3246 */
function parseCodePoint(text: string): number {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) <= 63) return Number(text);
  if (/^EF$/i.test(text)) return 46;
  const [, selector, assured, drop] = /^(?:CS([0-7])|AF([1-4])([1-3]))$/i.exec(text) ?? [];
  if (selector !== undefined) return Number(selector) << 3;
  if (assured !== undefined) return Number(assured) << 3 | Number(drop) << 1;
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
