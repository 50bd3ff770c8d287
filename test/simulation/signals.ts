/** Signals of the simulated process. signal(7) */
import { Violation } from "./violation.ts";

/** Numbers of the signals that a simulation sends. */
const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGTERM: 15,
  SIGXFSZ: 25,
} as const;
/** The name of one of these. */
export type SignalName = keyof typeof SIGNALS;

const SIG_DFL = 0;
const SIG_IGN = 1;

/** What happens to each signal. */
export class Signals {
  /** Set by a signal that was handled: a call that waits ends with `EINTR`. */
  interrupted = false;
  /** Told of each handler of the runtime that is about to be called. */
  handled: (signal: SignalName) => void = () => {};
  /** What sigaction(2) says and was told, by number. */
  readonly dispositions = new Map<number, number>();
  readonly #handlers = new Map<string, (() => void)[]>();
  readonly #deliver: (handler: () => void) => void;

  /** @param deliver has a handler of the runtime called in the event loop, when it comes to it */
  constructor(deliver: (handler: () => void) => void) {
    this.#deliver = deliver;
    // As both runtimes have it from their start.
    this.dispositions.set(SIGNALS.SIGPIPE, SIG_IGN);
  }

  /** The runtime's own listening. */
  listen(signal: SignalName, handler: () => void): void {
    this.#handlers.set(signal, [...this.#handlers.get(signal) ?? [], handler]);
    this.dispositions.set(SIGNALS[signal], RUNTIME_HANDLER);
  }

  /** Lets a signal come. */
  raise(signal: SignalName): void {
    const disposition = this.dispositions.get(SIGNALS[signal]) ?? SIG_DFL;
    if (disposition === SIG_IGN) return;
    if (disposition === SIG_DFL) throw new Violation(`killed by ${signal}`);
    this.interrupted = true;
    const handlers = this.#handlers.get(signal) ?? [];
    this.#deliver(() => {
      this.handled(signal);
      for (const handler of handlers) handler();
    });
  }
}

/** The address of the runtime's own handler. */
const RUNTIME_HANDLER = 0x1000;
