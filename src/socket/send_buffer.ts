/**
 * The shares of the peers in a socket's send buffer.
 * @module
 */

import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { addressHash } from "../net/address.ts";

/** In a crowded buffer one peer may hold this fraction (1/n) of the free space. */
const SHARE = 32;
/** A peer that is tried again may hold this fraction (1/n) of the free space. */
const TRIAL_SHARE = 16;
/** Hash buckets for peers. */
const PEERS = 65_536;
/** Bytes of the kernel's bookkeeping of a datagram: `struct sk_buff`, `struct skb_shared_info` and headers. */
const BOOKKEEPING = 1024;

/**
 * Shares a socket's send buffer among the peers.
 *
 * Datagrams to a slow path stay in the buffer. Once it is full, the kernel refuses every datagram, those to fast paths
 * too. So when it is half full, a peer may hold one datagram in the other half, and more only up to a small fraction of
 * the free space: there is room for the others, however much the slow peers ask for. (After Choudhury and Hahne, "Dynamic
 * Queue Length Thresholds for Shared-Memory Packet Switches", 1998.)
 *
 * The kernel reports the fill level, not the peers. But a fast path returns its space soon: bytes that left since the last
 * reading are credited to the peer that has held space for the shortest time. As that may be wrong, a refused peer is
 * tried again after one refusal, two, four, and so on.
 */
export class SendBuffer {
  /** Whether the buffer is half full: then each message needs {@link admit}, and leaves alone. */
  crowded = false;
  readonly #memory: SocketMemory;
  readonly #size: number;
  // Bytes in the buffer at the last reading, and bytes reserved since.
  #level = 0;
  #reserved = 0;
  // The tables are allocated when the buffer is half full for the first time: usually never.
  #seed = 0;
  // By peer: bytes held in the other half of the buffer, and refusals since the peer last held none.
  #held = new Int32Array(0);
  #refusals = new Int32Array(0);
  // The peers that hold bytes, in order of time. One that holds none any more may still be there, before its later place.
  #holders = new Uint16Array(0);
  #holderCount = 0;

  /** @param memory the kernel's memory of the socket, read when the send buffer had its final size */
  constructor(memory: SocketMemory) {
    this.#memory = memory;
    this.#size = memory.sendBufferSize;
  }

  /**
   * Reserves space for `datagrams` datagrams of `bytes` bytes together.
   * @returns whether the buffer stays less than half full for certain; if not, {@link refresh} must come first
   */
  reserve(bytes: number, datagrams: number): boolean {
    this.#reserved += cost(bytes, datagrams);
    return this.#level + this.#reserved <= this.#size >> 1;
  }

  /** Reads the fill level from the kernel. */
  refresh(): void {
    this.#memory.read();
    let gone = this.#level - this.#memory.sendBufferUsed;
    this.#level -= gone;
    this.#reserved = 0;
    const crowded = this.#level > this.#size >> 1;
    if (crowded && this.#held.length === 0) this.#makeTables();
    if (crowded !== this.crowded) this.#forget();
    this.crowded = crowded;
    while (gone > 0 && this.#holderCount > 0) {
      const peer = this.#holders[this.#holderCount - 1]!;
      const bytes = Math.min(gone, this.#held[peer]!);
      this.#held[peer]! -= bytes;
      gone -= bytes;
      if (this.#held[peer]! > 0) return;
      this.#clear(peer);
      this.#holderCount--;
    }
  }

  /** Whether `datagrams` datagrams of `bytes` bytes together may leave for the peer, an address of four words from `at`. */
  admit(words: Int32Array, at: number, bytes: number, datagrams: number): boolean {
    const peer = addressHash(words, at, this.#seed) >>> 16;
    const held = this.#held[peer]!;
    const wanted = cost(bytes, datagrams);
    const room = this.#size - this.#level;
    if (held + wanted <= room / SHARE) return true;
    // The datagrams of a train are admitted one by one.
    if (datagrams > 1) return false;
    if (held === 0) return wanted <= room;
    const refusals = ++this.#refusals[peer]!;
    return (refusals & (refusals - 1)) === 0 && held + wanted <= room / TRIAL_SHARE;
  }

  /** Charges the peer for the bytes of its last message that stayed in the buffer. */
  charge(words: Int32Array, at: number): void {
    const before = this.#level;
    this.refresh();
    const stayed = this.#level - before;
    if (!this.crowded) return;
    const peer = addressHash(words, at, this.#seed) >>> 16;
    if (stayed <= 0) return this.#clear(peer);
    if (this.#held[peer] === 0) {
      if (this.#holderCount === PEERS) this.#forget();
      this.#holders[this.#holderCount++] = peer;
    }
    this.#held[peer]! += stayed;
  }

  #makeTables(): void {
    this.#seed = crypto.getRandomValues(new Int32Array(1))[0]!;
    this.#held = new Int32Array(PEERS);
    this.#refusals = new Int32Array(PEERS);
    this.#holders = new Uint16Array(PEERS);
  }

  #clear(peer: number): void {
    this.#held[peer] = 0;
    this.#refusals[peer] = 0;
  }

  #forget(): void {
    for (let i = 0; i < this.#holderCount; i++) this.#clear(this.#holders[i]!);
    this.#holderCount = 0;
  }
}

/** Most bytes that datagrams occupy in the buffer: large ones are split, or rounded up to the next power of two. */
function cost(bytes: number, datagrams: number): number {
  return 2 * bytes + BOOKKEEPING * datagrams;
}
