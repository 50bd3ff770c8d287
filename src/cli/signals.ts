/**
 * Signals, for both commands.
 * @module
 */

import { SIGHUP, SIGPIPE, SIGUSR1, SIGXFSZ } from "../../ffi/constants.ts";
import type { Signal } from "../../ffi/contract.ts";
import { runtime } from "../../ffi/runtime.ts";
import { ignoreSignal, signalIgnored } from "../../ffi/signals.ts";

/**
 * Calls `stop` in the event loop after SIGINT, SIGTERM and, unless nohup(1) ignores it, SIGHUP. Other signals do no harm:
 * a closed pipe or a file at its size limit is an error of the write, and SIGUSR1 opens no debugger. signal(7)
 */
export function handleSignals(stop: (signal: Signal) => void): void {
  const { onSignal } = runtime();
  // Before the first handler: with it Deno ends an inherited disposition of SIGHUP. Node.js has ended it by now.
  const hangupIgnored = signalIgnored(SIGHUP);
  onSignal("SIGINT", () => stop("SIGINT"));
  onSignal("SIGTERM", () => stop("SIGTERM"));
  onSignal("SIGHUP", () => {
    if (!hangupIgnored) stop("SIGHUP");
  });
  // Deno handles SIGUSR1 itself, some time after the start, unless it has a handler by then.
  onSignal("SIGUSR1", () => {});
  onSignal("SIGUSR2", () => {});
  for (const signal of [SIGUSR1, SIGPIPE, SIGXFSZ]) ignoreSignal(signal);
}
