/** The address space of the simulated process. */
import { Violation } from "./violation.ts";

interface Region {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Each region lies near a multiple of this, so that an address tells its region. */
const SLOT_SIZE = 2 ** 33;
/** Addresses of user space have 47 bits. */
const SLOTS = 2 ** 47 / SLOT_SIZE;

/**
 * Gives buffers addresses, and checks each access against the buffers that were given one. Regions are far from each
 * other, so that an access beyond one hits no other; and many lie across a multiple of 2^32, where the halves of a pointer
 * carry.
 */
export class AddressSpace {
  readonly #slots: (WeakRef<Region> | undefined)[] = [];
  // Holds a region for as long as its buffer lives.
  readonly #regions = new WeakMap<ArrayBuffer, Region>();
  #last = 0;

  /** The address of a buffer: always the same. */
  addressOf(buffer: ArrayBuffer): number {
    let region = this.#regions.get(buffer);
    if (region === undefined) {
      do this.#last = this.#last % (SLOTS - 2) + 1; while (this.#slots[this.#last]?.deref() !== undefined);
      const before = this.#last % 3 === 0 ? 0 : Math.floor(buffer.byteLength / 128) * 64;
      region = { start: this.#last * SLOT_SIZE - before, bytes: new Uint8Array(buffer), view: new DataView(buffer) };
      this.#slots[this.#last] = new WeakRef(region);
      this.#regions.set(buffer, region);
    }
    return region.start;
  }

  /**
   * The bytes at an address.
   * @throws {Violation} where they are not all in one buffer
   */
  bytes(address: number, length: number): Uint8Array {
    const region = this.#find(address, length);
    return region.bytes.subarray(address - region.start, address - region.start + length);
  }

  u16(address: number): number {
    const region = this.#find(address, 2);
    return region.view.getUint16(address - region.start, true);
  }

  i32(address: number): number {
    const region = this.#find(address, 4);
    return region.view.getInt32(address - region.start, true);
  }

  u32(address: number): number {
    return this.i32(address) >>> 0;
  }

  /** A number of 64 bits: a pointer, a `size_t`. */
  u64(address: number): number {
    return this.u32(address) + this.u32(address + 4) * 2 ** 32;
  }

  setU16(address: number, value: number): void {
    const region = this.#find(address, 2);
    region.view.setUint16(address - region.start, value, true);
  }

  setI32(address: number, value: number): void {
    const region = this.#find(address, 4);
    region.view.setInt32(address - region.start, value, true);
  }

  setU64(address: number, value: number): void {
    this.setI32(address, value | 0);
    this.setI32(address + 4, Math.floor(value / 2 ** 32));
  }

  /** The zero-terminated string at an address. */
  string(address: number): string {
    const region = this.#find(address, 1);
    const end = region.bytes.indexOf(0, address - region.start);
    if (end < 0) throw new Violation(`the string at ${address.toString(16)} has no end`);
    return new TextDecoder().decode(region.bytes.subarray(address - region.start, end));
  }

  #find(address: number, length: number): Region {
    const region = this.#slots[Math.floor((address + SLOT_SIZE / 2) / SLOT_SIZE)]?.deref();
    const inside = region !== undefined && address >= region.start &&
      address + length <= region.start + region.bytes.byteLength;
    if (inside && length >= 0) return region;
    throw new Violation(`${length} bytes at 0x${address.toString(16)} are not in memory that was handed over`);
  }
}
