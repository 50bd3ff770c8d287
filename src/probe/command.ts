/**
 * `echo.ts probe`: asks UDP echo servers, and tells whether they answer, from where, and how fast.
 * @module
 */

import { interfaceIndex } from "../../ffi/interfaces.ts";
import { handleSignals } from "../cli/signals.ts";
import { Terminal } from "../cli/terminal.ts";
import { noInterface, resolve } from "../net/endpoint.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { resolveTargets } from "./endpoints.ts";
import { jsonReport } from "./json_report.ts";
import { lineReport } from "./line_report.ts";
import { mtuReport } from "./mtu_report.ts";
import { searchMtu } from "./mtu_search.ts";
import { type ProbeSettings, SIZE_MAX } from "./options.ts";
import { sendRequests } from "./pacing.ts";
import { tableReport } from "./table_report.ts";
import { ProbeTarget } from "./target.ts";
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
  const targets = makeTargets(settings);
  const terminal = new Terminal();
  let stoppedAt = Infinity;
  handleSignals(() => stoppedAt = Math.min(stoppedAt, performance.now()));
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = await (settings.findMtu ? findMtu : ask)(targets, settings, terminal, isStopped);
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}

/** Searches the largest datagrams; returns whether all targets answer, each from the endpoint that was asked. */
function findMtu(
  targets: readonly ProbeTarget[],
  settings: ProbeSettings,
  terminal: Terminal,
  isStopped: () => boolean,
): Promise<boolean> {
  return searchMtu(targets, settings.timeoutMilliseconds, mtuReport(settings, terminal), isStopped);
}

/** Sends requests and reports; returns whether all targets are ok. */
async function ask(
  targets: readonly ProbeTarget[],
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
  await sendRequests(targets, settings, showProgress, isStopped);
  report.finish();
  return targets.every(({ ledger }) => verdict(ledger) === "ok");
}

function makeTargets(settings: ProbeSettings): ProbeTarget[] {
  const { interfaceName } = settings;
  const index = interfaceName === undefined ? 0 : interfaceIndex(interfaceName);
  if (interfaceName !== undefined && index === 0) throw noInterface(interfaceName);
  const source = settings.source === undefined ? undefined : resolve(settings.source, settings.family)[0]!;
  const options = { ...settings, source, interfaceIndex: index, sizeMax: settings.findMtu ? SIZE_MAX : settings.size };
  const errors = new ErrorQueue();
  return resolveTargets(settings, source).map((peer) => new ProbeTarget(peer, options, errors));
}
