/**
 * The file of targets.
 *
 * Each line has a target and its labels, `server.example:7 site=vienna rack=4`, or is empty. The rest of a line behind
 * `#` is a comment.
 * @module
 */

import { EACCES } from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { quote, UsageError } from "../cli/arguments.ts";
import { parseTarget, type ProbeSettings, type TargetText } from "./options.ts";

/** Labels that metrics have themselves. */
const RESERVED = ["target", "name", "outcome", "verdict", "source_port", "le"];

/**
 * Reads the file of targets.
 * @throws {UsageError} with line and column of a mistake
 * @throws {SystemError} with a sentence for the user, if the file can't be read
 */
export async function readTargetFile(path: string, settings: ProbeSettings): Promise<TargetText[]> {
  const { readFileSync } = await import("node:fs");
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { name, errno = -EACCES } = error as Error & { errno?: number };
    const reason = name === "NotCapable"
      ? `Deno does not allow it; start it with the permission: --allow-read=${path}`
      : errnoMessage(-errno);
    throw new SystemError("open", -errno, `cannot read the targets in ${quote(path)}: ${reason}`);
  }
  const targets = text.split(/\r?\n/).flatMap((line, i) => {
    const labels: Record<string, string> = {};
    let target: TargetText | undefined;
    for (const { 0: word, index } of line.replace(/#.*/, "").matchAll(/\S+/g)) {
      const place = `${path}:${i + 1}:${index + 1}: `;
      try {
        if (target === undefined) target = { ...parseTarget(word, settings.port, settings.family), labels, place };
        else addLabel(labels, word);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new UsageError(`${place}${error.message}`);
      }
    }
    return target === undefined ? [] : [target];
  });
  if (targets.length === 0) throw new UsageError(`${path} has no targets: give one a line, as 192.0.2.10:9000`);
  return targets;
}

function addLabel(labels: Record<string, string>, word: string): void {
  const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.+)$/.exec(word) ?? [];
  if (name === undefined || value === undefined || name.startsWith("__")) {
    throw new UsageError(`${quote(word)} is no label: give NAME=VALUE, the name in letters, digits and _`);
  }
  if (RESERVED.includes(name)) throw new UsageError(`every target has a label ${name} already: give another name`);
  if (Object.hasOwn(labels, name)) throw new UsageError(`the label ${name} is there twice: leave one out`);
  labels[name] = value;
}
