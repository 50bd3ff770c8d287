/** Standard output of the probe: what it can show, readers that are slow, and lines of a given width. */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wrap } from "../../src/cli/terminal.ts";
import { Fifo } from "../support/fifo.ts";
import { missing, Process, run, until } from "../support/process.ts";
import { commandLine } from "../support/server.ts";
import { onTerminal } from "../support/terminal.ts";

const command = (...args: string[]) => commandLine("test/support/terminal_program.ts", args);

/** What the program finds out of its standard output, and what else it writes. */
function readProperties(text: string): [properties: Record<string, unknown>, rest: string] {
  const [json = "", ...rest] = text.split(/\r?\n/);
  return [JSON.parse(json), rest.join("\n")];
}

describe("standard output", () => {
  test("of a terminal: its size, colours, and what the locale has", { skip: missing("python3") }, async () => {
    const inTerminal = async (env: Record<string, string>) =>
      readProperties(await onTerminal(command("properties"), { columns: 67, rows: 13, env }));
    const size = { columns: 67, rows: "13" };
    const erased = "\r\u241b[J\r\u241b[2A\u241b[J";
    assert.deepEqual(await inTerminal({}), [
      { interactive: true, unicode: true, ...size },
      `\u241b[32mgreen\u241b[0m\ncaf\u00e9 \u{1f995}\n${erased}`,
    ]);
    assert.deepEqual(await inTerminal({ NO_COLOR: "1", LC_ALL: "C" }), [
      { interactive: true, unicode: false, ...size },
      `green\ncaf? ?\n${erased}`,
    ]);
    assert.deepEqual(await inTerminal({ TERM: "dumb", LC_CTYPE: "de_DE.utf8", LANG: "C" }), [
      { interactive: false, unicode: true, ...size },
      "green\ncaf\u00e9 \u{1f995}\n",
    ]);
  });

  test("of no terminal: a usual width, any height, no colours", async () => {
    const env = { ...process.env, LC_ALL: "", LC_CTYPE: "", LANG: "" } as Record<string, string>;
    const { stdout } = await run(command("properties"), { env });
    assert.deepEqual(readProperties(stdout), [
      { interactive: false, unicode: false, columns: 80, rows: "Infinity" },
      "green\ncaf? ?\n",
    ]);
  });

  /**
   * Runs the program with a pipe as its standard output, for which it has more than that holds, and calls `use` when the
   * pipe is full; returns what the program says in the end.
   */
  async function withPipe(what: string, use: (pipe: Fifo) => Promise<void> | void): Promise<string> {
    const pipe = new Fifo();
    const program = new Process(["sh", "-c", `exec "$@" >${pipe.path}`, "sh", ...command(what, "900")]);
    try {
      await program.waitFor(() => program.stderr.startsWith("stalled\n"), "a full pipe");
      await use(pipe);
      return (await program.end()).stderr.slice("stalled\n".length);
    } finally {
      await program.kill();
      pipe.close();
    }
  }

  test("to a slow reader: all of it waits, and comes in order", { skip: missing("mkfifo") }, async () => {
    let text = "";
    const end = await withPipe("wait", async (pipe) => {
      await until(() => (text += pipe.read(5000)).split("\n").length > 900, "the last line");
    });
    assert.equal(text, Array.from({ length: 900 }, (_, i) => `${i} ${"x".repeat(90)}\n`).join(""));
    assert.equal(end, "written\n");
  });

  test("to a reader that goes away, and to none", { skip: missing("mkfifo") }, async () => {
    assert.equal(await withPipe("wait", (pipe) => pipe.closeReader()), "closed\n");
    assert.equal(await withPipe("once", () => {}), "stalled\n");
  });
});

test("wrapped lines have all words in order, and fit the width unless one word does not", () => {
  const words = fc.array(fc.string({ minLength: 1, maxLength: 12 }).filter((word) => !/\s/.test(word)));
  fc.assert(fc.property(words, fc.integer({ min: 0, max: 30 }), (words, width) => {
    const lines = wrap(words.join(" "), width);
    assert.equal(lines.join(" "), words.join(" "));
    lines.forEach((line, i) => {
      assert.ok(line.length <= width || !line.includes(" "), line);
      const next = lines[i + 1]?.split(" ")[0];
      assert.ok(next === undefined || `${line} ${next}`.length > width, `${next} fits behind ${line}`);
    });
  }));
});
