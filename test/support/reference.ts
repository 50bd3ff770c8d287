/** Second opinions: small programs in C and in Python whose answers ours are compared with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runSync, temporaryFolder, which } from "./process.ts";

/** Compiles and runs a C program whose `main` consists of these statements; returns what it prints, line by line. */
export function runC(headers: string[], statements: string[], compiler: string = which("gcc") ?? "cc"): string[] {
  const folder = temporaryFolder();
  const source = join(folder, "reference.c");
  const program = join(folder, "reference");
  const includes = headers.map((header) => `#include <${header}>`);
  writeFileSync(source, [...includes, "int main(void) {", ...statements, "return 0;", "}", ""].join("\n"));
  runSync([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-w", "-o", program, source]);
  return runSync([program]).trimEnd().split("\n");
}

let python: string | undefined;

/** Runs a Python script, which reads `given`, and sets `answer`, which is returned. Both travel as JSON. */
export function runPython<T>(script: string, given: unknown): T {
  const file = join(temporaryFolder(), "given.json");
  writeFileSync(file, JSON.stringify(given));
  const program = `import json, sys\ngiven = json.load(open(sys.argv[1]))\n${script}\nprint(json.dumps(answer))\n`;
  // Where python3 is a script that looks for the interpreter, only once.
  python ??= runSync(["python3", "-c", "import sys; print(sys.executable)"]).trim();
  return JSON.parse(runSync([python, "-c", program, file]));
}
