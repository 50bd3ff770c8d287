/** Every datagram comes back byte for byte from the address it was sent to. On one host, over loopback. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import {
  assertEchoed,
  assertEchoedToPython,
  type ClientOptions,
  compiled,
  noCompiler,
  noPython,
  send,
} from "../support/client.ts";
import { type Host, host, noHosts } from "../support/hosts.ts";
import { LONG, missing, notRoot, temporaryFolder } from "../support/process.ts";
import { echoFile, RUNTIME, serve, type Server, type Summary, withServer } from "../support/server.ts";

/** Largest payloads: 65,535 less the headers of IPv4 and UDP, and less the UDP header (RFC 768, 791, 8200). */
const LARGEST_IPV4 = 65_507;
const LARGEST_IPV6 = 65_527;

const SIZES = [0, 1, 63, 64, 65, 1024, 1025, 1472, 1473, 9000];
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Asserts that no socket receives at this address: the kernel refuses the datagram (ICMP port unreachable). */
async function assertClosed(address: string, port: number): Promise<void> {
  const { received, errors } = await send(address, port);
  assert.deepEqual({ received, errors }, { received: 0, errors: { ECONNREFUSED: 1 } }, `${address} port ${port}`);
}

describe("echo on all addresses", { skip: noCompiler }, () => {
  let server: Server;
  let sent = 0;
  const echoed = async (address: string, options: ClientOptions) => {
    const result = await assertEchoed(address, server.port, options);
    sent += result.sent;
  };

  before(async () => {
    server = await serve({ args: ["--log", "json"] });
  });
  after(() => server?.kill());

  test("the ready line names address, port, families and runtime", () => {
    const { bun, deno, node } = process.versions;
    const runtime = { Bun: `Bun ${bun}`, Deno: `Deno ${deno}`, Node: `Node.js ${node}` }[RUNTIME];
    const expected = `listening on [::]:${server.port} (IPv4 and IPv6, ${runtime})`;
    assert.equal(server.readyLine, expected);
  });

  test("sizes from 0 bytes to the largest", async () => {
    await echoed("127.0.0.1", { sizes: [...SIZES, LARGEST_IPV4], linger: 50 });
    await echoed("::1", { sizes: [...SIZES, LARGEST_IPV4, LARGEST_IPV6], linger: 50 });
  });

  test("bytes of every value", async () => {
    await echoed("127.0.0.1", { payloads: [EVERY_BYTE, EVERY_BYTE.toReversed()] });
    await echoed("::1", { payloads: [EVERY_BYTE, EVERY_BYTE.toReversed()] });
  });

  test("random sizes and contents from many sockets", LONG, async () => {
    for (const address of ["127.0.0.1", "::1"]) {
      await echoed(address, { sizes: ["0-1472"], sockets: 50, count: 100, window: 4, seed: 1 });
      await echoed(address, { sizes: ["0-65507", "0-100"], sockets: 4, count: 50, window: 2, seed: 2 });
    }
  });

  test("many datagrams in flight, of one size and of changing sizes", LONG, async () => {
    for (const address of ["127.0.0.1", "::1"]) {
      await echoed(address, { sizes: [64], count: 5000, window: 64 });
      await echoed(address, { sizes: [1472], count: 1000, window: 64 });
      await echoed(address, { sizes: [100, 100, 100, 50, 0, 0, 100, 101, 1], count: 2000, window: 50, sockets: 2 });
      await echoed(address, { sizes: [LARGEST_IPV4, 1, 30_000], count: 60, window: 6 });
    }
  });

  test("all of 127.0.0.0/8", async () => {
    for (const address of ["127.0.0.2", "127.0.1.1", "127.1.2.3", "127.128.0.1", "127.255.255.254"]) {
      await echoed(address, { sizes: [0, 64, 1473] });
      await echoed(address, { source: "127.9.9.9" });
    }
  });

  test("a client in Python", { skip: noPython }, async () => {
    for (const [address, largest] of [["127.0.0.3", LARGEST_IPV4], ["::1", LARGEST_IPV6]] as const) {
      await assertEchoedToPython(address, server.port, [...SIZES, largest]);
      sent += SIZES.length + 1;
    }
  });

  test("the summary counts each of them once", async () => {
    const { seconds, time: _, ...summary } = await server.stop() as Summary & { time: string };
    assert.ok(seconds > 0);
    const logged = server.lines.filter((line) => line.startsWith('{"event":"echo"')).length;
    assert.deepEqual(summary, {
      event: "summary",
      final: true,
      received: sent,
      echoed: sent,
      refused: 0,
      failed: 0,
      dropped_by_kernel: 0,
      log_lines_dropped: sent - logged,
      refused_by_reason: {},
      failed_by_errno: {},
    });
  });
});

describe("echo on some addresses", { skip: noCompiler }, () => {
  const cases: [args: string[], ready: RegExp, open: string[], closed: string[]][] = [
    [["-4"], /^listening on 0\.0\.0\.0:\d+ \(IPv4, /, ["127.0.0.1", "127.0.0.2"], ["::1"]],
    [["-6"], /^listening on \[::\]:\d+ \(IPv6, /, ["::1"], ["127.0.0.1"]],
    [["--address", "127.0.0.5"], /^listening on 127\.0\.0\.5:\d+ \(IPv4, /, ["127.0.0.5"], ["127.0.0.1", "::1"]],
    [["-a", "::1"], /^listening on \[::1\]:\d+ \(IPv6, /, ["::1"], ["127.0.0.1"]],
    [["-6", "--address=::1"], /^listening on \[::1\]:\d+ \(IPv6, /, ["::1"], ["127.0.0.1"]],
    [["-4", "-a", "127.0.0.1"], /^listening on 127\.0\.0\.1:\d+ \(IPv4, /, ["127.0.0.1"], ["127.0.0.2", "::1"]],
    [["-4", "--address", "localhost"], /^listening on 127\.0\.0\.1:\d+ \(IPv4, /, ["127.0.0.1"], ["127.0.0.2"]],
    [["--address", "0.0.0.0"], /^listening on 0\.0\.0\.0:\d+ \(IPv4, /, ["127.0.0.1", "127.0.0.2"], ["::1"]],
    [["--address", "::"], /^listening on \[::\]:\d+ \(/, ["::1"], []],
  ];
  for (const [args, ready, open, closed] of cases) {
    test(args.join(" "), async () => {
      await withServer({ args: [...args, "--quiet"] }, async (server) => {
        assert.match(server.readyLine, ready);
        for (const address of open) await assertEchoed(address, server.port, { sizes: [0, 64, 65_507] });
        for (const address of closed) await assertClosed(address, server.port);
      });
    });
  }

  test("--address localhost", async () => {
    await withServer({ args: ["--address", "localhost", "--quiet"] }, async (server) => {
      const address = server.readyLine.match(/^listening on \[?(127\.0\.0\.1|::1)\]?:/)?.[1];
      assert.ok(address, server.readyLine);
      await assertEchoed(address, server.port);
    });
  });

  test("a kernel without IPv6: falls back to 0.0.0.0 and says so", async () => {
    await withServer({ args: ["-q"], wrapper: [compiled("without_ipv6")] }, async (server) => {
      assert.match(server.readyLine, /^listening on 0\.0\.0\.0:\d+ \(IPv4, /);
      assert.match(server.stderr, /no IPv6/i);
      for (const address of ["127.0.0.1", "127.0.0.2"]) await assertEchoed(address, server.port);
    });
  });
});

describe("echo.ts alone", { skip: noCompiler || noHosts || missing("setpriv") || notRoot }, () => {
  // An otherwise empty, read-only folder, a host without a network, an environment of PATH alone.
  let nowhere: Host;
  const folder = join(temporaryFolder(), "folder");

  before(async () => {
    nowhere = await host();
    mkdirSync(folder);
    copyFileSync(echoFile(), join(folder, "echo.ts"));
    chmodSync(folder, 0o555);
  });
  after(() => nowhere?.remove());

  test("runs in a read-only folder, on port 9000 without arguments", async () => {
    const options = {
      program: join(folder, "echo.ts"),
      port: "default",
      cwd: folder,
      env: { PATH: process.env.PATH ?? "" },
      host: nowhere,
      // Removes root's privilege to write anywhere.
      wrapper: ["setpriv", "--bounding-set", "-dac_override"],
    } as const;
    const { received, echoed } = await withServer({ ...options, wrapper: [...options.wrapper] }, async () => {
      for (const address of ["127.0.0.2", "::1"]) await assertEchoed(address, 9000, { host: nowhere, sizes: SIZES });
    });
    assert.deepEqual({ received, echoed }, { received: 2 * SIZES.length, echoed: 2 * SIZES.length });
    assert.deepEqual(readdirSync(folder), ["echo.ts"]);
  });
});

test("src/main.ts, from which echo.ts is made, runs as it is", { skip: noCompiler }, async () => {
  const { echoed } = await withServer({ program: "src/main.ts", args: ["--quiet"] }, async ({ port }) => {
    for (const address of ["127.0.0.2", "::1"]) await assertEchoed(address, port, { sizes: SIZES });
  });
  assert.equal(echoed, 2 * SIZES.length);
});
