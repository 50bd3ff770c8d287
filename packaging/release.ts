/**
 * Makes a release from a tree without changes: `npm run release -- 1.2.3`. It writes into `release/`: the program as `echo.ts` and
 * `echo.mjs`, its manual page and completions, the package for npm, its software bill of materials (SBOM), and the checksums of all. Two
 * runs of one commit give the same bytes.
 * @module
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { bundle } from "../bundle.ts";
import { VERSION } from "../src/cli/version.ts";
import { bashCompletions, fishCompletions, zshCompletions } from "./completions.ts";
import { manPage } from "./man_page.ts";

const root = join(import.meta.dirname!, "..");

/** Runs a command in a folder; returns its output. */
function run(folder: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Writes the program; `echo.mjs` is the same under the name with which Node.js starts it fast. */
function writeProgram(file: string): void {
  writeFileSync(file, bundle());
  chmodSync(file, 0o755);
}

/**
 * Writes the content of the package for npm: the library as JavaScript with declarations, since no runtime but Bun takes
 * TypeScript in `node_modules`, and the program as its command.
 */
function writePackage(folder: string): void {
  run(root, join(root, "node_modules/.bin/tsc"), "--project", "packaging/tsconfig.json", "--outDir", folder);
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    // The compiler leaves these as they are, and only its latest versions resolve them.
    const declarations = readFileSync(join(folder, file), "utf8");
    writeFileSync(join(folder, file), declarations.replaceAll(/(?<=")(\.\.?\/[^"\n]+)\.ts(?=")/g, "$1.js"));
  }
  writeProgram(join(folder, "echo.mjs"));
  writeFileSync(join(folder, "echo.ts.1"), manPage());
  for (const file of ["LICENSE", "README.md"]) copyFileSync(join(root, file), join(folder, file));
  const { name, version, description, license, type, engines } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const manifest = {
    ...{ name, version, description, license, type, engines },
    exports: { types: "./src/mod.d.ts", default: "./src/mod.js" },
    bin: { "echo.ts": "./echo.mjs" },
    man: "./echo.ts.1",
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** npm's bill of materials of a package, without what differs from run to run: the time, the folder, a random number. */
function billOfMaterials(packageFolder: string): string {
  const bill = JSON.parse(run(packageFolder, "npm", "sbom", "--sbom-format", "cyclonedx"));
  delete bill.serialNumber;
  delete bill.metadata.timestamp;
  bill.metadata.component.name = bill.metadata.component["bom-ref"].replace(/@[^@]*$/, "");
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** Writes all files of a release into an empty folder. */
export function makeRelease(folder: string): void {
  for (const name of ["echo.ts", "echo.mjs"]) writeProgram(join(folder, name));
  writeFileSync(join(folder, "echo.ts.1"), manPage());
  writeFileSync(join(folder, "echo.ts.bash"), bashCompletions());
  writeFileSync(join(folder, "echo.ts.zsh"), zshCompletions());
  writeFileSync(join(folder, "echo.ts.fish"), fishCompletions());
  const content = mkdtempSync(join(tmpdir(), "echo.ts-package-"));
  try {
    writePackage(content);
    run(content, "npm", "pack", "--silent", "--pack-destination", folder);
    writeFileSync(join(folder, "sbom.cdx.json"), billOfMaterials(content));
  } finally {
    rmSync(content, { recursive: true });
  }
  const sums = readdirSync(folder).sort().map((name) => {
    const sum = createHash("sha256").update(readFileSync(join(folder, name))).digest("hex");
    return `${sum}  ${name}\n`;
  });
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
}

/** The reason why there can be no release of this version, if any. */
function obstacle(version: string | undefined): string | undefined {
  if (version === undefined) return "usage: npm run release -- VERSION";
  if (version !== VERSION) {
    return `the version is ${VERSION}, not ${version}: change src/cli/version.ts, package.json and deno.json`;
  }
  if (run(root, "git", "status", "--porcelain") !== "") return "the tree has changes that are not committed";
  if (readFileSync(join(root, "echo.ts"), "utf8") !== bundle()) return "echo.ts is stale: run `npm run bundle`";
  return undefined;
}

if (import.meta.main) {
  const reason = obstacle(process.argv[2]);
  if (reason !== undefined) {
    console.error(`release: ${reason}`);
    process.exit(1);
  }
  const folder = join(root, "release");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  makeRelease(folder);
  console.log(readFileSync(join(folder, "SHA256SUMS"), "utf8").trimEnd());
}
