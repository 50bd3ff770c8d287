/** The settings of the server: the defaults, every option by value, and the limits of each number. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UsageError } from "../../src/cli/arguments.ts";
import { byteSizeText, type EchoSettings, parseEcho } from "../../src/echo/options.ts";
import { parseAddress } from "../../src/net/address.ts";

function parse(...args: string[]): EchoSettings {
  const settings = parseEcho(args);
  if (typeof settings === "string") assert.fail(`${args} asks for ${settings}`);
  return settings;
}

/** Asserts that these are the settings, whatever others there are. */
function assertSettings(args: string[], expected: Partial<EchoSettings>): void {
  const settings = parse(...args);
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(settings[name as keyof EchoSettings], value, `${name} of ${args.join(" ")}`);
  }
}

function assertWrong(args: string[], words: RegExp): void {
  assert.throws(() => parseEcho(args), (error) => error instanceof UsageError && words.test(error.message), `${args}`);
}

/** The settings without any option. docs/server.md */
const DEFAULTS: Partial<EchoSettings> = {
  port: 9000,
  address: undefined,
  family: undefined,
  logFormat: "text",
  logLimitPerSecond: 1000,
  receiveBufferBytes: 4 * 1024 * 1024,
  busyPollMicroseconds: 200,
  fd: undefined,
  allow: [],
  rate: undefined,
  maxRate: undefined,
  answerAnyPort: false,
  answerBroadcast: false,
  answerMulticast: false,
};

/** Options, and the settings that they change. */
const CHANGES: [args: string[], changes: Partial<EchoSettings>][] = [
  [["1"], { port: 1 }],
  [["65535"], { port: 65_535 }],
  [["-4"], { family: 4 }],
  [["-6"], { family: 6 }],
  [["--ipv6"], { family: 6 }],
  [["-a", "192.0.2.1"], { address: "192.0.2.1" }],
  [["--address", "::1", "-6"], { address: "::1", family: 6 }],
  [["--address", "name.example"], { address: "name.example" }],
  [["-a", "224.0.0.1", "--answer-multicast"], { address: "224.0.0.1", answerMulticast: true }],
  [["-q"], { logFormat: "none" }],
  [["--quiet"], { logFormat: "none" }],
  [["--log", "none"], { logFormat: "none" }],
  [["--log", "json"], { logFormat: "json" }],
  [["--log=json", "--log=text"], { logFormat: "text" }],
  [["--log-limit", "0"], { logLimitPerSecond: 0 }],
  [["--log-limit=1000000000"], { logLimitPerSecond: 1_000_000_000 }],
  [["--buffer", "4096"], { receiveBufferBytes: 4096 }],
  [["--buffer", "4K"], { receiveBufferBytes: 4096 }],
  [["--buffer", "64k"], { receiveBufferBytes: 65_536 }],
  [["--buffer", "8M"], { receiveBufferBytes: 8_388_608 }],
  [["--buffer", "1023M"], { receiveBufferBytes: 1_072_693_248 }],
  [["--busy-poll", "0"], { busyPollMicroseconds: 0 }],
  [["--busy-poll", "1000"], { busyPollMicroseconds: 1000 }],
  [["--fd", "0"], { fd: 0 }],
  [["--fd", "1000000"], { fd: 1_000_000 }],
  [["--rate", "5"], { rate: { perSecond: 5, burst: 5 } }],
  [["--rate", "5/70"], { rate: { perSecond: 5, burst: 70 } }],
  [["--max-rate", "1000000000/1"], { maxRate: { perSecond: 1_000_000_000, burst: 1 } }],
  [["--answer-any-port"], { answerAnyPort: true }],
  [["--answer-broadcast"], { answerBroadcast: true }],
  [["--answer-multicast"], { answerMulticast: true }],
  [["--allow", "192.0.2.0/24", "--allow", "2001:db8::/32"], {
    allow: [
      { bytes: parseAddress("192.0.2.0")!, length: 120 },
      { bytes: parseAddress("2001:db8::")!, length: 32 },
    ],
  }],
];

/** What is beyond a limit, or does not go together, and a word of the message. */
const WRONG: [args: string[], words: RegExp][] = [
  [["0"], /port.* 1 to 65535/],
  [["65536"], /port.* 1 to 65535/],
  [["9000", "9001", "9002"], /"9000", "9001" and "9002"/],
  [["--log-limit", "1000000001"], /0 to 1000000000/],
  [["--buffer", "4095"], /from 4K to 1023M/],
  [["--buffer", "1G"], /from 4K to 1023M/],
  [["--buffer", "4m4"], /"4m4"/],
  [["--busy-poll", "1001"], /0 to 1000/],
  [["--fd", "1000001"], /0 to 1000000/],
  [["--rate", "0"], /--rate .* 1 to 1000000000/],
  [["--rate", "1000000001"], /--rate .* 1 to 1000000000/],
  [["--rate", "1/0"], /burst of --rate/],
  [["--rate", "1/2/3"], /N\/BURST.*"1\/2\/3"/],
  [["--max-rate", "x"], /--max-rate .*"x"/],
  [["--fd", "3", "9000"], /--fd/],
  [["--fd", "3", "-4"], /--fd/],
  [["--fd", "3", "-a", "::1"], /--fd/],
  [["--allow", "192.0.2.1/24"], /did you mean 192\.0\.2\.0\/24\?/],
  [["--allow", "0.0.0.1/0"], /did you mean 0\.0\.0\.0\/0\?/],
  [["--allow", "::1/127"], /did you mean ::\/127\?/],
  [["--allow", "x"], /"x"/],
  [["--log", "yaml"], /text, json and none/],
  [["--lo"], /did you mean --log\?/],
  [["--quite"], /did you mean --quiet\?/],
  [["--xyz"], /--help lists all options/],
  [["probe"], /probe comes first/],
];

describe("settings", () => {
  test("the defaults", () => assertSettings([], DEFAULTS));

  test("each option changes what it is for, and nothing else", () => {
    for (const [args, changes] of CHANGES) assertSettings(args, { ...DEFAULTS, ...changes });
  });

  test("what is beyond a limit, or does not go together", () => {
    for (const [args, words] of WRONG) assertWrong(args, words);
  });

  test("help and version go before mistakes of values", () => {
    assert.equal(parseEcho(["-h", "0"]), "help");
    assert.equal(parseEcho(["--help"]), "help");
    assert.equal(parseEcho(["-V", "--log", "xml"]), "version");
    assert.equal(parseEcho(["--version"]), "version");
  });

  test("sizes in the largest unit that gives a whole number", () => {
    const texts = [1, 1023, 1024, 1536, 4096, 1 << 20, 3 << 20, (1 << 20) + 1024, 1 << 30].map(byteSizeText);
    assert.deepEqual(texts, ["1", "1023", "1K", "1536", "4K", "1M", "3M", "1025K", "1G"]);
  });
});
