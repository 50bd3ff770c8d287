/**
 * The report of `--watch`: a line, or a JSON object, for each change of a verdict.
 * @module
 */

import type { Terminal } from "../cli/terminal.ts";
import { explanation } from "./explanation.ts";
import { jsonWord, writeJson } from "./json_report.ts";
import type { ProbeSettings } from "./options.ts";
import { verdictStyle } from "./report.ts";
import type { ProbeTarget, TargetObserver } from "./target.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** Reports changes of verdicts. */
export function watchReport(settings: ProbeSettings, terminal: Terminal): TargetObserver {
  const verdicts = new WeakMap<ProbeTarget, Verdict>();
  const update = (target: ProbeTarget) => {
    const { endpoint, ledger, peer: { name } } = target;
    const before = verdicts.get(target);
    const word = verdict(ledger);
    if (word === before || ledger.recent.settled === 0) return;
    verdicts.set(target, word);
    const time = new Date().toISOString();
    const text = word === "ok" ? "" : explanation(target, settings);
    if (settings.json) {
      const previous = before && jsonWord(before);
      const event = { event: "verdict", time, target: endpoint, name, verdict: jsonWord(word), previous };
      writeJson(terminal, { ...event, explanation: text || null });
    } else {
      const title = name === undefined ? endpoint : `${name} ${endpoint}`;
      const line = `${time} ${title} ${terminal.paint(verdictStyle(word), word)}`;
      terminal.writeLines([text === "" ? line : `${line}: ${text}`]);
    }
  };
  return { replied: update, failed: update, lost: update };
}
