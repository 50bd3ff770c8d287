/**
 * What the server tells its operator, beside the log.
 * @module
 */

import { journalPriority } from "../cli/journal.ts";
import { Output } from "../cli/output.ts";
import type { EchoSettings } from "./options.ts";

/** Longest time that the output waits for a slow reader at the end. */
export const LAST_WORDS_MILLISECONDS = 50;

/** Writes texts to standard error, and events in JSON to standard output. */
export class Operator {
  /** Whether events are JSON. */
  readonly json: boolean;
  /** Standard output. */
  readonly output: Output = new Output(1);
  readonly #errors = new Output(2);
  readonly #timed: boolean;

  /** Writes nothing yet. */
  constructor({ logFormat, logTime }: Pick<EchoSettings, "logFormat" | "logTime">) {
    this.json = logFormat === "json";
    this.#timed = logTime;
  }

  /** Writes a text of one or more lines. */
  say(text: string, priority = ""): void {
    this.#errors.writeText(`${priority}${this.#timed ? `${new Date().toISOString()} ` : ""}${text}`);
  }

  /** Writes a sentence that deserves attention. In the journal it has the priority of a warning. */
  warn(text: string): void {
    this.say(`echo.ts: ${text}`, journalPriority(4));
  }

  /** Writes an event in JSON, with the time. */
  report(event: string, fields: object): void {
    this.output.writeText(JSON.stringify({ event, time: new Date().toISOString(), ...fields }));
  }

  /** Closes both outputs, each after up to {@link LAST_WORDS_MILLISECONDS} for a slow reader. */
  close(): void {
    this.output.close(LAST_WORDS_MILLISECONDS);
    this.#errors.close(LAST_WORDS_MILLISECONDS);
  }
}
