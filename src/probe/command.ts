/**
 * `echo.ts probe`: asks UDP echo servers, and tells whether they answer, from where, and how fast.
 * @module
 */

import { EADDRNOTAVAIL, SIGHUP } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceIndex, signalIgnored } from "../../ffi/libc.ts";
import { onSignal } from "../../ffi/signals.ts";
import { Terminal } from "../cli/terminal.ts";
import { resolve } from "../net/endpoint.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { resolveTargets } from "./endpoints.ts";
import { jsonReport } from "./json_report.ts";
import { lineReport } from "./line_report.ts";
import { mtuReport } from "./mtu_report.ts";
import { searchMtu } from "./mtu_search.ts";
import { type ProbeSettings, SIZE_MAX } from "./options.ts";
import { sendRequests } from "./pacing.ts";
import type { NamedPeer, ScopedAddress } from "./peer.ts";
import { ReplyPoller } from "./reply_poller.ts";
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
  const terminal = new Terminal();
  let stoppedAt = Infinity;
  const stop = () => stoppedAt = Math.min(stoppedAt, performance.now());
  handleSignals(stop);
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = await runWith(settings, terminal, isStopped);
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}

function handleSignals(stop: () => void): void {
  const ignore = () => {};
  // Read before any handler is set: Deno's first handler ends the ignoring of SIGHUP, too.
  const hangupIgnored = signalIgnored(SIGHUP);
  onSignal("SIGINT", stop);
  onSignal("SIGTERM", stop);
  // nohup(1) asks to ignore SIGHUP.
  onSignal("SIGHUP", hangupIgnored ? ignore : stop);
  // A reader that goes away is an error of the write.
  onSignal("SIGPIPE", ignore);
  // Without a handler they end the process, or open a debugger.
  onSignal("SIGUSR1", ignore);
  onSignal("SIGUSR2", ignore);
}

/** Runs the probe; returns whether all targets are ok. */
async function runWith(settings: ProbeSettings, terminal: Terminal, isStopped: () => boolean): Promise<boolean> {
  const source = settings.source === undefined ? undefined : resolve(settings.source, settings.family)[0]!;
  const peers = resolveTargets(settings, source);
  const targets = makeTargets(peers, settings, source);
  const poller = new ReplyPoller(targets);
  if (settings.findMtu) {
    return await searchMtu(targets, poller, settings.timeoutMilliseconds, mtuReport(settings, terminal), isStopped);
  }
  const makeReport = settings.json ? jsonReport : targets.length > 1 ? tableReport : lineReport;
  const report = makeReport(targets, settings, terminal);
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
  if (interfaceName !== undefined && index === 0) {
    const message = `no interface named ${JSON.stringify(interfaceName)} on this host; \`ip link\` lists what there is`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  const options = { ...settings, source, interfaceIndex: index, sizeMax: findMtu ? SIZE_MAX : size };
  return peers.map((peer) => new ProbeTarget(peer, options, errors));
}
