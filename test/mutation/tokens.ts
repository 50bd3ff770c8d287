/** A scanner of TypeScript: enough of one to change a piece of code, and not a comment or a text. */

/** A piece of code: an operator, a number, a word, or a bracket. */
export interface Token {
  readonly text: string;
  /** Where it starts. */
  readonly at: number;
}

const NUMBER = /\d[\w.]*/y;
const WORD = /#?[\p{L}_$][\w$]*/uy;
const OPERATOR = /=>|\?\?=?|\?\.|\.\.\.|[=!]==?|<<=?|>>>?=?|[<>]=|&&=?|\|\|=?|\+\+|--|\*\*|[-+*/%&|^]=|./sy;
const STRING = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/sy;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\/\w*/y;
const SPACE = /\s+|\/\/.*|\/\*.*?\*\//sy;
const LITERAL_PART = /(?:\\.|\$(?!\{)|[^`$\\])*/sy;
/** After these, a slash begins a regular expression. */
const OPERAND_NEXT = new Set([..."(,=:[!&|?{};", "=>", "&&", "||", "??", "return"]);

/** The tokens of a source text, without comments, texts and regular expressions. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  // For each template literal around the position, the depth of braces in its expression.
  const depths: number[] = [];
  let at = 0;
  const match = (pattern: RegExp) => {
    // The comment of a line ends with the line, though other patterns go on.
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const literal = () => {
    at += match(LITERAL_PART)!.length;
    if (source[at] === "`") at++;
    else at += 2, depths.push(0);
  };
  while (at < source.length) {
    const skipped = source.startsWith("//", at) ? source.slice(at).split("\n", 1)[0] : match(SPACE) ?? match(STRING);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    if (source[at] === "`") {
      at++;
      literal();
      continue;
    }
    if (source[at] === "}" && depths.at(-1) === 0) {
      at++;
      depths.pop();
      literal();
      continue;
    }
    const expression = OPERAND_NEXT.has(tokens.at(-1)?.text ?? ";") ? match(REGULAR_EXPRESSION) : undefined;
    const text = expression ?? match(NUMBER) ?? match(WORD) ?? match(OPERATOR)!;
    if (depths.length > 0 && text === "{") depths[depths.length - 1]!++;
    if (depths.length > 0 && text === "}") depths[depths.length - 1]!--;
    if (expression === undefined) tokens.push({ text, at });
    at += text.length;
  }
  return tokens;
}
