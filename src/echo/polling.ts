/**
 * When the server polls before it sleeps.
 * @module
 */

/** First window, in microseconds. */
const WINDOW_START = 10;
/** Receptions in a row that must favour polling before the window grows. */
const RECEPTIONS = 1;

/**
 * Decides how long the server polls for datagrams before it sleeps in the kernel: a sleep and a wake-up cost more time
 * than waiting for a datagram that comes soon.
 *
 * The window grows when a datagram came soon after the process went to sleep, and closes when none came within the
 * ceiling, as the kernel does for its guests (virt/kvm/kvm_main.c, `halt_poll_ns`). It grows only while datagrams come one
 * at a time, or in trains. Where several are on their way, each by itself, sleeping lets more of them gather and costs
 * less.
 */
export class AdaptivePolling {
  /** Longest time to poll now, in microseconds. */
  windowMicroseconds = 0;
  readonly #ceiling: number;
  #receptions = 0;

  /** @param ceilingMicroseconds longest window; 0 never to poll */
  constructor(ceilingMicroseconds: number) {
    this.#ceiling = ceilingMicroseconds;
  }

  /**
   * Notes a reception.
   * @param waitedMicroseconds time from the end of the last round to the reception
   * @param gathered whether several datagrams came, each by itself
   */
  received(waitedMicroseconds: number, gathered: boolean): void {
    if (waitedMicroseconds > this.#ceiling || gathered) {
      this.windowMicroseconds = 0;
      this.#receptions = 0;
    } else if (this.#receptions < RECEPTIONS) {
      this.#receptions++;
    } else if (waitedMicroseconds > this.windowMicroseconds) {
      this.windowMicroseconds = Math.min(this.#ceiling, Math.max(WINDOW_START, this.windowMicroseconds * 2));
    }
  }
}
