/** Running the program with less than the tests have: as an ordinary user, in a sandbox, on a socket it is given. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, linkSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Host } from "./hosts.ts";
import { Process, runSync, temporaryFolder, which } from "./process.ts";
import { runC } from "./reference.ts";
import { assertLaw, readSummary, ROOT, RUNTIME, type Summary } from "./server.ts";

/** The user that owns nothing, by number. */
const NOBODY = 65_534;

const here = fileURLToPath(new URL(".", import.meta.url));
let folder: string | undefined;

/** A folder that every user can read, with the runtime, under its name, and `echo.ts`. */
export function publicFolder(): string {
  if (folder === undefined) {
    folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const runtime = join(folder, RUNTIME.toLowerCase());
    try {
      linkSync(realpathSync(process.execPath), runtime);
    } catch {
      // It is on another file system.
      copyFileSync(process.execPath, runtime);
    }
    copyFileSync(join(ROOT, "echo.ts"), join(folder, "echo.ts"));
    chmodSync(join(folder, "echo.ts"), 0o644);
  }
  return folder;
}

/** The command that runs `echo.ts` as everybody can, with these arguments and options of the runtime. */
export function publicCommand(args: string[], options: string[] = ["--no-prompt", "--allow-ffi"]): string[] {
  const folder = publicFolder();
  const runtime = join(folder, RUNTIME.toLowerCase());
  return [runtime, "run", ...RUNTIME === "Deno" ? options : [], join(folder, "echo.ts"), ...args];
}

/** What makes a command run as an ordinary user whose only capabilities are these: `["net_bind_service"]`. */
export function ordinaryUser(capabilities: string[] = []): string[] {
  const only = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  return [
    ...["env", "-i", "PATH=/usr/bin:/bin", "HOME=/nonexistent"],
    ...["setpriv", "--reuid", `${NOBODY}`, "--regid", `${NOBODY}`, "--clear-groups", "--no-new-privs"],
    ...["--bounding-set", only, "--inh-caps", only, "--ambient-caps", only],
  ];
}

/** The script that binds a socket and hands it over; `inherit.py` explains its arguments. */
export function inherit(...args: string[]): string[] {
  return [which("python3") ?? "python3", join(here, "inherit.py"), ...args];
}

/** The numbers of system calls that a systemd unit's lines of `SystemCallFilter=` allow. systemd.exec(5) */
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

/** The system calls of a group, and of the groups in it. */
function members(group: string): string[] {
  const lines = runSync(["systemd-analyze", "syscall-filter", group]).split("\n").slice(1);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  return names.flatMap((name) => name.startsWith("@") ? members(name) : [name]);
}

/** What a sandbox forbids; `sandbox.c` explains it. */
export interface Sandbox {
  /** Lines of `SystemCallFilter=` of a systemd unit. */
  filters?: string[];
  /** Address families, by number. */
  families?: number[];
  mdwe?: boolean;
}

/** What makes a command run in a sandbox. */
export function sandbox({ filters, families, mdwe }: Sandbox): string[] {
  const folder = publicFolder();
  const program = join(folder, "sandbox");
  if (!existsSync(program)) {
    runSync([which("gcc") ?? "cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, join(here, "sandbox.c")]);
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

/** Runs a command that becomes the server, lets `use` work with it, stops it and returns its summary. */
export async function withCommand(
  command: string[],
  use: (server: Process) => Promise<void>,
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
