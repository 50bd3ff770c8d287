/** Reference programs in C and in Python, whose results the tests compare with ours. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pythonInterpreter, runSync, temporaryFolder, which } from "./process.ts";

/**
 * Compiles a C program. Several test runs may do so at once: the program appears under its name when it is complete.
 */
export function compile(source: string, program: string, compiler: string = which("gcc") ?? "cc"): void {
  const unfinished = join(temporaryFolder(), "program");
  runSync([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", unfinished, source]);
  renameSync(unfinished, program);
}

/** Compiles and runs a C program whose `main` consists of these statements, and returns the lines that it prints. */
export function runC(headers: string[], statements: string[], compiler: string = which("gcc") ?? "cc"): string[] {
  const folder = temporaryFolder();
  const source = join(folder, "reference.c");
  const program = join(folder, "reference");
  const includes = headers.map((header) => `#include <${header}>`);
  writeFileSync(source, [...includes, "int main(void) {", ...statements, "return 0;", "}", ""].join("\n"));
  runSync([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-w", "-o", program, source]);
  return runSync([program]).trimEnd().split("\n");
}

/** Runs a Python script that reads the variable `given` and sets `answer`, and returns the latter. Both pass as JSON. */
export function runPython<T>(script: string, given: unknown): T {
  const file = join(temporaryFolder(), "given.json");
  writeFileSync(file, JSON.stringify(given));
  const program = `import json, sys\ngiven = json.load(open(sys.argv[1]))\n${script}\nprint(json.dumps(answer))\n`;
  return JSON.parse(runSync([pythonInterpreter(), "-c", program, file]));
}
