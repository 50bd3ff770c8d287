/**
 * How many datagrams a second one source gets answered.
 * @module
 */

import { IPV4_MAPPED, isMapped } from "../net/address.ts";

/** Sources that share a place in the table. */
const WAYS = 8;

/** Most datagrams a second, and how many may come at once. */
export interface Rate {
  /** Datagrams a second, in the long run. */
  readonly perSecond: number;
  /** Datagrams that a source gets answered at once when it has long been quiet. */
  readonly burst: number;
}

/**
 * Limits each source to a rate, in a table of fixed size. A source is an IPv4 address or an IPv6 /64, the least that an
 * operator hands to a customer.
 *
 * It is a token bucket in the form of the generic cell rate algorithm (ITU-T I.371): of each source it keeps the time at
 * which its bucket is full again. A new source takes the place, among the eight that its hash leads to, of the one
 * whose bucket is full soonest. Hence two bounds, however many sources are forged:
 *
 * - a source that keeps to the rate is never refused: if it loses its place, it comes back with a full bucket;
 * - a source that exceeds the rate gains nothing by forging others that send less than it does, for theirs are the places
 *   that go first; and if the seven others of its place are kept as busy, at most a burst for each newcomer that hits
 *   this one of all the places.
 *
 * The hash is made of random words (Pătraşcu and Thorup, "The Power of Simple Tabulation Hashing", 2012), so that nobody
 * can aim at a place.
 */
export class RateLimit {
  readonly #interval: number;
  readonly #burst: number;
  readonly #places: number;
  // Two words a source: the IPv6 /64, or the mark of IPv4 and the address.
  readonly #sources: Int32Array;
  // Microseconds at which the bucket is full again.
  readonly #full: Float64Array;
  // A word for each value of each of the eight bytes of those.
  readonly #random = crypto.getRandomValues(new Int32Array(8 * 256));

  /**
   * @param rate what one source gets
   * @param sources how many sources the table holds, rounded up to a power of two of at least 8; each takes 16 bytes
   */
  constructor(rate: Rate, sources: number) {
    this.#interval = 1_000_000 / rate.perSecond;
    this.#burst = rate.burst * this.#interval;
    this.#places = Math.max(1, 2 ** Math.ceil(Math.log2(sources / WAYS)));
    this.#sources = new Int32Array(this.#places * WAYS * 2);
    this.#full = new Float64Array(this.#places * WAYS);
  }

  /**
   * Takes `datagrams` from the bucket of the source whose address is the four words from `at`, or as many as it holds.
   * It allocates nothing, and looks at eight entries at most.
   * @param now microseconds since some moment, never falling
   * @returns how many it held
   */
  take(words: Int32Array, at: number, datagrams: number, now: number): number {
    const mapped = isMapped(words, at);
    // As the first word of an IPv6 address, the mark is in a block that nobody has.
    const first = mapped ? IPV4_MAPPED : words[at]!;
    const second = mapped ? words[at + 3]! : words[at + 1]!;
    const entry = this.#find(first, second);
    const full = Math.max(this.#full[entry]!, now);
    // A bucket that is a rounding error short of a datagram holds it.
    const held = Math.min(datagrams, Math.floor((now + this.#burst - full) / this.#interval + 1e-6));
    this.#full[entry] = full + held * this.#interval;
    return held;
  }

  /** The entry of a source, which takes that of another one if it has none. */
  #find(first: number, second: number): number {
    const random = this.#random;
    const hash = random[first & 0xff]! ^ random[0x100 | first >>> 8 & 0xff]! ^ random[0x200 | first >>> 16 & 0xff]! ^
      random[0x300 | first >>> 24]! ^ random[0x400 | second & 0xff]! ^ random[0x500 | second >>> 8 & 0xff]! ^
      random[0x600 | second >>> 16 & 0xff]! ^ random[0x700 | second >>> 24]!;
    const start = (hash & (this.#places - 1)) * WAYS;
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
