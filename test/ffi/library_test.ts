/** What is said of a library that can't be loaded, and of a platform that is not supported. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LibraryError, requireSupported } from "../../ffi/contract.ts";
import { loadBlocking } from "../../ffi/blocking.ts";
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

test("a runtime that is too old, and another platform, get the versions needed", () => {
  const node = {
    ...{ runtime: "Node.js 26.9.0", version: "26.9.0", least: "26.10", upgrade: "npx node@26" },
    ...{ platform: "linux", arch: "x64" },
  };
  for (const version of ["26.10.0", "26.11.0-nightly", "27.0.1"]) requireSupported({ ...node, version });
  requireSupported({ ...node, version: "26.10.0", arch: "arm64" });
  const refused: [changes: Partial<typeof node>, message: RegExp][] = [
    [{}, /^Node\.js 26\.9\.0 is too old: it needs Deno 2, Bun 1\.3, Node\.js 26\.10, or later; try: npx node@26$/],
    [{ version: "24.99.0" }, /too old/],
    [{ version: "27.0.0", platform: "darwin" }, /^not supported on darwin x64: it needs 64-bit Linux on x86-64 or/],
    [{ version: "27.0.0", arch: "riscv64" }, /^not supported on linux riscv64:/],
  ];
  for (const [changes, message] of refused) {
    assert.throws(() => requireSupported({ ...node, ...changes }), (error) => {
      assert.ok(error instanceof LibraryError);
      assert.match(error.message, message);
      return true;
    });
  }
});

describe("of several libraries, the first that can be loaded is used", () => {
  const libraries = ["/nonesuch/libc.so.6", "libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

  test("for calls", () => {
    const { call } = runtime().ffi.load(libraries, { toupper: { parameters: ["i32"], result: "i32" } });
    assert.equal(call.toupper(0x61), 0x41);
  });

  test("for calls that block, which go one by one", async () => {
    const signatures = {
      toupper: { parameters: ["i32"], result: "i32" },
      tolower: { parameters: ["i32"], result: "i32" },
    } as const;
    const { call: functions } = loadBlocking(signatures, () => {}, libraries);
    assert.equal(await functions.toupper(0x61), 0x41);
    assert.equal(await functions.tolower(0x41), 0x61);
  });
});
