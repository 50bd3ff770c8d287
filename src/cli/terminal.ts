/**
 * Standard output, and what the terminal behind it can show.
 * @module
 */

import { EAGAIN, EINTR, PIPE_BUF } from "../../ffi/constants.ts";
import { environmentVariable, terminalSize } from "../../ffi/terminal.ts";
import { handleSignal, SIGNAL_TURNS, yieldToEventLoop } from "../../ffi/event_loop.ts";
import { localeIsUtf8 } from "./locale.ts";
import { NonblockingWriter } from "./nonblocking_writer.ts";

/** The look of a piece of text. */
export type Style = "good" | "bad" | "doubtful" | "strong" | "faint" | "bar";

/** Numbers of "select graphic rendition". ECMA-48, 8.3.117 */
const RENDITION: Record<Style, number> = { good: 32, bad: 31, doubtful: 33, strong: 1, faint: 2, bar: 36 };

/** Columns that are assumed where there is no terminal. */
const COLUMNS_DEFAULT = 80;
/** Longest sleep before the runtime gets a turn to handle signals. */
const TURN_MILLISECONDS = 100;

/**
 * Standard output. Writing never blocks: what the reader does not take at once waits for {@link drain}.
 *
 * Colours are for terminals, unless `NO_COLOR` is set (https://no-color.org) or `TERM` is `dumb`; characters beyond ASCII
 * are for locales in UTF-8. locale(7)
 */
export class Terminal {
  /** Whether it is a terminal whose text can be redrawn. */
  readonly interactive: boolean = terminalSize(1) !== undefined && environmentVariable("TERM") !== "dumb";
  /** Whether it shows characters beyond ASCII. */
  readonly unicode: boolean = localeIsUtf8() ?? false;
  /** Whether the reader has gone away. */
  closed = false;
  readonly #colours = this.interactive && environmentVariable("NO_COLOR") === "";
  readonly #writer = new NonblockingWriter(1, PIPE_BUF);
  #pending = new Uint8Array();

  /** Columns of the terminal as it is now. */
  get columns(): number {
    return terminalSize(1)?.columns || COLUMNS_DEFAULT;
  }

  /** Rows of the terminal as it is now; `Infinity` where there is none. */
  get rows(): number {
    return terminalSize(1)?.rows || Infinity;
  }

  /** Whether the reader has not taken everything yet. */
  get stalled(): boolean {
    return this.#pending.length > 0;
  }

  /** Gives a text a look, where there are colours. */
  paint(style: Style, text: string): string {
    return this.#colours ? `\x1b[${RENDITION[style]}m${text}\x1b[0m` : text;
  }

  /** Writes lines. */
  writeLines(lines: readonly string[]): void {
    this.#write(lines.map((line) => `${line}\n`).join(""));
  }

  /** Erases the line of the cursor, with the `^C` that a terminal shows, and `lines` lines above it. ECMA-48 */
  eraseAbove(lines: number): void {
    if (this.interactive) this.#write(`\r${lines > 0 ? `\x1b[${lines}A` : ""}\x1b[J`);
  }

  /** Waits until the reader has taken everything, or has gone away, or `isOver`. Signals are handled meanwhile. */
  async drain(isOver: () => boolean): Promise<void> {
    while (this.stalled && !isOver()) {
      const interrupted = this.#writer.wait(TURN_MILLISECONDS) === -EINTR;
      this.#flush();
      if (this.stalled) await (interrupted ? handleSignal() : yieldToEventLoop(SIGNAL_TURNS));
    }
  }

  #write(text: string): void {
    // In other locales than those in UTF-8, bytes from 0x80 on may be control characters.
    const shown = this.unicode ? text : text.replaceAll(/[^\0-\x7f]/gu, "?");
    const added = new TextEncoder().encode(shown);
    const pending = new Uint8Array(this.#pending.length + added.length);
    pending.set(this.#pending);
    pending.set(added, this.#pending.length);
    this.#pending = pending;
    this.#flush();
  }

  /** Hands over what the reader takes now. */
  #flush(): void {
    while (this.stalled) {
      const piece = this.#pending.subarray(0, PIPE_BUF);
      this.#writer.bytes.set(piece);
      const written = this.#writer.write(piece.length);
      if (written > 0) this.#pending = this.#pending.subarray(written);
      else if (written === -EAGAIN) return;
      else {
        this.closed = true;
        this.#pending = new Uint8Array();
      }
    }
  }
}

/** Breaks a text at its blanks into lines of at most `width` characters; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  return text.match(new RegExp(`\\S.{0,${Math.max(0, width - 1)}}(?= |$)|\\S+`, "gu")) ?? [];
}
