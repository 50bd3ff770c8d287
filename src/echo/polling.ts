/**
 * When the server polls before it sleeps.
 * @module
 */

/** Receptions that are measured to compare sleeping and polling. */
const SAMPLE = 32;
/** Fewest and most receptions until they are compared again. */
const STAY_MIN = 256;
const STAY_MAX = 4096;
/** Polling pays if waits get shorter by this factor. */
const GAIN = 4 / 3;
/** Polls in vain in a row after which polling ends. */
const MISSES_MAX = 3;
/** A pause in the traffic, after which it may be of another kind, in microseconds. */
const PAUSE = 50_000;

/** What the receptions since the last decision are for. */
type Phase = "measure sleeping" | "measure polling" | "stay";

/**
 * Decides how long the server polls for datagrams before it sleeps in the kernel.
 *
 * A sleep and a wake-up may take longer than a client takes to send the next datagram, and the client sends it only after
 * the answer. How long they take depends on the machine and on its other guests, so it is measured: some receptions
 * asleep, some polled, and then the server stays with what is better, longer each time the result is the same. Where
 * datagrams come at times of their own, the waits are as long with polling, and the server sleeps.
 *
 * A poll that is as long as a sleep and a wake-up costs at most twice the optimum. (Karlin et al., "Empirical Studies of
 * Competitive Spinning for a Shared-Memory Multiprocessor", 1991.) Waits of more than twice the longest poll are not
 * measured at all, nor those for several datagrams that come at once, each by itself: sleeping lets more of them gather
 * and costs less.
 */
export class AdaptivePolling {
  /** Longest time to poll now, in microseconds. */
  windowMicroseconds = 0;
  readonly #ceiling: number;
  #phase: Phase = "measure sleeping";
  // Receptions until the phase ends.
  #left = SAMPLE;
  // In this phase: receptions that were measured, the sum of their waits, and polls in vain in a row.
  #measured = 0;
  #waited = 0;
  #misses = 0;
  #sleepingWait = 0;
  // The last decision, and how many receptions it is for.
  #pays = false;
  #stay = STAY_MIN;

  /** @param ceilingMicroseconds longest poll; 0 never to poll */
  constructor(ceilingMicroseconds: number) {
    this.#ceiling = ceilingMicroseconds;
  }

  /**
   * Notes a reception.
   * @param waitedMicroseconds time from the end of the last round to the reception
   * @param gathered whether several datagrams came, each by itself, or none
   */
  received(waitedMicroseconds: number, gathered: boolean): void {
    if (waitedMicroseconds > PAUSE) {
      this.#stay = STAY_MIN;
      return this.#begin("measure sleeping", SAMPLE, false);
    }
    const missed = gathered || waitedMicroseconds > this.windowMicroseconds;
    this.#misses = missed ? this.#misses + 1 : 0;
    if (this.windowMicroseconds > 0 && this.#misses >= MISSES_MAX) {
      if (this.#phase === "measure polling") return this.#decide(false);
      return this.#begin("measure sleeping", SAMPLE, false);
    }
    if (!gathered && waitedMicroseconds <= this.#ceiling * 2) {
      this.#measured++;
      this.#waited += waitedMicroseconds;
    } else if (this.#phase === "measure sleeping") {
      // Where many are slow, the phase does not end.
      this.#left = Math.min(SAMPLE, this.#left + 2) + 1;
    }
    if (--this.#left > 0) return;
    const wait = this.#waited / this.#measured;
    if (this.#phase === "measure polling") return this.#decide(wait * GAIN <= this.#sleepingWait);
    this.#sleepingWait = wait;
    if (this.#phase === "stay") this.#begin("measure sleeping", SAMPLE, false);
    else this.#begin("measure polling", SAMPLE, true);
  }

  /** Polls or sleeps from now on, for longer if it did so before. */
  #decide(pays: boolean): void {
    this.#stay = pays === this.#pays ? Math.min(this.#stay * 2, STAY_MAX) : STAY_MIN;
    this.#pays = pays;
    this.#begin("stay", this.#stay, pays);
  }

  #begin(phase: Phase, receptions: number, polls: boolean): void {
    this.#phase = phase;
    this.#left = receptions;
    this.#measured = 0;
    this.#waited = 0;
    this.#misses = 0;
    this.windowMicroseconds = polls ? this.#ceiling : 0;
  }
}
