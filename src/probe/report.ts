/**
 * What the reports of the probe share.
 * @module
 */

import { type Style, type Terminal, wrap } from "../cli/terminal.ts";
import { explanation } from "./explanation.ts";
import type { ProbeSettings } from "./options.ts";
import type { ProbeTarget, TargetObserver } from "./target.ts";
import type { Verdict } from "./verdict.ts";

/** Shows the events of all targets, and sums up. */
export interface Report extends TargetObserver {
  /** Is called before the first request. */
  start?(): void;
  /** Is called after each wait for answers. */
  progress?(): void;
  /** Is called at the end. */
  finish(): void;
}

/** The look of a verdict. */
export function verdictStyle(word: Verdict): Style {
  return word === "ok" ? "good" : word === "partial" ? "doubtful" : "bad";
}

/** The explanation of a target's verdict, if there is one: in a terminal wrapped, elsewhere one line. */
export function explanationLines(target: ProbeTarget, settings: ProbeSettings, terminal: Terminal): string[] {
  const text = explanation(target, settings);
  if (text === "") return [];
  return terminal.interactive ? wrap(text, Math.max(20, terminal.columns - 1)) : [text];
}
