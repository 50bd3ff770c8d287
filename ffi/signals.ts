/**
 * Signals, in the event loop.
 * @module
 */

import { SIG_IGN, SIGUSR1 } from "./constants.ts";
import type { Signal } from "./contract.ts";
import { sigaction } from "./layouts.ts";
import { furtherLibc, libc } from "./library.ts";
import { Memory } from "./memory.ts";
import { runtime } from "./runtime.ts";

/** How often it is looked whether a signal has come that the runtime is not told of: whenever the event loop turns. */
const LOOK_MILLISECONDS = 4;
/** The mask of `syslog` at the start: every priority. setlogmask(3) */
const LOG_ALL = 0xff;

/**
 * Has a handler called, in the event loop, whenever a signal has come, and nothing else done: a signal at which the
 * runtime lets a debugger in does not do that any more.
 */
export function onSignal(signal: Signal, handler: () => void): void {
  const { onSignal, debuggerSignal } = runtime();
  // The runtime installs its handler with the first listener, and leaves it alone from then on.
  onSignal(signal, handler);
  // With the first turn of the event loop: at once it would hold up the first echo, and the runtime lets nobody in before.
  if (signal === "SIGUSR1" && signal === debuggerSignal) setTimeout(() => takeOver(SIGUSR1, handler), 0);
}

/**
 * Puts a handler of libc in the place of the runtime's. No JavaScript can run in a signal handler; but `setlogmask`,
 * called with the number of the signal, leaves that number in a variable of libc that nobody else uses, for `syslog`.
 */
function takeOver(signal: number, handler: () => void): void {
  const { setlogmask } = furtherLibc();
  const memory = new Memory(sigaction.size);
  memory.writeAddress(sigaction.sa_handler, libc().functionAddress("setlogmask"));
  if (libc().call.sigaction(signal, memory.pointer(0), null) < 0) return;
  setInterval(() => {
    // 0 asks for the mask and leaves it.
    if (setlogmask(0) !== signal) return;
    setlogmask(LOG_ALL);
    handler();
  }, LOOK_MILLISECONDS);
}

/** Ignores a signal from now on. sigaction(2) */
export function ignoreSignal(signal: number): void {
  const memory = new Memory(sigaction.size);
  memory.i32[sigaction.sa_handler >> 2] = SIG_IGN;
  libc().call.sigaction(signal, memory.pointer(0), null);
}
