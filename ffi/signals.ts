/**
 * Dispositions of signals.
 * @module
 */

import { SIG_IGN } from "./constants.ts";
import { sigaction } from "./layouts.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Whether the process ignores a signal, as a program started by nohup(1) ignores `SIGHUP`. sigaction(2) */
export function signalIgnored(signal: number): boolean {
  const memory = new Memory(sigaction.size);
  libc().call.sigaction(signal, null, memory.pointer(0));
  return memory.i32[sigaction.sa_handler >> 2] === SIG_IGN;
}

/** Ignores a signal from now on. sigaction(2) */
export function ignoreSignal(signal: number): void {
  const memory = new Memory(sigaction.size);
  memory.i32[sigaction.sa_handler >> 2] = SIG_IGN;
  libc().call.sigaction(signal, memory.pointer(0), null);
}
