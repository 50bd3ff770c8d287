/**
 * Writes `echo.ts`, the whole program as one file, from `src/` and `ffi/`: `npm run bundle`. With `--check` it only
 * says whether the file is up to date.
 * @module
 */

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildSync } from "esbuild";
import { VERSION } from "./src/cli/version.ts";

const root = import.meta.dirname!;

const head = `\
${readFileSync(join(root, "packaging/launcher.sh"), "utf8")}
// echo.ts ${VERSION}: a UDP echo server that answers from the address it was asked at.
//
//   deno run --allow-ffi echo.ts 9000
//   bun run echo.ts 9000
//   node echo.mjs 9000       (a copy or link of this file; with the name echo.ts it starts later)
//   ./echo.ts 9000           (the first of these that is installed, or that ECHO_RUNTIME names)
//
// The whole program in one file, for Deno 2, Bun 1.3, Node.js 26.10, or later, on 64-bit Linux; \`--help\` shows its
// options.
// It is generated from src/ and ffi/ of the project by \`npm run bundle\`: change it there, not here. The comments are
// there too.
//
${readFileSync(join(root, "LICENSE"), "utf8").trim().replaceAll(/^/gm, "// ").replaceAll(/ +$/gm, "")}
//
// @ts-nocheck
// deno-lint-ignore-file
// deno-fmt-ignore-file
`;

/** The text of `echo.ts` for the present state of `src/` and `ffi/`. */
export function bundle(): string {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ["src/main.ts"],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "esnext",
    lineLimit: 120,
    banner: { js: head },
  });
  // Without this, esbuild leaves out all comments but those of class members.
  return outputFiles[0]!.text.replaceAll(/^ +(\/\/.*|\/\*\*[^]*?\*\/)\n/gm, "");
}

if (import.meta.main) {
  const file = join(root, "echo.ts");
  const text = bundle();
  if (!process.argv.includes("--check")) {
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  } else if (readFileSync(file, "utf8") !== text) {
    console.error("echo.ts is stale: it differs from what src/ and ffi/ give. Run `npm run bundle` and commit it.");
    process.exit(1);
  }
}
