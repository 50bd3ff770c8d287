/** The examples in the documentation of the exports: each is a program that passes the type checker, and runs. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { before, describe, test } from "node:test";
import { LONG, missing, run, temporaryFolder } from "../support/process.ts";
import { commandLine, freePort, ROOT, RUNTIME } from "../support/server.ts";

/** An example: where it stands, and its text. */
interface Example {
  name: string;
  source: string;
}

/** The TypeScript in the fences of a file; in a source file they stand in comments. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^( \* | {3}\* |)```ts\n(.+?)\n\1```$/gms)].map(([, margin, body], i) => ({
    name: `${file}, example ${i + 1}`,
    source: body!.split("\n").map((line) => line.slice(Math.min(margin!.length, line.length))).join("\n"),
  }));
}

const documented = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => examplesOf(`src/${file}`));
const inReadme = examplesOf("README.md").filter(({ source }) => source.includes('from "echo.ts"'));

const tsc = join(ROOT, "node_modules/.bin/tsc");

/** The command that checks the types of files, with the declarations of the runtime. */
function checker(folder: string, files: string[]): string[] {
  if (RUNTIME === "Deno") return [process.execPath, "check", "--quiet", "--config", join(ROOT, "deno.json"), ...files];
  const config = join(folder, "tsconfig.json");
  const typeRoots = [join(ROOT, "node_modules/@types"), join(ROOT, "node_modules")];
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions: { typeRoots }, include: [], files }),
  );
  return [tsc, "-p", config];
}

describe("the examples in the documentation", () => {
  const files = new Map<Example, string>();

  before(async () => {
    const folder = temporaryFolder();
    for (const [i, example] of [...documented, ...inReadme].entries()) {
      let source = example.source.replaceAll('from "echo.ts"', `from ${JSON.stringify(join(ROOT, "src/mod.ts"))}`);
      // Ports that nobody else uses.
      for (const port of new Set(source.match(/\b53\d\d\b/g))) source = source.replaceAll(port, `${await freePort()}`);
      const file = join(folder, `example_${i}.ts`);
      writeFileSync(file, source);
      files.set(example, file);
    }
  });

  test("are there", () => assert.ok(documented.length >= 3, `only ${documented.length}`));

  test("pass the type checker", { ...LONG, skip: RUNTIME === "Bun" && missing("node") }, async () => {
    const { code, stdout, stderr } = await run(checker(temporaryFolder(), [...files.values()]), { cwd: ROOT }, 30_000);
    assert.equal(code, 0, stdout + stderr);
  });

  for (const example of documented) {
    test(`run: ${example.name}`, async () => {
      const { code, stderr } = await run(commandLine(files.get(example)!, []));
      assert.equal(code, 0, stderr);
    });
  }
});
