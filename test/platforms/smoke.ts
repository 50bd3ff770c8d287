/** A short test of everything, for machines that are too slow for the suite: server, trains, probe, and library. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { serve } from "../../src/mod.ts";
import { assertEchoed } from "../support/client.ts";
import { LONG } from "../support/process.ts";
import { probe } from "../support/probe.ts";
import { ask } from "../support/reflection.ts";
import { ROOT, RUNTIME, withServer } from "../support/server.ts";

const ADDRESSES = ["127.0.0.2", "::1"];
const SIZES = [0, 1, 1472, 9000, 65_507];

describe("smoke", () => {
  test("the server echoes single datagrams, bursts and trains", LONG, async () => {
    const segments = 10;
    const train = Uint8Array.from({ length: segments * 1000 }, (_, i) => i % 251);
    const summary = await withServer({ args: ["--log", "json", "--log-limit", "1"] }, async ({ port }) => {
      for (const address of ADDRESSES) {
        await assertEchoed(address, port, { sizes: SIZES });
        await assertEchoed(address, port, { sizes: [100, 100, 100, 50], count: 200, window: 32 });
        const answers = await ask(address, port, train, { segment: 1000, answers: segments });
        assert.deepEqual(answers.map(({ payload }) => payload.length), Array(segments).fill(1000));
        assert.ok(Buffer.concat(answers.map(({ payload }) => payload)).equals(train));
      }
    });
    const sent = ADDRESSES.length * (SIZES.length + 200 + segments);
    const { received, echoed } = summary;
    assert.deepEqual({ received, echoed }, { received: sent, echoed: sent });
  });

  test("the permission of the units suffices", { ...LONG, skip: RUNTIME !== "Deno" && "needs Deno" }, async () => {
    for (const unit of ["echo.service", "socket-activation.conf"]) {
      const text = readFileSync(join(ROOT, "systemd", unit), "utf8");
      const runtimeOptions = /^ExecStart=\S+ run (.*) \S+echo\.ts /m.exec(text)![1]!.split(" ");
      await withServer(
        { args: ["--quiet"], runtimeOptions },
        ({ port }) => assertEchoed("127.0.0.2", port).then(() => {}),
      );
    }
  });

  test("the probe finds the server well at every address", LONG, async () => {
    await withServer({ args: ["--quiet"] }, async ({ port }) => {
      const { targets } = await probe([...ADDRESSES, "--port", String(port), "--count", "3", "--interval", "50ms"]);
      assert.deepEqual(
        targets.map(({ verdict, sent, received }) => ({ verdict, sent, received })),
        ADDRESSES.map(() => ({ verdict: "ok", sent: 3, received: 3 })),
      );
    });
  });

  test("serve answers from the address asked", LONG, async () => {
    const stop = new AbortController();
    let port = 0;
    const served = serve({
      port: 0,
      signal: stop.signal,
      onListen: ({ socket }) => {
        port = socket.port;
      },
    }, ({ payload }) => payload);
    try {
      for (const address of ADDRESSES) await assertEchoed(address, port, { sizes: SIZES, count: 20, window: 4 });
    } finally {
      stop.abort();
      await served;
    }
  });
});
