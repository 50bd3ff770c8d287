/**
 * Rate limits by source.
 * @module
 */

import { IPV4_MAPPED, isMapped } from "../net/address.ts";

/** Entries of a set of the table. */
const WAYS = 8;

/** A rate limit. */
export interface Rate {
  /** Datagrams per second in the long run. */
  readonly perSecond: number;
  /** Datagrams that a quiet source may send at once. */
  readonly burst: number;
}

/**
 * Limits each source to a rate, in a table of fixed size. A source is an IPv4 address or an IPv6 /64, the smallest network
 * that a provider assigns to a customer.
 *
 * It is a token bucket in the form of the generic cell rate algorithm (ITU-T I.371): an entry holds the time at which the
 * bucket of its source is full again. The table is set-associative. A new source replaces the source of its set whose
 * bucket is full first. So two bounds hold for any number of forged sources:
 *
 * - A source that keeps to the rate is never refused: if it is replaced, it returns with a full bucket.
 * - A source that exceeds the rate gains nothing from forged sources that send less, for these are replaced first. If the
 *   seven other sources of its set are as busy, it gains at most one burst for each new source in this set.
 *
 * The hash uses random words (Pătraşcu and Thorup, "The Power of Simple Tabulation Hashing", 2012), so that no sender can
 * choose its set.
 */
export class RateLimit {
  readonly #interval: number;
  readonly #burst: number;
  readonly #sets: number;
  // Two words a source: the IPv6 /64, or the IPv4-mapped word and the address.
  readonly #sources: Int32Array;
  // Time at which the bucket is full again, in microseconds.
  readonly #full: Float64Array;
  // A random word for each value of each of the eight bytes of a source.
  readonly #random = crypto.getRandomValues(new Int32Array(8 * 256));

  /**
   * @param rate limit for each source
   * @param sources entries of the table, rounded up to a power of two of at least 8; each takes 16 bytes
   */
  constructor(rate: Rate, sources: number) {
    this.#interval = 1_000_000 / rate.perSecond;
    this.#burst = rate.burst * this.#interval;
    this.#sets = Math.max(1, 2 ** Math.ceil(Math.log2(sources / WAYS)));
    this.#sources = new Int32Array(this.#sets * WAYS * 2);
    this.#full = new Float64Array(this.#sets * WAYS);
  }

  /**
   * Takes up to `datagrams` from the bucket of a source, an address of four words from `at`. It allocates nothing, and
   * reads eight entries at most.
   * @param now time in microseconds, which never decreases
   * @returns the number of datagrams taken
   */
  take(words: Int32Array, at: number, datagrams: number, now: number): number {
    const mapped = isMapped(words, at);
    // As the first word of an IPv6 address, IPV4_MAPPED is in a block that is not assigned.
    const first = mapped ? IPV4_MAPPED : words[at]!;
    const second = mapped ? words[at + 3]! : words[at + 1]!;
    const entry = this.#find(first, second);
    const full = Math.max(this.#full[entry]!, now);
    // A rounding error must not refuse a datagram.
    const held = Math.min(datagrams, Math.floor((now + this.#burst - full) / this.#interval + 1e-6));
    this.#full[entry] = full + held * this.#interval;
    return held;
  }

  /** Sources whose bucket is not full. Takes a time that {@link take} takes. */
  count(now: number): number {
    return this.#full.reduce((count, full) => full > now ? count + 1 : count, 0);
  }

  /** The entry of a source; a new source replaces another one. */
  #find(first: number, second: number): number {
    const random = this.#random;
    const hash = random[first & 0xff]! ^ random[0x100 | first >>> 8 & 0xff]! ^ random[0x200 | first >>> 16 & 0xff]! ^
      random[0x300 | first >>> 24]! ^ random[0x400 | second & 0xff]! ^ random[0x500 | second >>> 8 & 0xff]! ^
      random[0x600 | second >>> 16 & 0xff]! ^ random[0x700 | second >>> 24]!;
    const start = (hash & (this.#sets - 1)) * WAYS;
    let soonest = start;
    for (let entry = start; entry < start + WAYS; entry++) {
      if (this.#sources[entry * 2] === first && this.#sources[entry * 2 + 1] === second) return entry;
      if (this.#full[entry]! < this.#full[soonest]!) soonest = entry;
    }
    this.#sources[soonest * 2] = first;
    this.#sources[soonest * 2 + 1] = second;
    this.#full[soonest] = 0;
    return soonest;
  }
}
