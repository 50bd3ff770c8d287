/** How often the program calls the kernel: it sleeps when nothing comes, and polls only as long as it may. */
import { errno } from "./errno.ts";
import { MICROSECOND, SECOND, type Time } from "./time.ts";
import { Violation } from "./violation.ts";

/** After this time without a datagram, it is quiet. */
const QUIET = SECOND / 5;
/** Most calls in a second while it is quiet: a wake-up takes a few. */
const CALLS_MAX = 20;
/** Most polls in vain in a row: signals may end the sleep after each. */
const VAIN_MAX = 3;
/** How far polling may go beyond its limit: one more call. */
const TOLERANCE = 20 * MICROSECOND;

export class Pace {
  readonly #time: Time;
  readonly #pollMax: number;
  #lastEvent: number;
  #calls = 0;
  #second = 0;
  // Since when it polls in vain; `undefined` if it does not.
  #polling: number | undefined;
  // Polls in vain since the last datagram.
  #vain = 0;
  #lastCall = "";
  #afterPoll = false;

  /** @param pollMax the longest polling, in nanoseconds */
  constructor(time: Time, pollMax: number) {
    this.#time = time;
    this.#pollMax = pollMax;
    this.#lastEvent = time.now;
  }

  /** Something came that a program has to do with. */
  disturbed(): void {
    this.#lastEvent = this.#time.now;
    this.#calls = 0;
  }

  /** The program calls the kernel. Calls on an output follow the pace of its reader. */
  called(name: string): void {
    this.#afterPoll = this.#lastCall === "poll";
    this.#lastCall = name;
    if (name === "write" || name === "poll") return;
    const { now } = this.#time;
    if (now - this.#second > SECOND) {
      this.#second = now;
      this.#calls = 0;
    }
    if (now - this.#lastEvent > QUIET && ++this.#calls > CALLS_MAX) {
      throw new Violation(`${this.#calls} calls within a second, though nothing comes`);
    }
  }

  /** A reception ended: it waited or not, and got so many messages or an error. */
  receivedBy(waits: boolean, result: number): void {
    const { now } = this.#time;
    if (result > 0) this.#vain = 0;
    if (result !== -errno.EAGAIN) this.disturbed();
    // What poll(2) has waited for is no polling.
    if (waits || result > 0 || this.#afterPoll) {
      if (this.#polling !== undefined && result <= 0) this.#vain++;
      this.#polling = undefined;
      return;
    }
    if (this.#vain >= VAIN_MAX) throw new Violation(`it polls again, after ${this.#vain} times in vain`);
    // An error or a signal ends a round of polling; the next one may follow at once.
    if (result !== -errno.EAGAIN) {
      this.#polling = undefined;
      return;
    }
    this.#polling ??= now;
    if (now - this.#polling > this.#pollMax + TOLERANCE) throw new Violation("it polls for too long");
  }
}
