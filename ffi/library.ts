/**
 * libc: the signatures of its functions, loaded by the runtime.
 * @module
 */

import type { Functions, Library } from "./contract.ts";
import { runtime } from "./runtime.ts";

/**
 * The functions that the server needs. `ssize_t` and `off_t` results are declared as `i32`: one call transfers far fewer
 * than 2^31 bytes, and the lower half of the result register is that number. A 64-bit result would be a BigInt.
 */
const signatures = {
  /** `int socket(int domain, int type, int protocol)` */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  bind: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `int getsockname(int sockfd, struct sockaddr *addr, socklen_t *addrlen)` */
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  /** `int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen)` */
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
  /** `int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen)` */
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  /** `int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, struct timespec *timeout)` */
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  /** `int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags)` */
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  /** `ssize_t send(int sockfd, const void *buf, size_t len, int flags)` */
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  /** `ssize_t write(int fd, const void *buf, size_t count)` */
  write: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `ssize_t read(int fd, void *buf, size_t count)` */
  read: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `int poll(struct pollfd *fds, nfds_t nfds, int timeout)` */
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  /** `int open(const char *pathname, int flags)` */
  open: { parameters: ["pointer", "i32"], result: "i32" },
  /** `int close(int fd)` */
  close: { parameters: ["i32"], result: "i32" },
  /** `int fcntl(int fd, int cmd, int arg)` */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `off_t lseek(int fd, off_t offset, int whence)` */
  lseek: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int ioctl(int fd, unsigned long op, void *argp)` */
  ioctl: { parameters: ["i32", "u32", "pointer"], result: "i32" },
  /** `int clock_gettime(clockid_t clockid, struct timespec *tp)` */
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  /** `int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)` */
  sigaction: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  /** `void *memcpy(void *dest, const void *src, size_t n)`; the declared result is meaningless, and allocates nothing */
  memcpy: { parameters: ["pointer", "pointer", "u32"], result: "i32" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["pointer"], result: "pointer" },
  /** `size_t strlen(const char *s)` */
  strlen: { parameters: ["pointer"], result: "u32" },
  /** `int *__errno_location(void)` */
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Functions that the server does not need to start: Deno takes a tenth of a millisecond to load each. */
const lazySignatures = {
  /** `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo_p, const sigset_t *sigmask)` */
  ppoll: { parameters: ["pointer", "u32", "pointer", "pointer"], result: "i32" },
  /** `unsigned int if_nametoindex(const char *ifname)` */
  if_nametoindex: { parameters: ["pointer"], result: "u32" },
  /** `char *if_indextoname(unsigned int ifindex, char *ifname)` */
  if_indextoname: { parameters: ["u32", "pointer"], result: "pointer" },
  /** `int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)` */
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  /** `void freeaddrinfo(struct addrinfo *res)`; the declared result is meaningless */
  freeaddrinfo: { parameters: ["pointer"], result: "i32" },
  /**
   * `int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *file_actions, const
   * posix_spawnattr_t *attrp, char *const argv[], char *const envp[])`
   */
  posix_spawn: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  /** `pid_t waitpid(pid_t pid, int *wstatus, int options)` */
  waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  /** `int kill(pid_t pid, int sig)` */
  kill: { parameters: ["i32", "i32"], result: "i32" },
  /** `pid_t getpid(void)` */
  getpid: { parameters: [], result: "i32" },
  /** `pid_t getppid(void)` */
  getppid: { parameters: [], result: "i32" },
  /** `int prctl(int op, unsigned long arg2)`; the kernel ignores further arguments of the operations in use */
  prctl: { parameters: ["i32", "pointer"], result: "i32" },
  /** `int memfd_create(const char *name, unsigned int flags)` */
  memfd_create: { parameters: ["pointer", "u32"], result: "i32" },
  /** `int ftruncate(int fd, off_t length)` */
  ftruncate: { parameters: ["i32", "u32"], result: "i32" },
  /** `void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)`; -1 as the result is a failure */
  mmap: { parameters: ["pointer", "u32", "i32", "i32", "i32", "pointer"], result: "i32" },
} as const;

/** The processor architecture by its name in paths. */
const machine = runtime().arch === "arm64" ? "aarch64" : "x86_64";

/**
 * Names of libc: for the dynamic linker, then as paths, for a permission that is narrowed to a path. glibc, then musl.
 */
export const libraries: readonly string[] = [
  "libc.so.6",
  `/lib/${machine}-linux-gnu/libc.so.6`,
  `/usr/lib/${machine}-linux-gnu/libc.so.6`,
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  `libc.musl-${machine}.so.1`,
  `/lib/libc.musl-${machine}.so.1`,
];

/** The loaded libc. */
export interface Libc extends Library<typeof signatures> {
  /** The number of the last error, valid right after a call that failed. errno(3) */
  errno(): number;
}

let loaded: Libc | undefined;

/**
 * Loads libc once.
 * @throws {LibraryError} if it cannot be loaded or the system is not supported
 */
export function libc(): Libc {
  return loaded ??= load();
}

function load(): Libc {
  const library = runtime().ffi.load(libraries, signatures);
  const { call, addressOf, pointer } = library;
  // errno is a variable of the thread, so its address is constant.
  const location = call.__errno_location();
  const copy = new Int32Array(new ArrayBuffer(128));
  const copyPointer = pointer(addressOf(copy.buffer));
  const errno = () => {
    call.memcpy(copyPointer, location, 4);
    return copy[0]!;
  };
  return { ...library, errno };
}

let lazy: Functions<typeof lazySignatures> | undefined;

/**
 * Loads further functions of libc once, when a feature needs them.
 * @throws {LibraryError} if they cannot be loaded
 */
export function lazyLibc(): Functions<typeof lazySignatures> {
  return lazy ??= runtime().ffi.load(libraries, lazySignatures).call;
}
