/** Interfaces by name and by index. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { interfaceIndex, interfaceName } from "../../ffi/interfaces.ts";

test("each interface of the host, by its name and by its index", () => {
  const names = readdirSync("/sys/class/net").filter((name) => name !== "bonding_masters");
  assert.ok(names.includes("lo"));
  for (const name of names) {
    const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, "latin1"));
    assert.deepEqual([interfaceIndex(name), interfaceName(index)], [index, name]);
  }
});

test("a name that no interface has, or can have: 0", () => {
  // Beyond fifteen bytes libc would look at the first fifteen.
  for (const name of ["", "nonesuch0", "lo\0", "lo\0x", "x".repeat(15), "x".repeat(16), "ä".repeat(8)]) {
    assert.equal(interfaceIndex(name), 0, JSON.stringify(name));
  }
});

test("an index that no interface has: its digits", () => {
  for (const index of [0, 999_999, 2 ** 31 - 1]) assert.equal(interfaceName(index), `${index}`);
});
