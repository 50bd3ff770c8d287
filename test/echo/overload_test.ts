/**
 * Full buffers, unread outputs, and a great many datagrams. The server keeps answering the peers on other
 * paths, recovers by itself, and accounts for every datagram.
 */
import assert from "node:assert/strict";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertEchoed, forge, noCompiler, send, Stream } from "../support/client.ts";
import { noCounting } from "../support/counting.ts";
import { FaultyNetwork, PORT } from "../support/faulty_network.ts";
import { FULL, otherRuntime } from "../support/full_mode.ts";
import { type Host, noHosts } from "../support/hosts.ts";
import { LONG, missing, runSync, sleep, temporaryFolder, timeLimit, until } from "../support/process.ts";
import { RUNTIME, Server } from "../support/server.ts";

const skip = otherRuntime(import.meta.url) || noHosts || noCompiler || noCounting;

let net: FaultyNetwork;
let target: Host;
let far: Host;
let steady: Host;

before(async () => {
  if (skip) return;
  net = await FaultyNetwork.make();
  ({ target, far, steady } = net);
});
after(() => net?.remove());

/** Waits until steady gets an echo, from a server that does not answer yet. */
async function echoed(): Promise<void> {
  await until(async () => (await send("198.51.100.1", PORT, { host: steady, timeout: 20 })).received > 0, "echo");
}

describe("buffers", { skip }, () => {
  test("receive queue overflow: what the kernel drops is counted, and echoes resume", LONG, async (t) => {
    const [stopped, count] = FULL ? [2000, 60_000] : [0, 30_000];
    const summary = await net.withServer(async (server) => {
      await assertEchoed("198.51.100.1", PORT, { host: steady });
      server.signal("SIGSTOP");
      await Promise.all([
        sleep(stopped),
        forge(["203.0.113.9", 4000], ["192.0.2.1", PORT], { host: far, size: 20, count }),
        forge(["2001:db8:9::9", 4000], ["2001:db8::1", PORT], { host: far, size: 20, count }),
      ]);
      server.signal("SIGCONT");
      const start = performance.now();
      await echoed();
      const ms = performance.now() - start;
      // The promise is 100 ms. Test machines are shared and slow, so this limit only detects a hang.
      t.diagnostic(`${RUNTIME}: echoed again ${ms.toFixed(0)} ms after it was continued`);
      assert.ok(ms < timeLimit(1000), `${ms} ms`);
      await server.received(2 * count);
    });
    assert.ok(summary.dropped_by_kernel > count / 2, `${summary.dropped_by_kernel} dropped`);
  });

  // A receive queue that does not overflow, however late the server reads it: its drops would affect steady too.
  const args = ["--log", "json", "--log-limit", "10", "--buffer", "64M"];

  // Sources of far. Their requests come by link a, and many more of them than can be answered there.
  const two = ["203.0.113.9", "2001:db8:9::9"];
  const many = Array.from({ length: 12 }, (_, i) => `203.0.113.${i + 100}`);
  const hogs: [size: number, sources: string[]][] = [[1400, two.slice(0, 1)], [700, two], [1400, many], [9000, two]];
  for (const [size, sources] of hogs) {
    const name = `send buffer filled by a slow link: others are answered; ${size} bytes, sources: ${sources.length}`;
    test(name, { ...LONG, skip: missing("tc") }, async () => {
      for (const address of many) far.run(`ip address replace ${address}/32 dev lo`);
      target.run("tc qdisc add dev a root tbf rate 1mbit burst 10kb limit 50mb");
      try {
        const { failed_by_errno, dropped_by_kernel } = await net.withServer((server) =>
          net.whileSteady(async () => {
            const [window, timeout, sockets] = size > 2000 ? [8, 20, 4] : [64, 50, Math.ceil(24 / sources.length)];
            const options = { host: far, sizes: [size], window, timeout, sockets };
            const streams = sources.map((source) => {
              return new Stream(source.includes(":") ? "2001:db8::1" : "192.0.2.1", PORT, { ...options, source });
            });
            try {
              await until(async () => (await server.summary()).failed > 0, "full send buffer");
              await net.echoes(300);
              await Promise.all(streams.map((stream) => stream.stop()));
            } finally {
              await Promise.all(streams.map((stream) => stream.kill()));
            }
          }, { sizes: [100, 1400, 9000] }), { args });
        assert.deepEqual(Object.keys(failed_by_errno), ["EAGAIN"]);
        assert.equal(dropped_by_kernel, 0);
      } finally {
        target.run("tc qdisc del dev a root");
      }
    });
  }

  test("send buffer filled by replies to neighbours that do not exist", LONG, async () => {
    const count = 12_000;
    const { dropped_by_kernel } = await net.withServer(() =>
      net.whileSteady(async () => {
        await forge(["192.0.2.128/25", "random"], ["192.0.2.1", PORT], { host: far, size: 1400, count, gap: 1 });
        await net.echoes(100);
      }), { args });
    assert.equal(dropped_by_kernel, 0);
  });
});

describe("standard streams", { skip: skip || missing("mkfifo") }, () => {
  const args = ["--log", "text", "--log-limit", "0"];

  test("standard output stalled, closed or full: every datagram is echoed", LONG, async () => {
    const fifo = join(temporaryFolder(), "fifo");
    runSync(["mkfifo", fifo]);
    const stalled = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      for (const redirect of [`>${fifo}`, ">/dev/full", ">&-"]) {
        const { echoed, log_lines_dropped } = await net.withServer(() => {
          // More lines than a pipe holds: 65,536 bytes.
          return net.whileSteady(() => net.echoes(redirect === `>${fifo}` ? 1000 : 200));
        }, { args, redirect });
        assert.ok(echoed > 100, `${echoed} echoed`);
        if (redirect === ">/dev/full") assert.equal(log_lines_dropped, echoed);
        // In place of a closed descriptor, the runtimes open /dev/null.
        else assert.ok(redirect === ">&-" || log_lines_dropped > 0, redirect);
      }
    } finally {
      closeSync(stalled);
    }
  });

  test("standard error closed: every datagram is echoed", LONG, async () => {
    const silent = new Server(PORT, { args: ["--log", "json"], host: target, port: PORT, redirect: "2>&-" });
    try {
      await echoed();
      await net.whileSteady(() => net.echoes(200));
      await silent.stop();
    } finally {
      await silent.kill();
    }
  });
});

describe("a great many datagrams", { skip }, () => {
  const total = FULL ? 1_000_000 : 200_000;

  test(`${total} of random size and content, from many sockets: each comes back`, { timeout: 300_000 }, async (t) => {
    const start = performance.now();
    let missingEchoes = 0;
    const summary = await net.withServer(async () => {
      const sockets = 50;
      const results = await Promise.all(["198.51.100.1", "2001:db8:b::1"].map((address, seed) =>
        send(address, PORT, {
          host: steady,
          sizes: [...Array(63).fill("0-1472"), "0-65000"],
          sockets,
          window: 8,
          count: total / 2 / sockets,
          timeout: 2000,
          seed: seed + 1,
        }, LONG.timeout)
      ));
      for (const { sent, mismatched, late, errors } of results) {
        assert.deepEqual({ sent, mismatched, late, errors }, { sent: total / 2, mismatched: 0, late: 0, errors: {} });
      }
      missingEchoes = results.reduce((sum, { missing }) => sum + missing, 0);
    });
    t.diagnostic(`${RUNTIME}: ${((performance.now() - start) / 1000).toFixed(1)} s, ${missingEchoes} echoes missing`);
    assert.equal(missingEchoes, summary.dropped_by_kernel);
    assert.equal(summary.received + summary.dropped_by_kernel, total);
    assert.equal(summary.failed, 0);
  });
});
