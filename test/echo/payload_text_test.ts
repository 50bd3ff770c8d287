/** A payload as text: always one line of printable text, from which the payload can be read back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PAYLOAD_SHOWN_MAX, PAYLOAD_TEXT_MAX, PayloadText } from "../../src/echo/payload_text.ts";
import { noPython } from "../support/client.ts";
import { LONG } from "../support/process.ts";
import { runPython } from "../support/reference.ts";

/** What this is in UTF-8, lone surrogates included, as some programs write them. */
function encode(codePoint: number): number[] {
  if (codePoint < 0x80) return [codePoint];
  if (codePoint < 0x800) return [0xc0 | codePoint >> 6, 0x80 | codePoint & 0x3f];
  const last = [0x80 | codePoint >> 6 & 0x3f, 0x80 | codePoint & 0x3f];
  if (codePoint < 0x10000) return [0xe0 | codePoint >> 12, ...last];
  return [0xf0 | codePoint >> 18, 0x80 | codePoint >> 12 & 0x3f, ...last];
}

const range = (min: number, max: number) => fc.integer({ min, max });
const codePoint = fc.oneof(
  range(0, 0x10ffff),
  range(0, 0x9f), // ASCII, C0 and C1 controls
  range(0xa0, 0x24ff),
  range(0x2000, 0x206f), // blanks, bidirectional overrides, separators
  range(0xd700, 0xe0ff), // surrogates and private use, and their neighbours
  range(0xfd00, 0x1007f), // noncharacters, variation selectors, byte order mark, specials
  range(0xe0000, 0xe01ff), // tags, variation selectors
  fc.constantFrom(0x5c, 0x5b, 0x5d, 0x22, 0x7f, 0xad, 0x61c, 0x2026, 0x2028, 0x202e, 0x2066, 0xfffe, 0x10ffff),
);

/** What payloads are made of, from plain text to what looks like UTF-8 and is not. */
const piece = fc.oneof(
  { weight: 4, arbitrary: codePoint.map(encode) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }).map((text) => [...new TextEncoder().encode(text)]) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => [...bytes]) },
  // The beginning of a character, and lone continuations.
  { weight: 1, arbitrary: fc.tuple(codePoint, fc.nat(3)).map(([point, length]) => encode(point).slice(0, length)) },
  { weight: 1, arbitrary: codePoint.map((point) => encode(point).slice(1)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      [0xc0, 0x80], // overlong forms of U+0000, "/", U+07FF, U+FFFF
      [0xc1, 0xaf],
      [0xe0, 0x9f, 0xbf],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xed, 0xa0, 0x80], // surrogates
      [0xed, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80], // beyond U+10FFFF
      [0xf5, 0x80, 0x80, 0x80],
      [0xf7, 0xbf, 0xbf, 0xbf],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
      [0xef, 0xbf, 0xbf], // noncharacters
      [0xf4, 0x8f, 0xbf, 0xbe],
      [0xfe, 0xff],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "\x1b[2J\x1b[H",
      "\x1b]0;title\x07",
      "\u009b31m",
      "\r\nRECV: 127.0.0.1:1 -> 127.0.0.1:2 - [forged]\n",
      "\\x00",
      "\\u{202e}",
      "\\",
      "\u202etxt.exe\u202c",
    ).map((text) => [...new TextEncoder().encode(text)]),
  },
);
const payload = fc.array(piece, { maxLength: 40, size: "max" }).map((pieces) => Uint8Array.from(pieces.flat()));
/** A payload that is shown whole. */
const short = payload.map((bytes) => bytes.subarray(0, PAYLOAD_SHOWN_MAX));

/** Formats a payload that lies between other bytes; asserts that nothing around its text was written. */
function format(bytes: Uint8Array, { around = [0x80, 0x80, 0x80], ascii = false, json = false } = {}): Uint8Array {
  const arena = Uint8Array.from([...around, ...bytes, ...around]);
  const out = new Uint8Array(PAYLOAD_TEXT_MAX + 64).fill(0xaa);
  const end = new PayloadText({ ascii, json }).write(out, 32, arena, around.length, bytes.length);
  assert.ok(end >= 32 && end - 32 <= PAYLOAD_TEXT_MAX, `${end - 32} bytes of text`);
  assert.ok(out.subarray(0, 32).every((byte) => byte === 0xaa) && out.subarray(end).every((byte) => byte === 0xaa));
  assert.deepEqual(arena, Uint8Array.from([...around, ...bytes, ...around]));
  return out.slice(32, end);
}

/** The text of a payload; asserts that it is valid UTF-8. */
function text(bytes: Uint8Array, options = {}): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(format(bytes, options));
}

/** Reads the payload back from its text. */
function unescape(text: string): Uint8Array {
  const letters: Record<string, number> = { "\\": 0x5c, n: 0x0a, r: 0x0d, t: 0x09 };
  const bytes: number[] = [];
  const pattern = /\\(?:([\\nrt])|x([0-9a-f]{2})|u\{([1-9a-f][0-9a-f]{0,5})\})|([^\\])/uy;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    assert.ok(found, `no escape: ${text.slice(at)}`);
    const [, letter, byte, point, character] = found;
    if (letter !== undefined) bytes.push(letters[letter]!);
    else if (byte !== undefined) bytes.push(parseInt(byte, 16));
    else bytes.push(...encode(point === undefined ? character!.codePointAt(0)! : parseInt(point, 16)));
  }
  return Uint8Array.from(bytes);
}

/** Whether TextDecoder takes these bytes for UTF-8. */
function isUTF8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Which bytes belong to no character, as TextDecoder sees it: at each place it is asked for the first character. */
function invalidBytes(bytes: Uint8Array): number[] {
  const invalid: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((length) =>
      at + length <= bytes.length && isUTF8(bytes.subarray(at, at + length))
    );
    if (length === undefined) invalid.push(bytes[at]!);
    at += length ?? 1;
  }
  return invalid;
}

describe("any payload", () => {
  test("in JSON it is a string that gives the same text", () => {
    const parsed = (bytes: Uint8Array) => JSON.parse(`"${text(bytes, { json: true })}"`);
    fc.assert(fc.property(payload, (bytes) => assert.equal(parsed(bytes), text(bytes))), { numRuns: 1000 });
  });

  test("is one line of printable characters", () => {
    fc.assert(
      fc.property(payload, (bytes) => assert.match(text(bytes), /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]*$/u)),
      { numRuns: 1000 },
    );
  });

  test("of up to 64 bytes can be read back", () => {
    fc.assert(fc.property(short, (bytes) => assert.deepEqual(unescape(text(bytes)), bytes)), { numRuns: 1000 });
  });

  test("escapes as bytes those that are not UTF-8, and no others", () => {
    fc.assert(
      fc.property(short, (bytes) => {
        const escaped = [...text(bytes).matchAll(/\\(?:\\|x([89a-f][0-9a-f]))/g)].flatMap(([, hex]) => hex ?? []);
        assert.deepEqual(escaped.map((hex) => parseInt(hex, 16)), invalidBytes(bytes));
        assert.equal(escaped.length === 0, isUTF8(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  test("is one line of ASCII that can be read back, if only that is wanted", () => {
    fc.assert(
      fc.property(short, (bytes) => {
        const shown = text(bytes, { ascii: true });
        assert.match(shown, /^[ -~]*$/);
        assert.deepEqual(unescape(shown), bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test("is rendered without a look at what lies around it", () => {
    const surroundings = fc.array(fc.nat(255), { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(payload, surroundings, (bytes, around) => assert.deepEqual(format(bytes, { around }), format(bytes))),
    );
  });
});

describe("a payload of more than 64 bytes", () => {
  const long = fc.tuple(payload, fc.uint8Array({ minLength: PAYLOAD_SHOWN_MAX + 1, maxLength: 200 }))
    .map(([bytes, more]) => Uint8Array.from([...bytes, ...more]));

  test("ends in an ellipsis, and its first 64 bytes can be read back but for a character that the cut divides", () => {
    fc.assert(
      fc.property(long, (bytes) => {
        const shown = text(bytes);
        assert.ok(shown.endsWith("…"));
        const read = unescape(shown.slice(0, -1));
        assert.deepEqual(read, bytes.subarray(0, read.length));
        const rest = bytes.subarray(read.length, PAYLOAD_SHOWN_MAX);
        if (rest.length > 0) {
          // What is missing is the beginning of a character that ends behind the cut.
          const lengths = [2, 3, 4].filter((length) => isUTF8(bytes.subarray(read.length, read.length + length)));
          assert.ok(lengths.length > 0 && lengths[0]! > rest.length, `left out: ${rest}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("at the cut", () => {
    const cases: [tail: string | number[], shown: string][] = [
      ["a", "a"],
      ["ab", "a…"],
      ["é", "…"],
      [[0xc3], "\\xc3"],
      [[0xc3, 0x28], "\\xc3…"],
    ];
    for (const [tail, shown] of cases) {
      const bytes = Uint8Array.from([...new Array(63).fill(0x78), ...Buffer.from(tail as string)]);
      assert.equal(text(bytes), "x".repeat(63) + shown);
    }
    assert.equal(text(new Uint8Array(1000)), "\\x00".repeat(64) + "…");
    assert.equal(text(new Uint8Array(1000), { ascii: true }), "\\x00".repeat(64) + "...");
    assert.equal(format(new Uint8Array(65), { json: true }).length, PAYLOAD_TEXT_MAX);
  });
});

test("by example", () => {
  const examples: [payload: string | number[], shown: string][] = [
    ["", ""],
    ["hello", "hello"],
    ["tab\tline\nreturn\r", "tab\\tline\\nreturn\\r"],
    ["back\\slash", "back\\\\slash"],
    ["\x1b[31mred\x7f\0", "\\x1b[31mred\\x7f\\x00"],
    ["naïve Ω 漢字 🙂 e\u0301", "naïve Ω 漢字 🙂 e\u0301"],
    ["\u202eevil\u2066\u200b\ufeff", "\\u{202e}evil\\u{2066}\\u{200b}\\u{feff}"],
    ["\u0085\u009b\u00a0\u2028\u3000", "\\u{85}\\u{9b}\\u{a0}\\u{2028}\\u{3000}"],
    ["\u{e0001}\u{10ffff}\u{f0000}", "\\u{e0001}\\u{10ffff}\\u{f0000}"],
    [[0xff, 0xfe, 0x80, 0x41], "\\xff\\xfe\\x80A"],
    [[0xe2, 0x82], "\\xe2\\x82"],
    // The surrogates, U+D800 to U+DFFF, and their neighbours.
    ["\ud7ff\ue000", "\\u{d7ff}\\u{e000}"],
    [[0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    [[0xed, 0xbf, 0xbf], "\\xed\\xbf\\xbf"],
  ];
  for (const [payload, shown] of examples) assert.equal(text(Buffer.from(payload as string)), shown);
});

const everyCodePoint = { skip: noPython, ...LONG };
test("every code point: shown if it is one that Python calls printable, else escaped", everyCodePoint, () => {
  // Runs of code points with one answer: "P" printable, "N" not, "?" not yet assigned in Python's version of Unicode.
  // Python doesn't know which characters are invisible by their nature (Default_Ignorable_Code_Point); they are few,
  // and stand in Unicode's DerivedCoreProperties.txt.
  const runs = runPython<[number, string][]>(
    `
import unicodedata
ignorable = set()
for first, last in given: ignorable.update(range(first, last + 1))
def kind(point):
  category = unicodedata.category(chr(point))
  if category == "Cn" and point & 0xfffe != 0xfffe and not 0xfdd0 <= point <= 0xfdef and point not in ignorable: return "?"
  return "P" if category[0] in "LMNPS" and point not in ignorable else "N"
answer = []
for point in range(0xa0, 0x110000):
  if not answer or answer[-1][1] != kind(point): answer.append([point, kind(point)])
`,
    [
      ...[[0xad, 0xad], [0x34f, 0x34f], [0x61c, 0x61c], [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f]],
      ...[[0x200b, 0x200f], [0x202a, 0x202e], [0x2060, 0x206f], [0x3164, 0x3164], [0xfe00, 0xfe0f], [0xfeff, 0xfeff]],
      ...[[0xffa0, 0xffa0], [0xfff0, 0xfff8], [0x1bca0, 0x1bca3], [0x1d173, 0x1d17a], [0xe0000, 0xe0fff]],
    ],
  );
  const seen: Record<string, number> = { P: 0, N: 0, "?": 0 };
  const bytes = new Uint8Array(4);
  const out = new Uint8Array(PAYLOAD_TEXT_MAX);
  const shownText = new PayloadText({ ascii: false, json: false });
  runs.forEach(([first, kind], i) => {
    const end = runs[i + 1]?.[0] ?? 0x110000;
    seen[kind]! += end - first;
    for (let point = first; point < end; point++) {
      if (point >= 0xd800 && point < 0xe000) continue;
      const encoded = encode(point);
      bytes.set(encoded);
      const length = shownText.write(out, 0, bytes, 0, encoded.length);
      const shown = out[0] !== 0x5c;
      if (kind === "?" ? false : shown !== (kind === "P")) {
        assert.fail(`U+${point.toString(16)}: ${shown}, Python: ${kind}`);
      }
      if (shown) assert.equal(length, encoded.length);
    }
  });
  assert.ok(seen.P! > 100_000 && seen.N! > 100_000, JSON.stringify(seen));
});
