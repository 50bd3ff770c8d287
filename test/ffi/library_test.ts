/** What is said of a library that can't be loaded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LibraryError } from "../../ffi/contract.ts";
import { runtime } from "../../ffi/runtime.ts";

test("the reason is one line, said once", () => {
  const signatures = { memcpy: { parameters: ["pointer", "pointer", "u32"], result: "pointer" } } as const;
  assert.throws(() => runtime().ffi.load(["/nonesuch/libc.so.6"], signatures), (error) => {
    assert.ok(error instanceof LibraryError);
    assert.match(error.message, /^cannot load libc: .*\/nonesuch\/libc\.so\.6.*No such file or directory$/);
    assert.doesNotMatch(error.message, /(?<words>.{12,}).*\k<words>/);
    return true;
  });
});
