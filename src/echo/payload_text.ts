/**
 * Payloads as printable text.
 * @module
 */

import { HEX } from "../net/address.ts";

/** Bytes of a payload that are shown. */
export const PAYLOAD_SHOWN_MAX = 64;

/** Longest text of a payload, in bytes: `\\xNN` in JSON for each byte, and the ellipsis. */
export const PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 5 + 3;

/** How payloads are shown. */
export interface PayloadStyle {
  /** Whether to escape all characters outside ASCII. */
  readonly ascii: boolean;
  /** Whether the text stands in a string of JSON, where quotation marks and backslashes are escaped. */
  readonly json: boolean;
}

/**
 * Writes the beginning of a payload as one line of printable UTF-8: at most {@link PAYLOAD_SHOWN_MAX} bytes of it, cut
 * between characters, with an ellipsis if something was cut.
 *
 * Escaped are: newline, return and tab as `\n`, `\r` and `\t`; other ASCII control characters and bytes that are not
 * UTF-8 as `\xNN`; other control and invisible characters, bidirectional overrides, separators and unassigned code points
 * as `\u{N}`; the backslash as `\\`. So a payload can neither forge a line nor control a terminal, and its bytes can be
 * recovered from the text.
 */
export class PayloadText {
  readonly #ascii: boolean;
  // Texts by byte: of ASCII characters, and of bytes that are not UTF-8.
  readonly #bytes: readonly Uint8Array[];
  readonly #codePoint: Uint8Array;
  readonly #ellipsis: Uint8Array;

  /** Prepares the texts of all bytes. */
  constructor({ ascii, json }: PayloadStyle) {
    const text = (text: string) => encoder.encode(json ? JSON.stringify(text).slice(1, -1) : text);
    this.#ascii = ascii;
    this.#bytes = Array.from({ length: 256 }, (_, byte) => text(byteText(byte)));
    this.#codePoint = text("\\u{");
    this.#ellipsis = text(ascii ? "..." : "…");
  }

  /**
   * Writes the text of a payload. It allocates nothing.
   * @param out where to write, with {@link PAYLOAD_TEXT_MAX} free bytes from `at`
   * @param bytes holds the payload: `size` bytes from `from`
   * @returns the offset behind the text
   */
  write(out: Uint8Array, at: number, bytes: Uint8Array, from: number, size: number): number {
    const end = from + Math.min(size, PAYLOAD_SHOWN_MAX);
    for (let i = from; i < end;) {
      const codePoint = decode(bytes, i, from + size);
      const length = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      if (i + length > end) break;
      if (length === 1) at = append(out, at, this.#bytes[bytes[i]!]!);
      else if (this.#ascii || !isPrintable(codePoint)) at = this.#escape(out, at, codePoint);
      else for (let k = 0; k < length; k++) out[at++] = bytes[i + k]!;
      i += length;
    }
    return from + size > end ? append(out, at, this.#ellipsis) : at;
  }

  #escape(out: Uint8Array, at: number, codePoint: number): number {
    at = append(out, at, this.#codePoint);
    for (let shift = (31 - Math.clz32(codePoint)) & ~3; shift >= 0; shift -= 4) {
      out[at++] = HEX[codePoint >> shift & 0xf]!;
    }
    out[at++] = 0x7d;
    return at;
  }
}

/** Copies bytes; returns the offset behind them. */
export function append(out: Uint8Array, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
  return at + bytes.length;
}

/** The text of an ASCII character, or of a byte that is not UTF-8. */
function byteText(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[\n\r\t\\]/.test(character)) return JSON.stringify(character).slice(1, -1);
  return /[ -~]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** The bytes at this offset are not UTF-8. */
const INVALID = -1;

/**
 * Decodes the character at `i`, or returns {@link INVALID}: also for an overlong form, a surrogate, and a code point above
 * U+10FFFF. RFC 3629, 4
 */
function decode(bytes: Uint8Array, i: number, end: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return first;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || i + length > end) return INVALID;
  let codePoint = first & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    const byte = bytes[i + k]!;
    if ((byte & 0xc0) !== 0x80) return INVALID;
    codePoint = codePoint << 6 | (byte & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return codePoint < least || surrogate || codePoint > 0x10ffff ? INVALID : codePoint;
}

// Cached results by code point: 0 unknown, 1 no, 2 yes. Evaluating the expressions allocates.
const cache = new Uint8Array(0x110000);

/**
 * Whether a code point is a letter, mark, number, punctuation or symbol, without those that are invisible, such as fillers
 * and variation selectors. Of the blanks, which look alike, only the space of ASCII passes.
 */
function isPrintable(codePoint: number): boolean {
  if (cache[codePoint] === 0) {
    const character = String.fromCodePoint(codePoint);
    const invisible = /^\p{Default_Ignorable_Code_Point}$/u.test(character);
    cache[codePoint] = !invisible && /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character) ? 2 : 1;
  }
  return cache[codePoint] === 2;
}

const encoder = new TextEncoder();
