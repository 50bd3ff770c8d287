/** Socket addresses in memory: what is written, and that nothing beside it is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AF_INET, AF_INET6 } from "../../ffi/constants.ts";
import { Memory } from "../../ffi/memory.ts";
import { addressText, addressWords, parseAddress } from "../../src/net/address.ts";
import {
  readPort,
  readSocketAddress,
  socketAddressSize,
  writeResolvedAddress,
  writeSocketAddress,
} from "../../src/net/socket_address.ts";

const AT = 64;
/** What the memory holds before. */
const OLD = 0xee;

/** Writes a socket address between other bytes; returns its bytes, and asserts that the others stay as they are. */
function written(family: number, address: string, port: number, scope: number): number[] {
  const memory = new Memory(192);
  memory.bytes.fill(OLD);
  const words = Int32Array.of(1, 2, 3, ...addressWords(parseAddress(address)!), 4);
  const length = writeSocketAddress(memory, AT, family, words, 3, port, scope);
  for (const [i, byte] of memory.bytes.entries()) if (i < AT || i >= AT + 28) assert.equal(byte, OLD, `byte ${i}`);
  return [...memory.bytes.subarray(AT, AT + length)];
}

describe("a socket address", () => {
  test("of IPv4: family, port, address", () => {
    const bytes = written(AF_INET, "192.0.2.1", 0x1234, 0);
    assert.equal(bytes.length, 16);
    assert.deepEqual(bytes.slice(0, 8), [2, 0, 0x12, 0x34, 192, 0, 2, 1]);
  });

  test("of IPv6: family, port, flow label, address, scope", () => {
    const address = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const bytes = written(AF_INET6, "fe80::102:304:506:708", 65_535, 0x01020304);
    assert.deepEqual(bytes, [10, 0, 0xff, 0xff, 0, 0, 0, 0, ...address, 4, 3, 2, 1]);
  });

  test("of IPv6 with an IPv4 address, which is mapped", () => {
    const bytes = written(AF_INET6, "192.0.2.1", 7, 0);
    assert.deepEqual(bytes, [10, 0, 0, 7, 0, 0, 0, 0, ...new Array(10).fill(0), 255, 255, 192, 0, 2, 1, 0, 0, 0, 0]);
  });

  test("has the size of its family", () => {
    assert.deepEqual([AF_INET, AF_INET6].map(socketAddressSize), [16, 28]);
  });

  test("is read as it was written", () => {
    for (const [family, text, size, scope] of [[AF_INET, "192.0.2.1", 16, 0], [AF_INET6, "fe80::1", 28, 1]] as const) {
      const memory = new Memory(64);
      memory.bytes.fill(OLD);
      const address = { bytes: parseAddress(text)!, zone: "", scope };
      assert.equal(writeResolvedAddress(memory, family, address, 0xabcd), size);
      const name = memory.bytes.slice(0, size);
      const read = readSocketAddress(name);
      assert.equal(read.bytes.length, 16);
      assert.deepEqual([addressText(read.bytes), read.scope, read.zone], [text, scope, scope === 1 ? "lo" : ""]);
      assert.equal(readPort(name), 0xabcd);
    }
  });
});
