/** IPv6 where `/proc/sys` and `/proc/net` are hidden, as in a chroot, with `ProcSubset=pid`, and in hardened containers. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertEchoed, noCompiler } from "../support/client.ts";
import { missing, notRoot } from "../support/process.ts";
import { probeOne } from "../support/probe.ts";
import { withServer } from "../support/server.ts";

/** Runs a command in a mount namespace of its own, where an empty file system covers both folders. */
const wrapper = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'mount -t tmpfs none /proc/sys && mount -t tmpfs none "/proc/$$/net" && exec "$@"',
  "sh",
];

describe("without /proc/sys", { skip: notRoot || noCompiler || missing("unshare", "mount") }, () => {
  test("the server answers over both families, and the probe finds it", async () => {
    const { echoed } = await withServer({ args: ["-q"], wrapper }, async (server) => {
      assert.match(server.readyLine, /^listening on \[::\]:\d+ \(IPv4 and IPv6, /);
      await assertEchoed("::1", server.port);
      await assertEchoed("127.0.0.1", server.port);
      const { verdict, received } = await probeOne([`[::1]:${server.port}`, "-c", "2"], { wrapper });
      assert.deepEqual({ verdict, received }, { verdict: "ok", received: 2 });
    });
    assert.equal(echoed, 4);
  });
});
