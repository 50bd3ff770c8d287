/** What the echo server says of itself: its summary and its log are compared with what was seen of it. */
import { endpointOf, isIPv4, isLinkLocal, isMulticast } from "./address.ts";
import type { Admitted, Counts, EchoOracle } from "./echo_oracle.ts";
import type { EchoPlan } from "./echo_plan.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** A summary, as both forms give it. */
interface Summary {
  readonly received: number;
  readonly echoed: number;
  readonly refused: number;
  readonly failed: number;
  readonly dropped_by_kernel: number;
  readonly log_lines_dropped: number;
  readonly refused_by_reason: Readonly<Record<string, number>>;
  readonly failed_by_errno: Readonly<Record<string, number>>;
}

/** Bytes of a payload that a line shows. */
const SHOWN = 64;

/** Requires that the summary at the end and the log are true. */
export function checkAccounts(world: World, plan: EchoPlan, oracle: EchoOracle): void {
  const [stdout, stderr] = world.outputs;
  const lines = stdout.text.split("\n");
  // Of an output that has failed, the last line may be torn.
  const broken = stdout.closed || stdout.free === 0;
  if (lines.pop() !== "" && !broken) throw new Violation("the last line of the log has no end");
  const records = lines.filter((line) => /^(RECV: |\{"time":)/.test(line));
  checkLog(plan, oracle.admitted, records);
  const summary = plan.settings.log === "json" ? lastJson(lines) : lastText(stderr.text);
  if (summary === undefined) {
    if (broken || stderr.closed || stderr.free === 0 || stalled(world)) return;
    throw new Violation("there is no summary at the end");
  }
  const written = plan.settings.log === "none" ? oracle.admitted.length : records.length;
  const expected: Summary = {
    received: oracle.total,
    echoed: oracle.echoed,
    refused: total(oracle.refused),
    failed: total(oracle.failed),
    dropped_by_kernel: oracle.drops,
    log_lines_dropped: oracle.admitted.length - written,
    refused_by_reason: byName(oracle.refused, (reason) => `${reason}`),
    failed_by_errno: byName(oracle.failed, (error) => errnoName(Number(error))),
  };
  for (const [name, value] of Object.entries(expected)) {
    const said = summary[name as keyof Summary];
    const equal = typeof value === "number" ? said === value : sameCounts(said as Record<string, number>, value);
    if (!equal) throw new Violation(`${name} is ${JSON.stringify(said)} in the summary, not ${JSON.stringify(value)}`);
  }
}

function stalled({ outputs }: World): boolean {
  return outputs.some(({ bytesPerSecond }) => bytesPerSecond !== Infinity);
}

/** Requires that the lines are those of datagrams that were answered, in their order, each at most once. */
function checkLog({ settings }: EchoPlan, admitted: readonly Admitted[], records: string[]): void {
  let next = 0;
  for (const record of records) {
    while (next < admitted.length && !isRecordOf(settings, admitted[next]!, record)) next++;
    if (next++ === admitted.length) throw new Violation(`a line that no datagram gives: ${record}`);
  }
}

function isRecordOf({ port, log }: EchoPlan["settings"], { message, payload }: Admitted, record: string) {
  const { source, sourcePort, destination, specific, interface: by } = message;
  const zone = (address: string) => isLinkLocal(address) ? by.name.replaceAll('"', "?") : "";
  const local = isMulticast(destination) && !isIPv4(destination) ? "::" : specific ?? destination;
  const peer = endpointOf(source, zone(source), sourcePort);
  const own = endpointOf(local, zone(local), port);
  const text = printable(payload.subarray(0, SHOWN)) + (payload.length > SHOWN ? "…" : "");
  const simple = /^[a-z]*…?$/.test(text);
  if (log === "json") {
    const line = JSON.parse(record);
    return line.peer === peer && line.local === own && line.bytes === payload.length &&
      (!simple || line.payload === text);
  }
  const size = payload.length > SHOWN ? ` (${payload.length} bytes)` : "";
  const start = `RECV: ${peer} -> ${own} - [`;
  return record.startsWith(start) && record.endsWith(`]${size}`) && (!simple || record === `${start}${text}]${size}`);
}

function printable(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function lastJson(lines: readonly string[]): Summary | undefined {
  const line = lines.findLast((each) => each.startsWith('{"event":"summary"'));
  return line === undefined ? undefined : JSON.parse(line);
}

/** The last summary for people: a table of names and numbers, with reasons behind them. */
function lastText(text: string): Summary | undefined {
  const start = text.lastIndexOf("stopped by");
  if (start < 0) return undefined;
  const rows = new Map<string, string[]>();
  for (const [, name, number, details] of text.slice(start).matchAll(/^ {2}([a-z ]+?) +(\d+)(?: {3}(.*))?$/gm)) {
    rows.set(name!, [number!, details ?? ""]);
  }
  const number = (name: string) => Number(rows.get(name)?.[0]);
  const details = (name: string) =>
    Object.fromEntries(
      (rows.get(name)?.[1] ?? "").split(", ").filter(Boolean).map((part) => {
        const [reason = "", count] = part.split(": ");
        return [name === "refused" ? reason.replaceAll(" ", "_") : reason.replace(" ", " "), Number(count)];
      }),
    );
  return {
    received: number("received"),
    echoed: number("echoed"),
    refused: number("refused"),
    failed: number("failed"),
    dropped_by_kernel: number("dropped by kernel"),
    log_lines_dropped: number("log lines dropped"),
    refused_by_reason: details("refused"),
    failed_by_errno: details("failed"),
  };
}

function byName(counts: Counts, name: (key: string | number) => string): Record<string, number> {
  return Object.fromEntries([...counts].map(([key, count]) => [name(key), count]));
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return Object.keys({ ...a, ...b }).every((key) => a[key] === b[key]);
}

function total(counts: Counts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Names of the errors that the model gives; others are not checked by their names. */
const NAMES: Readonly<Record<number, string>> = {
  0: "other",
  1: "EPERM",
  5: "EIO",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  19: "ENODEV",
  22: "EINVAL",
  90: "EMSGSIZE",
  97: "EAFNOSUPPORT",
  100: "ENETDOWN",
  101: "ENETUNREACH",
  105: "ENOBUFS",
  113: "EHOSTUNREACH",
  126: "ENOKEY",
  133: "EHWPOISON",
};

function errnoName(error: number): string {
  return NAMES[error] ?? `errno ${error}`;
}
