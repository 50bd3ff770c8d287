/**
 * libc, as the runtime loads it.
 * @module
 */

import type { Functions, Library, WaitingFunctions } from "./contract.ts";
import { runtime } from "./runtime.ts";

/**
 * `ssize_t` and `off_t` results are declared as `i32`: what is read or written in one call is far below 2^31, and the
 * lower half of the result register is that number. A 64-bit result would be a BigInt.
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
  /** `int clock_gettime(clockid_t clockid, struct timespec *tp)` */
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  /** `int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)` */
  sigaction: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  /** `void *memcpy(void *dest, const void *src, size_t n)` */
  memcpy: { parameters: ["pointer", "pointer", "u32"], result: "pointer" },
  /** `int *__errno_location(void)` */
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Functions that the server does without: loading one takes Deno a tenth of a millisecond. */
const furtherSignatures = {
  /** `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo_p, const sigset_t *sigmask)` */
  ppoll: { parameters: ["pointer", "u32", "pointer", "pointer"], result: "i32" },
  /** `int epoll_create1(int flags)` */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** `int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)` */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  /** `int eventfd(unsigned int initval, int flags)` */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** `int ioctl(int fd, unsigned long op, void *argp)` */
  ioctl: { parameters: ["i32", "u32", "pointer"], result: "i32" },
  /** `unsigned int if_nametoindex(const char *ifname)` */
  if_nametoindex: { parameters: ["pointer"], result: "u32" },
  /** `char *if_indextoname(unsigned int ifindex, char *ifname)` */
  if_indextoname: { parameters: ["u32", "pointer"], result: "pointer" },
  /** `int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)` */
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  /** `void freeaddrinfo(struct addrinfo *res)`; the result is not there and is ignored */
  freeaddrinfo: { parameters: ["pointer"], result: "i32" },
  /** `int setlogmask(int mask)` */
  setlogmask: { parameters: ["i32"], result: "i32" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["pointer"], result: "pointer" },
  /** `size_t strlen(const char *s)` */
  strlen: { parameters: ["pointer"], result: "u32" },
} as const;

/** The functions that may wait for long. */
const waitingSignatures = {
  /** `int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)` */
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
} as const;

/**
 * Where libc may be: by the name the dynamic linker knows, then by path, for a permission that is narrowed to a path.
 * glibc first, then musl.
 */
const libraries = [
  "libc.so.6",
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "/lib/libc.musl-x86_64.so.1",
  "/lib/libc.musl-aarch64.so.1",
];

/** libc, loaded. */
export interface Libc extends Library<typeof signatures> {
  /** The number of the last error of the thread that runs JavaScript, to be asked right after a call that failed. */
  errno(): number;
}

let loaded: Libc | undefined;

/**
 * Loads libc, once.
 * @throws {LibraryError} where it can't be loaded or the system is not supported
 */
export function libc(): Libc {
  return loaded ??= load();
}

function load(): Libc {
  const library = runtime().ffi.load(libraries, signatures);
  const { call, addressOf, pointer } = library;
  // errno is a variable of the thread: its address stays the same.
  const location = call.__errno_location();
  const copy = new Int32Array(new ArrayBuffer(128));
  const copyPointer = pointer(addressOf(copy.buffer));
  const errno = () => {
    call.memcpy(copyPointer, location, 4);
    return copy[0]!;
  };
  return { ...library, errno };
}

let further: Functions<typeof furtherSignatures> | undefined;

/**
 * Functions of libc that only some uses of the program need, loaded once.
 * @throws {LibraryError} where they can't be loaded
 */
export function furtherLibc(): Functions<typeof furtherSignatures> {
  return further ??= runtime().ffi.load(libraries, furtherSignatures).call;
}

let waiting: WaitingFunctions<typeof waitingSignatures> | undefined;

/**
 * The functions of libc that wait on a thread of their own, loaded once. Their failures have no `errno`.
 * @throws {LibraryError} where they can't be loaded
 */
export function waitingLibc(): WaitingFunctions<typeof waitingSignatures> {
  return waiting ??= runtime().ffi.loadWaiting(libraries, waitingSignatures);
}
