/** Blocks of counters that a test maps into its own process. */
import assert from "node:assert/strict";
import { MAP_FIXED, PROT_READ, PROT_WRITE } from "../../ffi/constants.ts";
import { lazyLibc, libc } from "../../ffi/library.ts";
import { Block } from "../../src/echo/group.ts";

/** <asm-generic/mman-common.h> */
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;

/**
 * Makes a block, or maps one that has this descriptor. When it is disposed of, its place has private memory again: the
 * runtime frees it with the test file, and the allocator would write to pages that another block, or process, has too.
 */
export function mapBlock(servers: number, fd?: number): Block & Disposable {
  const block = new Block(servers, fd);
  const [{ buffer, byteOffset }, last] = [block.stop, block.headers.at(-1)];
  const dispose = () => {
    if (last === undefined) return;
    const start = libc().pointer(libc().addressOf(buffer as ArrayBuffer) + byteOffset);
    const size = last.byteOffset + last.byteLength - byteOffset;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    assert.notEqual(lazyLibc().mmap(start, size, PROT_READ | PROT_WRITE, flags, -1, null), -1);
  };
  return Object.assign(block, { [Symbol.dispose]: dispose });
}
