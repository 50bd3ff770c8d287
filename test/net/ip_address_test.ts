/** IP addresses as the library's users have them: 4 or 16 bytes, and a zone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../src/mod.ts";
import { systemErrorOf } from "../support/errors.ts";

const zone = fc.string({ minLength: 1, maxLength: 15, unit: fc.constantFrom(..."ab01.-%:") });
const isMapped = (bytes: Uint8Array) => /^(00){10}ffff/.test(Buffer.from(bytes).toString("hex"));

/** The error of a call for an argument, without its code. */
function errorOf(call: () => unknown): string {
  const { code, syscall, message } = systemErrorOf(call)!;
  assert.equal(code, "EINVAL");
  return `${syscall}: ${message}`;
}

describe("an address of the library's users", () => {
  test("has the bytes of its family, and its zone", () => {
    const parsed = (text: string) => {
      const address = parseAddress(text);
      return address && [Buffer.from(address.bytes).toString("hex"), address.zone];
    };
    assert.deepEqual(parsed("192.0.2.1"), ["c0000201", ""]);
    assert.deepEqual(parsed("::ffff:192.0.2.1"), [`${"00".repeat(10)}ffffc0000201`, ""]);
    assert.deepEqual(parsed("fe80::1%eth0"), [`fe80${"00".repeat(13)}01`, "eth0"]);
    assert.deepEqual(parsed("fe80::1%a%b"), [`fe80${"00".repeat(13)}01`, "a%b"]);
    assert.deepEqual(parsed("::1%: x"), [`${"00".repeat(15)}01`, ": x"]);
    for (const text of ["", "%", "%eth0", "fe80::1%", "192.0.2.1%eth0", "192.0.2.1%", "192.0.2", "localhost"]) {
      assert.equal(parsed(text), undefined, text);
    }
  });

  test("comes back from its text, but for an IPv4-mapped one, which becomes an IPv4 address", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((last) =>
        Uint8Array.of(...Array(10).fill(0), 255, 255, ...last)
      ),
    );
    fc.assert(
      fc.property(bytes, fc.oneof(fc.constant(""), zone), (bytes, zone) => {
        const ipv4 = bytes.length === 4 ? bytes : isMapped(bytes) ? bytes.subarray(12) : undefined;
        const address = parseAddress(formatAddress(bytes, zone))!;
        assert.deepEqual([...address.bytes], [...ipv4 ?? bytes]);
        assert.equal(address.zone, ipv4 === undefined ? zone : "");
      }),
    );
  });

  test("of another number of bytes, or another type: EINVAL", () => {
    for (const size of [0, 3, 5, 15, 17]) {
      assert.equal(
        errorOf(() => formatAddress(new Uint8Array(size))),
        `inet_ntop: an address has 4 or 16 bytes, not ${size}`,
      );
    }
    const other = (...values: unknown[]) => errorOf(() => Reflect.apply(formatAddress, undefined, values));
    assert.equal(other("::1"), 'inet_ntop: an address must be a Uint8Array, not "::1"');
    assert.equal(other(new Uint8Array(16), 7), "inet_ntop: a zone must be a string, not 7");
  });
});
