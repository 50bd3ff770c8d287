/**
 * When a server on the event loop polls, and when it sleeps.
 * @module
 */

/** Time to poll after a datagram: as long as a sleep and a wake-up take. */
const POLL_MILLISECONDS = 0.1;
/** Most datagrams without polling after it was in vain. */
const SKIP_MAX = 64;

/**
 * Decides whether a server receives again with the next turn of the event loop, or sleeps.
 *
 * To poll for as long as a sleep and a wake-up take costs at most twice the optimum. (Karlin et al., "Empirical Studies of
 * Competitive Spinning for a Shared-Memory Multiprocessor", 1991.) After polling in vain it skips one datagram, then two,
 * four and so on: at a rate too low for it, polling costs little.
 */
export class TurnPolling {
  #deadline = -Infinity;
  #backoff = 0;
  #skip = 0;
  #polled = false;

  /** Notes a reception. */
  received(): void {
    if (this.#polled) this.#backoff = 0;
    this.#polled = false;
    this.#deadline = this.#skip > 0 ? -Infinity : performance.now() + POLL_MILLISECONDS;
    if (this.#skip > 0) this.#skip--;
  }

  /** Whether to receive again after nothing was there. */
  goesOn(): boolean {
    if (performance.now() < this.#deadline) return this.#polled = true;
    if (this.#polled) this.#skip = this.#backoff = Math.min(SKIP_MAX, this.#backoff * 2 || 1);
    this.#polled = false;
    return false;
  }
}
