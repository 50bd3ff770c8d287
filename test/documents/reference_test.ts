/** The tables of the documents name what the program has, all of it, and nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exposition } from "../../src/cli/metrics.ts";
import { Counters } from "../../src/echo/counters.ts";
import { echoMetrics } from "../../src/echo/metrics.ts";
import { ECHO } from "../../src/echo/options.ts";
import { REASONS } from "../../src/echo/guard.ts";
import { SERVICE_PORTS } from "../../src/socket/service_ports.ts";
import * as library from "../../src/mod.ts";
import { PROBE } from "../../src/probe/options.ts";
import { DOCUMENTS, read, section, tableRows } from "./markdown.ts";

/** Options of other programs in the documents. */
const FOREIGN = new Set([
  ...[
    "--allow-ffi",
    "--hot",
    "--watch",
    "--allow-net",
    "--unit",
    "--priority",
    "--kustomize",
    "--sysctl",
    "--allow-read",
    "--what",
    "--worker",
    "--seed",
    "--allow-worker",
    "--permission",
    "--test",
    "--v8-flags",
    "--worker",
    "--jitless",
    "--minutes",
    "--quick",
    "--runtime",
    "--seed",
    "--seeds",
    "--what",
    "--worker",
  ],
  ...["--reuid", "--regid", "--clear-groups", "--no-new-privs", "--bounding-set", "--inh-caps", "--ambient-caps"],
  ...["--rm", "--network", "--read-only", "--cap-drop", "--cap-add", "--volume", "--now", "--signal"],
]);

/** Returns the options in a text: `-a`, `--address`. */
function optionsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])(?:-[a-zA-Z46]|--[a-z-]*[a-z])(?![\w-])/g)].map(([option]) => option);
}

/** Returns the rows of a table of options that stands under "Options". */
function optionRows(document: string): { flags: string; names: string[]; meaning: string; fallback: string }[] {
  return tableRows(section(document, "Options")).map((cells) => {
    const [flags = "", meaning = "", fallback = ""] = cells.map((cell) => cell.replaceAll("`", ""));
    return { flags, names: optionsIn(flags), meaning, fallback };
  });
}

describe("the tables of options", () => {
  for (const [document, { options }] of [["docs/server.md", ECHO], ["docs/probe.md", PROBE]] as const) {
    test(`${document} has those of --help, with the same words and defaults`, () => {
      const rows = optionRows(document).filter(({ names }) => names.length > 0);
      assert.deepEqual(
        rows.map(({ flags }) => flags),
        Object.values(options).map(({ flags }) => flags),
      );
      for (const [i, { help, preset }] of Object.values(options).entries()) {
        const { flags, meaning, fallback } = rows[i]!;
        assert.ok(meaning.startsWith(help), `${flags}: "${meaning}" begins with "${help}"`);
        // Without a default the table may describe what happens: "no limit".
        assert.equal(fallback, preset ?? fallback.replaceAll(/\d+/g, ""), flags);
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
    const own = [ECHO, PROBE].flatMap(({ options }) => Object.values(options)).flatMap(({ flags }) => optionsIn(flags));
    const known = new Set([...own, ...FOREIGN]);
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

test("the table of metrics", () => {
  const [, table = ""] = section("docs/server.md", "Metrics").split("| metric");
  const documented = [...table.matchAll(/`([a-z_]+)(?:\{([a-z,]+)\})?`/g)].map(([, name]) => name);
  const group = { counters: () => [new Counters()], drops: () => 0, sockets: [] };
  const own = [...exposition(echoMetrics(group, 0), false).matchAll(/^# TYPE (\S+)/gm)];
  assert.deepEqual(documented.filter((name) => name !== "worker"), [
    ...own.map(([, name]) => name),
    ...["echo_build_info", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"],
  ]);
});

test("the list of refused service ports", () => {
  const text = section("docs/server.md", "Refused service ports").replaceAll(/\s+/g, " ");
  const documented = [...text.split(". ")[0]!.matchAll(/(\d{4,5}) [^,]+/g)].map(([, port]) => Number(port));
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
