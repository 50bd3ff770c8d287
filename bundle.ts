/**
 * Writes `echo.ts`, the whole program as one file, from `src/` and `ffi/`: `deno task bundle`. With `--check` it only
 * says whether the file is what it would write.
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { build } from "esbuild";
import { VERSION } from "./src/cli/version.ts";

const file = "echo.ts";

const head = `\
// echo.ts ${VERSION}: a UDP echo server that answers from the address it was asked at.
//
//   deno run --allow-ffi echo.ts 9000
//   bun run echo.ts 9000
//
// The whole program in one file, for Deno 2 and Bun 1.3 or later on 64-bit Linux; \`--help\` shows its options.
// It is generated from src/ and ffi/ of the project by \`deno task bundle\`: change it there, not here.
//
${readFileSync("LICENSE", "utf8").trim().replaceAll(/^/gm, "// ").replaceAll(/ +$/gm, "")}
//
// @ts-nocheck
// deno-lint-ignore-file
// deno-fmt-ignore-file
`;

const { outputFiles } = await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  target: "esnext",
  charset: "utf8",
  lineLimit: 120,
  banner: { js: head },
});
const text = outputFiles[0]!.text;

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error(`${file} is stale: it differs from what src/ and ffi/ give. Run \`deno task bundle\` and commit it.`);
  process.exit(1);
}
