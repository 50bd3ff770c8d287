/**
 * The rate limit of all sources together.
 * @module
 */

import type { Rate } from "./rate_limit.ts";

/** Units of the rate, and of the burst: the word overflows in eight seconds. */
const UNITS = 2 ** 28;
/** Units that a time may be short by rounding. A rounding error must not refuse a datagram. */
const ROUNDING = 2;

/**
 * Limits all datagrams to a rate, in one word that several processes may share. It is a token bucket as in `RateLimit`.
 *
 * The word holds the time at which the bucket is full again, modulo 2^32, in units of a fraction of a datagram: so a
 * single compare-and-swap takes from the bucket. It has to be
 * called every few seconds, to tell a bucket that was full long ago from one that is empty.
 */
export class TotalRate {
  readonly #word: Int32Array;
  readonly #unitsPerDatagram: number;
  readonly #unitsPerMicrosecond: number;
  readonly #burst: number;

  /**
   * @param rate limit for all sources together
   * @param word the word, 0 at first
   */
  constructor({ perSecond, burst }: Rate, word: Int32Array = new Int32Array(1)) {
    this.#word = word;
    this.#unitsPerDatagram = Math.max(1, Math.floor(UNITS / Math.max(perSecond, burst)));
    this.#unitsPerMicrosecond = this.#unitsPerDatagram * perSecond / 1_000_000;
    this.#burst = burst * this.#unitsPerDatagram + Math.min(ROUNDING, this.#unitsPerDatagram - 1);
  }

  /**
   * Takes up to `datagrams` from the bucket. It allocates nothing.
   * @param now time in microseconds of a clock that all processes share
   * @returns the number of datagrams taken
   */
  take(datagrams: number, now: number): number {
    const word = this.#word;
    // 0 stands for a bucket that was never used, so no time is 0.
    const time = (this.#unitsPerMicrosecond * now) | 0 || 1;
    for (;;) {
      const full = Atomics.load(word, 0);
      const missing = full === 0 ? 0 : Math.max(0, (full - time) | 0);
      const taken = Math.max(0, Math.min(datagrams, Math.floor((this.#burst - missing) / this.#unitsPerDatagram)));
      const next = (time + missing + taken * this.#unitsPerDatagram) | 0 || 1;
      if (Atomics.compareExchange(word, 0, full, next) === full) return taken;
    }
  }
}
