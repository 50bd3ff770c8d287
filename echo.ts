// echo.ts 0.1.0: a UDP echo server that answers from the address it was asked at.
//
//   deno run --allow-ffi echo.ts 9000
//   bun run echo.ts 9000
//
// The whole program in one file, for Deno 2 and Bun 1.3 or later on 64-bit Linux; `--help` shows its options.
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


// ffi/contract.ts
var LibraryError = class extends Error {
  /** `LibraryError` */
  name = "LibraryError";
};
function requireSupported(runtime2, version, least, platform, arch) {
  const [major = 0, minor = 0] = (version ?? "0").split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  const recent = major > leastMajor || major === leastMajor && minor >= leastMinor;
  if (recent && platform === "linux" && (arch === "x64" || arch === "arm64")) return;
  throw new LibraryError(
    `not supported on ${runtime2}, ${platform} ${arch}: it needs Deno 2 or later, or Bun 1.3 or later, on 64-bit Linux (\
x86-64 or aarch64)`
  );
}

// ffi/errno.ts
var util = await import("node:util");
var NAMES = `
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
var ERRNO_COUNT = NAMES.length + 1;
var OTHER_ERROR = 0;
function errnoName(errno) {
  if (errno === OTHER_ERROR) return "other";
  const name = NAMES[errno - 1] ?? "-";
  return name === "-" ? `errno ${errno}` : name;
}
function errnoMessage(errno) {
  if (errno === OTHER_ERROR) return "unknown error";
  return util.getSystemErrorMessage?.(-errno) ?? errnoName(errno);
}
var SystemError = class extends Error {
  /** `SystemError` */
  name = "SystemError";
  /** Symbolic name of the error: `EACCES`. */
  code;
  /** Error number. errno(3) */
  errno;
  /** The system call: `bind`. */
  syscall;
  /**
   * Makes an error for a system call.
   * @param syscall the system call
   * @param errno its error number
   * @param message a sentence for the user; if absent, the call with the message of the number
   */
  constructor(syscall, errno, message) {
    super(message ?? `${syscall}: ${errnoMessage(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
};

// ffi/bun.ts
var bunType = { i32: "i32", u32: "u32", pointer: "ptr" };
function bunRuntime(process, worker) {
  const { bun } = process.versions;
  const name = bun === void 0 ? `Node.js ${process.version}` : `Bun ${bun}`;
  return {
    name,
    arch: process.arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit: (code) => process.exit(code),
    get ffi() {
      requireSupported(name, bun, "1.3", process.platform, process.arch);
      return foreignInterface(process.getBuiltinModule("bun:ffi"), worker);
    }
  };
}
function foreignInterface(ffi, worker) {
  return {
    load(libraries2, signatures2) {
      const symbols = symbolsOf(signatures2);
      let reason = "";
      for (const library of libraries2) {
        try {
          return {
            call: ffi.dlopen(library, symbols).symbols,
            addressOf: (buffer) => ffi.ptr(buffer),
            // A pointer is a plain number in Bun.
            pointer: (address) => address
          };
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          reason ||= error.message;
        }
      }
      throw new LibraryError(`cannot load libc: ${reason.replaceAll(/\s+/g, " ")}`);
    },
    loadBlocking(libraries2, signatures2) {
      const thread = new HelperThread(worker, libraries2, symbolsOf(signatures2));
      const functions = Object.keys(signatures2).map((name) => [
        name,
        (...values) => thread.call(name, values)
      ]);
      return Object.fromEntries(functions);
    }
  };
}
function symbolsOf(signatures2) {
  return Object.fromEntries(
    Object.entries(signatures2).map(([name, { parameters, result: result2 }]) => [
      name,
      { args: parameters.map((type) => bunType[type]), returns: bunType[result2] }
    ])
  );
}
var HELPER = `
import { dlopen } from "bun:ffi";
self.onmessage = ({ data: [libraries, symbols] }) => {
  let functions;
  for (const library of libraries) {
    try {
      functions = dlopen(library, symbols).symbols;
      break;
    } catch {}
  }
  self.onmessage = ({ data: [name, values] }) => self.postMessage(functions[name](...values));
};
`;
var HelperThread = class {
  #worker;
  #settle;
  constructor(worker, libraries2, symbols) {
    const url = URL.createObjectURL(new Blob([HELPER], { type: "text/javascript" }));
    this.#worker = new worker(url, { smol: true, ref: false });
    this.#worker.onmessage = ({ data }) => this.#take()?.resolve(data);
    this.#worker.onerror = ({ message }) => this.#take()?.reject(new LibraryError(`the helper thread: ${message}`));
    this.#worker.postMessage([libraries2, symbols]);
  }
  call(name, values) {
    this.#worker.ref();
    this.#worker.postMessage([name, values]);
    return new Promise((resolve2, reject) => this.#settle = { resolve: resolve2, reject });
  }
  #take() {
    const settle = this.#settle;
    this.#settle = void 0;
    this.#worker.unref();
    return settle;
  }
};

// ffi/deno.ts
var addressing = {
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "usize"], result: "usize" },
  pointer: { name: "memcpy", parameters: ["usize", "usize", "usize"], result: "pointer" }
};
function denoRuntime(deno) {
  const name = `Deno ${deno.version.deno}`;
  const { os } = deno.build;
  const arch = deno.build.arch === "x86_64" ? "x64" : deno.build.arch === "aarch64" ? "arm64" : deno.build.arch;
  return {
    name,
    arch,
    args: deno.args,
    onSignal: (signal, handler) => deno.addSignalListener(signal, handler),
    exit: (code) => deno.exit(code),
    get ffi() {
      requireSupported(name, deno.version.deno, "2.0", os, arch);
      return foreignInterface2(deno);
    }
  };
}
function foreignInterface2(deno) {
  return {
    load(libraries2, signatures2) {
      const { addressOf, pointer, ...call } = open(deno, libraries2, { ...signatures2, ...addressing });
      return {
        call,
        addressOf: (buffer) => Number(addressOf(buffer, buffer, 0)),
        pointer: (address) => pointer(address, address, 0)
      };
    },
    loadBlocking(libraries2, signatures2) {
      const blocking2 = Object.entries(signatures2).map(([name, signature]) => [name, { ...signature, nonblocking: true }]);
      return open(deno, libraries2, Object.fromEntries(blocking2));
    }
  };
}
function open(deno, libraries2, symbols) {
  const granted = (path) => deno.permissions.querySync({ name: "ffi", path }).state === "granted";
  const first = Math.max(0, libraries2.findIndex(granted));
  let reason = "";
  for (const library of libraries2.slice(first)) {
    if (reason !== "" && !granted(library)) continue;
    try {
      return deno.dlopen(library, symbols).symbols;
    } catch (error) {
      reason = reasonOf(error);
    }
  }
  throw new LibraryError(`cannot load libc: ${reason}`);
}
function reasonOf(error) {
  if (!(error instanceof Error)) throw error;
  if (error.name === "NotCapable" || error.name === "PermissionDenied") {
    throw new LibraryError(
      "Deno does not allow the call into libc; start it with the permission: deno run --allow-ffi …"
    );
  }
  return error.message.replaceAll(/\s+/g, " ");
}

// ffi/runtime.ts
var current;
function runtime() {
  return current ??= detect();
}
function detect() {
  const globals = globalThis;
  return globals.Deno === void 0 ? bunRuntime(globals.process, globals.Worker) : denoRuntime(globals.Deno);
}

// src/net/address.ts
var ADDRESS_SIZE = 16;
var ENDPOINT_TEXT_MAX = 64;
function parseAddress(text) {
  const bytes3 = new Uint8Array(ADDRESS_SIZE);
  if (!text.includes(":")) {
    bytes3.fill(255, 10, 12);
    return parseIPv4(text, bytes3, 12) ? bytes3 : void 0;
  }
  return parseIPv6(text, bytes3) ? bytes3 : void 0;
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
  const write = (group2, index) => {
    const value = parseInt(group2, 16);
    out[index * 2] = value >> 8;
    out[index * 2 + 1] = value & 255;
  };
  head.forEach((group2, i) => write(group2, i));
  tail.forEach((group2, i) => write(group2, room - tail.length + i));
  return true;
}
function parsePrefix(text) {
  const [addressText2 = "", lengthText, ...rest] = text.split("/");
  const bytes3 = parseAddress(addressText2);
  if (bytes3 === void 0 || rest.length > 0) return void 0;
  const most = isIPv4(bytes3) && !addressText2.includes(":") ? 32 : 128;
  const length = lengthText === void 0 ? most : /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : NaN;
  return length <= most ? { bytes: bytes3, length: 128 - most + length } : void 0;
}
function isIPv4(bytes3) {
  return isMapped(addressWords(bytes3), 0);
}
function isLinkLocal(bytes3) {
  return hasLinkLocalPrefix(addressWords(bytes3), 0);
}
function addressWords(bytes3) {
  return new Int32Array(bytes3.slice().buffer);
}
var IPV4_MAPPED = -65536;
function isMapped(words, at) {
  return words[at + 2] === IPV4_MAPPED && (words[at] | words[at + 1]) === 0;
}
function hasLinkLocalPrefix(words, at) {
  return (words[at] & 49407) === 33022;
}
function isUnspecified(words, at) {
  return words[at + 3] === 0 && (isMapped(words, at) || (words[at] | words[at + 1] | words[at + 2]) === 0);
}
function isMulticast(words, at) {
  return isMapped(words, at) ? (words[at + 3] & 240) === 224 : (words[at] & 255) === 255;
}
function sameAddress(a, atA, b, atB) {
  return a[atA + 3] === b[atB + 3] && a[atA + 2] === b[atB + 2] && a[atA + 1] === b[atB + 1] && a[atA] === b[atB];
}
function formatAddress(out, at, words, word) {
  if (isMapped(words, word)) {
    for (let shift = 0; shift < 32; shift += 8) {
      if (shift > 0) out[at++] = DOT;
      at = formatDecimal(out, at, words[word + 3] >>> shift & 255);
    }
    return at;
  }
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && group(words, word, end) === 0) end++;
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
    const value = group(words, word, i);
    for (let shift = value > 4095 ? 12 : value > 255 ? 8 : value > 15 ? 4 : 0; shift >= 0; shift -= 4) {
      out[at++] = HEX[value >> shift & 15];
    }
  }
  return at;
}
function formatEndpoint(out, at, words, word, zone, port) {
  const bracketed = !isMapped(words, word);
  if (bracketed) out[at++] = 91;
  at = formatAddress(out, at, words, word);
  if (zone !== "") {
    out[at++] = 37;
    for (let i = 0; i < zone.length && i < 15; i++) {
      const code = zone.charCodeAt(i);
      out[at++] = code > 32 && code < 127 && code !== 34 && code !== 92 ? code : 63;
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
function wordsText(words, word) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatAddress(out, 0, words, word)));
}
function addressText(bytes3) {
  return wordsText(addressWords(bytes3), 0);
}
function endpointText(bytes3, zone, port) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatEndpoint(out, 0, addressWords(bytes3), 0, zone, port)));
}
function group(words, word, index) {
  const half = words[word + (index >> 1)] >>> ((index & 1) << 4);
  return (half & 255) << 8 | half >>> 8 & 255;
}
var DOT = 46;
var COLON = 58;
var HEX = new TextEncoder().encode("0123456789abcdef");

// src/cli/arguments.ts
var { parseArgs } = await import("node:util");
var UsageError = class extends Error {
  name = "UsageError";
};
function parseArguments(args, options3) {
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options: options3,
    allowPositionals: true,
    strict: false,
    tokens: true
  });
  const given = /* @__PURE__ */ new Map();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    checkOption(options3, token.name, token.rawName, token.value, token.inlineValue ?? false);
    given.set(token.name, [...given.get(token.name) ?? [], token.value ?? ""]);
  }
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.at(-1),
    values: (name) => given.get(name) ?? [],
    positionals
  };
}
function checkOption(options3, name, rawName, value, inline) {
  const option = Object.entries(options3).find(([known2]) => known2 === name)?.[1];
  if (option === void 0) {
    const near = rawName.startsWith("--") ? nearest(name, Object.keys(options3)) : void 0;
    const advice = near === void 0 ? "--help lists what there is" : `did you mean --${near}?`;
    throw new UsageError(`unknown option ${quote(rawName).slice(1, -1)}; ${advice}`);
  }
  if (option.type === "boolean") {
    if (value !== void 0) throw new UsageError(`${rawName} takes no value, but got ${quote(value)}`);
    return;
  }
  if (value === void 0 || value === "" || !inline && value.startsWith("-")) {
    throw new UsageError(`${rawName} needs a value; --help shows which`);
  }
}
function addressFamily(given) {
  if (given.has("ipv4") && given.has("ipv6")) {
    throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  }
  return given.has("ipv4") ? 4 : given.has("ipv6") ? 6 : void 0;
}
function checkFamily(address, family) {
  const bytes3 = parseAddress(address.split("%")[0]);
  if (bytes3 === void 0 || family === void 0) return;
  const actual = isIPv4(bytes3) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}
function wholeNumber(what, text, least, most) {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${what} is a whole number from ${least} to ${most}, not ${quote(text)}`);
}
function list(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
function quote(text) {
  const escape = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape);
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

// src/cli/version.ts
var VERSION = "0.1.0";

// ffi/constants.ts
var AF_UNSPEC = 0;
var AF_INET = 2;
var AF_INET6 = 10;
var AF_NETLINK = 16;
var SOCK_DGRAM = 2;
var SOCK_RAW = 3;
var SOCK_CLOEXEC = 524288;
var SOL_SOCKET = 1;
var IPPROTO_IP = 0;
var IPPROTO_UDP = 17;
var IPPROTO_IPV6 = 41;
var SO_TYPE = 3;
var SO_BROADCAST = 6;
var SO_SNDBUF = 7;
var SO_RCVBUF = 8;
var SO_RCVTIMEO = 20;
var SO_SNDBUFFORCE = 32;
var SO_RCVBUFFORCE = 33;
var SO_TIMESTAMPING = 37;
var SO_DOMAIN = 39;
var SO_MEMINFO = 55;
var SK_MEMINFO_WMEM_ALLOC = 2;
var SK_MEMINFO_SNDBUF = 3;
var SK_MEMINFO_DROPS = 8;
var SK_MEMINFO_VARS = 9;
var SCM_TIMESTAMPING = SO_TIMESTAMPING;
var SOF_TIMESTAMPING_TX_SOFTWARE = 2;
var SOF_TIMESTAMPING_RX_SOFTWARE = 8;
var SOF_TIMESTAMPING_SOFTWARE = 16;
var SOF_TIMESTAMPING_OPT_ID = 128;
var SOF_TIMESTAMPING_OPT_TSONLY = 2048;
var IP_TOS = 1;
var IP_TTL = 2;
var IP_PKTINFO = 8;
var IP_MTU_DISCOVER = 10;
var IP_PMTUDISC_DONT = 0;
var IP_PMTUDISC_PROBE = 3;
var IP_RECVERR = 11;
var IP_UNICAST_IF = 50;
var IPV6_UNICAST_HOPS = 16;
var IPV6_MTU_DISCOVER = 23;
var IPV6_PMTUDISC_PROBE = 3;
var IPV6_RECVERR = 25;
var IPV6_V6ONLY = 26;
var IPV6_RECVPKTINFO = 49;
var IPV6_PKTINFO = 50;
var IPV6_TCLASS = 67;
var IPV6_UNICAST_IF = 76;
var IPV6_FREEBIND = 78;
var UDP_CORK = 1;
var UDP_SEGMENT = 103;
var UDP_GRO = 104;
var UDP_MAX_SEGMENTS = 64;
var MSG_CTRUNC = 8;
var MSG_TRUNC = 32;
var MSG_DONTWAIT = 64;
var MSG_ERRQUEUE = 8192;
var MSG_NOSIGNAL = 16384;
var MSG_WAITFORONE = 65536;
var POLLIN = 1;
var POLLOUT = 4;
var SO_EE_ORIGIN_ICMP = 2;
var SO_EE_ORIGIN_ICMP6 = 3;
var SO_EE_ORIGIN_TIMESTAMPING = 4;
var EPOLL_CTL_ADD = 1;
var EPOLL_CTL_DEL = 2;
var EPOLL_CTL_MOD = 3;
var EPOLL_CLOEXEC = 524288;
var EPOLLIN = 1;
var EPOLLONESHOT = 1073741824;
var EFD_CLOEXEC = 524288;
var NETLINK_ROUTE = 0;
var NLM_F_REQUEST = 1;
var NLM_F_DUMP = 768;
var RTM_NEWADDR = 20;
var RTM_GETADDR = 22;
var RTM_NEWROUTE = 24;
var RTM_GETROUTE = 26;
var RTA_DST = 1;
var RTA_OIF = 4;
var RTN_LOCAL = 2;
var CLOCK_REALTIME = 0;
var CLOCK_MONOTONIC = 1;
var O_WRONLY = 1;
var O_NOCTTY = 256;
var O_NONBLOCK = 2048;
var O_CLOEXEC = 524288;
var F_GETFL = 3;
var F_SETFL = 4;
var F_DUPFD_CLOEXEC = 1030;
var SEEK_CUR = 1;
var TIOCGWINSZ = 21523;
var TIOCGDEV = 2147767346;
var PIPE_BUF = 4096;
var EAI_NONAME = -2;
var EAI_AGAIN = -3;
var SIGHUP = 1;
var SIGUSR1 = 10;
var SIGPIPE = 13;
var SIGXFSZ = 25;
var SIG_IGN = 1;
var EPERM = 1;
var ENOENT = 2;
var EINTR = 4;
var EIO = 5;
var EBADF = 9;
var EAGAIN = 11;
var EACCES = 13;
var EINVAL = 22;
var ENOTSOCK = 88;
var EMSGSIZE = 90;
var EOPNOTSUPP = 95;
var EAFNOSUPPORT = 97;
var EADDRINUSE = 98;
var EADDRNOTAVAIL = 99;
var ENETUNREACH = 101;
var ENOBUFS = 105;
var EISCONN = 106;
var ECONNREFUSED = 111;
var EHOSTUNREACH = 113;

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
var sock_extended_err = {
  size: 16,
  ee_errno: 0,
  ee_origin: 4,
  ee_type: 5,
  ee_code: 6,
  ee_info: 8,
  ee_data: 12
};
var scm_timestamping = { size: 48, ts: 0 };
var timespec = { size: 16, tv_sec: 0, tv_nsec: 8 };
var timeval = { size: 16, tv_sec: 0, tv_usec: 8 };
var pollfd = { size: 8, fd: 0, events: 4, revents: 6 };
var epoll_event = runtime().arch === "x64" ? { size: 12, events: 0, data: 4 } : { size: 16, events: 0, data: 8 };
var nlmsghdr = { size: 16, nlmsg_len: 0, nlmsg_type: 4, nlmsg_flags: 6 };
var rtmsg = { size: 12, rtm_family: 0, rtm_dst_len: 1, rtm_type: 7 };
var ifaddrmsg = { size: 8, ifa_family: 0 };
var rtattr = { size: 4, rta_len: 0, rta_type: 2 };
var winsize = { size: 8, ws_row: 0, ws_col: 2 };
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

// ffi/library.ts
var signatures = {
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
  __errno_location: { parameters: [], result: "pointer" }
};
var lazySignatures = {
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
  /** `void freeaddrinfo(struct addrinfo *res)`; the declared result is meaningless */
  freeaddrinfo: { parameters: ["pointer"], result: "i32" },
  /** `char *getenv(const char *name)` */
  getenv: { parameters: ["pointer"], result: "pointer" },
  /** `size_t strlen(const char *s)` */
  strlen: { parameters: ["pointer"], result: "u32" }
};
var blockingSignatures = {
  /** `int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)` */
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" }
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
  return loaded ??= load();
}
function load() {
  const library = runtime().ffi.load(libraries, signatures);
  const { call, addressOf, pointer } = library;
  const location = call.__errno_location();
  const copy = new Int32Array(new ArrayBuffer(128));
  const copyPointer = pointer(addressOf(copy.buffer));
  const errno = () => {
    call.memcpy(copyPointer, location, 4);
    return copy[0];
  };
  return { ...library, errno };
}
var lazy;
function lazyLibc() {
  return lazy ??= runtime().ffi.load(libraries, lazySignatures).call;
}
var blocking;
function blockingLibc() {
  return blocking ??= runtime().ffi.loadBlocking(libraries, blockingSignatures);
}

// ffi/memory.ts
var Memory = class {
  /** The block as bytes. */
  bytes;
  /** The block as 16-bit words in the byte order of the machine. */
  u16;
  /** The block as 32-bit words in the byte order of the machine. */
  i32;
  #address;
  // The two words of the address.
  #low;
  #high;
  /** Allocates `size` bytes, rounded up to whole cache lines (64 bytes) and at least two. */
  constructor(size) {
    const buffer = new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64));
    this.bytes = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.#address = libc().addressOf(buffer);
    this.#low = this.#address | 0;
    this.#high = Math.floor(this.#address / 4294967296);
  }
  /** The pointer to `offset`, for a call. It may allocate: a loop needs its pointers beforehand. */
  pointer(offset) {
    return libc().pointer(this.#address + offset);
  }
  /** Stores a C pointer at `at`, a multiple of 8: the address of `offset` in the block `target`. It allocates nothing. */
  link(at, target2, offset) {
    const low = target2.#low + offset | 0;
    const carry = low >>> 0 < target2.#low >>> 0 ? 1 : 0;
    this.i32[at >> 2] = low;
    this.i32[(at >> 2) + 1] = target2.#high + carry;
  }
  /** Stores `text` and a terminating zero at `at`. */
  writeCString(at, text) {
    const bytes3 = new TextEncoder().encode(text);
    this.bytes.set(bytes3, at);
    this.bytes[at + bytes3.length] = 0;
  }
  /** The text of the zero-terminated string at `at`. */
  readCString(at) {
    return new TextDecoder().decode(this.bytes.subarray(at, this.bytes.indexOf(0, at)));
  }
};

// ffi/libc.ts
var scratchMemory;
function scratch() {
  return scratchMemory ??= new Memory(128);
}
function result(value) {
  return value < 0 ? -libc().errno() : value;
}
function socket(domain, type, protocol) {
  return result(libc().call.socket(domain, type, protocol));
}
function bind(fd, address, length) {
  return result(libc().call.bind(fd, address.pointer(0), length));
}
function connect(fd, address, length) {
  return result(lazyLibc().connect(fd, address.pointer(0), length));
}
function getsockname(fd, address, length) {
  const memory = scratch();
  memory.i32[0] = length;
  return result(libc().call.getsockname(fd, address.pointer(0), memory.pointer(0)));
}
function setsockopt(fd, level, name, value) {
  const memory = scratch();
  memory.i32[0] = value;
  return result(libc().call.setsockopt(fd, level, name, memory.pointer(0), 4));
}
function getsockopt(fd, level, name) {
  const memory = scratch();
  memory.i32[0] = 4;
  const error = result(libc().call.getsockopt(fd, level, name, memory.pointer(8), memory.pointer(0)));
  return error < 0 ? error : memory.i32[2];
}
function setsockoptTimeval(fd, level, name, milliseconds2) {
  const memory = scratch();
  memory.bytes.fill(0, 0, timeval.size);
  memory.i32[timeval.tv_sec >> 2] = Math.floor(milliseconds2 / 1e3);
  memory.i32[timeval.tv_usec >> 2] = milliseconds2 % 1e3 * 1e3;
  return result(libc().call.setsockopt(fd, level, name, memory.pointer(0), timeval.size));
}
function poll(fd, events, milliseconds2) {
  const memory = scratch();
  memory.i32[pollfd.fd >> 2] = fd;
  memory.u16[pollfd.events >> 1] = events;
  memory.u16[pollfd.revents >> 1] = 0;
  const ready = result(libc().call.poll(memory.pointer(0), 1, milliseconds2));
  return ready <= 0 ? ready : memory.u16[pollfd.revents >> 1];
}
function open2(path, flags) {
  const memory = new Memory(path.length * 3 + 1);
  memory.writeCString(0, path);
  return result(libc().call.open(memory.pointer(0), flags));
}
function close(fd) {
  return result(libc().call.close(fd));
}
function fcntl(fd, command, argument) {
  return result(libc().call.fcntl(fd, command, argument));
}
function lseek(fd, offset, whence) {
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? -libc().errno() : position >>> 0;
}

// ffi/terminal.ts
function terminalSize(fd) {
  const memory = new Memory(winsize.size);
  if (lazyLibc().ioctl(fd, TIOCGWINSZ, memory.pointer(0)) < 0) return void 0;
  return { columns: memory.u16[winsize.ws_col >> 1], rows: memory.u16[winsize.ws_row >> 1] };
}
function terminalDevice(fd) {
  const memory = new Memory(4);
  return lazyLibc().ioctl(fd, TIOCGDEV, memory.pointer(0)) < 0 ? void 0 : memory.i32[0];
}
function environmentVariable(name) {
  const text = new Memory(name.length + 1);
  text.writeCString(0, name);
  const { getenv, strlen } = lazyLibc();
  const value = getenv(text.pointer(0));
  const length = value === null ? 0 : strlen(value);
  if (length === 0) return "";
  const copy = new Memory(length);
  libc().call.memcpy(copy.pointer(0), value, length);
  return new TextDecoder().decode(copy.bytes.subarray(0, length));
}

// ffi/writer.ts
var Writer = class {
  /** The buffer. */
  bytes;
  #pointer;
  #call = libc().call;
  #errno = libc().errno;
  /** @param size bytes of the buffer */
  constructor(size) {
    const memory = new Memory(size);
    this.bytes = memory.bytes.subarray(0, size);
    this.#pointer = memory.pointer(0);
  }
  /** Writes the first `length` bytes to a descriptor; returns the bytes written, or `-errno`. write(2) */
  write(fd, length) {
    const written = this.#call.write(fd, this.#pointer, length);
    return written < 0 ? -this.#errno() : written;
  }
  /** Sends the first `length` bytes to a connected socket; returns the bytes sent, or `-errno`. send(2) */
  send(fd, length, flags) {
    const sent = this.#call.send(fd, this.#pointer, length, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
};

// src/cli/output.ts
var LINE_SIZE_MAX = 1024;
var BUFFER_SIZE = 64 << 10;
var Output = class {
  /** Lines that were lost since the start. */
  dropped = 0;
  /** Where the next line goes: at least {@link LINE_SIZE_MAX} bytes are free from `at` if {@link hasRoom} said so. */
  bytes;
  /** Place in {@link bytes} where the next line starts. */
  at = 0;
  #writer = new Writer(BUFFER_SIZE);
  #means;
  #fd;
  #lines = 0;
  // Whether the last flush got rid of less than all: then only the next one tries again, not every line.
  #stalled = false;
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
      const own = reopen(fd);
      this.#means = own >= 0 ? "nonblocking" : "poll";
      this.#fd = own >= 0 ? own : fd;
    }
  }
  /** Whether a line can be written now; if not, it counts as dropped. */
  hasRoom() {
    if (this.at + LINE_SIZE_MAX > BUFFER_SIZE && !this.#stalled) this.flush();
    if (this.at + LINE_SIZE_MAX <= BUFFER_SIZE) return true;
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
    const { read, written } = new TextEncoder().encodeInto(text, this.bytes.subarray(this.at, BUFFER_SIZE - 1));
    if (read < text.length) this.dropped++;
    else this.endLine(this.at + written);
  }
  /** Hands over what has gathered, as far as it is taken now; the rest stays for the next time. */
  flush() {
    while (this.at > 0) {
      const length = this.#wholeLines();
      const written = this.#write(length);
      if (written > 0) this.#consume(written);
      else if (written !== -EAGAIN && written !== 0) this.#drop();
      this.#stalled = written < length && this.at > 0;
      if (this.#stalled) return;
    }
  }
  /** Hands over what is taken within `milliseconds`; the rest counts as dropped. */
  settle(milliseconds2) {
    const end = performance.now() + milliseconds2;
    this.flush();
    for (let left = milliseconds2; this.at > 0 && left > 0; left = end - performance.now()) {
      if (poll(this.#fd, POLLOUT, Math.ceil(left)) <= 0) break;
      this.flush();
    }
    this.#drop();
  }
  /** Settles, and lets go of the descriptor if it is its own. The output can't be used any more. */
  close(milliseconds2) {
    this.settle(milliseconds2);
    if (this.#means === "nonblocking") close(this.#fd);
  }
  /** Bytes of whole lines that a pipe takes all or none of, so that no line is torn. */
  #wholeLines() {
    if (this.at <= PIPE_BUF) return this.at;
    return this.bytes.lastIndexOf(10, PIPE_BUF - 1) + 1;
  }
  #consume(written) {
    if (written === this.at) return this.#clear();
    for (let i = 0; i < written; i++) if (this.bytes[i] === 10) this.#lines--;
    this.bytes.copyWithin(0, written, this.at);
    this.at -= written;
  }
  #drop() {
    this.dropped += this.#lines;
    this.#clear();
  }
  #clear() {
    this.at = 0;
    this.#lines = 0;
    this.#stalled = false;
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
function reopen(fd) {
  const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const own = open2(`/proc/self/fd/${fd}`, flags);
  if (own >= 0) return own;
  const terminal = open2("/dev/tty", flags);
  if (terminal < 0) return own;
  const device = terminalDevice(fd);
  if (device !== void 0 && device === terminalDevice(terminal)) return terminal;
  close(terminal);
  return own;
}

// ffi/signals.ts
function signalIgnored(signal) {
  const memory = new Memory(sigaction.size);
  libc().call.sigaction(signal, null, memory.pointer(0));
  return memory.i32[sigaction.sa_handler >> 2] === SIG_IGN;
}
function ignoreSignal(signal) {
  const memory = new Memory(sigaction.size);
  memory.i32[sigaction.sa_handler >> 2] = SIG_IGN;
  libc().call.sigaction(signal, memory.pointer(0), null);
}

// src/cli/signals.ts
function handleSignals(stop) {
  const { onSignal } = runtime();
  const hangupIgnored = signalIgnored(SIGHUP);
  onSignal("SIGINT", () => stop("SIGINT"));
  onSignal("SIGTERM", () => stop("SIGTERM"));
  onSignal("SIGHUP", () => {
    if (!hangupIgnored) stop("SIGHUP");
  });
  onSignal("SIGUSR1", () => {
  });
  for (const signal of [SIGUSR1, SIGPIPE, SIGXFSZ]) ignoreSignal(signal);
}

// ffi/socket_memory.ts
var VALUES_SIZE = SK_MEMINFO_VARS * 4;
var SocketMemory = class {
  #fd;
  // The values, then their length.
  #memory = new Memory(VALUES_SIZE + 4);
  #words = this.#memory.i32;
  #values = this.#memory.pointer(0);
  #length = this.#memory.pointer(VALUES_SIZE);
  #call = libc().call;
  /** @param fd the socket */
  constructor(fd) {
    this.#fd = fd;
  }
  /** Reads the values. On failure (Linux before 4.12, a descriptor that is no socket any more) they stay as they are. */
  read() {
    this.#words[VALUES_SIZE >> 2] = VALUES_SIZE;
    this.#call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#values, this.#length);
  }
  /** Bytes in the send buffer: datagrams that have not left the host, with their bookkeeping. */
  get sendBufferUsed() {
    return this.#words[SK_MEMINFO_WMEM_ALLOC];
  }
  /** Size of the send buffer in such bytes. */
  get sendBufferSize() {
    return this.#words[SK_MEMINFO_SNDBUF];
  }
  /** Datagrams that the kernel dropped on reception, modulo 2^32. A train counts as one. `sk_drops` */
  get drops() {
    return this.#words[SK_MEMINFO_DROPS] >>> 0;
  }
};

// src/net/checks.ts
function invalid(syscall, message) {
  return new SystemError(syscall, EINVAL, message);
}
function requireInteger(syscall, what, value, least, most) {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(syscall, `${what} must be a whole number from ${least} to ${most}, not ${describe(value)}`);
}
function requireString(syscall, what, value) {
  if (typeof value === "string") return value;
  throw invalid(syscall, `${what} must be a string, not ${describe(value)}`);
}
function requireBoolean(syscall, what, value) {
  if (typeof value === "boolean") return value;
  throw invalid(syscall, `${what} must be true or false, not ${describe(value)}`);
}
function requireObject(syscall, what, value) {
  if (typeof value === "object" && value !== null) return value;
  throw invalid(syscall, `${what} must be an object, not ${describe(value)}`);
}
var typedArray = Object.getPrototypeOf(Uint8Array.prototype);
var typeOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag).get;
var lengthOf = Object.getOwnPropertyDescriptor(typedArray, "length").get;
function requireBytes(syscall, what, value) {
  if (typeOf.call(value) === "Uint8Array") return lengthOf.call(value);
  throw invalid(syscall, `${what} must be a Uint8Array, not ${describe(value)}`);
}
function describe(value) {
  switch (typeof value) {
    case "string":
      return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
    case "function":
      return `a ${typeof value}`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    default:
      return `${value}`;
  }
}

// ffi/interfaces.ts
var IFNAMSIZ = 16;
function interfaceIndex(name) {
  if (name.includes("\0") || new TextEncoder().encode(name).length >= IFNAMSIZ) return 0;
  const memory = new Memory(IFNAMSIZ);
  memory.writeCString(0, name);
  return lazyLibc().if_nametoindex(memory.pointer(0));
}
function interfaceName(index) {
  const memory = new Memory(IFNAMSIZ);
  if (lazyLibc().if_indextoname(index, memory.pointer(0)) === null) return `${index}`;
  return memory.readCString(0) || `${index}`;
}

// ffi/resolver.ts
var HINTS = 0;
var ANSWERS = addrinfo.size;
var NAME = ANSWERS + 8;
function getaddrinfo(name, family) {
  if (!/^[\w.-]{1,255}$/.test(name)) return EAI_NONAME;
  const { getaddrinfo: getaddrinfo2, freeaddrinfo } = lazyLibc();
  const memory = new Memory(NAME + name.length + 1);
  memory.i32[HINTS + addrinfo.ai_family >> 2] = family;
  memory.i32[HINTS + addrinfo.ai_socktype >> 2] = SOCK_DGRAM;
  memory.writeCString(NAME, name);
  const error = getaddrinfo2(memory.pointer(NAME), null, memory.pointer(HINTS), memory.pointer(ANSWERS));
  if (error !== 0) return error;
  const first = readAddress(memory.i32, ANSWERS);
  const addresses = [];
  for (let address = first; address !== 0; ) {
    const entry = new Int32Array(copyOf(address, addrinfo.size).buffer);
    const entryFamily = entry[addrinfo.ai_family >> 2];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      addresses.push(copyOf(readAddress(entry, addrinfo.ai_addr), entry[addrinfo.ai_addrlen >> 2]));
    }
    address = readAddress(entry, addrinfo.ai_next);
  }
  freeaddrinfo(libc().pointer(first));
  return addresses;
}
function copyOf(address, length) {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), libc().pointer(address), length);
  return memory.bytes.slice(0, length);
}
function readAddress(words, at) {
  return (words[at >> 2] >>> 0) + (words[(at >> 2) + 1] >>> 0) * 4294967296;
}

// src/net/socket_address.ts
function socketAddressSize(family) {
  return family === AF_INET ? sockaddr_in.size : sockaddr_in6.size;
}
function writeSocketAddress(memory, at, family, words, word, port, scope) {
  const { bytes: bytes3, i32 } = memory;
  memory.u16[at >> 1] = family;
  bytes3[at + sockaddr_in6.sin6_port] = port >> 8;
  bytes3[at + sockaddr_in6.sin6_port + 1] = port & 255;
  if (family === AF_INET) {
    i32[at + sockaddr_in.sin_addr >> 2] = words[word + 3];
    return sockaddr_in.size;
  }
  i32[at + sockaddr_in6.sin6_flowinfo >> 2] = 0;
  const address = at + sockaddr_in6.sin6_addr >> 2;
  for (let i = 0; i < 4; i++) i32[address + i] = words[word + i];
  i32[at + sockaddr_in6.sin6_scope_id >> 2] = scope;
  return sockaddr_in6.size;
}
function writeResolvedAddress(memory, family, address, port) {
  return writeSocketAddress(memory, 0, family, addressWords(address.bytes), 0, port, address.scope);
}
function readSocketAddress(name) {
  const bytes3 = new Uint8Array(ADDRESS_SIZE);
  if (name.length === sockaddr_in.size) {
    bytes3.fill(255, 10, 12);
    bytes3.set(name.subarray(sockaddr_in.sin_addr, sockaddr_in.sin_addr + 4), 12);
    return { bytes: bytes3, zone: "", scope: 0 };
  }
  bytes3.set(name.subarray(sockaddr_in6.sin6_addr, sockaddr_in6.sin6_addr + ADDRESS_SIZE));
  const scope = new DataView(name.buffer, name.byteOffset).getUint32(sockaddr_in6.sin6_scope_id, true);
  return { bytes: bytes3, zone: scope === 0 ? "" : interfaceName(scope), scope };
}
function readPort(name) {
  return name[sockaddr_in6.sin6_port] << 8 | name[sockaddr_in6.sin6_port + 1];
}

// src/net/endpoint.ts
function readAddress2(text) {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes3 = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes3 === void 0) return void 0;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) throw noInterface(zone);
  if (isLinkLocal(bytes3) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes: bytes3, zone, scope };
}
function noInterface(name) {
  const message = `this host has no interface named ${JSON.stringify(name)}; \`ip link\` lists its interfaces`;
  return new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
}
function zoneNumber(zone) {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}
function requireAddress(text) {
  const address = readAddress2(requireString("inet_pton", "an address", text));
  if (address !== void 0) return address;
  throw invalid("inet_pton", `${describe(text)} is not an IPv4 or IPv6 address; names are not resolved here`);
}
function requirePort(syscall, port, least) {
  return requireInteger(syscall, "a port", port, least, 65535);
}
function resolve(text, family) {
  const address = readAddress2(text);
  if (address !== void 0) {
    const actual = isIPv4(address.bytes) ? 4 : 6;
    if (family === void 0 || family === actual) return [address];
    throw new SystemError("getaddrinfo", EINVAL, `${text} is an IPv${actual} address, not an IPv${family} address`);
  }
  const answers = getaddrinfo(text, family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC);
  if (typeof answers === "number" || answers.length === 0) {
    const why = answers === EAI_AGAIN ? "the name server does not answer; try again, or give an address" : "no such name\
; check the spelling, or give an address";
    const which = family === void 0 ? "" : ` with an IPv${family} address`;
    throw new SystemError("getaddrinfo", EADDRNOTAVAIL, `cannot resolve ${JSON.stringify(text)}${which}: ${why}`);
  }
  return answers.map(readSocketAddress);
}

// ffi/message_vector.ts
var MessageVector = class {
  #memory;
  #words;
  #offset;
  #pointers = [];
  #call = libc().call;
  #errno = libc().errno;
  /**
   * Lays out the headers.
   * @param memory the memory of the headers, and of all that they point at but payloads
   * @param offset offset of the headers, a multiple of 8; they take `capacity * mmsghdr.size` bytes
   * @param capacity number of headers
   */
  constructor(memory, offset, capacity) {
    this.#memory = memory;
    this.#words = memory.i32;
    this.#offset = offset;
    for (let i = 0; i < capacity; i++) this.#pointers.push(memory.pointer(offset + i * mmsghdr.size));
  }
  /** Sets the buffer of message `i` for the peer's socket address: its offset, and its length in bytes. */
  setName(i, offset, length) {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_name, this.#memory, offset);
    this.#words[header + mmsghdr.msg_namelen >> 2] = length;
  }
  /** Sets the array of `count` buffers (`struct iovec`) of message `i`. */
  setBuffers(i, offset, count) {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_iov, this.#memory, offset);
    this.#words[header + mmsghdr.msg_iovlen >> 2] = count;
  }
  /** Sets the buffer of message `i` for control messages: its offset, and its length in bytes. */
  setControl(i, offset, length) {
    const header = this.#offset + i * mmsghdr.size;
    this.#memory.link(header + mmsghdr.msg_control, this.#memory, offset);
    this.#words[header + mmsghdr.msg_controllen >> 2] = length;
  }
  /** Restores the lengths of the buffers for the socket address and control messages, which a reception overwrites. */
  resetLengths(i, nameLength, controlLength) {
    const header = this.#offset + i * mmsghdr.size;
    this.#words[header + mmsghdr.msg_namelen >> 2] = nameLength;
    this.#words[header + mmsghdr.msg_controllen >> 2] = controlLength;
  }
  /** Bytes of the socket address that was received. */
  nameLength(i) {
    return this.#words[this.#offset + i * mmsghdr.size + mmsghdr.msg_namelen >> 2];
  }
  /** Bytes of the control messages that were received. */
  controlLength(i) {
    return this.#words[this.#offset + i * mmsghdr.size + mmsghdr.msg_controllen >> 2];
  }
  /** Flags of the received message: `MSG_TRUNC`, `MSG_CTRUNC`. */
  flags(i) {
    return this.#words[this.#offset + i * mmsghdr.size + mmsghdr.msg_flags >> 2];
  }
  /** Bytes of payload that were received or sent. */
  length(i) {
    return this.#words[this.#offset + i * mmsghdr.size + mmsghdr.msg_len >> 2];
  }
  /** Receives up to `count` messages; returns their number, or `-errno`. recvmmsg(2) */
  receive(fd, count, flags) {
    const received = this.#call.recvmmsg(fd, this.#pointers[0], count, flags, null);
    return received < 0 ? -this.#errno() : received;
  }
  /**
   * Sends the messages from `first` to before `end`; stops at the first that fails. Returns the number of messages sent,
   * or the `-errno` of the first. sendmmsg(2)
   */
  send(fd, first, end, flags) {
    const sent = this.#call.sendmmsg(fd, this.#pointers[first], end - first, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
};
function writeBuffer(memory, at, target2, offset, length) {
  memory.link(at + iovec.iov_base, target2, offset);
  memory.i32[at + iovec.iov_len >> 2] = length;
}

// src/socket/control_message.ts
var UNICAST = 0;
var BROADCAST = 1;
var MULTICAST = 2;
var UNKNOWN = 3;
var ControlMessageDecoder = class {
  /** Kind of the destination. ip(7), ipv6(7) */
  destination = UNKNOWN;
  /** Local address to answer from, four words; `::` if the interface determines it. */
  local = new Int32Array(4);
  /** Index of the interface that the message arrived by; 0 if the kernel did not report it. */
  interfaceIndex = 0;
  /** Bytes of each segment of a train; 0 for a single datagram. `UDP_GRO`, udp(7) */
  segmentSize = 0;
  /** Whether there is a time of arrival or departure. `SCM_TIMESTAMPING` */
  hasTime = false;
  /** Seconds of that time since the epoch, modulo 2^32. */
  seconds = 0;
  /** Nanoseconds of that time, 0 to 999,999,999. */
  nanoseconds = 0;
  /** Offset of a `struct sock_extended_err`; -1 without one. `IP_RECVERR`, ip(7) */
  errorOffset = -1;
  /** Offset behind that struct and the socket address that follows it. */
  errorEnd = -1;
  #words;
  /** @param memory the memory of the buffers to decode */
  constructor(memory) {
    this.#words = memory.i32;
  }
  /** Decodes the buffer of `length` bytes at `offset`, a multiple of 8. */
  decode(offset, length) {
    this.destination = UNKNOWN;
    this.local.fill(0);
    this.interfaceIndex = 0;
    this.segmentSize = 0;
    this.hasTime = false;
    this.errorOffset = -1;
    const words = this.#words;
    const end = offset + length;
    for (let at = offset; at + cmsghdr.size <= end; ) {
      const messageLength = words[at + cmsghdr.cmsg_len >> 2];
      const upper = words[at + cmsghdr.cmsg_len + 4 >> 2];
      if (messageLength < cmsghdr.size || at + messageLength > end || upper !== 0) return;
      this.#decodeMessage(
        words[at + cmsghdr.cmsg_level >> 2],
        words[at + cmsghdr.cmsg_type >> 2],
        at + cmsghdr.size,
        messageLength - cmsghdr.size
      );
      at += align(messageLength);
    }
  }
  #decodeMessage(level, type, data, length) {
    switch (level) {
      case IPPROTO_IP:
        if (type === IP_PKTINFO && length >= in_pktinfo.size) this.#decodeIPv4PacketInfo(data >> 2);
        if (type === IP_RECVERR) this.#decodeError(data, length);
        break;
      case IPPROTO_IPV6:
        if (type === IPV6_PKTINFO && length >= in6_pktinfo.size) this.#decodeIPv6PacketInfo(data >> 2);
        if (type === IPV6_RECVERR) this.#decodeError(data, length);
        break;
      case IPPROTO_UDP:
        if (type === UDP_GRO && length >= 4) this.segmentSize = this.#words[data >> 2];
        break;
      case SOL_SOCKET:
        if (type === SCM_TIMESTAMPING && length >= scm_timestamping.size) this.#decodeTime(data + scm_timestamping.ts);
        break;
    }
  }
  #decodeIPv4PacketInfo(word) {
    const words = this.#words;
    const sentTo = words[word + (in_pktinfo.ipi_addr >> 2)];
    const answerFrom = words[word + (in_pktinfo.ipi_spec_dst >> 2)] || sentTo;
    this.interfaceIndex = words[word + (in_pktinfo.ipi_ifindex >> 2)];
    this.local[0] = 0;
    this.local[1] = 0;
    this.local[2] = IPV4_MAPPED;
    this.local[3] = answerFrom;
    if ((sentTo & 240) === 224) this.destination = MULTICAST;
    else if (sentTo !== answerFrom || sentTo === -1) this.destination = BROADCAST;
    else this.destination = answerFrom === 0 ? UNKNOWN : UNICAST;
  }
  #decodeIPv6PacketInfo(word) {
    const words = this.#words;
    const address = word + (in6_pktinfo.ipi6_addr >> 2);
    if (isMapped(words, address)) return;
    this.interfaceIndex = words[word + (in6_pktinfo.ipi6_ifindex >> 2)];
    if (isMulticast(words, address)) {
      this.destination = MULTICAST;
      this.local.fill(0);
    } else {
      this.destination = isUnspecified(words, address) ? UNKNOWN : UNICAST;
      for (let i = 0; i < 4; i++) this.local[i] = words[address + i];
    }
  }
  #decodeTime(at) {
    this.hasTime = true;
    this.seconds = this.#words[at + timespec.tv_sec >> 2] >>> 0;
    this.nanoseconds = this.#words[at + timespec.tv_nsec >> 2];
  }
  #decodeError(data, length) {
    if (length < sock_extended_err.size) return;
    this.errorOffset = data;
    this.errorEnd = data + length;
  }
};
var SEND_CONTROL_SIZE = space(in6_pktinfo.size) + space(2);
function encodeSource(memory, at, words, word, interfaceIndex2) {
  const { i32 } = memory;
  if (isUnspecified(words, word) && interfaceIndex2 === 0) return at;
  if (isMapped(words, word)) {
    const data2 = encodeHeader(memory, at, IPPROTO_IP, IP_PKTINFO, in_pktinfo.size);
    i32[data2 + in_pktinfo.ipi_ifindex >> 2] = interfaceIndex2;
    i32[data2 + in_pktinfo.ipi_spec_dst >> 2] = words[word + 3];
    i32[data2 + in_pktinfo.ipi_addr >> 2] = 0;
    return at + space(in_pktinfo.size);
  }
  const data = encodeHeader(memory, at, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo.size);
  const address = data + in6_pktinfo.ipi6_addr >> 2;
  for (let i = 0; i < 4; i++) i32[address + i] = words[word + i];
  i32[data + in6_pktinfo.ipi6_ifindex >> 2] = interfaceIndex2;
  return at + space(in6_pktinfo.size);
}
function encodeSegmentSize(memory, at, segmentSize) {
  const data = encodeHeader(memory, at, IPPROTO_UDP, UDP_SEGMENT, 2);
  memory.u16[data >> 1] = segmentSize;
  return at + space(2);
}
function encodeHeader(memory, at, level, type, dataSize) {
  const { i32 } = memory;
  i32[at + cmsghdr.cmsg_len >> 2] = cmsghdr.size + dataSize;
  i32[at + cmsghdr.cmsg_len + 4 >> 2] = 0;
  i32[at + cmsghdr.cmsg_level >> 2] = level;
  i32[at + cmsghdr.cmsg_type >> 2] = type;
  return at + cmsghdr.size;
}
function space(dataSize) {
  return cmsghdr.size + align(dataSize);
}
function align(length) {
  return length + cmsghdr.align - 1 & ~(cmsghdr.align - 1);
}

// src/socket/messages.ts
var PAYLOAD_SIZE_MAX = 65535;
var ADDRESS_STRIDE = 8;
var NAME_STRIDE = 32;
var CONTROL_STRIDE = 192;
var PAYLOAD_STRIDE = 65536 + 192;
var UNMARKED = 0;
var MARKED = 1;
var Messages = class {
  /** Most messages at a time. */
  capacity;
  /** `AF_INET` or `AF_INET6`. */
  family;
  /** Messages in use. */
  count = 0;
  /** Memory of the payloads. */
  payloads;
  /** Addresses, eight words a message: the peer's and the local one. */
  addresses;
  /** Ports of the peers. */
  ports;
  /** Interface indexes of the peers' link-local addresses, else 0. */
  scopes;
  /** Indexes of the interfaces that messages arrived by, or leave by. */
  interfaces;
  /** Bytes of payload. */
  sizes;
  /** Bytes of each datagram of a train but the last, which may be shorter; the size of a single datagram. */
  segmentSizes;
  /** Kinds of destinations: `UNICAST` … `UNKNOWN`. */
  destinations;
  /** Whether there is a time of arrival. */
  timed;
  /** Seconds of the times of arrival. */
  seconds;
  /** Nanoseconds of the times of arrival. */
  nanoseconds;
  /** Whether the next send sends the message: {@link UNMARKED} or {@link MARKED}. */
  marks;
  /** Errors of the last send, 0 for none. */
  errors;
  #memory;
  #vector;
  #control;
  #namesOffset;
  #nameSize;
  #controlsOffset;
  constructor(family, capacity) {
    this.family = family;
    this.capacity = capacity;
    this.addresses = new Int32Array(capacity * ADDRESS_STRIDE);
    this.ports = new Uint16Array(capacity);
    this.scopes = new Int32Array(capacity);
    this.interfaces = new Int32Array(capacity);
    this.sizes = new Int32Array(capacity);
    this.segmentSizes = new Int32Array(capacity);
    this.destinations = new Uint8Array(capacity);
    this.timed = new Uint8Array(capacity);
    this.seconds = new Uint32Array(capacity);
    this.nanoseconds = new Int32Array(capacity);
    this.marks = new Uint8Array(capacity);
    this.errors = new Uint16Array(capacity);
    const buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = buffersOffset + capacity * iovec.size;
    this.#nameSize = socketAddressSize(family);
    this.#controlsOffset = this.#namesOffset + capacity * NAME_STRIDE;
    this.#memory = new Memory(this.#controlsOffset + capacity * CONTROL_STRIDE);
    this.payloads = new Memory(capacity * PAYLOAD_STRIDE);
    this.#control = new ControlMessageDecoder(this.#memory);
    this.#vector = new MessageVector(this.#memory, 0, capacity);
    for (let i = 0; i < capacity; i++) {
      const buffer = buffersOffset + i * iovec.size;
      writeBuffer(this.#memory, buffer, this.payloads, this.payloadOffset(i), PAYLOAD_SIZE_MAX);
      this.#vector.setBuffers(i, buffer, 1);
      this.#vector.setName(i, this.#namesOffset + i * NAME_STRIDE, this.#nameSize);
      this.#vector.setControl(i, this.#controlsOffset + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
  }
  /** Index in {@link addresses} of the peer's address. */
  peerWord(i) {
    return i * ADDRESS_STRIDE;
  }
  /** Index in {@link addresses} of the local address. */
  localWord(i) {
    return i * ADDRESS_STRIDE + 4;
  }
  /** Offset in {@link payloads} of a payload. */
  payloadOffset(i) {
    return i * PAYLOAD_STRIDE;
  }
  /** Datagrams in a message, at least 1. */
  datagrams(i) {
    const size = this.sizes[i];
    const segmentSize = this.segmentSizes[i];
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }
  /**
   * Whether a message to send names its interface: a link-local source is ambiguous without it, and the interface
   * determines an unspecified source.
   */
  namesInterface(i) {
    const { addresses } = this;
    const local = this.localWord(i);
    return hasLinkLocalPrefix(addresses, local) || !isMapped(addresses, local) && isUnspecified(addresses, local);
  }
  /**
   * Receives messages from a socket and decodes them.
   * @param flags of recvmmsg(2)
   * @returns their number, or `-errno`
   */
  receive(fd, flags) {
    const received = this.#vector.receive(fd, this.capacity, flags);
    this.count = Math.max(0, received);
    for (let i = 0; i < received; i++) this.#decode(i);
    return received;
  }
  /** Decodes a received message, and prepares its header for the next reception. */
  #decode(i) {
    const vector = this.#vector;
    const control = this.#control;
    const size = Math.max(0, Math.min(vector.length(i), PAYLOAD_SIZE_MAX));
    control.decode(
      this.#controlsOffset + i * CONTROL_STRIDE,
      Math.max(0, Math.min(vector.controlLength(i), CONTROL_STRIDE))
    );
    const named = this.#decodeName(i, vector.nameLength(i));
    const cut = (vector.flags(i) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    const sameFamily = isMapped(control.local, 0) === isMapped(this.addresses, this.peerWord(i));
    const known2 = named && !cut && sameFamily && control.destination !== UNKNOWN;
    const local = this.localWord(i);
    for (let word = 0; word < 4; word++) this.addresses[local + word] = known2 ? control.local[word] : 0;
    const { segmentSize } = control;
    this.destinations[i] = known2 ? control.destination : UNKNOWN;
    this.interfaces[i] = control.interfaceIndex;
    this.sizes[i] = size;
    this.segmentSizes[i] = segmentSize > 0 && segmentSize < size ? segmentSize : size;
    this.timed[i] = control.hasTime ? 1 : 0;
    this.seconds[i] = control.seconds;
    this.nanoseconds[i] = control.nanoseconds;
    this.marks[i] = UNMARKED;
    this.errors[i] = 0;
    vector.resetLengths(i, this.#nameSize, CONTROL_STRIDE);
  }
  /** Decodes the socket address of the peer; returns whether it is one of this family. */
  #decodeName(i, length) {
    const { bytes: bytes3, i32, u16 } = this.#memory;
    const name = this.#namesOffset + i * NAME_STRIDE;
    const peer = this.peerWord(i);
    this.ports[i] = bytes3[name + sockaddr_in6.sin6_port] << 8 | bytes3[name + sockaddr_in6.sin6_port + 1];
    if (this.family === AF_INET) {
      this.addresses[peer] = 0;
      this.addresses[peer + 1] = 0;
      this.addresses[peer + 2] = IPV4_MAPPED;
      this.addresses[peer + 3] = i32[name + sockaddr_in.sin_addr >> 2];
      this.scopes[i] = 0;
    } else {
      const address = name + sockaddr_in6.sin6_addr >> 2;
      for (let word = 0; word < 4; word++) this.addresses[peer + word] = i32[address + word];
      this.scopes[i] = i32[name + sockaddr_in6.sin6_scope_id >> 2];
    }
    return length === this.#nameSize && u16[name >> 1] === this.family;
  }
  /** Prepares message `i` for sending: its peer and source are written by the caller. */
  compose(i) {
    this.destinations[i] = UNICAST;
    this.timed[i] = 0;
    this.marks[i] = MARKED;
    this.errors[i] = 0;
  }
  /** Copies a payload of `size` bytes, at most {@link PAYLOAD_SIZE_MAX}, to message `i`. */
  setPayload(i, payload, size) {
    this.payloads.bytes.set(payload, this.payloadOffset(i));
    this.sizes[i] = size;
    this.segmentSizes[i] = size;
  }
};

// src/socket/coalesce.ts
var WINDOW = 64;
var TRAIN_SIZE_MAX = 65507;
var SLOTS = 2 * WINDOW;
var Trains = class {
  /** Number of trains. */
  count = 0;
  /** First message of each train. */
  head = new Int32Array(WINDOW);
  /** Payload bytes of each train. */
  bytes = new Int32Array(WINDOW);
  /** Datagrams of each train. */
  datagrams = new Int32Array(WINDOW);
  /** Bytes of each datagram of a train but the last, which may be shorter. */
  segmentSizes = new Int32Array(WINDOW);
  /** Next message of the same train, by message number modulo {@link WINDOW}; -1 at the end. */
  next = new Int32Array(WINDOW);
  /** Last message of each train. */
  tail = new Int32Array(WINDOW);
  /** Whether each train can take more messages. */
  open = new Uint8Array(WINDOW);
  /** Newest train of each flow by hash of the flow, -1 for none: open addressing with linear probing. */
  newest = new Int32Array(SLOTS);
  /** The message behind message `i` in its train; -1 at the end. */
  after(i) {
    return this.next[i % WINDOW];
  }
};
function coalesce(messages, first, end, trains, segmentation) {
  trains.count = 0;
  const alone = end - first === 1;
  if (!alone) trains.newest.fill(-1);
  for (let i = first; i < end; i++) {
    if (messages.marks[i] !== MARKED) continue;
    messages.errors[i] = 0;
    const slot = alone ? 0 : findFlow(messages, i, trains);
    const newest = trains.newest[slot];
    if (!alone && newest >= 0 && join(messages, i, trains, newest)) continue;
    trains.newest[slot] = begin(messages, i, trains, segmentation);
  }
}
function begin(messages, i, trains, segmentation) {
  const train = trains.count++;
  const size = messages.sizes[i];
  const datagrams = messages.datagrams(i);
  trains.head[train] = i;
  trains.tail[train] = i;
  trains.next[i % WINDOW] = -1;
  trains.bytes[train] = size;
  trains.datagrams[train] = datagrams;
  trains.segmentSizes[train] = messages.segmentSizes[i];
  trains.open[train] = segmentation && size > 0 && size === datagrams * messages.segmentSizes[i] ? 1 : 0;
  return train;
}
function join(messages, i, trains, train) {
  const size = messages.sizes[i];
  const segmentSize = messages.segmentSizes[i];
  const datagrams = messages.datagrams(i);
  const trainSegmentSize = trains.segmentSizes[train];
  if (trains.open[train] === 0 || size === 0) return false;
  if (segmentSize !== trainSegmentSize && (datagrams > 1 || size > trainSegmentSize)) return false;
  if (trains.bytes[train] + size > TRAIN_SIZE_MAX) return false;
  if (trains.datagrams[train] + datagrams > UDP_MAX_SEGMENTS) return false;
  trains.next[trains.tail[train] % WINDOW] = i;
  trains.tail[train] = i;
  trains.next[i % WINDOW] = -1;
  trains.bytes[train] += size;
  trains.datagrams[train] += datagrams;
  if (size % trainSegmentSize !== 0) trains.open[train] = 0;
  return true;
}
function findFlow(messages, i, trains) {
  const { addresses } = messages;
  const peer = messages.peerWord(i);
  const local = messages.localWord(i);
  let hash = Math.imul(addresses[peer + 3] ^ addresses[peer + 2], 2654435761) ^ Math.imul(messages.ports[i], 2246822507);
  hash = Math.imul(hash ^ addresses[local + 3] ^ addresses[peer + 1], 3266489909);
  let slot = (hash ^ hash >>> 15) & SLOTS - 1;
  for (; ; ) {
    const train = trains.newest[slot];
    if (train < 0 || sameFlow(messages, trains.head[train], i)) return slot;
    slot = slot + 1 & SLOTS - 1;
  }
}
function sameFlow(messages, a, b) {
  const { addresses, ports, scopes, interfaces } = messages;
  return sameAddress(addresses, messages.peerWord(a), addresses, messages.peerWord(b)) && sameAddress(addresses, messages.
  localWord(a), addresses, messages.localWord(b)) && ports[a] === ports[b] && scopes[a] === scopes[b] && // Messages of one flow may arrive by several interfaces.
  (interfaces[a] === interfaces[b] || !messages.namesInterface(a));
}

// ffi/clock.ts
var TIME_ORIGIN_SECONDS = Math.floor(Date.now() / 1e3);
function wallTime(seconds, nanoseconds) {
  return (seconds - TIME_ORIGIN_SECONDS) * 1e9 + nanoseconds;
}
var Clock = class {
  #memory = new Memory(timespec.size);
  #words = this.#memory.i32;
  #pointer = this.#memory.pointer(0);
  #call = libc().call;
  #clockId;
  /** @param clockId `CLOCK_MONOTONIC` or `CLOCK_REALTIME` */
  constructor(clockId) {
    this.#clockId = clockId;
  }
  /** Reads the clock. */
  read() {
    this.#call.clock_gettime(this.#clockId, this.#pointer);
  }
  /** Whole seconds of the last reading, modulo 2^32: sufficient until 2106. */
  get seconds() {
    return this.#words[timespec.tv_sec >> 2] >>> 0;
  }
  /** Nanoseconds of the last reading, 0 to 999,999,999. */
  get nanoseconds() {
    return this.#words[timespec.tv_nsec >> 2];
  }
  /**
   * Reads the clock in microseconds, modulo 1,024 seconds, for {@link elapsedMicroseconds}. The value is a small integer,
   * which no runtime puts on the heap.
   */
  microseconds() {
    this.read();
    return (this.seconds & 1023) * 1e6 + (this.nanoseconds / 1e3 | 0);
  }
};
var PERIOD_MICROSECONDS = 1024 * 1e6;
function elapsedMicroseconds(from, to) {
  return to >= from ? to - from : to - from + PERIOD_MICROSECONDS;
}

// src/socket/segmentation_refusals.ts
var PEERS_MAX = 1024;
var REFUSAL_SECONDS = 30;
var WORDS = 4;
var SegmentationRefusals = class {
  #peers;
  #sizes = new Int32Array(0);
  #until = new Float64Array(0);
  #clock = new Clock(CLOCK_MONOTONIC);
  /** Remembers that the peer, an address of four words from `at`, cannot be sent segments of `size` bytes or more. */
  add(words, at, size) {
    if (this.#peers === void 0) {
      this.#peers = new Int32Array(PEERS_MAX * WORDS);
      this.#sizes = new Int32Array(PEERS_MAX);
      this.#until = new Float64Array(PEERS_MAX);
    }
    const entry = entryOf(words, at);
    for (let i = 0; i < WORDS; i++) this.#peers[entry * WORDS + i] = words[at + i];
    this.#clock.read();
    this.#sizes[entry] = size;
    this.#until[entry] = this.#clock.seconds + REFUSAL_SECONDS;
  }
  /** Whether the peer, an address of four words from `at`, is known to refuse segments of `size` bytes. */
  has(words, at, size) {
    if (this.#peers === void 0) return false;
    const entry = entryOf(words, at);
    if (this.#until[entry] === 0 || size < this.#sizes[entry]) return false;
    if (!sameAddress(this.#peers, entry * WORDS, words, at)) return false;
    this.#clock.read();
    return this.#clock.seconds < this.#until[entry];
  }
};
function entryOf(words, at) {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) hash = Math.imul(hash ^ words[at + i], 2654435761);
  return hash >>> 22;
}

// src/socket/send_buffer.ts
var SHARE = 32;
var TRIAL_SHARE = 16;
var PEERS = 65536;
var BOOKKEEPING = 1024;
var SendBuffer = class {
  /** Whether the buffer is half full: then each message needs {@link admit}, and leaves alone. */
  crowded = false;
  #memory;
  #size;
  // Bytes in the buffer at the last reading, and bytes reserved since.
  #level = 0;
  #reserved = 0;
  // The tables are allocated when the buffer is half full for the first time: usually never.
  #seed = 0;
  // By peer: bytes held in the other half of the buffer, and refusals since the peer last held none.
  #held = new Int32Array(0);
  #refusals = new Int32Array(0);
  // The peers that hold bytes, in order of time; and by peer, its place in that order plus 1, or 0.
  #holders = new Uint16Array(0);
  #place = new Int32Array(0);
  #holderCount = 0;
  /** @param memory the kernel's memory of the socket, whose send buffer has its final size */
  constructor(memory) {
    this.#memory = memory;
    memory.read();
    this.#size = memory.sendBufferSize;
  }
  /**
   * Reserves space for `datagrams` datagrams of `bytes` bytes together.
   * @returns whether the buffer stays less than half full for certain; if not, {@link refresh} must come first
   */
  reserve(bytes3, datagrams) {
    this.#reserved += cost(bytes3, datagrams);
    return this.#level + this.#reserved <= this.#size >> 1;
  }
  /** Reads the fill level from the kernel. */
  refresh() {
    this.#memory.read();
    let gone = this.#level - this.#memory.sendBufferUsed;
    this.#level -= gone;
    this.#reserved = 0;
    const crowded = this.#level > this.#size >> 1;
    if (crowded && this.#held.length === 0) this.#makeTables();
    if (crowded !== this.crowded) this.#forget();
    this.crowded = crowded;
    while (gone > 0 && this.#holderCount > 0) {
      const peer = this.#holders[this.#holderCount - 1];
      if (this.#place[peer] === this.#holderCount) {
        const bytes3 = Math.min(gone, this.#held[peer]);
        this.#held[peer] -= bytes3;
        gone -= bytes3;
        if (this.#held[peer] > 0) return;
        this.#clear(peer);
      }
      this.#holderCount--;
    }
  }
  /** Whether `datagrams` datagrams of `bytes` bytes together may leave for the peer, an address of four words from `at`. */
  admit(words, at, bytes3, datagrams) {
    const peer = this.#peer(words, at);
    const held = this.#held[peer];
    const wanted = cost(bytes3, datagrams);
    const room = this.#size - this.#level;
    if (held + wanted <= room / SHARE) return true;
    if (datagrams > 1) return false;
    if (held === 0) return wanted <= room;
    const refusals = ++this.#refusals[peer];
    return (refusals & refusals - 1) === 0 && held + wanted <= room / TRIAL_SHARE;
  }
  /** Charges the peer for the bytes of its last message that stayed in the buffer. */
  charge(words, at) {
    const before = this.#level;
    this.refresh();
    const stayed = this.#level - before;
    if (!this.crowded) return;
    const peer = this.#peer(words, at);
    if (stayed <= 0) {
      this.#clear(peer);
      return;
    }
    if (this.#place[peer] === 0) {
      if (this.#holderCount === PEERS) this.#forget();
      this.#holders[this.#holderCount++] = peer;
      this.#place[peer] = this.#holderCount;
    }
    this.#held[peer] += stayed;
  }
  #makeTables() {
    this.#seed = crypto.getRandomValues(new Int32Array(1))[0];
    this.#held = new Int32Array(PEERS);
    this.#refusals = new Int32Array(PEERS);
    this.#holders = new Uint16Array(PEERS);
    this.#place = new Int32Array(PEERS);
  }
  #clear(peer) {
    this.#held[peer] = 0;
    this.#refusals[peer] = 0;
    this.#place[peer] = 0;
  }
  #forget() {
    for (let i = 0; i < this.#holderCount; i++) this.#clear(this.#holders[i]);
    this.#holderCount = 0;
  }
  #peer(words, at) {
    let hash = this.#seed;
    for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ hash >>> 15 ^ words[at + i], 2654435761);
    return hash >>> 16;
  }
};
function cost(bytes3, datagrams) {
  return 2 * bytes3 + BOOKKEEPING * datagrams;
}

// src/socket/send_vector.ts
var NAME_STRIDE2 = 32;
var SendVector = class {
  /** Encoded messages. */
  count = 0;
  #family;
  #memory;
  #vector;
  #buffersOffset;
  #namesOffset;
  #controlsOffset;
  // By encoded message: the first message of the batch in it, its train, its datagrams.
  #heads;
  #trains;
  #datagrams;
  #buffers = 0;
  #firstBuffer = 0;
  /**
   * @param family `AF_INET` or `AF_INET6`, the socket's
   * @param capacity most messages, and most buffers
   */
  constructor(family, capacity) {
    this.#family = family;
    this.#buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = this.#buffersOffset + capacity * iovec.size;
    this.#controlsOffset = this.#namesOffset + capacity * NAME_STRIDE2;
    this.#memory = new Memory(this.#controlsOffset + capacity * SEND_CONTROL_SIZE);
    this.#vector = new MessageVector(this.#memory, 0, capacity);
    this.#heads = new Int32Array(capacity);
    this.#trains = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
  }
  /** Begins a message: `datagrams` datagrams of a train whose first message is `i`. */
  begin(i, train, datagrams) {
    this.#heads[this.count] = i;
    this.#trains[this.count] = train;
    this.#datagrams[this.count] = datagrams;
    this.#firstBuffer = this.#buffers;
  }
  /** Adds `length` bytes at `offset` of the payloads. */
  addBuffer(messages, offset, length) {
    const at = this.#buffersOffset + this.#buffers * iovec.size;
    writeBuffer(this.#memory, at, messages.payloads, offset, length);
    this.#buffers++;
  }
  /**
   * Ends the message: encodes its peer, its source and the size of its segments.
   * @param named whether the message names its peer; false on a connected socket
   * @param segmentSize bytes of each datagram of a train; 0 for a single datagram
   */
  end(messages, named, segmentSize) {
    const memory = this.#memory;
    const vector = this.#vector;
    const { count } = this;
    const i = this.#heads[count];
    const { addresses } = messages;
    const name = this.#namesOffset + count * NAME_STRIDE2;
    const nameLength = writeSocketAddress(
      memory,
      name,
      this.#family,
      addresses,
      messages.peerWord(i),
      messages.ports[i],
      messages.scopes[i]
    );
    const start = this.#controlsOffset + count * SEND_CONTROL_SIZE;
    const local = messages.localWord(i);
    const interfaceIndex2 = !isMapped(addresses, local) && messages.namesInterface(i) ? messages.interfaces[i] : 0;
    let at = encodeSource(memory, start, addresses, local, interfaceIndex2);
    if (segmentSize > 0) at = encodeSegmentSize(memory, at, segmentSize);
    vector.setName(count, name, named ? nameLength : 0);
    vector.setBuffers(count, this.#buffersOffset + this.#firstBuffer * iovec.size, this.#buffers - this.#firstBuffer);
    vector.setControl(count, start, at - start);
    this.count++;
  }
  /** Sends from message `first` on; returns the number of messages sent, or the `-errno` of the first. */
  send(fd, first) {
    let sent;
    do {
      sent = this.#vector.send(fd, first, this.count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent === -EINTR);
    return sent === 0 ? -EAGAIN : sent;
  }
  /** First message of the batch in encoded message `k`. */
  head(k) {
    return this.#heads[k];
  }
  /** Train of encoded message `k`. */
  train(k) {
    return this.#trains[k];
  }
  /** Datagrams in encoded message `k`. */
  datagrams(k) {
    return this.#datagrams[k];
  }
  /** Forgets the encoded messages. */
  clear() {
    this.count = 0;
    this.#buffers = 0;
  }
};

// src/socket/batch_sender.ts
var BatchSender = class {
  /** Datagrams that could not be sent, by error number. */
  failed = new Float64Array(ERRNO_COUNT);
  /** Error number of the last datagram that could not be sent; 0 if all could. */
  lastError = 0;
  /** Whether a network device refused a train. */
  deviceRefusedTrains = false;
  /** Whether the socket is connected: then messages do not name their peer. */
  connected = false;
  #fd;
  #segmentation;
  #family;
  #trains = new Trains();
  #refusals = new SegmentationRefusals();
  #buffer;
  // Trains, and the datagrams of a train that was refused.
  #whole;
  #singles;
  /** @param options see {@link BatchSenderOptions} */
  constructor({ fd, family, segmentation, socketMemory }) {
    this.#fd = fd;
    this.#family = family;
    this.#segmentation = segmentation;
    this.#buffer = new SendBuffer(socketMemory);
    this.#whole = new SendVector(family, WINDOW);
  }
  /** Sends the marked messages; returns the number of datagrams sent. The others are in {@link failed}. */
  send(messages) {
    let sent = 0;
    for (let first = 0; first < messages.count; first += WINDOW) {
      coalesce(messages, first, Math.min(first + WINDOW, messages.count), this.#trains, this.#segmentation);
      sent += this.#sendTrains(messages);
    }
    return sent;
  }
  #sendTrains(messages) {
    const trains = this.#trains;
    const buffer = this.#buffer;
    let sent = 0;
    for (let train = 0; train < trains.count; train++) {
      if (!buffer.reserve(trains.bytes[train], trains.datagrams[train])) {
        sent += this.#sendEncoded(messages);
        buffer.refresh();
      }
      if (buffer.crowded) {
        sent += this.#sendIfAdmitted(messages, train);
      } else if (this.#goesWhole(messages, train)) {
        this.#encode(messages, train);
      } else {
        sent += this.#sendEncoded(messages);
        sent += this.#sendOneByOne(messages, train);
      }
    }
    return sent + this.#sendEncoded(messages);
  }
  /** Sends as much of a train as the crowded send buffer admits. */
  #sendIfAdmitted(messages, train) {
    const { addresses } = messages;
    const peer = messages.peerWord(this.#trains.head[train]);
    const datagrams = this.#trains.datagrams[train];
    this.#buffer.refresh();
    if (this.#goesWhole(messages, train) && this.#buffer.admit(addresses, peer, this.#trains.bytes[train], datagrams)) {
      this.#encode(messages, train);
      const sent = this.#sendEncoded(messages);
      this.#buffer.charge(addresses, peer);
      return sent;
    }
    if (datagrams > 1) return this.#sendOneByOne(messages, train);
    this.#failTrain(messages, train, EAGAIN);
    return 0;
  }
  /** Whether a train leaves as one message: the kernel has not refused segments of this size to this peer. */
  #goesWhole(messages, train) {
    const trains = this.#trains;
    if (trains.datagrams[train] === 1) return true;
    const peer = messages.peerWord(trains.head[train]);
    return !this.#refusals.has(messages.addresses, peer, trains.segmentSizes[train]);
  }
  /** Encodes a train as one message. */
  #encode(messages, train) {
    const trains = this.#trains;
    const whole = this.#whole;
    const datagrams = trains.datagrams[train];
    whole.begin(trains.head[train], train, datagrams);
    for (let i = trains.head[train]; i >= 0; i = trains.after(i)) {
      whole.addBuffer(messages, messages.payloadOffset(i), messages.sizes[i]);
    }
    whole.end(messages, !this.connected, datagrams > 1 ? trains.segmentSizes[train] : 0);
  }
  /** Sends the encoded trains; returns the number of datagrams sent. */
  #sendEncoded(messages) {
    const whole = this.#whole;
    let sent = 0;
    for (let first = 0; first < whole.count; ) {
      const result2 = whole.send(this.#fd, first);
      if (result2 > 0) {
        for (let k = first; k < first + result2; k++) sent += whole.datagrams(k);
        first += result2;
        continue;
      }
      const train = whole.train(first);
      if (whole.datagrams(first) > 1 && mayRefuseSegments(-result2)) {
        sent += this.#sendRefused(messages, train, -result2);
      } else {
        this.#failTrain(messages, train, -result2);
      }
      first++;
    }
    whole.clear();
    return sent;
  }
  /** Sends the datagrams of a refused train one by one, and remembers the refusal. */
  #sendRefused(messages, train, errno) {
    const trains = this.#trains;
    const sent = this.#sendOneByOne(messages, train);
    if (sent === 0) return 0;
    const deviceRefuses = errno === EIO;
    const peer = messages.peerWord(trains.head[train]);
    this.#refusals.add(messages.addresses, peer, deviceRefuses ? 1 : trains.segmentSizes[train]);
    if (deviceRefuses) this.deviceRefusedTrains = true;
    return sent;
  }
  /** Sends every datagram of a train as a message of its own; returns the number of datagrams sent. */
  #sendOneByOne(messages, train) {
    const trains = this.#trains;
    const buffer = this.#buffer;
    const { addresses } = messages;
    const singles = this.#singles ??= new SendVector(this.#family, WINDOW);
    const segmentSize = trains.segmentSizes[train];
    const peer = messages.peerWord(trains.head[train]);
    let sent = 0;
    for (let i = trains.head[train]; i >= 0; i = trains.after(i)) {
      const size = messages.sizes[i];
      for (let from = 0; from < size; from += segmentSize) {
        const length = Math.min(segmentSize, size - from);
        const { crowded } = buffer;
        if (crowded && !buffer.admit(addresses, peer, length, 1)) {
          this.#fail(messages, i, EAGAIN, 1);
          continue;
        }
        singles.begin(i, train, 1);
        singles.addBuffer(messages, messages.payloadOffset(i) + from, length);
        singles.end(messages, !this.connected, 0);
        if (crowded || singles.count === WINDOW) sent += this.#sendSingles(messages, singles);
        if (crowded) buffer.charge(addresses, peer);
      }
    }
    return sent + this.#sendSingles(messages, singles);
  }
  #sendSingles(messages, singles) {
    let sent = 0;
    for (let first = 0; first < singles.count; ) {
      const result2 = singles.send(this.#fd, first);
      if (result2 > 0) {
        sent += result2;
        first += result2;
      } else {
        this.#fail(messages, singles.head(first), -result2, 1);
        first++;
      }
    }
    singles.clear();
    return sent;
  }
  #failTrain(messages, train, errno) {
    const trains = this.#trains;
    for (let i = trains.head[train]; i >= 0; i = trains.after(i)) {
      this.#fail(messages, i, errno, messages.datagrams(i));
    }
  }
  #fail(messages, i, errno, datagrams) {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR] += datagrams;
    this.lastError = errno;
    messages.errors[i] = errno;
  }
};
function mayRefuseSegments(errno) {
  return errno === EINVAL || errno === EMSGSIZE || errno === EIO || errno === EOPNOTSUPP;
}

// ffi/netlink.ts
function isLocalAddress(address, interfaceIndex2) {
  const message = new Memory(1024);
  const { bytes: bytes3, u16 } = message;
  let end = nlmsghdr.size;
  bytes3[end + rtmsg.rtm_family] = address.length === 4 ? AF_INET : AF_INET6;
  bytes3[end + rtmsg.rtm_dst_len] = address.length * 8;
  end += rtmsg.size;
  const attribute = (type2, value) => {
    u16[end + rtattr.rta_len >> 1] = rtattr.size + value.length;
    u16[end + rtattr.rta_type >> 1] = type2;
    bytes3.set(value, end + rtattr.size);
    end += rtattr.size + value.length;
  };
  attribute(RTA_DST, address);
  if (interfaceIndex2 !== 0) attribute(RTA_OIF, new Uint8Array(Int32Array.of(interfaceIndex2).buffer));
  const type = ask(message, RTM_GETROUTE, NLM_F_REQUEST, end);
  if (type === void 0) return void 0;
  return type === RTM_NEWROUTE && bytes3[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}
function hasIPv6Address() {
  const message = new Memory(4096);
  message.bytes[nlmsghdr.size + ifaddrmsg.ifa_family] = AF_INET6;
  const type = ask(message, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, nlmsghdr.size + ifaddrmsg.size);
  return type === void 0 ? void 0 : type === RTM_NEWADDR;
}
function ask(message, type, flags, length) {
  message.i32[nlmsghdr.nlmsg_len >> 2] = length;
  message.u16[nlmsghdr.nlmsg_type >> 1] = type;
  message.u16[nlmsghdr.nlmsg_flags >> 1] = flags;
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return void 0;
  const { call } = libc();
  const sent = call.send(fd, message.pointer(0), length, 0);
  const received = sent < 0 ? sent : call.read(fd, message.pointer(0), message.bytes.length);
  close(fd);
  return received < nlmsghdr.size ? void 0 : message.u16[nlmsghdr.nlmsg_type >> 1];
}

// src/socket/socket_options.ts
var INT_MAX = 2 ** 31 - 1;
var SEND_BUFFER_BYTES = 4 << 20;
function configure(fd, domain, receiveBuffer) {
  require2(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) require2(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const receivesTrains = setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const sendsTrains = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  requestBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  requestBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer);
  return { segmentation: receivesTrains && sendsTrains, receiveBuffer: getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2 };
}
function require2(result2) {
  if (result2 < 0) throw new SystemError("setsockopt", -result2);
}
function requestBuffer(fd, name, forceName, bytes3) {
  const granted = getsockopt(fd, SOL_SOCKET, name);
  if (bytes3 * 2 <= granted || setsockopt(fd, SOL_SOCKET, forceName, bytes3) >= 0) return;
  const trial = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(trial, SOL_SOCKET, name, bytes3);
  if (getsockopt(trial, SOL_SOCKET, name) > granted) setsockopt(fd, SOL_SOCKET, name, bytes3);
  close(trial);
}
function resetInherited(fd, domain) {
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, 0);
  if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 0);
  setsockopt(fd, IPPROTO_UDP, UDP_CORK, 0);
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags > 0 && (flags & O_NONBLOCK) !== 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

// src/socket/bind.ts
function readBindOptions(options3) {
  const { port, address, family, receiveBuffer, broadcast } = requireObject("bind", "the options of bind", options3);
  requirePort("bind", port, 0);
  if (address !== void 0) requireString("bind", "`address`", address);
  if (family !== void 0 && family !== 4 && family !== 6) {
    throw invalid("bind", `\`family\` must be 4 or 6, or absent for both, not ${describe(family)}`);
  }
  if (receiveBuffer !== void 0) requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
  if (broadcast !== void 0) requireBoolean("setsockopt", "`broadcast`", broadcast);
  return { port, address, family, receiveBuffer, broadcast };
}
function bindSocket(options3) {
  const notices = [];
  const { address, dualStack } = localAddress(options3, notices);
  const domain = isIPv4(address.bytes) ? AF_INET : AF_INET6;
  const fd = openSocket(domain);
  try {
    if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dualStack ? 0 : 1));
    const configuration = configure(fd, domain, options3.receiveBuffer ?? 0);
    if (!configuration.segmentation) {
      notices.push(
        "this kernel lacks UDP_GRO or UDP_SEGMENT (Linux 5.0 has both): each datagram takes a trip of its own"
      );
    }
    if (options3.broadcast) check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1));
    const memory = new Memory(sockaddr_in6.size);
    const length = writeResolvedAddress(memory, domain, address, options3.port);
    const error = bind(fd, memory, length);
    if (error < 0) throw bindError(address, options3.port, -error);
    return { fd, domain, dualStack, notices, ...configuration };
  } catch (error) {
    close(fd);
    throw error;
  }
}
function localAddress({ address, family }, notices) {
  if (address !== void 0) return { address: resolve(address, family)[0], dualStack: false };
  if (family !== 4 && !hasIPv6()) {
    if (family === 6) throw noIPv6();
    notices.push("this host has no IPv6: answering on IPv4 only");
    return { address: readAddress2("0.0.0.0"), dualStack: false };
  }
  return { address: readAddress2(family === 4 ? "0.0.0.0" : "::"), dualStack: family === void 0 };
}
function noIPv6() {
  return new SystemError(
    "socket",
    EAFNOSUPPORT,
    "cannot use IPv6: this host has none, or has it switched off (sysctl net.ipv6.conf.all.disable_ipv6; ipv6.disable=1 \
on the kernel's command line; RestrictAddressFamilies= of systemd); leave out -6, or give an IPv4 address"
  );
}
function hasIPv6() {
  const fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  close(fd);
  return hasIPv6Address() ?? true;
}
function openSocket(domain) {
  const fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd === -EAFNOSUPPORT && domain === AF_INET6) throw noIPv6();
  check("socket", fd);
  if (fd > 2) return fd;
  const higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return check("fcntl", higher);
}
function bindError({ bytes: bytes3, zone }, port, errno) {
  let advice = "";
  if (errno === EACCES) advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port";
  if (errno === EADDRINUSE) advice = `; \`ss -ulpn sport = :${port}\` shows which program has it, or try another port`;
  const reason = errno === EADDRNOTAVAIL ? "this address is not on this host; `ip address` lists its addresses" : errnoMessage(
  errno) + advice;
  return new SystemError("bind", errno, `cannot bind ${endpointText(bytes3, zone, port)}: ${reason}`);
}
function check(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
}

// src/socket/path.ts
var WORDS2 = 10;
var SCOPE = 8;
var INTERFACE = 9;
var copyPath;
var isPath;
var hasPath;
var setPath;
var Path = class _Path {
  /** The peer. */
  peer;
  /** The local address of replies; see `MessageBatch.localAddress`. */
  local;
  #family;
  #port;
  #words;
  constructor(messages, i, peer, local) {
    this.peer = peer;
    this.local = local;
    this.#family = messages.family;
    this.#port = messages.ports[i];
    this.#words = new Int32Array(WORDS2);
    this.#words.set(messages.addresses.subarray(messages.peerWord(i), messages.peerWord(i) + SCOPE));
    this.#words[SCOPE] = messages.scopes[i];
    this.#words[INTERFACE] = messages.interfaces[i];
  }
  static {
    copyPath = (messages, i, peer, local) => new _Path(messages, i, peer, local);
    isPath = (value) => #words in value;
    hasPath = (messages, i, path) => {
      const words = path.#words;
      const { addresses } = messages;
      const peer = messages.peerWord(i);
      for (let word = 0; word < SCOPE; word++) if (words[word] !== addresses[peer + word]) return false;
      return words[SCOPE] === messages.scopes[i] && words[INTERFACE] === messages.interfaces[i] && path.#port === messages.
      ports[i] && path.#family === messages.family;
    };
    setPath = (messages, i, path) => {
      if (path.#family !== messages.family) {
        throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
      }
      const words = path.#words;
      const { addresses } = messages;
      const peer = messages.peerWord(i);
      for (let word = 0; word < SCOPE; word++) addresses[peer + word] = words[word];
      messages.scopes[i] = words[SCOPE];
      messages.interfaces[i] = words[INTERFACE];
      messages.ports[i] = path.#port;
    };
  }
};

// src/socket/route.ts
function setRoute(messages, i, { to, from }) {
  const { address, port } = requireObject("sendmmsg", "`to`", to);
  const peer = requireAddress(address);
  messages.ports[i] = requirePort("sendmmsg", port, 1);
  if (messages.family === AF_INET && !isIPv4(peer.bytes)) throw noReach("sendmmsg", address, false);
  const local = from === void 0 ? void 0 : requireSource(from, peer);
  const { addresses } = messages;
  addresses.set(addressWords(peer.bytes), messages.peerWord(i));
  const word = messages.localWord(i);
  if (local === void 0) {
    addresses.fill(0, word, word + 4);
    if (isIPv4(peer.bytes)) addresses[word + 2] = IPV4_MAPPED;
  } else {
    addresses.set(addressWords(local.bytes), word);
  }
  messages.scopes[i] = peer.scope;
  messages.interfaces[i] = local?.scope ?? 0;
}
function noReach(syscall, address, ipv4) {
  const message = ipv4 ? `an IPv6 socket does not reach the IPv4 address ${address}; bind one for both families, or for \
IPv4` : `an IPv4 socket does not reach the IPv6 address ${address}; bind one for both families, or for IPv6`;
  return new SystemError(syscall, EAFNOSUPPORT, message);
}
function requireSource(from, peer) {
  const local = requireAddress(from);
  const { bytes: bytes3, scope } = local;
  const ipv4 = isIPv4(bytes3);
  if (isUnspecified(addressWords(bytes3), 0)) return scope === 0 || ipv4 || isIPv4(peer.bytes) ? void 0 : local;
  if (ipv4 !== isIPv4(peer.bytes)) {
    const families = ipv4 ? "an IPv4 address to an IPv6" : "an IPv6 address to an IPv4";
    const message = `cannot send from ${families} one; leave \`from\` out, or change it`;
    throw new SystemError("sendmmsg", EAFNOSUPPORT, message);
  }
  if (isLocalAddress(ipv4 ? bytes3.subarray(12) : bytes3, scope) === false) {
    const message = `cannot send from ${from}: this address is not on this host; \`ip address\` lists its addresses`;
    throw new SystemError("sendmmsg", EADDRNOTAVAIL, message);
  }
  return local;
}

// src/socket/message_batch.ts
var CAPACITY_MAX = 1024;
var messagesOf;
var MessageBatch = class {
  #messages;
  /**
   * Allocates a batch. `UdpSocket.batch` does so for its own family.
   * @param family `AF_INET` (2) or `AF_INET6` (10), as the socket's
   * @param capacity most messages at a time, 1 to 1024
   * @throws {SystemError} `EINVAL` for other values
   */
  constructor(family, capacity) {
    if (family !== AF_INET && family !== AF_INET6) throw invalid("recvmmsg", "a batch is for AF_INET or AF_INET6");
    this.#messages = new Messages(
      family,
      requireInteger("recvmmsg", "the capacity of a batch", capacity, 1, CAPACITY_MAX)
    );
  }
  static {
    messagesOf = (syscall, batch) => {
      if (typeof batch === "object" && batch !== null && #messages in batch) return batch.#messages;
      throw invalid(syscall, `a batch must be a MessageBatch, not ${describe(batch)}`);
    };
  }
  /** `AF_INET` (2) or `AF_INET6` (10). */
  get family() {
    return this.#messages.family;
  }
  /** Most messages at a time. */
  get capacity() {
    return this.#messages.capacity;
  }
  /** Messages that were received last, or added since {@link clear}. */
  get count() {
    return this.#messages.count;
  }
  /**
   * Addresses of all messages, each as four 32-bit words that hold its 16 bytes in network byte order; an IPv4 address is
   * IPv4-mapped. {@link peerWord} and {@link localWord} give the indexes.
   */
  get addresses() {
    return this.#messages.addresses;
  }
  /** Payloads of all messages; {@link payloadOffset} gives the offsets. The kernel writes here: do not transfer it. */
  get payloads() {
    return this.#messages.payloads.bytes;
  }
  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i) {
    return this.#at(i).sizes[i];
  }
  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i) {
    return this.#at(i).segmentSizes[i];
  }
  /** Datagrams in message `i`, at least 1. */
  datagrams(i) {
    return this.#at(i).datagrams(i);
  }
  /** Keeps the first `datagrams` datagrams of message `i` and drops the others; without effect if it has no more. */
  shorten(i, datagrams) {
    const messages = this.#at(i);
    if (datagrams < messages.datagrams(i) && datagrams > 0 && Number.isInteger(datagrams)) {
      messages.sizes[i] = datagrams * messages.segmentSizes[i];
    }
  }
  /** Kind of the destination of message `i`: `UNICAST`, `BROADCAST`, `MULTICAST` or `UNKNOWN`. */
  destination(i) {
    return this.#at(i).destinations[i];
  }
  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i) {
    return this.#at(i).interfaces[i] >>> 0;
  }
  /** Name of the interface that message `i` arrived by; its index in decimal if it no longer exists. Allocates. */
  interfaceName(i) {
    return interfaceName(this.interfaceIndex(i));
  }
  /** Time at which the kernel received message `i`, as a `wallTime`; `undefined` without `SO_TIMESTAMPING`. */
  arrival(i) {
    const { timed, seconds, nanoseconds } = this.#at(i);
    return timed[i] === 0 ? void 0 : wallTime(seconds[i], nanoseconds[i]);
  }
  /** Source port of message `i`. */
  peerPort(i) {
    return this.#at(i).ports[i];
  }
  /** Index in {@link addresses} of the source address of message `i`. */
  peerWord(i) {
    return this.#at(i).peerWord(i);
  }
  /** Interface index of the peer's link-local address; 0 for other addresses. */
  peerScope(i) {
    return this.#at(i).scopes[i] >>> 0;
  }
  /** Interface name of the peer's link-local address; "" for other addresses. Allocates for a link-local address. */
  peerZone(i) {
    const messages = this.#at(i);
    return hasLinkLocalPrefix(messages.addresses, messages.peerWord(i)) ? interfaceName(this.peerScope(i)) : "";
  }
  /** Whether the peer of message `i` has an IPv4 address. */
  isIPv4(i) {
    const messages = this.#at(i);
    return isMapped(messages.addresses, messages.peerWord(i));
  }
  /** The peer of message `i`. Allocates. */
  peer(i) {
    const zone = this.peerZone(i);
    const address = wordsText(this.addresses, this.peerWord(i));
    return { address: zone === "" ? address : `${address}%${zone}`, port: this.peerPort(i) };
  }
  /** Index in {@link addresses} of the local address that a reply to message `i` leaves from. */
  localWord(i) {
    return this.#at(i).localWord(i);
  }
  /** Interface name of the local address if that is link-local; "" for other addresses. Allocates as {@link peerZone}. */
  localZone(i) {
    const messages = this.#at(i);
    return hasLinkLocalPrefix(messages.addresses, messages.localWord(i)) ? this.interfaceName(i) : "";
  }
  /**
   * The local address that a reply to message `i` leaves from, with its zone if it is link-local. After an IPv6 multicast
   * it is `::` with the zone of the interface, which determines the address. Allocates.
   */
  localAddress(i) {
    const word = this.localWord(i);
    const interfaceDetermines = this.destination(i) === MULTICAST && !isMapped(this.addresses, word);
    const zone = interfaceDetermines ? this.interfaceName(i) : this.localZone(i);
    const address = wordsText(this.addresses, word);
    return zone === "" ? address : `${address}%${zone}`;
  }
  /** Offset in {@link payloads} of the payload of message `i`; there is room for {@link PAYLOAD_SIZE_MAX} bytes. */
  payloadOffset(i) {
    return this.#at(i).payloadOffset(i);
  }
  /** The payload of message `i`, as a view that the next reception overwrites. Allocates. */
  payload(i) {
    const messages = this.#at(i);
    const offset = messages.payloadOffset(i);
    return messages.payloads.bytes.subarray(offset, offset + messages.sizes[i]);
  }
  /**
   * Replaces the payload of message `i` by a copy of at most {@link PAYLOAD_SIZE_MAX} bytes.
   * @throws {SystemError} `EMSGSIZE` for a larger one
   */
  setPayload(i, payload) {
    this.#at(i).setPayload(i, payload, requirePayload(payload));
  }
  /**
   * Marks message `i`: every `UdpSocket.send` sends its payload to its peer from its local address, until the batch is
   * filled anew.
   */
  markForSend(i) {
    this.#at(i).marks[i] = MARKED;
  }
  /** Whether message `i` is marked for sending. */
  isMarked(i) {
    return this.#at(i).marks[i] === MARKED;
  }
  /** The error of message `i`, or of a datagram of it, in the last `UdpSocket.send`; 0 if it was sent. errno(3) */
  error(i) {
    return this.#at(i).errors[i];
  }
  /** Empties the batch. */
  clear() {
    this.#messages.count = 0;
  }
  /**
   * Adds a message and marks it for sending: a copy of `payload`, at most {@link PAYLOAD_SIZE_MAX} bytes, along a route or
   * along the path of a received message. Allocates, unless it is given a path.
   * @throws {SystemError} `ENOBUFS` if the batch is full, `EMSGSIZE` for a larger payload, `EAFNOSUPPORT` for an address
   *   that the socket cannot use, `EADDRNOTAVAIL` for a source that is not local
   */
  add(payload, route) {
    const messages = this.#messages;
    const i = messages.count;
    if (i >= messages.capacity) {
      const message = `the batch is full: it holds ${messages.capacity} messages; send it first`;
      throw new SystemError("sendmmsg", ENOBUFS, message);
    }
    const size = requirePayload(payload);
    requireObject("sendmmsg", "the route of a message", route);
    if (isPath(route)) setPath(messages, i, route);
    else setRoute(messages, i, route);
    messages.setPayload(i, payload, size);
    messages.compose(i);
    messages.count = i + 1;
  }
  /**
   * The path of message `i`, for datagrams to send along it later. Allocates, unless the path is that of `known`, which it
   * then returns.
   */
  path(i, known2) {
    const messages = this.#at(i);
    if (known2 !== void 0 && hasPath(messages, i, known2)) return known2;
    return copyPath(messages, i, this.peer(i), this.localAddress(i));
  }
  /** The messages, of which `i` must be one. */
  #at(i) {
    const messages = this.#messages;
    if (i >>> 0 === i && i < messages.count) return messages;
    const message = `the batch has no message ${describe(i)}: it holds ${messages.count}, numbered from 0`;
    throw invalid("sendmmsg", message);
  }
};
function requirePayload(payload) {
  const size = requireBytes("sendmmsg", "a payload", payload);
  if (size <= PAYLOAD_SIZE_MAX) return size;
  const message = `a payload of ${size} bytes is too large: a datagram carries 65507 bytes over IPv4, 65527 over IPv6`;
  throw new SystemError("sendmmsg", EMSGSIZE, message);
}

// ffi/epoll.ts
var EVENTS_MAX = 64;
var Epoll = class {
  #memory = new Memory((1 + EVENTS_MAX) * epoll_event.size);
  #i32 = this.#memory.i32;
  #event = this.#memory.pointer(0);
  #events = this.#memory.pointer(epoll_event.size);
  #call = lazyLibc();
  #errno = libc().errno;
  #blocking = blockingLibc();
  #epoll;
  #waker;
  /** @throws {SystemError} if the process has no descriptors left */
  constructor() {
    this.#epoll = check2("epoll_create1", this.#result(this.#call.epoll_create1(EPOLL_CLOEXEC)));
    const waker = this.#result(this.#call.eventfd(1, EFD_CLOEXEC));
    if (waker < 0) close(this.#epoll);
    this.#waker = check2("eventfd", waker);
  }
  /**
   * Reports `fd` once it is readable or has an error.
   * @param tag a 32-bit number that tells this request from one for an earlier descriptor of the same number
   * @throws {SystemError} if the kernel refuses the descriptor
   */
  arm(fd, tag) {
    const result2 = this.#control(EPOLL_CTL_MOD, fd, tag);
    check2("epoll_ctl", result2 === -ENOENT ? this.#control(EPOLL_CTL_ADD, fd, tag) : result2);
  }
  /** Removes `fd`. Call it before `close`. */
  remove(fd) {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }
  /** Ends the current or the next {@link wait}. */
  wake() {
    this.arm(this.#waker, 0);
  }
  /** Waits on another thread; returns the number of descriptors reported. epoll_wait(2) */
  async wait() {
    const count = await this.#blocking.epoll_wait(this.#epoll, this.#events, EVENTS_MAX, -1);
    return Math.max(0, count);
  }
  /** The descriptor that the last wait reported as number `i`. */
  reported(i) {
    return this.#i32[(1 + i) * epoll_event.size + epoll_event.data >> 2];
  }
  /** The tag that it was armed with. */
  reportedTag(i) {
    return this.#i32[(1 + i) * epoll_event.size + epoll_event.data + 4 >> 2];
  }
  #control(operation, fd, tag) {
    this.#i32[epoll_event.events >> 2] = EPOLLIN | EPOLLONESHOT;
    this.#i32[epoll_event.data >> 2] = fd;
    this.#i32[epoll_event.data + 4 >> 2] = tag;
    return this.#result(this.#call.epoll_ctl(this.#epoll, operation, fd, this.#event));
  }
  #result(value) {
    return value < 0 ? -this.#errno() : value;
  }
};
function check2(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
}

// src/socket/readiness.ts
var waiting = /* @__PURE__ */ new Map();
var lastTag = 0;
var epoll;
var running = false;
function readable(fd) {
  return new Promise((resolve2, reject) => {
    epoll ??= new Epoll();
    const tag = lastTag = lastTag + 1 | 0;
    epoll.arm(fd, tag);
    waiting.set(fd, { tag, resolve: resolve2, reject });
    if (!running) void run(epoll);
  });
}
function forget(fd) {
  epoll?.remove(fd);
  waiting.get(fd)?.resolve(false);
  if (waiting.delete(fd) && waiting.size === 0) epoll?.wake();
}
async function run(epoll2) {
  running = true;
  try {
    while (waiting.size > 0) {
      const count = await epoll2.wait();
      for (let i = 0; i < count; i++) {
        const fd = epoll2.reported(i);
        const waiter = waiting.get(fd);
        if (waiter?.tag !== epoll2.reportedTag(i)) continue;
        waiter.resolve(true);
        waiting.delete(fd);
      }
    }
  } catch (error) {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  } finally {
    running = false;
  }
}

// src/socket/send_error.ts
function sendError(batch, i) {
  const { address, port } = batch.peer(i);
  const errno = batch.error(i);
  const reason = reasonOf2(errno, batch.size(i), batch.isIPv4(i) ? 65507 : 65527);
  return new SystemError("sendmmsg", errno, `cannot send ${batch.size(i)} bytes to ${address} port ${port}: ${reason}`);
}
function reasonOf2(errno, size, sizeMax) {
  switch (errno) {
    case EMSGSIZE:
      return size > sizeMax ? `a datagram carries at most ${sizeMax} bytes over ${sizeMax === 65507 ? "IPv4" : "IPv6"}` :
      "it exceeds the MTU of the path, and must not be fragmented";
    case EINVAL:
      return "the source address is not on this host; `ip address` lists its addresses";
    case EACCES:
      return "permission denied; a broadcast address needs a socket bound with `broadcast: true`";
    case EAGAIN:
      return "the send buffer is full; try again later";
    default:
      return `${errnoMessage(errno)} (${errnoName(errno)})`;
  }
}

// src/socket/udp_socket.ts
var owned = /* @__PURE__ */ new Set();
var unreachable = new FinalizationRegistry(release);
var descriptorOf;
var UdpSocket = class _UdpSocket {
  #domain;
  #dualStack;
  #address;
  #port;
  #receiveBuffer;
  #adopted;
  #notices;
  #memory;
  #sender;
  #fd;
  #drops = 0;
  // The kernel's counter at the last reading.
  #dropsSeen;
  #connected;
  #readable;
  #single;
  constructor({ fd, domain, dualStack, segmentation, receiveBuffer, notices }, adopted) {
    const size = socketAddressSize(domain);
    const name = new Memory(size);
    check("getsockname", getsockname(fd, name, size));
    this.#fd = fd;
    this.#domain = domain;
    this.#dualStack = dualStack;
    this.#address = readSocketAddress(name.bytes.subarray(0, size));
    this.#port = readPort(name.bytes);
    this.#receiveBuffer = receiveBuffer;
    this.#adopted = adopted;
    this.#notices = notices;
    this.#memory = new SocketMemory(fd);
    this.#sender = new BatchSender({ fd, family: domain, segmentation, socketMemory: this.#memory });
    this.#dropsSeen = this.#memory.drops;
    if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    owned.add(fd);
    unreachable.register(this, fd, this);
  }
  static {
    descriptorOf = (syscall, socket2) => {
      if (typeof socket2 !== "object" || socket2 === null || !(#fd in socket2)) {
        throw invalid(syscall, "a socket must be a UdpSocket");
      }
      return socket2.#open(syscall);
    };
  }
  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user if the address cannot be bound
   */
  static bind(options3) {
    const bound = bindSocket(readBindOptions(options3));
    try {
      return new _UdpSocket(bound, false);
    } catch (error) {
      close(bound.fd);
      throw error;
    }
  }
  /**
   * Adopts a bound UDP socket, as a service manager passes it for socket activation. It resets options that would change
   * how this class works: `SO_BROADCAST`, `IP_RECVERR`, `SO_TIMESTAMPING`, `UDP_CORK`, `O_NONBLOCK`.
   * @param fd its descriptor
   * @param options `receiveBuffer`: bytes to request; a larger buffer stays as it is
   * @throws {SystemError} with a sentence for the user if it is no bound UDP socket, or another `UdpSocket` has it
   */
  static adopt(fd, options3 = {}) {
    requireInteger("getsockopt", "a descriptor", fd, 0, INT_MAX);
    const { receiveBuffer = 0 } = requireObject("setsockopt", "the options of adopt", options3);
    requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
    const refuse = (errno, reason) => new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
    if (owned.has(fd)) throw refuse(EINVAL, "another UdpSocket has it");
    const type = getsockopt(fd, SOL_SOCKET, SO_TYPE);
    const domain = getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
    if (type < 0) throw refuse(-type, errnoMessage(-type));
    if (domain !== AF_INET && domain !== AF_INET6 || type !== SOCK_DGRAM) throw refuse(EINVAL, "it is no UDP socket");
    const size = socketAddressSize(domain);
    const name = new Memory(size);
    check("getsockname", getsockname(fd, name, size));
    if (readPort(name.bytes) === 0) throw refuse(EINVAL, "it is not bound to a port");
    const dualStack = domain === AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
    const configuration = configure(fd, domain, receiveBuffer);
    resetInherited(fd, domain);
    return new _UdpSocket({ fd, domain, dualStack, notices: [], ...configuration }, true);
  }
  /** `AF_INET` (2) or `AF_INET6` (10). */
  get domain() {
    return this.#domain;
  }
  /** Address families that it receives: `IPv4`, `IPv6`, or `IPv4 and IPv6`. */
  get families() {
    return this.#domain === AF_INET ? "IPv4" : this.#dualStack ? "IPv4 and IPv6" : "IPv6";
  }
  /** The local address. */
  get address() {
    return this.#address;
  }
  /** The local port. */
  get port() {
    return this.#port;
  }
  /** The local endpoint as text: `[::]:9000`. */
  get endpoint() {
    return endpointText(this.#address.bytes, this.#address.zone, this.#port);
  }
  /** Receive buffer that the kernel granted, in bytes of datagrams with their bookkeeping. */
  get receiveBuffer() {
    return this.#receiveBuffer;
  }
  /** Whether it was adopted: then other processes may share it. */
  get adopted() {
    return this.#adopted;
  }
  /** Shortcomings of the host or its kernel, a sentence each. */
  get notices() {
    return this.#notices;
  }
  /** The descriptor, for poll(2); -1 after {@link close}. */
  get fd() {
    return this.#fd;
  }
  /**
   * Sets an option whose value is an `int`, by the kernel's numbers: `setOption(IPPROTO_IP, IP_TTL, 1)`. setsockopt(2),
   * ip(7), ipv6(7), socket(7)
   * @throws {SystemError} if the kernel refuses it
   */
  setOption(level, name, value) {
    for (const number2 of [level, name, value]) requireInteger("setsockopt", "an option", number2, -INT_MAX - 1, INT_MAX);
    check("setsockopt", setsockopt(this.#open("setsockopt"), level, name, value));
  }
  /** Allocates a batch for this socket: `capacity` messages, 1 to 1024, of about 64 KiB each. */
  batch(capacity) {
    return new MessageBatch(this.#domain, capacity);
  }
  /**
   * Connects the socket: it then receives only from the peer, sends only to it, whatever a batch says, and its `receive`
   * and `send` report ICMP errors. connect(2)
   * @throws {SystemError} if there is no route to the peer
   */
  connect(to) {
    const fd = this.#open("connect");
    const { address: text, port } = requireObject("connect", "the peer", to);
    const address = requireAddress(text);
    requirePort("connect", port, 1);
    this.#requireReach("connect", isIPv4(address.bytes), text);
    const memory = new Memory(sockaddr_in6.size);
    const error = connect(fd, memory, writeResolvedAddress(memory, this.#domain, address, port));
    if (error < 0) {
      throw new SystemError("connect", -error, `cannot connect to ${text}: ${errnoMessage(-error)}`);
    }
    this.#connected = { address, port };
    this.#sender.connected = true;
  }
  /**
   * Sends one datagram along a route, or along the path of a received one. {@link send} is faster for many. It never waits.
   * @throws {SystemError} `EAFNOSUPPORT` for an address that the socket cannot use, `EADDRNOTAVAIL` for a source that is
   *   not local, `EMSGSIZE` for a payload that is too large, and errors of the kernel
   */
  sendTo(payload, route) {
    this.#open("sendmmsg");
    const batch = this.#single ??= this.batch(1);
    batch.clear();
    batch.add(payload, route);
    const messages = messagesOf("sendmmsg", batch);
    this.#requireReach("sendmmsg", batch.isIPv4(0), batch.peer(0).address);
    this.#requireConnectedPeer(batch, messages);
    if (this.#sender.send(messages) === 0) throw sendError(batch, 0);
  }
  /** Sets the longest time that {@link receive} waits, in milliseconds; 0, the default, for no limit. */
  setReceiveTimeout(milliseconds2) {
    requireInteger("setsockopt", "a time in milliseconds", milliseconds2, 0, INT_MAX);
    check("setsockopt", setsockoptTimeval(this.#open("setsockopt"), SOL_SOCKET, SO_RCVTIMEO, milliseconds2));
  }
  /**
   * Waits until there is something to receive, while the event loop goes on. A pending call keeps the process alive.
   * @returns true; or false as soon as the socket is closed
   */
  readable() {
    const fd = this.#open("poll");
    return this.#readable ??= readable(fd).finally(() => this.#readable = void 0);
  }
  /**
   * Receives messages into a batch. With `wait` it blocks until there is one, and the event loop with it; see
   * {@link readable}. It allocates nothing.
   * @returns the number of messages; `-EAGAIN` (-11) if none came in time, `-EINTR` (-4) after a signal, or another
   *   negative error number
   */
  receive(batch, wait) {
    const messages = this.#messagesOf("recvmmsg", batch);
    return messages.receive(this.#fd, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
  }
  /**
   * Sends the marked messages of a batch, each from its local address to its peer. It never waits, and allocates nothing
   * but on the first refusal of a train.
   * @returns the number of datagrams sent; {@link failed} counts the others, and `MessageBatch.error` has their errors
   */
  send(batch) {
    return this.#sender.send(this.#messagesOf("sendmmsg", batch));
  }
  /** Datagrams that could not be sent, by error number. */
  failed(errno) {
    return this.#sender.failed[errno] ?? 0;
  }
  /** Error number of the last datagram that could not be sent; 0 if all could. */
  get lastError() {
    return this.#sender.lastError;
  }
  /** Whether a network device refused a train. */
  get deviceRefusedTrains() {
    return this.#sender.deviceRefusedTrains;
  }
  /**
   * Datagrams that the kernel dropped because the receive buffer was full. The kernel counts modulo 2^32, and a train as
   * one. `sk_drops`, net/core/sock.c
   */
  drops() {
    this.#memory.read();
    this.#drops += this.#memory.drops - this.#dropsSeen >>> 0;
    this.#dropsSeen = this.#memory.drops;
    return this.#drops;
  }
  /** Closes the socket. Closing it again has no effect. */
  close() {
    if (this.#fd < 0) return;
    unreachable.unregister(this);
    release(this.#fd);
    this.#fd = -1;
  }
  /** Closes the socket at the end of a block that declared it with `using`. */
  [Symbol.dispose]() {
    this.close();
  }
  /** The descriptor of the socket, which must be open. */
  #open(syscall) {
    if (this.#fd >= 0) return this.#fd;
    throw new SystemError(syscall, EBADF, "the socket is closed; bind a new one");
  }
  /** The messages of a batch, which must fit this socket and have its memory. */
  #messagesOf(syscall, batch) {
    this.#open(syscall);
    const messages = messagesOf(syscall, batch);
    if (messages.family !== this.#domain) {
      const message = "the batch belongs to a socket of the other family; use one that this socket's `batch` makes";
      throw new SystemError(syscall, EAFNOSUPPORT, message);
    }
    if (messages.payloads.bytes.length === 0) {
      throw invalid(syscall, "the payloads of the batch were transferred to another thread; make a new batch");
    }
    return messages;
  }
  /** Requires that this socket reaches addresses of the family. */
  #requireReach(syscall, ipv4, address) {
    if (ipv4 ? this.#domain === AF_INET || this.#dualStack : this.#domain === AF_INET6) return;
    throw noReach(syscall, address, ipv4);
  }
  /** Requires that message 0 goes to the peer that the socket is connected to, if it is. */
  #requireConnectedPeer(batch, messages) {
    if (this.#connected === void 0) return;
    const { address, port } = this.#connected;
    const { addresses, ports } = messages;
    if (sameAddress(addressWords(address.bytes), 0, addresses, messages.peerWord(0)) && ports[0] === port) return;
    const other = batch.peer(0);
    const message = `cannot send to ${other.address} port ${other.port}: the socket is connected to ${endpointText(address.
    bytes, address.zone, port)}`;
    throw new SystemError("sendmmsg", EISCONN, message);
  }
};
function release(fd) {
  owned.delete(fd);
  forget(fd);
  close(fd);
}

// src/echo/rate_limit.ts
var WAYS = 8;
var RateLimit = class {
  #interval;
  #burst;
  #places;
  // Two words a source: the IPv6 /64, or the mark of IPv4 and the address.
  #sources;
  // Microseconds at which the bucket is full again.
  #full;
  // A word for each value of each of the eight bytes of those.
  #random = crypto.getRandomValues(new Int32Array(8 * 256));
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
    const mapped = isMapped(words, at);
    const first = mapped ? IPV4_MAPPED : words[at];
    const second = mapped ? words[at + 3] : words[at + 1];
    const entry = this.#find(first, second);
    const full = Math.max(this.#full[entry], now);
    const held = Math.min(datagrams, Math.floor((now + this.#burst - full) / this.#interval + 1e-6));
    this.#full[entry] = full + held * this.#interval;
    return held;
  }
  /** The entry of a source, which takes that of another one if it has none. */
  #find(first, second) {
    const random = this.#random;
    const hash = random[first & 255] ^ random[256 | first >>> 8 & 255] ^ random[512 | first >>> 16 & 255] ^ random[768 |
    first >>> 24] ^ random[1024 | second & 255] ^ random[1280 | second >>> 8 & 255] ^ random[1536 | second >>> 16 & 255] ^
    random[1792 | second >>> 24];
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

// src/echo/guard.ts
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
  "over_max_rate",
  "stopping"
];
var ACCEPTED = 0;
var SERVICE_PORTS = /* @__PURE__ */ new Map([
  [1194, "OpenVPN"],
  [1434, "Microsoft SQL Server browser"],
  [1604, "Citrix ICA browser"],
  [1900, "SSDP"],
  [2049, "NFS"],
  [2362, "Digi device discovery"],
  [3283, "Apple Remote Desktop"],
  [3389, "Remote Desktop"],
  [3478, "STUN"],
  [3702, "WS-Discovery"],
  [3784, "BFD"],
  [4500, "IPsec NAT traversal"],
  [5060, "SIP"],
  [5093, "Sentinel license manager"],
  [5351, "NAT-PMP"],
  [5353, "mDNS"],
  [5355, "LLMNR"],
  [5683, "CoAP"],
  [6881, "BitTorrent"],
  [7001, "AFS"],
  [10001, "Ubiquiti discovery"],
  [10074, "Mitel TP-240 driver"],
  [11211, "memcached"],
  [17185, "VxWorks debugger"],
  [20800, "Call of Duty"],
  [20811, "Powerhouse VPN management"],
  [26e3, "Quake"],
  [27005, "Steam game clients"],
  [27015, "Steam game servers"],
  [27036, "Steam Remote Play"],
  [27960, "Quake III"],
  [30120, "FiveM game servers"],
  [30718, "Lantronix device discovery"],
  [32414, "Plex media server"]
]);
var Guard = class {
  /** Datagrams refused, by number of the reason. */
  refused = new Float64Array(REASONS.length);
  #port;
  #answerBroadcast;
  #answerMulticast;
  // Reasons by source port.
  #ports;
  #allow;
  #rate;
  #maxRate;
  #clock = new Clock(CLOCK_MONOTONIC);
  /** @param options see {@link GuardOptions} */
  constructor(options3) {
    this.#port = options3.port;
    this.#answerBroadcast = options3.answerBroadcast ?? false;
    this.#answerMulticast = options3.answerMulticast ?? false;
    this.#ports = new Uint8Array(65536);
    if (!options3.answerAnyPort) {
      this.#ports.fill(RESERVED_SOURCE_PORT, 0, 1024);
      for (const port of SERVICE_PORTS.keys()) this.#ports[port] = SERVICE_SOURCE_PORT;
      this.#ports[options3.port] = OWN_SOURCE_PORT;
    }
    this.#ports[0] = SOURCE_PORT_ZERO;
    this.#allow = new AllowList(options3.allow ?? []);
    if (options3.rate !== void 0) this.#rate = new RateLimit(options3.rate, RATE_TABLE_SOURCES);
    if (options3.maxRate !== void 0) this.#maxRate = new RateLimit(options3.maxRate, 1);
  }
  /**
   * Admits the first datagrams of message `i` of a batch, and counts the others as refused.
   * @returns the number of datagrams admitted, 0 to all
   */
  admit(batch, i) {
    const datagrams = batch.datagrams(i);
    const reason = this.#reasonToRefuse(batch, i);
    if (reason !== ACCEPTED) {
      this.refused[reason] += datagrams;
      return 0;
    }
    if (this.#rate === void 0 && this.#maxRate === void 0) return datagrams;
    return this.#admitByRate(batch, i, datagrams);
  }
  #reasonToRefuse(batch, i) {
    const destination = batch.destination(i);
    if (destination === UNKNOWN) return UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#answerBroadcast) return BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#answerMulticast) return MULTICAST_DESTINATION;
    const { addresses } = batch;
    const peer = batch.peerWord(i);
    if (isUnspecified(addresses, peer)) return UNSPECIFIED_SOURCE;
    if (isMulticast(addresses, peer)) return MULTICAST_SOURCE;
    if (addresses[peer + 3] === -1 && isMapped(addresses, peer)) return BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== ACCEPTED) return this.#ports[port];
    if (port === this.#port && sameAddress(addresses, peer, addresses, batch.localWord(i))) return OWN_ENDPOINT;
    if (!this.#allow.has(addresses, peer)) return NOT_ALLOWED;
    return ACCEPTED;
  }
  #admitByRate(batch, i, datagrams) {
    const clock = this.#clock;
    clock.read();
    const now = clock.seconds * 1e6 + clock.nanoseconds / 1e3;
    let admitted = datagrams;
    if (this.#rate !== void 0) {
      admitted = this.#rate.take(batch.addresses, batch.peerWord(i), datagrams, now);
      this.refused[OVER_RATE] += datagrams - admitted;
    }
    if (this.#maxRate !== void 0 && admitted > 0) {
      const underRate = admitted;
      admitted = this.#maxRate.take(ANYONE, 0, underRate, now);
      this.refused[OVER_MAX_RATE] += underRate - admitted;
    }
    return admitted;
  }
};
var AllowList = class {
  #count;
  // By prefix: whether it is one of IPv6 addresses.
  #ipv6;
  #networks;
  #masks;
  constructor(prefixes) {
    this.#count = prefixes.length;
    this.#ipv6 = prefixes.map(({ bytes: bytes3, length }) => length < 96 || !isIPv4(bytes3));
    const masks = new Uint8Array(this.#count * ADDRESS_SIZE);
    const networks = new Uint8Array(this.#count * ADDRESS_SIZE);
    prefixes.forEach(({ bytes: bytes3, length }, k) => {
      for (let i = 0; i < ADDRESS_SIZE; i++) {
        const bits = Math.max(0, Math.min(8, length - i * 8));
        const mask = 65280 >> bits & 255;
        masks[k * ADDRESS_SIZE + i] = mask;
        networks[k * ADDRESS_SIZE + i] = bytes3[i] & mask;
      }
    });
    this.#masks = new Int32Array(masks.buffer);
    this.#networks = new Int32Array(networks.buffer);
  }
  /** Whether the address of four words from `at` is in one of the prefixes, or the list is empty. */
  has(words, at) {
    if (this.#count === 0) return true;
    const ipv6 = !isMapped(words, at);
    for (let k = 0; k < this.#count; k++) {
      let differs = this.#ipv6[k] === ipv6 ? 0 : 1;
      for (let i = 0; i < 4; i++) differs |= words[at + i] & this.#masks[k * 4 + i] ^ this.#networks[k * 4 + i];
      if (differs === 0) return true;
    }
    return false;
  }
};
var RATE_TABLE_SOURCES = 65536;
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
var STOPPING = number("stopping");

// src/echo/counters.ts
var Counters = class {
  /** Datagrams that came in. */
  received = 0;
  /** Datagrams that were sent back. */
  echoed = 0;
  #start = performance.now();
  /** Sums up. */
  summary({ refused, failed, droppedByKernel, logLinesDropped }) {
    const refusedByReason = {};
    REASONS.forEach((name, i) => {
      if (refused[i] > 0) refusedByReason[name] = refused[i];
    });
    const failedByErrno = {};
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
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

// src/cli/event_loop.ts
var SIGNAL_TURNS = 64;
var SIGNAL_MILLISECONDS = 5;
var timers;
async function takeTurns(count) {
  const { setImmediate } = timers ??= await import("node:timers");
  for (let i = 0; i < count; i++) await new Promise((resolve2) => setImmediate(resolve2));
}
async function handleSignal() {
  await new Promise((resolve2) => setTimeout(resolve2, SIGNAL_MILLISECONDS));
  await takeTurns(SIGNAL_TURNS);
}

// src/echo/fault_notices.ts
var FaultNotices = class {
  /** The error number of the last reception that failed; 0 if it was told. */
  receiveError = 0;
  #socket;
  #tell;
  #failuresTold = new Float64Array(ERRNO_COUNT);
  #trainsTold = false;
  /**
   * @param socket whose failures to tell
   * @param tell tells the operator a sentence
   */
  constructor(socket2, tell) {
    this.#socket = socket2;
    this.#tell = tell;
  }
  /** Tells the faults since the last call. */
  everySecond() {
    if (this.receiveError !== 0) {
      this.#tell(`receiving failed: ${errnoMessage(this.receiveError)} (${errnoName(this.receiveError)})`);
      this.receiveError = 0;
    }
    const failures = [];
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      const failed = this.#socket.failed(errno);
      const count = failed - this.#failuresTold[errno];
      if (count > 0) failures.push(`${count} × ${errnoName(errno)} (${errnoMessage(errno)})`);
      this.#failuresTold[errno] = failed;
    }
    if (failures.length > 0) this.#tell(`replies could not be sent: ${failures.join(", ")}`);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }
};

// src/echo/echo_server.ts
var BATCH_CAPACITY = 64;
var PAUSE_INTERVAL_MICROSECONDS = 1e4;
var PAUSE_TURNS = 3;
var NAP_MILLISECONDS = 50;
var SLEEP_MILLISECONDS = 1e3;
var DRAIN_MILLISECONDS = 50;
var EchoServer = class {
  #socket;
  #guard;
  #log;
  #polling;
  #output;
  #batch;
  #counters = new Counters();
  #notices;
  #clock = new Clock(CLOCK_MONOTONIC);
  // Of the clock, at the last reading.
  #now = this.#clock.microseconds();
  #receiveTimeoutMilliseconds = 0;
  #stopping = false;
  /** Joins the parts; {@link run} starts the server. */
  constructor({ socket: socket2, guard, log, polling, output, tell }) {
    this.#socket = socket2;
    this.#guard = guard;
    this.#log = log;
    this.#polling = polling;
    this.#output = output;
    this.#batch = socket2.batch(BATCH_CAPACITY);
    this.#notices = new FaultNotices(socket2, tell);
  }
  /** Serves until {@link stop} is called. */
  async run() {
    let lastPause = this.#now;
    let lastSecond = this.#now;
    this.#setReceiveTimeout(NAP_MILLISECONDS);
    while (!this.#stopping) {
      const received = this.#receive();
      if (received > 0) {
        this.#admit();
        this.#send();
        this.#log.record(this.#batch);
        this.#setReceiveTimeout(NAP_MILLISECONDS);
        if (elapsedMicroseconds(lastPause, this.#now) < PAUSE_INTERVAL_MICROSECONDS) continue;
        await takeTurns(PAUSE_TURNS);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        if (received !== -EAGAIN) this.#notices.receiveError = -received;
        this.#setReceiveTimeout(SLEEP_MILLISECONDS);
        await takeTurns(SIGNAL_TURNS);
      }
      lastPause = this.#now;
      if (elapsedMicroseconds(lastSecond, this.#now) >= 1e6) {
        lastSecond = this.#now;
        this.#everySecond();
      }
    }
    if (!this.#socket.adopted) this.#drain();
  }
  /** Ends {@link run} in the next round. */
  stop() {
    this.#stopping = true;
  }
  /** The counts so far. */
  summary() {
    const socket2 = this.#socket;
    return this.#counters.summary({
      refused: this.#guard.refused,
      failed: (errno) => socket2.failed(errno),
      droppedByKernel: socket2.drops(),
      logLinesDropped: this.#log.leftOut + this.#output.dropped
    });
  }
  /**
   * Receives and decodes what has come: polls while the policy says so, then sleeps.
   * @returns the number of messages, or `-errno`
   */
  #receive() {
    const socket2 = this.#socket;
    const batch = this.#batch;
    const polling = this.#polling;
    const window = polling.windowMicroseconds;
    const start = this.#clock.microseconds();
    let received = -EAGAIN;
    while (received === -EAGAIN && window > 0) {
      received = socket2.receive(batch, false);
      this.#now = this.#clock.microseconds();
      if (elapsedMicroseconds(start, this.#now) >= window) break;
    }
    if (received === -EAGAIN) {
      received = socket2.receive(batch, true);
      this.#now = this.#clock.microseconds();
    }
    const gathered = batch.count === 0 || batch.count > 1 && batch.datagrams(0) === 1;
    polling.received(elapsedMicroseconds(start, this.#now), gathered);
    return received;
  }
  /** Marks the datagrams that the guard admits for sending, and counts the batch. */
  #admit() {
    const batch = this.#batch;
    for (let i = 0; i < batch.count; i++) {
      this.#counters.received += batch.datagrams(i);
      const admitted = this.#guard.admit(batch, i);
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.markForSend(i);
    }
  }
  /** Coalesces, encodes and sends the marked datagrams, and counts those that left. */
  #send() {
    this.#counters.echoed += this.#socket.send(this.#batch);
  }
  /** Counts datagrams that came and are not answered any more. */
  #drain() {
    const end = performance.now() + DRAIN_MILLISECONDS;
    while (performance.now() < end && this.#socket.receive(this.#batch, false) > 0) {
      for (let i = 0; i < this.#batch.count; i++) {
        const datagrams = this.#batch.datagrams(i);
        this.#counters.received += datagrams;
        this.#guard.refused[STOPPING] += datagrams;
      }
    }
  }
  #setReceiveTimeout(milliseconds2) {
    if (this.#receiveTimeoutMilliseconds === milliseconds2) return;
    this.#receiveTimeoutMilliseconds = milliseconds2;
    this.#socket.setReceiveTimeout(milliseconds2);
  }
  #everySecond() {
    this.#log.nextSecond();
    this.#notices.everySecond();
    this.#socket.drops();
  }
};

// src/echo/payload_text.ts
var PAYLOAD_SHOWN_MAX = 64;
var PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 4 + 3;
function formatPayload(out, at, bytes3, from, size) {
  const shown = Math.min(size, PAYLOAD_SHOWN_MAX);
  const end = from + shown;
  for (let i = from; i < end; ) {
    const byte = bytes3[i];
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
    const length = sequenceLength(bytes3, i, from + size);
    if (length > 0 && i + length > end) break;
    if (length === 0) {
      at = escapeByte(out, at, byte);
      i++;
      continue;
    }
    const codePoint2 = decode(bytes3, i, length);
    if (isPrintable(codePoint2)) {
      for (let k = 0; k < length; k++) out[at++] = bytes3[i + k];
    } else {
      at = escapeCodePoint(out, at, codePoint2);
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
function sequenceLength(bytes3, i, end) {
  const first = bytes3[i];
  const length = first >= 194 && first <= 223 ? 2 : first >= 224 && first <= 239 ? 3 : first >= 240 && first <= 244 ? 4 :
  0;
  if (length === 0 || i + length > end) return 0;
  const second = bytes3[i + 1];
  const least = first === 224 ? 160 : first === 240 ? 144 : 128;
  const most = first === 237 ? 159 : first === 244 ? 143 : 191;
  if (second < least || second > most) return 0;
  for (let k = 2; k < length; k++) if ((bytes3[i + k] & 192) !== 128) return 0;
  return length;
}
function decode(bytes3, i, length) {
  let codePoint2 = bytes3[i] & 127 >> length;
  for (let k = 1; k < length; k++) codePoint2 = codePoint2 << 6 | bytes3[i + k] & 63;
  return codePoint2;
}
var printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
var invisible = /^\p{Default_Ignorable_Code_Point}$/u;
var known = new Uint8Array(1114112);
function isPrintable(codePoint2) {
  let answer = known[codePoint2];
  if (answer === 0) {
    const character = String.fromCodePoint(codePoint2);
    answer = printable.test(character) && !invisible.test(character) ? 2 : 1;
    known[codePoint2] = answer;
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
function escapeCodePoint(out, at, codePoint2) {
  out[at++] = BACKSLASH;
  out[at++] = 117;
  out[at++] = 123;
  let shift = 20;
  while (codePoint2 >> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out[at++] = hexDigit(codePoint2 >> shift & 15);
  out[at++] = 125;
  return at;
}
function hexDigit(value) {
  return value < 10 ? 48 + value : 87 + value;
}
var BACKSLASH = 92;

// src/echo/log.ts
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
      if (!batch.isMarked(i)) continue;
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
    const from = batch.payloadOffset(i) + k * segmentSize;
    const size = Math.min(segmentSize, batch.size(i) - k * segmentSize);
    const { bytes: bytes3 } = this.#output;
    let at = this.#output.at;
    if (this.#format === "json") {
      at = append(bytes3, at, TIME_KEY);
      at = append(bytes3, at, this.#time);
      at = append(bytes3, at, PEER_KEY);
      at = this.#writePeer(batch, i, at);
      at = append(bytes3, at, LOCAL_KEY);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes3, at, BYTES_KEY);
      at = formatDecimal(bytes3, at, size);
      at = append(bytes3, at, PAYLOAD_KEY);
      at = this.#writeJsonPayload(batch.payloads, from, size, at);
      at = append(bytes3, at, JSON_END);
    } else {
      at = append(bytes3, at, RECV);
      at = this.#writePeer(batch, i, at);
      at = append(bytes3, at, ARROW);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes3, at, PAYLOAD);
      at = formatPayload(bytes3, at, batch.payloads, from, size);
      bytes3[at++] = 93;
      if (size > PAYLOAD_SHOWN_MAX) {
        at = append(bytes3, at, LENGTH);
        at = formatDecimal(bytes3, at, size);
        at = append(bytes3, at, LENGTH_END);
      }
    }
    this.#output.endLine(at);
  }
  #writePeer(batch, i, at) {
    const zone = batch.peerZone(i);
    return formatEndpoint(this.#output.bytes, at, batch.addresses, batch.peerWord(i), zone, batch.peerPort(i));
  }
  #writeLocal(batch, i, at) {
    return formatEndpoint(this.#output.bytes, at, batch.addresses, batch.localWord(i), batch.localZone(i), this.#port);
  }
  #writeJsonPayload(payload, from, size, at) {
    const { bytes: bytes3 } = this.#output;
    const end = formatPayload(this.#payload, 0, payload, from, size);
    for (let i = 0; i < end; i++) {
      const byte = this.#payload[i];
      if (byte === 34 || byte === 92) bytes3[at++] = 92;
      bytes3[at++] = byte;
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
function append(out, at, bytes3) {
  for (let i = 0; i < bytes3.length; i++) out[at + i] = bytes3[i];
  return at + bytes3.length;
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

// src/echo/options.ts
var ECHO_HELP = `UDP echo server that answers from the address it was asked at.

  echo.ts [PORT] [options]              PORT is 1 to 65535, 9000 if left out
  echo.ts probe TARGET...               ask servers: echo.ts probe --help

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
      --max-rate N      the same for all together; BURST is N if left out
      --answer-any-port, --answer-broadcast, --answer-multicast
                        answer what is refused because it could make a loop
  -h, --help            -V, --version

SIGINT, SIGTERM and SIGHUP stop it, SIGUSR1 shows the counts so far. Examples:
  deno run --allow-ffi echo.ts 9000
  bun run echo.ts 9000 --address 192.0.2.1 --log json`;
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
  "max-rate": { type: "string" },
  "answer-any-port": { type: "boolean" },
  "answer-broadcast": { type: "boolean" },
  "answer-multicast": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" }
};
function parseEcho(args) {
  const given = parseArguments(args, options);
  const { positionals } = given;
  if (given.has("help")) return "help";
  if (given.has("version")) return "version";
  const family = addressFamily(given);
  const address = given.value("address");
  const fd = given.value("fd");
  const rateText = given.value("rate");
  const maxRateText = given.value("max-rate");
  if (address !== void 0) checkFamily(address, family);
  if (positionals.includes("probe")) throw new UsageError("probe comes first: echo.ts probe TARGET, then the options");
  if (positionals.length > 1) throw new UsageError(`one port only, not ${positionals.map(quote).join(" and ")}`);
  if (fd !== void 0 && (positionals.length > 0 || address !== void 0 || family !== void 0)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  const log = given.has("quiet") ? "none" : given.value("log") ?? "text";
  if (!isLogFormat(log)) throw new UsageError(`no log format ${quote(log)}: it is one of ${list(LOG_FORMATS)}`);
  return {
    port: positionals[0] === void 0 ? 9e3 : wholeNumber("the port", positionals[0], 1, 65535),
    address,
    family,
    log,
    logLimit: wholeNumber("--log-limit", given.value("log-limit") ?? "1000", 0, 1e9),
    buffer: byteSize("--buffer", given.value("buffer") ?? "4M"),
    busyPoll: wholeNumber("--busy-poll", given.value("busy-poll") ?? "50", 0, 1e3),
    fd: fd === void 0 ? void 0 : wholeNumber("--fd", fd, 0, 1e6),
    allow: given.values("allow").map(prefix),
    rate: rateText === void 0 ? void 0 : rate("--rate", rateText),
    maxRate: maxRateText === void 0 ? void 0 : rate("--max-rate", maxRateText),
    answerAnyPort: given.has("answer-any-port"),
    answerBroadcast: given.has("answer-broadcast"),
    answerMulticast: given.has("answer-multicast")
  };
}
function byteSizeText(bytes3) {
  const unit = [...UNITS].reverse().find(([, size]) => bytes3 % size === 0);
  return unit === void 0 ? `${bytes3}` : `${bytes3 / unit[1]}${unit[0]}`;
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
function isLogFormat(text) {
  return LOG_FORMATS.includes(text);
}

// src/echo/polling.ts
var WINDOW_START = 10;
var RECEPTIONS = 1;
var AdaptivePolling = class {
  /** Longest time to poll now, in microseconds. */
  windowMicroseconds = 0;
  #ceiling;
  #receptions = 0;
  /** @param ceilingMicroseconds longest window; 0 never to poll */
  constructor(ceilingMicroseconds) {
    this.#ceiling = ceilingMicroseconds;
  }
  /**
   * Notes a reception.
   * @param waitedMicroseconds time from the end of the last round to the reception
   * @param gathered whether several datagrams came, each by itself
   */
  received(waitedMicroseconds, gathered) {
    if (waitedMicroseconds > this.#ceiling || gathered) {
      this.windowMicroseconds = 0;
      this.#receptions = 0;
    } else if (this.#receptions < RECEPTIONS) {
      this.#receptions++;
    } else if (waitedMicroseconds > this.windowMicroseconds) {
      this.windowMicroseconds = Math.min(this.#ceiling, Math.max(WINDOW_START, this.windowMicroseconds * 2));
    }
  }
};

// src/echo/command.ts
var LAST_WORDS_MILLISECONDS = 50;
async function runEcho(settings) {
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
  handleSignals((signal) => {
    stoppedBy = signal;
    server.stop();
  });
  const { name, onSignal } = runtime();
  onSignal("SIGUSR2", () => sumUp("running for"));
  for (const notice of socket2.notices) tell(notice);
  if (socket2.receiveBuffer < settings.buffer) {
    tell(
      `receive buffer: ${byteSizeText(settings.buffer)} asked for, ${byteSizeText(socket2.receiveBuffer)} granted; for m\
ore: sysctl -w net.core.rmem_max=${settings.buffer}`
    );
  }
  say(`listening on ${socket2.endpoint} (${socket2.families}, ${name})`);
  await server.run();
  output.settle(LAST_WORDS_MILLISECONDS);
  sumUp(`stopped by ${stoppedBy} after`);
  socket2.close();
  output.close(LAST_WORDS_MILLISECONDS);
  errors.close(LAST_WORDS_MILLISECONDS);
}

// src/socket/error_queue.ts
var CAPACITY = 8;
var PAYLOAD_STRIDE2 = 64;
var CONTROL_STRIDE2 = 256;
var ErrorQueue = class {
  #memory;
  #vector;
  #control;
  #controlsOffset;
  #payloadsOffset;
  /** Allocates the memory of one call. */
  constructor() {
    const buffersOffset = CAPACITY * mmsghdr.size;
    this.#controlsOffset = buffersOffset + CAPACITY * iovec.size;
    this.#payloadsOffset = this.#controlsOffset + CAPACITY * CONTROL_STRIDE2;
    this.#memory = new Memory(this.#payloadsOffset + CAPACITY * PAYLOAD_STRIDE2);
    this.#vector = new MessageVector(this.#memory, 0, CAPACITY);
    this.#control = new ControlMessageDecoder(this.#memory);
    for (let i = 0; i < CAPACITY; i++) {
      const buffer = buffersOffset + i * iovec.size;
      writeBuffer(this.#memory, buffer, this.#memory, this.#payloadsOffset + i * PAYLOAD_STRIDE2, PAYLOAD_STRIDE2);
      this.#vector.setBuffers(i, buffer, 1);
      this.#vector.setControl(i, this.#controlsOffset + i * CONTROL_STRIDE2, CONTROL_STRIDE2);
    }
  }
  /**
   * Takes all entries from the error queue of a socket, without waiting.
   * @throws {SystemError} `EBADF` if the socket is closed, `EINVAL` if it is no `UdpSocket`
   */
  receive(socket2) {
    const fd = descriptorOf("recvmmsg", socket2);
    const entries = [];
    for (; ; ) {
      const count = this.#vector.receive(fd, CAPACITY, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < count; i++) {
        const entry = this.#decode(i);
        if (entry !== void 0) entries.push(entry);
        this.#vector.resetLengths(i, 0, CONTROL_STRIDE2);
      }
      if (count < CAPACITY) return entries;
    }
  }
  #decode(i) {
    const { bytes: bytes3, i32 } = this.#memory;
    const control = this.#control;
    const length = Math.min(this.#vector.controlLength(i), CONTROL_STRIDE2);
    control.decode(this.#controlsOffset + i * CONTROL_STRIDE2, length);
    const error = control.errorOffset;
    if (error < 0) return void 0;
    const origin = bytes3[error + sock_extended_err.ee_origin];
    if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
      const index = i32[error + sock_extended_err.ee_data >> 2] >>> 0;
      const time = wallTime(control.seconds, control.nanoseconds);
      return control.hasTime ? { kind: "departure", index, time } : void 0;
    }
    const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : void 0;
    const type = bytes3[error + sock_extended_err.ee_type];
    const code = bytes3[error + sock_extended_err.ee_code];
    const payload = this.#payloadsOffset + i * PAYLOAD_STRIDE2;
    return {
      kind: "error",
      errno: i32[error + sock_extended_err.ee_errno >> 2],
      icmp: version === void 0 ? void 0 : { version, type, code },
      reporter: version === void 0 ? void 0 : this.#reporter(error + sock_extended_err.size, control.errorEnd),
      mtu: i32[error + sock_extended_err.ee_info >> 2] >>> 0,
      quoted: bytes3.slice(payload, payload + Math.min(this.#vector.length(i), PAYLOAD_STRIDE2))
    };
  }
  /** The socket address behind the error, `SO_EE_OFFENDER`; its family is 0 if the sender is unknown. */
  #reporter(at, end) {
    const { bytes: bytes3, u16 } = this.#memory;
    if (at + sockaddr_in.size > end || u16[at >> 1] === 0) return void 0;
    return readSocketAddress(bytes3.slice(at, u16[at >> 1] === AF_INET ? at + sockaddr_in.size : end));
  }
};

// src/probe/options.ts
var SIZE_MAX = 65527;
var SIZE_MAX_IPV4 = 65507;
var PROBE_HELP = `See whether a UDP echo server answers, from where, and how fast.

  echo.ts probe TARGET... [PORT] [options]

TARGET is an address or a name, with or without :PORT; of a name, all addresses
are probed. One target is probed until Ctrl-C; several, five times each.

  -p, --port PORT       port to ask at                           (default: 9000)
  -c, --count N         requests to each target, 0 for no end
  -i, --interval TIME   time between requests, 0 for as fast as answers come
                        (default: 200ms); units are us, ms, s and m
  -s, --size BYTES      payload, 0 to ${SIZE_MAX_IPV4}, IPv6 ${SIZE_MAX}        (default: 64)
  -t, --timeout TIME    how long to wait for an answer             (default: 1s)
      --connected       use a connected socket: see what ordinary clients see
      --source ADDR     send from this local address
      --interface NAME  send by this interface
      --ttl N           time to live, or hop limit
      --tos N           type of service, 0 to 255; or --dscp N, 0 to 63 or name
      --df              don't fragment; --mtu finds the largest that passes so
  -4, -6                IPv4 only, IPv6 only
      --json            an object for each reply, and one for the summary
  -q, --quiet           the summary only
  -h, --help            show this
`;
var options2 = {
  port: { type: "string", short: "p" },
  count: { type: "string", short: "c" },
  interval: { type: "string", short: "i" },
  size: { type: "string", short: "s" },
  timeout: { type: "string", short: "t" },
  connected: { type: "boolean" },
  source: { type: "string" },
  interface: { type: "string" },
  ttl: { type: "string" },
  tos: { type: "string" },
  dscp: { type: "string" },
  df: { type: "boolean" },
  mtu: { type: "boolean" },
  ipv4: { type: "boolean", short: "4" },
  ipv6: { type: "boolean", short: "6" },
  json: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" }
};
function parseProbe(args) {
  const given = parseArguments(args, options2);
  if (given.has("help")) return "help";
  const family = addressFamily(given);
  const hosts = [...given.positionals];
  const lastIsPort = hosts.length > 1 && /^[0-9]+$/.test(hosts.at(-1));
  const trailing = lastIsPort ? hosts.pop() : void 0;
  if (hosts.length === 0) {
    throw new UsageError("probe needs a target: echo.ts probe 192.0.2.10, for example; --help shows more");
  }
  if (trailing !== void 0 && given.has("port")) {
    throw new UsageError(`one port only, not ${trailing} and --port ${quote(given.value("port"))}`);
  }
  const port = wholeNumber("the port", trailing ?? given.value("port") ?? "9000", 1, 65535);
  const targets = hosts.map((text) => target(text, port, family));
  const source = given.value("source");
  if (source !== void 0) checkFamily(source, family);
  if (given.has("tos") && given.has("dscp")) {
    throw new UsageError("--tos and --dscp set the same byte: leave one out");
  }
  const optional = (name, read) => {
    const text = given.value(name);
    return text === void 0 ? void 0 : read(text);
  };
  const findMtu = given.has("mtu");
  if (findMtu && given.has("size")) throw new UsageError("--mtu finds the size: leave out --size");
  return {
    targets,
    count: optional("count", (text) => wholeNumber("--count", text, 0, 1e9)),
    interval: duration("--interval", given.value("interval") ?? "200ms", 0),
    size: wholeNumber("--size", given.value("size") ?? "64", 0, SIZE_MAX),
    timeout: duration("--timeout", given.value("timeout") ?? "1s", 1),
    source,
    interfaceName: given.value("interface"),
    ttl: optional("ttl", (text) => wholeNumber("--ttl", text, 1, 255)),
    tos: optional("tos", trafficClass) ?? optional("dscp", (text) => codePoint(text) << 2),
    dontFragment: given.has("df") || findMtu,
    findMtu,
    connected: given.has("connected"),
    family,
    json: given.has("json"),
    quiet: given.has("quiet")
  };
}
function target(text, port, family) {
  const [, bracketed, name, own] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ?? [void 0, void 0, text];
  const host = bracketed ?? name ?? "";
  if (/^[0-9]+$/.test(host)) throw new UsageError(`the port ${host} comes last, and once`);
  if (host === "" || /[:[\]]/.test(host) && parseAddress(host.split("%")[0]) === void 0) {
    throw new UsageError(`${quote(text)} is no target: give an address or a name, with or without :PORT`);
  }
  checkFamily(host, family);
  return { host, port: own === void 0 ? port : wholeNumber(`the port of ${host}`, own, 1, 65535) };
}
var UNITS2 = /* @__PURE__ */ new Map([["us", 1e-3], ["ms", 1], ["s", 1e3], ["m", 6e4]]);
var DURATION_MAX = 36e5;
function duration(what, text, least) {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(us|ms|s|m)$/.exec(text === "0" ? "0s" : text);
  const value = match === null ? NaN : Number(match[1]) * UNITS2.get(match[2]);
  if (value >= least && value <= DURATION_MAX) return value;
  const from = least === 0 ? "0" : `${least}ms`;
  throw new UsageError(
    `${what} is a time from ${from} to 60m with a unit, us, ms, s or m: 200ms, 1.5s, not ${quote(text)}`
  );
}
function trafficClass(text) {
  return /^0x[0-9a-f]{1,2}$/i.test(text) ? Number(text) : wholeNumber("--tos", text, 0, 255);
}
function codePoint(text) {
  const name = text.toUpperCase();
  if (name === "EF") return 46;
  const selector = /^CS([0-7])$/.exec(name);
  if (selector !== null) return Number(selector[1]) << 3;
  const assured = /^AF([1-4])([1-3])$/.exec(name);
  if (assured !== null) return Number(assured[1]) << 3 | Number(assured[2]) << 1;
  const value = /^[0-9]{1,2}$/.test(text) ? Number(text) : NaN;
  if (value <= 63) return value;
  throw new UsageError(`--dscp is a number from 0 to 63 or a name, EF, AF11 to AF43 or CS0 to CS7, not ${quote(text)}`);
}

// ffi/poll_set.ts
var PollSet = class {
  #count;
  #memory;
  #timeAt;
  #descriptors;
  #time;
  #call = lazyLibc();
  #errno = libc().errno;
  /**
   * @param descriptors what is waited for
   * @param events the events of poll(2) that end the waiting, beside the errors, which always do: `POLLIN`
   */
  constructor(descriptors, events) {
    this.#count = descriptors.length;
    this.#timeAt = descriptors.length * pollfd.size;
    this.#memory = new Memory(this.#timeAt + timespec.size);
    this.#descriptors = this.#memory.pointer(0);
    this.#time = this.#memory.pointer(this.#timeAt);
    descriptors.forEach((fd, i) => {
      this.#memory.i32[i * pollfd.size + pollfd.fd >> 2] = fd;
      this.#memory.u16[i * pollfd.size + pollfd.events >> 1] = events;
    });
  }
  /**
   * Waits up to `milliseconds`, which may have a fraction.
   * @returns how many descriptors have events, or the negative error: `-EINTR` if a signal came
   */
  wait(milliseconds2) {
    const { i32 } = this.#memory;
    const nanoseconds = Math.max(0, Math.ceil(milliseconds2 * 1e6));
    i32[this.#timeAt + timespec.tv_sec >> 2] = Math.floor(nanoseconds / 1e9);
    i32[this.#timeAt + timespec.tv_nsec >> 2] = nanoseconds % 1e9;
    const ready = this.#call.ppoll(this.#descriptors, this.#count, this.#time, null);
    return ready < 0 ? -this.#errno() : ready;
  }
  /** The events that the last successful waiting found at descriptor `i`: `POLLIN`, `POLLERR`. */
  events(i) {
    return this.#memory.u16[i * pollfd.size + pollfd.revents >> 1];
  }
};

// src/probe/reply_poller.ts
var BATCH_CAPACITY2 = 16;
var TURN_MILLISECONDS = 100;
var Exchange = class {
  #targets;
  #poll;
  #batches;
  #lastTurn = -Infinity;
  /** @param targets the targets, whose sockets stay open as long as this is used */
  constructor(targets) {
    this.#targets = targets;
    this.#poll = new PollSet(targets.map((target2) => target2.fd), POLLIN);
    const ofFamily = /* @__PURE__ */ new Map();
    this.#batches = targets.map((target2) => {
      const family = isIPv4(target2.address.bytes);
      const batch = ofFamily.get(family) ?? target2.batch(BATCH_CAPACITY2);
      ofFamily.set(family, batch);
      return batch;
    });
  }
  /**
   * Waits for the first datagram or error, until the time `until` of `performance.now` at most or a while less;
   * receives what there is, and gives up requests whose time is over.
   */
  async step(until) {
    const now = performance.now();
    const ready = this.#poll.wait(Math.max(0, Math.min(until - now, TURN_MILLISECONDS)));
    this.#targets.forEach((target2, i) => {
      const batch = this.#batches[i];
      if (ready > 0 && this.#poll.events(i) !== 0 && batch !== void 0) target2.receive(batch);
      target2.expire(now);
    });
    if (ready === -EINTR || performance.now() - this.#lastTurn >= TURN_MILLISECONDS) {
      await (ready === -EINTR ? handleSignal() : takeTurns(SIGNAL_TURNS));
      this.#lastTurn = performance.now();
    }
  }
};

// src/probe/icmp.ts
var ICMP = /* @__PURE__ */ new Map([
  ["3.0", "network unreachable"],
  ["3.1", "host unreachable"],
  ["3.2", "protocol unreachable"],
  ["3.3", "port unreachable"],
  ["3.4", "fragmentation needed"],
  ["3.5", "source route failed"],
  ["3.6", "network unknown"],
  ["3.7", "host unknown"],
  ["3.9", "network prohibited"],
  ["3.10", "host prohibited"],
  ["3.11", "network unreachable for this type of service"],
  ["3.12", "host unreachable for this type of service"],
  ["3.13", "administratively prohibited"],
  ["11.0", "time to live exceeded"],
  ["11.1", "fragment reassembly time exceeded"]
]);
var ICMPV6 = /* @__PURE__ */ new Map([
  ["1.0", "no route"],
  ["1.1", "administratively prohibited"],
  ["1.2", "beyond the scope of the source address"],
  ["1.3", "address unreachable"],
  ["1.4", "port unreachable"],
  ["1.5", "source address failed policy"],
  ["1.6", "route rejected"],
  ["2.0", "packet too big"],
  ["3.0", "hop limit exceeded"],
  ["3.1", "fragment reassembly time exceeded"]
]);
var MEANINGS = /* @__PURE__ */ new Map([
  ["port unreachable", "refused"],
  ["host unreachable", "nobody there"],
  ["address unreachable", "nobody there"],
  ["network unreachable", "no way"],
  ["network unknown", "no way"],
  ["host unknown", "no way"],
  ["no route", "no way"],
  ["route rejected", "no way"],
  ["network prohibited", "forbidden"],
  ["host prohibited", "forbidden"],
  ["administratively prohibited", "forbidden"],
  ["source address failed policy", "forbidden"],
  ["fragmentation needed", "too large"],
  ["packet too big", "too large"],
  ["time to live exceeded", "too far"],
  ["hop limit exceeded", "too far"]
]);
function icmpName({ version, type, code }) {
  return (version === 4 ? ICMP : ICMPV6).get(`${type}.${code}`) ?? `ICMP type ${type} code ${code}`;
}
function icmpMeaning(icmp) {
  return MEANINGS.get(icmpName(icmp)) ?? "other";
}

// src/probe/text.ts
function milliseconds(nanoseconds) {
  return Number.isNaN(nanoseconds) ? "-" : (nanoseconds / 1e6).toFixed(3);
}
function duration2(milliseconds2) {
  const [unit, size] = milliseconds2 >= 6e4 && milliseconds2 % 6e4 === 0 ? ["m", 6e4] : milliseconds2 >= 1e3 || milliseconds2 ===
  0 ? ["s", 1e3] : milliseconds2 >= 1 ? ["ms", 1] : ["us", 1e-3];
  return `${Number((milliseconds2 / size).toFixed(3))}${unit}`;
}
function hostText({ bytes: bytes3, zone }) {
  return addressText(bytes3) + (zone === "" ? "" : `%${zone}`);
}

// src/probe/verdict.ts
function verdict({ counts, sent, lastFailure }) {
  const answered = counts.received + counts.late;
  if (counts["wrong source"] > 0) return "wrong source";
  if (counts.corrupted > 0) return "corrupted";
  if (answered > 0) return counts.received === sent - counts.waiting ? "ok" : "partial";
  if (counts.failed > 0) return lastFailure?.errno === ECONNREFUSED ? "refused" : "unreachable";
  return "no answer";
}
function explanation(target2, settings) {
  const { counts, sent } = target2;
  const address = hostText(target2.address);
  switch (verdict(target2)) {
    case "ok":
      return target2.duplicates === 0 ? "" : `${address} answered ${sent} requests with ${sent + target2.duplicates} dat\
agrams`;
    case "wrong source":
      return wrongSource(target2, settings);
    case "corrupted":
      return `${some(counts.corrupted, sent, "answer")} from ${address} ${counts.corrupted === 1 ? "was" : "were"} not w\
hat was sent${sizes(target2, settings)}: something alters datagrams, or this is no echo server`;
    case "partial":
      return `${address} answered ${counts.received} of ${sent - counts.waiting} requests as it should: ` + list(shortcomings(
      target2, settings));
    case "refused":
    case "unreachable":
      return failureExplanation(target2, target2.lastFailure, settings);
    case "no answer":
      if (counts.lost === 0) return `${address} had no time to answer`;
      return settings.connected ? `nothing came from ${address} within ${duration2(settings.timeout)} that a connected s\
ocket takes; without --connected, answers from other addresses are seen too` : `nothing came back from ${address} within\
 ${duration2(settings.timeout)}: no such host, nothing that answers at port ${target2.port}, or a firewall that drops da\
tagrams, on the way there or back`;
  }
}
function wrongSource({ address, port, endpoint, wrongSources, counts, sent }, settings) {
  const asked = hostText(address);
  const sources = [...wrongSources];
  const addressOf = (text) => text.slice(0, text.lastIndexOf(":")).replaceAll(/[[\]]/g, "");
  const often = counts["wrong source"] === sent ? "" : `${counts["wrong source"]} of ${sent} times `;
  const unseen = settings.connected ? "" : "; clients with a connected socket never see them";
  if (sources.every((source) => addressOf(source) === asked)) {
    const ports = sources.map((source) => source.slice(source.lastIndexOf(":") + 1));
    return `${endpoint} answered ${often}from port ${list(ports)}: the server replies from another socket, or something \
on the way translates ports${unseen}`;
  }
  const samePort = sources.every((source) => source.endsWith(`:${port}`));
  const option = isIPv4(address.bytes) ? "IP_PKTINFO" : "IPV6_PKTINFO";
  return `${asked} answered ${often}from ${list(samePort ? sources.map(addressOf) : sources)}: the server does not set t\
he source of its replies (${option})${unseen}`;
}
function sizes({ corruptedSize }, { size }) {
  return corruptedSize === size ? "" : ` (${bytes(corruptedSize)} instead of ${size})`;
}
function shortcomings(target2, settings) {
  const { counts, times, lastFailure } = target2;
  const parts = [];
  if (counts.lost > 0) parts.push(`${counts.lost} got no answer within ${duration2(settings.timeout)}`);
  if (counts.late > 0) {
    parts.push(
      `${counts.late} ${counts.late === 1 ? "was" : "were"} answered after more than ${duration2(settings.timeout)} (the\
 slowest took ${milliseconds(times.maximum)} ms; see --timeout)`
    );
  }
  if (counts.failed > 0 && lastFailure !== void 0) {
    parts.push(`${counts.failed} failed (${failureName(lastFailure)})`);
  }
  return parts;
}
function failureName({ errno, report }) {
  if (report?.icmp === void 0) return errnoMessage(errno);
  const reporter = report.reporter === void 0 ? "" : `, says ${hostText(report.reporter)}`;
  return icmpName(report.icmp) + reporter;
}
function failureExplanation(target2, failure, settings) {
  const address = hostText(target2.address);
  const { errno, report } = failure;
  const packet = `a packet of ${settings.size + headerSize(target2.address)} bytes`;
  const fits = report === void 0 || report.mtu === 0 ? "" : `, at most ${report.mtu} bytes; --size ${payloadSize(target2,
  report.mtu)} fits`;
  if (report?.icmp === void 0) {
    if (errno === EAFNOSUPPORT) return `${address} can't be asked: this host has no IPv6, or it is switched off`;
    if (errno === ENETUNREACH) {
      return `this host has no route to ${address}; \`ip route get ${address.split("%")[0]}\` shows what it would do`;
    }
    if (errno === EPERM) return `a firewall rule of this host forbids to send to ${address}`;
    if (errno === EMSGSIZE) {
      return `${packet} is too large for the interface to ${address}${fits}`;
    }
    if (errno === EACCES || errno === EINVAL || errno === EHOSTUNREACH) {
      return `a route of this host, or what kind of address it is, forbids to send to ${address} (${errnoName(errno)}); \
\`ip route get ${address.split("%")[0]}\` shows more`;
    }
    return `this host can't send to ${address}: ${errnoMessage(errno)} (${errnoName(errno)})`;
  }
  const name = icmpName(report.icmp);
  const reporter = report.reporter === void 0 ? "somebody" : hostText(report.reporter);
  switch (icmpMeaning(report.icmp)) {
    case "refused":
      return reporter === address ? `${address} refused: nothing listens at its port ${target2.port}, or its firewall re\
jects (ICMP ${name})` : `${reporter} refused for ${address}: a firewall there rejects port ${target2.port} (ICMP ${name}\
)`;
    case "nobody there":
      return report.reporter !== void 0 && isLocal(report.reporter) ? `no host at ${address}: nobody on its network answ\
ers to that address (${isIPv4(target2.address.bytes) ? "ARP" : "neighbour discovery"})` : `${reporter} finds no host at ${address}\
 (ICMP ${name})`;
    case "no way":
      return `${reporter} has no route to ${address} (ICMP ${name})`;
    case "forbidden":
      return `${reporter} does not let datagrams to ${address} pass: a firewall rejects them (ICMP ${name})`;
    case "too large":
      return `${packet} is too large for the way to ${address}, says ${reporter} (ICMP ${name})${fits}`;
    case "too far":
      return `the datagrams for ${address} got no further than ${reporter} (ICMP ${name})` + (settings.ttl === void 0 ? "\
: they go round in a circle" : `: --ttl ${settings.ttl} is not enough`);
    case "other":
      return `${reporter} reports of ${address}: ${name}`;
  }
}
function isLocal({ bytes: bytes3, scope }) {
  return isLocalAddress(isIPv4(bytes3) ? bytes3.subarray(12) : bytes3, scope) ?? false;
}
function payloadSize({ address }, mtu) {
  return Math.max(0, mtu - headerSize(address));
}
function headerSize(address) {
  return (isIPv4(address.bytes) ? 20 : 40) + 8;
}
function some(count, total, what) {
  return count === total ? `all ${total} ${what}s` : `${count} of ${total} ${what}s`;
}
function bytes(count) {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

// src/probe/mtu.ts
var SMALL_SIZE = 16;
var ATTEMPTS = 3;
var PATIENCE_ROUND_TRIPS = 10;
var PATIENCE_MILLISECONDS = 100;
async function findLargest(targets, exchange, settings, report, isStopped) {
  let complete = true;
  for (const target2 of targets) {
    const attempt = async (size) => {
      const limit2 = await tryLargest(target2, size, exchange, settings.timeout, isStopped);
      if (!isStopped()) report.tried(target2, size, limit2);
      return limit2;
    };
    let passes = SMALL_SIZE;
    let limit = await attempt(passes);
    if (isStopped()) return false;
    if (limit !== void 0) {
      report.unanswered(target2);
      complete = false;
      continue;
    }
    const most = isIPv4(target2.address.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let fails = most + 1;
    for (let size = most; fails - passes > 1; ) {
      const objection = await attempt(size);
      if (isStopped()) return false;
      const told = objection?.failure?.report?.mtu ?? 0;
      if (objection === void 0) {
        passes = size;
      } else {
        limit = objection;
        fails = told === 0 ? size : Math.min(size, payloadSize(target2, told) + 1);
      }
      size = told > 0 && fails - 1 > passes ? fails - 1 : passes + (fails - passes >> 1);
    }
    report.found(target2, passes, limit);
    if (target2.wrongSources.size > 0) complete = false;
  }
  return complete;
}
async function tryLargest(target2, size, exchange, timeout, isStopped) {
  const sequences = [];
  const longest = target2.times.maximum / 1e6;
  const patience = Math.min(timeout, Math.max(PATIENCE_MILLISECONDS, longest * PATIENCE_ROUND_TRIPS || timeout));
  const outcomes = () => sequences.map((sequence) => target2.outcome(sequence) ?? "lost");
  for (let i = 0; i < ATTEMPTS && !isStopped(); i++) {
    sequences.push(target2.send(size));
    const end = performance.now() + patience;
    while (target2.outcome(sequences[i]) === "waiting" && performance.now() < end && !isStopped()) {
      await exchange.step(end);
    }
    if (outcomes().some((outcome2) => outcome2 === "received" || outcome2 === "late" || outcome2 === "wrong source")) {
      return void 0;
    }
    const failed = target2.outcome(sequences[i]) === "failed" ? target2.lastFailure : void 0;
    if (failed !== void 0 && (failed.report?.mtu ?? 0) > 0) return { outcome: "failed", failure: failed };
  }
  const outcome = outcomes().at(-1);
  if (outcome === "waiting") return { outcome: "lost", failure: void 0 };
  return { outcome, failure: outcome === "failed" ? target2.lastFailure : void 0 };
}
var MtuReport = class {
  #settings;
  #terminal;
  constructor(settings, terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }
  replied() {
  }
  failed() {
  }
  lost() {
  }
  /** A size was tried. */
  tried(target2, size, limit) {
    if (this.#settings.quiet || this.#settings.json) return;
    const what = limit === void 0 ? "comes back" : whatHappens(limit);
    this.#line(this.#terminal.paint("faint", `${target2.endpoint}: ${size} bytes: ${what}`));
  }
  /** The target does not answer at all. */
  unanswered(target2) {
    const word = verdict(target2);
    const reason = explanation(target2, { ...this.#settings, size: SMALL_SIZE });
    if (this.#settings.json) {
      this.#json(target2, word, reason, null, void 0);
    } else {
      this.#line(`${target2.endpoint}: ${this.#terminal.paint("bad", word)}
${reason}`);
    }
  }
  /** The largest payload was found. */
  found(target2, payload, limit) {
    const wrong = target2.wrongSources.size > 0;
    const reason = wrong ? explanation(target2, { ...this.#settings, size: SMALL_SIZE }) : null;
    if (this.#settings.json) {
      this.#json(target2, wrong ? "wrong source" : "ok", reason, payload, limit);
      return;
    }
    const packet = payload + headerSize(target2.address);
    const size = this.#terminal.paint("strong", `${payload} bytes`);
    const larger = limit === void 0 ? "that is the most there is" : `larger: ${whatHappens(limit)}`;
    this.#line(`${target2.endpoint}: ${size} come back unfragmented, in packets of ${packet} bytes; ${larger}`);
    if (wrong) this.#line(`${target2.endpoint}: ${this.#terminal.paint("bad", "wrong source")}
${reason}`);
  }
  #json(target2, verdict2, explanation2, payload, limit) {
    const report = limit?.failure?.report;
    const value = {
      event: "mtu",
      target: target2.endpoint,
      payload,
      packet: payload === null ? null : payload + headerSize(target2.address),
      verdict: verdict2.replaceAll(" ", "_"),
      larger: limit?.outcome ?? null,
      errno: limit?.failure === void 0 ? null : errnoName(limit.failure.errno),
      icmp: report?.icmp === void 0 ? null : icmpName(report.icmp),
      from: report?.reporter === void 0 ? null : hostText(report.reporter),
      explanation: explanation2
    };
    this.#line(JSON.stringify(value));
  }
  #line(text) {
    this.#terminal.write(`${text}
`);
  }
};
function whatHappens({ outcome, failure }) {
  if (failure !== void 0) {
    const mtu = failure.report?.mtu ? ` (MTU ${failure.report.mtu})` : "";
    return failure.errno === EMSGSIZE && failure.report?.icmp === void 0 ? `this host's interface takes no more${mtu}` :
    failureName(failure) + mtu;
  }
  return outcome === "corrupted" ? "comes back altered" : "no answer";
}

// src/probe/histogram.ts
var ROWS_MAX = 16;
var BAR_MAX = 50;
var ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1];
function histogramRows(buckets, rowsMax) {
  for (const perDecade of ROWS_PER_DECADE) {
    const counts = /* @__PURE__ */ new Map();
    for (const { from, to, count } of buckets) {
      const index = Math.floor(Math.log10(Math.max(1, (from + to - 1) / 2)) * perDecade);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
    const indexes = [...counts.keys()].sort((a, b) => a - b);
    const gaps = indexes.filter((index, i) => i > 0 && index > indexes[i - 1] + 1).length;
    if (indexes.length + gaps > rowsMax && perDecade > 1) continue;
    return indexes.map((index) => ({
      from: 10 ** (index / perDecade),
      to: 10 ** ((index + 1) / perDecade),
      count: counts.get(index)
    }));
  }
  return [];
}
function drawHistogram(buckets, style) {
  const total = buckets.reduce((sum2, { count }) => sum2 + count, 0);
  const rows = histogramRows(buckets, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = alignPoints(rows.map((row) => style.label(row.from))).map((label) => `${label} ${style.unit}`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, Math.min(BAR_MAX, style.width - labelWidth - `${most}`.length - 4));
  const bars = rows.map((row) => bar(row.count / most * room, style.unicode));
  const lines = [];
  rows.forEach((row, i) => {
    if (i > 0 && row.from > rows[i - 1].to * 1.001) {
      lines.push(`  ${(style.unicode ? "⋮" : ":").padStart(labelWidth)}`);
    }
    lines.push(`  ${labels[i]} ${style.paint(bars[i])} ${row.count}`);
  });
  return lines;
}
function alignPoints(numbers) {
  const parts = numbers.map((number2) => number2.split("."));
  const before = Math.max(...parts.map(([whole]) => whole.length));
  const after = Math.max(...parts.map(([, decimals]) => decimals === void 0 ? 0 : decimals.length + 1));
  return parts.map(
    ([whole, decimals]) => whole.padStart(before) + (decimals === void 0 ? "" : `.${decimals}`).padEnd(after)
  );
}
function bar(length, unicode) {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return "█".repeat(eighths >> 3) + (eighths & 7 ? EIGHTHS[(eighths & 7) - 1] : "");
}
var EIGHTHS = "▏▎▍▌▋▊▉";

// src/cli/terminal.ts
var RENDITION = { good: 32, bad: 31, doubtful: 33, strong: 1, faint: 2, bar: 36 };
var COLUMNS_DEFAULT = 80;
var PATIENCE_MILLISECONDS2 = 100;
var Terminal = class {
  /** Whether it is a terminal that text can be redrawn on. */
  interactive;
  /** Whether it shows characters beyond ASCII. */
  unicode;
  /** Whether nobody reads it any more. */
  closed = false;
  #colours;
  #writer = new Writer(PIPE_BUF);
  constructor() {
    this.interactive = terminalSize(1) !== void 0 && environmentVariable("TERM") !== "dumb";
    this.#colours = this.interactive && environmentVariable("NO_COLOR") === "";
    const locale = environmentVariable("LC_ALL") || environmentVariable("LC_CTYPE") || environmentVariable("LANG");
    this.unicode = /utf-?8/i.test(locale);
  }
  /** Columns of the terminal as it is now. */
  get columns() {
    return terminalSize(1)?.columns || COLUMNS_DEFAULT;
  }
  /** Rows of the terminal as it is now; `Infinity` where there is none. */
  get rows() {
    return terminalSize(1)?.rows || Infinity;
  }
  /** Gives a text a look, where there are colours. */
  paint(style, text) {
    return this.#colours ? `\x1B[${RENDITION[style]}m${text}\x1B[0m` : text;
  }
  /** Writes a text. It waits for a slow reader; one that has gone away makes it {@link closed}. */
  write(text) {
    const bytes3 = new TextEncoder().encode(text);
    for (let at = 0; at < bytes3.length && !this.closed; ) {
      const piece = bytes3.subarray(at, at + this.#writer.bytes.length);
      this.#writer.bytes.set(piece);
      const written = this.#writer.write(1, piece.length);
      if (written > 0) at += written;
      else if (written === -EAGAIN) poll(1, POLLOUT, PATIENCE_MILLISECONDS2);
      else if (written !== -EINTR) this.closed = true;
    }
  }
};
function wrap(text, width) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== void 0 && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

// src/probe/report.ts
function makeReport(settings, terminal, several) {
  if (settings.json) return new JsonReport(settings, terminal);
  return several ? new TableReport(settings, terminal) : new LineReport(settings, terminal);
}
var LineReport = class {
  #settings;
  #terminal;
  #target;
  constructor(settings, terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }
  start([target2]) {
    this.#target = target2;
    const { size, interval, connected, quiet } = this.#settings;
    if (quiet) return;
    const pace = interval === 0 ? "as fast as it answers" : `every ${duration2(interval)}`;
    this.#line(`probing ${titleOf(target2)} with ${bytes2(size)} ${pace}${connected ? ", connected" : ""}`);
  }
  replied(_target, reply) {
    if (this.#settings.quiet) return;
    const { kind, sequence, roundTrip, reordered } = reply;
    const paint = this.#terminal.paint.bind(this.#terminal);
    const facts = [
      sequence === void 0 ? "" : `seq=${sequence}`,
      roundTrip === void 0 ? "" : paint("strong", `time=${milliseconds(roundTrip)} ms`),
      kind === "received" ? "" : paint(KIND_STYLE[kind], kind),
      reordered ? paint("doubtful", "reordered") : ""
    ];
    this.#line(`${bytes2(reply.size)} from ${reply.from} to ${reply.to}: ${facts.filter(Boolean).join(" ")}`);
  }
  failed(_target, failure) {
    const sequence = failure.sequence === void 0 ? "" : `seq=${failure.sequence} `;
    this.#event("bad", `${sequence}failed: ${failureName(failure)}`);
  }
  lost(_target, sequence) {
    this.#event("doubtful", `seq=${sequence} no answer within ${duration2(this.#settings.timeout)}`);
  }
  progress() {
  }
  finish() {
    const target2 = this.#target;
    const terminal = this.#terminal;
    const width = terminal.interactive ? terminal.columns : 80;
    if (!this.#settings.quiet) this.#line("");
    const word = verdict(target2);
    this.#line(`${titleOf(target2)}: ${terminal.paint(VERDICT_STYLE[word], word)}`);
    for (const line of explanationLines(target2, this.#settings, terminal)) this.#line(line);
    this.#line("");
    for (const line of summaryLines(target2, width)) this.#line(line);
    if (target2.times.count === 0) return;
    this.#line("");
    const histogram = drawHistogram(target2.times.buckets(), {
      width: Math.min(width, 80),
      unicode: terminal.unicode,
      paint: (bar2) => terminal.paint("bar", bar2),
      label: (value) => threeDigits(value / 1e6),
      unit: "ms"
    });
    for (const line of histogram) this.#line(line);
  }
  #event(style, text) {
    if (!this.#settings.quiet) this.#line(this.#terminal.paint(style, text));
  }
  #line(text) {
    this.#terminal.write(`${text}
`);
  }
};
var TableReport = class {
  #settings;
  #terminal;
  #targets = [];
  #changed = true;
  #drawnAt = -Infinity;
  #drawnLines = 0;
  constructor(settings, terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }
  start(targets) {
    this.#targets = targets;
  }
  replied() {
    this.#changed = true;
  }
  failed() {
    this.#changed = true;
  }
  lost() {
    this.#changed = true;
  }
  progress() {
    const now = performance.now();
    if (!this.#terminal.interactive || this.#settings.quiet || !this.#changed) return;
    if (now - this.#drawnAt < REDRAW_MILLISECONDS) return;
    this.#drawnAt = now;
    this.#changed = false;
    const lines = tableLines(this.#targets, this.#terminal, false);
    if (lines.length < this.#terminal.rows) this.#draw(lines);
  }
  finish() {
    this.#draw(tableLines(this.#targets, this.#terminal, true));
    const explanations = this.#targets.flatMap((target2) => {
      const lines = explanationLines(target2, this.#settings, this.#terminal);
      return lines.length > 0 && this.#terminal.interactive ? ["", ...lines] : lines;
    });
    if (explanations.length > 0 && !this.#terminal.interactive) explanations.unshift("");
    this.#terminal.write(explanations.map((line) => `${line}
`).join(""));
  }
  #draw(lines) {
    const back = this.#drawnLines === 0 ? "" : `\x1B[${this.#drawnLines}A\x1B[J`;
    this.#drawnLines = this.#terminal.interactive ? lines.length : 0;
    this.#terminal.write(back + lines.map((line) => `${line}
`).join(""));
  }
};
var JsonReport = class {
  #settings;
  #terminal;
  #start = performance.now();
  #targets = [];
  constructor(settings, terminal) {
    this.#settings = settings;
    this.#terminal = terminal;
  }
  start(targets) {
    this.#targets = targets;
  }
  replied(target2, reply) {
    this.#event({
      event: "reply",
      time: timeText(reply.time),
      target: target2.endpoint,
      sequence: reply.sequence ?? null,
      kind: reply.kind.replaceAll(" ", "_"),
      from: reply.from,
      to: reply.to,
      bytes: reply.size,
      rtt_ns: reply.roundTrip ?? null,
      reordered: reply.reordered
    });
  }
  failed(target2, { sequence, errno, report }) {
    this.#event({
      event: "failure",
      target: target2.endpoint,
      sequence: sequence ?? null,
      errno: errnoName(errno),
      icmp: report?.icmp === void 0 ? null : icmpName(report.icmp),
      from: report?.reporter === void 0 ? null : hostText(report.reporter),
      mtu: report?.mtu || null
    });
  }
  lost(target2, sequence) {
    this.#event({ event: "lost", target: target2.endpoint, sequence });
  }
  progress() {
  }
  finish() {
    this.#write({
      event: "summary",
      seconds: Math.round(performance.now() - this.#start) / 1e3,
      targets: this.#targets.map((target2) => this.#summary(target2))
    });
  }
  #summary(target2) {
    const { counts, times, failedByErrno } = target2;
    const round = (value) => Number.isNaN(value) ? null : Math.round(value);
    return {
      target: target2.endpoint,
      name: target2.name ?? null,
      verdict: verdict(target2).replaceAll(" ", "_"),
      explanation: explanation(target2, this.#settings) || null,
      sent: target2.sent,
      received: counts.received,
      lost: counts.lost,
      late: counts.late,
      wrong_source: counts["wrong source"],
      corrupted: counts.corrupted,
      failed: counts.failed,
      waiting: counts.waiting,
      duplicates: target2.duplicates,
      reordered: target2.reordered,
      stray: target2.stray,
      failed_by_errno: Object.fromEntries([...failedByErrno].map(([errno, count]) => [errnoName(errno), count])),
      wrong_sources: [...target2.wrongSources],
      rtt_ns: times.count === 0 ? null : {
        minimum: times.minimum,
        mean: round(times.mean),
        median: round(times.percentile(50)),
        p90: round(times.percentile(90)),
        p99: round(times.percentile(99)),
        p99_9: round(times.percentile(99.9)),
        maximum: times.maximum,
        deviation: round(times.deviation),
        jitter: round(times.jitter)
      },
      histogram: histogramRows(times.buckets(), 64).map(({ from, to, count }) => ({
        from_ns: Math.round(from),
        to_ns: Math.round(to),
        count
      }))
    };
  }
  #event(event) {
    if (!this.#settings.quiet) this.#write(event);
  }
  #write(value) {
    this.#terminal.write(`${JSON.stringify(value)}
`);
  }
};
var REDRAW_MILLISECONDS = 50;
var VERDICT_STYLE = {
  ok: "good",
  partial: "doubtful",
  "wrong source": "bad",
  refused: "bad",
  "no answer": "bad",
  unreachable: "bad",
  corrupted: "bad"
};
var KIND_STYLE = {
  late: "doubtful",
  duplicate: "doubtful",
  stray: "doubtful",
  "wrong source": "bad",
  corrupted: "bad"
};
function titleOf({ name, endpoint }) {
  return name === void 0 ? endpoint : `${name} at ${endpoint}`;
}
function explanationLines(target2, settings, terminal) {
  const text = explanation(target2, settings);
  if (text === "") return [];
  return terminal.interactive ? wrap(text, Math.max(20, terminal.columns - 1)) : [text];
}
function summaryLines(target2, width) {
  const { counts, times } = target2;
  const failures = [...target2.failedByErrno].map(([errno, count]) => `${errnoName(errno)}: ${count}`).join(", ");
  const countRows = [
    ["sent", target2.sent],
    ["received", counts.received],
    ["lost", counts.lost],
    ["late", counts.late],
    ["wrong source", counts["wrong source"]],
    ["corrupted", counts.corrupted],
    ["failed", counts.failed],
    ["duplicates", target2.duplicates],
    ["reordered", target2.reordered]
  ];
  if (target2.stray > 0) countRows.push(["stray", target2.stray]);
  if (counts.waiting > 0) countRows.push(["still waiting", counts.waiting]);
  const timeRows = times.count === 0 ? [] : [
    ["minimum", times.minimum],
    ["mean", times.mean],
    ["median", times.percentile(50)],
    ["90 %", times.percentile(90)],
    ["99 %", times.percentile(99)],
    ["99.9 %", times.percentile(99.9)],
    ["maximum", times.maximum],
    ["deviation", times.deviation],
    ["jitter", times.jitter]
  ];
  const countWidth = Math.max(...countRows.map(([, count]) => `${count}`.length), 6);
  const timeTexts = timeRows.map(([, nanoseconds]) => milliseconds(nanoseconds));
  const timeWidth = Math.max(...timeTexts.map((text) => text.length), 9);
  const left = countRows.map(([label, count]) => `  ${label.padEnd(14)}${`${count}`.padStart(countWidth)}`);
  const right = timeRows.map(([label], i) => `${label.padEnd(9)}${timeTexts[i].padStart(timeWidth)} ms`);
  const leftWidth = left[0].length + 6;
  const lines = right.length === 0 || leftWidth + right[0].length > width ? [...left, ...right.length === 0 ? [] : [""],
  ...right.map((line) => `  ${line}`)] : left.map((line, i) => `${line.padEnd(leftWidth)}${right[i] ?? ""}`.trimEnd());
  return failures === "" ? lines : [...lines, "", `  failed with ${failures}`];
}
function tableLines(targets, terminal, final) {
  const rows = targets.map((target2) => {
    const { counts, sent, times } = target2;
    const answered = counts.received + counts.late + counts["wrong source"] + counts.corrupted;
    const word = sent === counts.waiting && !final ? "waiting" : verdict(target2);
    return {
      target: target2.name === void 0 ? target2.endpoint : `${target2.name} ${target2.endpoint}`,
      word,
      style: word === "waiting" ? "faint" : VERDICT_STYLE[word],
      answered: `${answered}/${sent}`,
      times: [times.minimum, times.percentile(50), times.percentile(99)].map(milliseconds)
    };
  });
  const columns = terminal.interactive ? terminal.columns : Infinity;
  const nameWidth = Math.max(6, ...rows.map((row) => row.target.length));
  const answeredWidth = Math.max(7, ...rows.map((row) => row.answered.length));
  const timeWidth = Math.max(7, ...rows.flatMap((row) => row.times.map((time) => time.length)));
  const verdictWidth = "wrong source".length;
  for (const shown of [[0, 1, 2], [1]]) {
    const width = nameWidth + 2 + verdictWidth + 2 + answeredWidth + shown.length * (timeWidth + 2) + 3;
    if (width > columns) continue;
    const times = (texts) => shown.map((i) => texts[i].padStart(timeWidth + 2)).join("");
    const heading = `${"target".padEnd(nameWidth + 2)}${"verdict".padEnd(verdictWidth + 2)}${"answers".padStart(answeredWidth)}${times(
    ["minimum", "median", "99 %"])}`;
    return [
      terminal.paint("faint", heading),
      ...rows.map(
        ({ target: target2, word, style, answered, times: texts }) => `${target2.padEnd(nameWidth + 2)}${terminal.paint(
        style, word)}${" ".repeat(verdictWidth + 2 - word.length)}${answered.padStart(answeredWidth)}${times(texts)}${texts[0] ===
        "-" ? "" : " ms"}`
      )
    ];
  }
  return rows.flatMap(({ target: target2, word, style, answered, times: texts }) => {
    const room = Math.max(0, columns - 3 - word.length - 1 - answered.length);
    const time = [`${texts.join(" ")} ms`, `${texts[1]} ms`].find((text) => text.length <= room) ?? "";
    return [
      target2.length > columns ? target2.slice(0, columns) : target2,
      `  ${terminal.paint(style, word)} ${answered}${texts[0] === "-" ? "" : ` ${time}`}`
    ];
  });
}
function threeDigits(value) {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(value * 1.0005)));
  return value.toFixed(Math.min(6, digits));
}
function timeText(time) {
  const seconds = TIME_ORIGIN_SECONDS + Math.floor(time / 1e9);
  const nanoseconds = time - Math.floor(time / 1e9) * 1e9;
  return `${new Date(seconds * 1e3).toISOString().slice(0, 19)}.${`${nanoseconds}`.padStart(9, "0")}Z`;
}
function bytes2(count) {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

// src/probe/payload.ts
var HEADER_SIZE = 16;
var SEQUENCE_SIZE = 4;
var MAGIC = 1869112165;
var SESSION_WORD = 1;
var MAGIC_WORD = 2;
var CHECKSUM_WORD = 3;
var CHECKSUM_AT = CHECKSUM_WORD * 4;
var FILLING_WORD = HEADER_SIZE / 4;
var ProbePayload = class {
  /** The session's number, 32 bits. */
  session;
  #bytes;
  #words;
  /**
   * @param session a random number of 32 bits
   * @param sizeMax most bytes of a payload
   */
  constructor(session, sizeMax) {
    this.session = session | 0;
    this.#bytes = new Uint8Array(Math.ceil(Math.max(HEADER_SIZE, sizeMax) / 4) * 4);
    this.#words = new Int32Array(this.#bytes.buffer);
  }
  /** The payload of the request `sequence`, `size` bytes, as a view that the next call overwrites. */
  of(sequence, size) {
    const words = this.#words;
    const end = Math.max(FILLING_WORD, Math.ceil(size / 4));
    words[0] = sequence;
    words[SESSION_WORD] = this.session;
    words[MAGIC_WORD] = MAGIC;
    let state = Math.imul(this.session ^ Math.imul(sequence, 2654435761), 2246822507) || 1;
    for (let word = FILLING_WORD; word < end; word++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[word] = state;
    }
    const payload = this.#bytes.subarray(0, size);
    if (size >= HEADER_SIZE) words[CHECKSUM_WORD] = checksum(payload);
    else words[CHECKSUM_WORD] = 0;
    return payload;
  }
  /** Whether a payload is, byte for byte, that of the request `sequence` with `size` bytes. */
  equals(payload, sequence, size) {
    return payload.length === size && this.agreement(payload, sequence, size) === size;
  }
  /** How many bytes of a payload are those of the request `sequence` with `size` bytes, each in its place. */
  agreement(payload, sequence, size) {
    const expected = this.of(sequence, size);
    const length = Math.min(payload.length, size);
    let equal = 0;
    for (let i = 0; i < length; i++) if (payload[i] === expected[i]) equal++;
    return equal;
  }
};
function namedSequence(payload, newest) {
  const size = Math.min(payload.length, SEQUENCE_SIZE);
  if (size === 0) return void 0;
  let low = 0;
  for (let i = size - 1; i >= 0; i--) low = low * 256 + payload[i];
  const span = 256 ** size;
  const sequence = newest - (newest - low % span + span) % span;
  return sequence < 1 ? void 0 : sequence;
}
function isProbePayload(payload) {
  if (payload.length < HEADER_SIZE) return false;
  const view = new DataView(payload.buffer, payload.byteOffset);
  return view.getInt32(MAGIC_WORD * 4, true) === MAGIC && view.getInt32(CHECKSUM_AT, true) === checksum(payload);
}
function checksum(payload) {
  let crc = -1;
  for (let i = 0; i < payload.length; i++) {
    if (i === CHECKSUM_AT) i = HEADER_SIZE;
    if (i < payload.length) crc = CRC_TABLE[(crc ^ payload[i]) & 255] ^ crc >>> 8;
  }
  return ~crc;
}
var CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 3988292384 : crc >>> 1;
  return crc;
});

// src/probe/statistics.ts
var VALUES_MAX = 1e4;
var BUCKETS_PER_OCTAVE = 2 ** 13;
var TimeStatistics = class {
  /** Values so far. */
  count = 0;
  /** The least. */
  minimum = NaN;
  /** The greatest. */
  maximum = NaN;
  #mean = 0;
  #squares = 0;
  #differences = 0;
  #differenceSum = 0;
  #bucketsPerOctave = Infinity;
  // How many values there are from each number on, up to the end of its bucket.
  #buckets = /* @__PURE__ */ new Map();
  /** Adds a value. */
  add(value) {
    this.count++;
    this.minimum = this.count === 1 ? value : Math.min(this.minimum, value);
    this.maximum = this.count === 1 ? value : Math.max(this.maximum, value);
    const deviation = value - this.#mean;
    this.#mean += deviation / this.count;
    this.#squares += deviation * (value - this.#mean);
    this.#countValue(value, 1);
    if (this.#buckets.size > VALUES_MAX && this.#bucketsPerOctave === Infinity) {
      const values = this.#buckets;
      this.#buckets = /* @__PURE__ */ new Map();
      this.#bucketsPerOctave = BUCKETS_PER_OCTAVE;
      for (const [kept, count] of values) this.#countValue(kept, count);
    }
  }
  #countValue(value, count) {
    const from = value - value % this.#bucketSize(value);
    this.#buckets.set(from, (this.#buckets.get(from) ?? 0) + count);
  }
  #bucketSize(value) {
    const ratio = value / this.#bucketsPerOctave;
    return ratio < 2 ? 1 : 2 ** Math.floor(Math.log2(ratio));
  }
  /** Adds the times of two consecutive requests to the {@link jitter}. */
  addConsecutive(earlier, later) {
    this.#differences++;
    this.#differenceSum += Math.abs(later - earlier);
  }
  /** The arithmetic mean. */
  get mean() {
    return this.count === 0 ? NaN : this.#mean;
  }
  /** The standard deviation of the sample: n - 1 degrees of freedom. `NaN` for fewer than two values. */
  get deviation() {
    return this.count < 2 ? NaN : Math.sqrt(this.#squares / (this.count - 1));
  }
  /**
   * The mean absolute difference between the times of consecutive requests that were both answered; `NaN` if no two
   * were. That is irtt's round-trip IPDV, and RFC 3393's delay variation with consecutive packets selected.
   */
  get jitter() {
    return this.#differences === 0 ? NaN : this.#differenceSum / this.#differences;
  }
  /**
   * The percentile `rank`, over 0 to 100, by nearest rank: the least value that at least this percentage of all values
   * does not exceed.
   */
  percentile(rank) {
    const wanted = Math.max(1, Math.ceil(this.count * rank / 100));
    let seen = 0;
    for (const { from, to, count } of this.buckets()) {
      seen += count;
      if (seen >= wanted) return Math.min(Math.max((from + to - 1) / 2, this.minimum), this.maximum);
    }
    return NaN;
  }
  /** The buckets that hold values, in ascending order. */
  buckets() {
    return [...this.#buckets].sort(([a], [b]) => a - b).map(([from, count]) => ({ from, to: from + this.#bucketSize(from),
    count }));
  }
};

// src/probe/target.ts
var TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
SOF_TIMESTAMPING_OPT_TSONLY;
var MEMORY_TIMEOUTS = 10;
var MEMORY_REQUESTS = 1e5;
var CLOCK_TOLERANCE = 1e6;
var WRONG_SOURCES_MAX = 8;
var RECEIVE_CALLS = 1e3;
var SEND_ATTEMPTS = 4;
var ProbeTarget = class {
  /** The name that the user gave, if it is not an address. */
  name;
  /** The endpoint that is asked: `192.0.2.10:9000`. */
  endpoint;
  /** Its address. */
  address;
  /** Its port. */
  port;
  /** Requests so far: the sum of {@link counts}. */
  sent = 0;
  /** Requests by what became of them. */
  counts = {
    waiting: 0,
    received: 0,
    late: 0,
    "wrong source": 0,
    corrupted: 0,
    failed: 0,
    lost: 0
  };
  /** Requests that failed, by error number. */
  failedByErrno = /* @__PURE__ */ new Map();
  /** Further answers to requests that had one. */
  duplicates = 0;
  /** Answers that came after the answer to a later request. */
  reordered = 0;
  /** Datagrams that answer no request of this session. */
  stray = 0;
  /** Round-trip times of all first answers that came unaltered, also late or from a wrong source. */
  times = new TimeStatistics();
  /** Where answers came from that came from a wrong source. */
  wrongSources = /* @__PURE__ */ new Set();
  /** Bytes of the last answer that was corrupted. */
  corruptedSize = 0;
  /** The last failure of a request. */
  lastFailure;
  #settings;
  #observer;
  #errors;
  #payload;
  #clock = new Clock(CLOCK_REALTIME);
  /** Absent where the host lacks the target's family. */
  #socket;
  #outgoing;
  #requests = /* @__PURE__ */ new Map();
  #waiting = /* @__PURE__ */ new Map();
  #connected = false;
  #newestReceived = 0;
  /** The request whose departure the kernel counts as number 0. */
  #firstCounted = 1;
  /**
   * Makes the socket; nothing is sent yet.
   * @throws {SystemError} with a sentence for the user, where the settings can't be met
   */
  constructor({ name, address, port }, settings, observer, errors) {
    this.name = name;
    this.address = address;
    this.port = port;
    this.endpoint = endpointText(address.bytes, address.zone, port);
    this.#settings = settings;
    this.#observer = observer;
    this.#errors = errors;
    this.#payload = new ProbePayload(crypto.getRandomValues(new Int32Array(1))[0], settings.sizeMax);
    try {
      this.#socket = UdpSocket.bind({ port: 0, address: settings.source, family: isIPv4(address.bytes) ? 4 : 6 });
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EAFNOSUPPORT) throw error;
      return;
    }
    const socket2 = this.#socket;
    setOptions(socket2, settings);
    this.#outgoing = socket2.batch(1);
    this.#outgoing.add(new Uint8Array(), {
      to: { address: hostText(address), port },
      from: settings.source === void 0 ? void 0 : hostText(socket2.address)
    });
  }
  /** The descriptor of the socket; -1 if it could not be made. */
  get fd() {
    return this.#socket?.fd ?? -1;
  }
  /** Makes a batch that {@link receive} can use, and that of every target of the same family. */
  batch(capacity) {
    return this.#socket?.batch(capacity);
  }
  /** When the oldest waiting request is given up, in milliseconds of `performance.now`; `Infinity` if none waits. */
  get deadline() {
    for (const request of this.#waiting.values()) return request.sentMilliseconds + this.#settings.timeout;
    return Infinity;
  }
  /** What became of a request so far; `undefined` if it is forgotten. */
  outcome(sequence) {
    return this.#requests.get(sequence)?.outcome;
  }
  /** Sends the next request, with `size` bytes of payload; returns its number. */
  send(size) {
    const request = {
      sequence: ++this.sent,
      size,
      sentAt: 0,
      sentMilliseconds: performance.now(),
      outcome: "waiting",
      errno: 0,
      roundTrip: void 0
    };
    this.counts.waiting++;
    this.#requests.set(request.sequence, request);
    this.#waiting.set(request.sequence, request);
    this.#transmit(request);
    return request.sequence;
  }
  #transmit(request) {
    const { sequence } = request;
    const socket2 = this.#socket;
    const outgoing = this.#outgoing;
    if (socket2 === void 0 || outgoing === void 0) {
      return this.#fail(request, EAFNOSUPPORT, void 0);
    }
    let report;
    try {
      if (this.#settings.connected && !this.#connected) {
        socket2.connect({ address: hostText(this.address), port: this.port });
        this.#connected = true;
      }
      outgoing.setPayload(0, this.#payload.of(sequence, request.size));
      outgoing.markForSend(0);
      for (let attempt = 1; ; attempt++) {
        request.sentAt = this.#now();
        if (socket2.send(outgoing) === 1) {
          this.receiveErrors();
          return;
        }
        const errno = socket2.lastError;
        const reports = this.receiveErrors();
        report = reports.find((entry) => entry.icmp === void 0 && entry.errno === errno);
        const earlier = reports.some((entry) => entry.icmp !== void 0 && entry.errno === errno);
        if (!earlier || attempt === SEND_ATTEMPTS) throw new SystemError("sendmsg", errno);
        this.#countDeparturesFrom(sequence);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#countDeparturesFrom(sequence + 1);
      this.#fail(request, error.errno, report);
    }
  }
  /** Takes what is in the socket's error queue; returns the errors. */
  receiveErrors() {
    const reports = [];
    for (const entry of this.#socket === void 0 ? [] : this.#errors.receive(this.#socket)) {
      if (entry.kind === "departure") {
        const request = this.#requests.get(this.#firstCounted + entry.index);
        if (request !== void 0 && entry.time >= request.sentAt) request.sentAt = entry.time;
      } else {
        reports.push(entry);
        if (entry.icmp !== void 0) this.#failRemotely(entry);
      }
    }
    return reports;
  }
  /** Receives what has come to the socket. */
  receive(batch) {
    const socket2 = this.#socket;
    if (socket2 === void 0) return;
    for (let calls = 0; calls < RECEIVE_CALLS; calls++) {
      this.receiveErrors();
      const received = socket2.receive(batch, false);
      for (let i = 0; i < received; i++) this.#judge(batch, i);
      if (received === -EAGAIN || received >= 0 && received < batch.capacity) return;
    }
  }
  /**
   * Gives up the requests whose time is over at `now`, in milliseconds of `performance.now`. What had come by then must
   * have been received.
   */
  expire(now) {
    for (const request of this.#waiting.values()) {
      if (request.sentMilliseconds + this.#settings.timeout > now) break;
      this.#settle(request, "lost");
      this.#observer.lost(this, request.sequence);
    }
    for (const request of this.#requests.values()) {
      const old = request.sentMilliseconds + this.#settings.timeout * MEMORY_TIMEOUTS <= now;
      if (request.outcome === "waiting" || !old && this.#requests.size <= MEMORY_REQUESTS) break;
      this.#requests.delete(request.sequence);
    }
  }
  /** Closes the socket. */
  close() {
    this.#socket?.close();
  }
  /** Finds out what a datagram that came means. */
  #judge(batch, i) {
    const payload = batch.payload(i);
    const { address, port } = batch.peer(i);
    const from = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const fromTarget = from === this.endpoint;
    const time = batch.arrival(i) ?? this.#now();
    let request = this.#answered(payload);
    const intact = request !== void 0;
    if (!intact && !isProbePayload(payload)) request = this.#resembled(payload, fromTarget);
    let kind;
    let reordered = false;
    let roundTrip;
    if (request === void 0) {
      kind = "stray";
      this.stray++;
    } else if (hasAnswer(request)) {
      kind = "duplicate";
      this.duplicates++;
    } else if (!intact) {
      kind = "corrupted";
      this.corruptedSize = payload.length;
      this.#settle(request, kind);
    } else {
      roundTrip = this.#roundTrip(request, time);
      const inTime = roundTrip <= this.#settings.timeout * 1e6;
      kind = !fromTarget ? "wrong source" : inTime ? "received" : "late";
      reordered = request.sequence < this.#newestReceived;
      this.#newestReceived = Math.max(this.#newestReceived, request.sequence);
      if (reordered) this.reordered++;
      this.#settle(request, kind);
      this.#countTime(request, roundTrip);
    }
    if (kind === "wrong source" && this.wrongSources.size < WRONG_SOURCES_MAX) this.wrongSources.add(from);
    this.#observer.replied(this, {
      kind,
      sequence: request?.sequence,
      from,
      to: batch.localAddress(i),
      size: payload.length,
      roundTrip,
      reordered,
      time
    });
  }
  /** The request whose payload this is, byte for byte; for an empty one, that of the oldest that waits. */
  #answered(payload) {
    const sequence = namedSequence(payload, this.sent);
    if (sequence === void 0) {
      if (payload.length > 0) return void 0;
      const request2 = this.#oldestWaiting() ?? this.#requests.get(this.sent);
      return request2?.size === 0 ? request2 : void 0;
    }
    const request = this.#requests.get(sequence);
    return request !== void 0 && this.#payload.equals(payload, sequence, request.size) ? request : void 0;
  }
  /**
   * The request that an altered payload most resembles: the one that it names or one that waits, if at least half of
   * its bytes agree. What the target itself sends is an answer whatever it is: to the oldest request that waits.
   */
  #resembled(payload, fromTarget) {
    const named = this.#requests.get(namedSequence(payload, this.sent) ?? 0);
    let best;
    let most = 0;
    for (const request of named === void 0 ? this.#waiting.values() : [named, ...this.#waiting.values()]) {
      const equal = this.#payload.agreement(payload, request.sequence, request.size);
      if (equal <= most || equal * 2 < Math.min(payload.length, request.size)) continue;
      best = request;
      most = equal;
    }
    return best ?? (fromTarget ? this.#oldestWaiting() : void 0);
  }
  #oldestWaiting() {
    for (const request of this.#waiting.values()) return request;
    return void 0;
  }
  /** Nanoseconds from a request to what arrived at `time`. */
  #roundTrip(request, time) {
    const roundTrip = time - request.sentAt;
    const most = (performance.now() - request.sentMilliseconds) * 1e6 + CLOCK_TOLERANCE;
    if (roundTrip >= 0 && roundTrip <= most) return roundTrip;
    return Math.round(most - CLOCK_TOLERANCE);
  }
  #countTime(request, roundTrip) {
    request.roundTrip = roundTrip;
    this.times.add(roundTrip);
    const before = this.#requests.get(request.sequence - 1)?.roundTrip;
    const after = this.#requests.get(request.sequence + 1)?.roundTrip;
    if (before !== void 0) this.times.addConsecutive(before, roundTrip);
    if (after !== void 0) this.times.addConsecutive(roundTrip, after);
  }
  /** An ICMP error came: finds the request by what it quotes of the payload; else it is the oldest that waits. */
  #failRemotely(report) {
    const sequence = namedSequence(report.quoted, this.sent);
    const request = sequence === void 0 ? this.#oldestWaiting() : this.#requests.get(sequence);
    this.#fail(request, report.errno, report);
  }
  #fail(request, errno, report) {
    const settled = request === void 0 || hasAnswer(request) || request.outcome === "failed";
    const failure = { sequence: settled ? void 0 : request.sequence, errno, report };
    if (!settled) {
      this.#settle(request, "failed", errno);
      this.lastFailure = failure;
    }
    this.#observer.failed(this, failure);
  }
  #settle(request, outcome, errno = 0) {
    this.#count(request, -1);
    request.outcome = outcome;
    request.errno = errno;
    this.#count(request, 1);
    this.#waiting.delete(request.sequence);
  }
  #count({ outcome, errno }, change) {
    this.counts[outcome] += change;
    if (outcome === "failed") this.failedByErrno.set(errno, (this.failedByErrno.get(errno) ?? 0) + change);
  }
  /** After a request that was not sent, nobody knows whether the kernel has counted it: it is made to start anew. */
  #countDeparturesFrom(sequence) {
    this.#firstCounted = sequence;
    setTimestamps(this.#socket, 0);
    setTimestamps(this.#socket, TIMESTAMPS);
  }
  #now() {
    this.#clock.read();
    return wallTime(this.#clock.seconds, this.#clock.nanoseconds);
  }
};
function hasAnswer({ outcome }) {
  return outcome !== "waiting" && outcome !== "lost" && outcome !== "failed";
}
function setOptions(socket2, settings) {
  const ipv6 = socket2.domain === AF_INET6;
  const { ttl, tos, interfaceIndex: interfaceIndex2 } = settings;
  const set = (nameIPv4, nameIPv6, value) => ipv6 ? socket2.setOption(IPPROTO_IPV6, nameIPv6, value) : socket2.setOption(
  IPPROTO_IP, nameIPv4, value);
  if (socket2.notices.length === 0) socket2.setOption(IPPROTO_UDP, UDP_GRO, 0);
  set(IP_RECVERR, IPV6_RECVERR, 1);
  setTimestamps(socket2, TIMESTAMPS);
  if (ttl !== void 0) set(IP_TTL, IPV6_UNICAST_HOPS, ttl);
  if (tos !== void 0) set(IP_TOS, IPV6_TCLASS, tos);
  if (settings.dontFragment) {
    if (ipv6) socket2.setOption(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    else socket2.setOption(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  }
  if (interfaceIndex2 > 0) set(IP_UNICAST_IF, IPV6_UNICAST_IF, swapBytes(interfaceIndex2));
}
function setTimestamps(socket2, flags) {
  try {
    socket2.setOption(SOL_SOCKET, SO_TIMESTAMPING, flags);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}
function swapBytes(value) {
  return (value & 255) << 24 | (value & 65280) << 8 | value >>> 8 & 65280 | value >>> 24;
}

// src/probe/command.ts
var COUNT_DEFAULT = 5;
var LINGER_MILLISECONDS = 10;
var FAILURE_MILLISECONDS = 200;
async function runProbe(settings) {
  const terminal = new Terminal();
  let stopped = false;
  handleSignals(() => stopped = true);
  const isStopped = () => stopped || terminal.closed;
  const endpoints = resolveTargets(settings);
  const report = settings.findMtu ? new MtuReport(settings, terminal) : makeReport(settings, terminal, endpoints.length >
  1);
  const targets = makeTargets(endpoints, settings, report);
  const exchange = new Exchange(targets);
  try {
    if (report instanceof MtuReport) {
      const found = await findLargest(targets, exchange, settings, report, isStopped);
      return found ? 0 : 1;
    }
    await ask2(targets, exchange, settings, report, isStopped);
    return targets.every((target2) => verdict(target2) === "ok") ? 0 : 1;
  } finally {
    for (const target2 of targets) target2.close();
  }
}
async function ask2(targets, exchange, settings, report, isStopped) {
  const { size, interval, timeout } = settings;
  const count = (settings.count ?? (targets.length > 1 ? COUNT_DEFAULT : 0)) || Infinity;
  const lastSent = new Map(targets.map((target2) => [target2, performance.now() - interval]));
  const dueAt = (target2) => {
    if (target2.sent >= count) return Infinity;
    if (interval > 0) return lastSent.get(target2) + interval;
    if (target2.counts.waiting > 0) return Infinity;
    return lastSent.get(target2) + (target2.outcome(target2.sent) === "failed" ? FAILURE_MILLISECONDS : 0);
  };
  report.start(targets);
  report.progress();
  while (!isStopped()) {
    let until = Infinity;
    for (const target2 of targets) {
      const now = performance.now();
      const due = dueAt(target2);
      if (due <= now) {
        target2.send(size);
        lastSent.set(target2, Math.max(due, now - interval));
      }
      until = Math.min(until, dueAt(target2), target2.deadline);
    }
    if (until === Infinity) break;
    await exchange.step(until);
    report.progress();
  }
  const slowest = Math.max(...targets.map(({ times }) => times.maximum / 1e6 || 0));
  const end = performance.now() + Math.min(timeout, Math.max(LINGER_MILLISECONDS, slowest));
  while (!isStopped() && performance.now() < end) await exchange.step(end);
  report.finish();
}
function resolveTargets(settings) {
  const source = settings.source === void 0 ? void 0 : resolve(settings.source, settings.family)[0];
  const family = source === void 0 ? settings.family : isIPv4(source.bytes) ? 4 : 6;
  const endpoints = /* @__PURE__ */ new Map();
  for (const { host, port } of settings.targets) {
    for (const found of resolve(withInterface(host, settings), family)) {
      const address = found.scope === 0 ? found : { ...found, zone: interfaceName(found.scope) };
      const ipv4 = isIPv4(address.bytes);
      if (source !== void 0 && ipv4 !== isIPv4(source.bytes)) {
        throw new UsageError(`--source ${settings.source} and the target ${host} are not of the same family`);
      }
      if (ipv4 && settings.size > SIZE_MAX_IPV4) {
        throw new UsageError(
          `--size ${settings.size} is too much for ${host}: IPv4 carries ${SIZE_MAX_IPV4} bytes at most`
        );
      }
      const name = parseAddress(host.split("%")[0]) === void 0 ? host : void 0;
      const key = `${hostText(address)} ${port}`;
      if (!endpoints.has(key)) endpoints.set(key, { name, address, port });
    }
  }
  return [...endpoints.values()];
}
function withInterface(host, { interfaceName: interfaceName2 }) {
  const bytes3 = parseAddress(host);
  return interfaceName2 !== void 0 && bytes3 !== void 0 && isLinkLocal(bytes3) ? `${host}%${interfaceName2}` : host;
}
function makeTargets(endpoints, settings, observer) {
  const errors = new ErrorQueue();
  const source = settings.source === void 0 ? void 0 : hostText(resolve(settings.source, settings.family)[0]);
  const requests = {
    connected: settings.connected,
    source,
    interfaceIndex: settings.interfaceName === void 0 ? 0 : interfaceIndex(settings.interfaceName),
    ttl: settings.ttl,
    tos: settings.tos,
    dontFragment: settings.dontFragment,
    timeout: settings.timeout,
    sizeMax: settings.findMtu ? SIZE_MAX : settings.size
  };
  if (settings.interfaceName !== void 0 && requests.interfaceIndex === 0) {
    const message = `no interface named ${JSON.stringify(settings.interfaceName)} on this host; \`ip link\` lists what the\
re is`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  try {
    return endpoints.map((endpoint) => new ProbeTarget(endpoint, requests, observer, errors));
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EADDRNOTAVAIL || source === void 0) throw error;
    throw new SystemError(
      "bind",
      EADDRNOTAVAIL,
      `cannot send from ${source}: this address is not on this host; \`ip address\` lists what is`
    );
  }
}

// src/main.ts
async function main(args) {
  try {
    if (args[0] === "probe") {
      const settings2 = parseProbe(args.slice(1));
      if (settings2 === "help") return print(console.log, PROBE_HELP) ? 0 : 1;
      return await runProbe(settings2);
    }
    const settings = parseEcho(args);
    if (settings === "help") return print(console.log, ECHO_HELP) ? 0 : 1;
    if (settings === "version") return print(console.log, `echo.ts ${VERSION}`) ? 0 : 1;
    await runEcho(settings);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SystemError || error instanceof LibraryError)) throw error;
    print(console.error, `echo.ts: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}
function print(write, text) {
  try {
    write(text);
    return true;
  } catch {
    return false;
  }
}
runtime().exit(await main(runtime().args));
