/**
 * What the kernel's error numbers are called.
 * @module
 */

// A static import of a node: module would hold up Deno's loading of the whole program by some milliseconds.
const util = await import("node:util");

/** The names in the order of their numbers, from 1 on; 41 and 58 are free. <asm-generic/errno-base.h>, errno.h */
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

/** One more than the greatest error number, 133, for tables indexed by it. */
export const ERRNO_COUNT: number = NAMES.length + 1;

/** What errors beyond the table are counted as: a filter of system calls, or a program in the kernel, can make some up. */
export const OTHER_ERROR = 0;

/** The symbolic name of an error number: `EHOSTUNREACH`; `other` for {@link OTHER_ERROR}. errno(3) */
export function errnoName(errno: number): string {
  if (errno === OTHER_ERROR) return "other";
  const name = NAMES[errno - 1] ?? "-";
  return name === "-" ? `errno ${errno}` : name;
}

/** The error as people say it, without a capital: `permission denied`. */
export function errnoMessage(errno: number): string {
  if (errno === OTHER_ERROR) return "an error that has no name";
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
