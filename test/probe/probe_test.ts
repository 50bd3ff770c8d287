/** What the probe writes: for people, in a terminal and in a pipe, and for programs; and how precise it is. */
import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { after, before, describe, test } from "node:test";
import { LONG, missing, notRoot, Process, run, timeLimit, which } from "../support/process.ts";
import { misbehave, probe, probeOne, readProbe } from "../support/probe.ts";
import { onTerminal, screen, type TerminalOptions } from "../support/terminal.ts";
import { commandLine, freePort, runProgram, serve, type Server } from "../support/server.ts";

const FAST = ["--interval", "10ms"];
const program = "src/main.ts";

describe("probe", () => {
  let server: Server;
  let port: string;
  let closedPort: string;

  before(async () => {
    server = await serve({ program, args: ["--quiet"] });
    port = String(server.port);
    closedPort = String(await freePort());
  });
  after(() => server?.kill());

  test("several targets, as a table", async () => {
    const args = ["127.0.0.1", "127.0.0.2", "[::1]", `127.0.0.1:${closedPort}`, "--port", port, ...FAST];
    const { code, stdout, stderr } = await runProgram(["probe", ...args]);
    assert.deepEqual([code, stderr], [1, ""]);
    const lines = stdout.split("\n");
    assert.match(lines[0]!, /^target +verdict +received +loss +minimum +median +p99$/);
    for (const [i, target] of [`127.0.0.1:${port}`, `127.0.0.2:${port}`, `[::1]:${port}`].entries()) {
      const [name, verdict, received, loss, ...times] = lines[i + 1]!.split(/ {2,}/);
      assert.deepEqual([name, verdict, received, loss], [target, "ok", "5/5", "0 %"]);
      assert.match(times.join(" "), /^\d+\.\d{3} \d+\.\d{3} \d+\.\d{3} ms$/);
    }
    assert.match(lines[4]!, new RegExp(`^127\\.0\\.0\\.1:${closedPort} +refused +0/5 +100 % +- +- +-$`));
    assert.deepEqual(lines.slice(5), [
      "",
      `127.0.0.1:${closedPort} refused: nothing listens at port ${closedPort}, or its firewall rejects (ICMP port unreachable)`,
      "",
    ]);
  });

  test("the table counts what the verdict and the explanation count", async () => {
    // Of three answers one is late: it is neither received nor lost.
    const server = await misbehave((payload, i, answer) => answer(payload, i === 1 ? 1200 : 0));
    const late = await misbehave((payload, _, answer) => answer(payload, 1200));
    const args = ["probe", server.target, late.target, "-c", "3", "-t", "1s", "-i", "600ms"];
    const { stdout } = await runProgram(args, { program }).finally(() => (server.close(), late.close()));
    const lines = stdout.split("\n");
    assert.match(lines[1]!, /^\S+ +partial +2\/3 +33\.33 % +\d/);
    // The times are those of the answers in time.
    assert.match(lines[2]!, /^\S+ +partial +0\/3 +100 % +- +- +-$/);
    const slow = "got an answer too late, the last one after \\d+\\.\\d+ ms \\(see --timeout\\)";
    assert.match(lines[4]!, new RegExp(`^${server.target} answered 2 of 3 requests in time: 1 ${slow}$`));
    assert.match(lines[5]!, new RegExp(`^${late.target} answered 0 of 3 requests in time: (.*2|3) ${slow}$`));
  });

  test("one target: a line for each reply, then the summary and the histogram", async () => {
    const args = [`127.0.0.2:${port}`, "--count", "4", "--source", "127.0.0.3", ...FAST];
    const { code, stdout, stderr } = await runProgram(["probe", ...args], { program, env: { LANG: "C.UTF-8" } });
    assert.deepEqual([code, stderr], [0, ""]);
    const lines = stdout.split("\n");
    assert.equal(lines[0], `probing 127.0.0.2:${port} with 64 bytes every 10ms`);
    for (let i = 1; i <= 4; i++) {
      const reply = `^64 bytes from 127\\.0\\.0\\.2:${port} to 127\\.0\\.0\\.3: seq=${i} ttl=64 time=\\d+\\.\\d{3} ms$`;
      assert.match(lines[i]!, new RegExp(reply));
    }
    assert.deepEqual(lines.slice(5, 8), ["", `127.0.0.2:${port}: ok`, ""]);
    const counts = [["sent", 4], ["received", 4], ["lost", 0], ["late", 0], ["wrong source", 0], ["corrupted", 0]];
    const names = ["minimum", "mean", "median", "p90", "p99", "p99.9", "maximum", "deviation", "jitter"];
    [...counts, ["failed", 0], ["duplicates", 0], ["reordered", 0]].forEach(([name, count], i) => {
      assert.match(lines[8 + i]!, new RegExp(`^  ${name} +${count} +${names[i]} +\\d+\\.\\d{3} ms$`));
    });
    assert.match(lines[17]!, /^ {2}loss +0 %$/);
    assert.equal(lines[18], "");
    const histogram = lines.slice(19, -1);
    assert.ok(histogram.length >= 1);
    for (const line of histogram) assert.match(line, /^ +\d+\.\d+ +ms [█▏▎▍▌▋▊▉]+ \d+$|^ +⋮$/);
    const total = histogram.map((line) => Number(/(\d+)$/.exec(line)?.[1] ?? 0)).reduce((a, b) => a + b);
    assert.equal(total, 4);
  });

  test("plain ASCII where the locale is not UTF-8; LC_ALL decides before LANG", async () => {
    for (const env of [{}, { LANG: "C" }, { LANG: "de_DE.UTF-8", LC_ALL: "POSIX" }]) {
      const args = ["probe", `127.0.0.1:${port}`, "--count", "3", ...FAST];
      const { stdout } = await runProgram(args, { program, env: env as Record<string, string> });
      assert.match(stdout, /^[\n -~]*$/);
      assert.match(stdout, / #+ \d/);
    }
  });

  test("--quiet leaves the summary", async () => {
    const text = await runProgram(["probe", `127.0.0.1:${port}`, "--quiet", "-c", "3", ...FAST], { program });
    assert.match(text.stdout, new RegExp(`^127\\.0\\.0\\.1:${port}: ok\n\n  sent +3`));
    const { replies, targets } = await probe([`127.0.0.1:${port}`, "--quiet", "-c", "3", ...FAST]);
    assert.deepEqual([replies.length, targets[0]!.received], [0, 3]);
  });

  test("--json tells of every reply when it came, from where, to where", async () => {
    const before = Date.now();
    const { replies, targets } = await probe([`127.0.0.2:${port}`, "--count", "5", "--size", "100", ...FAST]);
    assert.deepEqual(
      replies.map(({ time: _, rtt_ns: __, ...rest }) => rest),
      [1, 2, 3, 4, 5].map((sequence) => ({
        event: "reply",
        target: `127.0.0.2:${port}`,
        sequence,
        kind: "received",
        from: `127.0.0.2:${port}`,
        to: "127.0.0.1",
        bytes: 100,
        reordered: false,
        hop_limit: 64,
        dscp: 0,
        ecn: 0,
      })),
    );
    const times = replies.map(({ rtt_ns }) => rtt_ns!);
    for (const { time } of replies) {
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      assert.ok(Date.parse(time) >= before - 2 && Date.parse(time) <= Date.now() + 2, time);
    }
    const { rtt_ns } = targets[0]!;
    const sorted = [...times].sort((a, b) => a - b);
    assert.deepEqual([rtt_ns!.minimum, rtt_ns!.maximum], [sorted[0], sorted[4]]);
    for (const [value, i] of [[rtt_ns!.median, 2], [rtt_ns!.p99, 4]] as const) {
      assert.ok(value >= sorted[i]! && value <= sorted[i]! * 1.01, `${value}, not ${sorted[i]}`);
    }
    const differences = times.slice(1).map((time, i) => Math.abs(time - times[i]!));
    const mean = (values: number[]) => Math.round(values.reduce((a, b) => a + b) / values.length);
    assert.ok(Math.abs(rtt_ns!.mean - mean(times)) <= 1);
    assert.ok(Math.abs(rtt_ns!.jitter! - mean(differences)) <= 1);
  });

  test("--dscp and --ecn: whether they come back as sent", async () => {
    const reflecting = await serve({ program, args: ["--quiet", "--reflect-tos"] });
    try {
      for (const address of ["127.0.0.1", "[::1]"]) {
        const args = ["--dscp", "EF", "--ecn", "1", "-c", "3", ...FAST];
        const same = await probeOne([`${address}:${reflecting.port}`, ...args]);
        assert.deepEqual([same.verdict, same.dscp, same.ecn, same.hop_limit, same.explanation], [
          "ok",
          46,
          1,
          64,
          null,
        ]);
        const other = await probeOne([`${address}:${port}`, ...args]);
        assert.deepEqual([other.verdict, other.dscp, other.ecn], ["ok", 0, 0]);
        assert.match(other.explanation!, /^answers from \S+ have dscp=0 ecn=0, the requests left with dscp=46 ecn=1: /);
      }
      const lines = await runProgram(
        ["probe", `127.0.0.1:${reflecting.port}`, "--ttl", "9", "--ecn", "ce", "-c", "1"],
        {
          program,
        },
      );
      assert.match(lines.stdout, / seq=1 ttl=64 dscp=0 ecn=3 time=/);
    } finally {
      await reflecting.kill();
    }
  });

  test("a name is probed at each of its addresses", async () => {
    const addresses = (await lookup("localhost", { all: true })).map(({ address }) => address);
    const { targets } = await probe([`localhost:${port}`, "--count", "2", ...FAST]);
    const expected = new Set(addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${port}`));
    assert.deepEqual(new Set(targets.map(({ target }) => target)), expected);
    for (const { name, verdict } of targets) assert.deepEqual([name, verdict], ["localhost", "ok"]);
    for (const [option, family] of [["-4", /^127\.0\.0\.1:/], ["-6", /^\[::1\]:/]] as const) {
      const ofFamily = addresses.some((address) => address.includes(":") === (option === "-6"));
      if (ofFamily) assert.match((await probeOne([`localhost:${port}`, option, "-c", "1"])).target, family);
    }
  });

  test("several ports of a host are several targets", async () => {
    const { targets } = await probe(["127.0.0.1", `127.0.0.1:${closedPort}`, "-p", port, ...FAST]);
    assert.deepEqual(targets.map(({ verdict }) => verdict), ["ok", "refused"]);
  });

  test("sizes from nothing to the maximum, over IPv4 and IPv6", async () => {
    for (const [address, most] of [["127.0.0.1", 65_507], ["::1", 65_527]] as const) {
      for (const size of [0, 1, 16, 1472, most]) {
        const target = await probeOne([address, "-p", port, "-c", "2", "-s", String(size), ...FAST]);
        assert.deepEqual([target.verdict, target.received], ["ok", 2], `${size} bytes to ${address}`);
      }
    }
  });

  test("--interval 0 goes as fast as answers come, and on when one does not", async () => {
    const fast = await probe([`127.0.0.1:${port}`, "--count", "2000", "--interval", "0"]);
    assert.deepEqual([fast.targets[0]!.received, fast.targets[0]!.reordered], [2000, 0]);
    const lossy = await misbehave((payload, i, answer) => i % 10 !== 0 && answer(payload));
    const args = [lossy.target, "--count", "20", "--interval", "0", "--timeout", "500ms"];
    const { targets, seconds } = await probe(args).finally(lossy.close);
    assert.equal(targets[0]!.received + targets[0]!.late, 18);
    assert.ok(seconds >= 1, `${seconds} s for two time-outs`);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends it with the summary, whatever it waits for`, async () => {
      const silent = await misbehave(() => {});
      try {
        for (const targets of [[`127.0.0.1:${port}`], [silent.target], [`127.0.0.1:${port}`, `[::1]:${port}`]]) {
          const args = ["probe", ...targets, "-c", "0", "--interval", "30s", "--timeout", "30s", "--json"];
          const running = new Process(commandLine(program, args));
          // Replies, or the sockets being there, show that it has begun.
          if (targets[0] === silent.target) await new Promise((resolve) => silent.socket.once("message", resolve));
          else await running.waitFor(() => running.stdout.split("\n").length > targets.length, "replies");
          const start = performance.now();
          running.signal(signal);
          const result = readProbe(await running.end());
          assert.ok(performance.now() - start < timeLimit(2000));
          const answers = targets[0] === silent.target
            ? { sent: 1, received: 0, waiting: 1 }
            : { sent: 1, received: 1, waiting: 0 };
          for (const { sent, received, waiting } of result.targets) {
            assert.deepEqual({ sent, received, waiting }, answers);
          }
        }
      } finally {
        silent.close();
      }
    });
  }

  test("a reader that goes away ends it", async () => {
    const command = commandLine(program, ["probe", `127.0.0.1:${port}`, "-c", "0", ...FAST]);
    const { code, stdout, stderr } = await run(["sh", "-c", '"$@" | head -n 3', "sh", ...command]);
    assert.deepEqual([code, stdout.split("\n").length, stderr], [0, 4, ""]);
  });

  describe("in a terminal", { skip: missing("python3") }, () => {
    /** What a terminal is sent by `probe` with these arguments. */
    const atTerminal = (args: string[], options: TerminalOptions = {}) =>
      onTerminal(commandLine(program, ["probe", ...args, "--interval", "120ms"]), options);

    const targets = () => [`127.0.0.1:${port}`, `127.0.0.1:${closedPort}`];

    test("the table is redrawn as answers come, in colours", async () => {
      const sent = await atTerminal(targets());
      assert.ok(sent.split("␛[3A␛[J").length >= 3, sent);
      assert.ok(sent.includes("␛[32mok␛[0m") && sent.includes("␛[31mrefused␛[0m"), sent);
      const lines = screen(sent);
      assert.match(lines[1]!, new RegExp(`^127\\.0\\.0\\.1:${port} +ok +5/5 +0 %( +\\d+\\.\\d+){3} ms$`));
      assert.match(lines[2]!, new RegExp(`^127\\.0\\.0\\.1:${closedPort} +refused +0/5 +100 %`));
      assert.match(lines.slice(3).join(" "), /^ 127\.0\.0\.1:\d+ refused: nothing listens at port \d+,/);
      for (const line of lines) assert.ok(line.length <= 80, line);
    });

    test("Ctrl-C leaves the table whole, though the terminal shows it", async () => {
      const sent = await atTerminal([...targets(), "-c", "0"], { pressCtrlCAfter: "1/1" });
      assert.ok(sent.includes("^C"));
      assert.match(screen(sent)[0]!, /^target +verdict +received/);
      assert.ok(!screen(sent).join("\n").includes("^C"));
    });

    test("more targets than rows: those that are not ok first, and how many more there are", async () => {
      const many = Array.from({ length: 40 }, (_, i) => `127.0.0.${i + 1}:${port}`);
      for (const [columns, shown] of [[80, 21], [30, 10]] as const) {
        const args = [...many, `127.0.0.41:${closedPort}`, "-c", "0"];
        const sent = await atTerminal(args, {
          columns,
          // A drawing in which none waits for its first answer any more.
          pressCtrlCAfter: `refused((?!waiting).)*and ${41 - shown} more: ${41 - shown} ok`,
        });
        // The last drawing before that of the end.
        const drawing = sent.split("␛[J").at(-2)!.replaceAll(/␛\[\d+m/g, "").split("\n").slice(0, -1);
        assert.ok(drawing.length <= 23, `${drawing.length} lines`);
        assert.match(drawing[columns === 80 ? 1 : 2]!, new RegExp(`^127\\.0\\.0\\.41:${closedPort}`));
        for (const line of drawing) assert.ok(line.length <= columns, line);
        // In the end all of them, as given.
        const all = screen(sent).filter((line) => /^127\.0\.0\.\d+:\d+( +ok|$)/.test(line)).map((line) =>
          line.split(" ")[0]
        );
        assert.deepEqual(all.slice(0, 40), many);
      }
    });

    test("40 columns are enough, and no number lacks its name", async () => {
      for (const args of [targets(), [...targets(), "--json"], [targets()[0]!, "--count", "3", "--quiet"]]) {
        const lines = screen(await atTerminal(args, { columns: 40 }));
        if (args.includes("--json")) continue;
        assert.ok(lines.length > 1);
        for (const line of lines) assert.ok(line.length <= 40, line);
        if (args.length === 2) assert.match(lines[1]!, /^127\.0\.0\.1:\d+ +ok +5\/5$/);
      }
    });

    test("both helps fit, with the prompt: no word is broken at 40 columns", async () => {
      for (const command of [[], ["probe"]]) {
        const wide = await onTerminal(commandLine(program, [...command, "--help"]));
        const narrow = screen(await onTerminal(commandLine(program, [...command, "--help"]), { columns: 40 }));
        for (const line of narrow) assert.ok(line.length <= 40, line);
        const words = (lines: string[]) => lines.join(" ").split(/\s+/);
        assert.deepEqual(words(narrow), words(screen(wide)));
      }
    });

    test("NO_COLOR and TERM=dumb are respected", async () => {
      const plain = await atTerminal(targets(), { env: { NO_COLOR: "1" } });
      assert.doesNotMatch(plain, /␛\[\d+m/);
      assert.ok(plain.includes("␛[3A"));
      assert.ok(!(await atTerminal(targets(), { env: { TERM: "dumb" } })).includes("␛"));
    });
  });

  test("times are those of tcpdump", { ...LONG, skip: notRoot || missing("tcpdump") }, async () => {
    const filter = `udp and port ${port}`;
    const command = [
      which("tcpdump")!,
      "-i",
      "lo",
      "-n",
      "-tt",
      // Slots for the longest train, and so small that the buffer holds all packets however busy the machine is.
      "-s",
      "4224",
      "-B",
      "8192",
      "--immediate-mode",
      "--time-stamp-precision=nano",
      "-l",
      "-x",
      filter,
    ];
    const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;
    const { replies, measured } = await capturedRoundTrips(command);
    const both = replies.filter(({ sequence }) => measured.has(sequence!));
    assert.ok(both.length >= 80, `${both.length} of 100 seen by tcpdump`);
    const ratio = median(both.map(({ rtt_ns }) => rtt_ns!)) /
      median(both.map(({ sequence }) => measured.get(sequence!)!));
    // Times of the clock, instead of the kernel's, would be half as long again.
    assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio} of tcpdump's median`);
  });

  /** Probes the server while tcpdump captures; returns the replies, and tcpdump's round-trip times by sequence number. */
  async function capturedRoundTrips(command: string[]) {
    const capture = new Process(command);
    try {
      await capture.waitFor(() => capture.stderr.includes("listening on"), "tcpdump");
      const { replies } = await probe([`127.0.0.2:${port}`, "--count", "100", "--interval", "2ms"]);
      const lengths = () =>
        [...capture.stdout.matchAll(/^.*: UDP, length (\d+)$/gm)].map(([, length]) => Number(length));
      // It may lose some on a busy machine.
      await capture.waitFor(
        () => lengths().reduce((sum, length) => sum + length, 0) > 185 * 64,
        "185 of 200 datagrams",
      );
      // Sequence numbers are at the start of each payload of 64 bytes, the first of them after 20 and 8 bytes of headers.
      // A server that is late sends several replies as one train.
      const requested = new Map<number, bigint>();
      const measured = new Map<number, number>();
      for (const [, seconds, nanoseconds, to, hex] of capture.stdout.matchAll(PACKET)) {
        const bytes = Buffer.from(hex!.replaceAll(/\s|0x[0-9a-f]+:/g, ""), "hex");
        const time = BigInt(seconds!) * 1_000_000_000n + BigInt(nanoseconds!);
        for (let offset = 28; offset + 4 <= bytes.length; offset += 64) {
          const sequence = bytes.readUInt32LE(offset);
          if (to === port) requested.set(sequence, time);
          else if (requested.has(sequence)) measured.set(sequence, Number(time - requested.get(sequence)!));
        }
      }
      return { replies, measured };
    } finally {
      await capture.kill();
    }
  }
});

/** A packet as tcpdump prints it: time, port it goes to, bytes. */
const PACKET = /^(\d+)\.(\d{9}) IP \S+ > \S+\.(\d+): UDP[^\n]*\n((?:\t0x[^\n]*\n)+)/gm;
