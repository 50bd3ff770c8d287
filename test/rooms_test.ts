/** The rule of imports: each room imports only the rooms below it, and the commands keep to the library's exports. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "./support/server.ts";

/** The rooms that each room may import, beside itself. */
const RULES: Record<string, readonly string[]> = {
  "ffi": [],
  "src/net": ["ffi"],
  "src/socket": ["ffi", "src/net"],
  "src/cli": ["ffi", "src/net"],
  "src/echo": ["ffi", "src/net", "src/cli", "src/socket"],
  "src/probe": ["ffi", "src/net", "src/cli", "src/socket"],
  "src": ["ffi", "src/net", "src/cli", "src/socket", "src/echo", "src/probe"],
};

interface Import {
  readonly file: string;
  readonly target: string;
  /** What stands between `import` and `from`: `{ type Path }`. */
  readonly names: string;
}

const room = (file: string) => file.slice(0, file.lastIndexOf("/"));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s+([^;]*?)\s*from\s+"(\.[^"]+)";|\bimport\("(\.[^"]+)"\)/gms)].map(
    ([, names = "", target, dynamic]) => ({ file, target: normalize(join(room(file), target ?? dynamic!)), names }),
  );
}

const files = Object.keys(RULES).flatMap((folder) =>
  readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name}`)
);
const imports = files.flatMap(importsOf);

describe("rooms", () => {
  test("no file stands outside the rooms", () => {
    const folders = ["ffi", "src"].flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.name.endsWith(".ts"))
        .map((entry) => entry.parentPath.slice(ROOT.length))
    );
    assert.deepEqual([...new Set(folders)].filter((folder) => RULES[folder] === undefined), []);
  });

  test("imports go in one direction", () => {
    assert.ok(imports.length > 200, `only ${imports.length} imports were found`);
    const offending = imports
      .filter(({ file, target }) => room(file) !== room(target) && !RULES[room(file)]!.includes(room(target)))
      .map(({ file, target }) => `${file} imports ${target}`);
    assert.deepEqual(offending, []);
  });

  test("no imports form a circle", () => {
    const targets = new Map(files.map((file) => [file, importsOf(file).map(({ target }) => target)]));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]) => {
      assert.ok(!path.includes(file), `a circle of imports: ${[...path, file].join(" -> ")}`);
      if (done.has(file)) return;
      for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  test("the commands use the exports of the library, and nothing else of the socket", () => {
    const namesOf = (names: string) =>
      names.replaceAll(/[{}]/g, "").split(",").map((name) => name.replace(/^\s*type\s/, "").trim()).filter(Boolean);
    const exported = importsOf("src/mod.ts").flatMap(({ names }) => namesOf(names.replace(/^type /, "")));
    const offending = imports
      .filter(({ file, target }) => /^src\/(echo|probe)$/.test(room(file)) && room(target) === "src/socket")
      .flatMap(({ file, names }) => namesOf(names.replace(/^type /, "")).map((name) => ({ file, name })))
      .filter(({ name }) => !exported.includes(name))
      .map(({ file, name }) => `${file} imports ${name}`);
    assert.deepEqual(offending, []);
  });
});
