/**
 * Standard output, and what the terminal behind it can show.
 * @module
 */

import { EAGAIN, EINTR, PIPE_BUF, POLLOUT } from "../../ffi/constants.ts";
import { poll } from "../../ffi/libc.ts";
import { environmentVariable, terminalSize } from "../../ffi/terminal.ts";
import { Writer } from "../../ffi/writer.ts";

/** How a piece of text is to look. */
export type Style = "good" | "bad" | "doubtful" | "strong" | "faint" | "bar";

/** Numbers of "select graphic rendition". ECMA-48, 8.3.117 */
const RENDITION: Record<Style, number> = { good: 32, bad: 31, doubtful: 33, strong: 1, faint: 2, bar: 36 };

/** Columns that are assumed where there is no terminal. */
const COLUMNS_DEFAULT = 80;
/** How long one attempt waits for a slow reader, in milliseconds. */
const PATIENCE_MILLISECONDS = 100;

/**
 * Standard output. Colours are for terminals, unless `NO_COLOR` is set (https://no-color.org) or `TERM` is `dumb`;
 * characters beyond ASCII are for locales in UTF-8. locale(7)
 */
export class Terminal {
  /** Whether it is a terminal that text can be redrawn on. */
  readonly interactive: boolean;
  /** Whether it shows characters beyond ASCII. */
  readonly unicode: boolean;
  /** Whether nobody reads it any more. */
  closed = false;
  readonly #colours: boolean;
  readonly #writer = new Writer(PIPE_BUF);

  constructor() {
    this.interactive = terminalSize(1) !== undefined && environmentVariable("TERM") !== "dumb";
    this.#colours = this.interactive && environmentVariable("NO_COLOR") === "";
    const locale = environmentVariable("LC_ALL") || environmentVariable("LC_CTYPE") || environmentVariable("LANG");
    this.unicode = /utf-?8/i.test(locale);
  }

  /** Columns of the terminal as it is now. */
  get columns(): number {
    return terminalSize(1)?.columns || COLUMNS_DEFAULT;
  }

  /** Rows of the terminal as it is now; `Infinity` where there is none. */
  get rows(): number {
    return terminalSize(1)?.rows || Infinity;
  }

  /** Gives a text a look, where there are colours. */
  paint(style: Style, text: string): string {
    return this.#colours ? `\x1b[${RENDITION[style]}m${text}\x1b[0m` : text;
  }

  /** Writes a text. It waits for a slow reader; one that has gone away makes it {@link closed}. */
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length && !this.closed;) {
      const piece = bytes.subarray(at, at + this.#writer.bytes.length);
      this.#writer.bytes.set(piece);
      const written = this.#writer.write(1, piece.length);
      if (written > 0) at += written;
      else if (written === -EAGAIN) poll(1, POLLOUT, PATIENCE_MILLISECONDS);
      else if (written !== -EINTR) this.closed = true;
    }
  }
}

/** Breaks a text at its blanks into lines of at most `width` characters, but for words that are longer. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
