/** Writes the results as Markdown. */

import {
  type Figure,
  FIGURES,
  FIRST_ECHO,
  FORWARDER,
  MEMORY,
  ROUND_TRIP,
  type Target,
  TARGETS,
  WORKERS,
} from "./figures.ts";
import { PINNED, type Plan } from "./measure.ts";
import { dgramForwarder, ECHO, NAMES, type Prepared } from "./programs.ts";
import { median, type Metric, percentile, quantile, type Results } from "./results.ts";

/** Facts about the whole run. */
export interface Context {
  prepared: Prepared;
  machine: string;
  form: "full" | "quick" | "smoke";
  plan: Plan;
  /** Share of processor time, 0 to 1, that the host of the virtual machine gave to other guests. */
  stolen: number;
  minutes: number;
}

/** Formats a count, with separators. */
function count(value: number): string {
  return value.toLocaleString("en");
}

/** Formats a value with at least three significant digits. */
function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? count(Math.round(value)) : value.toPrecision(3);
}

/** Returns a Markdown table with aligned columns: the first to the left, the others to the right. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[0] ?? 0);
  const line = (cells: string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((width, column) => column ? `${"-".repeat(width - 1)}:` : "-".repeat(width));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Returns minimum, median, and maximum of a metric, and the median of its ratios to the baseline. */
function spread(results: Results, figure: string, program: string, metric: Metric, scale: number, baseline: string) {
  const values = results.values(figure, program, metric).map((value) => value * scale);
  if (values.length === 0) return ["–", "–", "–", "–"];
  const ratio = median(results.ratios(figure, program, baseline, metric));
  return [Math.min(...values), median(values), Math.max(...values), ratio].map(number);
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Returns the name of a program, marked if it replies from a wrong address. */
function marked(results: Results, program: string): string {
  return results.wrongSource.has(program) ? `${program} †` : program;
}

function windowTable(results: Results, { id, title, baseline }: Figure): string {
  // Without the baseline there are no ratios: the figure about logging has no C server.
  const width = results.programs(id).includes(baseline) ? 4 : 3;
  const columns = ["min", "median", "max", "× C"].slice(0, width);
  const [rate, ...rates] = columns;
  const [cpu, ...cpus] = columns;
  const rows = results.programs(id).map((program) => [
    marked(results, program),
    ...spread(results, id, program, "rate", 1e-3, baseline).slice(0, width),
    ...spread(results, id, program, "cpu", 1, baseline).slice(0, width),
    count(sum(results.values(id, program, "lost"))),
  ]);
  const head = ["program", `rate: ${rate}`, ...rates, `CPU: ${cpu}`, ...cpus, "lost"];
  return `### ${title}\n\n${table(head, rows)}${width === 4 ? `\n\n× C: ratio to ${baseline}.` : ""}`;
}

function roundTripTable(results: Results): string {
  const rows = results.programs(ROUND_TRIP).map((program) => {
    const all = results.histograms.get(program) ?? new Map();
    return [
      marked(results, program),
      ...[0.5, 0.9, 0.99, 0.999, 0.9999].map((share) => number(percentile(all, share) / 1e3)),
      ...spread(results, ROUND_TRIP, program, "p999", 1, NAMES.recvmmsg),
      count(sum(results.values(ROUND_TRIP, program, "lost"))),
    ];
  });
  const values = results.programs(ROUND_TRIP).flatMap((program) => results.values(ROUND_TRIP, program, "lateSends"));
  const late = count(sum(values));
  const head = ["program", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.9 %: min", "median", "max", "× C", "lost"];
  return `At 10,000 datagrams per second, in µs:

${table(head, rows)}

The first five columns are percentiles of all turns together, the others statistics of the single turns. A time starts
when the datagram is due, even if the client sends it late; ${late} datagrams were sent more than 20 µs late.`;
}

function firstEchoTable(results: Results): string {
  const rows = results.programs(FIRST_ECHO).map((program) => [
    marked(results, program),
    ...spread(results, FIRST_ECHO, program, "seconds", 1e3, NAMES.python),
  ]);
  return `## From exec to the first echo

In ms. The client sends a datagram every 200 µs until an echo comes.

${table(["program", "min", "median", "max", "× Python"], rows)}`;
}

function memoryTable(results: Results, plan: Plan): string {
  const rows = results.programs(MEMORY).map((program) => [
    program,
    number(median(results.values(MEMORY, program, "first"))),
    number(median(results.values(MEMORY, program, "last"))),
  ]);
  const [first, last] = plan.memory.map(count);
  return `## Resident memory

In MB (1,000,000 bytes), under \`${plan.memoryLoad.join(" ")}\`.

${table(["program", `after ${first} datagrams`, `after ${last}`], rows)}`;
}

function workersTable(results: Results): string {
  const rows = results.programs(WORKERS).map((program) => [
    program,
    ...(["scaledRate", "scaledCpu", "privateMemory"] as const).map((metric) =>
      number(median(results.values(WORKERS, program, metric)))
    ),
  ]);
  return `## Two workers

Two workers on two processors, each with a client on the same processor, against one server with one client on one
processor: 64 in flight, 64 bytes. The medians of the ratios, and the memory in MB that the second worker shares with no
other process.

${table(["program", "rate", "CPU per datagram", "private memory"], rows)}`;
}

function forwarderTable(results: Results): string {
  const rows = ECHO.filter((program) => results.programs(FORWARDER).includes(program)).map((program) => [
    program.replace("echo.ts on ", ""),
    ...spread(results, FORWARDER, program, "rate", 1e-3, dgramForwarder(program)),
    number(median(results.values(FORWARDER, dgramForwarder(program), "rate")) / 1e3),
  ]);
  return `## A DNS forwarder

\`examples/dns_forwarder.ts\`, on \`serve\`, and the same forwarder on \`node:dgram\`: thousand queries a second, asked by
\`dnsperf\` with 100 in flight. The client and the server upstream share a processor.

${table(["runtime", "serve: min", "median", "max", "× node:dgram", "node:dgram: median"], rows)}`;
}

function targetCell(results: Results, target: Target, program: string): string {
  if (!target.programs.includes(program)) return "–";
  const values = target.values(results, program);
  if (values.length === 0) return "not measured";
  const middle = median(values);
  const range = values.length > 1 ? ` (${number(quantile(values, 0.25))}–${number(quantile(values, 0.75))})` : "";
  return `${target.reached(middle) ? "reached" : "**missed**"}: ${number(middle)} ${target.unit}${range}`;
}

function targetTable(results: Results): string {
  const measured = TARGETS.filter(({ programs, values }) => programs.some((name) => values(results, name).length > 0));
  const rows = measured.map((target) => [
    target.title,
    target.text,
    ...ECHO.map((name) => targetCell(results, target, name)),
  ]);
  return table(["figure", "target", "Deno", "Bun", "Node.js"], rows);
}

function remarks(results: Results, context: Context): string[] {
  const lines = [...results.remarks, ...context.prepared.leftOut.map((line) => `left out: ${line}`)];
  for (const [program, address] of results.wrongSource) {
    lines.push(
      `† ${program}: a datagram to 127.0.0.2 is answered from ${address}. A connected client never sees that reply.`,
    );
  }
  for (const { id } of FIGURES) {
    for (const program of results.programs(id)) {
      for (const [metric, what] of [["corrupt", "altered"], ["duplicate", "twice"]] as const) {
        const total = sum(results.values(id, program, metric));
        if (total > 0) lines.push(`${program}: ${count(total)} datagrams came back ${what} in ${id}`);
      }
    }
  }
  return lines;
}

/** Returns the report. */
export function report(results: Results, context: Context): string {
  const { plan, machine, prepared, form } = context;
  const windows = FIGURES.filter(({ id }) => results.programs(id).length > 0);
  const sections = [
    `# Results

Written by \`npm run bench${form === "full" ? "" : ` -- --${form}`}\` on ${new Date().toISOString().slice(0, 10)}, in \
${number(context.minutes)} minutes.

- Machine: ${machine}. The host gave ${(100 * context.stolen).toFixed(1)} % of the processor time to other guests.
- Versions: ${prepared.versions.join(", ")}.
- ${plan.rounds} rounds. Each round starts every program anew. In every figure the programs run in turn, \
${plan.turns} times ${plan.window} s each (${plan.roundTrip} s for round-trip times), in reverse order every other \
time. Ratios are taken turn by turn, so that longer disturbances of the machine cancel out; the tables show the median \
of the ratios.
- ${
      PINNED
        ? "The client is pinned to one processor and the servers, of which one works at a time, to another. Only the " +
          "time to the first echo is measured without pinning."
        : "Nothing is pinned: client and server share the only processor of the machine."
    }
- Client and server use 127.0.0.1. The client blocks while there is nothing to receive, as ordinary clients do; for \
round-trip times it polls. It verifies every byte of every reply.
- CPU is the processor time of the server process alone, in user and kernel mode, by its CPU clock.`,
    `## Targets\n\nThe median of the turns, with the first and third quartiles in brackets.\n\n${targetTable(results)}`,
  ];
  if (windows.length > 0) {
    sections.push(
      "## Rates and CPU\n\nRates are in thousand datagrams per second, CPU in µs of the server per datagram.",
      "![Echoes per second against the number of datagrams in flight](rate.svg)",
      "![Processor time per datagram](cpu.svg)",
      ...windows.map((figure) => windowTable(results, figure)),
    );
  }
  if (results.programs(ROUND_TRIP).length > 0) {
    sections.push(
      "## Round-trip time",
      "![Distribution of the round-trip times](latency.svg)",
      roundTripTable(results),
    );
  }
  if (results.programs(FIRST_ECHO).length > 0) sections.push(firstEchoTable(results));
  if (results.programs(WORKERS).length > 0) sections.push(workersTable(results));
  if (results.programs(FORWARDER).length > 0) sections.push(forwarderTable(results));
  if (results.programs(MEMORY).length > 0) sections.push(memoryTable(results, plan));
  const lines = remarks(results, context);
  if (lines.length > 0) sections.push(`## Remarks\n\n${lines.map((line) => `- ${line}`).join("\n")}`);
  return `${sections.join("\n\n")}\n`;
}
