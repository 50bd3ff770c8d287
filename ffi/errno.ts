/**
 * The kernel's error numbers: their names and messages.
 * @module
 */

import type { ProcessGlobal } from "./process_runtime.ts";

/** The names by number, from 1; numbers 41 and 58 are unused. <asm-generic/errno-base.h>, errno.h */
const NAMES = `
  EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
  ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK
  ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT
  EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
  ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX
  ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
  ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET
  ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
  EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY
  EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON`.trim().split(/\s+/);

/** Size of a table indexed by error number: the greatest number, 133, plus 1. */
export const ERRNO_COUNT: number = NAMES.length + 1;

/** Index for error numbers beyond the table, which a seccomp filter or a BPF program may return. */
export const OTHER_ERROR = 0;

/** The symbolic name of an error number: `EHOSTUNREACH`; `other` for {@link OTHER_ERROR}. errno(3) */
export function errnoName(errno: number): string {
  if (errno === OTHER_ERROR) return "other";
  const name = NAMES[errno - 1] ?? "-";
  return name === "-" ? `errno ${errno}` : name;
}

/** The message of an error number: `permission denied`. */
export function errnoMessage(errno: number): string {
  if (errno === OTHER_ERROR) return "unknown error";
  // Not imported: Deno takes seven milliseconds to load the module, and a server that has no error needs no message.
  const { process } = globalThis as unknown as { readonly process: ProcessGlobal };
  const util = process.getBuiltinModule("node:util") as typeof import("node:util");
  // Older runtimes lack the function.
  return util.getSystemErrorMessage?.(-errno) ?? errnoName(errno);
}

/** A system call failed, or an argument for it is invalid. */
export class SystemError extends Error {
  /** `SystemError` */
  override name = "SystemError";
  /** Symbolic name of the error: `EACCES`. */
  readonly code: string;
  /** Error number. errno(3) */
  readonly errno: number;
  /** The system call: `bind`. */
  readonly syscall: string;

  /**
   * Makes an error for a system call.
   * @param syscall the system call
   * @param errno its error number
   * @param message a sentence for the user; if absent, the call with the message of the number
   */
  constructor(syscall: string, errno: number, message?: string) {
    super(message ?? `${syscall}: ${errnoMessage(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
}

/**
 * Requires that a system call succeeded; returns its result.
 * @param result the result, or `-errno`
 * @throws {SystemError} if it failed
 */
export function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemError(syscall, -result);
  return result;
}
