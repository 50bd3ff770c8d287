/**
 * `echo.ts probe`: asks UDP echo servers, and tells whether they answer, from where, and how fast.
 * @module
 */

import { EADDRNOTAVAIL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceIndex } from "../../ffi/interfaces.ts";
import { handleSignals } from "../cli/signals.ts";
import { Terminal } from "../cli/terminal.ts";
import { noInterface, resolve } from "../net/endpoint.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { resolveTargets } from "./endpoints.ts";
import { JsonReport } from "./json_report.ts";
import { LineReport } from "./line_report.ts";
import { MtuReport } from "./mtu_report.ts";
import { MtuSearch } from "./mtu_search.ts";
import { type ProbeSettings, SIZE_MAX } from "./options.ts";
import { sendRequests } from "./pacing.ts";
import { hostText, type NamedPeer, type ScopedAddress } from "./peer.ts";
import { ReplyPoller } from "./reply_poller.ts";
import type { Report } from "./report.ts";
import { TableReport } from "./table_report.ts";
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
  const terminal = new Terminal();
  let stoppedAt = Infinity;
  const stop = () => stoppedAt = Math.min(stoppedAt, performance.now());
  handleSignals(stop);
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = await runWith(settings, terminal, isStopped);
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}

/** Runs the probe; returns whether all targets are ok. */
async function runWith(settings: ProbeSettings, terminal: Terminal, isStopped: () => boolean): Promise<boolean> {
  const source = settings.source === undefined ? undefined : resolve(settings.source, settings.family)[0]!;
  const peers = resolveTargets(settings, source);
  const targets = makeTargets(peers, settings, source);
  const poller = new ReplyPoller(targets);
  if (settings.findMtu) {
    const report = new MtuReport(settings, terminal);
    return await new MtuSearch(poller, settings.timeoutMilliseconds, report, isStopped).run(targets);
  }
  const ReportOfKind = settings.json ? JsonReport : targets.length > 1 ? TableReport : LineReport;
  const report: Report = new ReportOfKind(targets, settings, terminal);
  for (const target of targets) target.observer = report;
  await sendRequests(targets, poller, settings, report, terminal, isStopped);
  report.finish();
  return targets.every(({ ledger }) => verdict(ledger) === "ok");
}

function makeTargets(
  peers: readonly NamedPeer[],
  settings: ProbeSettings,
  source: ScopedAddress | undefined,
): ProbeTarget[] {
  const { interfaceName, findMtu, size } = settings;
  const errors = new ErrorQueue();
  const index = interfaceName === undefined ? 0 : interfaceIndex(interfaceName);
  if (interfaceName !== undefined && index === 0) throw noInterface(interfaceName);
  const options = { ...settings, source, interfaceIndex: index, sizeMax: findMtu ? SIZE_MAX : size };
  try {
    return peers.map((peer) => new ProbeTarget(peer, options, errors));
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EADDRNOTAVAIL || source === undefined) throw error;
    const message = `cannot send from ${
      hostText(source)
    }: this address is not on this host; \`ip address\` lists what is`;
    throw new SystemError("bind", EADDRNOTAVAIL, message);
  }
}
