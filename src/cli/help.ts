/**
 * Help texts on narrow terminals.
 * @module
 */

import { wrap } from "./terminal.ts";

/** Columns that help texts are written for. */
const COLUMNS = 80;
/** Deepest indent of an option's name; deeper lines continue the description above them. */
const NAME_INDENT_MAX = 6;

/**
 * Fits a help text into a terminal of fewer than 80 columns: the description of an option goes below its name, and words
 * stay whole.
 */
export function fitHelp(help: string, columns: number): string {
  if (columns >= COLUMNS) return help;
  const lines = help.split("\n").flatMap((line) => {
    const indent = line.search(/\S|$/);
    const isName = indent <= NAME_INDENT_MAX;
    // Two or more blanks divide the name and the description.
    const parts = line.trim().split(/ {2,}/);
    const name = isName ? parts.shift()! : "";
    const block = (text: string, indent: number) =>
      wrap(text, columns - indent).map((row) => `${" ".repeat(indent)}${row}`);
    return [
      ...(isName ? block(name, Math.min(indent, 2)) : []),
      ...(parts.length > 0 ? block(parts.join(" "), 6) : []),
    ];
  });
  return lines.join("\n");
}
