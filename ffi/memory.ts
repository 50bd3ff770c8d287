/**
 * Memory that C may keep the address of.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { libc } from "./library.ts";

/**
 * One block of memory at a fixed address, zeroed, for structs that point at each other. Places in it are offsets in
 * bytes from its start; every struct must be placed at a multiple of its alignment.
 *
 * It is one `ArrayBuffer` that lives as long as this object: a small typed array would live in the garbage-collected
 * heap and move.
 */
export class Memory {
  /** The block's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The block as 16-bit words, in the byte order of the machine. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** The block as 32-bit words, in the byte order of the machine. */
  readonly i32: Int32Array<ArrayBuffer>;
  readonly #address: number;
  // The two words of the address.
  readonly #low: number;
  readonly #high: number;

  /** Allocates `size` bytes, rounded up to whole cache lines (64 bytes) and at least two. */
  constructor(size: number) {
    const buffer = new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64));
    this.bytes = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.#address = libc().addressOf(buffer);
    this.#low = this.#address | 0;
    this.#high = Math.floor(this.#address / 0x1_0000_0000);
  }

  /** The pointer to the place `at`, for a call. It may allocate: what a loop needs is to be made beforehand. */
  pointer(at: number): Pointer {
    return libc().pointer(this.#address + at);
  }

  /** Stores the address of the place `target` as a C pointer at the place `at`, a multiple of 8. */
  link(at: number, target: number): void {
    // The sum of the lower words may carry into the upper one.
    const low = (this.#low + target) | 0;
    const carry = (low >>> 0) < (this.#low >>> 0) ? 1 : 0;
    this.i32[at >> 2] = low;
    this.i32[(at >> 2) + 1] = this.#high + carry;
  }

  /** Stores an address as a C pointer at the place `at`, a multiple of 8. */
  writeAddress(at: number, address: number): void {
    this.i32[at >> 2] = address | 0;
    this.i32[(at >> 2) + 1] = Math.floor(address / 0x1_0000_0000);
  }

  /** Stores `text` and a terminating zero at the place `at`; returns the place after it. */
  writeCString(at: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    this.bytes.set(bytes, at);
    this.bytes[at + bytes.length] = 0;
    return at + bytes.length + 1;
  }

  /** The text of the zero-terminated string at the place `at`. */
  readCString(at: number): string {
    return new TextDecoder().decode(this.bytes.subarray(at, this.bytes.indexOf(0, at)));
  }
}
