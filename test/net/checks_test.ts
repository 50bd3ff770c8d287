/** Checks of arguments: what passes, and the sentence about what does not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EINVAL } from "../../ffi/constants.ts";
import {
  describe,
  INTERNAL,
  requireBytes,
  requireInteger,
  requireInternal,
  requireType,
} from "../../src/net/checks.ts";
import { systemErrorOf } from "../support/errors.ts";

/** The message of the error that a call throws. */
function messageOf(call: () => unknown): string {
  const { errno, syscall, message } = systemErrorOf(call)!;
  assert.deepEqual([errno, syscall], [EINVAL, "bind"]);
  return message;
}

test("a whole number within its range, with both ends", () => {
  for (const value of [-2, 0, 7]) assert.equal(requireInteger("bind", "it", value, -2, 7), value);
  for (const value of [-3, 8, 0.5, NaN, Infinity, "0", 0n, null, undefined, [0], { valueOf: () => 0 }]) {
    assert.equal(
      messageOf(() => requireInteger("bind", "it", value, -2, 7)),
      `it must be a whole number from -2 to 7, not ${describe(value)}`,
    );
  }
});

test("a value of its type comes back, another is described", () => {
  const bytes = new Uint8Array(3);
  const call = () => {};
  assert.deepEqual([requireType("bind", "it", "", "string"), requireType("bind", "it", false, "boolean")], ["", false]);
  assert.equal(requireType("bind", "it", bytes, "object"), bytes);
  assert.equal(requireType("bind", "it", call, "function"), call);
  assert.equal(requireBytes("bind", "it", bytes), 3);
  requireInternal("bind", INTERNAL, "no");
  assert.equal(messageOf(() => requireType("bind", "it", 1, "string")), "it must be a string, not 1");
  assert.equal(messageOf(() => requireType("bind", "it", 1, "boolean")), "it must be true or false, not 1");
  for (const value of [null, undefined, 1, call]) {
    assert.equal(
      messageOf(() => requireType("bind", "it", value, "object")),
      `it must be an object, not ${describe(value)}`,
    );
  }
  assert.equal(messageOf(() => requireType("bind", "it", {}, "function")), "it must be a function, not an object");
  assert.equal(messageOf(() => requireInternal("bind", Symbol("internal"), "how else")), "how else");
});

test("bytes are counted as the runtime keeps them, and other arrays are none", () => {
  class Liar extends Uint8Array {
    override get length(): number {
      return 99;
    }
    override get [Symbol.toStringTag](): "Uint8Array" {
      return "nothing" as "Uint8Array";
    }
  }
  assert.equal(requireBytes("bind", "it", new Liar(5)), 5);
  const pretender = { length: 1, [Symbol.toStringTag]: "Uint8Array" };
  for (const value of [new Uint16Array(1), new DataView(new ArrayBuffer(1)), new ArrayBuffer(1), pretender, [1], "a"]) {
    assert.equal(messageOf(() => requireBytes("bind", "it", value)), `it must be a Uint8Array, not ${describe(value)}`);
  }
});

test("a value as text", () => {
  const described: [unknown, string][] = [
    ["a\nb", '"a\\nb"'],
    ["x".repeat(64), `"${"x".repeat(64)}"`],
    ["x".repeat(65), "a string of 65 characters"],
    [5n, "5n"],
    [Symbol("x"), "a symbol"],
    [() => {}, "a function"],
    [null, "null"],
    [[1], "an array"],
    [{}, "an object"],
    [undefined, "undefined"],
    [-0.5, "-0.5"],
    [true, "true"],
  ];
  for (const [value, text] of described) assert.equal(describe(value), text);
});
