import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseArgs } from "node:util";
import fc from "fast-check";
import {
  addressFamily,
  checkFamily,
  COMMON_OPTIONS,
  flag,
  group,
  isSimilar,
  list,
  listOption,
  numberFrom,
  oneOf,
  option,
  parseArguments,
  quote,
  UsageError,
} from "../../src/cli/arguments.ts";

const options = {
  all: flag("-a, --all", ""),
  name: option("-n, --name NAME", "", String),
  list: listOption("--list X", "", String),
};

/** The same by `parseArgs`; undefined for a mistake. */
function reference(args: string[]): unknown {
  const { positionals, tokens } = parseArgs({
    args,
    options: { all: { type: "boolean", short: "a" }, name: { type: "string", short: "n" }, list: { type: "string" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const settings: { all: boolean; name: string | undefined; list: string[] } = {
    all: false,
    name: undefined,
    list: [],
  };
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, value, inlineValue } = token;
    if (name === "all" && value === undefined) {
      settings.all = true;
      continue;
    }
    if (name !== "name" && name !== "list") return undefined;
    if (value === undefined || value === "" || (!inlineValue && /^-[^0-9]/.test(value))) return undefined;
    if (name === "name") settings.name = value;
    else settings.list.push(value);
  }
  return { settings, positionals };
}

function parsed(args: string[]): unknown {
  try {
    const result = parseArguments(args, options);
    return typeof result === "string" ? result : { settings: result.settings, positionals: result.positionals };
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

describe("arguments", () => {
  test("are those that node:util's parseArgs finds", () => {
    const word = fc.constantFrom("-a", "-n", "--all", "--name", "--list", "--", "-", "-1", "9000", "x", "é", "");
    const attached = fc.tuple(
      fc.constantFrom("-a", "-aa", "-n", "-an", "-na", "-x", "--all", "--name", "--list", "--other", "---"),
      fc.constantFrom("", "=", "=v", "=-v", "=a=b", "v", "-", "\n"),
    );
    const argument = fc.oneof(word, attached.map((parts) => parts.join("")), fc.string({ maxLength: 5 }))
      // Bun's parseArgs refuses `-a-`, those of Node.js and Deno do not.
      .filter((text) => !/^-[^-]+-/.test(text));
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 6 }), (args) => assert.deepEqual(parsed(args), reference(args))),
      { numRuns: 2000 },
    );
  });

  test("which of them were given, and what the last of several is", () => {
    const result = parseArguments(["-n", "1", "--list=a", "--name=2", "b", "--list", "c"], options);
    assert.ok(typeof result === "object");
    assert.deepEqual(result.settings, { all: false, name: "2", list: ["a", "c"] });
    assert.deepEqual([[...result.given], result.positionals], [["name", "list"], ["b"]]);
    const one = parseArguments(["-a"], options);
    assert.ok(typeof one === "object" && one.given.has("all") && one.given.size === 1);
    const preset = { size: option("--size N", "", numberFrom(0, 9), "7") };
    const settings = (...args: string[]) => (parseArguments(args, preset) as { settings: unknown }).settings;
    assert.deepEqual([settings(), settings("--size", "5")], [{ size: 7 }, { size: 5 }]);
  });
});

test("help is asked for before the version, and before any value is read", () => {
  const all = { ...COMMON_OPTIONS, size: option("--size N", "", numberFrom(0, 9)) };
  assert.deepEqual([["-h"], ["--help", "--size", "x"], ["-Vh"]].map((args) => parseArguments(args, all)), [
    "help",
    "help",
    "help",
  ]);
  assert.deepEqual([["-V"], ["--size=x", "--version"]].map((args) => parseArguments(args, all)), [
    "version",
    "version",
  ]);
});

/** Asserts that `action` throws a usage error with this message. */
function assertWrong(action: () => unknown, message: string): void {
  assert.throws(action, (error) => error instanceof UsageError && error.message === message, message);
}

describe("what is wrong is said in a sentence", () => {
  test("unknown options, values that are missing, and those that are too many", () => {
    const wrong = (args: string[], message: string) => assertWrong(() => parseArguments(args, options), message);
    wrong(["--nmae", "x"], "unknown option --nmae; did you mean --name?");
    wrong(["--other"], "unknown option --other; --help lists all options");
    wrong(["-x"], "unknown option -x; --help lists all options");
    wrong(["-ax"], "unknown option -x; --help lists all options");
    wrong(["--\x1b[2J"], "unknown option --\\u001b[2J; --help lists all options");
    wrong(["--all=yes"], '--all takes no value, but got "yes"');
    for (const args of [["--name"], ["--name="], ["-n"], ["-n", "--all"], ["-n", ""]]) {
      wrong(args, `${args[0]!.replace("=", "")} needs a value; --help shows which`);
    }
  });

  test("numbers and words", () => {
    const number = numberFrom(5, 12);
    assert.deepEqual(["5", "05", "12"].map((text) => number(text, "--size")), [5, 5, 12]);
    for (const text of ["4", "13", "", "-5", "6.0", "0x7", " 6", "1e1", "9".repeat(16)]) {
      assertWrong(() => number(text, "--size"), `--size must be a whole number from 5 to 12, not "${text}"`);
    }
    assert.equal(numberFrom(0, 1e15)("9".repeat(15), ""), 999_999_999_999_999);
    const word = oneOf(["text", "json", "none"]);
    assert.equal(word("json", "--log"), "json");
    assertWrong(() => word("xml", "--log"), '--log must be one of text, json and none, not "xml"');
  });

  test("families of addresses", () => {
    const family = (ipv4: boolean, ipv6: boolean) => addressFamily({ ipv4, ipv6 });
    assert.deepEqual([family(true, false), family(false, true), family(false, false)], [4, 6, undefined]);
    assertWrong(() => family(true, true), "-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
    for (const [address, family] of [["192.0.2.1", 4], ["fe80::1%eth0", 6], ["name.example", 4]] as const) {
      checkFamily(address, family);
      checkFamily(address, undefined);
    }
    assertWrong(() => checkFamily("192.0.2.1", 6), "-6 does not go with the IPv4 address 192.0.2.1");
    assertWrong(() => checkFamily("fe80::1%eth0", 4), "-4 does not go with the IPv6 address fe80::1%eth0");
  });
});

describe("texts", () => {
  test("enumerations", () => {
    assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(list), ["", "a", "a and b", "a, b and c"]);
  });

  test("a misspelling is the beginning of a word, or differs in two adjacent letters at most", () => {
    const similar = [
      "qu",
      "qui",
      "quie",
      "qiet",
      "quit",
      "uiet",
      "queit",
      "quieet",
      "quiett",
      "quiex",
      "quabt",
      "abiet",
    ];
    for (const word of [...similar, "quiet"]) assert.ok(isSimilar(word, "quiet"), word);
    for (const word of ["", "q", "ui", "que", "quits!", "quietest", "xuiex", "abcet", "teiuq", "quieeet", "log"]) {
      assert.ok(!isSimilar(word, "quiet"), word);
    }
  });

  test("quotation escapes whatever a terminal could take for a command", () => {
    assert.equal(quote('a "b" \u00fc'), '"a \\"b\\" \u00fc"');
    assert.equal(
      quote("\x1b\u009b\u202e\u2028\ufeff\u{e0001}"),
      String.raw`"\u001b\u{9b}\u{202e}\u{2028}\u{feff}\u{e0001}"`,
    );
  });

  test("the parts of an option's flags, and the heading of a group", () => {
    const { flags, short, name, value } = option("-a, --address ADDR", "", String);
    assert.deepEqual([flags, short, name, value], ["-a, --address ADDR", "a", "address", "ADDR"]);
    const rate = listOption("--rate N[/BURST] X", "", String);
    assert.deepEqual([rate.short, rate.name, rate.value], [undefined, "rate", "N[/BURST] X"]);
    assert.deepEqual([options.all.short, options.all.name, options.all.value], ["a", "all", undefined]);
    const grouped = group("Heading", options);
    assert.deepEqual(Object.values(grouped).map((option) => "heading" in option ? option.heading : ""), [
      "Heading",
      "",
      "",
    ]);
    assert.deepEqual(Object.keys(grouped), Object.keys(options));
  });
});
