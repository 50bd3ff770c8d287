// echo.ts 0.1.0: a UDP echo server that answers from the address it was asked at.
//
//   deno run --allow-ffi echo.ts 9000
//   bun run echo.ts 9000
//
// The whole program in one file, for Deno 2 and Bun 1.2 or later on 64-bit Linux; `--help` shows its options.
// It is generated from src/ and ffi/ of the project by `deno task bundle`: change it there, not here.
//
// MIT License
//
// Copyright (c) 2026 the echo.ts authors
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.
//
// @ts-nocheck
// deno-lint-ignore-file
// deno-fmt-ignore-file


// src/main.ts
import { writeSync } from "node:fs";
import { constants as constants2 } from "node:os";
import process2 from "node:process";

// ffi/errno.ts
import { constants } from "node:os";
import { getSystemErrorMessage } from "node:util";
var names = new Map(Object.entries(constants.errno).map(([name, number2]) => [number2, name]));
names.set(constants.errno.EAGAIN, "EAGAIN");
var ERRNO_COUNT = 134;
function errnoName(errno) {
  return names.get(errno) ?? `errno ${errno}`;
}
function errnoMessage(errno) {
  return getSystemErrorMessage(-errno) ?? errnoName(errno);
}
var SystemError = class extends Error {
  name = "SystemError";
  /** The symbolic name of the error: `EACCES`. */
  code;
  /** The error number. errno(3) */
  errno;
  /** The system call that failed: `bind`. */
  syscall;
  /**
   * @param syscall the call that failed
   * @param errno its error number
   * @param message the whole sentence; if absent, one is made of the two
   */
  constructor(syscall, errno, message) {
    super(message ?? `${syscall}: ${errnoMessage(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
};

// ffi/foreign.ts
var LibraryError = class extends Error {
  name = "LibraryError";
};

// ffi/constants.ts
var AF_UNSPEC = 0;
var AF_INET = 2;
var AF_INET6 = 10;
var SOCK_DGRAM = 2;
var SOCK_CLOEXEC = 524288;
var SOL_SOCKET = 1;
var IPPROTO_IP = 0;
var IPPROTO_UDP = 17;
var IPPROTO_IPV6 = 41;
var SO_TYPE = 3;
var SO_SNDBUF = 7;
var SO_RCVBUF = 8;
var SO_RCVTIMEO = 20;
var SO_SNDBUFFORCE = 32;
var SO_RCVBUFFORCE = 33;
var SO_TIMESTAMPING = 37;
var SO_DOMAIN = 39;
var SO_MEMINFO = 55;
var SK_MEMINFO_DROPS = 8;
var SK_MEMINFO_VARS = 9;
var SCM_TIMESTAMPING = SO_TIMESTAMPING;
var IP_PKTINFO = 8;
var IP_MTU_DISCOVER = 10;
var IP_PMTUDISC_DONT = 0;
var IPV6_V6ONLY = 26;
var IPV6_RECVPKTINFO = 49;
var IPV6_PKTINFO = 50;
var IPV6_FREEBIND = 78;
var UDP_SEGMENT = 103;
var UDP_GRO = 104;
var UDP_MAX_SEGMENTS = 64;
var MSG_CTRUNC = 8;
var MSG_TRUNC = 32;
var MSG_DONTWAIT = 64;
var MSG_NOSIGNAL = 16384;
var MSG_WAITFORONE = 65536;
var POLLOUT = 4;
var CLOCK_REALTIME = 0;
var CLOCK_MONOTONIC = 1;
var O_WRONLY = 1;
var O_NOCTTY = 256;
var O_NONBLOCK = 2048;
var O_CLOEXEC = 524288;
var F_DUPFD_CLOEXEC = 1030;
var SEEK_CUR = 1;
var PIPE_BUF = 4096;
var EAI_NONAME = -2;
var EAI_AGAIN = -3;
var SIG_IGN = 1;
var EINTR = 4;
var EIO = 5;
var EAGAIN = 11;
var EACCES = 13;
var EINVAL = 22;
var ENOTSOCK = 88;
var EMSGSIZE = 90;
var EOPNOTSUPP = 95;
var EAFNOSUPPORT = 97;
var EADDRINUSE = 98;
var EADDRNOTAVAIL = 99;

// ffi/layouts.ts
var sockaddr_in = { size: 16, sin_family: 0, sin_port: 2, sin_addr: 4 };
var sockaddr_in6 = {
  size: 28,
  sin6_family: 0,
  sin6_port: 2,
  sin6_flowinfo: 4,
  sin6_addr: 8,
  sin6_scope_id: 24
};
var iovec = { size: 16, iov_base: 0, iov_len: 8 };
var mmsghdr = {
  size: 64,
  msg_name: 0,
  msg_namelen: 8,
  msg_iov: 16,
  msg_iovlen: 24,
  msg_control: 32,
  msg_controllen: 40,
  msg_flags: 48,
  msg_len: 56
};
var cmsghdr = { size: 16, cmsg_len: 0, cmsg_level: 8, cmsg_type: 12, align: 8 };
var in_pktinfo = { size: 12, ipi_ifindex: 0, ipi_spec_dst: 4, ipi_addr: 8 };
var in6_pktinfo = { size: 20, ipi6_addr: 0, ipi6_ifindex: 16 };
var scm_timestamping = { size: 48, ts: 0 };
var timespec = { size: 16, tv_sec: 0, tv_nsec: 8 };
var timeval = { size: 16, tv_sec: 0, tv_usec: 8 };
var pollfd = { size: 8, fd: 0, events: 4, revents: 6 };
var addrinfo = {
  size: 48,
  ai_flags: 0,
  ai_family: 4,
  ai_socktype: 8,
  ai_protocol: 12,
  ai_addrlen: 16,
  ai_addr: 24,
  ai_next: 40
};
var sigaction = { size: 152, sa_handler: 0 };

// ffi/runtime.ts
import process from "node:process";

// ffi/bun.ts
var bunType = { i32: "i32", u32: "u32", pointer: "ptr" };
function bunRuntime(version, ffi) {
  return {
    name: `Bun ${version}`,
    command: "bun run",
    load(libraries2, signatures2) {
      const symbols = Object.fromEntries(
        Object.entries(signatures2).map(([name, { parameters, result: result2 }]) => [
          name,
          { args: parameters.map((type) => bunType[type]), returns: bunType[result2] }
        ])
      );
      let reason = "";
      for (const library of libraries2) {
        try {
          return ffi.dlopen(library, symbols).symbols;
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          reason ||= error.message;
        }
      }
      throw new LibraryError(`cannot load libc: ${reason.replaceAll(/\s+/g, " ")}`);
    },
    addressOf: (buffer) => ffi.ptr(buffer),
    // A pointer is a plain number in Bun.
    pointer: (address) => address,
    window: (at, length) => ffi.toArrayBuffer(at, 0, length)
  };
}

// ffi/deno.ts
function denoRuntime(deno) {
  return {
    name: `Deno ${deno.version.deno}`,
    command: "deno run --allow-ffi",
    load(libraries2, signatures2) {
      const granted = libraries2.filter((path) => deno.permissions.querySync({ name: "ffi", path }).state === "granted");
      let reason = "";
      for (const library of granted.length > 0 ? granted : libraries2.slice(0, 1)) {
        try {
          return deno.dlopen(library, signatures2).symbols;
        } catch (error) {
          reason = reasonOf(error);
        }
      }
      throw new LibraryError(`cannot load libc: ${reason}`);
    },
    addressOf(buffer) {
      try {
        return Number(deno.UnsafePointer.value(deno.UnsafePointer.of(buffer)));
      } catch (error) {
        throw new LibraryError(reasonOf(error));
      }
    },
    pointer: (address) => deno.UnsafePointer.create(BigInt(address)),
    window: (at, length) => deno.UnsafePointerView.getArrayBuffer(at, length)
  };
}
function reasonOf(error) {
  if (!(error instanceof Error)) throw error;
  if (error.name === "NotCapable" || error.name === "PermissionDenied") {
    throw new LibraryError("Deno does not allow the call into libc; allow it with: deno run --allow-ffi echo.ts 9000");
  }
  return error.message.replaceAll(/\s+/g, " ");
}

// ffi/runtime.ts
var current;
function runtime() {
  return current ??= detect();
}
function detect() {
  const supported = "it needs Deno 2 or later, or Bun 1.2 or later, on 64-bit Linux (x86-64 or aarch64)";
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new LibraryError(`not supported on ${process.platform} ${process.arch}: ${supported}`);
  }
  const { deno, bun } = process.versions;
  if (deno !== void 0 && atLeast(deno, 2, 0)) {
    return denoRuntime(globalThis.Deno);
  }
  if (bun !== void 0 && atLeast(bun, 1, 2)) {
    return bunRuntime(bun, process.getBuiltinModule("bun:ffi"));
  }
  const found = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node.js ${process.versions.node}`;
  throw new LibraryError(`not supported on ${found}: ${supported}`);
}
function atLeast(version, major, minor) {
  const [a = 0, b = 0] = version.split(".").map(Number);
  return a > major || a === major && b >= minor;
}

// ffi/memory.ts
var Memory = class {
  /** The block's bytes. */
  bytes;
  /** The block as 16-bit words, in the byte order of the machine. */
  u16;
  /** The block as 32-bit words, in the byte order of the machine. */
  i32;
  #runtime;
  #address;
  /** Allocates `size` bytes, rounded up to whole cache lines (64 bytes) and at least two. */
  constructor(size) {
    const buffer = new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64));
    this.bytes = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.#runtime = runtime();
    this.#address = this.#runtime.addressOf(buffer);
  }
  /** The pointer to the place `at`, for a call. It may allocate: what a loop needs is to be made beforehand. */
  pointer(at) {
    return this.#runtime.pointer(this.#address + at);
  }
  /** Stores the address of the place `target` as a C pointer at the place `at`, a multiple of 8. */
  link(at, target) {
    const address = this.#address + target;
    this.i32[at >> 2] = address | 0;
    this.i32[(at >> 2) + 1] = address / 4294967296 | 0;
  }
  /** Stores `text` and a terminating zero at the place `at`; returns the place after it. */
  writeCString(at, text) {
    const bytes = new TextEncoder().encode(text);
    this.bytes.set(bytes, at);
    this.bytes[at + bytes.length] = 0;
    return at + bytes.length + 1;
  }
  /** The text of the zero-terminated string at the place `at`. */
  readCString(at) {
    return new TextDecoder().decode(this.bytes.subarray(at, this.bytes.indexOf(0, at)));
  }
};

// ffi/libc.ts
var signatures = {
  /** `int socket(int domain, int type, int protocol)` */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  bind: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  /** `int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen)` */
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
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
  /** `int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *tmo_p, const sigset_t *sigmask)` */
  ppoll: { parameters: ["pointer", "u32", "pointer", "pointer"], result: "i32" },
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
  /** `unsigned int if_nametoindex(const char *ifname)` */
  if_nametoindex: { parameters: ["pointer"], result: "u32" },
  /** `char *if_indextoname(unsigned int ifindex, char *ifname)` */
  if_indextoname: { parameters: ["u32", "pointer"], result: "pointer" },
  /** `int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)` */
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  /** `void freeaddrinfo(struct addrinfo *res)`; the result is not there and is ignored */
  freeaddrinfo: { parameters: ["pointer"], result: "i32" },
  /** `int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)` */
  sigaction: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["pointer"], result: "pointer" },
  /** `size_t strlen(const char *s)` */
  strlen: { parameters: ["pointer"], result: "u32" },
  /** `int *__errno_location(void)` */
  __errno_location: { parameters: [], result: "pointer" }
};
var libraries = [
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
  "/lib/libc.musl-aarch64.so.1"
];
var loaded;
function libc() {
  if (loaded === void 0) {
    const call = runtime().load(libraries, signatures);
    const location = call.__errno_location();
    loaded = { call, errno: new Int32Array(runtime().window(location, 4)) };
  }
  return loaded;
}
var scratchMemory;
function scratch() {
  return scratchMemory ??= new Memory(1024);
}
function result(value) {
  return value < 0 ? -libc().errno[0] : value;
}
function socket(domain, type, protocol) {
  return result(libc().call.socket(domain, type, protocol));
}
function bind(fd, memory, at, length) {
  return result(libc().call.bind(fd, memory.pointer(at), length));
}
function connect(fd, memory, at, length) {
  return result(libc().call.connect(fd, memory.pointer(at), length));
}
function getsockname(fd, memory, at, length) {
  const room = scratch();
  room.i32[0] = length;
  return result(libc().call.getsockname(fd, memory.pointer(at), room.pointer(0)));
}
function setsockopt(fd, level, name, value) {
  const room = scratch();
  room.i32[0] = value;
  return result(libc().call.setsockopt(fd, level, name, room.pointer(0), 4));
}
function getsockopt(fd, level, name) {
  return getsockoptWord(fd, level, name, 1, 0);
}
function getsockoptWord(fd, level, name, count, index2) {
  const room = scratch();
  room.i32[0] = count * 4;
  const value = result(libc().call.getsockopt(fd, level, name, room.pointer(8), room.pointer(0)));
  return value < 0 ? value : room.i32[2 + index2] >>> 0;
}
function setsockoptTime(fd, level, name, milliseconds) {
  const room = scratch();
  room.bytes.fill(0, 0, timeval.size);
  room.i32[timeval.tv_sec / 4] = Math.floor(milliseconds / 1e3);
  room.i32[timeval.tv_usec / 4] = milliseconds % 1e3 * 1e3;
  return result(libc().call.setsockopt(fd, level, name, room.pointer(0), timeval.size));
}
function poll(fd, events, milliseconds) {
  const room = scratch();
  room.i32[pollfd.fd / 4] = fd;
  room.u16[pollfd.events / 2] = events;
  room.u16[pollfd.revents / 2] = 0;
  const ready = result(libc().call.poll(room.pointer(0), 1, milliseconds));
  return ready <= 0 ? ready : room.u16[pollfd.revents / 2];
}
function open(path, flags) {
  const room = scratch();
  room.writeCString(0, path);
  return result(libc().call.open(room.pointer(0), flags));
}
function readSmallFile(path) {
  const fd = open(path, O_CLOEXEC);
  if (fd < 0) return "";
  const room = scratch();
  const length = libc().call.read(fd, room.pointer(0), room.bytes.length);
  close(fd);
  return length <= 0 ? "" : new TextDecoder().decode(room.bytes.subarray(0, length));
}
function close(fd) {
  return result(libc().call.close(fd));
}
function fcntl(fd, command, argument) {
  return result(libc().call.fcntl(fd, command, argument));
}
function lseek(fd, offset, whence) {
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? -libc().errno[0] : position >>> 0;
}
function interfaceIndex(name) {
  if (new TextEncoder().encode(name).length > 15) return 0;
  const room = scratch();
  room.writeCString(0, name);
  return libc().call.if_nametoindex(room.pointer(0));
}
function interfaceName(index2) {
  const room = scratch();
  return libc().call.if_indextoname(index2, room.pointer(0)) === null ? `${index2}` : room.readCString(0) || `${index2}`;
}
function signalIgnored(signal) {
  const room = scratch();
  room.bytes.fill(0, 0, sigaction.size);
  libc().call.sigaction(signal, null, room.pointer(0));
  return room.i32[sigaction.sa_handler / 4] === SIG_IGN;
}
function getaddrinfo(name, family) {
  const { call } = libc();
  const room = scratch();
  room.bytes.fill(0, 0, addrinfo.size + 8);
  room.i32[addrinfo.ai_family / 4] = family;
  room.i32[addrinfo.ai_socktype / 4] = SOCK_DGRAM;
  const list2 = addrinfo.size;
  const text = list2 + 8;
  if (new TextEncoder().encode(name).length > 255) return EAI_NONAME;
  room.writeCString(text, name);
  const error = call.getaddrinfo(room.pointer(text), null, room.pointer(0), room.pointer(list2));
  if (error !== 0) return error;
  const first = readAddress(room.i32, list2);
  const addresses = [];
  for (let at = first; at !== 0; ) {
    const entry = new Int32Array(runtime().window(runtime().pointer(at), addrinfo.size));
    const entryFamily = entry[addrinfo.ai_family / 4];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      const socketAddress = runtime().pointer(readAddress(entry, addrinfo.ai_addr));
      const length = entry[addrinfo.ai_addrlen / 4];
      addresses.push(new Uint8Array(runtime().window(socketAddress, length)).slice());
    }
    at = readAddress(entry, addrinfo.ai_next);
  }
  call.freeaddrinfo(runtime().pointer(first));
  return addresses;
}
function readAddress(words, at) {
  return (words[at / 4] >>> 0) + (words[at / 4 + 1] >>> 0) * 4294967296;
}
var TIME_ORIGIN_SECONDS = Math.floor(Date.now() / 1e3);
function wallTime(seconds, nanoseconds) {
  return (seconds - TIME_ORIGIN_SECONDS) * 1e9 + nanoseconds;
}
var Clock = class {
  #memory = new Memory(timespec.size);
  #i32 = this.#memory.i32;
  #pointer = this.#memory.pointer(0);
  #call = libc().call;
  #clock;
  /** @param clock `CLOCK_MONOTONIC` or `CLOCK_REALTIME` */
  constructor(clock) {
    this.#clock = clock;
  }
  /** Reads the clock. */
  read() {
    this.#call.clock_gettime(this.#clock, this.#pointer);
  }
  /** Whole seconds of the last reading, modulo 2^32: enough until 2106. */
  get seconds() {
    return this.#i32[timespec.tv_sec / 4] >>> 0;
  }
  /** Nanoseconds of the last reading that are beyond its whole seconds. */
  get nanoseconds() {
    return this.#i32[timespec.tv_nsec / 4];
  }
  /**
   * Reads the clock in microseconds, for {@link elapsed}. They start over every 1,024 seconds: so they stay small
   * integers, which no runtime puts on the heap.
   */
  microseconds() {
    this.#call.clock_gettime(this.#clock, this.#pointer);
    return (this.#i32[timespec.tv_sec / 4] & 1023) * 1e6 + (this.#i32[timespec.tv_nsec / 4] / 1e3 | 0);
  }
};
var MICROSECONDS_END = 1024 * 1e6;
function elapsed(from, to) {
  return to >= from ? to - from : to - from + MICROSECONDS_END;
}
var Writer = class {
  /** What is to be written: {@link PIPE_BUF} bytes. */
  bytes;
  #pointer;
  #call = libc().call;
  #errno = libc().errno;
  constructor() {
    const memory = new Memory(PIPE_BUF);
    this.bytes = memory.bytes;
    this.#pointer = memory.pointer(0);
  }
  /** Writes the first `length` bytes to a descriptor; returns how many it took. write(2) */
  write(fd, length) {
    const written = this.#call.write(fd, this.#pointer, length);
    return written < 0 ? -this.#errno[0] : written;
  }
  /** Sends the first `length` bytes to a connected socket; returns how many it took. send(2) */
  send(fd, length, flags) {
    const sent = this.#call.send(fd, this.#pointer, length, flags);
    return sent < 0 ? -this.#errno[0] : sent;
  }
};

// src/cli.ts
import { parseArgs } from "node:util";

// src/address.ts
var ADDRESS_SIZE = 16;
var ENDPOINT_TEXT_MAX = 64;
function parseAddress(text) {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  if (!text.includes(":")) {
    bytes.fill(255, 10, 12);
    return parseIPv4(text, bytes, 12) ? bytes : void 0;
  }
  return parseIPv6(text, bytes) ? bytes : void 0;
}
function parseIPv4(text, out, at) {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return false;
  }
  out.set(parts.map(Number), at);
  return true;
}
function parseIPv6(text, out) {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => half === "" ? [] : half.split(":"));
  const last = groups.at(-1).at(-1) ?? "";
  const dotted = last.includes(".");
  if (dotted) {
    if (!parseIPv4(last, out, 12)) return false;
    groups.at(-1).pop();
  }
  const [head, tail = []] = groups;
  const room = dotted ? 6 : 8;
  const count = head.length + tail.length;
  if (halves.length === 2 ? count >= room : count !== room) return false;
  if (![...head, ...tail].every((group2) => /^[0-9a-f]{1,4}$/i.test(group2))) return false;
  const write2 = (group2, index2) => {
    const value = parseInt(group2, 16);
    out[index2 * 2] = value >> 8;
    out[index2 * 2 + 1] = value & 255;
  };
  head.forEach((group2, i) => write2(group2, i));
  tail.forEach((group2, i) => write2(group2, room - tail.length + i));
  return true;
}
function parsePrefix(text) {
  const [addressText2 = "", lengthText, ...rest] = text.split("/");
  const bytes = parseAddress(addressText2);
  if (bytes === void 0 || rest.length > 0) return void 0;
  const most = isIPv4(bytes) && !addressText2.includes(":") ? 32 : 128;
  const length = lengthText === void 0 ? most : /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : NaN;
  return length <= most ? { bytes, length: 128 - most + length } : void 0;
}
function isIPv4(bytes, at = 0) {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 255 && bytes[at + 11] === 255;
}
function isLinkLocal(bytes, at = 0) {
  return bytes[at] === 254 && (bytes[at + 1] & 192) === 128;
}
function isUnspecified(bytes, at = 0) {
  const from = isIPv4(bytes, at) ? 12 : 0;
  for (let i = from; i < ADDRESS_SIZE; i++) if (bytes[at + i] !== 0) return false;
  return true;
}
function isMulticast(bytes, at = 0) {
  return isIPv4(bytes, at) ? (bytes[at + 12] & 240) === 224 : bytes[at] === 255;
}
function formatAddress(out, at, bytes, from = 0) {
  if (isIPv4(bytes, from)) {
    for (let i = 12; i < 16; i++) {
      if (i > 12) out[at++] = DOT;
      at = formatDecimal(out, at, bytes[from + i]);
    }
    return at;
  }
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && group(bytes, from, end) === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      out[at++] = COLON;
      out[at++] = COLON;
      i += runLength - 1;
      continue;
    }
    if (i > 0 && i !== runStart + runLength) out[at++] = COLON;
    const value = group(bytes, from, i);
    for (let shift = value > 4095 ? 12 : value > 255 ? 8 : value > 15 ? 4 : 0; shift >= 0; shift -= 4) {
      out[at++] = HEX[value >> shift & 15];
    }
  }
  return at;
}
function formatEndpoint(out, at, bytes, from, zone, port) {
  const bracketed = !isIPv4(bytes, from);
  if (bracketed) out[at++] = 91;
  at = formatAddress(out, at, bytes, from);
  if (zone !== "") {
    out[at++] = 37;
    for (let i = 0; i < zone.length && i < 15; i++) {
      const code = zone.charCodeAt(i);
      out[at++] = code > 32 && code < 127 ? code : 63;
    }
  }
  if (bracketed) out[at++] = 93;
  out[at++] = COLON;
  return formatDecimal(out, at, port);
}
function formatDecimal(out, at, value) {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let i = digits - 1; i >= 0; i--) {
    out[at + i] = 48 + value % 10;
    value = Math.floor(value / 10);
  }
  return at + digits;
}
function addressText(bytes, from = 0) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatAddress(out, 0, bytes, from)));
}
function endpointText(bytes, zone, port) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatEndpoint(out, 0, bytes, 0, zone, port)));
}
function group(bytes, from, index2) {
  return bytes[from + index2 * 2] << 8 | bytes[from + index2 * 2 + 1];
}
var DOT = 46;
var COLON = 58;
var HEX = new TextEncoder().encode("0123456789abcdef");

// ffi/message_vector.ts
var MessageVector = class {
  #memory;
  #i32;
  #at;
  #pointers = [];
  #call = libc().call;
  #errno = libc().errno;
  /** Lays out `capacity` headers from the place `at`, a multiple of 8; they take `capacity * mmsghdr.size` bytes. */
  constructor(memory, at, capacity) {
    this.#memory = memory;
    this.#i32 = memory.i32;
    this.#at = at;
    for (let i = 0; i < capacity; i++) this.#pointers.push(memory.pointer(at + i * mmsghdr.size));
  }
  /** Sets where the peer's socket address is, or goes, and its length or the room for it. */
  setName(i, at, length) {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_name, at);
    this.#i32[header + mmsghdr.msg_namelen >> 2] = length;
  }
  /** Sets where the array of `count` buffers (`struct iovec`) is. */
  setBuffers(i, at, count) {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_iov, at);
    this.#i32[header + mmsghdr.msg_iovlen >> 2] = count;
  }
  /** Sets where the control messages are, or go, and their length or the room for them. */
  setControl(i, at, length) {
    const header = this.#at + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_control, at);
    this.#i32[header + mmsghdr.msg_controllen >> 2] = length;
  }
  /** Sets the room for the socket address and the control messages anew, which every reception overwrites. */
  setRoom(i, nameLength, controlLength) {
    const header = this.#at + i * mmsghdr.size;
    this.#i32[header + mmsghdr.msg_namelen >> 2] = nameLength;
    this.#i32[header + mmsghdr.msg_controllen >> 2] = controlLength;
  }
  /** Length of the socket address that was received. */
  nameLength(i) {
    return this.#i32[this.#at + i * mmsghdr.size + mmsghdr.msg_namelen >> 2];
  }
  /** Length of the control messages that were received. */
  controlLength(i) {
    return this.#i32[this.#at + i * mmsghdr.size + mmsghdr.msg_controllen >> 2];
  }
  /** Flags of the received message: `MSG_TRUNC`, `MSG_CTRUNC`. */
  flags(i) {
    return this.#i32[this.#at + i * mmsghdr.size + mmsghdr.msg_flags >> 2];
  }
  /** Bytes of payload that were received or sent. */
  length(i) {
    return this.#i32[this.#at + i * mmsghdr.size + mmsghdr.msg_len >> 2];
  }
  /** Receives up to `count` messages; returns how many, or the negative error. recvmmsg(2) */
  receive(fd, count, flags) {
    const received = this.#call.recvmmsg(fd, this.#pointers[0], count, flags, null);
    return received < 0 ? -this.#errno[0] : received;
  }
  /**
   * Sends the messages from `first` to before `end`; returns how many went, or the negative error of the first one.
   * It stops at the first that fails. sendmmsg(2)
   */
  send(fd, first, end, flags) {
    const sent = this.#call.sendmmsg(fd, this.#pointers[first], end - first, flags);
    return sent < 0 ? -this.#errno[0] : sent;
  }
};
function writeBuffer(memory, at, base, length) {
  memory.link(at + iovec.iov_base, base);
  memory.i32[at + iovec.iov_len >> 2] = length;
}

// src/control_message.ts
var ControlMessages = class {
  /** Protocol level of the current message: `IPPROTO_IP`. */
  level = 0;
  /** Type of the current message on its level: `IP_PKTINFO`. */
  type = 0;
  /** Place of the current message's data, a multiple of 8. */
  data = 0;
  /** Bytes of data of the current message. */
  length = 0;
  #i32;
  #next = 0;
  #end = 0;
  /** @param memory where the buffers are */
  constructor(memory) {
    this.#i32 = memory.i32;
  }
  /** Starts on the buffer of `length` bytes at `at`, a multiple of 8. */
  start(at, length) {
    this.#next = at;
    this.#end = at + length;
  }
  /** Goes to the next message; returns false when there is none. */
  next() {
    const at = this.#next;
    if (at + cmsghdr.size > this.#end) return false;
    const length = this.#i32[at + cmsghdr.cmsg_len >> 2];
    if (length < cmsghdr.size || at + length > this.#end || this.#i32[at + cmsghdr.cmsg_len + 4 >> 2] !== 0) {
      this.#next = this.#end;
      return false;
    }
    this.level = this.#i32[at + cmsghdr.cmsg_level >> 2];
    this.type = this.#i32[at + cmsghdr.cmsg_type >> 2];
    this.data = at + cmsghdr.size;
    this.length = length - cmsghdr.size;
    this.#next = at + align(length);
    return true;
  }
};
var REPLY_CONTROL_SIZE = space(in6_pktinfo.size) + space(2);
function appendIPv4PacketInfo(memory, at, source, interfaceIndex2) {
  const data = appendHeader(memory, at, IPPROTO_IP, IP_PKTINFO, in_pktinfo.size);
  memory.i32[data + in_pktinfo.ipi_ifindex >> 2] = interfaceIndex2;
  memory.i32[data + in_pktinfo.ipi_spec_dst >> 2] = source;
  memory.i32[data + in_pktinfo.ipi_addr >> 2] = 0;
  return at + space(in_pktinfo.size);
}
function appendIPv6PacketInfo(memory, at, source, interfaceIndex2) {
  const data = appendHeader(memory, at, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo.size);
  const { i32 } = memory;
  for (let i = 0; i < 4; i++) i32[(data >> 2) + i] = i32[(source >> 2) + i];
  i32[data + in6_pktinfo.ipi6_ifindex >> 2] = interfaceIndex2;
  return at + space(in6_pktinfo.size);
}
function appendSegmentSize(memory, at, segmentSize) {
  const data = appendHeader(memory, at, IPPROTO_UDP, UDP_SEGMENT, 2);
  memory.u16[data >> 1] = segmentSize;
  return at + space(2);
}
function appendHeader(memory, at, level, type, dataSize) {
  const word = at >> 2;
  memory.i32[word] = cmsghdr.size + dataSize;
  memory.i32[word + 1] = 0;
  memory.i32[word + 2] = level;
  memory.i32[word + 3] = type;
  return at + cmsghdr.size;
}
function space(dataSize) {
  return cmsghdr.size + align(dataSize);
}
function align(length) {
  return length + cmsghdr.align - 1 & ~(cmsghdr.align - 1);
}

// src/endpoint.ts
function readAddress2(text) {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes === void 0) return void 0;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) {
    const message = `no interface named ${JSON.stringify(zone)} on this host; \`ip link\` lists what there is`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  if (isLinkLocal(bytes) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes, zone, scope };
}
function zoneNumber(zone) {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}
function requireAddress(text) {
  const address = readAddress2(text);
  if (address !== void 0) return address;
  throw new SystemError("inet_pton", EINVAL, `${JSON.stringify(text)} is no IPv4 or IPv6 address`);
}
function resolve(text, family) {
  const address = readAddress2(text);
  if (address !== void 0) return [address];
  const answers = getaddrinfo(text, family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC);
  if (typeof answers === "number" || answers.length === 0) {
    const why = answers === EAI_AGAIN ? "the name server does not answer; try again, or give an address" : "no such name\
; check the spelling, or give an address";
    const which = family === void 0 ? "" : ` with an IPv${family} address`;
    throw new SystemError("getaddrinfo", EADDRNOTAVAIL, `cannot resolve ${JSON.stringify(text)}${which}: ${why}`);
  }
  return answers.map(readSocketAddress);
}
function readSocketAddress(name) {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  if (name.length === sockaddr_in.size) {
    bytes.fill(255, 10, 12);
    bytes.set(name.subarray(sockaddr_in.sin_addr, sockaddr_in.sin_addr + 4), 12);
    return { bytes, zone: "", scope: 0 };
  }
  bytes.set(name.subarray(sockaddr_in6.sin6_addr, sockaddr_in6.sin6_addr + ADDRESS_SIZE));
  const scope = new DataView(name.buffer, name.byteOffset).getUint32(sockaddr_in6.sin6_scope_id, true);
  return { bytes, zone: scope === 0 ? "" : interfaceName(scope), scope };
}
function writeSocketAddress(memory, at, domain, address, port) {
  const { bytes } = memory;
  memory.u16[at >> 1] = domain;
  bytes[at + sockaddr_in6.sin6_port] = port >> 8;
  bytes[at + sockaddr_in6.sin6_port + 1] = port & 255;
  if (domain === AF_INET) {
    if (!isIPv4(address.bytes)) {
      throw new SystemError("sendmsg", EAFNOSUPPORT, "an IPv4 socket does not reach IPv6 addresses; bind one to ::");
    }
    bytes.set(address.bytes.subarray(12), at + sockaddr_in.sin_addr);
    return sockaddr_in.size;
  }
  memory.i32[at + sockaddr_in6.sin6_flowinfo >> 2] = 0;
  bytes.set(address.bytes, at + sockaddr_in6.sin6_addr);
  memory.i32[at + sockaddr_in6.sin6_scope_id >> 2] = address.scope;
  return sockaddr_in6.size;
}

// src/message_batch.ts
var PAYLOAD_SIZE_MAX = 65535;
var UNICAST = 0;
var BROADCAST = 1;
var MULTICAST = 2;
var UNKNOWN = 3;
var NAME_STRIDE = 32;
var LOCAL_STRIDE = 16;
var CONTROL_STRIDE = 192;
var PAYLOAD_STRIDE = 65536 + 192;
var MessageBatch = class {
  /** Most messages in the batch. */
  capacity;
  /** Messages that were received last. */
  count = 0;
  /** `AF_INET` or `AF_INET6`: the family of the socket that the batch is for. */
  family;
  /** Where everything is that the kernel reads and writes. */
  memory;
  /** Headers that `recvmmsg` fills in. */
  received;
  /** Place of the headers that `sendmmsg` reads: two arrays of `capacity`. */
  replyHeadersAt;
  /** Place of the buffers that those headers point at: two arrays of `capacity`. */
  replyBuffersAt;
  /** Place of the control messages that those headers point at: two arrays of `capacity`. */
  replyControlsAt;
  #namesAt;
  #nameSize;
  #localsAt;
  #peersAt;
  #peerStride;
  #controlsAt;
  #payloadsAt;
  #control;
  #sizes;
  #segmentSizes;
  #interfaces;
  #destinations;
  #arrivals;
  #replies;
  /**
   * @param family `AF_INET` or `AF_INET6`, as the socket's
   * @param capacity most messages at a time
   */
  constructor(family, capacity) {
    let size = 0;
    const place = (bytes) => {
      const at = size;
      size += Math.ceil(bytes / 64) * 64;
      return at;
    };
    const headersAt = place(capacity * mmsghdr.size);
    const buffersAt = place(capacity * iovec.size);
    this.replyHeadersAt = place(2 * capacity * mmsghdr.size);
    this.replyBuffersAt = place(2 * capacity * iovec.size);
    this.replyControlsAt = place(2 * capacity * REPLY_CONTROL_SIZE);
    this.#namesAt = place(capacity * NAME_STRIDE);
    this.#localsAt = place(capacity * LOCAL_STRIDE);
    const mappedPeersAt = place(capacity * ADDRESS_SIZE);
    this.#controlsAt = place(capacity * CONTROL_STRIDE);
    this.#payloadsAt = place(capacity * PAYLOAD_STRIDE);
    this.family = family;
    this.capacity = capacity;
    this.memory = new Memory(size);
    this.received = new MessageVector(this.memory, headersAt, capacity);
    this.#control = new ControlMessages(this.memory);
    if (family === AF_INET) {
      this.#nameSize = sockaddr_in.size;
      this.#peersAt = mappedPeersAt;
      this.#peerStride = ADDRESS_SIZE;
      for (let i = 0; i < capacity; i++) this.memory.i32[mappedPeersAt + i * ADDRESS_SIZE + 8 >> 2] = IPV4_MAPPED;
    } else {
      this.#nameSize = sockaddr_in6.size;
      this.#peersAt = this.#namesAt + sockaddr_in6.sin6_addr;
      this.#peerStride = NAME_STRIDE;
    }
    for (let i = 0; i < capacity; i++) {
      const bufferAt = buffersAt + i * iovec.size;
      writeBuffer(this.memory, bufferAt, this.payloadAt(i), PAYLOAD_SIZE_MAX);
      this.received.setName(i, this.nameAt(i), this.#nameSize);
      this.received.setBuffers(i, bufferAt, 1);
      this.received.setControl(i, this.#controlsAt + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
    this.#sizes = new Int32Array(capacity);
    this.#segmentSizes = new Int32Array(capacity);
    this.#interfaces = new Int32Array(capacity);
    this.#destinations = new Uint8Array(capacity);
    this.#arrivals = new Int32Array(capacity);
    this.#replies = new Uint8Array(capacity);
  }
  /** Receives what is there, at most `capacity` messages; returns how many, or the negative error. */
  receive(fd, flags) {
    const received = this.received.receive(fd, this.capacity, flags);
    this.read(received < 0 ? 0 : received);
    return received;
  }
  /** Reads what the kernel wrote of the first `count` messages; {@link receive} does so. */
  read(count) {
    this.count = count;
    for (let i = 0; i < count; i++) this.#readMessage(i);
  }
  /** Reads what the kernel wrote of message `i`, and makes its header ready for the next reception. */
  #readMessage(i) {
    const { received, memory } = this;
    const { i32 } = memory;
    const control = this.#control;
    const size = Math.max(0, Math.min(received.length(i), PAYLOAD_SIZE_MAX));
    const nameLength = received.nameLength(i);
    const cut = (received.flags(i) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    let segmentSize = size;
    let destination = UNKNOWN;
    let sentToIPv4 = false;
    let interfaceIndex2 = 0;
    let arrival = 0;
    const local = this.localAt(i);
    control.start(this.#controlsAt + i * CONTROL_STRIDE, Math.min(received.controlLength(i), CONTROL_STRIDE));
    while (control.next()) {
      const data = control.data >> 2;
      if (control.level === IPPROTO_IP && control.type === IP_PKTINFO && control.length >= in_pktinfo.size) {
        const specific = i32[data + in_pktinfo.ipi_spec_dst / 4];
        const sentTo = i32[data + in_pktinfo.ipi_addr / 4];
        interfaceIndex2 = i32[data + in_pktinfo.ipi_ifindex / 4];
        i32[local >> 2] = 0;
        i32[(local >> 2) + 1] = 0;
        i32[(local >> 2) + 2] = IPV4_MAPPED;
        i32[(local >> 2) + 3] = specific;
        sentToIPv4 = true;
        if ((sentTo & 240) === 224) destination = MULTICAST;
        else if (sentTo !== specific) destination = BROADCAST;
        else destination = specific === 0 ? UNKNOWN : UNICAST;
      } else if (control.level === IPPROTO_IPV6 && control.type === IPV6_PKTINFO && control.length >= in6_pktinfo.size &&
      // An IPv4 datagram on a dual-stack socket brings both, and only IP_PKTINFO tells a broadcast from the rest.
      !isIPv4(memory.bytes, control.data)) {
        for (let word = 0; word < 4; word++) i32[(local >> 2) + word] = i32[data + word];
        interfaceIndex2 = i32[data + in6_pktinfo.ipi6_ifindex / 4];
        sentToIPv4 = false;
        destination = isUnspecified(memory.bytes, local) ? UNKNOWN : UNICAST;
        if (isMulticast(memory.bytes, local)) {
          destination = MULTICAST;
          i32.fill(0, local >> 2, (local >> 2) + 4);
        }
      } else if (control.level === IPPROTO_UDP && control.type === UDP_GRO && control.length >= 4) {
        const said = i32[data];
        if (said > 0 && said < size) segmentSize = said;
      } else if (control.level === SOL_SOCKET && control.type === SCM_TIMESTAMPING && control.length >= scm_timestamping.
      size) {
        arrival = control.data + scm_timestamping.ts;
      }
    }
    if (this.family === AF_INET) {
      i32[(this.peerAddressAt(i) >> 2) + 3] = i32[this.nameAt(i) + sockaddr_in.sin_addr >> 2];
    }
    const named = nameLength === this.#nameSize && memory.u16[this.nameAt(i) >> 1] === this.family;
    if (cut || !named || sentToIPv4 !== this.isIPv4(i)) destination = UNKNOWN;
    if (destination === UNKNOWN) i32.fill(0, local >> 2, (local >> 2) + 4);
    this.#sizes[i] = size;
    this.#segmentSizes[i] = segmentSize;
    this.#interfaces[i] = interfaceIndex2;
    this.#destinations[i] = destination;
    this.#arrivals[i] = arrival;
    this.#replies[i] = 0;
    received.setRoom(i, this.#nameSize, CONTROL_STRIDE);
  }
  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i) {
    return this.#sizes[i];
  }
  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i) {
    return this.#segmentSizes[i];
  }
  /** Datagrams in message `i`, at least 1. */
  datagrams(i) {
    const size = this.#sizes[i];
    const segmentSize = this.#segmentSizes[i];
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }
  /** Leaves only the first `datagrams` datagrams of message `i`, of which it has at least as many. */
  shorten(i, datagrams) {
    if (datagrams < this.datagrams(i)) this.#sizes[i] = datagrams * this.#segmentSizes[i];
  }
  /** What message `i` was sent to. */
  destination(i) {
    return this.#destinations[i];
  }
  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i) {
    return this.#interfaces[i];
  }
  /**
   * When message `i` arrived in the kernel, as a `wallTime`; `undefined` unless the socket's `SO_TIMESTAMPING` asks for
   * it.
   */
  arrival(i) {
    const at = this.#arrivals[i];
    if (at === 0) return void 0;
    const { i32 } = this.memory;
    return wallTime(i32[at + timespec.tv_sec >> 2] >>> 0, i32[at + timespec.tv_nsec >> 2]);
  }
  /** Port that message `i` came from. */
  peerPort(i) {
    const at = this.nameAt(i) + sockaddr_in6.sin6_port;
    return this.memory.bytes[at] << 8 | this.memory.bytes[at + 1];
  }
  /** Place of the address, of 16 bytes, that message `i` came from; a multiple of 4. */
  peerAddressAt(i) {
    return this.#peersAt + i * this.#peerStride;
  }
  /** Name of the interface that gives the peer's link-local address its meaning; "" for other addresses. Allocates. */
  peerZone(i) {
    return isLinkLocal(this.memory.bytes, this.peerAddressAt(i)) ? interfaceName(this.peerScope(i)) : "";
  }
  /** Index of the interface that the peer's link-local address belongs to; 0 for other addresses. */
  peerScope(i) {
    return this.family === AF_INET ? 0 : this.memory.i32[this.nameAt(i) + sockaddr_in6.sin6_scope_id >> 2];
  }
  /** Place of the local address, of 16 bytes, that message `i` is answered from; a multiple of 4. */
  localAt(i) {
    return this.#localsAt + i * LOCAL_STRIDE;
  }
  /** Name of the interface that gives the local link-local address its meaning; "" for other addresses. Allocates. */
  localZone(i) {
    return isLinkLocal(this.memory.bytes, this.localAt(i)) ? interfaceName(this.interfaceIndex(i)) : "";
  }
  /** Place of the socket address that message `i` came from. */
  nameAt(i) {
    return this.#namesAt + i * NAME_STRIDE;
  }
  /** Bytes of a socket address of the batch's family. */
  get nameSize() {
    return this.#nameSize;
  }
  /** Place of the payload of message `i`, {@link PAYLOAD_SIZE_MAX} bytes of room. */
  payloadAt(i) {
    return this.#payloadsAt + i * PAYLOAD_STRIDE;
  }
  /** Marks message `i` to be sent back by the next `UdpSocket.send`, with the payload that is then in its place. */
  reply(i) {
    this.#replies[i] = 1;
  }
  /** Whether message `i` is to be sent back. */
  replies(i) {
    return this.#replies[i] === 1;
  }
  /** Empties the batch. */
  clear() {
    this.count = 0;
  }
  /**
   * Adds a message that the next `UdpSocket.send` sends: `payload`, at most {@link PAYLOAD_SIZE_MAX} bytes, to a peer,
   * from the local address `from` or from the one that the routing table gives. The payload is copied. Allocates.
   * @throws {SystemError} where an address can't be used on this socket
   * @throws {RangeError} where the batch is full or the payload too large
   */
  add(payload, { to, from }) {
    const i = this.count;
    if (i === this.capacity) throw new RangeError(`the batch is full: it holds ${this.capacity} messages`);
    if (payload.length > PAYLOAD_SIZE_MAX) {
      throw new RangeError(`a payload of ${payload.length} bytes: a datagram carries ${PAYLOAD_SIZE_MAX} at most`);
    }
    const peer = requireAddress(to.address);
    const local = requireAddress(from ?? (isIPv4(peer.bytes) ? "0.0.0.0" : "::"));
    writeSocketAddress(this.memory, this.nameAt(i), this.family, peer, to.port);
    this.memory.bytes.set(peer.bytes, this.peerAddressAt(i));
    this.memory.bytes.set(local.bytes, this.localAt(i));
    this.memory.bytes.set(payload, this.payloadAt(i));
    this.#sizes[i] = payload.length;
    this.#segmentSizes[i] = payload.length;
    this.#interfaces[i] = local.scope;
    this.#destinations[i] = UNICAST;
    this.#replies[i] = 1;
    this.count++;
  }
  /** The payload of message `i`, as a view that the next reception overwrites. Allocates. */
  payload(i) {
    return this.memory.bytes.subarray(this.payloadAt(i), this.payloadAt(i) + this.size(i));
  }
  /** Puts another payload, at most {@link PAYLOAD_SIZE_MAX} bytes, in the place of that of message `i`. */
  setPayload(i, payload) {
    if (payload.length > PAYLOAD_SIZE_MAX) {
      throw new RangeError(`a payload of ${payload.length} bytes: a datagram carries ${PAYLOAD_SIZE_MAX} at most`);
    }
    this.memory.bytes.set(payload, this.payloadAt(i));
    this.#sizes[i] = payload.length;
    this.#segmentSizes[i] = payload.length;
  }
  /** Where message `i` came from. Allocates. */
  peer(i) {
    const zone = this.peerZone(i);
    const address = addressText(this.memory.bytes, this.peerAddressAt(i));
    return { address: zone === "" ? address : `${address}%${zone}`, port: this.peerPort(i) };
  }
  /** The local address that message `i` is answered from, with its zone if it is link-local. Allocates. */
  localAddress(i) {
    const zone = this.localZone(i);
    const address = addressText(this.memory.bytes, this.localAt(i));
    return zone === "" ? address : `${address}%${zone}`;
  }
  /** Whether the peer of message `i` is an IPv4 address. */
  isIPv4(i) {
    return this.family === AF_INET || isIPv4(this.memory.bytes, this.peerAddressAt(i));
  }
};
var IPV4_MAPPED = -65536;

// src/rate_limit.ts
var WAYS = 8;
var RateLimit = class {
  #interval;
  #burst;
  #places;
  // Two words a source: the IPv6 /64, or the mark of IPv4 and the address.
  #sources;
  // Microseconds at which the bucket is full again.
  #full;
  #seed = crypto.getRandomValues(new Int32Array(2));
  /**
   * @param rate what one source gets
   * @param sources how many sources the table holds, rounded up to a power of two of at least 8; each takes 16 bytes
   */
  constructor(rate2, sources) {
    this.#interval = 1e6 / rate2.perSecond;
    this.#burst = rate2.burst * this.#interval;
    this.#places = Math.max(1, 2 ** Math.ceil(Math.log2(sources / WAYS)));
    this.#sources = new Int32Array(this.#places * WAYS * 2);
    this.#full = new Float64Array(this.#places * WAYS);
  }
  /**
   * Takes `datagrams` from the bucket of the source whose address is the four words from `at`, or as many as it holds.
   * It allocates nothing, and looks at eight entries at most.
   * @param now microseconds since some moment, never falling
   * @returns how many it held
   */
  take(words, at, datagrams, now) {
    const mapped = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === IPV4_MAPPED2;
    const first = mapped ? IPV4_MAPPED2 : words[at];
    const second = mapped ? words[at + 3] : words[at + 1];
    const entry = this.#find(first, second);
    const full = Math.max(this.#full[entry], now);
    const held = Math.min(datagrams, Math.floor((now + this.#burst - full) / this.#interval + 1e-6));
    this.#full[entry] = full + held * this.#interval;
    return held;
  }
  /** The entry of a source, which takes that of another one if it has none. */
  #find(first, second) {
    let hash = Math.imul(first ^ this.#seed[0], 2246822507);
    hash = Math.imul(hash ^ hash >>> 15 ^ second, 3266489909) ^ this.#seed[1];
    hash = Math.imul(hash ^ hash >>> 13, 2654435761);
    hash ^= hash >>> 16;
    const start = (hash & this.#places - 1) * WAYS;
    let soonest = start;
    for (let entry = start; entry < start + WAYS; entry++) {
      if (this.#sources[entry * 2] === first && this.#sources[entry * 2 + 1] === second) return entry;
      if (this.#full[entry] < this.#full[soonest]) soonest = entry;
    }
    this.#sources[soonest * 2] = first;
    this.#sources[soonest * 2 + 1] = second;
    this.#full[soonest] = 0;
    return soonest;
  }
};
var IPV4_MAPPED2 = -65536;

// src/guard.ts
var REASONS = [
  "accepted",
  "unknown_destination",
  "broadcast_destination",
  "multicast_destination",
  "unspecified_source",
  "broadcast_source",
  "multicast_source",
  "source_port_zero",
  "reserved_source_port",
  "own_source_port",
  "service_source_port",
  "own_endpoint",
  "not_allowed",
  "over_rate",
  "over_max_rate"
];
var ACCEPTED = 0;
var SERVICE_PORTS = /* @__PURE__ */ new Map([
  [1434, "Microsoft SQL Server browser"],
  [1604, "Citrix ICA browser"],
  [1900, "SSDP"],
  [2049, "NFS"],
  [3283, "Apple Remote Desktop"],
  [3702, "WS-Discovery"],
  [4500, "IPsec NAT traversal"],
  [5060, "SIP"],
  [5351, "NAT-PMP"],
  [5353, "mDNS"],
  [5355, "LLMNR"],
  [5683, "CoAP"],
  [6881, "BitTorrent"],
  [10001, "Ubiquiti discovery"],
  [11211, "memcached"],
  [17185, "VxWorks debugger"],
  [26e3, "Quake"],
  [27015, "Steam game servers"],
  [27960, "Quake III"]
]);
var Guard = class {
  /** How many datagrams of the message that was judged last are answered; they are its first ones. */
  admitted = 0;
  #port;
  #answerBroadcast;
  #answerMulticast;
  // The number of the reason for which a source port is refused, by port.
  #ports;
  #allow;
  #rate;
  #maxRate;
  #clock = new Clock(CLOCK_MONOTONIC);
  /** @param options what to let pass */
  constructor(options2) {
    this.#port = options2.port;
    this.#answerBroadcast = options2.answerBroadcast ?? false;
    this.#answerMulticast = options2.answerMulticast ?? false;
    this.#ports = new Uint8Array(65536);
    if (!options2.answerAnyPort) {
      this.#ports.fill(RESERVED_SOURCE_PORT, 0, 1024);
      for (const port of SERVICE_PORTS.keys()) this.#ports[port] = SERVICE_SOURCE_PORT;
      this.#ports[options2.port] = OWN_SOURCE_PORT;
    }
    this.#ports[0] = SOURCE_PORT_ZERO;
    this.#allow = new AllowList(options2.allow ?? []);
    if (options2.rate !== void 0) this.#rate = new RateLimit(options2.rate, options2.rateTable ?? RATE_TABLE);
    if (options2.maxRate !== void 0) this.#maxRate = new RateLimit(options2.maxRate, 1);
  }
  /**
   * Judges message `i` of a batch. {@link admitted} is then how many of its datagrams are answered.
   * @returns {@link ACCEPTED}, or the number of the reason, in {@link REASONS}, why the others are not
   */
  judge(batch, i) {
    const reason = this.#judgeOrigin(batch, i);
    this.admitted = reason === ACCEPTED ? batch.datagrams(i) : 0;
    if (reason !== ACCEPTED || this.#rate === void 0 && this.#maxRate === void 0) return reason;
    return this.#judgeRate(batch, i);
  }
  #judgeOrigin(batch, i) {
    const destination = batch.destination(i);
    if (destination === UNKNOWN) return UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#answerBroadcast) return BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#answerMulticast) return MULTICAST_DESTINATION;
    const { bytes, i32 } = batch.memory;
    const peer = batch.peerAddressAt(i);
    if (isUnspecified(bytes, peer)) return UNSPECIFIED_SOURCE;
    if (isMulticast(bytes, peer)) return MULTICAST_SOURCE;
    const word = peer >> 2;
    if (i32[word + 3] === -1 && i32[word + 2] === -65536 && i32[word] === 0) return BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== ACCEPTED) return this.#ports[port];
    if (port === this.#port && sameWords(i32, word, batch.localAt(i) >> 2)) return OWN_ENDPOINT;
    if (!this.#allow.has(i32, word)) return NOT_ALLOWED;
    return ACCEPTED;
  }
  #judgeRate(batch, i) {
    const clock = this.#clock;
    clock.read();
    const now = clock.seconds * 1e6 + clock.nanoseconds / 1e3;
    const asked = batch.datagrams(i);
    const { i32 } = batch.memory;
    let admitted = asked;
    if (this.#rate !== void 0) admitted = this.#rate.take(i32, batch.peerAddressAt(i) >> 2, asked, now);
    const underRate = admitted;
    if (this.#maxRate !== void 0 && admitted > 0) admitted = this.#maxRate.take(ANYONE, 0, admitted, now);
    this.admitted = admitted;
    return admitted === asked ? ACCEPTED : underRate < asked ? OVER_RATE : OVER_MAX_RATE;
  }
};
var AllowList = class {
  #count;
  #networks;
  #masks;
  constructor(prefixes) {
    this.#count = prefixes.length;
    const masks = new Uint8Array(this.#count * ADDRESS_SIZE);
    const networks = new Uint8Array(this.#count * ADDRESS_SIZE);
    prefixes.forEach(({ bytes, length }, k) => {
      for (let i = 0; i < ADDRESS_SIZE; i++) {
        const bits = Math.max(0, Math.min(8, length - i * 8));
        const mask = 65280 >> bits & 255;
        masks[k * ADDRESS_SIZE + i] = mask;
        networks[k * ADDRESS_SIZE + i] = bytes[i] & mask;
      }
    });
    this.#masks = new Int32Array(masks.buffer);
    this.#networks = new Int32Array(networks.buffer);
  }
  /** Whether the address of four words from `at` is in any of the prefixes, or there are none. */
  has(words, at) {
    if (this.#count === 0) return true;
    for (let k = 0; k < this.#count * 4; k += 4) {
      let differs = 0;
      for (let i = 0; i < 4; i++) differs |= words[at + i] & this.#masks[k + i] ^ this.#networks[k + i];
      if (differs === 0) return true;
    }
    return false;
  }
};
function sameWords(words, a, b) {
  return words[a] === words[b] && words[a + 1] === words[b + 1] && words[a + 2] === words[b + 2] && words[a + 3] === words[b +
  3];
}
var RATE_TABLE = 65536;
var ANYONE = new Int32Array(4);
var number = (reason) => REASONS.indexOf(reason);
var UNKNOWN_DESTINATION = number("unknown_destination");
var BROADCAST_DESTINATION = number("broadcast_destination");
var MULTICAST_DESTINATION = number("multicast_destination");
var UNSPECIFIED_SOURCE = number("unspecified_source");
var BROADCAST_SOURCE = number("broadcast_source");
var MULTICAST_SOURCE = number("multicast_source");
var SOURCE_PORT_ZERO = number("source_port_zero");
var RESERVED_SOURCE_PORT = number("reserved_source_port");
var OWN_SOURCE_PORT = number("own_source_port");
var SERVICE_SOURCE_PORT = number("service_source_port");
var OWN_ENDPOINT = number("own_endpoint");
var NOT_ALLOWED = number("not_allowed");
var OVER_RATE = number("over_rate");
var OVER_MAX_RATE = number("over_max_rate");

// src/payload_text.ts
var PAYLOAD_SHOWN_MAX = 64;
var PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 4 + 3;
function formatPayload(out, at, bytes, from, size) {
  const shown = Math.min(size, PAYLOAD_SHOWN_MAX);
  const end = from + shown;
  for (let i = from; i < end; ) {
    const byte = bytes[i];
    if (byte >= 32 && byte < 127) {
      if (byte === BACKSLASH) out[at++] = BACKSLASH;
      out[at++] = byte;
      i++;
      continue;
    }
    if (byte < 128) {
      at = escapeControl(out, at, byte);
      i++;
      continue;
    }
    const length = sequenceLength(bytes, i, from + size);
    if (length > 0 && i + length > end) break;
    if (length === 0) {
      at = escapeByte(out, at, byte);
      i++;
      continue;
    }
    const codePoint = decode(bytes, i, length);
    if (isPrintable(codePoint)) {
      for (let k = 0; k < length; k++) out[at++] = bytes[i + k];
    } else {
      at = escapeCodePoint(out, at, codePoint);
    }
    i += length;
  }
  if (size > shown) {
    out[at++] = 226;
    out[at++] = 128;
    out[at++] = 166;
  }
  return at;
}
function sequenceLength(bytes, i, end) {
  const first = bytes[i];
  const length = first >= 194 && first <= 223 ? 2 : first >= 224 && first <= 239 ? 3 : first >= 240 && first <= 244 ? 4 :
  0;
  if (length === 0 || i + length > end) return 0;
  const second = bytes[i + 1];
  const least = first === 224 ? 160 : first === 240 ? 144 : 128;
  const most = first === 237 ? 159 : first === 244 ? 143 : 191;
  if (second < least || second > most) return 0;
  for (let k = 2; k < length; k++) if ((bytes[i + k] & 192) !== 128) return 0;
  return length;
}
function decode(bytes, i, length) {
  let codePoint = bytes[i] & 127 >> length;
  for (let k = 1; k < length; k++) codePoint = codePoint << 6 | bytes[i + k] & 63;
  return codePoint;
}
var printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
var invisible = /^\p{Default_Ignorable_Code_Point}$/u;
var known = new Uint8Array(1114112);
function isPrintable(codePoint) {
  let answer = known[codePoint];
  if (answer === 0) {
    const character = String.fromCodePoint(codePoint);
    answer = printable.test(character) && !invisible.test(character) ? 2 : 1;
    known[codePoint] = answer;
  }
  return answer === 2;
}
function escapeControl(out, at, byte) {
  const letter = byte === 10 ? 110 : byte === 13 ? 114 : byte === 9 ? 116 : 0;
  if (letter === 0) return escapeByte(out, at, byte);
  out[at++] = BACKSLASH;
  out[at++] = letter;
  return at;
}
function escapeByte(out, at, byte) {
  out[at++] = BACKSLASH;
  out[at++] = 120;
  out[at++] = hexDigit(byte >> 4);
  out[at++] = hexDigit(byte & 15);
  return at;
}
function escapeCodePoint(out, at, codePoint) {
  out[at++] = BACKSLASH;
  out[at++] = 117;
  out[at++] = 123;
  let shift = 20;
  while (codePoint >> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out[at++] = hexDigit(codePoint >> shift & 15);
  out[at++] = 125;
  return at;
}
function hexDigit(value) {
  return value < 10 ? 48 + value : 87 + value;
}
var BACKSLASH = 92;

// src/log.ts
var LOG_FORMATS = ["text", "json", "none"];
var Log = class {
  /** Datagrams without a line since the start, because there were more than the limit. */
  leftOut = 0;
  #output;
  #format;
  #limit;
  #port;
  #clock = new Clock(CLOCK_REALTIME);
  #time = new Uint8Array(TIME_SIZE);
  #payload = new Uint8Array(PAYLOAD_TEXT_MAX);
  #second = -1;
  #budget;
  #leftOutTold = 0;
  /**
   * @param output where the lines go
   * @param format their form
   * @param limit most lines a second, 0 for no limit
   * @param port the local port
   */
  constructor(output, format, limit, port) {
    this.#output = output;
    this.#format = format;
    this.#limit = limit === 0 ? Infinity : limit;
    this.#budget = this.#limit;
    this.#port = port;
  }
  /** Logs the messages of a batch that are answered. It allocates nothing, but the name of a link-local zone. */
  record(batch) {
    if (this.#format === "none") return;
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.replies(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (this.#budget <= 0) {
          this.leftOut += datagrams - k;
          break;
        }
        this.#budget--;
        if (!this.#output.hasRoom()) continue;
        if (!timed) this.#readTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) this.#output.flush();
  }
  /** Starts the next second, and says how many lines were left out in the last. To be called once a second. */
  nextSecond() {
    this.#budget = this.#limit;
    const datagrams = this.leftOut - this.#leftOutTold;
    if (datagrams > 0) {
      this.#readTime();
      this.#output.writeLine(
        this.#format === "json" ? `{"event":"left_out","time":"${new TextDecoder().decode(this.#time)}","datagrams":${datagrams}\
}` : `LEFT OUT: ${datagrams} datagrams in 1.0 s (--log-limit ${this.#limit})`
      );
      this.#leftOutTold = this.leftOut;
    }
    this.#output.flush();
  }
  /** Writes the line of datagram `k` of message `i`. */
  #writeLine(batch, i, k) {
    const segmentSize = batch.segmentSize(i);
    const from = batch.payloadAt(i) + k * segmentSize;
    const size = Math.min(segmentSize, batch.size(i) - k * segmentSize);
    const { bytes } = this.#output;
    let at = this.#output.at;
    if (this.#format === "json") {
      at = append(bytes, at, TIME_KEY);
      at = append(bytes, at, this.#time);
      at = append(bytes, at, PEER_KEY);
      at = this.#writePeer(batch, i, at);
      at = append(bytes, at, LOCAL_KEY);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes, at, BYTES_KEY);
      at = formatDecimal(bytes, at, size);
      at = append(bytes, at, PAYLOAD_KEY);
      at = this.#writeJsonPayload(batch.memory.bytes, from, size, at);
      at = append(bytes, at, JSON_END);
    } else {
      at = append(bytes, at, RECV);
      at = this.#writePeer(batch, i, at);
      at = append(bytes, at, ARROW);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes, at, PAYLOAD);
      at = formatPayload(bytes, at, batch.memory.bytes, from, size);
      bytes[at++] = 93;
      if (size > PAYLOAD_SHOWN_MAX) {
        at = append(bytes, at, LENGTH);
        at = formatDecimal(bytes, at, size);
        at = append(bytes, at, LENGTH_END);
      }
    }
    this.#output.endLine(at);
  }
  #writePeer(batch, i, at) {
    const address = batch.peerAddressAt(i);
    return formatEndpoint(this.#output.bytes, at, batch.memory.bytes, address, batch.peerZone(i), batch.peerPort(i));
  }
  #writeLocal(batch, i, at) {
    const address = batch.localAt(i);
    return formatEndpoint(this.#output.bytes, at, batch.memory.bytes, address, batch.localZone(i), this.#port);
  }
  #writeJsonPayload(payload, from, size, at) {
    const { bytes } = this.#output;
    const end = formatPayload(this.#payload, 0, payload, from, size);
    for (let i = 0; i < end; i++) {
      const byte = this.#payload[i];
      if (byte === 34 || byte === 92) bytes[at++] = 92;
      bytes[at++] = byte;
    }
    return at;
  }
  /** Reads the time, and writes it as RFC 3339 has it: UTC, with microseconds. */
  #readTime() {
    this.#clock.read();
    const { seconds, nanoseconds } = this.#clock;
    if (seconds !== this.#second) {
      this.#second = seconds;
      encoder.encodeInto(new Date(seconds * 1e3).toISOString(), this.#time);
      this.#time[TIME_SIZE - 1] = 90;
    }
    let rest = Math.floor(nanoseconds / 1e3);
    for (let i = TIME_SIZE - 2; i > 19; i--) {
      this.#time[i] = 48 + rest % 10;
      rest = Math.floor(rest / 10);
    }
  }
};
function append(out, at, bytes) {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i];
  return at + bytes.length;
}
var encoder = new TextEncoder();
var TIME_SIZE = "2026-11-22T12:00:00.123456Z".length;
var RECV = encoder.encode("RECV: ");
var ARROW = encoder.encode(" -> ");
var PAYLOAD = encoder.encode(" - [");
var LENGTH = encoder.encode(" (");
var LENGTH_END = encoder.encode(" bytes)");
var TIME_KEY = encoder.encode('{"time":"');
var PEER_KEY = encoder.encode('","peer":"');
var LOCAL_KEY = encoder.encode('","local":"');
var BYTES_KEY = encoder.encode('","bytes":');
var PAYLOAD_KEY = encoder.encode(',"payload":"');
var JSON_END = encoder.encode('"}');

// src/cli.ts
var UsageError = class extends Error {
  name = "UsageError";
};
var HELP = `UDP echo server that answers from the address it was asked at.

  echo.ts [PORT] [options]              PORT is 1 to 65535, 9000 if left out

  -a, --address ADDR    answer on this address only: IPv4, IPv6, name or
                        link-local with zone, as fe80::1%eth0    (default: all)
  -4, -6                IPv4 only, IPv6 only                    (default: both)
      --log FORMAT      text, json, none; -q, --quiet for none (default: text)
      --log-limit N     most lines a second, 0 for no limit     (default: 1000)
      --buffer SIZE     socket receive buffer, e.g. 8M            (default: 4M)
      --busy-poll USEC  most microseconds to poll before sleeping (default: 50)
      --fd N            take over the bound UDP socket N (socket activation)
      --allow CIDR      answer these sources only; repeatable     (default: all)
      --rate N[/BURST]  most datagrams a second to an IPv4 address or IPv6 /64
      --rate-table N    sources that --rate remembers          (default: 65536)
      --max-rate N      most datagrams a second to all together
      --answer-any-port, --answer-broadcast, --answer-multicast
                        answer what is refused because it could make a loop
  -h, --help            -V, --version

SIGINT and SIGTERM stop it, SIGUSR1 shows the counts so far. Examples:
  deno run --allow-ffi echo.ts 9000
  bun run echo.ts 9000 --address 192.0.2.1 --log json
`;
var options = {
  address: { type: "string", short: "a" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  log: { type: "string" },
  "log-limit": { type: "string" },
  quiet: { type: "boolean", short: "q" },
  buffer: { type: "string" },
  "busy-poll": { type: "string" },
  fd: { type: "string" },
  allow: { type: "string", multiple: true },
  rate: { type: "string" },
  "rate-table": { type: "string" },
  "max-rate": { type: "string" },
  "answer-any-port": { type: "boolean" },
  "answer-broadcast": { type: "boolean" },
  "answer-multicast": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" }
};
function parseCommand(args) {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true
  });
  for (const token of tokens) {
    if (token.kind === "option") checkOption(token.name, token.rawName, token.value, token.inlineValue ?? false);
  }
  const text = values;
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  if (values.ipv4 && values.ipv6) {
    throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  }
  const family = values.ipv4 ? 4 : values.ipv6 ? 6 : void 0;
  if (text.address !== void 0) checkFamily(text.address, family);
  if (positionals.length > 1) throw new UsageError(`one port only, not ${positionals.join(" and ")}`);
  if (text.fd !== void 0 && (positionals.length > 0 || text.address !== void 0 || family !== void 0)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  const log = values.quiet ? "none" : text.log ?? "text";
  if (!isLogFormat(log)) throw new UsageError(`no log format ${quote(log)}: it is one of ${list(LOG_FORMATS)}`);
  return {
    kind: "serve",
    port: positionals[0] === void 0 ? 9e3 : wholeNumber("the port", positionals[0], 1, 65535),
    address: text.address,
    family,
    log,
    logLimit: wholeNumber("--log-limit", text["log-limit"] ?? "1000", 0, 1e9),
    buffer: byteSize("--buffer", text.buffer ?? "4M"),
    busyPoll: wholeNumber("--busy-poll", text["busy-poll"] ?? "50", 0, 1e3),
    fd: text.fd === void 0 ? void 0 : wholeNumber("--fd", text.fd, 0, 1e6),
    allow: (values.allow ?? []).map(prefix),
    rate: text.rate === void 0 ? void 0 : rate("--rate", text.rate),
    rateTable: wholeNumber("--rate-table", text["rate-table"] ?? `${RATE_TABLE}`, 8, 1 << 24),
    maxRate: text["max-rate"] === void 0 ? void 0 : rate("--max-rate", text["max-rate"]),
    answerAnyPort: values["answer-any-port"] === true,
    answerBroadcast: values["answer-broadcast"] === true,
    answerMulticast: values["answer-multicast"] === true
  };
}
function byteSizeText(bytes) {
  const unit = [...UNITS].reverse().find(([, size]) => bytes % size === 0);
  return unit === void 0 ? `${bytes}` : `${bytes / unit[1]}${unit[0]}`;
}
function wholeNumber(what, text, least, most) {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${what} is a whole number from ${least} to ${most}, not ${quote(text)}`);
}
function rate(what, text) {
  const [perSecond, burst, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${what} is N or N/BURST, not ${quote(text)}`);
  return {
    perSecond: wholeNumber(what, perSecond, 1, RATE_MAX),
    burst: wholeNumber(`the burst of ${what}`, burst ?? perSecond, 1, RATE_MAX)
  };
}
var RATE_MAX = 1e9;
function prefix(text) {
  const parsed = parsePrefix(text);
  if (parsed !== void 0) return parsed;
  throw new UsageError(`--allow is an address or a prefix, e.g. 192.0.2.0/24 or 2001:db8::/32, not ${quote(text)}`);
}
function byteSize(what, text) {
  const match = /^([0-9]{1,10})([KMG]?)$/i.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS.get(match[2].toUpperCase()) ?? 1);
  if (value >= BUFFER_MIN && value <= BUFFER_MAX) return value;
  throw new UsageError(
    `${what} is a number of bytes from ${byteSizeText(BUFFER_MIN)} to ${byteSizeText(BUFFER_MAX)}, with or without K, M \
or G behind it, not ${quote(text)}`
  );
}
var UNITS = /* @__PURE__ */ new Map([["K", 1 << 10], ["M", 1 << 20], ["G", 1 << 30]]);
var BUFFER_MIN = 4 << 10;
var BUFFER_MAX = 1023 << 20;
function checkOption(name, rawName, value, inline) {
  const option = Object.entries(options).find(([known2]) => known2 === name)?.[1];
  if (option === void 0) {
    const near = rawName.startsWith("--") ? nearest(name, Object.keys(options)) : void 0;
    const advice = near === void 0 ? "--help lists what there is" : `did you mean --${near}?`;
    throw new UsageError(`unknown option ${rawName}; ${advice}`);
  }
  if (option.type === "boolean") {
    if (value !== void 0) throw new UsageError(`${rawName} takes no value, but got ${quote(value)}`);
    return;
  }
  if (value === void 0 || value === "" || !inline && value.startsWith("-")) {
    throw new UsageError(`${rawName} needs a value; --help shows which`);
  }
}
function checkFamily(address, family) {
  const bytes = parseAddress(address.split("%")[0]);
  if (bytes === void 0 || family === void 0) return;
  const actual = isIPv4(bytes) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}
function isLogFormat(text) {
  return LOG_FORMATS.includes(text);
}
function list(words) {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
function quote(text) {
  return JSON.stringify(text);
}
function nearest(word, words) {
  const ranked = words.map((candidate) => ({ candidate, edits: editDistance(word, candidate) }));
  ranked.sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best.edits <= Math.max(1, best.candidate.length / 3) ? best.candidate : void 0;
}
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, substitution));
    }
    row = next;
  }
  return row.at(-1);
}

// src/counters.ts
var Counters = class {
  /** Datagrams that came in. */
  received = 0;
  /** Datagrams that were sent back. */
  echoed = 0;
  /** Datagrams that were refused, by the reason's number in {@link REASONS}. */
  refused = new Float64Array(REASONS.length);
  #start = performance.now();
  /**
   * Sums up.
   * @param failed datagrams that the kernel refused to send, by error number
   * @param droppedByKernel datagrams that the kernel dropped
   * @param logLinesDropped lines that were left out or lost
   */
  summary(failed, droppedByKernel, logLinesDropped) {
    const refusedByReason = {};
    REASONS.forEach((name, i) => {
      if (this.refused[i] > 0) refusedByReason[name] = this.refused[i];
    });
    const failedByErrno = {};
    for (let errno = 1; errno < ERRNO_COUNT; errno++) {
      if (failed(errno) > 0) failedByErrno[errnoName(errno)] = failed(errno);
    }
    return {
      event: "summary",
      received: this.received,
      echoed: this.echoed,
      refused: sum(refusedByReason),
      failed: sum(failedByErrno),
      dropped_by_kernel: droppedByKernel,
      log_lines_dropped: logLinesDropped,
      seconds: Math.round(performance.now() - this.#start) / 1e3,
      refused_by_reason: refusedByReason,
      failed_by_errno: failedByErrno
    };
  }
};
function summaryText(summary) {
  const details = (counts) => Object.entries(counts).map(([name, count]) => `${name.replaceAll("_", " ")}: ${count}`).join(
  ", ");
  const rows = [
    ["received", summary.received, ""],
    ["echoed", summary.echoed, ""],
    ["refused", summary.refused, details(summary.refused_by_reason)],
    ["failed", summary.failed, details(summary.failed_by_errno)],
    ["dropped by kernel", summary.dropped_by_kernel, ""],
    ["log lines dropped", summary.log_lines_dropped, ""]
  ];
  const width = Math.max(...rows.map(([, count]) => `${count}`.length), 6);
  return rows.map(([label, count, detail]) => `  ${label.padEnd(18)}${`${count}`.padStart(width)}   ${detail}`.trimEnd()).
  join("\n");
}
function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

// src/echo_server.ts
import { setImmediate } from "node:timers";
var BATCH_CAPACITY = 64;
var TURN_MILLISECONDS = 100;
var SLEEP_MILLISECONDS = 1e3;
var SIGNAL_TURNS = 8;
var EchoServer = class {
  #socket;
  #guard;
  #log;
  #polling;
  #output;
  #tell;
  #batch;
  #counters = new Counters();
  #failuresTold = new Float64Array(ERRNO_COUNT);
  #trainsTold = false;
  #stopping = false;
  /** Puts the server together; {@link run} starts it. */
  constructor({ socket: socket2, guard, log, polling, output, tell }) {
    this.#socket = socket2;
    this.#guard = guard;
    this.#log = log;
    this.#polling = polling;
    this.#output = output;
    this.#tell = tell;
    this.#batch = socket2.batch(BATCH_CAPACITY);
    socket2.setReceiveTimeout(SLEEP_MILLISECONDS);
  }
  /** Serves until {@link stop} is called. */
  async run() {
    const polling = this.#polling;
    let lastTurn = polling.now;
    let lastSecond = polling.now;
    await turns(SIGNAL_TURNS);
    while (!this.#stopping) {
      const received = polling.receive(this.#socket, this.#batch);
      if (received > 0) this.#answer();
      if (received > 0 && elapsed(lastTurn, polling.now) < TURN_MILLISECONDS * 1e3) continue;
      if (received < 0 && received !== -EAGAIN && received !== -EINTR) this.#receiveFailed(-received);
      lastTurn = polling.now;
      if (elapsed(lastSecond, polling.now) >= 1e6) {
        lastSecond = polling.now;
        this.#nextSecond();
      }
      await turns(received === -EINTR ? SIGNAL_TURNS : 1);
    }
  }
  /** Ends {@link run} with the loop's next turn. */
  stop() {
    this.#stopping = true;
  }
  /** The counts so far. */
  summary() {
    const socket2 = this.#socket;
    const linesDropped = this.#log.leftOut + this.#output.dropped;
    return this.#counters.summary((errno) => socket2.failed(errno), socket2.drops(), linesDropped);
  }
  /** Answers the batch that was received. */
  #answer() {
    const batch = this.#batch;
    const counters = this.#counters;
    for (let i = 0; i < batch.count; i++) {
      const datagrams = batch.datagrams(i);
      const reason = this.#guard.judge(batch, i);
      const { admitted } = this.#guard;
      counters.received += datagrams;
      if (reason !== ACCEPTED) counters.refused[reason] += datagrams - admitted;
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.reply(i);
    }
    counters.echoed += this.#socket.send(batch);
    this.#log.record(batch);
  }
  #nextSecond() {
    this.#log.nextSecond();
    this.#socket.drops();
    const failures = [];
    for (let errno = 1; errno < ERRNO_COUNT; errno++) {
      const failed = this.#socket.failed(errno);
      const count = failed - this.#failuresTold[errno];
      if (count > 0) failures.push(`${count} times ${errnoName(errno)} (${errnoMessage(errno)})`);
      this.#failuresTold[errno] = failed;
    }
    if (failures.length > 0) this.#tell(`replies could not be sent: ${failures.join(", ")}`);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }
  #receiveFailed(errno) {
    this.#tell(`receiving failed: ${errnoMessage(errno)} (${errnoName(errno)})`);
  }
};
async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise((resolve2) => setImmediate(resolve2));
}

// src/output.ts
var LINE_SIZE_MAX = 1024;
var Output = class {
  /** Lines that were lost since the start. */
  dropped = 0;
  /** Where the next line goes: at least {@link LINE_SIZE_MAX} bytes are free from `at` if {@link hasRoom} said so. */
  bytes;
  /** Place in {@link bytes} where the next line starts. */
  at = 0;
  #writer = new Writer();
  #means;
  #fd;
  #lines = 0;
  /** @param fd the descriptor, which other programs may share: its flags are left alone */
  constructor(fd) {
    this.bytes = this.#writer.bytes;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE) !== -ENOTSOCK) {
      this.#means = "send";
      this.#fd = fd;
    } else if (lseek(fd, 0, SEEK_CUR) >= 0) {
      this.#means = "write";
      this.#fd = fd;
    } else {
      const own = open(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      this.#means = own >= 0 ? "nonblocking" : "poll";
      this.#fd = own >= 0 ? own : fd;
    }
  }
  /** Whether a line can be written now; if not, it counts as dropped. */
  hasRoom() {
    if (this.at + LINE_SIZE_MAX > PIPE_BUF) this.flush();
    if (this.at + LINE_SIZE_MAX <= PIPE_BUF) return true;
    this.dropped++;
    return false;
  }
  /** Completes the line that ends before the place `end`. */
  endLine(end) {
    this.bytes[end] = 10;
    this.at = end + 1;
    this.#lines++;
  }
  /** Writes a whole line of text, or drops it. Allocates. */
  writeLine(text) {
    if (!this.hasRoom()) return;
    const { read, written } = new TextEncoder().encodeInto(text, this.bytes.subarray(this.at, PIPE_BUF - 1));
    if (read < text.length) this.dropped++;
    else this.endLine(this.at + written);
  }
  /** Hands over what has gathered, as far as it is taken now; the rest stays for the next time. */
  flush() {
    if (this.at === 0) return;
    const written = this.#write(this.at);
    if (written === this.at) {
      this.at = 0;
      this.#lines = 0;
    } else if (written > 0) {
      for (let i = 0; i < written; i++) if (this.bytes[i] === 10) this.#lines--;
      this.bytes.copyWithin(0, written, this.at);
      this.at -= written;
    } else if (written !== -EAGAIN && written !== 0) {
      this.dropped += this.#lines;
      this.at = 0;
      this.#lines = 0;
    }
  }
  /** Hands over what it can within `milliseconds`; the rest counts as dropped. The output can't be used any more. */
  close(milliseconds) {
    this.flush();
    if (this.at > 0 && poll(this.#fd, POLLOUT, milliseconds) > 0) this.flush();
    this.dropped += this.#lines;
    this.at = 0;
    this.#lines = 0;
    if (this.#means === "nonblocking") close(this.#fd);
  }
  #write(length) {
    if (this.#means === "send") return this.#writer.send(this.#fd, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (this.#means === "poll") {
      const events = poll(this.#fd, POLLOUT, 0);
      if (events <= 0) return events === 0 ? -EAGAIN : events;
    }
    return this.#writer.write(this.#fd, length);
  }
};

// src/polling.ts
var WINDOW_START = 10;
var AdaptivePolling = class {
  /** Value of `Clock.microseconds` after the last reception. */
  now = 0;
  #clock = new Clock(CLOCK_MONOTONIC);
  #ceiling;
  #window = 0;
  /** @param ceiling most microseconds to poll for; 0 for never */
  constructor(ceiling) {
    this.#ceiling = ceiling;
  }
  /** Receives into a batch, as `UdpSocket.receive` does with `wait`. */
  receive(socket2, batch) {
    if (this.#ceiling === 0) {
      const received2 = socket2.receive(batch, true);
      this.now = this.#clock.microseconds();
      return received2;
    }
    const start = this.#clock.microseconds();
    let received = -EAGAIN;
    if (this.#window > 0) {
      do {
        received = socket2.receive(batch, false);
        this.now = this.#clock.microseconds();
      } while (received === -EAGAIN && elapsed(start, this.now) < this.#window);
    }
    if (received === -EAGAIN) {
      received = socket2.receive(batch, true);
      this.now = this.#clock.microseconds();
    }
    this.#adapt(elapsed(start, this.now), received);
    return received;
  }
  #adapt(waited, received) {
    if (waited > this.#ceiling || received > 1) this.#window = 0;
    else if (waited > this.#window) {
      this.#window = Math.min(this.#ceiling, this.#window === 0 ? WINDOW_START : this.#window * 2);
    }
  }
};

// src/replies.ts
var TRAIN_SIZE_MAX = 65507;
var Replies = class {
  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed = new Float64Array(ERRNO_COUNT);
  /** The error number of the datagram that failed last. */
  lastError = 0;
  /** Whether a device on the way to some peer has turned out not to take trains. */
  deviceRefused = false;
  #batch;
  #fd;
  #named;
  #segmentation;
  #refusals;
  // Trains and single datagrams as they are planned, and the datagrams of a train that was refused.
  #planned;
  #singles;
  // Trains of the batch at hand. A train is a list of messages linked by #next.
  #trains = 0;
  #head;
  #tail;
  #bytes;
  #datagrams;
  #segmentSize;
  #open;
  #next;
  // The newest train of each flow, by the flow's hash, with linear probing.
  #newest;
  /**
   * @param batch the batch whose marked messages are to be sent
   * @param fd the socket
   * @param named whether messages name their peer; false for a connected socket
   * @param segmentation whether the kernel knows `UDP_SEGMENT`
   * @param refusals what is known of the peers, shared by all batches of a socket
   */
  constructor(batch, fd, named, segmentation, refusals) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#fd = fd;
    this.#named = named;
    this.#segmentation = segmentation;
    this.#refusals = refusals;
    this.#planned = new Outgoing(batch, 0, named);
    this.#singles = new Outgoing(batch, 1, named);
    this.#head = new Int32Array(capacity);
    this.#tail = new Int32Array(capacity);
    this.#bytes = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
    this.#segmentSize = new Int32Array(capacity);
    this.#open = new Uint8Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#newest = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
  }
  /** Sends the marked messages; returns how many datagrams went. The others are counted in {@link failed}. */
  send() {
    this.#plan();
    let sent = 0;
    for (let train = 0; train < this.#trains; train++) {
      const whole = this.#datagrams[train] === 1 || !this.#refusals.has(this.#batch.memory.i32, this.#peerWords(train), this.#segmentSize[train]);
      if (whole) {
        this.#addTrain(train);
      } else {
        sent += this.#sendPlanned();
        sent += this.#sendOneByOne(train);
      }
    }
    return sent + this.#sendPlanned();
  }
  /** Puts the marked messages into trains. */
  #plan() {
    const batch = this.#batch;
    this.#trains = 0;
    if (batch.count > 1) this.#newest.fill(-1);
    for (let i = 0; i < batch.count; i++) {
      if (!batch.replies(i)) continue;
      const slot = batch.count > 1 ? this.#findFlow(i) : 0;
      const newest = this.#newest[slot];
      if (batch.count > 1 && newest >= 0 && this.#join(newest, i)) continue;
      const train = this.#trains++;
      const size = batch.size(i);
      this.#newest[slot] = train;
      this.#head[train] = i;
      this.#tail[train] = i;
      this.#next[i] = -1;
      this.#bytes[train] = size;
      this.#datagrams[train] = batch.datagrams(i);
      this.#segmentSize[train] = batch.segmentSize(i);
      this.#open[train] = this.#segmentation && size > 0 && size % batch.segmentSize(i) === 0 ? 1 : 0;
    }
  }
  /** The slot of `#newest` that belongs to the flow of message `i`, which may be empty. */
  #findFlow(i) {
    const batch = this.#batch;
    const mask = this.#newest.length - 1;
    const { i32 } = batch.memory;
    const peer = batch.peerAddressAt(i) >> 2;
    const local = batch.localAt(i) >> 2;
    let hash = Math.imul(i32[peer + 3] ^ i32[peer + 2], 2654435761) ^ Math.imul(batch.peerPort(i), 2246822507);
    hash = Math.imul(hash ^ i32[local + 3] ^ i32[peer + 1], 3266489909);
    let slot = (hash ^ hash >>> 15) & mask;
    for (; ; ) {
      const train = this.#newest[slot];
      if (train < 0 || this.#sameFlow(this.#head[train], i)) return slot;
      slot = slot + 1 & mask;
    }
  }
  #sameFlow(a, b) {
    const batch = this.#batch;
    const { i32 } = batch.memory;
    const peerA = batch.peerAddressAt(a) >> 2;
    const peerB = batch.peerAddressAt(b) >> 2;
    const localA = batch.localAt(a) >> 2;
    const localB = batch.localAt(b) >> 2;
    for (let word = 3; word >= 0; word--) {
      if (i32[peerA + word] !== i32[peerB + word] || i32[localA + word] !== i32[localB + word]) return false;
    }
    return batch.peerPort(a) === batch.peerPort(b) && batch.peerScope(a) === batch.peerScope(b) && batch.interfaceIndex(
    a) === batch.interfaceIndex(b);
  }
  /** Appends message `i` to a train of its flow, if it fits there. */
  #join(train, i) {
    const batch = this.#batch;
    const size = batch.size(i);
    const segmentSize = batch.segmentSize(i);
    const datagrams = batch.datagrams(i);
    const trainSegment = this.#segmentSize[train];
    if (this.#open[train] === 0 || size === 0) return false;
    if (segmentSize !== trainSegment && (datagrams > 1 || size > trainSegment)) return false;
    if (this.#bytes[train] + size > TRAIN_SIZE_MAX) return false;
    if (this.#datagrams[train] + datagrams > UDP_MAX_SEGMENTS) return false;
    this.#next[this.#tail[train]] = i;
    this.#tail[train] = i;
    this.#next[i] = -1;
    this.#bytes[train] += size;
    this.#datagrams[train] += datagrams;
    if (size % trainSegment !== 0) this.#open[train] = 0;
    return true;
  }
  /** Adds a train to what is planned, as one message. */
  #addTrain(train) {
    const batch = this.#batch;
    const planned = this.#planned;
    const segments = this.#datagrams[train];
    planned.begin(this.#head[train], train, segments);
    for (let i = this.#head[train]; i >= 0; i = this.#next[i]) planned.addBuffer(batch.payloadAt(i), batch.size(i));
    planned.end(segments > 1 ? this.#segmentSize[train] : 0);
  }
  /** Sends what is planned; returns how many datagrams went. */
  #sendPlanned() {
    const planned = this.#planned;
    let sent = 0;
    let first = 0;
    while (first < planned.count) {
      const result2 = planned.send(this.#fd, first);
      if (result2 > 0) {
        for (let i = first; i < first + result2; i++) sent += planned.datagrams(i);
        first += result2;
        continue;
      }
      const datagrams = planned.datagrams(first);
      if (datagrams > 1 && refusesSegments(-result2)) {
        sent += this.#resendOneByOne(planned.train(first), -result2);
      } else {
        this.#fail(-result2, datagrams);
      }
      first++;
    }
    planned.clear();
    return sent;
  }
  /** Sends the datagrams of a train that was refused, and remembers whom that concerns. */
  #resendOneByOne(train, errno) {
    const sent = this.#sendOneByOne(train);
    if (sent > 0) {
      this.#refusals.add(this.#batch.memory.i32, this.#peerWords(train), errno === EIO ? 1 : this.#segmentSize[train]);
      if (errno === EIO) this.deviceRefused = true;
    }
    return sent;
  }
  /** Sends every datagram of a train as a message of its own; returns how many went. */
  #sendOneByOne(train) {
    const batch = this.#batch;
    const singles = this.#singles;
    const segmentSize = this.#segmentSize[train];
    let sent = 0;
    for (let i = this.#head[train]; i >= 0; i = this.#next[i]) {
      const size = batch.size(i);
      for (let from = 0; from < size; from += segmentSize) {
        singles.begin(i, train, 1);
        singles.addBuffer(batch.payloadAt(i) + from, Math.min(segmentSize, size - from));
        singles.end(0);
        if (singles.count === batch.capacity) sent += this.#sendSingles();
      }
    }
    return sent + this.#sendSingles();
  }
  #sendSingles() {
    const singles = this.#singles;
    let sent = 0;
    let first = 0;
    while (first < singles.count) {
      const result2 = singles.send(this.#fd, first);
      if (result2 > 0) {
        sent += result2;
        first += result2;
      } else {
        this.#fail(-result2, 1);
        first++;
      }
    }
    singles.clear();
    return sent;
  }
  #fail(errno, datagrams) {
    this.failed[errno] += datagrams;
    this.lastError = errno;
  }
  #peerWords(train) {
    return this.#batch.peerAddressAt(this.#head[train]) >> 2;
  }
};
function refusesSegments(errno) {
  return errno === EINVAL || errno === EMSGSIZE || errno === EIO || errno === EOPNOTSUPP;
}
var Outgoing = class {
  /** Messages that are complete. */
  count = 0;
  #batch;
  #vector;
  #named;
  #buffersAt;
  #controlsAt;
  #trains;
  #datagrams;
  #buffers = 0;
  #firstBuffer = 0;
  #message = 0;
  /** Uses the first (0) or the second (1) part of the room for replies in the batch's memory. */
  constructor(batch, part, named) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#named = named;
    this.#vector = new MessageVector(batch.memory, batch.replyHeadersAt + part * capacity * mmsghdr.size, capacity);
    this.#buffersAt = batch.replyBuffersAt + part * capacity * iovec.size;
    this.#controlsAt = batch.replyControlsAt + part * capacity * REPLY_CONTROL_SIZE;
    this.#trains = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
  }
  /** Begins a message of `datagrams` datagrams of a train, to the peer of the batch's message `i`. */
  begin(i, train, datagrams) {
    this.#message = i;
    this.#trains[this.count] = train;
    this.#datagrams[this.count] = datagrams;
    this.#firstBuffer = this.#buffers;
  }
  /** Adds `length` bytes at `at` to the payload. */
  addBuffer(at, length) {
    writeBuffer(this.#batch.memory, this.#buffersAt + this.#buffers * iovec.size, at, length);
    this.#buffers++;
  }
  /** Completes the message; with a `segmentSize` above 0 as a train. */
  end(segmentSize) {
    const batch = this.#batch;
    const { memory } = batch;
    const i = this.#message;
    const local = batch.localAt(i);
    const start = this.#controlsAt + this.count * REPLY_CONTROL_SIZE;
    let at = start;
    if (isIPv4(memory.bytes, local)) {
      at = appendIPv4PacketInfo(memory, at, memory.i32[(local >> 2) + 3], 0);
    } else {
      const scoped = isLinkLocal(memory.bytes, local) || isZero(memory.i32, local >> 2);
      at = appendIPv6PacketInfo(memory, at, local, scoped ? batch.interfaceIndex(i) : 0);
    }
    if (segmentSize > 0) at = appendSegmentSize(memory, at, segmentSize);
    this.#vector.setName(this.count, batch.nameAt(i), this.#named ? batch.nameSize : 0);
    this.#vector.setBuffers(
      this.count,
      this.#buffersAt + this.#firstBuffer * iovec.size,
      this.#buffers - this.#firstBuffer
    );
    this.#vector.setControl(this.count, start, at - start);
    this.count++;
  }
  /** Sends from message `first` on; returns how many messages went, or the negative error of the first. */
  send(fd, first) {
    let result2;
    do {
      result2 = this.#vector.send(fd, first, this.count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (result2 === -EINTR);
    return result2 === 0 ? -EAGAIN : result2;
  }
  /** Datagrams in message `i`. */
  datagrams(i) {
    return this.#datagrams[i];
  }
  /** The train that message `i` belongs to. */
  train(i) {
    return this.#trains[i];
  }
  /** Starts anew. */
  clear() {
    this.count = 0;
    this.#buffers = 0;
  }
};
function isZero(words, at) {
  return (words[at] | words[at + 1] | words[at + 2] | words[at + 3]) === 0;
}

// src/segmentation.ts
var PEERS_MAX = 1024;
var REFUSAL_SECONDS = 30;
var WORDS = ADDRESS_SIZE / 4;
var SegmentationRefusals = class {
  /** Whether any peer has ever been refused: most often none. */
  any = false;
  #peers = new Int32Array(PEERS_MAX * WORDS);
  #sizes = new Int32Array(PEERS_MAX);
  #until = new Float64Array(PEERS_MAX);
  #clock = new Clock(CLOCK_MONOTONIC);
  /** Remembers that segments of `size` bytes, or more, don't go to the peer whose address is the four words at `at`. */
  add(words, at, size) {
    const entry = index(words, at);
    for (let i = 0; i < WORDS; i++) this.#peers[entry * WORDS + i] = words[at + i];
    this.#clock.read();
    this.#sizes[entry] = size;
    this.#until[entry] = this.#clock.seconds + REFUSAL_SECONDS;
    this.any = true;
  }
  /** Whether segments of `size` bytes are known not to go to the peer whose address is the four words at `at`. */
  has(words, at, size) {
    if (!this.any) return false;
    const entry = index(words, at);
    if (this.#until[entry] === 0 || size < this.#sizes[entry]) return false;
    for (let i = 0; i < WORDS; i++) if (this.#peers[entry * WORDS + i] !== words[at + i]) return false;
    this.#clock.read();
    return this.#clock.seconds < this.#until[entry];
  }
};
function index(words, at) {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) hash = Math.imul(hash ^ words[at + i], 2654435761);
  return hash >>> 22;
}

// src/udp_socket.ts
var SEND_BUFFER_BYTES = 4 << 20;
var UdpSocket = class _UdpSocket {
  /** `AF_INET` or `AF_INET6`: the family of the socket's own addresses. */
  domain;
  /** Families that it receives: `IPv4`, `IPv6`, or `IPv4 and IPv6`. */
  families;
  /** The local address. */
  address;
  /** The local port. */
  port;
  /** Receive buffer that the kernel granted, in bytes of datagrams with their bookkeeping. */
  receiveBuffer;
  /** What the host or its kernel lacks, a sentence each, for people. */
  notices;
  /** Datagrams dropped by the kernel that {@link drops} has seen. */
  #drops = 0;
  #dropsWord = 0;
  #fd;
  #connected = false;
  #single;
  #segmentation;
  #refusals = new SegmentationRefusals();
  #replies = /* @__PURE__ */ new Map();
  #lastBatch;
  #lastReplies;
  constructor(fd, domain, dual, features) {
    const memory = new Memory(sockaddr_in6.size);
    check("getsockname", getsockname(fd, memory, 0, sockaddr_in6.size));
    this.#fd = fd;
    this.#segmentation = features.segmentation;
    this.domain = domain;
    this.address = readSocketAddress(
      memory.bytes.subarray(0, domain === AF_INET ? sockaddr_in.size : sockaddr_in6.size)
    );
    this.port = memory.bytes[sockaddr_in6.sin6_port] << 8 | memory.bytes[sockaddr_in6.sin6_port + 1];
    this.families = domain === AF_INET ? "IPv4" : dual ? "IPv4 and IPv6" : "IPv6";
    this.receiveBuffer = features.receiveBuffer;
    this.notices = features.notices;
    if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
  }
  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user, where the address can't be bound
   */
  static bind(options2) {
    const notices = [];
    const name = localName(options2, notices);
    const domain = isIPv4(name.address.bytes) ? AF_INET : AF_INET6;
    const fd = open2(domain);
    try {
      if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, name.dual ? 0 : 1));
      const features = configure(fd, domain, options2.receiveBuffer ?? 0, notices);
      const memory = new Memory(sockaddr_in6.size);
      const length = writeSocketAddress(memory, 0, domain, name.address, name.port);
      const error = bind(fd, memory, 0, length);
      if (error < 0) throw bindError(name, -error);
      return new _UdpSocket(fd, domain, name.dual, features);
    } catch (error) {
      close(fd);
      throw error;
    }
  }
  /**
   * Takes over a UDP socket that somebody else has bound, as a service manager does for socket activation.
   * @param fd its descriptor
   * @throws {SystemError} with a sentence for the user, where it is none
   */
  static adopt(fd, options2 = {}) {
    const domain = getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
    const type = getsockopt(fd, SOL_SOCKET, SO_TYPE);
    if (domain !== AF_INET && domain !== AF_INET6 || type !== SOCK_DGRAM) {
      const reason = type < 0 ? errnoMessage(-type) : "it is no UDP socket";
      const errno = type < 0 ? -type : EINVAL;
      throw new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
    }
    const dual = domain === AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
    const socket2 = new _UdpSocket(fd, domain, dual, configure(fd, domain, options2.receiveBuffer ?? 0, []));
    if (socket2.port !== 0) return socket2;
    throw new SystemError("getsockname", EINVAL, `cannot take over descriptor ${fd}: it is not bound to a port`);
  }
  /** The local endpoint as people write it: `[::]:9000`. */
  get endpoint() {
    return endpointText(this.address.bytes, this.address.zone, this.port);
  }
  /** The descriptor, for poll(2); -1 once the socket is closed. */
  get fd() {
    return this.#fd;
  }
  /**
   * Sets an option whose value is an `int`, under the kernel's numbers: `setOption(IPPROTO_IP, IP_TTL, 1)`.
   * setsockopt(2), ip(7), ipv6(7), socket(7)
   * @throws {SystemError} where the kernel refuses it
   */
  setOption(level, name, value) {
    check("setsockopt", setsockopt(this.#fd, level, name, value));
  }
  /** Makes a batch for this socket, with memory for `capacity` messages. */
  batch(capacity) {
    return new MessageBatch(this.domain, capacity);
  }
  /**
   * Connects the socket: from now on it receives only from `to`, sends only there, and learns from its `receive` and
   * `send` when the peer refuses. connect(2)
   * @throws {SystemError} where there is no way to it
   */
  connect(to) {
    const memory = new Memory(sockaddr_in6.size);
    const length = writeSocketAddress(memory, 0, this.domain, requireAddress(to.address), to.port);
    const error = connect(this.#fd, memory, 0, length);
    if (error < 0) {
      throw new SystemError("connect", -error, `cannot connect to ${to.address}: ${errnoMessage(-error)}`);
    }
    this.#connected = true;
    this.#replies.clear();
    this.#lastBatch = void 0;
  }
  /**
   * Sends one datagram. For one now and then; {@link send} is for many. It never waits.
   * @throws {SystemError} where the kernel refuses it
   */
  sendTo(payload, { to, from }) {
    const batch = this.#single ??= this.batch(1);
    batch.clear();
    batch.add(payload, { to, from });
    if (this.send(batch) === 1) return;
    const errno = this.lastError;
    throw new SystemError(
      "sendmsg",
      errno,
      `cannot send ${payload.length} bytes to ${to.address}: ${sendAdvice(errno)}`
    );
  }
  /** How long {@link receive} waits at most, in milliseconds. */
  setReceiveTimeout(milliseconds) {
    check("setsockopt", setsockoptTime(this.#fd, SOL_SOCKET, SO_RCVTIMEO, milliseconds));
  }
  /**
   * Receives the messages that are there into a batch; with `wait`, it waits for the first one. It allocates nothing.
   * @returns how many, or the negative error: `-EAGAIN` if nothing came in time, `-EINTR` if a signal did
   */
  receive(batch, wait) {
    return batch.receive(this.#fd, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
  }
  /**
   * Sends the messages of a batch that are marked as replies, each from its local address to its peer. It never waits,
   * and allocates nothing after the first call with a batch.
   * @returns how many datagrams went; the others are counted in {@link failed}
   */
  send(batch) {
    if (batch !== this.#lastBatch) {
      this.#lastBatch = batch;
      let replies = this.#replies.get(batch);
      if (replies === void 0) {
        replies = new Replies(batch, this.#fd, !this.#connected, this.#segmentation, this.#refusals);
        this.#replies.set(batch, replies);
      }
      this.#lastReplies = replies;
    }
    return this.#lastReplies.send();
  }
  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed(errno) {
    let sum2 = 0;
    for (const replies of this.#replies.values()) sum2 += replies.failed[errno];
    return sum2;
  }
  /** The error number of the datagram that {@link send} failed to send last; 0 if none did. */
  get lastError() {
    return this.#lastReplies?.lastError ?? 0;
  }
  /** Whether a device on the way to some peer has turned out not to take trains of datagrams. */
  get deviceRefusedTrains() {
    return this.#lastReplies?.deviceRefused ?? false;
  }
  /**
   * Datagrams that the kernel has dropped since the start because the receive buffer was full. Call it at least once in
   * 2^32 of them. A train counts as one, for the kernel counts it so. `sk_drops`, net/core/sock.c
   */
  drops() {
    const word = getsockoptWord(this.#fd, SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS, SK_MEMINFO_DROPS);
    if (word >= 0) {
      this.#drops += word - this.#dropsWord >>> 0;
      this.#dropsWord = word;
    }
    return this.#drops;
  }
  /** Closes the socket. Closing it again does nothing. */
  close() {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }
};
function localName(options2, notices) {
  const { address, family, port } = options2;
  if (address !== void 0) return { address: resolve(address, family)[0], port, dual: false };
  if (family !== 4 && !hasIPv6()) {
    if (family === 6) {
      throw new SystemError(
        "socket",
        EAFNOSUPPORT,
        "cannot use IPv6: it is switched off on this host (sysctl net.ipv6.conf.all.disable_ipv6, or ipv6.disable=1 on t\
he kernel's command line); leave out -6"
      );
    }
    notices.push("this host has no IPv6: answering on IPv4 only");
    return { address: readAddress2("0.0.0.0"), port, dual: false };
  }
  return { address: readAddress2(family === 4 ? "0.0.0.0" : "::"), port, dual: family === void 0 };
}
function hasIPv6() {
  const off = readSmallFile("/proc/sys/net/ipv6/conf/all/disable_ipv6").trim();
  return off === "0" || readSmallFile("/proc/net/if_inet6") !== "";
}
function configure(fd, domain, receiveBuffer, notices) {
  check("setsockopt", setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const trains = setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const segmentation = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  if (!trains || !segmentation) {
    notices.push("this kernel lacks UDP_GRO or UDP_SEGMENT (Linux 5.0 has both): each datagram goes on its own");
  }
  setBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  return { segmentation, receiveBuffer: setBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer), notices };
}
function open2(domain) {
  const fd = check("socket", socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd > 2) return fd;
  const higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return check("fcntl", higher);
}
function setBuffer(fd, name, forceName, bytes) {
  if (bytes > 0 && setsockopt(fd, SOL_SOCKET, forceName, bytes) < 0) {
    setsockopt(fd, SOL_SOCKET, name, bytes);
  }
  return getsockopt(fd, SOL_SOCKET, name) / 2;
}
function bindError(name, errno) {
  let advice = "";
  if (errno === EACCES) advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port";
  if (errno === EADDRINUSE) {
    advice = `; \`ss -ulpn sport = :${name.port}\` shows which program has it, or try another port`;
  }
  const endpoint = endpointText(name.address.bytes, name.address.zone, name.port);
  const reason = errno === EADDRNOTAVAIL ? "this address is not on this host; `ip address` lists what is" : errnoMessage(
  errno) + advice;
  return new SystemError("bind", errno, `cannot bind ${endpoint}: ${reason}`);
}
function sendAdvice(errno) {
  if (errno === EMSGSIZE) return "it is too large; a datagram carries 65507 bytes over IPv4, 65527 over IPv6";
  if (errno === EINVAL) return "the address to send from is not on this host";
  return errnoMessage(errno);
}
function check(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
}

// src/version.ts
var VERSION = "0.1.0";

// src/main.ts
var LAST_WORDS_MILLISECONDS = 50;
async function main(args) {
  try {
    const command = parseCommand(args);
    if (command.kind === "help") write(1, HELP);
    else if (command.kind === "version") write(1, `echo.ts ${VERSION}
`);
    else await serve(command);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      write(2, `echo.ts: ${error.message}
`);
      return 2;
    }
    if (error instanceof SystemError || error instanceof LibraryError) {
      write(2, `echo.ts: ${error.message}
`);
      return 1;
    }
    throw error;
  }
}
async function serve(settings) {
  const receiveBuffer = settings.buffer;
  const socket2 = settings.fd === void 0 ? UdpSocket.bind({ port: settings.port, address: settings.address, family: settings.
  family, receiveBuffer }) : UdpSocket.adopt(settings.fd, { receiveBuffer });
  const output = new Output(1);
  const errors = new Output(2);
  const say = (text) => {
    errors.writeLine(text);
    errors.flush();
  };
  const tell = (text) => say(`echo.ts: ${text}`);
  const server = new EchoServer({
    socket: socket2,
    guard: new Guard({ ...settings, port: socket2.port }),
    log: new Log(output, settings.log, settings.logLimit, socket2.port),
    polling: new AdaptivePolling(settings.busyPoll),
    output,
    tell
  });
  const sumUp = (occasion) => {
    const summary = server.summary();
    if (settings.log === "json") output.writeLine(JSON.stringify(summary));
    else say(`${occasion} ${summary.seconds.toFixed(1)} s
${summaryText(summary)}`);
    output.flush();
  };
  let stoppedBy = "";
  const stopOn = (signal) => process2.on(signal, () => {
    stoppedBy = signal;
    server.stop();
  });
  stopOn("SIGINT");
  stopOn("SIGTERM");
  if (!signalIgnored(constants2.signals.SIGHUP)) stopOn("SIGHUP");
  process2.on("SIGUSR1", () => sumUp("running for"));
  process2.on("SIGPIPE", () => {
  });
  for (const notice of socket2.notices) tell(notice);
  if (socket2.receiveBuffer < settings.buffer) {
    tell(
      `receive buffer: ${byteSizeText(settings.buffer)} asked for, ${byteSizeText(socket2.receiveBuffer)} granted; for m\
ore: sysctl -w net.core.rmem_max=${settings.buffer}`
    );
  }
  say(`listening on ${socket2.endpoint} (${socket2.families}, ${runtime().name})`);
  await server.run();
  sumUp(`stopped by ${stoppedBy} after`);
  socket2.close();
  output.close(LAST_WORDS_MILLISECONDS);
  errors.close(LAST_WORDS_MILLISECONDS);
}
function write(fd, text) {
  try {
    writeSync(fd, text);
  } catch {
  }
}
process2.exit(await main(process2.argv.slice(2)));
