/** What is published: the files of a release, the package installed in a fresh project, and the package on JSR. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { before, describe, test } from "node:test";
import { makeRelease } from "../packaging/release.ts";
import { ECHO } from "../src/echo/options.ts";
import { PROBE } from "../src/probe/options.ts";
import { LONG, missing, run, temporaryFolder } from "./support/process.ts";
import { ROOT, RUNTIME } from "./support/server.ts";

/** Runs a command, which must succeed, and returns its standard output. */
async function output(command: string[], folder: string): Promise<string> {
  const env = { ...process.env, PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`, NO_COLOR: "1" };
  const { code, stdout, stderr } = await run(command, { cwd: folder, env }, LONG.timeout);
  assert.equal(code, 0, `${command.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

describe(
  "a release",
  { skip: RUNTIME !== "Node" ? "runs the three runtimes from Node.js" : missing("npm", "tar") },
  () => {
    const release = temporaryFolder();
    const project = temporaryFolder();

    before(async () => {
      makeRelease(release);
      writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
      const file = readdirSync(release).find((name) => name.endsWith(".tgz"))!;
      await output(["npm", "install", "--offline", "--silent", join(release, file)], project);
      writeFileSync(
        join(project, "main.ts"),
        `import { serve, type ServeOptions, UdpSocket } from "@echo-ts/udp";
const stop = new AbortController();
const options: ServeOptions = {
  port: 0,
  signal: stop.signal,
  onListen: ({ socket: { port } }) => {
    using client = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    client.sendTo(new Uint8Array(3), { to: { address: "127.0.0.2", port } });
  },
};
await serve(options, ({ payload, local }) => {
  console.log(local.address, payload.length);
  stop.abort();
  return payload;
});
`,
      );
    });

    test("twice gives the same bytes, and checksums that are right", LONG, async () => {
      const again = temporaryFolder();
      makeRelease(again);
      const sums = (folder: string) => readFileSync(join(folder, "SHA256SUMS"), "utf8");
      assert.equal(sums(again), sums(release));
      const names = sums(release).trim().split("\n").map((line) => line.split("  ")[1]);
      assert.deepEqual(names, readdirSync(release).filter((name) => name !== "SHA256SUMS").sort());
      await output(["sha256sum", "--check", "--quiet", "SHA256SUMS"], release);
      assert.equal(readFileSync(join(release, "echo.mjs"), "utf8"), readFileSync(join(release, "echo.ts"), "utf8"));
    });

    test("the package has the compiled library, the program, and nothing else", () => {
      const folder = join(project, "node_modules/@echo-ts/udp");
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
      const library = files.filter((file) => /^(ffi|src)\//.test(file));
      for (const file of library) assert.match(file, /^(ffi|src\/(net|socket|mod)\b).*\.(js|d\.ts)$/);
      for (const file of ["src/mod.js", "src/mod.d.ts", "ffi/node.js"]) assert.ok(library.includes(file), file);
      const others = files.filter((file) => !library.includes(file)).sort();
      assert.deepEqual(others, ["LICENSE", "README.md", "echo.mjs", "echo.ts.1", "package.json"]);
    });

    test("the bill of materials names the package, and no other", () => {
      const { metadata, components } = JSON.parse(readFileSync(join(release, "sbom.cdx.json"), "utf8"));
      assert.equal(metadata.component.name, "@echo-ts/udp");
      assert.deepEqual(components, []);
    });

    for (const command of [["deno", "run", "--allow-ffi"], ["bun", "run"], ["node"]]) {
      test(`${command[0]} runs a server with the library`, async () => {
        assert.equal(await output([...command, "main.ts"], project), "127.0.0.2 3\n");
      });
    }

    test("bun build --compile makes a program of it", LONG, async () => {
      await output(["bun", "build", "--compile", "--outfile", "compiled", "main.ts"], project);
      assert.equal(await output([join(project, "compiled")], project), "127.0.0.2 3\n");
    });

    for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
      test(`tsc accepts its declarations: ${moduleResolution}`, async () => {
        const folder = join(project, moduleResolution!);
        mkdirSync(folder);
        const compilerOptions = {
          ...{ module, moduleResolution, strict: true, noEmit: true, target: "esnext" },
          ...{ types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] },
        };
        writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["../main.ts"] }));
        assert.equal(await output(["tsc", "--project", folder], project), "");
      });
    }

    for (const command of [["npx", "--offline"], ["bunx"]]) {
      test(`${command[0]} runs the program`, async () => {
        assert.match(await output([...command, "@echo-ts/udp", "--version"], project), /^echo\.ts \d/);
      });
    }

    test("the manual page has every option, and groff no complaint", { skip: missing("groff") }, async () => {
      const page = join(release, "echo.ts.1");
      const { stdout, stderr } = await run(["groff", "-man", "-ww", "-Tascii", "-P-cbou", page]);
      assert.equal(stderr, "");
      const words = stdout.split(/[\s,]+/);
      for (const command of [ECHO, PROBE]) {
        for (const { flags } of Object.values(command.options)) {
          for (const word of flags.split(/[\s,]+/)) assert.ok(words.includes(word), `${flags}: ${word}`);
        }
      }
    });

    test("bash completes options", { skip: missing("bash") }, async () => {
      for (
        const [words, expected] of [["--answer-a", "--answer-any-port"], ["p", "probe"], [
          "probe --conn",
          "--connected",
        ]]
      ) {
        const script =
          `. ${release}/echo.ts.bash; COMP_WORDS=(echo.ts ${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); ` +
          '_echo_ts; echo "${COMPREPLY[@]}"';
        assert.equal(await output(["bash", "-c", script], release), `${expected}\n`);
      }
    });

    test("fish completes options, with their help", { skip: missing("fish") }, async () => {
      const complete = (line: string) =>
        output(["fish", "--no-config", "-c", `source ${release}/echo.ts.fish; complete -C "${line}"`], release);
      assert.match(await complete("echo.ts --answer-a"), /^--answer-any-port\tanswer any source port but 0\n$/);
      assert.match(await complete("echo.ts p"), /^probe\t.+\n$/);
      assert.match(await complete("echo.ts probe --conn"), /^--connected\t.+\n$/);
    });

    test("zsh completes options", { ...LONG, skip: missing("zsh") }, async () => {
      const functions = temporaryFolder();
      copyFileSync(join(release, "echo.ts.zsh"), join(functions, "_echo.ts"));
      // A shell in a terminal of its own. Each line is typed with a tab, and waited for until it is complete.
      const script = `zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "fpath=($1 \\$fpath); autoload -U compinit; compinit -D -u; echo rea''dy"
      zpty -r shell _ '*ready*'
      for line in 'echo.ts --answer-a|*--answer-any-port*' 'echo.ts pr|*probe*' 'echo.ts probe --conn|*--connected*'; do
        zpty -w -n shell "\${line%|*}"$'\\t'
        zpty -r shell _ "\${line#*|}"
        zpty -w -n shell $'\\x15'
      done`;
      await output(["zsh", "-f", "-c", script, "zsh", functions], release);
    });

    for (const [args, reason] of [[[], /usage/], [["0.0.0"], /the version is \d.*, not 0\.0\.0/]] as const) {
      test(`is refused with the arguments "${args}"`, async () => {
        const { code, stderr } = await run([process.execPath, join(ROOT, "packaging/release.ts"), ...args]);
        assert.equal(code, 1);
        assert.match(stderr, reason);
      });
    }
  },
);

test("JSR: no slow types, and documentation for every export", {
  ...LONG,
  skip: RUNTIME !== "Deno" && "needs Deno",
}, async () => {
  for (const args of [["publish", "--dry-run", "--allow-dirty"], ["doc", "--lint", "src/mod.ts"]]) {
    await output([process.execPath, ...args], ROOT);
  }
});
