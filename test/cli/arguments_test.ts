import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { flag, listOption, option, parseArguments, UsageError } from "../../src/cli/arguments.ts";

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
});
