/** The mistakes that the mutation task makes: small ones, as people make them. */
import { type Token, tokensOf } from "./tokens.ts";

/** A change of a source text. */
export interface Mutant {
  readonly at: number;
  readonly length: number;
  readonly replacement: string;
}

/** Operators, and what takes their place. They stand between spaces; where they do not, they are part of a type. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&": ["|"],
  "|": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "+=": ["-=", "="],
  "-=": ["+=", "="],
  "|=": ["&=", "="],
  "||=": ["&&=", "="],
  "&&=": ["||=", "="],
  "??=": ["="],
  "?": ["|| true ?", "&& false ?"],
};

/** Words, and what takes their place. */
const WORDS: Readonly<Record<string, string>> = {
  true: "false",
  false: "true",
  min: "max",
  max: "min",
  break: "",
  continue: "",
  some: "every",
  every: "some",
};

/** A field of a class that has a type and no value: to leave it out changes nothing. */
const DECLARATION = /^ *#?\w+[?!]?: [^=]*;$/;
/** A statement that fits its line and is no declaration. */
const STATEMENT =
  /^( *)(?!(?:const|let|import|export|throw|type|interface|declare|readonly|static|override)\b)[\w+(#-].*;$/;
/** What the line before a statement ends with. */
const STATEMENT_BEFORE = /(?:[{};:]|\*\/|^ *\/\/.*)$/;
const CONSTANT = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/** All mutants of a source text. Some are the same program, as those of types. */
export function mutantsOf(source: string): Mutant[] {
  const tokens = tokensOf(source);
  const constants = [...new Set(tokens.map(({ text }) => text).filter((text) => CONSTANT.test(text)))];
  return [
    ...tokens.flatMap((token, i) =>
      replacements(source, tokens, i, constants).map((replacement) => ({
        at: token.at,
        length: token.text.length,
        replacement,
      }))
    ),
    ...conditions(tokens),
    ...statements(source),
  ];
}

function replacements(source: string, tokens: readonly Token[], i: number, constants: readonly string[]): string[] {
  const { text, at } = tokens[i]!;
  const next = tokens[i + 1]?.text;
  const spaced = /\s/.test(source[at - 1] ?? "") && /\s/.test(source[at + text.length] ?? "");
  if (Object.hasOwn(REPLACED, text)) return spaced ? [...REPLACED[text]!] : [];
  // A key of an object or a member.
  if (next === ":" && tokens[i - 1]?.text !== "?") return [];
  if (Object.hasOwn(WORDS, text)) return [WORDS[text]!];
  if (text === "!" && next !== "." && !/\s/.test(source[at + 1] ?? "") && /[\w#(]/.test(source[at + 1]!)) return [""];
  if (text === "++") return ["--"];
  if (text === "--") return ["++"];
  if (/^\d+$/.test(text)) return [`${Number(text) + 1}`, ...Number(text) > 0 ? [`${Number(text) - 1}`] : []];
  if (/^0x[\da-f]+$/i.test(text)) return [`${Number(text) + 1}`];
  if (constants.length > 1 && constants.includes(text)) {
    return [constants[(constants.indexOf(text) + 1) % constants.length]!];
  }
  return [];
}

/** Conditions of `if` that never hold, or always. */
function conditions(tokens: readonly Token[]): Mutant[] {
  return tokens.flatMap(({ text }, i) => {
    if (text !== "if" || tokens[i + 1]?.text !== "(") return [];
    let depth = 0;
    const end = tokens.slice(i + 1).find(({ text }) => (depth += text === "(" ? 1 : text === ")" ? -1 : 0) === 0);
    const at = tokens[i + 1]!.at + 1;
    return ["false", "true"].map((replacement) => ({ at, length: end!.at - at, replacement }));
  });
}

/** Statements left out. */
function statements(source: string): Mutant[] {
  const mutants: Mutant[] = [];
  let at = 0;
  let before = ";";
  for (const line of source.split("\n")) {
    if (STATEMENT.test(line) && !DECLARATION.test(line) && STATEMENT_BEFORE.test(before) && isBalanced(line)) {
      const indent = line.search(/\S/);
      mutants.push({ at: at + indent, length: line.length - indent, replacement: ";" });
    }
    if (line.trim() !== "") before = line;
    at += line.length + 1;
  }
  return mutants;
}

function isBalanced(line: string): boolean {
  const count = (pattern: RegExp) => line.match(pattern)?.length ?? 0;
  return count(/[([{]/g) === count(/[)\]}]/g);
}
