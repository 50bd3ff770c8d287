/**
 * `echo.ts probe`: asks UDP echo servers, and tells whether they answer, from where, and how fast.
 * @module
 */

import { interfaceIndex } from "../../ffi/interfaces.ts";
import { handleSignals } from "../cli/signals.ts";
import { Terminal } from "../cli/terminal.ts";
import { noInterface, resolve } from "../net/endpoint.ts";
import { resolveTargets } from "./endpoints.ts";
import { jsonReport } from "./json_report.ts";
import { lineReport } from "./line_report.ts";
import { mtuReport } from "./mtu_report.ts";
import { searchMtu, SMALL_SIZE } from "./mtu_search.ts";
import { type ProbeSettings, SIZE_MAX } from "./options.ts";
import { sendRequests } from "./pacing.ts";
import { Prober } from "./prober.ts";
import { tableReport } from "./table_report.ts";
import { type TargetOptions, TargetSet } from "./target_set.ts";
import { verdict } from "./verdict.ts";

/** How long a stalled reader gets for the summary after a signal. */
const LAST_MILLISECONDS = 1000;

/**
 * Runs the probe until it is done or a signal stops it.
 * @returns the exit code: 0 if all targets are ok, else 1
 * @throws {UsageError | SystemError} with a sentence for the user, if it can't be done
 */
export async function runProbe(settings: ProbeSettings): Promise<number> {
  // Before signals are handled, for a name server may take long to answer, and nothing else goes on meanwhile.
  const options = targetOptions(settings);
  const set = new TargetSet(options);
  set.replace(resolveTargets(settings, options.source));
  const terminal = new Terminal();
  let stoppedAt = Infinity;
  handleSignals(() => stoppedAt = Math.min(stoppedAt, performance.now()));
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = await (settings.findMtu ? findMtu : ask)(set, settings, terminal, isStopped);
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}

/** Searches the largest datagrams; returns whether all targets answer, each from the endpoint that was asked. */
function findMtu(
  { targets, sockets }: TargetSet,
  settings: ProbeSettings,
  terminal: Terminal,
  isStopped: () => boolean,
): Promise<boolean> {
  const report = mtuReport(settings, terminal);
  return searchMtu(targets, new Prober(sockets), settings.timeoutMilliseconds, report, isStopped);
}

/** Sends requests and reports; returns whether all targets are ok. */
async function ask(
  { targets, sockets }: TargetSet,
  settings: ProbeSettings,
  terminal: Terminal,
  isStopped: () => boolean,
): Promise<boolean> {
  const makeReport = settings.json ? jsonReport : targets.length > 1 ? tableReport : lineReport;
  const report = makeReport(targets, settings, terminal);
  for (const target of targets) target.observer = report;
  const showProgress = () => {
    report.progress?.();
    return terminal.drain(isStopped);
  };
  report.start?.();
  await sendRequests(targets, settings, new Prober(sockets), showProgress, isStopped);
  report.finish();
  return targets.every(({ ledger }) => verdict(ledger) === "ok");
}

function targetOptions(settings: ProbeSettings): TargetOptions {
  const { interfaceName, findMtu, size } = settings;
  const index = interfaceName === undefined ? 0 : interfaceIndex(interfaceName);
  if (interfaceName !== undefined && index === 0) throw noInterface(interfaceName);
  return {
    ...settings,
    source: settings.source === undefined ? undefined : resolve(settings.source, settings.family)[0]!,
    interfaceIndex: index,
    sizeMin: findMtu ? SMALL_SIZE : size,
    sizeMax: findMtu ? SIZE_MAX : size,
    window: Infinity,
    sourcePorts: 1,
  };
}
