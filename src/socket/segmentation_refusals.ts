/**
 * Peers that cannot be sent trains.
 * @module
 */

import { addressHash, sameAddress } from "../net/address.ts";

/** Peers that are remembered; a further one makes room by forgetting them. */
const PEERS_MAX = 1024;
/** Time after which a refused peer is tried again: the path may have changed. */
const REFUSAL_MILLISECONDS = 30_000;

/** What the kernel refused to a peer. */
interface Refusal {
  /** The peer, as four words. */
  readonly address: Int32Array;
  /** The size of the segments. */
  readonly size: number;
  /** When it ends, by `performance.now()`. */
  readonly end: number;
}

/**
 * Remembers the peers to which the kernel refused segments of some size: the path has a smaller MTU, or a device that
 * cannot segment. Other peers are not affected.
 */
export class SegmentationRefusals {
  // By hash of the peer; the newer of two with the same hash.
  readonly #refusals = new Map<number, Refusal>();

  /** Remembers that the peer, an address of four words from `at`, cannot be sent segments of `size` bytes or more. */
  add(words: Int32Array, at: number, size: number): void {
    if (this.#refusals.size >= PEERS_MAX) this.#refusals.clear();
    const end = performance.now() + REFUSAL_MILLISECONDS;
    this.#refusals.set(addressHash(words, at, 0), { address: words.slice(at, at + 4), size, end });
  }

  /** Whether the peer, an address of four words from `at`, is known to refuse segments of `size` bytes. */
  has(words: Int32Array, at: number, size: number): boolean {
    if (this.#refusals.size === 0) return false;
    const refusal = this.#refusals.get(addressHash(words, at, 0));
    return refusal !== undefined && size >= refusal.size && sameAddress(refusal.address, 0, words, at) &&
      performance.now() < refusal.end;
  }
}
