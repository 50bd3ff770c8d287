/** Memory that several mappings share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EBADF } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { close } from "../../ffi/libc.ts";
import { libc } from "../../ffi/library.ts";
import { createShared, isShared, mapShared } from "../../ffi/shared_memory.ts";

test("what is written to one mapping is in the other, and not beyond", () => {
  const size = 100_000;
  const fd = createShared(size);
  const [one, other] = [mapShared(fd, size), mapShared(fd, size)];
  for (const { length, byteOffset, buffer } of [one, other]) {
    assert.deepEqual([length, (libc().addressOf(buffer) + byteOffset) % 4096], [size, 0]);
  }
  assert.ok(one.every((byte) => byte === 0));
  one[0] = 1;
  other[size - 1] = 2;
  assert.deepEqual([one[0], other[0], one[size - 1], other[size - 1]], [1, 1, 2, 2]);
  close(fd);
  one[1] = 3;
  assert.equal(other[1], 3, "the mapping outlives the descriptor");
  assert.deepEqual([one, other.subarray(7), new Uint8Array(size)].map(isShared), [true, true, false]);
});

test("a descriptor that cannot be mapped", () => {
  assert.throws(() => mapShared(999_999, 4096), new SystemError("mmap", EBADF));
});
