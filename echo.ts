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
  if (errno === OTHER_ERROR) return "an error that has no name";
  return util.getSystemErrorMessage?.(-errno) ?? errnoName(errno);
}
var SystemError = class extends Error {
  /** `SystemError` */
  name = "SystemError";
  /** The symbolic name of the error: `EACCES`. */
  code;
  /** The error number. errno(3) */
  errno;
  /** The system call that failed: `bind`. */
  syscall;
  /**
   * Makes the error; it is not thrown yet.
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
            functionAddress: (name) => {
              const found = ffi.dlopen(library, { [name]: { args: [], returns: "i32" } }).symbols[name];
              return found.ptr;
            },
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
    loadWaiting(libraries2, signatures2) {
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
    // Since 2.9.2: then its inspector listens on 127.0.0.1, and who connects can run code in the process.
    debuggerSignal: "SIGUSR1",
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
        pointer: (address) => pointer(address, address, 0),
        functionAddress: (name) => {
          const { found, number: number2 } = open(deno, libraries2, {
            found: { name, type: "pointer" },
            number: { name: "memcpy", parameters: ["pointer", "pointer", "usize"], result: "usize" }
          });
          return Number(number2(found, found, 0));
        }
      };
    },
    loadWaiting(libraries2, signatures2) {
      const waiting3 = Object.entries(signatures2).map(([name, signature]) => [name, { ...signature, nonblocking: true }]);
      return open(deno, libraries2, Object.fromEntries(waiting3));
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
  const write = (group2, index2) => {
    const value = parseInt(group2, 16);
    out[index2 * 2] = value >> 8;
    out[index2 * 2 + 1] = value & 255;
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
function isIPv4(bytes3, at = 0) {
  for (let i = 0; i < 10; i++) if (bytes3[at + i] !== 0) return false;
  return bytes3[at + 10] === 255 && bytes3[at + 11] === 255;
}
function isLinkLocal(bytes3, at = 0) {
  return bytes3[at] === 254 && (bytes3[at + 1] & 192) === 128;
}
var IPV4_MAPPED = -65536;
function isMapped(words, at) {
  return words[at + 2] === IPV4_MAPPED && (words[at] | words[at + 1]) === 0;
}
function isUnspecified(words, at) {
  return words[at + 3] === 0 && (isMapped(words, at) || (words[at] | words[at + 1] | words[at + 2]) === 0);
}
function isMulticast(words, at) {
  return isMapped(words, at) ? (words[at + 3] & 240) === 224 : (words[at] & 255) === 255;
}
function addressWords(bytes3) {
  return new Int32Array(bytes3.slice().buffer);
}
function formatAddress(out, at, bytes3, from = 0) {
  if (isIPv4(bytes3, from)) {
    for (let i = 12; i < 16; i++) {
      if (i > 12) out[at++] = DOT;
      at = formatDecimal(out, at, bytes3[from + i]);
    }
    return at;
  }
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && group(bytes3, from, end) === 0) end++;
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
    const value = group(bytes3, from, i);
    for (let shift = value > 4095 ? 12 : value > 255 ? 8 : value > 15 ? 4 : 0; shift >= 0; shift -= 4) {
      out[at++] = HEX[value >> shift & 15];
    }
  }
  return at;
}
function formatEndpoint(out, at, bytes3, from, zone, port) {
  const bracketed = !isIPv4(bytes3, from);
  if (bracketed) out[at++] = 91;
  at = formatAddress(out, at, bytes3, from);
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
function addressText(bytes3, from = 0) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatAddress(out, 0, bytes3, from)));
}
function endpointText(bytes3, zone, port) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatEndpoint(out, 0, bytes3, 0, zone, port)));
}
function group(bytes3, from, index2) {
  return bytes3[from + index2 * 2] << 8 | bytes3[from + index2 * 2 + 1];
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
var furtherSignatures = {
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
  strlen: { parameters: ["pointer"], result: "u32" }
};
var waitingSignatures = {
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
var further;
function furtherLibc() {
  return further ??= runtime().ffi.load(libraries, furtherSignatures).call;
}
var waiting;
function waitingLibc() {
  return waiting ??= runtime().ffi.loadWaiting(libraries, waitingSignatures);
}

// ffi/memory.ts
var Memory = class {
  /** The block's bytes. */
  bytes;
  /** The block as 16-bit words, in the byte order of the machine. */
  u16;
  /** The block as 32-bit words, in the byte order of the machine. */
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
  /** The pointer to the place `at`, for a call. It may allocate: what a loop needs is to be made beforehand. */
  pointer(at) {
    return libc().pointer(this.#address + at);
  }
  /** Stores the address of the place `target` as a C pointer at the place `at`, a multiple of 8. */
  link(at, target2) {
    const low = this.#low + target2 | 0;
    const carry = low >>> 0 < this.#low >>> 0 ? 1 : 0;
    this.i32[at >> 2] = low;
    this.i32[(at >> 2) + 1] = this.#high + carry;
  }
  /** Stores an address as a C pointer at the place `at`, a multiple of 8. */
  writeAddress(at, address) {
    this.i32[at >> 2] = address | 0;
    this.i32[(at >> 2) + 1] = Math.floor(address / 4294967296);
  }
  /** Stores `text` and a terminating zero at the place `at`; returns the place after it. */
  writeCString(at, text) {
    const bytes3 = new TextEncoder().encode(text);
    this.bytes.set(bytes3, at);
    this.bytes[at + bytes3.length] = 0;
    return at + bytes3.length + 1;
  }
  /** The text of the zero-terminated string at the place `at`. */
  readCString(at) {
    return new TextDecoder().decode(this.bytes.subarray(at, this.bytes.indexOf(0, at)));
  }
};

// ffi/libc.ts
var scratchMemory;
function scratch() {
  return scratchMemory ??= new Memory(1024);
}
function result(value) {
  return value < 0 ? -libc().errno() : value;
}
function socket(domain, type, protocol) {
  return result(libc().call.socket(domain, type, protocol));
}
function bind(fd, memory, at, length) {
  return result(libc().call.bind(fd, memory.pointer(at), length));
}
function connect(fd, memory, at, length) {
  return result(furtherLibc().connect(fd, memory.pointer(at), length));
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
function setsockoptTime(fd, level, name, milliseconds2) {
  const room = scratch();
  room.bytes.fill(0, 0, timeval.size);
  room.i32[timeval.tv_sec / 4] = Math.floor(milliseconds2 / 1e3);
  room.i32[timeval.tv_usec / 4] = milliseconds2 % 1e3 * 1e3;
  return result(libc().call.setsockopt(fd, level, name, room.pointer(0), timeval.size));
}
function poll(fd, events, milliseconds2) {
  const room = scratch();
  room.i32[pollfd.fd / 4] = fd;
  room.u16[pollfd.events / 2] = events;
  room.u16[pollfd.revents / 2] = 0;
  const ready = result(libc().call.poll(room.pointer(0), 1, milliseconds2));
  return ready <= 0 ? ready : room.u16[pollfd.revents / 2];
}
function open2(path, flags) {
  const room = scratch();
  room.writeCString(0, path);
  return result(libc().call.open(room.pointer(0), flags));
}
function readSmallFile(path) {
  const fd = open2(path, O_CLOEXEC);
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
function terminalSize(fd) {
  const room = scratch();
  if (furtherLibc().ioctl(fd, TIOCGWINSZ, room.pointer(0)) < 0) return void 0;
  return { columns: room.u16[winsize.ws_col / 2], rows: room.u16[winsize.ws_row / 2] };
}
function terminalDevice(fd) {
  const room = scratch();
  return furtherLibc().ioctl(fd, TIOCGDEV, room.pointer(0)) < 0 ? void 0 : room.i32[0];
}
function lseek(fd, offset, whence) {
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? -libc().errno() : position >>> 0;
}
function interfaceIndex(name) {
  if (name.includes("\0") || new TextEncoder().encode(name).length > 15) return 0;
  const room = scratch();
  room.writeCString(0, name);
  return furtherLibc().if_nametoindex(room.pointer(0));
}
function interfaceName(index2) {
  const room = scratch();
  return furtherLibc().if_indextoname(index2, room.pointer(0)) === null ? `${index2}` : room.readCString(0) || `${index2}`;
}
function environmentVariable(name) {
  const call = furtherLibc();
  const room = scratch();
  room.writeCString(0, name);
  const value = call.getenv(room.pointer(0));
  const length = value === null ? 0 : call.strlen(value);
  return length === 0 ? "" : new TextDecoder().decode(copyOf(value, length));
}
function signalIgnored(signal) {
  const room = scratch();
  room.bytes.fill(0, 0, sigaction.size);
  libc().call.sigaction(signal, null, room.pointer(0));
  return room.i32[sigaction.sa_handler / 4] === SIG_IGN;
}
function getaddrinfo(name, family) {
  const { pointer } = libc();
  const call = furtherLibc();
  const room = scratch();
  room.bytes.fill(0, 0, addrinfo.size + 8);
  room.i32[addrinfo.ai_family / 4] = family;
  room.i32[addrinfo.ai_socktype / 4] = SOCK_DGRAM;
  const list2 = addrinfo.size;
  const text = list2 + 8;
  if (!/^[\w.-]{1,255}$/.test(name)) return EAI_NONAME;
  room.writeCString(text, name);
  const error = call.getaddrinfo(room.pointer(text), null, room.pointer(0), room.pointer(list2));
  if (error !== 0) return error;
  const first = readAddress(room.i32, list2);
  const addresses = [];
  for (let at = first; at !== 0; ) {
    const entry = new Int32Array(copyOf(pointer(at), addrinfo.size).buffer);
    const entryFamily = entry[addrinfo.ai_family / 4];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      addresses.push(copyOf(pointer(readAddress(entry, addrinfo.ai_addr)), entry[addrinfo.ai_addrlen / 4]));
    }
    at = readAddress(entry, addrinfo.ai_next);
  }
  call.freeaddrinfo(pointer(first));
  return addresses;
}
function copyOf(from, length) {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), from, length);
  return memory.bytes.slice(0, length);
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
  /** What is to be written. */
  bytes;
  #pointer;
  #call = libc().call;
  #errno = libc().errno;
  /** @param size bytes at the most */
  constructor(size) {
    const memory = new Memory(size);
    this.bytes = memory.bytes;
    this.#pointer = memory.pointer(0);
  }
  /** Writes the first `length` bytes to a descriptor; returns how many it took. write(2) */
  write(fd, length) {
    const written = this.#call.write(fd, this.#pointer, length);
    return written < 0 ? -this.#errno() : written;
  }
  /** Sends the first `length` bytes to a connected socket; returns how many it took. send(2) */
  send(fd, length, flags) {
    const sent = this.#call.send(fd, this.#pointer, length, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
};

// ffi/signals.ts
var LOOK_MILLISECONDS = 4;
var LOG_ALL = 255;
function onSignal(signal, handler) {
  const { onSignal: onSignal2, debuggerSignal } = runtime();
  onSignal2(signal, handler);
  if (signal === "SIGUSR1" && signal === debuggerSignal) setTimeout(() => takeOver(SIGUSR1, handler), 0);
}
function takeOver(signal, handler) {
  const { setlogmask } = furtherLibc();
  const memory = new Memory(sigaction.size);
  memory.writeAddress(sigaction.sa_handler, libc().functionAddress("setlogmask"));
  if (libc().call.sigaction(signal, memory.pointer(0), null) < 0) return;
  setInterval(() => {
    if (setlogmask(0) !== signal) return;
    setlogmask(LOG_ALL);
    handler();
  }, LOOK_MILLISECONDS);
}

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

// src/net/checks.ts
function invalid(syscall, message) {
  return new SystemError(syscall, EINVAL, message);
}
function requireInteger(syscall, what, value, least, most) {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(syscall, `${what} is a whole number from ${least} to ${most}, not ${describe(value)}`);
}
function requireString(syscall, what, value) {
  if (typeof value === "string") return value;
  throw invalid(syscall, `${what} is a string, not ${describe(value)}`);
}
function requireObject(syscall, what, value) {
  if (typeof value === "object" && value !== null) return value;
  throw invalid(syscall, `${what} is an object, not ${describe(value)}`);
}
function requireBytes(syscall, what, value) {
  if (value instanceof Uint8Array) return value;
  throw invalid(syscall, `${what} is a Uint8Array, not ${describe(value)}`);
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

// src/net/endpoint.ts
function readAddress2(text) {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes3 = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes3 === void 0) return void 0;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) {
    const message = `no interface named ${JSON.stringify(zone)} on this host; \`ip link\` lists what there is`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  if (isLinkLocal(bytes3) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes: bytes3, zone, scope };
}
function zoneNumber(zone) {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}
function requireAddress(text) {
  const address = readAddress2(requireString("inet_pton", "an address", text));
  if (address !== void 0) return address;
  throw new SystemError("inet_pton", EINVAL, `${describe(text)} is no IPv4 or IPv6 address; names are not looked up`);
}
function requirePort(syscall, port, least) {
  return requireInteger(syscall, "a port", port, least, 65535);
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
function writeSocketAddress(memory, at, domain, address, port) {
  const { bytes: bytes3 } = memory;
  memory.u16[at >> 1] = domain;
  bytes3[at + sockaddr_in6.sin6_port] = port >> 8;
  bytes3[at + sockaddr_in6.sin6_port + 1] = port & 255;
  if (domain === AF_INET) {
    if (!isIPv4(address.bytes)) {
      throw new SystemError("sendmsg", EAFNOSUPPORT, "an IPv4 socket does not reach IPv6 addresses; bind one to ::");
    }
    bytes3.set(address.bytes.subarray(12), at + sockaddr_in.sin_addr);
    return sockaddr_in.size;
  }
  memory.i32[at + sockaddr_in6.sin6_flowinfo >> 2] = 0;
  bytes3.set(address.bytes, at + sockaddr_in6.sin6_addr);
  memory.i32[at + sockaddr_in6.sin6_scope_id >> 2] = address.scope;
  return sockaddr_in6.size;
}

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
    return received < 0 ? -this.#errno() : received;
  }
  /**
   * Sends the messages from `first` to before `end`; returns how many went, or the negative error of the first one.
   * It stops at the first that fails. sendmmsg(2)
   */
  send(fd, first, end, flags) {
    const sent = this.#call.sendmmsg(fd, this.#pointers[first], end - first, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
};
function writeBuffer(memory, at, base, length) {
  memory.link(at + iovec.iov_base, base);
  memory.i32[at + iovec.iov_len >> 2] = length;
}

// ffi/netlink.ts
function isLocalAddress(address, interfaceIndex2) {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return void 0;
  const memory = new Memory(1024);
  const { bytes: bytes3, u16, i32 } = memory;
  let end = nlmsghdr.size;
  bytes3[end + rtmsg.rtm_family] = address.length === 4 ? AF_INET : AF_INET6;
  bytes3[end + rtmsg.rtm_dst_len] = address.length * 8;
  end += rtmsg.size;
  const attribute = (type, value) => {
    u16[end + rtattr.rta_len >> 1] = rtattr.size + value.length;
    u16[end + rtattr.rta_type >> 1] = type;
    bytes3.set(value, end + rtattr.size);
    end += rtattr.size + value.length;
  };
  attribute(RTA_DST, address);
  if (interfaceIndex2 !== 0) attribute(RTA_OIF, new Uint8Array(Int32Array.of(interfaceIndex2).buffer));
  i32[nlmsghdr.nlmsg_len >> 2] = end;
  u16[nlmsghdr.nlmsg_type >> 1] = RTM_GETROUTE;
  u16[nlmsghdr.nlmsg_flags >> 1] = NLM_F_REQUEST;
  const { call } = libc();
  const sent = call.send(fd, memory.pointer(0), end, 0);
  const length = sent < 0 ? sent : call.read(fd, memory.pointer(0), bytes3.length);
  close(fd);
  if (length < nlmsghdr.size + rtmsg.size) return void 0;
  return u16[nlmsghdr.nlmsg_type >> 1] === RTM_NEWROUTE && bytes3[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}

// src/socket/control_message.ts
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

// src/socket/path.ts
var NAME_WORDS = 8;
var PATH_WORDS = NAME_WORDS + 4 + 1;
var Path = class {
  /** Where the datagram came from. */
  peer;
  /** The local address that an answer leaves from; see `MessageBatch.localAddress`. */
  local;
  /** `AF_INET` or `AF_INET6`: the family of the socket. */
  family;
  #words;
  /**
   * To be had from `MessageBatch.path`.
   * @internal
   */
  constructor(family, peer, local, words) {
    this.family = family;
    this.peer = peer;
    this.local = local;
    this.#words = words;
  }
  /**
   * The path in the form in which a batch keeps it.
   * @internal
   */
  static words(path) {
    return path.#words;
  }
  /**
   * Whether a value is a path.
   * @internal
   */
  static is(value) {
    return #words in value;
  }
};

// src/socket/message_batch.ts
var PAYLOAD_SIZE_MAX = 65535;
var UNICAST = 0;
var BROADCAST = 1;
var MULTICAST = 2;
var UNKNOWN = 3;
var CAPACITY_MAX = 1024;
var NAME_STRIDE = 32;
var LOCAL_STRIDE = 16;
var CONTROL_STRIDE = 192;
var PAYLOAD_STRIDE = 65536 + 192;
var MessageBatch = class {
  /** Most messages in the batch. */
  capacity;
  /** `AF_INET` or `AF_INET6`: the family of the socket that the batch is for. */
  family;
  /**
   * Where everything is that the kernel reads and writes. Addresses and payloads are at the places that the methods
   * give; what else there is are pointers for the kernel, so nothing is to be written outside payloads.
   */
  memory;
  /**
   * The same memory, for the socket.
   * @internal
   */
  arena;
  /**
   * Headers that `recvmmsg` fills in.
   * @internal
   */
  received;
  /**
   * Place of the headers that `sendmmsg` reads: two arrays of `capacity`.
   * @internal
   */
  replyHeadersAt;
  /**
   * Place of the buffers that those headers point at: two arrays of `capacity`.
   * @internal
   */
  replyBuffersAt;
  /**
   * Place of the control messages that those headers point at: two arrays of `capacity`.
   * @internal
   */
  replyControlsAt;
  #count = 0;
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
  // UNMARKED, MARKED, or MARKED plus the error that the message could not be sent for.
  #replies;
  /**
   * Makes a batch. `UdpSocket.batch` does so for its own family.
   * @param family `AF_INET` (2) or `AF_INET6` (10), as the socket's
   * @param capacity most messages at a time, 1 to 1024
   * @throws {SystemError} `EINVAL` where they are something else
   */
  constructor(family, capacity) {
    if (family !== AF_INET && family !== AF_INET6) throw invalid("recvmmsg", "a batch is for AF_INET or AF_INET6");
    requireInteger("recvmmsg", "the capacity of a batch", capacity, 1, CAPACITY_MAX);
    let size = 0;
    const place = (bytes3) => {
      const at = size;
      size += Math.ceil(bytes3 / 64) * 64;
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
    this.arena = new Memory(size);
    this.memory = this.arena;
    this.received = new MessageVector(this.arena, headersAt, capacity);
    this.#control = new ControlMessages(this.arena);
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
      writeBuffer(this.arena, bufferAt, this.payloadAt(i), PAYLOAD_SIZE_MAX);
      this.received.setName(i, this.nameAt(i), this.#nameSize);
      this.received.setBuffers(i, bufferAt, 1);
      this.received.setControl(i, this.#controlsAt + i * CONTROL_STRIDE, CONTROL_STRIDE);
    }
    this.#sizes = new Int32Array(capacity);
    this.#segmentSizes = new Int32Array(capacity);
    this.#interfaces = new Int32Array(capacity);
    this.#destinations = new Uint8Array(capacity);
    this.#arrivals = new Int32Array(capacity);
    this.#replies = new Uint16Array(capacity);
  }
  /** Messages that were received last, or added since {@link clear}. */
  get count() {
    return this.#count;
  }
  /**
   * Reads what the kernel wrote of the first `count` messages.
   * @internal
   */
  read(count) {
    requireInteger("recvmmsg", "the number of messages", count, 0, this.capacity);
    this.#count = count;
    for (let i = 0; i < count; i++) this.#readMessage(i);
  }
  /** Reads what the kernel wrote of message `i`, and makes its header ready for the next reception. */
  #readMessage(i) {
    const { received, arena: memory } = this;
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
        const sentTo = i32[data + in_pktinfo.ipi_addr / 4];
        const specific = i32[data + in_pktinfo.ipi_spec_dst / 4] || sentTo;
        interfaceIndex2 = i32[data + in_pktinfo.ipi_ifindex / 4];
        i32[local >> 2] = 0;
        i32[(local >> 2) + 1] = 0;
        i32[(local >> 2) + 2] = IPV4_MAPPED;
        i32[(local >> 2) + 3] = specific;
        sentToIPv4 = true;
        if ((sentTo & 240) === 224) destination = MULTICAST;
        else if (sentTo !== specific || sentTo === -1) destination = BROADCAST;
        else destination = specific === 0 ? UNKNOWN : UNICAST;
      } else if (control.level === IPPROTO_IPV6 && control.type === IPV6_PKTINFO && control.length >= in6_pktinfo.size &&
      // An IPv4 datagram on a dual-stack socket brings both, and only IP_PKTINFO tells a broadcast from the rest.
      !isMapped(i32, data)) {
        for (let word = 0; word < 4; word++) i32[(local >> 2) + word] = i32[data + word];
        interfaceIndex2 = i32[data + in6_pktinfo.ipi6_ifindex / 4];
        sentToIPv4 = false;
        destination = isUnspecified(i32, data) ? UNKNOWN : UNICAST;
        if (isMulticast(i32, data)) {
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
    if (cut || !named || sentToIPv4 !== isMapped(i32, this.peerAddressAt(i) >> 2)) destination = UNKNOWN;
    if (destination === UNKNOWN) i32.fill(0, local >> 2, (local >> 2) + 4);
    this.#sizes[i] = size;
    this.#segmentSizes[i] = segmentSize;
    this.#interfaces[i] = interfaceIndex2;
    this.#destinations[i] = destination;
    this.#arrivals[i] = arrival;
    this.#replies[i] = UNMARKED;
    received.setRoom(i, this.#nameSize, CONTROL_STRIDE);
  }
  /** Bytes of payload of message `i`, all its datagrams together. */
  size(i) {
    this.#check(i);
    return this.#sizes[i];
  }
  /** Bytes of each datagram of message `i`; the last may be shorter. */
  segmentSize(i) {
    this.#check(i);
    return this.#segmentSizes[i];
  }
  /** Datagrams in message `i`, at least 1. */
  datagrams(i) {
    this.#check(i);
    const size = this.#sizes[i];
    const segmentSize = this.#segmentSizes[i];
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }
  /** Leaves only the first `datagrams` datagrams of message `i`, of which it has at least as many. */
  shorten(i, datagrams) {
    if (datagrams < this.datagrams(i) && datagrams > 0) this.#sizes[i] = datagrams * this.#segmentSizes[i];
  }
  /** What message `i` was sent to. */
  destination(i) {
    this.#check(i);
    return this.#destinations[i];
  }
  /** Index of the interface that message `i` arrived by. */
  interfaceIndex(i) {
    this.#check(i);
    return this.#interfaces[i] >>> 0;
  }
  /**
   * When message `i` arrived in the kernel, as a `wallTime`; `undefined` unless the socket's `SO_TIMESTAMPING` asks for
   * it.
   */
  arrival(i) {
    this.#check(i);
    const at = this.#arrivals[i];
    if (at === 0) return void 0;
    const { i32 } = this.memory;
    return wallTime(i32[at + timespec.tv_sec >> 2] >>> 0, i32[at + timespec.tv_nsec >> 2]);
  }
  /** Name of the interface that message `i` arrived by; its number, if it is gone. Allocates. */
  interfaceName(i) {
    return interfaceName(this.interfaceIndex(i));
  }
  /** Port that message `i` came from. */
  peerPort(i) {
    this.#check(i);
    const at = this.nameAt(i) + sockaddr_in6.sin6_port;
    return this.memory.bytes[at] << 8 | this.memory.bytes[at + 1];
  }
  /** Place of the address, of 16 bytes, that message `i` came from; a multiple of 4. */
  peerAddressAt(i) {
    return this.#peersAt + i * this.#peerStride;
  }
  /** Name of the interface that gives the peer's link-local address its meaning; "" for other addresses. Allocates. */
  peerZone(i) {
    this.#check(i);
    return isLinkLocal(this.memory.bytes, this.peerAddressAt(i)) ? interfaceName(this.peerScope(i)) : "";
  }
  /** Index of the interface that the peer's link-local address belongs to; 0 for other addresses. */
  peerScope(i) {
    this.#check(i);
    return this.family === AF_INET ? 0 : this.memory.i32[this.nameAt(i) + sockaddr_in6.sin6_scope_id >> 2] >>> 0;
  }
  /** Place of the local address, of 16 bytes, that message `i` is answered from; a multiple of 4. */
  localAt(i) {
    return this.#localsAt + i * LOCAL_STRIDE;
  }
  /** Name of the interface that gives the local link-local address its meaning; "" for other addresses. Allocates. */
  localZone(i) {
    this.#check(i);
    return isLinkLocal(this.memory.bytes, this.localAt(i)) ? interfaceName(this.interfaceIndex(i)) : "";
  }
  /**
   * Place of the socket address that message `i` came from.
   * @internal
   */
  nameAt(i) {
    return this.#namesAt + i * NAME_STRIDE;
  }
  /**
   * Bytes of a socket address of the batch's family.
   * @internal
   */
  get nameSize() {
    return this.#nameSize;
  }
  /** Place of the payload of message `i`, {@link PAYLOAD_SIZE_MAX} bytes of room. */
  payloadAt(i) {
    return this.#payloadsAt + i * PAYLOAD_STRIDE;
  }
  /**
   * Marks message `i` to be sent back, with the payload that is then in its place, by every `UdpSocket.send` until the
   * batch is filled anew.
   * @throws {SystemError} `EINVAL` where there is no such message, as all methods do that take a number
   */
  reply(i) {
    this.#check(i);
    this.#replies[i] = MARKED;
  }
  /** Whether message `i` is to be sent back. */
  replies(i) {
    this.#check(i);
    return this.#replies[i] >= MARKED;
  }
  /**
   * The error number that the last `UdpSocket.send` failed to send message `i` for, or a datagram of it; 0 if it went.
   * errno(3)
   */
  error(i) {
    this.#check(i);
    return Math.max(0, this.#replies[i] - MARKED);
  }
  /**
   * Notes that message `i`, or a datagram of it, could not be sent.
   * @internal
   */
  fail(i, errno) {
    this.#check(i);
    this.#replies[i] = MARKED + errno;
  }
  /** Empties the batch. */
  clear() {
    this.#count = 0;
  }
  /**
   * Adds a message that the next `UdpSocket.send` sends: `payload`, at most {@link PAYLOAD_SIZE_MAX} bytes, to a peer,
   * from a local address or from the one that the routing table gives; or back along the path of a message that was
   * received. The payload is copied. Allocates, unless it is given a path.
   * @throws {SystemError} where an address can't be used on this socket (`EAFNOSUPPORT`) or is not local
   *   (`EADDRNOTAVAIL`), where the batch is full (`ENOBUFS`) or the payload too large (`EMSGSIZE`)
   */
  add(payload, route) {
    const i = this.#count;
    if (i >= this.capacity) {
      throw new SystemError(
        "sendmmsg",
        ENOBUFS,
        `the batch is full: it holds ${this.capacity} messages; send it first`
      );
    }
    checkPayload(payload);
    requireObject("sendmmsg", "where a message goes", route);
    if (Path.is(route)) this.#setPath(i, route);
    else this.#setRoute(i, route);
    this.#destinations[i] = UNICAST;
    this.#arrivals[i] = 0;
    this.#replies[i] = MARKED;
    this.#setPayload(i, payload);
    this.#count = i + 1;
  }
  #setRoute(i, { to, from }) {
    const { address, port } = requireObject("sendmmsg", "`to`", to);
    const peer = requireAddress(address);
    requirePort("sendmmsg", port, 1);
    const local = from === void 0 ? void 0 : requireLocal(from, peer);
    writeSocketAddress(this.arena, this.nameAt(i), this.family, peer, port);
    const { bytes: bytes3, i32 } = this.memory;
    const localAt = this.localAt(i);
    bytes3.set(peer.bytes, this.peerAddressAt(i));
    i32.fill(0, localAt >> 2, (localAt >> 2) + 4);
    if (local !== void 0) bytes3.set(local.bytes, localAt);
    else if (isIPv4(peer.bytes)) i32[(localAt >> 2) + 2] = IPV4_MAPPED;
    this.#interfaces[i] = local?.scope ?? 0;
  }
  #setPath(i, path) {
    if (path.family !== this.family) {
      throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
    }
    const words = Path.words(path);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < NAME_WORDS; word++) i32[name + word] = words[word];
    for (let word = 0; word < 4; word++) i32[local + word] = words[NAME_WORDS + word];
    this.#interfaces[i] = words[NAME_WORDS + 4];
    if (this.family === AF_INET) i32[(this.peerAddressAt(i) >> 2) + 3] = i32[name + sockaddr_in.sin_addr / 4];
  }
  /**
   * The path of message `i`, for what is to be sent along it later. Allocates, unless it is the same as `known`, which is
   * given back then.
   */
  path(i, known2) {
    this.#check(i);
    if (known2 !== void 0 && Path.is(known2) && this.#hasPath(i, known2)) return known2;
    const words = new Int32Array(PATH_WORDS);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < this.#nameSize / 4; word++) words[word] = i32[name + word];
    for (let word = 0; word < 4; word++) words[NAME_WORDS + word] = i32[local + word];
    words[NAME_WORDS + 4] = this.#interfaces[i];
    return new Path(this.family, this.peer(i), this.localAddress(i), words);
  }
  #hasPath(i, path) {
    const words = Path.words(path);
    const { i32 } = this.memory;
    const name = this.nameAt(i) >> 2;
    const local = this.localAt(i) >> 2;
    for (let word = 0; word < this.#nameSize / 4; word++) if (words[word] !== i32[name + word]) return false;
    for (let word = 0; word < 4; word++) if (words[NAME_WORDS + word] !== i32[local + word]) return false;
    return words[NAME_WORDS + 4] === this.#interfaces[i] && path.family === this.family;
  }
  /** The payload of message `i`, as a view that the next reception overwrites. Allocates. */
  payload(i) {
    return this.memory.bytes.subarray(this.payloadAt(i), this.payloadAt(i) + this.size(i));
  }
  /**
   * Puts another payload, at most {@link PAYLOAD_SIZE_MAX} bytes, in the place of that of message `i`.
   * @throws {SystemError} `EMSGSIZE` where it is larger
   */
  setPayload(i, payload) {
    this.#check(i);
    checkPayload(payload);
    this.#setPayload(i, payload);
  }
  #setPayload(i, payload) {
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
  /**
   * The local address that message `i` is answered from, with its zone if it is link-local. `::` with a zone says that
   * the interface gives the address: so it is for what was sent to an IPv6 multicast address. Allocates.
   */
  localAddress(i) {
    const { bytes: bytes3 } = this.memory;
    const at = this.localAt(i);
    const interfaceGives = this.destination(i) === MULTICAST && !isIPv4(bytes3, at);
    const zone = interfaceGives ? this.interfaceName(i) : this.localZone(i);
    const address = addressText(bytes3, at);
    return zone === "" ? address : `${address}%${zone}`;
  }
  /** Whether the peer of message `i` is an IPv4 address. */
  isIPv4(i) {
    this.#check(i);
    return this.family === AF_INET || isIPv4(this.memory.bytes, this.peerAddressAt(i));
  }
  #check(i) {
    if (i >>> 0 !== i || i >= this.#count) throw noMessage(i, this.#count);
  }
};
var UNMARKED = 0;
var MARKED = 1;
function noMessage(i, count) {
  return invalid("sendmmsg", `no message ${describe(i)} in the batch: it holds ${count}, numbered from 0`);
}
function checkPayload(payload) {
  const { length } = requireBytes("sendmmsg", "a payload", payload);
  if (length <= PAYLOAD_SIZE_MAX) return;
  const most = `a datagram carries ${PAYLOAD_SIZE_MAX} bytes at most`;
  throw new SystemError("sendmmsg", EMSGSIZE, `a payload of ${length} bytes is too large: ${most}`);
}
function requireLocal(from, peer) {
  const local = requireAddress(from);
  const { bytes: bytes3, scope } = local;
  const ipv4 = isIPv4(bytes3);
  if (isUnspecified(addressWords(bytes3), 0)) return scope === 0 || ipv4 || isIPv4(peer.bytes) ? void 0 : local;
  if (ipv4 !== isIPv4(peer.bytes)) {
    const families = ipv4 ? "an IPv4 address to an IPv6" : "an IPv6 address to an IPv4";
    throw new SystemError(
      "sendmmsg",
      EAFNOSUPPORT,
      `cannot send from ${families} one; leave \`from\` out, or change it`
    );
  }
  if (isLocalAddress(ipv4 ? bytes3.subarray(12) : bytes3, scope) === false) {
    const message = `cannot send from ${from}: this address is not on this host; \`ip address\` lists what is`;
    throw new SystemError("sendmmsg", EADDRNOTAVAIL, message);
  }
  return local;
}

// ffi/epoll.ts
var EVENTS_MAX = 64;
var Epoll = class {
  #memory = new Memory((1 + EVENTS_MAX) * epoll_event.size);
  #i32 = this.#memory.i32;
  #event = this.#memory.pointer(0);
  #events = this.#memory.pointer(epoll_event.size);
  #call = furtherLibc();
  #errno = libc().errno;
  #waiting = waitingLibc();
  #epoll;
  #waker;
  /** @throws {SystemError} where there are no descriptors left */
  constructor() {
    this.#epoll = check("epoll_create1", this.#result(this.#call.epoll_create1(EPOLL_CLOEXEC)));
    const waker = this.#result(this.#call.eventfd(1, EFD_CLOEXEC));
    if (waker < 0) close(this.#epoll);
    this.#waker = check("eventfd", waker);
  }
  /**
   * Reports `fd` as soon as it has something to read, or an error; at once if it has already.
   * @param tag a 32-bit number to tell this waiting from an earlier one, of a descriptor of the same number
   * @throws {SystemError} where it can't be waited for
   */
  arm(fd, tag) {
    const result2 = this.#control(EPOLL_CTL_MOD, fd, tag);
    check("epoll_ctl", result2 === -ENOENT ? this.#control(EPOLL_CTL_ADD, fd, tag) : result2);
  }
  /** Reports `fd` no more. To be called before it is closed. */
  remove(fd) {
    this.#control(EPOLL_CTL_DEL, fd, 0);
  }
  /** Ends the waiting, or the next one. */
  wake() {
    this.arm(this.#waker, 0);
  }
  /** Waits, on a thread of its own; gives how many descriptors are reported. epoll_wait(2) */
  async wait() {
    const count = await this.#waiting.epoll_wait(this.#epoll, this.#events, EVENTS_MAX, -1);
    return Math.max(0, count);
  }
  /** Which descriptor was reported as number `i` by the last waiting. */
  reported(i) {
    return this.#i32[(1 + i) * epoll_event.size + epoll_event.data >> 2];
  }
  /** With which tag it was armed. */
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
function check(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
}

// src/socket/readiness.ts
var waiting2 = /* @__PURE__ */ new Map();
var lastTag = 0;
var epoll;
var running = false;
function readable(fd) {
  return new Promise((resolve2, reject) => {
    epoll ??= new Epoll();
    const tag = lastTag = lastTag + 1 | 0;
    epoll.arm(fd, tag);
    waiting2.set(fd, { tag, resolve: resolve2, reject });
    if (!running) void run(epoll);
  });
}
function forget(fd) {
  epoll?.remove(fd);
  waiting2.get(fd)?.resolve(false);
  if (waiting2.delete(fd) && waiting2.size === 0) epoll?.wake();
}
async function run(epoll2) {
  running = true;
  try {
    while (waiting2.size > 0) {
      const count = await epoll2.wait();
      for (let i = 0; i < count; i++) {
        const fd = epoll2.reported(i);
        const waiter = waiting2.get(fd);
        if (waiter?.tag !== epoll2.reportedTag(i)) continue;
        waiter.resolve(true);
        waiting2.delete(fd);
      }
    }
  } catch (error) {
    for (const { reject } of waiting2.values()) reject(error);
    waiting2.clear();
  } finally {
    running = false;
  }
}

// src/socket/batch_sender.ts
var TRAIN_SIZE_MAX = 65507;
var Replies = class {
  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed;
  /** The error number of the datagram that failed last. */
  lastError = 0;
  /** Whether a device on the way to some peer has turned out not to take trains. */
  deviceRefused = false;
  #batch;
  #fd;
  #segmentation;
  #refusals;
  #buffer;
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
   * @param buffer the socket's send buffer
   * @param failed where failures are counted by error number
   */
  constructor(batch, fd, named, segmentation, refusals, buffer, failed = new Float64Array(ERRNO_COUNT)) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#fd = fd;
    this.#segmentation = segmentation;
    this.#refusals = refusals;
    this.#buffer = buffer;
    this.failed = failed;
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
    const buffer = this.#buffer;
    let sent = 0;
    for (let train = 0; train < this.#trains; train++) {
      if (buffer.note(this.#bytes[train], this.#datagrams[train])) {
        sent += this.#sendPlanned();
        buffer.look();
      }
      if (buffer.crowded) {
        sent += this.#sendIfAdmitted(train);
      } else if (this.#goesWhole(train)) {
        this.#addTrain(train);
      } else {
        sent += this.#sendPlanned();
        sent += this.#sendOneByOne(train);
      }
    }
    return sent + this.#sendPlanned();
  }
  /** Sends as much of a train as there is room for in the crowded send buffer; returns how many datagrams went. */
  #sendIfAdmitted(train) {
    const { i32 } = this.#batch.memory;
    const peer = this.#peerWords(train);
    const datagrams = this.#datagrams[train];
    this.#buffer.look();
    if (this.#goesWhole(train) && this.#buffer.admit(i32, peer, this.#bytes[train], datagrams)) {
      this.#addTrain(train);
      const sent = this.#sendPlanned();
      this.#buffer.record(i32, peer);
      return sent;
    }
    if (datagrams > 1) return this.#sendOneByOne(train);
    this.#failTrain(train, EAGAIN);
    return 0;
  }
  /** Whether a train is to be tried as one message. */
  #goesWhole(train) {
    return this.#datagrams[train] === 1 || !this.#refusals.has(this.#batch.memory.i32, this.#peerWords(train), this.#segmentSize[train]);
  }
  /** Puts the marked messages into trains. */
  #plan() {
    const batch = this.#batch;
    this.#trains = 0;
    if (batch.count > 1) this.#newest.fill(-1);
    for (let i = 0; i < batch.count; i++) {
      if (!batch.replies(i)) continue;
      batch.reply(i);
      const slot = batch.count > 1 ? this.#findFlow(i) : 0;
      const newest = this.#newest[slot];
      if (batch.count > 1 && newest >= 0 && this.#join(newest, i)) continue;
      const train = this.#trains++;
      const size = batch.size(i);
      const datagrams = batch.datagrams(i);
      this.#newest[slot] = train;
      this.#head[train] = i;
      this.#tail[train] = i;
      this.#next[i] = -1;
      this.#bytes[train] = size;
      this.#datagrams[train] = datagrams;
      this.#segmentSize[train] = batch.segmentSize(i);
      this.#open[train] = this.#segmentation && size > 0 && size === datagrams * batch.segmentSize(i) ? 1 : 0;
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
    return batch.peerPort(a) === batch.peerPort(b) && batch.peerScope(a) === batch.peerScope(b) && (batch.interfaceIndex(
    a) === batch.interfaceIndex(b) || !namesInterface(batch, a));
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
        this.#failTrain(planned.train(first), -result2);
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
    const buffer = this.#buffer;
    const segmentSize = this.#segmentSize[train];
    const peer = this.#peerWords(train);
    let sent = 0;
    for (let i = this.#head[train]; i >= 0; i = this.#next[i]) {
      const size = batch.size(i);
      for (let from = 0; from < size; from += segmentSize) {
        const length = Math.min(segmentSize, size - from);
        const crowded = buffer.crowded;
        if (crowded && !buffer.admit(batch.memory.i32, peer, length, 1)) {
          this.#fail(i, EAGAIN, 1);
          continue;
        }
        singles.begin(i, train, 1);
        singles.addBuffer(batch.payloadAt(i) + from, length);
        singles.end(0);
        if (crowded || singles.count === batch.capacity) sent += this.#sendSingles();
        if (crowded) buffer.record(batch.memory.i32, peer);
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
        this.#fail(singles.message(first), -result2, 1);
        first++;
      }
    }
    singles.clear();
    return sent;
  }
  #failTrain(train, errno) {
    for (let i = this.#head[train]; i >= 0; i = this.#next[i]) this.#fail(i, errno, this.#batch.datagrams(i));
  }
  #fail(i, errno, datagrams) {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR] += datagrams;
    this.lastError = errno;
    this.#batch.fail(i, errno);
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
  #messages;
  #trains;
  #datagrams;
  #buffers = 0;
  #firstBuffer = 0;
  /** Uses the first (0) or the second (1) part of the room for replies in the batch's memory. */
  constructor(batch, part, named) {
    const { capacity } = batch;
    this.#batch = batch;
    this.#named = named;
    this.#vector = new MessageVector(batch.arena, batch.replyHeadersAt + part * capacity * mmsghdr.size, capacity);
    this.#buffersAt = batch.replyBuffersAt + part * capacity * iovec.size;
    this.#controlsAt = batch.replyControlsAt + part * capacity * REPLY_CONTROL_SIZE;
    this.#messages = new Int32Array(capacity);
    this.#trains = new Int32Array(capacity);
    this.#datagrams = new Int32Array(capacity);
  }
  /** Begins a message of `datagrams` datagrams of a train, to the peer of the batch's message `i`. */
  begin(i, train, datagrams) {
    this.#messages[this.count] = i;
    this.#trains[this.count] = train;
    this.#datagrams[this.count] = datagrams;
    this.#firstBuffer = this.#buffers;
  }
  /** Adds `length` bytes at `at` to the payload. */
  addBuffer(at, length) {
    writeBuffer(this.#batch.arena, this.#buffersAt + this.#buffers * iovec.size, at, length);
    this.#buffers++;
  }
  /** Completes the message; with a `segmentSize` above 0 as a train. */
  end(segmentSize) {
    const batch = this.#batch;
    const memory = batch.arena;
    const i = this.#messages[this.count];
    const local = batch.localAt(i);
    const start = this.#controlsAt + this.count * REPLY_CONTROL_SIZE;
    let at = start;
    if (isMapped(memory.i32, local >> 2)) {
      at = appendIPv4PacketInfo(memory, at, memory.i32[(local >> 2) + 3], 0);
    } else {
      at = appendIPv6PacketInfo(memory, at, local, namesInterface(batch, i) ? batch.interfaceIndex(i) : 0);
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
  /** The batch's message, the first if they are several, that goes as message `i`. */
  message(i) {
    return this.#messages[i];
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
function namesInterface(batch, i) {
  const { bytes: bytes3, i32 } = batch.memory;
  const local = batch.localAt(i);
  const word = local >> 2;
  return isLinkLocal(bytes3, local) || (i32[word] | i32[word + 1] | i32[word + 2] | i32[word + 3]) === 0;
}

// src/socket/segmentation_refusals.ts
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

// ffi/socket_memory.ts
var VALUES_SIZE = SK_MEMINFO_VARS * 4;
var SocketMemory = class {
  #fd;
  // The values, then their length.
  #memory = new Memory(VALUES_SIZE + 4);
  #i32 = this.#memory.i32;
  #values = this.#memory.pointer(0);
  #length = this.#memory.pointer(VALUES_SIZE);
  #call = libc().call;
  /** @param fd the socket */
  constructor(fd) {
    this.#fd = fd;
  }
  /** Asks the kernel. Where it has no answer (before Linux 4.12), the values stay 0. */
  read() {
    this.#i32[VALUES_SIZE >> 2] = VALUES_SIZE;
    this.#call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#values, this.#length);
  }
  /** Bytes in the send buffer at the last reading: datagrams that have not left the host, with their bookkeeping. */
  get sending() {
    return this.#i32[SK_MEMINFO_WMEM_ALLOC];
  }
  /** Size of the send buffer at the last reading, in such bytes. */
  get sendBuffer() {
    return this.#i32[SK_MEMINFO_SNDBUF];
  }
};

// src/socket/send_buffer.ts
var SHARE = 32;
var TRIAL_SHARE = 16;
var PEERS = 65536;
var BOOKKEEPING = 1024;
var SendBuffer = class {
  /** Whether the buffer is half full: then every message must be {@link admit admitted}, and goes on its own. */
  crowded = false;
  #memory;
  #size;
  // Bytes in the buffer at the last look, and bytes that were sent since.
  #level = 0;
  #since = 0;
  // What is known of the peers is kept from when the buffer is half full for the first time: most often it never is.
  #seed = 0;
  // By peer: bytes that it has in the other half of the buffer, and how often it was refused since it last had none.
  #held = new Int32Array(0);
  #refusals = new Int32Array(0);
  // The peers that have any, in the order in which they came to that; and by peer, its place there plus 1, or 0.
  #holders = new Uint16Array(0);
  #place = new Int32Array(0);
  #holderCount = 0;
  /** @param fd the socket, whose send buffer has its final size */
  constructor(fd) {
    this.#memory = new SocketMemory(fd);
    this.#memory.read();
    this.#size = this.#memory.sendBuffer;
  }
  /**
   * Notes that so many bytes in so many datagrams are about to be sent.
   * @returns whether {@link look} is due before that: without it the buffer might come to be half full unseen
   */
  note(bytes3, datagrams) {
    this.#since += cost(bytes3, datagrams);
    return this.#level + this.#since > this.#size >> 1;
  }
  /** Asks the kernel how full the buffer is. */
  look() {
    this.#memory.read();
    let gone = this.#level - this.#memory.sending;
    this.#level -= gone;
    this.#since = 0;
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
  /** Whether so many bytes in so many datagrams may go to the peer whose address is the four words from `at`. */
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
  /** Records what stayed in the buffer of the message that just went to this peer. */
  record(words, at) {
    const before = this.#level;
    this.look();
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

// src/socket/udp_socket.ts
var SEND_BUFFER_BYTES = 4 << 20;
var owned = /* @__PURE__ */ new Set();
var forgotten = new FinalizationRegistry(release);
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
  /** Whether it was taken over: then another process may have it too, and go on with it. */
  adopted;
  /** What the host or its kernel lacks, a sentence each, for people. */
  notices;
  /** Datagrams dropped by the kernel that {@link drops} has seen. */
  #drops = 0;
  #dropsWord;
  #fd;
  #connected;
  #readable;
  #lastReceived;
  #single;
  #segmentation;
  #refusals = new SegmentationRefusals();
  #sendBuffer;
  #failed = new Float64Array(ERRNO_COUNT);
  #replies = /* @__PURE__ */ new WeakMap();
  #lastBatch;
  #lastReplies;
  constructor(fd, domain, dual, features, adopted) {
    const memory = new Memory(sockaddr_in6.size);
    check2("getsockname", getsockname(fd, memory, 0, sockaddr_in6.size));
    this.#fd = fd;
    this.#segmentation = features.segmentation;
    this.#sendBuffer = new SendBuffer(fd);
    this.#dropsWord = Math.max(0, dropsWord(fd));
    this.adopted = adopted;
    this.domain = domain;
    this.address = readSocketAddress(
      memory.bytes.subarray(0, domain === AF_INET ? sockaddr_in.size : sockaddr_in6.size)
    );
    this.port = memory.bytes[sockaddr_in6.sin6_port] << 8 | memory.bytes[sockaddr_in6.sin6_port + 1];
    this.families = domain === AF_INET ? "IPv4" : dual ? "IPv4 and IPv6" : "IPv6";
    this.receiveBuffer = features.receiveBuffer;
    this.notices = features.notices;
    if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    owned.add(fd);
    forgotten.register(this, fd, this);
  }
  /**
   * Binds a socket.
   * @throws {SystemError} with a sentence for the user, where the address can't be bound
   */
  static bind(options3) {
    checkOptions(options3);
    const notices = [];
    const name = localName(options3, notices);
    const domain = isIPv4(name.address.bytes) ? AF_INET : AF_INET6;
    const fd = open3(domain);
    try {
      if (domain === AF_INET6) check2("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, name.dual ? 0 : 1));
      const features = configure(fd, domain, options3.receiveBuffer ?? 0, notices);
      const memory = new Memory(sockaddr_in6.size);
      const length = writeSocketAddress(memory, 0, domain, name.address, name.port);
      if (options3.broadcast) check2("setsockopt", setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1));
      const error = bind(fd, memory, 0, length);
      if (error < 0) throw bindError(name, -error);
      return new _UdpSocket(fd, domain, name.dual, features, false);
    } catch (error) {
      close(fd);
      throw error;
    }
  }
  /**
   * Takes over a UDP socket that somebody else has bound, as a service manager does for socket activation. Options that
   * it came with, and that would change what this class does, are reset: `SO_BROADCAST`, `IP_RECVERR`, `SO_TIMESTAMPING`.
   * @param fd its descriptor
   * @throws {SystemError} with a sentence for the user, where it is none, or another `UdpSocket` has it
   */
  static adopt(fd, options3 = {}) {
    requireInteger("getsockopt", "a descriptor", fd, 0, INT_MAX);
    checkReceiveBuffer(requireObject("setsockopt", "the options", options3).receiveBuffer);
    if (owned.has(fd)) {
      throw new SystemError("getsockopt", EINVAL, `cannot take over descriptor ${fd}: another UdpSocket has it`);
    }
    const domain = getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
    const type = getsockopt(fd, SOL_SOCKET, SO_TYPE);
    if (domain !== AF_INET && domain !== AF_INET6 || type !== SOCK_DGRAM) {
      const reason = type < 0 ? errnoMessage(-type) : "it is no UDP socket";
      const errno = type < 0 ? -type : EINVAL;
      throw new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
    }
    const dual = domain === AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
    const socket2 = new _UdpSocket(fd, domain, dual, configure(fd, domain, options3.receiveBuffer ?? 0, []), true);
    const flags = fcntl(fd, F_GETFL, 0);
    if (flags > 0 && (flags & O_NONBLOCK) !== 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    if (socket2.port !== 0) {
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
      setsockopt(fd, IPPROTO_IP, IP_RECVERR, 0);
      if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
      setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 0);
      return socket2;
    }
    forgotten.unregister(socket2);
    owned.delete(fd);
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
    for (const number2 of [level, name, value]) requireInteger("setsockopt", "an option", number2, INT_MIN, INT_MAX);
    check2("setsockopt", setsockopt(this.#open("setsockopt"), level, name, value));
  }
  /** Makes a batch for this socket, with memory for `capacity` messages, 1 to 1024: about 64 KiB each. */
  batch(capacity) {
    return new MessageBatch(this.domain, capacity);
  }
  /**
   * Connects the socket: from now on it receives only from `to`, sends only there whatever a batch says, and learns from
   * its `receive` and `send` when the peer refuses. connect(2)
   * @throws {SystemError} where there is no way to it
   */
  connect(to) {
    const fd = this.#open("connect");
    const { address, port } = requireObject("connect", "where to connect to", to);
    const peer = requireAddress(address);
    requirePort("connect", port, 1);
    const memory = new Memory(sockaddr_in6.size);
    const length = writeSocketAddress(memory, 0, this.domain, peer, port);
    const error = connect(fd, memory, 0, length);
    if (error < 0) {
      throw new SystemError("connect", -error, `cannot connect to ${address}: ${errnoMessage(-error)}`);
    }
    this.#connected = { address: peer, port };
    this.#replies = /* @__PURE__ */ new WeakMap();
    this.#lastBatch = void 0;
  }
  /**
   * Sends one datagram, to a peer or along the path of one that was received. For one now and then; {@link send} is for
   * many. It never waits.
   * @throws {SystemError} where an address can't be used (`EAFNOSUPPORT`) or is not local (`EADDRNOTAVAIL`), where the
   *   payload is too large (`EMSGSIZE`), or the kernel refuses it
   */
  sendTo(payload, route) {
    this.#open("sendmmsg");
    const batch = this.#single ??= this.batch(1);
    batch.clear();
    batch.add(payload, route);
    this.#checkReach(batch);
    if (this.send(batch) === 1) return;
    throw sendError(batch, 0);
  }
  /** How long {@link receive} waits at most, in milliseconds; without an end if 0, as it is at first. */
  setReceiveTimeout(milliseconds2) {
    requireInteger("setsockopt", "a time in milliseconds", milliseconds2, 0, INT_MAX);
    check2("setsockopt", setsockoptTime(this.#open("setsockopt"), SOL_SOCKET, SO_RCVTIMEO, milliseconds2));
  }
  /**
   * Waits, while the event loop goes on, until there is something to receive. It keeps the process alive meanwhile.
   * @returns true; or false as soon as the socket is closed
   */
  readable() {
    const fd = this.#open("poll");
    return this.#readable ??= readable(fd).finally(() => this.#readable = void 0);
  }
  /**
   * Receives the messages that are there into a batch. With `wait` it waits for the first one, and the event loop stands
   * still; {@link readable} is for waiting otherwise. It allocates nothing.
   * @returns how many, or the negative error: `-EAGAIN` (-11) if nothing came in time, `-EINTR` (-4) if a signal did
   */
  receive(batch, wait) {
    if (batch !== this.#lastReceived) this.#lastReceived = this.#checkBatch("recvmmsg", batch);
    const received = batch.received.receive(this.#fd, batch.capacity, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
    batch.read(received < 0 ? 0 : received);
    if (received === -EBADF) throw closed("recvmmsg");
    return received;
  }
  /**
   * Sends the messages of a batch that are marked as replies, each from its local address to its peer. It never waits,
   * and allocates nothing after the first call with a batch.
   * @returns how many datagrams went; the others are counted in {@link failed}, and `MessageBatch.error` tells why
   */
  send(batch) {
    if (this.#fd < 0) throw closed("sendmmsg");
    if (batch !== this.#lastBatch) {
      this.#lastBatch = this.#checkBatch("sendmmsg", batch);
      let replies = this.#replies.get(batch);
      if (replies === void 0) {
        replies = new Replies(
          batch,
          this.#fd,
          this.#connected === void 0,
          this.#segmentation,
          this.#refusals,
          this.#sendBuffer,
          this.#failed
        );
        this.#replies.set(batch, replies);
      }
      this.#lastReplies = replies;
    }
    return this.#lastReplies.send();
  }
  /** Datagrams that the kernel refused to send since the start, by error number. */
  failed(errno) {
    return this.#failed[errno] ?? 0;
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
    const word = dropsWord(this.#fd);
    if (word >= 0) {
      this.#drops += word - this.#dropsWord >>> 0;
      this.#dropsWord = word;
    }
    return this.#drops;
  }
  /** Closes the socket. Closing it again does nothing. */
  close() {
    if (this.#fd < 0) return;
    forgotten.unregister(this);
    release(this.#fd);
    this.#fd = -1;
  }
  /** Closes the socket at the end of a block that declared it with `using`. */
  [Symbol.dispose]() {
    this.close();
  }
  /** The descriptor, of a socket that is not closed. */
  #open(syscall) {
    if (this.#fd < 0) throw closed(syscall);
    return this.#fd;
  }
  /** Requires that this socket can send message 0 of a batch to its peer. */
  #checkReach(batch) {
    if (this.families === "IPv6" && batch.isIPv4(0)) {
      const { address: address2 } = batch.peer(0);
      const message2 = `an IPv6 socket does not reach the IPv4 address ${address2}; bind one for both, or for IPv4`;
      throw new SystemError("sendmmsg", EAFNOSUPPORT, message2);
    }
    if (this.#connected === void 0) return;
    const { address, port } = this.#connected;
    const at = batch.peerAddressAt(0);
    const same = address.bytes.every((byte, i) => byte === batch.memory.bytes[at + i]);
    if (same && batch.peerPort(0) === port) return;
    const other = batch.peer(0);
    const message = `cannot send to ${other.address} port ${other.port}: the socket is connected to ${endpointText(address.
    bytes, address.zone, port)}`;
    throw new SystemError("sendmmsg", EISCONN, message);
  }
  /** Requires a batch of this socket's family. */
  #checkBatch(syscall, batch) {
    if (!(batch instanceof MessageBatch)) throw invalid(syscall, `a batch is a MessageBatch, not ${describe(batch)}`);
    if (batch.family === this.domain) return batch;
    const message = "the batch belongs to a socket of the other family; use one that this socket's `batch` makes";
    throw new SystemError(syscall, EAFNOSUPPORT, message);
  }
};
function dropsWord(fd) {
  return getsockoptWord(fd, SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS, SK_MEMINFO_DROPS);
}
function release(fd) {
  owned.delete(fd);
  forget(fd);
  close(fd);
}
function closed(syscall) {
  return new SystemError(syscall, EBADF, "the socket is closed; bind a new one");
}
var INT_MAX = 2 ** 31 - 1;
var INT_MIN = -(2 ** 31);
function checkOptions(options3) {
  requireObject("bind", "the options", options3);
  const { port, address, family, receiveBuffer } = options3;
  requirePort("bind", port, 0);
  if (address !== void 0) requireString("bind", "`address`", address);
  if (family !== void 0 && family !== 4 && family !== 6) {
    throw invalid("bind", `\`family\` is 4 or 6, or left out for both, not ${describe(family)}`);
  }
  checkReceiveBuffer(receiveBuffer);
}
function checkReceiveBuffer(bytes3) {
  if (bytes3 !== void 0) requireInteger("setsockopt", "`receiveBuffer`", bytes3, 0, INT_MAX);
}
function sendError(batch, i) {
  const { address, port } = batch.peer(i);
  const errno = batch.error(i);
  const message = `cannot send ${batch.size(i)} bytes to ${address} port ${port}: ${sendAdvice(errno, batch.isIPv4(i))}`;
  return new SystemError("sendmmsg", errno, message);
}
function localName(options3, notices) {
  const { address, family, port } = options3;
  if (address !== void 0) return { address: resolve(address, family)[0], port, dual: false };
  if (family !== 4 && !hasIPv6()) {
    if (family === 6) throw noIPv6();
    notices.push("this host has no IPv6: answering on IPv4 only");
    return { address: readAddress2("0.0.0.0"), port, dual: false };
  }
  return { address: readAddress2(family === 4 ? "0.0.0.0" : "::"), port, dual: family === void 0 };
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
  const off = readSmallFile("/proc/sys/net/ipv6/conf/all/disable_ipv6").trim();
  return off === "0" || readSmallFile("/proc/net/if_inet6") !== "";
}
function configure(fd, domain, receiveBuffer, notices) {
  check2("setsockopt", setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) check2("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const trains = setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const segmentation = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  if (!trains || !segmentation) {
    notices.push("this kernel lacks UDP_GRO or UDP_SEGMENT (Linux 5.0 has both): each datagram goes on its own");
  }
  setBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  return { segmentation, receiveBuffer: setBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer), notices };
}
function open3(domain) {
  const fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd === -EAFNOSUPPORT && domain === AF_INET6) throw noIPv6();
  check2("socket", fd);
  if (fd > 2) return fd;
  const higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return check2("fcntl", higher);
}
function setBuffer(fd, name, forceName, bytes3) {
  if (bytes3 > 0 && setsockopt(fd, SOL_SOCKET, forceName, bytes3) < 0) {
    setsockopt(fd, SOL_SOCKET, name, bytes3);
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
function sendAdvice(errno, ipv4) {
  if (errno === EMSGSIZE) return `too large; a datagram carries ${ipv4 ? "65507 bytes over IPv4" : "65527 over IPv6"}`;
  if (errno === EINVAL) return "the address to send from is not on this host; `ip address` lists what is";
  if (errno === EACCES) return "permission denied; a broadcast address needs a socket bound with `broadcast: true`";
  if (errno === EAGAIN) return "the send buffer is full; try again later";
  return `${errnoMessage(errno)} (${errnoName(errno)})`;
}
function check2(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
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
    if (options3.rate !== void 0) this.#rate = new RateLimit(options3.rate, options3.rateTable ?? RATE_TABLE);
    if (options3.maxRate !== void 0) this.#maxRate = new RateLimit(options3.maxRate, 1);
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
    const { i32 } = batch.memory;
    const word = batch.peerAddressAt(i) >> 2;
    if (isUnspecified(i32, word)) return UNSPECIFIED_SOURCE;
    if (isMulticast(i32, word)) return MULTICAST_SOURCE;
    if (i32[word + 3] === -1 && isMapped(i32, word)) return BROADCAST_SOURCE;
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
  // Whether the prefix is of IPv6 addresses, by prefix.
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
  /** Whether the address of four words from `at` is in any of the prefixes, or there are none. */
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
var STOPPING = number("stopping");

// src/echo/counters.ts
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

// src/echo/echo_server.ts
var BATCH_CAPACITY = 64;
var TURNS_MICROSECONDS = 1e4;
var TURNS = 3;
var NAP_MILLISECONDS = 50;
var SLEEP_MILLISECONDS = 1e3;
var DRAIN_MILLISECONDS = 50;
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
  #receiveError = 0;
  #sleep = 0;
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
  }
  /** Serves until {@link stop} is called. */
  async run() {
    const polling = this.#polling;
    let lastTurns = polling.now;
    let lastSecond = polling.now;
    this.#sleepFor(NAP_MILLISECONDS);
    while (!this.#stopping) {
      const received = polling.receive(this.#socket, this.#batch);
      if (received > 0) {
        this.#answer();
        if (this.#sleep !== NAP_MILLISECONDS) this.#sleepFor(NAP_MILLISECONDS);
        if (elapsed(lastTurns, polling.now) < TURNS_MICROSECONDS) continue;
        await takeTurns(TURNS);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        if (received !== -EAGAIN) this.#receiveError = -received;
        if (this.#sleep !== SLEEP_MILLISECONDS) this.#sleepFor(SLEEP_MILLISECONDS);
        await takeTurns(SIGNAL_TURNS);
      }
      lastTurns = polling.now;
      if (elapsed(lastSecond, polling.now) >= 1e6) {
        lastSecond = polling.now;
        this.#nextSecond();
      }
    }
    if (!this.#socket.adopted) this.#drain();
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
  /** Counts what has come and is not answered any more, so that nothing is lost without being counted. */
  #drain() {
    const end = performance.now() + DRAIN_MILLISECONDS;
    while (performance.now() < end && this.#socket.receive(this.#batch, false) > 0) {
      for (let i = 0; i < this.#batch.count; i++) {
        const datagrams = this.#batch.datagrams(i);
        this.#counters.received += datagrams;
        this.#counters.refused[STOPPING] += datagrams;
      }
    }
  }
  #sleepFor(milliseconds2) {
    this.#sleep = milliseconds2;
    this.#socket.setReceiveTimeout(milliseconds2);
  }
  #nextSecond() {
    this.#log.nextSecond();
    this.#socket.drops();
    const failures = [];
    for (let errno = 0; errno < ERRNO_COUNT; errno++) {
      const failed = this.#socket.failed(errno);
      const count = failed - this.#failuresTold[errno];
      if (count > 0) failures.push(`${count} times ${errnoName(errno)} (${errnoMessage(errno)})`);
      this.#failuresTold[errno] = failed;
    }
    if (this.#receiveError !== 0) {
      this.#tell(`receiving failed: ${errnoMessage(this.#receiveError)} (${errnoName(this.#receiveError)})`);
      this.#receiveError = 0;
    }
    if (failures.length > 0) this.#tell(`replies could not be sent: ${failures.join(", ")}`);
    if (this.#socket.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      this.#tell("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
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
      at = this.#writeJsonPayload(batch.memory.bytes, from, size, at);
      at = append(bytes3, at, JSON_END);
    } else {
      at = append(bytes3, at, RECV);
      at = this.#writePeer(batch, i, at);
      at = append(bytes3, at, ARROW);
      at = this.#writeLocal(batch, i, at);
      at = append(bytes3, at, PAYLOAD);
      at = formatPayload(bytes3, at, batch.memory.bytes, from, size);
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
    const address = batch.peerAddressAt(i);
    return formatEndpoint(this.#output.bytes, at, batch.memory.bytes, address, batch.peerZone(i), batch.peerPort(i));
  }
  #writeLocal(batch, i, at) {
    const address = batch.localAt(i);
    return formatEndpoint(this.#output.bytes, at, batch.memory.bytes, address, batch.localZone(i), this.#port);
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
      --rate-table N    sources that --rate remembers          (default: 65536)
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
  "rate-table": { type: "string" },
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
    rateTable: wholeNumber("--rate-table", given.value("rate-table") ?? `${RATE_TABLE}`, 8, 1 << 24),
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
  /** Value of `Clock.microseconds` after the last reception. */
  now = 0;
  #clock = new Clock(CLOCK_MONOTONIC);
  #ceiling;
  #window = 0;
  #receptions = 0;
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
    this.#adapt(elapsed(start, this.now), batch);
    return received;
  }
  #adapt(waited, batch) {
    const pays = batch.count === 1 || batch.count > 1 && batch.datagrams(0) > 1;
    if (waited > this.#ceiling || !pays) {
      this.#window = 0;
      this.#receptions = 0;
    } else if (this.#receptions < RECEPTIONS) {
      this.#receptions++;
    } else if (waited > this.#window) {
      this.#window = Math.min(this.#ceiling, Math.max(WINDOW_START, this.#window * 2));
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
  const hangupIgnored = signalIgnored(SIGHUP);
  let stoppedBy = "";
  const { name } = runtime();
  const stopOn = (signal) => onSignal(signal, () => {
    stoppedBy = signal;
    server.stop();
  });
  stopOn("SIGINT");
  stopOn("SIGTERM");
  if (hangupIgnored) onSignal("SIGHUP", () => {
  });
  else stopOn("SIGHUP");
  onSignal("SIGUSR1", () => sumUp("running for"));
  onSignal("SIGPIPE", () => {
  });
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
  #controls;
  #controlsAt;
  #payloadsAt;
  /** Makes the room for what is taken. */
  constructor() {
    const buffersAt = CAPACITY * mmsghdr.size;
    this.#controlsAt = buffersAt + CAPACITY * iovec.size;
    this.#payloadsAt = this.#controlsAt + CAPACITY * CONTROL_STRIDE2;
    this.#memory = new Memory(this.#payloadsAt + CAPACITY * PAYLOAD_STRIDE2);
    this.#vector = new MessageVector(this.#memory, 0, CAPACITY);
    this.#controls = new ControlMessages(this.#memory);
    for (let i = 0; i < CAPACITY; i++) {
      const bufferAt = buffersAt + i * iovec.size;
      writeBuffer(this.#memory, bufferAt, this.#payloadsAt + i * PAYLOAD_STRIDE2, PAYLOAD_STRIDE2);
      this.#vector.setBuffers(i, bufferAt, 1);
      this.#vector.setControl(i, this.#controlsAt + i * CONTROL_STRIDE2, CONTROL_STRIDE2);
    }
  }
  /**
   * Takes what is in the error queue of a socket, without waiting.
   * @throws {SystemError} `EBADF` where it is closed, `EINVAL` where it is none
   */
  receive(socket2) {
    if (!(socket2 instanceof UdpSocket)) throw invalid("recvmmsg", `a UdpSocket is needed, not ${describe(socket2)}`);
    if (socket2.fd < 0) throw closed("recvmmsg");
    const entries = [];
    for (; ; ) {
      const count = this.#vector.receive(socket2.fd, CAPACITY, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < count; i++) {
        const entry = this.#read(i);
        if (entry !== void 0) entries.push(entry);
        this.#vector.setRoom(i, 0, CONTROL_STRIDE2);
      }
      if (count < CAPACITY) return entries;
    }
  }
  #read(i) {
    const { bytes: bytes3, i32 } = this.#memory;
    const controls = this.#controls;
    let time;
    let errorAt = -1;
    let errorEnd = -1;
    const length = Math.min(this.#vector.controlLength(i), CONTROL_STRIDE2);
    controls.start(this.#controlsAt + i * CONTROL_STRIDE2, length);
    while (controls.next()) {
      const { level, type: type2, data } = controls;
      if (level === SOL_SOCKET && type2 === SCM_TIMESTAMPING && controls.length >= scm_timestamping.size) {
        const at = data + scm_timestamping.ts >> 2;
        time = wallTime(i32[at + timespec.tv_sec / 4] >>> 0, i32[at + timespec.tv_nsec / 4]);
      } else if ((level === IPPROTO_IP && type2 === IP_RECVERR || level === IPPROTO_IPV6 && type2 === IPV6_RECVERR) && controls.
      length >= sock_extended_err.size) {
        errorAt = data;
        errorEnd = data + controls.length;
      }
    }
    if (errorAt < 0) return void 0;
    const origin = bytes3[errorAt + sock_extended_err.ee_origin];
    if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
      const index2 = i32[errorAt + sock_extended_err.ee_data >> 2] >>> 0;
      return time === void 0 ? void 0 : { kind: "departure", index: index2, time };
    }
    const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : void 0;
    const type = bytes3[errorAt + sock_extended_err.ee_type];
    const code = bytes3[errorAt + sock_extended_err.ee_code];
    const payloadAt = this.#payloadsAt + i * PAYLOAD_STRIDE2;
    return {
      kind: "error",
      errno: i32[errorAt + sock_extended_err.ee_errno >> 2],
      icmp: version === void 0 ? void 0 : { version, type, code },
      reporter: version === void 0 ? void 0 : this.#reporter(errorAt + sock_extended_err.size, errorEnd),
      mtu: i32[errorAt + sock_extended_err.ee_info >> 2] >>> 0,
      quoted: bytes3.slice(payloadAt, payloadAt + Math.min(this.#vector.length(i), PAYLOAD_STRIDE2))
    };
  }
  /** The socket address behind the error, `SO_EE_OFFENDER`; its family is 0 where nobody is known. */
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
  #call = furtherLibc();
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
      const index2 = Math.floor(Math.log10(Math.max(1, (from + to - 1) / 2)) * perDecade);
      counts.set(index2, (counts.get(index2) ?? 0) + count);
    }
    const indexes = [...counts.keys()].sort((a, b) => a - b);
    const gaps = indexes.filter((index2, i) => i > 0 && index2 > indexes[i - 1] + 1).length;
    if (indexes.length + gaps > rowsMax && perDecade > 1) continue;
    return indexes.map((index2) => ({
      from: 10 ** (index2 / perDecade),
      to: 10 ** ((index2 + 1) / perDecade),
      count: counts.get(index2)
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
      outgoing.reply(0);
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
  const hangupIgnored = signalIgnored(SIGHUP);
  const { onSignal: onSignal2 } = runtime();
  const stopOn = (signal) => onSignal2(signal, () => stopped = true);
  stopOn("SIGINT");
  stopOn("SIGTERM");
  if (hangupIgnored) onSignal2("SIGHUP", () => {
  });
  else stopOn("SIGHUP");
  onSignal2("SIGPIPE", () => {
  });
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
    await ask(targets, exchange, settings, report, isStopped);
    return targets.every((target2) => verdict(target2) === "ok") ? 0 : 1;
  } finally {
    for (const target2 of targets) target2.close();
  }
}
async function ask(targets, exchange, settings, report, isStopped) {
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
