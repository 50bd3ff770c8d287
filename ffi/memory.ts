/**
 * Memory at fixed addresses.
 * @module
 */

import type { Pointer } from "./contract.ts";
import { libc } from "./library.ts";

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
  readonly #start: Pointer;

  /**
   * Allocates `size` bytes, rounded up to whole cache lines (64 bytes) and at least two.
   * @param place memory to use instead, a multiple of 64 bytes from a multiple of 64 on, such as {@link mapShared} returns
   */
  constructor(size: number, place = new Uint8Array(new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64)))) {
    const { buffer, byteOffset, length } = place;
    if (length < size) throw new RangeError(`${length} bytes instead of ${size}`);
    this.bytes = place;
    this.u16 = new Uint16Array(buffer, byteOffset, length / 2);
    this.i32 = new Int32Array(buffer, byteOffset, length / 4);
    this.#address = libc().addressOf(buffer) + byteOffset;
    this.#start = libc().pointer(this.#address);
  }

  /** The pointer to `offset`, for a call. It allocates, unless the offset is 0: a loop needs its pointers beforehand. */
  pointer(offset: number): Pointer {
    return offset === 0 ? this.#start : libc().pointer(this.#address + offset);
  }

  /** Stores a C pointer at `at`, a multiple of 8: the address of `offset` in the block `target`. It allocates nothing. */
  link(at: number, target: Memory, offset: number): void {
    const address = target.#address + offset;
    // A word takes the number modulo 2^32, without its fraction.
    this.i32[at >> 2] = address;
    this.i32[(at >> 2) + 1] = address / 0x1_0000_0000;
  }
}

// A caller may hold only the pointer: the last C string stays referenced while C reads it.
const lastCString: Memory[] = [];

/** Memory that holds a text as a C string, in UTF-8 with a terminating zero: at least until the next one is made. */
export function cString(text: string): Memory {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  lastCString[0] = memory;
  return memory;
}

/** A copy of `length` bytes of memory that libc owns. */
export function copyOf(source: Pointer, length: number): Uint8Array<ArrayBuffer> {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), source, length);
  return memory.bytes.slice(0, length);
}
