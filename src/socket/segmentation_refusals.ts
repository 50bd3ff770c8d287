/**
 * Peers that cannot be sent trains.
 * @module
 */

import { Clock } from "../../ffi/clock.ts";
import { CLOCK_MONOTONIC } from "../../ffi/constants.ts";
import { sameAddress } from "../net/address.ts";

/** Peers that are remembered; a further peer replaces one of them. */
const PEERS_MAX = 1024;
/** Time after which a refused peer is tried again: the path may have changed. */
const REFUSAL_SECONDS = 30;

/** Words of an address. */
const WORDS = 4;

/**
 * Remembers, in a table of fixed size, the peers to which the kernel refused segments of some size: the path has a
 * smaller MTU, or a device that cannot segment. Other peers are not affected. The table is allocated with the first.
 */
export class SegmentationRefusals {
  #peers: Int32Array | undefined;
  #sizes = new Int32Array(0);
  #until = new Float64Array(0);
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** Remembers that the peer, an address of four words from `at`, cannot be sent segments of `size` bytes or more. */
  add(words: Int32Array, at: number, size: number): void {
    if (this.#peers === undefined) {
      this.#peers = new Int32Array(PEERS_MAX * WORDS);
      this.#sizes = new Int32Array(PEERS_MAX);
      this.#until = new Float64Array(PEERS_MAX);
    }
    const entry = entryOf(words, at);
    for (let i = 0; i < WORDS; i++) this.#peers[entry * WORDS + i] = words[at + i]!;
    this.#clock.read();
    this.#sizes[entry] = size;
    this.#until[entry] = this.#clock.seconds + REFUSAL_SECONDS;
  }

  /** Whether the peer, an address of four words from `at`, is known to refuse segments of `size` bytes. */
  has(words: Int32Array, at: number, size: number): boolean {
    if (this.#peers === undefined) return false;
    const entry = entryOf(words, at);
    if (this.#until[entry] === 0 || size < this.#sizes[entry]!) return false;
    if (!sameAddress(this.#peers, entry * WORDS, words, at)) return false;
    this.#clock.read();
    return this.#clock.seconds < this.#until[entry]!;
  }
}

/** The entry of a peer: its hash, 10 bits. */
function entryOf(words: Int32Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) hash = Math.imul(hash ^ words[at + i]!, 0x9e3779b1);
  return hash >>> 22;
}
