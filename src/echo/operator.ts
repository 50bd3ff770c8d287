/**
 * What the server tells its operator, beside the log.
 * @module
 */

import { journalPriority } from "../cli/journal.ts";
import { Output } from "../cli/output.ts";

/** Options of an {@link Operator}. */
export interface OperatorOptions {
  /** Standard output, for events in JSON. */
  readonly output: Output;
  /** Whether events are JSON. */
  readonly json: boolean;
  /** Whether texts begin with the time. */
  readonly timed: boolean;
}

/** Writes texts to standard error, and events in JSON to standard output. */
export class Operator {
  /** Whether events are JSON. */
  readonly json: boolean;
  readonly #output: Output;
  readonly #errors = new Output(2);
  readonly #timed: boolean;

  /** Writes nothing yet. */
  constructor({ output, json, timed }: OperatorOptions) {
    this.json = json;
    this.#output = output;
    this.#timed = timed;
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
    this.#output.writeText(JSON.stringify({ event, time: new Date().toISOString(), ...fields }));
  }

  /** Waits up to `milliseconds` for a slow reader, and closes. */
  close(milliseconds: number): void {
    this.#errors.close(milliseconds);
  }
}
