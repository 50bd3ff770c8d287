/**
 * Payloads as printable text.
 * @module
 */

/** Bytes of a payload that are shown. */
export const PAYLOAD_SHOWN_MAX = 64;

/** Longest text of a payload, in bytes: `\xNN` for each byte, and the ellipsis. */
export const PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 4 + 3;

/**
 * Writes the beginning of a payload as one line of printable UTF-8 into `out` from `at`: at most
 * {@link PAYLOAD_SHOWN_MAX} bytes of it, cut between characters, with an ellipsis if something was cut. It allocates
 * nothing.
 *
 * Escaped are: newline, return and tab as `\n`, `\r` and `\t`; other ASCII control characters and bytes that are not
 * UTF-8 as `\xNN`; other control and invisible characters, bidirectional overrides, separators and unassigned code points
 * as `\u{N}`; the backslash as `\\`. So a payload can neither forge a line nor control a terminal, and its bytes can be
 * recovered from the text.
 * @param at offset in `out`, where {@link PAYLOAD_TEXT_MAX} bytes are free
 * @param from offset of the payload in `bytes`
 * @param size bytes of the payload
 * @param ascii whether to escape all characters outside ASCII
 * @returns the offset behind the text
 */
export function formatPayload(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  size: number,
  ascii: boolean,
): number {
  const end = from + Math.min(size, PAYLOAD_SHOWN_MAX);
  for (let i = from; i < end;) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      at = writeAscii(out, at, byte);
      i++;
      continue;
    }
    const codePoint = decode(bytes, i, from + size);
    if (codePoint === INVALID) {
      at = escapeByte(out, at, byte);
      i++;
      continue;
    }
    const length = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    if (i + length > end) break;
    if (!ascii && isPrintable(codePoint)) {
      for (let k = 0; k < length; k++) out[at++] = bytes[i + k]!;
    } else {
      at = escapeCodePoint(out, at, codePoint);
    }
    i += length;
  }
  if (from + size > end) {
    const ellipsis = ascii ? ELLIPSIS_ASCII : ELLIPSIS;
    for (let i = 0; i < ellipsis.length; i++) out[at++] = ellipsis[i]!;
  }
  return at;
}

/** The bytes at this offset are not UTF-8. */
const INVALID = -1;

/**
 * Decodes the character of two to four bytes at `i`, or returns {@link INVALID}: also for an overlong form, a surrogate,
 * and a code point above U+10FFFF. RFC 3629, 4
 */
function decode(bytes: Uint8Array, i: number, end: number): number {
  const first = bytes[i]!;
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

// Letters, marks, numbers, punctuation and symbols, without those that are invisible, such as fillers and variation
// selectors. Of the blanks, which look alike, only the space of ASCII passes.
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const invisible = /^\p{Default_Ignorable_Code_Point}$/u;

// Cached result of the expressions by code point: 0 unknown, 1 no, 2 yes. Evaluating them allocates.
const cache = new Uint8Array(0x110000);

function isPrintable(codePoint: number): boolean {
  if (cache[codePoint] === 0) {
    const character = String.fromCodePoint(codePoint);
    cache[codePoint] = printable.test(character) && !invisible.test(character) ? 2 : 1;
  }
  return cache[codePoint] === 2;
}

function writeAscii(out: Uint8Array, at: number, byte: number): number {
  if (byte >= 0x20 && byte < 0x7f && byte !== BACKSLASH) {
    out[at] = byte;
    return at + 1;
  }
  const letter = byte === BACKSLASH
    ? BACKSLASH
    : byte === 0x0a
    ? 0x6e
    : byte === 0x0d
    ? 0x72
    : byte === 0x09
    ? 0x74
    : 0;
  if (letter === 0) return escapeByte(out, at, byte);
  out[at] = BACKSLASH;
  out[at + 1] = letter;
  return at + 2;
}

function escapeByte(out: Uint8Array, at: number, byte: number): number {
  out[at++] = BACKSLASH;
  out[at++] = 0x78;
  out[at++] = hexDigit(byte >> 4);
  out[at++] = hexDigit(byte & 0xf);
  return at;
}

function escapeCodePoint(out: Uint8Array, at: number, codePoint: number): number {
  out[at++] = BACKSLASH;
  out[at++] = 0x75;
  out[at++] = 0x7b;
  let shift = 20;
  while (codePoint >> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out[at++] = hexDigit((codePoint >> shift) & 0xf);
  out[at++] = 0x7d;
  return at;
}

function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

const BACKSLASH = 0x5c;
const ELLIPSIS = new TextEncoder().encode("…");
const ELLIPSIS_ASCII = new TextEncoder().encode("...");
