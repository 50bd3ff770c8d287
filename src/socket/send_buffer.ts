/**
 * The shares of the peers in a socket's send buffer.
 * @module
 */

import { SK_MEMINFO_SNDBUF, SK_MEMINFO_WMEM_ALLOC } from "../../ffi/constants.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { addressHash } from "../net/address.ts";

/** In a crowded buffer one peer may hold this fraction (1/n) of the free space. */
const SHARE = 32;
/** A peer that is tried again may hold this fraction (1/n) of the free space. */
const TRIAL_SHARE = 16;
/** Bytes of the kernel's bookkeeping of a datagram: `struct sk_buff`, `struct skb_shared_info` and headers. */
const BOOKKEEPING = 1024;

/** What a peer holds of a crowded buffer. */
interface Share {
  readonly peer: number;
  bytes: number;
  /** Refusals since it holds bytes. */
  refusals: number;
  /** The share of the peer that began to hold bytes before this one. */
  readonly before: Share | undefined;
}

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
  // The shares by hash of the peer, and the newest one. One that holds none any more stays until the newer ones are gone.
  readonly #shares = new Map<number, Share>();
  #newest: Share | undefined;
  // Of the hash. Node.js takes milliseconds to load `crypto`: a buffer that is never crowded does without.
  #seed = 0;

  /** @param memory the kernel's memory of the socket, read when the send buffer had its final size */
  constructor(memory: SocketMemory) {
    this.#memory = memory;
    this.#size = memory.read(SK_MEMINFO_SNDBUF);
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
    const level = this.#memory.read(SK_MEMINFO_WMEM_ALLOC);
    const crowded = level > this.#size >> 1;
    if (crowded !== this.crowded) {
      this.#shares.clear();
      this.#newest = undefined;
      if (crowded) this.#seed = crypto.getRandomValues(new Int32Array(1))[0]!;
    }
    this.crowded = crowded;
    for (let gone = this.#level - level; gone > 0 && this.#newest !== undefined; this.#newest = this.#newest.before) {
      const share = this.#newest;
      const bytes = Math.min(gone, share.bytes);
      share.bytes -= bytes;
      gone -= bytes;
      if (share.bytes > 0) break;
      this.#shares.delete(share.peer);
    }
    this.#level = level;
    this.#reserved = 0;
  }

  /** Whether `datagrams` datagrams of `bytes` bytes together may leave for the peer, an address of four words from `at`. */
  admit(words: Int32Array, at: number, bytes: number, datagrams: number): boolean {
    const share = this.#shares.get(this.#hash(words, at));
    const wanted = cost(bytes, datagrams);
    const room = this.#size - this.#level;
    const held = share?.bytes ?? 0;
    if (held + wanted <= room / SHARE) return true;
    // The datagrams of a train are admitted one by one.
    if (datagrams > 1) return false;
    if (share === undefined || held === 0) return wanted <= room;
    const refusals = ++share.refusals;
    return (refusals & (refusals - 1)) === 0 && held + wanted <= room / TRIAL_SHARE;
  }

  /** Charges the peer for the bytes of its last message that stayed in the buffer. It allocates if these are its first. */
  charge(words: Int32Array, at: number): void {
    const before = this.#level;
    this.refresh();
    const stayed = this.#level - before;
    if (!this.crowded) return;
    const peer = this.#hash(words, at);
    const share = this.#shares.get(peer);
    if (stayed <= 0) {
      if (share !== undefined) share.bytes = 0;
    } else if (share !== undefined && share.bytes > 0) {
      share.bytes += stayed;
    } else {
      // Shares of nothing must not pile up while the buffer stays crowded.
      while (this.#newest?.bytes === 0) this.#newest = this.#newest.before;
      this.#newest = { peer, bytes: stayed, refusals: 0, before: this.#newest };
      this.#shares.set(peer, this.#newest);
    }
  }

  #hash(words: Int32Array, at: number): number {
    return addressHash(words, at, this.#seed) >>> 16;
  }
}

/** Most bytes that datagrams occupy in the buffer: large ones are split, or rounded up to the next power of two. */
function cost(bytes: number, datagrams: number): number {
  return 2 * bytes + BOOKKEEPING * datagrams;
}
