/** The layout of help texts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flag, group, numberFrom, option } from "../../src/cli/arguments.ts";
import { type Command, helpText } from "../../src/cli/help.ts";

const COMMAND: Command = {
  summary: "Does this and that.",
  usage: [["echo.ts do [N]", "N times"]],
  options: {
    ...group("Numbers", {
      size: option("-s, --size BYTES", "how large each of them is, in bytes", numberFrom(0, 9), "7"),
      all: flag("--all", "all of them"),
    }),
    ...group("Others", { very: option("--very-long-name-of-one VALUE", "a word", String) }),
  },
  notes: ["A note.", "  echo.ts --indented"],
};

const lines = (...texts: string[]) => texts.join("\n");

describe("a help text", () => {
  test("has the descriptions beside the names", () => {
    const wide = lines(
      "Does this and that.",
      "",
      "  echo.ts do [N]             N times",
      "",
      "Numbers:",
      "  -s, --size BYTES           how large each of them is, in bytes (default: 7)",
      "      --all                  all of them",
      "",
      "Others:",
      "      --very-long-name-of-one VALUE",
      "                             a word",
      "",
      "A note.",
      "  echo.ts --indented",
    );
    for (const columns of [undefined, 80, 200]) assert.equal(helpText(COMMAND, columns), wide);
  });

  test("in a narrow terminal has them below, in lines that fit", () => {
    assert.equal(
      helpText(COMMAND, 30),
      lines(
        "Does this and that.",
        "",
        "  echo.ts do [N]",
        "      N times",
        "",
        "Numbers:",
        "  -s, --size BYTES",
        "      how large each of them",
        "      is, in bytes (default:",
        "      7)",
        "      --all",
        "      all of them",
        "",
        "Others:",
        "      --very-long-name-of-one VALUE",
        "      a word",
        "",
        "A note.",
        "  echo.ts --indented",
      ),
    );
    assert.match(helpText(COMMAND, 79), /^ {2}-s, --size BYTES$/m);
  });
});
