/**
 * What the kernel's error numbers are called.
 * @module
 */

// Static imports of node: modules would hold up Deno's loading of the whole program by some milliseconds.
const { constants } = await import("node:os");
const util = await import("node:util");

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
// Two names share this number; Linux people know it by this one.
names.set(constants.errno.EAGAIN, "EAGAIN");

/** One more than the greatest error number, for tables indexed by it. <asm-generic/errno.h> ends at 133. */
export const ERRNO_COUNT = 134;

/** The symbolic name of an error number: `EHOSTUNREACH`. errno(3) */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** The error as people say it, without a capital: `permission denied`. */
export function errnoMessage(errno: number): string {
  // Older runtimes don't have it.
  return util.getSystemErrorMessage?.(-errno) ?? errnoName(errno);
}

/** A call into libc failed where it must not. */
export class SystemError extends Error {
  /** `SystemError` */
  override name = "SystemError";
  /** The symbolic name of the error: `EACCES`. */
  readonly code: string;
  /** The error number. errno(3) */
  readonly errno: number;
  /** The system call that failed: `bind`. */
  readonly syscall: string;

  /**
   * Makes the error; it is not thrown yet.
   * @param syscall the call that failed
   * @param errno its error number
   * @param message the whole sentence; if absent, one is made of the two
   */
  constructor(syscall: string, errno: number, message?: string) {
    super(message ?? `${syscall}: ${errnoMessage(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
}
