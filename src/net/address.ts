/**
 * IP addresses: text to bytes and back.
 *
 * An address is 16 bytes in network byte order. An IPv4 address has the IPv4-mapped form `::ffff:a.b.c.d` (RFC 4291,
 * 2.5.5.2); its text is `a.b.c.d`. The datagram path handles an address as the four 32-bit words of those bytes, in the
 * little-endian byte order of the machine.
 * @module
 */

/** Bytes of an address. */
export const ADDRESS_SIZE = 16;

/** Longest text of {@link formatEndpoint}, in bytes: `[`, 39, `%`, 15, `]:65535`. */
export const ENDPOINT_TEXT_MAX = 64;

/** An address with the interface that it belongs to. */
export interface ResolvedAddress {
  /** The address, 16 bytes. */
  readonly bytes: Uint8Array;
  /** Interface name of a link-local address, else "". */
  readonly zone: string;
  /** Index of that interface, else 0. */
  readonly scope: number;
}

/**
 * Parses an IPv4 address in dotted decimal, or an IPv6 address (RFC 4291, 2.2) without zone.
 * @returns its 16 bytes, or `undefined` if the text is neither
 */
export function parseAddress(text: string): Uint8Array<ArrayBuffer> | undefined {
  const colon = text.lastIndexOf(":");
  const start = colon < 0 ? "::ffff:" : text.slice(0, colon + 1);
  const last = text.slice(colon + 1);
  const end = colon < 0 || last.includes(".") ? ipv4Groups(last) : last;
  if (end === undefined) return undefined;
  const halves = (start + end).split("::");
  const [head, tail = []] = halves.map((half) => half === "" ? [] : half.split(":")) as [string[], string[]?];
  // "::" stands for at least one group.
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from({ length: ADDRESS_SIZE }, (_, i) => parseInt(groups[i >> 1]!, 16) >> (i % 2 === 0 ? 8 : 0));
}

/** An IPv4 address as the two last groups of an IPv6 address. */
function ipv4Groups(text: string): string | undefined {
  const parts = text.split(".");
  // Some programs read a leading zero as octal: refuse it, as inet_pton(3) does.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** A network: the addresses that begin with the same bits. */
export interface Prefix {
  /** An address of the network, 16 bytes. */
  readonly bytes: Uint8Array;
  /** Length of the prefix in bits, 0 to 128; at least 96 for IPv4, whose addresses are in `::ffff:0:0/96`. */
  readonly length: number;
}

/**
 * Parses a prefix: `192.0.2.0/24`, `2001:db8::/32`, or a single address. RFC 4632, RFC 4291, 2.3
 * @returns `undefined` if the text is no prefix
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [addressText = "", lengthText, ...rest] = text.split("/");
  const bytes = parseAddress(addressText);
  if (bytes === undefined || rest.length > 0) return undefined;
  const most = isIPv4(bytes) && !addressText.includes(":") ? 32 : 128;
  const length = lengthText === undefined ? most : /^(0|[1-9][0-9]{0,2})$/.test(lengthText) ? Number(lengthText) : NaN;
  return length <= most ? { bytes, length: 128 - most + length } : undefined;
}

/** The mask of a prefix of `length` bits, 0 to 128, as 16 bytes. */
export function prefixMask(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: ADDRESS_SIZE }, (_, i) => 0xff00 >> Math.max(0, Math.min(8, length - i * 8)));
}

/** Whether the address of 16 bytes is an IPv4 address. */
export function isIPv4(bytes: Uint8Array): boolean {
  return isMapped(addressWords(bytes), 0);
}

/** Whether the address of 16 bytes is an IPv6 link-local address, which is incomplete without its zone. RFC 4291, 2.5.6 */
export function isLinkLocal(bytes: Uint8Array): boolean {
  return hasLinkLocalPrefix(addressWords(bytes), 0);
}

/** The words of an address of 16 bytes, or of a socket address. */
export function addressWords(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  return new Int32Array(bytes.slice().buffer);
}

/** The third word of an IPv4 address: the bytes `00 00 ff ff`. */
export const IPV4_MAPPED = -65536;

/** Writes an IPv4 address, whose word is `address`, as four words from `at`. */
export function writeIPv4(words: Int32Array, at: number, address: number): void {
  words[at] = 0;
  words[at + 1] = 0;
  words[at + 2] = IPV4_MAPPED;
  words[at + 3] = address;
}

/** Whether the address of four words from `at` is an IPv4 address. */
export function isMapped(words: Int32Array, at: number): boolean {
  return words[at + 2] === IPV4_MAPPED && (words[at]! | words[at + 1]!) === 0;
}

/** Whether the address of four words from `at` is in `fe80::/10`. RFC 4291, 2.5.6 */
export function hasLinkLocalPrefix(words: Int32Array, at: number): boolean {
  return (words[at]! & 0xc0ff) === 0x80fe;
}

/** Whether the address of four words from `at` is `::` or `0.0.0.0`. */
export function isUnspecified(words: Int32Array, at: number): boolean {
  return words[at + 3] === 0 && (isMapped(words, at) || (words[at]! | words[at + 1]! | words[at + 2]!) === 0);
}

/** Whether the address of four words from `at` is multicast: `224.0.0.0/4` or `ff00::/8`. RFC 5771; RFC 4291, 2.7 */
export function isMulticast(words: Int32Array, at: number): boolean {
  // The first byte of an address is the lowest of its word.
  return isMapped(words, at) ? (words[at + 3]! & 0xf0) === 0xe0 : (words[at]! & 0xff) === 0xff;
}

/** Whether two addresses, of four words each, are the same. */
export function sameAddress(a: Int32Array, atA: number, b: Int32Array, atB: number): boolean {
  return a[atA + 3] === b[atB + 3] && a[atA + 2] === b[atB + 2] && a[atA + 1] === b[atB + 1] && a[atA] === b[atB];
}

/** A hash of the address of four words from `at`. Its upper bits depend on all of them and on `seed`. */
export function addressHash(words: Int32Array, at: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < 4; i++) hash = Math.imul(hash ^ (hash >>> 15) ^ words[at + i]!, 0x9e3779b1);
  return hash;
}

/**
 * Writes the text of the address of four words from `word` into `out` from `at`, in the form of RFC 5952. It allocates
 * nothing.
 * @returns the offset behind the text
 */
export function formatAddress(out: Uint8Array, at: number, words: Int32Array, word: number): number {
  if (isMapped(words, word)) {
    for (let shift = 0; shift < 32; shift += 8) {
      if (shift > 0) out[at++] = DOT;
      at = formatDecimal(out, at, (words[word + 3]! >>> shift) & 0xff);
    }
    return at;
  }
  // RFC 5952, 4.2: `::` replaces the longest run of two or more zero groups, the first of equals.
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
    for (let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
      out[at++] = HEX[(value >> shift) & 0xf]!;
    }
  }
  return at;
}

/**
 * Writes an endpoint: `192.0.2.1:9000`, `[2001:db8::1]:9000`, `[fe80::1%eth0]:9000`. It allocates nothing unless there
 * is a zone.
 * @param zone interface name of a link-local address, else ""
 * @returns the offset behind the text, at most {@link ENDPOINT_TEXT_MAX} further
 */
export function formatEndpoint(
  out: Uint8Array,
  at: number,
  words: Int32Array,
  word: number,
  zone: string,
  port: number,
): number {
  const bracketed = !isMapped(words, word);
  if (bracketed) out[at++] = 0x5b;
  at = formatAddress(out, at, words, word);
  if (zone !== "") {
    out[at++] = 0x25;
    // Linux takes any bytes but blanks and slashes in an interface name: a name must neither drive a terminal nor end a
    // string of JSON.
    for (let i = 0; i < zone.length && i < 15; i++) {
      const code = zone.charCodeAt(i);
      out[at++] = code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c ? code : 0x3f;
    }
  }
  if (bracketed) out[at++] = 0x5d;
  out[at++] = COLON;
  return formatDecimal(out, at, port);
}

/** Writes a whole number from 0 to 2^53 in decimal; returns the offset behind it. It allocates nothing. */
export function formatDecimal(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let i = digits - 1; i >= 0; i--) {
    out[at + i] = 0x30 + value % 10;
    value = Math.floor(value / 10);
  }
  return at + digits;
}

/** The text of the address of four words from `word`. */
export function wordsText(words: Int32Array, word: number): string {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatAddress(out, 0, words, word)));
}

/** The text of an address of 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  return wordsText(addressWords(bytes), 0);
}

/** The text of an address of 16 bytes with its zone, if it has one. */
export function zonedText(bytes: Uint8Array, zone: string): string {
  return addressText(bytes) + (zone === "" ? "" : `%${zone}`);
}

/** The text of an endpoint: an address of 16 bytes, its zone or "", and a port. */
export function endpointText(bytes: Uint8Array, zone: string, port: number): string {
  const out = new Uint8Array(ENDPOINT_TEXT_MAX);
  return new TextDecoder().decode(out.subarray(0, formatEndpoint(out, 0, addressWords(bytes), 0, zone, port)));
}

/** The group of 16 bits with this index, 0 to 7. */
function group(words: Int32Array, word: number, index: number): number {
  const half = words[word + (index >> 1)]! >>> ((index & 1) << 4);
  return (half & 0xff) << 8 | half >>> 8 & 0xff;
}

const DOT = 0x2e;
const COLON = 0x3a;
/** The digits of hexadecimal numbers, in ASCII. */
export const HEX: Uint8Array = new TextEncoder().encode("0123456789abcdef");
