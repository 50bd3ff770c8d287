/**
 * Signals, for both commands.
 * @module
 */

import { O_CLOEXEC, O_NOCTTY, O_WRONLY, SIGHUP, SIGPIPE, SIGUSR1, SIGXFSZ } from "../../ffi/constants.ts";
import type { Signal } from "../../ffi/contract.ts";
import { close, open } from "../../ffi/libc.ts";
import { runtime } from "../../ffi/runtime.ts";
import { ignoreSignal, signalIgnored } from "../../ffi/signals.ts";

/**
 * Calls `stop` in the event loop after SIGINT and SIGTERM. SIGHUP calls `reload`, if given, else `stop` if the process has
 * a terminal, whose loss the signal reports, and nohup(1) does not ignore it. Other signals do no harm: a closed pipe or a
 * file at its size limit is an error of the write, and SIGUSR1 opens no debugger. signal(7)
 */
export function handleSignals(stop: (signal: Signal) => void, reload?: () => void): void {
  const { onSignal } = runtime();
  const ignore = () => {};
  // Before the first handler: with it Deno ends an inherited disposition of SIGHUP. Node.js has ended it by now.
  const hangup = signalIgnored(SIGHUP) || !hasTerminal() ? ignore : () => stop("SIGHUP");
  for (const signal of ["SIGINT", "SIGTERM"] as const) onSignal(signal, () => stop(signal));
  onSignal("SIGHUP", reload ?? hangup);
  // Deno handles SIGUSR1 itself, some time after the start, unless it has a handler by then.
  onSignal("SIGUSR1", ignore);
  onSignal("SIGUSR2", ignore);
  for (const signal of [SIGUSR1, SIGPIPE, SIGXFSZ]) ignoreSignal(signal);
}

/** Whether the process has a controlling terminal. tty(4) */
function hasTerminal(): boolean {
  const fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
