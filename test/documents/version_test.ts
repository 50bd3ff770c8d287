/** The version is the same wherever it stands. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VERSION } from "../../src/cli/version.ts";

for (const file of ["package.json", "deno.json"]) {
  test(`${file} has the program's version`, () => {
    const { version } = JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"));
    assert.equal(version, VERSION);
  });
}
