/** The tables of the documents name what the program has, all of it, and nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ECHO_HELP } from "../../src/echo/options.ts";
import { REASONS } from "../../src/echo/guard.ts";
import { SERVICE_PORTS } from "../../src/socket/service_ports.ts";
import * as library from "../../src/mod.ts";
import { PROBE_HELP } from "../../src/probe/options.ts";
import { DOCUMENTS, read, section, tableRows } from "./markdown.ts";

/** Options of other programs in the documents. */
const FOREIGN = new Set([
  ...["--allow-ffi", "--v8-flags", "--jitless", "--minutes", "--quick", "--runtime", "--seeds"],
  ...["--reuid", "--regid", "--clear-groups", "--no-new-privs", "--bounding-set", "--inh-caps", "--ambient-caps"],
  ...["--rm", "--network", "--read-only", "--cap-drop", "--cap-add", "--volume", "--now", "--signal"],
]);

/** Returns the options in a text: `-a`, `--address`. */
function optionsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])(?:-[a-zA-Z46]|--[a-z-]*[a-z])(?![\w-])/g)].map(([option]) => option);
}

/** Returns the rows of a table of options that stands under "Options". */
function optionRows(document: string): { names: string[]; fallback: string }[] {
  return tableRows(section(document, "Options")).map(([option = "", , fallback = ""]) => ({
    names: optionsIn(option.replaceAll("`", "")),
    fallback: fallback.replaceAll("`", ""),
  }));
}

describe("the tables of options", () => {
  for (const [document, help] of [["docs/server.md", ECHO_HELP], ["docs/probe.md", PROBE_HELP]] as const) {
    const rows = optionRows(document);

    test(`${document} has those of --help`, () => {
      const documented = rows.flatMap(({ names }) => names).sort();
      // The examples at the end of the help show options as well.
      assert.deepEqual(documented, [...new Set(optionsIn(help.split("Examples:")[0]!))].sort());
    });

    test(`${document} has the defaults of --help`, () => {
      const defaults = help.split("\n").flatMap((line, i, lines) => {
        const [, fallback] = /\(default: ([^)]*)\)/.exec(line) ?? [];
        // The description of an option may take two lines.
        const [name] = [...optionsIn(line), ...optionsIn(lines[i - 1] ?? "")];
        return fallback === undefined || name === undefined ? [] : [{ name, fallback }];
      });
      assert.ok(defaults.length >= 4, `only ${defaults.length} defaults were found`);
      for (const { name, fallback } of defaults) {
        const row = rows.find(({ names }) => names.includes(name));
        assert.ok(
          row?.fallback.startsWith(fallback),
          `${name}: ${fallback} in the help, ${row?.fallback} in the table`,
        );
      }
    });
  }

  test("README.md has some of docs/server.md, with the same defaults", () => {
    const all = optionRows("docs/server.md");
    for (const { names, fallback } of optionRows("README.md")) {
      assert.ok(
        names.every((name) => all.some((row) => row.names.includes(name) && row.fallback === fallback)),
        names.join(),
      );
    }
  });

  test("all documents name options that exist", () => {
    const known = new Set([...optionsIn(ECHO_HELP), ...optionsIn(PROBE_HELP), ...FOREIGN]);
    // The changelog names options that were removed, and the results those of the load generator.
    const documents = DOCUMENTS.filter((document) => document !== "CHANGELOG.md" && document !== "bench/RESULTS.md");
    const unknown = documents.flatMap((document) =>
      optionsIn(read(document)).filter((option) => option.startsWith("--") && !known.has(option))
        .map((option) => `${document}: ${option}`)
    );
    assert.deepEqual([...new Set(unknown)], []);
  });
});

test("the table of the guard's reasons", () => {
  const documented = tableRows(section("docs/server.md", "The guard")).map(([reason]) => reason!.replaceAll("`", ""));
  assert.deepEqual(documented, REASONS.filter((reason) => reason !== "accepted"));
});

test("the list of refused service ports", () => {
  const text = section("docs/server.md", "Refused service ports").replaceAll(/\s+/g, " ");
  const documented = [...text.split(". ")[0]!.matchAll(/(\d{4,5}) ([^,]+)/g)].map(([, port, name]) => [
    Number(port),
    name,
  ]);
  assert.deepEqual(documented, [...SERVICE_PORTS]);
});

test("the table of the library's exports", () => {
  const rows = tableRows(section("docs/library.md", "Exports"));
  const names = rows.flatMap(([name]) => [...name!.matchAll(/`(\w+)/g)].map(([, export_]) => export_!));
  assert.deepEqual(names.sort(), Object.keys(library).sort());

  const classes = { UdpSocket: library.UdpSocket, MessageBatch: library.MessageBatch };
  for (const [name, { prototype }] of Object.entries(classes)) {
    const [, text] = rows.find(([first]) => first === `\`${name}\``)!;
    const members = [...text!.matchAll(/`(\w+)/g)].map(([, member]) => member!);
    assert.ok(members.length >= 5, name);
    const missing = members.filter((member) => !(member in prototype || member in classes.UdpSocket));
    assert.deepEqual(missing, [], name);
  }
});
