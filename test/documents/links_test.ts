/** The links, paths, and commands in the documents lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../support/server.ts";
import { anchorsOf, DOCUMENTS, linksOf, proseOf, read } from "./markdown.ts";

describe("documents", () => {
  test("every internal link leads to a file, and to a heading in it", () => {
    const broken: string[] = [];
    let count = 0;
    for (const document of DOCUMENTS) {
      for (const link of linksOf(document).filter((link) => !/^[a-z]+:/.test(link))) {
        count++;
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? document : normalize(join(dirname(document), path));
        const found = existsSync(join(ROOT, target)) && !target.startsWith("..") &&
          (anchor === undefined || anchorsOf(target).includes(anchor));
        if (!found) broken.push(`${document}: ${link}`);
      }
    }
    assert.deepEqual(broken, []);
    assert.ok(count > 30, `only ${count} links were found`);
  });

  test("every document is linked from the README or another document", () => {
    const linked = DOCUMENTS.flatMap((document) =>
      linksOf(document).map((link) => normalize(join(dirname(document), link.split("#")[0]!)))
    );
    assert.deepEqual(DOCUMENTS.filter((document) => document !== "README.md" && !linked.includes(document)), []);
  });

  test("every path of the project in them exists", () => {
    const missing = DOCUMENTS.flatMap((document) =>
      [...read(document).matchAll(/(?<![\w/.~])(?:bench|docs|examples|ffi|src|systemd|test)\/[\w./-]*\w/g)]
        .map(([path]) => path)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${document}: ${path}`)
    );
    assert.deepEqual(missing, []);
  });

  test("every npm script in them exists, and CONTRIBUTING.md has all", () => {
    const scripts = Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts);
    const scriptsIn = (document: string) =>
      [...read(document).matchAll(/\bnpm (?:run )?(?!cit|run)([a-z]+)/g)].map(([, script]) => script!);
    const missing = DOCUMENTS.flatMap(scriptsIn).filter((script) => !scripts.includes(script));
    assert.deepEqual(missing, []);
    assert.deepEqual([...new Set(scriptsIn("CONTRIBUTING.md"))].sort(), scripts.sort());
  });

  test("the README takes two minutes to read", () => {
    const lines = read("README.md").split("\n").length - 1;
    assert.ok(lines < 220, `${lines} lines`);
  });

  test("the figures in the README are those of bench/RESULTS.md", () => {
    const results = read("bench/RESULTS.md");
    const readme = proseOf("README.md").replaceAll(/\s+/g, " ");
    const rows = results.slice(results.indexOf("### 64 in flight, 64 bytes")).split("\n");
    const cells = (program: string) =>
      rows.find((row) => row.startsWith(`| ${program} `))!.split("|").map((cell) => cell.trim());
    const CPU_MEDIAN = 7;
    const RATE_RATIO = 5;
    const cpu = (program: string) => `${cells(program)[CPU_MEDIAN]} µs`;
    for (
      const expected of [
        `${cpu("echo.ts on Deno")} for echo.ts on Deno, ${cpu("echo.ts on Bun")} on Bun, ` +
        `${cpu("C recvmmsg/sendmmsg")} for C with recvmmsg and sendmmsg`,
        `${cells("echo.ts on Deno")[RATE_RATIO]} times as many as C`,
      ]
    ) assert.ok(readme.includes(expected), expected);
  });
});
