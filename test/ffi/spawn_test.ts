/** Child processes: what they inherit, and how they end. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { threadLibc } from "../../ffi/blocking.ts";
import { libc } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import { trimMemory } from "../../ffi/spawn.ts";
import { LONG, PATIENCE_MS, run, temporaryFolder, until } from "../support/process.ts";
import { commandLine, ROOT, RUNTIME } from "../support/server.ts";

/** Runs a program, with two arguments, that starts itself with one more; returns the lines of its output. */
async function runTwice(parent: string, child: string, wrapper: readonly string[] = []): Promise<string[]> {
  const file = join(temporaryFolder(), "program.ts");
  writeFileSync(
    file,
    `import { openSync, readFileSync, readlinkSync } from "node:fs";
    import process from "node:process";
    import { setTimeout as sleep } from "node:timers/promises";
    import { dieWithParent, endOf, spawnSelf } from ${JSON.stringify(join(ROOT, "ffi/spawn.ts"))};
    const args = process.argv.slice(2);
    const endLater = async (pid) => {
      for (;; await sleep(5)) {
        const end = endOf(pid);
        if (end !== undefined) return end;
      }
    };
    if (args.length === 2) {
      ${parent}
    } else {
      ${child}
    }`,
  );
  const command = commandLine(file, ["one", "two three"], RUNTIME === "Deno" ? ["-A"] : []);
  const { code, stdout, stderr } = await run([...wrapper, ...command]);
  assert.equal(code, 0, stderr);
  return stdout.trim().split("\n");
}

describe("a process of the same program", () => {
  test("has the arguments, the environment and the descriptors that it is given", LONG, async () => {
    // The environment has more bytes than one read takes, and the user has set a variable that the program sets too.
    const environment = [`PATH=${process.env.PATH}`, `LONG=${"x".repeat(5000)}`, "MALLOC_ARENA_MAX=3"];
    const [child, parent] = await runTwice(
      `const [inherited, other] = [openSync("/dev/zero"), openSync("/dev/full")];
      const pid = spawnSelf(\`\${inherited} \${other} \${process.pid}\`, [inherited]);
      const flags = readFileSync(\`/proc/self/fdinfo/\${inherited}\`, "latin1").match(/flags:\\s+(\\d+)/)[1];
      console.log(JSON.stringify([endOf(pid), await endLater(pid), flags]));`,
      `const [inherited, other, parent] = args[2].split(" ").map(Number);
      const fileOf = (fd) => {
        try {
          return readlinkSync(\`/proc/self/fd/\${fd}\`);
        } catch {
          return "none";
        }
      };
      console.log(JSON.stringify({
        args: args.slice(0, 2),
        environment: readFileSync("/proc/self/environ", "latin1").split("\\0"),
        files: [fileOf(inherited), fileOf(other) === "/dev/full"],
        parents: [dieWithParent("a name", parent), dieWithParent("another name", parent + 1)],
        name: readFileSync("/proc/self/comm", "latin1"),
      }));
      process.exit(7);`,
      ["env", "-i", ...environment],
    );
    const { environment: found, ...rest } = JSON.parse(child!);
    assert.deepEqual(rest, {
      args: ["one", "two three"],
      files: ["/dev/zero", false],
      parents: [true, false],
      name: "another name\n",
    });
    assert.deepEqual(found, [...environment, "MALLOC_ARENA_MAX=1", ""]);
    const [early, end, flags] = JSON.parse(parent!);
    assert.deepEqual([early, end], [null, "exit code 7"]);
    assert.equal(parseInt(flags, 8) & 0o2000000, 0o2000000, "O_CLOEXEC again");
  });

  test("ends by a signal, also when its parent ends", LONG, async () => {
    const [killed, orphan] = await runTwice(
      `const children = ["first", "second"].map((name) => spawnSelf(name + " " + process.pid, []));
      for (const [i, name] of ["first", "second"].entries()) {
        while (readFileSync(\`/proc/\${children[i]}/comm\`, "latin1") !== name + "\\n") await sleep(5);
      }
      process.kill(children[0], "SIGTERM");
      console.log(await endLater(children[0]));
      console.log(children[1]);`,
      `const [name, parent] = args[2].split(" ");
      dieWithParent(name, Number(parent));
      await sleep(${2 * PATIENCE_MS});`,
    );
    assert.equal(killed, "signal 15");
    const stat = `/proc/${orphan}/stat`;
    // What nobody waits for stays as a zombie.
    await until(() => !existsSync(stat) || / Z /.test(readFileSync(stat, "latin1")), "end of the orphan");
  });

  // musl keeps none.
  const musl = readFileSync("/proc/self/maps", "latin1").includes("musl");

  test("gives the free memory of malloc back", { skip: musl && "needs glibc" }, () => {
    const { malloc, free } = threadLibc();
    const [size, source] = [100_000, new Memory(100_000)];
    const blocks = Array.from({ length: 200 }, () => {
      const block = malloc(size);
      libc().call.memcpy(block, source.pointer(0), size);
      return block;
    });
    // The last block keeps the others from the end of the memory, which free gives back by itself.
    for (const block of blocks.slice(0, -1)) free(block);
    const resident = () => Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))![1]);
    const before = resident();
    trimMemory();
    const returned = before - resident();
    free(blocks.at(-1)!);
    assert.ok(returned > 10_000, `${returned} kB`);
  });
});
