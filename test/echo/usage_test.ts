/** The command line: help, and that every mistake gets one line that helps, and the right exit code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { UsageError } from "../../src/cli/arguments.ts";
import { ECHO, parseEcho } from "../../src/echo/options.ts";
import { compiled, noCompiler } from "../support/client.ts";
import { type Host, host, noHosts } from "../support/hosts.ts";
import { missing, notRoot, type Result, run } from "../support/process.ts";
import { commandLine, freePort, ROOT, runProgram, RUNTIME, type ServerOptions, withServer } from "../support/server.ts";

const USAGE = 2;
const FAILURE = 1;

/** Asserts that the program ended with this exit code and one line on standard error that matches all patterns. */
function assertRefused({ code, signal, stdout, stderr }: Result, exitCode: number, patterns: RegExp[]): void {
  assert.deepEqual({ code, signal, stdout }, { code: exitCode, signal: null, stdout: "" }, stderr);
  assert.match(stderr, /^echo\.ts: [^\n]+\n$/);
  for (const pattern of patterns) assert.match(stderr, pattern);
}

/** Wrong usage, and what the line says: the mistake, and what is right. */
const WRONG: [args: string[], patterns: RegExp[]][] = [
  [["0"], [/\b0\b/, /1.*65535|1.*65,535/]],
  [["65536"], [/65536/, /1.*65535/]],
  [["99999999999999999999"], [/99999999999999999999/, /1.*65535/]],
  [["9000.5"], [/9000\.5/, /1.*65535/]],
  [["1e3"], [/1e3/, /1.*65535/]],
  [["0x2328"], [/0x2328/, /1.*65535/]],
  [["+9000"], [/\+9000/, /1.*65535/]],
  [[""], [/port/i, /1.*65535/]],
  [["http"], [/http/, /1.*65535/]],
  [["-1"], [/-1/]],
  [["9000", "9001"], [/9001/]],
  [["--nonsense"], [/--nonsense/, /--help/]],
  [["-x"], [/-x/]],
  [["--adress", "127.0.0.1"], [/--adress\b/, /--address\b/]],
  [["--qiet"], [/--qiet\b/, /--quiet\b/]],
  [["--log-limt", "5"], [/--log-limt\b/, /--log-limit\b/]],
  [["--addr", "127.0.0.1"], [/--addr\b/, /did you mean --address\?/]],
  [["prob", "127.0.0.1"], [/"prob"/, /did you mean probe\?/]],
  [["127.0.0.1"], [/127\.0\.0\.1/, /did you mean --address\?/]],
  [["9000", "fe80::1%lo"], [/fe80::1%lo/, /did you mean --address\?/]],
  [["--log", "xml"], [/xml/, /text/, /json/, /none/]],
  [["--log"], [/--log\b/]],
  [["--log="], [/--log\b/, /value/]],
  [["--log-limit", "many"], [/--log-limit/, /many/]],
  [["--log-limit=-1"], [/--log-limit/, /from 0 to/, /-1/]],
  [["--log-limit", "-1"], [/--log-limit/, /from 0 to/, /-1/]],
  [["--log-limit", "1.5"], [/--log-limit/, /1\.5/]],
  [["--buffer", "lots"], [/--buffer/, /lots/]],
  [["--buffer", "0"], [/--buffer/, /\b0\b/]],
  [["--buffer=-4M"], [/--buffer/, /-4M/]],
  [["--buffer", "4X"], [/--buffer/, /4X/]],
  [["--quiet=yes"], [/--quiet/]],
  [["--workers", "0"], [/--workers/, /from 1 to 64/, /"0"/]],
  [["--workers", "65"], [/--workers/, /auto/, /from 1 to 64/]],
  [["--summary", "none"], [/--summary/, /text and json/, /none/]],
  [["--summary-every", "0"], [/--summary-every/, /from 1 to/]],
  [["--drain", "1m"], [/--drain/, /1m/]],
  [["--metrics", "http"], [/--metrics/, /9100/, /http/]],
  [["--metrics", "localhost:9100"], [/--metrics/, /\[::1\]:9100/]],
  [["--metrics", "127.0.0.1:0"], [/--metrics/, /from 1 to 65535/]],
  [["-q", "--log", "json"], [/--quiet/, /--log\b/]],
  [["--allow", "10.0.0.1/8"], [/10\.0\.0\.1\/8/, /did you mean 10\.0\.0\.0\/8\?/]],
  [["--allow", "2001:db8::1/32"], [/did you mean 2001:db8::\/32\?/]],
  [["--allow", "::ffff:10.0.0.1/104"], [/did you mean 10\.0\.0\.0\/8\?/]],
  [["--allow", "10.0.0.0/33"], [/10\.0\.0\.0\/33/, /192\.0\.2\.0\/24/]],
  [["-a", "224.0.0.1"], [/multicast/, /--answer-multicast/]],
  [["--join", "192.0.2.1"], [/multicast/, /224\.0\.0\.251/]],
  [["--join", "eth0"], [/multicast/, /ff02::fb%eth0/]],
  [["-a", "ff02::1%lo"], [/multicast/, /--answer-multicast/]],
  [["-4", "-6"], [/-4/, /-6/]],
  [["-4", "--address", "::1"], [/-4/, /::1/]],
  [["-6", "--address", "127.0.0.1"], [/-6/, /127\.0\.0\.1/]],
  [["--address"], [/--address/]],
  [["--address="], [/--address/]],
  // Even of a strange argument, one line of printable text is made.
  [["--\x1b[31mred"], [/^\P{Cc}*$/u]],
  [["a\nb"], [/port/i]],
];

describe("wrong usage", () => {
  for (const [args, patterns] of WRONG) {
    test(JSON.stringify(args.join(" ")), () => {
      assert.throws(() => parseEcho(args), (error) => {
        assert.ok(error instanceof UsageError);
        for (const pattern of [/^[^\n]+$/, ...patterns]) assert.match(error.message, pattern);
        return true;
      });
    });
  }
});

describe("on a full disk", () => {
  test("no stack trace, and the right exit code", async () => {
    const cases: [args: string[], redirect: string, exitCode: number][] = [
      // The consoles of Bun and Node.js do not report that a write failed.
      [["--help"], ">/dev/full", RUNTIME === "Deno" ? FAILURE : 0],
      [["--version"], ">/dev/full", RUNTIME === "Deno" ? FAILURE : 0],
      [["--nonsense"], "2>/dev/full", USAGE],
      [["-a", "192.0.2.99"], "2>/dev/full", FAILURE],
    ];
    for (const [args, redirect, exitCode] of cases) {
      const { code, stdout, stderr } = await runProgram(args, { redirect });
      assert.deepEqual({ code, stdout, stderr }, { code: exitCode, stdout: "", stderr: "" }, `${args}`);
    }
  });
});

describe("help", () => {
  test("--help and -h fit 80 columns, and name every option with its default and both runtimes", async () => {
    const { code, stdout, stderr } = await runProgram(["--help"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(await runProgram(["-h"]), { code: 0, signal: null, stdout, stderr: "" });
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    for (const { flags, preset = "" } of Object.values(ECHO.options)) {
      assert.ok(stdout.includes(flags), flags);
      assert.ok(preset === "" || stdout.replaceAll(/\s+/g, " ").includes(`(default: ${preset})`), flags);
    }
    for (const word of ["deno run --allow-ffi echo.ts", "bun run echo.ts", "9000"]) {
      assert.ok(stdout.includes(word), word);
    }
  });

  test("a narrow terminal breaks no words of the help", { skip: missing("script", "stty") }, async () => {
    const { stdout } = await runProgram(["--help"]);
    const command = commandLine("echo.ts", ["--help"]).map((word) => `'${word}'`).join(" ");
    const narrow = await run(["script", "-qec", `stty cols 40; exec ${command}`, "/dev/null"]);
    const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
    assert.deepEqual(words(narrow.stdout), words(stdout));
    for (const line of narrow.stdout.split("\r\n")) assert.ok(line.length <= 40, line);
  });

  test("--version and -V tell the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    for (const option of ["--version", "-V"]) {
      const { code, stdout, stderr } = await runProgram([option]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.match(stdout, /^[^\n]+\n$/);
      assert.ok(stdout.includes(version), stdout);
    }
  });
});

describe("wrong usage", () => {
  for (const args of [["0"], ["--nonsense"], ["--\x1b[31mred"], ["-a", "ff02::1"]]) {
    test(`ends the program with one line: ${JSON.stringify(args.join(" "))}`, async () => {
      assertRefused(await runProgram(args), USAGE, []);
    });
  }
});

describe("what can't be", () => {
  const refused = async (args: string[], patterns: RegExp[], options: Partial<ServerOptions> = {}) => {
    assertRefused(await runProgram(args, { ...options }), FAILURE, patterns);
  };

  test("a port in use", async () => {
    await withServer({ args: ["-q"] }, async ({ port }) => {
      await refused([String(port)], [new RegExp(`\\[::\\]:${port}\\b`), /in use/]);
      await refused([String(port), "-4"], [new RegExp(`0\\.0\\.0\\.0:${port}\\b`), /in use/]);
      await refused([String(port), "-a", "127.0.0.1"], [new RegExp(`127\\.0\\.0\\.1:${port}\\b`), /in use/]);
    });
  });

  test("a port below 1024 without the capability", { skip: missing("setpriv") }, async () => {
    // Root without it, or a user, who has none.
    const wrapper = notRoot ? [] : ["setpriv", "--bounding-set", "-net_bind_service"];
    await refused(["7"], [/\[::\]:7\b/, /permission denied/i, /CAP_NET_BIND_SERVICE/], { wrapper });
    await refused(["1023", "-4"], [/0\.0\.0\.0:1023\b/, /CAP_NET_BIND_SERVICE/], { wrapper });
  });

  test("an address that is not on this host", async () => {
    const port = String(await freePort());
    await refused([port, "--address", "198.51.100.1"], [/198\.51\.100\.1/, /not .*(this|the) host/i]);
    await refused([port, "--address", "2001:db8::1"], [/2001:db8::1/, /not .*(this|the) host/i]);
    await refused([port, "--address", "fe80::1%lo"], [/fe80::1%lo/, /not .*(this|the) host/i]);
  });

  test("an unknown interface, and a link-local address without one", async () => {
    const port = String(await freePort());
    await refused([port, "--address", "fe80::1%nonesuch0"], [/nonesuch0/, /interface/]);
    await refused([port, "--address", "fe80::1"], [/fe80::1/, /%/]);
  });

  test("a kernel without IPv6, with -6", { skip: noCompiler }, async () => {
    const options = { wrapper: [compiled("without_ipv6")] };
    await refused(["-6"], [/IPv6/, /leave out -6/], options);
    await refused(["--address", "::1"], [/IPv6/], options);
  });

  describe("on a host of its own", { skip: noHosts }, () => {
    let alone: Host;
    before(async () => {
      alone = await host();
    });
    after(() => alone?.remove());

    test("a name that does not resolve", async () => {
      await refused(["--address", "nonesuch.invalid"], [/nonesuch\.invalid/, /resolve/], { host: alone });
    });

    test("IPv6 switched off by sysctl, with -6", async () => {
      alone.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
      await refused(["-6"], [/IPv6/, /leave out -6/], { host: alone });
      await refused(["--address", "::1"], [/::1/], { host: alone });
    });
  });

  test("Deno without --allow-ffi", { skip: RUNTIME !== "Deno" && "needs Deno" }, async () => {
    for (const runtimeOptions of [["--no-prompt"], [], ["--deny-ffi"], ["--allow-all", "--deny-ffi"]]) {
      await refused(["9000"], [/deno run --allow-ffi /], { runtimeOptions });
    }
  });

  test(
    "Node.js without --allow-ffi, or without node:ffi",
    { skip: RUNTIME !== "Node" && "needs Node.js" },
    async () => {
      await refused(["9000"], [/node --permission --allow-ffi /], { runtimeOptions: ["--permission"] });
      await refused(["9000"], [/--no-experimental-ffi/], { runtimeOptions: ["--no-experimental-ffi"] });
    },
  );
});

test("a library that cannot be loaded: the reason is given once", () => {
  const getpid = { parameters: [], result: "i32" } as const;
  const path = "/nonexistent/libc.so.6";
  assert.throws(() => runtime().ffi.load([path], { getpid }), ({ message }: Error) => {
    assert.match(message, /^cannot load libc: .*: No such file or directory$/);
    assert.equal(message.split(path).length, 2, message);
    assert.doesNotMatch(message, /Could not open library/);
    return true;
  });
});
