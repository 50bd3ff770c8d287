/**
 * `echo.ts probe`: sends requests to UDP echo servers, and reports whether they answer, from where, and how fast.
 * @module
 */

import { SystemError } from "../../ffi/errno.ts";
import { UsageError } from "../cli/arguments.ts";
import { MetricsServer } from "../cli/metrics_server.ts";
import { handleSignals } from "../cli/signals.ts";
import { Terminal } from "../cli/terminal.ts";
import { resolve } from "../net/endpoint.ts";
import { resolveTargets } from "./endpoints.ts";
import { jsonReport } from "./json_report.ts";
import { lineReport } from "./line_report.ts";
import { probeMetrics } from "./metrics.ts";
import { mtuReport } from "./mtu_report.ts";
import { searchMtu } from "./mtu_search.ts";
import type { ProbeSettings } from "./options.ts";
import { lingerMilliseconds, Schedule } from "./pacing.ts";
import { Prober } from "./prober.ts";
import type { Report } from "./report.ts";
import { tableReport } from "./table_report.ts";
import { readTargetFile } from "./target_file.ts";
import { TargetSet } from "./target_set.ts";
import { verdict } from "./verdict.ts";
import { watchReport } from "./watch_report.ts";

/** How long a stalled reader gets for the summary after a signal. */
const LAST_MILLISECONDS = 1000;
/** Longest time before the event loop gets a turn, where metrics are served. */
const SERVING_TURN_MILLISECONDS = 10;

/** The parts of a run of the probe. */
interface Run {
  readonly settings: ProbeSettings;
  readonly set: TargetSet;
  readonly prober: Prober;
  readonly terminal: Terminal;
  /** Whether a signal or the reader of the output has stopped it. */
  isStopped(): boolean;
  /** Reads the targets again if a signal has asked for that; returns whether they may be others. */
  reread(): Promise<boolean>;
}

/**
 * Runs the probe until it is done or a signal stops it.
 * @returns the exit code: 0 if all targets are ok, else 1
 * @throws {UsageError | SystemError} with a sentence for the user, if it can't be done
 */
export async function runProbe(settings: ProbeSettings): Promise<number> {
  // Before signals are handled, for a name server may take long to answer, and nothing else goes on meanwhile.
  const { targetsFile, family, timeoutMilliseconds } = settings;
  const source = settings.source === undefined ? undefined : resolve(settings.source, family)[0]!;
  const set = new TargetSet(settings, source);
  const readTargets = async () => {
    const more = targetsFile === undefined ? [] : await readTargetFile(targetsFile, settings);
    set.replace(resolveTargets([...settings.targets, ...more], settings, source));
  };
  await readTargets();
  const terminal = new Terminal();
  const prober = new Prober(set);
  let stoppedAt = Infinity;
  let rereads = false;
  const onHangup = settings.watch && targetsFile !== undefined ? () => rereads = true : undefined;
  handleSignals(() => stoppedAt = Math.min(stoppedAt, performance.now()), onHangup);
  const reread = async () => {
    if (!rereads) return false;
    rereads = false;
    await readTargets().catch(complain);
    return true;
  };
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = settings.findMtu
    ? await searchMtu(set.targets, prober, timeoutMilliseconds, mtuReport(settings, terminal), isStopped)
    : await ask({ settings, set, prober, terminal, isStopped, reread });
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}

/** Reports a mistake in the targets, which stay as they are. */
function complain(error: unknown): void {
  if (!(error instanceof UsageError || error instanceof SystemError)) throw error;
  console.error(`echo.ts: ${error.message}; the targets stay as they are`);
}

/** Sends requests and reports; returns whether all targets are ok. */
async function ask({ settings, set, prober, terminal, isStopped, reread }: Run): Promise<boolean> {
  const isOne = set.targets.length === 1 && settings.targetsFile === undefined;
  const makeSummary = settings.json ? jsonReport : isOne ? lineReport : tableReport;
  const summary = makeSummary(set, settings, terminal);
  const events = settings.watch ? watchReport(settings, terminal) : summary;
  const report: Report = { ...(settings.quiet ? {} : events), finish: summary.finish };
  const server = settings.metrics === undefined ? undefined : new MetricsServer();
  await server?.listen(settings.metrics!, {
    prefix: "echo_probe",
    metrics: () => probeMetrics(set.targets),
    healthy: () => !isStopped(),
  });
  const schedule = new Schedule(settings);
  const useTargets = () => {
    for (const target of set.targets) target.observer = report;
    schedule.setTargets(set.targets);
  };
  useTargets();
  report.start?.();
  for (;;) {
    if (await reread()) useTargets();
    if (server !== undefined) prober.turnMilliseconds = server.busy ? 0 : SERVING_TURN_MILLISECONDS;
    report.progress?.();
    await terminal.drain(isStopped);
    const until = isStopped() ? Infinity : Math.min(schedule.sendDue(prober), prober.deadline);
    if (until === Infinity) break;
    await prober.step(until);
  }
  const end = performance.now() + lingerMilliseconds(set.targets, settings.timeoutMilliseconds);
  while (!isStopped() && performance.now() < end) await prober.step(end);
  report.finish();
  return set.targets.every(({ ledger }) => verdict(ledger) === "ok");
}
