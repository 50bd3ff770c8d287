/** The command line of the probe: help, mistakes, and what is made of what the user says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/cli/arguments.ts";
import { helpText } from "../../src/cli/help.ts";
import { VERSION } from "../../src/cli/version.ts";
import { formatDuration, parseDuration } from "../../src/probe/duration.ts";
import { parseProbe, PROBE, type ProbeSettings } from "../../src/probe/options.ts";
import { LONG } from "../support/process.ts";
import { runProgram } from "../support/server.ts";

const program = "src/main.ts";

/** Wrong usage, and what the line says: the mistake, and what is right. */
const WRONG: [args: string[], patterns: RegExp[]][] = [
  [[], [/target/, /--help/]],
  [["21002", "-c", "1"], [/21002 is no target/, /TARGET:21002/, /-p 21002/]],
  [["host", "9000"], [/9000 is no target/, /TARGET:9000/, /-p 9000/]],
  [["host", "-p", "0"], [/--port/, /\b0\b/, /1.*65535/]],
  [["host", "--port", "65536"], [/65536/, /1.*65535/]],
  [["host:0"], [/host/, /\b0\b/, /1.*65535/]],
  [["host:x"], [/host:x/]],
  [["a:b:c"], [/a:b:c/]],
  [["[::1"], [/\[::1/]],
  [[""], [/""/]],
  [["host", "--count", "-1"], [/--count/]],
  [["host", "--count=many"], [/--count/, /many/]],
  [["host", "--interval", "-5s"], [/--interval/]],
  [["host", "--interval", "3601"], [/--interval/, /200ms/, /"3601"/]],
  [["host", "--interval", "5h"], [/--interval/, /5h/]],
  [["host", "--timeout", "0"], [/--timeout/, /1ms/]],
  [["host", "--timeout", "2m3s"], [/--timeout/, /2m3s/]],
  [["host", "--size", "65528"], [/--size/, /65527/]],
  [["host", "--ttl", "0"], [/--ttl/, /1.*255/]],
  [["host", "--tos", "1"], [/--tos/]],
  [["host", "--ecn", "4"], [/--ecn/, /ect0/, /"4"/]],
  [["host", "--ecn", "ect2"], [/--ecn/, /ect0/]],
  [["host", "--dscp", "AF44"], [/--dscp/, /AF44/, /EF/]],
  [["host", "--dscp", "64"], [/--dscp/, /63/]],
  [["host", "--mtu", "--size", "5"], [/--mtu/, /--size/]],
  [["host", "--mtu", "--watch"], [/--mtu/, /--watch/]],
  [["host", "--metrics", "9100"], [/--metrics/, /--watch/]],
  [["host", "--watch", "--metrics", "a.example:9100"], [/--metrics/, /9100/]],
  [["host", "--source-ports", "0"], [/--source-ports/, /1 to 64/]],
  [["host", "-4", "-6"], [/-4/, /-6/]],
  [["127.0.0.1", "-6"], [/-6/, /127\.0\.0\.1/]],
  [["::1", "-4"], [/-4/, /::1/]],
  [["host", "--intervall", "1s"], [/--intervall/, /--interval\b/]],
  [["host", "--conected"], [/--connected/]],
  [["host", "--json=yes"], [/--json/]],
  [["host", "--log", "json"], [/--log/]],
];

/** Mistakes that the program itself is run with: what it finds when it knows the addresses, and an ordinary one. */
const WRONG_PROGRAMS: typeof WRONG = [
  [["127.0.0.1", "--size", "65508"], [/--size/, /65507/]],
  [["::1", "--source", "127.0.0.1"], [/--source 127\.0\.0\.1/, /::1/, /family/]],
  [["host:0"], [/host/, /1.*65535/]],
];

describe("probe: usage", () => {
  test("--help fits 80 columns and names every option with its default", async () => {
    const { code, stdout, stderr } = await runProgram(["probe", "--help"], { program });
    assert.deepEqual([code, stderr, stdout], [0, "", `${helpText(PROBE)}\n`]);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    for (const { flags, preset = "" } of Object.values(PROBE.options)) {
      assert.ok(stdout.includes(flags), flags);
      assert.ok(preset === "" || stdout.includes(`(default: ${preset})`), flags);
    }
  });

  test("--version is that of the program", async () => {
    for (const option of ["--version", "-V"]) {
      const { code, stdout, stderr } = await runProgram(["probe", option], { program });
      assert.deepEqual([code, stdout, stderr], [0, `echo.ts ${VERSION}\n`, ""]);
    }
  });

  test("the help of the server names it", async () => {
    const { stdout } = await runProgram(["--help"], { program });
    assert.match(stdout, /echo\.ts probe/);
  });

  test("mistakes get one line that helps", () => {
    for (const [args, patterns] of WRONG) {
      assert.throws(() => parseProbe(args), (error) => {
        assert.ok(error instanceof UsageError, `${error}`);
        for (const pattern of [/^[^\n]+$/, ...patterns]) assert.match(error.message, pattern);
        return true;
      });
    }
  });

  test("after a mistake, the exit code is 2", LONG, async () => {
    for (const [args, patterns] of WRONG_PROGRAMS) {
      const { code, stdout, stderr } = await runProgram(["probe", ...args], { program });
      assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /^echo\.ts: [^\n]+\n$/);
      for (const pattern of patterns) assert.match(stderr, pattern);
    }
  });

  test("what this host can't do gets one line, and exit code 1", async () => {
    for (
      const [args, pattern] of [
        [["127.0.0.1", "--source", "192.0.2.99"], /192\.0\.2\.99.*not on this host/],
        [["127.0.0.1", "--interface", "nonesuch0"], /nonesuch0.*ip link/],
        [["fe80::1"], /fe80::1.*interface/],
      ] as const
    ) {
      const { code, stdout, stderr } = await runProgram(["probe", ...args], { program });
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /^echo\.ts: [^\n]+\n$/);
      assert.match(stderr, pattern);
    }
  });
});

describe("probe: settings", () => {
  const settings = (...args: string[]): ProbeSettings => {
    const settings = parseProbe(args);
    assert.ok(settings !== "help" && settings !== "version");
    return settings;
  };

  test("targets and ports", () => {
    const endpoints = (...args: string[]) => settings(...args).targets.map(({ host, port }) => ({ host, port }));
    assert.deepEqual(endpoints("a", "192.0.2.1", "2001:db8::1"), [
      { host: "a", port: 9000 },
      { host: "192.0.2.1", port: 9000 },
      { host: "2001:db8::1", port: 9000 },
    ]);
    assert.deepEqual(endpoints("a", "b", "--port", "7"), [{ host: "a", port: 7 }, { host: "b", port: 7 }]);
    assert.deepEqual(endpoints("a:1", "192.0.2.1:2", "[::1]:3", "[fe80::1%eth0]", "-p", "9"), [
      { host: "a", port: 1 },
      { host: "192.0.2.1", port: 2 },
      { host: "::1", port: 3 },
      { host: "fe80::1%eth0", port: 9 },
    ]);
  });

  test("defaults", () => {
    for (const targets of [["a"], ["a", "b"]]) {
      const { count, intervalMilliseconds, size, timeoutMilliseconds, ...others } = settings(...targets);
      assert.deepEqual([count, intervalMilliseconds, size, timeoutMilliseconds], [5, 200, 64, 1000]);
      const { dontFragment, connected, json, quiet, trafficClass, ttl } = others;
      assert.deepEqual([dontFragment, connected, json, quiet], [false, false, false, false]);
      assert.deepEqual([trafficClass, ttl], [undefined, undefined]);
    }
    assert.equal(settings("a", "-c", "0").count, Infinity);
    assert.equal(settings("a", "--watch").intervalMilliseconds, 1000);
    assert.equal(settings("a", "--watch", "-i", "50ms").intervalMilliseconds, 50);
    assert.deepEqual(settings("--targets", "file").targets, []);
  });

  test("durations", () => {
    const durations: [string, number][] = [["0", 0], ["0s", 0], ["50us", 0.05], ["200ms", 200], ["1.5s", 1500]];
    // Without a unit they mean seconds, as ping has it.
    durations.push(["1m", 60_000], ["60m", 3_600_000], ["5", 5000], ["0.2", 200]);
    for (const [text, milliseconds] of durations) {
      assert.equal(settings("a", "-i", text).intervalMilliseconds, milliseconds);
    }
  });

  test("a duration is shown as it is read", () => {
    for (const text of ["0s", "50us", "1.5ms", "200ms", "1s", "1.5s", "90s", "1m", "60m"]) {
      assert.equal(formatDuration(parseDuration(text)), text);
    }
  });

  test("the names of code points are those of their RFCs", () => {
    // RFC 2474, 4.2.2.1; RFC 2597, 6; RFC 3246, 2.7
    const names: [string, number][] = [["CS0", 0], ["CS1", 8], ["CS7", 56], ["AF11", 10], ["AF23", 22], ["AF43", 38]];
    for (const [name, value] of [...names, ["ef", 46], ["7", 7]] as [string, number][]) {
      assert.equal(settings("a", "--dscp", name).trafficClass, value * 4);
    }
    // RFC 3168, 5
    for (const [name, value] of [["not-ect", 0], ["ect1", 1], ["ECT0", 2], ["ce", 3], ["1", 1]] as const) {
      assert.equal(settings("a", "--ecn", name).trafficClass, value);
      assert.equal(settings("a", "--ecn", name, "--dscp", "EF").trafficClass, 184 + value);
    }
  });

  test("any arguments give settings or a usage error of one line", () => {
    const words = [
      "-c",
      "-i",
      "--size",
      "--mtu",
      "--json",
      "a",
      "::1",
      "9000",
      "1s",
      "--",
      "-46",
      "--ecn=1",
      "[::1]:5",
    ];
    const argument = fc.oneof(fc.constantFrom(...words), fc.string({ unit: "binary" }));
    fc.assert(fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
      try {
        const settings = parseProbe(args);
        for (const { host, port } of settings === "help" || settings === "version" ? [] : settings.targets) {
          assert.ok(host !== "" && port >= 1 && port <= 65_535);
        }
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, /^\P{C}+$/u);
      }
    }));
  });
});
