/** A few seconds of the fuzzer, always the same seed. `npm run fuzz` has the rest. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { noHosts } from "../support/hosts.ts";
import { LONG, run } from "../support/process.ts";
import { ROOT, RUN, RUNTIME } from "../support/server.ts";

test("hostile calls of every export: values or errors, and no memory but what was given", {
  ...LONG,
  skip: noHosts,
}, async () => {
  const args = ["--minutes", "0.05", "--calls", "1000", "--seed", "1", "--runtime", RUNTIME.toLowerCase()];
  const { code, stdout, stderr } = await run([...RUN, join(ROOT, "test/fuzz/fuzz.ts"), ...args], {}, LONG.timeout);
  assert.equal(code, 0, stdout + stderr);
  const [, calls, worked, received] = /(\d+) calls, (\d+) worked, (\d+) datagrams/.exec(stdout)!;
  assert.ok(Number(calls) >= 1000 && Number(worked) > 30 && Number(received) > 0, stdout);
});
