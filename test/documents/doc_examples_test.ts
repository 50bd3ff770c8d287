/** The TypeScript examples in the documents and in the docstrings pass the type checker, and work. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { before, describe, test } from "node:test";
import { LONG, missing, Process, run, temporaryFolder } from "../support/process.ts";
import { commandLine, freePort, ROOT, RUNTIME } from "../support/server.ts";
import { DOCUMENTS, fencesOf } from "./markdown.ts";

interface Example {
  readonly name: string;
  readonly source: string;
  /** The program in a file. */
  file: string;
  /** The port that it uses, if any. */
  port: number;
}

const example = (place: string, source: string, i: number): Example => ({
  name: `${place}, example ${i + 1}`,
  source,
  file: "",
  port: 0,
});

const inDocstrings = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => {
    const text = readFileSync(join(ROOT, "src", file), "utf8");
    return [...text.matchAll(/^( {0,2} \* )```ts\n(.+?)\n\1```$/gms)].map(([, margin, body], i) =>
      example(`src/${file}`, body!.split("\n").map((line) => line.slice(margin!.length)).join("\n"), i)
    );
  });
const inDocuments = DOCUMENTS.flatMap((document) =>
  fencesOf(document, "ts").map(({ text }, i) => example(document, text, i))
);
const all = [...inDocstrings, ...inDocuments];

/** Returns the command that checks the types of files, with the declarations of the runtime. */
function typeChecker(folder: string, files: string[]): string[] {
  if (RUNTIME === "Deno") return [process.execPath, "check", "--quiet", "--config", join(ROOT, "deno.json"), ...files];
  const config = join(folder, "tsconfig.json");
  const typeRoots = [join(ROOT, "node_modules/@types"), join(ROOT, "node_modules")];
  writeFileSync(
    config,
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions: { typeRoots }, include: [], files }),
  );
  return [join(ROOT, "node_modules/.bin/tsc"), "-p", config];
}

/** Sends a datagram to a server again and again until it is echoed. */
async function waitForEcho(server: Process, address: string, port: number): Promise<void> {
  const socket = createSocket("udp4");
  let echo: string | undefined;
  socket.on("message", (payload) => echo = `${payload}`).on("error", () => {});
  await new Promise<void>((connected) => socket.connect(port, address, connected));
  const timer = setInterval(() => socket.send("hello"), 20);
  try {
    while (echo === undefined && server.running) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(echo, "hello", server.stderr);
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

describe("the examples", () => {
  before(async () => {
    const folder = temporaryFolder();
    for (const [i, example] of all.entries()) {
      example.file = join(folder, `example_${i}.ts`);
      example.port = await freePort();
      const source = example.source
        .replaceAll('from "@echo-ts/udp"', `from ${JSON.stringify(join(ROOT, "src/mod.ts"))}`)
        .replaceAll(/\b53\d\d\b/g, `${example.port}`);
      writeFileSync(example.file, source);
    }
  });

  test("exist", () => {
    assert.ok(inDocstrings.length >= 3, `only ${inDocstrings.length} in docstrings`);
    assert.ok(inDocuments.length >= 3, `only ${inDocuments.length} in documents`);
  });

  test("pass the type checker", { ...LONG, skip: RUNTIME === "Bun" && missing("node") }, async () => {
    const files = all.map(({ file }) => file);
    const { code, stdout, stderr } = await run(typeChecker(temporaryFolder(), files), { cwd: ROOT });
    assert.equal(code, 0, stdout + stderr);
  });

  for (const example of inDocstrings) {
    test(`run: ${example.name}`, async () => {
      const { code, stderr } = await run(commandLine(example.file, []));
      assert.equal(code, 0, stderr);
    });
  }

  // Those in the documents are servers that run forever, and echo.
  for (const example of inDocuments) {
    test(`echo: ${example.name}`, async () => {
      const server = new Process(commandLine(example.file, []));
      try {
        await waitForEcho(server, "127.0.0.2", example.port);
      } finally {
        await server.kill();
      }
    });
  }
});
