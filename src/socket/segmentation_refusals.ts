/**
 * Peers that cannot be sent trains.
 * @module
 */

import { Clock } from "../../ffi/clock.ts";
import { CLOCK_MONOTONIC } from "../../ffi/constants.ts";
import { addressHash, sameAddress } from "../net/address.ts";
import { copyWords } from "./message_layout.ts";

/** Peers that are remembered; a further peer replaces one of them. */
const PEERS_MAX = 1024;
/** Time after which a refused peer is tried again: the path may have changed. */
const REFUSAL_SECONDS = 30;

/** Words of an entry: the address, the size of the segments, and the time until which it holds, in seconds. */
const SIZE = 4;
const UNTIL = 5;
const ENTRY_WORDS = 6;

/**
 * Remembers, in a table of fixed size, the peers to which the kernel refused segments of some size: the path has a
 * smaller MTU, or a device that cannot segment. Other peers are not affected. The table is allocated with the first.
 */
export class SegmentationRefusals {
  #entries: Int32Array | undefined;
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** Remembers that the peer, an address of four words from `at`, cannot be sent segments of `size` bytes or more. */
  add(words: Int32Array, at: number, size: number): void {
    const entries = this.#entries ??= new Int32Array(PEERS_MAX * ENTRY_WORDS);
    const entry = entryOf(words, at);
    this.#clock.read();
    copyWords(words, at, entries, entry, 4);
    entries[entry + SIZE] = size;
    entries[entry + UNTIL] = this.#clock.seconds + REFUSAL_SECONDS;
  }

  /** Whether the peer, an address of four words from `at`, is known to refuse segments of `size` bytes. */
  has(words: Int32Array, at: number, size: number): boolean {
    const entries = this.#entries;
    if (entries === undefined) return false;
    const entry = entryOf(words, at);
    if (!sameAddress(entries, entry, words, at) || size < entries[entry + SIZE]!) return false;
    this.#clock.read();
    return this.#clock.seconds < entries[entry + UNTIL]!;
  }
}

/** The index of the entry of a peer, by 10 bits of its hash. */
function entryOf(words: Int32Array, at: number): number {
  return (addressHash(words, at, 0) >>> 22) * ENTRY_WORDS;
}
