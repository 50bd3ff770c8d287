/** Memory for structs: its size, its pointers, its strings. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { libc } from "../../ffi/library.ts";
import { copyOf, cString, Memory } from "../../ffi/memory.ts";

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

  test("a text is a C string: its bytes in UTF-8, and a zero", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20, unit: "grapheme" }), (text) => {
        const expected = new TextEncoder().encode(text);
        const { bytes } = cString(text);
        assert.deepEqual([...bytes.subarray(0, expected.length + 1)], [...expected, 0]);
      }),
    );
    assert.ok(cString("ä".repeat(100)).bytes.length > 200);
  });
});
