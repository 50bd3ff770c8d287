/** The lines of the log. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { Output } from "../../src/cli/output.ts";
import { LINES_DROPPED, LINES_LEFT_OUT } from "../../src/echo/counters.ts";
import { Block } from "../../src/echo/group.ts";
import { Log } from "../../src/echo/log.ts";
import { UdpSocket } from "../../src/mod.ts";
import { assertEchoed, noCompiler } from "../support/client.ts";
import { TestClock } from "../support/clock.ts";
import { Fifo } from "../support/fifo.ts";
import { LONG, missing, temporaryFolder } from "../support/process.ts";
import { serve, type Server, withServer } from "../support/server.ts";
import { receiveAsleep } from "../support/receive.ts";

/** The environment of the tests with another locale. */
const withLocale = (locale: string) => ({ ...process.env, LC_ALL: locale, LC_CTYPE: "", LANG: "" });
const UTF8 = { env: withLocale("C.UTF-8") };

const bytes = (...values: number[]) => Uint8Array.from(values);
const TEXT = new TextEncoder();

/** Payloads, and how the log shows them. */
const PAYLOADS: [payload: string | Uint8Array, shown: string][] = [
  ["hello", "hello"],
  ["", ""],
  [" spaces  stay ", " spaces  stay "],
  ["Grüße, 世界 ✓ 🦕", "Grüße, 世界 ✓ 🦕"],
  ["back\\slash \\n", "back\\\\slash \\\\n"],
  ["a\nb\rc\td", "a\\nb\\rc\\td"],
  ["]\nRECV: 192.0.2.1:1 -> 192.0.2.2:2 - [forged", "]\\nRECV: 192.0.2.1:1 -> 192.0.2.2:2 - [forged"],
  ["\0\x01\b\x1f\x7f", "\\x00\\x01\\x08\\x1f\\x7f"],
  ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
  ["\u0085\u009b31m", "\\u{85}\\u{9b}31m"],
  ["\u202eevil\u2066\u200f", "\\u{202e}evil\\u{2066}\\u{200f}"],
  ["\u2028\u2029\ufeff\u200b", "\\u{2028}\\u{2029}\\u{feff}\\u{200b}"],
  [bytes(0xff, 0xfe, 0x41), "\\xff\\xfeA"],
  [bytes(0xe2, 0x82), "\\xe2\\x82"], // Cut off.
  [bytes(0xc0, 0xaf), "\\xc0\\xaf"], // Longer than need be.
  [bytes(0xed, 0xa0, 0x80), "\\xed\\xa0\\x80"], // Half of a surrogate pair.
  [bytes(0xf4, 0x90, 0x80, 0x80), "\\xf4\\x90\\x80\\x80"], // Above U+10FFFF.
  ["a".repeat(64), "a".repeat(64)],
];

/** Payloads that are cut, and what the log shows of them. */
const LONG_PAYLOADS: [payload: string, shown: string][] = [
  ["b".repeat(65), `${"b".repeat(64)}…`],
  ["c".repeat(1200), `${"c".repeat(64)}…`],
  ["é".repeat(100), `${"é".repeat(32)}…`],
  ["\n".repeat(9000), `${"\\n".repeat(64)}…`],
];

/** Payloads, and how the log shows them where the locale is not in UTF-8. */
const NON_ASCII: [payload: string, shown: string][] = [
  ["Grüße \u009b31m \u{1f995}", "Gr\\u{fc}\\u{df}e \\u{9b}31m \\u{1f995}"],
  ["a".repeat(65), `${"a".repeat(64)}...`],
];

/** A text without anything but printable characters, by the categories of Unicode. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;

function length(payload: string | Uint8Array): number {
  return typeof payload === "string" ? TEXT.encode(payload).length : payload.length;
}

/** Waits for this many lines on standard output. */
function lines(server: Server, count: number): Promise<string[]> {
  return server.waitFor(() => server.lines.length >= count && server.lines, `${count} lines on standard output`);
}

describe("log lines", { skip: noCompiler }, () => {
  test("text", async () => {
    const payloads = [...PAYLOADS, ...LONG_PAYLOADS].map(([payload]) => payload);
    await withServer({ ...UTF8 }, async (server) => {
      for (const [address, inUri] of [["127.0.0.2", "127.0.0.2"], ["::1", "[::1]"]] as const) {
        const before = server.lines.length;
        const { local } = await assertEchoed(address, server.port, { payloads });
        const expected = [
          ...PAYLOADS.map(([, shown]) => `[${shown}]`),
          ...LONG_PAYLOADS.map(([payload, shown]) => `[${shown}] (${length(payload)} bytes)`),
        ].map((shown) => `RECV: ${local} -> ${inUri}:${server.port} - ${shown}`);
        assert.deepEqual((await lines(server, before + payloads.length)).slice(before), expected);
      }
    });
  });

  test("json", async () => {
    const payloads = [...PAYLOADS, ...LONG_PAYLOADS];
    await withServer({ args: ["--log", "json"], ...UTF8 }, async (server) => {
      for (const [address, inUri] of [["127.0.0.2", "127.0.0.2"], ["::1", "[::1]"]] as const) {
        const [from, before] = [Date.now(), server.lines.length];
        const options = { payloads: payloads.map(([payload]) => payload) };
        const { local: peer } = await assertEchoed(address, server.port, options);
        const written = (await lines(server, before + payloads.length)).slice(before);
        for (const [i, line] of written.entries()) {
          const [payload, shown] = payloads[i] ?? ["", ""];
          const { time, ...rest } = JSON.parse(line);
          const local = `${inUri}:${server.port}`;
          assert.deepEqual(rest, { event: "echo", peer, local, bytes: length(payload), payload: shown }, line);
          assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
          // Millisecond clocks of two processes may disagree by one.
          assert.ok(Date.parse(time) >= from - 2 && Date.parse(time) <= Date.now() + 2, time);
        }
        assert.equal(written.length, payloads.length);
      }
    });
  });

  test("random bytes never make more than one line of printable text each", async () => {
    for (const log of ["text", "json"]) {
      const count = 400;
      const server = await serve({ args: ["--log", log], ...UTF8 });
      await assertEchoed("127.0.0.1", server.port, { sizes: ["0-100"], count, seed: 7 });
      await assertEchoed("127.0.0.1", server.port, { payloads: everyCharacter(), count });
      const { log_lines_dropped } = await server.stop();
      const written = server.lines.filter((line) => /^RECV: |^\{"event":"echo"/.test(line));
      for (const line of written) assert.match(line, PRINTABLE);
      // Some may be dropped when this process is slow to read them.
      assert.equal(written.length + log_lines_dropped, 2 * count);
      assert.ok(written.length > count, `${written.length} lines`);
      assert.equal(server.lines.length, written.length + (log === "json" ? 1 : 0), "lines that should not be");
    }
  });

  test("a locale without UTF-8: every character outside ASCII is escaped", async () => {
    for (const [payload, shown] of NON_ASCII) {
      for (const log of ["text", "json"]) {
        await withServer({ args: ["--log", log], env: withLocale("C") }, async (server) => {
          await assertEchoed("127.0.0.1", server.port, { payloads: [payload] });
          const [line = ""] = await lines(server, 1);
          assert.equal(log === "json" ? JSON.parse(line).payload : line.match(/\[(.*)\]/)?.[1], shown);
        });
      }
    }
  });

  test("no locale: a pipe gets UTF-8", async () => {
    await withServer({ env: withLocale("") }, async (server) => {
      await assertEchoed("127.0.0.1", server.port, { payloads: ["é"] });
      assert.match((await lines(server, 1))[0]!, /\[é\]$/);
    });
  });

  test("--log none, -q", async () => {
    for (const args of [["--log", "none"], ["-q"], ["--quiet"]]) {
      const server = await serve({ args });
      await assertEchoed("127.0.0.1", server.port, { count: 10 });
      await server.stop();
      assert.equal(server.stdout, "");
    }
  });

  test("--log-limit 0: every datagram has its line", LONG, async () => {
    const server = await serve({ args: ["--log-limit", "0"] });
    const { sent } = await assertEchoed("127.0.0.1", server.port, { count: 5000, window: 4 });
    const { log_lines_dropped } = await server.stop();
    assert.equal(server.lines.length + log_lines_dropped, sent);
    assert.ok(server.lines.every((line) => line.startsWith("RECV: ") && line.endsWith("]")));
    assert.ok(server.lines.length > 100, `${server.lines.length} lines`);
  });
});

test("the number of lines left out is reported again if the report was lost", { skip: missing("mkfifo") }, () => {
  const pipe = new Fifo();
  const output = new Output(pipe.writer);
  const block = new Block(1);
  const { counts } = block.counters[0]!;
  block.linesLeft[0] = 1;
  const settings = { logFormat: "text", logTime: false, logLimitPerSecond: 1 } as const;
  const log = new Log({ ...settings, output, port: 9000, group: { index: 0, block } });
  const socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  try {
    const batch = socket.batch(1);
    const echo = () => {
      socket.sendTo(TEXT.encode("hello"), { to: { address: "127.0.0.1", port: socket.port } });
      assert.equal(receiveAsleep(socket, batch), 1);
      batch.markForSend(0);
      log.record(batch);
    };
    echo();
    assert.match(pipe.read(), /^RECV: /);
    echo();
    pipe.closeReader();
    log.everySecond();
    pipe.openReader();
    assert.deepEqual([counts[LINES_LEFT_OUT], counts[LINES_DROPPED]], [1, 0]);
    echo();
    echo();
    log.everySecond();
    assert.match(pipe.read(), /^RECV: .*\nLEFT OUT: 2 datagrams in \d+\.\d s \(--log-limit 1\)\n$/);
    assert.deepEqual([counts[LINES_LEFT_OUT], counts[LINES_DROPPED]], [2, 0]);
  } finally {
    socket.close();
    output.close(0);
    pipe.close();
  }
});

describe("the number of lines left out", () => {
  /** Reports two times, after 1.5 s and 2 s; returns the lines. */
  function reported(logFormat: "text" | "json", logTime: boolean): string[] {
    const file = join(temporaryFolder(), "log");
    const fd = openSync(file, "w");
    const output = new Output(fd);
    const block = new Block(1);
    using clock = new TestClock();
    try {
      const settings = { logFormat, logTime, logLimitPerSecond: 7 };
      const log = new Log({ ...settings, output, port: 9000, group: { index: 0, block } });
      for (const [pause, leftOut] of [[500, 0], [1500, 40], [2000, 41], [1000, 41]] as const) {
        clock.now += pause;
        block.linesLeft[0] = -3;
        block.counters[0]!.counts[LINES_LEFT_OUT] = leftOut;
        log.everySecond();
        assert.equal(block.linesLeft[0], 7);
      }
    } finally {
      output.close(0);
      closeSync(fd);
    }
    return readFileSync(file, "utf8").split("\n");
  }

  const line = (datagrams: number, seconds: string) =>
    `LEFT OUT: ${datagrams} datagrams in ${seconds} s (--log-limit 7)`;

  test("as text, since the last report", () => {
    assert.deepEqual(reported("text", false), [line(40, "1.5"), line(1, "2.0"), ""]);
  });

  test("with the time", () => {
    const lines = reported("text", true);
    assert.deepEqual(lines.map((line) => line.replace(/^[-\dT:.]+Z /, "")), [line(40, "1.5"), line(1, "2.0"), ""]);
    for (const line of lines.slice(0, -1)) assert.ok(Math.abs(Date.parse(line.split(" ")[0]!) - Date.now()) < 60_000);
  });

  test("in JSON", () => {
    const events = reported("json", true).slice(0, -1).map((line) => JSON.parse(line));
    assert.deepEqual(events.map(({ time: _, ...event }) => event), [
      { event: "left_out", datagrams: 40 },
      { event: "left_out", datagrams: 1 },
    ]);
    for (const { time } of events) assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  });
});

/** Payloads that together hold every byte and the characters that terminals and readers mistake. */
function everyCharacter(): Uint8Array[] {
  const points = [...Array(0x300).keys(), 0x61c, 0x180e, 0xfff9, 0xfffd, 0xfffe, 0xe0001, 0xe0100, 0x10ffff];
  for (let point = 0x2000; point < 0x2100; point++) points.push(point);
  const payloads = points.map((point) => TEXT.encode(String.fromCodePoint(point)));
  for (let byte = 0; byte < 256; byte++) payloads.push(bytes(byte), bytes(0x61, byte, byte));
  // Several of them in one datagram, so that they are not many.
  return Array.from({ length: 200 }, (_, i) => {
    const some = payloads.filter((_, j) => j % 200 === i);
    return Uint8Array.from(some.flatMap((payload) => [...payload]));
  });
}
