/** Runs the program with less privilege than the tests: as an ordinary user, in a sandbox, on an inherited socket. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, linkSync, realpathSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { Process, pythonInterpreter, runSync, temporaryFolder } from "./process.ts";
import { compile, runC } from "./reference.ts";
import { assertLaw, echoFile, readSummary, RUNTIME, type Summary } from "./server.ts";

/** User id of nobody. */
const NOBODY = 65_534;

const here = fileURLToPath(new URL(".", import.meta.url));
let folder: string | undefined;

/** Folder that every user can read, with the runtime and `echo.ts`. */
export function publicFolder(): string {
  if (folder === undefined) {
    folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const runtime = join(folder, RUNTIME.toLowerCase());
    try {
      linkSync(realpathSync(process.execPath), runtime);
    } catch {
      // The runtime is on another file system.
      copyFileSync(process.execPath, runtime);
    }
    copyFileSync(echoFile(), join(folder, basename(echoFile())));
    chmodSync(join(folder, basename(echoFile())), 0o644);
  }
  return folder;
}

/** Command that any user can run: `echo.ts` with these arguments, and the runtime with these options. */
export function publicCommand(args: string[], options: string[] = ["--no-prompt", "--allow-ffi"]): string[] {
  const folder = publicFolder();
  const runtime = join(folder, RUNTIME.toLowerCase());
  const run = { Bun: ["run"], Deno: ["run", ...options], Node: [] }[RUNTIME];
  return [runtime, ...run, join(folder, basename(echoFile())), ...args];
}

/** Prefix of a command that runs as an ordinary user with these capabilities, e.g. `["net_bind_service"]`. */
export function ordinaryUser(capabilities: string[] = []): string[] {
  const only = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  return [
    ...["env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent"],
    ...["setpriv", "--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups", "--no-new-privs"],
    ...["--bounding-set", only, "--inh-caps", only, "--ambient-caps", only],
  ];
}

/** Command that binds a socket and passes it on; `inherit.py` explains the arguments. */
export function inherit(...args: string[]): string[] {
  return [pythonInterpreter(), join(here, "inherit.py"), ...args];
}

/** Numbers of the system calls that lines of `SystemCallFilter=` of a systemd unit allow. systemd.exec(5) */
function allowedCalls(filters: string[]): number[] {
  const names = new Set(members("@default"));
  for (const filter of filters) {
    const denies = filter.startsWith("~");
    for (const name of filter.replace("~", "").split(" ")) {
      for (const call of name.startsWith("@") ? members(name) : [name]) denies ? names.delete(call) : names.add(call);
    }
  }
  const statements = [...names].map((name) => `#ifdef SYS_${name}\nprintf("%d\\n", SYS_${name});\n#endif`);
  return runC(["stdio.h", "sys/syscall.h"], statements).map(Number);
}

/** Names of the system calls of a group, including those of nested groups. */
function members(group: string): string[] {
  const lines = runSync(["systemd-analyze", "syscall-filter", group]).split("\n").slice(1);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  return names.flatMap((name) => name.startsWith("@") ? members(name) : [name]);
}

/** Restrictions of a sandbox; `sandbox.c` explains them. */
export interface Sandbox {
  /** Lines of `SystemCallFilter=` of a systemd unit. */
  filters?: string[];
  /** Address families, by number. */
  families?: number[];
  mdwe?: boolean;
}

/** Prefix of a command that runs in a sandbox. */
export function sandbox({ filters, families, mdwe }: Sandbox): string[] {
  const folder = publicFolder();
  const program = join(folder, "sandbox");
  if (!existsSync(program)) {
    compile(join(here, "sandbox.c"), program);
  }
  const args = [];
  if (filters) {
    const file = join(folder, "syscalls");
    writeFileSync(file, allowedCalls(filters).join("\n"), { mode: 0o644 });
    args.push("--syscalls", file);
  }
  if (families) args.push("--families", families.join(","));
  if (mdwe) args.push("--mdwe");
  return [program, ...args];
}

/** Runs a command that becomes the server, calls `use` with it, stops it and returns its summary. */
export async function withCommand(
  command: string[],
  use: (server: Process) => Promise<void> | void,
  host?: Host,
): Promise<Summary> {
  const server = new Process(host ? host.command(command) : command, { cwd: publicFolder() });
  try {
    await server.waitFor(() => /^listening on .*\n/m.test(server.stderr), "ready line");
    await use(server);
    server.signal("SIGTERM");
    const { code, signal, stdout, stderr } = await server.end();
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
    const summary = readSummary(stdout, stderr);
    assertLaw(summary);
    return summary;
  } finally {
    await server.kill();
  }
}
