/**
 * Memory at fixed addresses.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { libc } from "./library.ts";

function allocate(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64)));
}

/**
 * One zeroed block of memory at a fixed address, for structs that point at each other. Offsets are in bytes from its
 * start; every struct starts at a multiple of its alignment.
 *
 * The block is one `ArrayBuffer` over 64 bytes: a small typed array lives in the garbage-collected heap and moves. It is
 * freed with this object, so an object that holds its pointers must hold it too.
 */
export class Memory {
  /** The block as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The block as 16-bit words in the byte order of the machine. */
  readonly u16: Uint16Array<ArrayBuffer>;
  /** The block as 32-bit words in the byte order of the machine. */
  readonly i32: Int32Array<ArrayBuffer>;
  readonly #address: number;
  // The two words of the address.
  readonly #low: number;
  readonly #high: number;

  /**
   * Allocates `size` bytes, rounded up to whole cache lines (64 bytes) and at least two.
   * @param place memory to use instead, a multiple of 64 bytes from a multiple of 64 on, such as {@link mapShared} returns
   */
  constructor(size: number, place: Uint8Array<ArrayBuffer> = allocate(size)) {
    const { buffer, byteOffset, length } = place;
    if (length < size) throw new RangeError(`${length} bytes instead of ${size}`);
    this.bytes = place;
    this.u16 = new Uint16Array(buffer, byteOffset, length / 2);
    this.i32 = new Int32Array(buffer, byteOffset, length / 4);
    this.#address = libc().addressOf(buffer) + byteOffset;
    this.#low = this.#address | 0;
    this.#high = Math.floor(this.#address / 0x1_0000_0000);
  }

  /** The pointer to `offset`, for a call. It may allocate: a loop needs its pointers beforehand. */
  pointer(offset: number): Pointer {
    return libc().pointer(this.#address + offset);
  }

  /** Stores a C pointer at `at`, a multiple of 8: the address of `offset` in the block `target`. It allocates nothing. */
  link(at: number, target: Memory, offset: number): void {
    // The sum of the lower words may carry into the upper one.
    const low = (target.#low + offset) | 0;
    const carry = (low >>> 0) < (target.#low >>> 0) ? 1 : 0;
    this.i32[at >> 2] = low;
    this.i32[(at >> 2) + 1] = target.#high + carry;
  }

  /** Stores `text` and a terminating zero at `at`. */
  writeCString(at: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.bytes.set(bytes, at);
    this.bytes[at + bytes.length] = 0;
  }

  /** The text of the zero-terminated string at `at`. */
  readCString(at: number): string {
    return new TextDecoder().decode(this.bytes.subarray(at, this.bytes.indexOf(0, at)));
  }
}

/** A copy of `length` bytes of memory that libc owns. */
export function copyOf(source: Pointer, length: number): Uint8Array<ArrayBuffer> {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), source, length);
  return memory.bytes.slice(0, length);
}
