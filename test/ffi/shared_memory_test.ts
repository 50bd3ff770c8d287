/** Memory that several mappings share. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EBADF } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { mapShared } from "../../ffi/shared_memory.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

test("what is written to one mapping is in the other, and not beyond", async () => {
  const file = join(temporaryFolder(), "share.ts");
  // In a process of its own: when a test file ends, Deno frees its memory, and two blocks would have the same pages.
  writeFileSync(
    file,
    `import { close } from ${JSON.stringify(join(ROOT, "ffi/libc.ts"))};
    import { libc } from ${JSON.stringify(join(ROOT, "ffi/library.ts"))};
    import { createShared, isShared, mapShared } from ${JSON.stringify(join(ROOT, "ffi/shared_memory.ts"))};
    const size = 100_000;
    const fd = createShared(size);
    const [one, other] = [mapShared(fd, size), mapShared(fd, size)];
    for (const { length, byteOffset, buffer } of [one, other]) {
      console.log(length, (libc().addressOf(buffer) + byteOffset) % 4096);
    }
    console.log(one.every((byte) => byte === 0));
    one[0] = 1;
    other[size - 1] = 2;
    console.log(one[0], other[0], one[size - 1], other[size - 1]);
    console.log(close(fd));
    one[1] = 3;
    console.log(other[1], ...[one, other.subarray(7), new Uint8Array(size)].map(isShared));`,
  );
  const { code, stdout, stderr } = await run(commandLine(file, []));
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(stdout.trim().split("\n"), [
    ...["100000 0", "100000 0", "true", "1 1 2 2", "0"],
    "3 true true false",
  ]);
});

test("a descriptor that cannot be mapped", () => {
  assert.throws(() => mapShared(999_999, 4096), new SystemError("mmap", EBADF));
});
