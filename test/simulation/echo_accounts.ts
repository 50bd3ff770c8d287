/** Compares the echo server's summary, log and messages with the observations of a run. */
import { checkLimit, checkRecords, isRecord, readLog } from "./echo_log.ts";
import { checkMessages, TELL_MAX } from "./echo_messages.ts";
import type { Counts, EchoOracle } from "./echo_oracle.ts";
import type { EchoPlan } from "./echo_plan.ts";
import { jsonSummaries, type Summary, textSummaries } from "./summary.ts";
import { SECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Checks the summary, the log and the messages of a run. */
export function checkAccounts(world: World, plan: EchoPlan, oracle: EchoOracle): void {
  const { settings } = plan;
  const disturbed = new Set(
    plan.events.flatMap(({ kind, ...rest }) => "output" in rest && kind !== "arrival" ? [rest.output] : []),
  );
  const lines = world.outputs[0].text.split("\n");
  // What an output did not take may end within a line.
  if (lines.pop() !== "" && !disturbed.has(0)) throw new Violation("the last line of the log has no end");
  const { records, leftOut } = readLog(lines);
  checkRecords(settings, oracle.admitted, records);
  const dropped = settings.log === "none" ? 0 : oracle.admitted.length - records.length;
  if (!disturbed.has(0)) {
    checkLeftOut(world, oracle, dropped, leftOut);
    checkLimit(settings.logLimit, world.outputs[0].lines().filter(({ text }) => isRecord(text)), dropped);
  }
  const summaries = settings.log === "json" ? jsonSummaries(lines) : textSummaries(world.outputs[1].text);
  const complete = summaries.length === oracle.summaries + 1;
  if (complete) {
    checkSummary(summaries.at(-1)!, (world.time.now - world.start) / SECOND, oracle, dropped);
  } else if (!disturbed.has(settings.log === "json" ? 0 : 1)) {
    throw new Violation(`${summaries.length} summaries, not ${oracle.summaries + 1}`);
  }
  if (!disturbed.has(settings.log === "json" ? 0 : 1)) checkMessages(world, oracle, settings.log === "json");
  checkDescriptors(world);
}

function checkSummary(summary: Summary, seconds: number, oracle: EchoOracle, dropped: number): void {
  // It starts to count, and ends, a little later than its process.
  if (Math.abs(summary.seconds - seconds) > 0.2) throw new Violation(`${summary.seconds} s, not ${seconds}`);
  const expected: Omit<Summary, "seconds"> = {
    received: oracle.total,
    echoed: oracle.echoed,
    refused: total(oracle.refused),
    failed: total(oracle.failed),
    dropped_by_kernel: oracle.drops,
    log_lines_dropped: dropped,
    refused_by_reason: byName(oracle.refused, (reason) => `${reason}`),
    failed_by_errno: byName(oracle.failed, (error) => errnoName(Number(error))),
  };
  for (const [name, value] of Object.entries(expected)) {
    const said = summary[name as keyof Summary];
    const equal = typeof value === "number" ? said === value : sameCounts(said as Record<string, number>, value);
    if (!equal) throw new Violation(`${name} is ${JSON.stringify(said)} in the summary, not ${JSON.stringify(value)}`);
  }
}

/** Requires that the log tells how many datagrams it left out, but for those of the last seconds. */
function checkLeftOut({ time }: World, { admitted }: EchoOracle, dropped: number, told: number): void {
  if (told > dropped) throw new Violation(`the log says that ${told} lines are missing, and ${dropped} are`);
  const recent = admitted.filter((each) => each.monotonic > time.now - TELL_MAX).length;
  if (dropped - told > recent) throw new Violation(`${dropped} lines are missing, the log tells of ${told}`);
}

function checkDescriptors({ descriptors }: World): void {
  const open = descriptors.list().filter(([fd, kind]) => fd > 2 && kind !== "epoll" && kind !== "eventfd");
  if (open.length > 0) throw new Violation(`left open: ${open.join("; ")}`);
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

/** Names of the errors that the model gives. errno(3) */
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
