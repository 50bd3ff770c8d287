/** Memory for structs: its size, its pointers, its strings. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { libc } from "../../ffi/library.ts";
import { copyOf, Memory } from "../../ffi/memory.ts";

/** The address of the start of a block. */
function addressOf({ bytes }: Memory): bigint {
  return BigInt(libc().addressOf(bytes.buffer) + bytes.byteOffset);
}

describe("memory", () => {
  test("is zeroed, in whole cache lines and at least two, and all views show it", () => {
    for (const [size, length] of [[0, 128], [1, 128], [128, 128], [129, 192], [192, 192], [193, 256]] as const) {
      const { bytes, u16, i32 } = new Memory(size);
      assert.deepEqual([bytes.length, u16.length, i32.length], [length, length / 2, length / 4], `${size} bytes`);
      assert.ok(bytes.every((byte) => byte === 0));
      i32[1] = 0x04030201;
      assert.deepEqual([...bytes.subarray(4, 8), u16[2]], [1, 2, 3, 4, 0x0201]);
    }
  });

  test("in a given place: the whole of it, but none that is too small", () => {
    const place = new Uint8Array(new ArrayBuffer(256), 64, 128);
    const { bytes, u16, i32 } = new Memory(128, place);
    assert.deepEqual([bytes === place, u16.byteOffset, u16.length, i32.byteOffset, i32.length], [true, 64, 64, 64, 32]);
    assert.throws(() => new Memory(129, place), new RangeError("128 bytes instead of 129"));
  });

  test("a pointer leads to its offset", () => {
    const memory = new Memory(128);
    memory.bytes.set([7, 8, 9], 64);
    assert.deepEqual([...copyOf(memory.pointer(64), 3)], [7, 8, 9]);
    const part = new Memory(128, new Uint8Array(new ArrayBuffer(256), 128, 128));
    part.bytes[1] = 5;
    assert.deepEqual([...copyOf(part.pointer(1), 1)], [5]);
  });

  test("a stored pointer is the address, also where the lower word overflows", () => {
    const memory = new Memory(128);
    const target = new Memory(128);
    const view = new DataView(memory.bytes.buffer);
    const address = addressOf(target);
    const toNextWord = Number(0x1_0000_0000n - (address & 0xffff_ffffn));
    const offset = fc.oneof(fc.nat(), fc.integer({ min: -2, max: 2 }).map((step) => toNextWord + step));
    fc.assert(
      fc.property(offset.filter((offset) => offset < 2 ** 32), fc.nat(15), (offset, i) => {
        memory.bytes.fill(0);
        memory.link(i * 8, target, offset);
        assert.equal(view.getBigUint64(i * 8, true), address + BigInt(offset));
        assert.ok(memory.bytes.every((byte, at) => byte === 0 || at >> 3 === i));
      }),
    );
  });

  test("a string comes back, ended by a zero", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20, unit: "grapheme" }), fc.nat(32), (text, at) => {
        const memory = new Memory(128);
        memory.bytes.fill(0x78);
        const written = text.replaceAll("\0", "");
        memory.writeCString(at, written);
        const { length } = new TextEncoder().encode(written);
        assert.equal(memory.readCString(at), written);
        assert.deepEqual([memory.bytes[at + length], memory.bytes[at + length + 1]], [0, 0x78]);
        assert.ok(memory.bytes.subarray(0, at).every((byte) => byte === 0x78));
      }),
    );
  });
});
