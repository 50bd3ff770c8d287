/** The figures to measure, and the targets to reach. */

import { MANY_PEERS, ORDINARY } from "./load.ts";
import { dgramForwarder, ECHO, logging, NAMES, type Program } from "./programs.ts";
import { median, type Metric, type Results } from "./results.ts";

/** A measurement with a closed loop: the load generator keeps a fixed number of datagrams in flight. */
export interface Figure {
  id: string;
  title: string;
  /** Arguments of `load window`. */
  load: string[];
  /** The kinds of servers to measure. */
  kinds: Program["kind"][];
  /** The server that the ratio "× C" in the table refers to. */
  baseline: string;
  /** Datagrams in flight, if the figure is a point of the rate plot. */
  sweep?: number;
}

const ALL: Program["kind"][] = ["echo.ts", "reference", "other"];
const MAIN: Program["kind"][] = ["echo.ts", "reference"];

function inFlight(count: number, bytes: number, kinds: Program["kind"][], title: string): Figure {
  const load = ["--in-flight", `${count}`, "--bytes", `${bytes}`];
  const id = `${count}x${bytes}`;
  return { id, title, load, kinds, baseline: NAMES.recvmmsg, ...(bytes === 64 ? { sweep: count } : {}) };
}

function trains(length: number, bytes: number): Figure {
  return {
    id: `trains-${length}x${bytes}`,
    title: `Trains of ${length} × ${bytes.toLocaleString("en")} bytes, ten of them in flight`,
    load: ["--train", `${length}`, "--bytes", `${bytes}`, "--in-flight", `${10 * length}`],
    kinds: MAIN,
    baseline: NAMES.segmentation,
  };
}

/** The figures with a table, in the order of the report. */
export const FIGURES: Figure[] = [
  inFlight(1, 64, ALL, "Stop-and-wait: one datagram in flight, 64 bytes"),
  inFlight(64, 64, ALL, "64 in flight, 64 bytes"),
  inFlight(64, 1200, MAIN, "64 in flight, 1,200 bytes"),
  inFlight(256, 64, MAIN, "256 in flight, 64 bytes"),
  inFlight(256, 1200, MAIN, "256 in flight, 1,200 bytes"),
  trains(32, 64),
  trains(40, 1200),
  {
    id: "many-peers",
    title: "Many peers: 1,000 sockets, round robin, 256 in flight, 64 bytes",
    load: MANY_PEERS,
    kinds: MAIN,
    baseline: NAMES.recvmmsg,
  },
  {
    id: "logging",
    title: "Default logging against `--quiet`: 64 in flight, 64 bytes, standard output a file",
    load: ORDINARY,
    kinds: ["echo.ts", "logging"],
    baseline: NAMES.recvmmsg,
  },
];

/** Further points of the rate plot. */
export const SWEEP: Figure[] = [2, 4, 8, 16, 32, 128].map((count) => inFlight(count, 64, MAIN, `${count} in flight`));

/** Names of the figures that are not closed loops. */
export const ROUND_TRIP = "round-trip";
export const FIRST_ECHO = "first-echo";
export const MEMORY = "memory";
export const WORKERS = "workers";
export const FORWARDER = "forwarder";

/** A row of the table of targets. */
export interface Target {
  title: string;
  text: string;
  /** The programs that it is for. */
  programs: readonly string[];
  /** Returns the measured values, one per turn (one in all for memory); none if nothing was measured. */
  values: (results: Results, program: string) => number[];
  unit: string;
  reached: (value: number) => boolean;
}

/** A target for a metric of several workers. */
function workers(metric: Metric, title: string, text: string, unit: string, reached: Target["reached"]): Target {
  return {
    title,
    text,
    programs: ECHO,
    values: (results, program) => results.values(WORKERS, program, metric),
    unit,
    reached,
  };
}

/** A target for the ratio of a metric to that of `baseline`. */
function ratio(
  figure: string,
  metric: Metric,
  limit: `${"≥" | "≤"} ${number}`,
  baseline: string,
  title: string,
  programs: readonly string[] = ECHO,
): Target {
  const least = limit.startsWith("≥");
  const bound = Number(limit.slice(2));
  return {
    title,
    text: `at ${least ? "least" : "most"} ${limit.slice(2)} × ${baseline}`,
    programs,
    values: (results, program) => results.ratios(figure, program, baseline, metric),
    unit: "×",
    reached: (value) => least ? value >= bound : value <= bound,
  };
}

function memory(metric: Metric, limit: number, text: string, programs: readonly string[] = ECHO): Target {
  return {
    title: "resident memory after ten million datagrams",
    text,
    programs,
    values: (results, program) => results.values(MEMORY, program, metric).slice(-1),
    unit: "MB",
    reached: (value) => value <= limit,
  };
}

// Node.js takes longer to start and needs more memory, whatever it runs.
const SMALL = [NAMES.deno, NAMES.bun];

/** The targets for echo.ts, on each runtime. */
export const TARGETS: Target[] = [
  ratio("1x64", "rate", "≥ 2.0", NAMES.recvmmsg, "stop-and-wait, rate"),
  ratio("64x64", "cpu", "≤ 0.8", NAMES.recvmmsg, "64 in flight, 64 bytes, CPU per datagram"),
  ...["64x64", "64x1200", "256x64", "256x1200"].flatMap((id) => {
    const what = `${id.replace("x", " in flight, ").replace("1200", "1,200")} bytes, rate`;
    return [
      ratio(id, "rate", "≥ 1.0", NAMES.recvmmsg, what),
      ratio(id, "rate", "≥ 2.5", NAMES.python, what),
    ];
  }),
  ...["trains-32x64", "trains-40x1200"].flatMap((id) => {
    const what = `${id.replace("trains-", "trains of ").replace("x", " × ").replace("1200", "1,200")} bytes, rate`;
    return [
      ratio(id, "rate", "≥ 0.95", NAMES.segmentation, what),
      ratio(id, "rate", "≥ 20", NAMES.recvmsg, what),
    ];
  }),
  ratio("many-peers", "cpu", "≤ 1.05", NAMES.recvmmsg, "1,000 peers, CPU per datagram"),
  ratio(ROUND_TRIP, "p999", "≤ 1.2", NAMES.recvmmsg, "round-trip time at 10,000/s, 99.9th percentile"),
  {
    title: "default logging, 64 in flight, rate",
    text: "at least 0.95 × `--quiet`",
    programs: ECHO,
    values: (results, program) => results.ratios("logging", logging(program), program, "rate"),
    unit: "×",
    reached: (value) => value >= 0.95,
  },
  ratio(FIRST_ECHO, "seconds", "≤ 1.0", NAMES.python, "time from exec to the first echo", SMALL),
  ratio(FIRST_ECHO, "seconds", "≤ 1.5", NAMES.deno, "time from exec to the first echo", [NAMES.node]),
  memory("last", 64, "below 64 MB", SMALL),
  memory("last", 100, "below 100 MB", [NAMES.node]),
  memory("growth", 1, "within 1 MB of that after one million"),
  {
    title: "DNS forwarder on `serve`, queries a second",
    text: "at least 1.2 × `node:dgram` on the same runtime",
    programs: ECHO,
    values: (results, program) => results.ratios(FORWARDER, program, dgramForwarder(program), "rate"),
    unit: "×",
    reached: (value) => value >= 1.2,
  },
  workers("scaledRate", "two workers, rate", "at least 1.75 × one server", "×", (value) => value >= 1.75),
  workers("scaledCpu", "two workers, CPU per datagram", "at most 1.12 × one server", "×", (value) => value <= 1.12),
  workers("privateMemory", "memory of a further worker", "at most 20 MB", "MB", (value) => value <= 20),
];

/** Describes the targets that a program missed. Targets without measurements are ignored. */
export function missed(results: Results, program: string): string[] {
  return TARGETS.filter(({ programs }) => programs.includes(program)).filter((target) => {
    const values = target.values(results, program);
    return values.length > 0 && !target.reached(median(values));
  }).map((target) => `${target.title}: ${target.text}`);
}
