#!/bin/sh
/*/ 2> /dev/null # Does nothing: a folder is no program. To JavaScript, this script is a comment. It starts ./echo.ts.
case ${ECHO_RUNTIME:-deno} in
  deno | bun | node) ;;
  *)
    echo "echo.ts: ECHO_RUNTIME is deno, bun or node, not $ECHO_RUNTIME" >&2
    exit 2 ;;
esac
for runtime in ${ECHO_RUNTIME:-deno bun node}; do
  command -v $runtime > /dev/null || continue
  case $runtime in
    deno) exec deno run --allow-ffi "$0" "$@" ;;
    bun) exec bun run "$0" "$@" ;;
    # Node.js takes long to remove types from a file named .ts, and refuses a file without an ending.
    node) exec node -e '
      const file = process.argv[1];
      const program = require("fs").readFileSync(file, "utf8") + "\n//# sourceURL=" + file;
      import("data:text/javascript;base64," + Buffer.from(program).toString("base64"));' -- "$0" "$@" ;;
  esac
done
echo "echo.ts: ${ECHO_RUNTIME:-a runtime} is not in PATH: install Deno 2 (https://deno.com), Bun 1.3 (https://bun.sh)," \
  "Node.js 26.10 (https://nodejs.org), or a later version" >&2
exit 1 # */

// echo.ts 0.1.0: a UDP echo server that answers from the address it was asked at.
//
//   deno run --allow-ffi echo.ts 9000
//   bun run echo.ts 9000
//   node echo.mjs 9000       (a copy or link of this file; with the name echo.ts it starts later)
//   ./echo.ts 9000           (the first of these that is installed, or that ECHO_RUNTIME names)
//
// The whole program in one file, for Deno 2, Bun 1.3, Node.js 26.10, or later, on 64-bit Linux; `--help` shows its
// options.
// It is generated from src/ and ffi/ of the project by `npm run bundle`: change it there, not here. The comments are
// there too.
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
  name = "LibraryError";
};
function requireSupported({ runtime: runtime2, version, least, upgrade, platform, arch }) {
  if (platform !== "linux" || arch !== "x64" && arch !== "arm64") {
    throw new LibraryError(`not supported on ${platform} ${arch}: it needs 64-bit Linux on x86-64 or aarch64`);
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  if (major > leastMajor || major === leastMajor && minor >= leastMinor) return;
  throw new LibraryError(`${runtime2} is too old: it needs Deno 2, Bun 1.3, Node.js 26.10, or later; try: ${upgrade}`);
}
function openFirst(libraries2, open2, reasonOf3) {
  let reason = "";
  for (const library of libraries2) {
    try {
      return open2(library);
    } catch (error) {
      reason ||= reasonOf3(error).replaceAll(/\s+/g, " ");
    }
  }
  throw new LibraryError(`cannot load libc: ${reason}`);
}

// ffi/errno.ts
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
  const { process } = globalThis;
  const util = process.getBuiltinModule("node:util");
  return util.getSystemErrorMessage?.(-errno) ?? errnoName(errno);
}
var SystemError = class extends Error {
  name = "SystemError";
  code;
  errno;
  syscall;
  constructor(syscall, errno, message) {
    super(message ?? `${syscall}: ${errnoMessage(errno)} (${errnoName(errno)})`);
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
  }
};
function check(syscall, result2) {
  if (result2 < 0) throw new SystemError(syscall, -result2);
  return result2;
}

// ffi/process_runtime.ts
function processRuntime(process, version, load2, exit2 = (code) => process.exit(code)) {
  const { platform, arch } = process;
  return {
    name: version.runtime,
    arch,
    args: process.argv.slice(2),
    onSignal: (signal, handler) => void process.on(signal, handler),
    exit: exit2,
    get ffi() {
      requireSupported({ ...version, platform, arch });
      return foreignInterface(load2());
    }
  };
}
function foreignInterface(module) {
  return {
    load(libraries2, signatures2) {
      const { addressOf, pointer } = module;
      const translated = translate(module, signatures2);
      const call = openFirst(libraries2, (path) => module.open(path, translated), module.reasonOf);
      return { call, addressOf, pointer };
    },
    module
  };
}
function translate(module, signatures2) {
  return Object.fromEntries(
    Object.entries(signatures2).map(([name, signature]) => [name, module.signature(signature)])
  );
}

// ffi/bun.ts
function bunRuntime(process, version) {
  return processRuntime(process, { runtime: `Bun ${version}`, version, least: "1.3", upgrade: "bun upgrade" }, () => {
    const { dlopen, ptr } = process.getBuiltinModule("bun:ffi");
    return {
      name: "bun:ffi",
      signature: ({ parameters, result: result2 }) => ({ args: parameters, returns: result2 }),
      open: (path, signatures2) => dlopen(path, signatures2).symbols,
      addressOf: ptr,
      pointer: (address) => address,
      reasonOf: ({ message }) => message.replace(/^Failed to open library "[^"]*": /, "")
    };
  });
}

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
    mayListen: (host) => deno.permissions.querySync({ name: "net", host }).state === "granted",
    exit: (code) => deno.exit(code),
    get ffi() {
      const version = deno.version.deno;
      requireSupported({ runtime: name, version, least: "2.0", upgrade: "deno upgrade", platform: os, arch });
      return foreignInterface2(deno);
    }
  };
}
function foreignInterface2(deno) {
  const granted = (path) => deno.permissions.querySync({ name: "ffi", path }).state === "granted";
  return {
    load(libraries2, signatures2) {
      const symbols = { ...signatures2, ...addressing };
      const first = Math.max(0, libraries2.findIndex(granted));
      const allowed = libraries2.values().filter((path, i) => i === first || granted(path));
      const { addressOf, pointer, ...call } = openFirst(
        allowed,
        (path) => deno.dlopen(path, symbols).symbols,
        reasonOf
      );
      return {
        call,
        addressOf: (buffer) => Number(addressOf(buffer, buffer, 0)),
        pointer: (address) => pointer(address, address, 0)
      };
    }
  };
}
function reasonOf({ name, message }) {
  if (name === "NotCapable" || name === "PermissionDenied") {
    throw new LibraryError(
      "Deno does not allow the call into libc; start it with the permission: deno run --allow-ffi \u2026"
    );
  }
  return message.replace(/^(Could not open library: )+/, "");
}

// ffi/node.ts
var LATER = "npx node@26 echo.ts \u2026";
function nodeRuntime(process) {
  const version = process.versions.node;
  const name = `Node.js ${version}`;
  return processRuntime(process, { runtime: name, version, least: "26.10", upgrade: LATER }, () => {
    const ffi = loadFfi(process);
    if (ffi === void 0) {
      throw new LibraryError(
        `${name} lacks node:ffi: --no-experimental-ffi switches it off, or this build never had it; try: ${LATER}`
      );
    }
    return {
      name: "node:ffi",
      signature: ({ parameters, result: result2 }) => ({ arguments: parameters, return: result2 }),
      open: (path, signatures2) => ffi.dlopen(path, signatures2).functions,
      addressOf: (buffer) => Number(ffi.getRawPointer(buffer)),
      pointer: (address) => BigInt(address),
      reasonOf: reasonOf2
    };
  }, (code) => exit(process, code));
}
function exit(process, code) {
  try {
    const { _exit } = loadFfi(process).dlopen(null, { _exit: { arguments: ["i32"], return: "i32" } }).functions;
    _exit(code);
  } catch {
  }
  return process.exit(code);
}
function loadFfi(process) {
  const { emitWarning } = process;
  process.emitWarning = (warning, type) => {
    if (type !== "ExperimentalWarning") emitWarning(warning, type);
  };
  try {
    return process.getBuiltinModule("node:ffi");
  } finally {
    process.emitWarning = emitWarning;
  }
}
function reasonOf2(error) {
  if (error.permission === void 0) return error.message.replace(/^dlopen failed: /, "");
  throw new LibraryError(
    "Node.js does not allow the call into libc; start it with the permission: node --permission --allow-ffi \u2026"
  );
}

// ffi/runtime.ts
var current;
function runtime() {
  return current ??= detect();
}
function detect() {
  const globals = globalThis;
  if (globals.Deno !== void 0) return denoRuntime(globals.Deno);
  const { process } = globals;
  const { bun } = process.versions;
  return bun === void 0 ? nodeRuntime(process) : bunRuntime(process, bun);
}

// src/net/address.ts
var ADDRESS_SIZE = 16;
var ENDPOINT_TEXT_MAX = 64;
function parseAddress(text) {
  const colon = text.lastIndexOf(":");
  const start = colon < 0 ? "::ffff:" : text.slice(0, colon + 1);
  const last = text.slice(colon + 1);
  const end = colon < 0 || last.includes(".") ? ipv4Groups(last) : last;
  if (end === void 0) return void 0;
  const halves = (start + end).split("::");
  const [head, tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return void 0;
  const groups = [...head, ...new Array(missing).fill("0"), ...tail];
  if (!groups.every((group3) => /^[0-9a-f]{1,4}$/i.test(group3))) return void 0;
  return Uint8Array.from({ length: ADDRESS_SIZE }, (_, i) => parseInt(groups[i >> 1], 16) >> (i % 2 === 0 ? 8 : 0));
}
function ipv4Groups(text) {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return void 0;
  }
  const [a, b, c, d] = parts.map(Number);
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}
function parsePrefix(text) {
  const [addressText2 = "", lengthText, ...rest] = text.split("/");
  const bytes = parseAddress(addressText2);
  if (bytes === void 0 || rest.length > 0) return void 0;
  const most = isIPv4(bytes) && !addressText2.includes(":") ? 32 : 128;
  const length = lengthText === void 0 ? most : /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : NaN;
  return length <= most ? { bytes, length: 128 - most + length } : void 0;
}
function prefixMask(length) {
  return Uint8Array.from({ length: ADDRESS_SIZE }, (_, i) => 65280 >> Math.max(0, Math.min(8, length - i * 8)));
}
function isIPv4(bytes) {
  return isMapped(addressWords(bytes), 0);
}
function isLinkLocal(bytes) {
  return hasLinkLocalPrefix(addressWords(bytes), 0);
}
function addressWords(bytes) {
  return new Int32Array(bytes.slice().buffer);
}
var IPV4_MAPPED = -65536;
function writeIPv4(words, at, address) {
  words[at] = 0;
  words[at + 1] = 0;
  words[at + 2] = IPV4_MAPPED;
  words[at + 3] = address;
}
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
function addressHash(words, at, seed) {
  let hash = seed;
  for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ hash >>> 15 ^ words[at + i], 2654435761);
  return hash;
}
function formatAddress(out, at, words, word2) {
  if (isMapped(words, word2)) {
    for (let shift = 0; shift < 32; shift += 8) {
      if (shift > 0) out[at++] = DOT;
      at = formatDecimal(out, at, words[word2 + 3] >>> shift & 255);
    }
    return at;
  }
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && group(words, word2, end) === 0) end++;
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
    const value = group(words, word2, i);
    for (let shift = value > 4095 ? 12 : value > 255 ? 8 : value > 15 ? 4 : 0; shift >= 0; shift -= 4) {
      out[at++] = HEX[value >> shift & 15];
    }
  }
  return at;
}
function formatEndpoint(out, at, words, word2, zone, port) {
  const bracketed = !isMapped(words, word2);
  if (bracketed) out[at++] = 91;
  at = formatAddress(out, at, words, word2);
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
function wordsText(words, word2) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatAddress(out, 0, words, word2)));
}
function addressText(bytes) {
  return wordsText(addressWords(bytes), 0);
}
function endpointText(bytes, zone, port) {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatEndpoint(out, 0, addressWords(bytes), 0, zone, port)));
}
function group(words, word2, index) {
  const half = words[word2 + (index >> 1)] >>> ((index & 1) << 4);
  return (half & 255) << 8 | half >>> 8 & 255;
}
var DOT = 46;
var COLON = 58;
var HEX = new TextEncoder().encode("0123456789abcdef");

// src/cli/arguments.ts
var UsageError = class extends Error {
  name = "UsageError";
};
function partsOf(flags) {
  const parts = /^(?:-(?<short>.), )?--(?<name>\S+)(?: (?<value>.+))?$/.exec(flags).groups;
  return { flags, ...parts };
}
function flag(flags, help) {
  return { ...partsOf(flags), help, read: (values) => values.length > 0 };
}
function option(flags, help, parse, preset) {
  const read = (values, name) => {
    const text = values.at(-1) ?? preset;
    return text === void 0 ? void 0 : parse(text, name);
  };
  return { ...partsOf(flags), help, preset, read };
}
function listOption(flags, help, parse) {
  return { ...partsOf(flags), help, read: (values, name) => values.map((text) => parse(text, name)) };
}
function group2(heading, options3) {
  const [[first, option2]] = Object.entries(options3);
  return { ...options3, [first]: { ...option2, heading } };
}
var COMMON_OPTIONS = group2("Information", {
  help: flag("-h, --help", "show the options"),
  version: flag("-V, --version", "show the version")
});
function parseArguments(args, options3) {
  const known = Object.entries(options3).map(([setting, option2]) => ({ ...option2, setting, values: [] }));
  const positionals = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== void 0; arg = rest.shift()) {
    const [, rawName, attached] = /^(--.[^=]*)(?:=(.*))?$/s.exec(arg) ?? /^(-[^-])(.+)?$/su.exec(arg) ?? [];
    if (rawName === void 0) {
      positionals.push(...arg === "--" ? rest.splice(0) : [arg]);
      continue;
    }
    const option2 = known.find(({ short, name }) => rawName === `--${name}` || rawName === `-${short}`);
    if (option2 === void 0) throw unknownOption(rawName, known.map(({ name }) => name));
    let value = "";
    if (option2.value !== void 0) {
      value = attached ?? rest.shift() ?? "";
      if (value === "" || attached === void 0 && /^-[^0-9]/.test(value)) {
        throw new UsageError(`${rawName} needs a value; --help shows which`);
      }
    } else if (attached !== void 0) {
      if (rawName.startsWith("--")) throw new UsageError(`${rawName} takes no value, but got ${quote(attached)}`);
      rest.unshift(`-${attached}`);
    }
    option2.values.push(value);
  }
  const given = new Set(known.filter(({ values }) => values.length > 0).map(({ setting }) => setting));
  for (const name of ["help", "version"]) if (given.has(name)) return name;
  const settings = known.map(({ setting, read, values, name }) => [setting, read(values, `--${name}`)]);
  return { settings: Object.fromEntries(settings), given, positionals };
}
function unknownOption(rawName, names) {
  const near = names.find((name) => isSimilar(rawName.slice(2), name));
  const advice = near === void 0 ? "--help lists all options" : `did you mean --${near}?`;
  return new UsageError(`unknown option ${quote(rawName).slice(1, -1)}; ${advice}`);
}
function isSimilar(word2, known) {
  if (word2.length < 4 || Math.abs(word2.length - known.length) > 1) return word2.length > 1 && known.startsWith(word2);
  return [...word2].some((_, i) => known.startsWith(word2.slice(0, i)) && known.endsWith(word2.slice(i + 2)));
}
function addressFamily({ ipv4, ipv6 }) {
  if (ipv4 && ipv6) throw new UsageError("-4 and -6 exclude each other; leave both out for IPv4 and IPv6");
  return ipv4 ? 4 : ipv6 ? 6 : void 0;
}
function checkFamily(address, family) {
  const bytes = parseAddress(address.split("%")[0]);
  if (bytes === void 0 || family === void 0) return;
  const actual = isIPv4(bytes) ? 4 : 6;
  if (actual !== family) throw new UsageError(`-${family} does not go with the IPv${actual} address ${address}`);
}
function numberFrom(least, most) {
  return (text, name) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not ${quote(text)}`);
  };
}
function oneOf(words) {
  return (text, name) => {
    const word2 = words.find((known) => known === text);
    if (word2 !== void 0) return word2;
    throw new UsageError(`${name} must be one of ${list(words)}, not ${quote(text)}`);
  };
}
function list(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
function quote(text) {
  const escape = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
  return JSON.stringify(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape);
}

// ffi/constants.ts
var AF_UNSPEC = 0;
var AF_UNIX = 1;
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
var SO_REUSEPORT = 15;
var SO_RCVTIMEO = 20;
var SO_ATTACH_FILTER = 26;
var SO_SNDBUFFORCE = 32;
var SO_RCVBUFFORCE = 33;
var SO_TIMESTAMPING = 37;
var SO_DOMAIN = 39;
var SO_ATTACH_REUSEPORT_CBPF = 51;
var SO_MEMINFO = 55;
var SO_BINDTOIFINDEX = 62;
var SK_MEMINFO_RMEM_ALLOC = 0;
var SK_MEMINFO_RCVBUF = 1;
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
var IP_RECVTTL = 12;
var IP_RECVTOS = 13;
var IP_RECVFRAGSIZE = 25;
var IP_MULTICAST_ALL = 49;
var IP_UNICAST_IF = 50;
var IPV6_UNICAST_HOPS = 16;
var IPV6_MTU_DISCOVER = 23;
var IPV6_RECVERR = 25;
var IPV6_V6ONLY = 26;
var IPV6_RECVPKTINFO = 49;
var IPV6_PKTINFO = 50;
var IPV6_RECVHOPLIMIT = 51;
var IPV6_HOPLIMIT = 52;
var IPV6_RECVTCLASS = 66;
var IPV6_TCLASS = 67;
var IPV6_UNICAST_IF = 76;
var IPV6_RECVFRAGSIZE = 77;
var IPV6_FREEBIND = 78;
var MCAST_JOIN_GROUP = 42;
var MCAST_JOIN_SOURCE_GROUP = 46;
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
var NLM_F_REQUEST = 1;
var NLM_F_DUMP = 768;
var NLMSG_ERROR = 2;
var NLMSG_DONE = 3;
var IFA_ADDRESS = 1;
var IFA_LOCAL = 2;
var RTM_NEWADDR = 20;
var RTM_GETADDR = 22;
var RTM_NEWROUTE = 24;
var RTM_GETROUTE = 26;
var RTA_DST = 1;
var RTA_OIF = 4;
var RTN_LOCAL = 2;
var BPF_LD = 0;
var BPF_W = 0;
var BPF_ABS = 32;
var BPF_ALU = 4;
var BPF_ADD = 0;
var BPF_MUL = 32;
var BPF_RSH = 112;
var BPF_JMP = 5;
var BPF_JEQ = 16;
var BPF_RET = 6;
var BPF_K = 0;
var BPF_X = 8;
var BPF_A = 16;
var BPF_MISC = 7;
var BPF_TAX = 0;
var SKF_NET_OFF = -1048576;
var SKF_AD_OFF = -4096;
var SKF_AD_PROTOCOL = 0;
var ETH_P_IPV6 = 34525;
var SKF_AD_IFINDEX = 8;
var CLOCK_REALTIME = 0;
var CLOCK_MONOTONIC = 1;
var CLOCK_THREAD_CPUTIME_ID = 3;
var O_RDONLY = 0;
var O_WRONLY = 1;
var O_NOCTTY = 256;
var O_NONBLOCK = 2048;
var O_CLOEXEC = 524288;
var FD_CLOEXEC = 1;
var F_SETFD = 2;
var F_GETFL = 3;
var F_SETFL = 4;
var F_DUPFD_CLOEXEC = 1030;
var SEEK_CUR = 1;
var TIOCGWINSZ = 21523;
var TIOCGDEV = 2147767346;
var PIPE_BUF = 4096;
var EAI_NONAME = -2;
var EAI_AGAIN = -3;
var PROT_READ = 1;
var PROT_WRITE = 2;
var MAP_SHARED = 1;
var MAP_FIXED = 16;
var MFD_CLOEXEC = 1;
var PR_SET_PDEATHSIG = 1;
var PR_SET_NAME = 15;
var WNOHANG = 1;
var SIGHUP = 1;
var SIGKILL = 9;
var SIGUSR1 = 10;
var SIGPIPE = 13;
var SIGTERM = 15;
var SIGXFSZ = 25;
var SIG_IGN = 1;
var EPERM = 1;
var EINTR = 4;
var EIO = 5;
var EBADF = 9;
var EAGAIN = 11;
var EACCES = 13;
var EINVAL = 22;
var EMFILE = 24;
var ENOTSOCK = 88;
var EMSGSIZE = 90;
var EOPNOTSUPP = 95;
var EAFNOSUPPORT = 97;
var EADDRINUSE = 98;
var EADDRNOTAVAIL = 99;
var ENETUNREACH = 101;
var ENOBUFS = 105;
var ESHUTDOWN = 108;
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
var group_source_req = { size: 264, gsr_interface: 0, gsr_group: 8, gsr_source: 136 };
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
var pollfd = { size: 8, fd: 0, events: 4, revents: 6 };
var nlmsghdr = { size: 16, nlmsg_len: 0, nlmsg_type: 4, nlmsg_flags: 6 };
var rtmsg = { size: 12, rtm_family: 0, rtm_dst_len: 1, rtm_type: 7 };
var ifaddrmsg = { size: 8, ifa_family: 0 };
var rtattr = { size: 4, rta_len: 0, rta_type: 2 };
var sock_filter = { size: 8, code: 0, jt: 2, jf: 3, k: 4 };
var sock_fprog = { size: 16, len: 0, filter: 8 };
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
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "pointer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "pointer", "pointer"], result: "i32" },
  recvmmsg: { parameters: ["i32", "pointer", "u32", "i32", "pointer"], result: "i32" },
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  read: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  open: { parameters: ["pointer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  lseek: { parameters: ["i32", "i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "pointer"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  sigaction: { parameters: ["i32", "pointer", "pointer"], result: "i32" },
  memcpy: { parameters: ["pointer", "pointer", "u32"], result: "i32" },
  getenv: { parameters: ["pointer"], result: "pointer" },
  strlen: { parameters: ["pointer"], result: "u32" },
  __errno_location: { parameters: [], result: "pointer" }
};
var lazySignatures = {
  connect: { parameters: ["i32", "pointer", "u32"], result: "i32" },
  ppoll: { parameters: ["pointer", "u32", "pointer", "pointer"], result: "i32" },
  if_nametoindex: { parameters: ["pointer"], result: "u32" },
  if_indextoname: { parameters: ["u32", "pointer"], result: "pointer" },
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
  freeaddrinfo: { parameters: ["pointer"], result: "i32" },
  posix_spawn: { parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  prctl: { parameters: ["i32", "pointer"], result: "i32" },
  memfd_create: { parameters: ["pointer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "u32"], result: "i32" },
  mmap: { parameters: ["pointer", "u32", "i32", "i32", "i32", "pointer"], result: "i32" }
};
var machine = runtime().arch === "arm64" ? "aarch64" : "x86_64";
var libraries = [
  "libc.so.6",
  `/lib/${machine}-linux-gnu/libc.so.6`,
  `/usr/lib/${machine}-linux-gnu/libc.so.6`,
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  `libc.musl-${machine}.so.1`,
  `/lib/libc.musl-${machine}.so.1`
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

// ffi/memory.ts
var Memory = class {
  bytes;
  u16;
  i32;
  #address;
  #start;
  constructor(size, place = new Uint8Array(new ArrayBuffer(Math.max(128, Math.ceil(size / 64) * 64)))) {
    const { buffer, byteOffset, length } = place;
    if (length < size) throw new RangeError(`${length} bytes instead of ${size}`);
    this.bytes = place;
    this.u16 = new Uint16Array(buffer, byteOffset, length / 2);
    this.i32 = new Int32Array(buffer, byteOffset, length / 4);
    this.#address = libc().addressOf(buffer) + byteOffset;
    this.#start = libc().pointer(this.#address);
  }
  pointer(offset) {
    return offset === 0 ? this.#start : libc().pointer(this.#address + offset);
  }
  link(at, target, offset) {
    const address = target.#address + offset;
    this.i32[at >> 2] = address;
    this.i32[(at >> 2) + 1] = address / 4294967296;
  }
};
var lastCString = [];
function cString(text) {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const memory = new Memory(bytes.length);
  memory.bytes.set(bytes);
  lastCString[0] = memory;
  return memory;
}
function copyOf(source, length) {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), source, length);
  return memory.bytes.slice(0, length);
}

// ffi/terminal.ts
function terminalSize(fd) {
  const memory = new Memory(winsize.size);
  if (libc().call.ioctl(fd, TIOCGWINSZ, memory.pointer(0)) < 0) return void 0;
  return { columns: memory.u16[winsize.ws_col >> 1], rows: memory.u16[winsize.ws_row >> 1] };
}
function terminalDevice(fd) {
  const memory = new Memory(4);
  return libc().call.ioctl(fd, TIOCGDEV, memory.pointer(0)) < 0 ? void 0 : memory.i32[0];
}
function environmentVariable(name) {
  const { getenv, strlen } = libc().call;
  const value = getenv(cString(name).pointer(0));
  return value ? new TextDecoder().decode(copyOf(value, strlen(value))) : "";
}

// ffi/event_loop.ts
var SIGNAL_TURNS = 64;
var SIGNAL_MILLISECONDS = 5;
var timers;
async function yieldToEventLoop(turns = 1) {
  const { setImmediate } = timers ??= await import("node:timers");
  for (let i = 0; i < turns; i++) await new Promise((resolve2) => void setImmediate(resolve2));
}
async function handleSignal() {
  await new Promise((resolve2) => setTimeout(resolve2, SIGNAL_MILLISECONDS));
  await yieldToEventLoop(SIGNAL_TURNS);
}

// src/cli/locale.ts
function localeIsUtf8() {
  const locale = environmentVariable("LC_ALL") || environmentVariable("LC_CTYPE") || environmentVariable("LANG");
  return locale === "" ? void 0 : /utf-?8/i.test(locale);
}

// ffi/libc.ts
var scratchMemory;
function scratch() {
  return scratchMemory ??= new Memory(512);
}
function result(value) {
  return value < 0 ? -libc().errno() : value;
}
function socket(domain, type) {
  return aboveStandardStreams(result(libc().call.socket(domain, type | SOCK_CLOEXEC, 0)));
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
function setsockopt(fd, level, name, ...value) {
  const memory = scratch();
  memory.i32.set(value);
  return result(libc().call.setsockopt(fd, level, name, memory.pointer(0), value.length * 4));
}
function getsockopt(fd, level, name) {
  const memory = scratch();
  memory.i32[0] = 4;
  const error = result(libc().call.getsockopt(fd, level, name, memory.pointer(8), memory.pointer(0)));
  return error < 0 ? error : memory.i32[2];
}
function poll(fd, events, milliseconds) {
  const memory = scratch();
  memory.i32[pollfd.fd >> 2] = fd;
  memory.u16[pollfd.events >> 1] = events;
  const ready = result(libc().call.poll(memory.pointer(0), 1, milliseconds));
  return ready > 0 ? memory.u16[pollfd.revents >> 1] : ready;
}
function open(path, flags) {
  return result(libc().call.open(cString(path).pointer(0), flags));
}
function write(fd, block, length) {
  return result(libc().call.write(fd, block.pointer(0), length));
}
function send(fd, block, length, flags) {
  return result(libc().call.send(fd, block.pointer(0), length, flags));
}
function close(fd) {
  return result(libc().call.close(fd));
}
function fcntl(fd, command, argument) {
  return result(libc().call.fcntl(fd, command, argument));
}
function aboveStandardStreams(fd) {
  if (fd < 0 || fd > 2) return fd;
  const higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return higher;
}
function lseek(fd, offset, whence) {
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? result(position) : position >>> 0;
}

// src/cli/nonblocking_writer.ts
var TERMINAL_WRITE_MAX = 256;
var NEWLINE = 10;
var NonblockingWriter = class {
  bytes;
  fd;
  #memory;
  #method;
  constructor(fd, size) {
    this.#memory = new Memory(size);
    this.bytes = this.#memory.bytes;
    [this.#method, this.fd] = methodFor(fd);
  }
  write(length) {
    const written = this.#writeOnce(length);
    return written === -EINTR ? this.write(length) : written;
  }
  #writeOnce(length) {
    if (this.#method === "send") return send(this.fd, this.#memory, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (this.#method === "poll" || this.#method === "pieces") {
      const ready = poll(this.fd, POLLOUT, 0);
      if (ready <= 0) return ready === 0 ? -EAGAIN : ready;
    }
    return write(this.fd, this.#memory, this.#sizeOf(length));
  }
  wait(milliseconds) {
    return poll(this.fd, POLLOUT, milliseconds);
  }
  close() {
    if (this.#method === "nonblocking") close(this.fd);
  }
  #sizeOf(length) {
    if (this.#method === "pieces") return Math.min(length, this.bytes.indexOf(NEWLINE) || 1, TERMINAL_WRITE_MAX);
    if (length <= PIPE_BUF || this.#method === "write") return length;
    return this.bytes.lastIndexOf(NEWLINE, PIPE_BUF - 1) + 1 || PIPE_BUF;
  }
};
function methodFor(fd) {
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE) !== -ENOTSOCK) return ["send", fd];
  if (lseek(fd, 0, SEEK_CUR) >= 0) return ["write", fd];
  const own2 = reopen(fd);
  if (own2 >= 0) return ["nonblocking", own2];
  return [terminalDevice(fd) === void 0 ? "poll" : "pieces", fd];
}
function reopen(fd) {
  const flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const own2 = open(`/proc/self/fd/${fd}`, flags);
  if (own2 >= 0) return own2;
  const terminal = open("/dev/tty", flags);
  if (terminal < 0) return own2;
  const device = terminalDevice(fd);
  if (device !== void 0 && device === terminalDevice(terminal)) return terminal;
  close(terminal);
  return own2;
}

// src/cli/terminal.ts
var RENDITION = { good: 32, bad: 31, doubtful: 33, strong: 1, faint: 2, bar: 36 };
var COLUMNS_DEFAULT = 80;
var TURN_MILLISECONDS = 100;
var Terminal = class {
  interactive = terminalSize(1) !== void 0 && environmentVariable("TERM") !== "dumb";
  unicode = localeIsUtf8() ?? false;
  closed = false;
  #colours = this.interactive && environmentVariable("NO_COLOR") === "";
  #writer = new NonblockingWriter(1, PIPE_BUF);
  #pending = new Uint8Array();
  get columns() {
    return terminalSize(1)?.columns || COLUMNS_DEFAULT;
  }
  get rows() {
    return terminalSize(1)?.rows || Infinity;
  }
  get stalled() {
    return this.#pending.length > 0;
  }
  paint(style, text) {
    return this.#colours ? `\x1B[${RENDITION[style]}m${text}\x1B[0m` : text;
  }
  writeLines(lines) {
    this.#write(lines.map((line) => `${line}
`).join(""));
  }
  eraseAbove(lines) {
    if (this.interactive) this.#write(`\r${lines > 0 ? `\x1B[${lines}A` : ""}\x1B[J`);
  }
  async drain(isOver) {
    while (this.stalled && !isOver()) {
      const interrupted = this.#writer.wait(TURN_MILLISECONDS) === -EINTR;
      this.#flush();
      if (this.stalled) await (interrupted ? handleSignal() : yieldToEventLoop(SIGNAL_TURNS));
    }
  }
  #write(text) {
    const shown = this.unicode ? text : text.replaceAll(/[^\0-\x7f]/gu, "?");
    const added = new TextEncoder().encode(shown);
    const pending = new Uint8Array(this.#pending.length + added.length);
    pending.set(this.#pending);
    pending.set(added, this.#pending.length);
    this.#pending = pending;
    this.#flush();
  }
  #flush() {
    while (this.stalled) {
      const piece = this.#pending.subarray(0, PIPE_BUF);
      this.#writer.bytes.set(piece);
      const written = this.#writer.write(piece.length);
      if (written > 0) this.#pending = this.#pending.subarray(written);
      else if (written === -EAGAIN) return;
      else {
        this.closed = true;
        this.#pending = new Uint8Array();
      }
    }
  }
};
function wrap(text, width) {
  return text.match(new RegExp(`\\S.{0,${Math.max(0, width - 1)}}(?= |$)|\\S+`, "gu")) ?? [];
}

// src/cli/help.ts
var COLUMNS = 80;
var DESCRIPTION_COLUMN = { wide: 29, narrow: 6 };
function helpText({ summary, usage, options: options3, notes }, columns2 = COLUMNS) {
  const width = Math.min(columns2, COLUMNS);
  const column = DESCRIPTION_COLUMN[width < COLUMNS ? "narrow" : "wide"];
  const indented = (text, indent) => wrap(text, width - indent).map((row) => " ".repeat(indent) + row);
  const entry = (name, description) => {
    const [first = "", ...rest] = indented(description, column);
    return name.length + 3 < column ? [`  ${name}`.padEnd(column) + first.trim(), ...rest] : [`  ${name}`, first, ...rest];
  };
  const lines = Object.values(options3).flatMap(({ heading, flags, short, help, preset }) => [
    ...heading === void 0 ? [] : ["", `${heading}:`],
    ...entry(
      short === void 0 ? `    ${flags}` : flags,
      preset === void 0 ? help : `${help} (default: ${preset})`
    )
  ]);
  return [
    ...indented(summary, 0),
    "",
    ...usage.flatMap(([form, remark]) => entry(form, remark)),
    ...lines,
    "",
    ...notes.flatMap((note) => indented(note.trim(), note.search(/\S/)))
  ].join("\n");
}

// src/cli/journal.ts
function journalPriority(level) {
  const isJournal = environmentVariable("JOURNAL_STREAM") !== "" && getsockopt(2, SOL_SOCKET, SO_TYPE) > 0;
  return isJournal ? `<${level}>` : "";
}

// src/cli/version.ts
var VERSION = "0.1.0";

// src/cli/metrics.ts
function metric(name, type, help, samples) {
  return { name, type, help, samples: typeof samples === "number" ? [{ value: samples }] : samples };
}
var SUFFIXES = { counter: "_total", info: "_info" };
var OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";
var PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
var PIECE_LENGTH = 65536;
function* expositionPieces(metrics, openMetrics) {
  let text = "";
  for (const { name, type, help, samples } of metrics) {
    const suffix = SUFFIXES[type] ?? "";
    const family = openMetrics ? name : name + suffix;
    const shownType = !openMetrics && (type === "info" || type === "stateset") ? "gauge" : type;
    text += `# HELP ${family} ${help}
# TYPE ${family} ${shownType}
`;
    for (const { labels = {}, value, suffix: own2 = suffix } of samples) {
      text += `${name}${own2}${labelsText(labels)} ${value}
`;
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = "";
    }
  }
  yield openMetrics ? `${text}# EOF
` : text;
}
function* histogramSamples(labels, bounds, counts, sum2) {
  let count = 0;
  for (let i = 0; i <= bounds.length; i++) {
    count += counts[i];
    const bound = bounds[i] ?? "+Inf";
    const le = Number.isInteger(bound) ? `${bound}.0` : bound;
    yield { suffix: "_bucket", labels: { ...labels, le }, value: count };
  }
  yield { suffix: "_sum", labels, value: sum2 };
  yield { suffix: "_count", labels, value: count };
}
function stateSamples(name, labels, states, current2) {
  return states.map((state) => ({ labels: { ...labels, [name]: state }, value: state === current2 ? 1 : 0 }));
}
function labelsText(labels) {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(`${value}`)}"`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}
function escaped(text) {
  return text.replaceAll(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}

// src/cli/metrics_server.ts
var ANSWER_MILLISECONDS = 500;
var REQUEST_TIMEOUT = 5e3;
function parseMetricsEndpoint(text, name) {
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?([0-9]+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? "127.0.0.1";
  if (port === void 0 || parseAddress(address) === void 0) {
    throw new UsageError(`${name} is a port with or without an address, as 9100 or [::1]:9100, not ${quote(text)}`);
  }
  return { address, port: numberFrom(1, 65535)(port, `the port of ${name}`) };
}
var MetricsServer = class {
  #busyUntil = 0;
  get busy() {
    return performance.now() < this.#busyUntil;
  }
  async listen({ address, port }, monitored) {
    const [{ createServer }, { default: process }] = await Promise.all([import("node:http"), import("node:process")]);
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT }, (request2, response) => {
      const respond = (status, pieces, type = "text/plain; charset=utf-8") => {
        response.writeHead(status, { "content-type": type, allow: "GET, HEAD", connection: "close" });
        void this.#write(response, request2.method === "HEAD" ? [] : pieces);
      };
      const [path] = request2.url.split("?");
      if (request2.method !== "GET" && request2.method !== "HEAD") return respond(405, ["use GET\n"]);
      if (path === "/healthz") return monitored.healthy() ? respond(200, ["ok\n"]) : respond(503, ["stopping\n"]);
      if (path !== "/metrics") return respond(404, ["there are /metrics and /healthz\n"]);
      const openMetrics = /application\/openmetrics-text/.test(request2.headers.accept ?? "");
      const metrics = [...monitored.metrics(), ...processMetrics(monitored.prefix, process)];
      respond(200, expositionPieces(metrics, openMetrics), openMetrics ? OPENMETRICS_TYPE : PROMETHEUS_TYPE);
    });
    server.on("connection", () => this.#busyUntil = performance.now() + ANSWER_MILLISECONDS);
    const endpoint = endpointText(parseAddress(address), "", port);
    const failure = (errno, reason = errnoMessage(errno)) => new SystemError("listen", errno, `cannot serve metrics on ${endpoint}\
: ${reason}`);
    if (runtime().mayListen?.(endpoint) === false) {
      throw failure(EACCES, `Deno needs the permission for it: deno run --allow-net=${endpoint} \u2026`);
    }
    await new Promise((resolve2, reject) => {
      server.on("error", ({ code }) => reject(failure(ERRORS[code ?? ""] ?? EADDRNOTAVAIL)));
      server.listen(port, address, resolve2).unref();
    });
  }
  async #write(response, pieces) {
    for (const piece of pieces) {
      if (response.destroyed) return;
      this.#busyUntil = performance.now() + ANSWER_MILLISECONDS;
      response.write(piece);
      await yieldToEventLoop();
    }
    response.end(() => this.#busyUntil = 0);
  }
};
var ERRORS = { EACCES, EADDRINUSE };
function processMetrics(prefix, process) {
  const { user, system } = process.cpuUsage();
  const build = { labels: { version: VERSION, runtime: runtime().name }, value: 1 };
  return [
    metric(`${prefix}_build`, "info", "Version of the program and its runtime.", [build]),
    metric("process_start_time_seconds", "gauge", "Start of the process since 1970.", performance.timeOrigin / 1e3),
    metric("process_resident_memory_bytes", "gauge", "Resident memory of the process.", process.memoryUsage.rss()),
    metric("process_cpu_seconds", "counter", "Processor time of the process.", (user + system) / 1e6)
  ];
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
function handleSignals(stop, reload) {
  const { onSignal } = runtime();
  const ignore = () => {
  };
  const hangup = signalIgnored(SIGHUP) || !hasTerminal() ? ignore : () => stop("SIGHUP");
  for (const signal of ["SIGINT", "SIGTERM"]) onSignal(signal, () => stop(signal));
  onSignal("SIGHUP", reload ?? hangup);
  onSignal("SIGUSR1", ignore);
  onSignal("SIGUSR2", ignore);
  for (const signal of [SIGUSR1, SIGPIPE, SIGXFSZ]) ignoreSignal(signal);
}
function hasTerminal() {
  const fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// src/net/checks.ts
function invalid(syscall, message) {
  return new SystemError(syscall, EINVAL, message);
}
var INTERNAL = /* @__PURE__ */ Symbol("internal");
function requireInternal(syscall, key, message) {
  if (key !== INTERNAL) throw invalid(syscall, message);
}
function requireInteger(syscall, what, value, least, most) {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(syscall, `${what} must be a whole number from ${least} to ${most}, not ${describe(value)}`);
}
var TYPES = { string: "a string", boolean: "true or false", object: "an object", function: "a function" };
function requireType(syscall, what, value, type) {
  if (typeof value === type && value !== null) return value;
  throw invalid(syscall, `${what} must be ${TYPES[type]}, not ${describe(value)}`);
}
var typedArray = Object.getPrototypeOf(Uint8Array.prototype);
var typeOf = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag).get;
var lengthOf = Object.getOwnPropertyDescriptor(typedArray, "length").get;
function requireBytes(syscall, what, value) {
  if (typeOf.call(value) === "Uint8Array") return lengthOf.call(value);
  throw invalid(syscall, `${what} must be a Uint8Array, not ${describe(value)}`);
}
function describe(value) {
  if (typeof value === "string") {
    return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value !== "object" || value === null) return `${value}`;
  return Array.isArray(value) ? "an array" : "an object";
}

// ffi/interfaces.ts
var IFNAMSIZ = 16;
function interfaceIndex(name) {
  if (name.includes("\0") || new TextEncoder().encode(name).length >= IFNAMSIZ) return 0;
  return lazyLibc().if_nametoindex(cString(name).pointer(0));
}
function interfaceName(index) {
  const memory = new Memory(IFNAMSIZ);
  const { bytes } = memory;
  lazyLibc().if_indextoname(index, memory.pointer(0));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))) || `${index}`;
}

// ffi/resolver.ts
var ANSWERS = addrinfo.size;
var HOST_NAME = /^[\w.-]{1,255}$/;
function getaddrinfo(name, family) {
  if (!HOST_NAME.test(name)) return EAI_NONAME;
  const question = cString(name);
  const memory = writeHints(family);
  const { getaddrinfo: getaddrinfo2 } = lazyLibc();
  return readAnswers(memory, getaddrinfo2(question.pointer(0), null, memory.pointer(0), memory.pointer(ANSWERS)));
}
function writeHints(family) {
  const memory = new Memory(ANSWERS + 8);
  memory.i32[addrinfo.ai_family >> 2] = family;
  memory.i32[addrinfo.ai_socktype >> 2] = SOCK_DGRAM;
  return memory;
}
function readAnswers({ i32 }, error) {
  if (error !== 0) return error;
  const first = readAddress(i32, ANSWERS);
  const addresses = [];
  for (let address = first; address !== 0; ) {
    const entry = new Int32Array(copyOf(libc().pointer(address), addrinfo.size).buffer);
    const entryFamily = entry[addrinfo.ai_family >> 2];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      const socketAddress = libc().pointer(readAddress(entry, addrinfo.ai_addr));
      addresses.push(copyOf(socketAddress, entry[addrinfo.ai_addrlen >> 2]));
    }
    address = readAddress(entry, addrinfo.ai_next);
  }
  lazyLibc().freeaddrinfo(libc().pointer(first));
  return addresses;
}
function readAddress(words, at) {
  return (words[at >> 2] >>> 0) + (words[(at >> 2) + 1] >>> 0) * 4294967296;
}

// src/net/socket_address.ts
function socketAddressSize(family) {
  return family === AF_INET ? sockaddr_in.size : sockaddr_in6.size;
}
function writeSocketAddress(memory, at, family, words, word2, port, scope) {
  const { i32, u16 } = memory;
  u16[at >> 1] = family;
  u16[at + sockaddr_in6.sin6_port >> 1] = port << 8 | port >> 8;
  if (family === AF_INET) {
    i32[at + sockaddr_in.sin_addr >> 2] = words[word2 + 3];
    return sockaddr_in.size;
  }
  i32[at + sockaddr_in6.sin6_flowinfo >> 2] = 0;
  const address = at + sockaddr_in6.sin6_addr >> 2;
  for (let i = 0; i < 4; i++) i32[address + i] = words[word2 + i];
  i32[at + sockaddr_in6.sin6_scope_id >> 2] = scope;
  return sockaddr_in6.size;
}
function writeResolvedAddress(memory, family, address, port) {
  return writeSocketAddress(memory, 0, family, addressWords(address.bytes), 0, port, address.scope);
}
function readSocketAddress(name) {
  const words = addressWords(name);
  const address = new Int32Array(4);
  if (name.length === sockaddr_in.size) writeIPv4(address, 0, words[sockaddr_in.sin_addr >> 2]);
  else address.set(words.subarray(sockaddr_in6.sin6_addr >> 2, sockaddr_in6.sin6_scope_id >> 2));
  const scope = (words[sockaddr_in6.sin6_scope_id >> 2] ?? 0) >>> 0;
  return { bytes: new Uint8Array(address.buffer), zone: scope === 0 ? "" : interfaceName(scope), scope };
}
function readPort(name) {
  return name[sockaddr_in6.sin6_port] << 8 | name[sockaddr_in6.sin6_port + 1];
}

// src/net/endpoint.ts
function readAddress2(text) {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  const bytes = parseAddress(percent < 0 ? text : text.slice(0, percent));
  if (bytes === void 0) return void 0;
  const scope = zone === "" ? 0 : interfaceIndex(zone) || zoneNumber(zone);
  if (zone !== "" && scope === 0) throw noInterface(zone);
  if (isLinkLocal(bytes) && scope === 0) {
    const message = `the link-local address ${text} needs its interface: ${text}%eth0, for example`;
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  return { bytes, zone, scope };
}
function noInterface(name) {
  const message = `this host has no interface named ${JSON.stringify(name)}; \`ip link\` lists its interfaces`;
  return new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
}
function requireInterface(value) {
  if (typeof value === "number") return requireInteger("if_nametoindex", "an interface", value, 1, 2 ** 31 - 1);
  const name = requireType("if_nametoindex", "an interface", value, "string");
  const index = interfaceIndex(name);
  if (index === 0) throw noInterface(name);
  return index;
}
function zoneNumber(zone) {
  return /^[1-9][0-9]{0,8}$/.test(zone) && interfaceName(Number(zone)) !== zone ? Number(zone) : 0;
}
function requireAddress(text) {
  const address = readAddress2(requireType("inet_pton", "an address", text, "string"));
  if (address !== void 0) return address;
  throw invalid("inet_pton", `${describe(text)} is not an IPv4 or IPv6 address; names are not resolved here`);
}
function requirePort(syscall, port, least) {
  return requireInteger(syscall, "a port", port, least, 65535);
}
function resolve(text, family) {
  const address = readAddress2(text);
  return address === void 0 ? addressesOf(getaddrinfo(text, domainOf(family)), text, family) : [address];
}
function domainOf(family) {
  return family === 4 ? AF_INET : family === 6 ? AF_INET6 : AF_UNSPEC;
}
function addressesOf(answers, text, family) {
  if (typeof answers === "number" || answers.length === 0) {
    const why = answers === EAI_AGAIN ? "the name server does not answer; try again, or give an address" : "no such name\
; check the spelling, or give an address";
    const which = family === void 0 ? "" : ` with an IPv${family} address`;
    throw new SystemError("getaddrinfo", EADDRNOTAVAIL, `cannot resolve ${JSON.stringify(text)}${which}: ${why}`);
  }
  return answers.map(readSocketAddress);
}

// ffi/socket_memory.ts
var VALUES_SIZE = SK_MEMINFO_VARS * 4;
var SocketMemory = class {
  #fd;
  #memory = new Memory(VALUES_SIZE + 4);
  #length = this.#memory.pointer(VALUES_SIZE);
  #drops = 0;
  #dropsSeen;
  constructor(fd) {
    this.#fd = fd;
    this.#dropsSeen = this.read(SK_MEMINFO_DROPS);
  }
  read(value) {
    const { i32 } = this.#memory;
    i32[VALUES_SIZE >> 2] = VALUES_SIZE;
    libc().call.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, this.#memory.pointer(0), this.#length);
    return i32[value];
  }
  readDrops() {
    const counter = this.read(SK_MEMINFO_DROPS);
    this.#drops += counter - this.#dropsSeen >>> 0;
    this.#dropsSeen = counter;
    return this.#drops;
  }
};

// ffi/netlink.ts
var MESSAGE_SIZE = 8192;
function isLocalAddress(address, interfaceIndex2) {
  const message = new Memory(MESSAGE_SIZE);
  const { bytes, u16, i32 } = message;
  bytes[nlmsghdr.size + rtmsg.rtm_family] = address.length === 4 ? AF_INET : AF_INET6;
  bytes[nlmsghdr.size + rtmsg.rtm_dst_len] = address.length * 8;
  const destination = nlmsghdr.size + rtmsg.size;
  const output = destination + rtattr.size + address.length;
  u16.set([rtattr.size + address.length, RTA_DST], destination >> 1);
  bytes.set(address, destination + rtattr.size);
  u16.set([rtattr.size + 4, RTA_OIF], output >> 1);
  i32[output + rtattr.size >> 2] = interfaceIndex2;
  const fd = request(message, RTM_GETROUTE, NLM_F_REQUEST, output + rtattr.size + 4);
  const length = libc().call.read(fd, message.pointer(0), bytes.length);
  close(fd);
  if (length < nlmsghdr.size + rtmsg.size) return void 0;
  return u16[nlmsghdr.nlmsg_type >> 1] === RTM_NEWROUTE && bytes[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}
function interfaceIPv6Addresses() {
  const message = new Memory(MESSAGE_SIZE);
  const { bytes, u16, i32 } = message;
  bytes[nlmsghdr.size + ifaddrmsg.ifa_family] = AF_INET6;
  const addresses = [];
  const fd = request(message, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, nlmsghdr.size + ifaddrmsg.size);
  try {
    for (; ; ) {
      const length = libc().call.read(fd, message.pointer(0), bytes.length);
      if (length < nlmsghdr.size) return void 0;
      for (let at = 0; at + nlmsghdr.size <= length; ) {
        const type = u16[at + nlmsghdr.nlmsg_type >> 1];
        const end = at + i32[at + nlmsghdr.nlmsg_len >> 2];
        if (type === NLMSG_DONE) return addresses;
        if (type === NLMSG_ERROR || end <= at || end > length) return void 0;
        const attributes = at + nlmsghdr.size + ifaddrmsg.size;
        const address = attribute(message, IFA_LOCAL, attributes, end) ?? attribute(message, IFA_ADDRESS, attributes, end);
        if (type === RTM_NEWADDR && address?.length === 16) addresses.push(address);
        at = align(end);
      }
    }
  } finally {
    close(fd);
  }
}
function attribute({ bytes, u16 }, type, at, end) {
  while (at + rtattr.size <= end && u16[at + rtattr.rta_len >> 1] >= rtattr.size) {
    const next = at + u16[at + rtattr.rta_len >> 1];
    if (u16[at + rtattr.rta_type >> 1] === type) return bytes.slice(at + rtattr.size, next);
    at = align(next);
  }
  return void 0;
}
function request(message, type, flags, length) {
  message.i32[nlmsghdr.nlmsg_len >> 2] = length;
  message.u16[nlmsghdr.nlmsg_type >> 1] = type;
  message.u16[nlmsghdr.nlmsg_flags >> 1] = flags;
  const fd = socket(AF_NETLINK, SOCK_RAW);
  libc().call.send(fd, message.pointer(0), length, 0);
  return fd;
}
function align(offset) {
  return offset + 3 & ~3;
}

// src/socket/socket_options.ts
var INT_MAX = 2 ** 31 - 1;
var SEND_BUFFER_BYTES = 4 << 20;
function configure(fd, domain, receiveBuffer) {
  check("setsockopt", setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1));
  if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, 1);
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  const receivesTrains = setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1) >= 0;
  const sendsTrains = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT) >= 0;
  requestBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
  requestBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, receiveBuffer);
  return { segmentation: receivesTrains && sendsTrains, receiveBuffer: getsockopt(fd, SOL_SOCKET, SO_RCVBUF) / 2 };
}
function requestBuffer(fd, name, forceName, bytes) {
  const granted = getsockopt(fd, SOL_SOCKET, name);
  if (bytes * 2 <= granted || setsockopt(fd, SOL_SOCKET, forceName, bytes) >= 0) return;
  const trial = socket(AF_INET, SOCK_DGRAM);
  setsockopt(trial, SOL_SOCKET, name, bytes);
  if (getsockopt(trial, SOL_SOCKET, name) > granted) setsockopt(fd, SOL_SOCKET, name, bytes);
  close(trial);
}
function resetInherited(fd, domain) {
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, 0);
  if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 0);
  setsockopt(fd, IPPROTO_UDP, UDP_CORK, 0);
  if (isNonblocking(fd)) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
}
function isNonblocking(fd) {
  const flags = fcntl(fd, F_GETFL, 0);
  return flags > 0 && (flags & O_NONBLOCK) !== 0;
}

// src/socket/bind.ts
function readBindOptions(options3) {
  const given = requireType("bind", "the options of bind", options3, "object");
  const { port, address, family, dualStack, receiveBuffer, broadcast } = given;
  requirePort("bind", port, 0);
  if (address !== void 0) requireType("bind", "`address`", address, "string");
  if (family !== void 0 && family !== 4 && family !== 6) {
    throw invalid("bind", `\`family\` must be 4 or 6, or absent for both, not ${describe(family)}`);
  }
  if (receiveBuffer !== void 0) requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
  if (broadcast !== void 0) requireType("setsockopt", "`broadcast`", broadcast, "boolean");
  if (dualStack !== void 0) requireType("setsockopt", "`dualStack`", dualStack, "boolean");
  return { port, address, family, dualStack, receiveBuffer, broadcast };
}
function bindSocket(options3, prepare) {
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
    prepare?.(fd, domain);
    const memory = new Memory(sockaddr_in6.size);
    const length = writeResolvedAddress(memory, domain, address, options3.port);
    const error = bind(fd, memory, length);
    if (error < 0) throw bindError(address, options3.port, -error);
    return { fd, domain, dualStack, adopted: false, notices, ...readLocalName(fd, domain), ...configuration };
  } catch (error) {
    close(fd);
    throw error;
  }
}
function readLocalName(fd, domain) {
  const size = socketAddressSize(domain);
  const name = new Memory(size);
  check("getsockname", getsockname(fd, name, size));
  return { address: readSocketAddress(name.bytes.subarray(0, size)), port: readPort(name.bytes) };
}
function localAddress({ address, family, dualStack }, notices) {
  if (address !== void 0) {
    const resolved = resolve(address, family)[0];
    const actual = isIPv4(resolved.bytes) ? 4 : 6;
    if (family !== void 0 && family !== actual) {
      throw invalid("bind", `\`family\` is ${family}, but ${address} is an IPv${actual} address`);
    }
    return { address: resolved, dualStack: actual === 6 && (dualStack ?? false) };
  }
  const ipv6 = family !== 4 && hasIPv6();
  if (family === 6 && !ipv6) throw noIPv6();
  if (family === void 0 && !ipv6) notices.push("this host has no IPv6: answering on IPv4 only");
  return { address: readAddress2(ipv6 ? "::" : "0.0.0.0"), dualStack: ipv6 && (dualStack ?? family === void 0) };
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
  const fd = socket(AF_INET6, SOCK_DGRAM);
  if (fd < 0) return false;
  close(fd);
  return interfaceIPv6Addresses()?.length !== 0;
}
function openSocket(domain) {
  const fd = socket(domain, SOCK_DGRAM);
  if (fd === -EAFNOSUPPORT && domain === AF_INET6) throw noIPv6();
  return check("socket", fd);
}
function bindError({ bytes, zone }, port, errno) {
  let advice = "";
  if (errno === EACCES) advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port";
  if (errno === EADDRINUSE) advice = `; \`ss -ulpn sport = :${port}\` shows which program has it, or try another port`;
  const reason = errno === EADDRNOTAVAIL ? "this address is not on this host; `ip address` lists its addresses" : errnoMessage(
  errno) + advice;
  return new SystemError("bind", errno, `cannot bind ${endpointText(bytes, zone, port)}: ${reason}`);
}

// src/socket/descriptors.ts
var owned = /* @__PURE__ */ new Map();
var forget;
var unreachable = new FinalizationRegistry(closeOwned);
function own(socket2, fd) {
  owned.set(fd, new WeakRef(socket2));
  unreachable.register(socket2, fd, socket2);
}
function isOwned(fd) {
  return owned.has(fd);
}
function release(socket2, fd) {
  unreachable.unregister(socket2);
  closeOwned(fd);
}
function closeOwned(fd) {
  owned.delete(fd);
  forget?.(fd);
  close(fd);
}

// src/socket/adopt.ts
function adoptSocket(fd, options3) {
  requireInteger("getsockopt", "a descriptor", fd, 0, INT_MAX);
  const { receiveBuffer = 0 } = requireType("setsockopt", "the options of adopt", options3, "object");
  requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
  const refuse = (errno, reason) => new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
  if (isOwned(fd)) throw refuse(EINVAL, "another socket of this process has it");
  const type = getsockopt(fd, SOL_SOCKET, SO_TYPE);
  const domain = getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
  if (type < 0) throw refuse(-type, errnoMessage(-type));
  if (domain !== AF_INET && domain !== AF_INET6 || type !== SOCK_DGRAM) throw refuse(EINVAL, "it is no UDP socket");
  const name = readLocalName(fd, domain);
  if (name.port === 0) throw refuse(EINVAL, "it is not bound to a port");
  const dualStack = domain === AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
  const configuration = configure(fd, domain, receiveBuffer);
  resetInherited(fd, domain);
  return { fd, domain, dualStack, adopted: true, notices: [], ...name, ...configuration };
}

// src/socket/message_layout.ts
var word = {
  peer: 0,
  local: 4,
  peerPort: 8,
  peerScope: 9,
  sendInterface: 10,
  interface: 11,
  localPort: 12,
  family: 13,
  count: 14
};
var FLOW_WORDS = word.interface;
var field = {
  size: 0,
  segmentSize: 1,
  fragmentSize: 2,
  cut: 3,
  seconds: 4,
  nanoseconds: 5,
  trafficClass: 6,
  sendTrafficClass: 7,
  hopLimit: 8,
  extendedError: 9,
  destination: 10,
  marked: 11,
  error: 12,
  next: 13,
  trainLast: 14,
  trainSize: 15,
  trainDatagrams: 16,
  count: 17
};
function copyWords(from, fromAt, to, toAt, count) {
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i];
}
function sameWords(a, aAt, b, bAt, count) {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

// src/socket/coalesce.ts
var WINDOW = 64;
var TRAIN_SIZE_MAX = 65507;
var SLOTS = 2 * WINDOW;
var newest = new Int32Array(SLOTS);
function coalesce(messages, first, end, heads2, segmentation) {
  const mayJoin = segmentation && end - first > 1;
  if (mayJoin) newest.fill(-1);
  let trains = 0;
  for (let i = first; i < end; i++) {
    if (messages.get(i, field.marked) === 0) continue;
    messages.set(i, field.error, 0);
    messages.set(i, field.next, -1);
    messages.set(i, field.trainLast, i);
    messages.set(i, field.trainSize, messages.get(i, field.size));
    messages.set(i, field.trainDatagrams, messages.datagrams(i));
    if (mayJoin) {
      const slot = findFlow(messages, i);
      if (newest[slot] >= 0 && join(messages, newest[slot], i)) continue;
      newest[slot] = i;
    }
    heads2[trains++] = i;
  }
  return trains;
}
function join(messages, train, i) {
  const size = messages.get(i, field.size);
  const datagrams = messages.get(i, field.trainDatagrams);
  const segmentSize = messages.get(train, field.segmentSize);
  const trainSize = messages.get(train, field.trainSize);
  const trainDatagrams = messages.get(train, field.trainDatagrams);
  if (trainSize === 0 || size === 0 || trainSize !== trainDatagrams * segmentSize) return false;
  if (messages.get(i, field.segmentSize) !== segmentSize && (datagrams > 1 || size > segmentSize)) return false;
  if (trainSize + size > TRAIN_SIZE_MAX || trainDatagrams + datagrams > UDP_MAX_SEGMENTS) return false;
  messages.set(messages.get(train, field.trainLast), field.next, i);
  messages.set(train, field.trainLast, i);
  messages.set(train, field.trainSize, trainSize + size);
  messages.set(train, field.trainDatagrams, trainDatagrams + datagrams);
  return true;
}
function findFlow(messages, i) {
  const { paths } = messages;
  const path = messages.path(i);
  const seed = paths[path + word.peerPort] ^ paths[path + word.local + 3];
  let slot = addressHash(paths, path + word.peer, seed) >>> 25;
  while (newest[slot] >= 0 && !sameFlow(messages, newest[slot], i)) slot = slot + 1 & SLOTS - 1;
  return slot;
}
function sameFlow(messages, a, b) {
  const { paths } = messages;
  return sameWords(paths, messages.path(a), paths, messages.path(b), FLOW_WORDS) && messages.get(a, field.sendTrafficClass) ===
  messages.get(b, field.sendTrafficClass);
}

// src/socket/segmentation_refusals.ts
var PEERS_MAX = 1024;
var REFUSAL_MILLISECONDS = 3e4;
var SegmentationRefusals = class {
  #refusals = /* @__PURE__ */ new Map();
  add(words, at, size) {
    if (this.#refusals.size >= PEERS_MAX) this.#refusals.clear();
    const end = performance.now() + REFUSAL_MILLISECONDS;
    this.#refusals.set(addressHash(words, at, 0), { address: words.slice(at, at + 4), size, end });
  }
  has(words, at, size) {
    if (this.#refusals.size === 0) return false;
    const refusal = this.#refusals.get(addressHash(words, at, 0));
    return refusal !== void 0 && size >= refusal.size && sameAddress(refusal.address, 0, words, at) && performance.now() <
    refusal.end;
  }
};

// src/socket/send_buffer.ts
var SHARE = 32;
var TRIAL_SHARE = 16;
var BOOKKEEPING = 1024;
var SendBuffer = class {
  crowded = false;
  #memory;
  #size;
  #level = 0;
  #reserved = 0;
  #shares = /* @__PURE__ */ new Map();
  #newest;
  #seed = 0;
  constructor(memory) {
    this.#memory = memory;
    this.#size = memory.read(SK_MEMINFO_SNDBUF);
  }
  reserve(bytes, datagrams) {
    this.#reserved += cost(bytes, datagrams);
    return this.#level + this.#reserved <= this.#size >> 1;
  }
  refresh() {
    const level = this.#memory.read(SK_MEMINFO_WMEM_ALLOC);
    const crowded = level > this.#size >> 1;
    if (crowded !== this.crowded) {
      this.#shares.clear();
      this.#newest = void 0;
      if (crowded) this.#seed = crypto.getRandomValues(new Int32Array(1))[0];
    }
    this.crowded = crowded;
    for (let gone = this.#level - level; gone > 0 && this.#newest !== void 0; this.#newest = this.#newest.before) {
      const share = this.#newest;
      const bytes = Math.min(gone, share.bytes);
      share.bytes -= bytes;
      gone -= bytes;
      if (share.bytes > 0) break;
      this.#shares.delete(share.peer);
    }
    this.#level = level;
    this.#reserved = 0;
  }
  admit(words, at, bytes, datagrams) {
    const share = this.#shares.get(this.#hash(words, at));
    const wanted = cost(bytes, datagrams);
    const room = this.#size - this.#level;
    const held = share?.bytes ?? 0;
    if (held + wanted <= room / SHARE) return true;
    if (datagrams > 1) return false;
    if (share === void 0 || held === 0) return wanted <= room;
    const refusals = ++share.refusals;
    return (refusals & refusals - 1) === 0 && held + wanted <= room / TRIAL_SHARE;
  }
  charge(words, at) {
    const before = this.#level;
    this.refresh();
    const stayed = this.#level - before;
    if (!this.crowded) return;
    const peer = this.#hash(words, at);
    const share = this.#shares.get(peer);
    if (stayed <= 0) {
      if (share !== void 0) share.bytes = 0;
    } else if (share !== void 0 && share.bytes > 0) {
      share.bytes += stayed;
    } else {
      while (this.#newest?.bytes === 0) this.#newest = this.#newest.before;
      this.#newest = { peer, bytes: stayed, refusals: 0, before: this.#newest };
      this.#shares.set(peer, this.#newest);
    }
  }
  #hash(words, at) {
    return addressHash(words, at, this.#seed) >>> 16;
  }
};
function cost(bytes, datagrams) {
  return 2 * bytes + BOOKKEEPING * datagrams;
}

// ffi/message_vector.ts
var NAME_SIZE = 32;
var MessageVector = class {
  memory;
  #buffersOffset;
  #namesOffset;
  #controlsOffset;
  #controlSize;
  #pointers = [];
  constructor(capacity, controlSize, place) {
    this.#buffersOffset = capacity * mmsghdr.size;
    this.#namesOffset = this.#buffersOffset + capacity * iovec.size;
    this.#controlsOffset = this.#namesOffset + capacity * NAME_SIZE;
    this.#controlSize = controlSize;
    this.memory = new Memory(this.#controlsOffset + capacity * controlSize, place);
    for (let i = 0; i < capacity; i++) {
      const header = i * mmsghdr.size;
      this.memory.link(header + mmsghdr.msg_name, this.memory, this.nameOffset(i));
      this.memory.link(header + mmsghdr.msg_control, this.memory, this.controlOffset(i));
      this.setBuffers(i, i, 1);
      this.#pointers.push(this.memory.pointer(header));
    }
  }
  nameOffset(i) {
    return this.#namesOffset + i * NAME_SIZE;
  }
  controlOffset(i) {
    return this.#controlsOffset + i * this.#controlSize;
  }
  setBuffer(k, target, offset, length) {
    const at = this.#buffersOffset + k * iovec.size;
    this.memory.link(at + iovec.iov_base, target, offset);
    this.memory.i32[at + iovec.iov_len >> 2] = length;
  }
  setBuffers(i, first, count) {
    const header = i * mmsghdr.size;
    this.memory.link(header + mmsghdr.msg_iov, this.memory, this.#buffersOffset + first * iovec.size);
    this.memory.i32[header + mmsghdr.msg_iovlen >> 2] = count;
  }
  setLengths(i, nameLength, controlLength) {
    const header = i * mmsghdr.size;
    this.memory.i32[header + mmsghdr.msg_namelen >> 2] = nameLength;
    this.memory.i32[header + mmsghdr.msg_controllen >> 2] = controlLength;
  }
  get(i, member) {
    return this.memory.i32[i * mmsghdr.size + member >> 2];
  }
  receive(fd, count, flags) {
    return result(libc().call.recvmmsg(fd, this.#pointers[0], count, flags, null));
  }
  send(fd, first, end, flags) {
    return result(libc().call.sendmmsg(fd, this.#pointers[first], end - first, flags));
  }
};

// src/socket/control_message.ts
var UNICAST = 0;
var BROADCAST = 1;
var MULTICAST = 2;
var UNKNOWN = 3;
var NOTHING_KNOWN = new Int32Array(field.count).fill(-1, field.nanoseconds, field.destination);
NOTHING_KNOWN[field.destination] = UNKNOWN;
var ERROR_SIZE = sock_extended_err.size + sockaddr_in.size;
var ERROR_SIZE_IPV6 = sock_extended_err.size + sockaddr_in6.size;
function decodeControlMessages(messages, i, offset, length) {
  copyWords(NOTHING_KNOWN, 0, messages.fields, i * field.count, field.count);
  messages.paths[i * word.count + word.interface] = 0;
  const { i32: words } = messages.headers;
  const end = offset + length;
  for (let at = offset; at + cmsghdr.size <= end; ) {
    const messageLength = words[at + cmsghdr.cmsg_len >> 2];
    const upper = words[at + cmsghdr.cmsg_len + 4 >> 2];
    if (messageLength < cmsghdr.size || at + messageLength > end || upper !== 0) return;
    const level = words[at + cmsghdr.cmsg_level >> 2];
    const type = words[at + cmsghdr.cmsg_type >> 2];
    decode(messages, i, level, type, at + cmsghdr.size, messageLength - cmsghdr.size);
    at += align2(messageLength);
  }
}
function decode(messages, i, level, type, data, length) {
  const { i32: words } = messages.headers;
  const value = words[data >> 2];
  if (level === IPPROTO_IP) {
    if (type === IP_PKTINFO && length >= in_pktinfo.size) decodeIPv4PacketInfo(messages, i, data >> 2);
    if (type === IP_RECVERR && length >= ERROR_SIZE) messages.set(i, field.extendedError, data);
    if (type === IP_RECVFRAGSIZE && length >= 4) messages.set(i, field.fragmentSize, value);
    if (type === IP_TOS && length >= 1) messages.set(i, field.trafficClass, value & 255);
    if (type === IP_TTL && length >= 4) messages.set(i, field.hopLimit, value & 255);
  } else if (level === IPPROTO_IPV6) {
    if (type === IPV6_PKTINFO && length >= in6_pktinfo.size) decodeIPv6PacketInfo(messages, i, data >> 2);
    if (type === IPV6_RECVERR && length >= ERROR_SIZE_IPV6) messages.set(i, field.extendedError, data);
    if (type === IPV6_RECVFRAGSIZE && length >= 4) messages.set(i, field.fragmentSize, value);
    if (type === IPV6_TCLASS && length >= 4) messages.set(i, field.trafficClass, value & 255);
    if (type === IPV6_HOPLIMIT && length >= 4) messages.set(i, field.hopLimit, value & 255);
  } else if (level === IPPROTO_UDP) {
    if (type === UDP_GRO && length >= 4) messages.set(i, field.segmentSize, value);
  } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPING && length >= scm_timestamping.size) {
    messages.set(i, field.seconds, words[data + scm_timestamping.ts + timespec.tv_sec >> 2]);
    messages.set(i, field.nanoseconds, words[data + scm_timestamping.ts + timespec.tv_nsec >> 2]);
  }
}
function decodeIPv4PacketInfo(messages, i, at) {
  const { headers: { i32: words }, paths } = messages;
  const path = i * word.count;
  const sentTo = words[at + (in_pktinfo.ipi_addr >> 2)];
  const multicast = (sentTo & 240) === 224;
  const answerFrom = words[at + (in_pktinfo.ipi_spec_dst >> 2)] || (multicast || sentTo === -1 ? 0 : sentTo);
  paths[path + word.interface] = words[at + (in_pktinfo.ipi_ifindex >> 2)];
  writeIPv4(paths, path + word.local, answerFrom);
  const broadcast = sentTo !== answerFrom || sentTo === -1;
  const unicast = answerFrom === 0 ? UNKNOWN : UNICAST;
  messages.set(i, field.destination, multicast ? MULTICAST : broadcast ? BROADCAST : unicast);
}
function decodeIPv6PacketInfo(messages, i, at) {
  const { headers: { i32: words }, paths } = messages;
  const path = i * word.count;
  const address = at + (in6_pktinfo.ipi6_addr >> 2);
  if (isMapped(words, address)) return;
  const multicast = isMulticast(words, address);
  paths[path + word.interface] = words[at + (in6_pktinfo.ipi6_ifindex >> 2)];
  for (let k = 0; k < 4; k++) paths[path + word.local + k] = multicast ? 0 : words[address + k];
  messages.set(i, field.destination, multicast ? MULTICAST : isUnspecified(words, address) ? UNKNOWN : UNICAST);
}
var RECEIVE_CONTROL_SIZE = space(in_pktinfo.size) + space(in6_pktinfo.size) + space(scm_timestamping.size) + 4 * space(4) +
64;
var SEND_CONTROL_SIZE = space(in6_pktinfo.size) + space(4) + space(2);
function encodeSource(memory, at, words, first, interfaceIndex2) {
  const { i32 } = memory;
  if (isUnspecified(words, first) && interfaceIndex2 === 0) return at;
  if (isMapped(words, first)) {
    const data2 = encodeHeader(memory, at, IPPROTO_IP, IP_PKTINFO, in_pktinfo.size);
    i32[data2 + in_pktinfo.ipi_ifindex >> 2] = interfaceIndex2;
    i32[data2 + in_pktinfo.ipi_spec_dst >> 2] = words[first + 3];
    i32[data2 + in_pktinfo.ipi_addr >> 2] = 0;
    return at + space(in_pktinfo.size);
  }
  const data = encodeHeader(memory, at, IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo.size);
  const address = data + in6_pktinfo.ipi6_addr >> 2;
  copyWords(words, first, i32, address, 4);
  i32[data + in6_pktinfo.ipi6_ifindex >> 2] = interfaceIndex2;
  return at + space(in6_pktinfo.size);
}
function encodeTrafficClass(memory, at, ipv4, value) {
  const data = encodeHeader(memory, at, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TOS : IPV6_TCLASS, 4);
  memory.i32[data >> 2] = value;
  return at + space(4);
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
  return cmsghdr.size + align2(dataSize);
}
function align2(length) {
  return length + cmsghdr.align - 1 & ~(cmsghdr.align - 1);
}

// src/socket/send_vector.ts
var SendVector = class {
  count = 0;
  heads;
  datagrams;
  #vector;
  #buffers = 0;
  #firstBuffer = 0;
  constructor(capacity) {
    this.#vector = new MessageVector(capacity, SEND_CONTROL_SIZE);
    this.heads = new Int32Array(capacity);
    this.datagrams = new Int32Array(capacity);
  }
  addBuffer(messages, offset, length) {
    this.#vector.setBuffer(this.#buffers++, messages.payloads, offset, length);
  }
  add(messages, i, datagrams, named) {
    const vector = this.#vector;
    const { memory } = vector;
    const { count } = this;
    const { paths } = messages;
    const path = messages.path(i);
    const name = vector.nameOffset(count);
    const port = paths[path + word.peerPort];
    const scope = paths[path + word.peerScope];
    const nameLength = writeSocketAddress(memory, name, messages.family, paths, path + word.peer, port, scope);
    const start = vector.controlOffset(count);
    const trafficClass = messages.get(i, field.sendTrafficClass);
    let end = encodeSource(memory, start, paths, path + word.local, paths[path + word.sendInterface]);
    if (trafficClass >= 0) end = encodeTrafficClass(memory, end, isMapped(paths, path + word.peer), trafficClass);
    if (datagrams > 1) end = encodeSegmentSize(memory, end, messages.get(i, field.segmentSize));
    vector.setLengths(count, named ? nameLength : 0, end - start);
    vector.setBuffers(count, this.#firstBuffer, this.#buffers - this.#firstBuffer);
    this.#firstBuffer = this.#buffers;
    this.heads[count] = i;
    this.datagrams[count] = datagrams;
    this.count++;
  }
  send(fd, first) {
    let sent;
    do {
      sent = this.#vector.send(fd, first, this.count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent === -EINTR);
    return sent === 0 ? -EAGAIN : sent;
  }
  clear() {
    this.count = 0;
    this.#buffers = 0;
    this.#firstBuffer = 0;
  }
};

// src/socket/batch_sender.ts
var heads = new Int32Array(WINDOW);
var trainVector;
var singleVector;
var SEGMENT_ERRORS = [EINVAL, EMSGSIZE, EIO, EOPNOTSUPP];
var BatchSender = class {
  failed = new Float64Array(ERRNO_COUNT);
  lastError = 0;
  deviceRefusedTrains = false;
  connected = false;
  #fd;
  #segmentation;
  #refusals = new SegmentationRefusals();
  #buffer;
  #whole = trainVector ??= new SendVector(WINDOW);
  constructor({ fd, segmentation, socketMemory }) {
    this.#fd = fd;
    this.#segmentation = segmentation;
    this.#buffer = new SendBuffer(socketMemory);
  }
  send(messages) {
    let sent = 0;
    for (let first = 0; first < messages.count; first += WINDOW) {
      const end = Math.min(first + WINDOW, messages.count);
      sent += this.#sendTrains(messages, coalesce(messages, first, end, heads, this.#segmentation));
    }
    return sent;
  }
  #sendTrains(messages, trains) {
    const buffer = this.#buffer;
    let sent = 0;
    this.#whole.clear();
    for (let k = 0; k < trains; k++) {
      const train = heads[k];
      if (!buffer.reserve(messages.get(train, field.trainSize), messages.get(train, field.trainDatagrams))) {
        sent += this.#sendEncoded(messages, this.#whole);
        buffer.refresh();
      }
      if (!buffer.crowded && this.#goesWhole(messages, train)) {
        this.#encode(messages, train);
      } else {
        sent += this.#sendEncoded(messages, this.#whole);
        sent += buffer.crowded ? this.#sendIfAdmitted(messages, train) : this.#sendOneByOne(messages, train);
      }
    }
    return sent + this.#sendEncoded(messages, this.#whole);
  }
  #sendIfAdmitted(messages, train) {
    const { paths } = messages;
    const buffer = this.#buffer;
    const peer = messages.path(train) + word.peer;
    const size = messages.get(train, field.trainSize);
    const datagrams = messages.get(train, field.trainDatagrams);
    buffer.refresh();
    if (datagrams === 1 || !this.#goesWhole(messages, train) || !buffer.admit(paths, peer, size, datagrams)) {
      return this.#sendOneByOne(messages, train);
    }
    this.#encode(messages, train);
    const sent = this.#sendEncoded(messages, this.#whole);
    buffer.charge(paths, peer);
    return sent;
  }
  #goesWhole(messages, train) {
    if (messages.get(train, field.trainDatagrams) === 1) return true;
    const peer = messages.path(train) + word.peer;
    return !this.#refusals.has(messages.paths, peer, messages.get(train, field.segmentSize));
  }
  #encode(messages, train) {
    for (let i = train; i >= 0; i = messages.get(i, field.next)) {
      this.#whole.addBuffer(messages, messages.payloadOffset(i), messages.get(i, field.size));
    }
    this.#whole.add(messages, train, messages.get(train, field.trainDatagrams), !this.connected);
  }
  #sendEncoded(messages, vector) {
    let sent = 0;
    for (let k = 0; k < vector.count; ) {
      const result2 = vector.send(this.#fd, k);
      if (result2 < 0) {
        sent += this.#handleFailure(messages, vector.heads[k], vector.datagrams[k], -result2);
        k++;
      }
      for (const end = k + result2; k < end; k++) sent += vector.datagrams[k];
    }
    vector.clear();
    return sent;
  }
  #handleFailure(messages, i, datagrams, errno) {
    if (datagrams === 1) {
      this.#fail(messages, i, errno, 1);
      return 0;
    }
    if (!SEGMENT_ERRORS.includes(errno)) {
      for (let k = i; k >= 0; k = messages.get(k, field.next)) this.#fail(messages, k, errno, messages.datagrams(k));
      return 0;
    }
    const sent = this.#sendOneByOne(messages, i);
    if (sent === 0) return 0;
    const deviceRefuses = errno === EIO;
    if (deviceRefuses) this.deviceRefusedTrains = true;
    const peer = messages.path(i) + word.peer;
    this.#refusals.add(messages.paths, peer, deviceRefuses ? 1 : messages.get(i, field.segmentSize));
    return sent;
  }
  #sendOneByOne(messages, train) {
    const { paths } = messages;
    const buffer = this.#buffer;
    const singles = singleVector ??= new SendVector(WINDOW);
    const segmentSize = messages.get(train, field.segmentSize);
    const peer = messages.path(train) + word.peer;
    let sent = 0;
    for (let i = train; i >= 0; i = messages.get(i, field.next)) {
      const size = messages.get(i, field.size);
      let from = 0;
      do {
        const length = Math.min(segmentSize, size - from);
        const { crowded } = buffer;
        if (crowded && !buffer.admit(paths, peer, length, 1)) {
          this.#fail(messages, i, EAGAIN, 1);
          continue;
        }
        singles.addBuffer(messages, messages.payloadOffset(i) + from, length);
        singles.add(messages, i, 1, !this.connected);
        if (crowded || singles.count === WINDOW) sent += this.#sendEncoded(messages, singles);
        if (crowded) buffer.charge(paths, peer);
      } while ((from += segmentSize) < size);
    }
    return sent + this.#sendEncoded(messages, singles);
  }
  #fail(messages, i, errno, datagrams) {
    this.failed[errno < ERRNO_COUNT ? errno : OTHER_ERROR] += datagrams;
    this.lastError = errno;
    messages.set(i, field.error, errno);
  }
};

// ffi/shared_memory.ts
var PAGE = 64 << 10;
var kept = [];
function createShared(size) {
  const { memfd_create, ftruncate } = lazyLibc();
  const fd = check("memfd_create", result(memfd_create(cString("echo.ts").pointer(0), MFD_CLOEXEC)));
  check("ftruncate", result(ftruncate(fd, size)));
  return check("fcntl", aboveStandardStreams(fd));
}
function mapShared(fd, size) {
  const buffer = new ArrayBuffer(Math.ceil(size / PAGE) * PAGE + PAGE);
  const address = libc().addressOf(buffer);
  const offset = (PAGE - address % PAGE) % PAGE;
  const place = libc().pointer(address + offset);
  const lowerHalf = lazyLibc().mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, null);
  check("mmap", lowerHalf === -1 ? result(lowerHalf) : 0);
  kept.push(buffer);
  return new Uint8Array(buffer, offset, size);
}
function isShared({ buffer }) {
  return kept.includes(buffer);
}

// src/socket/messages.ts
var PAYLOAD_SIZE_MAX = 65535;
var PAYLOAD_STRIDE = 65536 + 192;
var Messages = class {
  capacity;
  family;
  count = 0;
  localPort = 0;
  payloads;
  paths;
  fields;
  headers;
  #vector;
  #nameSize;
  #received = 0;
  constructor(family, capacity, headers) {
    if (headers !== void 0 && !isShared(headers)) {
      throw invalid("recvmmsg", "`headers` is memory of the program's own");
    }
    this.family = family;
    this.capacity = capacity;
    this.paths = new Int32Array(capacity * word.count);
    this.fields = new Int32Array(capacity * field.count);
    this.payloads = new Memory(capacity * PAYLOAD_STRIDE);
    this.#nameSize = socketAddressSize(family);
    this.#vector = new MessageVector(capacity, RECEIVE_CONTROL_SIZE, headers);
    this.headers = this.#vector.memory;
    for (let i = 0; i < capacity; i++) {
      this.#vector.setBuffer(i, this.payloads, this.payloadOffset(i), PAYLOAD_SIZE_MAX);
      this.#vector.setLengths(i, this.#nameSize, RECEIVE_CONTROL_SIZE);
    }
  }
  get(i, name) {
    return this.fields[i * field.count + name];
  }
  set(i, name, value) {
    this.fields[i * field.count + name] = value;
  }
  path(i) {
    return i * word.count;
  }
  payloadOffset(i) {
    return i * PAYLOAD_STRIDE;
  }
  datagrams(i) {
    const size = this.get(i, field.size);
    const segmentSize = this.get(i, field.segmentSize);
    return size === segmentSize ? 1 : Math.ceil(size / segmentSize);
  }
  receive(fd, flags) {
    this.clear();
    const received = this.#vector.receive(fd, this.capacity, flags);
    const entries = (flags & MSG_ERRQUEUE) !== 0;
    while (this.count < received && (entries || this.#vector.get(this.count, mmsghdr.msg_namelen) !== 0)) {
      this.#decode(this.count++);
    }
    this.#received = Math.max(0, received);
    if (received <= 0) return received;
    return this.count > 0 ? this.count : -ESHUTDOWN;
  }
  clear() {
    for (let i = 0; i < this.#received; i++) this.#vector.setLengths(i, this.#nameSize, RECEIVE_CONTROL_SIZE);
    this.#received = 0;
    this.count = 0;
  }
  recover() {
    this.count = 0;
    while (this.count < this.capacity && this.#vector.get(this.count, mmsghdr.msg_controllen) !== RECEIVE_CONTROL_SIZE) {
      this.#decode(this.count++);
    }
  }
  #decode(i) {
    const { paths } = this;
    const vector = this.#vector;
    const path = this.path(i);
    const local = path + word.local;
    const controlLength = Math.max(0, Math.min(vector.get(i, mmsghdr.msg_controllen), RECEIVE_CONTROL_SIZE));
    const size = Math.max(0, Math.min(vector.get(i, mmsghdr.msg_len), PAYLOAD_SIZE_MAX));
    decodeControlMessages(this, i, vector.controlOffset(i), controlLength);
    const named = this.#decodeName(i);
    const cut = (vector.get(i, mmsghdr.msg_flags) & (MSG_TRUNC | MSG_CTRUNC)) !== 0;
    const sameFamily = isMapped(paths, local) === isMapped(paths, path + word.peer);
    const known = named && !cut && sameFamily && this.get(i, field.destination) !== UNKNOWN;
    const namesInterface = hasLinkLocalPrefix(paths, local) || isUnspecified(paths, local);
    paths[path + word.sendInterface] = known && namesInterface ? paths[path + word.interface] : 0;
    paths[path + word.localPort] = this.localPort;
    paths[path + word.family] = this.family;
    if (!known) {
      this.set(i, field.destination, UNKNOWN);
      for (let k = 0; k < 4; k++) paths[local + k] = 0;
    }
    const segmentSize = this.get(i, field.segmentSize);
    this.set(i, field.segmentSize, segmentSize > 0 && segmentSize < size ? segmentSize : size);
    this.set(i, field.size, size);
    this.set(i, field.cut, cut ? 1 : 0);
  }
  #decodeName(i) {
    const { paths } = this;
    const { bytes, i32, u16 } = this.headers;
    const name = this.#vector.nameOffset(i);
    const path = this.path(i);
    const peer = path + word.peer;
    const named = this.#vector.get(i, mmsghdr.msg_namelen) === this.#nameSize && u16[name >> 1] === this.family;
    const port = bytes[name + sockaddr_in6.sin6_port] << 8 | bytes[name + sockaddr_in6.sin6_port + 1];
    paths[path + word.peerPort] = named ? port : 0;
    if (this.family === AF_INET) {
      writeIPv4(paths, peer, i32[name + sockaddr_in.sin_addr >> 2]);
      paths[path + word.peerScope] = 0;
    } else {
      copyWords(i32, name + sockaddr_in6.sin6_addr >> 2, paths, peer, 4);
      paths[path + word.peerScope] = i32[name + sockaddr_in6.sin6_scope_id >> 2];
    }
    return named;
  }
  add(payload, size) {
    const i = this.count;
    copyWords(NOTHING_KNOWN, 0, this.fields, i * field.count, field.count);
    this.setPayload(i, payload, size);
    this.set(i, field.destination, UNICAST);
    this.set(i, field.marked, 1);
    this.count = i + 1;
  }
  setPayload(i, payload, size) {
    this.payloads.bytes.set(payload, this.payloadOffset(i));
    this.set(i, field.size, size);
    this.set(i, field.segmentSize, size);
  }
};
function requirePayload(payload) {
  const size = requireBytes("sendmmsg", "a payload", payload);
  if (size <= PAYLOAD_SIZE_MAX) return size;
  const message = `a payload of ${size} bytes is too large: a datagram carries 65507 bytes over IPv4, 65527 over IPv6`;
  throw new SystemError("sendmmsg", EMSGSIZE, message);
}

// src/socket/path.ts
var makePath;
var isPath;
var wordsOf;
var Path = class _Path {
  #words;
  #peer;
  #local;
  constructor(key, words) {
    requireInternal("sendmmsg", key, "a path is made by the `path` of a batch or of a socket");
    this.#words = words;
  }
  static {
    makePath = (words) => new _Path(INTERNAL, words);
    isPath = (value) => typeof value === "object" && value !== null && #words in value;
    wordsOf = (path) => path.#words;
  }
  get peer() {
    const words = this.#words;
    return this.#peer ??= Object.freeze({
      address: scopedText(words, word.peer, words[word.peerScope]),
      port: words[word.peerPort]
    });
  }
  get local() {
    const words = this.#words;
    return this.#local ??= Object.freeze({
      address: scopedText(words, word.local, words[word.sendInterface]),
      port: words[word.localPort],
      interfaceIndex: words[word.interface] >>> 0,
      get interfaceName() {
        return interfaceName(this.interfaceIndex);
      }
    });
  }
};
function scopedText(words, at, interfaceIndex2) {
  const determines = isUnspecified(words, at) && !isMapped(words, at) && interfaceIndex2 !== 0;
  const text = wordsText(words, at);
  return determines || hasLinkLocalPrefix(words, at) ? `${text}%${interfaceName(interfaceIndex2 >>> 0)}` : text;
}
function pathOf({ paths }, i) {
  const words = new Int32Array(word.count);
  copyWords(paths, i * word.count, words, 0, word.count);
  return makePath(words);
}
function hasPath({ paths }, i, path) {
  return sameWords(wordsOf(path), 0, paths, i * word.count, word.count);
}
function setPath({ family, paths }, i, path) {
  const words = wordsOf(path);
  if (words[word.family] !== family) {
    throw new SystemError("sendmmsg", EAFNOSUPPORT, "the path belongs to a socket of the other family");
  }
  copyWords(words, 0, paths, i * word.count, word.count);
}

// src/socket/route.ts
function routePath(family, localPort, { to, from, interfaceIndex: interfaceIndex2 = 0 }) {
  const { address, port } = requireType("sendmmsg", "`to`", to, "object");
  const peer = requireAddress(address);
  const ipv4 = isIPv4(peer.bytes);
  if (family === AF_INET && !ipv4) throw noReach("sendmmsg", address, false);
  const local = from === void 0 ? void 0 : requireSource(from, peer);
  const words = new Int32Array(word.count);
  words.set(addressWords(peer.bytes), word.peer);
  if (local !== void 0) words.set(addressWords(local.bytes), word.local);
  else if (ipv4) words[word.local + 2] = IPV4_MAPPED;
  words[word.peerPort] = requirePort("sendmmsg", port, 1);
  words[word.peerScope] = peer.scope;
  words[word.localPort] = localPort;
  const scope = local?.scope ?? 0;
  const index = requireInteger("sendmmsg", "`interfaceIndex`", interfaceIndex2, 0, INT_MAX);
  if (index !== 0 && scope !== 0 && index !== scope) {
    throw invalid("sendmmsg", `\`from\` is an address of interface ${scope}, but \`interfaceIndex\` is ${index}`);
  }
  words[word.interface] = words[word.sendInterface] = index || scope;
  words[word.family] = family;
  return makePath(words);
}
function noReach(syscall, address, ipv4) {
  const [own2, other] = ipv4 ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"];
  const message = `an ${own2} socket does not reach the ${other} address ${address}; bind one for both families, or for ${other}`;
  return new SystemError(syscall, EAFNOSUPPORT, message);
}
function requireSource(from, peer) {
  const local = requireAddress(from);
  const { bytes, scope } = local;
  const ipv4 = isIPv4(bytes);
  if (isUnspecified(addressWords(bytes), 0)) return scope === 0 || ipv4 || isIPv4(peer.bytes) ? void 0 : local;
  if (ipv4 !== isIPv4(peer.bytes)) {
    const families = ipv4 ? "an IPv4 address to an IPv6" : "an IPv6 address to an IPv4";
    const message = `cannot send from ${families} one; leave \`from\` out, or change it`;
    throw new SystemError("sendmmsg", EAFNOSUPPORT, message);
  }
  if (isLocalAddress(ipv4 ? bytes.subarray(12) : bytes, scope) === false) {
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
  #addresses;
  #payloads;
  constructor(family, capacity, headers) {
    if (family !== AF_INET && family !== AF_INET6) throw invalid("recvmmsg", "a batch is for AF_INET or AF_INET6");
    requireInteger("recvmmsg", "the capacity of a batch", capacity, 1, CAPACITY_MAX);
    this.#messages = new Messages(family, capacity, headers);
    this.#addresses = new Int32Array(this.#messages.paths.buffer);
    this.#payloads = new Uint8Array(this.#messages.payloads.bytes.buffer);
  }
  static {
    messagesOf = (syscall, batch) => {
      if (typeof batch === "object" && batch !== null && #messages in batch) return batch.#messages;
      throw invalid(syscall, `a batch must be a MessageBatch, not ${describe(batch)}`);
    };
  }
  get family() {
    return this.#messages.family;
  }
  get capacity() {
    return this.#messages.capacity;
  }
  get count() {
    return this.#messages.count;
  }
  get addresses() {
    return this.#addresses;
  }
  get payloads() {
    return this.#payloads;
  }
  size(i) {
    return this.#at(i).get(i, field.size);
  }
  segmentSize(i) {
    return this.#at(i).get(i, field.segmentSize);
  }
  datagrams(i) {
    return this.#at(i).datagrams(i);
  }
  shorten(i, datagrams) {
    const messages = this.#at(i);
    if (datagrams < messages.datagrams(i) && datagrams > 0 && Number.isInteger(datagrams)) {
      messages.set(i, field.size, datagrams * messages.get(i, field.segmentSize));
    }
  }
  destination(i) {
    return this.#at(i).get(i, field.destination);
  }
  interfaceIndex(i) {
    return this.#pathWord(i, word.interface) >>> 0;
  }
  interfaceName(i) {
    return interfaceName(this.interfaceIndex(i));
  }
  arrival(i) {
    const messages = this.#at(i);
    const nanoseconds = messages.get(i, field.nanoseconds);
    return nanoseconds < 0 ? void 0 : (messages.get(i, field.seconds) >>> 0) * 1e3 + nanoseconds / 1e6;
  }
  arrivalNanoseconds(i) {
    const messages = this.#at(i);
    const nanoseconds = messages.get(i, field.nanoseconds);
    if (nanoseconds < 0) return void 0;
    return BigInt(messages.get(i, field.seconds) >>> 0) * 1000000000n + BigInt(nanoseconds);
  }
  trafficClass(i) {
    const value = this.#at(i).get(i, field.trafficClass);
    return value < 0 ? void 0 : value;
  }
  setTrafficClass(i, value) {
    this.#at(i).set(i, field.sendTrafficClass, requireInteger("sendmmsg", "a traffic class", value, 0, 255));
  }
  hopLimit(i) {
    const value = this.#at(i).get(i, field.hopLimit);
    return value < 0 ? void 0 : value;
  }
  isCut(i) {
    return this.#at(i).get(i, field.cut) !== 0;
  }
  fragmentSize(i) {
    return this.#at(i).get(i, field.fragmentSize);
  }
  peerPort(i) {
    return this.#pathWord(i, word.peerPort);
  }
  peerWord(i) {
    return this.#at(i).path(i) + word.peer;
  }
  peerScope(i) {
    return this.#pathWord(i, word.peerScope) >>> 0;
  }
  peerZone(i) {
    return hasLinkLocalPrefix(this.#messages.paths, this.peerWord(i)) ? interfaceName(this.peerScope(i)) : "";
  }
  isIPv4(i) {
    return isMapped(this.#messages.paths, this.peerWord(i));
  }
  peer(i) {
    const { paths } = this.#messages;
    return { address: scopedText(paths, this.peerWord(i), this.peerScope(i)), port: this.peerPort(i) };
  }
  localWord(i) {
    return this.#at(i).path(i) + word.local;
  }
  localZone(i) {
    return hasLinkLocalPrefix(this.#messages.paths, this.localWord(i)) ? this.interfaceName(i) : "";
  }
  localAddress(i) {
    return scopedText(this.#messages.paths, this.localWord(i), this.#pathWord(i, word.sendInterface));
  }
  payloadOffset(i, k = 0) {
    const messages = this.#datagramAt(i, k);
    return messages.payloadOffset(i) + k * messages.get(i, field.segmentSize);
  }
  payloadSize(i, k = 0) {
    const messages = this.#datagramAt(i, k);
    const segmentSize = messages.get(i, field.segmentSize);
    return Math.min(segmentSize, messages.get(i, field.size) - k * segmentSize);
  }
  payload(i, k = 0) {
    const offset = this.payloadOffset(i, k);
    return this.#messages.payloads.bytes.subarray(offset, offset + this.payloadSize(i, k));
  }
  setPayload(i, payload) {
    this.#at(i).setPayload(i, payload, requirePayload(payload));
  }
  markForSend(i) {
    this.#at(i).set(i, field.marked, 1);
  }
  isMarked(i) {
    return this.#at(i).get(i, field.marked) !== 0;
  }
  error(i) {
    return this.#at(i).get(i, field.error);
  }
  clear() {
    this.#messages.clear();
  }
  recover() {
    this.#messages.recover();
  }
  add(payload, route) {
    const messages = this.#messages;
    requireType("sendmmsg", "the route of a message", route, "object");
    const path = isPath(route) ? route : routePath(messages.family, 0, route);
    if (messages.count >= messages.capacity) {
      const message = `the batch is full: it holds ${messages.capacity} messages; send it first`;
      throw new SystemError("sendmmsg", ENOBUFS, message);
    }
    const size = requirePayload(payload);
    setPath(messages, messages.count, path);
    messages.add(payload, size);
  }
  path(i, known) {
    const messages = this.#at(i);
    return isPath(known) && hasPath(messages, i, known) ? known : pathOf(messages, i);
  }
  #datagramAt(i, k) {
    const messages = this.#at(i);
    if (k === 0 || k >>> 0 === k && k < messages.datagrams(i)) return messages;
    const message = `message ${i} has no datagram ${describe(k)}: it has ${messages.datagrams(i)}, numbered from 0`;
    throw invalid("sendmmsg", message);
  }
  #pathWord(i, name) {
    const messages = this.#at(i);
    return messages.paths[messages.path(i) + name];
  }
  #at(i) {
    const messages = this.#messages;
    if (i >>> 0 === i && i < messages.count) return messages;
    const message = `the batch has no message ${describe(i)}: it holds ${messages.count}, numbered from 0`;
    throw invalid("sendmmsg", message);
  }
};

// ffi/socket_filter.ts
var loadWord = (offset) => [BPF_LD | BPF_W | BPF_ABS, 0, 0, offset];
function attachProgram(fd, option2, program) {
  const memory = new Memory(sock_fprog.size + program.length * sock_filter.size);
  memory.u16[sock_fprog.len >> 1] = program.length;
  memory.link(sock_fprog.filter, memory, sock_fprog.size);
  program.forEach(([code, jt, jf, k], i) => {
    const at = sock_fprog.size + i * sock_filter.size;
    memory.u16[at + sock_filter.code >> 1] = code;
    memory.bytes[at + sock_filter.jt] = jt;
    memory.bytes[at + sock_filter.jf] = jf;
    memory.i32[at + sock_filter.k >> 2] = k;
  });
  return result(libc().call.setsockopt(fd, SOL_SOCKET, option2, memory.pointer(0), sock_fprog.size));
}

// src/socket/own_source_filter.ts
var LOOPBACK = 1;
var SOURCE = 8;
var ADDRESSES_MAX = 500;
var SKIP_IF_EQUAL = BPF_JMP | BPF_JEQ | BPF_K;
var keep = [BPF_RET | BPF_K, 0, 0, 4294967295];
var drop = [BPF_RET | BPF_K, 0, 0, 0];
function dropOwnSources(fd, known) {
  const addresses = interfaceIPv6Addresses()?.slice(0, ADDRESSES_MAX);
  if (addresses === void 0) return known;
  const text = addresses.join();
  return text === known || attachProgram(fd, SO_ATTACH_FILTER, programFor(addresses)) < 0 ? known : text;
}
function programFor(addresses) {
  const program = [
    loadWord(SKF_AD_OFF + SKF_AD_PROTOCOL),
    [SKIP_IF_EQUAL, 1, 0, ETH_P_IPV6],
    keep,
    loadWord(SKF_AD_OFF + SKF_AD_IFINDEX),
    [SKIP_IF_EQUAL, 0, 1, LOOPBACK],
    keep
  ];
  for (const address of addresses) {
    const view = new DataView(address.buffer, address.byteOffset);
    for (const offset of [12, 8, 4, 0]) {
      const toNextAddress = offset * 2 / 4 + 1;
      program.push(loadWord(SKF_NET_OFF + SOURCE + offset), [SKIP_IF_EQUAL, 0, toNextAddress, view.getUint32(offset)]);
    }
    program.push(drop);
  }
  return [...program, keep];
}

// src/socket/batch_socket.ts
var descriptorOf;
var BatchSocket = class _BatchSocket {
  #bound;
  #memory;
  #sender;
  #fd;
  #receiveTimeout = 0;
  #ownSources = "";
  constructor(key, bound) {
    requireInternal("socket", key, "a socket is made by `bind` or `adopt`");
    const { fd, domain, segmentation } = bound;
    this.#fd = fd;
    this.#bound = bound;
    this.#memory = new SocketMemory(fd);
    this.#sender = new BatchSender({ fd, segmentation, socketMemory: this.#memory });
    if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    own(this, fd);
  }
  static {
    descriptorOf = (syscall, socket2) => {
      if (typeof socket2 !== "object" || socket2 === null || !(#fd in socket2)) {
        throw invalid(syscall, "a socket must be a UdpSocket or a BatchSocket");
      }
      return socket2.#open(syscall);
    };
  }
  static bind(options3) {
    return new _BatchSocket(INTERNAL, bindSocket(readBindOptions(options3)));
  }
  static adopt(fd, options3 = {}) {
    return new _BatchSocket(INTERNAL, adoptSocket(fd, options3));
  }
  get domain() {
    return this.#bound.domain;
  }
  get families() {
    return this.#bound.domain === AF_INET ? "IPv4" : this.#bound.dualStack ? "IPv4 and IPv6" : "IPv6";
  }
  reaches(ipv4) {
    return ipv4 ? this.#bound.domain === AF_INET || this.#bound.dualStack : this.#bound.domain === AF_INET6;
  }
  get port() {
    return this.#bound.port;
  }
  get endpoint() {
    const { address: { bytes, zone }, port } = this.#bound;
    return endpointText(bytes, zone, port);
  }
  get receiveBuffer() {
    return this.#bound.receiveBuffer;
  }
  get adopted() {
    return this.#bound.adopted;
  }
  get notices() {
    return this.#bound.notices;
  }
  get fd() {
    return this.#fd;
  }
  setOption(level, name, value) {
    for (const number of [level, name, value]) requireInteger("setsockopt", "an option", number, ~INT_MAX, INT_MAX);
    check("setsockopt", setsockopt(this.#open("setsockopt"), level, name, value));
  }
  batch(capacity, headers) {
    return new MessageBatch(this.#bound.domain, capacity, headers);
  }
  connect(to) {
    const { address: text, port } = requireType("connect", "the peer", to, "object");
    const address = requireAddress(text);
    requirePort("connect", port, 1);
    const fd = this.#open("connect");
    if (!this.reaches(isIPv4(address.bytes))) throw noReach("connect", text, isIPv4(address.bytes));
    const memory = new Memory(sockaddr_in6.size);
    const error = connect(fd, memory, writeResolvedAddress(memory, this.#bound.domain, address, port));
    if (error < 0) throw new SystemError("connect", -error, `cannot connect to ${text}: ${errnoMessage(-error)}`);
    this.#sender.connected = true;
  }
  setReceiveTimeout(milliseconds) {
    requireInteger("setsockopt", "a time in milliseconds", milliseconds, 0, INT_MAX);
    const timeval = [Math.floor(milliseconds / 1e3), 0, milliseconds % 1e3 * 1e3, 0];
    check("setsockopt", setsockopt(this.#open("setsockopt"), SOL_SOCKET, SO_RCVTIMEO, ...timeval));
    this.#receiveTimeout = milliseconds;
  }
  receive(batch, wait) {
    const messages = this.#messagesOf("recvmmsg", batch);
    messages.localPort = this.#bound.port;
    const received = messages.receive(this.#fd, wait ? MSG_WAITFORONE : MSG_DONTWAIT);
    if (received !== -EAGAIN || !wait || !this.#bound.adopted || !isNonblocking(this.#fd)) return received;
    poll(this.#fd, POLLIN, this.#receiveTimeout || -1);
    return messages.receive(this.#fd, MSG_DONTWAIT);
  }
  send(batch) {
    return this.#sender.send(this.#messagesOf("sendmmsg", batch));
  }
  failed(errno) {
    requireInteger("sendmmsg", "an error number", errno, 0, INT_MAX);
    return this.#sender.failed[errno] ?? 0;
  }
  get lastError() {
    return this.#sender.lastError;
  }
  get deviceRefusedTrains() {
    return this.#sender.deviceRefusedTrains;
  }
  drops() {
    return this.#memory.readDrops();
  }
  dropForgedOwnSources() {
    const fd = this.#open("setsockopt");
    if (this.#bound.domain === AF_INET6) this.#ownSources = dropOwnSources(fd, this.#ownSources);
  }
  close() {
    if (this.#fd < 0) return;
    release(this, this.#fd);
    this.#fd = -1;
  }
  [Symbol.dispose]() {
    this.close();
  }
  #open(syscall) {
    if (this.#fd >= 0) return this.#fd;
    throw new SystemError(syscall, EBADF, "the socket is closed; bind a new one");
  }
  #messagesOf(syscall, batch) {
    this.#open(syscall);
    const messages = messagesOf(syscall, batch);
    if (messages.family !== this.#bound.domain) {
      const message = "the batch belongs to a socket of the other family; use one that this socket's `batch` makes";
      throw new SystemError(syscall, EAFNOSUPPORT, message);
    }
    if (messages.payloads.bytes.length === 0) {
      throw invalid(syscall, "the payloads of the batch were transferred to another thread; make a new batch");
    }
    return messages;
  }
};

// src/socket/groups.ts
function joinGroup(socket2, group3, options3 = {}) {
  change("join", socket2, group3, options3, [MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP]);
}
function change(verb, socket2, group3, options3, [anySource, oneSource]) {
  const { interface: named, source: sourceText } = requireType(
    "setsockopt",
    "the options of a group",
    options3,
    "object"
  );
  const { bytes, scope } = requireAddress(group3);
  if (!isMulticast(addressWords(bytes), 0)) throw invalid("setsockopt", `${group3} is no multicast address`);
  const ipv4 = isIPv4(bytes);
  const source = sourceText === void 0 ? void 0 : requireAddress(sourceText).bytes;
  if (source !== void 0 && isIPv4(source) !== ipv4) {
    throw invalid("setsockopt", `the group ${group3} and its source ${sourceText} are not of the same family`);
  }
  const memory = new Memory(group_source_req.size);
  const write2 = (at, address) => writeSocketAddress(memory, at, ipv4 ? AF_INET : AF_INET6, addressWords(address), 0, 0,
  0);
  memory.i32[group_source_req.gsr_interface >> 2] = named === void 0 ? scope : requireInterface(named);
  write2(group_source_req.gsr_group, bytes);
  if (source !== void 0) write2(group_source_req.gsr_source, source);
  const fd = descriptorOf("setsockopt", socket2);
  if (!socket2.reaches(ipv4)) throw noReach("setsockopt", group3, ipv4);
  const size = source === void 0 ? group_source_req.gsr_source : group_source_req.size;
  const name = source === void 0 ? anySource : oneSource;
  const error = setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, name, ...memory.i32.subarray(0, size / 4));
  if (error < 0) throw new SystemError("setsockopt", -error, `cannot ${verb} ${group3}: ${errnoMessage(-error)}`);
}

// ffi/clock.ts
var TIME_ORIGIN_SECONDS = Math.floor(Date.now() / 1e3);
function wallTime(seconds, nanoseconds) {
  return (seconds - TIME_ORIGIN_SECONDS) * 1e9 + nanoseconds;
}
function wallTimeOf(nanoseconds) {
  return Number(nanoseconds - BigInt(TIME_ORIGIN_SECONDS) * 1000000000n);
}
var Clock = class {
  #memory = new Memory(timespec.size);
  #words = this.#memory.i32;
  #clockId;
  constructor(clockId) {
    this.#clockId = clockId;
  }
  read() {
    libc().call.clock_gettime(this.#clockId, this.#memory.pointer(0));
  }
  get seconds() {
    return this.#words[timespec.tv_sec >> 2] >>> 0;
  }
  get nanoseconds() {
    return this.#words[timespec.tv_nsec >> 2];
  }
  microseconds() {
    this.read();
    return (this.seconds & 1023) * 1e6 + (this.nanoseconds / 1e3 | 0);
  }
};
var PERIOD_MICROSECONDS = 1024 * 1e6;
function elapsedMicroseconds(from, to) {
  return to >= from ? to - from : to - from + PERIOD_MICROSECONDS;
}

// src/socket/service_ports.ts
var SERVICE_PORTS = new Set(
  "1194 1434 1604 1900 2049 2362 3283 3389 3478 3702 3784 4500 5060 5093 5351 5353 5355 5683 6881 7001 10001 10074 11211\
 17185 20800 20811 26000 27005 27015 27036 27960 30120 30718 32414".split(" ").map(Number)
);

// src/echo/rate_limit.ts
var WAYS = 8;
var RateLimit = class {
  #interval;
  #burst;
  #sets;
  #sources;
  #full;
  #random = crypto.getRandomValues(new Int32Array(8 * 256));
  constructor(rate, sources) {
    this.#interval = 1e6 / rate.perSecond;
    this.#burst = rate.burst * this.#interval;
    this.#sets = Math.max(1, 2 ** Math.ceil(Math.log2(sources / WAYS)));
    this.#sources = new Int32Array(this.#sets * WAYS * 2);
    this.#full = new Float64Array(this.#sets * WAYS);
  }
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
  count(now) {
    return this.#full.reduce((count, full) => full > now ? count + 1 : count, 0);
  }
  #find(first, second) {
    const random = this.#random;
    const hash = random[first & 255] ^ random[256 | first >>> 8 & 255] ^ random[512 | first >>> 16 & 255] ^ random[768 |
    first >>> 24] ^ random[1024 | second & 255] ^ random[1280 | second >>> 8 & 255] ^ random[1536 | second >>> 16 & 255] ^
    random[1792 | second >>> 24];
    const start = (hash & this.#sets - 1) * WAYS;
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

// src/echo/total_rate.ts
var UNITS = 2 ** 28;
var ROUNDING = 2;
var TotalRate = class {
  #word;
  #unitsPerDatagram;
  #unitsPerMicrosecond;
  #burst;
  constructor({ perSecond, burst }, word2 = new Int32Array(1)) {
    this.#word = word2;
    this.#unitsPerDatagram = Math.max(1, Math.floor(UNITS / Math.max(perSecond, burst)));
    this.#unitsPerMicrosecond = this.#unitsPerDatagram * perSecond / 1e6;
    this.#burst = burst * this.#unitsPerDatagram + Math.min(ROUNDING, this.#unitsPerDatagram - 1);
  }
  take(datagrams, now) {
    const word2 = this.#word;
    const time = this.#unitsPerMicrosecond * now | 0 || 1;
    for (; ; ) {
      const full = Atomics.load(word2, 0);
      const missing = full === 0 ? 0 : Math.max(0, full - time | 0);
      const taken = Math.max(0, Math.min(datagrams, Math.floor((this.#burst - missing) / this.#unitsPerDatagram)));
      const next = time + missing + taken * this.#unitsPerDatagram | 0 || 1;
      if (Atomics.compareExchange(word2, 0, full, next) === full) return taken;
    }
  }
};

// src/echo/guard.ts
var Reason = {
  ACCEPTED: 0,
  UNKNOWN_DESTINATION: 1,
  BROADCAST_DESTINATION: 2,
  MULTICAST_DESTINATION: 3,
  UNSPECIFIED_SOURCE: 4,
  BROADCAST_SOURCE: 5,
  MULTICAST_SOURCE: 6,
  SOURCE_PORT_ZERO: 7,
  RESERVED_SOURCE_PORT: 8,
  OWN_SOURCE_PORT: 9,
  SERVICE_SOURCE_PORT: 10,
  OWN_ENDPOINT: 11,
  NOT_ALLOWED: 12,
  OVER_RATE: 13,
  OVER_MAX_RATE: 14,
  STOPPING: 15
};
var REASONS = Object.keys(Reason).map((name) => name.toLowerCase());
var RATE_TABLE_SOURCES = 65536;
var Guard = class {
  #options;
  #ports = new Uint8Array(65536);
  #allow;
  #rate;
  #maxRate;
  #clock = new Clock(CLOCK_MONOTONIC);
  constructor(options3) {
    const { port, answerAnyPort, allow = [], rate, maxRate, maxRateWord } = options3;
    this.#options = options3;
    if (!answerAnyPort) {
      this.#ports.fill(Reason.RESERVED_SOURCE_PORT, 0, 1024);
      for (const service of SERVICE_PORTS.keys()) this.#ports[service] = Reason.SERVICE_SOURCE_PORT;
      this.#ports[port] = Reason.OWN_SOURCE_PORT;
    }
    this.#ports[0] = Reason.SOURCE_PORT_ZERO;
    this.#allow = allow.map(readNetwork);
    if (rate !== void 0) this.#rate = new RateLimit(rate, RATE_TABLE_SOURCES);
    if (maxRate !== void 0) this.#maxRate = new TotalRate(maxRate, maxRateWord);
  }
  admit(batch, i) {
    const { refused } = this.#options;
    const datagrams = batch.datagrams(i);
    const reason = this.#reasonToRefuse(batch, i);
    if (reason !== Reason.ACCEPTED) {
      refused[reason] += datagrams;
      return 0;
    }
    if (this.#rate === void 0 && this.#maxRate === void 0) return datagrams;
    const now = this.#now();
    const underRate = this.#rate?.take(batch.addresses, batch.peerWord(i), datagrams, now) ?? datagrams;
    const admitted = this.#maxRate?.take(underRate, now) ?? underRate;
    refused[Reason.OVER_RATE] += datagrams - underRate;
    refused[Reason.OVER_MAX_RATE] += underRate - admitted;
    return admitted;
  }
  #reasonToRefuse(batch, i) {
    const destination = batch.destination(i);
    if (destination === UNKNOWN) return Reason.UNKNOWN_DESTINATION;
    if (destination === BROADCAST && !this.#options.answerBroadcast) return Reason.BROADCAST_DESTINATION;
    if (destination === MULTICAST && !this.#options.answerMulticast) return Reason.MULTICAST_DESTINATION;
    const { addresses } = batch;
    const peer = batch.peerWord(i);
    if (isUnspecified(addresses, peer)) return Reason.UNSPECIFIED_SOURCE;
    if (isMulticast(addresses, peer)) return Reason.MULTICAST_SOURCE;
    if (addresses[peer + 3] === -1 && isMapped(addresses, peer)) return Reason.BROADCAST_SOURCE;
    const port = batch.peerPort(i);
    if (this.#ports[port] !== Reason.ACCEPTED) return this.#ports[port];
    if (port === this.#options.port && sameAddress(addresses, peer, addresses, batch.localWord(i))) {
      return Reason.OWN_ENDPOINT;
    }
    return this.#allow.length === 0 || this.#isAllowed(addresses, peer) ? Reason.ACCEPTED : Reason.NOT_ALLOWED;
  }
  everySecond() {
    this.#maxRate?.take(0, this.#now());
  }
  limitedSources() {
    return this.#rate?.count(this.#now()) ?? 0;
  }
  #isAllowed(words, at) {
    for (const { ipv6, words: network, mask } of this.#allow) {
      let differs = ipv6 === isMapped(words, at) ? 1 : 0;
      for (let i = 0; i < 4; i++) differs |= (words[at + i] ^ network[i]) & mask[i];
      if (differs === 0) return true;
    }
    return false;
  }
  #now() {
    const clock = this.#clock;
    clock.read();
    return clock.seconds * 1e6 + clock.nanoseconds / 1e3;
  }
};
function readNetwork({ bytes, length }) {
  const ipv6 = length < 96 || !isIPv4(bytes);
  return { ipv6, words: addressWords(bytes), mask: addressWords(prefixMask(length)) };
}

// src/echo/counters.ts
var RECEIVED = 0;
var ECHOED = 1;
var LINES_LEFT_OUT = 2;
var LINES_DROPPED = 3;
var RECEIVED_BEFORE = 4;
var RECEIVED_BYTES = 5;
var ECHOED_BYTES = 6;
var REFUSED = 7;
var FAILED = REFUSED + REASONS.length;
var COUNTS = FAILED + ERRNO_COUNT;
var Counters = class {
  counts;
  refused;
  failed;
  constructor(counts = new Float64Array(COUNTS)) {
    this.counts = counts;
    this.refused = counts.subarray(REFUSED, FAILED);
    this.failed = counts.subarray(FAILED, COUNTS);
  }
  get settled() {
    return this.counts[ECHOED] + sum(this.refused) + sum(this.failed);
  }
};
function unlogged({ counts }) {
  return counts[LINES_LEFT_OUT] + counts[LINES_DROPPED];
}
function summarize(workers, droppedByKernel, seconds) {
  const total = new Counters();
  const { counts, refused, failed } = total;
  for (const worker of workers) worker.counts.forEach((count, i) => counts[i] += count);
  return {
    received: counts[RECEIVED],
    echoed: counts[ECHOED],
    refused: sum(refused),
    failed: sum(failed),
    dropped_by_kernel: droppedByKernel,
    log_lines_dropped: unlogged(total),
    seconds: Math.round(seconds * 1e3) / 1e3,
    refused_by_reason: positiveCounts(refused, (reason) => REASONS[reason]),
    failed_by_errno: positiveCounts(failed, errnoName)
  };
}
function summaryText({ refused_by_reason, failed_by_errno, seconds: _, ...counts }) {
  const details = { refused: refused_by_reason, failed: failed_by_errno };
  const width = Math.max(...Object.values(counts).map((count) => `${count}`.length), 6);
  const rows = Object.entries(counts).map(([name, count]) => {
    return `  ${name.replaceAll("_", " ").padEnd(18)}${`${count}`.padStart(width)}   ${countsText(details[name] ?? {})}`;
  });
  return rows.map((row) => row.trimEnd()).join("\n");
}
function positiveCounts(counts, name) {
  const named = [...counts].map((count, i) => [name(i), count]);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}
function countsText(counts) {
  return Object.entries(counts).map(([name, count]) => `${name.replaceAll("_", " ")}: ${count}`).join(", ");
}
function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}

// src/echo/group.ts
var TEND_MILLISECONDS = 1e3;
function isFor(index, batch, i) {
  const destination = batch.destination(i);
  return index === 0 || destination !== BROADCAST && destination !== MULTICAST;
}
function countReceived(index, { counts }, batch) {
  let [datagrams, bytes] = [0, 0];
  for (let i = 0; i < batch.count; i++) {
    if (!isFor(index, batch, i)) continue;
    datagrams += batch.datagrams(i);
    bytes += batch.size(i);
  }
  counts[RECEIVED] += datagrams;
  counts[RECEIVED_BYTES] += bytes;
  return datagrams;
}
var BATCH_CAPACITY = 64;
var CACHE_LINE = 64;
var COUNTERS_SIZE = Math.ceil(COUNTS * 8 / CACHE_LINE) * CACHE_LINE;
var HEADERS_SIZE = BATCH_CAPACITY * 1024;
var SHARED_SIZE = 3 * CACHE_LINE;
var SERVER_SIZE = COUNTERS_SIZE + HEADERS_SIZE;
var Block = class {
  fd;
  stop;
  maxRateWord;
  linesLeft;
  counters;
  headers;
  constructor(servers, fd) {
    const size = SHARED_SIZE + servers * SERVER_SIZE;
    const alone = servers === 1;
    this.fd = alone ? -1 : fd ?? createShared(size);
    const { buffer, byteOffset } = alone ? new Uint8Array(size) : mapShared(this.fd, size);
    const word2 = (line) => new Int32Array(buffer, byteOffset + line * CACHE_LINE, 1);
    this.stop = word2(0);
    this.maxRateWord = word2(1);
    this.linesLeft = word2(2);
    const offsets = Array.from({ length: servers }, (_, i) => byteOffset + SHARED_SIZE + i * SERVER_SIZE);
    this.counters = offsets.map((offset) => new Counters(new Float64Array(buffer, offset, COUNTS)));
    this.headers = alone ? [] : offsets.map((at) => new Uint8Array(buffer, at + COUNTERS_SIZE, HEADERS_SIZE));
  }
};

// src/echo/payload_text.ts
var PAYLOAD_SHOWN_MAX = 64;
var PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 5 + 3;
var PayloadText = class {
  #ascii;
  #bytes;
  #codePoint;
  #ellipsis;
  constructor({ ascii, json }) {
    const text = (text2) => encoder.encode(json ? JSON.stringify(text2).slice(1, -1) : text2);
    this.#ascii = ascii;
    this.#bytes = Array.from({ length: 256 }, (_, byte) => text(byteText(byte)));
    this.#codePoint = text("\\u{");
    this.#ellipsis = text(ascii ? "..." : "\u2026");
  }
  write(out, at, bytes, from, size) {
    const end = from + Math.min(size, PAYLOAD_SHOWN_MAX);
    for (let i = from; i < end; ) {
      const codePoint = decode2(bytes, i, from + size);
      const length = codePoint < 128 ? 1 : codePoint < 2048 ? 2 : codePoint < 65536 ? 3 : 4;
      if (i + length > end) break;
      if (length === 1) at = append(out, at, this.#bytes[bytes[i]]);
      else if (this.#ascii || !isPrintable(codePoint)) at = this.#escape(out, at, codePoint);
      else for (let k = 0; k < length; k++) out[at++] = bytes[i + k];
      i += length;
    }
    return from + size > end ? append(out, at, this.#ellipsis) : at;
  }
  #escape(out, at, codePoint) {
    at = append(out, at, this.#codePoint);
    for (let shift = 31 - Math.clz32(codePoint) & ~3; shift >= 0; shift -= 4) {
      out[at++] = HEX[codePoint >> shift & 15];
    }
    out[at++] = 125;
    return at;
  }
};
function append(out, at, bytes) {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i];
  return at + bytes.length;
}
function byteText(byte) {
  const character = String.fromCharCode(byte);
  if (/[\n\r\t\\]/.test(character)) return JSON.stringify(character).slice(1, -1);
  return /[ -~]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
}
var INVALID = -1;
function decode2(bytes, i, end) {
  const first = bytes[i];
  if (first < 128) return first;
  const length = first < 224 ? 2 : first < 240 ? 3 : 4;
  if (first < 194 || first > 244 || i + length > end) return INVALID;
  let codePoint = first & 127 >> length;
  for (let k = 1; k < length; k++) {
    const byte = bytes[i + k];
    if ((byte & 192) !== 128) return INVALID;
    codePoint = codePoint << 6 | byte & 63;
  }
  const least = length === 2 ? 128 : length === 3 ? 2048 : 65536;
  const surrogate = codePoint >= 55296 && codePoint <= 57343;
  return codePoint < least || surrogate || codePoint > 1114111 ? INVALID : codePoint;
}
var cache = new Uint8Array(1114112);
function isPrintable(codePoint) {
  if (cache[codePoint] === 0) {
    const character = String.fromCodePoint(codePoint);
    const invisible = /^\p{Default_Ignorable_Code_Point}$/u.test(character);
    cache[codePoint] = !invisible && /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character) ? 2 : 1;
  }
  return cache[codePoint] === 2;
}
var encoder = new TextEncoder();

// src/echo/log.ts
var Log = class {
  #options;
  #counts;
  #clock = new Clock(CLOCK_REALTIME);
  #time = encoder2.encode("2026-11-22T12:00:00.123456Z");
  #line;
  #longLine;
  #payload;
  #second = -1;
  #leftOutReported = 0;
  #reportedAt = performance.now();
  constructor(options3) {
    const { logFormat, logTime, output, group: { block, index } } = options3;
    const line = logTime && logFormat === "text" ? `<time> ${LINES.text}` : LINES[logFormat];
    this.#line = partsOf2(line);
    this.#longLine = logFormat === "text" ? partsOf2(`${line} (<bytes> bytes)`) : this.#line;
    this.#options = options3;
    this.#counts = block.counters[index].counts;
    output.dropped = this.#counts.subarray(LINES_DROPPED, LINES_DROPPED + 1);
  }
  record(batch) {
    const { logFormat, output } = this.#options;
    if (logFormat === "none") return;
    this.#payload ??= new PayloadText({ ascii: !output.utf8, json: logFormat === "json" });
    let timed = false;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i)) continue;
      const datagrams = batch.datagrams(i);
      for (let k = 0; k < datagrams; k++) {
        if (!this.#takeLine()) {
          this.#counts[LINES_LEFT_OUT] += datagrams - k;
          break;
        }
        if (!output.hasRoom()) continue;
        if (!timed) this.#readTime();
        timed = true;
        this.#writeLine(batch, i, k);
      }
    }
    if (timed) output.flush();
  }
  everySecond() {
    const { output, logLimitPerSecond, group: { block, index } } = this.#options;
    output.flush();
    if (index > 0) return;
    Atomics.store(block.linesLeft, 0, logLimitPerSecond);
    const leftOut = block.counters.reduce((sum2, { counts }) => sum2 + counts[LINES_LEFT_OUT], 0);
    const datagrams = leftOut - this.#leftOutReported;
    if (datagrams > 0 && !output.writeText(this.#leftOutLine(datagrams))) return;
    this.#reportedAt = performance.now();
    this.#leftOutReported = leftOut;
  }
  #leftOutLine(datagrams) {
    const { logFormat, logTime, logLimitPerSecond } = this.#options;
    const time = (/* @__PURE__ */ new Date()).toISOString();
    if (logFormat === "json") return JSON.stringify({ event: "left_out", time, datagrams });
    const seconds = ((performance.now() - this.#reportedAt) / 1e3).toFixed(1);
    const text = `LEFT OUT: ${datagrams} datagrams in ${seconds} s (--log-limit ${logLimitPerSecond})`;
    return logTime ? `${time} ${text}` : text;
  }
  #takeLine() {
    const { logLimitPerSecond, group: { block: { linesLeft } } } = this.#options;
    return logLimitPerSecond === 0 || Atomics.load(linesLeft, 0) > 0 && Atomics.sub(linesLeft, 0, 1) > 0;
  }
  #writeLine(batch, i, k) {
    const { output, port } = this.#options;
    const { bytes: out } = output;
    const { addresses, payloads } = batch;
    const size = batch.payloadSize(i, k);
    const peer = batch.peerWord(i);
    const local = batch.localWord(i);
    let { at } = output;
    for (const part of size > PAYLOAD_SHOWN_MAX ? this.#longLine : this.#line) {
      if (typeof part !== "string") at = append(out, at, part);
      else if (part === "time") at = append(out, at, this.#time);
      else if (part === "peer") at = formatEndpoint(out, at, addresses, peer, batch.peerZone(i), batch.peerPort(i));
      else if (part === "local") at = formatEndpoint(out, at, addresses, local, batch.localZone(i), port);
      else if (part === "bytes") at = formatDecimal(out, at, size);
      else at = this.#payload.write(out, at, payloads, batch.payloadOffset(i, k), size);
    }
    output.endLine(at);
  }
  #readTime() {
    this.#clock.read();
    const { seconds, nanoseconds } = this.#clock;
    if (seconds !== this.#second) {
      this.#second = seconds;
      encoder2.encodeInto(new Date(seconds * 1e3).toISOString().slice(0, POINT), this.#time);
    }
    formatDecimal(this.#time, POINT, 1e6 + Math.floor(nanoseconds / 1e3));
    this.#time[POINT] = 46;
  }
};
var encoder2 = new TextEncoder();
var POINT = "2026-11-22T12:00:00".length;
var LINES = {
  text: "RECV: <peer> -> <local> - [<payload>]",
  json: '{"event":"echo","time":"<time>","peer":"<peer>","local":"<local>","bytes":<bytes>,"payload":"<payload>"}',
  none: ""
};
function partsOf2(line) {
  return line.split(/<(\w+)>/).map((part, i) => i % 2 === 0 ? encoder2.encode(part) : part);
}

// src/echo/notices.ts
var Notices = class {
  receiveError = 0;
  #options;
  #told;
  #peers = { refused: "", failed: "" };
  #trainsTold = false;
  constructor(options3) {
    this.#options = options3;
    this.#told = new Counters(options3.counters.counts.slice());
  }
  note(event, batch, i) {
    this.#peers[event] ||= peerText(batch, i);
  }
  everySecond() {
    const { socket: socket2, counters, operator } = this.#options;
    const errnoText = (errno) => `${errnoName(errno)} (${errnoMessage(errno)})`;
    if (this.receiveError !== 0) operator.warn(`receiving failed: ${errnoText(this.receiveError)}`);
    this.receiveError = 0;
    this.#tell("refused", "refused", (reason) => REASONS[reason], "from");
    this.#tell("failed", "replies could not be sent", operator.json ? errnoName : errnoText, "to");
    this.#told.counts.set(counters.counts);
    if (socket2.deviceRefusedTrains && !this.#trainsTold) {
      this.#trainsTold = true;
      operator.warn("a network device takes no trains of datagrams: replies through it are sent one by one");
    }
  }
  #tell(event, what, name, preposition) {
    const peer = this.#peers[event];
    if (peer === "") return;
    this.#peers[event] = "";
    const { counters, operator } = this.#options;
    const counts = positiveCounts(counters[event].map((count, i) => count - this.#told[event][i]), name);
    if (operator.json) operator.report(event, { counts, peer });
    else operator.warn(`${what}: ${countsText(counts)}; for example ${preposition} ${peer}`);
  }
};
function peerText(batch, i) {
  const bytes = new Uint8Array(batch.addresses.buffer, batch.peerWord(i) * 4, ADDRESS_SIZE);
  return endpointText(bytes, batch.peerZone(i), batch.peerPort(i));
}

// src/echo/polling.ts
var SAMPLE = 32;
var STAY_MIN = 256;
var STAY_MAX = 4096;
var GAIN = 4 / 3;
var MISSES_MAX = 3;
var PAUSE = 5e4;
var AdaptivePolling = class {
  windowMicroseconds = 0;
  #ceiling;
  #phase = "measure sleeping";
  #left = SAMPLE;
  #measured = 0;
  #waited = 0;
  #misses = 0;
  #sleepingWait = 0;
  #pays = false;
  #stay = STAY_MIN;
  constructor(ceilingMicroseconds) {
    this.#ceiling = ceilingMicroseconds;
  }
  received(waitedMicroseconds, gathered) {
    if (waitedMicroseconds > PAUSE) {
      this.#stay = STAY_MIN;
      return this.#begin("measure sleeping", SAMPLE, false);
    }
    const missed = gathered || waitedMicroseconds > this.windowMicroseconds;
    this.#misses = missed ? this.#misses + 1 : 0;
    if (this.windowMicroseconds > 0 && this.#misses >= MISSES_MAX) {
      if (this.#phase === "measure polling") return this.#decide(false);
      return this.#begin("measure sleeping", SAMPLE, false);
    }
    if (!gathered && waitedMicroseconds <= this.#ceiling * 2) {
      this.#measured++;
      this.#waited += waitedMicroseconds;
    } else if (this.#phase === "measure sleeping") {
      this.#left = Math.min(SAMPLE, this.#left + 2) + 1;
    }
    if (--this.#left > 0) return;
    const wait = this.#waited / this.#measured;
    if (this.#phase === "measure polling") return this.#decide(wait * GAIN <= this.#sleepingWait);
    this.#sleepingWait = wait;
    if (this.#phase === "stay") this.#begin("measure sleeping", SAMPLE, false);
    else this.#begin("measure polling", SAMPLE, true);
  }
  #decide(pays) {
    this.#stay = pays === this.#pays ? Math.min(this.#stay * 2, STAY_MAX) : STAY_MIN;
    this.#pays = pays;
    this.#begin("stay", this.#stay, pays);
  }
  #begin(phase, receptions, polls) {
    this.#phase = phase;
    this.#left = receptions;
    this.#measured = 0;
    this.#waited = 0;
    this.#misses = 0;
    this.windowMicroseconds = polls ? this.#ceiling : 0;
  }
};

// src/echo/echo_server.ts
var ALONE = {
  pauseMicroseconds: 1e4,
  pauseTurns: 4,
  idleTurns: SIGNAL_TURNS,
  napMilliseconds: 50,
  sleepMilliseconds: 1e3
};
var ATTENTIVE = {
  pauseMicroseconds: 2e4,
  pauseTurns: SIGNAL_TURNS,
  idleTurns: 2 * SIGNAL_TURNS,
  napMilliseconds: 20,
  sleepMilliseconds: 20
};
var FAILURE_PAUSE_MILLISECONDS = 50;
var DRAIN_MICROSECONDS = 3e4;
var EchoServer = class {
  guard;
  #surroundings;
  #log;
  #polling;
  #batch;
  #counters;
  #failedBefore;
  #reflectTos;
  #notices;
  #clock = new Clock(CLOCK_MONOTONIC);
  #now = this.#clock.microseconds();
  #receiveTimeoutMilliseconds = 0;
  #stopping = false;
  constructor(settings, surroundings) {
    const { socket: socket2, operator, group: group3, polling } = surroundings;
    const { block, index } = group3;
    const { port } = socket2;
    this.#surroundings = surroundings;
    this.#counters = block.counters[index];
    this.#failedBefore = this.#counters.failed.slice();
    this.guard = new Guard({ ...settings, port, refused: this.#counters.refused, maxRateWord: block.maxRateWord });
    this.#log = new Log({ ...settings, port, output: operator.output, group: group3 });
    this.#notices = new Notices({ socket: socket2, operator, counters: this.#counters });
    this.#polling = polling ?? new AdaptivePolling(settings.busyPollMicroseconds);
    this.#batch = socket2.batch(BATCH_CAPACITY, block.headers[index]);
    this.#reflectTos = settings.reflectTos;
  }
  async run() {
    const { socket: socket2, group: group3, attention } = this.#surroundings;
    const pacing = attention === void 0 ? ALONE : ATTENTIVE;
    let lastPause = this.#now;
    let lastSecond = this.#now;
    let sleep = pacing.napMilliseconds;
    socket2.dropForgedOwnSources();
    while (!this.#stopping && sleep > 0) {
      const received = this.#receive(attention?.busy ? 1 : sleep);
      if (received > 0) {
        countReceived(group3.index, this.#counters, this.#batch);
        this.#echo();
        this.#log.record(this.#batch);
        sleep = pacing.napMilliseconds;
        const due = elapsedMicroseconds(lastPause, this.#now) >= pacing.pauseMicroseconds;
        if (!due && !attention?.busy) continue;
        await yieldToEventLoop(pacing.pauseTurns);
      } else if (received === -EINTR) {
        await handleSignal();
      } else {
        sleep = pacing.sleepMilliseconds;
        if (received === -EAGAIN) await yieldToEventLoop(pacing.idleTurns);
        else await this.#handleFailure(-received);
      }
      lastPause = this.#now;
      if (elapsedMicroseconds(lastSecond, this.#now) >= 1e6) {
        lastSecond = this.#now;
        this.#everySecond();
      }
      sleep = Math.min(sleep, group3.tend());
    }
  }
  stop() {
    this.#stopping = true;
  }
  drain(sockets) {
    const { socket: own2 } = this.#surroundings;
    const clock = new Clock(CLOCK_THREAD_CPUTIME_ID);
    const start = clock.microseconds();
    for (const [i, socket2] of sockets.entries()) {
      const longest = DRAIN_MICROSECONDS * (i + 1) / sockets.length;
      while (elapsedMicroseconds(start, clock.microseconds()) < longest && socket2.receive(this.#batch, false) > 0) {
        this.#counters.refused[Reason.STOPPING] += countReceived(socket2 === own2 ? 0 : 1, this.#counters, this.#batch);
      }
    }
  }
  #receive(timeoutMilliseconds) {
    const { socket: socket2 } = this.#surroundings;
    const { counts } = this.#counters;
    const batch = this.#batch;
    const polling = this.#polling;
    if (timeoutMilliseconds !== this.#receiveTimeoutMilliseconds) socket2.setReceiveTimeout(timeoutMilliseconds);
    this.#receiveTimeoutMilliseconds = timeoutMilliseconds;
    batch.clear();
    counts[RECEIVED_BEFORE] = counts[RECEIVED];
    this.#now = this.#clock.microseconds();
    const start = this.#now;
    let received;
    let polls;
    do {
      polls = elapsedMicroseconds(start, this.#now) < polling.windowMicroseconds;
      received = socket2.receive(batch, !polls);
      this.#now = this.#clock.microseconds();
    } while (polls && received === -EAGAIN);
    const gathered = batch.count === 0 || batch.count > 1 && batch.datagrams(0) === 1;
    polling.received(elapsedMicroseconds(start, this.#now), gathered);
    return received;
  }
  #echo() {
    const { socket: socket2, group: group3 } = this.#surroundings;
    const { counts } = this.#counters;
    const batch = this.#batch;
    let [datagrams, bytes] = [0, 0];
    for (let i = 0; i < batch.count; i++) {
      if (!isFor(group3.index, batch, i)) continue;
      const admitted = this.guard.admit(batch, i);
      if (admitted < batch.datagrams(i)) this.#notices.note("refused", batch, i);
      if (admitted === 0) continue;
      batch.shorten(i, admitted);
      batch.markForSend(i);
      if (this.#reflectTos) batch.setTrafficClass(i, batch.trafficClass(i) ?? 0);
      datagrams += admitted;
      bytes += batch.size(i);
    }
    const sent = socket2.send(batch);
    counts[ECHOED] += sent;
    counts[ECHOED_BYTES] += sent === datagrams ? bytes : bytes - this.#countFailures();
  }
  #countFailures() {
    const { socket: socket2 } = this.#surroundings;
    const { failed } = this.#counters;
    const batch = this.#batch;
    let bytes = 0;
    for (let i = 0; i < batch.count; i++) {
      if (!batch.isMarked(i) || batch.error(i) === 0) continue;
      this.#notices.note("failed", batch, i);
      bytes += batch.size(i);
    }
    for (let errno = 0; errno < failed.length; errno++) {
      failed[errno] = this.#failedBefore[errno] + socket2.failed(errno);
    }
    return bytes;
  }
  async #handleFailure(errno) {
    if (errno === ESHUTDOWN) {
      const message = "another process has shut down the socket: it receives nothing more; start the server again";
      throw new SystemError("recvmmsg", errno, message);
    }
    this.#notices.receiveError = errno;
    await new Promise((resolve2) => setTimeout(resolve2, FAILURE_PAUSE_MILLISECONDS));
  }
  #everySecond() {
    const { socket: socket2, everySecond } = this.#surroundings;
    this.#log.everySecond();
    this.guard.everySecond();
    this.#notices.everySecond();
    socket2.dropForgedOwnSources();
    everySecond?.();
  }
};

// src/echo/metrics.ts
function echoMetrics(group3, limitedSources) {
  const workers = group3.counters();
  const memories = group3.sockets.map(({ fd }) => new SocketMemory(fd));
  const queueBytes = memories.reduce((sum2, memory) => sum2 + memory.read(SK_MEMINFO_RMEM_ALLOC), 0);
  const bufferBytes = memories.reduce((sum2, memory) => sum2 + memory.read(SK_MEMINFO_RCVBUF), 0);
  const samples = (value, labels = {}) => workers.map((counters, worker) => ({
    labels: workers.length > 1 ? { worker, ...labels } : labels,
    value: value(counters)
  }));
  const counts = (index) => samples((worker) => worker.counts[index]);
  const counter = (name, help, values) => metric(`echo_${name}`, "counter", help, values);
  const gauge = (name, help, value) => metric(`echo_${name}`, "gauge", help, value);
  const refused = REASONS.slice(1).flatMap((reason, i) => samples((worker) => worker.refused[i + 1], { reason }));
  const errnos = [...Array(ERRNO_COUNT).keys()];
  const failed = errnos.flatMap((i) => samples((worker) => worker.failed[i], { errno: errnoName(i) }));
  const errors = failed.filter(({ value }) => value > 0);
  return [
    counter("received_datagrams", "Datagrams received: echoed, refused and failed ones.", counts(RECEIVED)),
    counter("received_bytes", "Bytes of payload received.", counts(RECEIVED_BYTES)),
    counter("echoed_datagrams", "Datagrams sent back.", counts(ECHOED)),
    counter("echoed_bytes", "Bytes of payload sent back.", counts(ECHOED_BYTES)),
    counter("refused_datagrams", "Datagrams refused by the guard, by reason.", refused),
    counter("failed_datagrams", "Datagrams whose reply the kernel did not accept, by error.", errors),
    counter("kernel_dropped_datagrams", "Datagrams that the full receive buffer did not take.", group3.drops()),
    counter("dropped_log_lines", "Echoed datagrams without a line in the log.", samples(unlogged)),
    gauge("receive_queue_bytes", "Memory of the datagrams in the receive buffers.", queueBytes),
    gauge("receive_buffer_bytes", "Size of the receive buffers.", bufferBytes),
    gauge("rate_table_sources", "Sources that have used up a part of their burst.", limitedSources)
  ];
}

// src/echo/open_socket.ts
function openSocket2(settings, fd) {
  const { port, address, family, receiveBufferBytes: receiveBuffer } = settings;
  const socket2 = fd === void 0 ? BatchSocket.bind({ port, address, family, receiveBuffer }) : BatchSocket.adopt(fd, { receiveBuffer });
  if (settings.reflectTos) {
    socket2.setOption(IPPROTO_IP, IP_RECVTOS, 1);
    if (socket2.domain === AF_INET6) socket2.setOption(IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
  return socket2;
}

// src/cli/output.ts
var LINE_SIZE_MAX = 1024;
var BUFFER_SIZE = 64 << 10;
var Output = class {
  dropped = new Float64Array(1);
  bytes;
  at = 0;
  #counts = new Uint8Array(BUFFER_SIZE);
  #writer;
  #stalled = false;
  #torn = false;
  constructor(fd) {
    this.#writer = new NonblockingWriter(fd, BUFFER_SIZE);
    this.bytes = this.#writer.bytes;
  }
  get utf8() {
    return localeIsUtf8() ?? terminalDevice(this.#writer.fd) === void 0;
  }
  hasRoom() {
    if (this.at + LINE_SIZE_MAX > BUFFER_SIZE && !this.#stalled) this.flush();
    if (this.at + LINE_SIZE_MAX <= BUFFER_SIZE) return true;
    this.dropped[0]++;
    return false;
  }
  endLine(end) {
    this.bytes[end] = NEWLINE;
    this.#counts[end] = 1;
    this.at = end + 1;
  }
  writeText(text) {
    this.flush();
    const { read, written } = encoder3.encodeInto(text, this.bytes.subarray(this.at, BUFFER_SIZE - 1));
    if (read < text.length) return false;
    this.endLine(this.at + written);
    this.#counts.fill(0, this.at - written - 1, this.at);
    return this.flush();
  }
  flush() {
    while (this.at > 0) {
      const written = this.#writer.write(this.at);
      if (written === -EAGAIN || written === 0) {
        this.#stalled = true;
        return true;
      }
      if (written < 0) {
        this.#drop(false);
        return false;
      }
      this.#torn = this.bytes[written - 1] !== NEWLINE;
      this.bytes.copyWithin(0, written, this.at);
      this.#counts.copyWithin(0, written, this.at);
      this.at -= written;
    }
    this.#stalled = false;
    return true;
  }
  settle(milliseconds, last) {
    const end = performance.now() + milliseconds;
    while (this.flush() && this.at > 0) {
      const left = Math.ceil(end - performance.now());
      if (left <= 0 || this.#writer.wait(left) === 0) break;
    }
    this.#drop(last);
  }
  close(milliseconds) {
    this.settle(milliseconds, true);
    this.#writer.close();
  }
  #drop(last) {
    const rest = this.#torn && !last ? this.bytes.indexOf(NEWLINE) + 1 : 0;
    for (let i = rest; i < this.at; i++) if (this.bytes[i] === NEWLINE) this.dropped[0] += this.#counts[i];
    this.at = rest;
    this.#stalled = rest > 0;
  }
};
var encoder3 = new TextEncoder();

// src/echo/operator.ts
var LAST_WORDS_MILLISECONDS = 50;
var Operator = class {
  json;
  output = new Output(1);
  #errors = new Output(2);
  #timed;
  constructor({ logFormat, logTime }) {
    this.json = logFormat === "json";
    this.#timed = logTime;
  }
  say(text, priority = "") {
    this.#errors.writeText(`${priority}${this.#timed ? `${(/* @__PURE__ */ new Date()).toISOString()} ` : ""}${text}`);
  }
  warn(text) {
    this.say(`echo.ts: ${text}`, journalPriority(4));
  }
  report(event, fields2) {
    this.output.writeText(JSON.stringify({ event, time: (/* @__PURE__ */ new Date()).toISOString(), ...fields2 }));
  }
  close() {
    this.output.close(LAST_WORDS_MILLISECONDS);
    this.#errors.close(LAST_WORDS_MILLISECONDS);
  }
};

// src/echo/options.ts
var LOG_FORMATS = ["text", "json", "none"];
var SUMMARY_FORMATS = ["text", "json"];
var DAY = 86400;
var options = {
  ...group2("Socket", {
    address: option("-a, --address ADDR", "answer on this address or name only", String),
    ipv4: flag("-4, --ipv4", "IPv4 only"),
    ipv6: flag("-6, --ipv6", "IPv6 only"),
    fd: option("--fd N", "take over the bound UDP socket N", numberFrom(0, 1e6)),
    receiveBufferBytes: option("--buffer SIZE", "receive buffer, 4K to 1023M", parseBufferSize, "4M"),
    workers: option("--workers N", "processes that share the port, 1 to 64, or auto", parseWorkers, "1"),
    reflectTos: flag("--reflect-tos", "reply with the DSCP and ECN that a datagram arrived with"),
    busyPollMicroseconds: option("--busy-poll USEC", "microseconds to poll, 0 to 1000", numberFrom(0, 1e3), "200")
  }),
  ...group2("Guard", {
    allow: listOption("--allow CIDR", "answer only sources in this network; repeatable", parseNetwork),
    rate: option("--rate N[/BURST]", "answers a second to an IPv4 address or IPv6 /64; BURST at once", parseRate),
    maxRate: option("--max-rate N[/BURST]", "the same for all sources together", parseRate),
    answerAnyPort: flag("--answer-any-port", "answer any source port but 0"),
    answerBroadcast: flag("--answer-broadcast", "answer datagrams to broadcast addresses"),
    answerMulticast: flag("--answer-multicast", "answer datagrams to multicast addresses"),
    join: listOption("--join GROUP[%IF]", "join and answer this multicast group; repeatable", parseGroup)
  }),
  ...group2("Log", {
    logFormat: option("--log FORMAT", "a line for each datagram: text, json or none", oneOf(LOG_FORMATS), "text"),
    logLimitPerSecond: option("--log-limit N", "most lines a second, 0 for no limit", numberFrom(0, 1e9), "1000"),
    logTime: flag("--log-time", "begin lines of text with the time"),
    quiet: flag("-q, --quiet", "the same as --log none")
  }),
  ...group2("Monitoring", {
    summaryFormat: option("--summary FORMAT", "counts as text or json; else as --log says", oneOf(SUMMARY_FORMATS)),
    summaryEverySeconds: option("--summary-every SECONDS", "show the counts that often", numberFrom(1, DAY)),
    metrics: option("--metrics [ADDR:]PORT", "serve /metrics and /healthz over HTTP", parseMetricsEndpoint),
    drainSeconds: option("--drain SECONDS", "keep answering for so long after SIGTERM", numberFrom(0, DAY), "0")
  }),
  ...COMMON_OPTIONS
};
var ECHO = {
  summary: "UDP echo server that answers from the address it was asked at.",
  usage: [
    ["echo.ts [PORT] [options]", "PORT is 1 to 65535 (default: 9000)"],
    ["echo.ts probe TARGET...", "ask servers; see echo.ts probe --help"]
  ],
  options,
  notes: [
    "SIGINT and SIGTERM stop it, SIGUSR2 shows the counts so far. Examples:",
    "  deno run --allow-ffi echo.ts 9000",
    "  bun run echo.ts 9000 --address 192.0.2.1 --log json"
  ]
};
function parseEcho(args) {
  const parsed = parseArguments(args, options);
  if (typeof parsed === "string") return parsed;
  const { settings, given, positionals } = parsed;
  const { address, quiet, fd } = settings;
  const family = addressFamily(settings);
  if (address !== void 0) checkFamily(address, family);
  if (address !== void 0 && isGroup(address) && !settings.answerMulticast) {
    throw new UsageError(`the multicast address ${address} is answered only with --answer-multicast`);
  }
  if (fd !== void 0 && (positionals.length > 0 || address !== void 0 || family !== void 0)) {
    throw new UsageError("--fd takes a socket that is bound already: leave out the port, --address, -4 and -6");
  }
  if (quiet && given.has("logFormat")) throw new UsageError("--quiet means --log none: leave one of them out");
  return {
    ...settings,
    port: parsePort(positionals),
    family,
    answerMulticast: settings.answerMulticast || settings.join.length > 0,
    logFormat: quiet ? "none" : settings.logFormat,
    summaryFormat: settings.summaryFormat ?? (settings.logFormat === "json" ? "json" : "text")
  };
}
function parsePort(positionals) {
  for (const text of positionals) {
    if (text === "probe") throw new UsageError("probe comes first: echo.ts probe TARGET, then the options");
    if (isSimilar(text, "probe")) throw new UsageError(`no command ${quote(text)}; did you mean probe?`);
    if (parseAddress(text.split("%")[0]) !== void 0) {
      throw new UsageError(`${quote(text)} is an address, not a port; did you mean --address?`);
    }
  }
  if (positionals.length > 1) throw new UsageError(`one port only, not ${list(positionals.map(quote))}`);
  return positionals[0] === void 0 ? 9e3 : numberFrom(1, 65535)(positionals[0], "the port");
}
function isGroup(text) {
  const bytes = parseAddress(text.split("%")[0]);
  return bytes !== void 0 && isMulticast(addressWords(bytes), 0);
}
function parseGroup(text) {
  if (isGroup(text)) return text;
  throw new UsageError(`--join needs a multicast address, such as 224.0.0.251 or ff02::fb%eth0, not ${quote(text)}`);
}
var WORKERS_MAX = 64;
function parseWorkers(text, name) {
  return text === "auto" ? Math.min(navigator.hardwareConcurrency, WORKERS_MAX) : numberFrom(1, WORKERS_MAX)(text, `${name}\
, if not auto,`);
}
function parseRate(text, name) {
  const [perSecond = "", burst = perSecond, ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(`${name} must be N or N/BURST, not ${quote(text)}`);
  const parse = numberFrom(1, 1e9);
  return { perSecond: parse(perSecond, name), burst: parse(burst, `the burst of ${name}`) };
}
function parseNetwork(text) {
  const prefix = parsePrefix(text);
  if (prefix === void 0) {
    throw new UsageError(`--allow must be a network, e.g. 192.0.2.0/24 or 2001:db8::/32, not ${quote(text)}`);
  }
  const { bytes, length } = prefix;
  const mask = prefixMask(length);
  const network = bytes.map((byte, i) => byte & mask[i]);
  if (network.every((byte, i) => byte === bytes[i])) return prefix;
  const shown = `${addressText(network)}/${isIPv4(network) ? length - 96 : length}`;
  throw new UsageError(`--allow ${text} has bits set behind the prefix; did you mean ${shown}?`);
}
var UNITS2 = ["", "K", "M", "G"];
function parseBufferSize(text) {
  const [, digits, unit = ""] = /^([0-9]{1,10})([KMG]?)$/i.exec(text) ?? [];
  const value = Number(digits) * 1024 ** UNITS2.indexOf(unit.toUpperCase());
  if (value >= 4 << 10 && value <= 1023 << 20) return value;
  const range = "a number of bytes from 4K to 1023M, with or without K, M or G behind it";
  throw new UsageError(`--buffer must be ${range}, not ${quote(text)}`);
}
function byteSizeText(bytes) {
  const power = [3, 2, 1].find((power2) => bytes % 1024 ** power2 === 0) ?? 0;
  return `${bytes / 1024 ** power}${UNITS2[power]}`;
}

// src/echo/service_manager.ts
var ADDRESS_SIZE2 = 110;
var PATH = 2;
var ServiceManager = class {
  #memory = new Memory(ADDRESS_SIZE2);
  #fd = -1;
  #watchdog = environmentVariable("WATCHDOG_USEC") !== "";
  constructor() {
    const path = new TextEncoder().encode(environmentVariable("NOTIFY_SOCKET").replace(/^@/, "\0"));
    if (path.length === 0 || path.length >= ADDRESS_SIZE2 - PATH) return;
    this.#memory.u16[0] = AF_UNIX;
    this.#memory.bytes.set(path, PATH);
    const fd = socket(AF_UNIX, SOCK_DGRAM);
    if (connect(fd, this.#memory, PATH + path.length) === 0) this.#fd = fd;
  }
  notify(state) {
    if (this.#fd < 0) return;
    const { written } = new TextEncoder().encodeInto(state, this.#memory.bytes);
    send(this.#fd, this.#memory, written, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  everySecond() {
    if (this.#watchdog) this.notify("WATCHDOG=1");
  }
};

// ffi/spawn.ts
var EXECUTABLE = "/proc/self/exe";
var POINTER_SIZE = 8;
var ONE_ARENA = "MALLOC_ARENA_MAX=1\0";
function spawnSelf(argument, descriptors) {
  const path = cString(EXECUTABLE);
  const args = stringArray("/proc/self/cmdline", `${argument}\0`);
  const environment = stringArray("/proc/self/environ", ONE_ARENA);
  const pid = new Memory(4);
  for (const fd of [0, 1, 2, ...descriptors]) fcntl(fd, F_SETFD, 0);
  const error = lazyLibc().posix_spawn(
    pid.pointer(0),
    path.pointer(0),
    null,
    null,
    args.pointer(0),
    environment.pointer(0)
  );
  for (const fd of descriptors) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (error !== 0) throw new SystemError("posix_spawn", error, `cannot start a process: ${errnoMessage(error)}`);
  return pid.i32[0];
}
function dieWithParent(name, parent) {
  const { prctl, getppid } = lazyLibc();
  prctl(PR_SET_NAME, cString(name).pointer(0));
  prctl(PR_SET_PDEATHSIG, libc().pointer(SIGKILL));
  return getppid() === parent;
}
var trimSignature = { malloc_trim: { parameters: ["u32"], result: "i32" } };
var trim;
function trimMemory() {
  try {
    trim ??= runtime().ffi.load(libraries, trimSignature).call.malloc_trim;
  } catch {
    trim = () => 0;
  }
  trim(0);
}
function endOf(pid) {
  const status = new Memory(4);
  if (lazyLibc().waitpid(pid, status.pointer(0), WNOHANG) === 0) return void 0;
  const signal = status.i32[0] & 127;
  return signal === 0 ? `exit code ${status.i32[0] >> 8}` : `signal ${signal}`;
}
function stringArray(path, further) {
  const bytes = [...readFile(path), ...new TextEncoder().encode(further)];
  const starts = bytes.flatMap((_, i) => i === 0 || bytes[i - 1] === 0 ? [i] : []);
  const text = (starts.length + 1) * POINTER_SIZE;
  const memory = new Memory(text + bytes.length);
  memory.bytes.set(bytes, text);
  starts.forEach((start, i) => memory.link(i * POINTER_SIZE, memory, text + start));
  return memory;
}
function readFile(path) {
  const fd = open(path, O_RDONLY);
  if (fd < 0) throw new SystemError("open", -fd, `cannot start a process: cannot read ${path}: ${errnoMessage(-fd)}`);
  const chunk = new Memory(4096);
  const bytes = [];
  for (let count = 1; count > 0; ) {
    count = libc().call.read(fd, chunk.pointer(0), chunk.bytes.length);
    bytes.push(...chunk.bytes.subarray(0, Math.max(0, count)));
  }
  close(fd);
  return bytes;
}

// src/echo/steering.ts
var IPV6_SOURCE = 8;
var SOURCE2 = 12;
function sharePort(first, count) {
  check2("setsockopt", setsockopt(first.fd, SOL_SOCKET, SO_REUSEPORT, 1));
  fcntl(first.fd, F_SETFD, FD_CLOEXEC);
  const { receiveBuffer } = first;
  const others = Array.from({ length: count - 1 }, () => BatchSocket.adopt(bindBeside(first), { receiveBuffer }));
  check2("setsockopt", attachProgram(first.fd, SO_ATTACH_REUSEPORT_CBPF, steeringProgram(count)));
  return others;
}
function bindBeside({ fd: first, domain }) {
  const fd = check2("socket", socket(domain, SOCK_DGRAM));
  const copy = (level, name2) => setsockopt(fd, level, name2, getsockopt(first, level, name2));
  if (domain === AF_INET6) copy(IPPROTO_IPV6, IPV6_V6ONLY);
  if (getsockopt(first, SOL_SOCKET, SO_BINDTOIFINDEX) > 0) copy(SOL_SOCKET, SO_BINDTOIFINDEX);
  check2("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (domain === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  const size = domain === AF_INET6 ? sockaddr_in6.size : sockaddr_in.size;
  const name = new Memory(size);
  check2("getsockname", getsockname(first, name, size));
  check2("bind", bind(fd, name, size));
  return fd;
}
function check2(syscall, result2) {
  if (result2 >= 0) return result2;
  const reason = result2 === -EADDRINUSE ? "another user has bound the socket" : `${syscall}: ${errnoMessage(-result2)}`;
  const message = `cannot share the port among workers: ${reason}; leave out --workers`;
  throw new SystemError(syscall, -result2, message);
}
var multiply = (factor) => [BPF_ALU | BPF_MUL | BPF_K, 0, 0, factor];
var shiftRight = (bits) => [BPF_ALU | BPF_RSH | BPF_K, 0, 0, bits];
function steeringProgram(count, factors = randomFactors()) {
  return [
    loadWord(SKF_AD_OFF + SKF_AD_PROTOCOL),
    [BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_IPV6],
    loadWord(SKF_NET_OFF + IPV6_SOURCE),
    multiply(factors[0]),
    [BPF_MISC | BPF_TAX, 0, 0, 0],
    loadWord(SKF_NET_OFF + SOURCE2),
    multiply(factors[1]),
    [BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0],
    shiftRight(16),
    multiply(count),
    shiftRight(16),
    [BPF_RET | BPF_A, 0, 0, 0]
  ];
}
function randomFactors() {
  return crypto.getRandomValues(new Int32Array(2)).map((factor) => factor | 1);
}

// src/echo/worker.ts
function placeArgument({ index, socketFd, memoryFd, parent }) {
  return `--worker=${[VERSION, index, socketFd, memoryFd, parent]}`;
}
function readPlace(args) {
  const [, version, numbers = ""] = /^--worker=([^,]+),([0-9,]+)$/.exec(args.at(-1) ?? "") ?? [];
  if (version === void 0) return void 0;
  if (version !== VERSION) throw new UsageError("the program was replaced by another version: restart the server");
  const [index, socketFd, memoryFd, parent] = numbers.split(",").map(Number);
  return { index, socketFd, memoryFd, parent };
}
async function runWorker(settings, { index, socketFd, memoryFd, parent }) {
  handleSignals(() => {
  });
  if (!dieWithParent(`echo worker ${index}`, parent)) return;
  const socket2 = openSocket2(settings, socketFd);
  const operator = new Operator(settings);
  const block = new Block(index + 1, memoryFd);
  const tend = () => Atomics.load(block.stop, 0) === 0 ? TEND_MILLISECONDS : 0;
  const group3 = { index, block, tend };
  const server = new EchoServer(settings, { socket: socket2, operator, group: group3, everySecond: trimMemory });
  try {
    await server.run();
  } finally {
    operator.close();
  }
}

// src/echo/supervisor.ts
var DELAY_MIN_MILLISECONDS = 10;
var DELAY_MAX_MILLISECONDS = 5e3;
var STOP_MILLISECONDS = 100;
var Supervisor = class {
  index = 0;
  block;
  sockets;
  #children;
  #operator;
  constructor({ socket: socket2, settings: { workers, logLimitPerSecond }, operator }) {
    this.#operator = operator;
    this.block = new Block(workers);
    this.block.linesLeft[0] = logLimitPerSecond;
    const others = workers === 1 ? [] : sharePort(socket2, workers);
    this.sockets = [socket2, ...others];
    this.#children = others.map((socket3, i) => ({
      index: i + 1,
      socket: socket3,
      counters: this.block.counters[i + 1],
      batch: socket3.batch(BATCH_CAPACITY, this.block.headers[i + 1]),
      pid: 0,
      end: "",
      startAt: 0,
      delayMilliseconds: DELAY_MIN_MILLISECONDS
    }));
  }
  start() {
    if (this.#children.length > 0) runtime().onSignal("SIGCHLD", () => {
    });
    for (const child of this.#children) this.#spawn(child);
  }
  counters() {
    return this.block.counters.map((counters, index) => index === 0 ? counters : settledCounters(counters));
  }
  drops() {
    return this.sockets.reduce((sum2, socket2) => sum2 + socket2.drops(), 0);
  }
  tend() {
    const now = performance.now();
    let due = TEND_MILLISECONDS;
    for (const child of this.#children) {
      if (child.pid !== 0) this.#noteEnd(child, now);
      else if (now >= child.startAt) this.#startAgain(child, now);
      if (child.pid === 0) due = Math.min(due, Math.max(1, Math.ceil(child.startAt - now)));
    }
    return due;
  }
  async stop() {
    Atomics.store(this.block.stop, 0, 1);
    const running = () => this.#children.filter(({ pid }) => pid !== 0);
    for (const { pid } of running()) lazyLibc().kill(pid, SIGTERM);
    const end = performance.now() + STOP_MILLISECONDS;
    while (running().length > 0) {
      await new Promise((resolve2) => setTimeout(resolve2, 1));
      const now = performance.now();
      for (const child of running()) {
        this.#noteEnd(child, now);
        if (now >= end && child.pid !== 0) lazyLibc().kill(child.pid, SIGKILL);
      }
    }
  }
  close() {
    if (this.#children.length > 0) this.sockets[0].setOption(SOL_SOCKET, SO_REUSEPORT, 0);
    for (const socket2 of this.sockets) socket2.close();
  }
  #spawn(child) {
    const { index, socket: { fd: socketFd } } = child;
    const memoryFd = this.block.fd;
    const place = { index, socketFd, memoryFd, parent: lazyLibc().getpid() };
    child.pid = spawnSelf(placeArgument(place), [socketFd, memoryFd]);
  }
  #noteEnd(child, now) {
    const end = endOf(child.pid);
    if (end === void 0) return;
    child.pid = 0;
    const { index, counters, batch, startAt } = child;
    const { counts } = counters;
    if (counts[RECEIVED] === counts[RECEIVED_BEFORE]) {
      batch.recover();
      countReceived(index, counters, batch);
    }
    const lost = counts[RECEIVED] - counters.settled;
    counters.failed[OTHER_ERROR] += lost;
    child.end = lost > 0 ? `${end}, ${lost} datagrams lost` : end;
    if (now - startAt >= DELAY_MAX_MILLISECONDS) child.delayMilliseconds = DELAY_MIN_MILLISECONDS;
    child.startAt = now + child.delayMilliseconds;
    child.delayMilliseconds = Math.min(child.delayMilliseconds * 2, DELAY_MAX_MILLISECONDS);
  }
  #startAgain(child, now) {
    child.startAt = now;
    try {
      this.#spawn(child);
      this.#operator.warn(`worker ${child.index} ended (${child.end}): started again`);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#operator.warn(`worker ${child.index} ended (${child.end}): ${error.message}`);
      child.startAt = now + DELAY_MAX_MILLISECONDS;
    }
  }
};
function settledCounters({ counts }) {
  const copy = new Counters(counts.slice());
  copy.counts[RECEIVED] = copy.settled;
  return copy;
}

// src/echo/command.ts
async function runEcho(settings) {
  const socket2 = openSocket2(settings, settings.fd);
  for (const group4 of settings.join) joinGroup(socket2, group4);
  let stoppedBy;
  handleSignals((signal) => {
    const drain = signal === "SIGTERM" && stoppedBy === void 0 ? settings.drainSeconds : 0;
    stoppedBy = signal;
    manager.notify("STOPPING=1");
    if (drain === 0) return server.stop();
    operator.say(`stopping in ${drain} s`);
    setTimeout(() => server.stop(), drain * 1e3);
  });
  const operator = new Operator(settings);
  const manager = new ServiceManager();
  const metricsServer = settings.metrics === void 0 ? void 0 : new MetricsServer();
  const group3 = new Supervisor({ socket: socket2, settings, operator });
  const server = new EchoServer(settings, {
    socket: socket2,
    operator,
    group: group3,
    attention: metricsServer,
    everySecond: () => {
      manager.everySecond();
      group3.drops();
    }
  });
  const start = performance.now();
  const sumUp = (occasion, final) => {
    const summary = summarize(group3.counters(), group3.drops(), (performance.now() - start) / 1e3);
    if (settings.summaryFormat === "json") operator.report("summary", { final, ...summary });
    else operator.say(`${occasion} ${summary.seconds.toFixed(1)} s
${summaryText(summary)}`);
  };
  const sumUpSoFar = () => sumUp("running for", false);
  const { name, onSignal } = runtime();
  onSignal("SIGUSR2", sumUpSoFar);
  if (settings.summaryEverySeconds !== void 0) setInterval(sumUpSoFar, settings.summaryEverySeconds * 1e3);
  await metricsServer?.listen(settings.metrics, {
    prefix: "echo",
    metrics: () => echoMetrics(group3, server.guard.limitedSources()),
    healthy: () => stoppedBy === void 0
  });
  const { notices, receiveBuffer: granted } = socket2;
  const { receiveBufferBytes: asked } = settings;
  const shortage = `receive buffer: ${byteSizeText(asked)} asked for, ${byteSizeText(granted)} granted`;
  for (const notice of notices) operator.warn(notice);
  if (granted < asked) operator.warn(`${shortage}; for more: sysctl -w net.core.rmem_max=${asked}`);
  group3.start();
  const workers = settings.workers === 1 ? "" : `, ${settings.workers} workers`;
  operator.say(`listening on ${socket2.endpoint} (${socket2.families}, ${name}${workers})`);
  manager.notify("READY=1");
  try {
    await server.run();
  } finally {
    await group3.stop();
    server.drain(group3.sockets.filter((each) => each !== socket2 || !socket2.adopted));
    operator.output.settle(LAST_WORDS_MILLISECONDS, settings.summaryFormat === "text");
    sumUp(`stopped by ${stoppedBy ?? "an error"} after`, true);
    group3.close();
    operator.close();
  }
}

// src/probe/duration.ts
var UNITS3 = /* @__PURE__ */ new Map([["m", 6e4], ["s", 1e3], ["ms", 1], ["us", 1e-3]]);
function parseDuration(text) {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(us|ms|s|m|)$/.exec(text);
  return match === null ? NaN : Number(match[1]) * UNITS3.get(match[2] || "s");
}
function formatDuration(milliseconds) {
  const fits = ([unit2, size2]) => milliseconds >= size2 && (unit2 !== "m" || milliseconds % size2 === 0);
  const [unit, size] = [...UNITS3].find(fits) ?? ["s", 1e3];
  return `${Number((milliseconds / size).toFixed(3))}${unit}`;
}
function formatMilliseconds(nanoseconds) {
  return Number.isNaN(nanoseconds) ? "-" : (nanoseconds / 1e6).toFixed(3);
}

// src/probe/options.ts
var SIZE_MAX = 65527;
var SIZE_MAX_IPV4 = 65507;
var DURATION_MAX = 36e5;
var options2 = {
  ...group2("Requests", {
    port: option("-p, --port PORT", "port of targets without one", numberFrom(1, 65535), "9000"),
    count: option("-c, --count N", "requests to each target, 0 for no end", numberFrom(0, 1e9), "5"),
    intervalMilliseconds: option(
      "-i, --interval TIME",
      "between requests, 0 for no pause; 1s with --watch",
      durationFrom(0),
      "200ms"
    ),
    timeoutMilliseconds: option("-t, --timeout TIME", "for an answer; TIME in us, ms, s or m", durationFrom(1), "1s"),
    size: option("-s, --size BYTES", `payload, 0 to ${SIZE_MAX_IPV4}, IPv6 ${SIZE_MAX}`, numberFrom(0, SIZE_MAX), "64"),
    sourcePorts: option("--source-ports N", "send from N ports in turn, 1 to 64", numberFrom(1, 64), "1"),
    findMtu: flag("--mtu", "find the largest datagram that passes unfragmented")
  }),
  ...group2("Watching", {
    watch: flag("--watch", "go on until stopped, and tell when a verdict on the last N requests (--count) changes"),
    targetsFile: option("--targets FILE", "more targets, one a line, with labels; read again after SIGHUP", String),
    metrics: option("--metrics [ADDR:]PORT", "serve metrics at http://ADDR:PORT/metrics", parseMetricsEndpoint)
  }),
  ...group2("Sockets", {
    connected: flag("--connected", "connect the socket, as ordinary clients do"),
    source: option("--source ADDR", "send from this local address", String),
    interfaceName: option("--interface NAME", "send by this interface", String),
    ttl: option("--ttl N", "time to live, or hop limit, 1 to 255", numberFrom(1, 255)),
    dscp: option("--dscp N", "code point, 0 to 63 or EF, AF11 to AF43, CS0 to CS7", parseCodePoint),
    ecn: option("--ecn N", "ECN field, 0 to 3 or not-ect, ect0, ect1, ce", parseEcn),
    dontFragment: flag("--df", "forbid fragmentation"),
    ipv4: flag("-4, --ipv4", "IPv4 only"),
    ipv6: flag("-6, --ipv6", "IPv6 only")
  }),
  ...group2("Output", {
    json: flag("--json", "a JSON object for each reply, and one for the summary"),
    quiet: flag("-q, --quiet", "the summary only")
  }),
  ...COMMON_OPTIONS
};
var PROBE = {
  summary: "See whether UDP echo servers answer, from where, and how fast.",
  usage: [[
    "echo.ts probe TARGET...",
    "TARGET is an address, or a name for all its addresses, with or without :PORT"
  ]],
  options: options2,
  notes: ["The exit code is 0 if every target is ok."]
};
function parseProbe(args) {
  const parsed = parseArguments(args, options2);
  if (typeof parsed === "string") return parsed;
  const { settings, given, positionals } = parsed;
  const { source, dscp, ecn, findMtu, watch, targetsFile } = settings;
  const family = addressFamily(settings);
  if (positionals.length === 0 && targetsFile === void 0) {
    throw new UsageError("the target is missing: echo.ts probe 192.0.2.10:9000, for example; --help shows more");
  }
  const targets = positionals.map((text) => parseTarget(text, settings.port, family));
  if (source !== void 0) checkFamily(source, family);
  if (findMtu && given.has("size")) throw new UsageError("--mtu finds the size: leave out --size");
  if (findMtu && watch) throw new UsageError("--mtu finds a size and ends: leave out --watch");
  if (settings.metrics !== void 0 && !watch) throw new UsageError("--metrics needs --watch");
  return {
    ...settings,
    targets,
    count: settings.count || Infinity,
    intervalMilliseconds: watch && !given.has("intervalMilliseconds") ? 1e3 : settings.intervalMilliseconds,
    trafficClass: dscp === void 0 && ecn === void 0 ? void 0 : (dscp ?? 0) << 2 | (ecn ?? 0),
    dontFragment: settings.dontFragment || findMtu,
    family
  };
}
function parseTarget(text, port, family) {
  if (/^[0-9]+$/.test(text)) {
    throw new UsageError(`${text} is no target: give the port as TARGET:${text}, or as -p ${text} for all targets`);
  }
  const [, bracketed, name, own2] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ?? [void 0, void 0, text];
  const host = bracketed ?? name ?? "";
  if (host === "" || /[:[\]]/.test(host) && parseAddress(host.split("%")[0]) === void 0) {
    throw new UsageError(`${quote(text)} is no target: give an address or a name, with or without :PORT`);
  }
  checkFamily(host, family);
  const ownPort = own2 === void 0 ? port : numberFrom(1, 65535)(own2, `the port of ${host}`);
  return { host, port: ownPort, labels: {}, place: "" };
}
function durationFrom(leastMilliseconds) {
  return (text, name) => {
    const milliseconds = parseDuration(text);
    if (milliseconds >= leastMilliseconds && milliseconds <= DURATION_MAX) return milliseconds;
    const least = leastMilliseconds === 0 ? "0" : `${leastMilliseconds}ms`;
    throw new UsageError(`${name} is a time from ${least} to 60m, as 50us, 200ms, 1.5s or 1m, not ${quote(text)}`);
  };
}
function parseCodePoint(text) {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) <= 63) return Number(text);
  if (/^EF$/i.test(text)) return 46;
  const [, selector, assured, drop2] = /^(?:CS([0-7])|AF([1-4])([1-3]))$/i.exec(text) ?? [];
  if (selector !== void 0) return Number(selector) << 3;
  if (assured !== void 0) return Number(assured) << 3 | Number(drop2) << 1;
  throw new UsageError(`--dscp is a number from 0 to 63 or a name, EF, AF11 to AF43 or CS0 to CS7, not ${quote(text)}`);
}
var ECN_NAMES = ["not-ect", "ect1", "ect0", "ce"];
function parseEcn(text) {
  const value = /^[0-3]$/.test(text) ? Number(text) : ECN_NAMES.indexOf(text.toLowerCase());
  if (value >= 0) return value;
  throw new UsageError(`--ecn is a number from 0 to 3 or not-ect, ect0, ect1 or ce, not ${quote(text)}`);
}

// src/probe/peer.ts
function peerOf(batch, i) {
  const word2 = batch.peerWord(i);
  const bytes = new Uint8Array(batch.addresses.slice(word2, word2 + 4).buffer);
  return { bytes, scope: batch.peerScope(i), port: batch.peerPort(i) };
}
function isSameAddress(a, b) {
  return a.scope === b.scope && a.bytes.every((byte, i) => byte === b.bytes[i]);
}
function isSamePeer(a, b) {
  return a.port === b.port && isSameAddress(a, b);
}
function hostText({ bytes, scope }) {
  return addressText(bytes) + (scope === 0 ? "" : `%${printable(interfaceName(scope))}`);
}
function peerText2(peer) {
  return isIPv4(peer.bytes) ? `${hostText(peer)}:${peer.port}` : `[${hostText(peer)}]:${peer.port}`;
}
function exactHostText({ bytes, scope }) {
  if (scope === 0) return addressText(bytes);
  const name = interfaceName(scope);
  return `${addressText(bytes)}%${interfaceIndex(name) === scope ? name : scope}`;
}
function headerSize({ bytes }) {
  return (isIPv4(bytes) ? 20 : 40) + 8;
}
function printable(text) {
  return text.replaceAll(/[^!-~]/g, "?");
}

// src/probe/endpoints.ts
function resolveTargets(targets, settings, source) {
  const { size, interfaceName: interfaceName2 } = settings;
  const family = source === void 0 ? settings.family : isIPv4(source.bytes) ? 4 : 6;
  const peers = /* @__PURE__ */ new Map();
  for (const { host, port, labels, place } of targets) {
    const name = parseAddress(host.split("%")[0]) === void 0 ? host : void 0;
    const unzoned = parseAddress(host);
    const needsZone = interfaceName2 !== void 0 && unzoned !== void 0 && isLinkLocal(unzoned);
    for (const { bytes, scope } of resolve(needsZone ? `${host}%${interfaceName2}` : host, family)) {
      const ipv4 = isIPv4(bytes);
      if (source !== void 0 && ipv4 !== isIPv4(source.bytes)) {
        throw new UsageError(`--source ${settings.source} and the target ${host} are not of the same family`);
      }
      if (ipv4 && size > SIZE_MAX_IPV4) {
        throw new UsageError(`--size ${size} is too much for ${host}: IPv4 carries up to ${SIZE_MAX_IPV4} bytes`);
      }
      const scoped = { bytes, scope: isLinkLocal(bytes) ? scope : 0 };
      const address = exactHostText(scoped);
      const key = `${address} ${port}`;
      const peer = { ...scoped, name, labels, address, port, key };
      if ((peers.get(key)?.labels ?? labels) !== labels) {
        throw new UsageError(`${place}${peerText2(peer)} is a target already`);
      }
      peers.set(key, peer);
    }
  }
  return [...peers.values()];
}

// src/probe/icmp.ts
var NO_HOST = "finds no host at";
var TOO_LARGE = "cannot forward so large a packet to";
var TOO_FAR = "discards datagrams to";
var PORT_UNREACHABLE = "port unreachable";
var NO_ROUTE = "has no route to";
var REJECTS = "has a firewall that rejects datagrams to";
var OTHER = "reports an error for";
var MESSAGES = /* @__PURE__ */ new Map([
  ["v4 3.0", ["network unreachable", NO_ROUTE]],
  ["v4 3.1", ["host unreachable", NO_HOST]],
  ["v4 3.3", [PORT_UNREACHABLE, REJECTS]],
  ["v4 3.4", ["fragmentation needed", TOO_LARGE]],
  ["v4 3.6", ["network unknown", NO_ROUTE]],
  ["v4 3.7", ["host unknown", NO_ROUTE]],
  ["v4 3.9", ["network prohibited", REJECTS]],
  ["v4 3.10", ["host prohibited", REJECTS]],
  ["v4 3.13", ["administratively prohibited", REJECTS]],
  ["v4 11.0", ["time to live exceeded", TOO_FAR]],
  ["v4 11.1", ["fragment reassembly time exceeded", OTHER]],
  ["v6 1.0", ["no route", NO_ROUTE]],
  ["v6 1.1", ["administratively prohibited", REJECTS]],
  ["v6 1.3", ["address unreachable", NO_HOST]],
  ["v6 1.4", [PORT_UNREACHABLE, REJECTS]],
  ["v6 1.5", ["source address failed policy", REJECTS]],
  ["v6 1.6", ["route rejected", NO_ROUTE]],
  ["v6 2.0", ["packet too big", TOO_LARGE]],
  ["v6 3.0", ["hop limit exceeded", TOO_FAR]],
  ["v6 3.1", ["fragment reassembly time exceeded", OTHER]]
]);
function icmpMessage({ version, type, code }) {
  return MESSAGES.get(`v${version} ${type}.${code}`) ?? [`message of type ${type}, code ${code}`, OTHER];
}

// src/probe/verdict.ts
var VERDICTS = ["ok", "wrong source", "refused", "no answer", "unreachable", "corrupted", "partial"];
function verdict({ recent: { counts, settled }, lastFailure }) {
  if (counts["wrong source"] > 0) return "wrong source";
  if (counts.corrupted > 0) return "corrupted";
  if (counts.received + counts.late > 0) return counts.received === settled ? "ok" : "partial";
  if (counts.failed > 0) return lastFailure?.errno === ECONNREFUSED ? "refused" : "unreachable";
  return "no answer";
}

// src/probe/explanation.ts
function explanation(target, settings) {
  const { endpoint, ledger } = target;
  const { recent: { counts }, duplicates } = ledger;
  const timeout = formatDuration(settings.timeoutMilliseconds);
  switch (verdict(ledger)) {
    case "ok":
      if (duplicates === 0) return otherTrafficClass(target, settings);
      return `${endpoint} answered ${plural(counts.received, "request")} with ${counts.received + duplicates} datagrams`;
    case "wrong source":
      return wrongSource(target, settings);
    case "corrupted":
      return corrupted(target, settings);
    case "partial":
      return partial(target, timeout);
    case "refused":
    case "unreachable":
      return failureExplanation(target, ledger.lastFailure, settings);
    case "no answer":
      if (counts.lost === 0) return `${endpoint} had no time to answer`;
      return settings.connected ? `a connected socket received nothing from ${endpoint} within ${timeout}; without --con\
nected, answers from other addresses are seen too` : `nothing came back from ${endpoint} within ${timeout}: no such host\
, nothing that answers at port ${target.peer.port}, or a firewall that drops datagrams, on the way there or back${sourcePortHint(
      target)}`;
  }
}
function otherTrafficClass({ endpoint, lastReply }, { trafficClass: sent }) {
  const received = lastReply?.trafficClass;
  if (sent === void 0 || received === void 0 || sent === received) return "";
  return `answers from ${endpoint} have ${trafficClassText(received)}, the requests left with ${trafficClassText(sent)}:\
 the server does not send them back (--reflect-tos of echo.ts does), or a device on the way changes them`;
}
function trafficClassText(value) {
  return `dscp=${value >> 2} ecn=${value & 3}`;
}
var BROKEN_REQUESTS = 2;
var CLIENT_PORTS = 32768;
function sourcePortHint({ peer, sockets: [socket2] }) {
  const { port } = socket2.udp;
  if (port >= CLIENT_PORTS && port !== peer.port) return "";
  return `; the requests left from port ${port}, which echo servers may refuse as that of a service: try again, or see s\
ysctl net.ipv4.ip_local_port_range`;
}
function wrongSource({ peer, endpoint, ledger }, settings) {
  const { wrongSources, recent: { counts, settled } } = ledger;
  const count = counts["wrong source"];
  const often = count === settled ? "" : `${count} of ${settled} times `;
  const unseen = settings.connected ? "" : "; clients with a connected socket never see these answers";
  const option2 = isIPv4(peer.bytes) ? "IP_PKTINFO" : "IPV6_PKTINFO";
  const [where, why] = wrongSources.every((source) => isSameAddress(source, peer)) ? [
    `port ${list(wrongSources.map(({ port }) => `${port}`))}`,
    "replies from another socket, or a device on the way translates ports"
  ] : [list(wrongSources.map(peerText2)), `does not set the source of its replies (${option2})`];
  return `${endpoint} answered ${often}from ${where}: the server ${why}${unseen}`;
}
function corrupted({ endpoint, ledger }, { size }) {
  const { recent: { counts }, corruptedSize } = ledger;
  const answers = counts.received + counts.late + counts["wrong source"] + counts.corrupted;
  const sizes = corruptedSize === size ? "" : ` (${plural(corruptedSize, "byte")} instead of ${size})`;
  return `${counts.corrupted} of ${plural(answers, "answer")} from ${endpoint} did not match the request${sizes}: someth\
ing alters datagrams, or this is no echo server`;
}
function partial({ endpoint, sockets, ledger }, timeout) {
  const { recent: { counts: { received, lost, late, failed }, settled }, paths, lastLate, lastFailure } = ledger;
  const lastTime = `${formatMilliseconds(lastLate)} ms (see --timeout)`;
  const shortcomings = [
    lost > 0 ? `${lost} got no answer within ${timeout}` : "",
    late > 0 ? `${late} got an answer too late, the last one after ${lastTime}` : "",
    failed > 0 ? `${failed} failed (${failureName(lastFailure)})` : ""
  ].filter(Boolean);
  const sentence = `${endpoint} answered ${received} of ${settled} requests in time: ${list(shortcomings)}`;
  const broken = sockets.filter((_, i) => (paths[i]?.unanswered ?? 0) >= BROKEN_REQUESTS);
  const others = paths.filter(({ unanswered }) => unanswered === 0).length;
  if (broken.length === 0 || others === 0) return sentence;
  return `${sentence}; requests from source port ${list(broken.map(({ udp }) => `${udp.port}`))} get no good answer, tho\
se from ${plural(others, "other")} do: one of several paths is broken`;
}
function failureName({ errno, icmp, reporter }) {
  if (icmp === void 0) return errnoMessage(errno);
  return icmpMessage(icmp)[0] + (reporter === void 0 ? "" : `, says ${hostText(reporter)}`);
}
var LOCAL_REASONS = /* @__PURE__ */ new Map([
  [EAFNOSUPPORT, "it has no IPv6, or IPv6 is switched off"],
  [ENETUNREACH, "it has no route"],
  [EPERM, "a firewall rule forbids it"],
  [EMSGSIZE, "the packet is too large for the interface"]
]);
var ROUTING_ERRORS = [ENETUNREACH, EACCES, EINVAL, EHOSTUNREACH];
function failureExplanation({ peer, endpoint }, { errno, icmp, reporter, mtu = 0 }, { size, ttl }) {
  const most = mtu - headerSize(peer);
  const fits = most > 0 ? `, at most ${mtu} pass; --size ${most} fits` : "";
  const sizes = `; it has ${size + headerSize(peer)} bytes${fits}`;
  if (icmp === void 0) {
    const isRouting = ROUTING_ERRORS.includes(errno);
    const other = isRouting ? "a route, or the kind of the address, forbids it" : errnoMessage(errno);
    const reason = LOCAL_REASONS.get(errno) ?? other;
    const advice = isRouting ? `; \`ip route get ${addressText(peer.bytes)}\` shows more` : "";
    return `this host cannot send to ${endpoint}: ${reason} (${errnoName(errno)})${errno === EMSGSIZE ? sizes : advice}`;
  }
  const [name, meaning] = icmpMessage(icmp);
  if (reporter !== void 0 && name === PORT_UNREACHABLE && isSameAddress(reporter, peer)) {
    return `${endpoint} refused: nothing listens at port ${peer.port}, or its firewall rejects (ICMP ${name})`;
  }
  if (reporter !== void 0 && meaning === NO_HOST && isLocal(reporter)) {
    const protocol = isIPv4(peer.bytes) ? "ARP" : "neighbour discovery";
    return `no host at ${endpoint}: nothing on its network answers for this address (${protocol})`;
  }
  const tooFar = ttl === void 0 ? ": the routers forward them in a loop" : `: --ttl ${ttl} is not enough`;
  return `${reporter === void 0 ? "an unknown host" : hostText(reporter)} ${meaning} ${endpoint} (ICMP ${name})${meaning ===
  TOO_LARGE ? sizes : meaning === TOO_FAR ? tooFar : ""}`;
}
function isLocal({ bytes, scope }) {
  return isLocalAddress(isIPv4(bytes) ? bytes.subarray(12) : bytes, scope) ?? false;
}
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// src/probe/histogram.ts
var ROWS_MAX = 16;
var BAR_MAX = 50;
var ROWS_PER_DECADE = [40, 20, 10, 5, 2, 1];
var EIGHTHS = "\u258F\u258E\u258D\u258C\u258B\u258A\u2589";
function histogramRows(frequencies, rowsMax) {
  for (const perDecade of ROWS_PER_DECADE) {
    const counts = /* @__PURE__ */ new Map();
    for (const [value, count] of frequencies) {
      const index = Math.floor(Math.log10(Math.max(1, value)) * perDecade);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
    const indexes = [...counts.keys()];
    const gaps = indexes.filter((index, i) => i > 0 && index > indexes[i - 1] + 1).length;
    if (indexes.length + gaps > rowsMax && perDecade > 1) continue;
    const bound = (index) => 10 ** (index / perDecade);
    return [...counts].map(([index, count]) => ({ from: bound(index), to: bound(index + 1), count }));
  }
  return [];
}
function drawHistogram(frequencies, width, terminal) {
  const total = frequencies.reduce((sum2, [, count]) => sum2 + count, 0);
  const rows = histogramRows(frequencies, Math.min(ROWS_MAX, Math.max(3, Math.ceil(2 * Math.cbrt(total)))));
  const labels = rows.map((row) => `${formatMilliseconds(row.from)} ms`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const most = Math.max(...rows.map((row) => row.count));
  const room = Math.max(1, Math.min(BAR_MAX, width - labelWidth - `${most}`.length - 4));
  return rows.flatMap(({ from, count }, i) => {
    const gap = i > 0 && from > rows[i - 1].to * 1.001;
    const row = `  ${labels[i].padStart(labelWidth)} ${terminal.paint("bar", bar(count / most * room, terminal))} ${count}`;
    return gap ? [`  ${(terminal.unicode ? "\u22EE" : ":").padStart(labelWidth)}`, row] : [row];
  });
}
function bar(length, { unicode }) {
  if (!unicode) return "#".repeat(Math.max(1, Math.round(length)));
  const eighths = Math.max(1, Math.round(length * 8));
  return "\u2588".repeat(eighths >> 3) + EIGHTHS.slice((eighths & 7) - 1, eighths & 7);
}

// src/probe/report.ts
function countsOf({ sent, total, duplicates, reordered, stray }) {
  const { waiting, received, lost, ...others } = total.counts;
  return { sent, received, lost, ...others, duplicates, reordered, stray, waiting };
}
function timesOf(times) {
  return {
    minimum: times.minimum,
    mean: times.mean,
    median: times.percentile(50),
    p90: times.percentile(90),
    p99: times.percentile(99),
    "p99.9": times.percentile(99.9),
    maximum: times.maximum,
    deviation: times.deviation,
    jitter: times.jitter
  };
}
function failuresOf({ failedByErrno }) {
  const failed = [...failedByErrno].filter(([, count]) => count > 0);
  return Object.fromEntries(failed.map(([errno, count]) => [errnoName(errno), count]));
}
function percentText(percentage) {
  return Number.isNaN(percentage) ? "-" : `${Number(percentage.toFixed(2))} %`;
}
function verdictStyle(word2) {
  return word2 === "ok" ? "good" : word2 === "partial" ? "doubtful" : "bad";
}
function explanationLines(target, settings, terminal) {
  const text = explanation(target, settings);
  if (text === "") return [];
  return terminal.interactive ? wrap(text, Math.max(20, terminal.columns - 1)) : [text];
}

// src/probe/json_report.ts
function jsonReport(set, settings, terminal) {
  const start = performance.now();
  return {
    replied(target, reply) {
      writeJson(terminal, {
        event: "reply",
        time: timeText(reply.time),
        target: target.endpoint,
        sequence: reply.sequence,
        kind: jsonWord(reply.kind),
        from: peerText2(reply.from),
        to: reply.to,
        bytes: reply.payload.length,
        rtt_ns: reply.roundTrip,
        reordered: reply.reordered,
        ...headerFields(reply)
      });
    },
    failed({ endpoint }, failure) {
      const { sequence } = failure;
      const mtu = failure.mtu || null;
      writeJson(terminal, { event: "failure", target: endpoint, sequence, ...failureFields(failure), mtu });
    },
    lost({ endpoint }, sequence) {
      writeJson(terminal, { event: "lost", target: endpoint, sequence });
    },
    finish() {
      const seconds = Math.round(performance.now() - start) / 1e3;
      const targets = set.targets.map((target) => summaryOf(target, settings));
      writeJson(terminal, { event: "summary", seconds, targets });
    }
  };
}
function writeJson(terminal, value) {
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  terminal.writeLines([JSON.stringify(value, (_, field2) => field2 ?? null).replaceAll(/[^ -~]/g, escape)]);
}
function jsonWord(text) {
  return text.replaceAll(/[ .]/g, "_");
}
function failureFields({ errno, icmp, reporter } = {}) {
  return { errno: errno && errnoName(errno), icmp: icmp && icmpMessage(icmp)[0], from: reporter && hostText(reporter) };
}
function summaryOf(target, settings) {
  const { ledger, sockets } = target;
  const { times } = ledger.total;
  const rows = histogramRows(times.frequencies(), 64);
  return {
    target: target.endpoint,
    name: target.peer.name,
    verdict: jsonWord(verdict(ledger)),
    explanation: explanation(target, settings) || null,
    ...fields(countsOf(ledger)),
    loss_percent: Math.round(ledger.total.loss * 100) / 100,
    source_ports: ledger.paths.map(({ settled, counts, loss, times: times2 }, i) => ({
      port: sockets[i].udp.port,
      settled,
      received: counts.received,
      loss_percent: Math.round(loss * 100) / 100,
      rtt_ns: times2.count === 0 ? null : fields(timesOf(times2))
    })),
    ...headerFields(target.lastReply),
    failed_by_errno: failuresOf(ledger),
    wrong_sources: ledger.wrongSources.map(peerText2),
    rtt_ns: times.count === 0 ? null : fields(timesOf(times)),
    histogram: rows.map(({ from, to, count }) => ({ from_ns: Math.round(from), to_ns: Math.round(to), count }))
  };
}
function headerFields({ hopLimit, trafficClass } = {}) {
  const known = trafficClass !== void 0;
  return { hop_limit: hopLimit, dscp: known ? trafficClass >> 2 : null, ecn: known ? trafficClass & 3 : null };
}
function fields(figures) {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [jsonWord(name), Math.round(value)]));
}
function timeText(time) {
  const seconds = TIME_ORIGIN_SECONDS + Math.floor(time / 1e9);
  const nanoseconds = time - Math.floor(time / 1e9) * 1e9;
  return `${new Date(seconds * 1e3).toISOString().slice(0, 19)}.${`${nanoseconds}`.padStart(9, "0")}Z`;
}

// src/probe/line_report.ts
var WIDTH = 80;
var UNUSUAL = ["stray", "waiting"];
function lineReport({ targets: [target] }, settings, terminal) {
  const { size, intervalMilliseconds, connected, quiet } = settings;
  const { ledger, peer, endpoint } = target;
  const title = peer.name === void 0 ? endpoint : `${peer.name} at ${endpoint}`;
  const writeEvent = (line) => terminal.writeLines([line]);
  return {
    start() {
      const pace = intervalMilliseconds === 0 ? "as fast as it answers" : `every ${formatDuration(intervalMilliseconds)}`;
      writeEvent(`probing ${title} with ${plural(size, "byte")} ${pace}${connected ? ", connected" : ""}`);
    },
    replied(_, { kind, sequence, roundTrip, reordered, payload, from, to, hopLimit, trafficClass = 0 }) {
      const altered = kind === "corrupted" || kind === "wrong source";
      const facts = [
        sequence === void 0 ? "" : `seq=${sequence}`,
        hopLimit === void 0 ? "" : `ttl=${hopLimit}`,
        trafficClass === 0 && settings.trafficClass === void 0 ? "" : trafficClassText(trafficClass),
        roundTrip === void 0 ? "" : terminal.paint("strong", `time=${formatMilliseconds(roundTrip)} ms`),
        kind === "received" ? "" : terminal.paint(altered ? "bad" : "doubtful", kind),
        reordered ? terminal.paint("doubtful", "reordered") : ""
      ];
      const bytes = plural(payload.length, "byte");
      writeEvent(`${bytes} from ${peerText2(from)} to ${to}: ${facts.filter(Boolean).join(" ")}`);
    },
    failed(_, failure) {
      const sequence = failure.sequence === void 0 ? "" : `seq=${failure.sequence} `;
      writeEvent(terminal.paint("bad", `${sequence}failed: ${failureName(failure)}`));
    },
    lost(_, sequence) {
      const timeout = formatDuration(settings.timeoutMilliseconds);
      writeEvent(terminal.paint("doubtful", `seq=${sequence} no answer within ${timeout}`));
    },
    finish() {
      const width = Math.min(terminal.interactive ? terminal.columns : WIDTH, WIDTH);
      const word2 = verdict(ledger);
      const frequencies = ledger.total.times.frequencies();
      terminal.eraseAbove(0);
      terminal.writeLines([
        ...quiet ? [] : [""],
        `${title}: ${terminal.paint(verdictStyle(word2), word2)}`,
        ...explanationLines(target, settings, terminal),
        "",
        ...summaryLines(ledger, width),
        ...pathLines(target),
        ...frequencies.length === 0 ? [] : ["", ...drawHistogram(frequencies, width, terminal)]
      ]);
    }
  };
}
function summaryLines(ledger, width) {
  const { total: { loss, times } } = ledger;
  const counts = Object.entries(countsOf(ledger)).filter(([name, count]) => count > 0 || !UNUSUAL.includes(name));
  const left = columns([...counts.map(([name, count]) => [name, `${count}`]), ["loss", percentText(loss)]]);
  const figures = times.count === 0 ? [] : Object.entries(timesOf(times));
  const right = columns(figures.map(([name, time]) => [name, `${formatMilliseconds(time)} ms`]));
  const gap = " ".repeat(6);
  const lines = right.length === 0 || `${left[0]}${gap}${right[0]}`.length > width ? [...left, "", ...right] : left.map(
  (line, i) => `${line}${right[i] === void 0 ? "" : gap + right[i].trim()}`);
  const failures = Object.entries(failuresOf(ledger)).map(([name, count]) => `${name}: ${count}`).join(", ");
  return failures === "" ? lines : [...lines, "", `  failed with ${failures}`];
}
function pathLines({ sockets, ledger: { paths } }) {
  const lines = paths.map(
    ({ counts, settled, loss, times }, i) => `  from port ${sockets[i].udp.port}: ${counts.received}/${settled} received\
, ${percentText(loss)} loss, median ${formatMilliseconds(times.percentile(50))} ms`
  );
  return lines.length === 0 ? [] : ["", ...lines];
}
function columns(entries) {
  const nameWidth = Math.max(...entries.map(([name]) => name.length));
  const valueWidth = Math.max(...entries.map(([, value]) => value.length));
  return entries.map(([name, value]) => `  ${name.padEnd(nameWidth + 2)}${value.padStart(valueWidth)}`);
}

// src/probe/statistics.ts
var DIGITS = 3;
var TimeStatistics = class {
  count = 0;
  minimum = NaN;
  maximum = NaN;
  sum = 0;
  #squares = 0;
  #differences = 0;
  #differenceSum = 0;
  rounded = /* @__PURE__ */ new Map();
  add(value) {
    this.count++;
    this.minimum = this.count === 1 ? value : Math.min(this.minimum, value);
    this.maximum = this.count === 1 ? value : Math.max(this.maximum, value);
    this.sum += value;
    if (this.count > 1) this.#squares += (value * this.count - this.sum) ** 2 / (this.count * (this.count - 1));
    const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) + 1 - DIGITS);
    const rounded = Math.ceil(value / unit) * unit;
    this.rounded.set(rounded, (this.rounded.get(rounded) ?? 0) + 1);
  }
  addConsecutive(earlier, later) {
    this.#differences++;
    this.#differenceSum += Math.abs(later - earlier);
  }
  get mean() {
    return this.sum / this.count;
  }
  get deviation() {
    return this.count < 2 ? NaN : Math.sqrt(this.#squares / (this.count - 1));
  }
  get jitter() {
    return this.#differenceSum / this.#differences;
  }
  percentile(rank) {
    let missing = Math.max(1, Math.ceil(this.count * rank / 100));
    for (const [value, count] of this.frequencies()) {
      missing -= count;
      if (missing <= 0) return Math.min(value, this.maximum);
    }
    return NaN;
  }
  frequencies() {
    return [...this.rounded].sort(([a], [b]) => a - b);
  }
};

// src/probe/tally.ts
var OUTCOMES = ["waiting", "received", "late", "wrong source", "corrupted", "failed", "lost"];
var Tally = class {
  counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  get settled() {
    return OUTCOMES.reduce((sum2, outcome) => sum2 + this.counts[outcome], -this.counts.waiting);
  }
  get loss() {
    const { lost, late, failed } = this.counts;
    return (lost + late + failed) / this.settled * 100;
  }
};
var Account = class extends Tally {
  first = new Tally();
  times = new TimeStatistics();
  unanswered = 0;
};

// src/probe/metrics.ts
var BOUNDS = [1e-4, 25e-5, 5e-4, 1e-3, 25e-4, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
function probeMetrics(targets) {
  const ofEach = (samplesOf) => targets.values().flatMap((target) => samplesOf(target, labelsOf(target)));
  const ofPaths = (samplesOf) => ofEach(({ sockets, ledger }, labels) => {
    const pathLabels = sockets.map(({ udp }) => ({ ...labels, source_port: udp.port }));
    return ledger.paths.flatMap((account, i) => samplesOf(account, pathLabels[i]));
  });
  const requests = ofEach(({ ledger }, labels) => outcomeSamples(ledger.total, labels));
  const roundTrips = ofEach(({ ledger }, labels) => timeSamples(ledger.total.times, labels));
  const verdicts = ofEach(({ ledger }, labels) => {
    const word2 = ledger.recent.settled === 0 ? "" : jsonWord(verdict(ledger));
    return stateSamples("echo_probe_verdict", labels, VERDICTS.map(jsonWord), word2);
  });
  const ages = ofEach(
    ({ ledger: { goodAt } }, labels) => goodAt === void 0 ? [] : [{ labels, value: (performance.now() - goodAt) / 1e3 }]
  );
  const metrics = [
    metric("echo_probe_requests", "counter", "Requests by what became of them within the time-out.", requests),
    metric("echo_probe_round_trip_seconds", "histogram", "Round-trip times.", roundTrips),
    metric("echo_probe_verdict", "stateset", "Verdict on the last requests.", verdicts),
    metric("echo_probe_good_answer_age_seconds", "gauge", "Time since the last good answer.", ages)
  ];
  if (targets.every(({ ledger }) => ledger.paths.length === 0)) return metrics;
  const pathRequests = ofPaths(outcomeSamples);
  const pathSums = ofPaths(({ times }, labels) => [{ labels, value: times.sum / 1e9 }]);
  return [
    ...metrics,
    metric("echo_probe_path_requests", "counter", "Requests by source port.", pathRequests),
    metric("echo_probe_path_round_trip_seconds", "counter", "Sum of round-trip times by source port.", pathSums)
  ];
}
function timeSamples({ rounded, sum: sum2 }, labels) {
  const buckets = new Uint32Array(BOUNDS.length + 1);
  for (const [nanoseconds, count] of rounded) {
    const bucket = BOUNDS.filter((bound) => nanoseconds / 1e9 > bound).length;
    buckets[bucket] += count;
  }
  return histogramSamples(labels, BOUNDS, buckets, sum2 / 1e9);
}
function labelsOf({ endpoint, peer: { name, labels } }) {
  return { target: endpoint, ...name === void 0 ? {} : { name }, ...labels };
}
function outcomeSamples({ first }, labels) {
  return OUTCOMES.slice(1).map((outcome) => ({
    labels: { ...labels, outcome: jsonWord(outcome) },
    value: first.counts[outcome]
  }));
}

// src/probe/mtu_search.ts
var SMALL_SIZE = 16;
var ATTEMPTS = 3;
var PATIENCE_ROUND_TRIPS = 10;
var PATIENCE_MILLISECONDS = 100;
async function searchMtu(targets, prober, timeoutMilliseconds, observer, isStopped) {
  const tryPayload = async (target, size) => {
    const { ledger } = target;
    const first = ledger.sent + 1;
    let limit = { outcome: "lost" };
    let isKnown = false;
    target.observer = {
      replied(_, { sequence = 0, kind, fragmentSize }) {
        if (isKnown || sequence < first) return;
        isKnown = true;
        if (kind === "corrupted") limit = { outcome: kind };
        else limit = fragmentSize === 0 ? void 0 : { outcome: "fragmented", fragmentSize };
      },
      failed(_, failure) {
        if (isKnown || failure.sequence === void 0 || failure.sequence < first) return;
        isKnown = failure.icmp === void 0;
        limit = { outcome: "failed", failure };
      }
    };
    const longest = ledger.total.times.maximum / 1e6 * PATIENCE_ROUND_TRIPS || timeoutMilliseconds;
    const patience = Math.min(timeoutMilliseconds, Math.max(PATIENCE_MILLISECONDS, longest));
    for (let attempt = 1; attempt <= ATTEMPTS && !isKnown && !isStopped(); attempt++) {
      const { sequence } = prober.send(target, size);
      const end = performance.now() + patience;
      const isReported = () => attempt < ATTEMPTS && limit?.failure?.sequence === sequence;
      while (!isKnown && !isStopped() && !isReported() && performance.now() < end) await prober.step(end);
    }
    if (!isStopped()) observer.tried(target, size, limit);
    return limit;
  };
  let ok = true;
  for (const target of targets) {
    const most = isIPv4(target.peer.bytes) ? SIZE_MAX_IPV4 : SIZE_MAX;
    let passes = SMALL_SIZE;
    let limit = await tryPayload(target, passes);
    const answers = limit === void 0;
    let fails = answers ? most + 1 : passes;
    for (let size = most; fails - passes > 1 && !isStopped(); size = passes + fails >> 1) {
      const result2 = await tryPayload(target, size);
      if (result2 === void 0) passes = size;
      else [fails, limit] = [size, result2];
    }
    if (isStopped()) return false;
    if (answers) observer.found(target, passes, limit);
    else observer.found(target);
    ok = ok && answers && target.ledger.wrongSources.length === 0;
  }
  return ok;
}

// src/probe/mtu_report.ts
function mtuReport(settings, terminal) {
  return {
    tried({ endpoint }, size, limit) {
      const refusedHere = limit?.failure !== void 0 && limit.failure.icmp === void 0;
      if (settings.quiet || settings.json || refusedHere) return;
      const what = limit === void 0 ? "comes back" : limitText(limit);
      terminal.writeLines([terminal.paint("faint", `${endpoint}: ${size} bytes: ${what}`)]);
    },
    found(target, size, limit) {
      const { peer, endpoint, ledger, sockets: [socket2] } = target;
      const faulty = size === void 0 || ledger.wrongSources.length > 0;
      const word2 = faulty ? verdict(ledger) : "ok";
      const sentence = faulty ? explanation(target, { ...settings, size: SMALL_SIZE }) : null;
      const packet = size && size + headerSize(peer);
      if (settings.json) {
        writeJson(terminal, {
          event: "mtu",
          target: endpoint,
          payload: size,
          packet,
          way_back_proved: size !== void 0 && socket2.tellsFragments,
          verdict: jsonWord(word2),
          larger: limit?.outcome,
          ...failureFields(limit?.failure),
          explanation: sentence
        });
      } else if (size !== void 0) {
        const bytes = terminal.paint("strong", `${size} bytes`);
        const way = socket2.tellsFragments ? "there and back" : "there (this kernel does not tell of the way back)";
        const larger = limit === void 0 ? "no datagram is larger" : `larger: ${limitText(limit)}`;
        const facts = `pass unfragmented ${way}, in packets of ${packet} bytes; ${larger}`;
        terminal.writeLines([`${endpoint}: ${bytes} ${facts}`]);
      }
      if (sentence === null || settings.json) return;
      terminal.writeLines([`${endpoint}: ${terminal.paint("bad", word2)}`, sentence]);
    }
  };
}
function limitText({ outcome, failure, fragmentSize }) {
  if (outcome === "corrupted") return "comes back altered";
  if (outcome === "fragmented") return `comes back in fragments of up to ${fragmentSize} bytes`;
  if (failure === void 0) return "no answer";
  const mtu = failure.mtu ? ` (MTU ${failure.mtu})` : "";
  return failure.errno === EMSGSIZE && failure.icmp === void 0 ? `this host's interface takes no more${mtu}` : failureName(
  failure) + mtu;
}

// src/probe/pacing.ts
var LINGER_MILLISECONDS = 10;
var FAILURE_MILLISECONDS = 200;
var SEND_MILLISECONDS = 5;
var Schedule = class {
  #settings;
  #targets = [];
  #next = 0;
  constructor(settings) {
    this.#settings = settings;
  }
  setTargets(targets) {
    const { intervalMilliseconds: interval, watch } = this.#settings;
    const start = performance.now() - interval;
    targets.forEach((target, i) => {
      if (target.lastDue === -Infinity) target.lastDue = start + (watch ? interval * i / targets.length : 0);
    });
    this.#targets = [...targets].sort((a, b) => a.lastDue - b.lastDue);
    this.#next = 0;
  }
  sendDue(prober) {
    const { intervalMilliseconds: interval, size } = this.#settings;
    const end = performance.now() + SEND_MILLISECONDS;
    for (let visited = 0; visited < this.#targets.length; visited++) {
      const target = this.#targets[this.#next];
      const now = performance.now();
      const due = this.#dueAt(target);
      if (interval > 0 && due > now) return due;
      if (now > end) return now;
      if (due <= now) {
        prober.send(target, size);
        target.lastDue = Math.max(due, now - interval);
      }
      this.#next = (this.#next + 1) % this.#targets.length;
    }
    return Math.min(...this.#targets.map((target) => this.#dueAt(target)));
  }
  #dueAt({ lastDue, ledger }) {
    const { count, watch, intervalMilliseconds: interval } = this.#settings;
    if (ledger.sent >= count && !watch) return Infinity;
    if (interval > 0) return lastDue + interval;
    if (ledger.total.counts.waiting > 0) return Infinity;
    return lastDue + (ledger.newest?.outcome === "failed" ? FAILURE_MILLISECONDS : 0);
  }
};
function lingerMilliseconds(targets, timeoutMilliseconds) {
  const slowest = targets.map(({ ledger: { lastLate, total } }) => Math.max(lastLate, total.times.maximum || 0));
  return Math.min(timeoutMilliseconds, Math.max(LINGER_MILLISECONDS, Math.max(...slowest) / 1e6));
}

// src/probe/prober.ts
var RECEIVE_MILLISECONDS = 10;
var FLOOD_MILLISECONDS = 1e3;
var Prober = class {
  #set;
  #sent = [];
  #head = 0;
  #drainedAt = -Infinity;
  #floodMilliseconds = 0;
  #lastTurn = -Infinity;
  turnMilliseconds = 100;
  constructor(set) {
    this.#set = set;
  }
  send(target, size) {
    const request2 = target.send(size);
    this.#sent.push({ target, request: request2 });
    return request2;
  }
  get deadline() {
    while (this.#head < this.#sent.length && this.#sent[this.#head].request.outcome !== "waiting") this.#head++;
    if (this.#head * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#head);
      this.#head = 0;
    }
    return this.#sent[this.#head]?.request.deadline ?? Infinity;
  }
  async step(until) {
    const now = performance.now();
    const { poll: poll2, sockets } = this.#set;
    const ready = poll2.wait(Math.max(0, Math.min(until - now, this.turnMilliseconds)));
    const start = performance.now();
    let drained = true;
    for (let i = 0; i < sockets.length && ready > 0; i++) {
      if (poll2.events(i) !== 0) drained = sockets[i].receive(start + RECEIVE_MILLISECONDS) && drained;
    }
    const end = performance.now();
    if (drained) this.#drainedAt = now;
    this.#floodMilliseconds = drained ? 0 : this.#floodMilliseconds + end - start;
    const over = this.#floodMilliseconds < FLOOD_MILLISECONDS ? this.#drainedAt : now - FLOOD_MILLISECONDS;
    while (this.deadline <= over) {
      const { target, request: request2 } = this.#sent[this.#head];
      target.giveUp(request2);
    }
    if (ready === -EINTR || end - this.#lastTurn >= this.turnMilliseconds) {
      await (ready === -EINTR ? handleSignal() : yieldToEventLoop(this.turnMilliseconds > 0 ? SIGNAL_TURNS : 1));
      this.#lastTurn = performance.now();
    }
  }
};

// src/probe/table_report.ts
var REDRAW_MILLISECONDS = 50;
var HEADING = ["target", "verdict     ", "received", "loss", "minimum", "median", "p99"];
var COLUMNS_MIN = 3;
var COLUMNS_BEFORE_TIMES = 4;
function tableReport(set, settings, terminal) {
  let drawnAt = -Infinity;
  let drawn = [];
  const draw = (rows) => {
    terminal.eraseAbove(drawn.flatMap((row) => row.split("\n")).length);
    terminal.writeLines(rows);
    drawn = rows;
  };
  return {
    progress() {
      const now = performance.now();
      if (!terminal.interactive || now - drawnAt < REDRAW_MILLISECONDS) return;
      drawnAt = now;
      const rows = fitScreen(set.targets.map((target) => rowOf(target, false)), terminal);
      if (rows.join() !== drawn.join()) draw(rows);
    },
    finish() {
      draw(layOut(set.targets.map((target) => rowOf(target, true)), terminal));
      const explanations = set.targets.map((target) => explanationLines(target, settings, terminal));
      const given = explanations.filter((lines) => lines.length > 0);
      const blank = (i) => i === 0 || terminal.interactive ? [""] : [];
      terminal.writeLines(given.flatMap((lines, i) => [...blank(i), ...lines]));
    }
  };
}
function rowOf({ peer, endpoint, ledger }, final) {
  const { counts, settled, loss, times } = ledger.total;
  return [
    peer.name === void 0 ? endpoint : `${peer.name} ${endpoint}`,
    settled === 0 && !final ? "waiting" : verdict(ledger),
    `${counts.received}/${settled}`,
    percentText(loss),
    ...[times.minimum, times.percentile(50), times.percentile(99)].map(formatMilliseconds)
  ];
}
function fitScreen(rows, terminal) {
  const [heading, ...drawn] = layOut(rows, terminal);
  const rowHeight = heading.split("\n").length;
  const room = terminal.rows - 1;
  if ((rows.length + 1) * rowHeight <= room) return [heading, ...drawn];
  const rank = ([, word2]) => word2 === "ok" ? 2 : word2 === "waiting" ? 1 : 0;
  const order = rows.map((_, i) => i).sort((a, b) => rank(rows[a]) - rank(rows[b]));
  const shown = Math.max(1, Math.floor((room - 1) / rowHeight) - 1);
  const words = Map.groupBy(order.slice(shown), (i) => rows[i][1]);
  const rest = `and ${rows.length - shown} more: ${[...words].map(([word2, of]) => `${of.length} ${word2}`).join(", ")}`;
  const first = order.slice(0, shown).map((i) => drawn[i]);
  return [heading, ...first, terminal.paint("faint", rest.slice(0, terminal.columns))];
}
function layOut(rows, terminal) {
  const widths = HEADING.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
  const widthOf = (count2) => widths.slice(0, count2).reduce((sum2, width) => sum2 + width + 2, -2);
  const room = terminal.interactive ? terminal.columns : Infinity;
  let count = HEADING.length;
  while (count > COLUMNS_MIN && widthOf(count) + " ms".length > room) count--;
  const fits = widthOf(count) <= room;
  const lineOf = ([target = "", word2 = "", ...figures], painted) => {
    const cells = figures.slice(0, count - 2).map((cell, i) => cell.padStart(widths[i + 2]));
    const first = fits ? target.padEnd(widths[0]) : `${target.slice(0, room)}
`;
    return [first, painted.padEnd(painted.length + widths[1] - word2.length), ...cells].join("  ");
  };
  const drawn = rows.map((row) => {
    const [, word2 = "", , , minimum] = row;
    const painted = terminal.paint(word2 === "waiting" ? "faint" : verdictStyle(word2), word2);
    return lineOf(row, painted) + (count > COLUMNS_BEFORE_TIMES && minimum !== "-" ? " ms" : "");
  });
  return [terminal.paint("faint", lineOf(HEADING, HEADING[1])), ...drawn];
}

// src/probe/target_file.ts
var RESERVED = ["target", "name", "outcome", "verdict", "source_port", "le"];
async function readTargetFile(path, settings) {
  const { readFileSync } = await import("node:fs");
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { name, errno = -EACCES } = error;
    const reason = name === "NotCapable" ? `Deno does not allow it; start it with the permission: --allow-read=${path}` :
    errnoMessage(-errno);
    throw new SystemError("open", -errno, `cannot read the targets in ${quote(path)}: ${reason}`);
  }
  const targets = text.split(/\r?\n/).flatMap((line, i) => {
    const labels = {};
    let target;
    for (const { 0: word2, index } of line.replace(/#.*/, "").matchAll(/\S+/g)) {
      const place = `${path}:${i + 1}:${index + 1}: `;
      try {
        if (target === void 0) target = { ...parseTarget(word2, settings.port, settings.family), labels, place };
        else addLabel(labels, word2);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new UsageError(`${place}${error.message}`);
      }
    }
    return target === void 0 ? [] : [target];
  });
  if (targets.length === 0) throw new UsageError(`${path} has no targets: give one a line, as 192.0.2.10:9000`);
  return targets;
}
function addLabel(labels, word2) {
  const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.+)$/.exec(word2) ?? [];
  if (name === void 0 || value === void 0 || name.startsWith("__")) {
    throw new UsageError(`${quote(word2)} is no label: give NAME=VALUE, the name in letters, digits and _`);
  }
  if (RESERVED.includes(name)) throw new UsageError(`every target has a label ${name} already: give another name`);
  if (Object.hasOwn(labels, name)) throw new UsageError(`the label ${name} is there twice: leave one out`);
  labels[name] = value;
}

// ffi/poll_set.ts
var PollSet = class {
  #count;
  #memory;
  #timeAt;
  #time;
  constructor(descriptors, events) {
    this.#count = descriptors.length;
    this.#timeAt = descriptors.length * pollfd.size;
    this.#memory = new Memory(this.#timeAt + timespec.size);
    this.#time = this.#memory.pointer(this.#timeAt);
    descriptors.forEach((fd, i) => {
      this.#memory.i32[i * pollfd.size + pollfd.fd >> 2] = fd;
      this.#memory.u16[i * pollfd.size + pollfd.events >> 1] = events;
    });
  }
  wait(milliseconds) {
    const { i32 } = this.#memory;
    const nanoseconds = Math.max(0, Math.ceil(milliseconds * 1e6));
    i32[this.#timeAt + timespec.tv_sec >> 2] = Math.floor(nanoseconds / 1e9);
    i32[this.#timeAt + timespec.tv_nsec >> 2] = nanoseconds % 1e9;
    return result(lazyLibc().ppoll(this.#memory.pointer(0), this.#count, this.#time, null));
  }
  events(i) {
    return this.#memory.u16[i * pollfd.size + pollfd.revents >> 1];
  }
};

// src/socket/error_queue.ts
var CAPACITY = 8;
var QUOTED_MAX = 64;
var ErrorQueue = class {
  #batches = {};
  receive(socket2) {
    const fd = descriptorOf("recvmmsg", socket2);
    const { domain } = socket2;
    const batch = this.#batches[domain] ??= new MessageBatch(domain, CAPACITY);
    const messages = messagesOf("recvmmsg", batch);
    const entries = [];
    do {
      messages.receive(fd, MSG_ERRQUEUE | MSG_DONTWAIT);
      for (let i = 0; i < batch.count; i++) {
        const entry = decode3(batch, messages, i);
        if (entry !== void 0) entries.push(entry);
      }
    } while (batch.count === CAPACITY);
    return entries;
  }
};
function decode3(batch, messages, i) {
  const { bytes, i32 } = messages.headers;
  const error = messages.get(i, field.extendedError);
  if (error < 0) return void 0;
  const origin = bytes[error + sock_extended_err.ee_origin];
  if (origin === SO_EE_ORIGIN_TIMESTAMPING) {
    const [time, nanoseconds] = [batch.arrival(i), batch.arrivalNanoseconds(i)];
    if (time === void 0 || nanoseconds === void 0) return void 0;
    return { kind: "departure", index: i32[error + sock_extended_err.ee_data >> 2] >>> 0, time, nanoseconds };
  }
  const version = origin === SO_EE_ORIGIN_ICMP ? 4 : origin === SO_EE_ORIGIN_ICMP6 ? 6 : void 0;
  const type = bytes[error + sock_extended_err.ee_type];
  const code = bytes[error + sock_extended_err.ee_code];
  const reporter = error + sock_extended_err.size;
  const reporterEnd = reporter + socketAddressSize(messages.family);
  const reported = version !== void 0 && bytes[reporter] === messages.family;
  return {
    kind: "error",
    errno: i32[error + sock_extended_err.ee_errno >> 2],
    icmp: version === void 0 ? void 0 : { version, type, code },
    peer: batch.peerPort(i) === 0 ? void 0 : batch.peer(i),
    reporter: reported ? readSocketAddress(bytes.subarray(reporter, reporterEnd)) : void 0,
    mtu: i32[error + sock_extended_err.ee_info >> 2] >>> 0,
    quoted: batch.payload(i).slice(0, QUOTED_MAX)
  };
}

// src/probe/payload.ts
var RECOGNIZABLE_SIZE = 16;
var SEQUENCE_SIZE = 4;
var MAGIC = 1869112165;
var HEADER_WORDS = 3;
function probePayload(session, sequence, size) {
  const words = new Int32Array(Math.ceil(Math.max(RECOGNIZABLE_SIZE, size) / 4));
  words.set([sequence, session, MAGIC]);
  const seed = session ^ Math.imul(sequence, 2654435761) ^ Math.imul(size, 3266489909);
  let state = Math.imul(seed, 2246822507) || 1;
  for (let word2 = HEADER_WORDS; word2 < words.length; word2++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[word2] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}
function agreement(a, b) {
  const length = Math.min(a.length, b.length);
  let equal = 0;
  for (let i = 0; i < length; i++) if (a[i] === b[i]) equal++;
  return equal;
}
function namedSequence(payload, newest2) {
  const size = Math.min(payload.length, SEQUENCE_SIZE);
  if (size === 0) return void 0;
  let low = 0;
  for (let i = size - 1; i >= 0; i--) low = low * 256 + payload[i];
  const span = 256 ** size;
  const sequence = newest2 - (newest2 - low % span + span) % span;
  return sequence < 1 ? void 0 : sequence;
}
function namedSession(payload) {
  return payload.length < SEQUENCE_SIZE + 4 ? void 0 : readInt32(payload, SEQUENCE_SIZE);
}
function isProbePayload(payload) {
  if (payload.length < RECOGNIZABLE_SIZE) return false;
  const whole = probePayload(readInt32(payload, SEQUENCE_SIZE), readInt32(payload, 0), payload.length);
  return agreement(payload, whole) === payload.length;
}
function readInt32(bytes, at) {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}

// src/probe/probe_socket.ts
var TIMESTAMPS = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
SOF_TIMESTAMPING_OPT_TSONLY;
var SEND_ATTEMPTS = 4;
var DEPARTURES_MAX = 1024;
var BATCH_CAPACITY2 = 16;
var RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
var ProbeSocket = class {
  udp;
  tellsFragments;
  members = /* @__PURE__ */ new Map();
  #shared;
  #clock = new Clock(CLOCK_REALTIME);
  #outgoing;
  #incoming;
  #connects;
  #departing = [];
  #nextNumber = 0;
  constructor(family, shared) {
    const { settings, source, batches } = shared;
    this.udp = BatchSocket.bind({ port: 0, address: source, family, receiveBuffer: RECEIVE_BUFFER_BYTES });
    this.tellsFragments = setOptions(this.udp, settings);
    this.#shared = shared;
    this.#outgoing = this.udp.batch(1);
    this.#incoming = batches[family] ??= this.udp.batch(BATCH_CAPACITY2);
    this.#connects = settings.connected;
  }
  add(target) {
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(new Uint8Array(), { to: target.peer, from: this.#shared.source });
    this.members.set(target.session, { target, path: outgoing.path(0) });
  }
  send(target, request2, payload) {
    const { udp } = this;
    const outgoing = this.#outgoing;
    outgoing.clear();
    outgoing.add(payload, this.members.get(target.session).path);
    for (let attempt = 1; ; attempt++) {
      const number = this.#nextNumber++;
      this.#departing[number % DEPARTURES_MAX] = { number, request: request2 };
      request2.sentAt = Math.max(request2.sentAt, this.#now());
      const errno = this.#connectError(target.peer) || (udp.send(outgoing) === 1 ? 0 : udp.lastError);
      const reports = this.#receiveErrors().filter((report) => report.errno === errno);
      if (errno === 0) return void 0;
      this.#departing.length = 0;
      this.#nextNumber = 0;
      setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
      setsockopt(udp.fd, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
      const again = attempt < SEND_ATTEMPTS && reports.some(({ icmp }) => icmp !== void 0);
      if (!again) return reports.find(({ icmp }) => icmp === void 0) ?? { errno };
    }
  }
  #connectError(peer) {
    try {
      if (this.#connects) this.udp.connect(peer);
      this.#connects = false;
      return 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return error.errno;
    }
  }
  #receiveErrors() {
    const reports = [];
    for (const entry of this.#shared.errors.receive(this.udp)) {
      if (entry.kind === "departure") {
        const sent = this.#departing[entry.index % DEPARTURES_MAX];
        const time = wallTimeOf(entry.nanoseconds);
        if (sent?.number === entry.index) sent.request.sentAt = Math.max(sent.request.sentAt, time);
      } else {
        reports.push(entry);
        if (entry.icmp !== void 0) this.#targetOf(entry.quoted, entry.peer)?.reported(entry);
      }
    }
    return reports;
  }
  receive(end) {
    const batch = this.#incoming;
    do {
      this.#receiveErrors();
      const received = this.udp.receive(batch, false);
      for (let i = 0; i < received; i++) {
        const arrival = batch.arrivalNanoseconds(i);
        const time = arrival === void 0 ? this.#now() : wallTimeOf(arrival);
        this.#targetOf(batch.payload(i), batch.peer(i))?.arrived(batch, i, time);
      }
      if (received === -EAGAIN || received >= 0 && received < batch.capacity) return true;
    } while (performance.now() < end);
    return false;
  }
  #now() {
    this.#clock.read();
    return wallTime(this.#clock.seconds, this.#clock.nanoseconds);
  }
  #targetOf(payload, peer) {
    const isAsked = ({ path }) => this.members.size === 1 || path.peer.address === peer?.address && path.peer.port === peer.
    port;
    return (this.members.get(namedSession(payload)) ?? this.members.values().find(isAsked))?.target;
  }
};
function setOptions(socket2, { ttl, trafficClass, interfaceName: interfaceName2, dontFragment }) {
  const ipv6 = socket2.domain === AF_INET6;
  const level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const set = (nameIPv4, nameIPv6, value) => socket2.setOption(level, ipv6 ? nameIPv6 : nameIPv4, value);
  if (socket2.notices.length === 0) socket2.setOption(IPPROTO_UDP, UDP_GRO, 0);
  set(IP_RECVERR, IPV6_RECVERR, 1);
  set(IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
  set(IP_RECVTOS, IPV6_RECVTCLASS, 1);
  setsockopt(socket2.fd, SOL_SOCKET, SO_TIMESTAMPING, TIMESTAMPS);
  if (ttl !== void 0) set(IP_TTL, IPV6_UNICAST_HOPS, ttl);
  if (trafficClass !== void 0) set(IP_TOS, IPV6_TCLASS, trafficClass);
  if (dontFragment) set(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (interfaceName2 !== void 0) {
    const index = new DataView(new Uint32Array([requireInterface(interfaceName2)]).buffer).getInt32(0);
    set(IP_UNICAST_IF, IPV6_UNICAST_IF, index);
  }
  return setsockopt(socket2.fd, level, ipv6 ? IPV6_RECVFRAGSIZE : IP_RECVFRAGSIZE, 1) === 0;
}

// src/probe/ledger.ts
var MEMORY_TIMEOUTS = 10;
var MEMORY_REQUESTS = 1e5;
var CLOCK_TOLERANCE = 1e6;
var WRONG_SOURCES_MAX = 8;
var RequestLedger = class {
  sent = 0;
  total = new Account();
  recent;
  paths;
  failedByErrno = /* @__PURE__ */ new Map();
  duplicates = 0;
  reordered = 0;
  stray = 0;
  wrongSources = [];
  lastLate = 0;
  corruptedSize = 0;
  lastFailure;
  newest;
  goodAt;
  #target;
  #session;
  #settings;
  #requests = /* @__PURE__ */ new Map();
  #window = [];
  #oldest = 1;
  #newestAnswered = 0;
  constructor(target, session, settings, sourcePorts) {
    this.#target = target;
    this.#session = session;
    this.#settings = settings;
    this.recent = settings.watch && settings.count < Infinity ? new Tally() : this.total;
    this.paths = sourcePorts === 1 ? [] : Array.from({ length: sourcePorts }, () => new Account());
  }
  open(size) {
    const now = performance.now();
    this.#forget(now);
    const sequence = ++this.sent;
    const path = this.paths[(sequence - 1) % this.paths.length];
    const accounts = path === void 0 ? [this.total] : [this.total, path];
    const request2 = {
      sequence,
      size,
      sentAt: -Infinity,
      sentMilliseconds: now,
      deadline: now + this.#settings.timeoutMilliseconds,
      outcome: "waiting",
      errno: 0,
      roundTrip: void 0,
      accounts,
      tallies: [...accounts]
    };
    this.#count(request2, 1);
    this.#requests.set(sequence, request2);
    return this.newest = request2;
  }
  payloadOf({ sequence, size }) {
    return probePayload(this.#session, sequence, size);
  }
  answered({ payload, from, time }) {
    const named = this.named(payload) ?? (payload.length === 0 ? this.#requests.get(this.sent) : void 0);
    const equal = named === void 0 ? 0 : agreement(payload, this.payloadOf(named));
    const intact = payload.length === named?.size && equal === payload.length;
    const resembled = named !== void 0 && equal > 0 && equal * 2 >= Math.min(payload.length, named.size);
    const fromTarget = isSamePeer(from, this.#target);
    const request2 = intact || resembled ? named : fromTarget ? this.#oldestWaiting() : void 0;
    if (request2 === void 0 || !intact && isProbePayload(payload)) {
      this.stray++;
      return { kind: "stray", sequence: void 0, roundTrip: void 0, reordered: false };
    }
    const { sequence } = request2;
    if (hasAnswer(request2)) {
      this.duplicates++;
      return { kind: "duplicate", sequence, roundTrip: void 0, reordered: false };
    }
    if (!intact) {
      this.corruptedSize = payload.length;
      this.#settle(request2, "corrupted");
      return { kind: "corrupted", sequence, roundTrip: void 0, reordered: false };
    }
    const roundTrip = this.#roundTrip(request2, time);
    const inTime = roundTrip <= this.#settings.timeoutMilliseconds * 1e6;
    const kind = !fromTarget ? "wrong source" : inTime ? "received" : "late";
    const reordered = sequence < this.#newestAnswered;
    if (reordered) this.reordered++;
    else this.#newestAnswered = sequence;
    this.#settle(request2, kind);
    if (kind === "late") this.lastLate = roundTrip;
    else this.#countTime(request2, roundTrip);
    if (kind === "received") this.goodAt = performance.now();
    const isNew = !this.wrongSources.some((peer) => isSamePeer(peer, from));
    if (kind === "wrong source" && isNew && this.wrongSources.length < WRONG_SOURCES_MAX) this.wrongSources.push(from);
    return { kind, sequence, roundTrip, reordered };
  }
  named(payload) {
    this.#forget(performance.now());
    const sequence = namedSequence(payload, this.sent);
    return sequence === void 0 ? this.#oldestWaiting() : this.#requests.get(sequence);
  }
  failed(request2, error) {
    const isOver = request2 === void 0 || hasAnswer(request2) || request2.outcome === "failed";
    if (isOver) return { ...error, sequence: void 0 };
    this.#settle(request2, "failed", error.errno);
    return this.lastFailure = { ...error, sequence: request2.sequence };
  }
  lost(request2) {
    this.#settle(request2, "lost");
  }
  #forget(now) {
    for (const request2 of this.#requests.values()) {
      const old = request2.sentMilliseconds + this.#settings.timeoutMilliseconds * MEMORY_TIMEOUTS <= now;
      if (request2.outcome === "waiting" || !old && this.#requests.size <= MEMORY_REQUESTS) break;
      this.#requests.delete(request2.sequence);
    }
  }
  #oldestWaiting() {
    while (this.#oldest <= this.sent && this.#requests.get(this.#oldest)?.outcome !== "waiting") this.#oldest++;
    return this.#requests.get(this.#oldest);
  }
  #roundTrip(request2, time) {
    const roundTrip = time - request2.sentAt;
    const elapsed = (performance.now() - request2.sentMilliseconds) * 1e6;
    return roundTrip >= 0 && roundTrip <= elapsed + CLOCK_TOLERANCE ? roundTrip : Math.round(elapsed);
  }
  #countTime(request2, roundTrip) {
    request2.roundTrip = roundTrip;
    for (const { times } of request2.accounts) times.add(roundTrip);
    const before = this.#requests.get(request2.sequence - 1)?.roundTrip;
    const after = this.#requests.get(request2.sequence + 1)?.roundTrip;
    if (before !== void 0) this.total.times.addConsecutive(before, roundTrip);
    if (after !== void 0) this.total.times.addConsecutive(roundTrip, after);
  }
  #settle(request2, outcome, errno = 0) {
    const first = request2.outcome === "waiting";
    for (const account of request2.accounts) {
      if (first) account.first.counts[outcome]++;
      account.unanswered = outcome === "received" ? 0 : account.unanswered + Number(first);
    }
    this.#count(request2, -1);
    if (first && this.recent !== this.total) this.#enterWindow(request2);
    request2.outcome = outcome;
    request2.errno = errno;
    this.#count(request2, 1);
  }
  #enterWindow(request2) {
    request2.tallies.push(this.recent);
    this.#window.push(request2);
    if (this.#window.length <= this.#settings.count) return;
    const oldest = this.#window.shift();
    oldest.tallies.pop();
    this.recent.counts[oldest.outcome]--;
    if (this.recent.counts["wrong source"] === 0) this.wrongSources.length = 0;
  }
  #count({ outcome, errno, tallies }, change2) {
    for (const { counts } of tallies) counts[outcome] += change2;
    if (outcome === "failed") this.failedByErrno.set(errno, (this.failedByErrno.get(errno) ?? 0) + change2);
  }
};
function hasAnswer({ outcome }) {
  return outcome !== "waiting" && outcome !== "lost" && outcome !== "failed";
}

// src/probe/target.ts
var ProbeTarget = class {
  peer;
  endpoint;
  session;
  ledger;
  sockets;
  lastReply;
  observer = {};
  lastDue = -Infinity;
  constructor(peer, session, sockets, settings) {
    this.peer = peer;
    this.endpoint = peerText2(peer);
    this.session = session;
    this.ledger = new RequestLedger(peer, session, settings, sockets.length);
    this.sockets = sockets;
    for (const socket2 of sockets) socket2.add(this);
  }
  send(size) {
    const request2 = this.ledger.open(size);
    const socket2 = this.sockets[(request2.sequence - 1) % this.sockets.length];
    const error = socket2 === void 0 ? { errno: EAFNOSUPPORT } : socket2.send(this, request2, this.ledger.payloadOf(request2));
    if (error !== void 0) this.#fail(request2, error);
    return request2;
  }
  reported(report) {
    this.#fail(this.ledger.named(report.quoted), report);
  }
  arrived(batch, i, time) {
    const arrival = {
      payload: batch.payload(i),
      from: peerOf(batch, i),
      to: printable(batch.localAddress(i)),
      time,
      fragmentSize: batch.fragmentSize(i),
      hopLimit: batch.hopLimit(i),
      trafficClass: batch.trafficClass(i)
    };
    this.lastReply = { ...arrival, ...this.ledger.answered(arrival) };
    this.observer.replied?.(this, this.lastReply);
  }
  giveUp(request2) {
    this.ledger.lost(request2);
    this.observer.lost?.(this, request2.sequence);
  }
  close() {
    this.observer = {};
    for (const { members } of this.sockets) members.delete(this.session);
  }
  #fail(request2, error) {
    const failure = this.ledger.failed(request2, error);
    this.observer.failed?.(this, failure);
  }
};

// src/probe/target_set.ts
var SOCKET_TARGETS = 256;
var SESSION_STEP = 2654435761;
var TargetSet = class {
  targets = [];
  sockets = [];
  poll = new PollSet([], POLLIN);
  #shared;
  #groups = [];
  #session = crypto.getRandomValues(new Int32Array(1))[0];
  constructor(settings, source) {
    this.#shared = { settings, source: source && exactHostText(source), errors: new ErrorQueue(), batches: {} };
  }
  replace(peers) {
    const before = this.targets;
    const known = new Map(before.map((target) => [target.peer.key, target]));
    const made = [];
    try {
      for (const peer of peers) made.push(known.get(peer.key) ?? this.#make(peer));
      made.forEach((target, i) => target.peer = peers[i]);
      this.targets = made;
    } finally {
      const used = new Set(this.targets);
      for (const target of [...before, ...made]) if (!used.has(target)) target.close();
      for (const socket2 of this.#groups.flat()) if (socket2.members.size === 0) socket2.udp.close();
      this.#groups = this.#groups.filter(([socket2]) => socket2 !== void 0 && socket2.members.size > 0);
      this.sockets = this.#groups.flat();
      this.poll = new PollSet(this.sockets.map(({ udp }) => udp.fd), POLLIN);
    }
  }
  #make(peer) {
    this.#session = this.#session + SESSION_STEP | 0;
    return new ProbeTarget(peer, this.#session, this.#groupFor(isIPv4(peer.bytes) ? 4 : 6), this.#shared.settings);
  }
  #groupFor(family) {
    const { sourcePorts, connected, size } = this.#shared.settings;
    const most = connected || size < RECOGNIZABLE_SIZE ? 1 : SOCKET_TARGETS;
    const known = this.#groups.find(([socket2]) => socket2?.udp.reaches(family === 4) && socket2.members.size < most);
    if (known !== void 0) return known;
    const group3 = [];
    this.#groups.push(group3);
    try {
      while (group3.length < sourcePorts) group3.push(new ProbeSocket(family, this.#shared));
      return group3;
    } catch (error) {
      if (error instanceof SystemError && error.errno === EAFNOSUPPORT) return [];
      if (!(error instanceof SystemError) || error.errno !== EMFILE) throw error;
      const advice = "a connected target, and one of --size below 16, needs sockets of its own";
      throw new SystemError("socket", EMFILE, `too many targets for the open files (ulimit -n): ${advice}`);
    }
  }
};

// src/probe/watch_report.ts
function watchReport(settings, terminal) {
  const verdicts = /* @__PURE__ */ new WeakMap();
  const update = (target) => {
    const { endpoint, ledger, peer: { name } } = target;
    const before = verdicts.get(target);
    const word2 = verdict(ledger);
    if (word2 === before || ledger.recent.settled === 0) return;
    verdicts.set(target, word2);
    const time = (/* @__PURE__ */ new Date()).toISOString();
    const text = word2 === "ok" ? "" : explanation(target, settings);
    if (settings.json) {
      const previous = before && jsonWord(before);
      const event = { event: "verdict", time, target: endpoint, name, verdict: jsonWord(word2), previous };
      writeJson(terminal, { ...event, explanation: text || null });
    } else {
      const title = name === void 0 ? endpoint : `${name} ${endpoint}`;
      const line = `${time} ${title} ${terminal.paint(verdictStyle(word2), word2)}`;
      terminal.writeLines([text === "" ? line : `${line}: ${text}`]);
    }
  };
  return { replied: update, failed: update, lost: update };
}

// src/probe/command.ts
var LAST_MILLISECONDS = 1e3;
var SERVING_TURN_MILLISECONDS = 10;
async function runProbe(settings) {
  const { targetsFile, family, timeoutMilliseconds } = settings;
  const source = settings.source === void 0 ? void 0 : resolve(settings.source, family)[0];
  const set = new TargetSet(settings, source);
  const readTargets = async () => {
    const more = targetsFile === void 0 ? [] : await readTargetFile(targetsFile, settings);
    set.replace(resolveTargets([...settings.targets, ...more], settings, source));
  };
  await readTargets();
  const terminal = new Terminal();
  const prober = new Prober(set);
  let stoppedAt = Infinity;
  let rereads = false;
  const onHangup = settings.watch && targetsFile !== void 0 ? () => rereads = true : void 0;
  handleSignals(() => stoppedAt = Math.min(stoppedAt, performance.now()), onHangup);
  const reread = async () => {
    if (!rereads) return false;
    rereads = false;
    await readTargets().catch(complain);
    return true;
  };
  const isStopped = () => stoppedAt < Infinity || terminal.closed;
  const ok = settings.findMtu ? await searchMtu(set.targets, prober, timeoutMilliseconds, mtuReport(settings, terminal),
  isStopped) : await ask({ settings, set, prober, terminal, isStopped, reread });
  await terminal.drain(() => performance.now() > stoppedAt + LAST_MILLISECONDS);
  return ok && !terminal.stalled ? 0 : 1;
}
function complain(error) {
  if (!(error instanceof UsageError || error instanceof SystemError)) throw error;
  console.error(`echo.ts: ${error.message}; the targets stay as they are`);
}
async function ask({ settings, set, prober, terminal, isStopped, reread }) {
  const isOne = set.targets.length === 1 && settings.targetsFile === void 0;
  const makeSummary = settings.json ? jsonReport : isOne ? lineReport : tableReport;
  const summary = makeSummary(set, settings, terminal);
  const events = settings.watch ? watchReport(settings, terminal) : summary;
  const report = { ...settings.quiet ? {} : events, finish: summary.finish };
  const server = settings.metrics === void 0 ? void 0 : new MetricsServer();
  await server?.listen(settings.metrics, {
    prefix: "echo_probe",
    metrics: () => probeMetrics(set.targets),
    healthy: () => !isStopped()
  });
  const schedule = new Schedule(settings);
  const useTargets = () => {
    for (const target of set.targets) target.observer = report;
    schedule.setTargets(set.targets);
  };
  useTargets();
  report.start?.();
  for (; ; ) {
    if (await reread()) useTargets();
    if (server !== void 0) prober.turnMilliseconds = server.busy ? 0 : SERVING_TURN_MILLISECONDS;
    report.progress?.();
    await terminal.drain(isStopped);
    const until = isStopped() ? Infinity : Math.min(schedule.sendDue(prober), prober.deadline);
    if (until === Infinity) break;
    await prober.step(until);
  }
  const end = performance.now() + lingerMilliseconds(set.targets, settings.timeoutMilliseconds);
  while (!isStopped() && performance.now() < end) await prober.step(end);
  report.finish();
  return set.targets.every(({ ledger }) => verdict(ledger) === "ok");
}

// src/main.ts
async function main(args) {
  try {
    if (args[0] === "probe") {
      const settings2 = parseProbe(args.slice(1));
      return typeof settings2 === "string" ? await inform(settings2, PROBE) : await runProbe(settings2);
    }
    const place = readPlace(args);
    const settings = parseEcho(place === void 0 ? args : args.slice(0, -1));
    if (typeof settings === "string") return await inform(settings, ECHO);
    await (place === void 0 ? runEcho(settings) : runWorker(settings, place));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SystemError || error instanceof LibraryError)) throw error;
    const priority = error instanceof SystemError ? journalPriority(3) : "";
    print(console.error, `${priority}echo.ts: ${error.message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}
async function inform(subject, command) {
  if (subject === "version") return print(console.log, `echo.ts ${VERSION}`);
  const { default: { stdout } } = await import("node:process");
  return print(console.log, helpText(command, stdout.columns || void 0));
}
function print(write2, text) {
  try {
    write2(text);
    return 0;
  } catch {
    return 1;
  }
}
runtime().exit(await main(runtime().args));
