/**
 * Child processes that run this program.
 * @module
 */

import { F_SETFD, FD_CLOEXEC, O_RDONLY, PR_SET_NAME, PR_SET_PDEATHSIG, SIGKILL, WNOHANG } from "./constants.ts";
import { errnoMessage, SystemError } from "./errno.ts";
import { close, fcntl, open } from "./libc.ts";
import { lazyLibc, libc, libraries } from "./library.ts";
import { cString, Memory } from "./memory.ts";
import { runtime } from "./runtime.ts";

/** The program that runs, also after its file was replaced. proc_pid_exe(5) */
const EXECUTABLE = "/proc/self/exe";
const POINTER_SIZE = 8;
/**
 * A variable of a new process with which glibc keeps one arena for all threads. Of a variable that is there twice, the
 * first counts: that of the user. Flags of V8 would save memory too, but Deno would replace the compiled code in its
 * cache, and start later. mallopt(3)
 */
const ONE_ARENA = "MALLOC_ARENA_MAX=1\0";

/**
 * Starts this program again, with the same runtime, arguments and environment, and one more argument. posix_spawn(3)
 * @param argument the last argument of the new process
 * @param descriptors the descriptors that it inherits, beside the standard streams
 * @returns its process number
 * @throws {SystemError} if the kernel refuses it
 */
export function spawnSelf(argument: string, descriptors: readonly number[]): number {
  const path = cString(EXECUTABLE);
  // libc's `environ` cannot be found on Bun.
  const args = stringArray("/proc/self/cmdline", `${argument}\0`);
  const environment = stringArray("/proc/self/environ", ONE_ARENA);
  const pid = new Memory(4);
  // Node.js keeps its standard streams from other programs.
  for (const fd of [0, 1, 2, ...descriptors]) fcntl(fd, F_SETFD, 0);
  const error = lazyLibc().posix_spawn(
    pid.pointer(0),
    path.pointer(0),
    null,
    null,
    args.pointer(0),
    environment.pointer(0),
  );
  for (const fd of descriptors) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (error !== 0) throw new SystemError("posix_spawn", error, `cannot start a process: ${errnoMessage(error)}`);
  return pid.i32[0]!;
}

/**
 * Names this process, and makes the kernel kill it when its parent ends. prctl(2)
 * @param name at most 15 characters
 * @param parent the number of its parent
 * @returns false if the parent has ended already
 */
export function dieWithParent(name: string, parent: number): boolean {
  const { prctl, getppid } = lazyLibc();
  prctl(PR_SET_NAME, cString(name).pointer(0));
  prctl(PR_SET_PDEATHSIG, libc().pointer(SIGKILL));
  return getppid() === parent;
}

/** `int malloc_trim(size_t pad)` */
const trimSignature = { malloc_trim: { parameters: ["u32"], result: "i32" } } as const;
let trim: ((pad: number) => number) | undefined;

/**
 * Gives the free memory of malloc(3) back to the kernel: the just-in-time compilers leave some MB. musl keeps none, and
 * lacks the function. malloc_trim(3)
 */
export function trimMemory(): void {
  try {
    trim ??= runtime().ffi.load(libraries, trimSignature).call.malloc_trim;
  } catch {
    trim = () => 0;
  }
  trim(0);
}

/** How a child process ended: `exit code 1` or `signal 9`; `undefined` while it runs. waitpid(2) */
export function endOf(pid: number): string | undefined {
  const status = new Memory(4);
  if (lazyLibc().waitpid(pid, status.pointer(0), WNOHANG) === 0) return undefined;
  const signal = status.i32[0]! & 0x7f;
  return signal === 0 ? `exit code ${status.i32[0]! >> 8}` : `signal ${signal}`;
}

/** An array of pointers to the zero-terminated strings in a file of the kernel, and to further ones. */
function stringArray(path: string, further: string): Memory {
  const bytes = [...readFile(path), ...new TextEncoder().encode(further)];
  const starts = bytes.flatMap((_, i) => i === 0 || bytes[i - 1] === 0 ? [i] : []);
  // A null pointer ends the array.
  const text = (starts.length + 1) * POINTER_SIZE;
  const memory = new Memory(text + bytes.length);
  memory.bytes.set(bytes, text);
  starts.forEach((start, i) => memory.link(i * POINTER_SIZE, memory, text + start));
  return memory;
}

/** The bytes of a file of the kernel, whose size is unknown. */
function readFile(path: string): number[] {
  const fd = open(path, O_RDONLY);
  if (fd < 0) throw new SystemError("open", -fd, `cannot start a process: cannot read ${path}: ${errnoMessage(-fd)}`);
  const chunk = new Memory(4096);
  const bytes: number[] = [];
  for (let count = 1; count > 0;) {
    count = libc().call.read(fd, chunk.pointer(0), chunk.bytes.length);
    bytes.push(...chunk.bytes.subarray(0, Math.max(0, count)));
  }
  close(fd);
  return bytes;
}
