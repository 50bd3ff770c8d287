/**
 * Help texts.
 * @module
 */

import type { Options } from "./arguments.ts";
import { wrap } from "./terminal.ts";

/** A command, for its help and the documents. */
export interface Command {
  /** What it does: one sentence. */
  readonly summary: string;
  /** How to call it, with a remark for each form. */
  readonly usage: readonly (readonly [form: string, remark: string])[];
  /** Its options. */
  readonly options: Options;
  /** Lines for the end. */
  readonly notes: readonly string[];
}

/** Width of a help text. On narrower terminals descriptions go below the names. */
const COLUMNS = 80;
/** Column of the descriptions, by whether the terminal is narrow. */
const DESCRIPTION_COLUMN = { wide: 29, narrow: 6 };

/** The help of a command for a terminal of `columns` columns. */
export function helpText({ summary, usage, options, notes }: Command, columns: number = COLUMNS): string {
  const width = Math.min(columns, COLUMNS);
  const column = DESCRIPTION_COLUMN[width < COLUMNS ? "narrow" : "wide"];
  const indented = (text: string, indent: number) => wrap(text, width - indent).map((row) => " ".repeat(indent) + row);
  const entry = (name: string, description: string) => {
    const [first = "", ...rest] = indented(description, column);
    return name.length + 3 < column
      ? [`  ${name}`.padEnd(column) + first.trim(), ...rest]
      : [`  ${name}`, first, ...rest];
  };
  const lines = Object.values(options).flatMap(({ heading, flags, short, help, preset }) => [
    ...(heading === undefined ? [] : ["", `${heading}:`]),
    ...entry(
      short === undefined ? `    ${flags}` : flags,
      preset === undefined ? help : `${help} (default: ${preset})`,
    ),
  ]);
  return [
    ...indented(summary, 0),
    "",
    ...usage.flatMap(([form, remark]) => entry(form, remark)),
    ...lines,
    "",
    ...notes.flatMap((note) => indented(note.trim(), note.search(/\S/))),
  ].join("\n");
}
