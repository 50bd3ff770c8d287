/**
 * Which peers can be sent trains of which segments (`UDP_SEGMENT`).
 * @module
 */

import { CLOCK_MONOTONIC } from "../../ffi/constants.ts";
import { Clock } from "../../ffi/libc.ts";
import { ADDRESS_SIZE } from "../net/address.ts";

/** How many peers are remembered; a further one takes the place of one of them. */
const PEERS_MAX = 1024;
/** After how long a refused peer is tried again: the way to it may have changed. */
const REFUSAL_SECONDS = 30;

const WORDS = ADDRESS_SIZE / 4;

/**
 * Remembers, in a table of fixed size, the peers to which the kernel refused to send segments of some size, because the
 * way there has a smaller MTU or a device that can't segment. They are not tried with every batch, and all others are
 * not concerned.
 */
export class SegmentationRefusals {
  /** Whether any peer has ever been refused: most often none. */
  any = false;
  readonly #peers = new Int32Array(PEERS_MAX * WORDS);
  readonly #sizes = new Int32Array(PEERS_MAX);
  readonly #until = new Float64Array(PEERS_MAX);
  readonly #clock = new Clock(CLOCK_MONOTONIC);

  /** Remembers that segments of `size` bytes, or more, don't go to the peer whose address is the four words at `at`. */
  add(words: Int32Array, at: number, size: number): void {
    const entry = index(words, at);
    for (let i = 0; i < WORDS; i++) this.#peers[entry * WORDS + i] = words[at + i]!;
    this.#clock.read();
    this.#sizes[entry] = size;
    this.#until[entry] = this.#clock.seconds + REFUSAL_SECONDS;
    this.any = true;
  }

  /** Whether segments of `size` bytes are known not to go to the peer whose address is the four words at `at`. */
  has(words: Int32Array, at: number, size: number): boolean {
    if (!this.any) return false;
    const entry = index(words, at);
    if (this.#until[entry] === 0 || size < this.#sizes[entry]!) return false;
    for (let i = 0; i < WORDS; i++) if (this.#peers[entry * WORDS + i] !== words[at + i]) return false;
    this.#clock.read();
    return this.#clock.seconds < this.#until[entry]!;
  }
}

function index(words: Int32Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) hash = Math.imul(hash ^ words[at + i]!, 0x9e3779b1);
  return hash >>> 22;
}
