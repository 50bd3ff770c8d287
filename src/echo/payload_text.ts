/**
 * Payloads as text that can do no harm.
 * @module
 */

/** Bytes of a payload that are shown; the rest is told by its length. */
export const PAYLOAD_SHOWN_MAX = 64;

/** Longest text that {@link formatPayload} writes, in bytes: `\xNN` for each byte, and the ellipsis. */
export const PAYLOAD_TEXT_MAX = PAYLOAD_SHOWN_MAX * 4 + 3;

/**
 * Writes the beginning of a payload as one line of printable UTF-8 into `out` from `at`: at most
 * {@link PAYLOAD_SHOWN_MAX} bytes of it, cut between characters, with `…` where something was cut.
 *
 * What is not printable is escaped: `\n`, `\r`, `\t`; `\xNN` for other ASCII control characters and for bytes that are
 * not UTF-8; `\u{N}` for other control and invisible characters, bidirectional overrides, separators and unassigned
 * code points; `\\` for the backslash itself. So a payload can neither forge a line nor drive a terminal, and what it
 * was can be read back.
 * @returns the place after the text, at most {@link PAYLOAD_TEXT_MAX} further
 */
export function formatPayload(out: Uint8Array, at: number, bytes: Uint8Array, from: number, size: number): number {
  const shown = Math.min(size, PAYLOAD_SHOWN_MAX);
  const end = from + shown;
  for (let i = from; i < end;) {
    const byte = bytes[i]!;
    if (byte >= 0x20 && byte < 0x7f) {
      if (byte === BACKSLASH) out[at++] = BACKSLASH;
      out[at++] = byte;
      i++;
      continue;
    }
    if (byte < 0x80) {
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
      for (let k = 0; k < length; k++) out[at++] = bytes[i + k]!;
    } else {
      at = escapeCodePoint(out, at, codePoint);
    }
    i += length;
  }
  if (size > shown) {
    out[at++] = 0xe2;
    out[at++] = 0x80;
    out[at++] = 0xa6;
  }
  return at;
}

/**
 * Bytes of the character that starts at `i`, 2 to 4, or 0 if what stands there is not UTF-8: overlong forms, surrogates
 * and what is beyond U+10FFFF are not. RFC 3629, 4
 */
function sequenceLength(bytes: Uint8Array, i: number, end: number): number {
  const first = bytes[i]!;
  const length = first >= 0xc2 && first <= 0xdf
    ? 2
    : first >= 0xe0 && first <= 0xef
    ? 3
    : first >= 0xf0 && first <= 0xf4
    ? 4
    : 0;
  if (length === 0 || i + length > end) return 0;
  const second = bytes[i + 1]!;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let k = 2; k < length; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return 0;
  return length;
}

function decode(bytes: Uint8Array, i: number, length: number): number {
  let codePoint = bytes[i]! & (0x7f >> length);
  for (let k = 1; k < length; k++) codePoint = codePoint << 6 | (bytes[i + k]! & 0x3f);
  return codePoint;
}

// Letters, marks, numbers, punctuation and symbols, but not those that are invisible by their nature, such as fillers
// and variation selectors. Blanks other than the space, which the caller lets through, look like it and are not.
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;
const invisible = /^\p{Default_Ignorable_Code_Point}$/u;

// What the expressions said of each code point so far: 0 nothing, 1 no, 2 yes. So that the log makes no garbage.
const known = new Uint8Array(0x110000);

function isPrintable(codePoint: number): boolean {
  let answer = known[codePoint]!;
  if (answer === 0) {
    const character = String.fromCodePoint(codePoint);
    answer = printable.test(character) && !invisible.test(character) ? 2 : 1;
    known[codePoint] = answer;
  }
  return answer === 2;
}

function escapeControl(out: Uint8Array, at: number, byte: number): number {
  const letter = byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : byte === 0x09 ? 0x74 : 0;
  if (letter === 0) return escapeByte(out, at, byte);
  out[at++] = BACKSLASH;
  out[at++] = letter;
  return at;
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
