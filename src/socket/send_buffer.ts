/**
 * Whose datagrams wait in the send buffer.
 * @module
 */

import { SocketMemory } from "../../ffi/socket_memory.ts";

/** When the buffer is half full, one peer gets this part of what is free. */
const SHARE = 32;
/** When it is tried again whether a peer is slow, it may have this part of what is free. */
const TRIAL_SHARE = 16;
/** Peers are told apart by so many values of their hash. */
const PEERS = 65_536;
/** Bytes that the kernel's bookkeeping of a datagram takes: `struct sk_buff`, `struct skb_shared_info` and headers. */
const BOOKKEEPING = 1024;

/**
 * Shares a socket's send buffer among the peers.
 *
 * What a slow way out has not taken yet stays in the buffer; once it is full, the kernel refuses whatever comes next,
 * for the quick ways too. So when it is half full, a peer may have one datagram waiting in the other half, and more only
 * up to a small part of what is still free: however fast the slow ones ask, there is room for the others. (The idea is
 * that of Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998.)
 *
 * The kernel says how much is in the buffer, not whose it is. But a quick way out soon gives back what it has taken: what
 * has left since the last look is taken to be that of the peer that has had something there for the shortest time. As
 * that may be wrong, a peer is tried again after it was refused once, twice, four times, and so on.
 */
export class SendBuffer {
  /** Whether the buffer is half full: then every message must be {@link admit admitted}, and goes on its own. */
  crowded = false;
  readonly #memory: SocketMemory;
  readonly #size: number;
  // Bytes in the buffer at the last look, and bytes that were sent since.
  #level = 0;
  #since = 0;
  // What is known of the peers is kept from when the buffer is half full for the first time: most often it never is.
  #seed = 0;
  // By peer: bytes that it has in the other half of the buffer, and how often it was refused since it last had none.
  #held = new Int32Array(0);
  #refusals = new Int32Array(0);
  // The peers that have any, in the order in which they came to that; and by peer, its place there plus 1, or 0.
  #holders = new Uint16Array(0);
  #place = new Int32Array(0);
  #holderCount = 0;

  /** @param fd the socket, whose send buffer has its final size */
  constructor(fd: number) {
    this.#memory = new SocketMemory(fd);
    this.#memory.read();
    this.#size = this.#memory.sendBuffer;
  }

  /**
   * Notes that so many bytes in so many datagrams are about to be sent.
   * @returns whether {@link look} is due before that: without it the buffer might come to be half full unseen
   */
  note(bytes: number, datagrams: number): boolean {
    this.#since += cost(bytes, datagrams);
    return this.#level + this.#since > this.#size >> 1;
  }

  /** Asks the kernel how full the buffer is. */
  look(): void {
    this.#memory.read();
    let gone = this.#level - this.#memory.sending;
    this.#level -= gone;
    this.#since = 0;
    const crowded = this.#level > this.#size >> 1;
    if (crowded && this.#held.length === 0) this.#makeTables();
    if (crowded !== this.crowded) this.#forget();
    this.crowded = crowded;
    while (gone > 0 && this.#holderCount > 0) {
      const peer = this.#holders[this.#holderCount - 1]!;
      // It may have come to have nothing, and then something again, at a later place.
      if (this.#place[peer] === this.#holderCount) {
        const bytes = Math.min(gone, this.#held[peer]!);
        this.#held[peer]! -= bytes;
        gone -= bytes;
        if (this.#held[peer]! > 0) return;
        this.#clear(peer);
      }
      this.#holderCount--;
    }
  }

  /** Whether so many bytes in so many datagrams may go to the peer whose address is the four words from `at`. */
  admit(words: Int32Array, at: number, bytes: number, datagrams: number): boolean {
    const peer = this.#peer(words, at);
    const held = this.#held[peer]!;
    const wanted = cost(bytes, datagrams);
    const room = this.#size - this.#level;
    if (held + wanted <= room / SHARE) return true;
    // Of a train, as much as may go goes by single datagrams.
    if (datagrams > 1) return false;
    if (held === 0) return wanted <= room;
    const refusals = ++this.#refusals[peer]!;
    return (refusals & (refusals - 1)) === 0 && held + wanted <= room / TRIAL_SHARE;
  }

  /** Records what stayed in the buffer of the message that just went to this peer. */
  record(words: Int32Array, at: number): void {
    const before = this.#level;
    this.look();
    const stayed = this.#level - before;
    if (!this.crowded) return;
    const peer = this.#peer(words, at);
    if (stayed <= 0) {
      this.#clear(peer);
      return;
    }
    if (this.#place[peer] === 0) {
      if (this.#holderCount === PEERS) this.#forget();
      this.#holders[this.#holderCount++] = peer;
      this.#place[peer] = this.#holderCount;
    }
    this.#held[peer]! += stayed;
  }

  #makeTables(): void {
    this.#seed = crypto.getRandomValues(new Int32Array(1))[0]!;
    this.#held = new Int32Array(PEERS);
    this.#refusals = new Int32Array(PEERS);
    this.#holders = new Uint16Array(PEERS);
    this.#place = new Int32Array(PEERS);
  }

  #clear(peer: number): void {
    this.#held[peer] = 0;
    this.#refusals[peer] = 0;
    this.#place[peer] = 0;
  }

  #forget(): void {
    for (let i = 0; i < this.#holderCount; i++) this.#clear(this.#holders[i]!);
    this.#holderCount = 0;
  }

  #peer(words: Int32Array, at: number): number {
    let hash = this.#seed;
    for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ (hash >>> 15) ^ words[at + i]!, 0x9e3779b1);
    return hash >>> 16;
  }
}

/** What datagrams take up in the buffer at most: large ones go in pieces, or in memory of the next power of two. */
function cost(bytes: number, datagrams: number): number {
  return 2 * bytes + BOOKKEEPING * datagrams;
}
