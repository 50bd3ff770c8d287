/**
 * Help texts, fitted to the terminal.
 * @module
 */

import { wrap } from "./terminal.ts";

/** Columns that help texts are written for. */
const COLUMNS = 80;

/** A help text for the terminal at standard output. */
export async function fitHelp(text: string): Promise<string> {
  // Not libc: help needs no permission.
  const { default: process } = await import("node:process");
  return wrapHelp(text, process.stdout.columns ?? COLUMNS);
}

/**
 * Wraps a help text of 80 columns for a narrower terminal: descriptions stand below their options then, and no word is
 * broken.
 */
export function wrapHelp(text: string, columns: number): string {
  if (columns >= COLUMNS) return text;
  const blocks: { indent: number; text: string }[] = [];
  for (const line of text.split("\n")) {
    const last = blocks.at(-1);
    // An option or an example, with its description perhaps.
    const [, head, description] = /^ {2,6}(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    const indent = head !== undefined ? 2 : line.startsWith(" ") ? 6 : 0;
    if (head !== undefined) blocks.push({ indent, text: head });
    if (description !== undefined) blocks.push({ indent: 6, text: description });
    if (head !== undefined) continue;
    if (line !== "" && last !== undefined && last.text !== "" && last.indent === indent) last.text += ` ${line}`;
    else blocks.push({ indent, text: line });
  }
  return blocks
    .flatMap(({ indent, text }) => {
      const words = text.trim().replaceAll(/ +/g, " ");
      return wrap(words, columns - indent).map((line) => (" ".repeat(indent) + line).trimEnd());
    })
    .join("\n");
}
