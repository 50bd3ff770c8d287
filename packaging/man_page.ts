/**
 * The manual page, from the tables that `--help` comes from. man(7)
 * @module
 */

import type { Command } from "../src/cli/help.ts";
import { VERSION } from "../src/cli/version.ts";
import { ECHO } from "../src/echo/options.ts";
import { PROBE } from "../src/probe/options.ts";

/** A text as roff prints it: no escape sequence, no request, and a hyphen that can be copied. */
function plain(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&");
}

/** A term, and below it its description. */
function entry(term: string, description: string): string {
  return `.TP\n${term}\n${plain(description)}`;
}

/** The options of a command, under their headings. */
function optionEntries({ options }: Command): string[] {
  return Object.values(options).flatMap(({ heading, short, name, value, help, preset }) => {
    const names = [...short === undefined ? [] : [`\\fB\\-${short}\\fR`], `\\fB\\-\\-${plain(name)}\\fR`];
    const term = `${names.join(", ")}${value === undefined ? "" : ` \\fI${plain(value)}\\fR`}`;
    const description = `${help[0]!.toUpperCase()}${help.slice(1)}${
      preset === undefined ? "" : ` (default: ${preset})`
    }.`;
    return [...heading === undefined ? [] : [`.SS ${heading}`], entry(term, description)];
  });
}

/** The notes of a command: paragraphs, and examples, which are indented. */
function paragraphs({ notes }: Command): string[] {
  return notes.map((note) => note.startsWith(" ") ? `.EX\n${plain(note)}\n.EE` : `.PP\n${plain(note)}`);
}

/** The page `echo.ts.1`. */
export function manPage(): string {
  return [
    `.TH ECHO.TS 1 "" "echo.ts ${VERSION}" "User Commands"`,
    ".SH NAME",
    `echo.ts \\- ${plain(ECHO.summary.replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ...ECHO.usage.map(([form, remark]) => entry(`\\fB${plain(form)}\\fR`, remark)),
    ".SH OPTIONS",
    ...optionEntries(ECHO),
    ...paragraphs(ECHO),
    ".SH PROBE",
    plain(PROBE.summary),
    ...PROBE.usage.map(([form, remark]) => entry(`\\fB${plain(form)}\\fR`, remark)),
    ...optionEntries(PROBE),
    ...paragraphs(PROBE),
    ".SH ENVIRONMENT",
    entry("\\fBECHO_RUNTIME\\fR", "The runtime that an executable echo.ts starts: deno, bun or node."),
    ".SH EXIT STATUS",
    "0 after a clean stop, 1 after a failure, 2 for wrong usage.",
    ".SH SEE ALSO",
    "\\fBudp\\fR(7), \\fBip\\fR(7), \\fBrecvmmsg\\fR(2)",
    "",
  ].join("\n");
}
